/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds what: from the driver, from open files, from modules, from claims. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/holding.h"

/* A process that has files of the root open, until it is killed. */
static pid_t start_holder(const char *const *files)
{
	int pipes[2];
	char byte, path[512];
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none behind */
		for (; *files; files++) {
			snprintf(path, sizeof(path), "%s/dev/%s", root, *files);
			if (open(path, O_RDONLY) < 0)
				_exit(1);
		}
		if (write(pipes[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	close(pipes[1]);
	return pid;
}

static void end_holder(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void who_has_a_capability_open_holds_its_instance(void **state)
{
	static const char *const files[] = {
		"nvidiactl", "nvidia0", "nvidia-caps/nvidia-cap21", "nvidia-caps/nvidia-cap22",
		"nvidia0",   NULL
	};
	const struct mig_who_options opt = options();
	pid_t pid = start_holder(files);
	const struct mig_holder *h;

	(void)state;
	look(&opt);
	h = by_pid(pid);
	assert_non_null(h);
	assert_int_equal(h->gpu, 0);
	assert_int_equal(h->gi, 2);
	assert_int_equal(h->ci, 0);
	assert_int_equal(h->seen, MIG_SEEN_FILE);
	assert_int_equal(h->blocks, MIG_BLOCKS_INSTANCE | MIG_BLOCKS_MODE);
	assert_int_equal(h->uid, geteuid());
	assert_string_equal(h->name, "who_test");
	end_holder(pid);
	look(&opt);
	assert_null(by_pid(pid));
}

static void who_has_a_gpu_open_is_in_the_way_of_its_mode_alone(void **state)
{
	static const char *const files[] = { "nvidia1", "nvidiactl", NULL };
	static const char *const driver[] = { "nvidiactl", NULL };
	const struct mig_who_options opt = options();
	struct mig_holder blocking[MIG_HOLDERS_MAX];
	pid_t pid = start_holder(files), other = start_holder(driver);

	(void)state;
	look(&opt);
	assert_int_equal(by_pid(pid)->gpu, 1);
	assert_int_equal(by_pid(pid)->gi, -1);
	assert_int_equal(by_pid(pid)->blocks, MIG_BLOCKS_MODE);
	assert_int_equal(by_pid(other)->gpu, -1);
	assert_int_equal(mig_who_blocking(&who, 1, -1, -1, MIG_BLOCKS_INSTANCE, blocking), 0);
	assert_int_equal(mig_who_blocking(&who, 1, -1, -1, MIG_BLOCKS_MODE, blocking), 2);
	assert_int_equal(mig_who_blocking(&who, 0, -1, -1, MIG_BLOCKS_MODE, blocking), 1);
	assert_int_equal(blocking[0].pid, other);
	end_holder(pid);
	end_holder(other);
}

static void what_the_driver_lists_and_what_is_open_is_told_once(void **state)
{
	static const char *const files[] = { "nvidia0", "nvidia-caps/nvidia-cap22", NULL };
	const struct mig_who_options opt = options();
	struct sim_tenant *tenant;
	pid_t pid = start_holder(files);

	(void)state;
	CHECK(sim_tenant_begin(machine_folder(), name, "0/2/0", pid, 1 << 20, &tenant, NULL) ==
	      0);
	look(&opt);
	assert_int_equal(by_pid(pid)->seen, MIG_SEEN_DRIVER | MIG_SEEN_FILE);
	sim_tenant_end(tenant);
	end_holder(pid);
}

static void we_are_not_in_our_own_way(void **state)
{
	const struct mig_who_options opt = options();
	char path[128];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/dev/nvidia0", root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	look(&opt);
	assert_null(by_pid(getpid()));
	close(fd);
}

/* --- Another root: processes are files too ----------------------------------------------------- */

static void a_daemon_is_named_by_its_unit(void **state)
{
	struct mig_who_options opt = options();
	char text[256];

	(void)state;
	opt.root = root;
	opt.has_host = true;
	make_process(70, "nvidia-persiste\n", "Name:\tx\nUid:\t1\t2\t3\t4\n",
		     "0::/system.slice/my-persistenced.service\n", "/dev/nvidia0");
	make_process(71, "nv-hostengine\n", "", "0::/\n", NULL);
	make_process(72, "sleep\n", "", "0::/\n", NULL);
	look(&opt);
	assert_int_equal(by_pid(70)->kind, MIG_HOLDER_DAEMON);
	assert_int_equal(by_pid(70)->uid, 2);
	assert_int_equal(by_pid(70)->blocks, MIG_BLOCKS_MODE);
	assert_string_equal(mig_holder_remedy(by_pid(70), text, sizeof(text)),
			    "systemctl stop my-persistenced.service");
	assert_int_equal(by_pid(71)->blocks, 0);
	assert_string_equal(by_pid(71)->from.unit, "nvidia-dcgm.service");
	assert_null(by_pid(72));
	opt.has_host = false;
	look(&opt);
	assert_non_null(by_pid(70));
	assert_null(by_pid(71));
}

/* --- Modules ---------------------------------------------------------------------------------- */

/* The holders of a kind, in one line. */
static const char *names_of(enum mig_holder_kind kind)
{
	static char line[512];

	line[0] = '\0';
	for (int i = 0; i < who.n; i++) {
		if (who.holders[i].kind == kind)
			snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s:%u ",
				 who.holders[i].name, who.holders[i].blocks);
	}
	return line;
}

static void a_module_of_a_module_holds_the_driver(void **state)
{
	const struct mig_who_options opt = options();

	(void)state;
	write_file("proc/modules", "nvidia_uvm 4956160 0 - Live 0x0\n"
				   "nvidia_drm 77824 4 - Live 0x0\n"
				   "nvidia_modeset 1208320 1 nvidia_drm, Live 0x0\n"
				   "nvidia 104071168 3 nvidia_uvm,nvidia_modeset, Live 0x0\n"
				   "nvidia_of_another_sort 1 0 - Live 0x0\n"
				   "nvme 1 1 nvme_core, Live 0x0\ncut");
	look(&opt);
	assert_string_equal(names_of(MIG_HOLDER_MODULE),
			    "nvidia_drm:2 nvidia_modeset:2 nvidia_uvm:0 ");
}

static void without_a_list_of_modules_their_folders_tell(void **state)
{
	const struct mig_who_options opt = options();

	(void)state;
	write_file("sys/module/nvidia/holders/gdrdrv", "");
	write_file("sys/module/nvidia/holders/nvidia_modeset", "");
	write_file("sys/module/nvidia_modeset/holders/nvidia_drm", "");
	look(&opt);
	assert_string_equal(names_of(MIG_HOLDER_MODULE),
			    "gdrdrv:2 nvidia_drm:2 nvidia_modeset:2 ");
}

/* --- Claims ------------------------------------------------------------------------------------ */

static struct mig_claim claim_of(const char *profile, int start)
{
	struct mig_claim c = { .start = start, .ci = 0, .owner = "run chat/0" };

	snprintf(c.gpu_uuid, sizeof(c.gpu_uuid), "%s", snap.gpus[0].uuid);
	snprintf(c.profile, sizeof(c.profile), "%s", profile);
	return c;
}

static void a_claim_holds_what_stands_where_it_says(void **state)
{
	const struct mig_claim good = claim_of("3g.40gb", 4), gone = claim_of("4g.40gb", 0);
	struct mig_who_options opt = options();
	struct mig_claim_hold holds[2];
	struct mig_holder blocking[MIG_HOLDERS_MAX];
	char claims[96];

	(void)state;
	snprintf(claims, sizeof(claims), "%s/claims", root);
	opt.claims = claims;
	assert_int_equal(mig_claim_take(claims, &snap, &good, &holds[0], NULL), 0);
	assert_int_equal(mig_claim_take(claims, &snap, &gone, &holds[1], NULL), 0);
	look(&opt);
	assert_int_equal(mig_who_blocking(&who, 0, 2, 0, MIG_BLOCKS_INSTANCE, blocking), 1);
	assert_int_equal(blocking[0].kind, MIG_HOLDER_CLAIM);
	assert_string_equal(blocking[0].name, "run chat/0");
	assert_int_equal(mig_who_blocking(&who, 0, 7, -1, MIG_BLOCKS_INSTANCE, blocking), 0);
	assert_int_equal(who.n_unknowns, 1);
	assert_true(has_words(who.unknowns[0].why, "claims 4g.40gb@0"));
	mig_claim_release(&holds[0]);
	mig_claim_release(&holds[1]);
	look(&opt);
	assert_int_equal(who.n_unknowns, 0);
}

static void what_is_hidden_is_counted(void **state)
{
	const struct mig_who_options opt = options();
	static const char *const files[] = { "nvidia0", NULL };
	pid_t pid;
	int status;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = start_holder(files);
	if (fork() == 0) {
		if (setegid(65534) < 0 || seteuid(65534) < 0)
			_exit(2);
		look(&opt);
		_exit(!(who.n_hidden > 0 && !by_pid(pid)));
	}
	wait(&status);
	assert_int_equal(status, 0);
	look(&opt);
	assert_non_null(by_pid(pid));
	end_holder(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_MACHINE(who_has_a_capability_open_holds_its_instance),
		ON_A_MACHINE(who_has_a_gpu_open_is_in_the_way_of_its_mode_alone),
		ON_A_MACHINE(what_the_driver_lists_and_what_is_open_is_told_once),
		ON_A_MACHINE(we_are_not_in_our_own_way),
		ON_A_MACHINE(a_daemon_is_named_by_its_unit),
		ON_A_MACHINE(a_module_of_a_module_holds_the_driver),
		ON_A_MACHINE(without_a_list_of_modules_their_folders_tell),
		ON_A_MACHINE(a_claim_holds_what_stands_where_it_says),
		ON_A_MACHINE(what_is_hidden_is_counted),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
