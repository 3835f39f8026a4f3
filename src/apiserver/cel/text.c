/* Functions of strings. Places and lengths count characters. */
#include "functions.h"

#include <stdlib.h>

/* Where the n-th character begins; the length when there are fewer. */
static size_t offset_of(struct cel_text text, size_t n)
{
	size_t at = 0;
	uint32_t code;

	while (n-- && at < text.len)
		at += cel_utf8_next(text.at + at, text.len - at, &code);
	return at;
}

static size_t count(struct cel_text text, size_t len)
{
	return mok_utf8_count(text.at, len);
}

static bool is_at(struct cel_text text, size_t at, struct cel_text part)
{
	return part.len <= text.len - at &&
		(!part.len || memcmp(text.at + at, part.at, part.len) == 0);
}

/* The first place at or after `from` where the part is; false: nowhere. */
static bool find(struct cel_text text, size_t from, struct cel_text part, size_t *out)
{
	for (*out = from; *out <= text.len && part.len <= text.len - *out; ++*out) {
		const char *first = part.len ? memchr(text.at + *out, part.at[0], text.len - *out)
					     : text.at + *out;

		if (!first)
			return false;
		*out = (size_t)(first - text.at);
		if (is_at(text, *out, part))
			return true;
	}
	return false;
}

static struct cel_val out_of_range(struct cel_run *run, int64_t at)
{
	return cel_error(run->arena, "index out of range: %lld", (long long)at);
}

static struct cel_val taken(struct cel_run *run, struct mok_buf *buf)
{
	char *copy = mok_arena_alloc(run->arena, buf->len + 1);
	size_t len = buf->len;
	bool overflow = buf->overflow;

	memcpy(copy, buf->data, len);
	mok_buf_release(buf);
	return overflow ? cel_error(run->arena, "%s", CEL_SPENT) : cel_text(copy, len);
}

static void buf_init(struct mok_buf *buf)
{
	mok_buf_init(buf, 1 << 24);
}

/* ---- is it there ---- */

CEL_FUNCTION(cel_fn_contains)
{
	size_t at;

	(void)run;
	return CEL_TRUTH(find(args[0].is.text, 0, args[1].is.text, &at));
}

CEL_FUNCTION(cel_fn_starts)
{
	(void)run;
	return CEL_TRUTH(is_at(args[0].is.text, 0, args[1].is.text));
}

CEL_FUNCTION(cel_fn_ends)
{
	struct cel_text text = args[0].is.text, part = args[1].is.text;

	(void)run;
	return CEL_TRUTH(part.len <= text.len && is_at(text, text.len - part.len, part));
}

/* What is no literal is compiled each time, and that costs. */
static const struct cel_regex *pattern_of(
	struct cel_run *run, const struct cel_val *pattern, const char **why)
{
	const struct cel_regex *regex = run->pattern;

	if (regex)
		return regex;
	regex = cel_regex_new(run->arena, cel_text_of(run->arena, pattern), why);
	if (regex)
		cel_spend(run, cel_regex_len(regex) / 10);
	return regex;
}

CEL_FUNCTION(cel_fn_matches)
{
	const char *why;
	const struct cel_regex *regex = pattern_of(run, &args[1], &why);

	if (!regex)
		return cel_error(run->arena, "%s", why);
	return CEL_TRUTH(cel_regex_find(regex, args[0].is.text, 0, NULL, NULL));
}

/* ---- regular expressions ---- */

CEL_FUNCTION(cel_fn_find)
{
	const char *why;
	const struct cel_regex *regex = pattern_of(run, &args[1], &why);
	size_t begin, end;

	if (!regex)
		return cel_error(run->arena, "Illegal regex: %s", why);
	if (!cel_regex_find(regex, args[0].is.text, 0, &begin, &end))
		return cel_string("");
	return cel_text(args[0].is.text.at + begin, end - begin);
}

/* An empty match right after another is none, and does not stand still. */
static struct cel_val find_all(struct cel_run *run, const struct cel_val *args, int64_t most)
{
	const char *why;
	const struct cel_regex *regex = pattern_of(run, &args[1], &why);
	struct cel_text text = args[0].is.text;
	MOK_VEC(struct cel_val) found = { NULL, 0, 0 };
	size_t at = 0, begin, end, last = SIZE_MAX;

	if (!regex)
		return cel_error(run->arena, "Illegal regex: %s", why);
	while ((most < 0 || (int64_t)found.len < most) && at <= text.len && !cel_is_spent(run) &&
		cel_regex_find(regex, text, at, &begin, &end)) {
		cel_spend(run, 1);
		if (end > begin || begin != last)
			mok_vec_push(run->arena, &found, cel_text(text.at + begin, end - begin));
		last = end;
		at = end > begin ? end
				 : end +
				(end < text.len ? offset_of((struct cel_text){ text.at + end,
								    text.len - end },
							  1)
						: 1);
	}
	return cel_new_list(run->arena, found.items, found.len);
}

