/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KUBELET_CALL_H
#define KUBELET_CALL_H

#include <stddef.h>

#include <mig/error.h>

/* A call of gRPC: one empty message there, one message back. */
struct call {
	const char *socket; /* path of a unix socket */
	const char *method; /* "/v1.PodResourcesLister/List" */
	int limit_ms;       /* for all of it */
	size_t max;         /* bytes of the answer */
};

/**
 * call_run - make it.
 * @ret, @ret_len:	the message; written on success only; the caller frees it.
 *
 * Errors: PERM, IO - nobody listens there, or it did not answer in time; SYNTAX - what came is no
 * gRPC; UNSUPPORTED - the call was answered with a status that is not 0; NOMEM.
 */
int call_run(const struct call *call, char **ret, size_t *ret_len,
	     struct mig_error *err) MIG_MUST_USE;

#endif
