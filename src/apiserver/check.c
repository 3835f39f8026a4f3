/* The words of field errors, as the real server has them. */
#include "validate.h"

#include <ctype.h>

#define LABEL_TEXT \
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', " \
	"and " \
	"must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex " \
	"used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
#define SUBDOMAIN_TEXT \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' " \
	"or " \
	"'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex " \
	"used for validation is " \
	"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
#define WORD_TEXT \
	"must consist of alphanumeric characters, '-', '_' or '.', and must start and end with " \
	"an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for " \
	"validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define QUALIFIED_TEXT "name part " WORD_TEXT
#define VALUE_TEXT \
	"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' " \
	"or " \
	"'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or " \
	"'my_value',  or '12345', regex used for validation is " \
	"'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

enum { LABEL_MAX = 63, NAME_MAX_LEN = 253, PORT_NAME_MAX = 15 };

const char *ks_json_text(struct ks_req *r, const cJSON *value)
{
	char *text = value ? cJSON_PrintUnformatted(value) : NULL;
	const char *out = ks_printf(r, "%s", text ? text : "null");

	cJSON_free(text);
	return out;
}

const char *ks_below(struct ks_req *r, const char *path, const char *name)
{
	return ks_printf(r, "%s%s%s", path, *path ? "." : "", name);
}

void ks_want(struct ks_req *r, const char *path, const char *why)
{
	ks_cause(r, "FieldValueRequired", path, "Required value%s%s", why ? ": " : "",
		why ? why : "");
}

void ks_bad(struct ks_req *r, const char *path, const cJSON *value, const char *why)
{
	ks_cause(
		r, "FieldValueInvalid", path, "Invalid value: %s: %s", ks_json_text(r, value), why);
}

void ks_bad_text(struct ks_req *r, const char *path, const char *value, const char *why)
{
	ks_cause(r, "FieldValueInvalid", path, "Invalid value: \"%s\": %s", value, why);
}

void ks_twice(struct ks_req *r, const char *path, const char *value)
{
	ks_cause(r, "FieldValueDuplicate", path, "Duplicate value: \"%s\"", value);
}

void ks_forbid(struct ks_req *r, const char *path, const char *why)
{
	ks_cause(r, "FieldValueForbidden", path, "Forbidden: %s", why);
}

void ks_one_of(struct ks_req *r, const cJSON *object, const char *name, const char *path,
	const char *words)
{
	const char *value = mok_json_str(object, name), *s;
	struct mok_buf text;

	if (!value || !*value)
		return;
	mok_buf_init(&text, 4096);
	for (s = words; *s; s += strspn(s, " ")) {
		size_t len = strcspn(s, " ");

		if (len == strlen(value) && strncmp(s, value, len) == 0)
			break;
		mok_buf_printf(&text, "%s\"%.*s\"", text.len ? ", " : "", (int)len, s);
		s += len;
	}
	if (!*s)
		ks_cause(r, "FieldValueNotSupported", ks_below(r, path, name),
			"Unsupported value: \"%s\": supported values: %s", value, text.data);
	mok_buf_release(&text);
}

void ks_not_negative(struct ks_req *r, const cJSON *object, const char *name, const char *path)
{
	const cJSON *value = ks_at(object, name);

	if (cJSON_IsNumber(value) && value->valuedouble < 0)
		ks_bad(r, ks_below(r, path, name), value, "must be greater than or equal to 0");
}

void ks_port(struct ks_req *r, const cJSON *number, const char *path)
{
	if (!cJSON_IsNumber(number) || number->valuedouble < 1 || number->valuedouble > 65535)
		ks_cause(r, "FieldValueInvalid", path,
			"Invalid value: %s: must be between 1 and 65535, inclusive",
			number ? ks_json_text(r, number) : "0");
}

