/* metadata.managedFields: who owns which fields, and server-side apply.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
#include "apiserver_internal.h"

#include <stdlib.h>

struct manager {
	const char *name, *operation, *api_version, *sub, *time;
	cJSON *set;
};

struct managers {
	MOK_VEC(struct manager) all;
};

static void release(struct managers *m)
{
	for (size_t i = 0; i < m->all.len; i++)
		cJSON_Delete(m->all.items[i].set);
	m->all.len = 0;
}

static void read_managers(struct ks_req *r, const cJSON *object, struct managers *out)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, mok_json_at(object, "metadata.managedFields"))
	{
		struct manager m = {
			.name = ks_str(entry, "manager"),
			.operation = ks_str(entry, "operation"),
			.api_version = ks_str(entry, "apiVersion"),
			.sub = ks_str(entry, "subresource"),
			.time = ks_str(entry, "time"),
		};

		/* Who wrote an event by the other group's names is forgotten. */
		if (strcmp(r->resource->stored, "events") == 0 &&
			strcmp(m.api_version, ks_api_version(r, r->resource)) != 0)
			continue;
		m.set = ks_set_parse(ks_at(entry, "fieldsV1"));
		mok_vec_push(r->arena, &out->all, m);
	}
}

/* Appliers are the same whatever version they applied. */
static struct manager *find(struct managers *m, const struct manager *like)
{
	for (size_t i = 0; i < m->all.len; i++) {
		struct manager *it = &m->all.items[i];
		bool applies = strcmp(it->operation, "Apply") == 0;

		if (strcmp(it->name, like->name) == 0 &&
			strcmp(it->operation, like->operation) == 0 &&
			strcmp(it->sub, like->sub) == 0 &&
			(applies || strcmp(it->api_version, like->api_version) == 0))
			return it;
	}
	return NULL;
}

static int by_order(const void *a, const void *b)
{
	const struct manager *x = a, *y = b;
	int order = strcmp(x->operation, y->operation);

	if (!order)
		order = strcmp(x->time, y->time);
	if (!order)
		order = strcmp(x->name, y->name);
	if (!order)
		order = strcmp(x->api_version, y->api_version);
	return order ? order : strcmp(x->sub, y->sub);
}

static cJSON *print_manager(const struct manager *m)
{
	cJSON *entry = cJSON_CreateObject();

	cJSON_AddStringToObject(entry, "manager", m->name);
	cJSON_AddStringToObject(entry, "operation", m->operation);
	cJSON_AddStringToObject(entry, "apiVersion", m->api_version);
	if (*m->time)
		cJSON_AddStringToObject(entry, "time", m->time);
	cJSON_AddStringToObject(entry, "fieldsType", "FieldsV1");
	cJSON_AddItemToObject(entry, "fieldsV1", ks_set_print(m->set));
	if (*m->sub)
		cJSON_AddStringToObject(entry, "subresource", m->sub);
	return entry;
}

static void write_managers(cJSON *object, struct managers *m)
{
	cJSON *meta = mok_json_object(object, "metadata"), *list = cJSON_CreateArray();

	if (m->all.len)
		qsort(m->all.items, m->all.len, sizeof(*m->all.items), by_order);
	for (size_t i = 0; i < m->all.len; i++)
		if (!ks_set_empty(m->all.items[i].set) ||
			strcmp(m->all.items[i].operation, "Apply") == 0)
			cJSON_AddItemToArray(list, print_manager(&m->all.items[i]));
	cJSON_DeleteItemFromObjectCaseSensitive(meta, "managedFields");
	if (list->child)
		cJSON_AddItemToObject(meta, "managedFields", list);
	else
		cJSON_Delete(list);
}

/* ---- what nobody owns ---- */

static const char unowned[] =
	"{\"f:apiVersion\":{},\"f:kind\":{},\"f:metadata\":{\".\":{},\"f:name\":{},\"f:namespace\":"
	"{},"
	"\"f:creationTimestamp\":{},\"f:selfLink\":{},\"f:uid\":{},\"f:clusterName\":{},"
	"\"f:generation\":{},\"f:managedFields\":{},\"f:resourceVersion\":{}}}";

