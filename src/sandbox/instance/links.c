/*
 * Does a process reach its database and its Valkey? What it is told is held against the cloud:
 * address, port, names, password, TLS, network, firewall. The reasons are worded as the servers and
 * their clients word them.
 */
#include "instance.h"

#include <stdio.h>
#include <string.h>

enum {
	DIRECT_PORT = 25060,
	POOL_PORT = 25061,
};

static const char *say(const struct si_world *w, const char *fmt, ...) MOK_PRINTF(2, 3);

static const char *say(const struct si_world *w, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = mok_arena_vprintf(w->arena, fmt, ap);
	va_end(ap);
	return text;
}

const struct sb_doc *si_database_of_host(struct sb_ctx *ctx, const char *host, bool *is_private)
{
	struct sb_docs all = sb_doc_list(ctx, &(struct sb_which){ .kind = DB_KIND }, 0, 0);
	char name[320];

	for (size_t i = 0; i < all.len; i++) {
		db_host(all.items[i]->json, "private-", name);
		*is_private = strcmp(name, host) == 0;
		if (*is_private || strcmp(name + strlen("private-"), host) == 0)
			return all.items[i];
	}
	return NULL;
}

/* Without a rule a database takes connections from everywhere. */
static bool firewall_lets_in(const struct si_world *w, const struct sb_doc *database)
{
	const cJSON *rules = sb_get(database->json, "rules"), *rule;
	char tag[64];

	k8s_cluster_tag(w->cluster->id, tag);
	cJSON_ArrayForEach(rule, rules)
	{
		const char *type = sb_get_str(rule, "type"), *value = sb_get_str(rule, "value");

		if ((mok_streq(type, "k8s") && mok_streq(value, w->cluster->id)) ||
			(mok_streq(type, "tag") &&
				(mok_streq(value, tag) || mok_streq(value, "k8s"))) ||
			(mok_streq(type, "ip_addr") && mok_streq(value, "0.0.0.0/0")))
			return true;
	}
	return cJSON_GetArraySize(rules) == 0;
}

/* The server at that address, if packets reach it; NULL: *why says what happens to them. */
static const struct sb_doc *reach(
	const struct si_world *w, const char *host, const char *family, const char **why)
{
	bool is_private = false;
	const struct sb_doc *found = host ? si_database_of_host(w->ctx, host, &is_private) : NULL;
	const char *engine = found ? sb_get_str(found->json, "engine") : "";

	if (!found)
		*why = say(w, "could not translate host name \"%s\" to address",
			host ? host : "localhost");
	else if (strcmp(db_status(found->json, w->ctx->now_ms), "creating") == 0 ||
		strstr(family, engine) == NULL)
		*why = say(w, "connection to %s refused", host);
	else if (is_private &&
		!mok_streq(sb_get_str(found->json, "private_network_uuid"),
			sb_get_str(w->cluster->json, "vpc_uuid")))
		*why = say(w, "connection to %s timed out: it is in another VPC", host);
	else if (!firewall_lets_in(w, found))
		*why = say(w,
			"connection to %s timed out: its firewall does not let the cluster in",
			host);
	else
		return found;
	return NULL;
}

bool si_database_user(
	struct sb_ctx *ctx, const struct sb_doc *database, const char *user, const char *password)
{
	bool primary = strcmp(user, db_primary_user(sb_get_str(database->json, "engine"))) == 0;
	const struct sb_doc *doc = primary
		? database
		: sb_doc_get(ctx, DB_USER_KIND,
			  mok_arena_printf(ctx->arena, "%s/%s", database->id, user));

	return doc && password && mok_streq(sb_get_str(doc->json, "password"), password);
}

