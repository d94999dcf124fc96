/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/holders.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/child.h"
#include "shared/cleanup.h"
#include "shared/text.h"

#define CLAIMS_FOLDER  "/run/migctl/claims"
#define KUBELET_SOCKET "/var/lib/kubelet/pod-resources/kubelet.sock"

enum { LIMIT_MS = 5000, ANSWER_MAX = 16 << 20 };

/* What was said outside, and what it is to the library. */
struct answer {
	struct mig_who_answer is;
	char *text;
	char why[400];
};

char *holders_claims_folder(const struct cli *cli, const struct mig_snapshot *snap, char *buf,
			    size_t len)
{
	if (snap->is_simulated)
		snprintf(buf, len, "%s/%s/claims", cli->sim_dir, snap->machine);
	else
		text_copy(buf, len, CLAIMS_FOLDER);
	return buf;
}

/* Is this the machine whose files stand in /proc and /dev here? */
static bool is_in_place(const char *root)
{
	char path[4096];
	struct stat own, here;

	snprintf(path, sizeof(path), "%s/proc/driver/nvidia/version", root);
	return stat(path, &own) == 0 && stat("/proc/driver/nvidia/version", &here) == 0 &&
	       own.st_dev == here.st_dev && own.st_ino == here.st_ino;
}

static void say_why(struct answer *ret, const char *fmt, ...) MIG_PRINTF(2, 3);

static void say_why(struct answer *ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ret->why, sizeof(ret->why), fmt, ap);
	va_end(ap);
	ret->is.why = ret->why;
}

static void ask(const char *const *argv, int limit_ms, struct answer *ret)
{
	const char *slash = strrchr(argv[0], '/');
	struct child_answer said = { 0 };
	struct mig_error why = { 0 };
	const char *words;

	if (child_ask(argv, limit_ms, ANSWER_MAX, &said, &why) < 0) {
		say_why(ret, "%s", why.msg);
	} else if (said.status != 0) {
		/* Some complain on stdout. */
		said.text[strcspn(said.text, "\n")] = '\0';
		words = *said.words ? said.words : said.text;
		say_why(ret, "%s ended with status %d%s%s", slash ? slash + 1 : argv[0],
			said.status, *words ? ": " : "", words);
		free(said.text);
	} else {
		ret->is.text = ret->text = said.text;
	}
}

static void ask_kubelet(const char *root, struct answer *ret)
{
	char socket[4096], program[4096];
	const char *const argv[] = { program, "--socket", socket, NULL };
	struct mig_error why = { 0 };

	snprintf(socket, sizeof(socket), "%s" KUBELET_SOCKET, root);
	if (access(socket, R_OK | W_OK) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return;
		say_why(ret, "needs root: %s: %s", socket, strerror(errno));
	} else if (cli_program("migctl-pod-resources", program, sizeof(program), &why) < 0) {
		say_why(ret, "%s", why.msg);
	} else {
		ask(argv, LIMIT_MS, ret);
	}
}

/* Without a configuration its programs are only installed. */
static bool has_slurm(void)
{
	static const char *const usual[] = { "/etc/slurm/slurm.conf",
					     "/etc/slurm-llnl/slurm.conf",
					     "/run/slurm/conf/slurm.conf" };
	const char *named = getenv("SLURM_CONF");

	if (named && *named)
		return true;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (access(usual[i], F_OK) == 0)
			return true;
	}
	return false;
}

/* Slurm calls a node by its short name, unless slurmd was told another. */
static void node_name(char *buf, size_t len)
{
	const char *named = getenv("SLURMD_NODENAME");

	if (named && *named)
		text_copy(buf, len, named);
	else if (gethostname(buf, len) < 0)
		buf[0] = '\0';
	buf[len - 1] = '\0';
	buf[strcspn(buf, ".")] = '\0';
}

/* A node that Slurm calls otherwise would seem to have no jobs: first it has to know this one. */
static void ask_slurm(const char *node, struct answer *ret)
{
	const char *const node_argv[] = {
		"scontrol", "show", "node", node, "--oneliner", NULL
	};
	static const char *const jobs_argv[] = { "scontrol",  "show",       "job",
						 "--details", "--oneliner", NULL };
	struct answer known = { 0 };

	if (!has_slurm())
		return;
	ask(node_argv, LIMIT_MS / 2, &known);
	if (known.text)
		ask(jobs_argv, LIMIT_MS / 2, ret);
	else
		say_why(ret, "%s", known.why);
	free(known.text);
}

int holders_take(struct cli *cli, const struct mig_snapshot *snap, const char *root,
		 struct mig_who *ret, struct mig_error *err)
{
	struct answer kubelet = { 0 }, slurm = { 0 };
	char node[256], claims[4096], below[4096];
	struct mig_who_options opt = {
		.root = root, .driver_root = root, .node = node, .claims = claims
	};
	int rc;

	/* Of a simulated machine that has no tree nobody can have a file open: none is made. */
	if (!root)
		opt.driver_root = mig_machine_root(cli->machine);
	holders_claims_folder(cli, snap, claims, sizeof(claims));
	if (root && !snap->is_simulated) {
		snprintf(below, sizeof(below), "%s%s", root, claims);
		opt.claims = below;
	}
	opt.has_host = root || !snap->is_simulated || is_in_place(opt.driver_root);
	node_name(node, sizeof(node));
	if (opt.has_host)
		ask_kubelet(root ? root : "", &kubelet);
	if (opt.has_host && !root)
		ask_slurm(node, &slurm);
	opt.kubelet = kubelet.is;
	opt.slurm = slurm.is;
	rc = mig_who_take(cli->machine, snap, &opt, ret, err);
	free(kubelet.text);
	free(slurm.text);
	return rc;
}
