/* Pods and the nodes that they are for: pools that are not there, and room that is not. */
#include "mastodon_internal.h"

#include "mok/manifest.h"

#include <string.h>

/* What a pool has for pods; zeros: its size does not tell. */
struct room {
	int64_t millicpu, mib;
};

static bool is_pool(const struct mok_resource *r)
{
	return strcmp(r->kind->name, "kubernetes_node_pool") == 0;
}

static const struct mok_resource *node_pool(const struct masto *m, const char *word)
{
	for (size_t i = 0; i < m->stack->resources.len; i++) {
		const struct mok_resource *r = &m->stack->resources.items[i];
		struct mok_val fields;

		if (!is_pool(r))
			continue;
		if (strcmp(r->address, word) == 0)
			return r;
		fields = masto_fields_of(m, r);
		if (mok_streq(mok_val_get_str(&fields, "name"), word))
			return r;
	}
	return NULL;
}

static void no_such_pool(struct masto *m, const char *path, const char *word)
{
	const char **names = MOK_NEW_N(m->arena, const char *, m->stack->resources.len + 1);
	struct mok_diag *d = mok_diag_add(m->diags, "E0914", masto_mark(m, path),
		"there is no node pool \"%s\" in the plan", word);
	size_t n = 0;

	for (size_t i = 0; i < m->stack->resources.len; i++)
		if (is_pool(&m->stack->resources.items[i]))
			names[n++] = m->stack->resources.items[i].address;
	mok_diag_near(m->diags, d, mok_nearest(word, names, n));
}

/* "s-4vcpu-8gb" before "vcpu" is 4; 0: the slug does not tell. */
static int64_t number_before(const char *slug, const char *unit)
{
	const char *end = slug ? strstr(slug, unit) : NULL, *start = end;
	int64_t n = 0;

	while (start && start > slug && start[-1] >= '0' && start[-1] <= '9')
		start--;
	for (; start && start < end && n < 100000; start++)
		n = n * 10 + (*start - '0');
	return n;
}

static int64_t int_of(const struct mok_val *fields, const char *name)
{
	const struct mok_val *v = mok_val_get(fields, name);

	return v && v->type == MOK_INT ? v->u.i : 0;
}

/* All that a node has, which no pod gets whole; *size: for people. */
static struct room node_of(struct masto *m, const struct mok_resource *pool, const char **size)
{
	const struct mok_val fields = masto_fields_of(m, pool);

	*size = mok_val_get_str(&fields, "size");
	return (struct room){ number_before(*size, "vcpu") * 1000,
		number_before(*size, "gb") * 1024 };
}

/* At its largest, less about what DigitalOcean keeps back on each node. */
static struct room pool_room(struct masto *m, const struct mok_resource *pool)
{
	const struct mok_val fields = masto_fields_of(m, pool);
	int64_t count = int_of(&fields, "count"), most = int_of(&fields, "max_nodes");
	const char *size;
	struct room node = node_of(m, pool, &size);

	count = most > count ? most : count;
	if (!node.millicpu || !node.mib || !count)
		return (struct room){ 0 };
	node.millicpu -= 100;
	node.mib -= node.mib <= 4096 ? node.mib / 4 : 1024 + (node.mib - 4096) / 10;
	return (struct room){ count * node.millicpu, count * node.mib };
}

/* ---- one pod ---- */

static bool fits(struct masto *m, const struct mok_resource *pool, const struct masto_request *r)
{
	const char *size;
	struct room node = node_of(m, pool, &size);

	/* Some of a node is the system's, so a pod that asks for all of it fits none. */
	return !node.millicpu || !node.mib || (r->millicpu < node.millicpu && r->mib < node.mib);
}

/* Where the tier says no pool, any of them will do, if what it asks for is sound. */
static void check_fits(struct masto *m, const struct masto_request *request, bool is_sound)
{
	const char *word =
		masto_str(m, mok_arena_printf(m->arena, "%s.node_pool", request->settings), NULL);
	const struct mok_resource *pool = word ? node_pool(m, word) : NULL;
	const char *size;

	for (size_t i = 0; !word && is_sound && i < m->stack->resources.len; i++) {
		const struct mok_resource *r = &m->stack->resources.items[i];

		if (!is_pool(r))
			continue;
		pool = r;
		if (fits(m, r, request))
			return;
	}
	if (!pool || fits(m, pool, request))
		return;
	node_of(m, pool, &size);
	mok_diag_add(m->diags, "E0915", masto_mark(m, request->settings),
		"a pod of %s asks for %lldm CPU and %lld MiB, and fits on no node of %s (%s)",
		request->settings, (long long)request->millicpu, (long long)request->mib,
		word ? pool->address : "the plan", size);
}

/* The fewest pods of a tier. */
static int64_t fewest(struct masto *m, const char *settings)
{
	return masto_int(m, mok_arena_printf(m->arena, "%s.replicas.min", settings),
		mok_starts(settings, "sidekiq.") ? 1 : 2);
}

