/* The mastodon block's objects, evaluated on the YAML that is emitted: each variable of each tier,
 * each object, and the traps that other charts fell into. */
#include "mastodon_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* Sanitizers slow everything down. */
#if defined(__SANITIZE_ADDRESS__)
#define EMIT_S_MAX 0.200
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EMIT_S_MAX 0.200
#endif
#endif
#ifndef EMIT_S_MAX
#define EMIT_S_MAX 0.010
#endif

/* ---- variables ---- */

enum { W = 1, Q = 2, J = 4, N = 8 };
#define WQJ (W | Q | J)

struct expected {
	const char *name;
	unsigned tiers;
	bool is_secret;
};

/* Of a plan that sets everything that can be set (plans/large.yaml and EVERYTHING).
 */
static const struct expected expectations[] = {
	{ "LOCAL_DOMAIN", WQJ, false },
	{ "WEB_DOMAIN", WQJ, false },
	{ "ALTERNATE_DOMAINS", WQJ, false },
	{ "SINGLE_USER_MODE", WQJ, false },
	{ "DEFAULT_LOCALE", WQJ, false },
	{ "LIMITED_FEDERATION_MODE", WQJ, false },
	{ "AUTHORIZED_FETCH", WQJ, false },
	{ "DISALLOW_UNAUTHENTICATED_API_ACCESS", WQJ, false },
	{ "STREAMING_API_BASE_URL", W, false },
	{ "SECRET_KEY_BASE", WQJ, true },
	{ "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY", WQJ, true },
	{ "ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY", WQJ, true },
	{ "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT", WQJ, true },
	{ "VAPID_PRIVATE_KEY", WQJ, true },
	{ "VAPID_PUBLIC_KEY", WQJ, true },
	{ "DB_HOST", WQJ | N, true },
	{ "DB_PORT", WQJ | N, true },
	{ "DB_NAME", WQJ | N, true },
	{ "DB_USER", WQJ | N, true },
	{ "DB_PASS", WQJ | N, true },
	{ "PREPARED_STATEMENTS", W | Q, false },
	{ "DB_POOL", N, false },
	{ "DB_SSLMODE", WQJ | N, false },
	{ "PGSSLROOTCERT", WQJ, false },
	{ "NODE_EXTRA_CA_CERTS", N, false },
	{ "SSL_CERT_FILE", WQJ, false },
	{ "REPLICA_DB_HOST", W | Q, true },
	{ "REPLICA_DB_PORT", W | Q, true },
	{ "REPLICA_DB_NAME", W | Q, true },
	{ "REPLICA_DB_USER", W | Q, true },
	{ "REPLICA_DB_PASS", W | Q, true },
	{ "REPLICA_PREPARED_STATEMENTS", W | Q, false },
	{ "REPLICA_DB_TASKS", W | Q, false },
	{ "REDIS_URL", WQJ | N, true },
	{ "REDIS_DRIVER", WQJ, false },
	{ "CACHE_REDIS_URL", WQJ, true },
	{ "SIDEKIQ_REDIS_URL", WQJ, true },
	{ "S3_ENABLED", WQJ, false },
	{ "S3_BUCKET", WQJ, false },
	{ "S3_REGION", WQJ, false },
	{ "S3_ENDPOINT", WQJ, false },
	{ "S3_HOSTNAME", WQJ, false },
	{ "S3_PROTOCOL", WQJ, false },
	{ "AWS_ACCESS_KEY_ID", WQJ, true },
	{ "AWS_SECRET_ACCESS_KEY", WQJ, true },
	{ "S3_ALIAS_HOST", WQJ, false },
	{ "S3_OVERRIDE_PATH_STYLE", WQJ, false },
	{ "S3_PERMISSION", WQJ, false },
	{ "S3_OPEN_TIMEOUT", WQJ, false },
	{ "S3_READ_TIMEOUT", WQJ, false },
	{ "S3_RETRY_LIMIT", WQJ, false },
	{ "AWS_REQUEST_CHECKSUM_CALCULATION", WQJ, false },
	{ "AWS_RESPONSE_CHECKSUM_VALIDATION", WQJ, false },
	{ "CDN_HOST", W | Q, false },
	{ "EXTRA_MEDIA_HOSTS", W | Q, false },
	{ "CACHE_BUSTER_ENABLED", W | Q, false },
	{ "CACHE_BUSTER_SECRET_HEADER", W | Q, false },
	{ "CACHE_BUSTER_SECRET", W | Q, true },
	{ "CACHE_BUSTER_HTTP_METHOD", W | Q, false },
	{ "SMTP_SERVER", WQJ, false },
	{ "SMTP_PORT", WQJ, false },
	{ "SMTP_LOGIN", WQJ, false },
	{ "SMTP_PASSWORD", WQJ, true },
	{ "SMTP_FROM_ADDRESS", WQJ, false },
	{ "SMTP_REPLY_TO", WQJ, false },
	{ "SMTP_DOMAIN", WQJ, false },
	{ "SMTP_AUTH_METHOD", WQJ, false },
	{ "SMTP_ENABLE_STARTTLS", WQJ, false },
	{ "SMTP_SSL", WQJ, false },
	{ "SMTP_OPENSSL_VERIFY_MODE", WQJ, false },
	{ "BULK_SMTP_SERVER", WQJ, false },
	{ "BULK_SMTP_PORT", WQJ, false },
	{ "BULK_SMTP_LOGIN", WQJ, false },
	{ "BULK_SMTP_PASSWORD", WQJ, true },
	{ "BULK_SMTP_FROM_ADDRESS", WQJ, false },
	{ "BULK_SMTP_DOMAIN", WQJ, false },
	{ "BULK_SMTP_AUTH_METHOD", WQJ, false },
	{ "BULK_SMTP_ENABLE_STARTTLS", WQJ, false },
	{ "BULK_SMTP_SSL", WQJ, false },
	{ "BULK_SMTP_OPENSSL_VERIFY_MODE", WQJ, false },
	{ "ES_ENABLED", WQJ, false },
	{ "ES_PRESET", WQJ, false },
	{ "ES_HOST", WQJ, false },
	{ "ES_PORT", WQJ, false },
	{ "ES_USER", WQJ, false },
	{ "ES_PASS", WQJ, true },
	{ "ES_PREFIX", WQJ, false },
	{ "ES_CA_FILE", WQJ, false },
	{ "WEB_CONCURRENCY", W, false },
	{ "MAX_THREADS", W, false },
	{ "MIN_THREADS", W, false },
	{ "PERSISTENT_TIMEOUT", W, false },
	{ "TRUSTED_PROXY_IP", W | N, false },
	{ "ALLOWED_PRIVATE_ADDRESSES", W | Q, false },
	{ "http_proxy", W | Q, false },
	{ "https_proxy", W | Q, false },
	{ "MASTODON_PROMETHEUS_EXPORTER_ENABLED", W | Q, false },
	{ "MASTODON_PROMETHEUS_EXPORTER_HOST", Q, false },
	{ "MASTODON_PROMETHEUS_EXPORTER_PORT", Q, false },
	{ "PROMETHEUS_EXPORTER_HOST", W, false },
	{ "MASTODON_PROMETHEUS_EXPORTER_LOCAL", Q, false },
	{ "MASTODON_PROMETHEUS_EXPORTER_SIDEKIQ_DETAILED_METRICS", Q, false },
	{ "MASTODON_PROMETHEUS_EXPORTER_WEB_DETAILED_METRICS", W, false },
	{ "OTEL_EXPORTER_OTLP_ENDPOINT", WQJ, false },
	{ "OTEL_SERVICE_NAME_PREFIX", WQJ, false },
	{ "OTEL_SERVICE_NAME_SEPARATOR", WQJ, false },
	{ "RAILS_LOG_LEVEL", WQJ, false },
	{ "LOG_LEVEL", N, false },
	{ "MALLOC_ARENA_MAX", W | Q, false },
	{ "USER_ACTIVE_DAYS", W | Q, false },
	{ "MAX_SESSION_ACTIVATIONS", W | Q, false },
	{ "MAX_FOLLOWS_THRESHOLD", W | Q, false },
	{ "MAX_REQUEST_POOL_SIZE", W | Q, false },
	{ "IP_RETENTION_PERIOD", W | Q, false },
	{ "SESSION_RETENTION_PERIOD", W | Q, false },
	{ "UPDATE_CHECK_URL", W | Q, false },
	{ "S3_MULTIPART_THRESHOLD", WQJ, false },
	{ "SMTP_RETURN_PATH", WQJ, false },
	{ "SMTP_CA_FILE", WQJ, false },
	{ "BULK_SMTP_CA_FILE", WQJ, false },
	{ "HCAPTCHA_SITE_KEY", WQJ, false },
	{ "HCAPTCHA_SECRET_KEY", WQJ, true },
	{ "LIBRE_TRANSLATE_ENDPOINT", WQJ, false },
	{ "LIBRE_TRANSLATE_API_KEY", WQJ, true },
	{ "OMNIAUTH_ONLY", WQJ, false },
	{ "OIDC_CLIENT_SECRET", WQJ, true },
	{ "DEEPL_PLAN", WQJ, false },
	{ "DEEPL_API_KEY", WQJ, true },
};

