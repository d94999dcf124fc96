/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a profile, and what is missing of one. */
#include "catalog.h"

#include <stdio.h>
#include <string.h>

#include "shared/text.h"

const char *mig_basis_name(enum mig_basis basis)
{
	static const char *const names[] = {
		[MIG_BASIS_NONE] = "unknown",        [MIG_BASIS_DRIVER] = "driver",
		[MIG_BASIS_MEASURED] = "measured",   [MIG_BASIS_DATASHEET] = "datasheet",
		[MIG_BASIS_SECONDARY] = "secondary", [MIG_BASIS_DERIVED] = "derived",
		[MIG_BASIS_ASSUMED] = "assumed",
	};

	return (unsigned)basis < sizeof(names) / sizeof(names[0]) ? names[basis] : "unknown";
}

enum mig_basis mig_basis_weaker(enum mig_basis a, enum mig_basis b)
{
	return a > b ? a : b;
}

/* "MIG 3g.40gb", as the driver says it, is 3g.40gb. */
static const char *without_mig(const char *name)
{
	return strncmp(name, "MIG ", 4) == 0 ? name + 4 : name;
}

static bool is_called(const char *name, int id, const char *asked)
{
	uint64_t n;

	return strcmp(name, without_mig(asked)) == 0 ||
	       (id >= 0 && text_parse_u64(asked, &n) && n == (uint64_t)id);
}

const struct mig_profile *mig_profile_find(const struct mig_gpu_type *type, const char *name)
{
	for (int i = 0; i < type->n_profiles; i++) {
		if (is_called(type->profiles[i].name, type->profiles[i].id, name))
			return &type->profiles[i];
	}
	return NULL;
}

const struct mig_ci_profile *mig_ci_profile_find(const struct mig_profile *gi, const char *name)
{
	for (int i = 0; i < gi->n_ci; i++) {
		if (is_called(gi->ci[i].name, gi->ci[i].id, name))
			return &gi->ci[i];
	}
	return NULL;
}

const struct mig_ci_profile *mig_ci_profile_default(const struct mig_profile *gi)
{
	for (int i = 0; i < gi->n_ci; i++) {
		if (gi->ci[i].is_default)
			return &gi->ci[i];
	}
	return NULL;
}

/* A line of gaps that is being written: "3g.90gb: sm, memory". */
struct gap_line {
	char *buf;
	size_t len;
	const char *of; /* what has the gap; NULL once the line has begun */
	int n;
};

static void gap(struct gap_line *line, bool is_missing, const char *what)
{
	if (!is_missing)
		return;
	line->n++;
	if (line->of)
		text_append(line->buf, line->len, "%s: %s", line->of, what);
	else
		text_append(line->buf, line->len, ", %s", what);
	line->of = NULL;
}

static int end_gaps(struct gap_line *line)
{
	if (line->n > 0)
		text_append(line->buf, line->len, "\n");
	return line->n;
}

static int profile_gaps(const struct mig_profile *p, char *buf, size_t len)
{
	struct gap_line line = { buf, len, p->name, 0 };

	gap(&line, p->id < 0, "id");
	gap(&line, p->compute_slices < 1, "compute slices");
	gap(&line, p->max_count < 1, "count");
	gap(&line, p->size < 1 || p->starts == 0, "placements");
	gap(&line, p->sm < 0, "sm");
	gap(&line, p->mem_mib < 0, "memory");
	gap(&line, p->copy_engines < 0, "copy engines");
	gap(&line, p->decoders < 0, "decoders");
	gap(&line, p->encoders < 0, "encoders");
	gap(&line, p->jpeg < 0, "jpeg");
	gap(&line, p->ofa < 0, "ofa");
	gap(&line, p->p2p < 0, "p2p");
	gap(&line, p->n_ci == 0, "compute instances");
	return end_gaps(&line);
}

int mig_gpu_type_gaps(const struct mig_gpu_type *type, char *buf, size_t len)
{
	struct gap_line line = { buf, len, "GPU", 0 };
	int n;

	if (len > 0)
		buf[0] = '\0';
	gap(&line, type->mem_mib.v < 0, "total memory");
	gap(&line, type->mode_needs_reset < 0 || type->mode_survives_reboot < 0, "mode rules");
	gap(&line, type->n_profiles == 0, "profiles");
	n = end_gaps(&line);
	for (int i = 0; i < type->n_profiles; i++)
		n += profile_gaps(&type->profiles[i], buf, len);
	return n;
}
