/* SPDX-License-Identifier: Apache-2.0 */
/* migctl recover - end a change that was cut short. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/change.h"
#include "cli/holders.h"
#include "cli/home.h"
#include "cli/recorded.h"
#include "shared/text.h"

void cli_unfinished_text(const struct mig_unfinished *u, char *buf, size_t len)
{
	snprintf(buf, len, "%s (pid %lld) %s after %d of %d steps%s", u->verb,
		 (long long)u->pid, u->is_running ? "is under way" : "was cut short", u->n_done,
		 u->n_steps, u->is_other_boot ? ", by a reboot" : "");
	if (u->n_left)
		text_append(buf, len, ", and is ended but for GPU %s%s", u->left,
			    u->n_left > 1 ? " and others" : "");
}

int cli_unfinished(struct cli *cli, const struct mig_snapshot *snap, char *buf, size_t len)
{
	const struct mig_home *home;
	struct mig_unfinished u;
	struct mig_error err;
	int rc = cli_home(cli, snap, &home, &err);

	if (rc == 0)
		rc = mig_unfinished_look(home, &u, &err);
	if (rc < 0)
		snprintf(buf, len, "whether a change is unfinished is unknown: %s", err.msg);
	if (rc > 0)
		cli_unfinished_text(&u, buf, len);
	if (rc > 0 && !u.is_running) {
		const size_t n = strlen(buf);

		snprintf(buf + n, len - n, "; 'migctl recover' ends it");
	}
	return rc;
}

int cli_check_finished(struct cli *cli, const struct mig_snapshot *snap, struct mig_error *err)
{
	char text[512];
	int rc = cli_unfinished(cli, snap, text, sizeof(text));

	return rc > 0   ? mig_fail(err, MIG_E_UNFINISHED, "an earlier change is unfinished: %s",
				   text)
	       : rc < 0 ? mig_fail(err, -rc, "%s", text)
			: 0;
}

static enum mig_recover_way chosen_way(struct cli *cli, struct mig_error *err, int *ret_rc)
{
	static const struct {
		const char *option;
		enum mig_recover_way way;
	} ways[] = { { "back", MIG_RECOVER_BACK },
		     { "finish", MIG_RECOVER_FORTH },
		     { "forget", MIG_RECOVER_FORGET } };
	enum mig_recover_way way = MIG_RECOVER_EITHER;

	*ret_rc = 0;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!cli_option(cli, ways[i].option))
			continue;
		if (way != MIG_RECOVER_EITHER)
			*ret_rc = mig_fail(err, MIG_E_INVAL,
					   "--back, --finish and --forget exclude each other");
		way = ways[i].way;
	}
	return way;
}

static const char *way_text(const struct mig_snapshot *snap, const struct mig_recovered *r,
			    int gpu)
{
	static const char *const texts[] = {
		[MIG_RECOVERED_DONE] = "finished already",
		[MIG_RECOVERED_BACK] = "back to what it was before",
		[MIG_RECOVERED_FORTH] = "finished",
	};

	if (gpu < snap->n_gpus && snap->gpus[gpu].is_lost)
		return "lost";
	return r->gpus[gpu].is_concerned ? texts[r->gpus[gpu].way] : "untouched";
}

static json_t *json_left(const struct mig_recovered *r)
{
	json_t *left = json_array();

	for (int i = 0; i < r->n_left; i++)
		json_array_append_new(left, json_string(r->left[i]));
	return left;
}

/* The others are ended. */
static int check_left(const struct mig_snapshot *snap, const struct mig_recovered *r,
		      struct mig_error *err)
{
	int rc;

	if (r->n_left == 0)
		return 0;
	rc = mig_fail(
		err, MIG_E_UNFINISHED,
		"GPU %s%s, which the change was about, is not here now: of it the change is "
		"unfinished; 'migctl recover' again when it is, or 'migctl recover "
		"--forget' leaves it as it is",
		r->left[0], r->n_left > 1 ? " (and others)" : "");
	return mig_blame_lost(snap, rc, err);
}

static int say(struct cli *cli, const struct mig_snapshot *snap, const struct mig_recovered *r,
	       struct mig_error *err)
{
	json_t *doc, *gpus;

	if (!cli->is_json) {
		if (r->is_other_boot)
			puts("ended by a reboot, and nothing was on record before it; the MIG mode is as the "
			     "reboot left it");
		else if (!r->was_unfinished)
			puts("nothing to recover: no change is unfinished");
		else if (cli_option(cli, "forget"))
			puts("forgotten: the GPUs are left as they are; 'migctl save' puts that on "
			     "record, 'migctl restore' brings back what is");
		for (int i = 0; i < r->n_gpus; i++)
			printf("GPU %d: %s\n", i, way_text(snap, r, i));
		return 0;
	}
	doc = cli_document("migctl.recover/v1", snap);
	json_object_set_new(doc, "dry_run", json_false());
	gpus = json_array();
	for (int i = 0; i < r->n_gpus; i++)
		json_array_append_new(gpus, json_pack("{s:i, s:b, s:s}", "gpu", i,
						      "is_untouched", !r->gpus[i].is_concerned,
						      "outcome", way_text(snap, r, i)));
	json_object_set_new(doc, "was_unfinished", json_boolean(r->was_unfinished));
	json_object_set_new(doc, "was_rebooted", json_boolean(r->is_other_boot));
	json_object_set_new(doc, "is_forgotten",
			    json_boolean(cli_option(cli, "forget") != NULL));
	if (*r->verb)
		json_object_set_new(doc, "verb", json_string(r->verb));
	json_object_set_new(doc, "gpus", gpus);
	if (r->n_left)
		json_object_set_new(doc, "gpus_left", json_left(r));
	return cli_print_json(cli, doc, err);
}

