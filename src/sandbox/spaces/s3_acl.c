#include "s3.h"
#include "s3_store.h"
#include "s3_xml.h"

#include <string.h>
#include <strings.h>

#define GROUPS_URI "http://acs.amazonaws.com/groups/global/"
#define GRANTS_MAX 100

static const char *const permissions[] = { "READ", "WRITE", "READ_ACP", "WRITE_ACP",
	"FULL_CONTROL" };

static bool known_permission(const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(permissions); i++)
		if (mok_streq(name, permissions[i]))
			return true;
	return false;
}

struct canned {
	const char *name, *grants;
};

/* Grants beside the owner's. All buckets and objects have one owner here, so that the bucket-owner
 * forms add nothing. */
static const struct canned canned[] = {
	{ "private", "" },
	{ "public-read", "READ AllUsers\n" },
	{ "public-read-write", "READ AllUsers\nWRITE AllUsers\n" },
	{ "authenticated-read", "READ AuthenticatedUsers\n" },
	{ "bucket-owner-read", "" },
	{ "bucket-owner-full-control", "" },
};

struct grant_header {
	const char *name, *permission;
};

static const struct grant_header grant_headers[] = {
	{ "x-amz-grant-read", "READ" },
	{ "x-amz-grant-write", "WRITE" },
	{ "x-amz-grant-read-acp", "READ_ACP" },
	{ "x-amz-grant-write-acp", "WRITE_ACP" },
	{ "x-amz-grant-full-control", "FULL_CONTROL" },
};

static const char *group_of(const char *uri)
{
	const char *group = mok_starts(uri, GROUPS_URI) ? uri + strlen(GROUPS_URI) : "";

	return mok_streq(group, "AllUsers") || mok_streq(group, "AuthenticatedUsers") ? group
										      : NULL;
}

/* id="...", uri="...", ... */
static bool add_grantees(
	struct s3_request *rq, struct mok_buf *acl, const char *list, const char *permission)
{
	while (*list) {
		size_t len, name;
		const char *value;

		list += strspn(list, " ,");
		len = strcspn(list, ",");
		name = strcspn(list, "=");
		if (name >= len)
			return false;
		value = mok_arena_strndup(rq->arena, list + name + 1, len - name - 1);
		if (*value == '"' && mok_ends(value, "\""))
			value = mok_arena_strndup(rq->arena, value + 1, strlen(value) - 2);
		if (strncasecmp(list, "uri=", 4) == 0)
			value = group_of(value);
		else if (strncasecmp(list, "id=", 3) != 0)
			return false;
		if (!value || strpbrk(value, " \n"))
			return false;
		mok_buf_printf(acl, "%s %s\n", permission, value);
		list += len;
		list += strspn(list, " ,");
	}
	return true;
}

static bool add_grant_headers(struct s3_request *rq, struct mok_buf *acl, bool *found)
{
	for (size_t i = 0; i < MOK_COUNT(grant_headers); i++) {
		const char *value = s3_req_header(rq, grant_headers[i].name);

		if (!value)
			continue;
		*found = true;
		if (!add_grantees(rq, acl, value, grant_headers[i].permission))
			return false;
	}
	return true;
}

static const char *canned_grants(const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(canned); i++)
		if (mok_streq(name, canned[i].name))
			return canned[i].grants;
	return NULL;
}

const char *s3_acl_from_headers(struct s3_request *rq)
{
	const char *name = s3_req_header(rq, "x-amz-acl"), *out = NULL;
	const char *grants = canned_grants(name ? name : "private");
	struct mok_buf acl;
	bool found = false, ok;

	mok_buf_init(&acl, 1 << 16);
	ok = grants && add_grant_headers(rq, &acl, &found) && !(name && found) && !acl.overflow;
	if (ok)
		out = found
			? mok_arena_strdup(rq->arena, acl.data)
			: mok_arena_printf(rq->arena, "FULL_CONTROL %s\n%s", rq->owner_id, grants);
	mok_buf_release(&acl);
	if (!out)
		s3_fail(rq, S3_INVALID_ARGUMENT);
	return out;
}

static bool line_is(const char *line, size_t len, const char *permission, const char *grantee)
{
	size_t first = strlen(permission);

	return len == first + 1 + strlen(grantee) && strncmp(line, permission, first) == 0 &&
		line[first] == ' ' && strncmp(line + first + 1, grantee, len - first - 1) == 0;
}

