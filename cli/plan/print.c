/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan/picture.h"
#include "shared/table.h"
#include "shared/text.h"

const char *plan_title(const struct fleet *fleet, char *buf, size_t len)
{
	if (fleet->is_current)
		return cli_machine_line(&fleet->snap, buf, len);
	return text_copy(buf, len, "GPUs of the catalog, predicted: no machine was asked");
}

int64_t plan_pool_gpus(const struct mig_plan *plan, int pool)
{
	int64_t n = 0;

	for (int i = 0; i < plan->n_groups; i++) {
		if (plan->groups[i].pool == pool && plan->groups[i].layout.n_slots > 0)
			n += plan->groups[i].count;
	}
	return n;
}

bool plan_has_prices(const struct fleet *fleet, const struct mig_plan *plan)
{
	for (int t = 0; t < fleet->n; t++) {
		if (!fleet->prices[t].is_known && plan_pool_gpus(plan, t) > 0)
			return false;
	}
	return true;
}

/* What a goal counts, in words for its value. */
static const char *goal_text(enum mig_plan_goal goal, int64_t v, char *buf, size_t len)
{
	char usd[40];

	if (goal == MIG_PLAN_MONEY)
		snprintf(buf, len, "%s USD/h", mig_usd_format(v, usd, sizeof(usd)));
	else if (goal == MIG_PLAN_UNITS)
		snprintf(buf, len, "%" PRId64 " placement unit%s", v, v == 1 ? "" : "s");
	else if (goal == MIG_PLAN_MOVES)
		snprintf(buf, len, "%" PRId64 " move%s", v, v == 1 ? "" : "s");
	else
		snprintf(buf, len, "%" PRId64 " GPU%s", v, v == 1 ? "" : "s");
	return buf;
}

static void print_measure(const struct mig_plan_measure *m)
{
	char value[64], bound[64];

	printf("%s: ", goal_text(m->goal, m->value, value, sizeof(value)));
	if (m->bound == MIG_UNKNOWN)
		puts("nothing is proved, for an earlier goal has a gap");
	else if (m->bound == m->value)
		puts("optimal, with a certificate (--json)");
	else if (m->is_searched)
		printf("none better was found by searching all; the certificate proves %s\n",
		       goal_text(m->goal, m->bound, bound, sizeof(bound)));
	else
		printf("not proved optimal: the certificate proves %s at least\n",
		       goal_text(m->goal, m->bound, bound, sizeof(bound)));
}

struct share {
	int cls;
	double worth;
};

static int by_worth(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	if (x->worth > y->worth || x->worth < y->worth)
		return x->worth > y->worth ? -1 : 1;
	return x->cls - y->cls;
}

/* What a certificate adds up for its bound, in the unit of the goal. */
struct worth {
	double models, standing,
		scarce; /* the last is taken off: what limited GPUs are worth */
};

static struct worth count_worth(const struct mig_plan_problem *p,
				const struct mig_plan_certificate *c)
{
	double n_present[MIG_PLAN_POOLS_MAX] = { 0 };
	const double d = (double)c->denominator;
	struct worth w = { 0 };

	for (int k = 0; k < p->n_classes; k++)
		w.models += (double)c->class_least[k] * (double)p->classes[k].count / d;
	for (int h = 0; h < p->n_present; h++) {
		w.standing += (double)c->present_least[h] * (double)p->present[h].count / d;
		n_present[p->present[h].pool] += (double)p->present[h].count;
	}
	for (int t = 0; t < p->n_pools; t++) {
		const struct mig_plan_pool *pool = &p->pools[t];

		if (pool->n_gpus == MIG_PLAN_UNLIMITED)
			continue;
		w.scarce +=
			((double)c->rents[t] * (double)(pool->n_gpus - pool->n_reserved) +
			 (double)c->fresh_rents[t] * ((double)pool->n_gpus - n_present[t])) /
			d;
	}
	return w;
}

