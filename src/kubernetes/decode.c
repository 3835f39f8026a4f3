#include "kubernetes.h"

#include <string.h>

#define TEXT_MAX 600 /* leaves room in mok_err.msg */
#define CAUSE_MAX 240

struct decoding {
	struct mok_kubernetes *k;
	const struct mok_ask *ask;
	const struct mok_http_reply *reply;
	struct mok_arena *arena;
	cJSON *json;
	struct mok_answer *out;
};

/* ---- what went wrong:
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */

/* conflict with "kubectl" using apps/v1 on .spec.replicas */
static void read_conflicts(struct decoding *d)
{
	const cJSON *cause;
	struct mok_buf text;
	size_t n = 0;

	mok_buf_init(&text, 300);
	cJSON_ArrayForEach(cause, mok_json_at(d->json, "details.causes"))
	{
		const char *message = mok_json_str(cause, "message");
		const char *field = mok_json_str(cause, "field");
		const char *owner = message ? strchr(message, '"') : NULL;

		if (!mok_streq(mok_json_str(cause, "reason"), "FieldManagerConflict"))
			continue;
		if (n++ < 4)
			mok_buf_printf(&text, "%s%s is %.*s's", n > 1 ? ", " : "",
				field ? field : "a field",
				owner ? (int)(strcspn(owner + 1, "\"") + 2) : 0,
				owner ? owner : "");
	}
	if (n > 0) {
		mok_err_set(&d->out->err, MOK_ERR_API,
			"others own what mok is to change: %s%s (HTTP 409)", text.data,
			n > 4 ? ", ..." : "");
		mok_err_hint(&d->out->err,
			"leave it out of the manifest, or take it over with --force-conflicts, or "
			"for "
			"good with force_conflicts: true");
		d->out->err.http_status = 409;
	}
	mok_buf_release(&text);
}

#define WEBHOOK_PATIENCE_S 120

/* One that was installed a moment ago is not up yet; one that stays down needs someone. */
static bool is_of_webhook(const char *message)
{
	return strstr(message, "failed calling webhook") ||
		strstr(message, "conversion webhook for");
}

/* Its namespace goes, a webhook or its own storage is not up yet, someone was faster: all pass. */
static bool will_pass(const struct decoding *d)
{
	const char *message = mok_json_str(d->json, "message");
	int status = d->reply->status;

	if (status == 429 || status == 503 || status == 504)
		return true;
	if (!message)
		return false;
	return (status == 403 && strstr(message, "is being terminated")) ||
		(status >= 500 && is_of_webhook(message)) ||
		(status == 403 && strstr(message, "not yet ready to handle request")) ||
		(status == 409 && strstr(message, "object is being deleted")) ||
		(status == 409 && strstr(message, "the object has been modified"));
}

