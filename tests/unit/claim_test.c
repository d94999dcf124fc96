/* SPDX-License-Identifier: Apache-2.0 */
/* Claims stand as long as somebody holds them, and no longer. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mig/claim.h>

static char base[64], dir[96];
static struct mig_claims list;
static const struct mig_snapshot lab = { .is_simulated = true, .machine = "lab", .id = "00ff" };
static const struct mig_claim chat = { .gpu_uuid = "GPU-1",
				       .profile = "3g.40gb",
				       .start = 4,
				       .ci = 0,
				       .uuid = "MIG-1",
				       .owner = "run chat/0" };

static int set_up(void **state)
{
	(void)state;
	snprintf(base, sizeof(base), "/tmp/claim-XXXXXX");
	assert_non_null(mkdtemp(base));
	snprintf(dir, sizeof(dir), "%s/claims", base);
	return 0;
}

static int n_files(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_type == DT_REG;
	if (d)
		closedir(d);
	return n;
}

static int tear_down(void **state)
{
	char command[160];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command);
}

static struct mig_claim_hold take_chat(void)
{
	struct mig_claim_hold hold = { 0 };
	struct mig_error err = { 0 };

	if (mig_claim_take(dir, &lab, &chat, &hold, &err) < 0)
		fail_msg("%s", err.msg);
	return hold;
}

static int n_listed(const struct mig_snapshot *snap)
{
	struct mig_error err = { 0 };

	if (mig_claims_list(dir, snap, &list, &err) < 0)
		fail_msg("%s", err.msg);
	return list.n;
}

/* A file of that text, locked as a claim is. Return: its descriptor. */
static int lock_text(const char *name, const char *text)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[160];
	int fd;

	mkdir(dir, 0755);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	return fd;
}

static void no_folder_is_no_claim(void **state)
{
	(void)state;
	assert_int_equal(n_listed(&lab), 0);
	assert_int_equal(list.n_refused, 0);
	assert_int_not_equal(access(dir, F_OK), 0);
}

static void a_claim_is_listed_as_it_was_made(void **state)
{
	struct mig_claim_hold hold = take_chat();

	(void)state;
	assert_int_equal(n_listed(&lab), 1);
	assert_string_equal(list.claims[0].gpu_uuid, chat.gpu_uuid);
	assert_string_equal(list.claims[0].profile, chat.profile);
	assert_int_equal(list.claims[0].start, 4);
	assert_int_equal(list.claims[0].ci, 0);
	assert_string_equal(list.claims[0].uuid, chat.uuid);
	assert_string_equal(list.claims[0].owner, chat.owner);
	assert_int_equal(list.claims[0].pid, getpid());
	assert_int_equal(list.claims[0].uid, geteuid());
	mig_claim_release(&hold);
}

static void a_released_claim_leaves_nothing(void **state)
{
	struct mig_claim_hold hold = take_chat(), other = take_chat();

	(void)state;
	assert_int_equal(n_listed(&lab), 2);
	mig_claim_release(&hold);
	assert_int_equal(n_listed(&lab), 1);
	assert_int_equal(n_files(), 1);
	mig_claim_release(&other);
	mig_claim_release(&other);
	assert_int_equal(n_files(), 0);
}

