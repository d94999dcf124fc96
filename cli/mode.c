/* SPDX-License-Identifier: Apache-2.0 */
/* migctl enable, migctl disable - the MIG mode, GPU by GPU. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/change.h"
#include "shared/cleanup.h"
#include "shared/text.h"

/* The GPUs that the operands name; all that can do MIG, or could before they were lost, with --all
 * or where there is one. */
static int named_gpus(struct cli *cli, const struct mig_snapshot *snap, bool *is_named,
		      struct mig_error *err)
{
	if (cli->argc == 0 && !cli_option(cli, "all") && snap->n_gpus != 1)
		return mig_fail(err, MIG_E_INVAL, "machine %s has %d GPUs: say which, or --all",
				snap->machine, snap->n_gpus);
	for (int i = 0; i < snap->n_gpus; i++)
		is_named[i] =
			cli->argc == 0 && (snap->gpus[i].has_mig || snap->gpus[i].is_lost);
	for (int i = 0; i < cli->argc; i++) {
		int gpu, rc = cli_gpu(snap, cli->argv[i], &gpu, err);

		if (rc == 0)
			rc = mig_gpu_check_lost(&snap->gpus[gpu], err);
		if (rc < 0)
			return rc;
		if (!snap->gpus[gpu].has_mig)
			return mig_fail(err, MIG_E_UNSUPPORTED, "GPU %d (%s) has no MIG", gpu,
					snap->gpus[gpu].name);
		is_named[gpu] = true;
	}
	return 0;
}

/* What a pending switch waits for, and the exact way out. */
static int explain_pending(struct cli *cli, const struct mig_snapshot *snap, int gpu, int rc,
			   struct mig_error *err)
{
	struct mig_error held;
	const char *verb = cli->verb->name;
	char sim[128] = "";

	if (snap->is_simulated)
		snprintf(sim, sizeof(sim), " --sim %s", snap->machine);
	if (mig_check_free(cli->machine, &snap->gpus[gpu], -1, -1, NULL, &held) == -MIG_E_BUSY)
		return mig_hint(err, rc, "it is %s, then: migctl%s %s %d --reset", held.msg,
				sim, verb, gpu);
	return mig_hint(
		err, rc,
		"no process is on it; reset it with: migctl%s %s %d --reset, or reboot (in a "
		"virtual machine only a reboot helps)",
		sim, verb, gpu);
}

/* A switch that is pending already, or was just left so, ends with a reset when asked. */
static int finish_pending(struct cli *cli, const struct mig_snapshot *snap, int gpu,
			  unsigned mode, int rc, struct mig_error *err)
{
	struct mig_snapshot now;
	struct mig_error why = *err;

	if (!cli_option(cli, "reset"))
		return explain_pending(cli, snap, gpu, rc, err);
	rc = change_reset(cli, snap, gpu, err);
	if (rc < 0)
		return rc;
	rc = mig_snapshot_take(cli->machine, &now, err);
	if (rc < 0)
		return rc;
	if (gpu >= now.n_gpus || now.gpus[gpu].mode != mode)
		rc = mig_fail(err, MIG_E_PENDING,
			      "GPU %d was reset and MIG is still %s; before it: %s", gpu,
			      mode ? "off" : "on", why.msg);
	else if (!cli->is_json)
		printf("GPU %d: was reset, MIG is %s\n", gpu, mode ? "on" : "off");
	mig_snapshot_free(&now);
	return rc;
}

static const char *schema_of(unsigned mode)
{
	return mode ? "migctl.enable/v1" : "migctl.disable/v1";
}

/* A GPU that failed, and why. @outcome: NULL where it cannot be read. */
static void add_error(json_t *doc, const struct mig_gpu *gpu, const char *outcome,
		      const struct mig_error *err)
{
	json_t *o = json_pack("{s:i, s:b}", "gpu", gpu->index, "is_untouched", gpu->is_lost);

	if (gpu->is_lost)
		json_object_set_new(o, "is_lost", json_true());
	else
		json_object_set_new(o, "mig_mode", json_boolean(gpu->mode));
	if (!gpu->is_lost && gpu->mode != gpu->mode_pending)
		json_object_set_new(o, "mig_mode_pending", json_boolean(gpu->mode_pending));
	if (outcome)
		json_object_set_new(o, "outcome", json_string(outcome));
	json_object_set_new(o, "error", json_string(err->msg));
	json_array_append_new(json_object_get(doc, "gpus"), o);
}