#define EVERYTHING \
	"mastodon:\n" \
	"  alternate_domains: [a.example, b.example]\n" \
	"  single_user_mode: false\n" \
	"  default_locale: de\n" \
	"  limited_federation_mode: no\n" \
	"  authorized_fetch: yes\n" \
	"  disallow_unauthenticated_api_access: true\n" \
	"  sidekiq_redis: pages\n" \
	"  s3_multipart_threshold: 16777216\n" \
	"  hcaptcha: { site_key: s, secret_key: t }\n" \
	"  translation: { libre_translate: { endpoint: 'https://lt.example', api_key: k } }\n" \
	"  assets_domain: https://assets.example\n" \
	"  extra_media_hosts: [https://old.example]\n" \
	"  cache_buster: { secret_header: X-A, secret: s3cret, http_method: PURGE }\n" \
	"  smtp: { reply_to: a@b.example, return_path: b@b.example, ca_file: /ca.crt, domain: " \
	"b.example, auth_method: plain, ssl: no,\n" \
	"    enable_starttls: auto, openssl_verify_mode: peer, bulk: { ca_file: /ca.crt, port: " \
	"2526, login: x,\n" \
	"    from: b@b.example, domain: b.example, auth_method: plain, ssl: no,\n" \
	"    enable_starttls: auto, openssl_verify_mode: peer } }\n" \
	"  gateway: { trusted_proxies: [192.0.2.0/24, 10.0.0.0/8] }\n" \
	"  allowed_private_addresses: [10.1.2.3]\n" \
	"  http_proxy: http://proxy.example:8080\n" \
	"  telemetry: { endpoint: 'http://otel:4318', service_name_prefix: m, " \
	"service_name_separator: '-' }\n" \
	"  limits: { user_active_days: 7, max_session_activations: 10, max_follows_threshold: " \
	"9,\n" \
	"    max_request_pool_size: 5, ip_retention_period: 100, session_retention_period: 100,\n" \
	"    update_check_url: '' }\n"

static const char *const tier_names[] = { "mastodon-web", "mastodon-sidekiq", "mastodon-jobs",
	"mastodon-streaming" };

static void test_each_variable_is_in_its_tiers_and_no_other(void **state)
{
	struct world *w = *state;

	load(w, "large", EVERYTHING);
	for (size_t i = 0; i < MOK_COUNT(expectations); i++)
		for (size_t t = 0; t < MOK_COUNT(tier_names); t++) {
			const struct expected *e = &expectations[i];
			bool plain = mok_val_get(
				mok_val_get(must(w, "ConfigMap", tier_names[t]), "data"), e->name);
			bool hidden = mok_val_get(
				mok_val_get(must(w, "Secret", tier_names[t]), "data"), e->name);
			bool wanted = (e->tiers >> t) & 1;

			if (plain != (wanted && !e->is_secret) ||
				hidden != (wanted && e->is_secret))
				fail_msg("%s in %s: plain %d, secret %d", e->name, tier_names[t],
					plain, hidden);
		}
}

static bool is_in_table(const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(expectations); i++)
		if (strcmp(expectations[i].name, name) == 0)
			return true;
	return false;
}

static void test_no_variable_is_unaccounted_for(void **state)
{
	static const char *const kinds[] = { "ConfigMap", "Secret" };
	struct world *w = *state;

	load(w, "large", EVERYTHING);
	for (size_t t = 0; t < MOK_COUNT(tier_names); t++)
		for (size_t k = 0; k < MOK_COUNT(kinds); k++) {
			const struct mok_val *data =
				mok_val_get(must(w, kinds[k], tier_names[t]), "data");

			for (size_t i = 0; i < data->u.map.len; i++)
				if (!is_in_table(data->u.map.pairs[i].key))
					fail_msg("%s", data->u.map.pairs[i].key);
		}
}

/* ---- the official chart (mastodon/helm-charts) ---- */

