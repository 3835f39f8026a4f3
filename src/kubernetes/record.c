#include "kubernetes.h"

#include "mok/helm.h"

#include <ctype.h>
#include <string.h>

/*
 * Helm's own record of a revision: a Secret of the type helm.sh/release.v1, whose data is the
 * revision as JSON, gzipped and in base64. Anybody who may write Secrets may write one: it is
 * unpacked to a bound, and what cannot be read is a release that is not as it is wanted.
 */

#define RECORD_MAX ((size_t)32 << 20)

/* ---- unpacking ---- */

static bool is_zipped(const char *data, size_t len)
{
	return len > 3 && memcmp(data, "\x1f\x8b\x08", 3) == 0;
}

cJSON *k8s_record_json(const char *data)
{
	struct mok_arena *scratch = mok_arena_new();
	size_t len = 0;
	/* The Secret's base64, and inside Helm's. */
	const char *text =
		data && strlen(data) < RECORD_MAX ? mok_unbase64(scratch, data, NULL) : NULL;
	const char *packed = text ? mok_unbase64(scratch, text, &len) : NULL;
	struct mok_buf plain;
	cJSON *json = NULL;

	mok_buf_init(&plain, RECORD_MAX);
	if (packed && !is_zipped(packed, len))
		json = mok_json_parse(packed, len);
	else if (packed && mok_gunzip(packed, len, &plain))
		json = mok_json_parse(plain.data, plain.len);
	mok_buf_release(&plain);
	mok_arena_free(scratch);
	return json;
}

/* ---- what it tells ---- */

/* Which values the plan holds for sensitive is not recorded. */
static bool sounds_secret(struct mok_arena *arena, const char *key)
{
	char *lower = mok_arena_strdup(arena, key);
	static const char *const words[] = { "password", "passphrase", "passwd", "secret", "token",
		"credential", "apikey", "api_key", "private", "signing_key" };

	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	for (size_t i = 0; i < MOK_COUNT(words); i++)
		if (strstr(lower, words[i]))
			return true;
	return false;
}

static struct mok_val careful(struct mok_arena *arena, const struct mok_val *v, bool secret)
{
	struct mok_val out = *v;

	if (v->type == MOK_MAP) {
		out = (struct mok_val){ .type = MOK_MAP };
		for (size_t i = 0; i < v->u.map.len; i++) {
			const struct mok_pair *pair = &v->u.map.pairs[i];

			mok_val_set(arena, &out, pair->key,
				careful(arena, &pair->val,
					secret || sounds_secret(arena, pair->key)));
		}
	} else if (v->type == MOK_LIST) {
		out = (struct mok_val){ .type = MOK_LIST };
		for (size_t i = 0; i < v->u.list.len; i++)
			mok_val_append(arena, &out, careful(arena, &v->u.list.items[i], secret));
	} else {
		out.sensitive = secret && v->type == MOK_STR;
	}
	return out;
}

static void set(struct mok_arena *arena, struct mok_object *o, const char *name, const char *text)
{
	if (text)
		mok_val_set(arena, &o->attrs, name, mok_val_str(mok_arena_strdup(arena, text)));
}

static void read_revision(
	struct mok_arena *arena, struct mok_object *o, const cJSON *json, bool secrets)
{
	const cJSON *config = cJSON_GetObjectItemCaseSensitive(json, "config");
	struct mok_val values = { .type = MOK_MAP };

	set(arena, o, "chart", mok_json_str(json, "chart.metadata.name"));
	set(arena, o, "version", mok_json_str(json, "chart.metadata.version"));
	set(arena, o, "app_version", mok_json_str(json, "chart.metadata.appVersion"));
	mok_val_set(arena, &o->attrs, "rolled_back_to",
		mok_val_int(mok_json_int(json, "info.rollback_revision", 0)));
	if (cJSON_IsObject(config))
		values = mok_val_from_json(arena, config);
	mok_val_set(arena, &o->attrs, "values", careful(arena, &values, secrets));
}

static const char *label(const cJSON *secret, const char *name)
{
	const cJSON *labels = mok_json_at(secret, "metadata.labels");
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(labels, name);

	return cJSON_IsString(v) ? v->valuestring : NULL;
}

/* The labels that mok gave Helm, as a marker again. */
static const char *marker(struct mok_arena *arena, const cJSON *secret)
{
	const char *stack = label(secret, MOK_HELM_STACK);
	const char *address = label(secret, MOK_HELM_ADDRESS);
	const char *generation = label(secret, MOK_HELM_GENERATION);

	if (!stack || !address || !generation)
		return NULL;
	return mok_arena_printf(arena, "mok:%s:%s:g%s", stack, address, generation);
}

static int64_t revision_of(const cJSON *secret)
{
	const char *text = label(secret, "version");
	int64_t n;

	return text && mok_parse_i64(text, &n) && n > 0 ? n : 0;
}

static void read_record(struct mok_arena *arena, struct mok_object *o, const cJSON *secret)
{
	cJSON *json = k8s_record_json(mok_json_str(secret, "data.release"));
	const char *status = label(secret, "status");
	const char *ns = mok_json_str(secret, "metadata.namespace");

	o->attrs = (struct mok_val){ .type = MOK_MAP };
	o->marker = marker(arena, secret);
	set(arena, o, "namespace", ns);
	set(arena, o, "name", o->name);
	mok_val_set(arena, &o->attrs, "revision", mok_val_int(revision_of(secret)));
	mok_val_set(arena, &o->attrs, "record",
		mok_val_str(mok_arena_printf(arena, "/api/v1/namespaces/%s/secrets/%s", ns,
			mok_json_str(secret, "metadata.name"))));
	set(arena, o, "source", label(secret, MOK_HELM_SOURCE));
	set(arena, o, "began", label(secret, MOK_HELM_BEGAN));
	if (json)
		read_revision(arena, o, json, mok_streq(label(secret, MOK_HELM_SECRETS), "true"));
	else
		status = "unreadable";
	set(arena, o, "status", status ? status : "unknown");
	o->status = mok_val_get_str(&o->attrs, "status");
	o->ready = mok_streq(status, "deployed") && !mok_helm_lacks_hooks(&o->attrs);
	if (mok_helm_lacks_hooks(&o->attrs))
		o->status = "taken over, without its hooks so far";
	cJSON_Delete(json);
}

