/*
 * s3_xml: a strict reader of the small XML documents that S3 clients send, on libexpat.
 *
 * A document with a DOCTYPE is refused before anything in it is read, so no entity but the five
 * built-in ones exists. Namespaces are cut off (clients use S3's, none, or a prefix).
 */
#ifndef SANDBOX_S3_XML_H
#define SANDBOX_S3_XML_H

#include "mok/base.h"

/* text is what stands directly in the element, never NULL, outer white space taken off if the
 * element has children. type is the local xsi:type attribute or NULL. */
struct s3_node {
	const char *name, *text, *type;
	struct s3_node *first, *last, *next;
};

/* NULL on anything malformed, a DOCTYPE, more than 20,000 elements or nesting over 12. The tree
 * lives in the arena. */
struct s3_node *s3_xml_parse(struct mok_arena *arena, const char *data, size_t len);
/* The first child of that name, or NULL; node may be NULL. */
const struct s3_node *s3_xml_child(const struct s3_node *node, const char *name);
/* The next sibling of node with the same name, or NULL. */
const struct s3_node *s3_xml_again(const struct s3_node *node);
/* The text of the first child of that name, or NULL when there is no such child. */
const char *s3_xml_text(const struct s3_node *node, const char *name);

/* Appends <name>text</name>, escaped; nothing when text is NULL. */
void s3_xml_put(struct mok_buf *out, const char *name, const char *text);
void s3_xml_put_int(struct mok_buf *out, const char *name, int64_t value);

#endif