/* The models that are worth most by a certificate. */
static void print_shares(const struct mig_plan_problem *p, const struct mig_plan_certificate *c,
			 double unit)
{
	enum { SHOWN = 5 };
	const int n = p->n_classes;
	struct share *shares = calloc((size_t)n + 1, sizeof(*shares));

	if (!shares)
		return; /* the certificate says it all the same */
	for (int k = 0; k < n; k++)
		shares[k] = (struct share){ k, (double)c->class_least[k] *
						       (double)p->classes[k].count /
						       (double)c->denominator / unit };
	qsort(shares, (size_t)n, sizeof(*shares), by_worth);
	for (int i = 0; i < n && i < SHOWN && shares[i].worth > 0; i++)
		printf("%s %s %.2f", i ? "," : ":", p->classes[shares[i].cls].name,
		       shares[i].worth);
	if (n > SHOWN && shares[SHOWN].worth > 0)
		fputs(" ...", stdout);
	free(shares);
}

/* The bound of the first goal in words, where it says more than that something is needed. */
static void print_why(const struct task_problem *p, const struct mig_plan *plan)
{
	const struct mig_plan_measure *m = &plan->measures[0];
	const bool is_money = m->goal == MIG_PLAN_MONEY;
	const int64_t one = is_money ? 1000000 : 1;
	const double unit = (double)one;
	struct worth w;

	if ((m->goal != MIG_PLAN_GPUS && !is_money) || m->bound <= one)
		return;
	w = count_worth(&p->problem, &m->certificate);
	printf("why not %s: priced as in the certificate, no GPU holds instances worth more than "
	       "itself%s,\nand the models take at least the worth of %.2f %s",
	       is_money ? "less" : "fewer", w.scarce > 0 ? " and its scarcity" : "",
	       w.models / unit, is_money ? "USD/h" : "GPUs");
	print_shares(&p->problem, &m->certificate, unit);
	if (w.standing > 0 || w.standing < 0)
		printf("; what stands adds %.2f", w.standing / unit);
	if (w.scarce > 0)
		printf("; scarcity takes off %.2f", w.scarce / unit);
	putchar('\n');
}

void plan_money(const struct task *task, const struct task_problem *p,
		const struct mig_plan *plan)
{
	char usd[40];

	if (plan_has_prices(task->fleet, plan))
		printf("money: %s USD/h\n",
		       mig_usd_format(plan->totals[MIG_PLAN_MONEY], usd, sizeof(usd)));
	else
		puts("money: not known");
	for (int t = 0; t < task->fleet->n; t++) {
		const struct fleet_price *price = &task->fleet->prices[t];
		const struct mig_plan_pool *pool = &p->problem.pools[t];
		const int64_t n = plan_pool_gpus(plan, t);

		if (n == 0)
			continue;
		if (price->is_known)
			printf("  %" PRId64 " x %s at %s USD/h, %s%s%s\n", n, pool->type->key,
			       mig_usd_format(pool->price_uusd_per_h, usd, sizeof(usd)),
			       price->source, *price->date ? ", " : "", price->date);
		else
			printf("  %" PRId64 " x %s: no price known; --price %s=USD_PER_H\n", n,
			       pool->type->key, pool->type->key);
	}
}

/* "3 x 1g.10gb + 1 x 3g.40gb", with the type where the fleet has several. */
static const char *cover_text(const struct mig_plan_problem *p,
			      const struct mig_plan_cover *cover, char *buf, size_t len)
{
	const struct mig_plan_class *cls = &p->classes[cover->cls];

	*buf = '\0';
	for (int i = 0; i < cls->n_options; i++) {
		const struct mig_plan_option *o = &cls->options[i];
		const struct mig_gpu_type *type = p->pools[o->pool].type;

		if (cover->n_instances[i] == 0)
			continue;
		text_append(buf, len, "%s%" PRId64 " x %s%s%s", *buf ? " + " : "",
			    cover->n_instances[i], p->n_pools > 1 ? type->key : "",
			    p->n_pools > 1 ? "/" : "", type->profiles[o->profile].name);
	}
	return buf;
}

