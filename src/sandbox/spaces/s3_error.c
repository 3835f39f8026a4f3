#include "s3.h"
#include "s3_xml.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct code_row {
	const char *name;
	int status;
	const char *message;
};

static const struct code_row codes[S3_CODE_COUNT] = {
	[S3_OK] = { "OK", 200, "" },
	[S3_ACCESS_DENIED] = { "AccessDenied", 403, "Access Denied" },
	[S3_AUTH_HEADER_MALFORMED] = { "AuthorizationHeaderMalformed", 400,
		"The authorization header that you provided is not valid." },
	[S3_AUTH_QUERY_MALFORMED] = { "AuthorizationQueryParametersError", 400,
		"Error parsing the X-Amz-* query parameters." },
	[S3_BAD_DIGEST] = { "BadDigest", 400,
		"The Content-MD5 or checksum value that you specified did not match what the "
		"server received." },
	[S3_BUCKET_EXISTS] = { "BucketAlreadyExists", 409,
		"The requested bucket name is not available. The bucket namespace is shared by all "
		"users of the system. Specify a different name and try again." },
	[S3_BUCKET_NOT_EMPTY] = { "BucketNotEmpty", 409,
		"The bucket you tried to delete is not empty." },
	[S3_CONTENT_SHA256_MISMATCH] = { "XAmzContentSHA256Mismatch", 400,
		"The provided x-amz-content-sha256 header does not match what was computed." },
	[S3_ENTITY_TOO_LARGE] = { "EntityTooLarge", 400,
		"Your proposed upload exceeds the maximum allowed object size." },
	[S3_ENTITY_TOO_SMALL] = { "EntityTooSmall", 400,
		"Your proposed upload is smaller than the minimum allowed object size." },
	[S3_EXPIRED] = { "AccessDenied", 403, "Request has expired" },
	[S3_ILLEGAL_VERSIONING] = { "IllegalVersioningConfigurationException", 400,
		"The versioning configuration specified in the request is invalid." },
	[S3_INCOMPLETE_BODY] = { "IncompleteBody", 400,
		"You did not provide the number of bytes specified by the Content-Length HTTP "
		"header." },
	[S3_INTERNAL] = { "InternalError", 500,
		"We encountered an internal error. Please try again." },
	[S3_INVALID_ACCESS_KEY] = { "InvalidAccessKeyId", 403,
		"The access key ID you provided does not exist in our records." },
	[S3_INVALID_ARGUMENT] = { "InvalidArgument", 400, "Invalid Argument" },
	[S3_INVALID_BUCKET_NAME] = { "InvalidBucketName", 400,
		"The specified bucket is not valid." },
	[S3_INVALID_DIGEST] = { "InvalidDigest", 400,
		"The Content-MD5 or checksum value that you specified is not valid." },
	[S3_INVALID_LOCATION] = { "InvalidLocationConstraint", 400,
		"The specified location-constraint is not valid" },
	[S3_INVALID_PART] = { "InvalidPart", 400,
		"One or more of the specified parts could not be found, or its entity tag did not "
		"match." },
	[S3_INVALID_PART_ORDER] = { "InvalidPartOrder", 400,
		"The list of parts was not in ascending order." },
	[S3_INVALID_RANGE] = { "InvalidRange", 416, "The requested range is not satisfiable" },
	[S3_INVALID_REQUEST] = { "InvalidRequest", 400, "Invalid Request" },
	[S3_INVALID_TAG] = { "InvalidTag", 400, "The tag provided was not a valid tag." },
	[S3_INVALID_TARGET_BUCKET] = { "InvalidTargetBucketForLogging", 400,
		"The target bucket for logging does not exist, is in another region, or is the "
		"source bucket itself." },
	[S3_INVALID_TOKEN] = { "InvalidToken", 400,
		"The provided token is malformed or otherwise not valid." },
	[S3_INVALID_URI] = { "InvalidURI", 400, "The specified URI couldn't be parsed." },
	[S3_KEY_TOO_LONG] = { "KeyTooLongError", 400, "Your key is too long" },
	[S3_MALFORMED_ACL] = { "MalformedACLError", 400,
		"The ACL that you provided was not well formed or did not validate against our "
		"published schema." },
	[S3_MALFORMED_POLICY] = { "MalformedPolicy", 400, "Invalid policy" },
	[S3_MALFORMED_XML] = { "MalformedXML", 400,
		"The XML that you provided was not well formed or did not validate against our "
		"published schema." },
	[S3_METADATA_TOO_LARGE] = { "MetadataTooLarge", 400,
		"Your metadata headers exceed the maximum allowed metadata size." },
	[S3_METHOD_NOT_ALLOWED] = { "MethodNotAllowed", 405,
		"The specified method is not allowed against this resource." },
	[S3_MISSING_LENGTH] = { "MissingContentLength", 411,
		"You must provide the Content-Length HTTP header." },
	[S3_NO_SUCH_BUCKET] = { "NoSuchBucket", 404, "The specified bucket does not exist." },
	[S3_NO_SUCH_CORS] = { "NoSuchCORSConfiguration", 404,
		"The CORS configuration does not exist" },
	[S3_NO_SUCH_KEY] = { "NoSuchKey", 404, "The specified key does not exist." },
	[S3_NO_SUCH_LIFECYCLE] = { "NoSuchLifecycleConfiguration", 404,
		"The lifecycle configuration does not exist" },
	[S3_NO_SUCH_POLICY] = { "NoSuchBucketPolicy", 404, "The bucket policy does not exist" },
	[S3_NO_SUCH_TAG_SET] = { "NoSuchTagSet", 404, "The TagSet does not exist" },
	[S3_NO_SUCH_UPLOAD] = { "NoSuchUpload", 404,
		"The specified multipart upload does not exist. The upload ID might be invalid, or "
		"the multipart upload might have been aborted or completed." },
	[S3_NO_SUCH_VERSION] = { "NoSuchVersion", 404, "The specified version does not exist." },
	[S3_NO_SUCH_WEBSITE] = { "NoSuchWebsiteConfiguration", 404,
		"The specified bucket does not have a website configuration" },
	[S3_NOT_IMPLEMENTED] = { "NotImplemented", 501,
		"A header or query you provided implies functionality that is not implemented." },
	[S3_NOT_MODIFIED] = { "NotModified", 304, "" },
	[S3_PRECONDITION_FAILED] = { "PreconditionFailed", 412,
		"At least one of the preconditions you specified did not hold." },
	[S3_SIGNATURE_MISMATCH] = { "SignatureDoesNotMatch", 403,
		"The request signature that the server calculated does not match the signature "
		"that "
		"you provided. Check your secret access key and signing method." },
	[S3_TIME_SKEWED] = { "RequestTimeTooSkewed", 403,
		"The difference between the request time and the server's time is too large." },
	[S3_TOO_MANY_BUCKETS] = { "TooManyBuckets", 400,
		"You have attempted to create more buckets than allowed." },
};

