/*
 * Domains and their records. A record's data is stored as it is read back: without the dot at its
 * end. The zone file is made when it is asked for.
 */
#include "core_internal.h"

#include "fields.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DOMAIN_KIND "domain"
#define RECORD_KIND "record"

enum { TTL_DEFAULT = 1800, TTL_MIN = 30, TTL_MAX = 1 << 30 };

/* What a type needs besides name and data; `host`: its data is a name and must end with a dot. */
static const struct record_type {
	const char *type;
	bool host, priority, port, weight, flags, tag;
} types[] = {
	{ "A", false, false, false, false, false, false },
	{ "AAAA", false, false, false, false, false, false },
	{ "CAA", false, false, false, false, true, true },
	{ "CNAME", true, false, false, false, false, false },
	{ "MX", true, true, false, false, false, false },
	{ "NS", true, false, false, false, false, false },
	{ "SRV", true, true, true, true, false, false },
	{ "TXT", false, false, false, false, false, false },
	{ "SOA", false, false, false, false, false, false },
};

static const struct record_type *find_type(const char *type)
{
	for (size_t i = 0; type && i < MOK_COUNT(types); i++)
		if (strcasecmp(types[i].type, type) == 0)
			return &types[i];
	return NULL;
}

static const char *urn_of(struct sb_ctx *ctx, const char *domain)
{
	return mok_arena_printf(ctx->arena, "do:domain:%s", domain);
}

/* ---- records ---- */

static cJSON *record_view(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	static const char *const numbers[] = { "priority", "port", "ttl", "weight", "flags" };
	cJSON *out = cJSON_CreateObject();
	int64_t id = 0;

	(void)ctx;
	(void)mok_parse_i64(doc->id, &id);
	sb_set_int(out, "id", id);
	sb_set_str(out, "type", doc->alt);
	sb_set_str(out, "name", doc->name);
	sb_set_str(out, "data", sb_get_str(doc->json, "data"));
	for (size_t i = 0; i < MOK_COUNT(numbers); i++) {
		if (sb_get(doc->json, numbers[i]))
			sb_set_int(out, numbers[i], sb_get_int(doc->json, numbers[i], 0));
		else
			mok_json_set(out, numbers[i], cJSON_CreateNull());
	}
	sb_set_str(out, "tag", sb_get_str(doc->json, "tag"));
	return out;
}

static struct sb_doc *new_record(
	struct sb_ctx *ctx, const char *domain, const char *type, const char *name)
{
	int64_t id = sb_next(ctx, "record", 1700000001);
	struct sb_doc *doc = sb_doc_new(
		ctx, RECORD_KIND, mok_arena_printf(ctx->arena, "%lld", (long long)id), domain);

	doc->name = name;
	doc->alt = type;
	return doc;
}

static void add_record(struct sb_ctx *ctx, const char *domain, const char *type, const char *data)
{
	struct sb_doc *doc = new_record(ctx, domain, type, "@");

	sb_set_str(doc->json, "data", data);
	sb_set_int(doc->json, "ttl", TTL_DEFAULT);
	sb_doc_put(ctx, doc);
}

/* "www.a.example" and "www" are one; so are "a.example" and "@". */
static const char *short_name(struct sb_ctx *ctx, const char *domain, const char *name)
{
	size_t len = strlen(name), dlen = strlen(domain);

	if (len && name[len - 1] == '.')
		len--;
	if (len == dlen && strncasecmp(name, domain, dlen) == 0)
		return "@";
	if (len > dlen && name[len - dlen - 1] == '.' &&
		strncasecmp(name + len - dlen, domain, dlen) == 0)
		len -= dlen + 1;
	return len ? mok_arena_strndup(ctx->arena, name, len) : "@";
}

static const char *without_dot(struct sb_ctx *ctx, const char *data)
{
	size_t len = strlen(data);

	return len > 1 && data[len - 1] == '.' ? mok_arena_strndup(ctx->arena, data, len - 1)
					       : data;
}

static const char *check_data(const struct record_type *type, const char *data, const char *tag)
{
	bool is_host = type->host ||
		(strcmp(type->type, "CAA") == 0 &&
			(mok_streq(tag, "issue") || mok_streq(tag, "issuewild")));

	if (!*data)
		return "Data can't be blank";
	if (strcmp(type->type, "A") == 0 && !sb_ipv4_valid(data, false))
		return "IP address did not match IPv4 format";
	if (strcmp(type->type, "AAAA") == 0 && !strchr(data, ':'))
		return "IP address did not match IPv6 format";
	if (is_host && strcmp(data, "@") != 0 && strcmp(data, ";") != 0 &&
		data[strlen(data) - 1] != '.')
		return "Data needs to end with a dot (.)";
	return NULL;
}

