/* Posts and timelines. https://docs.joinmastodon.org/methods/statuses/ and .../timelines/ */
#include "instance.h"

#include <string.h>

enum { CHARACTERS_MAX = 500, PAGE = 20, PAGE_MAX = 40, ANCESTORS_MAX = 40, DESCENDANTS_MAX = 60 };
#define KEY_MS SB_HOUR_MS /* an Idempotency-Key is remembered for so long */

struct status {
	int64_t id, account, app, created_ms, reply_to;
	const char *text, *spoiler, *visibility, *language;
	bool sensitive;
};

#define COLUMNS \
	"id, account, app, created_ms, text, spoiler, visibility, language, sensitive, reply_to"

static void read_row(struct sb_ctx *ctx, sqlite3_stmt *stmt, struct status *out)
{
	*out = (struct status){ .id = sqlite3_column_int64(stmt, 0),
		.account = sqlite3_column_int64(stmt, 1),
		.app = sqlite3_column_int64(stmt, 2),
		.created_ms = sqlite3_column_int64(stmt, 3),
		.text = sb_sql_text(ctx, stmt, 4),
		.spoiler = sb_sql_text(ctx, stmt, 5),
		.visibility = sb_sql_text(ctx, stmt, 6),
		.language = sqlite3_column_type(stmt, 7) == SQLITE_NULL ? NULL
									: sb_sql_text(ctx, stmt, 7),
		.sensitive = sqlite3_column_int(stmt, 8) != 0,
		.reply_to = sqlite3_column_int64(stmt, 9) };
}

static bool find_status(struct si_visit *v, int64_t id, struct status *out)
{
	sqlite3_stmt *stmt = sb_sql(v->ctx,
		"SELECT " COLUMNS " FROM instance_status WHERE db = ? AND id = ?", "si", v->db, id);

	if (!sb_sql_row(v->ctx, stmt))
		return false;
	read_row(v->ctx, stmt, out);
	sb_sql_done(v->ctx, stmt);
	return true;
}

static bool may_read(const struct si_visit *v, const struct status *s)
{
	return mok_streq(s->visibility, "public") || mok_streq(s->visibility, "unlisted") ||
		s->account == v->account_id;
}

/* The post of the path, if who asks may see it; false: it has answered 404. */
static bool status_of_path(struct si_visit *v, struct status *out)
{
	int64_t id;

	if (mok_parse_i64(v->params[0], &id) && find_status(v, id, out) && may_read(v, out))
		return true;
	si_error(v, 404, "Record not found");
	return false;
}

/* ---- JSON ---- */

/* A blank line ends a paragraph, a single end a line. */
static const char *content_of(struct si_visit *v, const char *text)
{
	const char *p = si_escape(v->ctx, text), *out;
	struct mok_buf html;

	mok_buf_init(&html, (size_t)1 << 20);
	mok_buf_puts(&html, "<p>");
	for (; *p; p++) {
		if (*p == '\r')
			continue;
		if (*p != '\n') {
			mok_buf_putc(&html, *p);
		} else if (p[1] == '\n') {
			mok_buf_puts(&html, "</p><p>");
			p++;
		} else {
			mok_buf_puts(&html, "<br />");
		}
	}
	mok_buf_puts(&html, "</p>");
	out = mok_arena_strdup(v->ctx->arena, html.data);
	mok_buf_release(&html);
	return out;
}

static const char *id_text(struct si_visit *v, int64_t id)
{
	return id ? mok_arena_printf(v->ctx->arena, "%lld", (long long)id) : NULL;
}

static int64_t replies(struct si_visit *v, int64_t id)
{
	sqlite3_stmt *stmt = sb_sql(v->ctx,
		"SELECT count(*) FROM instance_status WHERE db = ? AND reply_to = ? AND reply_to > "
		"0",
		"si", v->db, id);
	int64_t n = 0;

	if (sb_sql_row(v->ctx, stmt)) {
		n = sqlite3_column_int64(stmt, 0);
		sb_sql_done(v->ctx, stmt);
	}
	return n;
}

static void add_application(struct si_visit *v, cJSON *json, int64_t app)
{
	const char *website, *name = si_app_name(v, app, &website);
	cJSON *application = cJSON_CreateObject();

	sb_set_str(application, "name", name ? name : "Web");
	sb_set_str(application, "website", website);
	mok_json_set(json, "application", application);
}

