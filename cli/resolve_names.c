/* SPDX-License-Identifier: Apache-2.0 */
/* One device, by every name that it has anywhere. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/recorded.h"
#include "cli/resolve.h"
#include "shared/text.h"

#define CDI_KIND "nvidia.com/gpu="

/* Capability minors: the driver's table where it can be read, else the one that every driver
 * so far has had. Source: NVIDIA/open-gpu-kernel-modules 595.45.04, nv-caps.c. */
enum { MINOR_FIRST = 3, MINORS_A_GI = 1 + MIG_CAPS_CIS, GIS_A_GPU = MIG_CAPS_GIS };

int resolve_minor(const struct resolver *r, int gpu_minor, int gi, int ci)
{
	if (gpu_minor < 0 || gpu_minor >= MIG_CAPS_GPUS || gi < 0 || gi >= GIS_A_GPU)
		return -1;
	if (r->has_caps)
		return mig_caps_minor(&r->caps, gpu_minor, gi, ci);
	return MINOR_FIRST + (gpu_minor * GIS_A_GPU + gi) * MINORS_A_GI + (ci < 0 ? 0 : 1 + ci);
}

static const struct table_column columns[] = {
	{ "name", "NAME", TABLE_STRING },
	{ "value", "VALUE", TABLE_STRING },
};

static void begin(struct resolver *r)
{
	char line[256];

	if (r->matches) {
		json_array_append_new(r->matches, json_object());
		return;
	}
	if (r->n == 0)
		puts(cli_machine_line(&r->snap, line, sizeof(line)));
	r->table = table_new(columns, 2);
}

static void end(struct resolver *r)
{
	r->n++;
	if (r->matches)
		return;
	putchar('\n');
	table_print(stdout, &r->table);
	table_free(&r->table);
}

static json_t *current(struct resolver *r)
{
	return json_array_get(r->matches, json_array_size(r->matches) - 1);
}

static void name_text(struct resolver *r, const char *key, const char *fmt, ...)
	MIG_PRINTF(3, 4);
