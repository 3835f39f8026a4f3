/* Reading objects: GET and HEAD, ranges, conditions. */
#include "s3_handlers.h"
#include "s3_object.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- conditions ---- */

/* "*", or a list of tags, quoted or not, weak or not. */
static bool tag_in(const char *list, const char *etag)
{
	while (*list) {
		size_t len;

		list += strspn(list, " ,");
		if (mok_starts(list, "W/"))
			list += 2;
		if (*list == '*')
			return true;
		if (*list == '"')
			list++;
		len = strcspn(list, "\", ");
		if (len == strlen(etag) && strncmp(list, etag, len) == 0)
			return true;
		list += len;
		list += strspn(list, "\"");
	}
	return false;
}

static const char *condition(struct s3_request *rq, const char *prefix, const char *name)
{
	return s3_req_header(rq, mok_arena_printf(rq->arena, "%s%s", prefix, name));
}

/* -1: no (readable) date was given. */
static int modified_after(const char *date, const struct s3_object *object)
{
	int64_t since_ms;

	if (!date || !s3_parse_http_time(date, &since_ms))
		return -1;
	return object->modified_ms / 1000 > since_ms / 1000;
}

/* The order and precedence of RFC 9110, 13.2.2. Dates count for reading only. */
bool s3_conditions_hold(
	struct s3_request *rq, const char *prefix, const struct s3_object *object, bool reading)
{
	const char *match = condition(rq, prefix, "if-match"),
		   *none = condition(rq, prefix, "if-none-match"),
		   *since = condition(rq, prefix, "if-modified-since"),
		   *unless = condition(rq, prefix, "if-unmodified-since");
	bool failed = false, same = false;

	if (match)
		failed = !object || !tag_in(match, object->etag);
	else if (reading && object)
		failed = modified_after(unless, object) == 1;
	if (none)
		same = object && tag_in(none, object->etag);
	else if (reading && object)
		same = modified_after(since, object) == 0;
	if (!failed && !same)
		return true;
	if (!failed && reading && !*prefix) {
		s3_header(rq, "ETag", s3_quoted(rq, object->etag));
		s3_header(rq, "Last-Modified", s3_http_time(rq, object->modified_ms));
		s3_fail(rq, S3_NOT_MODIFIED);
	} else {
		s3_fail(rq, S3_PRECONDITION_FAILED);
	}
	return false;
}

/* ---- ranges ---- */

static bool take_digits(const char **at, int64_t *out)
{
	int64_t value = 0;
	const char *begin = *at;

	while (**at >= '0' && **at <= '9' && *at - begin < 18)
		value = value * 10 + (*(*at)++ - '0');
	*out = value;
	return *at > begin;
}

bool s3_take_range(const char *text, int64_t size, struct s3_range *out)
{
	int64_t first, last = size - 1;
	bool has_first, has_last;

	*out = (struct s3_range){ 0, size, false };
	if (!text || strncasecmp(text, "bytes=", 6) != 0)
		return true;
	text += 6;
	has_first = take_digits(&text, &first);
	if (*text++ != '-')
		return true;
	has_last = take_digits(&text, &last);
	if (*text || (!has_first && !has_last) || (has_first && has_last && last < first))
		return true;
	if (!has_first) { /* the last so many bytes */
		first = last < size ? size - last : 0;
		has_last = last > 0 || size == 0;
		last = size - 1;
		if (!has_last)
			return false;
	} else if (!has_last || last >= size) {
		last = size - 1;
	}
	if (first >= size)
		return false;
	*out = (struct s3_range){ first, last - first + 1, true };
	return true;
}

/* ?partNumber=n of an object that was uploaded in parts. False: there is no such part. */
static bool take_part(struct s3_request *rq, const struct s3_object *object, struct s3_range *out)
{
	int64_t number;

	if (!mok_parse_i64(s3_query(rq, "partNumber"), &number) || number < 1)
		return false;
	if (object->parts == 0) {
		*out = (struct s3_range){ 0, object->size, true };
		return number == 1;
	}
	/* Numbers may have gaps: the n-th part is what was given the number n. */
	out->partial = true;
	out->from = s3_number(rq,
		"SELECT coalesce(sum(size), 0) FROM s3_blob WHERE object_id = ? AND part < ?", "ii",
		object->id, number);
	out->len = s3_number(rq,
		"SELECT coalesce(sum(size), 0) FROM s3_blob WHERE object_id = ? AND part = ?", "ii",
		object->id, number);
	return out->len > 0;
}

