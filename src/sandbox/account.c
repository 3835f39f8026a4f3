/* The account. It says what it is: nobody must take it for a real one. */
#include "core_internal.h"

#include "fields.h"

enum { DROPLET_LIMIT = 100 };

int64_t sb_droplet_limit(struct sb_ctx *ctx)
{
	(void)ctx;
	return DROPLET_LIMIT;
}

static void get_account(struct sb_ctx *ctx)
{
	cJSON *account = cJSON_CreateObject(), *team;

	sb_set_int(account, "droplet_limit", sb_droplet_limit(ctx));
	sb_set_int(account, "floating_ip_limit", 3);
	sb_set_int(account, "reserved_ip_limit", 3);
	sb_set_int(account, "volume_limit", 100);
	sb_set_str(account, "email", "sandbox@mok.invalid");
	sb_set_str(account, "name", "mok sandbox");
	sb_set_str(account, "uuid", sb_account_uuid(ctx));
	sb_set_bool(account, "email_verified", true);
	sb_set_str(account, "status", "active");
	sb_set_str(account, "status_message", "This is the mok sandbox, not DigitalOcean.");
	team = cJSON_AddObjectToObject(account, "team");
	sb_set_str(team, "uuid", sb_account_uuid(ctx));
	sb_set_str(team, "name", "sandbox");
	sb_reply_root(ctx, 200, "account", account);
}

const struct sb_route account_routes[] = {
	{ "GET", "/v2/account", get_account, 0 },
	{ 0 },
};