static void name_text(struct resolver *r, const char *key, const char *fmt, ...)
{
	char value[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (r->matches) {
		json_object_set_new(current(r), key, json_string(value));
		return;
	}
	table_cell(&r->table, "%s", key);
	table_cell(&r->table, "%s", value);
}

/* What is not known (-1) has no line. */
static void name_number(struct resolver *r, const char *key, int value)
{
	if (value < 0)
		return;
	if (r->matches) {
		json_object_set_new(current(r), key, json_integer(value));
		return;
	}
	table_cell(&r->table, "%s", key);
	table_cell(&r->table, "%d", value);
}

/* Slurm's AutoDetect makes it of NVML's name. */
char *resolve_slurm_type(const struct mig_gpu *gpu, const char *profile, char *buf, size_t len)
{
	snprintf(buf, len, "%s%s%s", gpu->name, *profile ? "_" : "", profile);
	for (char *p = buf; *p; p++)
		*p = *p == ' ' ? '_' : (char)tolower((unsigned char)*p);
	return buf;
}

static const char *gi_profile(const struct mig_gpu *gpu, const struct mig_gi *gi)
{
	return gpu->type && gi->profile >= 0 ? gpu->type->profiles[gi->profile].name : "";
}

const char *resolve_profile(const struct mig_gpu *gpu, const struct mig_gi *gi,
			    const struct mig_ci *ci)
{
	if (!gpu->type || gi->profile < 0 || ci->profile < 0)
		return "";
	return gpu->type->profiles[gi->profile].ci[ci->profile].name;
}

static void name_gpu(struct resolver *r, const struct mig_gpu *gpu)
{
	name_number(r, "gpu", gpu->index);
	name_text(r, "gpu_uuid", "%s", gpu->uuid);
	name_text(r, "gpu_name", "%s", gpu->name);
	name_text(r, "pci_bus_id", "%s", gpu->bus_id);
	if (gpu->minor >= 0)
		name_text(r, "gpu_node", "/dev/nvidia%d", gpu->minor);
}

static void name_node(struct resolver *r, const char *minor_key, const char *node_key,
		      int minor_number)
{
	if (minor_number < 0)
		return;
	name_number(r, minor_key, minor_number);
	name_text(r, node_key, "/dev/nvidia-caps/nvidia-cap%d", minor_number);
}

static void name_gi(struct resolver *r, const struct mig_gpu *gpu, const struct mig_gi *gi)
{
	name_number(r, "gi", gi->id);
	if (*gi_profile(gpu, gi) && gi->start >= 0)
		name_text(r, "place", "%d:%s@%d", gpu->index, gi_profile(gpu, gi), gi->start);
	name_node(r, "gi_minor", "gi_node", resolve_minor(r, gpu->minor, gi->id, -1));
}

/* "3g.40gb@4 (team-a/llm) until change 12, 2026-11-27 23:40:01 UTC" */
const char *resolve_gone_text(const struct mig_record_gone *gone, char *buf, size_t len)
{
	char when[32];

	snprintf(buf, len, "%s@%d%s%s%s until change %llu, %s", gone->ci_profile,
		 gone->gi_start, *gone->name ? " (" : "", gone->name, *gone->name ? ")" : "",
		 (unsigned long long)gone->change,
		 recorded_time(gone->time_s, when, sizeof(when)));
	return buf;
}

/* Its stable name; and where its UUID meant another instance before, which: who wrote it down
 * then means that one. */
static void name_recorded(struct resolver *r, const struct mig_gpu *gpu,
			  const struct mig_gi *gi, const struct mig_ci *ci)
{
	const struct mig_ref ref = { gpu->index, (int)(gi - gpu->gis), (int)(ci - gi->cis) };
	const struct mig_record_gone *gone;
	const struct mig_record_ci *rec;
	enum mig_record_knows knows;
	char text[320];

	if (!r->home)
		return;
	knows = mig_record_look(&r->rec, r->home, &r->snap, &ref, &rec);
	if (knows == MIG_RECORD_MADE && *rec->name)
		name_text(r, "instance_name", "%s", rec->name);
	if (knows == MIG_RECORD_STALE && *rec->name)
		name_text(r, "stale_name", "%s, given to %s", rec->name, rec->profile);
	gone = *ci->uuid ? mig_record_was(&r->rec, ci->uuid) : NULL;
	if (gone && (gone->gi_start != gi->start || gone->ci_start != ci->start ||
		     strcmp(gone->gi_profile, gi_profile(gpu, gi)) != 0 ||
		     strcmp(gone->ci_profile, resolve_profile(gpu, gi, ci)) != 0))
		name_text(r, "uuid_stale_for", "%s",
			  resolve_gone_text(gone, text, sizeof(text)));
}

static void name_ci(struct resolver *r, const struct mig_gpu *gpu, const struct mig_gi *gi,
		    const struct mig_ci *ci)
{
	char type[MIG_NAME_MAX * 2];

	name_number(r, "ci", ci->id);
	name_node(r, "ci_minor", "ci_node", resolve_minor(r, gpu->minor, gi->id, ci->id));
	name_text(r, "ids", "%d/%d/%d", gpu->index, gi->id, ci->id);
	if (*resolve_profile(gpu, gi, ci))
		name_text(r, "profile", "%s", resolve_profile(gpu, gi, ci));
	if (*ci->uuid)
		name_text(r, "uuid", "%s", ci->uuid);
	name_recorded(r, gpu, gi, ci);
	name_text(r, "uuid_r450", "MIG-%s/%d/%d", gpu->uuid, gi->id, ci->id);
	if (ci->index >= 0) {
		name_text(r, "index", "%d:%d", gpu->index, ci->index);
		name_text(r, "cdi_index", CDI_KIND "%d:%d", gpu->index, ci->index);
	}
	if (*ci->uuid) {
		name_text(r, "cdi_uuid", CDI_KIND "%s", ci->uuid);
		name_text(r, "kubelet_id", "%s", ci->uuid);
	}
	if (*resolve_profile(gpu, gi, ci))
		name_text(r, "slurm_type", "%s",
			  resolve_slurm_type(gpu, resolve_profile(gpu, gi, ci), type,
					     sizeof(type)));
}

static void say_whole(struct resolver *r, const struct mig_gpu *gpu)
{
	char type[MIG_NAME_MAX * 2];

	begin(r);
	name_gpu(r, gpu);
	name_text(r, "cdi_index", CDI_KIND "%d", gpu->index);
	name_text(r, "cdi_uuid", CDI_KIND "%s", gpu->uuid);
	if (gpu->mode == 0) { /* else the plugins hand out its MIG devices */
		name_text(r, "kubelet_id", "%s", gpu->uuid);
		name_text(r, "slurm_type", "%s",
			  resolve_slurm_type(gpu, "", type, sizeof(type)));
	}
	end(r);
}

/* @ci < 0: all of the GPU instance. */
void resolve_say(struct resolver *r, const struct mig_ref *ref)
{
	const struct mig_gpu *gpu = &r->snap.gpus[ref->gpu];
	const struct mig_gi *gi = ref->gi < 0 ? NULL : &gpu->gis[ref->gi];

	if (!gi) {
		say_whole(r, gpu);
		return;
	}
	for (int c = 0; c < gi->n_cis; c++) {
		if (ref->ci >= 0 && ref->ci != c)
			continue;
		begin(r);
		name_gpu(r, gpu);
		name_gi(r, gpu, gi);
		name_ci(r, gpu, gi, &gi->cis[c]);
		end(r);
	}
	if (gi->n_cis > 0)
		return;
	begin(r);
	name_gpu(r, gpu);
	name_gi(r, gpu, gi);
	end(r);
}
