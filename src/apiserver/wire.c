#include "wire.h"

static bool ends_early(const char **error)
{
	*error = "unexpected EOF";
	return false;
}

bool ks_wire_varint(struct ks_wire *w, uint64_t *out, const char **error)
{
	*out = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		unsigned char byte;

		if (w->at == w->end)
			return ends_early(error);
		byte = *w->at++;
		*out |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	*error = "proto: integer overflow";
	return false;
}

bool ks_wire_fixed(struct ks_wire *w, size_t size, uint64_t *out, const char **error)
{
	*out = 0;
	if ((size_t)(w->end - w->at) < size)
		return ends_early(error);
	for (size_t i = 0; i < size; i++)
		*out |= (uint64_t)*w->at++ << (8 * i);
	return true;
}

static bool read_bytes(struct ks_wire *w, struct ks_wire *out, const char **error)
{
	uint64_t len;

	if (!ks_wire_varint(w, &len, error))
		return false;
	if (len > (uint64_t)(w->end - w->at))
		return ends_early(error);
	*out = (struct ks_wire){ w->at, w->at + len };
	w->at += len;
	return true;
}

bool ks_wire_next(struct ks_wire *w, struct ks_wire_field *out, const char **error)
{
	uint64_t tag;

	if (w->at == w->end || !ks_wire_varint(w, &tag, error))
		return false;
	*out = (struct ks_wire_field){ .number = tag >> 3, .type = (enum ks_wire_type)(tag & 7) };
	if (!out->number) {
		*error = "proto: illegal tag 0";
		return false;
	}
	switch ((int)out->type) {
	case KS_WIRE_VARINT: return ks_wire_varint(w, &out->value, error);
	case KS_WIRE_FIXED64: return ks_wire_fixed(w, 8, &out->value, error);
	case KS_WIRE_FIXED32: return ks_wire_fixed(w, 4, &out->value, error);
	case KS_WIRE_BYTES: return read_bytes(w, &out->bytes, error);
	default: *error = "proto: illegal wireType"; return false;
	}
}
