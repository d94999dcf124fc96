/* SPDX-License-Identifier: Apache-2.0 */
/* What kubelet has allocated, as migctl-pod-resources prints it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/who/who.h"
#include "shared/text.h"

static const char *const what = "allocations of kubelet";

struct pod {
	struct who *w;
	const char *namespace_, *name;
	int n; /* allocations of all pods so far */
};

static const char *member(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static void add_pod(struct pod *pod, const struct mig_ref *ref)
{
	struct mig_holder h = { .uid = -1,
				.kind = MIG_HOLDER_POD,
				.seen = MIG_SEEN_KUBELET,
				.from.kind = MIG_HOLDER_POD };

	who_place(pod->w->snap, ref, &h);
	h.blocks = who_blocks(h.kind, h.gi);
	snprintf(h.from.pod, sizeof(h.from.pod), "%s/%s", pod->namespace_, pod->name);
	who_printable(h.from.pod);
	text_copy(h.name, sizeof(h.name), pod->name);
	who_printable(h.name);
	who_add(pod->w, &h);
}

static bool is_counted(struct pod *pod)
{
	if (pod->n++ < WHO_ALLOCATIONS_MAX)
		return true;
	if (pod->n == WHO_ALLOCATIONS_MAX + 1)
		who_unknown(pod->w, what, "there are more than %d", WHO_ALLOCATIONS_MAX);
	return false;
}

static void not_here(struct pod *pod, const char *device, const char *of)
{
	who_unknown(pod->w, what,
		    "pod %.63s/%.63s has \"%.60s\" of %.60s, which is nothing here",
		    pod->namespace_, pod->name, device, of);
}

/* An id is a UUID, or "UUID::3" where a device is shared; with --device-id-strategy=index an index.
 * A resource that is not the plugin's may call its devices anything. */
static void add_device(struct pod *pod, const char *resource, const char *id)
{
	const bool is_nvidia = strncmp(resource, "nvidia.com/", 11) == 0;
	const bool is_uuid = strncmp(id, "MIG-", 4) == 0 || strncmp(id, "GPU-", 4) == 0;
	const char *end = strstr(id, "::");
	char name[MIG_UUID_MAX];
	struct mig_ref ref;

	if ((!is_nvidia && !is_uuid) || !is_counted(pod))
		return;
	snprintf(name, sizeof(name), "%.*s", end ? (int)(end - id) : (int)strlen(id), id);
	if (who_ref(pod->w->snap, name, &ref))
		add_pod(pod, &ref);
	else if (is_nvidia)
		not_here(pod, id, resource);
}

static const struct mig_gpu *find_minor(const struct mig_snapshot *snap, uint64_t minor,
					int *ret)
{
	for (int g = 0; g < snap->n_gpus; g++) {
		if (snap->gpus[g].minor >= 0 && (uint64_t)snap->gpus[g].minor == minor) {
			*ret = g;
			return &snap->gpus[g];
		}
	}
	return NULL;
}

/* "gpu-0", "gpu-0-mig-1g5gb-19-0": GPU minor, profile (which may have a dash), its id, start. */
static bool find_dra(const struct mig_snapshot *snap, const char *name, struct mig_ref *ret)
{
	char parts[64], *start_at, *id_at;
	uint64_t minor, id, start;
	const struct mig_gpu *gpu;
	const char *rest;

	if (strncmp(name, "gpu-", 4) != 0 || strlen(name) >= sizeof(parts))
		return false;
	text_copy(parts, sizeof(parts), name + 4);
	rest = parts + strcspn(parts, "-");
	id_at = start_at = NULL;
	if (*rest) {
		start_at = strrchr(parts, '-');
		*start_at = '\0';
		id_at = strrchr(parts, '-');
		if (!id_at || strncmp(rest, "-mig-", 5) != 0 || id_at <= rest + 4 ||
		    !text_parse_u64(start_at + 1, &start) || !text_parse_u64(id_at + 1, &id))
			return false;
		parts[rest - parts] = '\0';
	}
	*ret = (struct mig_ref){ -1, -1, -1 };
	if (!text_parse_u64(parts, &minor))
		return false;
	gpu = find_minor(snap, minor, &ret->gpu);
	for (int i = 0; gpu && id_at && i < gpu->n_gis; i++) {
		const struct mig_gi *gi = &gpu->gis[i];

		if (gi->profile >= 0 && gi->start >= 0 && (uint64_t)gi->start == start &&
		    (uint64_t)gpu->type->profiles[gi->profile].id == id)
			ret->gi = i;
	}
	return gpu && (!id_at || ret->gi >= 0);
}

static void add_claimed(struct pod *pod, const json_t *device)
{
	const char *driver = member(device, "driver"), *name = member(device, "device");
	struct mig_ref ref;

	if (strcmp(driver, "gpu.nvidia.com") != 0 || !is_counted(pod))
		return;
	if (find_dra(pod->w->snap, name, &ref) || who_ref(pod->w->snap, name, &ref))
		add_pod(pod, &ref);
	else
		not_here(pod, name, driver);
}

static void read_container(struct pod *pod, const json_t *container)
{
	const json_t *devices = json_object_get(container, "devices");
	const json_t *claims = json_object_get(container, "claims");

	for (size_t i = 0; i < json_array_size(devices); i++) {
		const json_t *device = json_array_get(devices, i);
		const json_t *ids = json_object_get(device, "ids");
		const char *resource = json_string_value(json_object_get(device, "resource"));

		for (size_t k = 0; resource && k < json_array_size(ids); k++) {
			const char *id = json_string_value(json_array_get(ids, k));

			if (id)
				add_device(pod, resource, id);
		}
	}
	for (size_t i = 0; i < json_array_size(claims); i++) {
		const json_t *claimed = json_object_get(json_array_get(claims, i), "devices");

		for (size_t k = 0; k < json_array_size(claimed); k++)
			add_claimed(pod, json_array_get(claimed, k));
	}
}

void who_kubelet(struct who *w)
{
	const struct mig_who_answer *answer = &w->opt->kubelet;
	struct pod pod = { .w = w };
	json_error_t why;
	json_t *doc, *pods;

	if (answer->why)
		who_unknown(w, what, "%s", answer->why);
	if (!answer->text)
		return;
	doc = json_loads(answer->text, JSON_REJECT_DUPLICATES, &why);
	pods = json_object_get(doc, "pods");
	if (!json_is_array(pods))
		who_unknown(w, what, "the answer cannot be read: %s",
			    doc ? "there are no \"pods\" in it" : why.text);
	for (size_t i = 0; i < json_array_size(pods); i++) {
		const json_t *o = json_array_get(pods, i);
		const json_t *containers = json_object_get(o, "containers");

		pod.namespace_ = member(o, "namespace");
		pod.name = member(o, "name");
		for (size_t k = 0; k < json_array_size(containers); k++)
			read_container(&pod, json_array_get(containers, k));
	}
	json_decref(doc);
}
