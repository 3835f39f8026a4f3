/* What a cluster's controllers made for it, and the registries it may pull from. */
#include "kubernetes.h"

#include "droplet.h"

#include <string.h>

/* Snapshots know their volume's tags; they belong to the cluster that the volume belongs to. */
struct family {
	const char *key, *kind, *tag_type;
	void (*drop)(struct sb_ctx *ctx, struct sb_doc *doc);
};

static void drop_snapshot(struct sb_ctx *ctx, struct sb_doc *snapshot)
{
	sb_tags_set(ctx, "volume_snapshot", snapshot->id, NULL);
	sb_doc_delete(ctx, snapshot);
	sb_note_delete(ctx, "volume_snapshot", snapshot->id);
}

static const struct family families[] = {
	{ "load_balancers", LB_KIND, "load_balancer", sb_balancer_delete },
	{ "volume_snapshots", SNAPSHOT_KIND, "volume_snapshot", drop_snapshot },
	{ "volumes", VOLUME_KIND, "volume", sb_volume_delete },
};

/* Those that carry the cluster's tag. */
static struct sb_docs of_cluster(
	struct sb_ctx *ctx, const struct family *family, const struct sb_doc *cluster)
{
	const struct sb_which which = { .kind = family->kind };
	struct sb_docs all = sb_doc_list(ctx, &which, 0, 0);
	struct sb_docs own = { MOK_NEW_N(ctx->arena, struct sb_doc *, all.len + 1), 0 };
	char tag[64];

	k8s_cluster_tag(cluster->id, tag);
	for (size_t i = 0; i < all.len; i++)
		if (sb_tagged(ctx, tag, family->tag_type, all.items[i]->id))
			own.items[own.len++] = all.items[i];
	return own;
}

void k8s_associated(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	cJSON *view;

	if (!cluster)
		return;
	view = cJSON_CreateObject();
	for (size_t i = 0; i < MOK_COUNT(families); i++) {
		struct sb_docs own = of_cluster(ctx, &families[i], cluster);
		cJSON *list = cJSON_AddArrayToObject(view, families[i].key);

		for (size_t k = 0; k < own.len; k++) {
			cJSON *one = cJSON_CreateObject();

			sb_set_str(one, "id", own.items[k]->id);
			sb_set_str(one, "name", sb_get_str(own.items[k]->json, "name"));
			cJSON_AddItemToArray(list, one);
		}
	}
	sb_reply(ctx, 200, view);
}

void k8s_delete_dangerous(struct sb_ctx *ctx)
{
	struct sb_doc *cluster = k8s_find(ctx, false);

	if (!cluster)
		return;
	for (size_t i = 0; i < MOK_COUNT(families); i++) {
		struct sb_docs own = of_cluster(ctx, &families[i], cluster);

		for (size_t k = 0; k < own.len; k++)
			families[i].drop(ctx, own.items[k]);
	}
	k8s_delete(ctx, cluster);
	sb_reply_empty(ctx, 204);
}

/* An id that is not the cluster's spoils the whole request. */
static bool drop_listed(
	struct sb_ctx *ctx, const struct family *family, const struct sb_doc *cluster)
{
	const cJSON *ids = sb_get(ctx->body, family->key);
	struct sb_docs own;
	const cJSON *id;

	if (!ids)
		return true;
	if (!sb_is_string_list(ids)) {
		sb_fail(ctx, 422, "%s must be a list of ids", family->key);
		return false;
	}
	own = of_cluster(ctx, family, cluster);
	cJSON_ArrayForEach(id, ids)
	{
		struct sb_doc *found = NULL;

		for (size_t i = 0; i < own.len; i++)
			if (strcmp(own.items[i]->id, id->valuestring) == 0)
				found = own.items[i];
		if (!found) {
			sb_fail(ctx, 422, "%s is not associated with the cluster", id->valuestring);
			return false;
		}
		family->drop(ctx, found);
	}
	return true;
}

void k8s_delete_selective(struct sb_ctx *ctx)
{
	struct sb_doc *cluster = k8s_find(ctx, false);

	if (!cluster)
		return;
	for (size_t i = 0; i < MOK_COUNT(families); i++)
		if (!drop_listed(ctx, &families[i], cluster))
			return;
	k8s_delete(ctx, cluster);
	sb_reply_empty(ctx, 204);
}

/* ---- registries ---- */

/* The names in the request; without any (as the older path has it) the account's own. */
static cJSON *registry_names(struct sb_ctx *ctx)
{
	const cJSON *wanted = sb_get(ctx->body, "registries");
	const struct sb_which which = { .kind = "registry" };
	cJSON *names = sb_own(ctx, cJSON_CreateArray());
	struct sb_docs all = sb_doc_list(ctx, &which, 0, 0);
	const cJSON *name;

	if (wanted && !sb_is_string_list(wanted)) {
		sb_fail(ctx, 422, "registries must be a list of names");
		return NULL;
	}
	cJSON_ArrayForEach(name, wanted)
	{
		bool known = false;

		for (size_t i = 0; i < all.len; i++)
			known = known || strcmp(all.items[i]->name, name->valuestring) == 0;
		if (!known) {
			sb_fail(ctx, 404, "registry %s does not exist", name->valuestring);
			return NULL;
		}
		cJSON_AddItemToArray(names, cJSON_CreateString(name->valuestring));
	}
	for (size_t i = 0; !wanted && i < all.len; i++)
		cJSON_AddItemToArray(names, cJSON_CreateString(all.items[i]->name));
	if (names->child)
		return names;
	sb_fail(ctx, 404, "registry does not exist");
	return NULL;
}