/* What the instances of a cover do together, in the unit of the models file. */
static const char *rate_text(const struct task_problem *p, const struct mig_plan_cover *cover,
			     char *buf, size_t len)
{
	const struct mig_plan_class *cls = &p->problem.classes[cover->cls];
	const int places = p->places[cover->cls];
	struct mig_decimal d = { 0 };

	for (int i = 0; i < cls->n_options; i++)
		d.digits += cover->n_instances[i] * cls->options[i].rate;
	for (int i = places; i < 0; i++)
		d.digits *= 10;
	d.places = places > 0 ? places : 0;
	while (d.places > 0 && d.digits % 10 == 0) {
		d.digits /= 10;
		d.places--;
	}
	return mig_decimal_format(d, buf, len);
}

/* So many workloads have this cover in all; 0: a row before tells of it. */
static int64_t cover_count(const struct task_problem *p, const struct mig_plan *plan, int at)
{
	const struct mig_plan_cover *cover = &plan->covers[at];
	const size_t size =
		(size_t)p->problem.classes[cover->cls].n_options * sizeof(*cover->n_instances);
	int64_t n = 0;

	for (int i = 0; i < plan->n_covers; i++) {
		const struct mig_plan_cover *other = &plan->covers[i];

		if (other->cls != cover->cls ||
		    memcmp(other->n_instances, cover->n_instances, size) != 0)
			continue;
		if (i < at)
			return 0;
		n += other->count;
	}
	return n;
}

static void print_models(const struct task *task, const struct task_problem *p,
			 const struct mig_plan *plan)
{
	static const struct table_column columns[] = {
		{ "model", "MODEL", TABLE_STRING },
		{ "count", "COUNT", TABLE_NUMBER },
		{ "instances", "EACH GETS", TABLE_STRING },
		{ "throughput", "THROUGHPUT", TABLE_NUMBER },
		{ "need", "NEED", TABLE_NUMBER },
	};
	struct table t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char buf[512];

	for (int i = 0; i < plan->n_covers; i++) {
		const struct mig_plan_cover *cover = &plan->covers[i];
		const struct mig_model *m = &task->models->models[cover->cls];

		const int64_t count = cover_count(p, plan, i);

		if (count == 0)
			continue;
		table_cell(&t, "%s", m->name);
		table_cell(&t, "%" PRId64, count);
		table_cell(&t, "%s", cover_text(&p->problem, cover, buf, sizeof(buf)));
		if (!m->has_need) {
			table_unknown(&t);
			table_unknown(&t);
			continue;
		}
		table_cell(&t, "%s", rate_text(p, cover, buf, sizeof(buf)));
		table_cell(&t, "%s", mig_decimal_format(m->need, buf, sizeof(buf)));
	}
	table_print(stdout, &t);
	table_free(&t);
}

void plan_print(const struct task *task, const struct task_problem *p,
		const struct mig_plan *plan, const struct seats *seats)
{
	char line[256];

	puts(plan_title(task->fleet, line, sizeof(line)));
	for (int i = 0; i < plan->n_measures; i++)
		print_measure(&plan->measures[i]);
	print_why(p, plan);
	plan_money(task, p, plan);
	putchar('\n');
	print_models(task, p, plan);
	putchar('\n');
	plan_pictures(task, seats);
}

/* Of the fleet's types, that on which the model wastes least. */
void plan_warnings(const struct task *task)
{
	for (size_t k = 0; k < task->models->n; k++) {
		const struct mig_model *m = &task->models->models[k];
		const struct mig_gpu_type *type = NULL;
		int most = 0, profile = 0;
		char need[32], has[32];

		for (int t = 0; t < task->fleet->n; t++) {
			const struct mig_gpu_type *other = task->fleet->pools[t].type;
			int p = 0;
			const int share = mig_model_waste(m, other, &p);

			if (share == 0 && mig_model_fits(m, other)) {
				type = NULL;
				break;
			}
			if (share > most) {
				most = share;
				type = other;
				profile = p;
			}
		}
		if (!type)
			continue;
		fprintf(stderr,
			"migctl: warning: %s:%u: %s fills %d %% of %s, the smallest instance of "
			"%s that it may use: %s of %s; several of it in one instance would share "
			"it (MPS, or one process)\n",
			task->models->name, m->line, m->name, most,
			type->profiles[profile].name, type->key,
			text_bytes(m->mem_bytes, need, sizeof(need)),
			text_bytes((uint64_t)type->profiles[profile].mem_mib << 20, has,
				   sizeof(has)));
	}
}
