/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/fleet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mig/workload.h>

#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/text.h"
#include "shared/yaml.h"

static int check_type(const struct mig_gpu_type *type, struct mig_error *err)
{
	if (type->n_profiles)
		return 0;
	return mig_fail(err, MIG_E_UNSUPPORTED,
			"nobody has published the profiles of %s; describe them in a file for "
			"--catalog DIR",
			type->key);
}

static int find_type(struct cli *cli, const char *key, const struct mig_gpu_type **ret,
		     struct mig_error *err)
{
	struct mig_catalog *catalog;
	int rc = cli_catalog(cli, &catalog, err);

	if (rc != 0)
		return rc;
	rc = mig_catalog_find(catalog, key, ret, err);
	return rc != 0 ? rc : check_type(*ret, err);
}

/* A new pool, or NULL: there are as many as there can be. */
static struct mig_plan_pool *add_pool(struct fleet *f, const struct mig_gpu_type *type,
				      struct mig_error *err)
{
	if (f->n == MIG_PLAN_POOLS_MAX) {
		mig_fail(err, MIG_E_INVAL,
			 "more than %d kinds of GPUs (by type, price and GPUs of a node)",
			 MIG_PLAN_POOLS_MAX);
		return NULL;
	}
	f->pools[f->n].type = type;
	return &f->pools[f->n++];
}

/* "TYPE" or "TYPE:N". */
static int add_word(struct cli *cli, struct fleet *f, char *word, struct mig_error *err)
{
	char *colon = strrchr(word, ':');
	const struct mig_gpu_type *type;
	struct mig_plan_pool *pool;
	uint64_t n = 0;
	int rc;

	if (colon) {
		*colon = '\0';
		if (!text_parse_u64(colon + 1, &n) || n == 0 ||
		    n > (uint64_t)MIG_PLAN_COUNT_MAX)
			return mig_fail(err, MIG_E_INVAL,
					"--gpu-type %s:%s: \"%s\" is no number of GPUs", word,
					colon + 1, colon + 1);
	}
	rc = find_type(cli, word, &type, err);
	if (rc != 0)
		return mig_wrap(err, rc, "--gpu-type");
	for (int t = 0; t < f->n; t++) {
		if (f->pools[t].type == type)
			return mig_fail(err, MIG_E_INVAL, "--gpu-type names %s twice",
					type->key);
	}
	pool = add_pool(f, type, err);
	if (!pool)
		return -MIG_E_INVAL;
	pool->n_gpus = colon ? (int64_t)n : MIG_PLAN_UNLIMITED;
	pool->gpus_per_node = f->gpus_per_node;
	return 0;
}

/* Words with commas between them, each given to @add. */
static int each_word(struct cli *cli, struct fleet *f, const char *list,
		     int (*add)(struct cli *cli, struct fleet *f, char *word,
				struct mig_error *err),
		     struct mig_error *err)
{
	cleanup_free char *copy = strdup(list);
	int rc = copy ? 0 : mig_fail(err, MIG_E_NOMEM, "read the options");
	char *rest = copy;

	while (rc == 0 && rest)
		rc = add(cli, f, strsep(&rest, ","), err);
	return rc;
}

static int add_node(struct cli *cli, struct fleet *f, const struct node *node, int *ret_pool,
		    struct mig_error *err)
{
	const struct mig_gpu_type *type;
	const int64_t price = node->uusd_per_h;
	struct mig_plan_pool *pool = NULL;
	int rc = find_type(cli, node->gpu_type, &type, err);

