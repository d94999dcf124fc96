/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What GPUs cost an hour: public list prices, each with its source and date. Nothing here is
 * looked up anywhere: what nobody put into data/price/ has no known price.
 */
#ifndef MIG_COST_H
#define MIG_COST_H

#include <stddef.h>
#include <stdint.h>

#include <mig/error.h>

#define MIG_PRICE_MAX INT64_C(1000000000000) /* micro-USD an hour */

struct mig_price {
	const char *gpu_type; /* key of the catalog */
	int64_t uusd_per_h;   /* of one GPU, micro-USD an hour */
	const char *date;     /* "2026-11-09" */
	const char *source;   /* begins with what it is: "list price: ..." */
};

/* A price file. Everything it points to is its own and lives as long as it does. */
struct mig_prices {
	size_t n;
	const struct mig_price *prices; /* each GPU type once */
	struct arena *memory;           /* private: all of it */
};

/**
 * mig_prices_parse - read a file of the format of data/price/.
 * @name:	what messages call it.
 * @ret:	written on success only; the caller frees it with mig_prices_free().
 *
 * Errors: SYNTAX - "NAME:LINE: what is wrong"; NOMEM.
 */
MIG_API MIG_MUST_USE int mig_prices_parse(const char *text, size_t len, const char *name,
					  struct mig_prices **ret, struct mig_error *err);

/** mig_prices_builtin - the prices that are built in. Errors: NOMEM. */
MIG_API MIG_MUST_USE int mig_prices_builtin(struct mig_prices **ret, struct mig_error *err);

/** mig_prices_free - NULL is accepted. */
MIG_API void mig_prices_free(struct mig_prices *prices);

/** mig_prices_find - the price of a GPU type, by key, or NULL: no price is known. */
MIG_API const struct mig_price *mig_prices_find(const struct mig_prices *prices,
						const char *gpu_type);

/**
 * mig_usd_parse - "3.43" as micro-USD, from 0 to MIG_PRICE_MAX.
 *
 * Return: NULL, or what is wrong with it, as the end of a sentence.
 */
MIG_API const char *mig_usd_parse(const char *s, int64_t *ret);

/** mig_usd_format - micro-USD as "3.43", at least two digits behind the point; returns @buf. */
MIG_API const char *mig_usd_format(int64_t uusd, char *buf, size_t len);

#endif