const char *s3_code_name(enum s3_code code)
{
	return codes[code].name;
}

const char *s3_code_message(enum s3_code code)
{
	return codes[code].message;
}

void s3_header(struct s3_request *rq, const char *name, const char *value)
{
	struct mok_sandbox_response *out = rq->out;

	if (out->nheaders == MOK_COUNT(out->headers))
		MOK_BUG("more response headers than the table holds");
	out->headers[out->nheaders].name = mok_arena_strdup(out->arena, name);
	out->headers[out->nheaders].value = mok_arena_strdup(out->arena, value);
	out->nheaders++;
}

void s3_fail(struct s3_request *rq, enum s3_code code)
{
	s3_fail_with(rq, code, codes[code].message);
}

void s3_fail_with(struct s3_request *rq, enum s3_code code, const char *message)
{
	struct mok_buf *out = &rq->out->body;

	rq->out->status = codes[code].status;
	mok_buf_clear(out);
	if (code == S3_NOT_MODIFIED)
		return;
	s3_header(rq, "Content-Type", "application/xml");
	if (mok_streq(rq->method, "HEAD"))
		return;
	mok_buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error>");
	s3_xml_put(out, "Code", codes[code].name);
	s3_xml_put(out, "Message", message);
	s3_xml_put(out, "BucketName", rq->bucket_name);
	if (code == S3_NO_SUCH_KEY)
		s3_xml_put(out, "Key", rq->key);
	s3_xml_put(out, "RequestId", rq->request_id);
	s3_xml_put(out, "HostId", s3_host_id(rq));
	mok_buf_puts(out, "</Error>");
}

