/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded GPUs as JSON. It is written by migctl alone, and read as if by anybody: a file that
 * was edited, or damaged, gives an error and never a half-read layout.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/record/record.h"
#include "shared/cleanup.h"
#include "shared/text.h"

enum { GPUS_MAX = 256, UNITS = MIG_UNITS_MAX };

/* A text of at most @len bytes with its end, of bytes that may be printed. */
static bool copy_text(char *dst, size_t len, const char *src)
{
	if (strlen(src) >= len)
		return false;
	for (const char *p = src; *p; p++) {
		if (*p < ' ' || *p > '~')
			return false;
	}
	text_copy(dst, len, src);
	return true;
}

static json_t *ci_json(const struct mig_record_ci *ci)
{
	json_t *o = json_pack("{s:i, s:s, s:i, s:s, s:I}", "id", ci->id, "profile", ci->profile,
			      "start", ci->start, "uuid", ci->uuid, "n_made",
			      (json_int_t)ci->n_made);

	if (*ci->name)
		json_object_set_new(o, "name", json_string(ci->name));
	return o;
}

static json_t *gi_json(const struct mig_record_gi *gi)
{
	json_t *cis = json_array();

	for (int i = 0; i < gi->n_cis; i++)
		json_array_append_new(cis, ci_json(&gi->cis[i]));
	return json_pack("{s:i, s:s, s:i, s:o}", "id", gi->id, "profile", gi->profile, "start",
			 gi->start, "compute_instances", cis);
}

static json_t *gpu_json(const struct mig_record_gpu *gpu)
{
	json_t *gis = json_array();

	for (int i = 0; i < gpu->n_gis; i++)
		json_array_append_new(gis, gi_json(&gpu->gis[i]));
	return json_pack("{s:s, s:s, s:b, s:o}", "uuid", gpu->uuid, "boot", gpu->boot,
			 "mig_mode", gpu->mode, "gpu_instances", gis);
}

json_t *record_gpus_json(const struct mig_record_gpu *gpus, int n)
{
	json_t *array = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(array, gpu_json(&gpus[i]));
	if (array && json_array_size(array) == (size_t)n)
		return array;
	json_decref(array);
	return NULL;
}

/* Each reader answers NULL, or what is wrong. */
static const char *ci_read(json_t *json, struct mig_record_ci *ret)
{
	const char *profile, *uuid, *name = "";
	json_int_t n_made;

	if (json_unpack(json, "{s:i, s:s, s:i, s:s, s:I, s?s !}", "id", &ret->id, "profile",
			&profile, "start", &ret->start, "uuid", &uuid, "n_made", &n_made,
			"name", &name) < 0)
		return "a compute instance wants id, profile, start, uuid, n_made and perhaps name";
	if (!copy_text(ret->profile, sizeof(ret->profile), profile) ||
	    !copy_text(ret->uuid, sizeof(ret->uuid), uuid) || ret->start < -1 ||
	    ret->start >= UNITS || n_made < 0 || ret->id < 0)
		return "a compute instance's profile, start, uuid or n_made cannot be";
	if (*name && !mig_instance_name_ok(name))
		return "a name that no instance may have";
	text_copy(ret->name, sizeof(ret->name), name);
	ret->n_made = (uint64_t)n_made;
	return NULL;
}

static const char *gi_read(json_t *json, struct mig_record_gi *ret)
{
	const char *profile, *wrong = NULL;
	json_t *cis;

	if (json_unpack(json, "{s:i, s:s, s:i, s:o !}", "id", &ret->id, "profile", &profile,
			"start", &ret->start, "compute_instances", &cis) < 0)
		return "a GPU instance wants id, profile, start and compute_instances";
	if (!copy_text(ret->profile, sizeof(ret->profile), profile) || ret->start < 0 ||
	    ret->start >= UNITS || ret->id < 0)
		return "a GPU instance's profile or start cannot be";
	if (!json_is_array(cis) || json_array_size(cis) > MIG_CIS_MAX)
		return "compute_instances is a list of eight at most";
	ret->n_cis = (int)json_array_size(cis);
	for (int i = 0; i < ret->n_cis && !wrong; i++)
		wrong = ci_read(json_array_get(cis, (size_t)i), &ret->cis[i]);
	return wrong;
}

static const char *gpu_read(json_t *json, struct mig_record_gpu *ret)
{
	const char *uuid, *boot, *wrong = NULL;
	json_t *gis;
	int mode;

	if (json_unpack(json, "{s:s, s:s, s:b, s:o !}", "uuid", &uuid, "boot", &boot,
			"mig_mode", &mode, "gpu_instances", &gis) < 0)
		return "a GPU wants uuid, boot, mig_mode and gpu_instances";
	if (!copy_text(ret->uuid, sizeof(ret->uuid), uuid) ||
	    !copy_text(ret->boot, sizeof(ret->boot), boot))
		return "a GPU's uuid or boot cannot be";
	if (!json_is_array(gis) || json_array_size(gis) > MIG_GIS_MAX)
		return "gpu_instances is a list of eight at most";
	ret->mode = (unsigned)mode;
	ret->n_gis = (int)json_array_size(gis);
	if (ret->n_gis && !mode)
		return "a GPU with MIG off has no instances";
	for (int i = 0; i < ret->n_gis && !wrong; i++)
		wrong = gi_read(json_array_get(gis, (size_t)i), &ret->gis[i]);
	return wrong;
}

int record_gpus_read(const json_t *array, struct mig_record_gpu **ret, struct mig_error *err)
{
	const size_t n = json_array_size(array);
	cleanup_free struct mig_record_gpu *gpus = NULL;

	if (!json_is_array(array) || n > GPUS_MAX)
		return mig_fail(err, MIG_E_SYNTAX, "the GPUs are a list of %d at most",
				GPUS_MAX);
	gpus = calloc(n + 1, sizeof(*gpus));
	if (!gpus)
		return mig_fail(err, MIG_E_NOMEM, "read %zu GPUs", n);
	for (size_t i = 0; i < n; i++) {
		const char *wrong = gpu_read(json_array_get(array, i), &gpus[i]);

		for (size_t k = 0; k < i && !wrong; k++)
			wrong = *gpus[i].uuid && strcmp(gpus[k].uuid, gpus[i].uuid) == 0
					? "a GPU stands twice"
					: NULL;
		if (wrong)
			return mig_fail(err, MIG_E_SYNTAX, "%s", wrong);
	}
	*ret = take(gpus);
	return (int)n;
}

json_t *record_machine_json(const struct mig_home *home)
{
	return json_pack("{s:s, s:s, s:s}", "kind",
			 home->is_simulated ? "simulated" : "hardware", "name", home->machine,
			 "id", home->id);
}

int record_machine_check(const json_t *machine, const struct mig_home *home,
			 struct mig_error *err)
{
	const char *kind, *name, *id;

	if (json_unpack((json_t *)machine, "{s:s, s:s, s:s}", "kind", &kind, "name", &name,
			"id", &id) < 0)
		return mig_fail(err, MIG_E_SYNTAX, "machine wants kind, name and id");
	if (strcmp(id, home->id) == 0 &&
	    strcmp(kind, home->is_simulated ? "simulated" : "hardware") == 0)
		return 0;
	return mig_fail(err, MIG_E_MACHINE, "it is of the %.20s machine %.40s, not of %s", kind,
			name, home->machine);
}
