/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a machine's driver say of its instances what its NVML says, at every moment. */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mig/device.h>

#include "tests/tree.h"

enum { GI_3G = 9, GI_2G = 14, GI_1G = 19, CI_1C = 0 }; /* profile ids of an A100 */

/* --- What the files must say of each instance that NVML has, and that it has no more. ------- */

/* Nodes are devices where they may be made, else files of the same name. */
static void check_node(int minor_number, mode_t mode)
{
	struct stat st;
	char name[64];

	snprintf(name, sizeof(name), "dev/nvidia-caps/nvidia-cap%d", minor_number);
	CHECK(is_there(name, &st));
	CHECK_EQ(st.st_mode & 0777, mode);
	if (S_ISCHR(st.st_mode))
		CHECK_EQ(minor(st.st_rdev), minor_number);
}

static void check_instance(const struct mig_caps *caps, int gpu_minor, int gi, int ci,
			   bool is_here)
{
	const int want = mig_caps_minor(caps, gpu_minor, gi, ci);
	struct mig_error err = { 0 };
	struct mig_cap cap = { 0 };
	char name[64], node[64];
	struct stat st;
	int rc = mig_cap_read(root, mig_cap_name(gpu_minor, gi, ci, name, sizeof(name)), &cap,
			      &err);

	snprintf(node, sizeof(node), "dev/nvidia-caps/nvidia-cap%d", want);
	if (!is_here) {
		CHECK_EQ(rc, -MIG_E_NOENT);
		CHECK(!is_there(node, &st));
		return;
	}
	CHECK_EQ(rc, 0);
	CHECK(want > 2);
	CHECK_EQ(cap.minor, want);
	CHECK_EQ(cap.mode, 0444);
	CHECK(cap.may_be_modified);
	check_node(want, 0444);
}

/* Return: how many instances there are. */
static int check_gpu(const struct mig_caps *caps, unsigned index)
{
	nvmlComputeInstance_t ci;
	nvmlGpuInstance_t gi;
	unsigned gpu_minor;
	int n = 0;

	CHECK_RC(nv.nvmlDeviceGetMinorNumber(gpu(index), &gpu_minor), NVML_SUCCESS);
	for (int g = 0; g < MIG_CAPS_GIS; g++) {
		const bool has_gi = nv.nvmlDeviceGetGpuInstanceById(gpu(index), (unsigned)g,
								    &gi) == NVML_SUCCESS;

		check_instance(caps, (int)gpu_minor, g, -1, has_gi);
		n += has_gi;
		for (int c = 0; c < MIG_CAPS_CIS; c++) {
			const bool has_ci =
				has_gi &&
				nv.nvmlGpuInstanceGetComputeInstanceById(gi, (unsigned)c,
									 &ci) == NVML_SUCCESS;

			check_instance(caps, (int)gpu_minor, g, c, has_ci);
			n += has_ci;
		}
	}
	return n;
}

static int check_all(void)
{
	static struct mig_caps caps;
	unsigned count;
	int n = 0;

	CHECK(mig_caps_read(root, &caps, NULL) == 0);
	CHECK_RC(nv.nvmlDeviceGetCount_v2(&count), NVML_SUCCESS);
	for (unsigned i = 0; i < count; i++)
		n += check_gpu(&caps, i);
	check_node(caps.config, 0400);
	check_node(caps.monitor, 0444);
	return n;
}

/* --- Tests ----------------------------------------------------------------------------------- */

/* Seen on a real machine: GI 2 is 21 and its CI 0 is 22; GI 3 is 30; GI 9 is 84. */
static void minors_are_those_of_the_driver(void)
{
	static struct mig_caps caps;

	refresh(machine_start("1xA30", NULL));
	CHECK(mig_caps_read(root, &caps, NULL) == 0);
	CHECK_EQ(caps.n, 4322);
	CHECK_EQ(caps.config, 1);
	CHECK_EQ(caps.monitor, 2);
	CHECK_EQ(mig_caps_minor(&caps, 0, 0, -1), 3);
	CHECK_EQ(mig_caps_minor(&caps, 0, 0, 0), 4);
	CHECK_EQ(mig_caps_minor(&caps, 0, 1, -1), 12);
	CHECK_EQ(mig_caps_minor(&caps, 0, 2, -1), 21);
	CHECK_EQ(mig_caps_minor(&caps, 0, 2, 0), 22);
	CHECK_EQ(mig_caps_minor(&caps, 0, 3, -1), 30);
	CHECK_EQ(mig_caps_minor(&caps, 0, 3, 0), 31);
	CHECK_EQ(mig_caps_minor(&caps, 0, 3, 1), 32);
	CHECK_EQ(mig_caps_minor(&caps, 0, 9, -1), 84);
	CHECK_EQ(mig_caps_minor(&caps, 0, 9, 0), 85);
	CHECK_EQ(mig_caps_minor(&caps, 31, 14, 7), 4322);
	CHECK_EQ(mig_caps_minor(&caps, 32, 0, -1), -1);
	CHECK_EQ(mig_caps_minor(&caps, 0, 15, -1), -1);
	CHECK_EQ(mig_caps_minor(&caps, 0, 0, 8), -1);
	machine_stop();
}

