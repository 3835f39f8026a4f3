#include "spaces.h"

#include <string.h>

#define PURGE_MAX 1000

static const char *bucket_of(const struct mok_ask *ask)
{
	return ask->id ? ask->id : ask->name;
}

static int set_bucket(const struct mok_ask *ask, struct mok_arena *arena,
	struct mok_wire_request *out, struct mok_err *err)
{
	const char *bucket = bucket_of(ask);
	struct mok_buf path;

	if (!bucket || !*bucket || strchr(bucket, '/') || bucket[0] == '.')
		return mok_err_set(err, MOK_ERR_INPUT, "this is not a bucket's name");
	mok_buf_init(&path, 1024);
	mok_buf_putc(&path, '/');
	mok_buf_add_url(&path, bucket, false);
	out->path = mok_arena_strdup(arena, path.data);
	mok_buf_release(&path);
	return 0;
}

/* ---- emptying a bucket ---- */

/* Page 1: versions and delete markers. Page 2: unfinished uploads. */
static void list_contents(
	const struct mok_ask *ask, struct mok_arena *arena, struct mok_wire_request *out)
{
	out->query = ask->page > 1
		? mok_arena_printf(arena, "encoding-type=url&max-uploads=%d&uploads=", PURGE_MAX)
		: mok_arena_printf(arena, "encoding-type=url&max-keys=%d&versions=", PURGE_MAX);
}

static int abort_upload(const struct mok_val *upload, struct mok_arena *arena,
	struct mok_wire_request *out, struct mok_err *err)
{
	const char *key = mok_val_get_str(upload, "key"),
		   *id = mok_val_get_str(upload, "upload_id");
	struct mok_buf path, query;

	if (!key || !id)
		return mok_err_set(err, MOK_ERR_INPUT, "an upload without key or id");
	mok_buf_init(&path, 8192);
	mok_buf_puts(&path, out->path);
	mok_buf_putc(&path, '/');
	mok_buf_add_url(&path, key, true);
	mok_buf_init(&query, 8192);
	mok_buf_puts(&query, "uploadId=");
	mok_buf_add_url(&query, id, false);
	out->method = "DELETE";
	out->path = mok_arena_strdup(arena, path.data);
	out->query = mok_arena_strdup(arena, query.data);
	mok_buf_release(&path);
	mok_buf_release(&query);
	return 0;
}

static void delete_versions(
	const struct mok_val *batch, struct mok_arena *arena, struct mok_wire_request *out)
{
	struct mok_buf body;

	mok_buf_init(&body, (size_t)4 << 20);
	mok_buf_puts(&body, "<Delete><Quiet>true</Quiet>");
	for (size_t i = 0; i < batch->u.list.len; i++) {
		const struct mok_val *item = &batch->u.list.items[i];
		const char *key = mok_val_get_str(item, "key");
		const char *version = mok_val_get_str(item, "version_id");

		mok_buf_puts(&body, "<Object><Key>");
		mok_buf_add_xml(&body, key ? key : "");
		mok_buf_puts(&body, "</Key>");
		if (version) {
			mok_buf_puts(&body, "<VersionId>");
			mok_buf_add_xml(&body, version);
			mok_buf_puts(&body, "</VersionId>");
		}
		mok_buf_puts(&body, "</Object>");
	}
	mok_buf_puts(&body, "</Delete>");
	out->method = "POST";
	out->query = "delete=";
	spaces_set_body(arena, out, "application/xml", &body);
	mok_buf_release(&body);
}

static int purge(const struct mok_ask *ask, struct mok_arena *arena, struct mok_wire_request *out,
	struct mok_err *err)
{
	if (ask->extra && ask->extra->type == MOK_MAP)
		return abort_upload(ask->extra, arena, out, err);
	if (!ask->extra || ask->extra->type != MOK_LIST)
		return mok_err_set(err, MOK_ERR_INPUT, "nothing to delete from the bucket");
	delete_versions(ask->extra, arena, out);
	return 0;
}

/* ---- the requests ---- */

static int encode_verb(const struct mok_ask *ask, struct mok_arena *arena,
	struct mok_wire_request *out, struct mok_err *err)
{
	switch (ask->verb) {
	case MOK_ASK_READ: out->method = "HEAD"; return 0;
	case MOK_ASK_CREATE:
		out->method = "PUT";
		out->retry = MOK_RETRY_NEVER;
		return 0;
	case MOK_ASK_DELETE: out->method = "DELETE"; return 0;
	case MOK_ASK_CALL: return settings_write(ask, arena, out, err);
	case MOK_ASK_PARTS: out->query = ask->name; return 0;
	case MOK_ASK_PURGE_LIST: list_contents(ask, arena, out); return 0;
	case MOK_ASK_PURGE: return purge(ask, arena, out, err);
	case MOK_ASK_LIST:
	case MOK_ASK_FETCH:
	case MOK_ASK_TAG_LIST:
	case MOK_ASK_TAG_MAKE:
	case MOK_ASK_TAG_DROP:
	case MOK_ASK_TAG_READ:
	case MOK_ASK_ACCOUNT:
	case MOK_ASK_CATALOGUE:
	case MOK_ASK_ASSIGN:
	case MOK_ASK_MARK:
	case MOK_ASK_ASSOCIATED:
	case MOK_ASK_DELETE_ASSOCIATED:
	case MOK_ASK_MEMBERS:
	case MOK_ASK_DRY_RUN:
	case MOK_ASK_INVENTORY:
	case MOK_ASK_EXPLAIN:
	case MOK_ASK_INVENTORY_SET:
	case MOK_ASK_TEXT:
	case MOK_ASK_DISCOVER:
	case MOK_ASK_MERGE:
	case MOK_ASK_TARGETS:
	case MOK_ASK_BACKUPS: break;
	}
	return mok_err_set(err, MOK_ERR_INPUT, "Spaces has no such request");
}

int spaces_encode(void *self, const struct mok_ask *ask, struct mok_arena *arena,
	struct mok_wire_request *out, struct mok_err *err)
{
	(void)self;
	out->method = "GET";
	out->auth = MOK_AUTH_SIGV4;
	out->region = ask->region;
	if (!ask->region)
		return mok_err_set(err, MOK_ERR_INPUT, "a request to Spaces needs a region");
	if (ask->verb == MOK_ASK_LIST) {
		out->path = "/";
		return 0;
	}
	if (set_bucket(ask, arena, out, err) != 0)
		return -1;
	return encode_verb(ask, arena, out, err);
}
