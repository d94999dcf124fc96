/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include <mig/parted.h>

#include "tests/config.h"

/* As mig-parted's checkpoint prints a machine of two A100-SXM4-80GB. */
#define SAMPLE                                                                                \
	"{\"Version\":\"v1\",\"MigState\":{\"Devices\":["                                     \
	"{\"UUID\":\"GPU-a\",\"MigMode\":1,\"GpuInstances\":["                                \
	"{\"ProfileID\":0,\"Placement\":{\"Start\":2,\"Size\":1},\"ComputeInstances\":null}," \
	"{\"ProfileID\":2,\"Placement\":{\"Start\":4,\"Size\":4},\"ComputeInstances\":["      \
	"{\"ProfileID\":0,\"EngProfileID\":0},{\"ProfileID\":1,\"EngProfileID\":0}]}]},"      \
	"{\"UUID\":\"GPU-b\",\"MigMode\":0,\"GpuInstances\":null}]}}"

static struct mig_checkpoint *checkpoint(const char *text)
{
	struct mig_checkpoint *cp = NULL;
	struct mig_error err = { 0 };

	if (mig_checkpoint_parse(text, strlen(text), "c.json", &cp, &err) < 0)
		fail_msg("%s", err.msg);
	return cp;
}

static void refused(const char *text, const char *msg)
{
	struct mig_checkpoint *cp = NULL;
	struct mig_error err = { 0 };

	assert_int_equal(mig_checkpoint_parse(text, strlen(text), "c.json", &cp, &err),
			 -MIG_E_SYNTAX);
	assert_string_equal(err.msg, msg);
	assert_null(cp);
}

/* A checkpoint of one GPU with these GPU instances. */
static struct mig_checkpoint *instances(const char *list)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "{\"Version\": \"v1\", \"MigState\": {\"Devices\": [{\"UUID\": \"GPU-a\", "
		 "\"MigMode\": 1, \"GpuInstances\": [%s]}]}}",
		 list);
	return checkpoint(text);
}

static void cannot_be(const char *list, int code, const char *msg)
{
	struct mig_checkpoint *cp = instances(list);
	struct mig_request req = { .n = 77 };
	struct mig_error err = { 0 };

	assert_int_equal(mig_checkpoint_request(cp, &cp->gpus[0], type("A100-SXM4-80GB"), &req,
						&err),
			 -code);
	assert_non_null(strstr(err.msg, msg));
	assert_int_equal(strncmp(err.msg, "c.json:1: ", 10), 0);
	assert_int_equal(req.n, 77);
	mig_checkpoint_free(cp);
}

static void a_checkpoint_says_where_each_gpu_instance_stands(void **state)
{
	struct mig_checkpoint *cp = checkpoint(SAMPLE);
	struct mig_request req;
	char text[256];

	(void)state;
	assert_int_equal(cp->n_gpus, 2);
	assert_string_equal(cp->gpus[0].uuid, "GPU-a");
	assert_true(cp->gpus[0].mig_enabled);
	assert_int_equal(cp->gpus[0].n_gis, 2);
	assert_int_equal(cp->gpus[0].gis[1].n_cis, 2);
	assert_false(cp->gpus[1].mig_enabled);
	assert_int_equal(mig_checkpoint_request(cp, &cp->gpus[0], type("A100-SXM4-80GB"), &req,
						NULL),
			 0);
	assert_int_equal(req.n, 2);
	assert_int_equal(req.want[0].n_ci, 0);
	assert_string_equal(mig_request_format(&req, text, sizeof(text)),
			    "1g.10gb@2 1c.3g.40gb@4 2c.3g.40gb@4");
	assert_int_equal(mig_checkpoint_request(cp, &cp->gpus[1], type("A100-SXM4-80GB"), &req,
						NULL),
			 0);
	assert_int_equal(req.n, 0);
	mig_checkpoint_free(cp);
	mig_checkpoint_free(NULL);
}

