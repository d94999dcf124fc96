/* SPDX-License-Identifier: Apache-2.0 */
/* From a layout file and the GPUs of a machine to what is wanted of each GPU. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/cleanup.h"
#include "shared/text.h"

struct selection {
	const struct mig_layout_file *file;
	const struct mig_config_gpu *gpus;
	size_t n;
	struct mig_config_want *wants; /* @n */
	struct mig_error *err;
};

/* What is wanted of one GPU while it is put together. */
struct draft {
	const struct selection *sel;
	const struct mig_config_gpu *gpu;
	struct mig_layout empty;
	struct mig_config_want want;
};

static int wrap(const struct draft *d, int rc, const struct mig_layout_item *item)
{
	return mig_wrap(d->sel->err, rc, "%s:%u: GPU %d", d->sel->file->name, item->line,
			d->gpu->index);
}

/* @profile is a name by the grammar; "3c.3g.40gb" is the whole of a 3g.40gb. */
static const struct mig_ci_profile *find_ci(const struct mig_profile *gi, const char *profile)
{
	const struct mig_ci_profile *ci = mig_ci_profile_find(gi, profile);
	struct mig_config_profile p;

	if (!ci && !mig_config_profile_read(profile, &p) && p.c == p.g)
		ci = mig_ci_profile_default(gi);
	return ci;
}

static int add_name(struct draft *d, int ci, const struct mig_layout_item *item)
{
	struct mig_want_names *names = &d->want.names;
	struct mig_want_name *of = &names->of[names->n];

	if (!item->name)
		return 0;
	if (names->n == MIG_WANT_NAMES_MAX)
		return mig_fail(d->sel->err, MIG_E_NOSPACE,
				"more than %d named instances of one GPU", MIG_WANT_NAMES_MAX);
	*of = (struct mig_want_name){ .want = (uint8_t)(d->want.request.n - 1),
				      .ci = (uint8_t)ci };
	text_copy(of->name, sizeof(of->name), item->name);
	names->n++;
	return 0;
}

/* One more compute instance of the last GPU instance. */
static int add_ci(struct draft *d, const struct mig_layout_item *item)
{
	struct mig_request *req = &d->want.request;
	struct mig_want *want = &req->want[req->n - 1];
	const struct mig_profile *gi = &req->type->profiles[want->profile];
	const struct mig_ci_profile *ci = find_ci(gi, item->profile);
	int rc;

	if (!ci) {
		/* Asked for none of it, geometry says what there is. */
		rc = mig_request_add_count(req, item->profile, 0, d->sel->err);
		return rc < 0 ? rc
			      : mig_fail(d->sel->err, MIG_E_NOENT, "a %s has no %s", gi->name,
					 item->profile);
	}
	if (want->n_ci == MIG_CI_PROFILES_MAX)
		return mig_fail(d->sel->err, MIG_E_NOSPACE,
				"a %s holds at most %d compute instances", gi->name,
				MIG_CI_PROFILES_MAX);
	want->ci[want->n_ci] = (uint8_t)(ci - gi->ci);
	want->ci_start[want->n_ci] = (int8_t)item->start;
	want->n_ci++;
	rc = mig_want_place(gi, want, 0, NULL, d->sel->err);
	return rc < 0 ? rc : add_name(d, want->n_ci - 1, item);
}

static int add_cis(struct draft *d, const struct mig_layout_item *gi)
{
	struct mig_request *req = &d->want.request;

	req->want[req->n - 1].n_ci = 0;
	for (size_t i = 0; i < gi->n_cis; i++) {
		for (int k = 0; k < gi->cis[i].count; k++) {
			int rc = add_ci(d, &gi->cis[i]);

			if (rc < 0)
				return wrap(d, rc, &gi->cis[i]);
		}
	}
	return 0;
}

static int add_gi(struct draft *d, const struct mig_layout_item *gi)
{
	struct mig_request *req = &d->want.request;
	int starts[MIG_UNITS_MAX];
	int rc = mig_request_add_count(req, gi->profile, 1, d->sel->err);

	if (rc < 0)
		return wrap(d, rc, gi);
	req->want[req->n - 1].start = (int8_t)gi->start;
	rc = mig_request_place(req, &d->empty, starts, NULL, d->sel->err);
	if (rc == 0 && !gi->is_split)
		rc = add_name(d, 0, gi);
	if (rc < 0)
		return wrap(d, rc, gi);
	return gi->is_split ? add_cis(d, gi) : 0;
}

