#include "mastodon_internal.h"

#include <string.h>

/*
 * The environment, tier by tier: one table. The streaming server gets only what it reads.
 *
 * Names and meanings: https://docs.joinmastodon.org/admin/config/ and the application's source
 * (config, lib/mastodon, streaming).
 */

struct variable {
	const char *name;
	unsigned tiers;
	bool is_secret;
	const char *fixed; /* the value, or NULL */
	const char *path;  /* the setting that it is; or NULL */
	/* The value as text for a manifest; NULL: it is not set. */
	const char *(*value)(struct masto *m, enum tier tier);
};

/* ---- values that take more than a setting ---- */

MOK_PRINTF(2, 3)
static const char *text(struct masto *m, const char *fmt, ...)
{
	const char *out;
	va_list ap;

	va_start(ap, fmt);
	out = mok_arena_vprintf(m->arena, fmt, ap);
	va_end(ap);
	return out;
}

static const char *pool_of(const struct masto *m, enum tier tier)
{
	return m->pools[tier == TIER_WEB ? 0 : tier == TIER_SIDEKIQ ? 1 : 2];
}

/* Through the pool, but migrations cannot: they need a session of their own. */
static const char *connection(struct masto *m, enum tier tier, const char *what)
{
	if (tier == TIER_JOBS)
		return text(m, "${%s.private_connection.%s}", m->parts.database->address, what);
	return text(m, "${%s.private_connection.%s}", pool_of(m, tier), what);
}

static const char *db_host(struct masto *m, enum tier tier)
{
	return connection(m, tier, "host");
}

static const char *db_port(struct masto *m, enum tier tier)
{
	return connection(m, tier, "port");
}

static const char *db_name(struct masto *m, enum tier tier)
{
	if (tier != TIER_JOBS)
		return text(m, "${%s.%s}", pool_of(m, tier), "name");
	if (m->parts.database_name)
		return text(m, "${%s.%s}", m->parts.database_name->address, "name");
	return connection(m, tier, "database");
}

static const char *db_user(struct masto *m, enum tier tier)
{
	if (m->parts.database_user)
		return text(m, "${%s.%s}", m->parts.database_user->address, "name");
	return connection(m, tier, "user");
}

static const char *db_pass(struct masto *m, enum tier tier)
{
	if (m->parts.database_user)
		return text(m, "${%s.%s}", m->parts.database_user->address, "password");
	return connection(m, tier, "password");
}

/* The users and databases of a replica are those of its cluster. */
static const char *of_replica(struct masto *m, const char *what)
{
	return m->parts.replica
		? text(m, "${%s.private_connection.%s}", m->parts.replica->address, what)
		: NULL;
}

static const char *replica_host(struct masto *m, enum tier tier)
{
	(void)tier;
	return of_replica(m, "host");
}

static const char *replica_port(struct masto *m, enum tier tier)
{
	(void)tier;
	return of_replica(m, "port");
}

static const char *replica_name(struct masto *m, enum tier tier)
{
	(void)tier;
	return m->parts.replica ? db_name(m, TIER_JOBS) : NULL;
}

static const char *replica_user(struct masto *m, enum tier tier)
{
	(void)tier;
	return m->parts.replica ? db_user(m, TIER_JOBS) : NULL;
}

static const char *replica_pass(struct masto *m, enum tier tier)
{
	(void)tier;
	return m->parts.replica ? db_pass(m, TIER_JOBS) : NULL;
}

/* There is no pool between: a statement stays prepared. */
static const char *replica_prepares(struct masto *m, enum tier tier)
{
	(void)tier;
	return m->parts.replica ? "true" : NULL;
}

/* Migrations are none of its business. */
static const char *replica_tasks(struct masto *m, enum tier tier)
{
	(void)tier;
	return m->parts.replica ? "false" : NULL;
}

/* One URL: from a host and a port Mastodon would make one without TLS. */
static const char *redis_url(struct masto *m, const struct mok_resource *r)
{
	const char *a = r ? r->address : NULL;

	if (!a)
		return NULL;
	return mok_arena_printf(m->arena,
		"rediss://default:${urlencode(%s.private_connection.password)}"
		"@${%s.private_connection.host}:${%s.private_connection.port}",
		a, a, a);
}

