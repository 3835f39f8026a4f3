/* Lists: whole or in pages, each of one moment. */
#include "apiserver_internal.h"

#include <stdio.h>

struct page {
	struct ks_req *r;
	struct ks_selection selection;
	size_t limit; /* 0: all */
	cJSON *items;
	struct mok_apiserver_key last;
	size_t taken, more; /* more: those that follow the page */
};

static bool take_item(void *context, const struct mok_apiserver_item *item)
{
	struct page *page = context;
	cJSON *object;

	if (page->limit && page->taken == page->limit) {
		page->more++;
		return true;
	}
	object = ks_parse_item(page->r, item);
	if (!ks_selected(&page->selection, object)) {
		cJSON_Delete(object);
		return true;
	}
	if (ks_wants_metadata(page->r)) {
		cJSON *whole = object;

		object = ks_partial(whole);
		cJSON_Delete(whole);
	}
	/* The list names them once. */
	else if (!page->r->resource->custom && !ks_wants_table(page->r)) {
		cJSON_DeleteItemFromObjectCaseSensitive(object, "kind");
		cJSON_DeleteItemFromObjectCaseSensitive(object, "apiVersion");
	}
	cJSON_AddItemToArray(page->items, object);
	page->taken++;
	page->last = item->key;
	return true;
}

/* A continue token is the version and the key after which to go on, in the base64 of addresses.
 * The version -1 is that of the day. */
static const char *make_continue(
	struct ks_req *r, const struct mok_apiserver_key *last, int64_t version)
{
	const char *text = ks_printf(
		r, "%lld %s %s", (long long)version, *last->ns ? last->ns : "-", last->name);
	char *token = mok_base64(r->arena, text, strlen(text));

	for (char *c = token; *c; c++)
		*c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c);
	return token;
}

static const char *unbase64_url(struct ks_req *r, const char *token, size_t *bad)
{
	char *text = mok_arena_strdup(r->arena, token);

	for (char *c = text; *c; c++)
		*c = (char)(*c == '-' ? '+' : *c == '_' ? '/' : *c);
	return ks_unbase64(r->arena, text, bad);
}

static bool read_continue(struct ks_req *r, struct mok_apiserver_key *after, int64_t *version)
{
	const char *token = ks_query(r, "continue"), *text, *space, *name;
	char number[24] = "";
	size_t bad;

	if (!token || !*token)
		return false;
	text = unbase64_url(r, token, &bad);
	if (!text)
		return ks_bad_request(r,
			"invalid continue token: continue key is not valid: illegal base64 data at "
			"input byte %zu",
			bad);
	space = strchr(text, ' ');
	name = space ? strchr(space + 1, ' ') : NULL;
	if (!name || space - text >= (int)sizeof(number)) {
		ks_bad_request(r,
			"invalid continue token: continue key is not valid: invalid character "
			"'%s' looking for beginning of value",
			*text & 0x80 ? ks_printf(r, "\\u%04x", *text & 0xff)
				     : mok_arena_strndup(r->arena, text, 1));
		return false;
	}
	memcpy(number, text, (size_t)(space - text));
	if (!mok_parse_i64(number, version))
		*version = 0;
	*after = (struct mok_apiserver_key){ r->resource->stored,
		mok_arena_strndup(r->arena, space + 1, (size_t)(name - space - 1)), name + 1 };
	if (strcmp(after->ns, "-") == 0)
		after->ns = "";
	return true;
}

static size_t read_limit(struct ks_req *r)
{
	const char *text = ks_query(r, "limit");
	int64_t limit;

	return text && mok_parse_i64(text, &limit) && limit > 0 ? (size_t)limit : 0;
}