	if (rc != 0)
		return mig_wrap(err, rc, "%s:%u", cli_option(cli, "nodes"), node->line);
	for (int t = 0; t < f->n; t++) {
		const bool is_same =
			f->pools[t].type == type && f->pools[t].gpus_per_node == node->gpus &&
			(price < 0 ? !f->prices[t].is_known
				   : f->prices[t].is_known &&
					     f->pools[t].price_uusd_per_h == price);

		if (is_same)
			pool = &f->pools[t];
	}
	if (!pool)
		pool = add_pool(f, type, err);
	if (!pool)
		return -MIG_E_INVAL;
	*ret_pool = (int)(pool - f->pools);
	pool->n_gpus += node->count * node->gpus;
	pool->gpus_per_node = node->gpus;
	if (pool->n_gpus > MIG_PLAN_COUNT_MAX)
		return mig_fail(err, MIG_E_INVAL, "%s:%u: more than %" PRId64 " GPUs of a kind",
				cli_option(cli, "nodes"), node->line, MIG_PLAN_COUNT_MAX);
	if (price >= 0) {
		pool->price_uusd_per_h = price;
		f->prices[*ret_pool].is_known = true;
		text_copy(f->prices[*ret_pool].source, sizeof(f->prices[0].source),
			  "given in the node list");
	}
	return 0;
}

static int add_nodes(struct cli *cli, struct fleet *f, const char *path, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	size_t len;
	int rc = mig_file_read_bytes(cli_file(path), YAML_BYTES_MAX, &text, &len, err);

	if (rc == 0)
		rc = node_list_parse(text, len, path, &f->nodes, err);
	if (rc < 0)
		return rc;
	f->node_pools = calloc(f->nodes.n + 1, sizeof(*f->node_pools));
	if (!f->node_pools)
		return mig_fail(err, MIG_E_NOMEM, "read %s", path);
	for (size_t i = 0; i < f->nodes.n && rc == 0; i++)
		rc = add_node(cli, f, &f->nodes.nodes[i], &f->node_pools[i], err);
	return rc;
}

/* Are they cut alike? Of a GPU with MIG off the catalog tells what the driver tells of another
 * one like it; a profile has the same index in both then. */
static bool is_alike(const struct mig_gpu_type *a, const struct mig_gpu_type *b)
{
	if (a == b)
		return true;
	if (strcmp(a->key, b->key) != 0 || a->n_profiles != b->n_profiles ||
	    a->units != b->units)
		return false;
	for (int i = 0; i < a->n_profiles; i++) {
		const struct mig_profile *p = &a->profiles[i], *q = &b->profiles[i];

		if (strcmp(p->name, q->name) != 0 || p->size != q->size ||
		    p->starts != q->starts || p->max_count != q->max_count)
			return false;
	}
	return true;
}

int fleet_pool_of(const struct fleet *f, int gpu)
{
	const struct mig_gpu *g = &f->snap.gpus[gpu];

	for (int t = 0; t < f->n && g->has_mig && g->type && !f->is_out[gpu]; t++) {
		if (is_alike(f->pools[t].type, g->type))
			return t;
	}
	return -1;
}

/* What stands on a GPU must be known to the last unit, or a plan would build on it. */
static int check_told(const struct mig_gpu *gpu, struct mig_error *err)
{
	if (gpu->is_partial)
		return mig_fail(err, MIG_E_PERM,
				"GPU %d: what stands on it is told to root only; try sudo",
				gpu->index);
	for (int i = 0; i < gpu->n_gis; i++) {
		if (gpu->gis[i].profile < 0 || gpu->gis[i].start < 0)
			return mig_fail(
				err, MIG_E_UNSUPPORTED,
				"GPU %d: the profile of GPU instance %d is not known, so "
				"nothing can be planned beside it; destroy it first",
				gpu->index, gpu->gis[i].id);
	}
	return 0;
}

/* MIG cannot be switched on under a process, so such a GPU is left out. */
static int find_out(struct cli *cli, struct fleet *f, int gpu, struct mig_error *err)
{
	const struct mig_gpu *g = &f->snap.gpus[gpu];
	struct mig_holder holders[MIG_HOLDERS_MAX];
	int n;

	if (g->mode)
		return 0;
	n = mig_holders(cli->machine, g, -1, -1, holders, err);
	if (n <= 0)
		return n;
	f->is_out[gpu] = true;
	fprintf(stderr,
		"migctl: GPU %d is left out: MIG is off there, and process %d is on it\n",
		g->index, holders[0].pid);
	return 0;
}

