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
#include "tests/test.h"

__extension__ typedef __int128 wide;

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
static unsigned long n_optimal, n_feasible, n_infeasible, n_nothing, n_true, n_untrue, n_best;

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

/* ------------------------------------------------------------ the slow account */

/* Every layout that GPUs can be given: of a pool's fresh ones, or of a present group. */
struct listed {
	struct every_layout layout;
	int moves;
	uint32_t n_strange[MIG_PROFILES_MAX]; /* instances that are a stranger's */
};

struct list {
	int n;
	struct listed *all;
};

static struct list fresh_of[2], present_of[2];

static void add_listed(struct list *list, const struct every_layout *l,
		       const struct listed *about)
{
	if ((list->n & (list->n - 1)) == 0)
		list->all = realloc(list->all,
				    (size_t)(list->n ? 2 * list->n : 1) * sizeof(*list->all));
	CHECK(list->all);
	list->all[list->n] = *about;
	list->all[list->n++].layout = *l;
}

static void list_beside(const struct mig_plan_pool *pool, const struct every_layout *base,
			const struct listed *about, struct list *list)
{
	struct every every = every_layout(pool->type, pool->profiles, base);

	for (int i = 0; i < every.n; i++)
		add_listed(list, &every.all[i], about);
	free(every.all);
}

static void list_present(const struct mig_plan_problem *p, int h)
{
	const struct mig_plan_present *now = &p->present[h];

	for (unsigned kept = 0; kept < 1U << now->layout.n_slots; kept++) {
		struct every_layout base = { 0 };
		struct listed about = { 0 };

		if ((kept & now->held) != now->held)
			continue;
		for (int s = 0; s < now->layout.n_slots; s++) {
			const struct mig_slot *slot = &now->layout.slots[s];

			if (!(kept >> s & 1)) {
				about.moves += now->classes[s] >= 0;
				continue;
			}
			base.slots[base.n++] = *slot;
			base.counts[slot->profile]++;
			if ((now->held >> s & 1) && now->classes[s] < 0)
				about.n_strange[slot->profile]++;
		}
		list_beside(&p->pools[now->pool], &base, &about, &present_of[h]);
	}
}

static void list_all(const struct mig_plan_problem *p)
{
	const struct listed nothing = { 0 };

	for (int t = 0; t < p->n_pools; t++)
		list_beside(&p->pools[t], NULL, &nothing, &fresh_of[t]);
	for (int h = 0; h < p->n_present; h++)
		list_present(p, h);
}

static void forget_all(void)
{
	for (int i = 0; i < 2; i++) {
		free(fresh_of[i].all);
		free(present_of[i].all);
		fresh_of[i] = present_of[i] = (struct list){ 0 };
	}
}

static int64_t adds(const struct mig_plan_pool *pool, enum mig_plan_goal goal,
		    const struct listed *l)
{
	int64_t units = 0;

	if (goal == MIG_PLAN_MOVES)
		return l->moves;
	if (goal != MIG_PLAN_UNITS)
		return l->layout.n == 0        ? 0
		       : goal == MIG_PLAN_GPUS ? 1
					       : pool->price_uusd_per_h;
	for (int i = 0; i < l->layout.n; i++)
		units += pool->type->profiles[l->layout.slots[i].profile].size;
	return units;
}

static bool weighs(const struct mig_plan_problem *p, const struct mig_plan *plan, int i,
		   int pool, bool is_fresh, const struct list *list, int64_t least)
{
	const struct mig_plan_certificate *c = &plan->measures[i].certificate;

	for (int k = 0; k < list->n; k++) {
		const struct listed *l = &list->all[k];
		wide w =
			(wide)c->denominator * adds(&p->pools[pool], plan->measures[i].goal, l);

		for (int g = 0; g < i; g++)
			w += (wide)c->budgets[g] * adds(&p->pools[pool], p->goals[g], l);
		if (l->layout.n > 0)
			w += (wide)c->rents[pool] + (is_fresh ? c->fresh_rents[pool] : 0);
		for (int s = 0; s < l->layout.n; s++)
			w -= c->prices[pool][l->layout.slots[s].profile];
		for (int s = 0; s < p->pools[pool].type->n_profiles; s++)
			w += (wide)l->n_strange[s] * c->prices[pool][s];
		if (w < least)
			return false;
	}
	return true;
}

/* The least price of a cover, by trying every number of every option. */
static wide least_cover(const struct mig_plan_class *c, const struct mig_plan_certificate *cert,
			int o, int64_t need, int64_t instances)
{
	wide least = (wide)1 << 100, price;

	if (need <= 0 && instances <= 0)
		return 0;
	if (o == c->n_options)
		return least;
	price = cert->prices[c->options[o].pool][c->options[o].profile];
	for (int64_t n = 0;; n++) {
		const int64_t open = need - n * c->options[o].rate;
		const wide all = n * price + least_cover(c, cert, o + 1, open, instances - n);

		least = all < least ? all : least;
		if (open <= 0 && instances <= n)
			return least;
	}
}

static bool is_negative(const struct mig_plan_problem *p, const struct mig_plan_certificate *c,
			int n_earlier)
{
	bool is = c->denominator < 0;

	for (int t = 0; t < p->n_pools; t++) {
		is |= c->rents[t] < 0 || c->fresh_rents[t] < 0;
		for (int i = 0; i < p->pools[t].type->n_profiles; i++)
			is |= c->prices[t][i] < 0;
	}
	for (int k = 0; k < p->n_classes; k++)
		is |= c->class_least[k] < 0;
	for (int g = 0; g < n_earlier; g++)
		is |= c->budgets[g] < 0;
	return is;
}

