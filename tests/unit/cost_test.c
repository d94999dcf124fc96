/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <mig/catalog.h>
#include <mig/cost.h>

static void every_price_is_of_a_type_there_is_and_has_source_and_date(void **state)
{
	struct mig_catalog *catalog = NULL;
	struct mig_prices *prices = NULL;

	(void)state;
	assert_int_equal(mig_catalog_open(NULL, &catalog, NULL), 0);
	assert_int_equal(mig_prices_builtin(&prices, NULL), 0);
	assert_true(prices->n > 0);
	for (size_t i = 0; i < prices->n; i++) {
		const struct mig_price *p = &prices->prices[i];
		const struct mig_gpu_type *type;

		assert_int_equal(mig_catalog_find(catalog, p->gpu_type, &type, NULL), 0);
		assert_string_equal(p->gpu_type, type->key);
		assert_true(p->uusd_per_h > 0);
		assert_int_equal(strlen(p->date), strlen("2026-11-09"));
		assert_non_null(strstr(p->source, "list price: "));
	}
	assert_ptr_equal(mig_prices_find(prices, "a100-sxm4-80gb"),
			 mig_prices_find(prices, "A100-SXM4-80GB"));
	assert_null(mig_prices_find(prices, "A30"));
	mig_prices_free(prices);
	mig_catalog_close(catalog);
}

static void refused(const char *prices, const char *msg)
{
	struct mig_prices *ret = NULL;
	struct mig_error err = { 0 };
	char text[1024];

	snprintf(text, sizeof(text),
		 "version: migctl-price/v1\nsources: {s: \"list price: x\"}\nprices:\n%s",
		 prices);
	assert_int_equal(mig_prices_parse(text, strlen(text), "p.yaml", &ret, &err),
			 -MIG_E_SYNTAX);
	assert_string_equal(err.msg, msg);
	assert_null(ret);
}

static void a_price_without_source_date_or_number_is_refused(void **state)
{
	(void)state;
	refused("  - {gpu-type: A30, usd-per-h: 1, date: 2026-11-09, source: t}\n",
		"p.yaml:4: \"sources\" has no text \"t\"");
	refused("  - {gpu-type: A30, usd-per-h: 1, source: s}\n",
		"p.yaml:4: \"date\" is missing here");
	refused("  - {gpu-type: A30, usd-per-h: 1, date: today, source: s}\n",
		"p.yaml:4: \"today\" is no date such as 2026-11-09");
	refused("  - {gpu-type: A30, usd-per-h: nan, date: 2026-11-09, source: s}\n",
		"p.yaml:4: \"usd-per-h\": \"nan\" is no number such as 1900 or 183.6, without "
		"unit, sign or exponent");
	refused("  - {gpu-type: A30, usd-per-h: 1, date: 2026-11-09, source: s}\n"
		"  - {gpu-type: a30, usd-per-h: 2, date: 2026-11-09, source: s}\n",
		"p.yaml:5: a30 has a price already");
	refused("  - {gpu-type: A30, usd-per-hr: 1, date: 2026-11-09, source: s}\n",
		"p.yaml:4: unknown key \"usd-per-hr\": did you mean \"usd-per-h\"? (known: "
		"gpu-type, usd-per-h, date, source)");
	refused("  - A30\n", "p.yaml:4: a price must be a map");
}

static void money_is_whole_micro_usd(void **state)
{
	char buf[40];
	int64_t v = -1;

	(void)state;
	assert_null(mig_usd_parse("3.430881", &v));
	assert_int_equal(v, 3430881);
	assert_string_equal(mig_usd_format(v, buf, sizeof(buf)), "3.430881");
	assert_string_equal(mig_usd_format(3000000, buf, sizeof(buf)), "3.00");
	assert_string_equal(mig_usd_format(2500000, buf, sizeof(buf)), "2.50");
	assert_null(mig_usd_parse("1000000", &v));
	assert_int_equal(v, MIG_PRICE_MAX);
	assert_non_null(mig_usd_parse("1000000.000001", &v));
	assert_non_null(mig_usd_parse("-1", &v));
	assert_int_equal(v, MIG_PRICE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_price_is_of_a_type_there_is_and_has_source_and_date),
		cmocka_unit_test(a_price_without_source_date_or_number_is_refused),
		cmocka_unit_test(money_is_whole_micro_usd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
