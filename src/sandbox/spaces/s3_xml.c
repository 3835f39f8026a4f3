#include "s3_xml.h"

#include <expat.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_ELEMENTS 20000
#define MAX_DEPTH 12
#define NS_SEPARATOR '\n'

struct reader {
	struct mok_arena *arena;
	XML_Parser parser;
	struct s3_node *root;
	struct s3_node *stack[MAX_DEPTH];
	struct mok_buf text[MAX_DEPTH];
	size_t depth, elements;
	bool refused;
};

static void refuse(struct reader *reader)
{
	reader->refused = true;
	XML_StopParser(reader->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
	const char *tail = strrchr(name, NS_SEPARATOR);

	return tail ? tail + 1 : name;
}

static void on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *reader = data;
	struct s3_node *node, *parent;

	if (reader->depth == MAX_DEPTH || reader->elements++ == MAX_ELEMENTS) {
		refuse(reader);
		return;
	}
	node = MOK_NEW(reader->arena, struct s3_node);
	node->name = mok_arena_strdup(reader->arena, local_name(name));
	node->text = "";
	for (size_t i = 0; attributes[i]; i += 2)
		if (mok_streq(local_name(attributes[i]), "type"))
			node->type = mok_arena_strdup(reader->arena, attributes[i + 1]);
	if (reader->depth > 0) {
		parent = reader->stack[reader->depth - 1];
		if (parent->last)
			parent->last->next = node;
		else
			parent->first = node;
		parent->last = node;
	} else {
		reader->root = node;
	}
	mok_buf_clear(&reader->text[reader->depth]);
	reader->stack[reader->depth++] = node;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void on_end(void *data, const XML_Char *name)
{
	struct reader *reader = data;
	struct s3_node *node;
	const char *text;
	size_t len;

	(void)name;
	if (reader->refused || reader->depth == 0)
		return;
	node = reader->stack[--reader->depth];
	text = reader->text[reader->depth].data;
	len = reader->text[reader->depth].len;
	while (node->first && len > 0 && blank(text[len - 1]))
		len--;
	for (; node->first && len > 0 && blank(*text); len--)
		text++;
	node->text = mok_arena_strndup(reader->arena, text, len);
}

static void on_text(void *data, const XML_Char *text, int len)
{
	struct reader *reader = data;

	if (!reader->refused && reader->depth > 0)
		mok_buf_add(&reader->text[reader->depth - 1], text, (size_t)len);
}

static void on_doctype(void *data, const XML_Char *name, const XML_Char *sysid,
	const XML_Char *pubid, int internal)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)internal;
	refuse(data);
}

struct s3_node *s3_xml_parse(struct mok_arena *arena, const char *data, size_t len)
{
	struct reader reader = { .arena = arena };
	bool ok;

	if (len == 0 || len > INT32_MAX)
		return NULL;
	reader.parser = XML_ParserCreateNS(NULL, NS_SEPARATOR);
	if (!reader.parser)
		MOK_BUG("expat has no memory");
	for (size_t i = 0; i < MAX_DEPTH; i++)
		mok_buf_init(&reader.text[i], len + 1);
	XML_SetUserData(reader.parser, &reader);
	XML_SetElementHandler(reader.parser, on_start, on_end);
	XML_SetCharacterDataHandler(reader.parser, on_text);
	XML_SetStartDoctypeDeclHandler(reader.parser, on_doctype);
	ok = XML_Parse(reader.parser, data, (int)len, XML_TRUE) == XML_STATUS_OK && !reader.refused;
	XML_ParserFree(reader.parser);
	for (size_t i = 0; i < MAX_DEPTH; i++)
		mok_buf_release(&reader.text[i]);
	return ok ? reader.root : NULL;
}

const struct s3_node *s3_xml_child(const struct s3_node *node, const char *name)
{
	for (const struct s3_node *child = node ? node->first : NULL; child; child = child->next)
		if (mok_streq(child->name, name))
			return child;
	return NULL;
}

const struct s3_node *s3_xml_again(const struct s3_node *node)
{
	for (const struct s3_node *other = node->next; other; other = other->next)
		if (mok_streq(other->name, node->name))
			return other;
	return NULL;
}

const char *s3_xml_text(const struct s3_node *node, const char *name)
{
	const struct s3_node *child = s3_xml_child(node, name);

	return child ? child->text : NULL;
}

void s3_xml_put(struct mok_buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	mok_buf_putc(out, '<');
	mok_buf_puts(out, name);
	mok_buf_putc(out, '>');
	mok_buf_add_xml(out, text);
	mok_buf_puts(out, "</");
	mok_buf_puts(out, name);
	mok_buf_putc(out, '>');
}

void s3_xml_put_int(struct mok_buf *out, const char *name, int64_t value)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%" PRId64, value);
	s3_xml_put(out, name, digits);
}
