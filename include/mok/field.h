/*
 * field: what a resource's block may say, as data: the tables that kinds, the mastodon block and
 * the plan's own blocks are checked by.
 */
#ifndef MOK_FIELD_H
#define MOK_FIELD_H

#include "mok/model.h"

enum mok_field_flag {
	MOK_F_REQUIRED = 1 << 0,
	MOK_F_COMPUTED = 1 << 1,      /* read only: may be referred to, not set */
	MOK_F_REPLACES = 1 << 2,      /* a change needs a new object */
	MOK_F_CREATE_ONLY = 1 << 3,   /* sent at creation, never compared (a fork's source) */
	MOK_F_NOT_AT_CREATE = 1 << 4, /* not taken by the POST: its call follows once it is ready */
	MOK_F_SENSITIVE = 1 << 5,
	MOK_F_SET = 1 << 6,    /* a list whose order means nothing */
	MOK_F_SUBSET = 1 << 7, /* others' members are left alone: only missing ones are a diff */
	MOK_F_WRITE_ONLY = 1 << 8, /* never read back: its hash is kept in the marker tag's key */
	MOK_F_FETCHED = 1 << 9,    /* computed, costs a request of its own (json = its path) */
	MOK_F_DRIFTS = 1 << 10, /* moves by itself while another field says so (autoscaled count) */
	MOK_F_MERGE = 1 << 11,  /* an object or map: only the declared keys are compared */
	MOK_F_RISKY = 1 << 12,  /* a change destroys data or cannot be undone: shown last and red */
	MOK_F_ALL = 1 << 13,    /* a list that may be written as the scalar `all` */
	MOK_F_LOCAL = 1 << 14,  /* mok's own switch: never sent, read or compared (force_destroy) */
	MOK_F_ANY = 1 << 15,  /* a map whose values are of any shape: unquoted scalars are typed as
				 in YAML's core schema */
	MOK_F_EACH = 1 << 16, /* a map of any keys, each of them an object of the fields in `sub` */
	MOK_F_RANGE = 1 << 17, /* an object of `min` and `max` that may be written as one number */
	MOK_F_FILLS = 1 << 18, /* the address of a resource that holds data once this one is there:
				  a tag says so before it is made */
	MOK_F_WHOLE = 1 << 19, /* a MOK_F_ANY map: what is there and not wanted is a diff too */
	MOK_F_IMAGE = 1 << 20, /* names a container image: `dflt` gets the digest of its tag */
};

/* Types reuse enum mok_type; MOK_MAP with `sub` is an object of known fields, without it a map of
 * strings; MOK_LIST has `item` (and `sub` for a list of objects). */
struct mok_field {
	const char *name; /* the plan's key; NULL ends a table */
	enum mok_type type, item;
	unsigned flags;
	const struct mok_field *sub;
	const char *json;    /* path in the API's object, if not `name` */
	const char *values;  /* "a|b|c", or "@catalogue" (checked live when planning, offline by
				snapshot) */
	const char *pattern; /* POSIX extended, whole string */
	const char *form;    /* the pattern in words, for who missed it; NULL: it is shown itself */
	int64_t min, max;    /* of a number, or of a string's or list's length; both 0: no limit */
	const char
		*norm; /* a normaliser of src/kinds/norm.c applied to both sides: "fqdn", "hour" */
	const char *call; /* the update call that takes it, if not the kind's first */
	const char *dflt; /* the API's documented default, for the docs and for "reset" */
	const char *doc;  /* one sentence */
};

const struct mok_field *mok_field_find(const struct mok_field *fields, const char *name);
/* Is the text one of the field's values, where the kind itself says which there are? */
bool mok_field_takes(const struct mok_field *field, const char *text);
/* Is anything on the way of "connection.password" sensitive? */
bool mok_field_is_sensitive(const struct mok_field *fields, const char *path);

#endif
