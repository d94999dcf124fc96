/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/fill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "shared/text.h"
#include "sim/uuid.h"
#include "sim/version.h"

enum {
	ARCH_AMPERE = 7, /* the last whose MIG switch resets the GPU */
	GAPS_TEXT = 768,
};

bool sim_fill_has_orientations(const struct mig_gpu_type *type)
{
	/* Mirrored is the memory slice without compute slices: where there is none, nothing shows. */
	return type->units == 8 && type->compute_slices < 8;
}

/* --- Types -------------------------------------------------------------------------------- */

static void fill_ci_kind(const struct mig_ci_profile *from, struct sim_ci_kind *to)
{
	text_copy(to->name, sizeof(to->name), from->name);
	to->nvml_profile = from->nvml_profile;
	to->id = from->id;
	to->compute_slices = from->compute_slices;
	to->size = from->size;
	to->max_count = from->max_count;
	to->sm = from->sm;
	to->starts = from->starts;
}

static void fill_gi_kind(const struct mig_profile *from, struct sim_gi_kind *to)
{
	text_copy(to->name, sizeof(to->name), from->name);
	to->nvml_profile = from->nvml_profile;
	to->id = from->id;
	to->compute_slices = from->compute_slices;
	to->size = from->size;
	to->max_count = from->max_count;
	to->sm = from->sm;
	to->starts = from->starts;
	to->mem_mib = from->mem_mib;
	to->engines[SIM_COPY] = from->copy_engines;
	to->engines[SIM_DECODER] = from->decoders;
	to->engines[SIM_ENCODER] = from->encoders;
	to->engines[SIM_JPEG] = from->jpeg;
	to->engines[SIM_OFA] = from->ofa;
	to->p2p = from->p2p > 0;
	to->gfx = from->gfx > 0;
	to->n_ci = from->n_ci;
	for (int i = 0; i < from->n_ci; i++)
		fill_ci_kind(&from->ci[i], &to->ci[i]);
}

/* A published size, or the next power of two above the memory, as on every GPU where both
 * are known. */
static int64_t bar1_mib(const struct mig_gpu_type *type)
{
	int64_t mib = 1;

	if (type->bar1_mib.v > 0)
		return type->bar1_mib.v;
	while (mib <= type->mem_mib.v)
		mib *= 2;
	return mib;
}

static void fill_type(const struct mig_gpu_type *from, struct sim_type *to)
{
	text_copy(to->key, sizeof(to->key), from->key);
	text_copy(to->name, sizeof(to->name), from->name);
	to->nvml_arch = from->nvml_arch;
	to->cc_major = from->cc_major;
	to->cc_minor = from->cc_minor;
	to->pci_id = from->n_pci_ids > 0 ? from->pci_ids[0] : 0;
	to->units = from->units;
	to->compute_slices = from->compute_slices;
	to->max_mig_devices = from->max_mig_devices;
	to->mode_needs_reset = from->mode_needs_reset;
	if (from->mode_needs_reset == MIG_UNKNOWN)
		to->mode_needs_reset = from->nvml_arch <= ARCH_AMPERE;
	to->mode_survives_reboot = from->mode_survives_reboot;
	if (from->mode_survives_reboot == MIG_UNKNOWN)
		to->mode_survives_reboot = to->mode_needs_reset;
	/* HBM always has ECC; boards with GDDR, which alone are called RTX, come with it off. */
	to->has_ecc = strstr(from->name, "RTX") == NULL;
	to->mem_mib = from->mem_mib.v;
	to->bar1_mib = bar1_mib(from);
	to->n_profiles = from->n_profiles;
	for (int i = 0; i < from->n_profiles; i++)
		fill_gi_kind(&from->profiles[i], &to->profiles[i]);
}

/* Each gap is a line; the last one ends the message. */
static const char *without_end(char *lines)
{
	const size_t len = strlen(lines);

	if (len && lines[len - 1] == '\n')
		lines[len - 1] = '\0';
	return lines;
}

/* What is missing; and can it be assumed? */
static int refuse_gaps(const struct mig_gpu_type *type, char *gaps, struct mig_error *err)
{
	struct mig_gpu_type *filled = malloc(sizeof(*filled));
	char rest[GAPS_TEXT] = "";

	if (!filled)
		return mig_fail(err, MIG_E_NOMEM, "%s: out of memory", type->key);
	*filled = *type;
	mig_gpu_type_assume(filled);
	(void)mig_gpu_type_gaps(filled, rest, sizeof(rest));
	free(filled);
	if (*rest)
		return mig_fail(err, MIG_E_UNSUPPORTED,
				"%s cannot be simulated: nobody published these values, and no "
				"rule fills them:\n%s",
				type->key, without_end(rest));
	return mig_fail(err, MIG_E_UNSUPPORTED,
			"%s cannot be simulated from published values alone; 'migctl sim new' "
			"with --assume would fill these by rule:\n%s",
			type->key, without_end(gaps));
}

