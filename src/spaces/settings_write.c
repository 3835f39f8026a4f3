#include "spaces.h"

#include <string.h>

#define BODY_MAX ((size_t)1 << 20)
#define NAMESPACE " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

static void put(struct mok_buf *out, const char *tag, const char *text)
{
	if (!text)
		return;
	mok_buf_printf(out, "<%s>", tag);
	mok_buf_add_xml(out, text);
	mok_buf_printf(out, "</%s>", tag);
}

static void put_int(struct mok_buf *out, const char *tag, const struct mok_val *v)
{
	if (v && v->type == MOK_INT)
		mok_buf_printf(out, "<%s>%lld</%s>", tag, (long long)v->u.i, tag);
}

static void put_each(struct mok_buf *out, const char *tag, const struct mok_val *list)
{
	for (size_t i = 0; list && list->type == MOK_LIST && i < list->u.list.len; i++)
		if (list->u.list.items[i].type == MOK_STR)
			put(out, tag, list->u.list.items[i].u.s);
}

static bool is_true(const struct mok_val *v)
{
	return v && v->type == MOK_BOOL && v->u.b;
}

/* ---- each setting's body; false: it is empty, and taken away ---- */

static bool write_cors(const struct mok_val *v, struct mok_buf *out)
{
	if (v->type != MOK_LIST || v->u.list.len == 0)
		return false;
	mok_buf_puts(out, "<CORSConfiguration" NAMESPACE ">");
	for (size_t i = 0; i < v->u.list.len; i++) {
		const struct mok_val *rule = &v->u.list.items[i];

		mok_buf_puts(out, "<CORSRule>");
		put(out, "ID", mok_val_get_str(rule, "id"));
		put_each(out, "AllowedMethod", mok_val_get(rule, "allowed_methods"));
		put_each(out, "AllowedOrigin", mok_val_get(rule, "allowed_origins"));
		put_each(out, "AllowedHeader", mok_val_get(rule, "allowed_headers"));
		put_each(out, "ExposeHeader", mok_val_get(rule, "expose_headers"));
		put_int(out, "MaxAgeSeconds", mok_val_get(rule, "max_age_seconds"));
		mok_buf_puts(out, "</CORSRule>");
	}
	mok_buf_puts(out, "</CORSConfiguration>");
	return true;
}

static void write_expiration(const struct mok_val *v, struct mok_buf *out)
{
	const char *date = v ? mok_val_get_str(v, "date") : NULL;

	if (!v)
		return;
	mok_buf_puts(out, "<Expiration>");
	put_int(out, "Days", mok_val_get(v, "days"));
	if (date)
		mok_buf_printf(out, "<Date>%.10sT00:00:00Z</Date>", date);
	if (is_true(mok_val_get(v, "expired_object_delete_marker")))
		put(out, "ExpiredObjectDeleteMarker", "true");
	mok_buf_puts(out, "</Expiration>");
}

static void write_days(
	struct mok_buf *out, const char *outer, const char *inner, const struct mok_val *v)
{
	if (!v || v->type != MOK_INT)
		return;
	mok_buf_printf(out, "<%s>", outer);
	put_int(out, inner, v);
	mok_buf_printf(out, "</%s>", outer);
}

static bool write_lifecycle(const struct mok_val *v, struct mok_buf *out)
{
	if (v->type != MOK_LIST || v->u.list.len == 0)
		return false;
	mok_buf_puts(out, "<LifecycleConfiguration" NAMESPACE ">");
	for (size_t i = 0; i < v->u.list.len; i++) {
		const struct mok_val *rule = &v->u.list.items[i];
		const char *prefix = mok_val_get_str(rule, "prefix");

		mok_buf_puts(out, "<Rule>");
		put(out, "ID", mok_val_get_str(rule, "id"));
		put(out, "Prefix", prefix ? prefix : "");
		put(out, "Status", is_true(mok_val_get(rule, "enabled")) ? "Enabled" : "Disabled");
		write_expiration(mok_val_get(rule, "expiration"), out);
		write_days(out, "NoncurrentVersionExpiration", "NoncurrentDays",
			mok_val_get(rule, "noncurrent_version_expiration_days"));
		write_days(out, "AbortIncompleteMultipartUpload", "DaysAfterInitiation",
			mok_val_get(rule, "abort_incomplete_multipart_upload_days"));
		mok_buf_puts(out, "</Rule>");
	}
	mok_buf_puts(out, "</LifecycleConfiguration>");
	return true;
}

