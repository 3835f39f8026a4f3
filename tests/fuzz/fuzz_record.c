/* Helm's records, which anybody who may write Secrets may write: the first byte says how many of
 * the two layers of base64 the rest lacks. */
#include "fuzz.h"
#include "mok/provider.h"

#include <string.h>

static cJSON *secret_of(struct mok_arena *arena, const char *data, const char *status)
{
	cJSON *secret = cJSON_CreateObject(), *metadata, *labels;

	metadata = cJSON_AddObjectToObject(secret, "metadata");
	cJSON_AddStringToObject(metadata, "name", "sh.helm.release.v1.a.v1");
	cJSON_AddStringToObject(metadata, "namespace", "ns");
	labels = cJSON_AddObjectToObject(metadata, "labels");
	cJSON_AddStringToObject(labels, "owner", "helm");
	cJSON_AddStringToObject(labels, "name", "a");
	cJSON_AddStringToObject(labels, "version", "1");
	cJSON_AddStringToObject(labels, "status", status);
	cJSON_AddStringToObject(secret, "type", "helm.sh/release.v1");
	cJSON_AddStringToObject(
		cJSON_AddObjectToObject(secret, "data"), "release", mok_arena_strdup(arena, data));
	return secret;
}

static const char *layered(struct mok_arena *arena, const uint8_t *data, size_t size)
{
	int layers = data[0] % 3;
	const char *text = mok_arena_strndup(arena, (const char *)data + 1, size - 1);
	size_t len = size - 1;

	for (int i = 0; i < layers; i++) {
		text = mok_base64(arena, text, len);
		len = strlen(text);
	}
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mok_kubernetes *k = mok_kubernetes_new();
	struct mok_provider provider = mok_kubernetes_provider(k);
	struct mok_arena *arena = mok_arena_new();
	struct mok_exchange x = { .status = 200 };
	struct mok_err err = { 0 };
	struct mok_answer answer = { 0 };
	struct mok_http_reply reply = { .status = 200, .request_id = "", .err = &err };
	struct mok_ask ask = { .verb = MOK_ASK_LIST, .parent_id = "c" };
	cJSON *list = cJSON_CreateObject();
	char *body;

	mok_buf_init(&x.response, 1 << 20);
	reply.exchange = &x;
	ask.kind = mok_kind_find("helm_release");
	if (size > 0)
		cJSON_AddItemToArray(cJSON_AddArrayToObject(list, "items"),
			secret_of(arena, layered(arena, data, size), "deployed"));
	body = cJSON_PrintUnformatted(list);
	reply.body = body;
	reply.len = strlen(body);
	provider.decode(provider.self, &ask, &reply, arena, &answer);
	cJSON_free(body);
	cJSON_Delete(list);
	mok_buf_release(&x.response);
	mok_arena_free(arena);
	mok_kubernetes_free(k);
	return 0;
}
