/*
 * fields: short names for reading, checking and writing members of JSON documents, for the kinds
 * with many fields. Members are always looked up case-sensitively, and times are milliseconds.
 */
#ifndef MOK_SANDBOX_FIELDS_H
#define MOK_SANDBOX_FIELDS_H

#include "mok/base.h"

void sb_set_str(cJSON *object, const char *name, const char *value); /* NULL becomes JSON null */
void sb_set_int(cJSON *object, const char *name, int64_t value);
void sb_set_bool(cJSON *object, const char *name, bool value);
void sb_set_time(cJSON *object, const char *name, int64_t ms); /* RFC 3339 */

/* Copies the named members that `from` has; a missing one is left out. */
void sb_copy(cJSON *to, const cJSON *from, const char *const *names, size_t count);

const cJSON *sb_get(const cJSON *object, const char *name); /* NULL: absent, or JSON null */
int64_t sb_get_int(const cJSON *object, const char *name, int64_t fallback);
const char *sb_get_str(const cJSON *object, const char *name); /* NULL: absent or no string */
bool sb_get_bool(const cJSON *object, const char *name, bool fallback);
/* As sb_get_str, but "" reads as absent: clients send empty strings for what they leave out. */
const char *sb_get_word(const cJSON *object, const char *name);

bool sb_list_has(const cJSON *list, const char *word);
bool sb_is_string_list(const cJSON *list);

/* [A-Za-z0-9_:-]{1,255} */
bool sb_tag_valid(const char *tag);
/* A dotted IPv4 address, with "/bits" if `cidr` allows it; host bits are fine. */
bool sb_ipv4_valid(const char *text, bool cidr);
bool sb_ipv4_parse(const char *text, uint32_t *address, int *bits);
/* Do two CIDR ranges share an address? False if either is malformed. */
bool sb_cidr_overlap(const char *a, const char *b);
bool sb_uuid_valid(const char *text);

#endif
