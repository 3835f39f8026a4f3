#include "mastodon_internal.h"

#include <string.h>

/*
 * Copies elsewhere, by the clock. Their pods are not Mastodon's: rclone has its settings from
 * variables, one for each key of its configuration file (https://rclone.org/docs/#config-file), so
 * that what is secret comes by Secret.
 */

#define RCLONE_VERSION "1.76.0"
#define POD "spec.jobTemplate.spec.template.spec"

/* ---- where to ---- */

static const struct mok_resource *bucket(const struct masto *m)
{
	return m->parts.backup_storage ? m->parts.backup_storage : m->parts.storage;
}

static const char *of_bucket(struct masto *m, const char *field)
{
	return mok_arena_printf(m->arena, "${%s.%s}", bucket(m)->address, field);
}

static const char *of_key(struct masto *m, const char *field)
{
	const struct mok_resource *key =
		m->parts.backup_key ? m->parts.backup_key : m->parts.storage_key;

	return mok_arena_printf(m->arena, "${%s.%s}", key->address, field);
}

static bool is_elsewhere(const struct masto *m)
{
	return masto_has(m, "backup.s3");
}

static const char *name_of_bucket(struct masto *m)
{
	return is_elsewhere(m) ? masto_text(m, "backup.s3.bucket") : of_bucket(m, "name");
}

/* A key opens its bucket alone, so rclone must not try to make it first. */
static void add_remote(struct masto *m)
{
	bool elsewhere = is_elsewhere(m);
	const char *region = masto_text(m, "backup.s3.region");
	const char *const pairs[] = { "RCLONE_CONFIG_BACKUP_TYPE", "s3",
		"RCLONE_CONFIG_BACKUP_PROVIDER",
		elsewhere ? masto_given(m, "backup.s3.provider") : "DigitalOcean",
		"RCLONE_CONFIG_BACKUP_ENDPOINT",
		elsewhere ? masto_text(m, "backup.s3.endpoint") : of_bucket(m, "endpoint"),
		"RCLONE_CONFIG_BACKUP_ACCESS_KEY_ID",
		elsewhere ? masto_text(m, "backup.s3.access_key") : of_key(m, "access_key"),
		"RCLONE_CONFIG_BACKUP_SECRET_ACCESS_KEY",
		elsewhere ? masto_text(m, "backup.s3.secret_key") : of_key(m, "secret_key"),
		"RCLONE_CONFIG_BACKUP_ACL", "private", "RCLONE_CONFIG_BACKUP_NO_CHECK_BUCKET",
		"true", region ? "RCLONE_CONFIG_BACKUP_REGION" : NULL, region, NULL };

	masto_add_secret(m, "mastodon_backup_secret", "mastodon-backup", pairs);
}

static const char *rclone_image(struct masto *m)
{
	return masto_image_of(m, "images.rclone", RCLONE_VERSION);
}

/* ---- dumps of the database ---- */

/* Its own major: an older pg_dump refuses a newer server. */
static const char *postgres_image(struct masto *m)
{
	struct mok_val fields = masto_fields_of(m, m->parts.database);
	const char *version = mok_val_get_str(&fields, "version");

	if (version)
		return masto_image_of(m, "images.postgres",
			mok_arena_strndup(m->arena, version, strcspn(version, ".")));
	return mok_arena_printf(m->arena, "%s:${%s.version}", masto_given(m, "images.postgres"),
		m->parts.database->address);
}

/* Not through a pool: a dump is one long transaction. */
static void add_connection(struct masto *m)
{
	const char *const pairs[] = { "PGHOST", masto_variable(m, TIER_JOBS, "DB_HOST"), "PGPORT",
		masto_variable(m, TIER_JOBS, "DB_PORT"), "PGDATABASE",
		masto_variable(m, TIER_JOBS, "DB_NAME"), "PGUSER",
		masto_variable(m, TIER_JOBS, "DB_USER"), "PGPASSWORD",
		masto_variable(m, TIER_JOBS, "DB_PASS"), NULL };

	masto_add_secret(m, "mastodon_pg_dump_secret", "mastodon-pg-dump", pairs);
}

static void put_text(struct masto *m, struct mok_val *manifest, const char *path, const char *value)
{
	masto_put(m, manifest, path, masto_format(m, "%s", value));
}

