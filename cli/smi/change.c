/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -mig, -cgi, -cci, -dgi, -dci. Each instance is a change of its own, through the same door
 * as every other verb's: what was made before a failure stays, as with nvidia-smi.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/change.h"
#include "cli/home.h"
#include "cli/smi/smi.h"
#include "shared/text.h"

enum { ITEM_BYTES = 128 };

/* nvidia-smi has no words for what is on record; scripts that cut GPUs anew at each boot go on. */
static void warn_missing(const struct smi *s, const struct mig_home *home,
			 const struct mig_step *step)
{
	struct mig_record rec;
	struct mig_error why;

	if (step->kind == MIG_STEP_MODE || mig_record_read_names(home, &rec, NULL) < 0)
		return;
	if (mig_record_check_missing(&rec, home, &s->snap.gpus[step->gpu], &why) < 0)
		fprintf(stderr,
			"migctl: GPU %d: what is made now takes the place on record of these: %s\n",
			step->gpu, why.msg);
	mig_record_free(&rec);
}

/* One step, and afterwards a fresh look at the machine. @step gets the ids of what was made. */
static int run(struct smi *s, struct mig_step *step)
{
	struct mig_run_options opt = { .keep_pending = true,
				       .verb = s->cli->verb->name,
				       .time_s = time(NULL),
				       .number = &s->cli->change_number };
	struct mig_change change = { .n_steps = 1, .room = 1, .steps = step };
	struct mig_error look_err;
	struct mig_snapshot now;
	int rc = cli_home(s->cli, &s->snap, &opt.home, s->err);

	if (rc == 0)
		rc = change_who(s->cli, &s->snap, &change, &opt.who, s->err);
	if (rc == 0)
		warn_missing(s, opt.home, step);
	if (rc == 0)
		rc = mig_change_run(s->cli->machine, &s->snap, &change, &opt, s->err);
	/* What nvidia-smi has no words for: it is ours, and not the driver's. */
	if (rc == -MIG_E_UNFINISHED || rc == -MIG_E_IO || rc == -MIG_E_MACHINE)
		fprintf(stderr, "migctl: %s\n", s->err->msg);

	if (mig_snapshot_take(s->cli->machine, &now, &look_err) < 0)
		return rc;
	if (now.n_gpus != s->snap.n_gpus) {
		mig_snapshot_free(&now);
		return rc;
	}
	mig_snapshot_free(&s->snap);
	s->snap = now;
	return rc;
}

static int failed_to(const char *what, int code)
{
	printf("Failed to %s: %s\n", what, smi_words(code));
	return smi_status(code);
}

/* "9:4" or "MIG 3g.40gb:4": @ret_start -1 when none is given, or it is no number. */
static void split_start(const char *item, char *name, size_t len, int *ret_start)
{
	const char *colon = strchr(item, ':');
	char *end;
	long n;

	*ret_start = -1;
	snprintf(name, len, "%.*s", colon ? (int)(colon - item) : (int)strlen(item), item);
	if (!colon)
		return;
	n = strtol(colon + 1, &end, 10);
	if (end != colon + 1 && n >= 0 && n < 1 << 16)
		*ret_start = (int)n;
}

/* --- The MIG mode ------------------------------------------------------------------------- */

/* Taken by the driver, and waiting for a reset. */
static bool is_pending(const struct smi *s, int gpu)
{
	const struct mig_gpu *g = &s->snap.gpus[gpu];

	return g->mode_pending == s->call->mode && g->mode != s->call->mode;
}

static void print_pending(const struct smi *s, const struct mig_gpu *gpu, int code)
{
	printf("Warning: MIG mode is in pending %s state for GPU %s:%s\n",
	       s->call->mode ? "enable" : "disable", gpu->bus_id, smi_words(code));
	if (code == 19)
		printf("%s is currently being used by one or more other processes (e.g. CUDA "
		       "application or a monitoring application such as another instance of "
		       "nvidia-smi). Please first kill all processes using the device and retry "
		       "the command or reboot the system to make MIG mode effective.\n",
		       gpu->bus_id);
	else
		printf("Reboot the system or try nvidia-smi --gpu-reset to make MIG mode "
		       "effective on GPU %s\n",
		       gpu->bus_id);
}

