/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/home.h"
#include "shared/cleanup.h"
#include "shared/text.h"

static const struct check *const rooms[] = { driver_checks, gpu_checks, file_checks,
					     host_checks };

static const struct {
	const char *word, *colour;
} verdicts[] = {
	[VERDICT_PASS] = { "pass", "\033[32m" },
	[VERDICT_UNKNOWN] = { "unknown", "\033[36m" },
	[VERDICT_WARN] = { "warn", "\033[33m" },
	[VERDICT_FAIL] = { "fail", "\033[31m" },
};

enum { VERDICTS = VERDICT_FAIL + 1 };

struct report {
	bool is_json, has_colour;
	json_t *checks;
	int n[VERDICTS], n_all;
};

/* --- Looking ---------------------------------------------------------------------------- */

static void find_root(struct cli *cli, struct doctor *d)
{
	const char *given = cli_option(cli, "root"), *root = NULL;

	if (!given && d->machine && cli_root(cli, &root, NULL) < 0)
		root = mig_machine_root(d->machine);
	d->root = given ? given : root ? root : "";
	d->has_root = !*d->root || access(d->root, F_OK) == 0;
	/* Without a driver there is no telling where a simulated machine's files are. */
	if (!d->machine && cli->sim && !given)
		d->has_root = false;
}

static void look_at_gpus(struct doctor *d)
{
	int n = mig_machine_gpus(d->machine, NULL);

	d->n_gpus = n < 0 ? 0 : n > DOCTOR_GPUS ? DOCTOR_GPUS : n;
	for (int i = 0; i < d->n_gpus; i++)
		d->gpus[i].answers =
			mig_gpu_check(d->machine, i, &d->gpus[i].set, &d->gpus[i].why) == 0;
	for (int i = 0; i < d->snap.n_gpus; i++)
		d->is_pending |= d->snap.gpus[i].mode != d->snap.gpus[i].mode_pending;
}

/* Is there a change of migctl's that has no end? */
static void look_at_change(struct cli *cli, struct doctor *d)
{
	const struct mig_home *home;
	struct mig_unfinished u = { 0 };
	struct mig_error why;
	int rc = cli_home(cli, &d->snap, &home, &why);

	if (rc == 0)
		rc = mig_unfinished_look(home, &u, &why);
	if (rc < 0) {
		d->change = rc == -MIG_E_PERM ? CHANGE_UNKNOWN : CHANGE_DAMAGED;
		text_copy(d->change_text, sizeof(d->change_text), why.msg);
	} else if (rc > 0) {
		d->change = u.is_running ? CHANGE_UNDER_WAY : CHANGE_CUT_SHORT;
		cli_unfinished_text(&u, d->change_text, sizeof(d->change_text));
	}
}

/* Can the record be read, and does all of it stand that a reboot took? */
static void look_at_record(struct cli *cli, struct doctor *d)
{
	const struct mig_home *home;
	struct mig_record rec;
	struct mig_error why;
	int rc = cli_home(cli, &d->snap, &home, &why);

	if (rc == 0)
		rc = mig_record_read(home, &rec, &why);
	d->record_rc = rc;
	if (rc < 0) {
		text_copy(d->record_text, sizeof(d->record_text), why.msg);
		return;
	}
	for (int i = 0; i < d->snap.n_gpus; i++) {
		const int n = mig_record_missing(&rec, home, &d->snap.gpus[i]);

		if (n)
			text_append(d->record_text, sizeof(d->record_text),
				    "%sGPU %d: %d GPU instance%s went with a reboot",
				    *d->record_text ? "; " : "", i, n, n == 1 ? "" : "s");
	}
	mig_record_free(&rec);
}

/* A driver that does not answer is a finding; a machine that was named and is not there is not. */
static bool is_finding(const struct cli *cli, int rc)
{
	const bool is_hardware = cli->is_hardware || !(cli->sim || cli->sim_variable);

	return cli->machine || rc == -MIG_E_NOLIB || rc == -MIG_E_NVML ||
	       (rc == -MIG_E_PERM && is_hardware);
}

/* Of a machine that could not be read: what is known of it. */
static void name_machine(const struct cli *cli, struct mig_snapshot *snap)
{
	const char *sim = cli->is_hardware ? NULL : cli->sim ? cli->sim : cli->sim_variable;

	*snap = (struct mig_snapshot){ .is_simulated = sim != NULL };
	text_copy(snap->driver, sizeof(snap->driver), "unknown");
	if (sim)
		text_copy(snap->machine, sizeof(snap->machine), sim);
	else if (gethostname(snap->machine, sizeof(snap->machine) - 1) < 0)
		text_copy(snap->machine, sizeof(snap->machine), "localhost");
}

static int check_root(const char *given, struct mig_error *err)
{
	struct stat st;

	if (!given)
		return 0;
	if (stat(given, &st) == 0 && !S_ISDIR(st.st_mode))
		return mig_fail(err, MIG_E_IO, "--root %s: it is no folder", given);
	if (access(given, R_OK | X_OK) < 0)
		return mig_fail(err, MIG_E_IO, "--root %s: %s", given, strerror(errno));
	return 0;
}

