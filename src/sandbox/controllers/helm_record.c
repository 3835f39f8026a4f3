/* Release records as Helm keeps them: a Secret for each revision, with base64(gzip(JSON)). */
#include "helm.h"

#include <string.h>

#define AGENT "Helm"

enum { RELEASE_MAX = 16 << 20 };

/* ---- the text ---- */

const char *helm_record_encode(struct sb_ctx *ctx, const cJSON *release)
{
	char *text = cJSON_PrintUnformatted(release);
	struct mok_buf packed;
	const char *inner;

	mok_buf_init(&packed, RELEASE_MAX);
	mok_gzip(text, strlen(text), &packed);
	inner = mok_base64(ctx->arena, packed.data, packed.len);
	mok_buf_release(&packed);
	cJSON_free(text);
	return mok_base64(ctx->arena, inner, strlen(inner));
}

cJSON *helm_record_decode(struct sb_ctx *ctx, const char *text)
{
	size_t len = 0;
	const char *inner = mok_unbase64(ctx->arena, text, NULL);
	const char *data = inner ? mok_unbase64(ctx->arena, inner, &len) : NULL;
	struct mok_buf plain;
	cJSON *release = NULL;

	if (!data)
		return NULL;
	mok_buf_init(&plain, RELEASE_MAX);
	if (mok_gunzip(data, len, &plain))
		release = mok_json_parse(plain.data, plain.len);
	mok_buf_release(&plain);
	return release ? sb_own(ctx, release) : NULL;
}

/* ---- Secrets ---- */

static const char *secret_path(struct sb_kube *k, const char *ns, const char *name)
{
	return mok_arena_printf(
		k->ctx->arena, "/api/v1/namespaces/%s/secrets%s%s", ns, *name ? "/" : "", name);
}

static bool read_record(struct sb_kube *k, const cJSON *secret, struct helm_record *out)
{
	const char *text = mok_json_str(secret, "data.release");

	out->secret = sb_ctl_str(secret, "metadata.name");
	out->labels = mok_json_at(secret, "metadata.labels");
	out->release = text ? helm_record_decode(k->ctx, text) : NULL;
	if (!out->release)
		return false;
	out->revision = mok_json_int(out->release, "version", 0);
	out->status = sb_ctl_str(out->release, "info.status");
	return true;
}

static void add_sorted(struct helm_records *list, const struct helm_record *record)
{
	size_t at = list->len++;

	while (at && list->items[at - 1].revision > record->revision) {
		list->items[at] = list->items[at - 1];
		at--;
	}
	list->items[at] = *record;
}

struct helm_records helm_records_of(struct sb_kube *k, const char *ns, const char *name)
{
	const cJSON *items = sb_ctl_list(k,
		mok_arena_printf(k->ctx->arena,
			"/api/v1/namespaces/%s/secrets?labelSelector=owner%%3Dhelm,name%%3D%s", ns,
			name));
	struct helm_records out = { NULL, 0 };
	const cJSON *secret;

	out.items =
		MOK_NEW_N(k->ctx->arena, struct helm_record, (size_t)cJSON_GetArraySize(items) + 1);
	cJSON_ArrayForEach(secret, items)
	{
		struct helm_record record;

		if (read_record(k, secret, &record))
			add_sorted(&out, &record);
	}
	return out;
}

static cJSON *secret_object(
	struct sb_kube *k, const cJSON *release, const cJSON *labels, const char *when)
{
	struct sb_ctx *ctx = k->ctx;
	cJSON *secret = cJSON_CreateObject(), *meta = cJSON_AddObjectToObject(secret, "metadata");
	const char *name = sb_ctl_str(release, "name");
	long long revision = mok_json_int(release, "version", 0);
	cJSON *own = labels ? cJSON_Duplicate(labels, true) : cJSON_CreateObject();

	sb_set_str(meta, "name",
		mok_arena_printf(ctx->arena, "sh.helm.release.v1.%s.v%lld", name, revision));
	sb_set_str(
		own, when, mok_arena_printf(ctx->arena, "%lld", (long long)(ctx->now_ms / 1000)));
	sb_set_str(own, "name", name);
	sb_set_str(own, "owner", "helm");
	sb_set_str(own, "status", sb_ctl_str(release, "info.status"));
	sb_set_str(own, "version", mok_arena_printf(ctx->arena, "%lld", revision));
	mok_json_set(meta, "labels", own);
	sb_set_str(secret, "type", "helm.sh/release.v1");
	sb_set_str(mok_json_object(secret, "data"), "release", helm_record_encode(ctx, release));
	return secret;
}

bool helm_record_create(struct sb_kube *k, const cJSON *release, const cJSON *labels)
{
	cJSON *secret = secret_object(k, release, labels, "createdAt");

	return sb_ctl_write(k, AGENT, "POST", secret_path(k, sb_ctl_str(release, "namespace"), ""),
		       secret)
		       .status == 201;
}

void helm_record_update(struct sb_kube *k, const struct helm_record *record)
{
	const char *ns = sb_ctl_str(record->release, "namespace");
	cJSON *secret = secret_object(k, record->release, record->labels, "modifiedAt");

	sb_ctl_write(k, AGENT, "PUT", secret_path(k, ns, record->secret), secret);
}

void helm_record_delete(struct sb_kube *k, const char *ns, const struct helm_record *record)
{
	sb_ctl_write(k, AGENT, "DELETE", secret_path(k, ns, record->secret), NULL);
}

void helm_record_say(struct helm_record *record, const char *status, const char *description)
{
	cJSON *info = mok_json_object(record->release, "info");

	sb_set_str(info, "status", status);
	record->status = sb_get_str(info, "status");
	if (description)
		sb_set_str(info, "description", description);
}
