/*
 * Bucket policies: JSON as Amazon's, with the operators and keys that make sense for Spaces. What
 * is not understood is refused when the policy is set, so that no rule is silently ignored.
 */
#include "s3.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define POLICY_MAX ((size_t)20 << 10)
#define STATEMENTS_MAX 200

/* Iterative, with one point to come back to: '*' costs no recursion. */
bool s3_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

static bool same_nocase(const char *pattern, const char *actual)
{
	return strcasecmp(pattern, actual) == 0;
}

static bool in_network(const char *network, const char *actual)
{
	char address[32];
	size_t len = strcspn(network, "/");
	int64_t bits = 32;
	struct in_addr net, ip;
	uint32_t mask;

	if (len >= sizeof(address) ||
		(network[len] &&
			(!mok_parse_i64(network + len + 1, &bits) || bits < 0 || bits > 32)))
		return false;
	memcpy(address, network, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, &net) != 1 || inet_pton(AF_INET, actual, &ip) != 1)
		return false;
	mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
	return (ntohl(net.s_addr) & mask) == (ntohl(ip.s_addr) & mask);
}

struct op_row {
	const char *name;
	bool (*fits)(const char *pattern, const char *actual);
	bool negated;
};

static const struct op_row operators[] = {
	{ "StringEquals", mok_streq, false },
	{ "StringNotEquals", mok_streq, true },
	{ "StringEqualsIgnoreCase", same_nocase, false },
	{ "StringNotEqualsIgnoreCase", same_nocase, true },
	{ "StringLike", s3_glob, false },
	{ "StringNotLike", s3_glob, true },
	{ "IpAddress", in_network, false },
	{ "NotIpAddress", in_network, true },
	{ "Bool", same_nocase, false },
};

static const struct op_row *find_operator(const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(operators); i++)
		if (mok_streq(operators[i].name, name))
			return &operators[i];
	return NULL;
}

struct condition_key {
	const char *name, *query, *header, *constant;
};

/* The core hears nothing of peers' addresses: all come from this machine. */
static const struct condition_key condition_keys[] = {
	{ "aws:SourceIp", NULL, NULL, "127.0.0.1" },
	{ "aws:SecureTransport", NULL, NULL, "false" },
	{ "aws:Referer", NULL, "referer", NULL },
	{ "aws:UserAgent", NULL, "user-agent", NULL },
	{ "s3:prefix", "prefix", NULL, NULL },
	{ "s3:delimiter", "delimiter", NULL, NULL },
	{ "s3:max-keys", "max-keys", NULL, NULL },
	{ "s3:VersionId", "versionId", NULL, NULL },
	{ "s3:x-amz-acl", NULL, "x-amz-acl", NULL },
	{ "s3:x-amz-copy-source", NULL, "x-amz-copy-source", NULL },
};

static const struct condition_key *find_condition_key(const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(condition_keys); i++)
		if (strcasecmp(condition_keys[i].name, name) == 0)
			return &condition_keys[i];
	return NULL;
}

static const char *condition_value(const struct condition_key *key, const struct s3_request *rq)
{
	if (key->query)
		return s3_query(rq, key->query);
	if (key->header)
		return s3_req_header(rq, key->header);
	return key->constant;
}

/* A string or a list of strings: does any fit? */
static bool any_fits(
	const cJSON *value, bool (*fits)(const char *, const char *), const char *actual)
{
	const cJSON *item;

	if (cJSON_IsString(value))
		return fits(value->valuestring, actual);
	if (cJSON_IsBool(value))
		return fits(cJSON_IsTrue(value) ? "true" : "false", actual);
	cJSON_ArrayForEach(item,
		value) if (cJSON_IsString(item) && fits(item->valuestring, actual)) return true;
	return false;
}

static bool conditions_hold(const cJSON *conditions, const struct s3_request *rq)
{
	const cJSON *group, *test;

	cJSON_ArrayForEach(group, conditions)
	{
		const struct op_row *row = find_operator(group->string);

		cJSON_ArrayForEach(test, group)
		{
			const struct condition_key *key = find_condition_key(test->string);
			const char *actual = key ? condition_value(key, rq) : NULL;
			bool fits = row && actual && any_fits(test, row->fits, actual);

			if (!row || fits == row->negated)
				return false;
		}
	}
	return true;
}