/* A part of the object that a write to this path resets belongs to nobody through it. */
static void strip(struct ks_req *r, cJSON *set)
{
	cJSON *json = mok_json_parse(unowned, sizeof(unowned) - 1), *none = ks_set_parse(json);
	cJSON *child, *next;

	ks_set_minus(set, none);
	cJSON_Delete(none);
	cJSON_Delete(json);
	if (!r->resource->has_status)
		return;
	for (child = set->child; child; child = next) {
		bool status = strcmp(child->string, "f:status") == 0;

		next = child->next;
		if (strcmp(r->sub, "status") == 0
				? !status && strcmp(child->string, "f:metadata") != 0
				: status)
			cJSON_Delete(cJSON_DetachItemViaPointer(set, child));
	}
}

static cJSON *without_managers(const cJSON *object)
{
	cJSON *copy = cJSON_Duplicate(object, true);

	cJSON_DeleteItemFromObjectCaseSensitive(ks_item(copy, "metadata"), "managedFields");
	return copy;
}

static struct manager asking(struct ks_req *r, const char *operation)
{
	char *time = mok_arena_alloc(r->arena, 21);

	mok_format_time(r->now_ms, time);
	return (struct manager){ .name = ks_manager(r),
		.operation = operation,
		.api_version = *r->resource->group
			? ks_printf(r, "%s/%s", r->resource->group, r->resource->version)
			: r->resource->version,
		.sub = r->sub,
		/* Through the scale subresource, ownership is told without a time. */
		.time = strcmp(r->sub, "scale") == 0 ? "" : time };
}

static void drop_empty(struct managers *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->all.len; i++) {
		if (ks_set_empty(m->all.items[i].set))
			cJSON_Delete(m->all.items[i].set);
		else
			m->all.items[kept++] = m->all.items[i];
	}
	m->all.len = kept;
}

/* ---- writes by other means ---- */

static void compared_free(struct ks_compared *c)
{
	cJSON_Delete(c->added);
	cJSON_Delete(c->modified);
	cJSON_Delete(c->removed);
}

static void take_ownership(struct ks_req *r, struct managers *m, struct ks_compared *c)
{
	struct manager me = asking(r, "Update"), *mine;
	cJSON *changed = cJSON_Duplicate(c->modified, true);

	ks_set_union(changed, c->added);
	for (size_t i = 0; i < m->all.len; i++) {
		ks_set_minus(m->all.items[i].set, changed);
		ks_set_minus(m->all.items[i].set, c->removed);
	}
	strip(r, changed);
	mine = find(m, &me);
	if (ks_set_empty(changed)) {
		cJSON_Delete(changed);
	} else if (mine) {
		ks_set_union(mine->set, changed);
		mine->time = me.time;
		cJSON_Delete(changed);
	} else {
		me.set = changed;
		mok_vec_push(r->arena, &m->all, me);
	}
	drop_empty(m);
}

/* A list of one that says nothing, or (noted before it was decoded) an empty one: ownership begins
 * anew. */
static bool resets(const struct ks_req *r, const cJSON *managers)
{
	return r->resets_managers ||
		(cJSON_IsArray(managers) && managers->child && !managers->child->child &&
			!managers->child->next);
}

void ks_managed_update(struct ks_req *r, const cJSON *before, cJSON *after)
{
	struct managers m = { { NULL, 0, 0 } };
	struct ks_compared c;
	cJSON *old, *new = without_managers(after);
	const cJSON *given = mok_json_at(after, "metadata.managedFields");

	old = before ? without_managers(before) : cJSON_CreateObject();
	/* Before it is created, an object is one of its type with nothing in it. */
	if (!before)
		ks_normalise(r, old, r->resource->type);
	/* A client may say who manages; but through a subresource it says nothing of that. */
	if (before && !*r->sub && !resets(r, given))
		read_managers(r, given ? after : before, &m);
	else if (!before || *r->sub)
		read_managers(r, before, &m);
	ks_compare(r->arena, old, new, r->resource->type, &c);
	take_ownership(r, &m, &c);
	write_managers(after, &m);
	compared_free(&c);
	release(&m);
	cJSON_Delete(old);
	cJSON_Delete(new);
}

/* ---- apply ---- */

struct conflict {
	const struct manager *manager;
	const char *path;
};

struct conflicts {
	struct ks_req *r;
	const struct manager *manager;
	MOK_VEC(struct conflict) all;
};

static void note_conflict(void *context, const char *path)
{
	struct conflicts *c = context;
	struct conflict one = { c->manager, mok_arena_strdup(c->r->arena, path) };

	mok_vec_push(c->r->arena, &c->all, one);
}

