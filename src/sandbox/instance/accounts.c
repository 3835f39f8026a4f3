/* Accounts, and what an account has that knows nobody. Shapes:
 * https://docs.joinmastodon.org/methods/accounts/ and the methods' own pages. */
#include "instance.h"

#include <string.h>
#include <strings.h>

static void refuse(struct si_visit *v)
{
	si_error(v, 404, "Record not found");
}

/* Who is not signed in may be refused all of the API. */
static bool is_shut(struct si_visit *v)
{
	if (!v->pod->site.no_anonymous_api || v->account_id)
		return false;
	si_error(v, 401, "This API requires an authenticated user");
	return true;
}

/* The account of the path; false: it has answered. */
static bool account_of_path(struct si_visit *v, struct si_account *out)
{
	int64_t id;

	if (is_shut(v))
		return false;
	*out = mok_parse_i64(v->params[0], &id) ? si_account_by_id(v->ctx, v->db, id)
						: (struct si_account){ 0 };
	if (!out->id)
		refuse(v);
	return out->id != 0;
}

static void get_account(struct si_visit *v)
{
	struct si_account account;

	if (account_of_path(v, &account))
		si_json(v, 200, si_account_json(v, &account));
}

static void get_statuses(struct si_visit *v)
{
	struct si_account account;

	if (account_of_path(v, &account))
		si_statuses_of(v, account.id);
}

static void get_nobody(struct si_visit *v)
{
	struct si_account account;

	if (account_of_path(v, &account))
		si_json(v, 200, cJSON_CreateArray());
}

/* "name", or "name@domain" of one of the site's own domains; id 0: nobody's. */
static struct si_account account_named(struct si_visit *v, const char *text)
{
	const struct si_site *site = &v->pod->site;
	const char *name = *text == '@' ? text + 1 : text, *at = strchr(name, '@');

	if (at && strcasecmp(at + 1, site->local_domain) != 0 &&
		strcasecmp(at + 1, site->web_domain) != 0)
		return (struct si_account){ 0 };
	return si_account_by_name(v->ctx, v->db,
		at ? mok_arena_strndup(v->ctx->arena, name, (size_t)(at - name)) : name);
}

static void lookup(struct si_visit *v)
{
	const char *acct = si_param(v, "acct");
	const struct si_account account = acct ? account_named(v, acct) : (struct si_account){ 0 };

	if (is_shut(v))
		return;
	if (account.id)
		si_json(v, 200, si_account_json(v, &account));
	else
		refuse(v);
}

static void add_relationship(struct si_visit *v, cJSON *to, const char *id)
{
	static const char *const flags[] = { "following", "showing_reblogs", "notifying",
		"followed_by", "blocking", "blocked_by", "muting", "muting_notifications",
		"requested", "requested_by", "domain_blocking", "endorsed" };
	cJSON *json;
	int64_t number;

	if (!mok_parse_i64(id, &number) || !si_account_by_id(v->ctx, v->db, number).id)
		return;
	json = cJSON_CreateObject();
	sb_set_str(json, "id", id);
	for (size_t i = 0; i < MOK_COUNT(flags); i++)
		sb_set_bool(json, flags[i], false);
	sb_set_str(json, "languages", NULL);
	sb_set_str(json, "note", "");
	cJSON_AddItemToArray(to, json);
}

static void relationships(struct si_visit *v)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *ids = sb_get(v->in, "id"), *one;

	if (cJSON_IsString(ids))
		add_relationship(v, list, ids->valuestring);
	cJSON_ArrayForEach(one, ids) if (cJSON_IsString(one))
		add_relationship(v, list, one->valuestring);
	si_json(v, 200, list);
}

/* Accounts of this server by their names; posts are not indexed, and tags are not kept. */
static void search(struct si_visit *v)
{
	const char *query = si_param(v, "q"), *type = si_param(v, "type");
	const struct si_account account = query && (!type || mok_streq(type, "accounts"))
		? account_named(v, query)
		: (struct si_account){ 0 };
	cJSON *json = cJSON_CreateObject(), *accounts = cJSON_AddArrayToObject(json, "accounts");

	if (account.id)
		cJSON_AddItemToArray(accounts, si_account_json(v, &account));
	cJSON_AddArrayToObject(json, "statuses");
	cJSON_AddArrayToObject(json, "hashtags");
	si_json(v, 200, json);
}