static void what_was_read_is_written_again_byte_by_byte(void **state)
{
	struct mig_checkpoint *cp = checkpoint(SAMPLE);
	struct mig_checkpoint_present gpus[2] = { { "GPU-a", true, { 0 } },
						  { "GPU-b", false, { 0 } } };
	char *text = NULL;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(mig_checkpoint_request(cp, &cp->gpus[i],
							type("A100-SXM4-80GB"), &gpus[i].have,
							NULL),
				 0);
	assert_int_equal(mig_checkpoint_write(gpus, 2, &text, NULL), 0);
	assert_string_equal(text, SAMPLE);
	free(text);
	mig_checkpoint_free(cp);
}

static void instances_are_written_in_the_order_of_their_nvml_numbers(void **state)
{
	struct mig_checkpoint_present gpu = { "GPU-a", true,
					      mig_request_empty(type("A100-SXM4-80GB")) };
	char *text = NULL;

	(void)state;
	assert_int_equal(mig_request_add(&gpu.have, "3g.40gb@4", NULL), 0);
	assert_int_equal(mig_request_add(&gpu.have, "1g.10gb@2", NULL), 0);
	assert_int_equal(mig_request_add(&gpu.have, "1g.10gb@0", NULL), 0);
	assert_int_equal(mig_checkpoint_write(&gpu, 1, &text, NULL), 0);
	assert_string_equal(
		text, "{\"Version\":\"v1\",\"MigState\":{\"Devices\":[{\"UUID\":\"GPU-a\","
		      "\"MigMode\":1,\"GpuInstances\":["
		      "{\"ProfileID\":0,\"Placement\":{\"Start\":2,\"Size\":1},"
		      "\"ComputeInstances\":[{\"ProfileID\":0,\"EngProfileID\":0}]},"
		      "{\"ProfileID\":0,\"Placement\":{\"Start\":0,\"Size\":1},"
		      "\"ComputeInstances\":[{\"ProfileID\":0,\"EngProfileID\":0}]},"
		      "{\"ProfileID\":2,\"Placement\":{\"Start\":4,\"Size\":4},"
		      "\"ComputeInstances\":[{\"ProfileID\":2,\"EngProfileID\":0}]}]}]}}");
	free(text);
}

static void a_machine_without_mig_has_no_devices_in_it(void **state)
{
	struct mig_checkpoint *cp;
	char *text = NULL;

	(void)state;
	assert_int_equal(mig_checkpoint_write(NULL, 0, &text, NULL), 0);
	assert_string_equal(text, "{\"Version\":\"v1\",\"MigState\":{\"Devices\":null}}");
	cp = checkpoint(text);
	assert_int_equal(cp->n_gpus, 0);
	mig_checkpoint_free(cp);
	free(text);
}

static void what_cannot_stand_on_a_gpu_is_refused(void **state)
{
	(void)state;
	cannot_be("{\"ProfileID\": 77, \"Placement\": {\"Start\": 0, \"Size\": 1}}",
		  MIG_E_NOENT, "no GPU instance profile whose NVML number is 77");
	cannot_be("{\"ProfileID\": 2, \"Placement\": {\"Start\": 1, \"Size\": 4}}",
		  MIG_E_NOSPACE, "3g.40gb cannot stand at {1}:4 of A100-SXM4-80GB");
	cannot_be("{\"ProfileID\": 2, \"Placement\": {\"Start\": 0, \"Size\": 3}}",
		  MIG_E_NOSPACE, "3g.40gb cannot stand at {0}:3");
	cannot_be("{\"ProfileID\": 2, \"Placement\": {\"Start\": 0, \"Size\": 4}}, "
		  "{\"ProfileID\": 2, \"Placement\": {\"Start\": 0, \"Size\": 4}}",
		  MIG_E_NOSPACE, "GPU-a");
	cannot_be("{\"ProfileID\": 2, \"Placement\": {\"Start\": 0, \"Size\": 4}, "
		  "\"ComputeInstances\": [{\"ProfileID\": 3, \"EngProfileID\": 0}]}",
		  MIG_E_NOENT, "3g.40gb has no compute instance profile");
	cannot_be("{\"ProfileID\": 2, \"Placement\": {\"Start\": 0, \"Size\": 4}, "
		  "\"ComputeInstances\": [{\"ProfileID\": 2, \"EngProfileID\": 0}, "
		  "{\"ProfileID\": 0, \"EngProfileID\": 0}]}",
		  MIG_E_NOSPACE, "");
}

