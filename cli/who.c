/* SPDX-License-Identifier: Apache-2.0 */
/* migctl who - everything that holds a GPU or an instance, what it is in the way of, what helps. */
#include "cli/who.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/holders.h"
#include "cli/home.h"
#include "shared/cleanup.h"
#include "shared/table.h"
#include "shared/text.h"

enum { NAMED_MAX = 3 }; /* holders named in a summary; of more the number is told */

static const struct table_column columns[] = {
	{ "instance", "INSTANCE", TABLE_STRING }, { "profile", "PROFILE", TABLE_STRING },
	{ "kind", "WHAT", TABLE_STRING },         { "name", "WHO", TABLE_STRING },
	{ "user", "USER", TABLE_STRING },         { "of", "OF", TABLE_STRING },
	{ "blocks", "BLOCKS", TABLE_STRING },     { "remedy", "REMEDY", TABLE_STRING },
};

/* --- What was asked for -------------------------------------------------------------------- */

static bool is_within(const struct who_report *r, const struct mig_ref *ref, int gpu, int gi,
		      int ci)
{
	const struct mig_gpu *g = &r->snap->gpus[ref->gpu];

	if (g->index != gpu)
		return false;
	if (gi < 0 || ref->gi < 0)
		return true;
	return g->gis[ref->gi].id == gi &&
	       (ci < 0 || ref->ci < 0 || g->gis[ref->gi].cis[ref->ci].id == ci);
}

bool who_wants(const struct who_report *r, int gpu, int gi, int ci)
{
	bool wants = r->n_refs == 0 || gpu < 0;

	for (int i = 0; i < r->n_refs && !wants; i++)
		wants = is_within(r, &r->refs[i], gpu, gi, ci);
	return wants;
}

bool who_is_hidden(const struct mig_who *who)
{
	return who->n_hidden > 0 || who->n_unknowns > 0;
}

char *who_user(const struct mig_holder *h, char *buf, size_t len)
{
	const struct passwd *user = h->uid >= 0 ? getpwuid((uid_t)h->uid) : NULL;

	buf[0] = '\0';
	if (user)
		text_copy(buf, len, user->pw_name);
	else if (h->uid >= 0)
		snprintf(buf, len, "%lld", (long long)h->uid);
	return buf;
}

/* --- Words --------------------------------------------------------------------------------- */

/* "python3 (pid 12)", "pod team-a/chat", "nvidia_drm" */
static char *holder_name(const struct mig_holder *h, char *buf, size_t len)
{
	char text[sizeof(h->from.pod) + 16];

	if (h->pid > 0)
		snprintf(buf, len, "%s (pid %d)", *h->name ? h->name : "a process", h->pid);
	else if (*h->name && h->kind != MIG_HOLDER_POD)
		text_copy(buf, len, h->name);
	else
		text_copy(buf, len, mig_holder_text(h, text, sizeof(text)));
	return buf;
}

static const char *blocks_text(unsigned blocks)
{
	static const char *const words[] = { "nothing", "instance", "mode", "instance, mode" };

	return words[blocks & (MIG_BLOCKS_INSTANCE | MIG_BLOCKS_MODE)];
}

static void text_cell(struct table *t, const char *text)
{
	if (*text)
		table_cell(t, "%s", text);
	else
		table_unknown(t);
}

/* --- A table a GPU ------------------------------------------------------------------------- */

static void place_cells(struct table *t, const struct mig_gpu *gpu, int gi_id, int ci_id)
{
	const struct mig_gi *gi = gpu && gi_id >= 0 ? mig_gpu_find_gi(gpu, gi_id) : NULL;
	char profile[MIG_NAME_MAX + 16] = "";

	if (!gpu)
		table_cell(t, "all GPUs");
	else if (gi_id < 0)
		table_cell(t, "GPU %d", gpu->index);
	else if (ci_id < 0)
		table_cell(t, "%d/%d", gpu->index, gi_id);
	else
		table_cell(t, "%d/%d/%d", gpu->index, gi_id, ci_id);
	if (gi && gi->profile >= 0)
		text_append(profile, sizeof(profile), "%s",
			    gpu->type->profiles[gi->profile].name);
	if (gi && gi->start >= 0)
		text_append(profile, sizeof(profile), "@%d", gi->start);
	text_cell(t, profile);
}

