/* Requests to the sandbox: the first line is "METHOD target", the rest the body; a first byte of
 * '!' sends it to the Spaces port, one of '^' to the Kubernetes port. */
#include "fuzz.h"
#include "mok/sandbox.h"

#include <string.h>

static void ask(struct mok_sandbox *sandbox, char *text, size_t size)
{
	static const struct mok_sandbox_header headers[] = {
		{ "authorization", "Bearer token" },
		{ "content-type", "application/json" },
	};
	struct mok_sandbox_request request = { .host = "127.0.0.1",
		.headers = headers,
		.nheaders = MOK_COUNT(headers),
		.service = text[0] == '!' ? MOK_SANDBOX_SPACES
			: text[0] == '^'  ? MOK_SANDBOX_KUBERNETES
					  : MOK_SANDBOX_API };
	struct mok_sandbox_response response;
	char *end = text + size, *line_end = memchr(text, '\n', size), *space;

	if (!line_end)
		return;
	*line_end = '\0';
	text += request.service != MOK_SANDBOX_API;
	space = strchr(text, ' ');
	if (!space || space == text || !space[1])
		return;
	*space = '\0';
	request.method = text;
	request.target = space + 1;
	request.body = line_end + 1;
	request.body_len = (size_t)(end - line_end - 1);
	mok_sandbox_response_init(&response);
	mok_sandbox_handle(sandbox, &request, 1767225600000, &response);
	mok_sandbox_response_release(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mok_sandbox_options options = { .seed = 1 };
	struct mok_err err = { 0 };
	struct mok_sandbox *sandbox = mok_sandbox_open(&options, &err);
	struct mok_arena *arena = mok_arena_new();

	if (sandbox && size)
		ask(sandbox, mok_arena_strndup(arena, (const char *)data, size), size);
	mok_sandbox_close(sandbox);
	mok_arena_free(arena);
	return 0;
}
