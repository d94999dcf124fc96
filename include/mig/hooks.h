/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks files: commands that are to run around a change, in mig-parted's format.
 *
 *	version: v1
 *	hooks:
 *	  pre-apply-config:
 *	  - command: /usr/bin/systemctl
 *	    args: [stop, dcgm]
 *	    envs: {LANG: C}
 *	    workdir: /
 *
 * mig-parted passes over keys and names of hooks that it does not know; here they are refused.
 */
#ifndef MIG_HOOKS_H
#define MIG_HOOKS_H

#include <stddef.h>

#include <mig/error.h>

enum mig_hook_point {
	MIG_HOOK_APPLY_START,      /* before anything else */
	MIG_HOOK_PRE_APPLY_MODE,   /* a MIG mode is about to be switched */
	MIG_HOOK_PRE_APPLY_CONFIG, /* instances are about to be destroyed or made */
	MIG_HOOK_APPLY_EXIT,       /* at the end, whatever the end is */
	MIG_N_HOOK_POINTS
};

struct mig_hook {
	unsigned line;
	size_t n_args;
	const char *const *argv; /* the command, its n_args arguments, NULL */
	size_t n_envs;
	const char *const *envs; /* "NAME=value", then NULL */
	const char *workdir;     /* or NULL */
};

/* A hooks file. Everything it points to is its own and lives as long as it does. */
struct mig_hooks {
	const char *name; /* what messages call it */
	size_t n[MIG_N_HOOK_POINTS];
	const struct mig_hook *of[MIG_N_HOOK_POINTS]; /* in the order of the file */
	struct arena *memory;                         /* private: all of it */
};

/** mig_hook_point_name - "apply-start". Static; never NULL. */
MIG_API const char *mig_hook_point_name(enum mig_hook_point point);

/**
 * mig_hooks_parse - read a hooks file, all of it or none.
 * @text:	@len bytes of YAML or JSON, need not end in NUL.
 * @name:	what to call it in messages: a path. Copied.
 * @ret:	written on success only; the caller frees it with mig_hooks_free().
 *
 * Whether a command exists is asked when it is run.
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong"; NOMEM.
 * Source: mig-parted 0.15, api/hooks/v1.
 */
MIG_API MIG_MUST_USE int mig_hooks_parse(const char *text, size_t len, const char *name,
					 struct mig_hooks **ret, struct mig_error *err);

/** mig_hooks_read - the same for a file of at most 1 MiB. Errors also: IO; INVAL: too large. */
MIG_API MIG_MUST_USE int mig_hooks_read(const char *path, struct mig_hooks **ret,
					struct mig_error *err);

/** mig_hooks_free - NULL is accepted. */
MIG_API void mig_hooks_free(struct mig_hooks *hooks);

#endif