struct of_chart {
	const char *name; /* a final _ stands for all that begin so */
	const char *why;  /* NULL: emitted, in the table above; else what stands in its place */
};

#define EXTRA "by extra_env or extra_secret_env"
#define AS_URL "REDIS_URL and its like say it: only a URL can ask for TLS"

static const struct of_chart chart_variables[] = {
	{ "ALTERNATE_DOMAINS", NULL },
	{ "AUTHORIZED_FETCH", NULL },
	{ "BULK_SMTP_AUTH_METHOD", NULL },
	{ "BULK_SMTP_CA_FILE", NULL },
	{ "BULK_SMTP_DOMAIN", NULL },
	{ "BULK_SMTP_ENABLE_STARTTLS", NULL },
	{ "BULK_SMTP_FROM_ADDRESS", NULL },
	{ "BULK_SMTP_OPENSSL_VERIFY_MODE", NULL },
	{ "BULK_SMTP_PORT", NULL },
	{ "BULK_SMTP_SERVER", NULL },
	{ "BULK_SMTP_TLS", EXTRA },
	{ "CACHE_BUSTER_ENABLED", NULL },
	{ "CACHE_BUSTER_HTTP_METHOD", NULL },
	{ "CACHE_BUSTER_SECRET_HEADER", NULL },
	{ "CACHE_REDIS_HOST", AS_URL },
	{ "CACHE_REDIS_PORT", AS_URL },
	{ "CAS_", EXTRA },
	{ "DB_HOST", NULL },
	{ "DB_NAME", NULL },
	{ "DB_PORT", NULL },
	{ "DEEPL_PLAN", NULL },
	{ "DEFAULT_LOCALE", NULL },
	{ "ES_CA_FILE", NULL },
	{ "ES_ENABLED", NULL },
	{ "ES_HOST", NULL },
	{ "ES_PORT", NULL },
	{ "ES_PREFIX", NULL },
	{ "ES_PRESET", NULL },
	{ "HCAPTCHA_SITE_KEY", NULL },
	{ "LDAP_", EXTRA },
	{ "LIMITED_FEDERATION_MODE", NULL },
	{ "LOCAL_DOMAIN", NULL },
	{ "LOG_LEVEL", NULL },
	{ "MALLOC_ARENA_MAX", NULL },
	{ "NODE_ENV", "the image sets it" },
	{ "OIDC_", EXTRA },
	{ "OMNIAUTH_ONLY", NULL },
	{ "PAM_", EXTRA },
	{ "PREPARED_STATEMENTS", NULL },
	{ "RAILS_ENV", "the image sets it" },
	{ "RAILS_LOG_LEVEL", NULL },
	{ "REDIS_HOST", AS_URL },
	{ "REDIS_PORT", AS_URL },
	{ "REPLICA_DB_HOST", NULL },
	{ "S3_ALIAS_HOST", NULL },
	{ "S3_BUCKET", NULL },
	{ "S3_ENABLED", NULL },
	{ "S3_ENDPOINT", NULL },
	{ "S3_HOSTNAME", NULL },
	{ "S3_MULTIPART_THRESHOLD", NULL },
	{ "S3_OVERRIDE_PATH_STYLE", NULL },
	{ "S3_PERMISSION", NULL },
	{ "S3_PROTOCOL", NULL },
	{ "S3_REGION", NULL },
	{ "SAML_", EXTRA },
	{ "SIDEKIQ_REDIS_HOST", AS_URL },
	{ "SIDEKIQ_REDIS_PORT", AS_URL },
	{ "SINGLE_USER_MODE", NULL },
	{ "SMTP_AUTH_METHOD", NULL },
	{ "SMTP_CA_FILE", NULL },
	{ "SMTP_DELIVERY_METHOD", EXTRA },
	{ "SMTP_DOMAIN", NULL },
	{ "SMTP_ENABLE_STARTTLS", NULL },
	{ "SMTP_FROM_ADDRESS", NULL },
	{ "SMTP_OPENSSL_VERIFY_MODE", NULL },
	{ "SMTP_PORT", NULL },
	{ "SMTP_REPLY_TO", NULL },
	{ "SMTP_RETURN_PATH", NULL },
	{ "SMTP_SERVER", NULL },
	{ "SMTP_TLS", EXTRA },
	{ "STREAMING_API_BASE_URL", NULL },
	{ "STREAMING_CLUSTER_NUM", "current versions do not have it" },
	{ "TRUSTED_PROXY_IP", NULL },
	{ "WEB_DOMAIN", NULL },
};

/* What it sets is set here too, or can be, or there is a reason. */
static void test_every_variable_of_the_official_chart(void **state)
{
	struct world *w = *state;
	struct mok_buf more;

	mok_buf_init(&more, 65536);
	mok_buf_puts(&more, EVERYTHING "  extra_env:\n");
	for (size_t i = 0; i < MOK_COUNT(chart_variables); i++) {
		const struct of_chart *v = &chart_variables[i];

		if (!v->why && !is_in_table(v->name))
			fail_msg("%s is not emitted", v->name);
		if (v->why && strcmp(v->why, EXTRA) == 0)
			mok_buf_printf(&more, "    %s: x\n", v->name);
	}
	load(w, "large", more.data);
	mok_buf_release(&more);
	for (size_t i = 0; i < MOK_COUNT(chart_variables); i++) {
		const struct of_chart *v = &chart_variables[i];

		if (v->why && strcmp(v->why, EXTRA) == 0)
			assert_at(w, "ConfigMap", "mastodon-web",
				mok_arena_printf(w->arena, "data.%s", v->name), "x");
	}
}

struct object_of_chart {
	const char *template, *plan, *kind, *name; /* kind NULL: why not */
	const char *why;
};

