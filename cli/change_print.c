/* SPDX-License-Identifier: Apache-2.0 */
/* A change in words: what would be done and how long it takes, and what was done. */
#include <stdio.h>
#include <string.h>

#include "cli/change.h"
#include "shared/cleanup.h"
#include "shared/text.h"

static void print_gpu(const struct mig_gpu *gpu, const struct mig_gpu_change *c)
{
	if (!c->is_named) {
		printf("GPU %d: %s\n", gpu->index, gpu->is_lost ? "lost" : "untouched");
		return;
	}
	if (gpu->mode == c->mode && !c->n_created && !c->n_destroyed) {
		printf("GPU %d: as wanted, %d kept\n", gpu->index, c->n_kept);
		return;
	}
	printf("GPU %d:", gpu->index);
	if (gpu->mode != c->mode)
		printf(" MIG %s,", c->mode ? "on" : "off");
	printf(" %d kept, %d created, %d destroyed", c->n_kept, c->n_created, c->n_destroyed);
	if (c->n_disturbed)
		printf(", %d of them wanted again elsewhere", c->n_disturbed);
	putchar('\n');
}

/* The compute instances that are made in a GI, where they are not just its default one. */
static void print_split(const struct mig_snapshot *snap, const struct mig_change *change,
			int gi)
{
	const struct mig_step *s = &change->steps[gi];
	const struct mig_profile *p = &snap->gpus[s->gpu].type->profiles[s->profile];
	const char *word = " with ";
	int n = 0;

	for (int i = gi + 1; i < change->n_steps && change->steps[i].owner == gi; i++) {
		const struct mig_ci_profile *ci = &p->ci[change->steps[i].ci_profile];

		n++;
		if (ci->is_default)
			continue;
		printf("%s%s", word, ci->name);
		word = ", ";
	}
	if (n == 0)
		fputs(" without compute instances", stdout);
}

/* The names that the compute instances made in a GI, or by a step, are to bear. */
static void print_names(const struct mig_change *change, int step)
{
	const char *word = " as ";

	for (int i = 0; i < change->n_names; i++) {
		const int made = change->names[i].step;

		if (made < 0 || (made != step && change->steps[made].owner != step))
			continue;
		printf("%s%s", word, change->names[i].name);
		word = ", ";
	}
}

static void print_holders(const struct change_facts *facts, const struct mig_step *step)
{
	const char *word = ", held by ";

	for (int i = 0; i < facts->n_holders; i++) {
		const struct mig_holder *h = &facts->holders[i];

		if (!change_holds(h, step))
			continue;
		printf("%s%s", word, *h->name ? h->name : "a process");
		if (h->pid)
			printf(" (pid %d)", h->pid);
		word = ", ";
	}
}

/* Is step @i, or one of the compute instances that are made with it, a MIG device that was there
 * before? @ret_s: for how long the longest of them is away. */
static bool is_again(const struct mig_change *change, const struct mig_step_time *times, int i,
		     double *ret_s)
{
	bool is_any = false;

	*ret_s = 0;
	for (int k = i; k < change->n_steps; k++) {
		double s;

		if ((k != i && change->steps[k].owner != i) || mig_change_again(change, k) < 0)
			continue;
		s = mig_change_away_s(change, times, k);
		*ret_s = s > *ret_s ? s : *ret_s;
		is_any = true;
	}
	return is_any;
}

static void print_times(const struct mig_change *change, const struct mig_step_time *times,
			int i)
{
	double away_s;

	if (!times[i].is_known || (change->steps[i].kind != MIG_STEP_GI_CREATE &&
				   change->steps[i].kind != MIG_STEP_CI_CREATE))
		return;
	printf(", there after %.2f s", times[i].end_s);
	if (!is_again(change, times, i, &away_s))
		return;
	if (away_s > 0)
		printf(", away for %.2f s", away_s);
	else
		fputs(", before the one that goes", stdout);
}

/* What stays where something goes or comes. */
static void print_stays(const struct mig_change *change, const struct change_facts *facts,
			int gpu)
{
	const struct mig_gpu_change *c = &change->gpus[gpu];
	const struct mig_request *kept = &facts->gpus[gpu].kept;
	char text[512];

	if (c->is_named && (c->n_created || c->n_destroyed) && kept->n)
		printf("  GPU %d: keep %s\n", gpu,
		       mig_request_format(kept, text, sizeof(text)));
}

static const char *origin_of(const struct change_facts *facts, int gpu, bool is_mode)
{
	return is_mode ? facts->gpus[gpu].mode_origin : facts->gpus[gpu].origin;
}

