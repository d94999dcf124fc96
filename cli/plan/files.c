/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <mig/config.h>

#include "cli/plan/place.h"
#include "cli/plan/print.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"

/* How many of the places from @from on are of one node. */
static size_t node_end(const struct places *p, size_t from)
{
	size_t end = from;

	while (end < p->n && strcmp(p->places[end].node, p->places[from].node) == 0)
		end++;
	return end;
}

static int check_node(const struct places *p, size_t from, size_t end, struct mig_error *err)
{
	if (end - from <= NODE_GPUS_MAX)
		return 0;
	return mig_fail(err, MIG_E_INVAL, "%zu GPUs are more than one node has%s", end - from,
			*p->places[from].node ? ""
					      : "; say how many are in each: "
						"--gpus-per-node N");
}

static int layout_text(const struct task *task, const struct places *p, size_t from, size_t end,
		       char **ret, struct mig_error *err)
{
	const struct fleet *fleet = task->fleet;
	const struct mig_layout_machine here = { fleet->snap.is_simulated,
						 fleet->snap.machine };
	struct mig_layout_state states[NODE_GPUS_MAX] = { 0 };
	struct mig_layout_file *file;
	int rc = check_node(p, from, end, err);

	for (size_t i = from; i < end && rc == 0; i++) {
		const struct place *place = &p->places[i];

		states[i - from] = (struct mig_layout_state){
			.index = place->index,
			.uuid = fleet->is_current ? fleet->snap.gpus[place->gpu].uuid : NULL,
			.gpu_type = place->group->layout.type->key,
			.mig_enabled = true,
			.request = &place->request,
			.names = &place->names,
		};
	}
	if (rc == 0)
		rc = mig_layout_file_make(fleet->is_current ? &here : NULL, states, end - from,
					  &file, err);
	if (rc < 0)
		return rc;
	rc = mig_layout_file_write(file, MIG_CONFIG_YAML, ret, err);
	mig_layout_file_free(file);
	return rc;
}

static int write_text(const struct task *task, const char *path, const char *body,
		      struct mig_error *err)
{
	struct text t = { 0 };
	char line[256];
	int rc;

	text_add(&t, "# %s\n%s", plan_title(task->fleet, line, sizeof(line)), body);
	rc = t.is_short ? mig_fail(err, MIG_E_NOMEM, "write %s", path)
			: mig_file_replace(path, t.s, t.len, err);
	text_free(&t);
	return rc;
}

static int write_layouts(const struct task *task, const struct places *p, const char *path,
			 struct mig_error *err)
{
	const bool is_many = node_end(p, 0) < p->n;
	struct stat st;

