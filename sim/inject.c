/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/inject.h"

#include <string.h>

#include "sim/open.h"

int sim_inject_faults(const char *dir, const char *machine, const char *const *specs, int n,
		      struct mig_error *err)
{
	struct sim_fault fault;
	struct sim_open m;
	int rc = 0;

	for (int i = 0; rc == 0 && i < n; i++) /* all of them are looked at first */
		rc = sim_fault_parse(specs[i], &fault, err);
	if (rc == 0)
		rc = sim_open_locked(dir, machine, &m, err);
	if (rc < 0)
		return rc;
	if (sim_fault_room(sim_image_faults(&m.img)) < n)
		rc = mig_fail(
			err, MIG_E_NOSPACE,
			"machine %s has room for %d faults that can still strike: %d more "
			"could be set, and here are %d; 'migctl sim fault %s --clear' takes "
			"them away",
			machine, SIM_FAULTS_MAX, sim_fault_room(sim_image_faults(&m.img)), n,
			machine);
	for (int i = 0; rc == 0 && i < n; i++) {
		rc = sim_fault_parse(specs[i], &fault, err);
		if (rc == 0)
			sim_fault_add(sim_image_faults(&m.img), &fault);
	}
	sim_open_close(&m);
	return rc;
}

int sim_inject_fault(const char *dir, const char *machine, const char *spec,
		     struct mig_error *err)
{
	return sim_inject_faults(dir, machine, &spec, 1, err);
}

/* By age: a row may have been used again. */
static void sort_in(struct sim_injected *in, const struct sim_fault *f)
{
	int at = in->n_faults++;

	for (; at > 0 && in->faults[at - 1].count >> 32 > f->count >> 32; at--)
		in->faults[at] = in->faults[at - 1];
	in->faults[at] = *f;
}

int sim_inject_list(const char *dir, const char *machine, struct sim_injected *ret,
		    struct mig_error *err)
{
	const struct sim_faults *faults;
	struct sim_fault f;
	struct sim_open m;
	int rc = sim_open(dir, machine, &m, err);

	if (rc < 0)
		return rc;
	faults = sim_image_faults(&m.img);
	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < SIM_FAULTS_MAX; i++)
		if (sim_fault_read(&faults->rows[i], &f))
			sort_in(ret, &f);
	memcpy(ret->latency, faults->n_latencies ? faults->profile : "none",
	       faults->n_latencies ? sizeof(ret->latency) - 1 : sizeof("none"));
	sim_open_close(&m);
	return 0;
}

int sim_inject_clear(const char *dir, const char *machine, const char *call,
		     struct mig_error *err)
{
	const int id = call ? sim_call_find(call) : -1;
	struct sim_open m;
	int rc;

	if (call && id < 0)
		return mig_fail(err, MIG_E_NOENT, "NVML has no call %s", call);
	rc = sim_open_locked(dir, machine, &m, err);
	if (rc < 0)
		return rc;
	rc = sim_fault_clear(sim_image_faults(&m.img), id);
	sim_open_close(&m);
	return rc;
}

int sim_inject_lost(const char *dir, const char *machine, int gpu, bool is_lost,
		    struct mig_error *err)
{
	struct sim_open m;
	int rc = sim_open_locked(dir, machine, &m, err);

	if (rc < 0)
		return rc;
	if (gpu < 0 || gpu >= (int)m.img.fixed->n_gpus) {
		rc = mig_fail(err, MIG_E_NOENT, "machine %s has no GPU %d; the last is GPU %u",
			      machine, gpu, m.img.fixed->n_gpus - 1);
	} else {
		m.half->lost &= ~(1U << gpu);
		m.half->lost |= (uint32_t)is_lost << gpu;
		sim_image_publish(&m.img, m.half);
	}
	sim_open_close(&m);
	return rc;
}

int sim_inject_settle(const char *dir, const char *machine, unsigned ms, struct mig_error *err)
{
	struct sim_open m;
	int rc = sim_open_locked(dir, machine, &m, err);

	if (rc < 0)
		return rc;
	m.half->settle_ms = ms;
	sim_image_publish(&m.img, m.half);
	sim_open_close(&m);
	return 0;
}