/* The words of validation that mean: not in this object's life. */
static bool says_immutable(const char *text)
{
	static const char *const words[] = { "immutable", "updates to", "may not change",
		"cannot change", "cannot be changed", "may not be changed" };

	for (size_t i = 0; i < MOK_COUNT(words); i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

/* "Invalid value: {all of a pod's template}: field is immutable": what comes last says why. */
static const char *gist(const char *message)
{
	const char *last = message;

	for (const char *p = message; strlen(message) > 160 && (p = strstr(p, ": ")) != NULL;
		p += 2)
		last = p + 2;
	return last;
}

static void add_cause(struct mok_buf *text, const char *field, const char *why)
{
	mok_buf_printf(text, "%s%s: %.*s%s", text->len ? "; " : "", field, CAUSE_MAX, why,
		strlen(why) > CAUSE_MAX ? "..." : "");
}

/* Which fields a 422 is about, and which of them cannot change. */
static void read_causes(struct decoding *d)
{
	const cJSON *cause;
	struct mok_buf text;

	mok_buf_init(&text, TEXT_MAX);
	d->out->value = (struct mok_val){ .type = MOK_NULL };
	cJSON_ArrayForEach(cause, mok_json_at(d->json, "details.causes"))
	{
		const char *field = mok_json_str(cause, "field");
		const char *message = mok_json_str(cause, "message");

		if (!field || !message)
			continue;
		add_cause(&text, field, gist(message));
		if (!says_immutable(message))
			continue;
		mok_val_append(
			d->arena, &d->out->value, mok_val_str(mok_arena_strdup(d->arena, field)));
	}
	if (text.len > 0) {
		mok_err_set(&d->out->err, MOK_ERR_API, "%s (HTTP 422)", text.data);
		d->out->err.http_status = 422;
	}
	mok_buf_release(&text);
}

/* What roles do not allow names the user; else a policy minds the object, whoever brings it. */
static void read_policy(struct decoding *d)
{
	const char *message = mok_json_str(d->json, "message");

	if (!message || strstr(message, ": User \""))
		return;
	d->out->err.code = MOK_ERR_API;
	mok_err_hint(&d->out->err,
		"a policy of the cluster says so: a quota, an admission webhook, or the "
		"namespace's Pod Security");
}

static enum mok_verdict verdict_of(struct decoding *d)
{
	const struct mok_http_reply *r = d->reply;
	const char *message;

	if (r->fail == MOK_NET_OK && r->status < 300)
		return MOK_ANS_OK;
	d->out->err = *r->err;
	if (r->fail != MOK_NET_OK)
		return MOK_ANS_AMBIGUOUS;
	d->json = r->len ? mok_json_parse(r->body, r->len) : NULL;
	if (will_pass(d)) {
		message = mok_json_str(d->json, "message");
		if (message && is_of_webhook(message))
			d->out->patience_s = WEBHOOK_PATIENCE_S;
		return MOK_ANS_BUSY;
	}
	if (r->status == 404)
		return MOK_ANS_GONE;
	if (r->status == 403)
		read_policy(d);
	if (r->status == 409)
		read_conflicts(d);
	if (r->status == 422)
		read_causes(d);
	if (r->status >= 500 && k8s_is_final(r->exchange)) {
		d->out->err.http_status = 400; /* what it means */
		d->out->err.code = MOK_ERR_API;
		return MOK_ANS_FAILED;
	}
	return r->status >= 500 ? MOK_ANS_AMBIGUOUS : MOK_ANS_FAILED;
}

/* ---- objects ---- */

/* A list's items do not say what they are: the list does. */
static void complete(struct decoding *d, struct mok_val *item)
{
	const char *kind = mok_json_str(d->json, "kind");
	const char *version = mok_json_str(d->json, "apiVersion");
	struct mok_val out = { .type = MOK_MAP };

	if (mok_val_get(item, "kind") || !kind || !mok_ends(kind, "List") || !version)
		return;
	mok_val_set(d->arena, &out, "apiVersion", mok_val_str(mok_arena_strdup(d->arena, version)));
	mok_val_set(d->arena, &out, "kind",
		mok_val_str(mok_arena_strndup(d->arena, kind, strlen(kind) - strlen("List"))));
	for (size_t i = 0; i < item->u.map.len; i++)
		mok_val_set(d->arena, &out, item->u.map.pairs[i].key, item->u.map.pairs[i].val);
	*item = out;
}

static const char *path_of(struct decoding *d, const struct mok_val *api)
{
	struct k8s_cluster *c = k8s_cluster_of(d->k, d->ask->parent_id);
	const struct k8s_resource *r;
	struct mok_manifest_id id;

	if (d->ask->id)
		return d->ask->id;
	if (!mok_manifest_id(d->arena, api, &id))
		return NULL;
	r = k8s_discovery_find(c->resources, id.group, id.kind, id.version);
	return r ? k8s_path(d->arena, r, id.ns, id.name) : NULL;
}

static void add_object(struct decoding *d, const cJSON *json)
{
	struct mok_val api = mok_val_from_json(d->arena, json);
	struct mok_object *o;
	const char *path;

	if (api.type != MOK_MAP)
		return;
	complete(d, &api);
	path = path_of(d, &api);
	o = path ? k8s_object(d->arena, d->ask, path, &api) : NULL;
	if (o)
		mok_vec_push(d->arena, &d->out->objects, o);
}

static void read_one(struct decoding *d)
{
	add_object(d, d->json);
}

static void next_page(struct decoding *d)
{
	const char *token = mok_json_str(d->json, "metadata.continue");

	d->out->total = -1;
	if (token && *token)
		d->out->next_token = mok_arena_strdup(d->arena, token);
}

static void read_list(struct decoding *d)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(d->json, "items"))
	{
		add_object(d, item);
	}
	next_page(d);
}

static void read_nothing(struct decoding *d)
{
	(void)d;
}

