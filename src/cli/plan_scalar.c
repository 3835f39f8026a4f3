#include "plan_scalar.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX ((size_t)16 << 20)

/* The byte at which a line's column begins; NULL: the text is shorter. Columns count characters. */
static const char *place(const char *text, const struct mok_mark *at)
{
	uint32_t line = 1, column = 1;

	for (; line < at->line; line++) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	for (; column < at->column; text++) {
		if (!*text || *text == '\n')
			return NULL;
		column += ((unsigned char)text[1] & 0xc0) != 0x80;
	}
	return text;
}

/* Where the value itself begins: behind a quote, if there is one. */
static const char *find(const char *text, const struct mok_mark *at, const char *old)
{
	const char *p = place(text, at);
	size_t len = strlen(old);
	char quote;

	if (!p)
		return NULL;
	quote = *p == '"' || *p == '\'' ? *p : '\0';
	p += quote != '\0';
	if (strncmp(p, old, len) != 0)
		return NULL;
	if (quote ? p[len] != quote : (p[len] && !strchr(" \t\r\n,}#", p[len])))
		return NULL;
	return p;
}

static int mode_of(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 ? (int)(info.st_mode & 0777) : 0644;
}

/* The file itself, where the path is a link to it. */
static int write_file(
	struct session *s, const char *path, const struct mok_buf *text, struct mok_err *err)
{
	char *real = realpath(path, NULL);
	const char *to = real ? real : path;
	int rc = s->env.files.write(s->env.files.self, to, text->data, text->len, mode_of(to), err);

	free(real);
	return rc;
}

static int replace(struct session *s, const struct mok_mark *at, const struct mok_buf *before,
	const char *old, const char *value, struct mok_err *err)
{
	const char *found = find(before->data, at, old);
	struct mok_buf after;
	int rc;

	if (!found) {
		mok_err_set(
			err, MOK_ERR_INPUT, "%s:%u is not \"%s\" alone", at->file, at->line, old);
		err->where = *at;
		mok_err_hint(err, "write \"%s\" there by hand, then: mok upgrade", value);
		return -1;
	}
	mok_buf_init(&after, FILE_MAX);
	mok_buf_add(&after, before->data, (size_t)(found - before->data));
	mok_buf_puts(&after, value);
	found += strlen(old);
	mok_buf_add(&after, found, before->len - (size_t)(found - before->data));
	rc = after.overflow ? mok_err_set(err, MOK_ERR_IO, "%s is too long", at->file)
			    : write_file(s, at->file, &after, err);
	mok_buf_release(&after);
	return rc;
}

int plan_scalar_set(struct session *s, const struct mok_mark *at, const char *old,
	const char *value, struct mok_err *err)
{
	struct mok_buf before;
	int rc;

	mok_buf_init(&before, FILE_MAX);
	rc = s->env.files.read(s->env.files.self, at->file, &before, err);
	if (rc == 0)
		rc = replace(s, at, &before, old, value, err);
	mok_buf_release(&before);
	return rc;
}
