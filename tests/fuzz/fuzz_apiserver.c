/* Requests to the Kubernetes API: the first line is "METHOD target TYPE" (TYPE one of apply, merge,
 * json, strategic, plain), the rest the body. */
#include "fuzz.h"
#include "kube_memory.h"

#include <stdlib.h>
#include <string.h>

static const char *type_of(const char *word)
{
	return strcmp(word, "apply") == 0        ? "application/apply-patch+yaml"
		: strcmp(word, "merge") == 0     ? "application/merge-patch+json"
		: strcmp(word, "json") == 0      ? "application/json-patch+json"
		: strcmp(word, "strategic") == 0 ? "application/strategic-merge-patch+json"
						 : "application/yaml";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mok_xcalloc(1, size + 1), *line_end, *target, *type;
	struct kube_memory memory;

	memcpy(text, data, size);
	line_end = strchr(text, '\n');
	target = line_end ? strchr(text, ' ') : NULL;
	type = target && target < line_end ? strchr(target + 1, ' ') : NULL;
	if (type && type < line_end) {
		*line_end = *target = *type = '\0';
		kube_memory_open(&memory);
		kube_ask(&memory, text, target + 1, type_of(type + 1), line_end + 1);
		kube_ask(&memory, text, target + 1, type_of(type + 1), line_end + 1);
		kube_memory_close(&memory);
	}
	free(text);
	return 0;
}
