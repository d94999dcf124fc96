/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that has loaded the library: which machine it is, how often nvmlInit was
 * called, the state as it was last seen, and the handles given out.
 *
 * Every entry point that reads begins with SIM_ENTER(its own name): from there to its end
 * it owns the view, which is the current state. Every entry point that changes something
 * hands a function to sim_change().
 */
#ifndef SIM_SESSION_H
#define SIM_SESSION_H

#include "abi/nvml.h"
#include "shared/cleanup.h"
#include "sim/fault.h"
#include "sim/image.h"
#include "sim/state.h"
#include "sim/uuid.h"
#include "sim/version.h"

#define SIM_EXPORT __attribute__((visibility("default")))

struct sim_call {
	nvmlReturn_t rc;
	struct sim_fate fate; /* what `sim fault` has in store for it, delays apart */
};

/**
 * sim_enter - begin a call: is the library initialised, does the machine's driver have the
 * symbol, is a fault set for it, and what is the state now?
 *
 * Return: .rc UNINITIALIZED, FUNCTION_NOT_FOUND, UNKNOWN (a damaged machine), a fault's error or
 * SUCCESS. A call that is to hang or to be slow does so in here, with no lock held.
 */
struct sim_call sim_enter(enum sim_call_id id);
void sim_leave(const struct sim_call *call);

#define SIM_ENTER(name)                                                              \
	CLEANUP(sim_leave) const struct sim_call call_ = sim_enter(SIM_CALL_##name); \
	if (call_.rc != NVML_SUCCESS)                                                \
	return call_.rc

#define SIM_TRY(expr)                      \
	do {                               \
		nvmlReturn_t rc_ = (expr); \
		if (rc_ != NVML_SUCCESS)   \
			return rc_;        \
	} while (0)

/* Inside a call: the machine. */
const struct sim_fixed *sim_fixed(void);
const struct sim_half *sim_view(void);
uint64_t sim_view_seq(void); /* which state it is */
const struct sim_image *sim_image(void);
const struct sim_version *sim_driver(void);
bool sim_is_privileged(void);

/* Of the view's holds, those whose holder lives. */
struct sim_alive {
	bool is[SIM_TENANTS_MAX];
};
/** sim_alive - ask who lives. May renew the view: call it before sim_at_*(). */
nvmlReturn_t sim_alive(struct sim_alive *ret);

/* A call that changes something, and what the machine's log will say of it. */
struct sim_deed {
	enum sim_call_id call;
	char asked[96]; /* its arguments in words */
	/* Of the one who applies it, when it succeeds: */
	char made[24];   /* "GI 2"; empty: nothing new */
	int gpu, slices; /* how long it takes depends on them; slices 0: on neither */
	bool has_answer; /* set before: a fault wants the call to say `answer` */
	unsigned answer;
};

/**
 * sim_change - apply a change to the machine.
 * @apply:	checks everything and changes @next; called again when another process was
 *		faster. It sees no dead holders.
 *
 * What @apply refuses is refused without waiting for anybody.
 */
nvmlReturn_t sim_change(struct sim_deed *deed,
			nvmlReturn_t (*apply)(struct sim_half *next, void *arg), void *arg);

/**
 * sim_bury - free the holds of the dead, if this process may: from then on the meters do not
 * run for them. Before a call that reads a meter, not inside one.
 */
void sim_bury(void);

/* --- Starting and ending ---------------------------------------------------------------- */

nvmlReturn_t sim_session_init(enum sim_call_id call);
nvmlReturn_t sim_session_shutdown(void);

/** sim_session_driver - the driver's version, also before nvmlInit. */
void sim_session_driver(char *buf, size_t len);

/** sim_session_has - has this driver a feature? Before nvmlInit: yes. */
bool sim_session_has(enum sim_feature feature);

/* --- Handles: values, not memory -------------------------------------------------------- */

/* What a handle means. Members are -1 or NULL below the level of the handle. */
struct sim_at {
	int gpu, gi, ci;
	const struct sim_gpu *id;
	const struct sim_type *type;
	const struct sim_gpu_state *state;
	const struct sim_gi *g;
	const struct sim_gi_kind *kind;
	const struct sim_ci *c;
	const struct sim_ci_kind *ci_kind;
};

/**
 * sim_at_device - a GPU or MIG device. sim_at_gpu: a GPU only. sim_at_mig: a MIG device only.
 *
 * Errors: INVALID_ARGUMENT - never a handle, of another kind, or what it meant is gone;
 * GPU_IS_LOST - the machine was rebooted or removed since nvmlInit.
 */
nvmlReturn_t sim_at_device(const struct sim_half *half, nvmlDevice_t h, struct sim_at *ret);
nvmlReturn_t sim_at_gpu(const struct sim_half *half, nvmlDevice_t h, struct sim_at *ret);
nvmlReturn_t sim_at_mig(const struct sim_half *half, nvmlDevice_t h, struct sim_at *ret);
nvmlReturn_t sim_at_gi(const struct sim_half *half, nvmlGpuInstance_t h, struct sim_at *ret);
nvmlReturn_t sim_at_ci(const struct sim_half *half, nvmlComputeInstance_t h,
		       struct sim_at *ret);

/** sim_at_whole - of the view: a GPU that is asked what a MIG device cannot say, which is
 *  NOT_SUPPORTED for one. @out: where the answer goes; INVALID_ARGUMENT if NULL. */
nvmlReturn_t sim_at_whole(nvmlDevice_t h, const void *out, struct sim_at *ret);

nvmlDevice_t sim_handle_gpu(int gpu);
nvmlDevice_t sim_handle_mig(const struct sim_half *half, int gpu, int gi, int ci);
nvmlGpuInstance_t sim_handle_gi(const struct sim_half *half, int gpu, int gi);
nvmlComputeInstance_t sim_handle_ci(const struct sim_half *half, int gpu, int gi, int ci);

/** sim_handle_words - what a handle is of, "GPU 0 GI 2", whether it is there or not. */
const char *sim_handle_words(const void *handle, char *buf, size_t len);

/* Of which boot of the machine this session is, and a mark that tells its handles from
 * those of another machine. (session.c) */
uint32_t sim_session_boot(void);
uint32_t sim_session_mark(void);

/* --- MIG device indices: a process's own -------------------------------------------------- */

/** sim_index_reset - forget all indices, as a fresh nvmlInit does. */
void sim_index_reset(void);

/** sim_index_find - the device at an index. false: a hole. */
bool sim_index_find(int gpu, unsigned index, int *ret_gi, int *ret_ci);

/** sim_index_of - the index of a device that is there. */
unsigned sim_index_of(int gpu, int gi, int ci);

/* --- Names ---------------------------------------------------------------------------- */

/** sim_mig_uuid - in the form of the machine's driver. */
void sim_mig_uuid(int gpu, int gi, int ci, char ret[SIM_UUID_BYTES]);

/** sim_text_out - NUL-terminated into a caller's buffer. INVALID_ARGUMENT, INSUFFICIENT_SIZE. */
nvmlReturn_t sim_text_out(const char *text, char *buf, unsigned len);

#endif