/* "times of GPU 0, 1: published: ...": the GPUs from @gpu on whose origin is that of @gpu, unless
 * an earlier one had it already. */
static void print_origin(const struct change_facts *facts, int n_gpus, int gpu, bool is_mode)
{
	const char *origin = origin_of(facts, gpu, is_mode);
	char gpus[256] = "";

	for (int i = 0; *origin && i < n_gpus; i++) {
		if (strcmp(origin, origin_of(facts, i, is_mode)) != 0)
			continue;
		if (i < gpu)
			return;
		text_append(gpus, sizeof(gpus), "%s%d", *gpus ? ", " : "", i);
	}
	if (*gpus)
		printf("  %s of GPU %s: %s\n", is_mode ? "MIG mode" : "times", gpus, origin);
}

/* In all, and where the figures are from. */
static void print_whole(const struct mig_snapshot *snap, const struct mig_change *change,
			const struct change_facts *facts)
{
	bool is_unknown = false;
	int n_changed = 0;

	if (change->n_steps == 0)
		return;
	for (int i = 0; i < snap->n_gpus; i++)
		n_changed += facts->gpus[i].duration_s > 0;
	printf("in all %.2f s%s\n", facts->duration_s,
	       n_changed > 1 ? ", the GPUs at the same time" : "");
	for (int i = 0; i < 2 * snap->n_gpus; i++)
		print_origin(facts, snap->n_gpus, i / 2, i % 2);
	for (int i = 0; i < change->n_steps; i++)
		is_unknown |= !facts->times[i].is_known;
	if (is_unknown)
		puts("  counted as nothing, because nobody has published it: compute instances "
		     "in GPU instances that stay, and resets");
}

/* A line a step, but for the compute instances that come and go with their GPU instance. */
void change_print(const struct mig_snapshot *snap, const struct mig_change *change,
		  const struct change_facts *facts)
{
	char text[256];

	for (int i = 0; i < snap->n_gpus; i++)
		print_gpu(&snap->gpus[i], &change->gpus[i]);
	for (int i = 0; i < snap->n_gpus; i++)
		print_stays(change, facts, i);
	for (int i = 0; i < change->n_steps; i++) {
		const struct mig_step *s = &change->steps[i];

		if (s->owner >= 0)
			continue;
		printf("  %s", mig_step_format(snap, s, text, sizeof(text)));
		if (s->kind == MIG_STEP_GI_CREATE)
			print_split(snap, change, i);
		print_names(change, i);
		print_holders(facts, s);
		print_times(change, facts->times, i);
		putchar('\n');
	}
	print_whole(snap, change, facts);
}

/* What was made, with the names by which it is used. */
static void print_made(const struct mig_snapshot *snap, const struct mig_snapshot *now,
		       const struct mig_change *change)
{
	for (int i = 0; i < change->n_steps; i++) {
		const struct mig_step *s = &change->steps[i];
		const struct mig_gpu *gpu = &snap->gpus[s->gpu];
		const bool has_ci = i + 1 < change->n_steps && change->steps[i + 1].owner == i;
		const struct mig_gi *gi;
		const struct mig_ci *ci;

		if (change->gpus[s->gpu].rc < 0) /* it was undone, and is told as a failure */
			continue;
		if (s->kind == MIG_STEP_GI_CREATE && !has_ci)
			printf("created %s@%d on GPU %d (GI %d), without compute instances\n",
			       gpu->type->profiles[s->profile].name, s->start, gpu->index,
			       s->gi);
		ci = s->kind == MIG_STEP_CI_CREATE ? change_made_ci(now, change, s, &gi) : NULL;
		if (!ci)
			continue;
		printf("created %s@%d on GPU %d (GI %d, CI %d): %s",
		       now->gpus[s->gpu].type->profiles[gi->profile].ci[ci->profile].name,
		       gi->start, gpu->index, gi->id, ci->id,
		       *ci->uuid ? ci->uuid : "no UUID told");
		print_names(change, i);
		putchar('\n');
	}
}

