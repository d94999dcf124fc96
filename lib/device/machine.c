/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/device/machine.h"

#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/text.h"

int mig_machine_open(const struct mig_machine_options *opt, struct mig_machine **ret,
		     struct mig_error *err)
{
	const struct mig_nvml_options nvml = {
		.library = opt->library,
		.sim_dir = opt->sim_dir,
		.sim_machine = opt->sim_machine,
	};
	cleanup_free struct mig_machine *machine = calloc(1, sizeof(*machine));
	int rc;

	if (!machine)
		return mig_fail(err, MIG_E_NOMEM, "open the driver");
	text_copy(machine->root, sizeof(machine->root), opt->root ? opt->root : "");
	if (opt->root && strlen(opt->root) >= sizeof(machine->root))
		return mig_fail(err, MIG_E_INVAL, "%.40s…: the name of the root is too long",
				opt->root);
	rc = mig_nvml_open(&nvml, &machine->nvml, err);
	if (rc < 0)
		return rc;
	machine->catalog = opt->catalog;
	machine->is_brief = opt->is_brief;
	*ret = take(machine);
	return 0;
}

void mig_machine_close(struct mig_machine *machine)
{
	if (!machine)
		return;
	mig_nvml_close(machine->nvml);
	free(machine);
}

uint64_t mig_machine_calls(const struct mig_machine *machine)
{
	return mig_nvml_calls(machine->nvml);
}

const char *mig_machine_root(const struct mig_machine *machine)
{
	return machine->root;
}

struct mig_nvml *mig_machine_nvml(struct mig_machine *machine)
{
	return machine->nvml;
}