static void print_switched(struct smi *s, const struct mig_gpu *gpu)
{
	struct mig_smi_readings r;

	printf("%s MIG Mode for GPU %s\n", s->call->mode ? "Enabled" : "Disabled", gpu->bus_id);
	if (s->call->mode && mig_smi_read_gpu(s->cli->machine, gpu->index, &r, NULL) == 0 &&
	    r.persistence == 0)
		printf("\nWarning: persistence mode is disabled on device %s. See the Known "
		       "Issues section of the nvidia-smi(1) man page for more information. Run "
		       "with [--help | -h] switch to get more information on how to enable "
		       "persistence mode.\n",
		       gpu->bus_id);
}

static int switch_one(struct smi *s, int gpu)
{
	struct mig_step step = { .kind = MIG_STEP_MODE,
				 .gpu = gpu,
				 .mode = s->call->mode,
				 .gi = -1,
				 .ci = -1,
				 .owner = -1 };
	const int rc = run(s, &step);
	const struct mig_gpu *g = &s->snap.gpus[gpu];
	const int code = rc < 0 ? smi_code(rc, s->err) : 0;

	if (rc == 0)
		print_switched(s, g);
	else if (rc == -MIG_E_PENDING && is_pending(s, gpu))
		print_pending(s, g, code);
	else
		printf("Unable to %s MIG Mode for GPU %s: %s\n",
		       s->call->mode ? "enable" : "disable", g->bus_id, smi_words(code));
	if (rc == 0 || (rc == -MIG_E_PENDING && is_pending(s, gpu)))
		return 0;
	puts(code == SMI_UNSUPPORTED ? "Treating as warning and moving on."
				     : "Terminating early due to previous errors.");
	return code == SMI_UNSUPPORTED ? 0 : smi_status(code);
}

int smi_mode(struct smi *s)
{
	for (int g = 0; g < s->snap.n_gpus; g++) {
		int status = s->is_chosen[g] ? switch_one(s, g) : 0;

		if (status)
			return status;
	}
	puts("All done.");
	return 0;
}

/* --- Making ------------------------------------------------------------------------------- */

static int ci_failed(int gpu, int gi, const char *profile, int code)
{
	printf("Unable to create a compute instance on GPU %2d GPU instance ID %2d using profile "
	       "%s: %s\n",
	       gpu, gi, profile, smi_words(code));
	return code;
}

/* Return: 0, or the driver's code, after words. @item: "" or NULL for the default. */
static int make_ci(struct smi *s, int gpu, const struct smi_gi *g, const char *item)
{
	const bool is_default = !item || !*item;
	const struct mig_ci_profile *c = mig_ci_profile_default(g->p);
	const int gi_id = g->gi->id;
	char name[ITEM_BYTES], made[MIG_NAME_MAX];
	struct mig_step step = { .kind = MIG_STEP_CI_CREATE,
				 .gpu = gpu,
				 .profile = (int)(g->p - g->gpu->type->profiles),
				 .start = g->gi->start,
				 .gi = gi_id,
				 .owner = -1,
				 .ci_start = -1,
				 .ci = -1 };
	int rc, id;

	if (!is_default) {
		split_start(item, name, sizeof(name), &step.ci_start);
		c = mig_ci_profile_find(g->p, name);
	}
	if (!c)
		return ci_failed(gpu, gi_id, is_default ? "default" : item, SMI_INVALID);
	step.ci_profile = (int)(c - g->p->ci);
	text_copy(made, sizeof(made), c->name);
	id = c->id;
	rc = run(s, &step);
	if (rc < 0)
		return ci_failed(gpu, gi_id, is_default ? "default" : item,
				 smi_code(rc, s->err));
	printf("Successfully created compute instance ID %2d on GPU %2d GPU instance ID %2d using "
	       "profile MIG %s (ID %2d)\n",
	       step.ci, gpu, gi_id, made, id);
	return 0;
}

