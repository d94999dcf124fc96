/* SPDX-License-Identifier: Apache-2.0 */
/* kubelet's allocations over gRPC: from a server that answers well, and from all that do not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kubelet/call.h"
#include "kubelet/message.h"

static char folder[] = "/tmp/kubelet-XXXXXX", path[64];

/* A server that ends with the descriptor that is returned. */
static int serve(const char *how, const char *const *words)
{
	const char *argv[32] = { getenv("MIG_TEST_PODS_SERVER"), path, how };
	int in[2], out[2];
	char ready[8];
	pid_t pid;

	for (int i = 0; words && words[i]; i++)
		argv[3 + i] = words[i];
	assert_non_null(argv[0]);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(in[1]);
		execv(argv[0], (char **)argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	assert_int_equal(read(out[0], ready, 6), 6);
	close(out[0]);
	return in[1];
}

static void stop(int server)
{
	close(server);
	wait(NULL);
}

/* Ask a server that answers that way; 0, or the error. */
static int ask(const char *how, const char *const *words, json_t **ret, struct mig_error *err)
{
	const struct call call = { path, "/v1.PodResourcesLister/List",
				   strcmp(how, "hang") == 0 ? 50 : 20000, 1 << 20 };
	const int server = serve(how, words);
	char *message = NULL;
	size_t len = 0;
	int rc = call_run(&call, &message, &len, err);

	if (rc == 0)
		rc = pods_decode((uint8_t *)message, len, ret, err);
	free(message);
	stop(server);
	return rc;
}

static const char *const two[] = {
	"team-a", "chat", "nvidia.com/mig-3g.40gb", "MIG-1",
	"team-b", "rank", "gpu.nvidia.com!",        "gpu-0-mig-1g5gb-19-0",
	NULL
};

static void check_two(json_t *pods)
{
	char *text = json_dumps(pods, JSON_COMPACT);

	assert_string_equal(
		text,
		"[{\"name\":\"chat\",\"namespace\":\"team-a\",\"containers\":[{\"name\":\"main\","
		"\"devices\":[{\"resource\":\"nvidia.com/mig-3g.40gb\",\"ids\":[\"MIG-1\"]}]}]},"
		"{\"name\":\"rank\",\"namespace\":\"team-b\",\"containers\":[{\"name\":\"main\","
		"\"claims\":[{\"name\":\"claim\",\"devices\":[{\"driver\":\"gpu.nvidia.com\","
		"\"pool\":\"node\",\"device\":\"gpu-0-mig-1g5gb-19-0\"}]}]}]}]");
	free(text);
	json_decref(pods);
}

static void an_answer_is_read_whole_or_in_pieces(void **state)
{
	struct mig_error err = { 0 };
	json_t *pods = NULL;

	(void)state;
	if (ask("plain", two, &pods, &err) < 0)
		fail_msg("%s", err.msg);
	check_two(pods);
	if (ask("pieces", two, &pods, &err) < 0)
		fail_msg("%s", err.msg);
	check_two(pods);
	assert_int_equal(ask("plain", NULL, &pods, &err), 0);
	assert_int_equal(json_array_size(pods), 0);
	json_decref(pods);
}

static const struct {
	const char *how;
	int code;
	const char *words;
} bad[] = {
	{ "refused", MIG_E_UNSUPPORTED, "refused with gRPC status 12: unknown service" },
	{ "failed", MIG_E_UNSUPPORTED, "refused with gRPC status 13: it broke?" },
	{ "no-status", MIG_E_SYNTAX, "without a status of gRPC's" },
	{ "not-found", MIG_E_SYNTAX, "HTTP status 404" },
	{ "compressed", MIG_E_SYNTAX, "not one message" },
	{ "too-short", MIG_E_SYNTAX, "not one message" },
	{ "endless", MIG_E_SYNTAX, "longer than 1048576 bytes" },
	{ "reset", MIG_E_IO, "the call was reset: REFUSED_STREAM" },
	{ "garbage", MIG_E_SYNTAX, "no HTTP/2" },
	{ "hang", MIG_E_IO, "no answer within 50 ms" },
	{ "hang-up", MIG_E_IO, "" },
};

static void a_bad_answer_is_an_error_with_its_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct mig_error err = { 0 };
		json_t *pods = NULL;
		const int rc = ask(bad[i].how, two, &pods, &err);

		if (rc != -bad[i].code || !strstr(err.msg, bad[i].words) || pods)
			fail_msg("%s: %d \"%s\"", bad[i].how, rc, err.msg);
	}
}

static void nobody_there_is_an_error(void **state)
{
	const struct call call = { "/nonexistent/socket", "/v1.PodResourcesLister/List", 1000,
				   1 };
	struct mig_error err = { 0 };
	char *message = NULL;
	size_t len;

	(void)state;
	assert_int_equal(call_run(&call, &message, &len, &err), -MIG_E_IO);
	assert_string_equal(err.msg,
			    "connect to /nonexistent/socket: No such file or directory");
	assert_null(message);
}

static void bytes_that_are_no_message_are_refused(void **state)
{
	static const struct {
		size_t len;
		uint8_t bytes[16];
	} texts[] = {
		{ 1, { 0x0a } },                         /* a length is missing */
		{ 2, { 0x0a, 0x05 } },                   /* 5 bytes are missing */
		{ 2, { 0x08, 0x01 } },                   /* pods as a number */
		{ 2, { 0x0b, 0x0c } },                   /* a group */
		{ 2, { 0x02, 0x00 } },                   /* field 0 */
		{ 5, { 0x0a, 0x03, 0x0a, 0x01, 0xff } }, /* a name of no UTF-8 */
		{ 11, { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct mig_error err = { 0 };
		json_t *pods = NULL;

		assert_int_equal(pods_decode(texts[i].bytes, texts[i].len, &pods, &err),
				 -MIG_E_SYNTAX);
		assert_null(pods);
		assert_true(err.msg[0]);
	}
}

/* Two bytes a pod: 16 MiB of them would be gigabytes of JSON. */
static void a_small_message_of_endless_parts_is_refused(void **state)
{
	enum { PODS = 1 << 20 };
	uint8_t *bytes = malloc(2 * PODS);
	struct mig_error err = { 0 };
	json_t *pods = NULL;

	(void)state;
	for (size_t i = 0; i < PODS; i++) {
		bytes[2 * i] = 0x0a;
		bytes[2 * i + 1] = 0;
	}
	assert_int_equal(pods_decode(bytes, 2 * PODS, &pods, &err), -MIG_E_SYNTAX);
	assert_string_equal(err.msg, "more than 262144 parts");
	free(bytes);
}

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_read_whole_or_in_pieces),
		cmocka_unit_test(a_bad_answer_is_an_error_with_its_reason),
		cmocka_unit_test(nobody_there_is_an_error),
		cmocka_unit_test(bytes_that_are_no_message_are_refused),
		cmocka_unit_test(a_small_message_of_endless_parts_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