static void a_fault_is_told_with_its_line(void **state)
{
	(void)state;
	refused("", "c.json:1: nothing in it");
	refused("[]", "c.json:1: a checkpoint must be a map");
	refused("{\"MigState\": {}}", "c.json:1: \"Version\" is missing here");
	refused("{\"Version\": \"v2\",\n\"MigState\": {}}",
		"c.json:1: version \"v2\" is not known, only v1");
	refused("{\"Version\": \"v1\"}", "c.json:1: \"MigState\" is missing here");
	refused("{\"Version\": \"v1\",\n\"MigState\":\n{\"Devices\": {}}}",
		"c.json:3: \"Devices\" must be a list or null");
	refused("{\"Version\": \"v1\",\n\"MigState\": {\"Devices\": [\n1]}}",
		"c.json:3: an item of \"Devices\" must be a map");
	refused("{\"Version\": \"v1\", \"MigState\": {\"Devices\": [\n{\"MigMode\": 1}]}}",
		"c.json:2: \"UUID\" is missing here");
	refused("{\"Version\": \"v1\", \"MigState\": {\"Devices\": [\n{\"UUID\": \"a\", "
		"\"MigMode\": 2}]}}",
		"c.json:2: 2 is not from 0 to 1; \"MigMode\" is 0 or 1");
	refused("{\"Version\": \"v1\", \"MigState\": {\"Devices\": [\n{\"UUID\": \"a\", "
		"\"MigMode\": 0}, {\"UUID\": \"a\", \"MigMode\": 0}]}}",
		"c.json:2: a stands twice");
	refused("{\"Version\": \"v1\", \"MigState\": {\"Devices\": [\n{\"UUID\": \"a\", "
		"\"MigMode\": 0, \"GpuInstances\": [{}]}]}}",
		"c.json:2: \"GpuInstances\" of a GPU whose \"MigMode\" is 0");
	refused("{\"Version\": \"v1\", \"MigState\": {\"Devices\": [{\"UUID\": \"a\", "
		"\"MigMode\": 1, \"GpuInstances\": [\n{\"ProfileID\": 0}]}]}}",
		"c.json:2: \"Placement\" is missing here");
	refused("{\"Version\": \"v1\", \"MigState\": {\"Devices\": [{\"UUID\": \"a\", "
		"\"MigMode\": 1, \"GpuInstances\": [{\"ProfileID\": 0, \"Placement\": "
		"{\"Start\": 16, \"Size\": 1}}]}]}}",
		"c.json:1: 16 is not from 0 to 15");
	refused("{\"Version\": \"v1\", \"MigState\": {\"Devices\": [{\"UUID\": \"a\", "
		"\"MigMode\": 1, \"GpuInstances\": [{\"ProfileID\": 0, \"Placement\": "
		"{\"Start\": 0, \"Size\": 1}, \"ComputeInstances\": [{\"ProfileID\": 0, "
		"\"EngProfileID\": 1}]}]}]}}",
		"c.json:1: 1 is not from 0 to 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_checkpoint_says_where_each_gpu_instance_stands),
		cmocka_unit_test(what_was_read_is_written_again_byte_by_byte),
		cmocka_unit_test(instances_are_written_in_the_order_of_their_nvml_numbers),
		cmocka_unit_test(a_machine_without_mig_has_no_devices_in_it),
		cmocka_unit_test(what_cannot_stand_on_a_gpu_is_refused),
		cmocka_unit_test(a_fault_is_told_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