static nvmlGpuInstance_t make(unsigned index, unsigned profile)
{
	nvmlGpuInstance_t gi;
	nvmlComputeInstance_t ci;
	const int n = check_all();

	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(gpu(index), profile, &gi), NVML_SUCCESS);
	CHECK_EQ(check_all(), n + 1);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, CI_1C, &ci), NVML_SUCCESS);
	return gi;
}

static void every_change_is_there_when_it_is_answered(void)
{
	const char *name = machine_start("2xA100-SXM4-80GB@mirrored,1xA100-SXM4-40GB", NULL);
	nvmlComputeInstance_t ci;
	nvmlGpuInstance_t gi;
	struct stat st;

	refresh(name);
	CHECK_EQ(check_all(), 0);
	CHECK(!is_there("proc/driver/nvidia/capabilities/gpu1", &st));
	for (unsigned i = 0; i < 3; i++)
		mig_on(i);
	CHECK(is_there("proc/driver/nvidia/capabilities/gpu1/mig", &st));
	make(0, GI_3G);
	CHECK_EQ(check_all(), 2);
	gi = make(1, GI_2G);
	CHECK_EQ(check_all(), 4);
	CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi, CI_1C, &ci), NVML_SUCCESS);
	CHECK_EQ(check_all(), 5);
	make(2, GI_1G);
	CHECK_EQ(check_all(), 7);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	CHECK_EQ(check_all(), 6);
	CHECK(sim_machine_reset(machine_folder(), name, 1, NULL) == 0);
	CHECK_EQ(check_all(), 4);
	CHECK(sim_machine_reboot(machine_folder(), name, NULL) == 0);
	CHECK_RC(nv.nvmlShutdown(), NVML_SUCCESS);
	machine_be(name);
	CHECK_EQ(check_all(), 0);
	machine_stop();
}

static ino_t inode_of(const char *name)
{
	struct stat st;

	CHECK(is_there(name, &st));
	return st.st_ino;
}

