/* SPDX-License-Identifier: Apache-2.0 */
/* What a profile can do for a model, and what stands in the way, of MIG or of the model. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shared/text.h"
#include "workload.h"

static const uint64_t mib = 1 << 20;

/* "1g.10gb" rather than "1g.10gb+me", "1g.10gb+gfx", "1g.24gb-me". */
static bool is_plain(const struct mig_profile *p)
{
	const size_t n = strlen(p->name);

	return n >= 2 && strcmp(p->name + n - 2, "gb") == 0;
}

static bool is_whole(const struct mig_gpu_type *type, const struct mig_profile *p)
{
	return p->size == type->units;
}

/* An engine that nobody knows the number of is not counted on. */
static bool has_engine(int has, int need)
{
	return need <= 0 || has >= need;
}

static bool has_engines(const struct mig_model *m, const struct mig_profile *p)
{
	return has_engine(p->decoders, m->nvdec) && has_engine(p->encoders, m->nvenc) &&
	       has_engine(p->jpeg, m->nvjpeg) && has_engine(p->ofa, m->ofa);
}

static bool wants_engines(const struct mig_model *m)
{
	return m->nvdec > 0 || m->nvenc > 0 || m->nvjpeg > 0 || m->ofa > 0;
}

/* Does the file name this profile, in a table or as a pin? */
static bool is_named(const struct mig_model *m, const struct mig_gpu_type *type,
		     const char *profile)
{
	return models_row(&m->pins, type, profile) ||
	       models_row(&m->throughput, type, profile) ||
	       models_row(&m->latency, type, profile);
}

/* May it be used at all? A variant only where it was asked for; it takes its engines from all
 * other instances of the GPU. */
static enum mig_limit choice_limit(const struct mig_model *m, const struct mig_gpu_type *type,
				   const struct mig_profile *p)
{
	if (m->pins.n > 0 && !models_row(&m->pins, type, p->name))
		return MIG_LIMIT_PIN;
	if (!is_plain(p) && !m->graphics && !wants_engines(m) && !is_named(m, type, p->name))
		return MIG_LIMIT_VARIANT;
	return MIG_LIMIT_NONE;
}

static enum mig_limit table_limit(const struct mig_model *m, const struct mig_gpu_type *type,
				  const char *profile, struct mig_decimal *ret_rate)
{
	const struct mig_model_row *row = models_row(&m->throughput, type, profile);

	if (m->throughput.n > 0 && !row)
		return MIG_LIMIT_THROUGHPUT;
	if (ret_rate)
		*ret_rate = row ? row->v : (struct mig_decimal){ 1, 0 };
	row = models_row(&m->latency, type, profile);
	if (m->has_latency && (!row || mig_decimal_less(m->max_latency, row->v)))
		return MIG_LIMIT_LATENCY;
	return MIG_LIMIT_NONE;
}

enum mig_limit mig_model_limit(const struct mig_model *m, const struct mig_gpu_type *type,
			       int profile, struct mig_decimal *ret_rate)
{
	const struct mig_profile *p = &type->profiles[profile];
	enum mig_limit limit = choice_limit(m, type, p);
	struct mig_decimal rate = { 1, 0 };

	if (limit != MIG_LIMIT_NONE)
		return limit;
	if (m->tensor_parallel > 1)
		return MIG_LIMIT_TENSOR;
	if ((m->profiling || m->debugger) && !is_whole(type, p))
		return MIG_LIMIT_WHOLE;
	if (m->graphics && p->gfx != 1)
		return MIG_LIMIT_GRAPHICS;
	if (!has_engines(m, p))
		return MIG_LIMIT_ENGINES;
	if (m->mem_bytes > 0 &&
	    (p->mem_mib == MIG_UNKNOWN || (uint64_t)p->mem_mib * mib < m->mem_bytes))
		return MIG_LIMIT_MEMORY;
	limit = table_limit(m, type, p->name, &rate);
	if (limit == MIG_LIMIT_NONE && ret_rate)
		*ret_rate = rate;
	return limit;
}

/* The limit of the profile that came furthest, of several the largest. */
static enum mig_limit furthest(const struct mig_model *m, const struct mig_gpu_type *type,
			       const struct mig_profile **ret)
{
	enum mig_limit most = MIG_LIMIT_PIN;

	*ret = NULL;
	for (int i = 0; i < type->n_profiles; i++) {
		const enum mig_limit limit = mig_model_limit(m, type, i, NULL);
		const struct mig_profile *p = &type->profiles[i];

		if (*ret && (limit < most || (limit == most && p->mem_mib < (*ret)->mem_mib)))
			continue;
		most = limit;
		*ret = p;
	}
	return most;
}

