/* SPDX-License-Identifier: Apache-2.0 */
/* export and generate-config: partition files, printed. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/parted/parted.h"
#include "cli/partition_file.h"
#include "shared/cleanup.h"
#include "shared/file.h"

/* A pipe or terminal is written to as it is; it cannot be replaced. */
static int print_through(const char *path, const char *text, struct mig_error *err)
{
	cleanup_fclose FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fflush(f) != 0)
		return mig_fail(err, MIG_E_IO, "write %s: %s", path, strerror(errno));
	return 0;
}

int parted_print(const struct parted *p, const char *text)
{
	const char *path = p->values[PARTED_OUTPUT_FILE];
	char real[PATH_MAX];
	struct stat st;

	if (!path || !*path)
		return fputs(text, stdout) < 0 ? mig_fail(p->err, MIG_E_IO, "print") : 0;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return print_through(path, text, p->err);
	/* What a link points to is replaced, not the link. */
	if (!realpath(path, real))
		snprintf(real, sizeof(real), "%s", path);
	return mig_file_replace(real, text, strlen(text), p->err);
}

/* JSON has no comments, and the format no place for the machine. */
int parted_print_config(const struct parted *p, const struct mig_snapshot *snap,
			const struct mig_config *config)
{
	const bool is_json = strcmp(p->values[PARTED_OUTPUT_FORMAT], "json") == 0;
	cleanup_free char *text = NULL, *commented = NULL;
	char line[256];
	int rc = mig_config_write(config, is_json ? MIG_CONFIG_JSON : MIG_CONFIG_YAML, &text,
				  p->err);

	if (rc < 0 || !snap->is_simulated)
		return rc < 0 ? rc : parted_print(p, text);
	cli_machine_line(snap, line, sizeof(line));
	if (is_json) {
		fprintf(stderr, "%s\n", line);
		return parted_print(p, text);
	}
	if (asprintf(&commented, "# %s\n%s", line, text) < 0) {
		commented = NULL;
		return mig_fail(p->err, MIG_E_NOMEM, "print a config");
	}
	return parted_print(p, commented);
}

static int check_format(const struct parted *p)
{
	const char *format = p->values[PARTED_OUTPUT_FORMAT];

	if (strcmp(format, "yaml") == 0 || strcmp(format, "json") == 0)
		return 0;
	return mig_fail(p->err, MIG_E_INVAL, "--output-format \"%s\": yaml or json is wanted",
			format);
}

static int export_from(const struct parted *p, const struct mig_snapshot *snap)
{
	cleanup_free struct mig_config_present *present =
		calloc((size_t)snap->n_gpus + 1, sizeof(*present));
	struct mig_config *config;
	int rc;

	if (!present)
		return mig_fail(p->err, MIG_E_NOMEM, "export");
	for (int i = 0; i < snap->n_gpus; i++) {
		rc = mig_gpu_check_lost(&snap->gpus[i], p->err);
		if (rc < 0)
			return rc;
		if (snap->gpus[i].is_partial)
			return mig_fail(
				p->err, MIG_E_PERM,
				"GPU %d: only root may list its GPU instances; try sudo", i);
		/* One without MIG is one with MIG off, there as here. */
		present[i] = partition_present(&snap->gpus[i]);
	}
	rc = mig_config_export(p->values[PARTED_CONFIG_LABEL], present, (size_t)snap->n_gpus,
			       &config, p->err);
	if (rc < 0)
		return rc;
	rc = parted_print_config(p, snap, config);
	mig_config_free(config);
	return rc;
}

static int generate_from(const struct parted *p, const struct mig_snapshot *snap)
{
	cleanup_free struct mig_config_gpu *gpus = partition_gpus(snap);
	struct mig_config *config;
	int rc;

	if (!gpus)
		return mig_fail(p->err, MIG_E_NOMEM, "generate configs");
	rc = mig_config_generate(gpus, (size_t)snap->n_gpus, &config, p->err);
	if (rc < 0)
		return rc;
	rc = parted_print_config(p, snap, config);
	mig_config_free(config);
	return rc;
}

static int print_from(struct parted *p,
		      int (*print)(const struct parted *p, const struct mig_snapshot *snap))
{
	struct mig_snapshot snap;
	int rc = check_format(p);

	if (rc == 0)
		rc = cli_machine(p->cli, &snap, p->err);
	if (rc < 0)
		return rc;
	rc = print(p, &snap);
	mig_snapshot_free(&snap);
	return rc;
}

int parted_export(struct parted *p)
{
	return print_from(p, export_from);
}

int parted_generate(struct parted *p)
{
	return print_from(p, generate_from);
}
