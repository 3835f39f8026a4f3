#include "spaces.h"

#include <expat.h>
#include <string.h>

#define DEPTH_MAX 50
#define TEXT_MAX ((size_t)4 << 20)

struct builder {
	struct mok_arena *arena;
	XML_Parser parser;
	struct xml *stack[DEPTH_MAX + 1];
	struct xml *last[DEPTH_MAX + 1]; /* the last child of each level */
	struct mok_buf text[DEPTH_MAX + 1];
	int depth;
	bool failed;
};

static void fail(struct builder *b)
{
	b->failed = true;
	XML_StopParser(b->parser, XML_FALSE);
}

/* "http://...:Name" without its namespace. */
static const char *local_name(const char *name)
{
	const char *colon = strrchr(name, ' ');

	return colon ? colon + 1 : name;
}

static void opened(void *data, const char *name, const char **attributes)
{
	struct builder *b = data;
	struct xml *node;

	(void)attributes;
	if (b->depth == DEPTH_MAX) {
		fail(b);
		return;
	}
	node = MOK_NEW(b->arena, struct xml);
	node->name = mok_arena_strdup(b->arena, local_name(name));
	node->text = "";
	if (b->last[b->depth])
		b->last[b->depth]->next = node;
	else if (b->stack[b->depth])
		b->stack[b->depth]->first = node;
	b->last[b->depth] = node;
	b->depth++;
	b->stack[b->depth] = node;
	b->last[b->depth] = NULL;
	mok_buf_init(&b->text[b->depth], TEXT_MAX);
}

static void closed(void *data, const char *name)
{
	struct builder *b = data;
	struct mok_buf *text = &b->text[b->depth];

	(void)name;
	if (text->len)
		b->stack[b->depth]->text = mok_arena_strndup(b->arena, text->data, text->len);
	mok_buf_release(text);
	b->depth--;
}

static void characters(void *data, const char *text, int len)
{
	struct builder *b = data;

	if (b->depth > 0)
		mok_buf_add(&b->text[b->depth], text, (size_t)len);
}

/* S3 never sends one, and entities can be bombs. */
static void document_type(void *data, const char *name, const char *system_id,
	const char *public_id, int has_internal_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal_subset;
	fail(data);
}

struct xml *xml_parse(struct mok_arena *arena, const char *data, size_t len)
{
	struct builder b = { .arena = arena };
	struct xml *root;
	bool ok;

	if (len > TEXT_MAX * 4)
		return NULL;
	b.parser = XML_ParserCreateNS(NULL, ' ');
	if (!b.parser)
		MOK_BUG("expat cannot start");
	XML_SetUserData(b.parser, &b);
	XML_SetElementHandler(b.parser, opened, closed);
	XML_SetCharacterDataHandler(b.parser, characters);
	XML_SetStartDoctypeDeclHandler(b.parser, document_type);
	ok = XML_Parse(b.parser, data, (int)len, XML_TRUE) == XML_STATUS_OK && !b.failed;
	XML_ParserFree(b.parser);
	while (b.depth > 0)
		mok_buf_release(&b.text[b.depth--]);
	root = b.last[0];
	return ok ? root : NULL;
}

const struct xml *xml_child(const struct xml *node, const char *name)
{
	for (const struct xml *child = node ? node->first : NULL; child; child = child->next)
		if (strcmp(child->name, name) == 0)
			return child;
	return NULL;
}

const struct xml *xml_again(const struct xml *node)
{
	for (const struct xml *next = node->next; next; next = next->next)
		if (strcmp(next->name, node->name) == 0)
			return next;
	return NULL;
}

const char *xml_text(const struct xml *node, const char *name)
{
	const struct xml *child = xml_child(node, name);

	return child ? child->text : NULL;
}
