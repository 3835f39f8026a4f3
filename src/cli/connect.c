#include "session.h"

#include <stdlib.h>
#include <string.h>

#define CLOUD_TOKEN "dop_v1_sandbox" /* no word of a message, which would be starred */
#define SMALL_FILE ((size_t)1 << 20)
#define SPEED_DEFAULT 60.0

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

const char *cli_token(void)
{
	const char *token = setting("DIGITALOCEAN_TOKEN");

	return token ? token : setting("DIGITALOCEAN_ACCESS_TOKEN");
}

/* "max": 0, no waiting at all. */
static double speed_of(const char *text, double fallback)
{
	if (!text)
		return fallback;
	return strcmp(text, "max") == 0 ? 0 : strtod(text, NULL);
}

static const char *read_text(struct session *s, const char *path, struct mok_err *err)
{
	struct mok_buf buf;
	const char *text = NULL;

	mok_buf_init(&buf, SMALL_FILE);
	if (s->env.files.read(s->env.files.self, path, &buf, err) == 0)
		text = mok_arena_strdup(s->arena, buf.data);
	mok_buf_release(&buf);
	return text;
}

/* ---- the sandbox ---- */

static void use_core(struct session *s, double speed, struct mok_http_options *http)
{
	s->local = local_net_new(s->real, s->sandbox);
	s->env.net = local_net_get(s->local);
	s->env.speed = speed;
	http->api_url = LOCAL_API_URL;
	http->spaces_url = LOCAL_SPACES_URL;
	s->registry_mirror = LOCAL_REGISTRY_URL;
	http->spaces_key = mok_sandbox_spaces_key(s->sandbox);
	http->spaces_secret = mok_sandbox_spaces_secret(s->sandbox);
}

/* A server holds the cloud: server.json says where it is to be found. */
static int use_server(struct session *s, struct mok_http_options *http, struct mok_err *err)
{
	struct mok_err ignored;
	const char *text = read_text(s, CLOUD_DIR "/server.json", &ignored);
	cJSON *json MOK_CLEANUP(mok_json_cleanup) =
		text ? mok_json_parse(text, strlen(text)) : NULL;
	const cJSON *speed;
	const char *key;

	if (!json || !mok_json_str(json, "api_url") || !mok_json_str(json, "spaces_url") ||
		!mok_json_str(json, "registry_url"))
		return -1; /* another run holds it: err says so already */
	memset(err, 0, sizeof(*err));
	s->registry_mirror = mok_arena_strdup(s->arena, mok_json_str(json, "registry_url"));
	http->api_url = mok_arena_strdup(s->arena, mok_json_str(json, "api_url"));
	http->spaces_url = mok_arena_strdup(s->arena, mok_json_str(json, "spaces_url"));
	http->spaces_key = setting("SPACES_ACCESS_KEY_ID");
	http->spaces_secret = setting("SPACES_SECRET_ACCESS_KEY");
	key = mok_json_str(json, "spaces_key");
	if (key && mok_json_str(json, "spaces_secret")) {
		http->spaces_key = mok_arena_strdup(s->arena, key);
		http->spaces_secret =
			mok_arena_strdup(s->arena, mok_json_str(json, "spaces_secret"));
	}
	if (!mok_http_is_loopback(http->api_url))
		return mok_err_set(
			err, MOK_ERR_INPUT, "%s/server.json names another machine", CLOUD_DIR);
	speed = mok_json_at(json, "speed");
	s->env.speed = cJSON_IsNumber(speed) ? speed->valuedouble : SPEED_DEFAULT;
	return 0;
}

static int use_sandbox(struct session *s, struct mok_http_options *http, struct mok_err *err)
{
	const struct cli_options *o = &s->cli->opt;
	struct mok_sandbox_options options = { .dir = CLOUD_DIR,
		.speed = speed_of(o->speed, SPEED_DEFAULT) };
	int64_t seed = 1;

	if (o->seed && !mok_parse_i64(o->seed, &seed))
		MOK_BUG("--seed was checked");
	options.seed = (uint64_t)seed;
	if (o->faults) {
		options.faults = read_text(s, o->faults, err);
		if (!options.faults)
			return -1;
	}
	s->journal_api = "sandbox";
	http->token = CLOUD_TOKEN;
	if (s->env.files.make_dirs(s->env.files.self, CLOUD_DIR, err) != 0)
		return -1;
	s->sandbox = mok_sandbox_open(&options, err);
	if (s->sandbox) {
		use_core(s, options.speed, http);
		return 0;
	}
	return err->code == MOK_ERR_LOCKED ? use_server(s, http, err) : -1;
}

/* ---- the account ---- */

static int use_account(struct session *s, struct mok_http_options *http, struct mok_err *err)
{
	const char *speed = setting("MOK_SANDBOX_SPEED");

	http->api_url = setting("DIGITALOCEAN_API_URL");
	http->spaces_url = setting("SPACES_ENDPOINT_URL");
	s->registry_mirror = setting("MOK_REGISTRY_URL");
	http->token = cli_token();
	http->spaces_key = setting("SPACES_ACCESS_KEY_ID");
	http->spaces_secret = setting("SPACES_SECRET_ACCESS_KEY");
	s->journal_api = http->api_url ? http->api_url : "https://api.digitalocean.com";
	if (!http->token) {
		mok_err_set(
			err, MOK_ERR_INPUT, "there is no DIGITALOCEAN_TOKEN in the environment");
		mok_err_hint(err,
			"export DIGITALOCEAN_TOKEN=..., or try it without an account: "
			"mok --sandbox ...");
		return -1;
	}
	if (speed && http->api_url && mok_http_is_loopback(http->api_url))
		s->env.speed = speed_of(speed, 1);
	return 0;
}

static int use_kubeconfig(struct session *s, struct mok_err *err)
{
	const char *path = s->cli->opt.kubeconfig;
	const char *text = path ? read_text(s, path, err) : NULL;

	if (!path)
		return 0;
	if (s->local) {
		mok_err_set(err, MOK_ERR_INPUT,
			"--kubeconfig is for clusters on the network, which a sandbox in this "
			"process does not reach");
		mok_err_hint(err, "start it as a server: mok sandbox --detach");
		return -1;
	}
	if (!text)
		return -1;
	s->any_cluster = true;
	s->env.speed = 1; /* it moves at its own pace, whatever the account does */
	if (mok_kubernetes_use(s->kubernetes, text, &s->env.files, path, err) == 0)
		return 0;
	mok_err_wrap(err, "%s", path);
	return -1;
}

int session_connect(struct session *s)
{
	struct mok_http_options http = { .parallelism = 0 };
	struct mok_err err = { 0 };
	int64_t parallelism = 0;
	int rc;

	rc = s->cli->opt.sandbox ? use_sandbox(s, &http, &err) : use_account(s, &http, &err);
	if (rc == 0)
		rc = use_kubeconfig(s, &err);
	if (s->cli->opt.force_conflicts)
		mok_kubernetes_force(s->kubernetes);
	if (rc != 0)
		return cli_fail(s->cli, &err, NULL);
	if (s->cli->opt.parallelism && mok_parse_i64(s->cli->opt.parallelism, &parallelism))
		http.parallelism = (int)parallelism;
	s->api_url = s->local ? NULL : http.api_url;
	s->loop = mok_loop_new(&s->env);
	s->http = mok_http_new(s->loop, &http, &err);
	return s->http ? CLI_DONE : cli_fail(s->cli, &err, NULL);
}