static void add_flags(struct si_visit *v, cJSON *json)
{
	static const char *const own[] = { "favourited", "reblogged", "muted", "bookmarked",
		"pinned" };

	for (size_t i = 0; v->account_id && i < MOK_COUNT(own); i++)
		sb_set_bool(json, own[i], false);
	if (v->account_id)
		cJSON_AddArrayToObject(json, "filtered");
}

static void add_addresses(
	struct si_visit *v, cJSON *json, const struct si_account *account, int64_t id)
{
	struct mok_arena *arena = v->ctx->arena;

	sb_set_str(json, "uri",
		mok_arena_printf(arena, "%s/ap/users/%lld/statuses/%lld", v->base,
			(long long)account->id, (long long)id));
	sb_set_str(json, "url",
		mok_arena_printf(arena, "%s/@%s/%lld", v->base, account->username, (long long)id));
}

static cJSON *status_json(struct si_visit *v, const struct status *s)
{
	static const char *const lists[] = { "media_attachments", "mentions", "tags", "emojis" };
	static const char *const nothing[] = { "reblog", "card", "poll", "quote" };
	static const char *const zeros[] = { "reblogs_count", "favourites_count", "quotes_count" };
	const struct si_account account = si_account_by_id(v->ctx, v->db, s->account);
	struct status parent = { 0 };
	cJSON *json = cJSON_CreateObject();

	sb_set_str(json, "id", id_text(v, s->id));
	sb_set_str(json, "created_at", si_time(v->ctx, s->created_ms));
	sb_set_str(json, "in_reply_to_id", id_text(v, s->reply_to));
	if (s->reply_to && !find_status(v, s->reply_to, &parent))
		parent.account = 0;
	sb_set_str(json, "in_reply_to_account_id", id_text(v, parent.account));
	sb_set_bool(json, "sensitive", s->sensitive);
	sb_set_str(json, "spoiler_text", s->spoiler);
	sb_set_str(json, "visibility", s->visibility);
	sb_set_str(json, "language", s->language);
	add_addresses(v, json, &account, s->id);
	sb_set_int(json, "replies_count", replies(v, s->id));
	for (size_t i = 0; i < MOK_COUNT(zeros); i++)
		sb_set_int(json, zeros[i], 0);
	sb_set_str(json, "edited_at", NULL);
	sb_set_str(json, "content", content_of(v, s->text));
	add_flags(v, json);
	for (size_t i = 0; i < MOK_COUNT(nothing); i++)
		sb_set_str(json, nothing[i], NULL);
	add_application(v, json, s->app);
	mok_json_set(json, "account", si_account_json(v, &account));
	for (size_t i = 0; i < MOK_COUNT(lists); i++)
		cJSON_AddArrayToObject(json, lists[i]);
	return json;
}

/* ---- posting ---- */

static bool is_known_visibility(const char *word)
{
	static const char *const known[] = { "public", "unlisted", "private", "direct" };

	for (size_t i = 0; i < MOK_COUNT(known); i++)
		if (strcmp(known[i], word) == 0)
			return true;
	return false;
}

/* NULL: it may be posted. */
static const char *refusal(struct si_visit *v, const struct status *s)
{
	struct status parent;

	if (!*s->text)
		return "Validation failed: Text can't be blank";
	if (mok_utf8_count(s->text, strlen(s->text)) +
			mok_utf8_count(s->spoiler, strlen(s->spoiler)) >
		CHARACTERS_MAX)
		return "Validation failed: Text character limit of 500 exceeded";
	if (!is_known_visibility(s->visibility))
		return "Validation failed: Visibility is not included in the list";
	if (sb_get(v->in, "media_ids") || sb_get(v->in, "poll") || sb_get(v->in, "scheduled_at"))
		return "Validation failed: the sandbox has no media, polls and scheduled posts";
	if (s->reply_to && !find_status(v, s->reply_to, &parent))
		return "The post you are trying to reply to does not appear to exist.";
	return NULL;
}

/* What this key has posted within the hour. */
static bool posted_before(struct si_visit *v, const char *key, struct status *out)
{
	sqlite3_stmt *stmt;

	if (!*key)
		return false;
	stmt = sb_sql(v->ctx,
		"SELECT " COLUMNS " FROM instance_status WHERE db = ? AND account = ?"
		" AND idempotency = ? AND idempotency <> '' AND created_ms > ?",
		"sisi", v->db, v->account_id, key, v->ctx->now_ms - KEY_MS);
	if (!sb_sql_row(v->ctx, stmt))
		return false;
	read_row(v->ctx, stmt, out);
	sb_sql_done(v->ctx, stmt);
	return true;
}

