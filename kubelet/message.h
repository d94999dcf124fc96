/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KUBELET_MESSAGE_H
#define KUBELET_MESSAGE_H

#include <stdint.h>

#include <jansson.h>

#include <mig/error.h>

/**
 * pods_decode - a ListPodResourcesResponse (abi/podresources.proto) as JSON.
 * @ret:	an array of pods; written on success only; the caller owns it.
 *
 * Fields that are not in our copy of the interface are skipped, as protobuf wants it. Errors:
 * SYNTAX - no such message, more parts than any node has, or a string that is no UTF-8; NOMEM.
 */
int pods_decode(const uint8_t *data, size_t len, json_t **ret,
		struct mig_error *err) MIG_MUST_USE;

#endif