static void add_dumps(struct masto *m)
{
	static const char *const needs[] = { "mastodon_db_prepare", NULL };
	const struct masto_object object = {
		.address = "mastodon_pg_dump", .component = "pg-dump", .needs = needs
	};
	struct mok_val manifest = masto_base(m, "pg-dump");
	const char *to = mok_arena_printf(m->arena, "backup:%s/%s", name_of_bucket(m),
		masto_given(m, "backup.database.prefix"));

	add_connection(m);
	put_text(m, &manifest, "spec.schedule", masto_given(m, "backup.database.schedule"));
	masto_put(m, &manifest, "spec.jobTemplate.spec.template.metadata.labels",
		masto_pod_labels(m, "pg-dump"));
	put_text(m, &manifest, POD ".initContainers.0.image", postgres_image(m));
	put_text(m, &manifest, POD ".initContainers.0.envFrom.0.secretRef.name",
		"${mastodon_pg_dump_secret.name}");
	put_text(m, &manifest, POD ".initContainers.1.image", rclone_image(m));
	put_text(m, &manifest, POD ".initContainers.1.args.2", to);
	put_text(m, &manifest, POD ".initContainers.1.envFrom.0.secretRef.name",
		"${mastodon_backup_secret.name}");
	put_text(m, &manifest, POD ".containers.0.image", rclone_image(m));
	put_text(m, &manifest, POD ".containers.0.args.1", to);
	put_text(m, &manifest, POD ".containers.0.args.3",
		mok_arena_printf(
			m->arena, "--min-age=%sd", masto_given(m, "backup.database.keep_days")));
	put_text(m, &manifest, POD ".containers.0.envFrom.0.secretRef.name",
		"${mastodon_backup_secret.name}");
	put_text(m, &manifest, POD ".volumes.0.configMap.name", "${mastodon_ca.name}");
	put_text(m, &manifest, POD ".volumes.1.emptyDir.sizeLimit",
		masto_given(m, "backup.database.size_limit"));
	masto_add(m, &object, manifest);
}

/* ---- media ---- */

static void add_source(struct masto *m)
{
	const char *from = m->parts.storage->address, *key = m->parts.storage_key->address;
	const char *const pairs[] = { "RCLONE_CONFIG_MEDIA_TYPE", "s3",
		"RCLONE_CONFIG_MEDIA_PROVIDER", "DigitalOcean", "RCLONE_CONFIG_MEDIA_ENDPOINT",
		mok_arena_printf(m->arena, "${%s.endpoint}", from),
		"RCLONE_CONFIG_MEDIA_ACCESS_KEY_ID",
		mok_arena_printf(m->arena, "${%s.access_key}", key),
		"RCLONE_CONFIG_MEDIA_SECRET_ACCESS_KEY",
		mok_arena_printf(m->arena, "${%s.secret_key}", key), NULL };

	masto_add_secret(m, "mastodon_media_source_secret", "mastodon-media-source", pairs);
}

/* The access of one copy stands in the name of the remote: that goes before its variable. */
static const char *copy_of_media(struct masto *m)
{
	const char *folder = masto_text(m, "backup.media.prefix");

	return mok_arena_printf(m->arena, "backup,acl=%s:%s%s%s",
		masto_given(m, "backup.media.acl"), name_of_bucket(m), folder ? "/" : "",
		folder ? folder : "");
}

static void add_media(struct masto *m)
{
	static const char *const needs[] = { "mastodon_db_prepare", NULL };
	const struct masto_object object = {
		.address = "mastodon_media_sync", .component = "media-sync", .needs = needs
	};
	struct mok_val manifest = masto_base(m, "media-sync");

	add_source(m);
	put_text(m, &manifest, "spec.schedule", masto_given(m, "backup.media.schedule"));
	masto_put(m, &manifest, "spec.jobTemplate.spec.template.metadata.labels",
		masto_pod_labels(m, "media-sync"));
	put_text(m, &manifest, POD ".containers.0.image", rclone_image(m));
	put_text(m, &manifest, POD ".containers.0.args.1",
		mok_arena_printf(m->arena, "media:${%s.name}", m->parts.storage->address));
	put_text(m, &manifest, POD ".containers.0.args.2", copy_of_media(m));
	/* A synchronisation takes away what the source has not: the dumps, beside the media. */
	if (!masto_has(m, "backup.media.prefix"))
		masto_push(m, &manifest, POD ".containers.0.args",
			masto_format(
				m, "--exclude=/%s/**", masto_given(m, "backup.database.prefix")));
	put_text(m, &manifest, POD ".containers.0.envFrom.0.secretRef.name",
		"${mastodon_media_source_secret.name}");
	put_text(m, &manifest, POD ".containers.0.envFrom.1.secretRef.name",
		"${mastodon_backup_secret.name}");
	masto_add(m, &object, manifest);
}

/* ---- both ---- */

struct copy {
	const char *setting, *name;
	void (*add)(struct masto *m);
};

static const struct copy copies[] = {
	{ "backup.database", "pg-dump", add_dumps },
	{ "backup.media", "media-sync", add_media },
};

void masto_backup(struct masto *m)
{
	if (!masto_has(m, "backup.database") && !masto_has(m, "backup.media"))
		return;
	add_remote(m);
	for (size_t i = 0; i < MOK_COUNT(copies); i++)
		if (masto_has(m, copies[i].setting))
			copies[i].add(m);
}

static bool is_daily(const char *schedule)
{
	return strcmp(schedule, "@daily") == 0 || strcmp(schedule, "@midnight") == 0 ||
		strcmp(schedule, "@hourly") == 0 || mok_ends(schedule, " * * *");
}

const char *masto_daily_copies(struct masto *m)
{
	const char *names = "";

	for (size_t i = 0; i < MOK_COUNT(copies); i++)
		if (masto_has(m, copies[i].setting) &&
			is_daily(masto_given(
				m, mok_arena_printf(m->arena, "%s.schedule", copies[i].setting))))
			names = mok_arena_printf(m->arena, "%s|%s", names, copies[i].name);
	return names;
}
