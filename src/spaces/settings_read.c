#include "spaces.h"

#include <string.h>

struct reading {
	struct mok_arena *arena;
	struct mok_val *out;
};

static void set(struct reading *r, struct mok_val *map, const char *key, struct mok_val v)
{
	mok_val_set(r->arena, map, key, v);
}

static void set_text(struct reading *r, struct mok_val *map, const char *key, const char *text)
{
	if (text)
		set(r, map, key, mok_val_str(text));
}

static void set_int(struct reading *r, struct mok_val *map, const char *key, const char *text)
{
	int64_t n;

	if (text && mok_parse_i64(text, &n))
		set(r, map, key, mok_val_int(n));
}

static void set_list(struct reading *r, struct mok_val *map, const char *key,
	const struct xml *node, const char *tag)
{
	struct mok_val list = { .type = MOK_LIST };

	for (node = xml_child(node, tag); node; node = xml_again(node))
		mok_val_append(r->arena, &list, mok_val_str(node->text));
	set(r, map, key, list);
}

static bool is_everyone(const struct xml *grant)
{
	const char *uri = xml_text(xml_child(grant, "Grantee"), "URI");

	return uri && mok_ends(uri, "/global/AllUsers") &&
		mok_streq(xml_text(grant, "Permission"), "READ");
}

static void read_acl(struct reading *r, const struct xml *xml, const struct mok_http_reply *reply)
{
	const struct xml *grant = xml_child(xml_child(xml, "AccessControlList"), "Grant");
	const char *acl = "private";

	(void)reply;
	for (; grant; grant = xml_again(grant))
		if (is_everyone(grant))
			acl = "public-read";
	set_text(r, r->out, "acl", acl);
}

static void read_cors(struct reading *r, const struct xml *xml, const struct mok_http_reply *reply)
{
	struct mok_val rules = { .type = MOK_LIST };

	(void)reply;
	for (const struct xml *rule = xml_child(xml, "CORSRule"); rule; rule = xml_again(rule)) {
		struct mok_val map = { .type = MOK_MAP };

		set_text(r, &map, "id", xml_text(rule, "ID"));
		set_list(r, &map, "allowed_methods", rule, "AllowedMethod");
		set_list(r, &map, "allowed_origins", rule, "AllowedOrigin");
		set_list(r, &map, "allowed_headers", rule, "AllowedHeader");
		set_list(r, &map, "expose_headers", rule, "ExposeHeader");
		set_int(r, &map, "max_age_seconds", xml_text(rule, "MaxAgeSeconds"));
		mok_val_append(r->arena, &rules, map);
	}
	set(r, r->out, "cors_rules", rules);
}

static void read_expiration(struct reading *r, struct mok_val *rule, const struct xml *node)
{
	const char *date = xml_text(node, "Date"), *marker;
	struct mok_val map = { .type = MOK_MAP };

	if (!node)
		return;
	marker = xml_text(node, "ExpiredObjectDeleteMarker");
	set_int(r, &map, "days", xml_text(node, "Days"));
	if (date)
		set_text(r, &map, "date", mok_arena_strndup(r->arena, date, strnlen(date, 10)));
	if (marker)
		set(r, &map, "expired_object_delete_marker",
			mok_val_bool(strcmp(marker, "true") == 0));
	set(r, rule, "expiration", map);
}

/* The prefix stands in the rule, in its Filter, or in the filter's And. */
static const char *prefix_of(const struct xml *rule)
{
	const struct xml *filter = xml_child(rule, "Filter");
	const char *prefix = xml_text(rule, "Prefix");

	if (!prefix)
		prefix = xml_text(filter, "Prefix");
	if (!prefix)
		prefix = xml_text(xml_child(filter, "And"), "Prefix");
	return prefix ? prefix : "";
}

static void read_lifecycle(
	struct reading *r, const struct xml *xml, const struct mok_http_reply *reply)
{
	struct mok_val rules = { .type = MOK_LIST };

	(void)reply;
	for (const struct xml *rule = xml_child(xml, "Rule"); rule; rule = xml_again(rule)) {
		struct mok_val map = { .type = MOK_MAP };

		set_text(r, &map, "id", xml_text(rule, "ID"));
		set(r, &map, "enabled",
			mok_val_bool(mok_streq(xml_text(rule, "Status"), "Enabled")));
		set_text(r, &map, "prefix", prefix_of(rule));
		read_expiration(r, &map, xml_child(rule, "Expiration"));
		set_int(r, &map, "noncurrent_version_expiration_days",
			xml_text(xml_child(rule, "NoncurrentVersionExpiration"), "NoncurrentDays"));
		set_int(r, &map, "abort_incomplete_multipart_upload_days",
			xml_text(xml_child(rule, "AbortIncompleteMultipartUpload"),
				"DaysAfterInitiation"));
		mok_val_append(r->arena, &rules, map);
	}
	set(r, r->out, "lifecycle_rules", rules);
}

static void read_versioning(
	struct reading *r, const struct xml *xml, const struct mok_http_reply *reply)
{
	(void)reply;
	set(r, r->out, "versioning", mok_val_bool(mok_streq(xml_text(xml, "Status"), "Enabled")));
}

static void read_policy(
	struct reading *r, const struct xml *xml, const struct mok_http_reply *reply)
{
	(void)xml;
	set_text(r, r->out, "policy",
		reply ? mok_arena_strndup(r->arena, reply->body, reply->len) : "");
}

static void read_logging(
	struct reading *r, const struct xml *xml, const struct mok_http_reply *reply)
{
	const struct xml *on = xml_child(xml, "LoggingEnabled");
	const char *target = xml_text(on, "TargetBucket"), *prefix = xml_text(on, "TargetPrefix");
	struct mok_val map = { .type = MOK_MAP };

	(void)reply;
	set_text(r, &map, "target_bucket", target ? target : "");
	set_text(r, &map, "target_prefix", prefix ? prefix : "");
	set(r, r->out, "logging", map);
}

static const struct {
	const char *setting;
	void (*read)(struct reading *r, const struct xml *xml, const struct mok_http_reply *reply);
} readers[] = {
	{ "acl", read_acl },
	{ "cors", read_cors },
	{ "lifecycle", read_lifecycle },
	{ "versioning", read_versioning },
	{ "policy", read_policy },
	{ "logging", read_logging },
};

struct mok_val settings_read(struct mok_arena *arena, const char *setting, const struct xml *xml,
	const struct mok_http_reply *reply)
{
	struct mok_val out = { .type = MOK_MAP };
	struct reading r = { arena, &out };

	for (size_t i = 0; i < MOK_COUNT(readers); i++)
		if (strcmp(readers[i].setting, setting) == 0)
			readers[i].read(&r, xml, reply);
	return out;
}
