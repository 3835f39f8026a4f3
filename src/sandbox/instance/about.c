/* What an instance says about itself. Shapes: https://docs.joinmastodon.org/entities/Instance/ */
#include "instance.h"

#include <string.h>
#include <strings.h>

#define SOURCE_URL "https://github.com/mastodon/mastodon"

static const char *on_site(struct si_visit *v, const char *path)
{
	return mok_arena_printf(v->ctx->arena, "%s%s", v->base, path);
}

/* ---- /api/v2/instance ---- */

struct number {
	const char *group, *name;
	int64_t value;
};

/* What Mastodon's code has as constants. */
static const struct number limits[] = {
	{ "accounts", "max_note_length", 500 },
	{ "accounts", "max_featured_tags", 10 },
	{ "accounts", "max_pinned_statuses", 5 },
	{ "accounts", "max_profile_fields", 4 },
	{ "accounts", "profile_field_name_limit", 255 },
	{ "accounts", "profile_field_value_limit", 255 },
	{ "statuses", "max_characters", 500 },
	{ "statuses", "max_media_attachments", 4 },
	{ "statuses", "characters_reserved_per_url", 23 },
	{ "media_attachments", "description_limit", 1500 },
	{ "media_attachments", "image_matrix_limit", 33177600 },
	{ "media_attachments", "image_size_limit", 16777216 },
	{ "media_attachments", "video_frame_rate_limit", 120 },
	{ "media_attachments", "video_matrix_limit", 8294400 },
	{ "media_attachments", "video_size_limit", 103809024 },
	{ "polls", "max_options", 4 },
	{ "polls", "max_characters_per_option", 50 },
	{ "polls", "min_expiration", 300 },
	{ "polls", "max_expiration", 2629746 },
};

static void add_limits(cJSON *to)
{
	static const char *const types[] = { "image/jpeg", "image/png", "image/gif", "image/webp",
		"video/mp4", "video/webm", "audio/mpeg", "audio/ogg" };

	for (size_t i = 0; i < MOK_COUNT(limits); i++)
		sb_set_int(mok_json_object(to, limits[i].group), limits[i].name, limits[i].value);
	mok_json_set(mok_json_object(to, "media_attachments"), "supported_mime_types",
		cJSON_CreateStringArray(types, (int)MOK_COUNT(types)));
}

static cJSON *access_view(void)
{
	static const char *const feeds[] = { "live_feeds", "hashtag_feeds", "trending_link_feeds" };
	cJSON *access = cJSON_CreateObject();

	for (size_t i = 0; i < MOK_COUNT(feeds); i++) {
		sb_set_str(mok_json_object(access, feeds[i]), "local", "public");
		sb_set_str(mok_json_object(access, feeds[i]), "remote", "public");
	}
	return access;
}

static cJSON *configuration(struct si_visit *v)
{
	const struct si_site *site = &v->pod->site;
	cJSON *json = cJSON_CreateObject(), *urls = mok_json_object(json, "urls");

	sb_set_str(urls, "streaming", site->streaming_url);
	sb_set_str(urls, "status", NULL);
	sb_set_str(urls, "about", on_site(v, "/about"));
	sb_set_str(urls, "privacy_policy", on_site(v, "/privacy-policy"));
	sb_set_str(urls, "terms_of_service", NULL);
	sb_set_str(mok_json_object(json, "vapid"), "public_key", site->vapid_key);
	add_limits(json);
	sb_set_bool(mok_json_object(json, "translation"), "enabled", false);
	mok_json_set(json, "timelines_access", access_view());
	sb_set_bool(json, "limited_federation", site->limited_federation);
	return json;
}

static cJSON *icons(struct si_visit *v)
{
	static const int sizes[] = { 36, 48, 72, 96, 144, 192, 256, 384, 512 };
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < MOK_COUNT(sizes); i++) {
		const char *size = mok_arena_printf(v->ctx->arena, "%dx%d", sizes[i], sizes[i]);
		cJSON *icon = cJSON_CreateObject();

		sb_set_str(icon, "src",
			mok_arena_printf(v->ctx->arena, "%s/packs/icons/android-chrome-%s.png",
				v->base, size));
		sb_set_str(icon, "size", size);
		cJSON_AddItemToArray(list, icon);
	}
	return list;
}

static cJSON *registrations(void)
{
	cJSON *json = cJSON_CreateObject();

	sb_set_bool(json, "enabled", false);
	sb_set_bool(json, "approval_required", false);
	sb_set_bool(json, "reason_required", false);
	sb_set_str(json, "message", NULL);
	sb_set_str(json, "min_age", NULL);
	sb_set_str(json, "url", NULL);
	return json;
}

/* The number that goes with a minor version; nothing newer is published. */
static int64_t api_version(const char *version)
{
	return si_minor_cmp(version, "4.6") >= 0    ? 10
		: si_minor_cmp(version, "4.5") >= 0 ? 7
		: si_minor_cmp(version, "4.4") >= 0 ? 6
						    : 2;
}