struct principal_test {
	const char *owner, *access_key;
};

static bool principal_is(const char *pattern, const struct principal_test *test)
{
	if (mok_streq(pattern, "*"))
		return true;
	if (!test->access_key)
		return false;
	return mok_ends(pattern, test->access_key) || strstr(pattern, test->owner) != NULL;
}

static bool principal_fits(const cJSON *principal, const struct principal_test *test)
{
	const cJSON *value, *item;

	if (cJSON_IsString(principal))
		return principal_is(principal->valuestring, test);
	cJSON_ArrayForEach(value, principal)
	{
		if (cJSON_IsString(value) && principal_is(value->valuestring, test))
			return true;
		cJSON_ArrayForEach(item, value) if (cJSON_IsString(item) &&
			principal_is(item->valuestring, test)) return true;
	}
	return false;
}

/* Statement elements come as X or NotX. */
static bool element_fits(
	const cJSON *statement, const char *name, const char *not_name, const char *actual)
{
	const cJSON *value = mok_json_at(statement, name);

	return value ? any_fits(value, s3_glob, actual)
		     : !any_fits(mok_json_at(statement, not_name), s3_glob, actual);
}

static bool statement_fits(
	const cJSON *statement, const struct s3_question *question, const char *resource)
{
	const struct s3_request *rq = question->rq;
	struct principal_test test = { rq->owner_id, rq->who.access_key };
	const cJSON *principal = mok_json_at(statement, "Principal");
	bool principal_ok = principal
		? principal_fits(principal, &test)
		: !principal_fits(mok_json_at(statement, "NotPrincipal"), &test);

	return principal_ok && element_fits(statement, "Action", "NotAction", question->action) &&
		element_fits(statement, "Resource", "NotResource", resource) &&
		conditions_hold(mok_json_at(statement, "Condition"), rq);
}

enum s3_verdict s3_policy_ask(const char *policy, const struct s3_question *question)
{
	cJSON *json MOK_CLEANUP(mok_json_cleanup) = mok_json_parse(policy, strlen(policy));
	const cJSON *statements = mok_json_at(json, "Statement"), *statement;
	const char *resource = mok_arena_printf(question->rq->arena, "arn:aws:s3:::%s%s%s",
		question->bucket, question->key ? "/" : "", question->key ? question->key : "");
	enum s3_verdict verdict = S3_SILENT;

	if (cJSON_IsObject(statements)) {
		if (!statement_fits(statements, question, resource))
			return S3_SILENT;
		return mok_streq(mok_json_str(statements, "Effect"), "Deny") ? S3_DENY : S3_ALLOW;
	}
	cJSON_ArrayForEach(statement, statements)
	{
		if (!statement_fits(statement, question, resource))
			continue;
		if (mok_streq(mok_json_str(statement, "Effect"), "Deny"))
			return S3_DENY;
		verdict = S3_ALLOW;
	}
	return verdict;
}

/* ---- checking one that is being set ---- */

static bool strings(const cJSON *value)
{
	const cJSON *item;

	if (cJSON_IsString(value))
		return true;
	if (!cJSON_IsArray(value) || cJSON_GetArraySize(value) == 0)
		return false;
	cJSON_ArrayForEach(item, value) if (!cJSON_IsString(item)) return false;
	return true;
}

static bool any_s3_action(const char *action, const char *unused)
{
	(void)unused;
	return mok_streq(action, "*") || strncasecmp(action, "s3:", 3) == 0;
}

/* "arn:aws:s3:::BUCKET[/KEY]", whose BUCKET may hold wildcards that fit this one. */
static bool resource_of(const char *resource, const char *bucket)
{
	static const char arn[] = "arn:aws:s3:::";
	char name[128];
	size_t len;

	if (mok_streq(resource, "*"))
		return true;
	if (!mok_starts(resource, arn))
		return false;
	resource += strlen(arn);
	len = strcspn(resource, "/");
	if (len >= sizeof(name))
		return false;
	memcpy(name, resource, len);
	name[len] = '\0';
	return s3_glob(name, bucket);
}

