/*
 * The garbage collector: what is owned goes with its owners, at once (background), before the owner
 * (foreground), or stays and forgets them (orphan).
 */
#include "run.h"

#include <string.h>

#define AGENT "kube-controller-manager"

struct dependents {
	MOK_VEC(cJSON *) items;
	MOK_VEC(const char *) resources;
};

static struct dependents dependents_of(struct sb_kube *k, const char *uid)
{
	struct dependents out = { .items = { 0 } };
	sqlite3_stmt *stmt = sb_sql(k->ctx,
		"SELECT o.resource, o.ns, o.name, o.version, o.json FROM kube_owner w"
		" JOIN kube_object o USING(cluster, resource, ns, name)"
		" WHERE w.cluster = ? AND w.owner = ? ORDER BY o.resource, o.ns, o.name",
		"ss", k->cluster, uid);

	while (sb_sql_row(k->ctx, stmt)) {
		struct mok_apiserver_item item = { .version = sqlite3_column_int64(stmt, 3) };
		const char *resource = sb_sql_text(k->ctx, stmt, 0);
		cJSON *object;

		item.text = sb_sql_text(k->ctx, stmt, 4);
		item.len = strlen(item.text);
		object = sb_ctl_parse(k, &item);
		mok_vec_push(k->ctx->arena, &out.items, object);
		mok_vec_push(k->ctx->arena, &out.resources, resource);
	}
	return out;
}

static const char *path_of(struct sb_kube *k, const cJSON *object, const char *resource)
{
	const char *plural = mok_arena_strndup(k->ctx->arena, resource, strcspn(resource, "."));

	return sb_ctl_path(k, object, plural, NULL);
}

static cJSON *without_owner(const cJSON *object, const char *uid)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *owner;

	cJSON_ArrayForEach(owner, mok_json_at(object, "metadata.ownerReferences"))
	{
		if (strcmp(sb_ctl_str(owner, "uid"), uid) != 0)
			cJSON_AddItemToArray(list, cJSON_Duplicate(owner, true));
	}
	return list;
}

static void let_go(struct sb_kube *k, const cJSON *object, const char *resource, cJSON *owners)
{
	cJSON *patch = cJSON_CreateObject();

	mok_json_set(mok_json_object(patch, "metadata"), "ownerReferences", owners);
	sb_ctl_write(k, AGENT, "PATCH", path_of(k, object, resource), patch);
}

static void remove_dependent(
	struct sb_kube *k, const cJSON *object, const char *resource, const char *policy)
{
	cJSON *options = cJSON_CreateObject();

	if (*sb_ctl_str(object, "metadata.deletionTimestamp")) {
		cJSON_Delete(options);
		return;
	}
	sb_set_str(options, "kind", "DeleteOptions");
	sb_set_str(options, "apiVersion", "v1");
	sb_set_str(mok_json_object(options, "preconditions"), "uid",
		sb_ctl_str(object, "metadata.uid"));
	sb_set_str(options, "propagationPolicy", policy);
	sb_ctl_write(k, AGENT, "DELETE", path_of(k, object, resource), options);
}

void sb_gc_gone(struct sb_kube *k, const cJSON *object)
{
	const char *uid = sb_ctl_str(object, "metadata.uid");
	struct dependents d = dependents_of(k, uid);

	for (size_t i = 0; i < d.items.len; i++) {
		cJSON *owners = without_owner(d.items.items[i], uid);

		if (owners->child) {
			let_go(k, d.items.items[i], d.resources.items[i], owners);
			continue;
		}
		cJSON_Delete(owners);
		remove_dependent(k, d.items.items[i], d.resources.items[i], "Background");
	}
}

/* ---- finalizers ---- */

static bool is_held_by(const cJSON *object, const char *finalizer)
{
	return sb_list_has(mok_json_at(object, "metadata.finalizers"), finalizer);
}

static void drop_finalizer(
	struct sb_kube *k, const cJSON *object, const char *resource, const char *finalizer)
{
	cJSON *patch = cJSON_CreateObject(), *list = cJSON_CreateArray();
	const cJSON *one;

	cJSON_ArrayForEach(one, mok_json_at(object, "metadata.finalizers"))
	{
		if (!mok_streq(cJSON_GetStringValue(one), finalizer))
			cJSON_AddItemToArray(list, cJSON_Duplicate(one, true));
	}
	mok_json_set(mok_json_object(patch, "metadata"), "finalizers", list);
	sb_ctl_write(k, AGENT, "PATCH", path_of(k, object, resource), patch);
}

static bool blocks(const cJSON *object, const char *uid)
{
	const cJSON *owner;

	cJSON_ArrayForEach(owner, mok_json_at(object, "metadata.ownerReferences"))
	{
		if (strcmp(sb_ctl_str(owner, "uid"), uid) == 0)
			return mok_json_bool(owner, "blockOwnerDeletion", false);
	}
	return false;
}

static void orphan(struct sb_kube *k, const cJSON *object, const struct dependents *d)
{
	const char *uid = sb_ctl_str(object, "metadata.uid");

	for (size_t i = 0; i < d->items.len; i++)
		let_go(k, d->items.items[i], d->resources.items[i],
			without_owner(d->items.items[i], uid));
	drop_finalizer(k, object, k->at.resource, "orphan");
}

void sb_gc_leaving(struct sb_kube *k, const cJSON *object)
{
	const char *uid = sb_ctl_str(object, "metadata.uid");
	bool orphans = is_held_by(object, "orphan"), wait = false;
	struct dependents d;

	if (!orphans && !is_held_by(object, "foregroundDeletion"))
		return;
	d = dependents_of(k, uid);
	if (orphans) {
		orphan(k, object, &d);
		return;
	}
	for (size_t i = 0; i < d.items.len; i++) {
		wait |= blocks(d.items.items[i], uid);
		remove_dependent(k, d.items.items[i], d.resources.items[i], "Foreground");
	}
	if (!wait)
		drop_finalizer(k, object, k->at.resource, "foregroundDeletion");
}
