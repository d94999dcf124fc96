/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migctl-pod-resources - what kubelet has allocated, as JSON. migctl runs it where kubelet's socket is;
 * so neither migctl nor libmig links HTTP/2.
 *
 *	migctl-pod-resources [--socket PATH] [--limit MS]
 *
 * It ends within the limit, with 0, or with a line on stderr and migctl's status for what failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kubelet/call.h"
#include "kubelet/message.h"
#include "shared/cleanup.h"
#include "shared/text.h"

#define SOCKET "/var/lib/kubelet/pod-resources/kubelet.sock"
#define METHOD "/v1.PodResourcesLister/List"

enum { LIMIT_MS = 4000, ANSWER_MAX = 16 << 20 };

static int read_options(int argc, char **argv, struct call *call, struct mig_error *err)
{
	uint64_t limit;

	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (value && strcmp(argv[i], "--socket") == 0)
			call->socket = value;
		else if (value && strcmp(argv[i], "--limit") == 0 &&
			 text_parse_u64(value, &limit) && limit > 0 && limit <= 3600000)
			call->limit_ms = (int)limit;
		else
			return mig_fail(
				err, MIG_E_INVAL,
				"usage: migctl-pod-resources [--socket PATH] [--limit MS]");
	}
	return 0;
}

static int print(json_t *pods, struct mig_error *err)
{
	json_t *doc =
		json_pack("{s:s, s:O}", "schema", "migctl.pod-resources/v1", "pods", pods);
	const int rc = doc ? json_dumpf(doc, stdout, JSON_COMPACT) : -1;

	json_decref(doc);
	putchar('\n');
	return rc < 0 || fflush(stdout) != 0
		       ? mig_fail(err, MIG_E_IO, "cannot print the answer")
		       : 0;
}

int main(int argc, char **argv)
{
	struct call call = { SOCKET, METHOD, LIMIT_MS, ANSWER_MAX };
	struct mig_error err = { 0 };
	cleanup_free char *message = NULL;
	json_t *pods = NULL;
	size_t len = 0;
	int rc = read_options(argc, argv, &call, &err);

	if (rc == 0)
		rc = call_run(&call, &message, &len, &err);
	if (rc == 0)
		rc = pods_decode((const uint8_t *)message, len, &pods, &err);
	if (rc == 0)
		rc = print(pods, &err);
	json_decref(pods);
	if (rc < 0)
		fprintf(stderr, "%s\n", err.msg);
	return rc < 0 ? mig_exit_status(rc) : 0;
}