static cJSON *contact(struct si_visit *v)
{
	const struct si_account owner = si_account_first(v->ctx, v->db);
	cJSON *json = cJSON_CreateObject();

	sb_set_str(json, "email", owner.id ? owner.email : "");
	mok_json_set(json, "account", owner.id ? si_account_json(v, &owner) : cJSON_CreateNull());
	return json;
}

static void instance_v2(struct si_visit *v)
{
	cJSON *json = cJSON_CreateObject(), *usage = cJSON_CreateObject();
	static const char *const languages[] = { "en" };

	sb_set_str(json, "domain", v->pod->site.local_domain);
	sb_set_str(json, "title", "Mastodon");
	sb_set_str(json, "version", v->pod->version);
	sb_set_str(json, "source_url", SOURCE_URL);
	sb_set_str(json, "description", "");
	sb_set_int(mok_json_object(usage, "users"), "active_month",
		si_account_first(v->ctx, v->db).id != 0);
	mok_json_set(json, "usage", usage);
	sb_set_str(
		mok_json_object(json, "thumbnail"), "url", on_site(v, "/packs/images/preview.png"));
	mok_json_set(json, "icon", icons(v));
	mok_json_set(json, "languages", cJSON_CreateStringArray(languages, 1));
	mok_json_set(json, "configuration", configuration(v));
	mok_json_set(json, "registrations", registrations());
	sb_set_int(mok_json_object(json, "api_versions"), "mastodon", api_version(v->pod->version));
	if (si_minor_cmp(v->pod->version, "4.6") >= 0)
		sb_set_str(json, "wrapstodon", NULL);
	mok_json_set(json, "contact", contact(v));
	cJSON_AddArrayToObject(json, "rules");
	si_json(v, 200, json);
}

/* ---- /api/v1/instance, which clients still ask for ---- */

static int64_t count_of(struct si_visit *v, const char *sql)
{
	sqlite3_stmt *stmt = sb_sql(v->ctx, sql, "s", v->db);
	int64_t n = 0;

	if (sb_sql_row(v->ctx, stmt)) {
		n = sqlite3_column_int64(stmt, 0);
		sb_sql_done(v->ctx, stmt);
	}
	return n;
}

static int64_t users(struct si_visit *v)
{
	return count_of(v, "SELECT count(*) FROM instance_account WHERE db = ?");
}

static int64_t statuses(struct si_visit *v)
{
	return count_of(v, "SELECT count(*) FROM instance_status WHERE db = ?");
}

static void instance_v1(struct si_visit *v)
{
	static const char *const languages[] = { "en" };
	const struct si_account owner = si_account_first(v->ctx, v->db);
	cJSON *json = cJSON_CreateObject(), *stats = cJSON_CreateObject();

	sb_set_str(json, "uri", v->pod->site.local_domain);
	sb_set_str(json, "title", "Mastodon");
	sb_set_str(json, "short_description", "");
	sb_set_str(json, "description", "");
	sb_set_str(json, "email", owner.id ? owner.email : "");
	sb_set_str(json, "version", v->pod->version);
	sb_set_str(mok_json_object(json, "urls"), "streaming_api", v->pod->site.streaming_url);
	sb_set_int(stats, "user_count", users(v));
	sb_set_int(stats, "status_count", statuses(v));
	sb_set_int(stats, "domain_count", 0);
	mok_json_set(json, "stats", stats);
	sb_set_str(json, "thumbnail", on_site(v, "/packs/images/preview.png"));
	mok_json_set(json, "languages", cJSON_CreateStringArray(languages, 1));
	sb_set_bool(json, "registrations", false);
	sb_set_bool(json, "approval_required", false);
	sb_set_bool(json, "invites_enabled", true);
	mok_json_set(json, "configuration", cJSON_CreateObject());
	add_limits(mok_json_object(json, "configuration"));
	mok_json_set(json, "contact_account",
		owner.id ? si_account_json(v, &owner) : cJSON_CreateNull());
	cJSON_AddArrayToObject(json, "rules");
	si_json(v, 200, json);
}

/* ---- other servers ---- */

static void add_link(
	cJSON *list, const char *rel, const char *type, const char *key, const char *value)
{
	cJSON *link = cJSON_CreateObject();

	sb_set_str(link, "rel", rel);
	if (type)
		sb_set_str(link, "type", type);
	sb_set_str(link, key, value);
	cJSON_AddItemToArray(list, link);
}

static void send_typed(struct si_visit *v, const char *type, cJSON *json)
{
	char *text = cJSON_PrintUnformatted(json);

	sb_header(v->ctx, "access-control-allow-origin", "*");
	sb_reply_bytes(v->ctx, 200, type, text, strlen(text));
	cJSON_free(text);
	cJSON_Delete(json);
}

/* "acct:name@domain", for both domains. */
static struct si_account account_of(struct si_visit *v, const char *resource)
{
	const struct si_site *site = &v->pod->site;
	const char *name = mok_starts(resource, "acct:") ? resource + 5 : resource;
	const char *at = strchr(name, '@');

	if (!at ||
		(strcasecmp(at + 1, site->local_domain) != 0 &&
			strcasecmp(at + 1, site->web_domain) != 0))
		return (struct si_account){ 0 };
	return si_account_by_name(
		v->ctx, v->db, mok_arena_strndup(v->ctx->arena, name, (size_t)(at - name)));
}

