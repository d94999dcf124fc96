/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine to ask who holds it: GPU 0 with a 3g.40gb (GI 2) and two 1g.10gb (GI 7 and 8), GPU 1 with
 * MIG off; and a root with its driver's files, in which nodes are plain files that everybody can open,
 * and other processes can be written.
 */
#ifndef TESTS_HOLDING_H
#define TESTS_HOLDING_H

#include <unistd.h>

#include <sys/stat.h>

#include <mig/who.h>

#include "sim/tree.h"
#include "tests/opened.h"

/* An id of a container, and a pod's. */
#define ID  "3f1c0e5a7b2d4f60918273645a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7"
#define POD "12345678-9abc-def0-1234-56789abcdef0"

static const char *name;
static struct mig_machine *machine;
static struct mig_snapshot snap;
static struct mig_who who;
static char root[64]; /* of a driver's files; nodes are plain files, which everybody can open */

static inline void write_file(const char *file, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, file);
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static inline void cut(const char *profile, int start)
{
	const struct mig_gpu_type *type = type_of("A100-SXM4-80GB");
	const struct mig_profile *p = mig_profile_find(type, profile);
	const nvmlGpuInstancePlacement_t place = { (unsigned)start, (unsigned)p->size };
	nvmlComputeInstance_t ci;
	nvmlGpuInstance_t gi;

	CHECK_RC(nv.nvmlDeviceCreateGpuInstanceWithPlacement(gpu(0), (unsigned)p->id, &place,
							     &gi),
		 NVML_SUCCESS);
	for (int i = 0; i < p->n_ci; i++) {
		if (p->ci[i].is_default)
			CHECK_RC(nv.nvmlGpuInstanceCreateComputeInstance(gi,
									 (unsigned)p->ci[i].id,
									 &ci),
				 NVML_SUCCESS);
	}
}

static inline void copy_minors(void)
{
	char command[4300], tree[4096];

	CHECK(sim_tree_refresh(machine_folder(), name, NULL) == 0);
	sim_tree_path(machine_folder(), name, tree, sizeof(tree));
	write_file("proc/driver/nvidia-caps/nothing", "");
	snprintf(command, sizeof(command),
		 "cp %s/proc/driver/nvidia-caps/mig-minors %s/proc/driver/nvidia-caps", tree,
		 root);
	assert_int_equal(system(command), 0);
}

static inline int set_up(void **state)
{
	(void)state;
	name = machine_start("2xA100-SXM4-80GB", NULL);
	mig_on(0);
	cut("3g.40gb", 4);
	cut("1g.10gb", 0);
	cut("1g.10gb", 1);
	machine = machine_open(name, catalog);
	snap = snapshot_of(machine);
	snprintf(root, sizeof(root), "/tmp/who-XXXXXX");
	assert_non_null(mkdtemp(root));
	copy_minors();
	write_file("dev/nvidia0", "");
	write_file("dev/nvidia1", "");
	write_file("dev/nvidiactl", "");
	write_file("dev/nvidia-caps/nvidia-cap21", ""); /* GI 2 */
	write_file("dev/nvidia-caps/nvidia-cap22", ""); /* its CI 0 */
	return 0;
}

static inline int tear_down(void **state)
{
	char command[96];

	(void)state;
	mig_who_free(&who);
	mig_snapshot_free(&snap);
	mig_machine_close(machine);
	machine_stop();
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static inline struct mig_who_options options(void)
{
	return (struct mig_who_options){ .driver_root = root, .node = "n1" };
}

static inline void look(const struct mig_who_options *opt)
{
	struct mig_error err = { 0 };

	mig_who_free(&who);
	if (mig_who_take(machine, &snap, opt, &who, &err) < 0)
		fail_msg("%s", err.msg);
}

/* The holder with that pid, or NULL; there may be no second one. */
static inline const struct mig_holder *by_pid(int pid)
{
	const struct mig_holder *found = NULL;

	for (int i = 0; i < who.n; i++) {
		if (who.holders[i].pid != pid)
			continue;
		assert_null(found);
		found = &who.holders[i];
	}
	return found;
}

static inline void make_process(int pid, const char *comm, const char *uid, const char *group,
				const char *node)
{
	char file[128], path[512];

	snprintf(file, sizeof(file), "proc/%d/comm", pid);
	write_file(file, comm);
	snprintf(file, sizeof(file), "proc/%d/status", pid);
	write_file(file, uid);
	snprintf(file, sizeof(file), "proc/%d/cgroup", pid);
	write_file(file, group);
	snprintf(file, sizeof(file), "proc/%d/fd/nothing", pid);
	write_file(file, "");
	snprintf(path, sizeof(path), "%s/proc/%d/fd/3", root, pid);
	if (node)
		assert_int_equal(symlink(node, path), 0);
}

#define ON_A_MACHINE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
