/* SPDX-License-Identifier: Apache-2.0 */
/* Where a process runs, and the command that ends it there. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include <mig/who.h>

/* --- Control groups ----------------------------------------------------------------------- */

#define ID  "3f1c0e5a7b2d4f60918273645a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7"
#define POD "12345678-9abc-def0-1234-56789abcdef0"

static const struct {
	const char *text;
	enum mig_holder_kind kind;
	const char *container, *pod_uid, *job, *unit;
} groups[] = {
	{ "0::/system.slice/docker-" ID ".scope\n", MIG_HOLDER_DOCKER, ID, "", "",
	  "docker-" ID ".scope" },
	{ "12:memory:/docker/" ID "\n11:cpu,cpuacct:/docker/" ID "\n0::/\n", MIG_HOLDER_DOCKER,
	  ID, "", "", "" },
	{ "0::/machine.slice/libpod-" ID ".scope/container\n", MIG_HOLDER_PODMAN, ID, "", "",
	  "libpod-" ID ".scope" },
	{ "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
	  ".scope/container\n",
	  MIG_HOLDER_PROCESS, ID, "", "", "libpod-" ID ".scope" },
	{ "5:pids:/libpod_parent/libpod-" ID "\n", MIG_HOLDER_PODMAN, ID, "", "", "" },
	{ "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"
	  "12345678_9abc_def0_1234_56789abcdef0.slice/cri-containerd-" ID ".scope\n",
	  MIG_HOLDER_CRI, ID, POD, "", "cri-containerd-" ID ".scope" },
	{ "0::/kubepods.slice/kubepods-pod12345678_9abc_def0_1234_56789abcdef0.slice/crio-" ID
	  ".scope\n",
	  MIG_HOLDER_CRI, ID, POD, "", "crio-" ID ".scope" },
	{ "3:devices:/kubepods/besteffort/pod" POD "/" ID "\n0::/\n", MIG_HOLDER_CRI, ID, POD,
	  "", "" },
	{ "0::/system.slice/containerd.service/kubepods-burstable-pod"
	  "12345678_9abc_def0_1234_56789abcdef0.slice:cri-containerd:" ID "\n",
	  MIG_HOLDER_CRI, ID, POD, "", "containerd.service" },
	/* a node of a cluster that is itself a container */
	{ "0::/docker/" ID "/kubelet/kubepods/pod" POD "/"
	  "00000000111111112222222233333333444444445555555566666666777777ff\n",
	  MIG_HOLDER_CRI, "00000000111111112222222233333333444444445555555566666666777777ff",
	  POD, "", "" },
	{ "4:devices:/slurm/uid_1000/job_123/step_batch/task_0\n", MIG_HOLDER_JOB, "", "",
	  "123.batch", "" },
	{ "0::/system.slice/slurmstepd.scope/job_77/step_0/user/task_0\n", MIG_HOLDER_JOB, "",
	  "", "77.0", "slurmstepd.scope" },
	{ "0::/system.slice/slurmstepd.scope/job_77\n", MIG_HOLDER_JOB, "", "", "77",
	  "slurmstepd.scope" },
	{ "0::/system.slice/slurmstepd.scope/job_77/step_\033[2J/user\n", MIG_HOLDER_JOB, "",
	  "", "77", "slurmstepd.scope" },
	{ "0::/system.slice/nvidia-persistenced.service\n", MIG_HOLDER_UNIT, "", "", "",
	  "nvidia-persistenced.service" },
	{ "9:name=systemd:/system.slice/vllm@chat.service\n4:memory:/system.slice/vllm@chat.service\n"
	  "0::/\n",
	  MIG_HOLDER_UNIT, "", "", "", "vllm@chat.service" },
	{ "0::/user.slice/user-1000.slice/session-3.scope\n", MIG_HOLDER_PROCESS, "", "", "",
	  "session-3.scope" },
	{ "0::/user.slice/user-1000.slice/user@1000.service/app.slice/jupyter.service\n",
	  MIG_HOLDER_PROCESS, "", "", "", "jupyter.service" },
	{ "0::/system.slice/slurmd.service\n", MIG_HOLDER_PROCESS, "", "", "",
	  "slurmd.service" },
	{ "0::/system.slice/ssh.service\n", MIG_HOLDER_PROCESS, "", "", "", "ssh.service" },
	{ "0::/init.scope\n", MIG_HOLDER_PROCESS, "", "", "", "init.scope" },
	{ "9:name=systemd:/\n4:memory:/a/b\n0::/\n", MIG_HOLDER_PROCESS, "", "", "", "" },
	{ "0::/../../docker-short.scope\n", MIG_HOLDER_PROCESS, "", "", "",
	  "docker-short.scope" },
	{ "", MIG_HOLDER_PROCESS, "", "", "", "" },
	{ "no line of it", MIG_HOLDER_PROCESS, "", "", "", "" },
};

static void a_control_group_tells_where_a_process_runs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct mig_origin o;

		mig_origin_parse(groups[i].text, &o);
		if (o.kind != groups[i].kind || strcmp(o.container, groups[i].container) != 0 ||
		    strcmp(o.pod_uid, groups[i].pod_uid) != 0 ||
		    strcmp(o.job, groups[i].job) != 0 || strcmp(o.unit, groups[i].unit) != 0)
			fail_msg("%s -> %d, container %s, pod %s, job %s, unit %s",
				 groups[i].text, (int)o.kind, o.container, o.pod_uid, o.job,
				 o.unit);
	}
}

/* --- Remedies ------------------------------------------------------------------------------ */

static void check_remedy(struct mig_holder h, const char *want)
{
	char text[512];

	h.blocks = MIG_BLOCKS_MODE;
	assert_string_equal(mig_holder_remedy(&h, text, sizeof(text)), want);
	h.blocks = 0;
	assert_string_equal(mig_holder_remedy(&h, text, sizeof(text)), "");
}

static void a_remedy_is_a_command_that_a_shell_takes(void **state)
{
	(void)state;
	check_remedy((struct mig_holder){ .pid = 12 }, "kill 12");
	check_remedy((struct mig_holder){ 0 }, "");
	check_remedy((struct mig_holder){ .kind = MIG_HOLDER_UNIT, .from.unit = "a.service" },
		     "systemctl stop a.service");
	check_remedy((struct mig_holder){ .kind = MIG_HOLDER_UNIT,
					  .from.unit = "a\\x2db;reboot'.service" },
		     "systemctl stop 'a\\x2db;reboot'\\''.service'");
	check_remedy((struct mig_holder){ .kind = MIG_HOLDER_DOCKER, .from.container = ID },
		     "docker stop 3f1c0e5a7b2d");
	check_remedy((struct mig_holder){ .kind = MIG_HOLDER_CRI, .from.container = ID },
		     "crictl stop 3f1c0e5a7b2d");
	check_remedy((struct mig_holder){ .kind = MIG_HOLDER_POD, .from.pod = "team-a/chat" },
		     "kubectl delete pod --namespace team-a chat");
	check_remedy((struct mig_holder){ .kind = MIG_HOLDER_JOB, .from.job = "12.batch" },
		     "scancel 12");
	check_remedy((struct mig_holder){ .kind = MIG_HOLDER_MODULE, .name = "nvidia_drm" },
		     "modprobe -r nvidia_drm nvidia_modeset");
	check_remedy((struct mig_holder){ .kind = MIG_HOLDER_MODULE, .name = "other" },
		     "modprobe -r other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_control_group_tells_where_a_process_runs),
		cmocka_unit_test(a_remedy_is_a_command_that_a_shell_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