static const char *main_redis(struct masto *m, enum tier tier)
{
	(void)tier;
	return redis_url(m, m->parts.redis);
}

static const char *sidekiq_redis(struct masto *m, enum tier tier)
{
	(void)tier;
	return redis_url(m, m->parts.sidekiq_redis);
}

static const char *cache_redis(struct masto *m, enum tier tier)
{
	(void)tier;
	return redis_url(m, m->parts.cache_redis);
}

static const char *s3_bucket(struct masto *m, enum tier tier)
{
	(void)tier;
	return text(m, "${%s.%s}", m->parts.storage->address, "name");
}

static const char *s3_region(struct masto *m, enum tier tier)
{
	(void)tier;
	return text(m, "${%s.%s}", m->parts.storage->address, "region");
}

static const char *s3_endpoint(struct masto *m, enum tier tier)
{
	(void)tier;
	return text(m, "https://${%s.%s}", m->parts.storage->address, "endpoint");
}

static const char *s3_hostname(struct masto *m, enum tier tier)
{
	(void)tier;
	return text(m, "${%s.%s}", m->parts.storage->address, "endpoint");
}

/* Without an alias Mastodon writes the bucket twice into its URLs. */
static const char *s3_alias(struct masto *m, enum tier tier)
{
	const char *domain = masto_text(m, "media_domain");
	struct mok_val cdn;

	(void)tier;
	if (domain)
		return domain;
	if (!m->parts.cdn)
		return text(m, "${%s.%s}", m->parts.storage->address, "bucket_domain_name");
	cdn = masto_fields_of(m, m->parts.cdn);
	return text(m, "${%s.%s}", m->parts.cdn->address,
		mok_val_get(&cdn, "custom_domain") ? "custom_domain" : "endpoint");
}

static const char *access_key(struct masto *m, enum tier tier)
{
	(void)tier;
	return text(m, "${%s.%s}", m->parts.storage_key->address, "access_key");
}

static const char *secret_key(struct masto *m, enum tier tier)
{
	(void)tier;
	return text(m, "${%s.%s}", m->parts.storage_key->address, "secret_key");
}

static const char *streaming_url(struct masto *m, enum tier tier)
{
	const char *domain = masto_text(m, "streaming.domain");

	(void)tier;
	return domain ? text(m, "wss://%s", domain) : NULL;
}

/* Both answer at 9200. */
static bool in_cluster_search(const struct masto *m)
{
	return masto_searches(m, "elasticsearch") || masto_searches(m, "eck");
}

static const char *es_enabled(struct masto *m, enum tier tier)
{
	(void)tier;
	return m->parts.search || in_cluster_search(m) ? "true" : "false";
}

static const char *es_host(struct masto *m, enum tier tier)
{
	(void)tier;
	if (masto_searches(m, "eck"))
		return masto_eck_host(m);
	if (in_cluster_search(m))
		return text(m, "http://mastodon-search.%s", m->ns);
	return m->parts.search
		? text(m, "https://${%s.private_connection.%s}", m->parts.search->address, "host")
		: NULL;
}

static const char *of_search(struct masto *m, const char *what, const char *in_cluster)
{
	if (in_cluster_search(m))
		return in_cluster;
	return m->parts.search
		? text(m, "${%s.private_connection.%s}", m->parts.search->address, what)
		: NULL;
}

static const char *es_port(struct masto *m, enum tier tier)
{
	(void)tier;
	return of_search(m, "port", "9200");
}

static const char *es_user(struct masto *m, enum tier tier)
{
	(void)tier;
	return of_search(m, "user", masto_searches(m, "eck") ? "elastic" : NULL);
}

static const char *es_pass(struct masto *m, enum tier tier)
{
	(void)tier;
	return of_search(m, "password", NULL);
}