/* What the certificate sums up to. false: there are rents where there may be none. */
static bool sum_up(const struct mig_plan_problem *p, const struct mig_plan *plan, int i,
		   wide *ret)
{
	const struct mig_plan_certificate *c = &plan->measures[i].certificate;

	*ret = 0;
	for (int k = 0; k < p->n_classes; k++)
		*ret += (wide)p->classes[k].count * c->class_least[k];
	for (int h = 0; h < p->n_present; h++)
		*ret += (wide)p->present[h].count * c->present_least[h];
	for (int g = 0; g < i; g++)
		*ret -= (wide)c->budgets[g] * plan->measures[g].value;
	for (int t = 0; t < p->n_pools; t++) {
		int64_t fresh = p->pools[t].n_gpus;

		if (fresh == MIG_PLAN_UNLIMITED && (c->rents[t] || c->fresh_rents[t]))
			return false;
		if (fresh == MIG_PLAN_UNLIMITED)
			continue;
		for (int h = 0; h < p->n_present; h++)
			fresh -= p->present[h].pool == t ? p->present[h].count : 0;
		*ret -= (wide)c->rents[t] * (p->pools[t].n_gpus - p->pools[t].n_reserved);
		*ret -= (wide)c->fresh_rents[t] * fresh;
	}
	return true;
}

/* The least value of the goal that may be in its sum: whole, of money a sum of prices. */
static int64_t proved(const struct mig_plan_problem *p, const struct mig_plan_measure *m,
		      wide sum)
{
	int64_t v = 0, step = m->goal == MIG_PLAN_MONEY ? 0 : 1;

	for (int t = 0; t < p->n_pools && m->goal == MIG_PLAN_MONEY; t++) {
		for (int64_t a = p->pools[t].price_uusd_per_h, rest; a; a = rest) {
			rest = step % a;
			step = a;
		}
	}
	step = step ? step : 1;
	v = sum > 0 ? (int64_t)(sum / m->certificate.denominator / step) * step : 0;
	while ((wide)v * m->certificate.denominator < sum)
		v += step;
	return v;
}

static bool is_proof(const struct mig_plan_problem *p, const struct mig_plan *plan, int i)
{
	const struct mig_plan_measure *m = &plan->measures[i];
	const struct mig_plan_certificate *c = &m->certificate;
	wide sum;

	if (is_negative(p, c, i) || !sum_up(p, plan, i, &sum))
		return false;
	for (int t = 0; t < p->n_pools; t++) {
		if (!weighs(p, plan, i, t, true, &fresh_of[t], 0))
			return false;
	}
	for (int h = 0; h < p->n_present; h++) {
		if (!weighs(p, plan, i, p->present[h].pool, false, &present_of[h],
			    c->present_least[h]))
			return false;
	}
	for (int k = 0; k < p->n_classes; k++) {
		if (least_cover(&p->classes[k], c, 0, p->classes[k].need,
				p->classes[k].min_instances) < c->class_least[k])
			return false;
	}
	if (plan->status == MIG_PLAN_INFEASIBLE)
		return c->denominator == 0 && sum > 0;
	return c->denominator > 0 && m->bound == proved(p, m, sum);
}

static bool is_true(const struct mig_plan_problem *p, const struct mig_plan *plan)
{
	bool is_optimal = true;

	if (plan->status == MIG_PLAN_NOT_FOUND || mig_plan_problem_check(p, NULL) < 0 ||
	    mig_plan_check(p, plan, NULL) < 0)
		return false;
	if (plan->status == MIG_PLAN_INFEASIBLE && plan->n_measures == 0)
		return false;
	for (int i = 0; i < plan->n_measures; i++) {
		const struct mig_plan_measure *m = &plan->measures[i];
		const bool is_infeasible = plan->status == MIG_PLAN_INFEASIBLE;

		is_optimal &= m->bound == m->value;
		if ((m->bound != MIG_UNKNOWN || is_infeasible) && !is_proof(p, plan, i))
			return false;
	}
	return plan->status == MIG_PLAN_INFEASIBLE ||
	       is_optimal == (plan->status == MIG_PLAN_OPTIMAL);
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
	const bool truth = is_true(p, plan);

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
	list_all(&m.p);
	n_optimal += plan->status == MIG_PLAN_OPTIMAL;
	n_feasible += plan->status == MIG_PLAN_FEASIBLE;
	n_infeasible += plan->status == MIG_PLAN_INFEASIBLE;
	if (plan->status == MIG_PLAN_NOT_FOUND) {
		n_nothing++;
		CHECK(!verify(&m.p, plan, &err));
	} else {
		if (!agree(&m.p, plan)) {
			verify(&m.p, plan, &err);
			complain(&m.p, plan, &err, false);
		}
		compare(&m.p, plan);
		change_numbers(&m.p, plan, seed);
	}
	forget_all();
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
	printf("%lu optimal, %lu feasible, %lu infeasible, %lu without plan or proof; of changed "
	       "ones %lu are true and %lu not; %lu compared with trying everything\n",
	       n_optimal, n_feasible, n_infeasible, n_nothing, n_true, n_untrue, n_best);
	CHECK(n_optimal > n / 3 && n_infeasible > n / 50 && n_true > n && n_untrue > 10 * n);
	return 0;
}