static int add_current(struct cli *cli, struct fleet *f, struct mig_error *err)
{
	int rc = cli_machine(cli, &f->snap, err);

	if (rc < 0)
		return rc;
	f->is_current = true;
	f->is_out = calloc((size_t)f->snap.n_gpus + 1, sizeof(*f->is_out));
	if (!f->is_out)
		return mig_fail(err, MIG_E_NOMEM, "make a plan");
	for (int i = 0; i < f->snap.n_gpus && rc == 0; i++) {
		const struct mig_gpu *gpu = &f->snap.gpus[i];
		int t;

		if (!gpu->has_mig || !gpu->type)
			continue;
		rc = check_told(gpu, err);
		if (rc == 0)
			rc = find_out(cli, f, i, err);
		if (rc < 0)
			return rc;
		if (f->is_out[i])
			continue;
		t = fleet_pool_of(f, i);
		if (t < 0) {
			if (!add_pool(f, gpu->type, err))
				return -MIG_E_INVAL;
			t = f->n - 1;
			f->pools[t].gpus_per_node = f->snap.n_gpus;
		}
		f->pools[t].n_gpus++;
	}
	if (f->n == 0)
		return mig_fail(err, MIG_E_UNSUPPORTED,
				"no GPU of machine %s can do MIG and is free for it",
				f->snap.machine);
	return 0;
}

/* "TYPE=USD": the price of every pool of that type. */
static int add_price(struct cli *cli, struct fleet *f, char *word, struct mig_error *err)
{
	char *equals = strchr(word, '=');
	const struct mig_gpu_type *type;
	const char *fault;
	bool is_used = false;
	int64_t uusd;
	int rc;

	if (!equals)
		return mig_fail(err, MIG_E_INVAL,
				"--price %s: it must be TYPE=USD, of one GPU "
				"an hour",
				word);
	*equals = '\0';
	fault = mig_usd_parse(equals + 1, &uusd);
	if (fault)
		return mig_fail(err, MIG_E_INVAL, "--price %s=%s: \"%s\" %s", word, equals + 1,
				equals + 1, fault);
	rc = find_type(cli, word, &type, err);
	if (rc != 0)
		return mig_wrap(err, rc, "--price");
	for (int t = 0; t < f->n; t++) {
		if (strcasecmp(f->pools[t].type->key, type->key) != 0)
			continue;
		is_used = true;
		f->pools[t].price_uusd_per_h = uusd;
		f->prices[t] =
			(struct fleet_price){ .is_known = true, .source = "given by --price" };
	}
	return is_used ? 0
		       : mig_fail(err, MIG_E_INVAL,
				  "--price names %s, which is no GPU of this "
				  "plan",
				  type->key);
}

static int find_prices(struct fleet *f, struct mig_error *err)
{
	struct mig_prices *prices;
	int rc = mig_prices_builtin(&prices, err);

	if (rc < 0)
		return rc;
	for (int t = 0; t < f->n; t++) {
		const struct mig_price *p = mig_prices_find(prices, f->pools[t].type->key);

		if (f->prices[t].is_known || !p)
			continue;
		f->prices[t].is_known = true;
		f->pools[t].price_uusd_per_h = p->uusd_per_h;
		text_copy(f->prices[t].date, sizeof(f->prices[t].date), p->date);
		text_copy(f->prices[t].source, sizeof(f->prices[t].source), p->source);
	}
	mig_prices_free(prices);
	return 0;
}

/* "10%" of each pool that has a limit, rounded up. */
static int reserve(struct fleet *f, const char *share, struct mig_error *err)
{
	const size_t n = strlen(share);
	char number[32];
	struct mig_decimal d;
	int64_t millionths;
	bool is_any = false;

	if (n == 0 || n > sizeof(number) || share[n - 1] != '%' ||
	    (text_copy(number, n, share), mig_decimal_parse(number, &d)) ||
	    (millionths = mig_decimal_scale(d, 4, true)) < 0 || millionths >= 1000000)
		return mig_fail(
			err, MIG_E_INVAL,
			"--reserve %s: it must be a share of the GPUs below 100%%, such "
			"as 10%%",
			share);
	for (int t = 0; t < f->n; t++) {
		if (f->pools[t].n_gpus == MIG_PLAN_UNLIMITED)
			continue;
		is_any = true;
		f->pools[t].n_reserved = (f->pools[t].n_gpus * millionths + 999999) / 1000000;
	}
	return is_any ? 0
		      : mig_fail(err, MIG_E_INVAL,
				 "--reserve %s: a share of as many GPUs as are needed is none; "
				 "say how many there are: --gpu-type TYPE:N",
				 share);
}