static const char *es_ca(struct masto *m, enum tier tier)
{
	(void)tier;
	if (masto_searches(m, "eck"))
		return masto_eck_authority();
	return m->parts.search ? "/opt/ca/all.crt" : NULL;
}

static const char *es_prefix(struct masto *m, enum tier tier)
{
	(void)tier;
	return m->parts.search ? m->stack->name : NULL;
}

static int64_t search_nodes(const struct masto *m)
{
	struct mok_val fields;
	const struct mok_val *nodes;

	if (masto_searches(m, "eck"))
		return masto_given_int(m, "eck.nodes");
	if (!m->parts.search)
		return 1;
	fields = masto_fields_of(m, m->parts.search);
	nodes = mok_val_get(&fields, "num_nodes");
	return nodes && nodes->type == MOK_INT ? nodes->u.i : 1;
}

/* Replicas of shards need nodes to be on. */
static const char *es_preset(struct masto *m, enum tier tier)
{
	int64_t nodes = search_nodes(m);

	(void)tier;
	if (!in_cluster_search(m) && !m->parts.search)
		return NULL;
	if (nodes < 2)
		return "single_node_cluster";
	return nodes < 6 ? "small_cluster" : "large_cluster";
}

static const char *workers(struct masto *m, enum tier tier)
{
	(void)tier;
	return mok_arena_printf(m->arena, "%lld", (long long)masto_int(m, "web.workers", 2));
}

static const char *threads(struct masto *m, enum tier tier)
{
	(void)tier;
	return mok_arena_printf(m->arena, "%lld", (long long)masto_int(m, "web.threads", 5));
}

static const char *persistent_timeout(struct masto *m, enum tier tier)
{
	(void)tier;
	return mok_arena_printf(
		m->arena, "%lld", (long long)masto_int(m, "web.persistent_timeout", 95));
}

static const char *streaming_db_pool(struct masto *m, enum tier tier)
{
	(void)tier;
	return mok_arena_printf(m->arena, "%lld", (long long)masto_int(m, "streaming.db_pool", 10));
}

static const char *smtp_port(struct masto *m, enum tier tier)
{
	const char *port = masto_text(m, "smtp.port");

	(void)tier;
	return port ? port : "2525";
}

static const char *smtp_from(struct masto *m, enum tier tier)
{
	const char *from = masto_text(m, "smtp.from");

	(void)tier;
	return from ? from : text(m, "notifications@%s", masto_text(m, "domain"));
}

static const char *log_level(struct masto *m, enum tier tier)
{
	const char *level = masto_text(m, "log_level");

	(void)tier;
	return level ? level : "info";
}

static const char *web_metrics(struct masto *m, enum tier tier)
{
	(void)tier;
	return masto_bool(m, "observability.metrics", false) ? "true" : NULL;
}

static const char *web_metrics_host(struct masto *m, enum tier tier)
{
	return web_metrics(m, tier) ? "127.0.0.1" : NULL;
}

static const char *cache_buster(struct masto *m, enum tier tier)
{
	(void)tier;
	return masto_has(m, "cache_buster") ? "true" : NULL;
}

static const char *deepl_plan(struct masto *m, enum tier tier)
{
	(void)tier;
	return masto_has(m, "translation.deepl") ? masto_given(m, "translation.deepl.plan") : NULL;
}

/* ---- the table ---- */

#define WQ (TIER_WEB | TIER_SIDEKIQ)
#define BY_PATH(name, tiers, path) \
	{ \
		name, tiers, false, NULL, path, NULL \
	}
#define SECRET_BY_PATH(name, tiers, path) \
	{ \
		name, tiers, true, NULL, path, NULL \
	}
#define FIXED(name, tiers, value) \
	{ \
		name, tiers, false, value, NULL, NULL \
	}
#define SECRET_FIXED(name, tiers, value) \
	{ \
		name, tiers, true, value, NULL, NULL \
	}
#define BY(name, tiers, function) \
	{ \
		name, tiers, false, NULL, NULL, function \
	}
#define SECRET_BY(name, tiers, function) \
	{ \
		name, tiers, true, NULL, NULL, function \
	}

