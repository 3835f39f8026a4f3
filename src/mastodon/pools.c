#include "mastodon_internal.h"

#include <string.h>

/*
 * Connection pools, and whether the database can give what they promise.
 *
 * DigitalOcean gives 25 connections for each GB of memory, less 3 that it keeps; all pools draw
 * from them.
 * https://docs.digitalocean.com/products/databases/postgresql/how-to/manage-connection-pools/
 */

#define DIRECT_RESERVE 7  /* migrations 2, exporter 1, admin 2, dumps 2 */
#define REPLICA_RESERVE 3 /* exporter 1, admin 2 */
#define POOLS 3
#define STREAMING 2 /* its pool is small and is not scaled */

static const char *const names[POOLS] = { "web", "sidekiq", "streaming" };

struct pool {
	int64_t clients, size, least;
	const struct mok_resource *declared;
};

/* ---- what there is ---- */

static const struct mok_resource *owner_of(const struct masto *m, const struct mok_resource *pool)
{
	const struct mok_val *id = mok_val_get(&pool->fields, "cluster_id");
	struct mok_refs refs = { 0 };

	if (id)
		mok_expr_refs(m->arena, id, &refs);
	return refs.list.len ? mok_map_get(m->stack->by_address, refs.list.items[0].root) : NULL;
}

/* One of its name; else one of another name, which then serves all. */
static void find_declared(const struct masto *m, struct pool *pools)
{
	const struct mok_resource *common = NULL;

	for (size_t i = 0; i < m->stack->resources.len; i++) {
		const struct mok_resource *r = &m->stack->resources.items[i];
		struct mok_val fields;
		const char *name;
		bool is_ours = false;

		if (strcmp(r->kind->name, "database_connection_pool") != 0 ||
			owner_of(m, r) != m->parts.database)
			continue;
		fields = masto_fields_of(m, r);
		name = mok_val_get_str(&fields, "name");
		for (size_t p = 0; p < POOLS; p++)
			if (mok_streq(name, names[p])) {
				pools[p].declared = r;
				is_ours = true;
			}
		if (!is_ours && !common)
			common = r;
	}
	for (size_t p = 0; p < POOLS; p++)
		if (!pools[p].declared)
			pools[p].declared = common;
}

static void count_clients(const struct masto *m, struct pool *pools)
{
	int64_t web_pods = masto_int(m, "web.replicas.max", masto_int(m, "web.replicas.min", 2));
	int64_t streaming_pods =
		masto_int(m, "streaming.replicas.max", masto_int(m, "streaming.replicas.min", 2));

	pools[0].clients = web_pods * masto_web_threads(m);
	for (size_t i = 0; i < m->ngroups; i++)
		pools[1].clients += m->groups[i].max * m->groups[i].concurrency;
	pools[STREAMING].clients = streaming_pods * masto_int(m, "streaming.db_pool", 10);
	pools[0].size = (pools[0].clients + 1) / 2;
	pools[1].size = (pools[1].clients + 1) / 2;
	pools[STREAMING].size = 5;
	for (size_t p = 0; p < POOLS; p++)
		pools[p].least = (pools[p].clients + 3) / 4;
}

/* "db-s-2vcpu-4gb" -> 4; 0: the slug does not tell. */
static int64_t gigabytes(const char *size)
{
	const char *end = size ? strstr(size, "gb") : NULL;
	const char *start = end;
	int64_t gb = 0;

	while (start && start > size && start[-1] >= '0' && start[-1] <= '9')
		start--;
	for (; start && start < end && gb < 100000; start++)
		gb = gb * 10 + (*start - '0');
	return gb;
}

static int64_t budget_of(const struct masto *m, const struct mok_resource *database)
{
	struct mok_val fields = masto_fields_of(m, database);
	int64_t gb = gigabytes(mok_val_get_str(&fields, "size"));

	return gb ? 25 * gb - 3 : 0;
}

/* ---- arithmetic ---- */

static int64_t declared_size(const struct masto *m, const struct mok_resource *r)
{
	struct mok_val fields = masto_fields_of(m, r);
	const struct mok_val *size = mok_val_get(&fields, "size");

	return size && size->type == MOK_INT ? size->u.i : 0;
}

/* What the plan says goes first; the rest shares what is left, in proportion. */
static void fit(const struct masto *m, struct pool *pools, int64_t budget)
{
	int64_t left = budget - DIRECT_RESERVE, wanted = 0;

	for (size_t p = 0; p < POOLS; p++) {
		bool counted = false;

		for (size_t k = 0; k < p; k++)
			counted |= pools[p].declared && pools[k].declared == pools[p].declared;
		if (!pools[p].declared && p == STREAMING)
			left -= pools[p].size;
		else if (!pools[p].declared)
			wanted += pools[p].size;
		else if (!counted)
			left -= declared_size(m, pools[p].declared);
	}
	for (size_t p = 0; budget && wanted > left && p < POOLS; p++)
		if (!pools[p].declared && p != STREAMING)
			pools[p].size = left > 0 ? pools[p].size * left / wanted : 0;
}

