/* SPDX-License-Identifier: Apache-2.0 */
/* migctl status - the machine now: a picture of each GPU and what stands on it. */
#include <stdio.h>
#include <string.h>

#include <mig/geometry.h>

#include "cli/home.h"
#include "cli/verb.h"
#include "shared/table.h"
#include "shared/text.h"

enum { DETAILED_GPUS = 2 }; /* so many are listed device by device without being asked */

static const struct table_column columns[] = {
	{ "index", "DEVICE", TABLE_STRING },  { "instance", "INSTANCE", TABLE_STRING },
	{ "gi", "GI", TABLE_NUMBER },         { "ci", "CI", TABLE_NUMBER },
	{ "memory", "MEMORY", TABLE_STRING }, { "uuid", "UUID", TABLE_STRING },
	{ "name", "NAME", TABLE_STRING }, /* the last: shown where there are any */
};

/* What is looked at: the machine, and what is on record of it. */
struct view {
	struct mig_snapshot snap;
	const struct mig_home *home;
	struct mig_record rec;
	char unfinished[512]; /* "": no change is */
};

/* The stable name of a compute instance, or "". */
static const char *name_of(const struct view *v, const struct mig_gpu *gpu,
			   const struct mig_gi *gi, const struct mig_ci *ci)
{
	const struct mig_ref ref = { gpu->index, (int)(gi - gpu->gis), (int)(ci - gi->cis) };
	const struct mig_record_ci *rec;

	if (mig_record_look(&v->rec, v->home, &v->snap, &ref, &rec) != MIG_RECORD_MADE)
		return "";
	return rec->name;
}

static bool has_names(const struct view *v, const struct mig_gpu *gpu)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		for (int k = 0; k < gpu->gis[i].n_cis; k++) {
			if (*name_of(v, gpu, &gpu->gis[i], &gpu->gis[i].cis[k]))
				return true;
		}
	}
	return false;
}

static const char *mode_text(const struct mig_gpu *gpu)
{
	if (!gpu->has_mig)
		return "no MIG";
	if (gpu->mode != gpu->mode_pending)
		return gpu->mode ? "MIG on, off after a reset" : "MIG off, on after a reset";
	return gpu->mode ? "MIG on" : "MIG off";
}

/* One line, whatever is asked: there is no more to tell. */
static void print_lost(const struct mig_gpu *gpu)
{
	struct mig_error why;

	if (mig_gpu_check_lost(gpu, &why) < 0)
		printf("GPU %d  lost: %s\n", gpu->index, strchr(why.msg, ':') + 2);
}

static void print_title(const struct mig_gpu *gpu)
{
	char used[32], total[32];

	printf("GPU %d  %s  %s  ", gpu->index, gpu->name, mode_text(gpu));
	if (gpu->mem_total_bytes)
		printf("%s of %s used", text_bytes(gpu->mem_used_bytes, used, sizeof(used)),
		       text_bytes(gpu->mem_total_bytes, total, sizeof(total)));
	else
		printf("memory unknown (needs root or the monitor capability)");
	printf("  %s\n", gpu->uuid);
}

static void instance_name(const struct mig_gpu *gpu, const struct mig_gi *gi,
			  const struct mig_ci *ci, char *buf, size_t len)
{
	const struct mig_profile *p =
		gi->profile >= 0 ? &gpu->type->profiles[gi->profile] : NULL;

	buf[0] = '\0';
	if (!p)
		text_append(buf, len, "unknown profile");
	else
		text_append(buf, len, "%s",
			    ci && ci->profile >= 0 ? p->ci[ci->profile].name : p->name);
	if (gi->start >= 0)
		text_append(buf, len, "@%d", gi->start);
}

static void memory_cell(struct table *t, const struct mig_gi *gi)
{
	char used[32], total[32];

	if (gi->mem_total_bytes)
		table_cell(t, "%s of %s", text_bytes(gi->mem_used_bytes, used, sizeof(used)),
			   text_bytes(gi->mem_total_bytes, total, sizeof(total)));
	else
		table_unknown(t);
}

