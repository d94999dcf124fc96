/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random small problems are solved, printed and verified. Then numbers are changed one at a
 * time, anywhere in problem, plan and certificates: the verifier accepts what a slow account,
 * which lists all layouts and all covers, finds true, and nothing else; and no bound that it
 * accepted is above what trying all plans finds.
 *
 *	verify_prop [SEED [PROBLEMS]]
 */
#include <jansson.h>

#include <mig/plan.h>
#include <mig/verify.h>

#include "cli/plan/json.h"
#include "tests/property/plan_exhaustive.h"
#include "tests/property/verify_slow.h"
#include "tests/test.h"

enum { N_TYPES = 4, CHANGES = 40, NUMBERS_MAX = 2048 };

/* A problem with room for all that it points to. */
struct made {
	struct mig_plan_problem p;
	struct mig_plan_pool pools[2];
	struct mig_plan_class classes[3];
	struct mig_plan_option options[3][4];
	struct mig_plan_present present[2];
	struct mig_plan_rule rules[2];
	int32_t ruled[2][3];
};

static struct mig_catalog *catalog;
static const struct mig_gpu_type *types[N_TYPES];

/* What the walk came by. */
static unsigned long n_optimal, n_feasible, n_infeasible, n_nothing, n_wrong, n_true, n_untrue,
	n_best;

/* ------------------------------------------------------------ problems */

static void make_pools(struct made *m, uint64_t *seed)
{
	m->p.n_pools = 1 + (int)below(2, seed);
	for (int t = 0; t < m->p.n_pools; t++) {
		struct mig_plan_pool *pool = &m->pools[t];

		pool->type = types[below(N_TYPES, seed)];
		for (int i = 0; i < 4; i++)
			pool->profiles |= 1U << below((unsigned)pool->type->n_profiles, seed);
		pool->n_gpus = below(4, seed) ? 1 + (int)below(3, seed) : MIG_PLAN_UNLIMITED;
		pool->n_reserved = pool->n_gpus > 1 ? below(2, seed) : 0;
		pool->price_uusd_per_h = below(5, seed) * 1000000 + below(3, seed);
		pool->gpus_per_node = (int)below(4, seed);
	}
}

static int any_profile(const struct mig_plan_pool *pool, uint64_t *seed)
{
	int i;

	do
		i = (int)below((unsigned)pool->type->n_profiles, seed);
	while (!(pool->profiles >> i & 1));
	return i;
}

static bool is_option(const struct mig_plan_class *c, int pool, int profile)
{
	for (int i = 0; i < c->n_options; i++) {
		if (c->options[i].pool == pool && c->options[i].profile == profile)
			return true;
	}
	return false;
}

static void make_classes(struct made *m, uint64_t *seed)
{
	m->p.n_classes = 1 + (int)below(3, seed);
	for (int k = 0; k < m->p.n_classes; k++) {
		struct mig_plan_class *c = &m->classes[k];
		const int n = 1 + (int)below(4, seed);

		c->name = "work";
		c->count = below(3, seed);
		c->need = 1 + below(20, seed);
		c->min_instances = below(3, seed);
		c->options = m->options[k];
		for (int i = 0; i < n; i++) {
			struct mig_plan_option o = { 0 };

			o.pool = (int)below((unsigned)m->p.n_pools, seed);
			o.profile = any_profile(&m->pools[o.pool], seed);
			o.rate = 1 + below(6, seed);
			if (!is_option(c, o.pool, o.profile))
				m->options[k][c->n_options++] = o;
		}
	}
}

static void make_present(struct made *m, uint64_t *seed)
{
	const int n = (int)below(3, seed);

	for (int h = 0; h < n; h++) {
		struct mig_plan_present *now = &m->present[h];
		const struct mig_plan_pool *pool;
		struct every every;
		const struct every_layout *l;

		now->count = 1;
		now->pool = (int)below((unsigned)m->p.n_pools, seed);
		pool = &m->pools[now->pool];
		if (pool->n_gpus != MIG_PLAN_UNLIMITED && pool->n_gpus <= h)
			return;
		every = every_layout(pool->type, pool->profiles, NULL);
		l = &every.all[below((unsigned)every.n, seed)];
		now->layout = mig_layout_empty(pool->type);
		for (int i = 0; i < l->n; i++) {
			const int k = (int)below((unsigned)m->p.n_classes, seed);

			CHECK(mig_layout_add(&now->layout, l->slots[i].profile,
					     l->slots[i].start, NULL) == 0);
			now->classes[i] =
				is_option(&m->classes[k], now->pool, l->slots[i].profile)
					? k
					: MIG_PLAN_NOBODY;
			now->held |= (uint16_t)(below(4, seed) == 0 ? 1U << i : 0);
		}
		free(every.all);
		m->p.n_present = h + 1;
	}
}

