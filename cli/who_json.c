/* SPDX-License-Identifier: Apache-2.0 */
/* migctl who --json */
#include "cli/who.h"

#include <string.h>

struct bit {
	unsigned bit;
	const char *word;
};

static const struct bit seen_words[] = {
	{ MIG_SEEN_DRIVER, "driver" },   { MIG_SEEN_FILE, "open_file" },
	{ MIG_SEEN_NAME, "name" },       { MIG_SEEN_CLAIM, "claim" },
	{ MIG_SEEN_KUBELET, "kubelet" }, { MIG_SEEN_SLURM, "slurm" },
	{ MIG_SEEN_KERNEL, "modules" },  { 0 },
};

static const struct bit blocks_words[] = {
	{ MIG_BLOCKS_INSTANCE, "instance_change" },
	{ MIG_BLOCKS_MODE, "mode_change" },
	{ 0 },
};

static json_t *words(const struct bit *bits, unsigned set)
{
	json_t *list = json_array();

	for (; bits->word; bits++) {
		if (set & bits->bit)
			json_array_append_new(list, json_string(bits->word));
	}
	return list;
}

static void set_text(json_t *o, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(o, key, json_string(text));
}

static void set_id(json_t *o, const char *key, int id)
{
	if (id >= 0)
		json_object_set_new(o, key, json_integer(id));
}

static json_t *holder_json(const struct mig_holder *h)
{
	json_t *o = json_pack("{s:s}", "kind", mig_holder_kind_name(h->kind));
	char text[512];

	set_id(o, "gi", h->gi);
	set_id(o, "ci", h->ci);
	set_text(o, "name", h->name);
	if (h->pid > 0)
		json_object_set_new(o, "pid", json_integer(h->pid));
	if (h->uid >= 0)
		json_object_set_new(o, "uid", json_integer(h->uid));
	set_text(o, "user", who_user(h, text, sizeof(text)));
	set_text(o, "container_id", h->from.container);
	set_text(o, "pod_uid", h->from.pod_uid);
	set_text(o, "pod", h->from.pod);
	set_text(o, "job", h->from.job);
	set_text(o, "unit", h->from.unit);
	json_object_set_new(o, "seen_by", words(seen_words, h->seen));
	json_object_set_new(o, "blocks", words(blocks_words, h->blocks));
	set_text(o, "remedy", mig_holder_remedy(h, text, sizeof(text)));
	return o;
}

/* Those of a place itself: of a GPU the ones of no instance, of a GI all within it. */
static json_t *holders_json(const struct who_report *r, int gpu, int gi)
{
	json_t *list = json_array();

	for (int i = 0; i < r->who->n; i++) {
		const struct mig_holder *h = &r->who->holders[i];

		if (h->gpu == gpu && h->gi == gi && who_wants(r, gpu, gi, h->ci))
			json_array_append_new(list, holder_json(h));
	}
	return list;
}

static json_t *instance_json(const struct who_report *r, const struct mig_gpu *gpu,
			     const struct mig_gi *gi)
{
	struct mig_holder blocking[MIG_HOLDERS_MAX];
	const int n =
		mig_who_blocking(r->who, gpu->index, gi->id, -1, MIG_BLOCKS_INSTANCE, blocking);
	json_t *o = json_pack("{s:i}", "gi", gi->id);
	json_t *devices = json_array();

	if (gi->profile >= 0)
		set_text(o, "profile", gpu->type->profiles[gi->profile].name);
	set_id(o, "start", gi->start);
	for (int k = 0; k < gi->n_cis; k++) {
		json_t *ci = json_pack("{s:i}", "ci", gi->cis[k].id);

		set_text(ci, "uuid", gi->cis[k].uuid);
		json_array_append_new(devices, ci);
	}
	json_object_set_new(o, "compute_instances", devices);
	json_object_set_new(o, "is_held", json_boolean(n > 0));
	json_object_set_new(o, "holders", holders_json(r, gpu->index, gi->id));
	return o;
}

static json_t *gpu_json(const struct who_report *r, const struct mig_gpu *gpu)
{
	struct mig_holder blocking[MIG_HOLDERS_MAX];
	json_t *instances, *o;

	if (gpu->is_lost) /* who holds it is not known */
		return json_pack("{s:i, s:i, s:b}", "gpu", gpu->index, "index", gpu->index,
				 "is_lost", 1);
	o = json_pack("{s:i, s:i, s:s}", "gpu", gpu->index, "index", gpu->index, "uuid",
		      gpu->uuid);
	instances = json_array();
	if (gpu->has_mig)
		json_object_set_new(o, "mig_mode", json_boolean(gpu->mode));
	json_object_set_new(o, "is_mode_blocked",
			    json_boolean(mig_who_blocking(r->who, gpu->index, -1, -1,
							  MIG_BLOCKS_MODE, blocking) > 0));
	for (int i = 0; i < gpu->n_gis; i++) {
		if (who_wants(r, gpu->index, gpu->gis[i].id, -1))
			json_array_append_new(instances, instance_json(r, gpu, &gpu->gis[i]));
	}
	json_object_set_new(o, "instances", instances);
	json_object_set_new(o, "holders", holders_json(r, gpu->index, -1));
	return o;
}

int who_print_json(struct cli *cli, const struct who_report *r, struct mig_error *err)
{
	json_t *doc = cli_document("migctl.who/v1", r->snap);
	json_t *gpus = json_array(), *unknowns = json_array();

	for (int i = 0; i < r->snap->n_gpus; i++) {
		if (who_wants(r, r->snap->gpus[i].index, -1, -1))
			json_array_append_new(gpus, gpu_json(r, &r->snap->gpus[i]));
	}
	for (int i = 0; i < r->who->n_unknowns; i++)
		json_array_append_new(unknowns,
				      json_pack("{s:s, s:s}", "what", r->who->unknowns[i].what,
						"why", r->who->unknowns[i].why));
	json_object_set_new(doc, "gpus", gpus);
	json_object_set_new(doc, "holders", holders_json(r, -1, -1));
	json_object_set_new(doc, "n_processes_hidden", json_integer(r->who->n_hidden));
	json_object_set_new(doc, "unknowns", unknowns);
	return cli_print_json(cli, doc, err);
}