static void add_device(const struct view *v, struct table *t, const struct mig_gpu *gpu,
		       const struct mig_gi *gi, const struct mig_ci *ci)
{
	char name[2 * MIG_NAME_MAX];

	instance_name(gpu, gi, ci, name, sizeof(name));
	if (ci && ci->index >= 0)
		table_cell(t, "%d:%d", gpu->index, ci->index);
	else
		table_unknown(t);
	table_cell(t, "%s", name);
	table_cell(t, "%d", gi->id);
	if (ci)
		table_cell(t, "%d", ci->id);
	else
		table_unknown(t);
	memory_cell(t, gi);
	if (ci && *ci->uuid)
		table_cell(t, "%s", ci->uuid);
	else
		table_cell(t, "%s", ci ? "unknown" : "none: no compute instance in it");
	if (t->n_columns < sizeof(columns) / sizeof(columns[0]))
		return;
	if (ci && *name_of(v, gpu, gi, ci))
		table_cell(t, "%s", name_of(v, gpu, gi, ci));
	else
		table_unknown(t);
}

static void print_devices(const struct view *v, const struct mig_gpu *gpu)
{
	struct table t =
		table_new(columns, sizeof(columns) / sizeof(columns[0]) - !has_names(v, gpu));

	for (int i = 0; i < gpu->n_gis; i++) {
		const struct mig_gi *gi = &gpu->gis[i];

		for (int k = 0; k < gi->n_cis; k++)
			add_device(v, &t, gpu, gi, &gi->cis[k]);
		if (gi->n_cis == 0)
			add_device(v, &t, gpu, gi, NULL);
	}
	if (t.n_cells)
		table_print(stdout, &t);
	table_free(&t);
}

/* A GI's name in the picture, where it is more than its profile: how it is split. */
static const char *picture_label(const struct mig_gpu *gpu, const struct mig_gi *gi, char *buf,
				 size_t len)
{
	const struct mig_profile *p = &gpu->type->profiles[gi->profile];
	const int first = gi->n_cis ? gi->cis[0].profile : -1;

	if (gi->n_cis == 1 && (first < 0 || p->ci[first].is_default))
		return NULL;
	text_copy(buf, len, p->name);
	if (gi->n_cis == 0)
		text_append(buf, len, " no CI");
	else
		text_append(buf, len, " %d CI%s", gi->n_cis, gi->n_cis == 1 ? "" : "s");
	return buf;
}

static void print_picture(const struct mig_gpu *gpu, bool is_line)
{
	char buf[MIG_PICTURE_BYTES], names[MIG_UNITS_MAX][MIG_NAME_MAX + 16];
	const char *labels[MIG_UNITS_MAX] = { NULL };
	const struct mig_picture pic = { .is_unicode = cli_is_unicode(),
					 .is_line = is_line,
					 .labels = labels };
	struct mig_layout lay;

	if (!gpu->has_mig || !gpu->mode || !gpu->type)
		return;
	if (gpu->is_partial) {
		puts("places unknown (needs root or the config capability); MIG devices:");
		return;
	}
	lay = mig_gpu_layout(gpu);
	for (int s = 0; s < lay.n_slots; s++) {
		for (int i = 0; i < gpu->n_gis; i++) {
			if (gpu->gis[i].start != lay.slots[s].start || gpu->gis[i].profile < 0)
				continue;
			labels[s] =
				picture_label(gpu, &gpu->gis[i], names[s], sizeof(names[s]));
		}
	}
	fputs(mig_layout_draw(&lay, &pic, buf, sizeof(buf)), stdout);
}