void ks_port_name(struct ks_req *r, const char *name, const char *path)
{
	size_t len = strlen(name);

	if (len > PORT_NAME_MAX)
		ks_bad_text(r, path, name, "must be no more than 15 characters");
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		ks_bad_text(r, path, name,
			"must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
	if (!strpbrk(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		ks_bad_text(r, path, name, "must contain at least one letter (a-z)");
	if (strstr(name, "--"))
		ks_bad_text(r, path, name, "must not contain consecutive hyphens");
	if (len && (name[0] == '-' || name[len - 1] == '-'))
		ks_bad_text(r, path, name, "must not begin or end with a hyphen");
}

static bool is_subdomain(const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");

		if (!n || name[0] == '-' || name[n - 1] == '-' ||
			strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") < n)
			return false;
		name += n + (name[n] == '.');
		if (name[-1] == '.' && !*name)
			return false;
	}
	return true;
}

void ks_label_name(struct ks_req *r, const char *name, const char *path)
{
	if (strlen(name) > LABEL_MAX)
		ks_bad_text(r, path, name, "must be no more than 63 characters");
	if (!*name || !is_subdomain(name))
		ks_bad_text(r, path, name, LABEL_TEXT);
	else if (strchr(name, '.'))
		ks_bad_text(r, path, name, "must not contain dots");
}

void ks_subdomain(struct ks_req *r, const char *name, const char *path)
{
	if (strlen(name) > NAME_MAX_LEN)
		ks_bad_text(r, path, name, "must be no more than 253 characters");
	if (!*name || !is_subdomain(name))
		ks_bad_text(r, path, name, SUBDOMAIN_TEXT);
}

/* Letters, digits and "-_." between letters or digits. */
static bool is_word(const char *s)
{
	size_t len = strlen(s);

	if (!len || !isalnum((unsigned char)s[0]) || !isalnum((unsigned char)s[len - 1]))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_.", *s))
			return false;
	return true;
}

void ks_qualified_name(struct ks_req *r, const char *name, const char *path)
{
	const char *slash = strchr(name, '/'), *last = slash ? slash + 1 : name;

	if (strchr(last, '/')) {
		ks_bad_text(r, path, name,
			"a valid label key " WORD_TEXT " with an optional DNS subdomain prefix and "
			"'/' (e.g. 'example.com/MyName')");
		return;
	}
	if (slash == name)
		ks_bad_text(r, path, name, "prefix part must be non-empty");
	else if (slash && !is_subdomain(mok_arena_strndup(r->arena, name, (size_t)(slash - name))))
		ks_bad_text(r, path, name, "prefix part " SUBDOMAIN_TEXT);
	if (!*last)
		ks_bad_text(r, path, name, "name part must be non-empty");
	else if (strlen(last) > LABEL_MAX)
		ks_bad_text(r, path, name, "name part must be no more than 63 bytes");
	if (!is_word(last))
		ks_bad_text(r, path, name, QUALIFIED_TEXT);
}

void ks_labels(struct ks_req *r, const cJSON *labels, const char *path)
{
	const cJSON *label;

	cJSON_ArrayForEach(label, labels)
	{
		const char *value = cJSON_GetStringValue(label);

		ks_qualified_name(r, label->string, path);
		value = value ? value : "";
		if (strlen(value) > LABEL_MAX)
			ks_bad_text(r, path, value, "must be no more than 63 bytes");
		if (*value && !is_word(value))
			ks_bad_text(r, path, value, VALUE_TEXT);
	}
}

void ks_data_key(struct ks_req *r, const char *key, const char *path)
{
	if (strlen(key) > NAME_MAX_LEN)
		ks_bad_text(r, path, key, "must be no more than 253 characters");
	if (!*key ||
		key[strspn(
			key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")])
		ks_bad_text(r, path, key,
			"a valid config key must consist of alphanumeric characters, '-', '_' or "
			"'.' "
			"(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for "
			"validation is '[-._a-zA-Z0-9]+')");
	if (strcmp(key, ".") == 0)
		ks_bad_text(r, path, key, "must not be '.'");
	else if (strcmp(key, "..") == 0)
		ks_bad_text(r, path, key, "must not be '..'");
	else if (mok_starts(key, ".."))
		ks_bad_text(r, path, key, "must not start with '..'");
}

void ks_immutable(struct ks_req *r, const cJSON *before, const cJSON *object, const char *path)
{
	const cJSON *new = mok_json_at(object, path), *old = mok_json_at(before, path);

	if (before && (new || old) && !ks_same(new, old))
		ks_bad(r, path, new, "field is immutable");
}

/* ---- metadata ---- */

static bool has_label_name(const struct ks_resource *res)
{
	return strcmp(res->full, "namespaces") == 0 || strcmp(res->full, "services") == 0;
}

static void check_name(struct ks_req *r, const char *name, const char *path)
{
	if (strcmp(r->resource->group, "rbac.authorization.k8s.io") == 0) {
		if (strpbrk(name, "/%") || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			ks_bad_text(r, path, name, "may not contain '/' or '%'");
	} else if (has_label_name(r->resource)) {
		ks_label_name(r, name, path);
	} else {
		ks_subdomain(r, name, path);
	}
}

/* A prefix may end with a hyphen: what is drawn follows. */
static void check_prefix(struct ks_req *r, const char *prefix)
{
	size_t len = strlen(prefix), before = r->causes.len;

	if (!len)
		return;
	check_name(r,
		prefix[len - 1] == '-' && len > 1 ? ks_printf(r, "%.*sa", (int)len - 1, prefix)
						  : prefix,
		"metadata.generateName");
	if (r->causes.len == before)
		return;
	r->causes.len = before;
	check_name(r, prefix, "metadata.generateName");
}

static void check_annotations(struct ks_req *r, const cJSON *annotations)
{
	const cJSON *one;
	size_t size = 0;

	cJSON_ArrayForEach(one, annotations)
	{
		char *lower = mok_arena_strdup(r->arena, one->string);

		for (char *p = lower; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		ks_qualified_name(r, lower, "metadata.annotations");
		size += strlen(lower) + (cJSON_IsString(one) ? strlen(one->valuestring) : 0);
	}
	if (size > 256 << 10)
		ks_cause(r, "FieldValueTooLong", "metadata.annotations",
			"Too long: may not be more than %d bytes", 256 << 10);
}

static bool is_listed(const cJSON *list, const char *text)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, list) if (mok_streq(cJSON_GetStringValue(one), text)) return true;
	return false;
}

static void check_finalizers(struct ks_req *r, const cJSON *list)
{
	static const char *const standard[] = { "orphan", "foregroundDeletion", "kubernetes" };
	const cJSON *one;
	int i = 0;

	cJSON_ArrayForEach(one, list)
	{
		const char *name = cJSON_GetStringValue(one);
		bool known = false;

		for (size_t j = 0; name && j < MOK_COUNT(standard); j++)
			known |= strcmp(standard[j], name) == 0;
		if (name && !known) {
			ks_qualified_name(r, name, "metadata.finalizers");
			if (!strchr(name, '/'))
				ks_bad_text(r, ks_printf(r, "metadata.finalizers[%d]", i), name,
					"name is neither a standard finalizer name nor is it fully "
					"qualified");
		}
		i++;
	}
}

static void check_new_finalizers(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	const cJSON *old = mok_json_at(before, "metadata.finalizers"), *one;
	struct mok_buf text;

	if (!*ks_str(before, "metadata.deletionTimestamp"))
		return;
	mok_buf_init(&text, 4096);
	cJSON_ArrayForEach(one,
		mok_json_at(object, "metadata.finalizers")) if (!is_listed(old,
									cJSON_GetStringValue(one)))
		mok_buf_printf(&text, "%s\"%s\"", text.len ? ", " : "", cJSON_GetStringValue(one));
	if (text.len)
		ks_cause(r, "FieldValueForbidden", "metadata.finalizers",
			"Forbidden: no new finalizers can be added if the object is being deleted, "
			"found new finalizers []string{%s}",
			text.data);
	mok_buf_release(&text);
}

static void check_owners(struct ks_req *r, const cJSON *owners)
{
	static const char *const needed[] = { "kind", "name", "uid" };
	const cJSON *one, *controller = NULL;

	cJSON_ArrayForEach(one, owners)
	{
		if (!*ks_str(one, "apiVersion"))
			ks_bad_text(r, "metadata.ownerReferences.apiVersion", "",
				"version must not be empty");
		for (size_t i = 0; i < MOK_COUNT(needed); i++)
			if (!*ks_str(one, needed[i]))
				ks_bad_text(r,
					ks_printf(r, "metadata.ownerReferences.%s", needed[i]), "",
					"must not be empty");
		if (!mok_json_bool(one, "controller", false))
			continue;
		if (controller)
			ks_bad(r, "metadata.ownerReferences", owners,
				ks_printf(r,
					"Only one reference can have Controller set to true. Found "
					"\"true\" in references for %s/%s and %s/%s",
					ks_str(controller, "kind"), ks_str(controller, "name"),
					ks_str(one, "kind"), ks_str(one, "name")));
		controller = one;
	}
}

void ks_keep_identity(struct ks_req *r, const cJSON *object, const cJSON *live)
{
	const char *uid = ks_str(object, "metadata.uid");

	/* Built-in kinds are asked twice, and both answers told. */
	for (int i = 0; i < (r->resource->custom ? 1 : 2); i++) {
		if (*uid && strcmp(uid, ks_str(live, "metadata.uid")) != 0)
			ks_bad_text(r, "metadata.uid", uid, "field is immutable");
		check_new_finalizers(r, live, object);
	}
}

void ks_check_meta(struct ks_req *r, const cJSON *before, const cJSON *object)
{
	if (!before) {
		check_prefix(r, ks_str(object, "metadata.generateName"));
		check_name(r, ks_str(object, "metadata.name"), "metadata.name");
	}
	check_annotations(r, mok_json_at(object, "metadata.annotations"));
	ks_labels(r, mok_json_at(object, "metadata.labels"), "metadata.labels");
	check_owners(r, mok_json_at(object, "metadata.ownerReferences"));
	check_finalizers(r, mok_json_at(object, "metadata.finalizers"));
}