static void preferences(struct si_visit *v)
{
	cJSON *json = cJSON_CreateObject();

	sb_set_str(json, "posting:default:visibility", "public");
	sb_set_bool(json, "posting:default:sensitive", false);
	sb_set_str(json, "posting:default:language", NULL);
	sb_set_str(json, "posting:default:quote_policy", "public");
	sb_set_str(json, "reading:expand:media", "default");
	sb_set_bool(json, "reading:expand:spoilers", false);
	sb_set_bool(json, "reading:autoplay:gifs", false);
	si_json(v, 200, json);
}

/* Nobody else is here and nothing federates, so nothing is in these lists. */
static void nothing(struct si_visit *v)
{
	if (!is_shut(v))
		si_json(v, 200, cJSON_CreateArray());
}

static void no_markers(struct si_visit *v)
{
	si_json(v, 200, cJSON_CreateObject());
}

static void none_unread(struct si_visit *v)
{
	cJSON *json = cJSON_CreateObject();

	sb_set_int(json, "count", 0);
	si_json(v, 200, json);
}

/* What has fixed names stands before what has an id in its place. */
const struct si_page si_account_pages[] = {
	{ "GET", "/api/v1/accounts/lookup", SI_TABLES, lookup, NULL },
	{ "GET", "/api/v1/accounts/relationships", SI_TABLES, relationships, "read:follows" },
	{ "GET", "/api/v1/accounts/{id}", SI_TABLES, get_account, NULL },
	{ "GET", "/api/v1/accounts/{id}/statuses", SI_TABLES, get_statuses, NULL },
	{ "GET", "/api/v1/accounts/{id}/followers", SI_TABLES, get_nobody, NULL },
	{ "GET", "/api/v1/accounts/{id}/following", SI_TABLES, get_nobody, NULL },
	{ "GET", "/api/v2/search", SI_TABLES, search, "read:search" },
	{ "GET", "/api/v1/preferences", SI_TABLES, preferences, "read:accounts" },
	{ "GET", "/api/v1/markers", SI_TABLES, no_markers, "read:statuses" },
	{ "GET", "/api/v1/notifications", SI_TABLES, nothing, "read:notifications" },
	{ "GET", "/api/v1/notifications/unread_count", SI_TABLES, none_unread,
		"read:notifications" },
	{ "GET", "/api/v1/bookmarks", SI_TABLES, nothing, "read:bookmarks" },
	{ "GET", "/api/v1/favourites", SI_TABLES, nothing, "read:favourites" },
	{ "GET", "/api/v1/conversations", SI_TABLES, nothing, "read:statuses" },
	{ "GET", "/api/v1/lists", SI_TABLES, nothing, "read:lists" },
	{ "GET", "/api/v1/filters", SI_TABLES, nothing, "read:filters" },
	{ "GET", "/api/v2/filters", SI_TABLES, nothing, "read:filters" },
	{ "GET", "/api/v1/follow_requests", SI_TABLES, nothing, "read:follows" },
	{ "GET", "/api/v1/followed_tags", SI_TABLES, nothing, "read:follows" },
	{ "GET", "/api/v1/blocks", SI_TABLES, nothing, "read:blocks" },
	{ "GET", "/api/v1/mutes", SI_TABLES, nothing, "read:mutes" },
	{ "GET", "/api/v1/announcements", SI_TABLES, nothing, "read" },
	{ "GET", "/api/v1/custom_emojis", SI_TABLES, nothing, NULL },
	{ "GET", "/api/v1/instance/rules", SI_TABLES, nothing, NULL },
	{ "GET", "/api/v1/instance/peers", SI_TABLES, nothing, NULL },
	{ 0 },
};