static void reply_list(struct ks_req *r, struct page *page, int64_t version)
{
	cJSON *list = ks_own(r, cJSON_CreateObject()), *meta;
	char number[24];

	snprintf(number, sizeof(number), "%lld", (long long)version);
	cJSON_AddStringToObject(list, "kind",
		ks_wants_metadata(r) ? "PartialObjectMetadataList" : r->resource->list_kind);
	cJSON_AddStringToObject(list, "apiVersion",
		ks_wants_metadata(r) ? "meta.k8s.io/v1" : ks_api_version(r, r->resource));
	meta = cJSON_AddObjectToObject(list, "metadata");
	cJSON_AddStringToObject(meta, "resourceVersion", number);
	if (r->resource->custom && !page->more && !ks_wants_table(r))
		cJSON_AddStringToObject(meta, "continue", "");
	if (page->more) {
		cJSON_AddStringToObject(meta, "continue", make_continue(r, &page->last, version));
		if (!page->selection.labels.len && !page->selection.fields.len)
			cJSON_AddNumberToObject(meta, "remainingItemCount", (double)page->more);
	}
	if (ks_wants_table(r)) {
		ks_reply(r, 200, ks_table(r, page->items, meta));
		cJSON_Delete(page->items);
		return;
	}
	cJSON_AddItemToObject(list, "items", page->items);
	ks_reply(r, 200, list);
}

/* ---- of which moment ---- */

static bool too_large(struct ks_req *r, int64_t version, int64_t now)
{
	cJSON *details = cJSON_CreateObject(), *cause = cJSON_CreateObject();

	cJSON_AddStringToObject(cause, "reason", "ResourceVersionTooLarge");
	cJSON_AddStringToObject(cause, "message", "Too large resource version");
	cJSON_AddItemToArray(cJSON_AddArrayToObject(details, "causes"), cause);
	cJSON_AddNumberToObject(details, "retryAfterSeconds", 1);
	return ks_fail_details(r, 504, "Timeout",
		ks_printf(r, "Timeout: Too large resource version: %lld, current: %lld",
			(long long)version, (long long)now),
		details);
}

/* *version is the newest, and becomes what is asked for. False: it has answered. */
static bool read_moment(struct ks_req *r, size_t limit, bool goes_on, int64_t *version)
{
	const char *text = ks_query(r, "resourceVersion"), *match;
	int64_t now = *version, wanted = 0;
	bool exact;

	if (!text || !mok_parse_i64(text, &wanted) || wanted <= 0)
		return true;
	if (goes_on)
		return ks_bad_request(
			r, "specifying resource version is not allowed when using continue");
	match = ks_query(r, "resourceVersionMatch");
	match = match ? match : "";
	/* A page of a version has always been of exactly that one. */
	exact = strcmp(match, "Exact") == 0 || (!*match && limit);
	if (wanted > now)
		return too_large(r, wanted, now);
	*version = exact ? wanted : now;
	return true;
}

/* A page begun too long ago may go on with what there is now. */
static void tell_expired(struct ks_req *r, const struct mok_apiserver_key *after)
{
	static const char begun[] =
		"The provided continue parameter is too old to display a consistent list result. "
		"You can start a new list without the continue parameter, or use the continue "
		"token in this response to retrieve the remainder of the results. Continuing with "
		"the provided token results in an inconsistent list - objects that were created, "
		"modified, or deleted between the time the first chunk was returned and now may "
		"show up in the list.";
	cJSON *status;

	if (!after) {
		ks_fail(r, 410, "Expired", "The resourceVersion for the provided list is too old.");
		return;
	}
	status = ks_own(r, mok_apiserver_failure(410, "Expired", begun, NULL));
	ks_set_str(mok_json_object(status, "metadata"), "continue", make_continue(r, after, -1));
	ks_reply(r, 410, status);
}

void ks_list(struct ks_req *r)
{
	struct page page = { .r = r, .limit = read_limit(r) };
	struct mok_apiserver_key after, *from;
	int64_t now = r->store->version(r->store->self, false), version = now;

	if (ks_query_true(r, "watch")) {
		ks_watch(r);
		return;
	}
	from = read_continue(r, &after, &version) ? &after : NULL;
	version = version < 0 ? now : version;
	if (r->answered || !read_moment(r, page.limit, from, &version) ||
		!ks_selection_read(r, &page.selection) || (ks_wants_table(r) && !ks_can_include(r)))
		return;
	page.items = cJSON_CreateArray();
	if (version >= now)
		r->store->list(r->store->self, r->resource->stored, *r->ns ? r->ns : NULL, from,
			take_item, &page);
	else if (!ks_list_at(r, version, from, take_item, &page)) {
		cJSON_Delete(page.items);
		tell_expired(r, from);
		return;
	}
	reply_list(r, &page, version);
}