/* One GPU's part of a change, and what it has now, into the document of all. */
static void add_json(struct cli *cli, json_t *doc, const struct mig_snapshot *snap, int gpu,
		     struct mig_change *change, int rc, const struct mig_error *err)
{
	struct mig_gpu_change *g = &change->gpus[gpu];
	const struct mig_snapshot *is = NULL;
	struct mig_snapshot now = { 0 };
	json_t *one = json_object();

	if (!cli_option(cli, "dry-run") && mig_snapshot_take(cli->machine, &now, NULL) == 0 &&
	    now.n_gpus == snap->n_gpus)
		is = &now;
	g->rc = rc; /* a reset may have come after it */
	g->err = *err;
	if (is || cli_option(cli, "dry-run")) {
		change_json(one, snap, is, change, NULL);
		json_array_append(json_object_get(doc, "gpus"),
				  json_array_get(json_object_get(one, "gpus"), (size_t)gpu));
		json_array_extend(json_object_get(doc, "steps"), json_object_get(one, "steps"));
	} else {
		add_error(doc, &snap->gpus[gpu], NULL, err);
	}
	json_decref(one);
	mig_snapshot_free(&now);
}

/* The switch that waited is done. */
static void reset_has_ended(struct mig_change *change, int gpu)
{
	change->gpus[gpu].is_pending = false;
	for (int i = 0; i < change->n_steps; i++) {
		if (change->steps[i].outcome == MIG_STEP_FAILED)
			change->steps[i].outcome = MIG_STEP_DONE;
	}
}

static int make(struct cli *cli, const struct mig_snapshot *snap, int gpu, unsigned mode,
		struct mig_change *ret, struct mig_error *err)
{
	const struct mig_wanted wanted = { .mode = mode ? MIG_WANT_MODE : MIG_WANT_OFF };

	if (!mode && snap->gpus[gpu].n_gis && !cli_option(cli, "destroy"))
		return mig_fail(err, MIG_E_BUSY,
				"GPU %d has %d GPU instance%s; --destroy takes %s away first",
				gpu, snap->gpus[gpu].n_gis,
				snap->gpus[gpu].n_gis == 1 ? "" : "s",
				snap->gpus[gpu].n_gis == 1 ? "it" : "them");
	return mig_change_make_one(snap, gpu, &wanted, NULL, ret, err);
}

static int switch_one(struct cli *cli, const struct mig_snapshot *snap, int gpu, unsigned mode,
		      json_t *doc, struct mig_error *err)
{
	const struct change_how how = { .keep_pending = true };
	struct mig_change change;
	int rc = make(cli, snap, gpu, mode, &change, err);

	if (rc < 0) {
		if (doc)
			add_error(doc, &snap->gpus[gpu], "not_begun", err);
		return rc;
	}
	if (doc)
		rc = cli_option(cli, "dry-run") ? 0 : change_run(cli, snap, &change, &how, err);
	else if (change.n_steps == 0)
		printf("GPU %d: MIG is %s already\n", gpu, mode ? "on" : "off");
	else
		rc = change_carry_out(cli, snap, &change, schema_of(mode), &how, err);
	if (rc == -MIG_E_PENDING) {
		rc = finish_pending(cli, snap, gpu, mode, rc, err);
		if (rc == 0)
			reset_has_ended(&change, gpu);
	}
	if (doc)
		add_json(cli, doc, snap, gpu, &change, rc, err);
	mig_change_free(&change);
	return rc;
}

/* Each GPU on its own: one that waits for its clients does not hold the others back. */
static int switch_named(struct cli *cli, const struct mig_snapshot *snap, const bool *is_named,
			unsigned mode, json_t *doc, struct mig_error *err)
{
	int failed = 0, rc;

	for (int i = 0; i < snap->n_gpus; i++) {
		struct mig_error one = { 0 };

		rc = is_named[i] ? switch_one(cli, snap, i, mode, doc, &one) : 0;
		if (rc == 0)
			continue;
		if (failed) /* the first is told at the end, as every verb's failure is */
			fprintf(stderr, "migctl: %s\n", one.msg);
		else
			*err = one;
		failed = failed ? failed : rc;
	}
	return failed;
}