static void read_resources(struct decoding *d)
{
	struct k8s_cluster *c = k8s_cluster_of(d->k, d->ask->parent_id);

	if (!c->resources)
		c->resources = mok_map_new(d->k->arena);
	k8s_discovery_add(d->k->arena, c->resources, d->json);
}

static void read_inventory(struct decoding *d)
{
	const char *lines = mok_json_str(d->json, "data.collections");

	d->out->value = (struct mok_val){ .type = MOK_LIST };
	while (lines && *lines) {
		size_t len = strcspn(lines, "\n");

		if (len > 0)
			mok_val_append(d->arena, &d->out->value,
				mok_val_str(mok_arena_strndup(d->arena, lines, len)));
		lines += len + (lines[len] == '\n');
	}
}

/* ---- releases ---- */

static void read_releases(struct decoding *d)
{
	struct k8s_cluster *c = k8s_cluster_of(d->k, d->ask->parent_id);

	if (!d->ask->token)
		c->releases = (struct k8s_releases){ mok_map_new(d->arena), mok_map_new(d->arena) };
	k8s_read_records(&c->releases, d->arena, d->ask, d->json, d->out);
	next_page(d);
	if (!d->out->next_token)
		k8s_add_unrecorded(&c->releases, d->arena, d->out);
}

static void read_release(struct decoding *d)
{
	struct k8s_releases one = { mok_map_new(d->arena), mok_map_new(d->arena) };

	k8s_read_records(&one, d->arena, d->ask, d->json, d->out);
	if (d->out->objects.len == 0)
		d->out->verdict = MOK_ANS_GONE;
}

static void read_leavings(struct decoding *d)
{
	k8s_leavings_decode(d->ask, d->json, d->arena, d->out);
}

static void (*const readers[])(struct decoding *d) = {
	[MOK_ASK_LIST] = read_list,
	[MOK_ASK_READ] = read_one,
	[MOK_ASK_CREATE] = read_one,
	[MOK_ASK_CALL] = read_one,
	[MOK_ASK_DRY_RUN] = read_one,
	[MOK_ASK_DELETE] = read_nothing,
	[MOK_ASK_PURGE_LIST] = read_leavings,
	[MOK_ASK_PURGE] = read_nothing,
	[MOK_ASK_MARK] = read_one,
	[MOK_ASK_MERGE] = read_one,
	[MOK_ASK_DISCOVER] = read_resources,
	[MOK_ASK_INVENTORY] = read_inventory,
	[MOK_ASK_INVENTORY_SET] = read_nothing,
	[MOK_ASK_TEXT] = read_nothing,
};

static void (*const release_readers[MOK_COUNT(readers)])(struct decoding *d) = {
	[MOK_ASK_LIST] = read_releases,
	[MOK_ASK_READ] = read_release,
	[MOK_ASK_MARK] = read_nothing,
	[MOK_ASK_DISCOVER] = read_resources,
	[MOK_ASK_INVENTORY] = read_inventory,
	[MOK_ASK_INVENTORY_SET] = read_nothing,
};

void k8s_decode(void *self, const struct mok_ask *ask, const struct mok_http_reply *reply,
	struct mok_arena *arena, struct mok_answer *out)
{
	struct decoding d = { .k = self, .ask = ask, .reply = reply, .arena = arena, .out = out };

	if (ask->verb == MOK_ASK_EXPLAIN) {
		k8s_explain_decode(ask, reply, arena, out);
		return;
	}
	out->verdict = verdict_of(&d);
	if (out->verdict == MOK_ANS_GONE && ask->verb == MOK_ASK_PURGE_LIST) {
		out->verdict = MOK_ANS_OK; /* what is not served is not there */
		k8s_leavings_decode(ask, NULL, arena, out);
	} else if (out->verdict == MOK_ANS_OK && ask->verb == MOK_ASK_TEXT) {
		out->value = mok_val_str(mok_arena_strndup(arena, reply->body, reply->len));
	} else if (out->verdict == MOK_ANS_OK) {
		d.json = reply->len ? mok_json_parse(reply->body, reply->len) : NULL;
		if (d.json) {
			(ask->kind->errands ? release_readers : readers)[ask->verb](&d);
		} else if (ask->verb != MOK_ASK_DELETE || reply->len) {
			out->verdict = MOK_ANS_AMBIGUOUS;
			mok_err_set(&out->err, MOK_ERR_NET,
				"the cluster's API answered %d with a body that cannot be read",
				reply->status);
		}
	}
	cJSON_Delete(d.json);
}
