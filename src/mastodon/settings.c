#include "mastodon_internal.h"

#include <stdlib.h>
#include <string.h>

/* The block's settings, and the resources that it is about. */

/* ---- reading ---- */

static const struct mok_val *is_at(const struct masto *m, const char *path)
{
	return mok_val_at(&m->is, path);
}

bool masto_has(const struct masto *m, const char *path)
{
	const struct mok_val *v = is_at(m, path);

	return v && v->type != MOK_NULL;
}

int64_t masto_int(const struct masto *m, const char *path, int64_t fallback)
{
	const struct mok_val *v = is_at(m, path);

	return v && v->type == MOK_INT ? v->u.i : fallback;
}

bool masto_bool(const struct masto *m, const char *path, bool fallback)
{
	const struct mok_val *v = is_at(m, path);

	return v && v->type == MOK_BOOL ? v->u.b : fallback;
}

const char *masto_str(const struct masto *m, const char *path, const char *fallback)
{
	const struct mok_val *v = is_at(m, path);

	return v && v->type == MOK_STR && v->u.s[0] ? v->u.s : fallback;
}

static const char *escaped(const struct masto *m, const char *text)
{
	struct mok_buf out;
	const char *copy;

	mok_buf_init(&out, (size_t)1 << 20);
	for (; *text; text++) {
		if (text[0] == '$' && text[1] == '{')
			mok_buf_putc(&out, '$');
		mok_buf_putc(&out, *text);
	}
	copy = mok_arena_strdup(m->arena, out.data);
	mok_buf_release(&out);
	return copy;
}

const char *masto_text(const struct masto *m, const char *path)
{
	const struct mok_val *written = mok_val_at(m->written, path), *v = is_at(m, path);
	const char *text;

	if (!v || v->type == MOK_NULL)
		return NULL;
	if (written && written->type == MOK_STR)
		return written->u.s;
	text = mok_val_text(m->arena, v);
	return text ? escaped(m, text) : NULL;
}

static const char *default_of(const char *path)
{
	const struct mok_field *fields = mok_mastodon_fields(), *f = NULL;
	char name[64];

	while (fields && *path) {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		f = mok_field_find(fields, name);
		fields = f ? f->sub : NULL;
		path += len + (path[len] == '.');
	}
	return f && !*path ? f->dflt : NULL;
}

const char *masto_given(const struct masto *m, const char *path)
{
	const char *text = masto_text(m, path), *dflt = default_of(path);

	if (!text && !dflt)
		MOK_BUG("a setting without a default");
	return text ? text : dflt;
}

int64_t masto_given_int(const struct masto *m, const char *path)
{
	const char *dflt = default_of(path);

	return masto_int(m, path, dflt ? strtoll(dflt, NULL, 10) : 0);
}

struct mok_mark masto_mark(const struct masto *m, const char *path)
{
	const struct mok_val *v = mok_val_at(m->written, path);

	return v && v->at.file ? v->at : m->at;
}

const char *masto_web_domain(const struct masto *m)
{
	const char *web = masto_text(m, "web_domain");

	return web ? web : masto_text(m, "domain");
}

bool masto_at_least(const struct masto *m, int major, int minor)
{
	char *end;
	long have_major = strtol(m->version, &end, 10), have_minor = 0;

	if (*end == '.')
		have_minor = strtol(end + 1, NULL, 10);
	return have_major > major || (have_major == major && have_minor >= minor);
}

/* ---- resources ---- */

static bool nothing_known(
	void *self, const struct mok_resource *r, const char *path, struct mok_val *out)
{
	(void)self;
	(void)path;
	*out = mok_val_unknown(r->address);
	out->sensitive = mok_field_is_sensitive(r->kind->fields, path);
	return true;
}

static struct mok_val *read_fields(const struct masto *m, const struct mok_resource *r)
{
	const struct mok_lookup lookup = { .attribute = nothing_known };
	struct mok_diags ignored = { .arena = m->arena };
	struct mok_val *out = MOK_NEW(m->arena, struct mok_val);

	/* What is wrong with it is said where all resources are checked. */
	if (mok_plan_eval(m->arena, m->stack, r, &lookup, &ignored, out) != 0)
		out->type = MOK_MAP;
	return out;
}

struct mok_val masto_fields_of(const struct masto *m, const struct mok_resource *r)
{
	struct mok_val *fields = mok_map_get(m->fields, r->address);

	if (!fields) {
		fields = read_fields(m, r);
		mok_map_put(m->fields, r->address, fields);
	}
	return *fields;
}

/* One of the things that the block is about. */
struct part {
	const char *setting;
	const char *kind;
	const char *engines; /* of a database_cluster: "valkey|redis" */
	bool is_needed, is_guessed;
	size_t offset;
};

