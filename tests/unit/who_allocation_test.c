/* SPDX-License-Identifier: Apache-2.0 */
/* What kubelet and Slurm have allocated, as they say it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/holding.h"

static const char *uuid_of(int gi_id)
{
	return mig_gpu_find_gi(&snap.gpus[0], gi_id)->cis[0].uuid;
}

static void a_pod_holds_what_kubelet_gave_it(void **state)
{
	struct mig_who_options opt = options();
	struct mig_holder blocking[MIG_HOLDERS_MAX];
	char text[1024];

	(void)state;
	snprintf(
		text, sizeof(text),
		"{\"pods\":[{\"namespace\":\"a\",\"name\":\"chat\",\"containers\":[{\"devices\":["
		"{\"resource\":\"nvidia.com/mig-3g.40gb\",\"ids\":[\"%s::2\",\"MIG-gone\"]},"
		"{\"resource\":\"example.com/nic\",\"ids\":[\"0\"]}]}]},"
		"{\"namespace\":\"a\",\"name\":\"dra\",\"containers\":[{\"claims\":[{\"devices\":["
		"{\"driver\":\"gpu.nvidia.com\",\"device\":\"gpu-0-mig-1g10gb-19-1\"},"
		"{\"driver\":\"gpu.nvidia.com\",\"device\":\"gpu-1\"},"
		"{\"driver\":\"gpu.nvidia.com\",\"device\":\"gpu-0-mig-1g10gb-19-6\"}]}]}]}]}",
		uuid_of(2));
	opt.kubelet.text = text;
	look(&opt);
	assert_int_equal(mig_who_blocking(&who, 0, 2, 0, MIG_BLOCKS_INSTANCE, blocking), 1);
	assert_string_equal(blocking[0].from.pod, "a/chat");
	assert_int_equal(mig_who_blocking(&who, 0, 8, -1, MIG_BLOCKS_INSTANCE, blocking), 1);
	assert_string_equal(blocking[0].from.pod, "a/dra");
	assert_int_equal(mig_who_blocking(&who, 0, 7, -1, MIG_BLOCKS_INSTANCE, blocking), 0);
	assert_int_equal(mig_who_blocking(&who, 1, -1, -1, MIG_BLOCKS_MODE, blocking), 1);
	assert_int_equal(who.n_unknowns, 2);
	assert_true(has_words(who.unknowns[0].why, "MIG-gone"));
	assert_true(has_words(who.unknowns[1].why, "gpu-0-mig-1g10gb-19-6"));
}

static void a_container_gets_the_name_of_the_pod_on_its_instance(void **state)
{
	struct mig_who_options opt = options();
	char text[512];

	(void)state;
	snprintf(
		text, sizeof(text),
		"{\"pods\":[{\"namespace\":\"a\",\"name\":\"chat\",\"containers\":[{\"devices\":["
		"{\"resource\":\"nvidia.com/gpu\",\"ids\":[\"%s\"]}]}]}]}",
		uuid_of(2));
	make_process(70, "python3\n", "", "0::/kubepods/pod" POD "/" ID "\n",
		     "/dev/nvidia-caps/nvidia-cap22");
	opt.root = root;
	look(&opt);
	assert_int_equal(by_pid(70)->kind, MIG_HOLDER_CRI);
	opt.kubelet.text = text;
	look(&opt);
	assert_int_equal(by_pid(70)->kind, MIG_HOLDER_POD);
	assert_string_equal(by_pid(70)->from.pod, "a/chat");
	assert_string_equal(by_pid(70)->from.pod_uid, POD);
}

/* As "scontrol show job --details --oneliner" of Slurm 22.05 prints jobs, cut to what matters. */
#define JOB(id, job_state, nodes, gres)                                                        \
	"JobId=" id " JobName=wrap JobState=" job_state " NodeList=n[1-2] JOB_GRES=gpu:x:1   " \
	"Nodes=" nodes " CPU_IDs=15 Mem=0 GRES=" gres " MinCPUsNode=1 Command=(null)\n"

