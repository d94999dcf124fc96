/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which machine. It is chosen once, here: hardware unless a simulated machine is named, and
 * nothing falls back from one to the other.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/home.h"
#include "cli/turn.h"
#include "cli/verb.h"
#include "shared/text.h"
#include "sim/machine.h"
#include "sim/tree.h"

#ifndef MIG_SIM_LIBRARY
#error "the build says where the simulator is installed"
#endif

/* By the name of the locale: to load it would take longer than all that the driver is asked. */
bool cli_is_unicode(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *name = NULL, *codeset;

	for (size_t i = 0; i < 3 && !(name && *name); i++)
		name = getenv(variables[i]);
	codeset = name ? strchr(name, '.') : NULL;
	return codeset && (strncasecmp(codeset, ".UTF-8", 6) == 0 ||
			   strncasecmp(codeset, ".utf8", 5) == 0);
}

int cli_catalog(struct cli *cli, struct mig_catalog **ret, struct mig_error *err)
{
	const char *const dirs[] = { "/etc/migctl/gpu.d", cli->catalog_dir, NULL };
	int rc;

	if (!cli->catalog) {
		if (cli->catalog_dir && access(cli->catalog_dir, R_OK | X_OK) < 0)
			return mig_fail(err, MIG_E_IO, "--catalog %s: %s", cli->catalog_dir,
					strerror(errno));
		rc = mig_catalog_open(dirs, &cli->catalog, err);
		if (rc < 0)
			return rc;
	}
	*ret = cli->catalog;
	return 0;
}

/* Beside the program as it is installed, wherever that is; else where the build said. */
bool cli_installed(const char *from_bin, const char *folder, const char *file, char *buf,
		   size_t len)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		*slash = '\0';
		snprintf(buf, len, "%s/../%s/%s", self, from_bin, file);
		if (access(buf, R_OK) == 0)
			return true;
	}
	snprintf(buf, len, "%s/%s", folder, file);
	return access(buf, R_OK) == 0;
}

int cli_sim_library(char *buf, size_t len, struct mig_error *err)
{
	if (cli_installed(MIG_SIM_FROM_BIN, MIG_SIM_LIBRARY, "libnvidia-ml.so.1", buf, len))
		return 0;
	return mig_fail(err, MIG_E_NOLIB, "the simulated driver is not installed: no %s", buf);
}

int cli_program(const char *name, char *buf, size_t len, struct mig_error *err)
{
	if (cli_installed(MIG_PROGRAMS_FROM_BIN, MIG_PROGRAMS, name, buf, len))
		return 0;
	return mig_fail(err, MIG_E_NOENT, "%s is not installed: no %s", name, buf);
}

const char *cli_machine_line(const struct mig_snapshot *snap, char *buf, size_t len)
{
	if (snap->is_simulated)
		snprintf(buf, len, "machine: SIMULATED %s%s", snap->machine,
			 snap->is_assumed ? " (with assumed values)" : "");
	else
		snprintf(buf, len, "machine: hardware %s, driver %s", snap->machine,
			 snap->driver);
	return buf;
}

/* A SPEC after --sim makes a machine of that name, once. */
static int make_from_spec(struct cli *cli, const char *spec, struct mig_error *err)
{
	struct sim_options opt = { 0 };
	struct mig_catalog *cat;
	int rc = cli_catalog(cli, &cat, err);

	if (rc < 0)
		return rc;
	rc = sim_spec_parse(spec, cat, &opt, err);
	if (rc < 0)
		return mig_wrap(err, rc, "--sim %s", spec);
	if (!sim_name_ok(spec))
		return mig_fail(err, MIG_E_INVAL,
				"--sim %s: such a machine needs a name of its own: 'migctl sim "
				"new NAME --gpus %s' makes it",
				spec, spec);
	rc = sim_machine_new(cli->sim_dir, spec, &opt, err);
	return rc == -MIG_E_EXIST ? 0 : rc;
}

static bool is_spec(const char *name)
{
	const size_t digits = strspn(name, "0123456789");

	return digits > 0 && name[digits] == 'x';
}

static int check_sim(struct cli *cli, const char *name, struct mig_error *err)
{
	char image[8192];

	snprintf(image, sizeof(image), "%s/%s/image", cli->sim_dir, name);
	if (access(image, F_OK) == 0)
		return 0; /* whole or broken: opening it will tell */
	if (errno == EACCES)
		return mig_fail(err, MIG_E_PERM, "look for machine %s in %s: %s", name,
				cli->sim_dir, strerror(errno));
	if (is_spec(name))
		return make_from_spec(cli, name, err);
	if (!sim_name_ok(name))
		return mig_fail(err, MIG_E_INVAL,
				"\"%s\" cannot be a machine's name; 'migctl sim list' shows "
				"those there are in %s",
				name, cli->sim_dir);
	return mig_fail(err, MIG_E_NOENT,
			"there is no simulated machine %s in %s; 'migctl sim list' shows those "
			"there are, 'migctl sim new %s --gpus 2xA100-SXM4-80GB' makes one",
			name, cli->sim_dir, name);
}

/* The driver's interface has few words for what is wrong with a machine's file; ask it. */
static int explain_broken(struct cli *cli, const char *name, int rc, struct mig_error *err)
{
	struct sim_summary summary;
	struct mig_error why;
	int why_rc = sim_machine_summary(cli->sim_dir, name, &summary, &why);

	if (why_rc == 0)
		return rc;
	if (err)
		*err = why;
	return why_rc;
}