static void check_limit(
	struct masto *m, const struct masto_request *r, const char *what, double asked)
{
	const char *path = mok_arena_printf(m->arena, "%s.resources.limits.%s", r->settings, what);
	const char *text = masto_str(m, path, NULL);
	double most;

	if (!text || !mok_quantity(text, &most) || asked <= most)
		return;
	if (strcmp(what, "cpu") == 0)
		mok_diag_add(m->diags, "E0917", masto_mark(m, path),
			"a pod of %s asks for %lldm CPU, which is more than its limit (%s)",
			r->settings, (long long)r->millicpu, text);
	else
		mok_diag_add(m->diags, "E0917", masto_mark(m, path),
			"a pod of %s asks for %lld MiB of memory, which is more than its limit "
			"(%s)",
			r->settings, (long long)r->mib, text);
}

static void check_limits(struct masto *m, const struct masto_request *r)
{
	check_limit(m, r, "cpu", (double)r->millicpu / 1000);
	check_limit(m, r, "memory", (double)r->mib * 1048576);
}

static void check_tier(struct masto *m, const char *settings)
{
	const char *at = mok_arena_printf(m->arena, "%s.node_pool", settings);
	const char *word = masto_str(m, at, NULL);
	const char *replicas = mok_arena_printf(m->arena, "%s.replicas", settings);
	int64_t min = fewest(m, settings);
	int64_t max = masto_int(m, mok_arena_printf(m->arena, "%s.max", replicas), min);

	if (word && !node_pool(m, word))
		no_such_pool(m, at, word);
	if (min > max)
		mok_diag_add(m->diags, "E0917", masto_mark(m, replicas),
			"%s: min (%lld) is more than max (%lld)", replicas, (long long)min,
			(long long)max);
}

/* ---- all pods ---- */

struct need {
	const struct mok_resource *pool; /* only what is bound to it; NULL: everything */
	struct room all;
};

static void add_need(struct masto *m, struct need *need, const struct masto_request *r)
{
	const char *word =
		masto_str(m, mok_arena_printf(m->arena, "%s.node_pool", r->settings), NULL);
	int64_t pods = fewest(m, r->settings);

	if (need->pool && (!word || node_pool(m, word) != need->pool))
		return;
	need->all.millicpu += pods * r->millicpu;
	need->all.mib += pods * r->mib;
}

static void add_needs(struct masto *m, struct need *need)
{
	struct masto_request request;

	masto_web_request(m, &request);
	add_need(m, need, &request);
	masto_streaming_request(m, &request);
	add_need(m, need, &request);
	for (size_t i = 0; i < m->ngroups; i++) {
		masto_group_request(m, &m->groups[i], &request);
		add_need(m, need, &request);
	}
}

static void warn(struct masto *m, const struct need *need, const struct room *room)
{
	struct mok_diag *d;

	if (!room->millicpu || (need->all.millicpu <= room->millicpu && need->all.mib <= room->mib))
		return;
	d = mok_diag_add(m->diags, "W0928", need->pool ? need->pool->at : m->at,
		"the fewest pods ask for %lldm CPU and %lld MiB, and %s has room for %lldm and "
		"%lld MiB",
		(long long)need->all.millicpu, (long long)need->all.mib,
		need->pool ? need->pool->address : "the cluster", (long long)room->millicpu,
		(long long)room->mib);
	mok_diag_hint(m->diags, d, "more or larger nodes, or fewer pods and threads");
}

/* A pool whose size tells nothing may have room for everything. */
static void check_room(struct masto *m)
{
	struct need all = { 0 };
	struct room whole = { 0 };
	bool is_known = true;

	for (size_t i = 0; i < m->stack->resources.len; i++) {
		const struct mok_resource *r = &m->stack->resources.items[i];
		struct need bound = { .pool = r };
		struct room room;

		if (!is_pool(r))
			continue;
		room = pool_room(m, r);
		is_known = is_known && room.millicpu;
		whole.millicpu += room.millicpu;
		whole.mib += room.mib;
		add_needs(m, &bound);
		warn(m, &bound, &room);
	}
	add_needs(m, &all);
	if (is_known)
		warn(m, &all, &whole);
}

void masto_check_nodes(struct masto *m)
{
	bool is_sound = m->diags->nerrors == 0;
	struct masto_request request;

	check_tier(m, "web");
	check_tier(m, "streaming");
	masto_streaming_request(m, &request);
	check_limits(m, &request);
	masto_web_request(m, &request);
	check_limits(m, &request);
	check_fits(m, &request, is_sound);
	for (size_t i = 0; i < m->ngroups; i++) {
		check_tier(m, m->groups[i].path);
		masto_group_request(m, &m->groups[i], &request);
		check_limits(m, &request);
		check_fits(m, &request, is_sound);
	}
	if (m->diags->nerrors == 0)
		check_room(m);
}
