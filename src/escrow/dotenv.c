#include "escrow_internal.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <string.h>

#define NAME_SIZE 128

struct reader {
	const char *at, *end;
	unsigned line;
};

static char peek(const struct reader *r)
{
	return r->at < r->end ? *r->at : '\0';
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\r'))
		r->at++;
}

static void skip_line(struct reader *r)
{
	const char *eol = memchr(r->at, '\n', (size_t)(r->end - r->at));

	r->at = eol ? eol + 1 : r->end;
	r->line++;
}

static bool read_name(struct reader *r, char name[NAME_SIZE])
{
	size_t len = 0;

	while (isalnum((unsigned char)peek(r)) || peek(r) == '_' || peek(r) == '.') {
		if (len + 1 == NAME_SIZE)
			return false;
		name[len++] = *r->at++;
	}
	name[len] = '\0';
	return len > 0;
}

static char unescaped(char c)
{
	return c == 'n' ? '\n' : c == 'r' ? '\r' : c;
}

/* False: the quote is not closed. */
static bool read_quoted(struct reader *r, struct mok_buf *value, bool *raw)
{
	char quote = *r->at++;

	for (; r->at < r->end && *r->at != quote; r->at++) {
		if (*r->at == '\n')
			r->line++;
		if (quote == '"' && *r->at == '$')
			*raw = true;
		if (quote == '"' && *r->at == '\\' && r->at + 1 < r->end)
			mok_buf_putc(value, unescaped(*++r->at));
		else
			mok_buf_putc(value, *r->at);
	}
	if (r->at == r->end)
		return false;
	r->at++;
	return true;
}

/* To the end of the line or " #", without blanks at the end. */
static void read_plain(struct reader *r, struct mok_buf *value, bool *raw)
{
	const char *start = r->at, *end;

	while (r->at < r->end && *r->at != '\n' &&
		!(*r->at == '#' && r->at > start && (r->at[-1] == ' ' || r->at[-1] == '\t')))
		r->at++;
	end = r->at;
	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	mok_buf_add(value, start, (size_t)(end - start));
	*raw = memchr(start, '$', (size_t)(end - start)) != NULL;
}

static int give(const struct mok_dotenv_visitor *visitor, const char *name, struct mok_buf *value,
	bool raw, unsigned line, struct mok_err *err)
{
	if (value->overflow)
		return mok_err_set(
			err, MOK_ERR_INPUT, "line %u: the value of %s is too long", line, name);
	if (memchr(value->data, '\0', value->len))
		return mok_err_set(
			err, MOK_ERR_INPUT, "line %u: the value of %s is not text", line, name);
	return visitor->take(visitor->self, name, value->data, raw, line, err);
}

static int read_assignment(struct reader *r, const char *name, struct mok_buf *value,
	const struct mok_dotenv_visitor *visitor, struct mok_err *err)
{
	unsigned line = r->line;
	bool raw = false;

	skip_blanks(r);
	mok_buf_clear(value);
	if (peek(r) != '"' && peek(r) != '\'')
		read_plain(r, value, &raw);
	else if (!read_quoted(r, value, &raw))
		return mok_err_set(err, MOK_ERR_INPUT,
			"line %u: the quote of the value of %s is not closed", line, name);
	return give(visitor, name, value, raw, line, err);
}

static int read_line(struct reader *r, struct mok_buf *value,
	const struct mok_dotenv_visitor *visitor, struct mok_err *err)
{
	static const char export[] = "export ";
	char name[NAME_SIZE];

	skip_blanks(r);
	if ((size_t)(r->end - r->at) >= sizeof(export) - 1 &&
		memcmp(r->at, export, sizeof(export) - 1) == 0) {
		r->at += sizeof(export) - 1;
		skip_blanks(r);
	}
	if (!read_name(r, name))
		return 0;
	skip_blanks(r);
	if (peek(r) != '=')
		return 0;
	r->at++;
	return read_assignment(r, name, value, visitor, err);
}

int mok_dotenv_read(
	const char *text, size_t len, const struct mok_dotenv_visitor *visitor, struct mok_err *err)
{
	struct reader r = { text, text + len, 1 };
	struct mok_buf value;
	int rc = 0;

	mok_buf_init(&value, MOK_ESCROW_VALUE_MAX);
	while (rc == 0 && r.at < r.end) {
		rc = read_line(&r, &value, visitor, err);
		skip_line(&r);
	}
	OPENSSL_cleanse(value.data, value.cap);
	mok_buf_release(&value);
	return rc;
}
