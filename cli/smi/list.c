/* SPDX-License-Identifier: Apache-2.0 */
/* -L, and the lists of "mig": profiles, places, instances. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/smi/smi.h"

bool smi_is_on(const struct smi *s, int gpu)
{
	return s->is_chosen[gpu] && s->snap.gpus[gpu].has_mig && s->snap.gpus[gpu].mode;
}

static int by_number(const void *a, const void *b)
{
	const struct smi_gi *x = a, *y = b;

	if (x->p->nvml_profile != y->p->nvml_profile)
		return x->p->nvml_profile - y->p->nvml_profile;
	return x->gi->id - y->gi->id;
}

int smi_gis(const struct smi *s, const struct mig_gpu *gpu, struct smi_gi *ret)
{
	int n = 0;

	for (int i = 0; i < gpu->n_gis && gpu->type; i++) {
		const struct mig_profile *p =
			gpu->gis[i].profile < 0 ? NULL
						: &gpu->type->profiles[gpu->gis[i].profile];

		if (p && p->nvml_profile < s->call->format->n_profiles)
			ret[n++] = (struct smi_gi){ gpu, &gpu->gis[i], p };
	}
	qsort(ret, (size_t)n, sizeof(*ret), by_number);
	return n;
}

int smi_cis(const struct smi_gi *g, const struct mig_ci **ret)
{
	int n = 0;

	/* They stand by id already; one profile after the other. */
	for (int p = 0; p < g->p->n_ci; p++) {
		for (int i = 0; i < g->gi->n_cis; i++) {
			if (g->gi->cis[i].profile == p)
				ret[n++] = &g->gi->cis[i];
		}
	}
	return n;
}

int smi_profiles(const struct smi *s, const struct mig_gpu *gpu, const struct mig_profile **ret)
{
	int n = 0;

	for (int i = 0; gpu->type && i < gpu->type->n_profiles; i++) {
		if (gpu->type->profiles[i].nvml_profile < s->call->format->n_profiles)
			ret[n++] = &gpu->type->profiles[i];
	}
	return n;
}

static void rule(char fill, int width)
{
	putchar(fill == '=' ? '|' : '+');
	for (int i = 0; i < width; i++)
		putchar(fill);
	puts(fill == '=' ? "|" : "+");
}

/* --- -L ------------------------------------------------------------------------------- */

static void list_device(const struct mig_gpu *gpu, const struct mig_gi *gi,
			const struct mig_ci *ci)
{
	const struct mig_profile *p =
		gpu->type && gi->profile >= 0 ? &gpu->type->profiles[gi->profile] : NULL;
	const char *name = !p ? "?" : ci->profile >= 0 ? p->ci[ci->profile].name : p->name;

	printf("  MIG %-11s Device %2d: (UUID: %s)\n", name, ci->index, ci->uuid);
}

/* The MIG device of that index, or NULL. */
const struct mig_ci *smi_device_at(const struct mig_gpu *gpu, int index,
				   const struct mig_gi **ret)
{
	for (int i = 0; i < gpu->n_gis; i++) {
		for (int k = 0; k < gpu->gis[i].n_cis; k++) {
			if (gpu->gis[i].cis[k].index == index) {
				*ret = &gpu->gis[i];
				return &gpu->gis[i].cis[k];
			}
		}
	}
	return NULL;
}

int smi_list(struct smi *s)
{
	int status = 0;

	for (int g = 0; g < s->snap.n_gpus; g++) {
		const struct mig_gpu *gpu = &s->snap.gpus[g];

		if (gpu->is_lost) {
			status = smi_say_lost(gpu, "gpu ");
			continue;
		}
		printf("GPU %d: %s (UUID: %s)\n", gpu->index, gpu->name, gpu->uuid);
		for (int i = 0; i < MIG_GIS_MAX * MIG_CIS_MAX; i++) {
			const struct mig_gi *gi;
			const struct mig_ci *ci = smi_device_at(gpu, i, &gi);

			if (ci)
				list_device(gpu, gi, ci);
		}
	}
	return status;
}

/* --- GPU instance profiles -------------------------------------------------------------- */

static int failed_to(const char *what, int code)
{
	printf("Failed to display %s: %s\n", what, smi_words(code));
	return smi_status(code);
}

/* Every chosen GPU with MIG on that keeps its instances from this user: NULL, or the first. */
static const struct mig_gpu *kept_from_us(const struct smi *s)
{
	for (int g = 0; g < s->snap.n_gpus; g++) {
		if (smi_is_on(s, g) && s->snap.gpus[g].is_partial)
			return &s->snap.gpus[g];
	}
	return NULL;
}