static bool has_real_driver(void)
{
	return access("/proc/driver/nvidia/version", F_OK) == 0;
}

/* A change where a real driver is loaded, and only the variable says that it is not meant. */
static bool is_variable_alone(const struct cli *cli)
{
	return cli->sim_variable && !cli->sim && !cli->is_hardware &&
	       cli->verb->flags & VERB_CHANGES && has_real_driver();
}

static int choose(struct cli *cli, const char **ret_sim, struct mig_error *err)
{
	*ret_sim = NULL;
	if (cli->is_hardware && cli->sim)
		return mig_fail(err, MIG_E_INVAL, "--sim and --hardware exclude each other");
	if (cli->is_hardware)
		return 0;
	if (cli->sim) {
		*ret_sim = cli->sim;
		return 0;
	}
	/* Alone it is not enough, unless 'sim exec' set it: then the simulator is what loads. */
	if (!is_variable_alone(cli))
		*ret_sim = cli->sim_variable;
	return 0;
}

static int open_machine(struct cli *cli, struct mig_error *err)
{
	struct mig_machine_options opt = { .is_brief = cli->verb->flags & VERB_BRIEF &&
						       !cli->is_json };
	char library[8192], root[4096];
	int rc = choose(cli, &opt.sim_machine, err);

	if (rc == 0)
		rc = cli_catalog(cli, &opt.catalog, err);
	if (rc < 0)
		return rc;
	if (opt.sim_machine) {
		rc = check_sim(cli, opt.sim_machine, err);
		if (rc == 0)
			rc = cli_sim_library(library, sizeof(library), err);
		if (rc < 0)
			return rc;
		opt.library = library;
		opt.sim_dir = cli->sim_dir;
		opt.root = sim_tree_path(cli->sim_dir, opt.sim_machine, root, sizeof(root));
	}
	rc = mig_machine_open(&opt, &cli->machine, err);
	if (rc < 0 && opt.sim_machine)
		return explain_broken(cli, opt.sim_machine, rc, err);
	if (rc == -MIG_E_NOLIB)
		mig_hint(err, rc,
			 "no GPU here? 'migctl --sim 2xA100-SXM4-80GB status' makes two "
			 "simulated ones");
	return rc;
}

/* Is what was opened what was meant? */
static int check_meant(const struct cli *cli, bool is_simulated, const char *name,
		       struct mig_error *err)
{
	if (cli->is_hardware && is_simulated)
		return mig_fail(err, MIG_E_MACHINE,
				"--hardware: libnvidia-ml.so.1 is here the simulated driver of "
				"machine %s; say --sim %s, or leave 'sim exec'",
				name, name);
	if (is_variable_alone(cli) && !is_simulated)
		return mig_fail(err, MIG_E_MACHINE,
				"MIGCTL_SIM names the simulated machine %s, and this machine "
				"has a real driver: say --sim %s or --hardware to '%s'",
				cli->sim_variable, cli->sim_variable, cli->verb->name);
	return 0;
}

int cli_machine(struct cli *cli, struct mig_snapshot *ret, struct mig_error *err)
{
	struct mig_snapshot snap = { 0 };
	char line[256];
	int rc = cli->machine ? 0 : open_machine(cli, err);

	if (rc == 0 && cli->verb->flags & VERB_CHANGES && !cli_option(cli, "dry-run"))
		rc = turn_take(cli,
			       cli->is_hardware ? NULL
			       : cli->sim       ? cli->sim
						: cli->sim_variable,
			       err);
	if (rc == 0)
		rc = mig_snapshot_take(cli->machine, &snap, err);
	if (rc == 0 || is_variable_alone(cli)) {
		const int meant = check_meant(cli, snap.is_simulated, snap.machine, err);

		rc = meant < 0 ? meant : rc;
	}
	if (rc < 0) {
		mig_snapshot_free(&snap);
		return rc;
	}
	if (cli->verb->flags & VERB_CHANGES) {
		fprintf(stderr, "%s\n", cli_machine_line(&snap, line, sizeof(line)));
		/* Nothing is planned from a machine that is half of one thing and half of another. */
		rc = cli->verb->flags & VERB_ENDS ? 0 : cli_check_finished(cli, &snap, err);
	}
	if (rc < 0) {
		mig_snapshot_free(&snap);
		return rc;
	}
	*ret = snap;
	return 0;
}

int cli_root(struct cli *cli, const char **ret, struct mig_error *err)
{
	const char *sim;
	int rc = choose(cli, &sim, err);

	if (rc == 0 && sim)
		rc = sim_tree_refresh(cli->sim_dir, sim, err);
	if (rc == 0)
		*ret = mig_machine_root(cli->machine);
	return rc;
}

int cli_gpu(const struct mig_snapshot *snap, const char *text, int *ret, struct mig_error *err)
{
	struct mig_ref ref;
	int rc = mig_ref_parse(snap, text, &ref, NULL, err);

	if (rc < 0)
		return rc;
	if (ref.gi >= 0)
		return mig_fail(err, MIG_E_INVAL, "%s is an instance; a GPU is wanted here",
				text);
	*ret = ref.gpu;
	return 0;
}
