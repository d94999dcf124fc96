/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoint files as mig-parted prints them: on one line, GPU instances and compute instances
 * in the order of their profiles' NVML numbers, null for a list without items. Its restore
 * compares a file with the machine item by item, so the order counts.
 */
#include <mig/parted.h>

#include "shared/text.h"

static int gi_number(const struct mig_request *req, int i)
{
	return req->type->profiles[req->want[i].profile].nvml_profile;
}

static int ci_number(const struct mig_request *req, int i, int k)
{
	const struct mig_want *want = &req->want[i];

	return req->type->profiles[want->profile].ci[want->ci[k]].nvml_profile;
}

/* The item whose number is the next from @number on, and the next of equal ones; -1: none. */
struct order {
	int number, at;
};

static bool is_next(const struct order *last, int number, int at, const struct order *best)
{
	const bool is_behind =
		number > last->number || (number == last->number && at > last->at);

	return is_behind && (best->at < 0 || number < best->number);
}

static void add_cis(struct text *t, const struct mig_request *req, int i)
{
	const int n = req->want[i].n_ci;
	struct order last = { -1, -1 };

	text_add(t, "%s", n ? "[" : "null");
	for (int done = 0; done < n; done++) {
		struct order best = { 0, -1 };

		for (int k = 0; k < n; k++) {
			if (is_next(&last, ci_number(req, i, k), k, &best))
				best = (struct order){ ci_number(req, i, k), k };
		}
		text_add(t, "%s{\"ProfileID\":%d,\"EngProfileID\":0}", done ? "," : "",
			 best.number);
		last = best;
	}
	text_add(t, "%s", n ? "]" : "");
}

static void add_gis(struct text *t, const struct mig_checkpoint_present *gpu)
{
	const struct mig_request *req = &gpu->have;
	const int n = gpu->mig_enabled ? req->n : 0;
	struct order last = { -1, -1 };

	text_add(t, "%s", n ? "[" : "null");
	for (int done = 0; done < n; done++) {
		struct order best = { 0, -1 };

		for (int i = 0; i < n; i++) {
			if (is_next(&last, gi_number(req, i), i, &best))
				best = (struct order){ gi_number(req, i), i };
		}
		text_add(t,
			 "%s{\"ProfileID\":%d,\"Placement\":{\"Start\":%d,\"Size\":%d},"
			 "\"ComputeInstances\":",
			 done ? "," : "", best.number, req->want[best.at].start,
			 req->type->profiles[req->want[best.at].profile].size);
		add_cis(t, req, best.at);
		text_add(t, "}");
		last = best;
	}
	text_add(t, "%s", n ? "]" : "");
}

int mig_checkpoint_write(const struct mig_checkpoint_present *gpus, size_t n, char **ret,
			 struct mig_error *err)
{
	struct text t = { 0 };

	text_add(&t, "{\"Version\":\"v1\",\"MigState\":{\"Devices\":%s", n ? "[" : "null");
	for (size_t i = 0; i < n; i++) {
		text_add(&t,
			 "%s{\"UUID\":\"%s\",\"MigMode\":%d,\"GpuInstances\":", i ? "," : "",
			 gpus[i].uuid, gpus[i].mig_enabled);
		add_gis(&t, &gpus[i]);
		text_add(&t, "}");
	}
	text_add(&t, "%s}}", n ? "]" : "");
	if (t.is_short) {
		text_free(&t);
		return mig_fail(err, MIG_E_NOMEM, "write a checkpoint of %zu GPUs", n);
	}
	*ret = t.s;
	return 0;
}