static void unmake(nvmlGpuInstance_t gi)
{
	nvmlComputeInstance_t ci;

	CHECK_RC(nv.nvmlGpuInstanceGetComputeInstanceById(gi, 0, &ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlComputeInstanceDestroy(ci), NVML_SUCCESS);
	CHECK_RC(nv.nvmlGpuInstanceDestroy(gi), NVML_SUCCESS);
}

/* Made and deleted again and again, files would take ever longer to make. */
static void an_instance_that_comes_back_has_the_same_files(void)
{
	static const char gi[] = "proc/driver/nvidia/capabilities/gpu0/mig/gi2/access",
			  ci[] = "proc/driver/nvidia/capabilities/gpu0/mig/gi2/ci0/access",
			  node[] = "dev/nvidia-caps/nvidia-cap21";
	const char *name = machine_start("1xA100-SXM4-80GB", NULL);
	nvmlGpuInstance_t handle;
	ino_t inodes[3];

	refresh(name);
	mig_on(0);
	handle = make(0, GI_3G);
	inodes[0] = inode_of(gi), inodes[1] = inode_of(ci), inodes[2] = inode_of(node);
	unmake(handle);
	CHECK_EQ(check_all(), 0);
	make(0, GI_3G);
	CHECK_EQ(check_all(), 2);
	CHECK(inode_of(gi) == inodes[0] && inode_of(ci) == inodes[1] &&
	      inode_of(node) == inodes[2]);
	machine_stop();
}

/* "1 ID 00…07" of the stamp becomes "1 ID 00…00": what one leaves who is killed in a change. */
static void forget_the_state(void)
{
	char path[8192];
	FILE *f;

	snprintf(path, sizeof(path), "%s/../tree", root);
	f = fopen(path, "r+");
	CHECK(f && fseek(f, -21, SEEK_END) == 0);
	CHECK(fputs("00000000000000000000", f) > 0 && fclose(f) == 0);
}

static void a_second_set_of_files_takes_the_place_of_the_first(void)
{
	static const char config[] = "proc/driver/nvidia/capabilities/mig/config";
	const char *name = machine_start("1xA100-SXM4-80GB", NULL);
	nvmlGpuInstance_t handle;
	ino_t inode;

	refresh(name);
	mig_on(0);
	unmake(make(0, GI_3G)); /* its files are kept */
	forget_the_state();
	handle = make(0, GI_3G); /* and all is made anew, with a second set */
	inode = inode_of(config);
	unmake(handle);
	CHECK_EQ(check_all(), 0);
	CHECK(inode_of(config) == inode);
	make(0, GI_3G);
	CHECK_EQ(check_all(), 2);
	CHECK(inode_of(config) == inode);
	machine_stop();
}

/* Nobody asked for one: nothing is written. */
static void a_machine_without_a_tree_gets_none(void)
{
	const char *name = machine_start("1xA100-SXM4-80GB", NULL);
	struct stat st;

	sim_tree_path(machine_folder(), name, root, sizeof(root));
	mig_on(0);
	CHECK(!is_there("", &st));
	CHECK(!is_there("../tree", &st));
	machine_stop();
}

/* The stamp says of which state a tree is; one that was not brought along is made good. */
static void a_tree_that_is_behind_is_brought_along(void)
{
	const char *name = machine_start("1xA100-SXM4-80GB", NULL);
	char path[8192];
	FILE *f;

	refresh(name);
	mig_on(0);
	snprintf(path, sizeof(path), "%s/../tree", root);
	f = fopen(path, "w");
	CHECK(f && fputs("1 other 00000000000000000001\n", f) > 0 && fclose(f) == 0);
	CHECK_RC(nv.nvmlDeviceCreateGpuInstance(gpu(0), GI_1G, &(nvmlGpuInstance_t){ 0 }),
		 NVML_SUCCESS);
	refresh(name);
	CHECK_EQ(check_all(), 1);
	machine_stop();
}

/* --- Beside a writer --------------------------------------------------------------------------- */

static void change_for_ever(void)
{
	for (;;)
		unmake(make(0, GI_3G));
}

/* One look: the whole is always there, and an instance is whole or not there. */
static bool look(void)
{
	struct mig_error err = { 0 };
	struct mig_cap cap;
	int rc = -1;

	/* Once more: a reader that was held up on its way while the folder was exchanged twice
	 * finds nothing there. */
	for (int i = 0; i < 3 && rc < 0; i++)
		rc = mig_cap_read(root, "mig/config", &cap, &err);
	if (rc < 0)
		fprintf(stderr, "%s\n", err.msg);
	CHECK(rc == 0 && cap.minor == 1 && cap.mode == 0400);
	rc = mig_cap_read(root, "gpu0/mig/gi2/access", &cap, &err);
	if (rc == -MIG_E_NOENT || rc == -MIG_E_IO)
		return false; /* not there, or gone since it was looked for */
	CHECK(rc == 0 && cap.minor == 21 && cap.mode == 0444);
	return true;
}

static void a_reader_beside_a_writer_sees_the_old_or_the_new(void)
{
	const char *name = machine_start("1xA100-SXM4-80GB", NULL);
	int n_with = 0, n_without = 0, status;
	pid_t writer;

	refresh(name);
	mig_on(0);
	writer = fork();
	CHECK(writer >= 0);
	if (writer == 0)
		change_for_ever();
	while (n_with < 300 || n_without < 300) {
		CHECK(waitpid(writer, &status, WNOHANG) == 0);
		if (look())
			n_with++;
		else
			n_without++;
	}
	/* Killed anywhere: what it left behind is made good by the next one. */
	kill(writer, SIGKILL);
	CHECK(waitpid(writer, &status, 0) == writer);
	refresh(name);
	check_all();
	machine_stop();
}

/* Killed anywhere, it leaves nothing that the next one does not make good. */
static void a_killed_writer_leaves_nothing_behind(void)
{
	const char *name = machine_start("1xA100-SXM4-80GB", NULL);
	uint64_t seed = 3;
	struct stat st;
	int status;

	refresh(name);
	mig_on(0);
	for (int i = 0; i < 30; i++) {
		const pid_t writer = fork();

		CHECK(writer >= 0);
		if (writer == 0)
			change_for_ever();
		usleep(1000 + below(6000, &seed));
		kill(writer, SIGKILL);
		CHECK(waitpid(writer, &status, 0) == writer && WIFSIGNALED(status));
		refresh(name);
		check_all();
		CHECK(sim_machine_reset(machine_folder(), name, 0, NULL) == 0);
		CHECK_EQ(check_all(), 0);
	}
	CHECK(!is_there("../.caps-new", &st) && !is_there("../.root-new", &st));
	machine_stop();
}

int main(void)
{
	door_open();
	RUN(minors_are_those_of_the_driver);
	RUN(every_change_is_there_when_it_is_answered);
	RUN(an_instance_that_comes_back_has_the_same_files);
	RUN(a_second_set_of_files_takes_the_place_of_the_first);
	RUN(a_machine_without_a_tree_gets_none);
	RUN(a_tree_that_is_behind_is_brought_along);
	RUN(a_reader_beside_a_writer_sees_the_old_or_the_new);
	RUN(a_killed_writer_leaves_nothing_behind);
	return 0;
}
