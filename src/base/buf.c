#include "mok/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mok_buf_init(struct mok_buf *buf, size_t max)
{
	buf->cap = 64;
	buf->data = mok_xmalloc(buf->cap);
	buf->data[0] = '\0';
	buf->len = 0;
	buf->max = max;
	buf->overflow = false;
}

void mok_buf_release(struct mok_buf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

void mok_buf_clear(struct mok_buf *buf)
{
	buf->len = 0;
	buf->overflow = false;
	if (buf->data)
		buf->data[0] = '\0';
}

static bool reserve(struct mok_buf *buf, size_t more)
{
	size_t need = buf->len + more + 1;

	if (more > buf->max - buf->len) {
		buf->overflow = true;
		return false;
	}
	if (need > buf->cap) {
		while (buf->cap < need)
			buf->cap *= 2;
		buf->data = mok_xrealloc(buf->data, buf->cap);
	}
	return true;
}

void mok_buf_add(struct mok_buf *buf, const void *data, size_t len)
{
	if (!reserve(buf, len))
		return;
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void mok_buf_puts(struct mok_buf *buf, const char *s)
{
	mok_buf_add(buf, s, strlen(s));
}

void mok_buf_putc(struct mok_buf *buf, char c)
{
	if (!reserve(buf, 1))
		return;
	buf->data[buf->len++] = c;
	buf->data[buf->len] = '\0';
}

/* Mostly there is room for it: it is formatted once, where it will stay. */
void mok_buf_printf(struct mok_buf *buf, const char *fmt, ...)
{
	size_t room = buf->cap - buf->len;
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(buf->data + buf->len, room, fmt, ap);
	va_end(ap);
	if (n >= 0 && reserve(buf, (size_t)n)) {
		if ((size_t)n >= room)
			vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, again);
		buf->len += (size_t)n;
	}
	if (room > 0)
		buf->data[buf->len] = '\0'; /* also when it did not fit */
	va_end(again);
}

static bool is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '.' || c == '_' || c == '~';
}

void mok_buf_add_url(struct mok_buf *buf, const char *s, bool keep_slash)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (is_unreserved(c) || (keep_slash && c == '/'))
			mok_buf_putc(buf, *s);
		else
			mok_buf_printf(buf, "%%%02X", c);
	}
}

static size_t plain_in_json(const char *s)
{
	size_t n = 0;

	for (unsigned char c; (c = (unsigned char)s[n]) >= 0x20; n++)
		if (c == '"' || c == '\\' || c == 0x7f)
			break;
	return n;
}

void mok_buf_add_json(struct mok_buf *buf, const char *s)
{
	mok_buf_putc(buf, '"');
	for (;; s++) {
		size_t n = plain_in_json(s);
		unsigned char c = (unsigned char)s[n];

		mok_buf_add(buf, s, n);
		s += n;
		if (c == '\0')
			break;
		if (c == '"' || c == '\\')
			mok_buf_printf(buf, "\\%c", c);
		else if (c == '\n')
			mok_buf_puts(buf, "\\n");
		else
			mok_buf_printf(buf, "\\u%04x", c);
	}
	mok_buf_putc(buf, '"');
}

static const char *xml_entity(char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&apos;";
	default: return NULL;
	}
}

void mok_buf_add_xml(struct mok_buf *buf, const char *s)
{
	for (; *s; s++) {
		const char *entity = xml_entity(*s);

		if (entity)
			mok_buf_puts(buf, entity);
		else
			mok_buf_putc(buf, *s);
	}
}
