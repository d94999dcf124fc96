/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans made by hand, in tests/plans, with certificates that can be followed on paper. Each
 * number in them is changed by one, both ways: the change is refused, or it is listed with the
 * test, which says why it does not matter.
 */
#include "tests/plans.h"

/* A walk over all numbers of a document; where changed ones are verified is noted. */
struct changes {
	json_t *doc;
	char path[256];
	int n_numbers, n_refused;
	struct text accepted;
};

static void try_change(struct changes *c, json_t *number, int by)
{
	const double real = json_is_real(number) ? json_real_value(number) : 0;
	const json_int_t whole = json_integer_value(number);

	if (json_is_real(number))
		json_real_set(number, real + by * 1e-6);
	else
		json_integer_set(number, whole + by);
	if (is_verified(c->doc))
		text_add(&c->accepted, "%s %+d\n", c->path + 1, by);
	else
		c->n_refused++;
	if (json_is_real(number))
		json_real_set(number, real);
	else
		json_integer_set(number, whole);
}

static void change_below(struct changes *c, json_t *value)
{
	const size_t len = strlen(c->path);
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_number(value)) {
		c->n_numbers++;
		try_change(c, value, -1);
		try_change(c, value, 1);
	}
	json_object_foreach(value, key, item)
	{
		text_append(c->path, sizeof(c->path), ".%s", key);
		change_below(c, item);
		c->path[len] = '\0';
	}
	json_array_foreach(value, i, item)
	{
		text_append(c->path, sizeof(c->path), "[%zu]", i);
		change_below(c, item);
		c->path[len] = '\0';
	}
}

/* All numbers of a document matter, except for these changes. */
static void all_matter_but(const char *name, const char *accepted)
{
	struct changes c = { .doc = load(name) };

	assert_true(is_verified(c.doc));
	change_below(&c, c.doc);
	assert_string_equal(text_str(&c.accepted), accepted);
	assert_true(c.n_refused > c.n_numbers);
	text_free(&c.accepted);
	json_decref(c.doc);
}

/* Seven workloads fill a GPU, at 1/7 of it each: no GPU bears more, so fourteen take two. */
static void each_number_of_a_plan_with_fixed_profiles_matters(void **state)
{
	(void)state;
	all_matter_but("fixed",
		       /* 14/8 is 2, too */
		       "measures[0].certificate.denominator +1\n"
		       /* less for what no class may have */
		       "measures[0].certificate.prices[0].1g.10gb+me -1\n"
		       "measures[0].certificate.prices[0].1g.20gb -1\n"
		       "measures[0].certificate.prices[0].2g.20gb -1\n"
		       "measures[0].certificate.prices[0].3g.40gb -1\n"
		       "measures[0].certificate.prices[0].4g.40gb -1\n"
		       "measures[0].certificate.prices[0].7g.80gb -1\n"
		       /* no rule speaks of nodes */
		       "problem.pools[0].gpus_per_node +1\n"
		       /* a need takes one instance anyway, and one that does more is one */
		       "problem.classes[0].min_instances +1\n"
		       "problem.classes[0].options[0].rate +1\n");
}

/* 19000 takes 11 instances at 1836, which is the most for the price: 11/7 GPUs are 2. */
static void each_number_of_a_plan_with_covers_matters(void **state)
{
	(void)state;
	all_matter_but("covers",
		       /* 11/8 and 10/7 are 2, too */
		       "measures[0].certificate.denominator +1\n"
		       "measures[0].certificate.prices[0].1g.10gb+me -1\n"
		       "measures[0].certificate.prices[0].1g.20gb -1\n"
		       "measures[0].certificate.prices[0].4g.40gb -1\n"
		       /* so large an instance does little for its price even then */
		       "measures[0].certificate.prices[0].7g.80gb -1\n"
		       "measures[0].certificate.class_least[0] -1\n"
		       "problem.pools[0].gpus_per_node +1\n"
		       /* 11 of 1836 are 20196: as much as is needed, and not yet twelve */
		       "problem.classes[0].need -1\n"
		       "problem.classes[0].need +1\n"
		       "problem.classes[0].min_instances +1\n"
		       "problem.classes[0].options[0].rate -1\n"
		       "problem.classes[0].options[0].rate +1\n"
		       "problem.classes[0].options[1].rate -1\n"
		       "problem.classes[0].options[1].rate +1\n"
		       "problem.classes[0].options[2].rate -1\n"
		       "problem.classes[0].options[2].rate +1\n"
		       "problem.classes[0].options[3].rate -1\n"
		       "problem.classes[0].options[3].rate +1\n");
}

/*
 * Two GPUs with one instance each; one would do. A GPU in use costs the 1 that its use of the
 * first goal's budget does, one that is emptied moves an instance: 2 * 1, less the budget of
 * 1 for the one GPU in use, is one move.
 */