static const char *check_numbers(const struct record_type *type, const cJSON *json)
{
	int64_t ttl = sb_get_int(json, "ttl", TTL_DEFAULT);
	int64_t flags = sb_get_int(json, "flags", 0);

	if (type->priority && !sb_get(json, "priority"))
		return "Priority can't be blank";
	if (type->port && !sb_get(json, "port"))
		return "Port can't be blank";
	if (type->weight && !sb_get(json, "weight"))
		return "Weight can't be blank";
	if (type->flags && (!sb_get(json, "flags") || flags < 0 || flags > 255))
		return "Flags must be between 0 and 255";
	if (type->tag && !sb_get_word(json, "tag"))
		return "Tag can't be blank";
	if (ttl < TTL_MIN || ttl > TTL_MAX)
		return "TTL must be at least 30";
	return NULL;
}

/* Records of one name have one TTL: the newest wins. */
static void unify_ttl(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	struct sb_which which = { .kind = RECORD_KIND, .parent = doc->parent, .name = doc->name };
	struct sb_docs docs = sb_doc_list(ctx, &which, 0, 0);
	int64_t ttl = sb_get_int(doc->json, "ttl", TTL_DEFAULT);

	for (size_t i = 0; i < docs.len; i++) {
		struct sb_doc *other = docs.items[i];

		if (other->seq == doc->seq || strcmp(other->alt, doc->alt) != 0 ||
			sb_get_int(other->json, "ttl", 0) == ttl)
			continue;
		sb_set_int(other->json, "ttl", ttl);
		sb_doc_put(ctx, other);
	}
}

/* The fields that come over those that are there. False: it has answered. */
static bool take_record(struct sb_ctx *ctx, struct sb_doc *doc, const struct record_type *type)
{
	static const char *const numbers[] = { "priority", "port", "ttl", "weight", "flags",
		"tag" };
	const char *data = sb_get_str(ctx->body, "data");
	const char *name = sb_get_str(ctx->body, "name"), *wrong;

	sb_copy(doc->json, ctx->body, numbers, MOK_COUNT(numbers));
	if (!sb_get(doc->json, "ttl"))
		sb_set_int(doc->json, "ttl", TTL_DEFAULT);
	wrong = check_numbers(type, doc->json);
	if (!wrong && (data || !sb_get(doc->json, "data")))
		wrong = check_data(type, data ? data : "", sb_get_str(doc->json, "tag"));
	if (wrong) {
		sb_fail(ctx, 422, "%s", wrong);
		return false;
	}
	if (name)
		doc->name = short_name(ctx, doc->parent, name);
	if (data)
		sb_set_str(
			doc->json, "data", type->host || type->tag ? without_dot(ctx, data) : data);
	return true;
}

static void list_records(struct sb_ctx *ctx)
{
	const struct sb_doc *domain = sb_doc_see(ctx, DOMAIN_KIND, ctx->params[0]);
	const char *name = sb_filter(ctx, "name");
	struct sb_page page = { .key = "domain_records", .view = record_view };

	if (!domain)
		return;
	page.which = (struct sb_which){ .kind = RECORD_KIND,
		.parent = domain->id,
		.name = name ? short_name(ctx, domain->id, name) : NULL,
		.alt = sb_filter(ctx, "type") };
	sb_reply_page(ctx, &page);
}

static void create_record(struct sb_ctx *ctx)
{
	const struct sb_doc *domain = sb_doc_get(ctx, DOMAIN_KIND, ctx->params[0]);
	const struct record_type *type = find_type(sb_get_str(ctx->body, "type"));
	const char *name = sb_get_word(ctx->body, "name");
	struct sb_doc *doc;

	if (!domain) {
		sb_not_found(ctx);
	} else if (!type || strcmp(type->type, "SOA") == 0) {
		sb_fail(ctx, 422, "Type is not a valid record type");
	} else if (!name) {
		sb_fail(ctx, 422, "Name can't be blank");
	} else {
		doc = new_record(ctx, domain->id, type->type, "@");
		if (!take_record(ctx, doc, type))
			return;
		sb_doc_put(ctx, doc);
		unify_ttl(ctx, doc);
		sb_note_create(ctx, "record", doc->id);
		sb_reply_root(ctx, 201, "domain_record", record_view(ctx, doc));
	}
}

