#include "mok/live.h"

#include <string.h>

#define FINGERPRINT_MAX ((size_t)1 << 20)

void mok_live_fingerprint(const struct mok_object *object, const struct mok_val *want, char out[65])
{
	struct mok_buf text;

	mok_buf_init(&text, FINGERPRINT_MAX);
	mok_buf_printf(&text, "%s %s %s g%u %d%d\n", object->kind->name, object->id,
		object->name ? object->name : "", object->generation, object->protected_live,
		object->retain_live);
	for (size_t i = 0; i < want->u.map.len; i++) {
		const char *key = want->u.map.pairs[i].key;
		const struct mok_val *v = mok_val_get(&object->attrs, key);

		mok_buf_printf(&text, "%s=", key);
		if (v)
			mok_val_canonical(v, &text);
		mok_buf_putc(&text, '\n');
	}
	mok_sha256_hex(text.data, text.len, out);
	mok_buf_release(&text);
}