	if (p->n == 0)
		return mig_fail(err, MIG_E_INVAL, "--layout: the plan needs no GPU");
	if (is_many && (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
		return mig_fail(err, MIG_E_INVAL,
				"--layout %s: the plan has several nodes, and a layout file is "
				"of one; name a folder that is there",
				path);
	for (size_t from = 0, end; from < p->n; from = end) {
		cleanup_free char *text = NULL;
		char file[4096];
		int rc;

		end = node_end(p, from);
		snprintf(file, sizeof(file), is_many ? "%s/%s.yaml" : "%s", path,
			 p->places[from].node);
		rc = layout_text(task, p, from, end, &text, err);
		if (rc == 0)
			rc = write_text(task, file, text, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int files_layout(const struct task *task, const struct seats *seats, const char *path,
		 struct mig_error *err)
{
	struct places places = { 0 };
	int rc = places_make(task, seats, &places, err);

	if (rc == 0)
		rc = write_layouts(task, &places, path, err);
	places_free(&places);
	return rc;
}

/* One node as a config of one label, and the label as it is written. */
struct node_config {
	struct mig_config *config;
	struct mig_config_entry *entries;
	int *indices; /* that stand in the place of "all" */
};

static void node_config_free(struct node_config *n)
{
	mig_config_free(n->config);
	free(n->entries);
	free(n->indices);
}

static bool passes(const struct mig_config_entry *e, const struct mig_gpu_type *type)
{
	for (size_t i = 0; i < e->n_filters; i++) {
		if (e->filters[i].pci_id == type->pci_ids[0])
			return true;
	}
	return e->n_filters == 0;
}

/* A node may have GPUs that the plan leaves alone: what an export calls all of them is written
 * out, one by one. */
static int name_gpus(const struct places *p, size_t from, size_t end, struct node_config *n,
		     struct mig_error *err)
{
	const struct mig_config_label *label = &n->config->labels[0];
	struct mig_config_entry *entries = calloc(label->n_entries, sizeof(*entries));
	int *next = calloc(label->n_entries * (end - from), sizeof(*next));

	n->entries = entries;
	n->indices = next;
	if (!entries || !next)
		return mig_fail(err, MIG_E_NOMEM, "make a partition file");
	for (size_t i = 0; i < label->n_entries; i++) {
		struct mig_config_entry *e = &entries[i];

		*e = label->entries[i];
		if (!e->is_all)
			continue;
		e->is_all = false;
		e->indices = next;
		for (size_t k = from; k < end; k++) {
			if (passes(e, p->places[k].group->layout.type))
				*next++ = p->places[k].index;
		}
		e->n_indices = (size_t)(next - e->indices);
	}
	return 0;
}

static int make_node(const struct places *p, size_t from, size_t end, struct node_config *ret,
		     struct mig_error *err)
{
	struct mig_config_present present[NODE_GPUS_MAX];
	const char *label = *p->places[from].node ? p->places[from].node : "plan";
	int rc = check_node(p, from, end, err);

	for (size_t i = from; i < end && rc == 0; i++) {
		const struct place *place = &p->places[i];

		present[i - from] = (struct mig_config_present){
			.index = place->index,
			.pci_id = place->group->layout.type->pci_ids[0],
			.mig_enabled = true,
			.have = place->request,
		};
	}
	if (rc == 0)
		rc = mig_config_export(label, present, end - from, &ret->config, err);
	return rc == 0 ? name_gpus(p, from, end, ret, err) : rc;
}

/* A file of all nodes: their labels, which stay where they are. */
static int write_nodes(const struct task *task, const struct node_config *nodes, size_t n,
		       const char *path, struct mig_error *err)
{
	cleanup_free struct mig_config_label *labels = calloc(n, sizeof(*labels));
	struct mig_config all = { .name = "plan", .n_labels = n, .labels = labels };
	char *text = NULL;
	int rc;

	if (!labels)
		return mig_fail(err, MIG_E_NOMEM, "write %s", path);
	for (size_t i = 0; i < n; i++) {
		labels[i] = nodes[i].config->labels[0];
		labels[i].entries = nodes[i].entries;
	}
	rc = mig_config_write(&all, MIG_CONFIG_YAML, &text, err);
	if (rc == 0)
		rc = write_text(task, path, text, err);
	free(text);
	return rc;
}

static int write_partitions(const struct task *task, const struct places *p, const char *path,
			    struct mig_error *err)
{
	cleanup_free struct node_config *nodes = calloc(p->n + 1, sizeof(*nodes));
	size_t n = 0;
	int rc = 0;

	if (p->n == 0)
		return mig_fail(err, MIG_E_INVAL, "--partitions: the plan needs no GPU");
	if (!nodes)
		return mig_fail(err, MIG_E_NOMEM, "write %s", path);
	for (size_t from = 0, end; from < p->n && rc == 0; from = end) {
		end = node_end(p, from);
		rc = make_node(p, from, end, &nodes[n++], err);
	}
	if (rc == 0)
		rc = write_nodes(task, nodes, n, path, err);
	for (size_t i = 0; i < n; i++)
		node_config_free(&nodes[i]);
	return rc;
}

int files_partitions(const struct task *task, const struct seats *seats, const char *path,
		     struct mig_error *err)
{
	struct places places = { 0 };
	int rc = places_make(task, seats, &places, err);

	if (rc == 0)
		rc = write_partitions(task, &places, path, err);
	places_free(&places);
	return rc;
}
