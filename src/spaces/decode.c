#include "spaces.h"

#include <stdlib.h>
#include <string.h>

struct decoding {
	const struct mok_ask *ask;
	struct mok_arena *arena;
	const struct mok_http_reply *reply;
	const struct xml *xml;
	struct mok_answer *out;
};

static bool is_write(enum mok_verb verb)
{
	return verb == MOK_ASK_CREATE || verb == MOK_ASK_CALL || verb == MOK_ASK_DELETE ||
		verb == MOK_ASK_PURGE;
}

/* ---- what an error means ---- */

#define VERB(v) (1u << MOK_ASK_##v)
static const struct meaning {
	const char *code; /* NULL: any; then the status decides */
	int status;       /* 0: any */
	unsigned verbs;   /* 0: any */
	enum mok_verdict verdict;
} meanings[] = {
	{ "NoSuchBucket", 0, VERB(CALL), MOK_ANS_BUSY }, /* made a moment ago */
	{ "NoSuchBucket", 0, 0, MOK_ANS_GONE },
	{ "NoSuchUpload", 0, VERB(PURGE), MOK_ANS_OK },
	{ "BucketAlreadyExists", 0, VERB(CREATE), MOK_ANS_EXISTS },
	{ "BucketAlreadyOwnedByYou", 0, VERB(CREATE), MOK_ANS_EXISTS },
	{ "BucketNotEmpty", 0, 0, MOK_ANS_FAILED },
	{ "OperationAborted", 0, 0, MOK_ANS_BUSY },
	{ "SlowDown", 0, 0, MOK_ANS_BUSY },
	{ "NotImplemented", 0, VERB(PARTS), MOK_ANS_UNSUPPORTED },
	{ "NotImplemented", 0, 0, MOK_ANS_FAILED },
	{ NULL, 404, VERB(READ) | VERB(DELETE) | VERB(LIST), MOK_ANS_GONE },
	{ NULL, 404, VERB(CALL), MOK_ANS_BUSY },
	{ NULL, 409, VERB(CREATE), MOK_ANS_EXISTS },
	{ NULL, 409, 0, MOK_ANS_BUSY },
	{ NULL, 429, 0, MOK_ANS_BUSY },
};

static enum mok_verdict meaning_of(const struct decoding *d, const char *code)
{
	for (size_t i = 0; i < MOK_COUNT(meanings); i++) {
		const struct meaning *m = &meanings[i];

		if ((!m->code || mok_streq(m->code, code)) &&
			(!m->status || m->status == d->reply->status) &&
			(!m->verbs || m->verbs & (1u << d->ask->verb)))
			return m->verdict;
	}
	return MOK_ANS_FAILED;
}

static bool is_lost(const struct decoding *d, const char *code)
{
	return d->reply->fail == MOK_NET_UNKNOWN ||
		(d->reply->fail == MOK_NET_OK && d->reply->status >= 500 &&
			!mok_streq(code, "SlowDown") && !mok_streq(code, "NotImplemented"));
}

/* False when there is nothing more to read. */
static bool judge(struct decoding *d)
{
	const char *code = xml_text(d->xml, "Code");
	struct mok_answer *out = d->out;

	out->total = -1;
	if (d->reply->fail == MOK_NET_OK && d->reply->status >= 200 && d->reply->status < 300) {
		out->verdict = MOK_ANS_OK;
		return true;
	}
	if (d->reply->err)
		out->err = *d->reply->err;
	else
		mok_err_set(&out->err, MOK_ERR_NET, "no usable answer");
	if (is_lost(d, code))
		out->verdict = is_write(d->ask->verb) ? MOK_ANS_AMBIGUOUS : MOK_ANS_FAILED;
	else if (d->reply->fail != MOK_NET_OK)
		out->verdict = MOK_ANS_FAILED;
	else
		out->verdict = meaning_of(d, code);
	if (mok_streq(code, "BucketNotEmpty"))
		mok_err_hint(&out->err,
			"empty it, or write force_destroy: true and apply, to delete all that is "
			"in "
			"it");
	return false;
}

static bool lacks_setting(const struct decoding *d)
{
	static const char *const codes[] = { "NoSuchCORSConfiguration",
		"NoSuchLifecycleConfiguration", "NoSuchBucketPolicy" };

	for (size_t i = 0; i < MOK_COUNT(codes); i++)
		if (mok_streq(xml_text(d->xml, "Code"), codes[i]))
			return true;
	return false;
}

/* ---- buckets ---- */

static void add_bucket(struct decoding *d, const char *name, const char *created)
{
	const struct mok_kind *kind = d->ask->kind;
	struct mok_object *o = MOK_NEW(d->arena, struct mok_object);
	const char *region = d->ask->region;
	struct mok_arena *arena = d->arena;

	o->kind = kind;
	o->id = o->name = mok_arena_strdup(arena, name);
	o->urn = mok_arena_printf(arena, "%s%s", kind->urn, name);
	o->ready = true;
	o->attrs = (struct mok_val){ .type = MOK_MAP };
	mok_val_set(arena, &o->attrs, "name", mok_val_str(o->name));
	mok_val_set(arena, &o->attrs, "region", mok_val_str(mok_arena_strdup(arena, region)));
	mok_val_set(arena, &o->attrs, "urn", mok_val_str(o->urn));
	mok_val_set(arena, &o->attrs, "bucket_domain_name",
		mok_val_str(mok_arena_printf(arena, "%s.%s.digitaloceanspaces.com", name, region)));
	mok_val_set(arena, &o->attrs, "endpoint",
		mok_val_str(mok_arena_printf(arena, "%s.digitaloceanspaces.com", region)));
	if (created) {
		mok_val_set(arena, &o->attrs, "created_at", mok_val_str(created));
		if (mok_parse_time(created, &o->created_ms) != 0)
			o->created_ms = 0;
	}
	mok_vec_push(arena, &d->out->objects, o);
}

