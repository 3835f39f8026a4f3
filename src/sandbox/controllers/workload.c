#include "workload.h"

#include <string.h>

const char *sb_template_hash(struct sb_kube *k, const cJSON *template, size_t len)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	char *text = cJSON_PrintUnformatted(template), *word;
	unsigned char digest[32];

	mok_sha256(text, strlen(text), digest);
	cJSON_free(text);
	word = mok_arena_alloc(k->ctx->arena, len + 1);
	for (size_t i = 0; i < len; i++)
		word[i] = letters[digest[i] % (sizeof(letters) - 1)];
	return word;
}

int64_t sb_share(const cJSON *value, const char *fallback, int64_t total, bool up)
{
	const char *text = cJSON_IsString(value) ? value->valuestring : fallback;
	int64_t percent = 0;

	if (cJSON_IsNumber(value))
		return (int64_t)value->valuedouble;
	for (const char *p = text; *p >= '0' && *p <= '9' && percent < 1000; p++)
		percent = percent * 10 + (*p - '0');
	return (percent * total + (up ? 99 : 0)) / 100;
}

const char *sb_annotation(const cJSON *object, const char *name)
{
	const cJSON *notes = mok_json_at(object, "metadata.annotations");
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(notes, name));

	return text ? text : "";
}

int64_t sb_annotation_int(const cJSON *object, const char *name)
{
	int64_t n = 0;

	return mok_parse_i64(sb_annotation(object, name), &n) ? n : 0;
}

/* ---- revisions ---- */

static void make_revision(
	struct sb_kube *k, const cJSON *owner, const char *name, const char *hash, int64_t number)
{
	cJSON *revision = cJSON_CreateObject(),
	      *meta = cJSON_AddObjectToObject(revision, "metadata");
	cJSON *template = cJSON_Duplicate(mok_json_at(owner, "spec.template"), true), *data;
	bool daemon = strcmp(sb_ctl_str(owner, "kind"), "DaemonSet") == 0;

	sb_set_str(meta, "name", name);
	cJSON_AddItemToObject(meta, "labels",
		cJSON_Duplicate(mok_json_at(owner, "spec.template.metadata.labels"), true));
	sb_set_str(mok_json_object(meta, "labels"),
		daemon ? "controller-revision-hash" : "controller.kubernetes.io/hash", hash);
	sb_ctl_own(revision, owner);
	sb_set_str(template, "$patch", "replace");
	data = cJSON_AddObjectToObject(revision, "data");
	cJSON_AddItemToObject(cJSON_AddObjectToObject(data, "spec"), "template", template);
	sb_set_int(revision, "revision", number);
	sb_ctl_write(k, SB_MANAGER, "POST",
		mok_arena_printf(k->ctx->arena, "/apis/apps/v1/namespaces/%s/controllerrevisions",
			sb_ctl_str(owner, "metadata.namespace")),
		revision);
}

static bool is_used(const cJSON *revision, const struct sb_ctl_objects *pods)
{
	const char *name = sb_ctl_str(revision, "metadata.name");

	for (size_t i = 0; i < pods->len; i++) {
		const cJSON *labels = mok_json_at(pods->items[i], "metadata.labels");
		const char *hash = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(labels, "controller-revision-hash"));

		if (hash && mok_ends(name, hash))
			return true;
	}
	return false;
}

/* The oldest that nobody uses, if there are too many. */
static void trim(struct sb_kube *k, const cJSON *owner, const struct sb_ctl_objects *have,
	const char *newest, const struct sb_ctl_objects *pods)
{
	int64_t limit = mok_json_int(owner, "spec.revisionHistoryLimit", 10), unused = 0;
	const cJSON *oldest = NULL;

	for (size_t i = 0; i < have->len; i++) {
		const cJSON *one = have->items[i];

		if (strcmp(sb_ctl_str(one, "metadata.name"), newest) == 0 || is_used(one, pods))
			continue;
		unused++;
		if (!oldest ||
			mok_json_int(one, "revision", 0) < mok_json_int(oldest, "revision", 0))
			oldest = one;
	}
	if (unused > limit)
		sb_ctl_write(k, SB_MANAGER, "DELETE",
			sb_ctl_path(k, oldest, "controllerrevisions", NULL), NULL);
}

const char *sb_revision(
	struct sb_kube *k, const cJSON *owner, const char *hash, const struct sb_ctl_objects *pods)
{
	struct sb_ctl_objects have =
		sb_ctl_children(k, sb_ctl_str(owner, "metadata.uid"), "controllerrevisions.apps");
	const char *name =
		mok_arena_printf(k->ctx->arena, "%s-%s", sb_ctl_str(owner, "metadata.name"), hash);
	const cJSON *found = NULL;
	int64_t last = 0;

	for (size_t i = 0; i < have.len; i++) {
		int64_t number = mok_json_int(have.items[i], "revision", 0);

		last = number > last ? number : last;
		if (strcmp(sb_ctl_str(have.items[i], "metadata.name"), name) == 0)
			found = have.items[i];
	}
	if (!found) {
		make_revision(k, owner, name, hash, last + 1);
	} else if (mok_json_int(found, "revision", 0) < last) {
		cJSON *patch = cJSON_CreateObject();

		sb_set_int(patch, "revision", last + 1);
		sb_ctl_write(k, SB_MANAGER, "PATCH",
			sb_ctl_path(k, found, "controllerrevisions", NULL), patch);
	}
	trim(k, owner, &have, name, pods);
	return name;
}
