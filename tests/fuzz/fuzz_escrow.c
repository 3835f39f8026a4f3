/* What is inside an escrow file, and .env.production files. */
#include "escrow/escrow_internal.h"
#include "fuzz.h"

#include <string.h>

static int take(void *self, const char *name, const char *value, bool raw, unsigned line,
	struct mok_err *err)
{
	const struct mok_secret_spec *spec = mok_secret_find(name);

	(void)self;
	(void)raw;
	(void)line;
	(void)err;
	if (spec)
		spec->check(value);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mok_dotenv_visitor visitor = { NULL, take };
	const struct mok_escrow_new new = { "a", "generated", NULL, "b" };
	struct mok_err err;
	cJSON *document = escrow_document_parse((const char *)data, size, "social", &err);
	cJSON *other = escrow_document_new("social");

	if (document) {
		escrow_document_set(document, &new, 0);
		escrow_document_merge(other, document);
		escrow_document_merge(document, other);
	}
	escrow_document_wipe(other);
	escrow_document_wipe(document);
	if (mok_dotenv_read((const char *)data, size, &visitor, &err) != 0 && !err.msg[0])
		MOK_BUG("an error without words");
	return 0;
}
