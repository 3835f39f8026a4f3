/* Spaces, from descriptors: buckets and their sub-resources over S3's XML, path style. */
#ifndef MOK_SPACES_INTERNAL_H
#define MOK_SPACES_INTERNAL_H

#include "mok/provider.h"

/* ---- xml.c: an answer as a tree, in the arena ---- */

struct xml {
	const char *name, *text; /* text: all character data directly inside, "" if none */
	struct xml *first, *next;
};
/* NULL: not well-formed, over 50 deep, or with a document type. */
struct xml *xml_parse(struct mok_arena *arena, const char *data, size_t len);
const struct xml *xml_child(const struct xml *node, const char *name); /* node NULL is fine */
const struct xml *xml_again(const struct xml *node); /* the next sibling of the same name */
const char *xml_text(const struct xml *node, const char *name); /* of a child, or NULL */

/* ---- settings_write.c, settings_read.c: the sub-resources ---- */

/* The request's query, headers and body for a setting. An empty one is taken away by DELETE. */
int settings_write(const struct mok_ask *ask, struct mok_arena *arena, struct mok_wire_request *out,
	struct mok_err *err);
/* What a sub-resource says, as a map of fields. xml NULL: there is none. */
struct mok_val settings_read(struct mok_arena *arena, const char *setting, const struct xml *xml,
	const struct mok_http_reply *reply);
void spaces_set_body(struct mok_arena *arena, struct mok_wire_request *out, const char *type,
	struct mok_buf *body);

int spaces_encode(void *self, const struct mok_ask *ask, struct mok_arena *arena,
	struct mok_wire_request *out, struct mok_err *err);
void spaces_decode(void *self, const struct mok_ask *ask, const struct mok_http_reply *reply,
	struct mok_arena *arena, struct mok_answer *out);

#endif