/* Node's client: without the variable no TLS, and with it its own authorities. */
static const char *node_tls_why(const struct si_container *c)
{
	const char *mode = si_env(c, "DB_SSLMODE"), *path = si_env(c, "NODE_EXTRA_CA_CERTS");
	const char *file = path ? si_file(c, path) : NULL;

	if (!mode || strcmp(mode, "disable") == 0)
		return "FATAL: no pg_hba.conf entry for host, no encryption";
	if (strcmp(mode, "no-verify") == 0 || (file && (!*file || strstr(file, sb_ca_pem))))
		return NULL;
	return "self-signed certificate in certificate chain (NODE_EXTRA_CA_CERTS)";
}

/* libpq verifies where it is asked to, and with "require" where it has a root certificate.
 * https://www.postgresql.org/docs/current/libpq-ssl.html */
static const char *tls_why(const struct si_container *c)
{
	const char *mode = si_env(c, "DB_SSLMODE"), *path = si_env(c, "PGSSLROOTCERT");
	const char *file = path ? si_file(c, path) : NULL;
	bool verifies = mode && mok_starts(mode, "verify-");

	if (mode && strcmp(mode, "no-verify") == 0)
		return "invalid sslmode value: \"no-verify\"";
	if (mode && strcmp(mode, "disable") == 0)
		return "FATAL: no pg_hba.conf entry for host, no encryption";
	if (!file)
		return verifies ? say(c->w, "root certificate file \"%s\" does not exist",
					  path ? path : "~/.postgresql/root.crt")
				: NULL;
	if ((verifies || (mode && strcmp(mode, "require") == 0)) && *file &&
		!strstr(file, sb_ca_pem))
		return "SSL error: certificate verify failed";
	return NULL;
}

/* ---- PostgreSQL ---- */

static const struct sb_doc *child(
	const struct si_world *w, const char *kind, const struct sb_doc *database, const char *name)
{
	return sb_doc_get(
		w->ctx, kind, mok_arena_printf(w->ctx->arena, "%s/%s", database->id, name));
}

/* A database that is deleted and made again is another one. */
static void set_key(const struct si_world *w, struct si_link *link, const struct sb_doc *database,
	const char *name)
{
	const struct sb_doc *db = child(w, DB_DB_KIND, database, name);

	if (db)
		link->key = say(w, "%s/%s@%lld", database->id, name, (long long)db->created_ms);
	else
		link->why = say(w, "FATAL: database \"%s\" does not exist", name);
}

static void through_pool(const struct si_container *c, struct si_link *link,
	const struct sb_doc *database, const char *name, const char *user)
{
	const struct sb_doc *pool = child(c->w, DB_POOL_KIND, database, name);
	const char *of = pool ? sb_get_word(pool->json, "user") : NULL;
	bool transaction = pool && mok_streq(sb_get_str(pool->json, "mode"), "transaction");

	if (!pool) {
		link->why = say(c->w, "FATAL: no such database: %s", name);
		return;
	}
	if (of && strcmp(of, user) != 0) {
		link->why = say(c->w, "FATAL: pool %s is not for user \"%s\"", name, user);
		return;
	}
	set_key(c->w, link, database, sb_get_str(pool->json, "db"));
	link->pool = say(c->w, "%s/%s", database->id, name);
	link->room = sb_get_int(pool->json, "size", 0);
	/* In between transactions a connection is lent to others: several clients share one. */
	if (transaction)
		link->room *= 4;
	if (!link->why && transaction && si_app_of(c) != SI_STREAMING &&
		!si_env_is(c, "PREPARED_STATEMENTS", "false"))
		link->why = "PG::InvalidSqlStatementName: prepared statement does not exist "
			    "(PREPARED_STATEMENTS is not false)";
}

static void connect(const struct si_container *c, struct si_link *link,
	const struct sb_doc *database, const char *user)
{
	const char *port = si_env(c, "DB_PORT"), *name = si_env(c, "DB_NAME");
	int64_t number = 5432;

	if (port && !mok_parse_i64(port, &number))
		number = 0;
	name = name ? name : "mastodon_production";
	if (number == POOL_PORT && db_engine(database)->has_pools) {
		through_pool(c, link, database, name, user);
	} else if (number == DIRECT_PORT) {
		set_key(c->w, link, database, name);
		link->pool = say(c->w, "%s", database->id);
		link->room = (int64_t)sb_db_size_memory_gib(sb_get_str(database->json, "size")) *
				SI_CONNECTIONS_PER_GIB -
			SI_CONNECTIONS_RESERVED;
	} else {
		link->why = say(c->w, "connection to port %s refused", port ? port : "5432");
	}
}