static int lgip_row(struct smi *s, const struct mig_gpu *gpu, const struct mig_profile *p,
		    int width)
{
	char name[MIG_NAME_MAX + 4];
	int n_free = mig_smi_gi_free(s->cli->machine, gpu->index, p->id, s->err);

	if (n_free < 0)
		return n_free;
	snprintf(name, sizeof(name), "MIG %s", p->name);
	printf("|%4d  %-*s%3d%6d/%-9d%-11.2f%-7s%-3d%5d%6d   |\n", gpu->index,
	       s->call->format->name_width, name, p->id, n_free, p->max_count,
	       (double)p->mem_mib / 1024, p->p2p ? "Yes" : "No", p->sm, p->decoders,
	       p->encoders);
	printf("|%*d%6d%6d   |\n", width - 15, p->copy_engines, p->jpeg, p->ofa);
	rule('-', width);
	return 0;
}

int smi_lgip(struct smi *s)
{
	const int width = s->call->format->name_width + 60, pad = s->call->format->name_width;
	const struct mig_profile *profiles[MIG_PROFILES_MAX];

	rule('-', width);
	printf("|%-*s|\n", width, " GPU instance profiles:");
	printf("| GPU   %-*sID    Instances   Memory     P2P    SM    DEC   ENC  |\n", pad,
	       "Name");
	printf("|%*sFree/Total   GiB              CE    JPEG  OFA  |\n", pad + 13, "");
	rule('=', width);
	for (int g = 0; g < s->snap.n_gpus; g++) {
		const int n = smi_is_on(s, g) ? smi_profiles(s, &s->snap.gpus[g], profiles) : 0;

		for (int i = 0; i < n; i++) {
			int rc = lgip_row(s, &s->snap.gpus[g], profiles[i], width);

			if (rc < 0)
				return failed_to("GPU instance profiles", smi_code(rc, s->err));
		}
	}
	return 0;
}

/* "Placements: {0,4}:4" */
static void print_places(uint16_t starts, int size)
{
	const char *comma = "";

	printf("Placement%s {", starts & (starts - 1) ? "s:" : " :");
	for (int i = 0; i < MIG_UNITS_MAX; i++) {
		if (starts >> i & 1) {
			printf("%s%d", comma, i);
			comma = ",";
		}
	}
	printf("}:%d\n", size);
}

int smi_lgipp(struct smi *s)
{
	const struct mig_profile *profiles[MIG_PROFILES_MAX];

	/* The driver tells places to those who may list instances. */
	if (kept_from_us(s))
		return failed_to("GPU instance placements", 4);
	for (int g = 0; g < s->snap.n_gpus; g++) {
		const int n = smi_is_on(s, g) ? smi_profiles(s, &s->snap.gpus[g], profiles) : 0;

		for (int i = 0; i < n; i++) {
			printf("GPU %2d Profile ID %2d ", s->snap.gpus[g].index,
			       profiles[i]->id);
			print_places(profiles[i]->starts, profiles[i]->size);
		}
	}
	return 0;
}

/* --- Instances -------------------------------------------------------------------------- */

/*
 * Each GPU instance of the chosen GPUs that -gi names. A callback answers 0, or what to end
 * with. Return: that, or 6 and words when there is none.
 */
static int each_gi(struct smi *s, const char *gis,
		   int (*fn)(struct smi *, struct smi_gi *, int n))
{
	struct smi_gi found[MIG_GIS_MAX];
	int n_found = 0;

	for (int g = 0; g < s->snap.n_gpus; g++) {
		const int n = smi_is_on(s, g) ? smi_gis(s, &s->snap.gpus[g], found) : 0;

		for (int i = 0; i < n; i++) {
			int rc;

			if (!smi_has_id(gis, found[i].gi->id))
				continue;
			rc = fn(s, &found[i], n_found++);
			if (rc)
				return rc;
		}
	}
	if (n_found)
		return 0;
	printf("No GPU instances found: %s\n", smi_words(SMI_NOT_FOUND));
	return smi_status(SMI_NOT_FOUND);
}

static int none_for_us(void)
{
	printf("No GPU instances found: %s\n", smi_words(4));
	return smi_status(4);
}

static int lgi_row(struct smi *s, struct smi_gi *g, int n)
{
	const int pad = s->call->format->name_width, width = pad + 38;
	char name[MIG_NAME_MAX + 4];

	if (n == 0) {
		rule('-', width);
		printf("|%-*s|\n", width, " GPU instances:");
		printf("| GPU   %-*sProfile  Instance   Placement  |\n", pad, "Name");
		printf("|%*sID       ID       Start:Size |\n", pad + 9, "");
		rule('=', width);
	}
	snprintf(name, sizeof(name), "MIG %s", g->p->name);
	printf("|%4d  %-*s%5d%9d%11d:%-6d|\n", g->gpu->index, pad, name, g->p->id, g->gi->id,
	       g->gi->start, g->p->size);
	rule('-', width);
	return 0;
}

int smi_lgi(struct smi *s)
{
	if (kept_from_us(s))
		return failed_to("GPU instances", 4);
	return each_gi(s, NULL, lgi_row);
}

static void lci_head(void)
{
	rule('-', 68);
	printf("|%-68s|\n", " Compute instances:");
	printf("|%-68s|\n",
	       " GPU     GPU       Name             Profile   Instance   Placement");
	printf("|%-68s|\n",
	       "       Instance                       ID        ID       Start:Size");
	printf("|%-68s|\n", "         ID");
	rule('=', 68);
}

