/* DigitalOcean's API v2, from descriptors: nothing here knows a kind by name. */
#ifndef MOK_DIGITALOCEAN_INTERNAL_H
#define MOK_DIGITALOCEAN_INTERNAL_H

#include "mok/provider.h"

/* What fills a path's {parent}, {id}, {name} and {value}; each is percent-encoded. -1 if one that
 * the path names is missing. */
struct path_parts {
	const char *parent, *id, *name, *value;
};
int mok_do_path(struct mok_arena *arena, const char *path, const struct path_parts *parts,
	const char **out, struct mok_err *err) MOK_MUST_CHECK;

/* body.c: the caller deletes what they give. */
cJSON *mok_do_create_body(const struct mok_ask *ask, struct mok_err *err);
cJSON *mok_do_call_body(const struct mok_ask *ask, struct mok_err *err);
/* The update that carries the marker: tags or description as they are, plus ask->marker. */
cJSON *mok_do_mark_body(const struct mok_ask *ask, struct mok_err *err);
const struct mok_field *mok_do_marker_field(const struct mok_kind *kind); /* or NULL */

/* object.c: one object of the API; NULL if it has no id. `out` also gets what is embedded in it. */
struct mok_object *mok_do_object(struct mok_arena *arena, const struct mok_ask *ask,
	const struct mok_kind *kind, const cJSON *api, struct mok_answer *out);

/* verdict.c: what a reply means for an ask; true when its body may be read. */
bool mok_do_verdict(
	const struct mok_ask *ask, const struct mok_http_reply *reply, struct mok_answer *out);
bool mok_do_is_write(enum mok_verb verb);

/* encode.c, decode.c: the provider's two functions. */
int mok_do_encode(void *self, const struct mok_ask *ask, struct mok_arena *arena,
	struct mok_wire_request *out, struct mok_err *err);
void mok_do_decode(void *self, const struct mok_ask *ask, const struct mok_http_reply *reply,
	struct mok_arena *arena, struct mok_answer *out);
/* A field's value as the API gave it, by its type and normaliser; MOK_NULL if it is of another. */
struct mok_val mok_do_value(struct mok_arena *arena, const struct mok_field *f, const cJSON *json);

#endif