/* Run in a process of its own: claims, says so, and waits to be killed. */
static pid_t start_owner(void)
{
	int pipes[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct mig_claim_hold hold;

		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none behind */
		if (mig_claim_take(dir, &lab, &chat, &hold, NULL) < 0 ||
		    write(pipes[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	return pid;
}

static void a_killed_owner_claims_nothing(void **state)
{
	pid_t pid = start_owner();

	(void)state;
	assert_int_equal(n_listed(&lab), 1);
	assert_int_equal(list.claims[0].pid, pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(n_files(), 1);
	assert_int_equal(n_listed(&lab), 0);
	assert_int_equal(n_files(), 0);
}

/* Claims, finds its own claim in the list, and lets go, many times. Return: is it always there? */
static bool claim_and_look(int n)
{
	struct mig_claim own = chat;

	snprintf(own.owner, sizeof(own.owner), "owner %d", n);
	for (int i = 0; i < 300; i++) {
		struct mig_claim_hold hold;
		bool is_there = false;

		if (mig_claim_take(dir, &lab, &own, &hold, NULL) < 0 ||
		    mig_claims_list(dir, &lab, &list, NULL) < 0)
			return false;
		for (int k = 0; k < list.n; k++)
			is_there |= strcmp(list.claims[k].owner, own.owner) == 0;
		mig_claim_release(&hold);
		if (!is_there || list.n_refused)
			return false;
	}
	return true;
}

/* Who looks removes what is not locked, and a new claim is not locked yet. */
static void a_new_claim_is_never_taken_for_a_dead_one(void **state)
{
	enum { OWNERS = 6 };
	int status;

	(void)state;
	for (int n = 0; n < OWNERS; n++) {
		if (fork() == 0)
			_exit(!claim_and_look(n));
	}
	for (int n = 0; n < OWNERS; n++) {
		wait(&status);
		assert_int_equal(status, 0);
	}
	assert_int_equal(n_files(), 0);
}

static void who_inherits_the_descriptor_holds_the_claim(void **state)
{
	struct mig_claim_hold hold = take_chat();
	int pipes[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		char byte;

		close(pipes[1]);
		_exit(read(pipes[0], &byte, 1) < 0);
	}
	close(pipes[0]);
	close(hold.fd);
	assert_int_equal(n_listed(&lab), 1);
	close(pipes[1]);
	waitpid(pid, NULL, 0);
	assert_int_equal(n_listed(&lab), 0);
}

static void a_reader_cannot_keep_a_dead_claim_alive(void **state)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	const int fd = lock_text("claim-read", "{}");
	char path[160];
	int reader;

	(void)state;
	snprintf(path, sizeof(path), "%s/claim-read", dir);
	close(fd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fcntl(reader, F_OFD_SETLK, &lock), 0);
	assert_int_equal(n_listed(&lab), 0);
	assert_int_equal(n_files(), 0);
	close(reader);
}

static void another_machines_claim_is_refused_and_stays(void **state)
{
	const struct mig_snapshot other = { .is_simulated = true,
					    .machine = "lab",
					    .id = "00fe" };
	const struct mig_snapshot hardware = { .machine = "lab" };
	struct mig_claim_hold hold = take_chat();

	(void)state;
	assert_int_equal(n_listed(&other), 0);
	assert_int_equal(list.n_refused, 1);
	assert_int_equal(list.why.code, MIG_E_MACHINE);
	assert_non_null(strstr(list.why.msg, "another machine (simulated lab)"));
	assert_int_equal(n_listed(&hardware), 0);
	assert_int_equal(list.n_refused, 1);
	assert_int_equal(n_listed(&lab), 1);
	mig_claim_release(&hold);
}

static void what_stands_and_is_no_claim_is_told(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{\"schema\":\"migctl.claim/v1\"}",
		"{\"schema\":\"migctl.claim/v2\",\"machine\":{\"kind\":\"simulated\",\"name\":\"lab\","
		"\"id\":\"00ff\"},\"gpu_uuid\":\"GPU-1\",\"profile\":\"3g.40gb\",\"start\":4,\"ci\":0,"
		"\"uuid\":\"MIG-1\",\"owner\":\"x\",\"pid\":1}",
		"{\"schema\":\"migctl.claim/v1\",\"machine\":{\"kind\":\"simulated\",\"name\":\"lab\","
		"\"id\":\"00ff\"},\"gpu_uuid\":\"GPU-1\",\"profile\":\"3g.40gb\",\"start\":4,\"ci\":99,"
		"\"uuid\":\"MIG-1\",\"owner\":\"x\",\"pid\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const int fd = lock_text("claim-bad", texts[i]);

		assert_int_equal(n_listed(&lab), 0);
		assert_int_equal(list.n_refused, 1);
		assert_int_equal(list.why.code, MIG_E_SYNTAX);
		assert_int_equal(n_files(), 1);
		close(fd);
		assert_int_equal(n_listed(&lab), 0);
		assert_int_equal(list.n_refused, 0);
		assert_int_equal(n_files(), 0);
	}
}

/* The folder may be everybody's. */
static void a_pipe_or_a_link_makes_nobody_wait(void **state)
{
	char path[160];

	(void)state;
	mkdir(dir, 0755);
	snprintf(path, sizeof(path), "%s/claim-pipe", dir);
	assert_int_equal(mkfifo(path, 0644), 0);
	snprintf(path, sizeof(path), "%s/claim-link", dir);
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_int_equal(n_listed(&lab), 0);
	assert_int_equal(list.n_refused, 0);
}

static void a_claim_of_no_utf8_or_no_place_is_refused(void **state)
{
	struct mig_claim_hold hold = { .fd = -7 };
	struct mig_claim odd = chat;
	struct mig_error err = { 0 };
	char path[160];

	(void)state;
	snprintf(odd.owner, sizeof(odd.owner), "\xff");
	assert_int_equal(mig_claim_take(dir, &lab, &odd, &hold, &err), -MIG_E_INVAL);
	snprintf(path, sizeof(path), "%s/absent/claims", base);
	assert_int_equal(mig_claim_take(path, &lab, &chat, &hold, &err), -MIG_E_IO);
	assert_int_equal(hold.fd, -7);
	assert_int_equal(n_files(), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(no_folder_is_no_claim),
		TEST(a_claim_is_listed_as_it_was_made),
		TEST(a_released_claim_leaves_nothing),
		TEST(a_killed_owner_claims_nothing),
		TEST(a_new_claim_is_never_taken_for_a_dead_one),
		TEST(who_inherits_the_descriptor_holds_the_claim),
		TEST(a_reader_cannot_keep_a_dead_claim_alive),
		TEST(another_machines_claim_is_refused_and_stays),
		TEST(what_stands_and_is_no_claim_is_told),
		TEST(a_pipe_or_a_link_makes_nobody_wait),
		TEST(a_claim_of_no_utf8_or_no_place_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
