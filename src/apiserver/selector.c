/* labelSelector and fieldSelector:
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ */
#include "apiserver_internal.h"
#include <stdio.h>

#include <ctype.h>

static const char *trim(struct mok_arena *arena, const char *s, size_t len)
{
	while (len && isspace((unsigned char)*s)) {
		s++;
		len--;
	}
	while (len && isspace((unsigned char)s[len - 1]))
		len--;
	return mok_arena_strndup(arena, s, len);
}

/* "a, b" between parentheses. */
static void read_values(struct ks_req *r, struct ks_term *term, const char *s)
{
	const char *end = s + strcspn(s, ")");

	while (s <= end) {
		size_t n = strcspn(s, ",)");
		const char *value = trim(r->arena, s, n);

		mok_vec_push(r->arena, &term->values, value);
		s += n + 1;
	}
}

static bool read_set_term(struct ks_req *r, struct ks_term *term, const char *text)
{
	const char *in = strstr(text, " in"), *notin = strstr(text, " notin"), *open;
	const char *word = notin ? notin : in;

	if (!word || !(open = strchr(word, '(')) || !strchr(open, ')'))
		return false;
	term->op = notin ? KS_NOT_IN : KS_IN;
	term->key = trim(r->arena, text, (size_t)(word - text));
	read_values(r, term, open + 1);
	return true;
}

static void read_compared(struct ks_req *r, struct ks_term *term, const char *text, size_t at)
{
	const char *value = text + at;
	size_t skip = strspn(value, "=!");

	term->op = *value == '!' ? KS_NOT_IN
		: *value == '>'  ? KS_GREATER
		: *value == '<'  ? KS_LESS
				 : KS_IN;
	value += skip ? skip : 1;
	term->key = trim(r->arena, text, at);
	value = trim(r->arena, value, strlen(value));
	mok_vec_push(r->arena, &term->values, value);
}

static bool read_term(struct ks_req *r, struct ks_term *term, const char *text)
{
	size_t at = strcspn(text, "=!<>(");

	if (text[at] == '(')
		return read_set_term(r, term, text);
	if (text[at] && at) {
		read_compared(r, term, text, at);
	} else {
		term->op = text[0] == '!' ? KS_ABSENT : KS_EXISTS;
		term->key = trim(r->arena, text + (text[0] == '!'), strlen(text));
	}
	return *term->key && !strchr(term->key, ' ');
}

/* The length of a term: up to a comma that is in no parentheses. */
static size_t term_len(const char *s)
{
	bool inside = false;
	size_t n = 0;

	for (; s[n] && (inside || s[n] != ','); n++)
		inside = s[n] == '(' || (inside && s[n] != ')');
	return n;
}

/* Where an operator should be. */
static const char *second_word(struct ks_req *r, const char *s)
{
	s += strspn(s, " ");
	s += strcspn(s, " ,=!<>(");
	s += strspn(s, " ");
	return mok_arena_strndup(r->arena, s, strcspn(s, " ,=!<>()"));
}

static bool read_labels(struct ks_req *r, struct ks_selection *out, const char *s)
{
	while (*s) {
		size_t n = term_len(s);
		struct ks_term term = { .key = "" };

		if (!read_term(r, &term, trim(r->arena, s, n)))
			return ks_bad_request(r,
				"unable to parse requirement: found '%s', expected: in, notin, =, "
				"==, "
				"!=, gt, lt",
				second_word(r, s));
		mok_vec_push(r->arena, &out->labels, term);
		s += n + (s[n] == ',');
	}
	return true;
}

/* Which fields each resource lets be selected, next to metadata.name and metadata.namespace; such
 * resources have words of their own for any other. */
static const struct {
	const char *resource, *fields;
} selectable[] = {
	{ "pods",
		" spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName "
		"spec.hostNetwork status.phase status.podIP status.nominatedNodeName " },
	{ "events",
		" involvedObject.kind involvedObject.namespace involvedObject.name "
		"involvedObject.uid involvedObject.apiVersion involvedObject.resourceVersion "
		"involvedObject.fieldPath reason reportingComponent source type " },
	{ "events.events.k8s.io",
		" regarding.kind regarding.namespace regarding.name regarding.uid "
		"regarding.apiVersion regarding.resourceVersion regarding.fieldPath reason "
		"reportingController type " },
	{ "secrets", " type " },
	{ "namespaces", " status.phase " },
	{ "nodes", " spec.unschedulable " },
	{ "services", " spec.clusterIP spec.type " },
	{ "replicationcontrollers", " status.replicas " },
	{ "jobs.batch", " status.successful " },
};

