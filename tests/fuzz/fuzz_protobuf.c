/* Protobuf bodies: the first byte says which kind is meant when the body names none. What is
 * decoded must print and parse again. */
#include "apiserver/protobuf.h"
#include "fuzz.h"

#include <stdlib.h>

static const char *const kinds[] = { "v1 Pod", "v1 DeleteOptions", "v1 Secret",
	"apps/v1 Deployment", "apiextensions.k8s.io/v1 CustomResourceDefinition", "v1 Odd" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ks_protobuf *table; /* made once, for speed */
	struct mok_arena *arena = mok_arena_new();
	struct ks_protobuf_body body = { .data = (const char *)data + 1,
		.len = size ? size - 1 : 0,
		.fallback = kinds[size ? data[0] % MOK_COUNT(kinds) : 0] };
	cJSON *json;

	if (!table)
		table = ks_protobuf_new(mok_arena_new());
	json = size ? ks_protobuf_read(table, arena, &body) : NULL;
	if (json) {
		char *text = cJSON_PrintUnformatted(json);
		cJSON *again = text ? cJSON_Parse(text) : NULL;

		if (!again)
			abort();
		cJSON_Delete(again);
		cJSON_free(text);
	}
	cJSON_Delete(json);
	mok_arena_free(arena);
	return 0;
}
