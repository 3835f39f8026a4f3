#include "escrow_internal.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <string.h>

/*
 * { "format": "mok-escrow", "format_version": 1, "stack": "social",
 *   "entries": [ { "name": "SECRET_KEY_BASE", "kind": "generated", "value": "...",
 *                  "since": "2026-08-07T10:11:12Z",
 *                  "previous": [ { "value": "...", "since": ... } ] } ] }
 */

#define FORMAT "mok-escrow"
#define FORMAT_VERSION 1
#define ENTRIES_MAX 10000
#define NAME_MAX_LEN 255

cJSON *escrow_document_new(const char *stack)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "format", FORMAT);
	cJSON_AddNumberToObject(json, "format_version", FORMAT_VERSION);
	cJSON_AddStringToObject(json, "stack", stack);
	cJSON_AddArrayToObject(json, "entries");
	return json;
}

static cJSON *entries_of(const cJSON *document)
{
	return cJSON_GetObjectItemCaseSensitive(document, "entries");
}

/* ---- parsing ---- */

static bool valid_text(const cJSON *entry, const char *key, size_t max, bool required)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(entry, key);
	size_t len;

	if (!item)
		return !required;
	if (!cJSON_IsString(item))
		return false;
	len = strlen(item->valuestring);
	return len > 0 && len <= max;
}

static bool valid_time(const cJSON *entry)
{
	const char *text = mok_json_str(entry, "since");
	int64_t ms;

	return text && mok_parse_time(text, &ms) == 0;
}

static bool valid_version(const cJSON *version)
{
	return cJSON_IsObject(version) && valid_time(version) &&
		valid_text(version, "value", MOK_ESCROW_VALUE_MAX, true) &&
		valid_text(version, "id", NAME_MAX_LEN, false);
}

static bool valid_entry(const cJSON *entry)
{
	const cJSON *previous = cJSON_GetObjectItemCaseSensitive(entry, "previous"), *version;

	if (!valid_version(entry) || !valid_text(entry, "name", NAME_MAX_LEN, true) ||
		!valid_text(entry, "kind", NAME_MAX_LEN, true))
		return false;
	if (previous && !cJSON_IsArray(previous))
		return false;
	cJSON_ArrayForEach(version, previous) if (!valid_version(version)) return false;
	return true;
}

static bool valid_entries(const cJSON *document)
{
	const cJSON *entries = entries_of(document), *entry;
	struct mok_arena *arena = mok_arena_new();
	struct mok_map *names = mok_map_new(arena);
	bool fine = cJSON_IsArray(entries) && cJSON_GetArraySize(entries) <= ENTRIES_MAX;

	cJSON_ArrayForEach(entry, entries)
	{
		fine = fine && valid_entry(entry) &&
			!mok_map_get(names, mok_json_str(entry, "name"));
		if (!fine)
			break;
		mok_map_put(names, mok_json_str(entry, "name"), names);
	}
	mok_arena_free(arena);
	return fine;
}

static int check_document(const cJSON *document, const char *stack, struct mok_err *err)
{
	const char *of = mok_json_str(document, "stack");

	if (!mok_streq(mok_json_str(document, "format"), FORMAT) || !of)
		return mok_err_set(err, MOK_ERR_INPUT, "what is in it is not an escrow of mok");
	if (mok_json_int(document, "format_version", 0) != FORMAT_VERSION) {
		mok_err_set(err, MOK_ERR_INPUT, "it has a format that this mok does not know");
		mok_err_hint(err, "a newer mok wrote it: use that one");
		return -1;
	}
	if (!mok_streq(of, stack)) {
		mok_err_set(err, MOK_ERR_INPUT, "it belongs to the stack \"%.40s\", not to \"%s\"",
			of, stack);
		mok_err_hint(err, "each stack has an escrow file of its own");
		return -1;
	}
	if (!valid_entries(document))
		return mok_err_set(err, MOK_ERR_INPUT, "an entry in it is damaged");
	return 0;
}

