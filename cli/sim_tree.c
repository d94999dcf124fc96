/* SPDX-License-Identifier: Apache-2.0 */
/* migctl sim tree - where a simulated machine's files are. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sim_root.h"
#include "cli/verb.h"
#include "sim/tree.h"

static int run(struct cli *cli, struct mig_error *err)
{
	const char *name = cli->argv[0];
	char path[PATH_MAX], root[PATH_MAX];
	int rc = sim_tree_refresh(cli->sim_dir, name, err);

	if (rc < 0)
		return rc;
	if (!realpath(sim_tree_path(cli->sim_dir, name, path, sizeof(path)), root))
		return mig_fail(err, MIG_E_IO, "%s: %s", path, strerror(errno));
	rc = sim_library_put(cli, name, root, err);
	if (rc < 0)
		return rc;
	if (cli->is_json)
		return cli_print_json(cli,
				      json_pack("{s:s, s:{s:s, s:s}, s:s}", "schema",
						"migctl.sim-tree/v1", "machine", "kind",
						"simulated", "name", name, "root", root),
				      err);
	puts(root);
	return 0;
}

extern const struct verb verb_sim_tree;
const struct verb verb_sim_tree = {
	.name = "sim tree",
	.operands = "NAME",
	.summary = "make the files of a simulated machine's driver, and say where they are",
	.text = "Prints the folder in which a simulated machine has what a driver shows in /proc, "
		"/sys and /dev: version, GPUs, capabilities and their minors, PCI devices, device "
		"nodes; and in usr/lib its library, in usr/bin an nvidia-smi. For programs that take the root of a driver as an option; 'migctl sim "
		"exec --root' puts it where programs look by themselves.\n\n"
		"Once it is there every change of the machine is in it before the change is "
		"answered, whoever makes it.",
	.example = "  migctl sim tree node\n"
		   "  cat \"$(migctl sim tree node)/proc/driver/nvidia-caps/mig-minors\"\n",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