static const struct object_of_chart chart_objects[] = {
	{ "configmap-env", "large", "ConfigMap", "mastodon-web", NULL },
	{ "configmap-env-predeploy", "large", "ConfigMap", "mastodon-jobs", NULL },
	{ "deployment-sidekiq", "large", "Deployment", "mastodon-sidekiq-push", NULL },
	{ "deployment-streaming", "large", "Deployment", "mastodon-streaming", NULL },
	{ "deployment-web", "large", "Deployment", "mastodon-web", NULL },
	{ "httproute", "large", "HTTPRoute", "mastodon", NULL },
	{ "httproute-streaming", "large", "HTTPRoute", "mastodon", NULL },
	{ "ingress", "guide", "Ingress", "mastodon", NULL },
	{ "ingress-streaming", "guide", "Ingress", "mastodon", NULL },
	{ "job-create-admin", "large", "Job", "mastodon-create-owner", NULL },
	{ "job-db-prepare", "large", "Job", "mastodon-db-prepare", NULL },
	{ "job-deploy-search", "large", "Job", "mastodon-search-deploy-4-7", NULL },
	{ "job-db-migrate", NULL, NULL, NULL, "a step of an upgrade: mok_mastodon_job()" },
	{ "job-db-pre-migrate", NULL, NULL, NULL, "a step of an upgrade: mok_mastodon_job()" },
	{ "job-assets-copy", "large", "Job", "mastodon-assets-copy", NULL },
	{ "pvc-assets, pvc-system", NULL, NULL, NULL, "media is in Spaces" },
	{ "secret-*", "large", "Secret", "mastodon-web", NULL },
	{ "secret-*-predeploy", "large", "Secret", "mastodon-jobs", NULL },
	{ "secret-streaming-cert", "large", "ConfigMap", "mastodon-ca", NULL },
	{ "service-streaming", "large", "Service", "mastodon-streaming", NULL },
	{ "service-web", "large", "Service", "mastodon-web", NULL },
	{ "serviceaccount", "large", "ServiceAccount", "mastodon", NULL },
	{ "serviceaccount-predeploy", "large", "ServiceAccount", "mastodon", NULL },
};

static void test_every_object_of_the_official_chart(void **state)
{
	struct world *w = *state, guide = { .arena = w->arena, .diags.arena = w->arena };

	load(w, "large", NULL);
	load(&guide, "guide", NULL);
	for (size_t i = 0; i < MOK_COUNT(chart_objects); i++) {
		const struct object_of_chart *o = &chart_objects[i];

		if (o->kind)
			must(strcmp(o->plan, "guide") == 0 ? &guide : w, o->kind, o->name);
		else
			assert_non_null(o->why);
	}
}

/* ---- single values ---- */

static void test_values_that_others_got_wrong(void **state)
{
	struct world *w = *state;

	load(w, "large", EVERYTHING);
	/* booleans are written out, lists with commas */
	assert_at(w, "ConfigMap", "mastodon-web", "data.LIMITED_FEDERATION_MODE", "false");
	assert_at(w, "ConfigMap", "mastodon-web", "data.AUTHORIZED_FETCH", "true");
	assert_at(w, "ConfigMap", "mastodon-web", "data.ALTERNATE_DOMAINS", "a.example,b.example");
	assert_at(
		w, "ConfigMap", "mastodon-web", "data.TRUSTED_PROXY_IP", "192.0.2.0/24,10.0.0.0/8");
	/* TLS by URL, the password encoded */
	assert_secret(w, "mastodon-web", "REDIS_URL",
		"rediss://default:cache.private_connection.password@cache.private_connection.host:"
		"cache.private_connection.port");
	/* Jobs go around the pool: migrations need a session */
	assert_secret(w, "mastodon-jobs", "DB_HOST", "db.private_connection.host");
	assert_secret(w, "mastodon-jobs", "DB_NAME", "mastodon");
	/* A replica has the cluster's users and databases, and no pool. */
	assert_secret(w, "mastodon-web", "REPLICA_DB_HOST", "db_reader.private_connection.host");
	assert_secret(w, "mastodon-sidekiq", "REPLICA_DB_NAME", "mastodon");
	assert_secret(w, "mastodon-web", "REPLICA_DB_PASS", "db_user.password");
	assert_at(w, "ConfigMap", "mastodon-web", "data.PREPARED_STATEMENTS", "false");
	assert_at(w, "ConfigMap", "mastodon-web", "data.REPLICA_PREPARED_STATEMENTS", "true");
	assert_at(w, "ConfigMap", "mastodon-web", "data.REPLICA_DB_TASKS", "false");
	assert_at(w, "ConfigMap", "mastodon-web", "data.DB_SSLMODE", "require");
	assert_at(w, "ConfigMap", "mastodon-streaming", "data.DB_SSLMODE", "require");
	assert_at(w, "ConfigMap", "mastodon-web", "data.SMTP_PORT", "2525");
	assert_at(w, "ConfigMap", "mastodon-web", "data.STREAMING_API_BASE_URL",
		"wss://streaming.large.mastodon.example");
	assert_at(w, "ConfigMap", "mastodon-web", "data.ES_PRESET", "small_cluster");
}

/* ---- objects ---- */

#define POD "spec.template.spec"

static void test_web(void **state)
{
	struct world *w = *state;

	load(w, "medium", NULL);
	assert_at(w, "Deployment", "mastodon-web", "spec.replicas", NULL); /* the autoscaler's */
	assert_at(w, "Deployment", "mastodon-web", POD ".containers.0.args.2", "puma");
	assert_at(w, "Deployment", "mastodon-web", POD ".containers.0.command", NULL);
	assert_at(w, "Deployment", "mastodon-web", POD ".containers.0.livenessProbe.tcpSocket.port",
		"http");
	assert_at(w, "Deployment", "mastodon-web", POD ".containers.0.readinessProbe.httpGet.path",
		"/health");
	assert_at(
		w, "Deployment", "mastodon-web", "spec.strategy.rollingUpdate.maxUnavailable", "0");
	assert_at(w, "Deployment", "mastodon-web", POD ".containers.0.image",
		"ghcr.io/mastodon/mastodon:v4.7.6@" DIGEST);
	assert_at(w, "Deployment", "mastodon-web", POD ".containers.1.name", "metrics");
	assert_at(w, "Deployment", "mastodon-web", POD ".containers.0.resources.limits.cpu", NULL);
	assert_at(w, "Deployment", "mastodon-web",
		POD ".affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
		    "nodeSelectorTerms.0.matchExpressions.0.key",
		"doks.digitalocean.com/node-pool");
	assert_at(w, "HorizontalPodAutoscaler", "mastodon-web", "spec.minReplicas", "3");
	assert_at(w, "HorizontalPodAutoscaler", "mastodon-web", "spec.maxReplicas", "5");
	assert_at(w, "PodDisruptionBudget", "mastodon-web", "spec.maxUnavailable", "1");
}

static void test_streaming_reads_and_runs_little(void **state)
{
	struct world *w = *state;

	load(w, "medium", NULL);
	assert_at(w, "Deployment", "mastodon-streaming", POD ".containers.0.image",
		"ghcr.io/mastodon/mastodon-streaming:v4.7.6@" DIGEST);
	assert_at(w, "Deployment", "mastodon-streaming", "spec.minReadySeconds", "30");
	assert_at(w, "Deployment", "mastodon-streaming", POD ".initContainers", NULL);
	assert_at(w, "Deployment", "mastodon-streaming",
		POD ".containers.0.securityContext.readOnlyRootFilesystem", "true");
	assert_at(w, "Deployment", "mastodon-streaming", POD ".containers.0.envFrom.2", NULL);
}