static int switch_all(struct cli *cli, const struct mig_snapshot *snap, unsigned mode,
		      struct mig_error *err)
{
	cleanup_free bool *is_named = calloc((size_t)snap->n_gpus + 1, sizeof(*is_named));
	struct mig_error lost;
	json_t *doc;
	int rc;

	if (!is_named)
		return mig_fail(err, MIG_E_NOMEM, "switch %d GPUs", snap->n_gpus);
	rc = named_gpus(cli, snap, is_named, err);
	if (rc < 0)
		return rc;
	if (!cli->is_json)
		return switch_named(cli, snap, is_named, mode, NULL, err);
	doc = cli_document(schema_of(mode), snap);
	json_object_set_new(doc, "dry_run", json_boolean(cli_option(cli, "dry-run") != NULL));
	json_object_set_new(doc, "gpus", json_array());
	json_object_set_new(doc, "steps", json_array());
	rc = switch_named(cli, snap, is_named, mode, doc, err);
	return cli_print_json(cli, doc, rc < 0 ? &lost : err) < 0 && rc == 0 ? -MIG_E_IO : rc;
}

static int run(struct cli *cli, unsigned mode, struct mig_error *err)
{
	struct mig_snapshot snap;
	int rc = cli_machine(cli, &snap, err);

	if (rc < 0)
		return rc;
	rc = switch_all(cli, &snap, mode, err);
	mig_snapshot_free(&snap);
	return rc;
}

static int run_enable(struct cli *cli, struct mig_error *err)
{
	return run(cli, 1, err);
}

static int run_disable(struct cli *cli, struct mig_error *err)
{
	return run(cli, 0, err);
}

static const struct option enable_options[] = {
	{ "all", 'a', NULL, "every GPU that can do MIG" },
	{ "reset", 0, NULL, "reset a GPU whose switch has to wait, if nothing holds it" },
	{ "dry-run", 'n', NULL, "show the steps and change nothing" },
	{ 0 },
};

extern const struct verb verb_enable;
const struct verb verb_enable = {
	.name = "enable",
	.operands = "[GPU...]",
	.summary = "switch MIG mode on",
	.text = "GPU is an index, UUID or PCI bus id; it may be left out where there is but "
		"one. From Hopper on the switch needs no reset and is forgotten at a reboot; "
		"on Ampere it resets the GPU, which must be idle, and is kept.\n\n"
		"Where the driver can only note the switch, because something holds the GPU, "
		"it stays pending: the message names the holders and the way out, and the "
		"exit status is 12; in JSON mig_mode is what the GPU has and mig_mode_pending what it "
		"will have. A GPU is reset only with --reset, and only when nothing holds it. From "
		"Hopper on a GPU that a process is on is refused, by name, and nothing is pending "
		"(exit status 5).",
	.example = "  migctl enable 0\n  migctl enable --all\n",
	.options = enable_options,
	.flags = VERB_CHANGES,
	.max_operands = -1,
	.run = run_enable,
};

static const struct option disable_options[] = {
	{ "all", 'a', NULL, "every GPU that can do MIG" },
	{ "destroy", 0, NULL, "first destroy the instances, if nothing holds them" },
	{ "reset", 0, NULL, "reset a GPU whose switch has to wait, if nothing holds it" },
	{ "dry-run", 'n', NULL, "show the steps and change nothing" },
	{ 0 },
};

extern const struct verb verb_disable;
const struct verb verb_disable = {
	.name = "disable",
	.operands = "[GPU...]",
	.summary = "switch MIG mode off",
	.text = "Refuses while instances exist, unless --destroy is given; an instance that a "
		"process holds is not destroyed even then. Where the switch has to wait for a reset "
		"the instances are gone all the same, and named. Otherwise as migctl-enable(1).",
	.example = "  migctl disable 0\n  migctl disable --all --destroy\n",
	.options = disable_options,
	.flags = VERB_CHANGES,
	.max_operands = -1,
	.run = run_disable,
};
