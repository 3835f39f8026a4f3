/* The wire format of protobuf (https://protobuf.dev/programming-guides/encoding), read only. */
#ifndef MOK_APISERVER_WIRE_H
#define MOK_APISERVER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ks_wire {
	const unsigned char *at, *end;
};

enum ks_wire_type {
	KS_WIRE_VARINT = 0,
	KS_WIRE_FIXED64 = 1,
	KS_WIRE_BYTES = 2,
	KS_WIRE_FIXED32 = 5,
};

/* One field: `value` of numbers, `bytes` of the rest (they point into what is read). */
struct ks_wire_field {
	uint64_t number, value;
	enum ks_wire_type type;
	struct ks_wire bytes;
};

/* False: the end, or malformed, and then *error says how (else it is left alone). Never reads
 * beyond w->end. */
bool ks_wire_next(struct ks_wire *w, struct ks_wire_field *out, const char **error);
bool ks_wire_varint(struct ks_wire *w, uint64_t *out, const char **error);
bool ks_wire_fixed(struct ks_wire *w, size_t size, uint64_t *out, const char **error);

#endif