static void test_the_scheduler_is_alone(void **state)
{
	struct world *w = *state;

	load(w, "medium", NULL);
	assert_at(w, "Deployment", "mastodon-sidekiq-scheduler", "spec.replicas", "1");
	assert_at(w, "Deployment", "mastodon-sidekiq-scheduler", "spec.strategy.type", "Recreate");
	assert_at(
		w, "Deployment", "mastodon-sidekiq-scheduler", "spec.strategy.rollingUpdate", NULL);
	assert_null(find(w, "PodDisruptionBudget", "mastodon-sidekiq-scheduler"));
	assert_null(find(w, "HorizontalPodAutoscaler", "mastodon-sidekiq-scheduler"));
}

static void test_sidekiq_groups(void **state)
{
	struct world *w = *state;

	load(w, "large", NULL);
	assert_at(w, "Deployment", "mastodon-sidekiq-default", POD ".containers.0.args.4", "25");
	assert_at(w, "Deployment", "mastodon-sidekiq-default", POD ".containers.0.args.8",
		"default,8");
	assert_at(w, "Deployment", "mastodon-sidekiq-default", POD ".containers.0.args.10",
		"mailers,2");
	assert_at(w, "Deployment", "mastodon-sidekiq-default",
		POD ".containers.0.livenessProbe.httpGet.path", "/metrics");
	assert_at(w, "ScaledObject", "mastodon-sidekiq-ingress", "spec.maxReplicaCount", "8");
	assert_at(w, "Deployment", "mastodon-sidekiq-push", "spec.replicas", "2");
}

static bool takes_over(struct world *w, const char *address)
{
	const struct mok_resource *r = mok_map_get(w->stack->by_address, address);
	const struct mok_val *v = r ? mok_val_get(want_of(w, r), "force_conflicts") : NULL;

	assert_non_null(r);
	return v && v->type == MOK_BOOL && v->u.b;
}

/* A number that an autoscaler left behind is taken back; one that it moves is not. */
static void test_replicas_are_taken_back(void **state)
{
	struct world *w = *state;

	load(w, "medium", NULL);
	assert_false(takes_over(w, "mastodon_web"));
	assert_true(takes_over(w, "mastodon_sidekiq_push"));
}

static void test_a_read_only_root_copies_what_it_hides(void **state)
{
	struct world *w = *state;

	load(w, "large", NULL);
	assert_at(w, "Deployment", "mastodon-web",
		POD ".containers.0.securityContext.readOnlyRootFilesystem", "true");
	assert_at(w, "Deployment", "mastodon-web", POD ".initContainers.1.name", "scratch");
	assert_at(
		w, "Deployment", "mastodon-web", POD ".containers.0.volumeMounts.2.subPath", "app");
	assert_at(w, "Deployment", "mastodon-web", POD ".volumes.2.emptyDir.sizeLimit", "2Gi");
}

static void test_jobs(void **state)
{
	struct world *w = *state;
	const char *script;

	load(w, "small", NULL);
	assert_at(w, "Job", "mastodon-db-prepare", POD ".containers.0.args.3", "db:prepare");
	assert_at(w, "Job", "mastodon-db-prepare", POD ".restartPolicy", "Never");
	assert_at(w, "ConfigMap", "mastodon-jobs", "data.SKIP_POST_DEPLOYMENT_MIGRATIONS", NULL);
	/* the owner's password: by Secret to a script that prints nothing */
	script = at(w, "Job", "mastodon-create-owner", POD ".containers.0.args.2");
	assert_non_null(strstr(script, "ENV.fetch('OWNER_PASSWORD')"));
	assert_null(strstr(script, "puts"));
	assert_secret(w, "mastodon-owner", "OWNER_PASSWORD", "secret.owner_password");
	assert_null(find(w, "Job", "mastodon-search-deploy-4-7"));
	assert_at(w, "CronJob", "mastodon-media-remove", "spec.concurrencyPolicy", "Forbid");
	assert_at(w, "CronJob", "mastodon-media-remove",
		"spec.jobTemplate.spec.template.spec.containers.0.args.5", "--keep-interacted");
	assert_null(find(w, "CronJob", "mastodon-statuses-remove"));
}

static void test_jobs_of_an_upgrade(void **state)
{
	struct world *w = *state;
	const struct mok_val *prepare;
	struct mok_val pre, post;

	load(w, "medium", NULL);
	prepare = must(w, "Job", "mastodon-db-prepare");
	assert_true(mok_mastodon_job(w->arena, prepare, "migrate-pre", &pre));
	assert_true(mok_mastodon_job(w->arena, prepare, "migrate-post", &post));
	assert_string_equal(mok_val_at(&pre, POD ".containers.0.env.0.name")->u.s,
		"SKIP_POST_DEPLOYMENT_MIGRATIONS");
	assert_null(mok_val_at(&post, POD ".containers.0.env"));
	assert_string_equal(mok_val_at(&post, POD ".containers.0.args.3")->u.s, "db:migrate");
	assert_true(
		mok_starts(mok_val_at(&pre, "metadata.name")->u.s, "mastodon-migrate-pre-4-7-6-"));
	assert_true(mok_val_equal(mok_val_at(&pre, POD ".containers.0.envFrom"),
		mok_val_at(prepare, POD ".containers.0.envFrom")));
	/* Those of migrations tell how far the schema is: time does not clear them away. */
	assert_null(mok_val_at(&pre, "spec.ttlSecondsAfterFinished"));
	assert_null(mok_val_at(&post, "spec.ttlSecondsAfterFinished"));
	assert_true(mok_mastodon_job(w->arena, prepare, "cache-clear", &pre));
	assert_non_null(mok_val_at(&pre, "spec.ttlSecondsAfterFinished"));
	assert_false(mok_mastodon_job(w->arena, prepare, "self-destruct", &pre));
	assert_string_equal(mok_mastodon_job_at(0), "migrate-pre");
}

