#include "digitalocean.h"

#include <string.h>

static const char *part_of(const struct path_parts *parts, const char *name, size_t len)
{
	const struct {
		const char *name, *value;
	} known[] = {
		{ "parent", parts->parent },
		{ "id", parts->id },
		{ "name", parts->name },
		{ "value", parts->value },
	};

	for (size_t i = 0; i < MOK_COUNT(known); i++)
		if (strlen(known[i].name) == len && strncmp(known[i].name, name, len) == 0)
			return known[i].value;
	return NULL;
}

int mok_do_path(struct mok_arena *arena, const char *path, const struct path_parts *parts,
	const char **out, struct mok_err *err)
{
	struct mok_buf buf;
	const char *open;
	int rc = 0;

	mok_buf_init(&buf, 4096);
	while (rc == 0 && (open = strchr(path, '{'))) {
		const char *close = strchr(open, '}');
		const char *value =
			close ? part_of(parts, open + 1, (size_t)(close - open - 1)) : NULL;

		/* An id of "." or ".." would walk up in the path. */
		if (!value || !*value || mok_streq(value, ".") || mok_streq(value, "..")) {
			rc = mok_err_set(err, MOK_ERR_INPUT, "no usable value for %.*s in %s",
				close ? (int)(close - open + 1) : 1, open, path);
			break;
		}
		mok_buf_add(&buf, path, (size_t)(open - path));
		mok_buf_add_url(&buf, value, false);
		path = close + 1;
	}
	if (rc == 0) {
		mok_buf_puts(&buf, path);
		if (buf.overflow)
			rc = mok_err_set(err, MOK_ERR_INPUT, "a request's path is too long");
		*out = mok_arena_strndup(arena, buf.data, buf.len);
	}
	mok_buf_release(&buf);
	return rc;
}