static void make_rules(struct made *m, uint64_t *seed)
{
	m->p.n_rules = below(3, seed) ? 0 : 1 + (int)below(2, seed);
	for (int r = 0; r < m->p.n_rules; r++) {
		struct mig_plan_rule *rule = &m->rules[r];

		rule->scope = below(2, seed) ? MIG_PLAN_ON_NODE : MIG_PLAN_ON_GPU;
		rule->max = 1 + (int)below(2, seed);
		rule->classes = m->ruled[r];
		for (int k = 0; k < m->p.n_classes; k++) {
			if (k == 0 || below(2, seed))
				m->ruled[r][rule->n_classes++] = k;
		}
	}
}

static void make_goals(struct made *m, uint64_t *seed)
{
	unsigned left = (1U << MIG_PLAN_N_GOALS) - 1;
	const int n = 1 + (int)below(MIG_PLAN_N_GOALS, seed);

	while (m->p.n_goals < n) {
		const unsigned goal = below(MIG_PLAN_N_GOALS, seed);

		if (left >> goal & 1)
			m->p.goals[m->p.n_goals++] = (enum mig_plan_goal)goal;
		left &= ~(1U << goal);
	}
}

static void make_problem(struct made *m, uint64_t *seed)
{
	memset(m, 0, sizeof(*m));
	m->p.pools = m->pools;
	m->p.classes = m->classes;
	m->p.present = m->present;
	m->p.rules = m->rules;
	make_pools(m, seed);
	make_classes(m, seed);
	if (below(2, seed))
		make_present(m, seed);
	make_rules(m, seed);
	make_goals(m, seed);
}

/* ------------------------------------------------------------ the verifier */

static char *print(const struct mig_plan_problem *p, const struct mig_plan *plan)
{
	json_t *doc = json_pack("{s:s}", "schema", "migctl.plan/v1");
	char *text;

	plan_json(doc, p, plan);
	text = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(15));
	CHECK(text);
	json_decref(doc);
	return text;
}

static bool verify(const struct mig_plan_problem *p, const struct mig_plan *plan,
		   struct mig_error *err)
{
	struct mig_verified verified;
	char *text = print(p, plan);
	const int rc = mig_verify(catalog, text, strlen(text), "plan", &verified, err);

	free(text);
	CHECK(rc == 0 || rc == -MIG_E_UNPROVEN || rc == -MIG_E_SYNTAX);
	return rc == 0;
}

/* ------------------------------------------------------------ changes */

struct numbers {
	int n;
	int64_t *all[NUMBERS_MAX];
};

/* The plan and the problem are ours: what is const for their readers may be changed here. */
static void note(struct numbers *numbers, const int64_t *number)
{
	CHECK(numbers->n < NUMBERS_MAX);
	memcpy(&numbers->all[numbers->n++], &number, sizeof(number));
}

static void note_certificate(struct numbers *ns, const struct mig_plan_problem *p,
			     const struct mig_plan_certificate *c, int n_earlier)
{
	note(ns, &c->denominator);
	for (int t = 0; t < p->n_pools; t++) {
		note(ns, &c->rents[t]);
		note(ns, &c->fresh_rents[t]);
		for (int i = 0; i < p->pools[t].type->n_profiles; i++)
			note(ns, &c->prices[t][i]);
	}
	for (int g = 0; g < n_earlier; g++)
		note(ns, &c->budgets[g]);
	for (int k = 0; k < p->n_classes; k++)
		note(ns, &c->class_least[k]);
	for (int h = 0; h < p->n_present; h++)
		note(ns, &c->present_least[h]);
}

static void note_problem(struct numbers *ns, const struct mig_plan_problem *p)
{
	for (int t = 0; t < p->n_pools; t++) {
		note(ns, &p->pools[t].n_gpus);
		note(ns, &p->pools[t].n_reserved);
		note(ns, &p->pools[t].price_uusd_per_h);
	}
	for (int k = 0; k < p->n_classes; k++) {
		note(ns, &p->classes[k].count);
		note(ns, &p->classes[k].need);
		note(ns, &p->classes[k].min_instances);
		for (int o = 0; o < p->classes[k].n_options; o++)
			note(ns, &p->classes[k].options[o].rate);
	}
	for (int h = 0; h < p->n_present; h++)
		note(ns, &p->present[h].count);
}