bool s3_acl_public(const char *acl, const char *permission, bool with_key)
{
	while (acl && *acl) {
		size_t len = strcspn(acl, "\n");

		if (line_is(acl, len, permission, "AllUsers") ||
			line_is(acl, len, "FULL_CONTROL", "AllUsers"))
			return true;
		if (with_key &&
			(line_is(acl, len, permission, "AuthenticatedUsers") ||
				line_is(acl, len, "FULL_CONTROL", "AuthenticatedUsers")))
			return true;
		acl += len + (acl[len] == '\n');
	}
	return false;
}

static void put_grant(struct s3_request *rq, struct mok_buf *out, const char *line, size_t len)
{
	size_t first = strcspn(line, " ");
	const char *permission = mok_arena_strndup(rq->arena, line, first);
	const char *grantee = mok_arena_strndup(rq->arena, line + first + 1, len - first - 1);
	const char *uri = mok_arena_printf(rq->arena, GROUPS_URI "%s", grantee);
	bool group = group_of(uri) != NULL;

	mok_buf_printf(out,
		"<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
		"xsi:type=\"%s\">",
		group ? "Group" : "CanonicalUser");
	if (group) {
		s3_xml_put(out, "URI", uri);
	} else {
		s3_xml_put(out, "ID", grantee);
		s3_xml_put(out, "DisplayName", grantee);
	}
	mok_buf_puts(out, "</Grantee>");
	s3_xml_put(out, "Permission", permission);
	mok_buf_puts(out, "</Grant>");
}

/* The ACL of the key's current or named version, or of the bucket; NULL: it has answered. */
static const char *load_acl(struct s3_request *rq, struct s3_object *object)
{
	if (!rq->key)
		return s3_config_get(rq, rq->bucket.id, "acl");
	if (!s3_find_object(rq, object))
		return NULL;
	return object->acl;
}

void s3_get_acl(struct s3_request *rq)
{
	struct s3_object object;
	const char *acl = load_acl(rq, &object);
	struct mok_buf *out;

	if (!acl)
		return;
	out = s3_answer_xml(rq);
	mok_buf_puts(out, "<AccessControlPolicy xmlns=\"" S3_NAMESPACE "\">");
	s3_put_owner(rq, out, "Owner");
	mok_buf_puts(out, "<AccessControlList>");
	while (*acl) {
		size_t len = strcspn(acl, "\n");

		put_grant(rq, out, acl, len);
		acl += len + (acl[len] == '\n');
	}
	mok_buf_puts(out, "</AccessControlList></AccessControlPolicy>");
}

/* False: not a grant that can be kept. */
static bool add_grant(struct mok_buf *acl, const struct s3_node *grant)
{
	const struct s3_node *grantee = s3_xml_child(grant, "Grantee");
	const char *permission = s3_xml_text(grant, "Permission"), *id = s3_xml_text(grantee, "ID"),
		   *uri = s3_xml_text(grantee, "URI");

	if (!grantee || !permission || !known_permission(permission) || !grantee->type)
		return false;
	if (mok_streq(grantee->type, "Group"))
		id = uri ? group_of(uri) : NULL;
	else if (!mok_streq(grantee->type, "CanonicalUser"))
		id = NULL;
	if (!id || !*id || strpbrk(id, " \n"))
		return false;
	mok_buf_printf(acl, "%s %s\n", permission, id);
	return true;
}

static const char *acl_from_xml(struct s3_request *rq)
{
	const struct s3_node *policy = s3_body_xml(rq, "AccessControlPolicy");
	const struct s3_node *list = s3_xml_child(policy, "AccessControlList");
	const char *out = NULL, *owner = s3_xml_text(s3_xml_child(policy, "Owner"), "ID");
	struct mok_buf acl;
	size_t n = 0;

	if (!policy)
		return NULL;
	mok_buf_init(&acl, 1 << 16);
	for (const struct s3_node *grant = s3_xml_child(list, "Grant"); grant;
		grant = s3_xml_again(grant))
		if (++n > GRANTS_MAX || !add_grant(&acl, grant))
			list = NULL;
	if (owner && !mok_streq(owner, rq->owner_id))
		s3_fail(rq, S3_ACCESS_DENIED);
	else if (!list || acl.overflow)
		s3_fail(rq, S3_MALFORMED_ACL);
	else
		out = mok_arena_strdup(rq->arena, acl.data);
	mok_buf_release(&acl);
	return out;
}

void s3_put_acl(struct s3_request *rq)
{
	struct s3_object object = { .id = 0 };
	const char *acl;

	if (rq->key && !s3_find_object(rq, &object))
		return;
	acl = rq->body_len > 0 ? acl_from_xml(rq) : s3_acl_from_headers(rq);
	if (!acl)
		return;
	if (rq->key)
		s3_object_set(rq, object.id, "acl", acl);
	else
		s3_config_put(rq, rq->bucket.id, "acl", acl);
	s3_answer_empty(rq, 200);
}