/* In what runs, not in what is wanted; and anew each time. */
static void test_a_job_of_what_runs(void **state)
{
	struct world *w = *state;
	const struct mok_running running = { .image = "ghcr.io/mastodon/mastodon:v4.6.5",
		.version = "4.6.5",
		.config = "mastodon-jobs-old",
		.asked_at = "2026-01-01T00:00:00Z" };
	const struct mok_val *prepare;
	struct mok_val base, job, later;

	load(w, "medium", NULL);
	prepare = must(w, "Job", "mastodon-db-prepare");
	base = mok_mastodon_prepare_of(w->arena, prepare, &running);
	assert_true(mok_mastodon_job(w->arena, &base, "preflight", &job));
	assert_true(
		mok_starts(mok_val_at(&job, "metadata.name")->u.s, "mastodon-preflight-4-6-5-"));
	assert_string_equal(mok_val_at(&job, POD ".containers.0.image")->u.s, running.image);
	assert_string_equal(mok_val_at(&job, POD ".initContainers.0.image")->u.s, running.image);
	assert_string_equal(mok_val_at(&job, POD ".containers.0.envFrom.0.configMapRef.name")->u.s,
		"mastodon-jobs-old");
	assert_true(mok_val_equal(mok_val_at(&job, POD ".containers.0.envFrom.1"),
		mok_val_at(prepare, POD ".containers.0.envFrom.1")));
	assert_non_null(mok_val_at(&job, "spec.ttlSecondsAfterFinished"));
	assert_non_null(strstr(mok_val_at(&job, POD ".containers.0.args.2")->u.s, MOK_VITALS_MARK));
	base = mok_mastodon_prepare_of(w->arena, prepare,
		&(struct mok_running){ .image = running.image,
			.version = "4.6.5",
			.asked_at = "2026-01-01T00:00:01Z" });
	assert_true(mok_mastodon_job(w->arena, &base, "preflight", &later));
	assert_string_not_equal(
		mok_val_at(&job, "metadata.name")->u.s, mok_val_at(&later, "metadata.name")->u.s);
}

static void test_images_to_pull_before(void **state)
{
	struct world *w = *state;
	const struct mok_val *deployments[3];
	struct mok_val set;

	load(w, "large", NULL);
	deployments[0] = must(w, "Deployment", "mastodon-web");
	deployments[1] = must(w, "Deployment", "mastodon-streaming");
	deployments[2] = must(w, "Deployment", "mastodon-sidekiq-default");
	assert_true(mok_mastodon_pre_pull(w->arena, deployments, 3, &set));
	assert_string_equal(mok_val_at(&set, "metadata.namespace")->u.s, "mastodon");
	assert_int_equal(mok_val_at(&set, POD ".containers")->u.list.len, 2);
	assert_non_null(
		strstr(mok_val_at(&set, POD ".containers.1.image")->u.s, "mastodon-streaming"));
	assert_false(mok_mastodon_pre_pull(w->arena, NULL, 0, &set));
}

#define VITALS \
	"{\"database_bytes\":5,\"max_connections\":50,\"reserved_connections\":3," \
	"\"used_connections\":7,\"invalid_indexes\":[\"a\",1],\"schema_version\":\"2026\"," \
	"\"queues\":{\"pull\":{\"waiting\":0,\"latency_ms\":9},\"push\":{\"waiting\":2," \
	"\"latency_ms\":3}},\"dead\":4,\"retries\":1}"

static void test_vital_signs_are_read(void **state)
{
	struct world *w = *state;
	struct mok_vitals v;

	assert_true(mok_mastodon_vitals(w->arena,
		"I, INFO: booted\n" MOK_VITALS_MARK "{}\n" MOK_VITALS_MARK VITALS "\nbye\n", &v));
	assert_int_equal(v.database_bytes, 5);
	assert_int_equal(v.max_connections, 50);
	assert_int_equal(v.dead, 4);
	assert_int_equal(v.invalid_indexes.len, 1);
	assert_string_equal(v.schema_version, "2026");
	assert_string_equal(v.json, VITALS);
	assert_string_equal(mok_mastodon_slowest(&v)->name, "push");
	/* cut off, of another kind, without a number, below zero, nothing */
	assert_false(mok_mastodon_vitals(w->arena, MOK_VITALS_MARK "{\"database_bytes\":5,", &v));
	assert_false(mok_mastodon_vitals(w->arena, MOK_VITALS_MARK "[1]", &v));
	assert_false(mok_mastodon_vitals(
		w->arena, MOK_VITALS_MARK "{\"schema_version\":\"1\",\"dead\":4}", &v));
	assert_false(mok_mastodon_vitals(w->arena, "", &v));
}

static void test_an_older_version_has_no_newer_option(void **state)
{
	struct world *w = *state;

	load(w, "small", "mastodon: { version: \"4.5\", cleanup: { statuses: true } }\n");
	assert_at(w, "CronJob", "mastodon-media-remove",
		"spec.jobTemplate.spec.template.spec.containers.0.args.5", NULL);
	assert_non_null(find(w, "CronJob", "mastodon-statuses-remove"));
}

static void test_traefik_by_its_containers_ports(void **state)
{
	struct world *w = *state;

	load(w, "small", NULL);
	assert_at(w, "Gateway", "mastodon", "spec.listeners.0.port", "8000");
	assert_at(w, "Gateway", "mastodon", "spec.listeners.1.port", "8443");
	assert_at(w, "HTTPRoute", "mastodon", "spec.rules.0.matches.0.path.value",
		"/api/v1/streaming");
	assert_at(w, "HTTPRoute", "mastodon", "spec.rules.0.matches.0.path.type", "PathPrefix");
	assert_null(find(w, "NetworkPolicy", "mastodon-solver")); /* dns01 */
	assert_secret(w, "mastodon-s-dns", "access-token", "not-a-token");
	assert_at(w, "Secret", "mastodon-s-dns", "metadata.namespace", "cert-manager");
}

static void test_cilium_by_the_servers_ports(void **state)
{
	struct world *w = *state;

	load(w, "large", NULL);
	assert_at(w, "Gateway", "mastodon", "spec.gatewayClassName", "cilium");
	assert_at(w, "Gateway", "mastodon", "spec.listeners.0.port", "80");
	assert_at(w, "CiliumNetworkPolicy", "mastodon-gateway", "spec.ingress.0.fromEntities.0",
		"ingress");
	assert_at(w, "HTTPRoute", "mastodon-well-known",
		"spec.rules.0.filters.0.requestRedirect.hostname", "social.large.mastodon.example");
	/* HTTP-01's solver can be reached through a policy that denies */
	assert_at(w, "NetworkPolicy", "mastodon-solver", "spec.ingress.0.ports.0.port", "8089");
	assert_int_equal(count(w, "CustomResourceDefinition"), 0); /* DOKS has them */
}

#define OWN_DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"