static void note_plan(struct numbers *ns, const struct mig_plan_problem *p,
		      const struct mig_plan *plan)
{
	const bool is_plan = plan->status != MIG_PLAN_INFEASIBLE;

	for (int i = 0; i < plan->n_groups; i++)
		note(ns, &plan->groups[i].count);
	for (int i = 0; i < plan->n_covers; i++) {
		note(ns, &plan->covers[i].count);
		for (int o = 0; o < p->classes[plan->covers[i].cls].n_options; o++)
			note(ns, &plan->covers[i].n_instances[o]);
	}
	for (int i = 0; i < MIG_PLAN_N_GOALS && is_plan; i++)
		note(ns, &plan->totals[i]);
	for (int i = 0; i < plan->n_measures; i++) {
		if (is_plan)
			note(ns, &plan->measures[i].value);
		if (is_plan && plan->measures[i].bound != MIG_UNKNOWN)
			note(ns, &plan->measures[i].bound);
		if (!is_plan || plan->measures[i].bound != MIG_UNKNOWN)
			note_certificate(ns, p, &plan->measures[i].certificate, i);
	}
}

static void complain(const struct mig_plan_problem *p, const struct mig_plan *plan,
		     const struct mig_error *err, bool truth)
{
	char *text = print(p, plan);

	fprintf(stderr, "%s, and the verifier: %s\n%s\n", truth ? "true" : "not true",
		err->msg[0] ? err->msg : "verified", text);
	free(text);
	exit(EXIT_FAILURE);
}

/* The verifier and the slow account say the same of what there is now. */
static bool agree(const struct mig_plan_problem *p, const struct mig_plan *plan)
{
	struct mig_error err = { 0 };
	const bool truth = slow_is_true(p, plan);

	if (verify(p, plan, &err) != truth)
		complain(p, plan, &err, truth);
	return truth;
}

static void change_numbers(const struct mig_plan_problem *p, const struct mig_plan *plan,
			   uint64_t *seed)
{
	struct numbers numbers = { 0 };

	note_problem(&numbers, p);
	note_plan(&numbers, p, plan);
	for (int i = 0; i < CHANGES; i++) {
		int64_t *number = numbers.all[below((unsigned)numbers.n, seed)];
		const int64_t was = *number;

		*number += below(2, seed) ? 1 : -1;
		if (agree(p, plan))
			n_true++;
		else
			n_untrue++;
		*number = was;
	}
}

/* ------------------------------------------------------------ the walk */

/* No bound is above what there is. */
static void compare(const struct mig_plan_problem *p, const struct mig_plan *plan)
{
	int64_t best[MIG_PLAN_N_GOALS];

	if (exhaustive_solve(p, best) != EXHAUSTIVE_FOUND)
		return;
	CHECK(plan->status != MIG_PLAN_INFEASIBLE);
	n_best++;
	for (int i = 0; i < p->n_goals; i++) {
		CHECK(plan->measures[i].bound <= best[i]);
		if (plan->measures[i].value != best[i])
			return; /* what comes after is another question */
	}
}

static void walk(uint64_t *seed)
{
	struct mig_error err = { 0 };
	struct mig_plan *plan;
	struct made m;

	make_problem(&m, seed);
	if (mig_plan_solve(&m.p, NULL, &plan, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(EXIT_FAILURE);
	}
	slow_list(&m.p);
	n_optimal += plan->status == MIG_PLAN_OPTIMAL;
	n_feasible += plan->status == MIG_PLAN_FEASIBLE;
	n_infeasible += plan->status == MIG_PLAN_INFEASIBLE;
	n_nothing += plan->status == MIG_PLAN_NOT_FOUND;
	/* A planner's mistake is seen by both, and is no mistake of the verifier's. */
	if (agree(&m.p, plan)) {
		compare(&m.p, plan);
		change_numbers(&m.p, plan, seed);
	} else {
		n_wrong += plan->status != MIG_PLAN_NOT_FOUND;
	}
	slow_forget();
	mig_plan_free(plan);
}

int main(int argc, char **argv)
{
	static const char *const keys[N_TYPES] = { "A100-SXM4-80GB", "A30", "H100-SXM5-80GB",
						   "RTX-PRO-6000-Blackwell" };
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20261128;
	const unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 0) : 600;

	printf("seed %llu\n", (unsigned long long)seed);
	CHECK(mig_catalog_open(NULL, &catalog, NULL) == 0);
	for (int i = 0; i < N_TYPES; i++)
		CHECK(mig_catalog_find(catalog, keys[i], &types[i], NULL) == 0);
	for (unsigned long i = 0; i < n; i++)
		walk(&seed);
	mig_catalog_close(catalog);
	printf("%lu optimal, %lu feasible, %lu infeasible, %lu without plan or proof, %lu wrong; of changed "
	       "ones %lu are true and %lu not; %lu compared with trying everything\n",
	       n_optimal, n_feasible, n_infeasible, n_nothing, n_wrong, n_true, n_untrue,
	       n_best);
	CHECK(n_wrong <= n / 200);
	CHECK(n_optimal > n / 3 && n_infeasible > n / 50 && n_true > n && n_untrue > 10 * n);
	return 0;
}