static void refuse(struct masto *m, const struct pool *pool, const char *name, int64_t budget)
{
	struct mok_diag *d = mok_diag_add(m->diags, "E0910", m->at,
		"the pool \"%s\" would have %lld connections for %lld clients, and a quarter of "
		"them is the least: the database gives %lld in all, %d of them kept for direct use",
		name, (long long)pool->size, (long long)pool->clients, (long long)budget,
		DIRECT_RESERVE);

	mok_diag_hint(m->diags, d, "fewer pods or threads, or a larger size of %s",
		m->parts.database->address);
}

static void check(struct masto *m, const struct pool *pools, int64_t budget)
{
	for (size_t p = 0; p < POOLS; p++) {
		struct pool pool = pools[p];

		if (pool.declared) {
			pool.size = declared_size(m, pool.declared);
			for (size_t k = 0; k < POOLS; k++)
				if (k != p && pools[k].declared == pool.declared) {
					pool.clients += pools[k].clients;
					pool.least += pools[k].least;
				}
		}
		/* Streaming asks seldom: five serve any number. */
		if (budget && pool.size > 0 && p == STREAMING && pool.size >= 5)
			continue;
		if (budget && pool.size < pool.least)
			refuse(m, &pool, names[p], budget);
		if (pool.declared && p > 0 && pools[p].declared == pools[0].declared)
			return; /* one pool for all: said once */
	}
}

/* What the plan says itself is not made to fit. */
static void check_declared(struct masto *m, const struct pool *pools, int64_t budget)
{
	const struct mok_resource *last = NULL;
	int64_t all = 0;
	struct mok_diag *d;

	for (size_t p = 0; p < POOLS; p++) {
		bool counted = !pools[p].declared;

		for (size_t k = 0; k < p; k++)
			counted |= pools[k].declared == pools[p].declared;
		if (counted)
			continue;
		last = pools[p].declared;
		all += declared_size(m, last);
	}
	if (!budget || all <= budget)
		return;
	d = mok_diag_add(m->diags, "E0910", last->at,
		"the plan's pools have %lld connections, and %s gives %lld in all", (long long)all,
		m->parts.database->address, (long long)budget);
	mok_diag_hint(
		m->diags, d, "smaller pools, or a larger size of %s", m->parts.database->address);
}

static const char *text_of(
	struct masto *m, const struct mok_resource *r, const char *field, const char *fallback)
{
	return r ? mok_arena_printf(m->arena, "${%s.%s}", r->address, field) : fallback;
}

static void add(struct masto *m, size_t p, const struct pool *pool)
{
	struct mok_val block = { .type = MOK_MAP, .at = m->at };
	const char *address = mok_arena_printf(m->arena, "mastodon_pool_%s", names[p]);
	const char *db = m->parts.database->address;

	mok_val_set(m->arena, &block, "kind", masto_format(m, "database_connection_pool"));
	mok_val_set(m->arena, &block, "cluster_id", masto_format(m, "${%s.id}", db));
	mok_val_set(m->arena, &block, "name", masto_format(m, "%s", names[p]));
	mok_val_set(m->arena, &block, "mode", masto_format(m, "transaction"));
	mok_val_set(m->arena, &block, "size", mok_val_int(pool->size > 0 ? pool->size : 1));
	mok_val_set(m->arena, &block, "db",
		masto_format(m, "%s", text_of(m, m->parts.database_name, "name", "defaultdb")));
	if (m->parts.database_user)
		mok_val_set(m->arena, &block, "user",
			masto_format(m, "%s", text_of(m, m->parts.database_user, "name", "")));
	masto_add_block(m, address, block, NULL);
	m->pools[p] = address;
}

/* Nothing is between a replica and its clients: each thread has a connection of its own. */
static void check_replica(struct masto *m, const struct pool *pools)
{
	const struct mok_resource *replica = m->parts.replica;
	int64_t budget = replica ? budget_of(m, replica) : 0;
	int64_t clients = pools[0].clients + pools[1].clients;
	struct mok_diag *d;

	if (!budget || clients + REPLICA_RESERVE <= budget)
		return;
	d = mok_diag_add(m->diags, "E0910", masto_mark(m, "database_replica"),
		"%lld threads of web and Sidekiq would connect to %s, which gives %lld "
		"connections, "
		"%d of them kept for others",
		(long long)clients, replica->address, (long long)budget, REPLICA_RESERVE);
	mok_diag_hint(
		m->diags, d, "fewer pods or threads, or a larger size of %s", replica->address);
}

void masto_pools(struct masto *m)
{
	struct pool pools[POOLS] = { { 0 }, { 0 }, { 0 } };
	int64_t budget = budget_of(m, m->parts.database);

	find_declared(m, pools);
	count_clients(m, pools);
	fit(m, pools, budget);
	check(m, pools, budget);
	check_declared(m, pools, budget);
	check_replica(m, pools);
	for (size_t p = 0; p < POOLS; p++)
		if (pools[p].declared)
			m->pools[p] = pools[p].declared->address;
		else
			add(m, p, &pools[p]);
}