/* The index of a type in the image, which is added when it is new there. */
static int type_index(struct sim_fixed *fixed, const struct mig_gpu_type *type,
		      struct mig_error *err)
{
	char gaps[GAPS_TEXT] = "";

	for (uint32_t i = 0; i < fixed->n_types; i++)
		if (strcmp(fixed->types[i].key, type->key) == 0)
			return (int)i;
	if (mig_gpu_type_gaps(type, gaps, sizeof(gaps)) > 0)
		return refuse_gaps(type, gaps, err);
	fill_type(type, &fixed->types[fixed->n_types]);
	fixed->is_assumed |= type->is_assumed;
	return (int)fixed->n_types++;
}

/* --- GPUs --------------------------------------------------------------------------------- */

static void fill_gpu(struct sim_fixed *fixed, unsigned i, unsigned type, bool is_mirrored)
{
	struct sim_gpu *gpu = &fixed->gpus[i];
	char uuid[SIM_UUID_BYTES];

	sim_uuid_gpu(fixed->seed, fixed->name, i, uuid);
	text_copy(gpu->uuid, sizeof(gpu->uuid), uuid);
	snprintf(gpu->serial, sizeof(gpu->serial), "SIM%010llu",
		 (unsigned long long)(sim_uuid_number(fixed->seed, fixed->name, i, "serial") %
				      10000000000ULL));
	gpu->bus = 7 + 8 * i; /* 07, 0F, …: 32 GPUs end at FF */
	snprintf(gpu->bus_id, sizeof(gpu->bus_id), "00000000:%02X:00.0", gpu->bus);
	gpu->pdi = sim_uuid_number(fixed->seed, fixed->name, i, "pdi");
	gpu->type = type;
	gpu->is_mirrored = is_mirrored;
}

static int add_gpus(struct sim_fixed *fixed, const struct sim_gpus *spec, struct mig_error *err)
{
	int type;

	if (spec->count < 1 || spec->count > (int)(SIM_GPUS_MAX - fixed->n_gpus))
		return mig_fail(err, MIG_E_INVAL, "a machine has 1 to %d GPUs", SIM_GPUS_MAX);
	if (spec->is_mirrored && !sim_fill_has_orientations(spec->type))
		return mig_fail(err, MIG_E_INVAL,
				"%s has one orientation only; leave @mirrored out",
				spec->type->key);
	type = type_index(fixed, spec->type, err);
	if (type < 0)
		return type;
	for (int i = 0; i < spec->count; i++)
		fill_gpu(fixed, fixed->n_gpus++, (unsigned)type, spec->is_mirrored);
	return 0;
}

/* --- The machine -------------------------------------------------------------------------- */

static int fill_names(const char *name, const struct sim_options *opt, struct sim_fixed *fixed,
		      struct mig_error *err)
{
	const char *driver = opt->driver ? opt->driver : SIM_DEFAULT_DRIVER;
	struct sim_version version;
	uint8_t id[16];

	if (!sim_name_ok(name))
		return mig_fail(
			err, MIG_E_INVAL,
			"\"%s\" cannot be a machine's name: letters, digits and \"._-\", "
			"not first \".\" or \"-\", at most %d of them",
			name, SIM_NAME_MAX - 1);
	if (!sim_version_parse(driver, &version))
		return mig_fail(err, MIG_E_INVAL,
				"\"%s\" is not a driver version with MIG; "
				"they look like %s and begin with 450",
				driver, SIM_DEFAULT_DRIVER);
	if (getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id))
		return mig_fail(err, MIG_E_IO, "random numbers: %s", strerror(errno));
	text_copy(fixed->name, sizeof(fixed->name), name);
	text_copy(fixed->driver, sizeof(fixed->driver), driver);
	for (size_t i = 0; i < sizeof(id); i++)
		snprintf(fixed->id + 2 * i, 3, "%02x", id[i]);
	return 0;
}

int sim_fill(const char *name, const struct sim_options *opt, struct sim_fixed *ret,
	     struct mig_error *err)
{
	const char *why;
	int rc;

	rc = fill_names(name, opt, ret, err);
	if (rc < 0)
		return rc;
	ret->seed = opt->seed;
	ret->is_strict = opt->is_strict;
	ret->settle_ms = opt->settle_ms;
	if (opt->n_specs < 1 || opt->n_specs > SIM_SPECS_MAX)
		return mig_fail(err, MIG_E_INVAL, "a machine has 1 to %d kinds of GPUs",
				SIM_SPECS_MAX);
	for (int i = 0; i < opt->n_specs; i++) {
		rc = add_gpus(ret, &opt->specs[i], err);
		if (rc < 0)
			return rc;
	}
	/* What the image's readers would refuse must not be written. */
	if (!sim_fixed_is_sound(ret, &why))
		return mig_fail(err, MIG_E_UNSUPPORTED, "machine %s cannot be simulated: %s",
				name, why);
	return 0;
}