/* The GI of that id, as it stands now. */
static bool find_gi(const struct smi *s, int gpu, int id, struct smi_gi *ret)
{
	struct smi_gi found[MIG_GIS_MAX];
	const int n = smi_gis(s, &s->snap.gpus[gpu], found);

	for (int i = 0; i < n; i++) {
		if (found[i].gi->id == id) {
			*ret = found[i];
			return true;
		}
	}
	return false;
}

static int gi_failed(int gpu, const char *item, int code)
{
	printf("Unable to create a GPU instance on GPU %2d using profile %s: %s\n", gpu, item,
	       smi_words(code));
	return code;
}

/* Where the driver would put it; where it must refuse, at any place that the profile has. */
static int own_start(const struct mig_gpu *gpu, int profile)
{
	const struct mig_layout lay = mig_gpu_layout(gpu);
	const int start = mig_layout_best_start(&lay, profile);

	for (int i = 0; start < 0 && i < MIG_UNITS_MAX; i++) {
		if (gpu->type->profiles[profile].starts >> i & 1)
			return i;
	}
	return start;
}

static int make_gi(struct smi *s, int gpu, const char *item)
{
	const struct mig_gpu *g = &s->snap.gpus[gpu];
	char name[ITEM_BYTES], made[MIG_NAME_MAX];
	const struct mig_profile *p;
	struct mig_step step = {
		.kind = MIG_STEP_GI_CREATE, .gpu = gpu, .gi = -1, .owner = -1, .ci = -1
	};
	struct smi_gi stands;
	int rc, id;

	split_start(item, name, sizeof(name), &step.start);
	p = g->type ? mig_profile_find(g->type, name) : NULL;
	if (!p || p->nvml_profile >= s->call->format->n_profiles)
		return gi_failed(gpu, item, SMI_INVALID);
	step.profile = (int)(p - g->type->profiles);
	if (step.start < 0)
		step.start = own_start(g, step.profile);
	text_copy(made, sizeof(made), p->name);
	id = p->id;
	rc = run(s, &step);
	if (rc < 0)
		return gi_failed(gpu, item, smi_code(rc, s->err));
	printf("Successfully created GPU instance ID %2d on GPU %2d using profile MIG %s (ID "
	       "%2d)\n",
	       step.gi, gpu, made, id);
	if (!s->call->is_default || !find_gi(s, gpu, step.gi, &stands))
		return 0;
	return make_ci(s, gpu, &stands, NULL);
}

int smi_cgi(struct smi *s)
{
	char item[ITEM_BYTES];

	for (int g = 0; g < s->snap.n_gpus; g++) {
		const char *list = s->call->items;

		while (smi_is_on(s, g) && smi_item(&list, item, sizeof(item))) {
			int code = make_gi(s, g, item);

			if (code)
				return failed_to("create GPU instances", code);
		}
	}
	return 0;
}

/* --- Instances one after the other ---------------------------------------------------------- */

/* What stood when the command began, in nvidia-smi's order: each is done once. */
struct target {
	int gpu, gi, ci; /* index, id, id or -1 */
};

enum { TARGETS_PER_GPU = MIG_GIS_MAX * MIG_CIS_MAX };

static int add_cis(const struct smi_gi *g, const char *ids, struct target *ret)
{
	const struct mig_ci *cis[MIG_CIS_MAX];
	const int n_cis = smi_cis(g, cis);
	int n = 0;

	for (int i = 0; i < n_cis; i++) {
		if (smi_has_id(ids, cis[i]->id))
			ret[n++] = (struct target){ g->gpu->index, g->gi->id, cis[i]->id };
	}
	return n;
}

/* GIs, or with @of_cis the compute instances in them. @ret_gis: GIs there were. */
static int find_targets(const struct smi *s, bool of_cis, struct target *ret, int *ret_gis)
{
	int n = 0;

	*ret_gis = 0;
	for (int g = 0; g < s->snap.n_gpus; g++) {
		struct smi_gi found[MIG_GIS_MAX];
		const int n_gis = smi_is_on(s, g) ? smi_gis(s, &s->snap.gpus[g], found) : 0;

		for (int i = 0; i < n_gis; i++) {
			if (!smi_has_id(s->call->gis, found[i].gi->id))
				continue;
			(*ret_gis)++;
			if (of_cis)
				n += add_cis(&found[i], s->call->cis, ret + n);
			else
				ret[n++] = (struct target){ g, found[i].gi->id, -1 };
		}
	}
	return n;
}