static void test_images_as_the_plan_says(void **state)
{
	struct world *w = *state;

	load(w, "small",
		"mastodon: { images: { web: example.com/own, web_digest: \"" OWN_DIGEST "\" } }\n");
	assert_at(w, "Deployment", "mastodon-web", POD ".containers.0.image",
		"example.com/own:v4.7.6@" OWN_DIGEST);
	assert_at(w, "Deployment", "mastodon-streaming", POD ".containers.0.image",
		"ghcr.io/mastodon/mastodon-streaming:v4.7.6@" DIGEST);
	assert_null(mok_map_get(mok_plan_images_asked(w->stack), "example.com/own:v4.7.6"));
}

static void test_images_by_tag(void **state)
{
	struct world *w = *state;

	load(w, "small", "mastodon: { images: { pin: tag } }\n");
	assert_at(w, "Deployment", "mastodon-web", POD ".containers.0.image",
		"ghcr.io/mastodon/mastodon:v4.7.6");
	assert_int_equal(mok_map_len(mok_plan_images_asked(w->stack)), 0);
}

static void test_an_ingress_instead(void **state)
{
	struct world *w = *state;

	load(w, "guide", NULL);
	assert_int_equal(count(w, "Gateway") + count(w, "HTTPRoute"), 0);
	assert_at(w, "Ingress", "mastodon", "spec.rules.0.http.paths.0.path", "/api/v1/streaming");
	assert_at(w, "Ingress", "mastodon", "spec.rules.0.http.paths.0.pathType", "Prefix");
	assert_at(w, "StatefulSet", "mastodon-search", POD ".containers.0.ports.0.containerPort",
		"9200");
	assert_at(w, "Deployment", "mastodon-web",
		POD ".affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
		    "nodeSelectorTerms.0.matchExpressions.0.values.0",
		"mastodon-web");
}

/* A name that the plan says elsewhere is known, so its record is made. */
static void test_records_follow_the_gateway(void **state)
{
	struct world *w = *state;
	const struct mok_resource *r;

	load(w, "small",
		"mastodon: { domain: \"${zone.name}\", web_domain: \"www.${zone.name}\" }\n");
	r = mok_map_get(w->stack->by_address, "mastodon_record_web");
	assert_non_null(r);
	assert_string_equal(mok_val_get_str(want_of(w, r), "name"), "www");
	assert_string_equal(mok_val_get_str(want_of(w, r), "domain"), "small.mastodon.example");
	r = mok_map_get(w->stack->by_address, "mastodon_record");
	assert_string_equal(mok_val_get_str(want_of(w, r), "name"), "@");
	assert_string_equal(mok_val_get_str(want_of(w, r), "data"),
		"mastodon_gateway.object.status.addresses.0.value");
	assert_at(w, "Certificate", "mastodon", "spec.dnsNames.0", "www.small.mastodon.example");
	assert_at(w, "Certificate", "mastodon", "spec.dnsNames.1", "small.mastodon.example");
}

/* A record of that name in the plan is somebody's own decision. */
static void test_a_declared_record_stands(void **state)
{
	struct world *w = *state;

	load(w, "small",
		"resources: { mine: { kind: record, domain: \"${zone.name}\", type: A, name: "
		"\"@\",\n"
		"  data: 192.0.2.1 } }\n");
	assert_null(mok_map_get(w->stack->by_address, "mastodon_record"));
}

static void test_the_internet_but_nothing_inside(void **state)
{
	struct world *w = *state;

	load(w, "small", NULL);
	assert_at(w, "NetworkPolicy", "mastodon-deny", "spec.policyTypes.1", "Egress");
	assert_at(w, "NetworkPolicy", "mastodon-internet", "spec.egress.0.to.0.ipBlock.except.4",
		"169.254.0.0/16");
	assert_at(w, "NetworkPolicy", "mastodon-internet",
		"spec.podSelector.matchExpressions.0.values.0", "streaming");
}

/* ---- patches, pools ---- */

static void test_patches(void **state)
{
	struct world *w = *state;

	load(w, "large",
		"mastodon:\n"
		"  patches:\n"
		"    - target: { kind: Deployment, name: mastodon-sidekiq-* }\n"
		"      patch: { spec: { template: { spec: { containers: [\n"
		"        { name: sidekiq, env: [ { name: A, value: \"1\" } ] },\n"
		"        { name: more, image: \"i:1\" } ] } } } }\n"
		"    - target: { kind: Service, name: mastodon-web }\n"
		"      type: merge\n"
		"      patch: { metadata: { annotations: { a/b.c: \"${var.domain}\" } },\n"
		"        spec: { ports: [ { port: 80 } ], type: null } }\n"
		"    - target: { kind: Deployment, name: mastodon-web }\n"
		"      patch: { spec: { template: { spec: { containers: [\n"
		"        { name: metrics, $patch: delete } ] } } } }\n");
	assert_at(w, "Deployment", "mastodon-sidekiq-push", POD ".containers.0.env.0.name", "A");
	assert_at(w, "Deployment", "mastodon-sidekiq-push", POD ".containers.0.args.2", "sidekiq");
	assert_at(w, "Deployment", "mastodon-sidekiq-push", POD ".containers.1.name", "more");
	assert_at(w, "Service", "mastodon-web", "spec.ports.0.port", "80");
	assert_at(w, "Service", "mastodon-web", "spec.ports.0.name", NULL);
	assert_at(w, "Service", "mastodon-web", "spec.type", NULL);
	assert_string_equal(mok_val_get_str(mok_val_at(must(w, "Service", "mastodon-web"),
						    "metadata.annotations"),
				    "a/b.c"),
		"large.mastodon.example");
	assert_at(w, "Deployment", "mastodon-web", POD ".containers.1", NULL);
}

static int64_t pool_size(struct world *w, const char *address)
{
	const struct mok_resource *r = mok_map_get(w->stack->by_address, address);

	assert_non_null(r);
	return mok_val_get(want_of(w, r), "size")->u.i;
}

/* Reference: 3 web pods of 10 threads, 65 threads of Sidekiq, 2 of streaming. */
static void test_pools_by_the_arithmetic(void **state)
{
	struct world *w = *state;

	load(w, "small",
		"resources: { db_pool: null }\n"
		"mastodon:\n"
		"  web: { replicas: 3, workers: 2, threads: 5 }\n"
		"  sidekiq:\n"
		"    all: { queues: [default, push, ingress, pull, mailers, fasp], replicas: 4,\n"
		"      concurrency: 15 }\n"
		"    scheduler: { queues: [scheduler], concurrency: 5 }\n");
	assert_int_equal(pool_size(w, "mastodon_pool_web"), 15);
	assert_int_equal(pool_size(w, "mastodon_pool_sidekiq"), 33);
	assert_int_equal(pool_size(w, "mastodon_pool_streaming"), 5);
	assert_secret(w, "mastodon-sidekiq", "DB_NAME", "sidekiq");
}