#define PART(field) offsetof(struct parts, field)

static const struct part part_table[] = {
	{ "cluster", "kubernetes_cluster", NULL, true, true, PART(cluster) },
	{ "database", "database_cluster", "pg", true, true, PART(database) },
	{ "database_name", "database_db", NULL, false, true, PART(database_name) },
	{ "database_user", "database_user", NULL, false, true, PART(database_user) },
	{ "redis", "database_cluster", "valkey|redis", true, true, PART(redis) },
	{ "cache_redis", "database_cluster", "valkey|redis", false, false, PART(cache_redis) },
	{ "sidekiq_redis", "database_cluster", "valkey|redis", false, false, PART(sidekiq_redis) },
	{ "storage", "spaces_bucket", NULL, true, true, PART(storage) },
	{ "storage_key", "spaces_key", NULL, true, true, PART(storage_key) },
	{ "cdn", "cdn", NULL, false, true, PART(cdn) },
	{ "zone", "domain", NULL, false, true, PART(zone) },
	{ "database_replica", "database_replica", NULL, false, false, PART(replica) },
	{ "backup.storage", "spaces_bucket", NULL, false, false, PART(backup_storage) },
	{ "backup.storage_key", "spaces_key", NULL, false, false, PART(backup_key) },
	{ "assets_storage", "spaces_bucket", NULL, false, false, PART(assets_storage) },
	{ "assets_storage_key", "spaces_key", NULL, false, false, PART(assets_key) },
};

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (strncmp(p, word, len) == 0 && (p[len] == '|' || !p[len]))
			return true;
	}
	return false;
}

static bool fits(const struct masto *m, const struct part *part, const struct mok_resource *r)
{
	struct mok_val fields;
	const char *engine;

	if (strcmp(r->kind->name, part->kind) != 0)
		return false;
	if (!part->engines)
		return true;
	fields = masto_fields_of(m, r);
	engine = mok_val_get_str(&fields, "engine");
	return engine && has_word(part->engines, engine);
}

static const struct mok_resource *named(struct masto *m, const struct part *part)
{
	const char *address = masto_str(m, part->setting, NULL), *near;
	const struct mok_resource *r = address ? mok_map_get(m->stack->by_address, address) : NULL;
	const char **names = MOK_NEW_N(m->arena, const char *, m->stack->resources.len + 1);
	struct mok_diag *d;
	size_t n = 0;

	if (!address || (r && fits(m, part, r)))
		return r;
	for (size_t i = 0; i < m->stack->resources.len; i++)
		if (fits(m, part, &m->stack->resources.items[i]))
			names[n++] = m->stack->resources.items[i].address;
	d = mok_diag_add(m->diags, "E0903", masto_mark(m, part->setting),
		"%s: \"%s\" is not the address of a %s%s%s", part->setting, address, part->kind,
		part->engines ? " of engine " : "", part->engines ? part->engines : "");
	if (strcmp(part->setting, "search") == 0)
		mok_diag_hint(m->diags, d,
			"it can be none, elasticsearch, eck, or the address of one that the plan "
			"has");
	near = mok_nearest(address, names, n);
	if (!near && n == 1)
		near = names[0];
	mok_diag_near(m->diags, d, near);
	return NULL;
}

static void ambiguous(
	struct masto *m, const struct part *part, const char *first, const char *second)
{
	struct mok_diag *d = mok_diag_add(m->diags, "E0904", m->at,
		"%s is left out, and there is more than one candidate: %s, %s", part->setting,
		first, second);

	mok_diag_hint(m->diags, d, "write %s: %s", part->setting, first);
}

/* What is wrong with its fields is told elsewhere: it may be what seems to be missing. */
static bool may_be_unread(struct masto *m, const struct part *part)
{
	for (size_t i = 0; i < m->stack->resources.len; i++) {
		const struct mok_resource *r = &m->stack->resources.items[i];
		struct mok_val fields;

		if (strcmp(r->kind->name, part->kind) != 0)
			continue;
		fields = masto_fields_of(m, r);
		if (fields.u.map.len == 0)
			return true;
	}
	return false;
}

static const struct mok_resource *guessed(struct masto *m, const struct part *part)
{
	const struct mok_resource *found = NULL;
	struct mok_diag *d;

	for (size_t i = 0; i < m->stack->resources.len; i++) {
		const struct mok_resource *r = &m->stack->resources.items[i];

		if (!fits(m, part, r))
			continue;
		if (found) {
			ambiguous(m, part, found->address, r->address);
			return found;
		}
		found = r;
	}
	if (!found && part->is_needed && !may_be_unread(m, part)) {
		d = mok_diag_add(m->diags, "E0905", m->at,
			"the block needs a %s%s%s, and the plan has none", part->kind,
			part->engines ? " of engine " : "", part->engines ? part->engines : "");
		mok_diag_hint(m->diags, d, "add one under `resources:`");
	}
	return found;
}