static const char *manager_text(struct ks_req *r, const struct manager *m)
{
	const char *name = *m->sub ? ks_printf(r, "\"%s\" with subresource \"%s\"", m->name, m->sub)
				   : ks_printf(r, "\"%s\"", m->name);

	if (strcmp(m->operation, "Update") != 0)
		return name;
	return ks_printf(r, "%s using %s", name, m->api_version);
}

static int by_name(const void *a, const void *b)
{
	const struct conflict *x = a, *y = b;
	int order = strcmp(x->manager->name, y->manager->name);

	if (!order)
		order = strcmp(x->manager->operation, y->manager->operation);
	return order ? order : strcmp(x->path, y->path);
}

/* By manager, whatever the order of the causes. */
static const char *conflict_text(struct ks_req *r, const struct conflicts *c)
{
	const struct manager *last = NULL;
	struct mok_buf text;
	const char *out;

	qsort(c->all.items, c->all.len, sizeof(*c->all.items), by_name);
	if (c->all.len == 1)
		return ks_printf(r, "Apply failed with 1 conflict: conflict with %s: %s",
			manager_text(r, c->all.items[0].manager), c->all.items[0].path);
	mok_buf_init(&text, 65536);
	mok_buf_printf(&text, "Apply failed with %zu conflicts: ", c->all.len);
	for (size_t i = 0; i < c->all.len; i++) {
		if (c->all.items[i].manager != last)
			mok_buf_printf(&text, "%sconflicts with %s:", i ? "\n" : "",
				manager_text(r, c->all.items[i].manager));
		last = c->all.items[i].manager;
		mok_buf_printf(&text, "\n- %s", c->all.items[i].path);
	}
	out = mok_arena_strdup(r->arena, text.data);
	mok_buf_release(&text);
	return out;
}

static void refuse(struct ks_req *r, const struct conflicts *c)
{
	cJSON *details = cJSON_CreateObject(), *causes = cJSON_AddArrayToObject(details, "causes");

	for (size_t i = 0; i < c->all.len; i++) {
		cJSON *cause = cJSON_CreateObject();

		cJSON_AddStringToObject(cause, "reason", "FieldManagerConflict");
		cJSON_AddStringToObject(cause, "message",
			ks_printf(r, "conflict with %s", manager_text(r, c->all.items[i].manager)));
		cJSON_AddStringToObject(cause, "field", c->all.items[i].path);
		cJSON_AddItemToArray(causes, cause);
	}
	ks_fail_details(r, 409, "Conflict", conflict_text(r, c), details);
}

static bool is_me(const struct manager *a, const struct manager *b)
{
	return strcmp(a->operation, b->operation) == 0 && strcmp(a->name, b->name) == 0 &&
		strcmp(a->sub, b->sub) == 0;
}

/* The others lose what this apply changes, if it is forced; else it is refused. False: it has
 * answered. */
static bool settle_conflicts(
	struct ks_req *r, struct managers *m, const struct manager *me, struct ks_compared *c)
{
	struct conflicts conflicts = { .r = r };
	cJSON *changed = cJSON_Duplicate(c->modified, true);
	cJSON *all = cJSON_CreateObject();
	bool forced = ks_query_true(r, "force");

	ks_set_union(changed, c->added);
	for (size_t i = 0; i < m->all.len; i++) {
		struct manager *it = &m->all.items[i];
		cJSON *common;

		if (is_me(it, me))
			continue;
		common = cJSON_Duplicate(it->set, true);
		ks_set_keep(common, changed);
		conflicts.manager = it;
		ks_set_each(r->arena, common, note_conflict, &conflicts);
		ks_set_minus(it->set, common);
		ks_set_minus(it->set, c->removed);
		ks_set_union(all, common);
		cJSON_Delete(common);
	}
	cJSON_Delete(changed);
	if (conflicts.all.len && !forced && strcmp(me->name, "kubectl") == 0)
		forced = ks_last_applied_allows(r, c->before, all);
	cJSON_Delete(all);
	if (!conflicts.all.len || forced)
		return true;
	refuse(r, &conflicts);
	return false;
}

