#include "engine_internal.h"

#include <string.h>

/* One line of a journal. Those that hold no escapes, nearly all, are read where they stand; for the
 * others there is cJSON. */

#define SUM_LEN 8

static bool has_its_sum(const char *line, size_t len)
{
	unsigned char sum[SUM_LEN / 2];
	char hex[SUM_LEN + 1];
	uint32_t is;

	if (len < SUM_LEN + 3 || line[SUM_LEN] != ' ')
		return false;
	is = mok_crc32(line + SUM_LEN + 1, len - SUM_LEN - 1);
	for (size_t i = 0; i < sizeof(sum); i++)
		sum[i] = (unsigned char)(is >> (24 - 8 * i));
	mok_hex(sum, sizeof(sum), hex);
	return memcmp(hex, line, SUM_LEN) == 0;
}

static void add_member(struct mok_record *r, const char *name, const char *text, int64_t number)
{
	if (r->len < MOK_COUNT(r->members))
		r->members[r->len++] = (struct mok_record_member){ name, text, number };
}

/* NULL: it is no text, or one with escapes. */
static const char *quoted(char **at)
{
	char *text = *at + 1, *end;

	if (**at != '"')
		return NULL;
	end = text + strcspn(text, "\"\\");
	if (*end != '"')
		return NULL;
	*end = '\0';
	*at = end + 1;
	return text;
}

static bool digits(char **at, int64_t *out)
{
	size_t len = strspn(*at, "0123456789");
	char behind = (*at)[len];
	bool ok;

	(*at)[len] = '\0';
	ok = mok_parse_i64(*at, out);
	*at += len;
	**at = behind;
	return ok;
}

static bool read_in_place(struct mok_record *r)
{
	char *at = r->line.data;

	if (*at != '{')
		return false;
	do {
		const char *name, *text = NULL;
		int64_t number = 0;

		at++;
		name = quoted(&at);
		if (!name || *at++ != ':')
			return false;
		text = quoted(&at);
		if (!text && !digits(&at, &number))
			return false;
		add_member(r, name, text, number);
	} while (*at == ',');
	return strcmp(at, "}") == 0;
}

static bool read_json(struct mok_record *r, const char *text, size_t len)
{
	const cJSON *member;

	r->json = mok_json_parse(text, len);
	r->len = 0;
	if (!cJSON_IsObject(r->json))
		return false;
	cJSON_ArrayForEach(member, r->json)
	{
		if (cJSON_IsString(member) || cJSON_IsNumber(member))
			add_member(r, member->string, member->valuestring,
				mok_json_int(member, "", 0));
	}
	return true;
}

void mok_record_init(struct mok_record *r)
{
	*r = (struct mok_record){ 0 };
	mok_journal_buf_init(&r->line);
}

void mok_record_release(struct mok_record *r)
{
	mok_buf_release(&r->line);
	cJSON_Delete(r->json);
}

bool mok_record_read(struct mok_record *r, const char *line, size_t len)
{
	cJSON_Delete(r->json);
	r->json = NULL;
	r->len = 0;
	if (!has_its_sum(line, len))
		return false;
	line += SUM_LEN + 1;
	len -= SUM_LEN + 1;
	mok_buf_clear(&r->line);
	mok_buf_add(&r->line, line, len);
	return read_in_place(r) || read_json(r, line, len);
}

static const struct mok_record_member *find(const struct mok_record *r, const char *name)
{
	for (size_t i = 0; i < r->len; i++)
		if (strcmp(r->members[i].name, name) == 0)
			return &r->members[i];
	return NULL;
}

const char *mok_record_text(const struct mok_record *r, const char *name)
{
	const struct mok_record_member *m = find(r, name);

	return m ? m->text : NULL;
}

int64_t mok_record_int(const struct mok_record *r, const char *name)
{
	const struct mok_record_member *m = find(r, name);

	return m && !m->text ? m->number : 0;
}
