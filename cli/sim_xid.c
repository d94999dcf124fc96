/* SPDX-License-Identifier: Apache-2.0 */
/* migctl sim xid - a simulated GPU reports an error. */
#include <stdio.h>
#include <string.h>

#include "cli/sim_report.h"
#include "shared/text.h"
#include "sim/machine.h"

int sim_gpu(struct cli *cli, int operand, int *ret, struct mig_error *err)
{
	struct sim_summary summary;
	uint64_t gpu;
	int rc = sim_machine_summary(cli->sim_dir, cli->argv[0], &summary, err);

	if (rc < 0)
		return rc;
	if (!text_parse_u64(cli->argv[operand], &gpu) || gpu >= SIM_GPUS_MAX)
		return mig_fail(err, MIG_E_NOENT,
				"machine %s has no GPU '%s'; a GPU's index is wanted",
				cli->argv[0], cli->argv[operand]);
	*ret = (int)gpu;
	return 0;
}

/* "2" or "2/0": a GPU instance, and one of its compute instances. */
static int read_instance(const char *text, int *ret_gi, int *ret_ci, struct mig_error *err)
{
	int end = 0, got;

	*ret_gi = *ret_ci = -1;
	if (!text)
		return 0;
	got = sscanf(text, "%2d%n/%2d%n", ret_gi, &end, ret_ci, &end);
	if (strspn(text, "0123456789/") != strlen(text) || got < 1 || text[end])
		return mig_fail(err, MIG_E_INVAL,
				"--device %s: a GPU instance, or GI/CI as in 2/0, is wanted",
				text);
	return 0;
}

static int report(struct cli *cli, int gpu, unsigned code, struct mig_error *err)
{
	json_t *doc;

	fprintf(stderr, "machine: SIMULATED %s\n", cli->argv[0]);
	if (!cli->is_json) {
		printf("GPU %d raised XID %u\n", gpu, code);
		return 0;
	}
	doc = json_pack("{s:s, s:{s:s, s:s}, s:i, s:i}", "schema", "migctl.sim-xid/v1",
			"machine", "kind", "simulated", "name", cli->argv[0], "gpu", gpu, "xid",
			(int)code);
	return cli_print_json(cli, doc, err);
}

static int run_xid(struct cli *cli, struct mig_error *err)
{
	uint64_t code;
	int gpu, gi, ci, rc = sim_gpu(cli, 1, &gpu, err);

	if (rc < 0)
		return rc;
	if (!text_parse_u64(cli->argv[2], &code) || code == 0 || code > SIM_XID_MAX)
		return mig_fail(err, MIG_E_INVAL,
				"'%s' is no XID; a number from 1 to %d is wanted, like 79",
				cli->argv[2], SIM_XID_MAX);
	rc = read_instance(cli_option(cli, "device"), &gi, &ci, err);
	if (rc == 0)
		rc = sim_machine_xid(cli->sim_dir, cli->argv[0], gpu, gi, ci, (unsigned)code,
				     err);
	return rc < 0 ? rc : report(cli, gpu, (unsigned)code, err);
}

static const struct option xid_options[] = {
	{ "device", 'd', "GI[/CI]", "the instance of that GPU which is to blame" },
	{ 0 },
};

extern const struct verb verb_sim_xid;

const struct verb verb_sim_xid = {
	.name = "sim xid",
	.operands = "NAME GPU CODE",
	.summary = "let a simulated GPU report an XID error",
	.text = "Every program that waits for critical XID events of that GPU gets one. "
		"Nothing else changes: instances and tenants stay.",
	.example = "  migctl sim xid node 0 94 --device 2\n",
	.options = xid_options,
	.min_operands = 3,
	.max_operands = 3,
	.run = run_xid,
};