static void webfinger(struct si_visit *v)
{
	const char *resource = si_param(v, "resource"), *page, *self;
	const struct si_account account =
		resource ? account_of(v, resource) : (struct si_account){ 0 };
	cJSON *json, *links, *aliases;

	if (!account.id) {
		sb_reply_empty(v->ctx, resource ? 404 : 400);
		return;
	}
	page = mok_arena_printf(v->ctx->arena, "%s/@%s", v->base, account.username);
	self = mok_arena_printf(v->ctx->arena, "%s/ap/users/%lld", v->base, (long long)account.id);
	json = cJSON_CreateObject();
	sb_set_str(json, "subject",
		mok_arena_printf(
			v->ctx->arena, "acct:%s@%s", account.username, v->pod->site.local_domain));
	aliases = cJSON_AddArrayToObject(json, "aliases");
	cJSON_AddItemToArray(aliases, cJSON_CreateString(page));
	cJSON_AddItemToArray(aliases, cJSON_CreateString(self));
	links = cJSON_AddArrayToObject(json, "links");
	add_link(links, "http://webfinger.net/rel/profile-page", "text/html", "href", page);
	add_link(links, "self", "application/activity+json", "href", self);
	add_link(links, "http://ostatus.org/schema/1.0/subscribe", NULL, "template",
		on_site(v, "/authorize_interaction?uri={uri}"));
	send_typed(v, "application/jrd+json; charset=utf-8", json);
}

static void well_known_nodeinfo(struct si_visit *v)
{
	cJSON *json = cJSON_CreateObject();

	add_link(cJSON_AddArrayToObject(json, "links"),
		"http://nodeinfo.diaspora.software/ns/schema/2.0", NULL, "href",
		on_site(v, "/nodeinfo/2.0"));
	send_typed(v, "application/json; charset=utf-8", json);
}

static void nodeinfo(struct si_visit *v)
{
	static const char *const protocols[] = { "activitypub" };
	cJSON *json = cJSON_CreateObject(), *software = cJSON_CreateObject(), *usage;

	sb_set_str(json, "version", "2.0");
	sb_set_str(software, "name", "mastodon");
	sb_set_str(software, "version", v->pod->version);
	mok_json_set(json, "software", software);
	mok_json_set(json, "protocols", cJSON_CreateStringArray(protocols, 1));
	cJSON_AddArrayToObject(mok_json_object(json, "services"), "outbound");
	cJSON_AddArrayToObject(mok_json_object(json, "services"), "inbound");
	usage = mok_json_object(json, "usage");
	sb_set_int(mok_json_object(usage, "users"), "total", users(v));
	sb_set_int(mok_json_object(usage, "users"), "activeMonth", users(v));
	sb_set_int(mok_json_object(usage, "users"), "activeHalfyear", users(v));
	sb_set_int(usage, "localPosts", statuses(v));
	sb_set_bool(json, "openRegistrations", false);
	sb_set_str(mok_json_object(json, "metadata"), "nodeName", "Mastodon");
	send_typed(v, "application/json; charset=utf-8", json);
}

/* ---- pages ---- */

static void health(struct si_visit *v)
{
	si_text(v, 200, "OK");
}

static void front_page(struct si_visit *v)
{
	const char *domain = si_escape(v->ctx, v->pod->site.local_domain);

	si_html(v, 200, "Mastodon",
		mok_arena_printf(v->ctx->arena,
			"<h1>%s</h1>\n<p>Mastodon %s, in mok's sandbox: %lld posts.</p>\n"
			"<p><a href=\"/about\">About</a> <a href=\"/auth/sign_in\">Log in</a></p>",
			domain, si_escape(v->ctx, v->pod->version), (long long)statuses(v)));
}

static void about_page(struct si_visit *v)
{
	const struct si_account owner = si_account_first(v->ctx, v->db);

	si_html(v, 200, "About",
		mok_arena_printf(v->ctx->arena, "<h1>About %s</h1>\n<p>Administered by %s.</p>",
			si_escape(v->ctx, v->pod->site.local_domain),
			owner.id ? si_escape(v->ctx,
					   mok_arena_printf(v->ctx->arena, "@%s", owner.username))
				 : "nobody yet"));
}

const struct si_page si_about_pages[] = {
	{ "GET", "/health", SI_NOTHING, health, NULL },
	{ "GET", "/api/v2/instance", SI_DATABASE, instance_v2, NULL },
	{ "GET", "/api/v1/instance", SI_DATABASE, instance_v1, NULL },
	{ "GET", "/.well-known/webfinger", SI_TABLES, webfinger, NULL },
	{ "GET", "/.well-known/nodeinfo", SI_DATABASE, well_known_nodeinfo, NULL },
	{ "GET", "/nodeinfo/2.0", SI_DATABASE, nodeinfo, NULL },
	{ "GET", "/", SI_TABLES, front_page, NULL },
	{ "GET", "/about", SI_TABLES, about_page, NULL },
	{ 0 },
};
