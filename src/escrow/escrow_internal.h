#ifndef MOK_ESCROW_INTERNAL_H
#define MOK_ESCROW_INTERNAL_H

#include "age_internal.h"
#include "mok/escrow.h"

/* ---- the document inside the file (document.c): JSON, so that people can read it ---- */

#define PREVIOUS_MAX 3

cJSON *escrow_document_new(const char *stack);
/* NULL: damaged, of another stack, of a newer format. */
cJSON *escrow_document_parse(const char *text, size_t len, const char *stack, struct mok_err *err);
cJSON *escrow_document_entry(const cJSON *document, const char *name); /* NULL: none */
/* Makes the value the entry's, which is made if need be; a value that was there becomes a former
 * one. */
void escrow_document_set(cJSON *document, const struct mok_escrow_new *entry, int64_t now_ms);
struct mok_escrow_entry escrow_document_view(const cJSON *entry);
/* Whether it is or was the entry's value. */
bool escrow_document_has_had(const cJSON *entry, const char *value);
/* Takes over what `from` holds; a value of it that differs is the newer one. */
void escrow_document_merge(cJSON *into, const cJSON *from);
void escrow_document_wipe(cJSON *document); /* and deletes it */

#endif
