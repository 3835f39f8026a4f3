/* Objects as they are stored: read back, stamped, and the texts that the server makes up for them.
 */
#include "apiserver_internal.h"

#include <stdio.h>

const char *ks_api_version(struct ks_req *r, const struct ks_resource *res)
{
	return *res->group ? ks_printf(r, "%s/%s", res->group, res->version) : res->version;
}

void ks_stamp(struct ks_req *r, cJSON *object, const struct ks_resource *resource)
{
	ks_set_str(object, "kind", resource->kind);
	ks_set_str(object, "apiVersion", ks_api_version(r, resource));
}

cJSON *ks_parse_item(struct ks_req *r, const struct mok_apiserver_item *item)
{
	cJSON *object = cJSON_ParseWithLength(item->text, item->len);
	char version[24];

	if (!object)
		MOK_BUG("a stored object that is no JSON");
	snprintf(version, sizeof(version), "%lld", (long long)item->version);
	ks_set_str(mok_json_object(object, "metadata"), "resourceVersion", version);
	/* One stored text serves every version of a custom resource: none converts. */
	if (r->resource && r->resource->custom &&
		strcmp(item->key.resource, r->resource->full) == 0)
		ks_stamp(r, object, r->resource);
	if (r->resource && ks_event_is_later(r->resource) &&
		strcmp(item->key.resource, r->resource->stored) == 0)
		ks_event_from_core(object);
	return object;
}

cJSON *ks_load_key(struct ks_req *r, const struct mok_apiserver_key *key)
{
	struct mok_apiserver_item item;

	if (!r->store->get(r->store->self, key, &item))
		return NULL;
	return ks_own(r, ks_parse_item(r, &item));
}

cJSON *ks_load(struct ks_req *r, const char *name)
{
	const struct mok_apiserver_key key = { r->resource->stored, r->ns, name };

	return ks_load_key(r, &key);
}

const char *ks_word(struct ks_req *r, size_t len)
{
	static const char letters[] =
		"bcdfghjklmnpqrstvwxz2456789"; /* no vowels, as in the real one */
	char *word = mok_arena_alloc(r->arena, len + 1);

	for (size_t i = 0; i < len; i++)
		word[i] = letters[r->store->draw(r->store->self) % (sizeof(letters) - 1)];
	return word;
}

const char *ks_uuid(struct ks_req *r)
{
	uint64_t a = r->store->draw(r->store->self), b = r->store->draw(r->store->self);

	return ks_printf(r, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
		(unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
		(unsigned)(0x8000 | (b >> 48 & 0x3fff)), (unsigned long long)(b & 0xffffffffffff));
}

const char *ks_time_text(struct ks_req *r, int64_t ms)
{
	char *text = mok_arena_alloc(r->arena, 21);

	mok_format_time(ms, text);
	return text;
}