CEL_FUNCTION(cel_fn_find_all)
{
	return find_all(run, args, -1);
}

CEL_FUNCTION(cel_fn_find_some)
{
	return find_all(run, args, args[2].is.i);
}

/* ---- places ---- */

CEL_FUNCTION(cel_fn_char_at)
{
	struct cel_text text = args[0].is.text;
	size_t at, next, n = count(text, text.len);

	if (args[1].is.i < 0 || (uint64_t)args[1].is.i > n)
		return out_of_range(run, args[1].is.i);
	at = offset_of(text, (size_t)args[1].is.i);
	next = at + offset_of((struct cel_text){ text.at + at, text.len - at }, 1);
	return cel_text(text.at + at, next - at);
}

static struct cel_val index_from(struct cel_run *run, const struct cel_val *args, int64_t from)
{
	struct cel_text text = args[0].is.text;
	size_t n = count(text, text.len), at;

	if (!args[1].is.text.len)
		return CEL_OF_INT(from);
	if (from < 0)
		return out_of_range(run, from);
	if ((uint64_t)from >= n || !find(text, offset_of(text, (size_t)from), args[1].is.text, &at))
		return CEL_OF_INT(-1);
	return CEL_OF_INT((int64_t)count(text, at));
}

CEL_FUNCTION(cel_fn_index)
{
	return index_from(run, args, 0);
}

CEL_FUNCTION(cel_fn_index_from)
{
	return index_from(run, args, args[2].is.i);
}

static int64_t last_at(struct cel_text text, struct cel_text part, size_t from)
{
	for (size_t at = from + 1; at-- > 0;)
		if (at <= text.len && is_at(text, at, part))
			return (int64_t)count(text, at);
	return -1;
}

CEL_FUNCTION(cel_fn_last_index)
{
	struct cel_text text = args[0].is.text;

	(void)run;
	return CEL_OF_INT(last_at(text, args[1].is.text, text.len));
}

CEL_FUNCTION(cel_fn_last_index_from)
{
	struct cel_text text = args[0].is.text;
	int64_t from = args[2].is.i;

	if (!args[1].is.text.len)
		return CEL_OF_INT(from);
	if (from < 0)
		return out_of_range(run, from);
	if ((uint64_t)from >= count(text, text.len))
		return CEL_OF_INT(-1);
	return CEL_OF_INT(last_at(text, args[1].is.text, offset_of(text, (size_t)from)));
}

static struct cel_val substring(
	struct cel_run *run, const struct cel_val *args, int64_t from, int64_t to)
{
	struct cel_text text = args[0].is.text;
	int64_t n = (int64_t)count(text, text.len);
	size_t begin;

	if (from > to && to <= n)
		return cel_error(run->arena, "invalid substring range. start: %lld, end: %lld",
			(long long)from, (long long)to);
	if (from < 0 || from > n)
		return out_of_range(run, from);
	if (to < 0 || to > n)
		return out_of_range(run, to);
	begin = offset_of(text, (size_t)from);
	return cel_text(text.at + begin, offset_of(text, (size_t)to) - begin);
}

CEL_FUNCTION(cel_fn_substring)
{
	int64_t n = (int64_t)cel_size(&args[0]);

	if (args[1].is.i < 0 || args[1].is.i > n)
		return out_of_range(run, args[1].is.i);
	return substring(run, args, args[1].is.i, n);
}

CEL_FUNCTION(cel_fn_substring_to)
{
	return substring(run, args, args[1].is.i, args[2].is.i);
}

/* ---- other texts of it ---- */

static struct cel_val cased(struct cel_run *run, struct cel_text text, char first)
{
	char *copy = mok_arena_strndup(run->arena, text.at, text.len);

	for (size_t i = 0; i < text.len; i++)
		if (copy[i] >= first && copy[i] <= first + 25)
			copy[i] ^= 32;
	return cel_text(copy, text.len);
}

CEL_FUNCTION(cel_fn_lower)
{
	return cased(run, args[0].is.text, 'A');
}

CEL_FUNCTION(cel_fn_upper)
{
	return cased(run, args[0].is.text, 'a');
}