static void each_number_of_a_plan_with_moves_matters(void **state)
{
	(void)state;
	all_matter_but("moves",
		       "measures[0].certificate.denominator +1\n"
		       "measures[0].certificate.prices[0].1g.6gb+me -1\n"
		       "measures[0].certificate.prices[0].2g.12gb -1\n"
		       "measures[0].certificate.prices[0].2g.12gb+me -1\n"
		       "measures[0].certificate.prices[0].4g.24gb -1\n"
		       /* for GPUs of which there are none */
		       "measures[0].certificate.fresh_rents[0] +1\n"
		       /* a move more or less worth, and an instance that stands for no class */
		       "measures[1].certificate.denominator +1\n"
		       "measures[1].certificate.prices[0].4g.24gb +1\n"
		       "measures[1].certificate.fresh_rents[0] +1\n"
		       /* one GPU is in use, and no rent is taken */
		       "problem.pools[0].n_gpus +1\n"
		       "problem.pools[0].n_reserved +1\n"
		       "problem.pools[0].gpus_per_node +1\n"
		       "problem.classes[0].min_instances +1\n"
		       "problem.classes[0].options[0].rate +1\n");
}

/* A quarter of an A30 for 10 and a seventh of an A100 for 35: at 5 an instance the A30 is 10
 * too cheap, which is its rent. 11 * 5 - 10 is 45. */
static void each_number_of_a_plan_for_money_matters(void **state)
{
	(void)state;
	all_matter_but("money", "measures[0].certificate.prices[0].1g.6gb+me -1\n"
				"measures[0].certificate.prices[0].2g.12gb -1\n"
				"measures[0].certificate.prices[0].2g.12gb+me -1\n"
				"measures[0].certificate.prices[0].4g.24gb -1\n"
				"measures[0].certificate.prices[1].1g.10gb+me -1\n"
				"measures[0].certificate.prices[1].1g.20gb -1\n"
				"measures[0].certificate.prices[1].2g.20gb -1\n"
				"measures[0].certificate.prices[1].3g.40gb -1\n"
				"measures[0].certificate.prices[1].4g.40gb -1\n"
				"measures[0].certificate.prices[1].7g.80gb -1\n"
				/* 44 is 45, where money is spent in steps of 5 */
				"measures[0].certificate.rents[0] +1\n"
				"measures[0].certificate.fresh_rents[0] +1\n"
				"problem.pools[0].gpus_per_node +1\n"
				"problem.pools[1].gpus_per_node +1\n"
				"problem.classes[0].min_instances +1\n"
				"problem.classes[0].options[0].rate +1\n"
				"problem.classes[0].options[1].rate +1\n");
}

/* What is proved does not know of rules: 5 quarters, beside a stranger's half, are 7/4. */
static void each_number_of_a_plan_with_rules_matters(void **state)
{
	(void)state;
	all_matter_but("apart",
		       /* 7/5 and 5/4 are 2, too */
		       "measures[0].certificate.denominator +1\n"
		       "measures[0].certificate.prices[0].1g.6gb+me -1\n"
		       "measures[0].certificate.prices[0].2g.12gb -1\n"
		       "measures[0].certificate.prices[0].2g.12gb+me -1\n"
		       "measures[0].certificate.prices[0].4g.24gb -1\n"
		       "measures[0].certificate.class_least[0] -1\n"
		       "measures[0].certificate.present_least[0] -1\n"
		       "problem.pools[0].n_gpus +1\n"
		       /* what is apart on two GPUs is so on each */
		       "problem.pools[0].gpus_per_node -1\n"
		       "problem.classes[0].min_instances +1\n"
		       "problem.classes[0].options[0].rate +1\n"
		       "problem.classes[1].min_instances +1\n"
		       "problem.classes[1].options[0].rate +1\n"
		       "problem.rules[0].max +1\n"
		       "problem.rules[1].max +1\n"
		       /* the other class is apart already */
		       "problem.rules[1].classes[0] -1\n");
}

/* Five quarters on the one GPU that is not reserved. */
static void each_number_of_an_infeasible_problem_matters(void **state)
{
	(void)state;
	all_matter_but("infeasible",
		       /* a word of explanation */
		       "pool -1\n"
		       "pool +1\n"
		       "measures[0].certificate.prices[0].1g.6gb+me -1\n"
		       "measures[0].certificate.prices[0].2g.12gb -1\n"
		       "measures[0].certificate.prices[0].2g.12gb+me -1\n"
		       "measures[0].certificate.prices[0].4g.24gb -1\n"
		       /* fewer GPUs and more workloads make it no better */
		       "problem.pools[0].n_gpus -1\n"
		       "problem.pools[0].n_reserved +1\n"
		       "problem.pools[0].price_uusd_per_h +1\n"
		       "problem.pools[0].gpus_per_node +1\n"
		       "problem.classes[0].count +1\n"
		       "problem.classes[0].need +1\n"
		       "problem.classes[0].min_instances +1\n"
		       "problem.classes[0].options[0].rate +1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_number_of_a_plan_with_fixed_profiles_matters),
		cmocka_unit_test(each_number_of_a_plan_with_covers_matters),
		cmocka_unit_test(each_number_of_a_plan_with_moves_matters),
		cmocka_unit_test(each_number_of_a_plan_for_money_matters),
		cmocka_unit_test(each_number_of_a_plan_with_rules_matters),
		cmocka_unit_test(each_number_of_an_infeasible_problem_matters),
	};

	return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}