/* Is there anything to restore? A record that cannot be read is not none. */
static bool is_on_record(const struct mig_home *home)
{
	struct mig_record rec = { 0 };
	const bool is = mig_record_read(home, &rec, NULL) < 0 || rec.n_gpus;

	mig_record_free(&rec);
	return is;
}

int recover_run(struct cli *cli, const struct mig_snapshot *snap, enum mig_recover_way way,
		struct mig_recovered *ret, struct mig_error *err)
{
	struct mig_recover_options opt = {
		.way = way, .time_s = time(NULL), .reset = reset_gpu, .arg = cli
	};
	const struct mig_home *home;
	int rc = cli_home(cli, snap, &home, err);

	if (rc == 0)
		rc = holders_take(cli, snap, NULL, &cli->who, err);
	if (rc < 0)
		return rc;
	cli->has_who = true;
	opt.who = &cli->who;
	return mig_recover(cli->machine, home, &opt, ret, err);
}

static int recover(struct cli *cli, const struct mig_snapshot *snap, struct mig_error *err)
{
	struct mig_recovered recovered;
	const struct mig_home *home;
	int rc;
	const enum mig_recover_way way = chosen_way(cli, err, &rc);

	if (rc == 0)
		rc = cli_home(cli, snap, &home, err);
	if (rc == 0)
		rc = recover_run(cli, snap, way, &recovered, err);
	if (rc < 0)
		return rc;
	if (recovered.is_other_boot && is_on_record(home)) {
		fprintf(stderr, "a reboot cut '%s' short: the layout before it is restored\n",
			recovered.verb);
		rc = recorded_restore(cli, snap, err);
	} else {
		rc = say(cli, snap, &recovered, err);
		if (rc == 0)
			rc = check_left(snap, &recovered, err);
	}
	mig_recovered_free(&recovered);
	return rc;
}

static int print_dry_run(struct cli *cli, const struct mig_snapshot *snap,
			 const struct mig_unfinished *u, struct mig_error *err)
{
	json_t *doc = cli_document("migctl.recover/v1", snap);

	json_object_set_new(doc, "dry_run", json_true());
	json_object_set_new(doc, "was_unfinished", json_boolean(u != NULL));
	if (u) {
		json_object_set_new(doc, "was_rebooted", json_boolean(u->is_other_boot));
		json_object_set_new(doc, "is_running", json_boolean(u->is_running));
		json_object_set_new(doc, "verb", json_string(u->verb));
		json_object_set_new(doc, "pid", json_integer(u->pid));
		json_object_set_new(doc, "n_steps", json_integer(u->n_steps));
		json_object_set_new(doc, "n_done", json_integer(u->n_done));
		json_object_set_new(doc, "n_left", json_integer(u->n_left));
	}
	return cli_print_json(cli, doc, err);
}

/* What would be done is said by what is unfinished; the rest depends on who holds what then. */
static int dry_run(struct cli *cli, const struct mig_snapshot *snap, struct mig_error *err)
{
	const struct mig_home *home;
	struct mig_unfinished u;
	char text[512];
	int rc = cli_home(cli, snap, &home, err);

	if (rc == 0)
		rc = mig_unfinished_look(home, &u, err);
	if (rc < 0)
		return mig_wrap(err, rc, "whether a change is unfinished is unknown");
	if (cli->is_json)
		return print_dry_run(cli, snap, rc ? &u : NULL, err);
	if (rc)
		(void)cli_unfinished(cli, snap, text, sizeof(text));
	puts(rc ? text : "nothing to recover: no change is unfinished");
	puts("dry run: nothing was changed");
	return 0;
}

static int run(struct cli *cli, struct mig_error *err)
{
	struct mig_snapshot snap;
	int rc = cli_machine(cli, &snap, err);

	if (rc < 0)
		return rc;
	rc = cli_option(cli, "dry-run") ? dry_run(cli, &snap, err) : recover(cli, &snap, err);
	mig_snapshot_free(&snap);
	return rc;
}

static const struct option options[] = {
	{ "back", 0, NULL, "to what was before the change, and nothing else" },
	{ "finish", 0, NULL, "to what the change was to make, and nothing else" },
	{ "forget", 0, NULL, "leave the GPUs as they are, and forget the change" },
	{ "dry-run", 'n', NULL, "say what is unfinished and change nothing" },
	{ 0 },
};

extern const struct verb verb_recover;
const struct verb verb_recover = {
	.name = "recover",
	.operands = "",
	.summary = "end a change that was cut short",
	.text = "A change whose process was killed is unfinished, and so is one of which a step "
		"could not be undone. Until it is ended, status and doctor report it, and verbs "
		"that change something refuse (exit status 17).\n\n"
		"A GPU of which every step had been done is left as it is. Any other goes back to "
		"what it was before; where somebody holds an instance that would have to go for "
		"that, it is finished instead. Nothing that is held is destroyed. Where "
		"another tool changed a GPU meanwhile, that is said, and nothing is touched. "
		"Where a reboot cut the change short, what was on record before it is restored; where nothing was, the MIG mode stays as the reboot left it.\n\n"
		"A GPU of the change that is not here, as when it fell off the bus, is left, and the others "
		"are ended. Then the change stays unfinished (exit status 17) until a recover finds the GPU here again, "
		"or --forget leaves it as it is; a reboot ends it, too. A change of all GPUs "
		"or none (apply --atomic, undo) waits for all of them.",
	.example = "  migctl recover\n  migctl recover --finish\n",
	.options = options,
	.flags = VERB_CHANGES | VERB_ENDS,
	.run = run,
};