static void insert(struct si_visit *v, const struct status *s, const char *key)
{
	sb_sql_run(v->ctx,
		"INSERT INTO instance_status(db, id, account, app, created_ms, text, spoiler,"
		" visibility, language, sensitive, reply_to, idempotency)"
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"siiiissssiis", v->db, s->id, s->account, s->app, s->created_ms, s->text,
		s->spoiler, s->visibility, s->language, (int64_t)s->sensitive, s->reply_to, key);
}

static void post_status(struct si_visit *v)
{
	const char *text = si_param(v, "status"), *spoiler = si_param(v, "spoiler_text");
	const char *visibility = si_param(v, "visibility"), *why;
	const char *reply = si_param(v, "in_reply_to_id");
	const char *key = sb_request_header(v->ctx, "idempotency-key");
	struct status s = { .id = si_snowflake(v->ctx),
		.account = v->account_id,
		.app = v->app_id,
		.created_ms = v->ctx->now_ms,
		.text = text ? text : "",
		.spoiler = spoiler ? spoiler : "",
		.visibility = visibility ? visibility : "public",
		.language = si_param(v, "language"),
		.sensitive = si_param_true(v, "sensitive") || spoiler };

	key = key ? key : "";
	if (reply && !mok_parse_i64(reply, &s.reply_to))
		s.reply_to = -1;
	why = refusal(v, &s);
	if (why) {
		si_error(v, mok_starts(why, "The post") ? 404 : 422, why);
		return;
	}
	if (!posted_before(v, key, &s)) {
		struct status other;

		while (find_status(v, s.id, &other))
			s.id++;
		insert(v, &s, key);
	}
	si_json(v, 200, status_json(v, &s));
}

static void get_status(struct si_visit *v)
{
	struct status s;

	if (status_of_path(v, &s))
		si_json(v, 200, status_json(v, &s));
}

/* What it answers, the oldest first. */
static cJSON *ancestors(struct si_visit *v, int64_t id)
{
	cJSON *list = cJSON_CreateArray();
	struct status s;

	for (int n = 0; n < ANCESTORS_MAX && id && find_status(v, id, &s); n++) {
		if (may_read(v, &s))
			cJSON_InsertItemInArray(list, 0, status_json(v, &s));
		id = s.reply_to;
	}
	return list;
}

/* What answers it and its answers. */
static cJSON *descendants(struct si_visit *v, int64_t id)
{
	sqlite3_stmt *stmt = sb_sql(v->ctx,
		"WITH RECURSIVE thread(id) AS (SELECT id FROM instance_status WHERE db = ?1 AND"
		" reply_to = ?2 UNION SELECT s.id FROM instance_status s JOIN thread ON s.db = ?1"
		" AND s.reply_to = thread.id) SELECT " COLUMNS " FROM instance_status WHERE"
		" db = ?1 AND id IN thread ORDER BY id LIMIT ?3",
		"sii", v->db, id, (int64_t)DESCENDANTS_MAX);
	cJSON *list = cJSON_CreateArray();
	struct status s;

	while (sb_sql_row(v->ctx, stmt)) {
		read_row(v->ctx, stmt, &s);
		if (may_read(v, &s))
			cJSON_AddItemToArray(list, status_json(v, &s));
	}
	return list;
}

static void get_context(struct si_visit *v)
{
	struct status s;
	cJSON *json;

	if (!status_of_path(v, &s))
		return;
	json = cJSON_CreateObject();
	mok_json_set(json, "ancestors", ancestors(v, s.reply_to));
	mok_json_set(json, "descendants", descendants(v, s.id));
	si_json(v, 200, json);
}

/* The answer has the source, for who wants to write it anew. */
static void delete_status(struct si_visit *v)
{
	struct status s;
	cJSON *json;

	if (!status_of_path(v, &s))
		return;
	if (s.account != v->account_id) {
		si_error(v, 404, "Record not found");
		return;
	}
	json = status_json(v, &s);
	sb_set_str(json, "text", s.text);
	sb_sql_run(
		v->ctx, "DELETE FROM instance_status WHERE db = ? AND id = ?", "si", v->db, s.id);
	si_json(v, 200, json);
}

/* ---- timelines ---- */

static int64_t bound(struct si_visit *v, const char *name, int64_t fallback)
{
	const char *text = si_param(v, name);
	int64_t n;

	return text && mok_parse_i64(text, &n) ? n : fallback;
}

