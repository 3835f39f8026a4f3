/* What Argo CD's own manifests leave to a process: the password of its Redis, which all of its pods
 * wait for. https://argo-cd.readthedocs.io/en/stable/faq/#how-to-rotate-redis-secret */
#include "program.h"

#define SECRET "argocd-redis"
#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool is_init(const cJSON *pod, const cJSON *container)
{
	(void)pod;
	return sb_program_says(container, "redis-initial-password");
}

static void start(
	struct sb_kube *k, const cJSON *pod, const cJSON *container, struct sb_outcome *out)
{
	(void)k;
	(void)pod;
	(void)container;
	out->run_ms = SB_SECOND_MS;
	out->log = "Checking for initial Redis password in secret " SECRET
		   " at key auth.\nInitial Redis password is set.\n";
}

/* One that is there stands. */
static void end(struct sb_kube *k, const cJSON *pod, const cJSON *container, struct sb_outcome *out)
{
	const char *secrets = mok_arena_printf(k->ctx->arena, "/api/v1/namespaces/%s/secrets",
		sb_ctl_str(pod, "metadata.namespace"));
	cJSON *secret = cJSON_CreateObject();

	(void)container;
	(void)out;
	sb_set_str(secret, "apiVersion", "v1");
	sb_set_str(secret, "kind", "Secret");
	sb_set_str(mok_json_object(secret, "metadata"), "name", SECRET);
	sb_set_str(mok_json_object(secret, "stringData"), "auth",
		sb_random_word(k->ctx, 16, ALPHABET));
	sb_ctl_write(k, "argocd", "POST", secrets, secret);
}

const struct sb_program sb_program_argo_cd = { is_init, start, end };