static struct sb_doc *find_record(struct sb_ctx *ctx)
{
	struct sb_doc *doc = sb_doc_see(ctx, RECORD_KIND, ctx->params[1]);

	if (!doc || strcasecmp(doc->parent, ctx->params[0]) == 0)
		return doc;
	sb_not_found(ctx);
	return NULL;
}

static void get_record(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = find_record(ctx);

	if (doc)
		sb_reply_root(ctx, 200, "domain_record", record_view(ctx, doc));
}

/* PUT and PATCH are one: what is left out stays. */
static void change_record(struct sb_ctx *ctx)
{
	struct sb_doc *doc = find_record(ctx);
	const char *wanted = sb_get_str(ctx->body, "type");
	const struct record_type *type;

	if (!doc)
		return;
	type = find_type(wanted ? wanted : doc->alt);
	if (!type) {
		sb_fail(ctx, 422, "Type is not a valid record type");
		return;
	}
	doc->alt = type->type;
	if (!take_record(ctx, doc, type))
		return;
	sb_doc_put(ctx, doc);
	unify_ttl(ctx, doc);
	sb_reply_root(ctx, 200, "domain_record", record_view(ctx, doc));
}

static void delete_record(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = find_record(ctx);

	if (!doc)
		return;
	sb_doc_delete(ctx, doc);
	sb_note_delete(ctx, "record", doc->id);
	sb_reply_empty(ctx, 204);
}

/* ---- domains ---- */

static void add_quoted(struct mok_buf *zone, const char *text)
{
	mok_buf_putc(zone, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			mok_buf_putc(zone, '\\');
		mok_buf_putc(zone, *text);
	}
	mok_buf_putc(zone, '"');
}

static void add_number(
	struct mok_buf *zone, const struct sb_doc *record, bool used, const char *field)
{
	if (used)
		mok_buf_printf(zone, "%lld ", (long long)sb_get_int(record->json, field, 0));
}

static void zone_data(struct mok_buf *zone, const char *domain, const struct sb_doc *record)
{
	static const struct record_type unknown;
	const struct record_type *type = find_type(record->alt);
	const char *data = sb_get_str(record->json, "data");
	const char *tag = sb_get_str(record->json, "tag");

	type = type ? type : &unknown;
	data = data ? data : "";
	add_number(zone, record, type->priority, "priority");
	add_number(zone, record, type->weight, "weight");
	add_number(zone, record, type->port, "port");
	add_number(zone, record, type->flags, "flags");
	if (type->tag)
		mok_buf_printf(zone, "%s ", tag ? tag : "");
	if (type->tag || strcmp(record->alt, "TXT") == 0)
		add_quoted(zone, data);
	else
		mok_buf_puts(zone, type->host && strcmp(data, "@") == 0 ? domain : data);
	mok_buf_puts(zone, type->host ? ".\n" : "\n");
}

static void zone_line(struct mok_buf *zone, const char *domain, const struct sb_doc *record)
{
	if (strcmp(record->name, "@") != 0) {
		mok_buf_puts(zone, record->name);
		mok_buf_putc(zone, '.');
	}
	mok_buf_puts(zone, domain);
	mok_buf_printf(zone, ". %lld IN ", (long long)sb_get_int(record->json, "ttl", TTL_DEFAULT));
	mok_buf_puts(zone, record->alt);
	mok_buf_putc(zone, ' ');
	zone_data(zone, domain, record);
}

static const char *zone_file(struct sb_ctx *ctx, const char *domain)
{
	const struct sb_which which = { .kind = RECORD_KIND, .parent = domain };
	struct sb_docs docs = sb_doc_list(ctx, &which, 0, 0);
	struct mok_buf zone;
	const char *text;

	mok_buf_init(&zone, (size_t)4 << 20);
	mok_buf_printf(&zone, "$ORIGIN %s.\n$TTL %d\n", domain, TTL_DEFAULT);
	mok_buf_printf(&zone,
		"%s. IN SOA ns1.digitalocean.com. hostmaster.%s. %lld 10800 3600 604800 1800\n",
		domain, domain, (long long)(ctx->now_ms / 1000));
	for (size_t i = 0; i < docs.len; i++)
		if (strcmp(docs.items[i]->alt, "SOA") != 0)
			zone_line(&zone, domain, docs.items[i]);
	text = mok_arena_strdup(ctx->arena, zone.data);
	mok_buf_release(&zone);
	return text;
}

