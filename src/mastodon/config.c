#include "mastodon_internal.h"

/* What pods read: environment, authorities; and what they stand on: namespace, account, classes. */

struct tier_config {
	enum tier tier;
	const char *name;
};

static const struct tier_config tiers[] = {
	{ TIER_WEB, "web" },
	{ TIER_SIDEKIQ, "sidekiq" },
	{ TIER_JOBS, "jobs" },
	{ TIER_STREAMING, "streaming" },
};

static void add_tier(struct masto *m, const struct tier_config *tier)
{
	struct mok_val plain = { .type = MOK_MAP, .at = m->at }, secret = plain;
	struct mok_val config = masto_base("config"), keys = masto_base("secret");
	const struct masto_object as_config = { .hashed = true,
		.component = tier->name,
		.address = mok_arena_printf(m->arena, "mastodon_%s_config", tier->name) };
	const struct masto_object as_secret = { .hashed = true,
		.component = tier->name,
		.address = mok_arena_printf(m->arena, "mastodon_%s_secret", tier->name) };

	masto_env(m, tier->tier, &plain, &secret);
	masto_put(m, &config, "metadata.name", masto_format(m, "mastodon-%s", tier->name));
	masto_put(m, &config, "data", plain);
	masto_put(m, &keys, "metadata.name", masto_format(m, "mastodon-%s", tier->name));
	masto_put(m, &keys, "stringData", secret);
	masto_add(m, &as_config, config);
	masto_add(m, &as_secret, keys);
}

static const char *pem(struct masto *m, const struct mok_resource *r)
{
	return r ? mok_arena_printf(m->arena, "${base64decode(%s.ca)}\n", r->address) : "";
}

/* Postgres' alone for libpq, which trusts all that is in its file; all of them for the rest. */
static void add_authorities(struct masto *m)
{
	const struct masto_object object = { .address = "mastodon_ca", .hashed = true };
	struct mok_val manifest = masto_base("config"), data = { .type = MOK_MAP };

	mok_val_set(
		m->arena, &data, "database.crt", masto_format(m, "%s", pem(m, m->parts.database)));
	mok_val_set(m->arena, &data, "all.crt",
		masto_format(m, "%s%s%s%s%s", pem(m, m->parts.database), pem(m, m->parts.redis),
			pem(m, m->parts.cache_redis), pem(m, m->parts.sidekiq_redis),
			pem(m, m->parts.search)));
	masto_put(m, &manifest, "metadata.name", masto_format(m, "mastodon-ca"));
	masto_put(m, &manifest, "data", data);
	masto_add(m, &object, manifest);
}

static void add_plain(struct masto *m, const char *base, const char *address, bool cluster_scoped)
{
	const struct masto_object object = { .address = address, .cluster_scoped = cluster_scoped };

	masto_add(m, &object, masto_base(base));
}

void masto_config(struct masto *m)
{
	const struct masto_object object = { .address = "mastodon_namespace",
		.cluster_scoped = true };
	struct mok_val ns = masto_base("namespace");

	masto_put(m, &ns, "metadata.name", masto_format(m, "%s", m->ns));
	masto_add(m, &object, ns);
	add_plain(m, "service-account", "mastodon_service_account", false);
	add_plain(m, "priority-frontend", "mastodon_priority_frontend", true);
	add_plain(m, "priority-background", "mastodon_priority_background", true);
	add_authorities(m);
	for (size_t i = 0; i < MOK_COUNT(tiers); i++)
		add_tier(m, &tiers[i]);
}