static bool is_blank(uint32_t code)
{
	return (code >= 9 && code <= 13) || code == ' ' || code == 0x85 || code == 0xa0 ||
		code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
		code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

CEL_FUNCTION(cel_fn_trim)
{
	struct cel_text text = args[0].is.text;
	size_t begin = SIZE_MAX, end = 0;
	uint32_t code;

	(void)run;
	for (size_t at = 0, n; at < text.len; at += n) {
		n = cel_utf8_next(text.at + at, text.len - at, &code);
		if (is_blank(code))
			continue;
		begin = begin < at ? begin : at;
		end = at + n;
	}
	return end ? cel_text(text.at + begin, end - begin) : cel_string("");
}

static struct cel_val replace(struct cel_run *run, const struct cel_val *args, int64_t most)
{
	struct cel_text text = args[0].is.text, old = args[1].is.text, new = args[2].is.text;
	struct mok_buf buf;
	size_t at = 0, found;
	uint32_t code;

	buf_init(&buf);
	while (most != 0 && !buf.overflow && find(text, at, old, &found)) {
		mok_buf_add(&buf, text.at + at, found - at);
		mok_buf_add(&buf, new.at, new.len);
		at = found + old.len;
		most--;
		if (old.len)
			continue;
		if (at >= text.len)
			break;
		found = at + cel_utf8_next(text.at + at, text.len - at, &code);
		mok_buf_add(&buf, text.at + at, found - at);
		at = found;
	}
	mok_buf_add(&buf, text.at + at, text.len - at);
	cel_spend(run, buf.len / 10);
	return taken(run, &buf);
}

CEL_FUNCTION(cel_fn_replace)
{
	return replace(run, args, -1);
}

CEL_FUNCTION(cel_fn_replace_some)
{
	return replace(run, args, args[3].is.i);
}

/* ---- apart and together ---- */

static struct cel_val split(struct cel_run *run, const struct cel_val *args, int64_t most)
{
	struct cel_text text = args[0].is.text, by = args[1].is.text;
	MOK_VEC(struct cel_val) parts = { NULL, 0, 0 };
	size_t at = 0, found;

	if (most == 0)
		return cel_new_list(run->arena, NULL, 0);
	while (most < 0 || (int64_t)parts.len + 1 < most) {
		size_t step =
			by.len ? 0 : offset_of((struct cel_text){ text.at + at, text.len - at }, 1);

		if (!find(text, at + step, by, &found) || (!by.len && at + step >= text.len))
			break;
		mok_vec_push(run->arena, &parts, cel_text(text.at + at, found - at));
		at = found + by.len;
	}
	if (by.len || text.len)
		mok_vec_push(run->arena, &parts, cel_text(text.at + at, text.len - at));
	return cel_new_list(run->arena, parts.items, parts.len);
}

CEL_FUNCTION(cel_fn_split)
{
	return split(run, args, -1);
}

CEL_FUNCTION(cel_fn_split_some)
{
	return split(run, args, args[2].is.i);
}

static struct cel_val joined(struct cel_run *run, const struct cel_val *list, struct cel_text by)
{
	struct mok_buf buf;

	buf_init(&buf);
	for (size_t i = 0; i < cel_list_len(list) && !buf.overflow; i++) {
		const struct cel_val *one = &cel_list_items(list)[i];

		if (one->kind != CEL_STRING) {
			mok_buf_release(&buf);
			return cel_error(
				run->arena, "join: invalid input: %s", cel_shown(run->arena, one));
		}
		if (i)
			mok_buf_add(&buf, by.at, by.len);
		mok_buf_add(&buf, one->is.text.at, one->is.text.len);
	}
	cel_spend(run, buf.len / 5);
	return taken(run, &buf);
}

CEL_FUNCTION(cel_fn_join)
{
	return joined(run, &args[0], (struct cel_text){ "", 0 });
}

CEL_FUNCTION(cel_fn_join_by)
{
	return joined(run, &args[0], args[1].is.text);
}

CEL_FUNCTION(cel_fn_add_text)
{
	struct cel_text a = args[0].is.text, b = args[1].is.text;
	char *both = mok_arena_alloc(run->arena, a.len + b.len + 1);

	if (a.len)
		memcpy(both, a.at, a.len);
	if (b.len)
		memcpy(both + a.len, b.at, b.len);
	return (struct cel_val){ .kind = args[0].kind, .is.text = { both, a.len + b.len } };
}

CEL_FUNCTION(cel_fn_quote)
{
	static const char codes[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";
	struct cel_text text = args[0].is.text;
	struct mok_buf buf;

	buf_init(&buf);
	mok_buf_putc(&buf, '"');
	for (size_t i = 0; i < text.len; i++) {
		const char *found = text.at[i] ? strchr(codes, text.at[i]) : NULL;

		if (found)
			mok_buf_putc(&buf, '\\');
		mok_buf_putc(&buf, found ? letters[found - codes] : text.at[i]);
	}
	mok_buf_putc(&buf, '"');
	return taken(run, &buf);
}