static bool all_fit(const cJSON *value, bool (*fits)(const char *, const char *), const char *with)
{
	const cJSON *item;

	if (cJSON_IsString(value))
		return fits(value->valuestring, with);
	cJSON_ArrayForEach(item, value) if (!fits(item->valuestring, with)) return false;
	return true;
}

static const char *check_conditions(const cJSON *conditions)
{
	const cJSON *group, *test;

	if (conditions && !cJSON_IsObject(conditions))
		return "Condition must be an object";
	cJSON_ArrayForEach(group, conditions)
	{
		if (!find_operator(group->string) || !cJSON_IsObject(group))
			return "Policy has an invalid condition operator";
		cJSON_ArrayForEach(test, group)
		{
			if (!find_condition_key(test->string))
				return "Policy has an invalid condition key";
			if (!strings(test) && !cJSON_IsBool(test))
				return "Policy has an invalid condition value";
		}
	}
	return NULL;
}

static const cJSON *either(const cJSON *statement, const char *name, const char *not_name)
{
	const cJSON *value = mok_json_at(statement, name),
		    *other = mok_json_at(statement, not_name);

	return value && other ? NULL : value ? value : other;
}

static const char *const statement_keys[] = { "Sid", "Effect", "Principal", "NotPrincipal",
	"Action", "NotAction", "Resource", "NotResource", "Condition" };

static const char *check_statement(const cJSON *statement, const char *bucket)
{
	const char *effect = mok_json_str(statement, "Effect");
	const cJSON *principal = either(statement, "Principal", "NotPrincipal"),
		    *action = either(statement, "Action", "NotAction"),
		    *resource = either(statement, "Resource", "NotResource"), *item;

	if (!cJSON_IsObject(statement))
		return "Statement must be an object";
	cJSON_ArrayForEach(item, statement)
	{
		bool known = false;

		for (size_t i = 0; i < MOK_COUNT(statement_keys) && !known; i++)
			known = mok_streq(item->string, statement_keys[i]);
		if (!known)
			return "Policy document must not have an unknown statement element";
	}
	if (!mok_streq(effect, "Allow") && !mok_streq(effect, "Deny"))
		return "Missing or invalid Effect";
	if (!(cJSON_IsString(principal) && mok_streq(principal->valuestring, "*")) &&
		!(cJSON_IsObject(principal) && cJSON_GetArraySize(principal) > 0))
		return "Missing or invalid principal in policy";
	if (!strings(action) || !all_fit(action, any_s3_action, NULL))
		return "Policy has invalid action";
	if (!strings(resource) || !all_fit(resource, resource_of, bucket))
		return "Policy has invalid resource";
	return check_conditions(mok_json_at(statement, "Condition"));
}

static bool version_fits(const cJSON *json)
{
	const cJSON *version = mok_json_at(json, "Version");

	return !version ||
		(cJSON_IsString(version) &&
			(mok_streq(version->valuestring, "2012-10-17") ||
				mok_streq(version->valuestring, "2008-10-17")));
}

const char *s3_policy_check(const char *text, size_t len, const char *bucket)
{
	cJSON *json MOK_CLEANUP(mok_json_cleanup) =
		len <= POLICY_MAX ? mok_json_parse(text, len) : NULL;
	const cJSON *statements = mok_json_at(json, "Statement"), *statement, *item;

	if (len > POLICY_MAX)
		return "Policies must be no longer than 20480 bytes";
	if (!cJSON_IsObject(json))
		return "Policies must be valid JSON and the first byte must be '{'";
	cJSON_ArrayForEach(item, json) if (!mok_streq(item->string, "Version") &&
		!mok_streq(item->string, "Id") &&
		!mok_streq(item->string, "Statement")) return "Unknown field in policy";
	if (!version_fits(json))
		return "The policy must contain a valid version string";
	if (cJSON_IsObject(statements))
		return check_statement(statements, bucket);
	if (!cJSON_IsArray(statements) || cJSON_GetArraySize(statements) == 0 ||
		cJSON_GetArraySize(statements) > STATEMENTS_MAX)
		return "Missing required field Statement";
	cJSON_ArrayForEach(statement, statements)
	{
		const char *wrong = check_statement(statement, bucket);

		if (wrong)
			return wrong;
	}
	return NULL;
}