const char *s3_host_id(struct s3_request *rq)
{
	const char *region = rq->region ? rq->region : rq->bucket.id ? rq->bucket.region : "nyc3";

	return mok_arena_printf(rq->arena, "%s-%sa-%.3s", "sandbox", region, region);
}

struct mok_buf *s3_answer_xml(struct s3_request *rq)
{
	rq->out->status = 200;
	s3_header(rq, "Content-Type", "application/xml");
	mok_buf_clear(&rq->out->body);
	mok_buf_puts(&rq->out->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
	return &rq->out->body;
}

void s3_answer_empty(struct s3_request *rq, int status)
{
	rq->out->status = status;
	mok_buf_clear(&rq->out->body);
}

const char *s3_iso_time(struct s3_request *rq, int64_t wall_ms)
{
	char text[21];

	mok_format_time(wall_ms, text);
	text[19] = '\0'; /* the 'Z' */
	return mok_arena_printf(rq->arena, "%s.%03dZ", text, (int)(wall_ms % 1000));
}

static const char *const day_names[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const month_names[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
	"Sep", "Oct", "Nov", "Dec" };

const char *s3_http_time(struct s3_request *rq, int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	return mok_arena_printf(rq->arena, "%s, %02d %s %04d %02d:%02d:%02d GMT",
		day_names[tm.tm_wday], tm.tm_mday, month_names[tm.tm_mon], tm.tm_year + 1900,
		tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Which of the names begins the word: 1 for the first, 0: none. */
static int name_number(const char *word, size_t len, const char *const *names, size_t count)
{
	for (size_t i = 0; len >= 3 && i < count; i++)
		if (strncasecmp(word, names[i], 3) == 0)
			return (int)i + 1;
	return 0;
}

struct http_date {
	int64_t numbers[3]; /* day, year, and perhaps an offset */
	size_t n;
	int month;
	char clock[9]; /* "10:11:12" */
};

static bool is_zone(const char *word, size_t len)
{
	return len == 3 && (strncmp(word, "GMT", 3) == 0 || strncmp(word, "UTC", 3) == 0);
}

/* False: no part of a date. */
static bool take_date_word(struct http_date *date, const char *word, size_t len)
{
	char digits[9] = "";
	int month;

	if (*word >= '0' && *word <= '9') {
		if (len > 8)
			return false;
		memcpy(digits, word, len);
		if (strchr(digits, ':')) {
			memcpy(date->clock, digits, sizeof(digits));
			return len == 8;
		}
		return date->n < MOK_COUNT(date->numbers) &&
			mok_parse_i64(digits, &date->numbers[date->n++]);
	}
	month = name_number(word, len, month_names, MOK_COUNT(month_names));
	if (month > 0)
		date->month = month;
	return month > 0 || is_zone(word, len) ||
		name_number(word, len, day_names, MOK_COUNT(day_names)) > 0;
}

/* The three forms of RFC 9110 (and some that clients make of them) have the same words, and in all
 * of them the day is the first number and the year the second. */
bool s3_parse_http_time(const char *text, int64_t *out_wall_ms)
{
	struct http_date date = { .n = 0 };
	char iso[64];
	int64_t year;

	for (text += strspn(text, " ,-+"); *text; text += strspn(text, " ,-+")) {
		size_t len = strcspn(text, " ,-+");

		if (!take_date_word(&date, text, len))
			return false;
		text += len;
	}
	if (date.n < 2 || (date.n == 3 && date.numbers[2] != 0) || date.month == 0 || !*date.clock)
		return false;
	year = date.numbers[1];
	if (year < 100)
		year += year < 70 ? 2000 : 1900;
	if (year < 1970 || year > 9999 || date.numbers[0] > 31)
		return false;
	(void)snprintf(iso, sizeof(iso), "%04d-%02d-%02dT%sZ", (int)year, date.month,
		(int)date.numbers[0], date.clock);
	return mok_parse_time(iso, out_wall_ms) == 0;
}