/* ---- answering ---- */

struct override {
	const char *param, *header;
};

static const struct override overrides[] = {
	{ "response-cache-control", "Cache-Control" },
	{ "response-content-disposition", "Content-Disposition" },
	{ "response-content-encoding", "Content-Encoding" },
	{ "response-content-language", "Content-Language" },
	{ "response-content-type", "Content-Type" },
	{ "response-expires", "Expires" },
};

static const char *override_of(struct s3_request *rq, const char *header)
{
	for (size_t i = 0; i < MOK_COUNT(overrides); i++)
		if (strcasecmp(overrides[i].header, header) == 0)
			return s3_query(rq, overrides[i].param);
	return NULL;
}

static bool has_overrides(struct s3_request *rq)
{
	for (size_t i = 0; i < MOK_COUNT(overrides); i++)
		if (s3_query(rq, overrides[i].param))
			return true;
	return false;
}

static void add_stored_headers(struct s3_request *rq, const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n"), name_len = strcspn(lines, ":");
		const char *name = mok_arena_strndup(rq->arena, lines, name_len);

		if (!override_of(rq, name))
			s3_header(rq, name,
				mok_arena_strndup(
					rq->arena, lines + name_len + 2, len - name_len - 2));
		lines += len + (lines[len] == '\n');
	}
	for (size_t i = 0; i < MOK_COUNT(overrides); i++)
		if (s3_query(rq, overrides[i].param))
			s3_header(rq, overrides[i].header, s3_query(rq, overrides[i].param));
}

static int64_t count_tags(const char *tags)
{
	int64_t n = tags && *tags ? 1 : 0;

	for (; tags && *tags; tags++)
		n += *tags == '&';
	return n;
}

static void add_count(struct s3_request *rq, const char *name, int64_t count)
{
	if (count > 0)
		s3_header(rq, name, mok_arena_printf(rq->arena, "%" PRId64, count));
}

static bool wants_range(
	struct s3_request *rq, const struct s3_object *object, struct s3_range *range)
{
	const char *if_range = s3_req_header(rq, "if-range");

	if (s3_query(rq, "partNumber")) {
		if (take_part(rq, object, range))
			return true;
		s3_fail_with(rq, S3_INVALID_PART, "The requested part number is not satisfiable");
		return false;
	}
	if (if_range && !tag_in(if_range, object->etag)) {
		*range = (struct s3_range){ 0, object->size, false };
		return true;
	}
	if (s3_take_range(s3_req_header(rq, "range"), object->size, range))
		return true;
	s3_header(
		rq, "Content-Range", mok_arena_printf(rq->arena, "bytes */%" PRId64, object->size));
	s3_fail(rq, S3_INVALID_RANGE);
	return false;
}

void s3_get_object(struct s3_request *rq)
{
	struct s3_object object;
	struct s3_range range;

	if (has_overrides(rq) && rq->who.role == S3_ANONYMOUS) {
		s3_fail_with(rq, S3_INVALID_REQUEST,
			"Request specific response headers cannot be used for anonymous GET "
			"requests.");
		return;
	}
	if (!s3_find_object(rq, &object) || !s3_conditions_hold(rq, "", &object, true) ||
		!wants_range(rq, &object, &range))
		return;
	add_stored_headers(rq, object.headers);
	s3_header(rq, "ETag", s3_quoted(rq, object.etag));
	s3_header(rq, "Last-Modified", s3_http_time(rq, object.modified_ms));
	s3_header(rq, "Accept-Ranges", "bytes");
	s3_add_version(rq, &object);
	add_count(rq, "x-amz-tagging-count", count_tags(object.tags));
	if (s3_query(rq, "partNumber"))
		add_count(rq, "x-amz-mp-parts-count", object.parts);
	if (range.partial)
		s3_header(rq, "Content-Range",
			mok_arena_printf(rq->arena, "bytes %" PRId64 "-%" PRId64 "/%" PRId64,
				range.from, range.from + range.len - 1, object.size));
	s3_answer_empty(rq, range.partial ? 206 : 200);
	s3_bytes_read(rq, object.id, range.from, range.len, &rq->out->body);
}