cJSON *escrow_document_parse(const char *text, size_t len, const char *stack, struct mok_err *err)
{
	cJSON *document = mok_json_parse(text, len);

	if (!document) {
		mok_err_set(err, MOK_ERR_INPUT, "what is in it is not an escrow of mok");
		return NULL;
	}
	if (check_document(document, stack, err) == 0)
		return document;
	escrow_document_wipe(document);
	return NULL;
}

/* ---- entries ---- */

cJSON *escrow_document_entry(const cJSON *document, const char *name)
{
	cJSON *entry;

	cJSON_ArrayForEach(entry, entries_of(document))
	{
		if (mok_streq(mok_json_str(entry, "name"), name))
			return entry;
	}
	return NULL;
}

/* What makes up one value: moved between an entry and its former ones. */
static const char *const version_keys[] = { "value", "id", "since" };

static cJSON *detach_version(cJSON *entry)
{
	cJSON *version = cJSON_CreateObject();

	for (size_t i = 0; i < MOK_COUNT(version_keys); i++) {
		cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(entry, version_keys[i]);

		if (item)
			cJSON_AddItemToObject(version, version_keys[i], item);
	}
	return version;
}

static void keep_former(cJSON *entry)
{
	cJSON *previous = cJSON_GetObjectItemCaseSensitive(entry, "previous");

	if (!previous)
		previous = cJSON_AddArrayToObject(entry, "previous");
	cJSON_InsertItemInArray(previous, 0, detach_version(entry));
	while (cJSON_GetArraySize(previous) > PREVIOUS_MAX)
		cJSON_DeleteItemFromArray(previous, PREVIOUS_MAX);
}

void escrow_document_set(cJSON *document, const struct mok_escrow_new *new, int64_t now_ms)
{
	cJSON *entry = escrow_document_entry(document, new->name);
	char now[21];

	if (entry) {
		keep_former(entry);
	} else {
		entry = cJSON_CreateObject();
		cJSON_AddStringToObject(entry, "name", new->name);
		cJSON_AddStringToObject(entry, "kind", new->kind);
		cJSON_AddItemToArray(entries_of(document), entry);
	}
	mok_format_time(now_ms, now);
	cJSON_AddStringToObject(entry, "value", new->value);
	if (new->id)
		cJSON_AddStringToObject(entry, "id", new->id);
	cJSON_AddStringToObject(entry, "since", now);
}

struct mok_escrow_entry escrow_document_view(const cJSON *entry)
{
	struct mok_escrow_entry view = { .name = mok_json_str(entry, "name"),
		.kind = mok_json_str(entry, "kind"),
		.id = mok_json_str(entry, "id"),
		.value = mok_json_str(entry, "value"),
		.nprevious = (size_t)cJSON_GetArraySize(
			cJSON_GetObjectItemCaseSensitive(entry, "previous")) };

	if (mok_parse_time(mok_json_str(entry, "since"), &view.since_ms) != 0)
		view.since_ms = 0;
	return view;
}

bool escrow_document_has_had(const cJSON *entry, const char *value)
{
	const cJSON *version;

	if (mok_streq(mok_json_str(entry, "value"), value))
		return true;
	cJSON_ArrayForEach(version, cJSON_GetObjectItemCaseSensitive(entry, "previous"))
	{
		if (mok_streq(mok_json_str(version, "value"), value))
			return true;
	}
	return false;
}

/* One that was a value before came with an addition that was merged and then not removed. */
void escrow_document_merge(cJSON *into, const cJSON *from)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, entries_of(from))
	{
		struct mok_escrow_entry e = escrow_document_view(entry);
		const struct mok_escrow_new new = { e.name, e.kind, e.id, e.value };
		const cJSON *held = escrow_document_entry(into, e.name);

		if (!held || !escrow_document_has_had(held, e.value))
			escrow_document_set(into, &new, e.since_ms);
	}
}

static void wipe_strings(cJSON *item)
{
	if (cJSON_IsString(item))
		OPENSSL_cleanse(item->valuestring, strlen(item->valuestring));
	for (cJSON *child = item->child; child; child = child->next)
		wipe_strings(child);
}

void escrow_document_wipe(cJSON *document)
{
	if (!document)
		return;
	wipe_strings(document);
	cJSON_Delete(document);
}
