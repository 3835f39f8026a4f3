#include "mastodon_internal.h"

/* The fields of `backup`: what is copied elsewhere, and where to. */

#define CRON_FIELD "[0-9A-Za-z*/,-]+"
#define CRON_PATTERN \
	"@(yearly|annually|monthly|weekly|daily|midnight|hourly)|" CRON_FIELD "( +" CRON_FIELD \
	"){4}"
#define FOLDER_PATTERN "[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*"

static const struct mok_field s3[] = {
	{ .name = "endpoint",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.pattern = "(https://)?[a-z0-9.-]+(:[0-9]+)?",
		.doc = "Host of the S3 API, such as s3.eu-central-003.backblazeb2.com." },
	{ .name = "bucket",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.doc = "Name of the bucket." },
	{ .name = "region", .type = MOK_STR, .doc = "Region, where the service asks for it." },
	{ .name = "provider",
		.type = MOK_STR,
		.pattern = "[A-Za-z0-9]+",
		.dflt = "Other",
		.doc = "The service, as rclone calls it: AWS, Cloudflare, DigitalOcean, Wasabi." },
	{ .name = "access_key",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_SENSITIVE,
		.doc = "Access key that may list, read, write and delete there." },
	{ .name = "secret_key",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_SENSITIVE,
		.doc = "Its secret." },
	{ 0 },
};

static const struct mok_field database[] = {
	{ .name = "schedule",
		.type = MOK_STR,
		.pattern = CRON_PATTERN,
		.form = "five fields as cron reads them, such as 0 3 * * *, or @daily",
		.dflt = "0 3 * * *",
		.doc = "When, as cron's five fields; UTC." },
	{ .name = "prefix",
		.type = MOK_STR,
		.pattern = FOLDER_PATTERN,
		.form = "a folder in the bucket, such as postgresql",
		.dflt = "postgresql",
		.doc = "Folder in the bucket." },
	{ .name = "keep_days",
		.type = MOK_INT,
		.min = 1,
		.max = 3650,
		.dflt = "30",
		.doc = "Days after which a dump goes, once there is a newer one." },
	{ .name = "size_limit",
		.type = MOK_STR,
		.pattern = "[0-9]+(Mi|Gi)",
		.form = "a number of Mi or Gi, such as 20Gi",
		.dflt = "20Gi",
		.doc = "Most room that a dump may take on its node before it is copied." },
	{ 0 },
};

static const struct mok_field media[] = {
	{ .name = "schedule",
		.type = MOK_STR,
		.pattern = CRON_PATTERN,
		.form = "five fields as cron reads them, such as 0 3 * * *, or @daily",
		.dflt = "0 4 * * *",
		.doc = "When, as cron's five fields; UTC." },
	{ .name = "prefix",
		.type = MOK_STR,
		.pattern = FOLDER_PATTERN,
		.form = "a folder in the bucket, such as postgresql",
		.doc = "Folder in the bucket; by default objects have the names that they have in "
		       "the first one, so that the copy can take its place." },
	{ .name = "acl",
		.type = MOK_STR,
		.values = "private|public-read",
		.dflt = "private",
		.doc = "Who may read the copies." },
	{ 0 },
};

const struct mok_field masto_backup_fields[] = {
	{ .name = "storage",
		.type = MOK_STR,
		.doc = "Address of the spaces_bucket that takes the copies, best in another "
		       "region; "
		       "by default that of the media." },
	{ .name = "storage_key",
		.type = MOK_STR,
		.doc = "Address of the spaces_key that may write there; needed with storage." },
	{ .name = "s3",
		.type = MOK_MAP,
		.sub = s3,
		.doc = "A bucket elsewhere in its place, of any service that speaks S3." },
	{ .name = "database",
		.type = MOK_MAP,
		.sub = database,
		.doc = "Dumps of the database (pg_dump -Fc), by the clock; {} takes what is usual. "
		       "None without it." },
	{ .name = "media",
		.type = MOK_MAP,
		.sub = media,
		.doc = "Copies of the media, by the clock, but for cache/, which can be fetched "
		       "again, "
		       "and backups/, people's own archives. Needs storage or s3." },
	{ 0 },
};