bool mig_model_fits(const struct mig_model *m, const struct mig_gpu_type *type)
{
	const struct mig_profile *p;

	return furthest(m, type, &p) == MIG_LIMIT_NONE;
}

static void explain_memory(const struct mig_model *m, const struct mig_gpu_type *type,
			   const struct mig_profile *p, char *buf, size_t len)
{
	const uint64_t has = p->mem_mib == MIG_UNKNOWN ? 0 : (uint64_t)p->mem_mib * mib;
	const bool is_largest = is_whole(type, p);
	const bool is_chosen = m->pins.n > 0;
	char need[32], have[32];

	text_bytes(m->mem_bytes, need, sizeof(need));
	if (!has) {
		snprintf(buf, len, "nobody has published the memory of %s", p->name);
		return;
	}
	snprintf(buf, len, "it needs %s, and %s has %s", need, p->name,
		 text_bytes(has, have, sizeof(have)));
	if (is_largest && !is_chosen)
		text_append(buf, len,
			    ": it needs %llu GPUs with tensor parallelism, which can't cross "
			    "instances; run it on whole GPUs with MIG off",
			    (unsigned long long)((m->mem_bytes + has - 1) / has));
	else if (is_chosen)
		text_append(buf, len, "; name a larger profile");
	else
		text_append(buf, len,
			    "; the memory of larger ones nobody has published: name one as its "
			    "profile, and no memory");
}

/* The profiles of a type that have what @is_it asks, "2g.20gb, 3g.40gb"; "" for none. */
static const char *list_profiles(const struct mig_model *m, const struct mig_gpu_type *type,
				 bool (*is_it)(const struct mig_model *,
					       const struct mig_profile *),
				 char *buf, size_t len)
{
	*buf = '\0';
	for (int i = 0; i < type->n_profiles; i++) {
		if (is_it(m, &type->profiles[i]))
			text_append(buf, len, "%s%s", *buf ? ", " : "", type->profiles[i].name);
	}
	return buf;
}

static bool any_profile(const struct mig_model *m, const struct mig_profile *p)
{
	(void)m;
	return is_plain(p);
}

static bool has_graphics(const struct mig_model *m, const struct mig_profile *p)
{
	(void)m;
	return p->gfx == 1;
}

/* What would do it, or that nothing of this type would. */
static void explain_variant(const struct mig_model *m, const struct mig_gpu_type *type,
			    const char *need, const char *lacking,
			    bool (*is_it)(const struct mig_model *, const struct mig_profile *),
			    char *buf, size_t len)
{
	char list[256];

	list_profiles(m, type, is_it, list, sizeof(list));
	if (*list)
		snprintf(buf, len, "it needs %s, which the profiles named do not have; %s %s",
			 need, list, strchr(list, ',') ? "have" : "has");
	else
		snprintf(buf, len, "it needs %s, and %s", need, lacking);
}

static void explain_engines(const struct mig_model *m, const struct mig_gpu_type *type,
			    char *buf, size_t len)
{
	char need[128] = "";
	const struct {
		int n;
		const char *name;
	} rows[] = {
		{ m->nvdec, "NVDEC" },
		{ m->nvenc, "NVENC" },
		{ m->nvjpeg, "NVJPG" },
		{ m->ofa, "OFA" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].n > 0)
			text_append(need, sizeof(need), "%s%d %s", *need ? " and " : "",
				    rows[i].n, rows[i].name);
	}
	explain_variant(m, type, need,
			"no instance of this type is known to have that many; leave it out, "
			"or use a whole GPU with MIG off",
			has_engines, buf, len);
}

static void explain_table(const struct mig_model *m, const struct mig_gpu_type *type,
			  enum mig_limit limit, char *buf, size_t len)
{
	char list[256], most[32];

	if (limit == MIG_LIMIT_THROUGHPUT)
		snprintf(buf, len,
			 "its table \"throughput\" has no profile that is left; %s has %s",
			 type->key, list_profiles(m, type, any_profile, list, sizeof(list)));
	else
		snprintf(buf, len,
			 "no profile that is left has a latency of %s or less by its table "
			 "\"latency\"; allow more, or give larger profiles",
			 mig_decimal_format(m->max_latency, most, sizeof(most)));
}