static int read_per_node(struct cli *cli, struct fleet *f, struct mig_error *err)
{
	const char *text = cli_option(cli, "gpus-per-node");
	uint64_t n;

	if (!text)
		return 0;
	if (!text_parse_u64(text, &n) || n == 0 || n > NODE_GPUS_MAX)
		return mig_fail(err, MIG_E_INVAL,
				"--gpus-per-node %s: it must be a number from 1 to %d", text,
				NODE_GPUS_MAX);
	if (!cli_option(cli, "gpu-type"))
		return mig_fail(err, MIG_E_INVAL,
				"--gpus-per-node goes with --gpu-type; nodes that are named "
				"have their own");
	f->gpus_per_node = (int)n;
	return 0;
}

static int one_source(struct cli *cli, struct mig_error *err)
{
	const int n = !!cli_option(cli, "gpu-type") + !!cli_option(cli, "nodes") +
		      !!cli_option(cli, "from-current");

	if (n == 1)
		return 0;
	return mig_fail(err, MIG_E_INVAL,
			n ? "--gpu-type, --nodes and --from-current exclude each other"
			  : "which GPUs? Name their type with --gpu-type TYPE[:N], nodes with "
			    "--nodes FILE, or take this machine's with --from-current");
}

int fleet_open(struct cli *cli, struct fleet *ret, struct mig_error *err)
{
	const char *types = cli_option(cli, "gpu-type"), *nodes = cli_option(cli, "nodes");
	const char *prices = cli_option(cli, "price"), *share = cli_option(cli, "reserve");
	int rc = one_source(cli, err);

	*ret = (struct fleet){ 0 };
	if (rc == 0)
		rc = read_per_node(cli, ret, err);
	if (rc < 0)
		return rc;
	if (types)
		rc = each_word(cli, ret, types, add_word, err);
	else if (nodes)
		rc = add_nodes(cli, ret, nodes, err);
	else
		rc = add_current(cli, ret, err);
	if (rc == 0 && share)
		rc = reserve(ret, share, err);
	if (rc == 0 && prices)
		rc = each_word(cli, ret, prices, add_price, err);
	return rc == 0 ? find_prices(ret, err) : rc;
}

void fleet_free(struct fleet *f)
{
	node_list_free(&f->nodes);
	free(f->node_pools);
	free(f->is_out);
	mig_snapshot_free(&f->snap);
}

/* The node of a list that has GPU @gpu of a pool. */
static const char *listed_node(const struct fleet *f, int pool, int64_t gpu, char *buf,
			       size_t len)
{
	for (size_t i = 0; i < f->nodes.n; i++) {
		const struct node *node = &f->nodes.nodes[i];
		const int64_t n = node->count * node->gpus;

		if (f->node_pools[i] != pool)
			continue;
		if (gpu >= n) {
			gpu -= n;
			continue;
		}
		if (node->is_many)
			snprintf(buf, len, "%s-%" PRId64, node->name, gpu / node->gpus);
		else
			snprintf(buf, len, "%s", node->name);
		return buf;
	}
	return text_copy(buf, len, "");
}

const char *fleet_node_name(const struct fleet *f, int pool, int64_t gpu, char *buf, size_t len)
{
	if (f->nodes.n > 0)
		return listed_node(f, pool, gpu, buf, len);
	if (f->gpus_per_node == 0)
		return text_copy(buf, len, "");
	snprintf(buf, len, "%s-%" PRId64, f->pools[pool].type->key, gpu / f->gpus_per_node);
	return buf;
}
