/* Tags of objects: kept as "key=value&...", encoded as in the header x-amz-tagging. */
#include "s3_handlers.h"
#include "s3_object.h"
#include "s3_xml.h"

#include <string.h>

#define TAGS_MAX 10
#define TAG_KEY_MAX 128
#define TAG_VALUE_MAX 256

struct tags {
	struct s3_param items[TAGS_MAX];
	size_t len;
};

static bool add_tag(struct tags *tags, const char *key, const char *value)
{
	if (!key || !value || !*key || strlen(key) > TAG_KEY_MAX || strlen(value) > TAG_VALUE_MAX ||
		tags->len == TAGS_MAX)
		return false;
	for (size_t i = 0; i < tags->len; i++)
		if (mok_streq(tags->items[i].name, key))
			return false;
	tags->items[tags->len++] = (struct s3_param){ key, value };
	return true;
}

static bool decode(struct s3_request *rq, const char *text, struct tags *out)
{
	out->len = 0;
	while (text && *text) {
		size_t len = strcspn(text, "&"), key = strcspn(text, "=&");
		const char *value = key < len ? text + key + 1 : "";

		if (!add_tag(out, s3_url_decode(rq->arena, text, key, true),
			    s3_url_decode(rq->arena, value, key < len ? len - key - 1 : 0, true)))
			return false;
		text += len + (text[len] == '&');
	}
	return true;
}

static const char *encode(struct s3_request *rq, const struct tags *tags)
{
	const char *out = NULL;
	struct mok_buf text;

	mok_buf_init(&text, 1 << 16);
	for (size_t i = 0; i < tags->len; i++) {
		if (i > 0)
			mok_buf_putc(&text, '&');
		mok_buf_add_url(&text, tags->items[i].name, false);
		mok_buf_putc(&text, '=');
		mok_buf_add_url(&text, tags->items[i].value, false);
	}
	if (tags->len > 0)
		out = mok_arena_strdup(rq->arena, text.data);
	mok_buf_release(&text);
	return out;
}

bool s3_tags_from_header(struct s3_request *rq, const char **out)
{
	struct tags tags;

	if (!decode(rq, s3_req_header(rq, "x-amz-tagging"), &tags)) {
		s3_fail(rq, S3_INVALID_TAG);
		return false;
	}
	*out = encode(rq, &tags);
	return true;
}

void s3_get_tagging(struct s3_request *rq)
{
	struct s3_object object;
	struct tags tags;
	struct mok_buf *out;

	if (!s3_find_object(rq, &object))
		return;
	if (!decode(rq, object.tags, &tags))
		MOK_BUG("stored tags cannot be read");
	s3_add_version(rq, &object);
	out = s3_answer_xml(rq);
	mok_buf_puts(out, "<Tagging xmlns=\"" S3_NAMESPACE "\"><TagSet>");
	for (size_t i = 0; i < tags.len; i++) {
		mok_buf_puts(out, "<Tag>");
		s3_xml_put(out, "Key", tags.items[i].name);
		s3_xml_put(out, "Value", tags.items[i].value);
		mok_buf_puts(out, "</Tag>");
	}
	mok_buf_puts(out, "</TagSet></Tagging>");
}

void s3_put_tagging(struct s3_request *rq)
{
	const struct s3_node *tagging = s3_body_xml(rq, "Tagging");
	const struct s3_node *set = s3_xml_child(tagging, "TagSet");
	struct tags tags = { .len = 0 };
	struct s3_object object;

	if (!tagging || !s3_find_object(rq, &object))
		return;
	if (!set) {
		s3_fail(rq, S3_MALFORMED_XML);
		return;
	}
	for (const struct s3_node *tag = s3_xml_child(set, "Tag"); tag; tag = s3_xml_again(tag))
		if (!add_tag(&tags, s3_xml_text(tag, "Key"), s3_xml_text(tag, "Value"))) {
			s3_fail(rq, S3_INVALID_TAG);
			return;
		}
	s3_object_set(rq, object.id, "tags", encode(rq, &tags));
	s3_add_version(rq, &object);
	s3_answer_empty(rq, 200);
}

void s3_delete_tagging(struct s3_request *rq)
{
	struct s3_object object;

	if (!s3_find_object(rq, &object))
		return;
	s3_object_set(rq, object.id, "tags", NULL);
	s3_add_version(rq, &object);
	s3_answer_empty(rq, 204);
}