/* What went and what was switched, by the names that @snap had for it. */
static void print_gone(const struct mig_snapshot *snap, const struct mig_change *change)
{
	for (int i = 0; i < change->n_steps; i++) {
		const struct mig_step *s = &change->steps[i];
		const struct mig_gpu *gpu = &snap->gpus[s->gpu];
		const char *name = s->profile >= 0 ? gpu->type->profiles[s->profile].name
						   : "an instance of unknown profile";

		/* What failed was undone, and is told as a failure; so is a switch that waits. */
		if (change->gpus[s->gpu].rc < 0 &&
		    !(change->gpus[s->gpu].is_pending && s->kind != MIG_STEP_MODE))
			continue;
		if (s->kind == MIG_STEP_GI_DESTROY)
			printf("destroyed %s@%d on GPU %d (GI %d)\n", name, s->start,
			       gpu->index, s->gi);
		else if (s->kind == MIG_STEP_CI_DESTROY && s->owner < 0)
			printf("destroyed compute instance %d of %s@%d on GPU %d (GI %d)\n",
			       s->ci, name, s->start, gpu->index, s->gi);
		else if (s->kind == MIG_STEP_MODE)
			printf("GPU %d: MIG is %s\n", gpu->index, s->mode ? "on" : "off");
		else if (s->kind == MIG_STEP_RESET)
			printf("GPU %d: was reset\n", gpu->index);
	}
}

/* Where a file names some GPUs, those that it does not name are worth a line. */
static void print_kept(const struct cli *cli, const struct mig_snapshot *snap,
		       const struct mig_change *change, bool is_all)
{
	const bool is_file = cli_option(cli, "file");
	bool is_any_named = !is_file;
	int n_kept = 0, n_failed = 0;

	for (int i = 0; i < change->n_gpus; i++) {
		is_any_named |= change->gpus[i].is_named;
		n_failed += change->gpus[i].rc < 0;
		if (change->gpus[i].rc < 0)
			continue;
		n_kept += change->gpus[i].n_kept;
		if (!change->gpus[i].is_named && is_file)
			printf("GPU %d: %s\n", i, snap->gpus[i].is_lost ? "lost" : "untouched");
	}
	if (n_kept)
		printf("kept %d instance%s as %s\n", n_kept, n_kept == 1 ? "" : "s",
		       n_kept == 1 ? "it was" : "they were");
	if (change->n_steps == 0 && !n_failed && is_all)
		puts(change->n_names ? "nothing to make or take: the names are on record"
		     : is_any_named  ? "nothing to do: the machine is as wanted"
				     : "nothing to do: no GPU of this machine is named");
}

/* A plan in words or as JSON; @mark: a member of the document that says what it is. */
static int show_plan(struct cli *cli, const struct mig_snapshot *snap,
		     const struct mig_change *change, const char *schema, const char *mark,
		     bool is_marked, struct mig_error *err)
{
	cleanup_free struct mig_name_move *moves = NULL;
	struct change_facts facts;
	int rc = change_facts_take(cli, snap, change, &facts, err);
	int n_moves;

	if (rc < 0)
		return rc;
	n_moves = change_moves(cli, snap, change, &moves);
	if (cli->is_json) {
		json_t *doc = cli_document(schema, snap);

		json_object_set_new(doc, mark, json_boolean(is_marked));
		change_json(doc, snap, NULL, change, &facts);
		change_json_moves(doc, snap, change, moves, n_moves);
		rc = cli_print_json(cli, doc, err);
	} else {
		change_print(snap, change, &facts);
		change_print_moves(snap, change, moves, n_moves, true);
	}
	change_facts_free(&facts);
	return rc < 0 ? rc : change_check_record(cli, snap, change, err);
}

int change_diff(struct cli *cli, const struct mig_snapshot *snap,
		const struct mig_change *change, bool leaves_out, struct mig_error *err)
{
	const bool is_different =
		change->n_steps > 0 || leaves_out || change_takes_names(cli, snap, change);
	char line[256];
	int rc;

	if (!cli->is_json)
		puts(cli_machine_line(snap, line, sizeof(line)));
	rc = show_plan(cli, snap, change, "migctl.diff/v1", "is_different", is_different, err);
	return rc == 0 && is_different ? -MIG_E_DIFFERENT : rc;
}

int change_outcome(struct cli *cli, const struct mig_snapshot *before,
		   const struct mig_snapshot *snap, const struct mig_snapshot *now,
		   const struct mig_change *change, const char *schema, struct mig_error *err)
{
	json_t *doc;

	if (!now) {
		const int rc = show_plan(cli, snap, change, schema, "dry_run", true, err);

		if (rc == 0 && !cli->is_json)
			puts("dry run: nothing was changed");
		return rc;
	}
	if (!cli->is_json) {
		print_gone(snap, change);
		print_kept(cli, snap, change, !before);
		print_made(snap, now, change);
		return 0;
	}
	doc = cli_document(schema, snap);
	json_object_set_new(doc, "dry_run", json_false());
	change_json(doc, snap, now, change, NULL);
	if (before)
		change_json_switched(doc, before, snap, now);
	return cli_print_json(cli, doc, err);
}