static void add_links(struct si_visit *v, const cJSON *list, int64_t limit)
{
	int n = cJSON_GetArraySize(list);
	const char *first, *last;

	if (n == 0)
		return;
	first = sb_get_str(cJSON_GetArrayItem(list, 0), "id");
	last = sb_get_str(cJSON_GetArrayItem(list, n - 1), "id");
	sb_header(v->ctx, "link",
		mok_arena_printf(v->ctx->arena,
			"<%s%s?limit=%lld&max_id=%s>; rel=\"next\", "
			"<%s%s?limit=%lld&min_id=%s>; rel=\"prev\"",
			v->base, v->ctx->path, (long long)limit, last, v->base, v->ctx->path,
			(long long)limit, first));
}

#define TIMELINE(which) \
	{ \
		"SELECT " COLUMNS " FROM instance_status WHERE db = ?1 AND " which " AND id < ?3" \
		" AND id > ?4 ORDER BY id DESC LIMIT ?5", \
			"SELECT " COLUMNS " FROM instance_status WHERE db = ?1 AND " which \
			" AND id < ?3" \
			" AND id > ?4 ORDER BY id LIMIT ?5" \
	}

enum timeline {
	ALL_OF_ACCOUNT,
	OPEN_OF_ACCOUNT, /* what everybody may see of it */
	PUBLIC,
};

/* Each: the newest first, and with min_id those right after it. */
static const char *const timelines[][2] = {
	[ALL_OF_ACCOUNT] = TIMELINE("account = ?2"),
	[OPEN_OF_ACCOUNT] = TIMELINE("account = ?2 AND visibility IN ('public', 'unlisted')"),
	[PUBLIC] = TIMELINE("?2 >= 0 AND visibility = 'public'"),
};

static void reply_timeline(struct si_visit *v, enum timeline which, int64_t account)
{
	int64_t limit = bound(v, "limit", PAGE), min_id = bound(v, "min_id", 0);
	int64_t since_id = min_id ? min_id : bound(v, "since_id", 0);
	cJSON *list = cJSON_CreateArray();
	struct status s;
	sqlite3_stmt *stmt;

	limit = limit < 1 ? 1 : limit > PAGE_MAX ? PAGE_MAX : limit;
	stmt = sb_sql(v->ctx, timelines[which][min_id > 0], "siiii", v->db, account,
		bound(v, "max_id", INT64_MAX), since_id, limit);
	while (sb_sql_row(v->ctx, stmt)) {
		read_row(v->ctx, stmt, &s);
		cJSON_InsertItemInArray(list, min_id > 0 ? 0 : PAGE_MAX, status_json(v, &s));
	}
	add_links(v, list, limit);
	si_json(v, 200, list);
}

/* Nothing is pinned, and nothing has media. */
void si_statuses_of(struct si_visit *v, int64_t account)
{
	if (si_param_true(v, "pinned") || si_param_true(v, "only_media"))
		si_json(v, 200, cJSON_CreateArray());
	else
		reply_timeline(
			v, account == v->account_id ? ALL_OF_ACCOUNT : OPEN_OF_ACCOUNT, account);
}

static void home(struct si_visit *v)
{
	reply_timeline(v, ALL_OF_ACCOUNT, v->account_id);
}

/* Nothing federates: what is only for remote posts is empty. */
static void public_timeline(struct si_visit *v)
{
	if (v->pod->site.no_anonymous_api && !v->account_id)
		si_error(v, 401, "This API requires an authenticated user");
	else if (si_param_true(v, "remote") || si_param_true(v, "only_media"))
		si_json(v, 200, cJSON_CreateArray());
	else
		reply_timeline(v, PUBLIC, 0);
}

const struct si_page si_status_pages[] = {
	{ "POST", "/api/v1/statuses", SI_TABLES, post_status, "write:statuses" },
	{ "GET", "/api/v1/statuses/{id}", SI_TABLES, get_status, NULL },
	{ "GET", "/api/v1/statuses/{id}/context", SI_TABLES, get_context, NULL },
	{ "DELETE", "/api/v1/statuses/{id}", SI_TABLES, delete_status, "write:statuses" },
	{ "GET", "/api/v1/timelines/home", SI_TABLES, home, "read:statuses" },
	{ "GET", "/api/v1/timelines/public", SI_TABLES, public_timeline, NULL },
	{ 0 },
};