static cJSON *domain_view(struct sb_ctx *ctx, const struct sb_doc *doc)
{
	cJSON *out = cJSON_CreateObject();

	sb_set_str(out, "name", doc->id);
	sb_set_int(out, "ttl", TTL_DEFAULT);
	sb_set_str(out, "zone_file", zone_file(ctx, doc->id));
	return out;
}

static void list_domains(struct sb_ctx *ctx)
{
	const struct sb_page page = {
		.key = "domains", .which = { .kind = DOMAIN_KIND }, .view = domain_view
	};

	sb_reply_page(ctx, &page);
}

static bool is_domain(const char *name)
{
	size_t label = 0, dots = 0, len = strlen(name);

	if (len < 4 || len > 253)
		return false;
	for (const char *p = name; *p; p++) {
		if (*p == '.') {
			if (!label)
				return false;
			label = 0;
			dots++;
		} else if ((!isalnum((unsigned char)*p) && *p != '-') || ++label > 63) {
			return false;
		}
	}
	return dots > 0 && label > 1;
}

static void create_domain(struct sb_ctx *ctx)
{
	static const char *const servers[] = { "ns1.digitalocean.com", "ns2.digitalocean.com",
		"ns3.digitalocean.com" };
	const char *name = sb_get_word(ctx->body, "name");
	const char *ip = sb_get_word(ctx->body, "ip_address");
	struct sb_doc *doc;
	char *lower;

	if (!name || !is_domain(without_dot(ctx, name))) {
		sb_fail(ctx, 422, "Name is not a valid domain name");
		return;
	}
	lower = mok_arena_strdup(ctx->arena, without_dot(ctx, name));
	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (sb_doc_get(ctx, DOMAIN_KIND, lower)) {
		sb_fail(ctx, 422, "Name already exists");
		return;
	}
	if (ip && !sb_ipv4_valid(ip, false)) {
		sb_fail(ctx, 422, "IP address did not match IPv4 format");
		return;
	}
	doc = sb_doc_new(ctx, DOMAIN_KIND, lower, NULL);
	sb_doc_put(ctx, doc);
	add_record(ctx, lower, "SOA", "1800");
	for (size_t i = 0; i < MOK_COUNT(servers); i++)
		add_record(ctx, lower, "NS", servers[i]);
	if (ip)
		add_record(ctx, lower, "A", ip);
	(void)sb_project_join(ctx, NULL, urn_of(ctx, lower));
	sb_note_create(ctx, "domain", lower);
	sb_reply_root(ctx, 201, "domain", domain_view(ctx, doc));
}

static void get_domain(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, DOMAIN_KIND, ctx->params[0]);

	if (doc)
		sb_reply_root(ctx, 200, "domain", domain_view(ctx, doc));
}

static void delete_domain(struct sb_ctx *ctx)
{
	const struct sb_doc *doc = sb_doc_see(ctx, DOMAIN_KIND, ctx->params[0]);
	struct sb_which which = { .kind = RECORD_KIND };
	struct sb_docs records;

	if (!doc)
		return;
	which.parent = doc->id;
	records = sb_doc_list(ctx, &which, 0, 0);
	for (size_t i = 0; i < records.len; i++)
		if (strcmp(records.items[i]->alt, "SOA") != 0 &&
			strcmp(records.items[i]->alt, "NS") != 0)
			sb_note_delete(ctx, "record", records.items[i]->id);
	sb_doc_delete_children(ctx, RECORD_KIND, doc->id);
	sb_project_leave(ctx, urn_of(ctx, doc->id));
	sb_doc_delete(ctx, doc);
	sb_note_delete(ctx, "domain", doc->id);
	sb_reply_empty(ctx, 204);
}

const struct sb_route domain_routes[] = {
	{ "GET", "/v2/domains", list_domains, 0 },
	{ "POST", "/v2/domains", create_domain, 0 },
	{ "GET", "/v2/domains/{name}", get_domain, 0 },
	{ "DELETE", "/v2/domains/{name}", delete_domain, 0 },
	{ "GET", "/v2/domains/{name}/records", list_records, 0 },
	{ "POST", "/v2/domains/{name}/records", create_record, 0 },
	{ "GET", "/v2/domains/{name}/records/{id}", get_record, 0 },
	{ "PUT", "/v2/domains/{name}/records/{id}", change_record, 0 },
	{ "PATCH", "/v2/domains/{name}/records/{id}", change_record, 0 },
	{ "DELETE", "/v2/domains/{name}/records/{id}", delete_record, 0 },
	{ 0 },
};
