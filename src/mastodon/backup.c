#include "mastodon_internal.h"

#include <string.h>

/* Copies elsewhere, by the clock. Their pods are not Mastodon's. */

#define POD "spec.jobTemplate.spec.template.spec"

/* ---- where to ---- */

static const struct mok_resource *bucket(const struct masto *m)
{
	return m->parts.backup_storage ? m->parts.backup_storage : m->parts.storage;
}

static bool is_elsewhere(const struct masto *m)
{
	return masto_has(m, "backup.s3");
}

static const char *name_of_bucket(struct masto *m)
{
	return is_elsewhere(m) ? masto_text(m, "backup.s3.bucket")
			       : mok_arena_printf(m->arena, "${%s.name}", bucket(m)->address);
}

static void add_remote(struct masto *m)
{
	struct masto_remote to = masto_remote_of(m, "BACKUP", bucket(m),
		m->parts.backup_key ? m->parts.backup_key : m->parts.storage_key);

	if (is_elsewhere(m))
		to = (struct masto_remote){ .name = "BACKUP",
			.provider = masto_given(m, "backup.s3.provider"),
			.endpoint = masto_text(m, "backup.s3.endpoint"),
			.region = masto_text(m, "backup.s3.region"),
			.access_key = masto_text(m, "backup.s3.access_key"),
			.secret_key = masto_text(m, "backup.s3.secret_key") };
	masto_add_remote(m, &to, "mastodon_backup_secret", "mastodon-backup");
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

static void add_dumps(struct masto *m)
{
	static const char *const needs[] = { "mastodon_db_prepare", NULL };
	const struct masto_object object = {
		.address = "mastodon_pg_dump", .component = "pg-dump", .needs = needs
	};
	struct mok_val manifest = masto_base("pg-dump");
	const char *to = mok_arena_printf(m->arena, "backup:%s/%s", name_of_bucket(m),
		masto_given(m, "backup.database.prefix"));

	add_connection(m);
	masto_put_text(m, &manifest, "spec.schedule", masto_given(m, "backup.database.schedule"));
	masto_put(m, &manifest, "spec.jobTemplate.spec.template.metadata.labels",
		masto_pod_labels(m, "pg-dump"));
	masto_put_text(m, &manifest, POD ".initContainers.0.image", postgres_image(m));
	masto_put_text(m, &manifest, POD ".initContainers.0.envFrom.0.secretRef.name",
		"${mastodon_pg_dump_secret.name}");
	masto_put_text(m, &manifest, POD ".initContainers.1.image", masto_rclone_image(m));
	masto_put_text(m, &manifest, POD ".initContainers.1.args.2", to);
	masto_put_text(m, &manifest, POD ".initContainers.1.envFrom.0.secretRef.name",
		"${mastodon_backup_secret.name}");
	masto_put_text(m, &manifest, POD ".containers.0.image", masto_rclone_image(m));
	masto_put_text(m, &manifest, POD ".containers.0.args.1", to);
	masto_put_text(m, &manifest, POD ".containers.0.args.3",
		mok_arena_printf(
			m->arena, "--min-age=%sd", masto_given(m, "backup.database.keep_days")));
	masto_put_text(m, &manifest, POD ".containers.0.envFrom.0.secretRef.name",
		"${mastodon_backup_secret.name}");
	masto_put_text(m, &manifest, POD ".volumes.0.configMap.name", "${mastodon_ca.name}");
	masto_put_text(m, &manifest, POD ".volumes.1.emptyDir.sizeLimit",
		masto_given(m, "backup.database.size_limit"));
	masto_add(m, &object, manifest);
}

/* ---- media ---- */

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
	const struct masto_remote from =
		masto_remote_of(m, "MEDIA", m->parts.storage, m->parts.storage_key);
	struct mok_val manifest = masto_base("media-sync");

	masto_add_remote(m, &from, "mastodon_media_source_secret", "mastodon-media-source");
	masto_put_text(m, &manifest, "spec.schedule", masto_given(m, "backup.media.schedule"));
	masto_put(m, &manifest, "spec.jobTemplate.spec.template.metadata.labels",
		masto_pod_labels(m, "media-sync"));
	masto_put_text(m, &manifest, POD ".containers.0.image", masto_rclone_image(m));
	masto_put_text(m, &manifest, POD ".containers.0.args.1",
		mok_arena_printf(m->arena, "media:${%s.name}", m->parts.storage->address));
	masto_put_text(m, &manifest, POD ".containers.0.args.2", copy_of_media(m));
	/* A synchronisation takes away what the source has not: the dumps, beside the media. */
	if (!masto_has(m, "backup.media.prefix"))
		masto_push(m, &manifest, POD ".containers.0.args",
			masto_format(
				m, "--exclude=/%s/**", masto_given(m, "backup.database.prefix")));
	masto_put_text(m, &manifest, POD ".containers.0.envFrom.0.secretRef.name",
		"${mastodon_media_source_secret.name}");
	masto_put_text(m, &manifest, POD ".containers.0.envFrom.1.secretRef.name",
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
