/*
 * marker: who owns an object, written on the object itself or in a tag beside it. The forms are
 * those of docs/architecture.md, "Ownership without a state file".
 */
#ifndef MOK_MARKER_H
#define MOK_MARKER_H

#include "mok/base.h"

struct mok_kind;

struct mok_marker {
	const char *stack, *slug;
	char addr_hash[17];
	unsigned generation;
	/* free-standing tags only: */
	const char *kind;
	char parent_hash[9], key_hash[17];
	/* "", "protect", "retain", "objects" or "data": a tag about the address rather than an
	 * object */
	const char *about;
};

/* mok:<stack>:<slug>-<16 hex>:g<n> */
const char *mok_marker_make(
	struct mok_arena *arena, const char *stack, const char *address, unsigned generation);
/* <marker>:<kind>:<8 hex of parent>:<16 hex of natural key> */
const char *mok_marker_free_tag(struct mok_arena *arena, const char *marker,
	const struct mok_kind *kind, const char *parent_id, const char *natural_key);
/* mok:<stack>:<slug>-<16 hex>:protect */
const char *mok_marker_about(
	struct mok_arena *arena, const char *stack, const char *address, const char *what);
bool mok_marker_parse(struct mok_arena *arena, const char *text, struct mok_marker *out);
void mok_addr_hash(const char *address, char out[17]);

#endif