static void add_holder(struct table *t, const struct mig_gpu *gpu, const struct mig_holder *h)
{
	char text[sizeof(h->from.pod) + 64];

	place_cells(t, gpu, h->gi, h->ci);
	table_cell(t, "%s", mig_holder_kind_name(h->kind));
	text_cell(t, holder_name(h, text, sizeof(text)));
	text_cell(t, who_user(h, text, sizeof(text)));
	if (h->seen & (MIG_SEEN_KUBELET | MIG_SEEN_SLURM))
		table_cell(t, "allocation");
	else
		text_cell(t, mig_holder_text(h, text, sizeof(text)));
	table_cell(t, "%s", blocks_text(h->blocks));
	text_cell(t, mig_holder_remedy(h, text, sizeof(text)));
}

/* An instance that nobody holds is an answer too. */
static void add_free(struct table *t, const struct who_report *r, const struct mig_gpu *gpu,
		     int gi, int ci)
{
	place_cells(t, gpu, gi, ci);
	table_cell(t, "%s", who_is_hidden(r->who) ? "none seen" : "nobody");
	for (int i = 0; i < 3; i++)
		table_unknown(t);
	table_cell(t, "nothing");
	table_unknown(t);
}

/* All that is at one place. Return: how many rows. */
static int add_place(struct table *t, const struct who_report *r, const struct mig_gpu *gpu,
		     int gi, int ci)
{
	int n = 0;

	for (int i = 0; i < r->who->n; i++) {
		const struct mig_holder *h = &r->who->holders[i];

		if (h->gpu != (gpu ? gpu->index : -1) || h->gi != gi || h->ci != ci)
			continue;
		add_holder(t, gpu, h);
		n++;
	}
	return n;
}

static void add_instance(struct table *t, const struct who_report *r, const struct mig_gpu *gpu,
			 const struct mig_gi *gi)
{
	const int n = add_place(t, r, gpu, gi->id, -1);

	for (int k = 0; k < gi->n_cis; k++) {
		if (who_wants(r, gpu->index, gi->id, gi->cis[k].id) &&
		    add_place(t, r, gpu, gi->id, gi->cis[k].id) == 0 && n == 0)
			add_free(t, r, gpu, gi->id, gi->cis[k].id);
	}
	if (gi->n_cis == 0 && n == 0)
		add_free(t, r, gpu, gi->id, -1);
}

/* --- A summary a GPU ----------------------------------------------------------------------- */

static void print_names(const struct mig_holder *holders, int n)
{
	char name[sizeof(holders->from.pod) + 64];

	for (int i = 0; i < n && i < NAMED_MAX; i++)
		printf("%s%s", i ? ", " : "", holder_name(&holders[i], name, sizeof(name)));
	if (n > NAMED_MAX)
		printf(" and %d more", n - NAMED_MAX);
}

static void print_instances(const struct who_report *r, const struct mig_gpu *gpu)
{
	struct mig_holder blocking[MIG_HOLDERS_MAX];
	const char *word = "; held: ";
	int n_free = 0;

	if (!gpu->mode || gpu->n_gis == 0) {
		printf("  instance changes: %s\n",
		       gpu->mode ? "no instance to hold" : "MIG is off");
		return;
	}
	for (int i = 0; i < gpu->n_gis; i++)
		n_free += mig_who_blocking(r->who, gpu->index, gpu->gis[i].id, -1,
					   MIG_BLOCKS_INSTANCE, blocking) == 0;
	printf("  instance changes: possible on %d of %d%s", n_free, gpu->n_gis,
	       n_free && who_is_hidden(r->who) ? " as far as is known" : "");
	for (int i = 0; i < gpu->n_gis; i++) {
		const int n = mig_who_blocking(r->who, gpu->index, gpu->gis[i].id, -1,
					       MIG_BLOCKS_INSTANCE, blocking);

		if (n == 0)
			continue;
		printf("%s%d/%d by ", word, gpu->index, gpu->gis[i].id);
		print_names(blocking, n);
		word = "; ";
	}
	putchar('\n');
}

static void print_mode(const struct who_report *r, const struct mig_gpu *gpu)
{
	struct mig_holder blocking[MIG_HOLDERS_MAX];
	const int n = mig_who_blocking(r->who, gpu->index, -1, -1, MIG_BLOCKS_MODE, blocking);

	printf("  mode change, reset: ");
	if (n) {
		printf("blocked by ");
		print_names(blocking, n);
	} else {
		printf("%s", who_is_hidden(r->who) ? "nothing is known that blocks it"
						   : "nothing blocks it");
	}
	putchar('\n');
}

static void print_table(struct table *t)
{
	if (t->n_cells)
		table_print(stdout, t);
	table_free(t);
}