const char *mig_model_explain(const struct mig_model *m, const struct mig_gpu_type *type,
			      char *buf, size_t len)
{
	const struct mig_profile *p;
	const enum mig_limit limit = furthest(m, type, &p);
	char list[256];

	snprintf(buf, len, "%s", "");
	if (!p)
		snprintf(buf, len, "nobody has published the profiles of %s", type->key);
	else if (limit <= MIG_LIMIT_VARIANT)
		snprintf(buf, len, "%s has none of the profiles that it names, but %s",
			 type->key, list_profiles(m, type, any_profile, list, sizeof(list)));
	else if (limit == MIG_LIMIT_TENSOR)
		snprintf(buf, len,
			 "tensor parallelism over %d GPUs can't cross instances, which have no "
			 "way to each other's memory; leave tensor-parallel out if it fits one "
			 "instance, or run it on %d whole GPUs with MIG off",
			 m->tensor_parallel, m->tensor_parallel);
	else if (limit == MIG_LIMIT_WHOLE)
		snprintf(buf, len,
			 "%s counters and breakpoints belong to the whole GPU; allow the "
			 "profile that spans it, or leave \"%s\" out",
			 m->profiling ? "a profiler's" : "a debugger's",
			 m->profiling ? "profiling" : "debugger");
	else if (limit == MIG_LIMIT_GRAPHICS)
		explain_variant(m, type, "graphics",
				"no instance of this type has them: graphics need a +gfx "
				"profile, as of RTX PRO Blackwell",
				has_graphics, buf, len);
	else if (limit == MIG_LIMIT_ENGINES)
		explain_engines(m, type, buf, len);
	else if (limit == MIG_LIMIT_MEMORY)
		explain_memory(m, type, p, buf, len);
	else if (limit < MIG_LIMIT_NONE)
		explain_table(m, type, limit, buf, len);
	return buf;
}

int mig_model_waste(const struct mig_model *m, const struct mig_gpu_type *type,
		    int *ret_profile)
{
	const struct mig_profile *least = NULL;
	uint64_t has;

	for (int i = 0; i < type->n_profiles; i++) {
		const struct mig_profile *p = &type->profiles[i];

		if (mig_model_limit(m, type, i, NULL) == MIG_LIMIT_NONE &&
		    p->mem_mib != MIG_UNKNOWN && (!least || p->mem_mib < least->mem_mib))
			least = p;
	}
	if (!least || m->mem_bytes == 0)
		return 0;
	has = (uint64_t)least->mem_mib * mib;
	if (m->mem_bytes >= has / 4)
		return 0;
	*ret_profile = (int)(least - type->profiles);
	return m->mem_bytes < has / 100 ? 1 : (int)(m->mem_bytes / (has / 100));
}

/* Does any of @types have the profile that a row names? */
static bool is_known(const struct mig_model_row *row, const struct mig_gpu_type *const *types,
		     size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (row->gpu_type && strcasecmp(types[i]->key, row->gpu_type) != 0 &&
		    strcasecmp(types[i]->name, row->gpu_type) != 0)
			continue;
		for (int k = 0; k < types[i]->n_profiles; k++) {
			if (strcmp(types[i]->profiles[k].name, row->profile) == 0)
				return true;
		}
	}
	return false;
}

static const char *nearest_profile(const char *name, const struct mig_gpu_type *const *types,
				   size_t n)
{
	const char *best = NULL;
	unsigned least = 4;

	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < types[i]->n_profiles; k++) {
			const unsigned d = text_distance(name, types[i]->profiles[k].name);

			if (d < least) {
				least = d;
				best = types[i]->profiles[k].name;
			}
		}
	}
	return best;
}

static int check_rows(const struct mig_models *models, const struct mig_model_rows *rows,
		      const struct mig_gpu_type *const *types, size_t n, struct mig_error *err)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct mig_model_row *row = &rows->rows[i];
		const char *meant;

		if (is_known(row, types, n))
			continue;
		meant = nearest_profile(row->profile, types, n);
		return mig_fail(err, MIG_E_NOENT,
				"%s:%u: no GPU type here has a profile \"%s%s%s\"%s%s%s",
				models->name, row->line, row->gpu_type ? row->gpu_type : "",
				row->gpu_type ? "/" : "", row->profile,
				meant ? "; did you mean \"" : "", meant ? meant : "",
				meant ? "\"?" : "");
	}
	return 0;
}

int mig_models_check(const struct mig_models *models, const struct mig_gpu_type *const *types,
		     size_t n, struct mig_error *err)
{
	for (size_t i = 0; i < models->n; i++) {
		const struct mig_model *m = &models->models[i];
		int rc = check_rows(models, &m->pins, types, n, err);

		if (rc == 0)
			rc = check_rows(models, &m->throughput, types, n, err);
		if (rc == 0)
			rc = check_rows(models, &m->latency, types, n, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}