static int add_instances(struct draft *d, const struct mig_layout_entry *e)
{
	if (e->n_instances > 0 && !d->gpu->type)
		return mig_fail(d->sel->err, MIG_E_UNSUPPORTED,
				"%s:%u: GPU %d: its profiles are not known: neither the driver "
				"nor the catalog tells them",
				d->sel->file->name, e->line, d->gpu->index);
	if (d->gpu->type)
		d->empty = mig_layout_empty(d->gpu->type);
	for (size_t i = 0; i < e->n_instances; i++) {
		for (int k = 0; k < e->instances[i].count; k++) {
			int rc = add_gi(d, &e->instances[i]);

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

/* @e names GPU @i, on @line: write down what it asks. */
static int want_entry(const struct selection *sel, const struct mig_layout_entry *e, size_t i,
		      unsigned line)
{
	const struct mig_config_gpu *gpu = &sel->gpus[i];
	struct draft d = { .sel = sel, .gpu = gpu };
	int rc;

	if (sel->wants[i].mode != MIG_CONFIG_UNTOUCHED)
		return mig_fail(sel->err, MIG_E_SYNTAX,
				"%s:%u: GPU %d is named here and on line %u; take it out of "
				"one of the two",
				sel->file->name, line, gpu->index, sel->wants[i].line);
	d.want.mode = e->mig_enabled ? MIG_CONFIG_ON : MIG_CONFIG_OFF;
	d.want.line = line;
	d.want.request = mig_request_empty(gpu->type);
	d.want.is_exact = true;
	rc = add_instances(&d, e);
	if (rc == 0)
		sel->wants[i] = d.want;
	return rc;
}

static bool is_of_type(const struct mig_config_gpu *gpu, const char *type)
{
	return gpu->type && (strcasecmp(gpu->type->key, type) == 0 ||
			     strcasecmp(gpu->type->name, type) == 0);
}

/* The GPU that the file calls so; @sel->n: there is none. */
static size_t find_gpu(const struct selection *sel, const struct mig_layout_gpu *named)
{
	for (size_t i = 0; i < sel->n; i++) {
		const struct mig_config_gpu *gpu = &sel->gpus[i];

		if (named->id ? (gpu->uuid && strcasecmp(named->id, gpu->uuid) == 0) ||
					(gpu->bus_id && text_is_bus_id(named->id, gpu->bus_id))
			      : named->index == gpu->index)
			return i;
	}
	return sel->n;
}

static int no_gpu(const struct selection *sel, const struct mig_layout_gpu *named)
{
	if (named->id)
		return mig_fail(sel->err, MIG_E_NOENT,
				"%s:%u: no GPU %s here; write the index, UUID or PCI bus id of "
				"one that is",
				sel->file->name, named->line, named->id);
	return mig_fail(sel->err, MIG_E_NOENT,
			"%s:%u: no GPU %d: this machine has %zu; take it out, or write gpus: "
			"all",
			sel->file->name, named->line, named->index, sel->n);
}

static int apply_named(const struct selection *sel, const struct mig_layout_entry *e,
		       const struct mig_layout_gpu *named)
{
	const size_t i = find_gpu(sel, named);

	if (i == sel->n)
		return no_gpu(sel, named);
	if (!sel->gpus[i].has_mig && e->mig_enabled)
		return mig_fail(sel->err, MIG_E_UNSUPPORTED,
				"%s:%u: GPU %d has no MIG; take it out, or write gpus: all, "
				"which passes over it",
				sel->file->name, named->line, sel->gpus[i].index);
	if (e->gpu_type && !is_of_type(&sel->gpus[i], e->gpu_type))
		return mig_fail(sel->err, MIG_E_SYNTAX,
				"%s:%u: GPU %d is of type %s, and not %s as this entry says",
				sel->file->name, named->line, sel->gpus[i].index,
				sel->gpus[i].type ? sel->gpus[i].type->key : "unknown",
				e->gpu_type);
	return want_entry(sel, e, i, named->line);
}

static int apply_entry(const struct selection *sel, const struct mig_layout_entry *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < e->n_gpus; i++)
		rc = apply_named(sel, e, &e->gpus[i]);
	for (size_t i = 0; rc == 0 && e->is_all && i < sel->n; i++) {
		if (sel->gpus[i].has_mig &&
		    (!e->gpu_type || is_of_type(&sel->gpus[i], e->gpu_type)))
			rc = want_entry(sel, e, i, e->line);
	}
	return rc;
}

static int check_machine(const struct selection *sel, const struct mig_layout_machine *here)
{
	const struct mig_layout_machine *m = &sel->file->machine;

	if (!sel->file->has_machine || !here ||
	    (m->is_simulated == here->is_simulated && strcmp(m->name, here->name) == 0))
		return 0;
	return mig_fail(sel->err, MIG_E_MACHINE,
			"%s:%u: this layout is for machine %s %s, and here is %s %s",
			sel->file->name, sel->file->machine_line,
			m->is_simulated ? "SIMULATED" : "hardware", m->name,
			here->is_simulated ? "SIMULATED" : "hardware", here->name);
}

int mig_layout_file_select(const struct mig_layout_file *file,
			   const struct mig_layout_machine *here,
			   const struct mig_config_gpu *gpus, size_t n,
			   struct mig_config_want *ret, struct mig_error *err)
{
	cleanup_free struct mig_config_want *wants = calloc(n + 1, sizeof(*wants));
	const struct selection sel = { file, gpus, n, wants, err };
	int rc;

	if (!wants)
		return mig_fail(err, MIG_E_NOMEM, "select of %s", file->name);
	for (size_t i = 0; i < n; i++)
		wants[i].request = mig_request_empty(gpus[i].type);
	rc = check_machine(&sel, here);
	for (size_t i = 0; rc == 0 && i < file->n_entries; i++)
		rc = apply_entry(&sel, &file->entries[i]);
	if (rc == 0)
		memcpy(ret, wants, n * sizeof(*wants));
	return rc;
}