static bool write_versioning(const struct mok_val *v, struct mok_buf *out)
{
	mok_buf_puts(out, "<VersioningConfiguration" NAMESPACE ">");
	put(out, "Status", is_true(v) ? "Enabled" : "Suspended");
	mok_buf_puts(out, "</VersioningConfiguration>");
	return true;
}

static bool write_policy(const struct mok_val *v, struct mok_buf *out)
{
	if (v->type != MOK_STR || !v->u.s[0])
		return false;
	mok_buf_puts(out, v->u.s);
	return true;
}

static bool write_logging(const struct mok_val *v, struct mok_buf *out)
{
	const char *target = mok_val_get_str(v, "target_bucket");
	const char *prefix = mok_val_get_str(v, "target_prefix");

	mok_buf_puts(out, "<BucketLoggingStatus" NAMESPACE ">");
	if (target && *target) {
		mok_buf_puts(out, "<LoggingEnabled>");
		put(out, "TargetBucket", target);
		put(out, "TargetPrefix", prefix ? prefix : "");
		mok_buf_puts(out, "</LoggingEnabled>");
	}
	mok_buf_puts(out, "</BucketLoggingStatus>");
	return true;
}

static const struct {
	const char *setting, *field, *type;
	bool (*write)(const struct mok_val *v, struct mok_buf *out);
} writers[] = {
	{ "cors", "cors_rules", "application/xml", write_cors },
	{ "lifecycle", "lifecycle_rules", "application/xml", write_lifecycle },
	{ "versioning", "versioning", "application/xml", write_versioning },
	{ "policy", "policy", "application/json", write_policy },
	{ "logging", "logging", "application/xml", write_logging },
};

/* S3 wants the digest of what replaces settings or deletes in numbers. */
void spaces_set_body(struct mok_arena *arena, struct mok_wire_request *out, const char *type,
	struct mok_buf *body)
{
	unsigned char md5[16];

	mok_md5(body->data, body->len, md5);
	out->body = mok_arena_strndup(arena, body->data, body->len);
	out->body_len = body->len;
	out->content_type = type;
	out->headers[out->nheaders++] =
		(struct mok_header){ "content-md5", mok_base64(arena, md5, sizeof(md5)) };
}

int settings_write(const struct mok_ask *ask, struct mok_arena *arena, struct mok_wire_request *out,
	struct mok_err *err)
{
	const char *setting = ask->call->name;
	struct mok_buf body;

	out->query = setting;
	out->method = "PUT";
	if (strcmp(setting, "acl") == 0) {
		const char *acl = mok_val_get_str(ask->want, "acl");

		out->headers[out->nheaders++] =
			(struct mok_header){ "x-amz-acl", acl ? acl : "private" };
		return 0;
	}
	for (size_t i = 0; i < MOK_COUNT(writers); i++) {
		const struct mok_val *v = mok_val_get(ask->want, writers[i].field);
		bool any;

		if (strcmp(writers[i].setting, setting) != 0 || !v)
			continue;
		mok_buf_init(&body, BODY_MAX);
		any = writers[i].write(v, &body);
		if (any)
			spaces_set_body(arena, out, writers[i].type, &body);
		else
			out->method = "DELETE";
		mok_buf_release(&body);
		return 0;
	}
	return mok_err_set(err, MOK_ERR_INPUT, "no value for the bucket's %s", setting);
}