struct si_link si_database_link(const struct si_container *c)
{
	const char *user = si_env(c, "DB_USER");
	struct si_link link = { 0 };
	const struct sb_doc *database = reach(c->w, si_env(c, "DB_HOST"), "pg", &link.why);

	user = user ? user : "mastodon";
	if (!database)
		return link;
	link.why = si_app_of(c) == SI_STREAMING ? node_tls_why(c) : tls_why(c);
	if (!link.why && !si_database_user(c->w->ctx, database, user, si_env(c, "DB_PASS")))
		link.why = say(c->w, "FATAL: password authentication failed for user \"%s\"", user);
	if (!link.why)
		connect(c, &link, database, user);
	if (link.why)
		link.key = NULL;
	return link;
}

/* ---- Valkey ---- */

struct url {
	const char *scheme, *user, *password, *host;
	int64_t port;
};

/* scheme://user:password@host:port[/n] */
static bool read_url(struct sb_ctx *ctx, const char *text, struct url *out)
{
	const char *rest = strstr(text, "://"), *at, *colon, *end;

	if (!rest)
		return false;
	out->scheme = mok_arena_strndup(ctx->arena, text, (size_t)(rest - text));
	rest += 3;
	end = rest + strcspn(rest, "/?");
	at = memchr(rest, '@', (size_t)(end - rest));
	colon = at ? memchr(rest, ':', (size_t)(at - rest)) : NULL;
	out->user = out->password = "";
	if (colon) {
		out->user = sb_decode(ctx->arena, rest, (size_t)(colon - rest), false);
		out->password = sb_decode(ctx->arena, colon + 1, (size_t)(at - colon - 1), false);
	}
	rest = at ? at + 1 : rest;
	colon = memchr(rest, ':', (size_t)(end - rest));
	out->host = mok_arena_strndup(ctx->arena, rest, (size_t)((colon ? colon : end) - rest));
	out->port = 6379;
	return !colon ||
		mok_parse_i64(mok_arena_strndup(ctx->arena, colon + 1, (size_t)(end - colon - 1)),
			&out->port);
}

static const char *redis_why(const struct si_container *c, const char *text)
{
	struct url url;
	const struct sb_doc *server;
	const char *why = NULL;

	if (!read_url(c->w->ctx, text, &url) || !url.user || !url.password)
		return "bad URI: the Redis URL cannot be read";
	server = reach(c->w, url.host, "valkey redis", &why);
	if (!server)
		return why;
	if (url.port != db_port("valkey"))
		return say(c->w, "connection to %s:%lld refused", url.host, (long long)url.port);
	if (strcmp(url.scheme, "rediss") != 0)
		return say(c->w, "%s closed the connection: it wants TLS, and the URL is %s://",
			url.host, url.scheme);
	if (!si_database_user(c->w->ctx, server, *url.user ? url.user : "default", url.password))
		return "WRONGPASS invalid username-password pair or user is disabled";
	return NULL;
}

const char *si_redis_why(const struct si_container *c)
{
	static const char *const names[] = { "REDIS_URL", "SIDEKIQ_REDIS_URL", "CACHE_REDIS_URL" };
	const char *why = NULL;

	if (!si_env(c, "REDIS_URL"))
		return "connection to localhost:6379 refused: REDIS_URL is not set";
	for (size_t i = 0; i < MOK_COUNT(names) && !why; i++) {
		const char *url = si_env(c, names[i]);

		why = url ? redis_why(c, url) : NULL;
	}
	return why;
}