static void test_a_declared_pool_is_used(void **state)
{
	struct world *w = *state;

	load(w, "small", NULL);
	assert_null(mok_map_get(w->stack->by_address, "mastodon_pool_web"));
	assert_secret(w, "mastodon-web", "DB_NAME", "mastodon");
	assert_secret(w, "mastodon-web", "DB_HOST", "db_pool.private_connection.host");
}

/* ---- what does not roll, what is fast ---- */

static const char *name_of(struct world *w, const char *kind, const char *name)
{
	return mok_val_get_str(mok_val_get(must(w, kind, name), "metadata"), "name");
}

/* A setting of web changes the name of what web reads, and of nothing that the others read. */
static void test_only_what_changed_rolls(void **state)
{
	struct world *w = *state, other = { .arena = w->arena, .diags.arena = w->arena };

	load(w, "small", NULL);
	load(&other, "small", "mastodon: { web: { threads: 6 }, version: \"4.7.6\" }\n");
	assert_string_not_equal(name_of(w, "ConfigMap", "mastodon-web"),
		name_of(&other, "ConfigMap", "mastodon-web"));
	assert_string_equal(name_of(w, "ConfigMap", "mastodon-sidekiq"),
		name_of(&other, "ConfigMap", "mastodon-sidekiq"));
	assert_string_equal(name_of(w, "Secret", "mastodon-streaming"),
		name_of(&other, "Secret", "mastodon-streaming"));
}

/* Expansion is part of loading: what loading costs with the block less without it, and writing. */
static void test_emitting_takes_less_than_ten_milliseconds(void **state)
{
	struct world *w = *state;
	clock_t start;
	double best = 1;

	load(w, "large", NULL);
	for (int round = 0; round < 5; round++) {
		double took;

		start = clock();
		for (size_t i = 0; i < w->stack->resources.len; i++) {
			const struct mok_resource *r = &w->stack->resources.items[i];
			struct mok_buf text;

			w->wants[i] = mok_val_null();
			if (strcmp(r->kind->name, "kubernetes_manifest") != 0)
				continue;
			mok_buf_init(&text, 1 << 20);
			assert_true(mok_yaml_write(
				mok_val_get(want_of(w, r), "manifest"), true, &text));
			mok_buf_release(&text);
		}
		took = (double)(clock() - start) / CLOCKS_PER_SEC;
		best = took < best ? took : best;
	}
	print_message("emitting took %.1f ms\n", best * 1000);
	assert_true(best < EMIT_S_MAX);
}

static void test_what_is_frozen(void **state)
{
	struct world *w = *state;
	struct mok_val live = { .type = MOK_MAP }, want = live;

	mok_val_set(w->arena, &live, "LOCAL_DOMAIN", mok_val_str("a.example"));
	mok_val_set(w->arena, &want, "LOCAL_DOMAIN", mok_val_str("a.example"));
	assert_null(mok_mastodon_frozen(&live, &want));
	mok_val_set(w->arena, &want, "WEB_DOMAIN", mok_val_str("b.example"));
	assert_string_equal(mok_mastodon_frozen(&live, &want)->name, "WEB_DOMAIN");
	want = live;
	mok_val_set(w->arena, &live, "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY", mok_val_str("a"));
	mok_val_set(w->arena, &want, "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY", mok_val_str("a"));
	assert_null(mok_mastodon_frozen(&live, &want));
	mok_val_set(w->arena, &want, "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY",
		mok_val_unknown("made with the apply"));
	assert_null(mok_mastodon_frozen(&live, &want)->setting);
}

/* ---- YAML ---- */

static void test_texts_stay_texts(void **state)
{
	static const char *const texts[] = { "", "no", "Yes", "null", "~", "1", "1e3", "0x1f",
		"1:30", "-1", "2026-01-01", "a: b", "a #b", "- a", "*a", "&a", "!a", "%a", "@a",
		"`a", "|", ">", "'", "\"", "a\nb", "a\nb\n", "\n", " a", "a ", "\ta", "{a}", "[a]",
		"\xc3\xa4", "a\rb", "\x7f", "=", "<<", "${a}", "..." };
	struct world *w = *state;

	for (size_t i = 0; i < MOK_COUNT(texts); i++) {
		struct mok_val map = { .type = MOK_MAP }, back;
		struct mok_source source = { .name = "t" };
		struct mok_buf text;
		const struct mok_val *v;

		mok_val_set(w->arena, &map, "k", mok_val_str(texts[i]));
		mok_buf_init(&text, 4096);
		assert_true(mok_yaml_write(&map, true, &text));
		source.text = text.data;
		source.len = text.len;
		assert_int_equal(mok_plan_read_yaml(w->arena, &source, &w->diags, &back), 0);
		v = mok_val_get(&back, "k");
		assert_int_equal(v->type, MOK_STR);
		assert_string_equal(v->u.s, texts[i]);
		if (i < 11)
			assert_false(v->plain); /* quoted: nobody takes it for a number */
		mok_buf_release(&text);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_variable_is_in_its_tiers_and_no_other),
		TEST(test_no_variable_is_unaccounted_for),
		TEST(test_every_variable_of_the_official_chart),
		TEST(test_every_object_of_the_official_chart),
		TEST(test_values_that_others_got_wrong),
		TEST(test_web),
		TEST(test_streaming_reads_and_runs_little),
		TEST(test_the_scheduler_is_alone),
		TEST(test_sidekiq_groups),
		TEST(test_replicas_are_taken_back),
		TEST(test_a_read_only_root_copies_what_it_hides),
		TEST(test_jobs),
		TEST(test_jobs_of_an_upgrade),
		TEST(test_a_job_of_what_runs),
		TEST(test_images_to_pull_before),
		TEST(test_vital_signs_are_read),
		TEST(test_an_older_version_has_no_newer_option),
		TEST(test_traefik_by_its_containers_ports),
		TEST(test_cilium_by_the_servers_ports),
		TEST(test_images_as_the_plan_says),
		TEST(test_images_by_tag),
		TEST(test_an_ingress_instead),
		TEST(test_records_follow_the_gateway),
		TEST(test_a_declared_record_stands),
		TEST(test_the_internet_but_nothing_inside),
		TEST(test_patches),
		TEST(test_pools_by_the_arithmetic),
		TEST(test_a_declared_pool_is_used),
		TEST(test_only_what_changed_rolls),
		TEST(test_emitting_takes_less_than_ten_milliseconds),
		TEST(test_what_is_frozen),
		TEST(test_texts_stay_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
