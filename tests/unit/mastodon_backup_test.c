/* What the mastodon block copies to buckets, by the clock and on demand. */
#include "mastodon_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POD "spec.template.spec"
#define CRON "spec.jobTemplate." POD

#define HERE "mastodon: { backup: { database: {} } }\n"

static void test_nothing_unasked(void **state)
{
	struct world *w = *state;

	load(w, "medium", NULL);
	assert_null(find(w, "CronJob", "mastodon-pg-dump"));
	assert_null(find(w, "Secret", "mastodon-backup"));
	assert_null(find(w, "Secret", "mastodon-pg-dump"));
}

static void test_a_dump_in_the_bucket_of_the_media(void **state)
{
	struct world *w = *state;

	load(w, "medium", HERE);
	assert_at(w, "CronJob", "mastodon-pg-dump", "spec.schedule", "0 3 * * *");
	assert_at(w, "CronJob", "mastodon-pg-dump", "spec.concurrencyPolicy", "Forbid");
	/* Of the database's major: an older pg_dump refuses a newer server. */
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".initContainers.0.image",
		"docker.io/library/postgres:17@" DIGEST);
	assert_non_null(
		strstr(at(w, "CronJob", "mastodon-pg-dump", CRON ".initContainers.0.command.2"),
			"pg_dump --format=custom"));
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".initContainers.1.args.0", "copy");
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".initContainers.1.args.2",
		"backup:mastodon-m-media/postgresql");
	/* What is old goes after a new one is there, so no failure leaves none. */
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".containers.0.args.0", "delete");
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".containers.0.args.1",
		"backup:mastodon-m-media/postgresql");
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".containers.0.args.3", "--min-age=30d");
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".volumes.1.emptyDir.sizeLimit", "20Gi");
	assert_secret(
		w, "mastodon-backup", "RCLONE_CONFIG_BACKUP_ACCESS_KEY_ID", "media_key.access_key");
	assert_secret(w, "mastodon-backup", "RCLONE_CONFIG_BACKUP_ENDPOINT", "media.endpoint");
	assert_secret(w, "mastodon-backup", "RCLONE_CONFIG_BACKUP_PROVIDER", "DigitalOcean");
}

/* The pool hands out a session for one transaction at a time, which a dump may outlast. */
static void test_a_dump_goes_around_the_pool(void **state)
{
	struct world *w = *state;

	load(w, "medium", HERE);
	assert_secret(w, "mastodon-pg-dump", "PGHOST", "db.private_connection.host");
	assert_secret(w, "mastodon-pg-dump", "PGPORT", "db.private_connection.port");
	assert_secret(w, "mastodon-pg-dump", "PGDATABASE", "mastodon");
	assert_secret(w, "mastodon-pg-dump", "PGPASSWORD", "db_user.password");
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".initContainers.0.env.1.value",
		"/opt/ca/database.crt");
	/* Each container gets what it needs and no more. */
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".containers.0.envFrom.1", NULL);
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".initContainers.0.envFrom.1", NULL);
}

static void test_another_bucket_of_the_plan(void **state)
{
	struct world *w = *state;

	load(w, "large",
		"mastodon: { backup: { database: { prefix: dumps/pg, keep_days: 7, size_limit: "
		"50Gi } } }\n");
	assert_at(w, "CronJob", "mastodon-pg-dump", "spec.schedule", "30 2 * * *");
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".initContainers.1.args.2",
		"backup:mastodon-l-backups/dumps/pg");
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".containers.0.args.3", "--min-age=7d");
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".volumes.1.emptyDir.sizeLimit", "50Gi");
	assert_secret(w, "mastodon-backup", "RCLONE_CONFIG_BACKUP_SECRET_ACCESS_KEY",
		"backups_key.secret_key");
}

static void test_a_bucket_of_another_service(void **state)
{
	struct world *w = *state;

	load(w, "medium",
		"mastodon: { images: { pin: tag, rclone: mirror.example/rclone }, backup: { "
		"database: {}, s3: { endpoint: s3.example.com, bucket: far, region: eu, provider: "
		"Cloudflare, access_key: AK, secret_key: SK } } }\n");
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".containers.0.args.1",
		"backup:far/postgresql");
	assert_at(w, "CronJob", "mastodon-pg-dump", CRON ".containers.0.image",
		"mirror.example/rclone:1.76.0");
	assert_secret(w, "mastodon-backup", "RCLONE_CONFIG_BACKUP_PROVIDER", "Cloudflare");
	assert_secret(w, "mastodon-backup", "RCLONE_CONFIG_BACKUP_ENDPOINT", "s3.example.com");
	assert_secret(w, "mastodon-backup", "RCLONE_CONFIG_BACKUP_REGION", "eu");
	assert_secret(w, "mastodon-backup", "RCLONE_CONFIG_BACKUP_ACCESS_KEY_ID", "AK");
	assert_secret(w, "mastodon-backup", "RCLONE_CONFIG_BACKUP_SECRET_ACCESS_KEY", "SK");
}

static void test_a_dump_on_demand(void **state)
{
	struct world *w = *state;
	const struct mok_val *cron;
	struct mok_val job;

	load(w, "medium", HERE);
	cron = must(w, "CronJob", "mastodon-pg-dump");
	assert_true(mok_mastodon_job(w->arena, cron, "pg-dump", &job));
	assert_string_equal(mok_val_get_str(&job, "kind"), "Job");
	assert_string_equal(mok_val_get_str(&job, "apiVersion"), "batch/v1");
	assert_true(mok_starts(mok_val_at(&job, "metadata.name")->u.s, "mastodon-pg-dump-4-7-6-"));
	assert_true(mok_val_equal(mok_val_at(&job, POD), mok_val_at(cron, CRON)));
	assert_int_equal(mok_val_at(&job, "spec.ttlSecondsAfterFinished")->u.i, 86400);
	assert_null(mok_val_at(&job, "spec.schedule"));
	/* Of nothing else can it be made. */
	assert_false(
		mok_mastodon_job(w->arena, must(w, "Job", "mastodon-db-prepare"), "pg-dump", &job));
}

