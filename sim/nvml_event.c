/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVML: event sets. Events stand in the machine's file, so that every process sees those
 * that any other caused: instances or the MIG mode of a GPU changed, or an XID was raised.
 */
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sim/load.h"
#include "sim/session.h"

enum { SETS_MAX = 64, KIND_EVENT_SET = 0xe };

/* Nobody waits longer in one piece: the session may end, or the machine be rebooted. */
enum { SLICE_US = 250000 };

/* ECC errors can be waited for; they never come. */
enum { ECC_SINGLE = 1, ECC_DOUBLE = 2, XID = 8, MIG_CONFIG = 0x100 };
enum { KNOWN_TYPES = ECC_SINGLE | ECC_DOUBLE | XID | MIG_CONFIG };

static struct event_set {
	bool is_used;
	uint32_t boot, mark;          /* of the machine that it is of */
	uint32_t next;                /* number of the first event not looked at */
	uint64_t types[SIM_GPUS_MAX]; /* wanted, by GPU */
	uint32_t since[SIM_GPUS_MAX]; /* number of the first event wanted */
} sets[SETS_MAX];

static struct event_set *set_of(nvmlEventSet_t h)
{
	const uint64_t i = (uint64_t)h >> 4;

	if (((uint64_t)h & 0xf) != KIND_EVENT_SET || i >= SETS_MAX || !sets[i].is_used)
		return NULL;
	return &sets[i];
}

/* No longer once the machine was rebooted, or the session ended and is another machine's. */
static bool is_current(const struct event_set *s)
{
	return s->boot == sim_view()->boot && s->boot == sim_session_boot() &&
	       s->mark == sim_session_mark();
}

SIM_EXPORT nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *set)
{
	SIM_ENTER(nvmlEventSetCreate);
	if (!set)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (uint64_t i = 0; i < SETS_MAX; i++) {
		if (sets[i].is_used)
			continue;
		sets[i] = (struct event_set){ .is_used = true,
					      .boot = sim_session_boot(),
					      .mark = sim_session_mark(),
					      .next = sim_image_n_events(sim_image()) };
		*set = (nvmlEventSet_t)(i << 4 | KIND_EVENT_SET);
		return NVML_SUCCESS;
	}
	return NVML_ERROR_MEMORY;
}

SIM_EXPORT nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set)
{
	SIM_ENTER(nvmlEventSetFree);
	struct event_set *s = set_of(set);

	if (!s)
		return NVML_ERROR_INVALID_ARGUMENT;
	s->is_used = false;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device,
							 unsigned long long *eventTypes)
{
	SIM_ENTER(nvmlDeviceGetSupportedEventTypes);
	struct sim_at at;

	SIM_TRY(sim_at_whole(device, eventTypes, &at));
	*eventTypes = at.type->has_ecc ? KNOWN_TYPES : XID | MIG_CONFIG;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device,
						 unsigned long long eventTypes,
						 nvmlEventSet_t set)
{
	SIM_ENTER(nvmlDeviceRegisterEvents);
	struct event_set *s = set_of(set);
	struct sim_at at;

	SIM_TRY(sim_at_whole(device, s, &at));
	if (!is_current(s))
		return NVML_ERROR_GPU_IS_LOST;
	if (eventTypes & ~(unsigned long long)KNOWN_TYPES)
		return NVML_ERROR_NOT_SUPPORTED;
	if (!s->types[at.gpu])
		s->since[at.gpu] = sim_image_n_events(sim_image());
	s->types[at.gpu] |= eventTypes;
	return NVML_SUCCESS;
}

/* --- Waiting -------------------------------------------------------------------------------- */

static bool is_wanted(const struct event_set *s, uint32_t number, const struct sim_event *e)
{
	return (s->types[e->gpu] & e->type) && (int32_t)(number - s->since[e->gpu]) >= 0;
}

static void fill_event(const struct sim_event *e, nvmlEventData_t *ret)
{
	*ret = (nvmlEventData_t){
		.device = sim_handle_gpu((int)e->gpu),
		.eventType = e->type,
		.eventData = e->data,
		.gpuInstanceId = e->gi < 0 ? NVML_NO_INSTANCE_ID : (unsigned)e->gi,
		.computeInstanceId = e->ci < 0 ? NVML_NO_INSTANCE_ID : (unsigned)e->ci,
	};
}

/* One look. TIMEOUT: nothing yet; *ret_word and *ret_count say what to sleep on. */
static nvmlReturn_t look(enum sim_call_id id, nvmlEventSet_t set, nvmlEventData_t *data,
			 const uint32_t **ret_word, uint32_t *ret_count)
{
	CLEANUP(sim_leave) const struct sim_call call = sim_enter(id);
	struct event_set *s;
	struct sim_event e;

	if (call.rc != NVML_SUCCESS)
		return call.rc;
	s = set_of(set);
	if (!s || !data)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!is_current(s))
		return NVML_ERROR_GPU_IS_LOST;
	*ret_word = sim_image_event_word(sim_image());
	*ret_count = sim_image_n_events(sim_image());
	if (*ret_count - s->next >= SIM_EVENTS_MAX) /* too slow: the oldest are forgotten */
		s->next = *ret_count - SIM_EVENTS_MAX + 1;
	while (s->next != *ret_count) {
		const uint32_t number = s->next++;

		if (!sim_image_get_event(sim_image(), number, &e) || !is_wanted(s, number, &e))
			continue;
		fill_event(&e, data);
		return NVML_SUCCESS;
	}
	return NVML_ERROR_TIMEOUT;
}

/* The session is not locked meanwhile: should the word be unmapped, the kernel says so and
 * the next look does too. */
static void sleep_on(const uint32_t *word, uint32_t count, uint64_t us)
{
	const struct timespec t = { .tv_nsec = (long)(us < SLICE_US ? us : SLICE_US) * 1000 };

	syscall(SYS_futex, word, FUTEX_WAIT, count, &t, NULL, 0);
}

static nvmlReturn_t wait_for(enum sim_call_id id, nvmlEventSet_t set, nvmlEventData_t *data,
			     unsigned timeout_ms)
{
	const uint64_t end = sim_load_now() + (uint64_t)timeout_ms * 1000;

	for (;;) {
		const uint32_t *word = NULL;
		uint32_t count = 0;
		const nvmlReturn_t rc = look(id, set, data, &word, &count);
		const uint64_t now = sim_load_now();

		/* Without a word to sleep on it was a fault that says so. */
		if (rc != NVML_ERROR_TIMEOUT || now >= end || !word)
			return rc;
		sleep_on(word, count, end - now);
	}
}

SIM_EXPORT nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data,
					    unsigned timeoutms)
{
	return wait_for(SIM_CALL_nvmlEventSetWait_v2, set, data, timeoutms);
}

/* The first version's record ends before the instances. */
SIM_EXPORT nvmlReturn_t nvmlEventSetWait(nvmlEventSet_t set, nvmlEventData_t *data,
					 unsigned timeoutms)
{
	nvmlEventData_t full;
	nvmlReturn_t rc =
		wait_for(SIM_CALL_nvmlEventSetWait, set, data ? &full : NULL, timeoutms);

	if (rc == NVML_SUCCESS)
		memcpy(data, &full, offsetof(nvmlEventData_t, gpuInstanceId));
	return rc;
}