/* Every field on the way to a member, so that nothing under it is taken away with it. */
static bool add_prefixes(cJSON *set)
{
	cJSON *child;
	bool any = false;

	cJSON_ArrayForEach(child, set)
	{
		if (strcmp(child->string, ".") == 0) {
			any = true;
			continue;
		}
		if (add_prefixes(child) && child->string[0] == 'f')
			ks_set_member(child);
		any |= child->child != NULL;
	}
	return any;
}

/* What was applied before, is not now, and nobody else owns, goes. */
static void prune(struct ks_req *r, cJSON *merged, const cJSON *last, const struct managers *m)
{
	cJSON *gone = cJSON_Duplicate(last, true), *owned = cJSON_CreateObject();

	for (size_t i = 0; i < m->all.len; i++)
		ks_set_union(owned, m->all.items[i].set);
	add_prefixes(owned);
	ks_set_minus(gone, owned);
	ks_remove_items(r->arena, merged, r->resource->type, gone);
	cJSON_Delete(gone);
	cJSON_Delete(owned);
}

bool ks_managed_check(struct ks_req *r, cJSON *config, const char *ns)
{
	const char *wrong;

	if (mok_json_at(config, "metadata.managedFields.0"))
		return ks_bad_request(r, "metadata.managedFields must be nil");
	cJSON_DeleteItemFromObjectCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(config, "metadata"), "managedFields");
	wrong = ks_typed_check(r->arena, config, r->resource->type, "");
	if (!wrong)
		return true;
	return ks_fail(r, 500, "",
		"failed to create typed patch object (%s/%s; %s/%s, Kind=%s): %s", ns,
		ks_str(config, "metadata.name"), r->resource->group, r->resource->version,
		r->resource->kind, wrong);
}

/* The set of this apply in place of the last one; *last is taken out. */
static struct manager *replace_set(
	struct ks_req *r, struct managers *m, const struct manager *me, cJSON *set, cJSON **last)
{
	struct manager *mine = find(m, me);

	if (!mine) {
		mok_vec_push(r->arena, &m->all, *me);
		mine = &m->all.items[m->all.len - 1];
		mine->time = "";
	}
	*last = mine->set;
	mine->set = set;
	mine->api_version = me->api_version;
	return mine;
}

/* What was emptied: for built-in types, decoding does this. */
static void drop_nulls(cJSON *value)
{
	cJSON *child, *next;

	for (child = value->child; child; child = next) {
		next = child->next;
		if (cJSON_IsObject(value) && cJSON_IsNull(child))
			cJSON_Delete(cJSON_DetachItemViaPointer(value, child));
		else
			drop_nulls(child);
	}
}

static cJSON *apply_to(struct ks_req *r, const cJSON *old, cJSON *config, struct managers *m)
{
	const struct manager me = asking(r, "Apply");
	cJSON *merged = ks_own(r, ks_merge(r->arena, old, config, r->resource->type));
	cJSON *set = ks_fields_of(r->arena, config, r->resource->type), *last;
	struct manager *mine;
	struct ks_compared c;
	bool settled, changed;

	strip(r, set);
	mine = replace_set(r, m, &me, set, &last);
	if (!ks_set_empty(last))
		prune(r, merged, last, m);
	ks_compare(r->arena, old, merged, r->resource->type, &c);
	/* Who applies what is there already comes to own it at no time. */
	changed = !ks_set_empty(c.added) || !ks_set_empty(c.modified) || !ks_set_empty(c.removed);
	if (changed)
		mine->time = me.time;
	c.before = old;
	settled = settle_conflicts(r, m, &me, &c);
	cJSON_Delete(last);
	compared_free(&c);
	if (r->resource->custom)
		drop_nulls(merged);
	if (settled)
		ks_last_applied_follow(r, config, merged);
	return settled ? merged : NULL;
}

cJSON *ks_managed_apply(struct ks_req *r, const cJSON *live, cJSON *config)
{
	struct managers m = { { NULL, 0, 0 } };
	cJSON *old, *object;

	cJSON_DeleteItemFromObjectCaseSensitive(ks_item(config, "metadata"), "resourceVersion");
	cJSON_DeleteItemFromObjectCaseSensitive(ks_item(config, "metadata"), "creationTimestamp");
	read_managers(r, live, &m);
	old = ks_own(r, live ? without_managers(live) : cJSON_CreateObject());
	object = apply_to(r, old, config, &m);
	if (object) {
		/* An applier keeps its place though it owns nothing now. */
		drop_empty(&m);
		write_managers(object, &m);
	}
	release(&m);
	return object;
}
