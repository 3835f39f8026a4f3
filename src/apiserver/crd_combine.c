/* anyOf, oneOf, allOf and not, in kube-openapi's words: of the schemas that fail, the errors of the
 * one that came furthest are told. */
#include "crd_schema.h"

struct causes {
	MOK_VEC(cJSON *) list;
	size_t matches;
	bool set;
};

static void composite(
	struct ks_req *r, const struct ks_place *at, const char *what, const char *more)
{
	ks_cause(r, "FieldValueInvalid", "<nil>", "Invalid value: \"\": \"%s\" must %s%s", at->path,
		what, more);
}

/* How many errors there are of it; they are noted, as are the schemas that were met. */
static size_t attempt(
	struct ks_req *r, const struct ks_place *at, const cJSON *schema, size_t *matches)
{
	struct ks_place inner = *at;
	size_t causes = r->causes.len;

	*matches = 0;
	inner.depth++;
	inner.matches = matches;
	ks_schema_check(r, &inner, schema);
	return r->causes.len - causes;
}

/* Keeps what was noted since, if it came further than what is kept. */
static void keep_best(struct ks_req *r, struct causes *best, size_t since, size_t matches)
{
	if (!best->set || matches > best->matches) {
		best->list.len = 0;
		for (size_t i = since; i < r->causes.len; i++)
			mok_vec_push(r->arena, &best->list, r->causes.items[i]);
		best->matches = matches;
		best->set = true;
	}
	r->causes.len = since;
}

static void tell(struct ks_req *r, const struct causes *best)
{
	for (size_t i = 0; i < best->list.len; i++)
		mok_vec_push(r->arena, &r->causes, best->list.items[i]);
}

/* How many of the schemas are met. */
static size_t count_met(
	struct ks_req *r, const struct ks_place *at, const cJSON *list, struct causes *best)
{
	const cJSON *one;
	size_t met = 0, matches;

	cJSON_ArrayForEach(one, list)
	{
		size_t since = r->causes.len;

		if (attempt(r, at, one, &matches)) {
			keep_best(r, best, since, matches);
			continue;
		}
		met++;
		*at->matches += matches;
	}
	return met;
}

static void check_any(struct ks_req *r, const struct ks_place *at, const cJSON *list)
{
	struct causes best = { 0 };

	if (!list || !list->child || count_met(r, at, list, &best))
		return;
	composite(r, at, "validate at least one schema (anyOf)", "");
	tell(r, &best);
}

static void check_one(struct ks_req *r, const struct ks_place *at, const cJSON *list)
{
	struct causes best = { 0 };
	size_t met = list ? count_met(r, at, list, &best) : 1;

	if (met == 1 || !list->child)
		return;
	composite(r, at, "validate one and only one schema (oneOf). ",
		met ? ks_printf(r, "Found %zu valid alternatives", met) : "Found none valid");
	if (!met)
		tell(r, &best);
}

static void check_all(struct ks_req *r, const struct ks_place *at, const cJSON *list)
{
	size_t met = 0, all = 0, matches;
	const cJSON *one;

	cJSON_ArrayForEach(one, list)
	{
		met += !attempt(r, at, one, &matches);
		all++;
	}
	if (met < all)
		composite(r, at, "validate all the schemas (allOf)", met ? "" : ". None validated");
}

void ks_schema_combine(struct ks_req *r, const struct ks_place *at, const cJSON *schema)
{
	const cJSON *not = ks_at(schema, "not");
	size_t since, matches;

	check_any(r, at, ks_at(schema, "anyOf"));
	check_one(r, at, ks_at(schema, "oneOf"));
	check_all(r, at, ks_at(schema, "allOf"));
	if (!not )
		return;
	since = r->causes.len;
	if (!attempt(r, at, not, &matches))
		composite(r, at, "not validate the schema (not)", "");
	else
		r->causes.len = since;
}
