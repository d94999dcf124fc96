/* SPDX-License-Identifier: Apache-2.0 */
/* From how GPUs are cut to a layout file that says so. */
#include "config.h"

#include <string.h>

struct maker {
	struct mig_layout_file *file;
	const struct mig_layout_state *gpu; /* that is being said */
	struct mig_error *err;
};

static int out_of_memory(struct mig_error *err)
{
	return mig_fail(err, MIG_E_NOMEM, "make a layout file");
}

/* The name of a want's compute instance; NULL: it has none. */
static const char *name_of(const struct mig_layout_state *gpu, int want, int ci)
{
	for (int i = 0; gpu->names && i < gpu->names->n; i++) {
		const struct mig_want_name *of = &gpu->names->of[i];

		if (of->want == want && of->ci == ci)
			return of->name;
	}
	return NULL;
}

/* Profile, start and name; the words are copied, since they may not outlive what they are of. */
static int set_item(const struct maker *m, struct mig_layout_item *item, const char *profile,
		    int start, const char *name)
{
	struct arena *memory = m->file->memory;
	struct mig_config_profile p;

	if (mig_config_profile_read(profile, &p))
		return mig_fail(m->err, MIG_E_INVAL, "\"%s\" is no profile that can be written",
				profile);
	if (name && !mig_instance_name_ok(name))
		return mig_fail(m->err, MIG_E_INVAL, "\"%s\" is no name for an instance", name);
	*item = (struct mig_layout_item){ .start = start, .count = 1 };
	item->profile = mig_config_string(memory, profile);
	item->name = name ? mig_config_string(memory, name) : NULL;
	return item->profile && (item->name || !name) ? 0 : out_of_memory(m->err);
}

/* Is it the compute instance that every GPU instance has of which nothing else is said? */
static bool is_whole(const struct mig_profile *p, const struct mig_want *want)
{
	return want->n_ci == 1 && p->ci[want->ci[0]].is_default && want->ci_start[0] <= 0;
}

static int set_instance(const struct maker *m, struct mig_layout_item *item, int i)
{
	const struct mig_want *want = &m->gpu->request->want[i];
	const struct mig_profile *p = &m->gpu->request->type->profiles[want->profile];
	const char *name = is_whole(p, want) ? name_of(m->gpu, i, 0) : NULL;
	struct mig_layout_item *cis;
	int rc = set_item(m, item, p->name, want->start, name);

	if (rc < 0 || is_whole(p, want))
		return rc;
	cis = mig_config_room(m->file->memory, want->n_ci, sizeof(*cis));
	if (!cis)
		return out_of_memory(m->err);
	for (int k = 0; rc == 0 && k < want->n_ci; k++)
		rc = set_item(m, &cis[k], p->ci[want->ci[k]].name, want->ci_start[k],
			      name_of(m->gpu, i, k));
	item->is_split = true;
	item->cis = cis;
	item->n_cis = want->n_ci;
	return rc;
}

/* Is every want of the GPU's type? */
static bool is_sound(const struct mig_request *req)
{
	for (int i = 0; i < req->n; i++) {
		const struct mig_want *want = &req->want[i];

		if (want->profile >= req->type->n_profiles ||
		    want->n_ci > MIG_CI_PROFILES_MAX || want->start >= MIG_UNITS_MAX)
			return false;
		for (int k = 0; k < want->n_ci; k++) {
			if (want->ci[k] >= req->type->profiles[want->profile].n_ci ||
			    want->ci_start[k] >= MIG_UNITS_MAX)
				return false;
		}
	}
	return true;
}