/* ---- lists of records ---- */

static bool is_record(const cJSON *secret)
{
	const char *name = label(secret, "name"), *own = mok_json_str(secret, "metadata.name");

	return mok_streq(mok_json_str(secret, "type"), "helm.sh/release.v1") && name && own &&
		mok_json_str(secret, "metadata.namespace") && !strchr(name, '/') &&
		revision_of(secret) > 0 && (!mok_streq(label(secret, "status"), "uninstalled"));
}

static struct mok_object *new_release(
	struct mok_arena *arena, const struct mok_ask *ask, const char *id, const cJSON *secret)
{
	const char *created = mok_json_str(secret, "metadata.creationTimestamp");
	struct mok_object *o = MOK_NEW(arena, struct mok_object);

	*o = (struct mok_object){ .kind = ask->kind, .id = id, .parent_id = ask->parent_id };
	o->name = strchr(id, '/') + 1;
	if (created && mok_parse_time(created, &o->created_ms) != 0)
		o->created_ms = 0;
	return o;
}

/* The last revision that stands is what there is to go back to. */
static void note_deployed(struct mok_arena *arena, struct mok_object *o, int64_t revision)
{
	const struct mok_val *known = mok_val_get(&o->attrs, "deployed_revision");

	if (!known || known->u.i < revision)
		mok_val_set(arena, &o->attrs, "deployed_revision", mok_val_int(revision));
}

static bool add_record(struct k8s_releases *list, struct mok_arena *arena,
	const struct mok_ask *ask, const cJSON *secret, struct mok_object **added)
{
	const char *id = mok_arena_printf(
		arena, "%s/%s", mok_json_str(secret, "metadata.namespace"), label(secret, "name"));
	struct mok_object *o = mok_map_get(list->by_id, id);
	const struct mok_val *have = o ? mok_val_get(&o->attrs, "revision") : NULL;
	const struct mok_val *stands = o ? mok_val_get(&o->attrs, "deployed_revision") : NULL;
	int64_t deployed = stands ? stands->u.i : 0;

	*added = o ? NULL : new_release(arena, ask, id, secret);
	if (*added) {
		o = *added;
		mok_map_put(list->by_id, id, o);
	}
	if (!have || have->u.i < revision_of(secret))
		read_record(arena, o, secret);
	if (mok_streq(label(secret, "status"), "deployed"))
		deployed = revision_of(secret) > deployed ? revision_of(secret) : deployed;
	if (deployed > 0)
		note_deployed(arena, o, deployed);
	return *added != NULL;
}

/* A run was killed before it could clean up, or is still going on. */
static void note_left_over(struct k8s_releases *list, struct mok_arena *arena)
{
	for (size_t i = 0; i < mok_map_len(list->by_id); i++) {
		struct mok_object *o = mok_map_value(list->by_id, i);
		const char *ns = mok_val_get_str(&o->attrs, "namespace");

		if (!mok_map_get(list->left, mok_helm_release_hash(arena, ns, o->name)) ||
			!o->ready)
			continue;
		o->ready = false;
		o->status = "still being cleaned up after";
	}
}

/* What a killed run left tells enough for the next one to find it, and to go on or take it back. */
static void add_left(struct k8s_releases *list, struct mok_arena *arena, const struct mok_ask *ask,
	const cJSON *secret)
{
	const char *ns = label(secret, MOK_HELM_NAMESPACE), *name = label(secret, MOK_HELM_NAME);
	struct mok_object *o = new_release(arena, ask,
		mok_arena_printf(arena, "%s/%s", ns ? ns : "", name ? name : ""), secret);

	o->marker = ns && name ? marker(arena, secret) : NULL;
	o->attrs = (struct mok_val){ .type = MOK_MAP };
	o->status = "begun";
	set(arena, o, "namespace", ns);
	set(arena, o, "name", name);
	set(arena, o, "status", o->status);
	mok_map_put(list->left, mok_arena_strdup(arena, label(secret, MOK_HELM_RELEASE)), o);
}

void k8s_add_unrecorded(
	const struct k8s_releases *list, struct mok_arena *arena, struct mok_answer *out)
{
	for (size_t i = 0; i < mok_map_len(list->left); i++) {
		struct mok_object *o = mok_map_value(list->left, i);

		if (o->marker && !mok_map_get(list->by_id, o->id))
			mok_vec_push(arena, &out->objects, o);
	}
}

void k8s_read_records(struct k8s_releases *list, struct mok_arena *arena, const struct mok_ask *ask,
	const cJSON *json, struct mok_answer *out)
{
	const cJSON *item;
	struct mok_object *added;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "items"))
	{
		if (is_record(item)) {
			if (add_record(list, arena, ask, item, &added))
				mok_vec_push(arena, &out->objects, added);
		} else if (label(item, MOK_HELM_RELEASE) &&
			mok_streq(label(item, MOK_HELM_OWNER), "mok")) {
			add_left(list, arena, ask, item);
		}
	}
	note_left_over(list, arena);
}