static void find_search(struct masto *m)
{
	static const struct part part = { "search", "database_cluster", "opensearch", false, false,
		PART(search) };
	if (!masto_searches(m, "none") && !masto_searches(m, "elasticsearch") &&
		!masto_searches(m, "eck"))
		m->parts.search = named(m, &part);
}

static void find_parts(struct masto *m)
{
	for (size_t i = 0; i < MOK_COUNT(part_table); i++) {
		const struct part *part = &part_table[i];
		const struct mok_resource **slot =
			(const struct mok_resource **)(void *)((char *)&m->parts + part->offset);

		if (masto_has(m, part->setting))
			*slot = named(m, part);
		else if (part->is_guessed)
			*slot = guessed(m, part);
	}
	find_search(m);
}

/* ---- Sidekiq ---- */

static bool serves(const struct mok_val *group, const char *queue)
{
	const struct mok_val *queues = mok_val_get(group, "queues");
	size_t len = strlen(queue);

	for (size_t i = 0; queues && queues->type == MOK_LIST && i < queues->u.list.len; i++) {
		const struct mok_val *q = &queues->u.list.items[i];

		if (q->type == MOK_STR && strncmp(q->u.s, queue, len) == 0 &&
			(!q->u.s[len] || q->u.s[len] == ','))
			return true;
	}
	return false;
}

/* What an instance of some hundred people needs, when the block says nothing. */
static const char standard_groups[] =
	"default: { queues: [default, mailers], replicas: 1, concurrency: 25 }\n"
	"federation: { queues: [push, ingress, fasp], replicas: 1, concurrency: 25 }\n"
	"pull: { queues: [pull], replicas: 1, concurrency: 25 }\n"
	"scheduler: { queues: [scheduler], replicas: 1, concurrency: 5 }\n";

static const struct mok_val *groups_of(struct masto *m)
{
	const struct mok_val *groups = is_at(m, "sidekiq");
	struct mok_source source = { "sidekiq", standard_groups, sizeof(standard_groups) - 1 };
	struct mok_diags diags = { .arena = m->arena };
	struct mok_val written = { .type = MOK_MAP }, standard, is;

	if (groups && groups->type == MOK_MAP && groups->u.map.len > 0)
		return groups;
	if (mok_plan_read_yaml(m->arena, &source, &diags, &standard) != 0)
		MOK_BUG("the standard groups are not YAML");
	mok_val_set(m->arena, &written, "sidekiq", standard);
	/* Only its required fields are missing: this part is whole. */
	if (mok_plan_eval_fields(
		    m->arena, m->stack, &written, mok_mastodon_fields(), &diags, &is) != 0)
		is.type = MOK_MAP;
	mok_val_set(m->arena, &m->is, "sidekiq", *mok_val_get(&is, "sidekiq"));
	return mok_val_get(&m->is, "sidekiq");
}

static void find_groups(struct masto *m)
{
	const struct mok_val *groups = groups_of(m);

	for (size_t i = 0; i < groups->u.map.len && m->ngroups < GROUPS_MAX; i++) {
		const struct mok_pair *pair = &groups->u.map.pairs[i];
		struct group *g = &m->groups[m->ngroups++];

		g->name = pair->key;
		g->is = &pair->val;
		g->path = mok_arena_printf(m->arena, "sidekiq.%s", pair->key);
		g->is_scheduler = serves(&pair->val, "scheduler");
		g->min = masto_int(m, mok_arena_printf(m->arena, "%s.replicas.min", g->path), 1);
		g->max = masto_int(
			m, mok_arena_printf(m->arena, "%s.replicas.max", g->path), g->min);
		g->concurrency = masto_int(m, mok_arena_printf(m->arena, "%s.concurrency", g->path),
			g->is_scheduler ? 5 : 25);
	}
}

bool masto_settings(struct masto *m)
{
	bool is_whole = mok_plan_eval_fields(m->arena, m->stack, m->written, mok_mastodon_fields(),
				m->diags, &m->is) == 0;

	if (m->is.type != MOK_MAP)
		return false;
	m->version = mok_mastodon_resolve(masto_str(m, "version", "0"));
	m->ns = masto_str(m, "namespace", "mastodon");
	find_parts(m);
	find_groups(m);
	return is_whole && m->parts.cluster && m->parts.database && m->parts.redis &&
		m->parts.storage && m->parts.storage_key;
}