static const struct variable variables[] = {
	BY_PATH("LOCAL_DOMAIN", TIER_RUBY, "domain"),
	BY_PATH("WEB_DOMAIN", TIER_RUBY, "web_domain"),
	BY_PATH("ALTERNATE_DOMAINS", TIER_RUBY, "alternate_domains"),
	BY_PATH("SINGLE_USER_MODE", TIER_RUBY, "single_user_mode"),
	BY_PATH("DEFAULT_LOCALE", TIER_RUBY, "default_locale"),
	BY_PATH("LIMITED_FEDERATION_MODE", TIER_RUBY, "limited_federation_mode"),
	BY_PATH("AUTHORIZED_FETCH", TIER_RUBY, "authorized_fetch"),
	BY_PATH("DISALLOW_UNAUTHENTICATED_API_ACCESS", TIER_RUBY,
		"disallow_unauthenticated_api_access"),
	BY("STREAMING_API_BASE_URL", TIER_WEB, streaming_url),

	SECRET_FIXED("SECRET_KEY_BASE", TIER_RUBY, "${secret.secret_key_base}"),
	SECRET_FIXED("ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY", TIER_RUBY,
		"${secret.active_record_encryption_primary_key}"),
	SECRET_FIXED("ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY", TIER_RUBY,
		"${secret.active_record_encryption_deterministic_key}"),
	SECRET_FIXED("ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT", TIER_RUBY,
		"${secret.active_record_encryption_key_derivation_salt}"),
	SECRET_FIXED("VAPID_PRIVATE_KEY", TIER_RUBY, "${secret.vapid_private_key}"),
	/* No secret, but it must change with the other half. */
	SECRET_FIXED("VAPID_PUBLIC_KEY", TIER_RUBY, "${secret.vapid_public_key}"),

	SECRET_BY("DB_HOST", TIER_ALL, db_host),
	SECRET_BY("DB_PORT", TIER_ALL, db_port),
	SECRET_BY("DB_NAME", TIER_ALL, db_name),
	SECRET_BY("DB_USER", TIER_ALL, db_user),
	SECRET_BY("DB_PASS", TIER_ALL, db_pass),
	/* A statement that one connection prepared is not there on the next. */
	FIXED("PREPARED_STATEMENTS", WQ, "false"),
	/* Rails takes its threads' number by itself; a pool for all of them wastes connections. */
	BY("DB_POOL", TIER_STREAMING, streaming_db_pool),
	/* To libpq with a root certificate it means: verify the authority. To Node it means: verify
	 * by NODE_EXTRA_CA_CERTS; unset would mean no TLS. */
	FIXED("DB_SSLMODE", TIER_ALL, "require"),
	FIXED("PGSSLROOTCERT", TIER_RUBY, "/opt/ca/database.crt"),
	FIXED("NODE_EXTRA_CA_CERTS", TIER_STREAMING, "/opt/ca/all.crt"),
	FIXED("SSL_CERT_FILE", TIER_RUBY, "/opt/certs/bundle.crt"),

	SECRET_BY("REPLICA_DB_HOST", WQ, replica_host),
	SECRET_BY("REPLICA_DB_PORT", WQ, replica_port),
	SECRET_BY("REPLICA_DB_NAME", WQ, replica_name),
	SECRET_BY("REPLICA_DB_USER", WQ, replica_user),
	SECRET_BY("REPLICA_DB_PASS", WQ, replica_pass),
	BY("REPLICA_PREPARED_STATEMENTS", WQ, replica_prepares),
	BY("REPLICA_DB_TASKS", WQ, replica_tasks),

	SECRET_BY("REDIS_URL", TIER_ALL, main_redis),
	SECRET_BY("SIDEKIQ_REDIS_URL", TIER_RUBY, sidekiq_redis),
	SECRET_BY("CACHE_REDIS_URL", TIER_RUBY, cache_redis),
	FIXED("REDIS_DRIVER", TIER_RUBY, "ruby"),

	FIXED("S3_ENABLED", TIER_RUBY, "true"),
	BY("S3_BUCKET", TIER_RUBY, s3_bucket),
	BY("S3_REGION", TIER_RUBY, s3_region),
	BY("S3_ENDPOINT", TIER_RUBY, s3_endpoint),
	BY("S3_HOSTNAME", TIER_RUBY, s3_hostname),
	FIXED("S3_PROTOCOL", TIER_RUBY, "https"),
	BY("S3_ALIAS_HOST", TIER_RUBY, s3_alias),
	FIXED("S3_OVERRIDE_PATH_STYLE", TIER_RUBY, "true"),
	FIXED("S3_PERMISSION", TIER_RUBY, "public-read"),
	FIXED("S3_OPEN_TIMEOUT", TIER_RUBY, "10"),
	FIXED("S3_READ_TIMEOUT", TIER_RUBY, "10"),
	FIXED("S3_RETRY_LIMIT", TIER_RUBY, "2"),
	BY_PATH("S3_MULTIPART_THRESHOLD", TIER_RUBY, "s3_multipart_threshold"),
	/* Spaces does not know the checksums that newer SDKs send unasked. */
	FIXED("AWS_REQUEST_CHECKSUM_CALCULATION", TIER_RUBY, "WHEN_REQUIRED"),
	FIXED("AWS_RESPONSE_CHECKSUM_VALIDATION", TIER_RUBY, "WHEN_REQUIRED"),
	SECRET_BY("AWS_ACCESS_KEY_ID", TIER_RUBY, access_key),
	SECRET_BY("AWS_SECRET_ACCESS_KEY", TIER_RUBY, secret_key),
	BY_PATH("CDN_HOST", WQ, "assets_domain"),
	BY_PATH("EXTRA_MEDIA_HOSTS", WQ, "extra_media_hosts"),
	BY("CACHE_BUSTER_ENABLED", WQ, cache_buster),
	BY_PATH("CACHE_BUSTER_SECRET_HEADER", WQ, "cache_buster.secret_header"),
	SECRET_BY_PATH("CACHE_BUSTER_SECRET", WQ, "cache_buster.secret"),
	BY_PATH("CACHE_BUSTER_HTTP_METHOD", WQ, "cache_buster.http_method"),

	BY_PATH("SMTP_SERVER", TIER_RUBY, "smtp.server"),
	BY("SMTP_PORT", TIER_RUBY, smtp_port),
	BY_PATH("SMTP_LOGIN", TIER_RUBY, "smtp.login"),
	SECRET_BY_PATH("SMTP_PASSWORD", TIER_RUBY, "smtp.password"),
	BY("SMTP_FROM_ADDRESS", TIER_RUBY, smtp_from),
	BY_PATH("SMTP_REPLY_TO", TIER_RUBY, "smtp.reply_to"),
	BY_PATH("SMTP_RETURN_PATH", TIER_RUBY, "smtp.return_path"),
	BY_PATH("SMTP_CA_FILE", TIER_RUBY, "smtp.ca_file"),
	BY_PATH("SMTP_DOMAIN", TIER_RUBY, "smtp.domain"),
	BY_PATH("SMTP_AUTH_METHOD", TIER_RUBY, "smtp.auth_method"),
	BY_PATH("SMTP_ENABLE_STARTTLS", TIER_RUBY, "smtp.enable_starttls"),
	BY_PATH("SMTP_SSL", TIER_RUBY, "smtp.ssl"),
	BY_PATH("SMTP_OPENSSL_VERIFY_MODE", TIER_RUBY, "smtp.openssl_verify_mode"),
	BY_PATH("BULK_SMTP_SERVER", TIER_RUBY, "smtp.bulk.server"),
	BY_PATH("BULK_SMTP_PORT", TIER_RUBY, "smtp.bulk.port"),
	BY_PATH("BULK_SMTP_LOGIN", TIER_RUBY, "smtp.bulk.login"),
	SECRET_BY_PATH("BULK_SMTP_PASSWORD", TIER_RUBY, "smtp.bulk.password"),
	BY_PATH("BULK_SMTP_FROM_ADDRESS", TIER_RUBY, "smtp.bulk.from"),
	BY_PATH("BULK_SMTP_CA_FILE", TIER_RUBY, "smtp.bulk.ca_file"),
	BY_PATH("BULK_SMTP_DOMAIN", TIER_RUBY, "smtp.bulk.domain"),
	BY_PATH("BULK_SMTP_AUTH_METHOD", TIER_RUBY, "smtp.bulk.auth_method"),
	BY_PATH("BULK_SMTP_ENABLE_STARTTLS", TIER_RUBY, "smtp.bulk.enable_starttls"),
	BY_PATH("BULK_SMTP_SSL", TIER_RUBY, "smtp.bulk.ssl"),
	BY_PATH("BULK_SMTP_OPENSSL_VERIFY_MODE", TIER_RUBY, "smtp.bulk.openssl_verify_mode"),

	BY("ES_ENABLED", TIER_RUBY, es_enabled),
	BY("ES_PRESET", TIER_RUBY, es_preset),
	BY("ES_HOST", TIER_RUBY, es_host),
	BY("ES_PORT", TIER_RUBY, es_port),
	BY("ES_USER", TIER_RUBY, es_user),
	SECRET_BY("ES_PASS", TIER_RUBY, es_pass),
	BY("ES_PREFIX", TIER_RUBY, es_prefix),
	BY("ES_CA_FILE", TIER_RUBY, es_ca),

	BY("WEB_CONCURRENCY", TIER_WEB, workers),
	BY("MAX_THREADS", TIER_WEB, threads),
	BY("MIN_THREADS", TIER_WEB, threads),
	BY("PERSISTENT_TIMEOUT", TIER_WEB, persistent_timeout),
	BY_PATH("TRUSTED_PROXY_IP", TIER_WEB | TIER_STREAMING, "gateway.trusted_proxies"),
	BY_PATH("ALLOWED_PRIVATE_ADDRESSES", WQ, "allowed_private_addresses"),
	BY_PATH("http_proxy", WQ, "http_proxy"),
	BY_PATH("https_proxy", WQ, "http_proxy"),

	/* Sidekiq's liveness asks for its metrics, so they are always on there. */
	FIXED("MASTODON_PROMETHEUS_EXPORTER_ENABLED", TIER_SIDEKIQ, "true"),
	FIXED("MASTODON_PROMETHEUS_EXPORTER_LOCAL", TIER_SIDEKIQ, "true"),
	FIXED("MASTODON_PROMETHEUS_EXPORTER_HOST", TIER_SIDEKIQ, "0.0.0.0"),
	FIXED("MASTODON_PROMETHEUS_EXPORTER_PORT", TIER_SIDEKIQ, "9394"),
	FIXED("MASTODON_PROMETHEUS_EXPORTER_SIDEKIQ_DETAILED_METRICS", TIER_SIDEKIQ, "true"),
	BY("MASTODON_PROMETHEUS_EXPORTER_ENABLED", TIER_WEB, web_metrics),
	BY("MASTODON_PROMETHEUS_EXPORTER_WEB_DETAILED_METRICS", TIER_WEB, web_metrics),
	BY("PROMETHEUS_EXPORTER_HOST", TIER_WEB, web_metrics_host),

	BY_PATH("OTEL_EXPORTER_OTLP_ENDPOINT", TIER_RUBY, "telemetry.endpoint"),
	BY_PATH("OTEL_SERVICE_NAME_PREFIX", TIER_RUBY, "telemetry.service_name_prefix"),
	BY_PATH("OTEL_SERVICE_NAME_SEPARATOR", TIER_RUBY, "telemetry.service_name_separator"),
	BY("RAILS_LOG_LEVEL", TIER_RUBY, log_level),
	BY("LOG_LEVEL", TIER_STREAMING, log_level),
	FIXED("MALLOC_ARENA_MAX", WQ, "2"),
	BY_PATH("USER_ACTIVE_DAYS", WQ, "limits.user_active_days"),
	BY_PATH("MAX_SESSION_ACTIVATIONS", WQ, "limits.max_session_activations"),
	BY_PATH("MAX_FOLLOWS_THRESHOLD", WQ, "limits.max_follows_threshold"),
	BY_PATH("MAX_REQUEST_POOL_SIZE", WQ, "limits.max_request_pool_size"),
	BY_PATH("IP_RETENTION_PERIOD", WQ, "limits.ip_retention_period"),
	BY_PATH("SESSION_RETENTION_PERIOD", WQ, "limits.session_retention_period"),
	BY_PATH("UPDATE_CHECK_URL", WQ, "limits.update_check_url"),

	BY_PATH("HCAPTCHA_SITE_KEY", TIER_RUBY, "hcaptcha.site_key"),
	SECRET_BY_PATH("HCAPTCHA_SECRET_KEY", TIER_RUBY, "hcaptcha.secret_key"),
	BY("DEEPL_PLAN", TIER_RUBY, deepl_plan),
	SECRET_BY_PATH("DEEPL_API_KEY", TIER_RUBY, "translation.deepl.api_key"),
	BY_PATH("LIBRE_TRANSLATE_ENDPOINT", TIER_RUBY, "translation.libre_translate.endpoint"),
	SECRET_BY_PATH("LIBRE_TRANSLATE_API_KEY", TIER_RUBY, "translation.libre_translate.api_key"),
};