/* What a reboot took is wanted still. */
static void print_missing(const struct view *v, const struct mig_gpu *gpu)
{
	const int n = v->home ? mig_record_missing(&v->rec, v->home, gpu) : 0;

	if (n)
		printf("%d GPU instance%s on record went with a reboot; 'migctl restore' brings "
		       "%s back\n",
		       n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
}

static void print_gpu(const struct view *v, const struct mig_gpu *gpu, bool is_detailed)
{
	if (gpu->is_lost) {
		print_lost(gpu);
		return;
	}
	print_title(gpu);
	print_missing(v, gpu);
	print_picture(gpu, !is_detailed);
	if (is_detailed || gpu->is_partial)
		print_devices(v, gpu);
}

static int count_devices(const struct mig_snapshot *snap)
{
	int n = 0;

	for (int g = 0; g < snap->n_gpus; g++) {
		for (int i = 0; i < snap->gpus[g].n_gis; i++)
			n += snap->gpus[g].gis[i].n_cis;
	}
	return n;
}

static void print_text(const struct cli *cli, const struct view *v, int only)
{
	const struct mig_snapshot *snap = &v->snap;
	const bool is_detailed =
		only >= 0 || snap->n_gpus <= DETAILED_GPUS || cli_option(cli, "long") != NULL;
	char line[256];
	int n = count_devices(snap);

	puts(cli_machine_line(snap, line, sizeof(line)));
	if (*v->unfinished)
		printf("unfinished: %s\n", v->unfinished);
	for (int i = 0; i < snap->n_gpus; i++) {
		if (only >= 0 && only != i)
			continue;
		if (is_detailed)
			putchar('\n');
		print_gpu(v, &snap->gpus[i], is_detailed);
	}
	if (snap->n_gpus == 0)
		puts("The driver is there and shows no GPU.");
	if (!is_detailed && n)
		printf("%d MIG device%s; 'migctl status --long' lists %s.\n", n,
		       n == 1 ? "" : "s", n == 1 ? "it" : "them");
}

static json_t *json_ci(const struct view *v, const struct mig_gpu *gpu, const struct mig_gi *gi,
		       const struct mig_ci *ci)
{
	const char *name = name_of(v, gpu, gi, ci);
	json_t *o = json_pack("{s:i}", "ci", ci->id);

	if (gi->profile >= 0 && ci->profile >= 0)
		json_object_set_new(
			o, "profile",
			json_string(gpu->type->profiles[gi->profile].ci[ci->profile].name));
	if (ci->start >= 0) {
		json_object_set_new(o, "start", json_integer(ci->start));
		json_object_set_new(o, "size", json_integer(ci->size));
	}
	if (ci->index >= 0)
		json_object_set_new(o, "index", json_integer(ci->index));
	if (*ci->uuid)
		json_object_set_new(o, "uuid", json_string(ci->uuid));
	if (*name)
		json_object_set_new(o, "name", json_string(name));
	return o;
}

static void json_memory(json_t *o, uint64_t total, uint64_t used)
{
	if (!total)
		return;
	json_object_set_new(o, "mem_total_bytes", json_integer((json_int_t)total));
	json_object_set_new(o, "mem_used_bytes", json_integer((json_int_t)used));
}

static json_t *json_gi(const struct view *v, const struct mig_gpu *gpu, const struct mig_gi *gi)
{
	json_t *o = json_pack("{s:i}", "gi", gi->id);
	json_t *cis = json_array();

	if (gi->profile >= 0) {
		const struct mig_profile *p = &gpu->type->profiles[gi->profile];

		json_object_set_new(o, "profile", json_string(p->name));
		json_object_set_new(o, "profile_id", json_integer(p->id));
		json_object_set_new(o, "size", json_integer(p->size));
	}
	if (gi->start >= 0)
		json_object_set_new(o, "start", json_integer(gi->start));
	json_memory(o, gi->mem_total_bytes, gi->mem_used_bytes);
	for (int i = 0; i < gi->n_cis; i++)
		json_array_append_new(cis, json_ci(v, gpu, gi, &gi->cis[i]));
	json_object_set_new(o, "compute_instances", cis);
	return o;
}

static json_t *json_lost(const struct mig_gpu *gpu)
{
	struct mig_error why = { 0 };

	if (mig_gpu_check_lost(gpu, &why) == 0)
		return NULL;
	return json_pack("{s:i, s:i, s:b, s:i, s:s}", "gpu", gpu->index, "index", gpu->index,
			 "is_lost", 1, "nvml_error", gpu->lost_code, "text", why.msg);
}

static json_t *json_gpu(const struct view *v, const struct mig_gpu *gpu)
{
	json_t *gis = json_array();
	json_t *o = json_pack("{s:i, s:i, s:s, s:s, s:s, s:b}", "gpu", gpu->index, "index",
			      gpu->index, "uuid", gpu->uuid, "name", gpu->name, "pci_bus_id",
			      gpu->bus_id, "mig_capable", gpu->has_mig);

	if (gpu->type) {
		json_object_set_new(o, "gpu_type", json_string(gpu->type->key));
		json_object_set_new(o, "profiles_basis",
				    json_string(cli_basis(&v->snap, gpu->type->basis)));
		json_object_set_new(o, "placement_units", json_integer(gpu->type->units));
	}
	if (*gpu->serial)
		json_object_set_new(o, "serial", json_string(gpu->serial));
	if (gpu->minor >= 0)
		json_object_set_new(o, "minor", json_integer(gpu->minor));
	if (gpu->has_mig) {
		json_object_set_new(o, "mig_mode", json_boolean(gpu->mode));
		json_object_set_new(o, "mig_mode_pending", json_boolean(gpu->mode_pending));
	}
	json_memory(o, gpu->mem_total_bytes, gpu->mem_used_bytes);
	json_object_set_new(o, "is_partial", json_boolean(gpu->is_partial));
	json_object_set_new(o, "is_lost", json_false());
	if (v->home && mig_record_missing(&v->rec, v->home, gpu))
		json_object_set_new(o, "n_missing",
				    json_integer(mig_record_missing(&v->rec, v->home, gpu)));
	for (int i = 0; i < gpu->n_gis; i++)
		json_array_append_new(gis, json_gi(v, gpu, &gpu->gis[i]));
	json_object_set_new(o, "gpu_instances", gis);
	return o;
}

static int print_json(struct cli *cli, const struct view *v, int only, struct mig_error *err)
{
	const struct mig_snapshot *snap = &v->snap;
	json_t *doc = cli_document("migctl.status/v1", snap);
	json_t *gpus = json_array();

	for (int i = 0; i < snap->n_gpus; i++) {
		if (only < 0 || only == i)
			json_array_append_new(gpus, snap->gpus[i].is_lost
							    ? json_lost(&snap->gpus[i])
							    : json_gpu(v, &snap->gpus[i]));
	}
	if (*v->unfinished)
		json_object_set_new(doc, "unfinished", json_string(v->unfinished));
	json_object_set_new(doc, "gpus", gpus);
	return cli_print_json(cli, doc, err);
}

/* What is on record adds to what the driver tells; without it the rest is shown all the same. */
static void look_up(struct cli *cli, struct view *v)
{
	struct mig_error err;
	int rc = cli_home(cli, &v->snap, &v->home, &err);

	if (rc == 0)
		rc = mig_record_read_names(v->home, &v->rec, &err);
	if (rc < 0)
		fprintf(stderr, "migctl: names, and what a reboot took, are unknown: %s\n",
			err.msg);
	if (v->home)
		(void)cli_unfinished(cli, &v->snap, v->unfinished, sizeof(v->unfinished));
}

static int run(struct cli *cli, struct mig_error *err)
{
	struct view v = { 0 };
	int only = -1, rc;

	rc = cli_machine(cli, &v.snap, err);
	if (rc < 0)
		return rc;
	look_up(cli, &v);
	if (cli->argc == 1)
		rc = cli_gpu(&v.snap, cli->argv[0], &only, err);
	if (rc == 0 && cli->is_json)
		rc = print_json(cli, &v, only, err);
	else if (rc == 0)
		print_text(cli, &v, only);
	mig_record_free(&v.rec);
	mig_snapshot_free(&v.snap);
	return rc;
}

static const struct option options[] = {
	{ "long", 'l', NULL, "list every MIG device with its UUID" },
	{ 0 },
};

extern const struct verb verb_status;
const struct verb verb_status = {
	.name = "status",
	.operands = "[GPU]",
	.summary = "show each GPU, how it is cut, and its MIG devices",
	.text = "Draws every GPU in its placement units with the instances that stand on it, "
		"and lists the MIG devices with ids, memory and UUID: of one GPU when it is "
		"named, of all with --long or where there are few.\n\n"
		"Without privilege the driver does not tell GPU instances; then the list is "
		"made from the MIG devices, and places are shown as unknown. A GPU that the "
		"driver cannot reach is lost: of it the index is known, and nothing else.\n\n"
		"GPU instances that are on record and went with a reboot are counted (n_missing in "
		"JSON): migctl-restore(1) brings them back.",
	.example = "  migctl status\n  migctl status 0\n  migctl --sim 2xA100-SXM4-80GB status "
		   "--json\n",
	.options = options,
	.flags = VERB_BRIEF,
	.max_operands = 1,
	.run = run,
};