static void change_registries(struct sb_ctx *ctx, bool add)
{
	const cJSON *clusters = sb_get(ctx->body, "cluster_uuids");
	const cJSON *names = registry_names(ctx);
	const cJSON *id, *name;

	if (!names)
		return;
	if (!sb_is_string_list(clusters)) {
		sb_fail(ctx, 422, "cluster_uuids must be a list of ids");
		return;
	}
	cJSON_ArrayForEach(id, clusters)
	{
		struct sb_doc *cluster = sb_doc_get(ctx, K8S_KIND, id->valuestring);
		cJSON *list = cJSON_CreateArray();

		if (!cluster || strcmp(cluster->parent, K8S_GONE) == 0) {
			cJSON_Delete(list);
			sb_not_found(ctx);
			return;
		}
		cJSON_ArrayForEach(name, sb_get(cluster->json, "registries"))
		{
			if (!sb_list_has(names, name->valuestring))
				cJSON_AddItemToArray(list, cJSON_CreateString(name->valuestring));
		}
		for (name = add ? names->child : NULL; name; name = name->next)
			cJSON_AddItemToArray(list, cJSON_CreateString(name->valuestring));
		sb_set_bool(cluster->json, "registry_enabled", list->child != NULL);
		mok_json_set(cluster->json, "registries", list);
		sb_doc_put(ctx, cluster);
	}
	sb_reply_empty(ctx, 204);
}

void k8s_add_registries(struct sb_ctx *ctx)
{
	change_registries(ctx, true);
}

void k8s_drop_registries(struct sb_ctx *ctx)
{
	change_registries(ctx, false);
}

/* ---- hooks: what the cloud controller manager and the CSI driver of a real cluster would do ----
 */

void k8s_leak_load_balancer(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	const char *name = sb_get_word(ctx->body, "name");
	struct sb_balancer_spec spec;
	cJSON *view;

	if (!cluster)
		return;
	spec = (struct sb_balancer_spec){
		.name = name ? name
			     : mok_arena_printf(ctx->arena, "a%s",
				       sb_random_word(ctx, 31, "0123456789abcdef")),
		.region = sb_get_str(cluster->json, "region"),
		.vpc_uuid = sb_get_str(cluster->json, "vpc_uuid"),
		.cluster_id = cluster->id,
	};
	view = cJSON_CreateObject();
	sb_set_str(view, "id", sb_balancer_make(ctx, &spec, ctx->body));
	sb_set_str(view, "name", spec.name);
	sb_reply_root(ctx, 201, "load_balancer", view);
}

void k8s_leak_volume(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	cJSON *body, *tags, *view;
	char tag[64];

	if (!cluster)
		return;
	k8s_cluster_tag(cluster->id, tag);
	body = sb_own(ctx, cJSON_Duplicate(ctx->body, true));
	tags = cJSON_CreateArray();
	cJSON_AddItemToArray(tags, cJSON_CreateString(tag));
	mok_json_set(body, "tags", tags);
	if (!sb_get_word(body, "name"))
		sb_set_str(body, "name", mok_arena_printf(ctx->arena, "pvc-%s", sb_uuid(ctx)));
	if (!sb_get(body, "size_gigabytes"))
		sb_set_int(body, "size_gigabytes", 10);
	view = cJSON_CreateObject();
	sb_set_str(view, "id", sb_volume_make(ctx, sb_get_str(cluster->json, "region"), body));
	sb_set_str(view, "name", sb_get_str(body, "name"));
	sb_reply_root(ctx, 201, "volume", view);
}

void k8s_leak_snapshot(struct sb_ctx *ctx)
{
	const struct sb_doc *cluster = k8s_find(ctx, false);
	const struct sb_doc *volume = cluster ? sb_doc_get(ctx, VOLUME_KIND, ctx->params[1]) : NULL;
	cJSON *body, *tags, *view;
	char tag[64];

	if (!cluster)
		return;
	if (!volume) {
		sb_not_found(ctx);
		return;
	}
	k8s_cluster_tag(cluster->id, tag);
	body = sb_own(ctx, cJSON_CreateObject());
	tags = cJSON_AddArrayToObject(body, "tags");
	cJSON_AddItemToArray(tags, cJSON_CreateString(tag));
	sb_set_str(body, "name", mok_arena_printf(ctx->arena, "snapshot-%s", sb_uuid(ctx)));
	view = cJSON_CreateObject();
	sb_set_str(view, "id", sb_volume_snapshot(ctx, volume, body));
	sb_set_str(view, "name", sb_get_str(body, "name"));
	sb_reply_root(ctx, 201, "volume_snapshot", view);
}

/* A state that lasts until it is set again; "" is the true one. For failures, and for states that
 * nobody has heard of yet. */
void k8s_force_state(struct sb_ctx *ctx)
{
	struct sb_doc *cluster = k8s_find(ctx, false);

	if (!cluster)
		return;
	sb_set_str(cluster->json, "forced_state", sb_get_word(ctx->body, "state"));
	sb_doc_put(ctx, cluster);
	sb_reply_empty(ctx, 204);
}