/* NULL: those that all have. */
static const char *fields_of(const struct ks_resource *resource)
{
	for (size_t i = 0; i < MOK_COUNT(selectable); i++)
		if (strcmp(selectable[i].resource, resource->full) == 0)
			return selectable[i].fields;
	return NULL;
}

static bool is_selectable(const struct ks_req *r, const char *field)
{
	const char *fields = fields_of(r->resource);
	char word[128];

	if (strcmp(field, "metadata.name") == 0)
		return true;
	if (strcmp(field, "metadata.namespace") == 0)
		return r->resource->namespaced;
	if (snprintf(word, sizeof(word), " %s ", field) >= (int)sizeof(word))
		return false;
	return fields && strstr(fields, word);
}

static bool refuse_field(struct ks_req *r, const char *field)
{
	if (strcmp(r->resource->full, "jobs.batch") == 0)
		return ks_bad_request(r, "field label \"%s\" not supported for Job", field);
	if (fields_of(r->resource))
		return ks_bad_request(r, "field label not supported: %s", field);
	return ks_bad_request(r,
		"\"%s\" is not a known field selector: only \"metadata.name\", "
		"\"metadata.namespace\"",
		field);
}

static bool read_fields(struct ks_req *r, struct ks_selection *out, const char *s)
{
	while (*s) {
		size_t n = strcspn(s, ","), at = strcspn(s, "=!");
		struct ks_term term = { .key = "" };

		if (at >= n)
			return ks_bad_request(r, "invalid selector: '%s'; can't understand '%s'", s,
				mok_arena_strndup(r->arena, s, n));
		read_compared(r, &term, mok_arena_strndup(r->arena, s, n), at);
		if (!is_selectable(r, term.key))
			return refuse_field(r, term.key);
		mok_vec_push(r->arena, &out->fields, term);
		s += n + (s[n] == ',');
	}
	return true;
}

bool ks_selection_read(struct ks_req *r, struct ks_selection *out)
{
	const char *labels = ks_query(r, "labelSelector"), *fields = ks_query(r, "fieldSelector");

	memset(out, 0, sizeof(*out));
	return read_labels(r, out, labels ? labels : "") &&
		read_fields(r, out, fields ? fields : "");
}

static bool is_among(const struct ks_term *term, const char *value)
{
	for (size_t i = 0; i < term->values.len; i++)
		if (strcmp(term->values.items[i], value) == 0)
			return true;
	return false;
}

static bool compares(const struct ks_term *term, const char *value)
{
	int64_t have, want;

	if (!value || !mok_parse_i64(value, &have) || !mok_parse_i64(term->values.items[0], &want))
		return false;
	return term->op == KS_GREATER ? have > want : have < want;
}

/* value NULL: the object lacks it. */
static bool meets(const struct ks_term *term, const char *value)
{
	switch ((int)term->op) {
	case KS_IN: return value && is_among(term, value);
	case KS_NOT_IN: return !value || !is_among(term, value);
	case KS_EXISTS: return value;
	case KS_ABSENT: return !value;
	default: return compares(term, value);
	}
}

static const char *field_text(const cJSON *object, const char *path)
{
	const cJSON *found;

	/* Of an event, who tells it. */
	if (strcmp(path, "source") == 0)
		path = *ks_str(object, "source.component") ? "source.component"
							   : "reportingComponent";
	found = mok_json_at(object, path);
	if (cJSON_IsBool(found))
		return cJSON_IsTrue(found) ? "true" : "false";
	return cJSON_IsString(found) ? found->valuestring : "";
}

bool ks_selected(const struct ks_selection *selection, const cJSON *object)
{
	const cJSON *labels = mok_json_at(object, "metadata.labels");

	for (size_t i = 0; i < selection->labels.len; i++) {
		const struct ks_term *term = &selection->labels.items[i];
		const cJSON *label = ks_at(labels, term->key);

		if (!meets(term, label ? cJSON_GetStringValue(label) : NULL))
			return false;
	}
	for (size_t i = 0; i < selection->fields.len; i++) {
		const struct ks_term *term = &selection->fields.items[i];

		if (!meets(term, field_text(object, term->key)))
			return false;
	}
	return true;
}