static void read_list(struct decoding *d)
{
	const struct xml *bucket = xml_child(xml_child(d->xml, "Buckets"), "Bucket");

	for (; bucket; bucket = xml_again(bucket)) {
		const char *name = xml_text(bucket, "Name");

		if (name && *name)
			add_bucket(d, name, xml_text(bucket, "CreationDate"));
	}
}

/* ---- contents ---- */

static const char *key_text(struct decoding *d, const struct xml *node, bool is_encoded)
{
	const char *key = xml_text(node, "Key");
	char *out, *o;

	if (!key || !is_encoded)
		return key;
	out = o = mok_arena_alloc(d->arena, strlen(key) + 1);
	for (const char *p = key; *p; p++) {
		char hex[3] = { 0 };

		if (*p == '+') {
			*o++ = ' ';
		} else if (*p == '%' && p[1] && p[2]) {
			memcpy(hex, p + 1, 2);
			*o++ = (char)strtol(hex, NULL, 16);
			p += 2;
		} else {
			*o++ = *p;
		}
	}
	return out;
}

/* One batch of all versions of the page, or one batch for each upload. */
static void read_contents(struct decoding *d)
{
	bool is_encoded = mok_streq(xml_text(d->xml, "EncodingType"), "url");
	struct mok_val batch = { .type = MOK_LIST }, batches = { .type = MOK_LIST };

	for (const struct xml *node = d->xml->first; node; node = node->next) {
		bool is_upload = strcmp(node->name, "Upload") == 0;
		struct mok_val item = { .type = MOK_MAP };
		const char *key, *id;

		if (!is_upload && strcmp(node->name, "Version") != 0 &&
			strcmp(node->name, "DeleteMarker") != 0)
			continue;
		key = key_text(d, node, is_encoded);
		id = xml_text(node, is_upload ? "UploadId" : "VersionId");
		if (!key)
			continue;
		mok_val_set(d->arena, &item, "key", mok_val_str(key));
		if (id && *id)
			mok_val_set(d->arena, &item, is_upload ? "upload_id" : "version_id",
				mok_val_str(id));
		mok_val_append(d->arena, is_upload ? &batches : &batch, item);
	}
	if (batch.u.list.len)
		mok_val_append(d->arena, &batches, batch);
	d->out->value = batches;
}

/* HTTP 200 may hold errors of single keys. */
static void read_deleted(struct decoding *d)
{
	const struct xml *error = xml_child(d->xml, "Error");
	const char *key = xml_text(error, "Key"), *message = xml_text(error, "Message");

	if (!error)
		return;
	d->out->verdict = MOK_ANS_FAILED;
	mok_err_set(&d->out->err, MOK_ERR_API, "deleting \"%s\": %s", key ? key : "",
		message ? message : "refused");
}

static void read_success(struct decoding *d)
{
	enum mok_verb verb = d->ask->verb;
	const char *bucket = d->ask->id ? d->ask->id : d->ask->name;

	if ((verb == MOK_ASK_LIST || verb == MOK_ASK_PURGE_LIST) && !d->xml) {
		d->out->verdict = MOK_ANS_FAILED;
		mok_err_set(&d->out->err, MOK_ERR_NET, "Spaces answered with what is not XML");
	} else if (verb == MOK_ASK_LIST) {
		read_list(d);
	} else if (verb == MOK_ASK_READ || verb == MOK_ASK_CREATE) {
		add_bucket(d, bucket, NULL);
	} else if (verb == MOK_ASK_PARTS) {
		d->out->value = settings_read(d->arena, d->ask->name, d->xml, d->reply);
	} else if (verb == MOK_ASK_PURGE_LIST) {
		read_contents(d);
	} else if (verb == MOK_ASK_PURGE) {
		read_deleted(d);
	}
}

void spaces_decode(void *self, const struct mok_ask *ask, const struct mok_http_reply *reply,
	struct mok_arena *arena, struct mok_answer *out)
{
	struct decoding d = { .ask = ask, .arena = arena, .reply = reply, .out = out };

	(void)self;
	if (reply->fail == MOK_NET_OK && reply->len)
		d.xml = xml_parse(arena, reply->body, reply->len);
	if (judge(&d)) {
		read_success(&d);
	} else if (ask->verb == MOK_ASK_PARTS && lacks_setting(&d)) {
		out->verdict = MOK_ANS_OK;
		out->value = settings_read(arena, ask->name, NULL, NULL);
	}
}

static const struct mok_provider provider = {
	.name = "spaces",
	.encode = spaces_encode,
	.decode = spaces_decode,
};

const struct mok_provider *mok_spaces_provider(void)
{
	return &provider;
}