static void print_gpu(const struct who_report *r, const struct mig_gpu *gpu)
{
	struct table t;

	if (gpu->is_lost) {
		printf("\nGPU %d  lost: who holds it is not known\n", gpu->index);
		return;
	}
	t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	printf("\nGPU %d  %s  %s\n", gpu->index, gpu->name, gpu->uuid);
	print_instances(r, gpu);
	print_mode(r, gpu);
	add_place(&t, r, gpu, -1, -1);
	for (int i = 0; i < gpu->n_gis; i++) {
		if (who_wants(r, gpu->index, gpu->gis[i].id, -1))
			add_instance(&t, r, gpu, &gpu->gis[i]);
	}
	print_table(&t);
}

static void print_text(const struct who_report *r)
{
	struct table t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char line[256];

	puts(cli_machine_line(r->snap, line, sizeof(line)));
	for (int i = 0; i < r->snap->n_gpus; i++) {
		if (who_wants(r, r->snap->gpus[i].index, -1, -1))
			print_gpu(r, &r->snap->gpus[i]);
	}
	if (add_place(&t, r, NULL, -1, -1))
		puts("\nThe driver as a whole");
	print_table(&t);
	if (who_is_hidden(r->who))
		putchar('\n');
	if (r->who->n_hidden)
		puts("unknown: what processes of other users have open (needs root)");
	for (int i = 0; i < r->who->n_unknowns; i++)
		printf("unknown: %s: %s\n", r->who->unknowns[i].what, r->who->unknowns[i].why);
}

/* --- The verb ------------------------------------------------------------------------------ */

static int report(struct cli *cli, const struct mig_snapshot *snap, struct mig_error *err)
{
	const char *root = cli_option(cli, "root");
	cleanup_free struct mig_ref *refs = calloc((size_t)cli->argc + 1, sizeof(*refs));
	struct who_report r = { .snap = snap, .refs = refs, .n_refs = cli->argc };
	struct mig_who who = { 0 };
	const char *files;
	struct stat st;
	int rc = 0;

	if (!refs)
		return mig_fail(err, MIG_E_NOMEM, "who");
	if (root && (stat(root, &st) < 0 || !S_ISDIR(st.st_mode)))
		return mig_fail(err, MIG_E_IO, "--root %s: there is no such folder", root);
	for (int i = 0; i < cli->argc && rc == 0; i++)
		rc = cli_ref(cli, snap, cli->argv[i], &refs[i], NULL, err);
	/* A simulated machine that has no files yet is looked at with them; without, if they cannot
	 * be made. */
	if (rc == 0 && !root)
		rc = cli_root(cli, &files, NULL) < 0 ? 0 : rc;
	if (rc == 0)
		rc = holders_take(cli, snap, root, &who, err);
	if (rc < 0)
		return rc;
	r.who = &who;
	if (cli->is_json)
		rc = who_print_json(cli, &r, err);
	else
		print_text(&r);
	mig_who_free(&who);
	return rc;
}

static int run(struct cli *cli, struct mig_error *err)
{
	struct mig_snapshot snap;
	int rc = cli_machine(cli, &snap, err);

	if (rc < 0)
		return rc;
	rc = report(cli, &snap, err);
	mig_snapshot_free(&snap);
	return rc;
}

static const struct option options[] = {
	{ "root", 0, "DIR", "read files of /proc, /dev, /sys, /run and /var below DIR" },
	{ 0 },
};

extern const struct verb verb_who;
const struct verb verb_who = {
	.name = "who",
	.operands = "[GPU|INSTANCE...]",
	.summary = "show who holds GPUs and instances, what that blocks, and what helps",
	.text = "Lists for each GPU and each instance what would lose something if it went, or is "
		"in the way: processes that the driver lists or that have /dev/nvidia* open, with "
		"their container, pod, Slurm job or unit; claims of other programs; what kubelet "
		"and Slurm have allocated; modules of the kernel; daemons such as "
		"nvidia-persistenced. GPU and INSTANCE are named as for 'resolve'.\n\n"
		"BLOCKS says what a holder is in the way of: the destruction of the instance, a "
		"switch of MIG and a reset of the GPU (mode), or nothing. Others' instances can be "
		"changed while one is held; for the mode the whole GPU has to be free. REMEDY is "
		"the command that makes it let go; nothing is stopped by 'who'.\n\n"
		"What this user may not see is listed as unknown. kubelet and Slurm are asked for "
		"five seconds at most. Those of this host, and its daemons and modules, are not a "
		"simulated machine's, except inside 'sim exec --root'.\n\n"
		"With --root the files are those of another root, such as a host's seen from a "
		"container; Slurm is not asked then.",
	.example =
		"  migctl who\n  migctl who 0 1:3g.40gb@4\n  migctl who --root /host --json\n",
	.options = options,
	.max_operands = -1,
	.run = run,
};