static int look(struct cli *cli, struct doctor *d, struct mig_error *err)
{
	const char *given = cli_option(cli, "root");
	int rc;

	rc = check_root(given, err);
	if (rc < 0)
		return rc;
	rc = cli_machine(cli, &d->snap, &d->why);

	if (rc < 0 && (rc == -MIG_E_MACHINE || !is_finding(cli, rc))) {
		if (err)
			*err = d->why;
		return rc;
	}
	d->has_snap = rc == 0;
	if (!d->has_snap)
		name_machine(cli, &d->snap);
	else
		look_at_change(cli, d);
	if (d->has_snap)
		look_at_record(cli, d);
	d->machine = cli->machine;
	d->lib_path = getenv("LD_LIBRARY_PATH");
	d->is_root = geteuid() == 0;
	if (d->machine) {
		mig_machine_library(d->machine, &d->library);
		if (!d->has_snap && *d->library.driver)
			text_copy(d->snap.driver, sizeof(d->snap.driver), d->library.driver);
		look_at_gpus(d);
	}
	find_root(cli, d);
	if (d->has_root)
		doctor_processes(d);
	return 0;
}

/* --- Saying ----------------------------------------------------------------------------- */

static void say_text(const struct check *c, const struct finding *f, bool has_colour)
{
	char word[16];

	text_copy(word, sizeof(word), verdicts[f->verdict].word);
	for (char *p = word; *p; p++)
		*p = (char)(*p - 'a' + 'A');
	printf("%s%-7s%s  %-15s  %s\n", has_colour ? verdicts[f->verdict].colour : "", word,
	       has_colour ? "\033[0m" : "", c->id, f->evidence);
	if (f->verdict >= VERDICT_WARN && f->remedy[0])
		printf("%26s%s\n", "-> ", f->remedy);
}

static void say_json(json_t *to, const struct check *c, const struct finding *f)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "id", c->id, "title", c->title, "verdict",
			      verdicts[f->verdict].word, "evidence", f->evidence);

	if (f->verdict >= VERDICT_WARN && f->remedy[0])
		json_object_set_new(o, "remedy", json_string(f->remedy));
	json_array_append_new(to, o);
}

static void run_checks(const struct doctor *d, struct report *report)
{
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		for (const struct check *c = rooms[i]; c->id; c++) {
			struct finding f = { 0 };

			c->look(d, &f);
			report->n[f.verdict]++;
			report->n_all++;
			if (report->is_json)
				say_json(report->checks, c, &f);
			else
				say_text(c, &f, report->has_colour);
		}
	}
}

static int say_summary(struct cli *cli, const struct doctor *d, struct report *r,
		       struct mig_error *err)
{
	json_t *doc;

	if (!r->is_json) {
		printf("\n%d checks: %d pass, %d warn, %d fail, %d unknown\n", r->n_all,
		       r->n[VERDICT_PASS], r->n[VERDICT_WARN], r->n[VERDICT_FAIL],
		       r->n[VERDICT_UNKNOWN]);
		return 0;
	}
	doc = cli_document("migctl.doctor/v1", &d->snap);
	json_object_set_new(doc, "checks", r->checks);
	for (int v = 0; v < VERDICTS; v++) {
		char key[32];

		snprintf(key, sizeof(key), "n_%s", verdicts[v].word);
		json_object_set_new(doc, key, json_integer(r->n[v]));
	}
	return cli_print_json(cli, doc, err);
}

static bool has_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no);
}

static int run(struct cli *cli, struct mig_error *err)
{
	cleanup_free struct doctor *d = calloc(1, sizeof(*d));
	struct report report = { .is_json = cli->is_json, .has_colour = has_colour() };
	char line[256];
	int rc;

	if (!d)
		return mig_fail(err, MIG_E_NOMEM, "examine the machine");
	rc = look(cli, d, err);
	if (rc < 0)
		return rc;
	if (report.is_json)
		report.checks = json_array();
	else
		puts(cli_machine_line(&d->snap, line, sizeof(line)));
	run_checks(d, &report);
	rc = say_summary(cli, d, &report, err);
	mig_snapshot_free(&d->snap);
	if (rc == 0 && report.n[VERDICT_FAIL])
		return mig_fail(err, MIG_E_UNHEALTHY, "%d of %d checks failed",
				report.n[VERDICT_FAIL], report.n_all);
	return rc;
}

static const struct option options[] = {
	{ "root", 0, "DIR", "read files of /proc, /dev, /sys and /etc below DIR" },
	{ 0 },
};

extern const struct verb verb_doctor;
const struct verb verb_doctor = {
	.name = "doctor",
	.operands = "",
	.summary = "look for what keeps MIG from working, and say what helps",
	.text = "Looks at the driver and its library, at each GPU, at the device nodes and files "
		"that containers and schedulers go by, and at those who hold GPUs and so keep "
		"them from being reset. Each check says pass, warn, fail or unknown, what it "
		"saw, and what helps. It reads only.\n\n"
		"The status is 16 when a check failed, else 0. A driver that does not answer is "
		"a finding too: the checks that need none are still made.\n\n"
		"The files are this system's, those of a simulated machine's own tree, or with "
		"--root those of another: a host's, seen from a container.",
	.example = "  migctl doctor\n  migctl doctor --root /host --json\n",
	.options = options,
	.run = run,
};
