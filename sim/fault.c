/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/fault.h"

#include <assert.h>
#include <string.h>

#include "shared/text.h"

static_assert(sizeof(struct sim_latency) == sizeof(uint64_t), "a latency is one word");
static_assert(sizeof(struct sim_fault) % 8 == 0, "a fault is whole words");

typedef uint64_t __attribute__((may_alias)) word;

enum { ROW_WORDS = sizeof(struct sim_fault) / 8 };

static uint64_t load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store(uint64_t *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

bool sim_fault_is_any(const struct sim_faults *faults)
{
	return __atomic_load_n(&faults->is_active, __ATOMIC_RELAXED) != 0;
}

/* --- Reading ---------------------------------------------------------------------------- */

/* `count` last: if it still bears the number, all of it is of one fault. */
bool sim_fault_read(const struct sim_fault *row, struct sim_fault *ret)
{
	const uint64_t before = load(&row->count);

	for (int i = 1; i < ROW_WORDS; i++)
		((word *)ret)[i] = __atomic_load_n((const word *)row + i, __ATOMIC_ACQUIRE);
	ret->count = load(&row->count);
	return before >> 32 && before >> 32 == ret->count >> 32 && ret->call < SIM_CALLS &&
	       ret->kind < SIM_FAULT_KINDS;
}

/* One more call was seen. Return: which one it is; 0: the fault has gone meanwhile. */
static uint32_t count_call(struct sim_fault *row, uint64_t count)
{
	const uint64_t number = count >> 32;

	do {
		if (count >> 32 != number)
			return 0;
		if ((uint32_t)count == UINT32_MAX)
			return UINT32_MAX;
	} while (!__atomic_compare_exchange_n(&row->count, &count, count + 1, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return (uint32_t)count + 1;
}

static bool strikes(struct sim_fault *row, bool is_writable, enum sim_call_id call,
		    struct sim_fault *f)
{
	uint32_t n;

	if (!sim_fault_read(row, f) || f->call != call)
		return false;
	if (!is_writable)
		return f->first == 1 && f->last == SIM_FAULT_EVER;
	n = count_call(row, f->count);
	return n && n >= f->first && n <= f->last;
}

static void add_fate(const struct sim_fault *f, struct sim_fate *fate)
{
	nvmlReturn_t *rc = f->is_after ? &fate->rc_after : &fate->rc;

	switch ((enum sim_fault_kind)f->kind) {
	case SIM_FAULT_ERROR:
		if (*rc == NVML_SUCCESS)
			*rc = (nvmlReturn_t)f->value;
		break;
	case SIM_FAULT_KILL:
		*(f->is_after ? &fate->is_killed_after : &fate->is_killed) = true;
		break;
	case SIM_FAULT_HANG:
		fate->delay_ns += f->value;
		break;
	case SIM_FAULT_ANSWER:
		fate->has_answer = true;
		fate->answer = (uint32_t)f->value;
		break;
	case SIM_FAULT_KINDS:
		break;
	}
}

struct sim_fate sim_fault_take(struct sim_faults *faults, bool is_writable,
			       enum sim_call_id call)
{
	struct sim_fate fate = { .rc = NVML_SUCCESS, .rc_after = NVML_SUCCESS };
	struct sim_fault f;

	if (!sim_fault_is_any(faults))
		return fate;
	for (int i = 0; i < SIM_FAULTS_MAX; i++)
		if (strikes(&faults->rows[i], is_writable, call, &f))
			add_fate(&f, &fate);
	return fate;
}

uint64_t sim_fault_latency_ns(const struct sim_faults *faults, enum sim_call_id call, int type,
			      int slices)
{
	const uint64_t n = load(&faults->n_latencies);
	uint64_t ns = 0;

	for (uint64_t i = 0; i < n && i < SIM_LATENCIES_MAX; i++) {
		const uint64_t bits =
			__atomic_load_n((const word *)&faults->latencies[i], __ATOMIC_ACQUIRE);
		struct sim_latency row;

		memcpy(&row, &bits, sizeof(row));
		if (row.call == call && (row.type == SIM_LATENCY_ANY || row.type == type) &&
		    (row.slices == SIM_LATENCY_ANY || row.slices == slices))
			ns = (uint64_t)row.us * 1000; /* the last that fits */
	}
	return ns;
}

/* --- Writing ---------------------------------------------------------------------------- */

static void find_active(struct sim_faults *faults)
{
	uint32_t is_active = faults->n_latencies > 0;

	for (int i = 0; i < SIM_FAULTS_MAX; i++)
		is_active |= faults->rows[i].count != 0;
	__atomic_store_n(&faults->is_active, is_active, __ATOMIC_RELEASE);
}

static bool is_spent(const struct sim_fault *row)
{
	return row->last != SIM_FAULT_EVER && (uint32_t)load(&row->count) >= row->last;
}

/* A free row, or else one that has struck for the last time. */
static struct sim_fault *room(struct sim_faults *faults)
{
	for (int i = 0; i < SIM_FAULTS_MAX; i++)
		if (!faults->rows[i].count)
			return &faults->rows[i];
	for (int i = 0; i < SIM_FAULTS_MAX; i++)
		if (is_spent(&faults->rows[i]))
			return &faults->rows[i];
	return NULL;
}

int sim_fault_room(const struct sim_faults *faults)
{
	int n = 0;

	for (int i = 0; i < SIM_FAULTS_MAX; i++)
		n += !faults->rows[i].count || is_spent(&faults->rows[i]);
	return n;
}

bool sim_fault_add(struct sim_faults *faults, const struct sim_fault *fault)
{
	struct sim_fault *row = room(faults);

	if (!row)
		return false;
	store(&row->count, 0); /* nobody believes the rest of the row until it has a number */
	for (int i = 1; i < ROW_WORDS; i++)
		__atomic_store_n((word *)row + i, ((const word *)fault)[i], __ATOMIC_RELEASE);
	store(&row->count, (uint64_t)++faults->n_made << 32);
	find_active(faults);
	return true;
}

int sim_fault_clear(struct sim_faults *faults, int call)
{
	int n = 0;

	for (int i = 0; i < SIM_FAULTS_MAX; i++) {
		struct sim_fault *row = &faults->rows[i];

		if (!row->count || (call >= 0 && row->call != call))
			continue;
		store(&row->count, 0);
		n++;
	}
	find_active(faults);
	return n;
}

void sim_fault_set_latencies(struct sim_faults *faults, const char *profile,
			     const struct sim_latency *rows, unsigned n)
{
	store(&faults->n_latencies, 0);
	for (unsigned i = 0; i < n; i++) {
		uint64_t bits;

		memcpy(&bits, &rows[i], sizeof(bits));
		__atomic_store_n((word *)&faults->latencies[i], bits, __ATOMIC_RELEASE);
	}
	text_copy(faults->profile, sizeof(faults->profile), profile);
	store(&faults->n_latencies, n);
	find_active(faults);
}