static bool is_kept_from_us(const struct smi *s)
{
	for (int g = 0; g < s->snap.n_gpus; g++) {
		if (smi_is_on(s, g) && s->snap.gpus[g].is_partial)
			return true;
	}
	return false;
}

static int none(const char *what, int code)
{
	printf("No %s found: %s\n", what, smi_words(code));
	return smi_status(code);
}

static int each(struct smi *s, bool of_cis, int (*fn)(struct smi *, const struct target *))
{
	const size_t room = (size_t)(s->snap.n_gpus + 1) * TARGETS_PER_GPU;
	struct target *targets = calloc(room, sizeof(*targets));
	int n_gis, n, status = 0;

	if (!targets)
		return mig_fail(s->err, MIG_E_NOMEM, "list the instances");
	n = find_targets(s, of_cis, targets, &n_gis);
	if (is_kept_from_us(s))
		status = none("GPU instances", 4);
	else if (n_gis == 0)
		status = none("GPU instances", SMI_NOT_FOUND);
	else if (n == 0)
		status = none("compute instances", SMI_NOT_FOUND);
	for (int i = 0; status == 0 && i < n; i++)
		status = fn(s, &targets[i]);
	free(targets);
	return status;
}

static int make_in(struct smi *s, const struct target *t)
{
	const char *list = s->call->items;
	char item[ITEM_BYTES] = "";
	bool more = !list || smi_item(&list, item, sizeof(item));

	while (more) {
		struct smi_gi g;
		int code;

		if (!find_gi(s, t->gpu, t->gi, &g))
			code = ci_failed(t->gpu, t->gi, *item ? item : "default",
					 SMI_NOT_FOUND);
		else
			code = make_ci(s, t->gpu, &g, item);
		if (code)
			return failed_to("create compute instances", code);
		more = list && smi_item(&list, item, sizeof(item));
	}
	return 0;
}

int smi_cci(struct smi *s)
{
	return each(s, false, make_in);
}

static int destroy_gi(struct smi *s, const struct target *t)
{
	struct mig_step step = { .kind = MIG_STEP_GI_DESTROY,
				 .gpu = t->gpu,
				 .profile = -1,
				 .start = -1,
				 .gi = t->gi,
				 .owner = -1,
				 .ci = -1 };
	const int rc = run(s, &step);
	const int code = rc < 0 ? smi_code(rc, s->err) : 0;

	if (rc == 0) {
		printf("Successfully destroyed GPU instance ID %2d from GPU %2d\n", t->gi,
		       t->gpu);
		return 0;
	}
	printf("Unable to destroy GPU instance ID %2d from GPU %2d: %s\n", t->gi, t->gpu,
	       smi_words(code));
	return failed_to("destroy GPU instances", code);
}

int smi_dgi(struct smi *s)
{
	return each(s, false, destroy_gi);
}

static int destroy_ci(struct smi *s, const struct target *t)
{
	struct mig_step step = { .kind = MIG_STEP_CI_DESTROY,
				 .gpu = t->gpu,
				 .profile = -1,
				 .start = -1,
				 .gi = t->gi,
				 .owner = -1,
				 .ci_profile = -1,
				 .ci_start = -1,
				 .ci = t->ci };
	const int rc = run(s, &step);
	const int code = rc < 0 ? smi_code(rc, s->err) : 0;

	if (rc == 0) {
		printf("Successfully destroyed compute instance ID %2d from GPU %2d GPU instance "
		       "ID %2d\n",
		       t->ci, t->gpu, t->gi);
		return 0;
	}
	printf("Unable to destroy compute instance ID %2d from GPU %2d GPU instance ID %2d: %s\n",
	       t->ci, t->gpu, t->gi, smi_words(code));
	return failed_to("destroy compute instances", code);
}

int smi_dci(struct smi *s)
{
	return each(s, true, destroy_ci);
}