/* ---- a tier ---- */

static const char *joined(struct masto *m, const char *path, const struct mok_val *list)
{
	const char *out = NULL;

	for (size_t i = 0; i < list->u.list.len; i++) {
		const char *item = masto_text(m, mok_arena_printf(m->arena, "%s.%zu", path, i));

		if (item)
			out = out ? mok_arena_printf(m->arena, "%s,%s", out, item) : item;
	}
	return out;
}

static const char *setting(struct masto *m, const char *path)
{
	const struct mok_val *v = mok_val_at(&m->is, path);

	if (v && v->type == MOK_BOOL)
		return v->u.b ? "true" : "false";
	if (v && v->type == MOK_LIST)
		return joined(m, path, v);
	return masto_text(m, path);
}

static void add_extra(struct masto *m, const char *path, struct mok_val *to)
{
	const struct mok_val *extra = mok_val_at(&m->is, path);
	const struct mok_val *written = mok_val_at(m->written, path);

	for (size_t i = 0; extra && extra->type == MOK_MAP && i < extra->u.map.len; i++) {
		const struct mok_pair *pair = &extra->u.map.pairs[i];
		const struct mok_val *as = written && written->type == MOK_MAP
			? mok_val_get(written, pair->key)
			: NULL;
		struct mok_val v =
			as && as->type == MOK_STR ? masto_expr(m, "%s", as->u.s) : pair->val;

		v.at = pair->val.at;
		mok_val_set(m->arena, to, pair->key, v);
	}
}

static const char *value_of(struct masto *m, enum tier tier, const struct variable *v)
{
	if (v->path)
		return setting(m, v->path);
	return v->value ? v->value(m, tier) : v->fixed;
}

const char *masto_variable(struct masto *m, enum tier tier, const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(variables); i++)
		if ((variables[i].tiers & tier) && strcmp(variables[i].name, name) == 0)
			return value_of(m, tier, &variables[i]);
	return NULL;
}

void masto_env(struct masto *m, enum tier tier, struct mok_val *plain, struct mok_val *secret)
{
	for (size_t i = 0; i < MOK_COUNT(variables); i++) {
		const struct variable *v = &variables[i];
		const char *value = v->tiers & tier ? value_of(m, tier, v) : NULL;
		struct mok_val as;

		if (!value)
			continue;
		as = masto_expr(m, "%s", value);
		if (v->path)
			as.at = masto_mark(m, v->path);
		mok_val_set(m->arena, v->is_secret ? secret : plain, v->name, as);
	}
	if (!(tier & TIER_RUBY))
		return;
	add_extra(m, "extra_env", plain);
	add_extra(m, "extra_secret_env", secret);
}