#define SYNC ".containers.0.args."

static void test_media_in_another_bucket(void **state)
{
	struct world *w = *state;

	load(w, "large", NULL);
	assert_at(w, "CronJob", "mastodon-media-sync", "spec.schedule", "0 4 * * *");
	assert_at(w, "CronJob", "mastodon-media-sync", CRON SYNC "0", "sync");
	assert_at(w, "CronJob", "mastodon-media-sync", CRON SYNC "1", "media:mastodon-l-media");
	/* Objects of suspended accounts are closed: so is every copy. */
	assert_at(w, "CronJob", "mastodon-media-sync", CRON SYNC "2",
		"backup,acl=private:mastodon-l-backups");
	assert_at(w, "CronJob", "mastodon-media-sync", CRON SYNC "3", "--exclude=/cache/**");
	assert_at(w, "CronJob", "mastodon-media-sync", CRON SYNC "4", "--exclude=/backups/**");
	/* The dumps beside it stay. */
	assert_at(w, "CronJob", "mastodon-media-sync", CRON SYNC "9", "--exclude=/postgresql/**");
	assert_secret(w, "mastodon-media-source", "RCLONE_CONFIG_MEDIA_SECRET_ACCESS_KEY",
		"media_key.secret_key");
	assert_secret(w, "mastodon-media-source", "RCLONE_CONFIG_MEDIA_ENDPOINT", "media.endpoint");
	assert_secret(w, "mastodon-backup", "RCLONE_CONFIG_BACKUP_ENDPOINT", "backups.endpoint");
}

static void test_media_in_a_folder(void **state)
{
	struct world *w = *state;

	load(w, "large",
		"mastodon: { backup: { media: { prefix: a/b, acl: public-read }, database: { "
		"prefix: "
		"a/bc } } }\n");
	assert_at(w, "CronJob", "mastodon-media-sync", CRON SYNC "2",
		"backup,acl=public-read:mastodon-l-backups/a/b");
	assert_at(w, "CronJob", "mastodon-media-sync", CRON SYNC "9", NULL);
}

/* Before any pod of the version runs, and again for each version. */
static void test_assets_for_the_cdn(void **state)
{
	struct world *w = *state;
	const struct mok_val *first;
	struct mok_val job;

	load(w, "large", NULL);
	first = must(w, "Job", "mastodon-assets-copy");
	assert_at(w, "Job", "mastodon-assets-copy", POD ".initContainers.0.image",
		"ghcr.io/mastodon/mastodon:v4.7.6@" DIGEST);
	assert_at(w, "Job", "mastodon-assets-copy", POD SYNC "0", "copy");
	assert_at(w, "Job", "mastodon-assets-copy", POD SYNC "2", "assets:mastodon-l-assets");
	assert_secret(w, "mastodon-assets", "RCLONE_CONFIG_ASSETS_ACL", "public-read");
	assert_secret(w, "mastodon-assets", "RCLONE_CONFIG_ASSETS_ACCESS_KEY_ID",
		"assets_key.access_key");
	assert_int_equal(mok_manifest_wave(first), MOK_WAVE_PREPARE);
	assert_true(mok_mastodon_job(w->arena, first, "assets-copy", &job));
	assert_true(
		mok_starts(mok_val_at(&job, "metadata.name")->u.s, "mastodon-assets-copy-4-7-6-"));
	assert_true(mok_val_equal(mok_val_at(&job, POD), mok_val_at(first, POD)));
	assert_false(mok_mastodon_job(
		w->arena, must(w, "Job", "mastodon-db-prepare"), "assets-copy", &job));
}

static void test_a_cdn_that_fetches_by_itself(void **state)
{
	struct world *w = *state;

	load(w, "medium", "mastodon: { assets_domain: 'https://cdn.example' }\n");
	assert_null(find(w, "Job", "mastodon-assets-copy"));
	assert_null(find(w, "Secret", "mastodon-assets"));
}

#define LATE "spec.groups.3.rules.1."

static void test_an_alert_for_what_runs_daily(void **state)
{
	struct world *w = *state;
	const char *expr;

	load(w, "large", "mastodon: { backup: { media: { schedule: \"0 4 * * 0\" } } }\n");
	assert_at(w, "PrometheusRule", "mastodon", LATE "alert", "MastodonCronJobLate");
	expr = at(w, "PrometheusRule", "mastodon", LATE "expr");
	assert_non_null(strstr(expr, "\"mastodon-(media-remove|pg-dump)\""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_unasked),
		TEST(test_a_dump_in_the_bucket_of_the_media),
		TEST(test_a_dump_goes_around_the_pool),
		TEST(test_another_bucket_of_the_plan),
		TEST(test_a_bucket_of_another_service),
		TEST(test_a_dump_on_demand),
		TEST(test_media_in_another_bucket),
		TEST(test_media_in_a_folder),
		TEST(test_assets_for_the_cdn),
		TEST(test_a_cdn_that_fetches_by_itself),
		TEST(test_an_alert_for_what_runs_daily),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