static void a_job_holds_what_slurm_gave_it_on_this_node(void **state)
{
	struct mig_who_options opt = options();
	char jobs[256] = "";

	(void)state;
	/* In the order of MIG device indices: 3g.40gb, then the two 1g.10gb, then GPU 1. */
	opt.slurm.text = JOB("11", "RUNNING", "n1",
			     "gpu:a100_3g.39gb:1(IDX:0),gpu:a100_1g.10gb:0(IDX:)")
		JOB("12", "RUNNING", "n2", "gpu:a100_1g.10gb:1(IDX:1)")
			JOB("13", "COMPLETED", "n1", "gpu:a100_1g.10gb:1(IDX:1)")
				JOB("14", "SUSPENDED", "n[1-2,07]", "gpu:a100_1g.10gb:1(IDX:2)")
					JOB("15", "RUNNING", "x,n[0-1]", "gpu:1(IDX:3)")
						JOB("16", "RUNNING", "n1",
						    "gpu:a100_2g.20gb:1(IDX:1)")
							JOB("17", "RUNNING", "n1",
							    "gpu:1(IDX:9),mps:100(IDX:0)")
								JOB("18", "RUNNING", "n[01-02]",
								    "gpu:1(IDX:1)");
	look(&opt);
	for (int i = 0; i < who.n; i++)
		snprintf(jobs + strlen(jobs), sizeof(jobs) - strlen(jobs), "%s on %d/%d/%d, ",
			 who.holders[i].from.job, who.holders[i].gpu, who.holders[i].gi,
			 who.holders[i].ci);
	assert_string_equal(jobs, "11 on 0/2/0, 14 on 0/8/0, 15 on 1/-1/-1, ");
	assert_int_equal(who.n_unknowns, 2);
	assert_true(has_words(who.unknowns[0].why, "job 16 has device 1"));
	assert_true(has_words(who.unknowns[1].why, "job 17 has device 9"));
}

static const struct {
	const char *nodes, *node;
	bool is_here;
} lists[] = {
	{ "gpu7", "gpu7", true },
	{ "gpu7", "GPU7", true },
	{ "gpu7", "gpu77", false },
	{ "gpu[0-12]", "gpu10", true },
	{ "gpu[0-12]", "gpu13", false },
	{ "gpu[0-12]", "gpu07", false },
	{ "gpu[007-012]", "gpu010", true },
	{ "gpu[007-012]", "gpu10", false },
	{ "a,gpu[1,5-6]", "gpu5", true },
	{ "a,gpu[1,5-6],b", "b", true },
	{ "a[1-2],b", "a3", false },
	{ "r[1-3]-gpu", "r2-gpu", true },
	{ "r[1-3]-gpu", "r2-cpu", false },
	{ "r[1-3", "r2", false },
	{ "r[]", "r", false },
	{ "r[1-2]n[1-2]", "r1n1", false },
	{ "", "gpu7", false },
	{ "gpu[99999999999999999999]", "gpu1", false },
};

static void a_list_of_hosts_has_who_is_in_it(void **state)
{
	struct mig_who_options opt = options();
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		snprintf(text, sizeof(text),
			 "JobId=1 JobState=RUNNING Nodes=%s GRES=gpu:1(IDX:0)\n",
			 lists[i].nodes);
		opt.node = lists[i].node;
		opt.slurm.text = text;
		look(&opt);
		if (who.n != lists[i].is_here)
			fail_msg("%s in %s: %d", lists[i].node, lists[i].nodes, who.n);
	}
}

static void an_answer_that_did_not_come_is_an_unknown(void **state)
{
	struct mig_who_options opt = options();

	(void)state;
	opt.kubelet.why = "nobody listens";
	opt.slurm.why = "it did not end in time";
	look(&opt);
	assert_int_equal(who.n_unknowns, 2);
	assert_string_equal(who.unknowns[0].what, "allocations of kubelet");
	assert_string_equal(who.unknowns[0].why, "nobody listens");
	assert_string_equal(who.unknowns[1].what, "allocations of Slurm");
	opt.kubelet = (struct mig_who_answer){ .text = "{\"pods\":7}" };
	opt.slurm = (struct mig_who_answer){ .text = "No jobs in the system\n" };
	look(&opt);
	assert_int_equal(who.n_unknowns, 1);
	assert_true(has_words(who.unknowns[0].why, "cannot be read"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_MACHINE(a_pod_holds_what_kubelet_gave_it),
		ON_A_MACHINE(a_container_gets_the_name_of_the_pod_on_its_instance),
		ON_A_MACHINE(a_job_holds_what_slurm_gave_it_on_this_node),
		ON_A_MACHINE(a_list_of_hosts_has_who_is_in_it),
		ON_A_MACHINE(an_answer_that_did_not_come_is_an_unknown),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