/* How many rows of -lci were printed; the first brings the head. */
static int lci_rows(const struct smi_gi *g, int n_before)
{
	const struct mig_ci *cis[MIG_CIS_MAX];
	const int n = smi_cis(g, cis);

	for (int i = 0; i < n; i++) {
		char name[MIG_NAME_MAX + 4];

		if (n_before + i == 0)
			lci_head();
		snprintf(name, sizeof(name), "MIG %s", g->p->ci[cis[i]->profile].name);
		printf("|%4d%7d       %-17s%5d%10d%11d:%-6d|\n", g->gpu->index, g->gi->id, name,
		       g->p->ci[cis[i]->profile].id, cis[i]->id, cis[i]->start, cis[i]->size);
		rule('-', 68);
	}
	return n;
}

static int nothing(struct smi *s, struct smi_gi *g, int n)
{
	(void)s, (void)g, (void)n;
	return 0;
}

/* The compute instances that -gi names, printed or counted. */
static int walk_cis(struct smi *s, bool is_printed)
{
	struct smi_gi found[MIG_GIS_MAX];
	const struct mig_ci *cis[MIG_CIS_MAX];
	int n_rows = 0, rc;

	if (kept_from_us(s))
		return none_for_us();
	rc = each_gi(s, s->call->gis, nothing);
	for (int g = 0; rc == 0 && g < s->snap.n_gpus; g++) {
		const int n = smi_is_on(s, g) ? smi_gis(s, &s->snap.gpus[g], found) : 0;

		for (int i = 0; i < n; i++) {
			if (smi_has_id(s->call->gis, found[i].gi->id))
				n_rows += is_printed ? lci_rows(&found[i], n_rows)
						     : smi_cis(&found[i], cis);
		}
	}
	if (rc || n_rows)
		return rc;
	printf("No compute instances found: %s\n", smi_words(SMI_NOT_FOUND));
	return smi_status(SMI_NOT_FOUND);
}

int smi_lci(struct smi *s)
{
	return walk_cis(s, true);
}

int smi_mig_none(struct smi *s)
{
	return walk_cis(s, false);
}

/* --- Compute instance profiles ------------------------------------------------------------ */

static void lcip_head(void)
{
	rule('-', 86);
	printf("|%-86s|\n", " Compute instance profiles:");
	printf("|%-86s|\n", " GPU     GPU       Name             Profile  Instances   Exclusive"
			    "       Shared");
	printf("|%-86s|\n", "       Instance                       ID     Free/Total     SM"
			    "       DEC   ENC   OFA");
	printf("|%-86s|\n", "         ID                                                       "
			    "   CE    JPEG");
	rule('=', 86);
}

static int lcip_rows(struct smi *s, struct smi_gi *g, int n_before)
{
	struct mig_smi_ci_profile cis[MIG_CI_PROFILES_MAX];
	int n = mig_smi_ci_profiles(s->cli->machine, g->gpu->index, g->gi->id, cis,
				    MIG_CI_PROFILES_MAX, s->err);

	if (n_before == 0)
		lcip_head();
	for (int i = 0; i < n; i++) {
		char name[MIG_NAME_MAX + 4];
		const bool is_whole = cis[i].compute_slices == g->p->compute_slices;

		snprintf(name, sizeof(name), "MIG %s", cis[i].name);
		printf("|%4d%7d       %-17s%5d%c%6d/%-12d%-3d%8d%6d%6d   |\n", g->gpu->index,
		       g->gi->id, name, cis[i].id, is_whole ? '*' : ' ', cis[i].n_free,
		       cis[i].max_count, cis[i].sm, g->p->decoders, g->p->encoders, g->p->ofa);
		printf("|%71d%6d%9s|\n", g->p->copy_engines, g->p->jpeg, "");
		rule('-', 86);
	}
	return n < 0 ? failed_to("compute instance profiles", smi_code(n, s->err)) : 0;
}

int smi_lcip(struct smi *s)
{
	return kept_from_us(s) ? none_for_us() : each_gi(s, s->call->gis, lcip_rows);
}

static int lcipp_rows(struct smi *s, struct smi_gi *g, int n_before)
{
	struct mig_smi_ci_profile cis[MIG_CI_PROFILES_MAX];
	int n = mig_smi_ci_profiles(s->cli->machine, g->gpu->index, g->gi->id, cis,
				    MIG_CI_PROFILES_MAX, s->err);

	(void)n_before;
	for (int i = 0; i < n; i++) {
		printf("GPU %2d GI %2d Profile ID %2d ", g->gpu->index, g->gi->id, cis[i].id);
		print_places(cis[i].starts, cis[i].size);
	}
	return n < 0 ? failed_to("compute instance placements", smi_code(n, s->err)) : 0;
}

int smi_lcipp(struct smi *s)
{
	return kept_from_us(s) ? none_for_us() : each_gi(s, s->call->gis, lcipp_rows);
}