static int set_instances(const struct maker *m, struct mig_layout_entry *entry)
{
	const struct mig_request *req = m->gpu->request;
	struct mig_layout_item *items;
	int rc = 0;

	if (!req || !m->gpu->mig_enabled)
		return 0;
	if (!is_sound(req))
		return mig_fail(m->err, MIG_E_INVAL, "GPU %d: what it has is not of its type",
				m->gpu->index);
	items = mig_config_room(m->file->memory, (size_t)req->n, sizeof(*items));
	if (!items)
		return out_of_memory(m->err);
	for (int i = 0; rc == 0 && i < req->n; i++)
		rc = set_instance(m, &items[i], i);
	entry->instances = items;
	entry->n_instances = (size_t)req->n;
	return rc;
}

static int set_entry(const struct maker *m, struct mig_layout_entry *entry)
{
	struct mig_layout_gpu *gpu = mig_config_room(m->file->memory, 1, sizeof(*gpu));
	const bool has_uuid = m->gpu->uuid && *m->gpu->uuid;

	if (!gpu)
		return out_of_memory(m->err);
	if ((m->gpu->gpu_type && mig_config_label_fault(m->gpu->gpu_type)) ||
	    (has_uuid ? !mig_layout_gpu_id_ok(m->gpu->uuid) : m->gpu->index < 0))
		return mig_fail(m->err, MIG_E_INVAL,
				"GPU %d: its UUID or its type cannot be written",
				m->gpu->index);
	gpu->index = has_uuid ? -1 : m->gpu->index;
	gpu->id = has_uuid ? mig_config_string(m->file->memory, m->gpu->uuid) : NULL;
	entry->gpus = gpu;
	entry->n_gpus = 1;
	entry->mig_enabled = m->gpu->mig_enabled;
	entry->gpu_type =
		m->gpu->gpu_type ? mig_config_string(m->file->memory, m->gpu->gpu_type) : NULL;
	if ((has_uuid && !gpu->id) || (m->gpu->gpu_type && !entry->gpu_type))
		return out_of_memory(m->err);
	return set_instances(m, entry);
}

static int set_machine(const struct maker *m, const struct mig_layout_machine *machine)
{
	if (mig_config_label_fault(machine->name))
		return mig_fail(m->err, MIG_E_INVAL, "the machine's name cannot be written: %s",
				mig_config_label_fault(machine->name));
	m->file->has_machine = true;
	m->file->machine.is_simulated = machine->is_simulated;
	m->file->machine.name = mig_config_string(m->file->memory, machine->name);
	return m->file->machine.name ? 0 : out_of_memory(m->err);
}

static int refuse_twins(const struct maker *m)
{
	const struct mig_layout_item *twins[2];
	int rc = mig_layout_file_twins(m->file, twins);

	if (rc < 0)
		return out_of_memory(m->err);
	return rc == 0 ? 0
		       : mig_fail(m->err, MIG_E_INVAL, "two instances are called \"%s\"",
				  twins[0]->name);
}

static int fill(struct maker *m, const struct mig_layout_machine *machine,
		const struct mig_layout_state *gpus, size_t n)
{
	struct mig_layout_entry *entries =
		mig_config_room(m->file->memory, n, sizeof(*entries));
	int rc = entries ? 0 : out_of_memory(m->err);

	if (rc == 0 && machine)
		rc = set_machine(m, machine);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		m->gpu = &gpus[i];
		rc = set_entry(m, &entries[i]);
	}
	m->file->entries = entries;
	m->file->n_entries = rc == 0 ? n : 0;
	return rc < 0 ? rc : refuse_twins(m);
}

int mig_layout_file_make(const struct mig_layout_machine *machine,
			 const struct mig_layout_state *gpus, size_t n,
			 struct mig_layout_file **ret, struct mig_error *err)
{
	struct maker m = { .err = err };
	int rc;

	if (n == 0)
		return mig_fail(err, MIG_E_INVAL, "no GPU here whose layout could be said");
	m.file = mig_layout_file_new("layout");
	rc = m.file ? fill(&m, machine, gpus, n) : out_of_memory(err);
	if (rc < 0) {
		mig_layout_file_free(m.file);
		return rc;
	}
	*ret = m.file;
	return 0;
}
