#include "digitalocean.h"

#include <string.h>

struct decoding {
	const struct mok_ask *ask;
	struct mok_arena *arena;
	const struct mok_http_reply *reply;
	cJSON *json; /* NULL: no body, or not JSON */
	struct mok_answer *out;
};

/* "https://.../?page=3&per_page=200": only the number is taken, never the address. */
static int page_of(const char *url)
{
	const char *p = url;

	while (p && (p = strstr(p, "page="))) {
		if (p > url && (p[-1] == '?' || p[-1] == '&')) {
			int64_t n = 0;

			for (p += 5; *p >= '0' && *p <= '9' && n < 1000000; p++)
				n = n * 10 + (*p - '0');
			return (int)n;
		}
		p += 5;
	}
	return 0;
}

static void read_paging(struct decoding *d)
{
	int next = page_of(mok_json_str(d->json, "links.pages.next"));

	d->out->total = mok_json_int(d->json, "meta.total", -1);
	if (next > d->ask->page)
		d->out->next_page = next;
}

/* A success whose body is not what it must be. */
static void unreadable(struct decoding *d)
{
	struct mok_answer *out = d->out;

	out->verdict = mok_do_is_write(d->ask->verb) ? MOK_ANS_AMBIGUOUS : MOK_ANS_FAILED;
	mok_err_set(&out->err, MOK_ERR_NET, "the API answered %d with a body that cannot be read",
		d->reply->status);
	mok_err_hint(&out->err,
		"something on the way may answer in its place (a proxy, a firewall), or it is "
		"disturbed: try again%s%s",
		d->reply->request_id && *d->reply->request_id ? "; the request's id is " : "",
		d->reply->request_id ? d->reply->request_id : "");
}

static void decode_list(struct decoding *d)
{
	const struct mok_kind *kind = d->ask->kind;
	const cJSON *list =
		kind->list_key ? cJSON_GetObjectItemCaseSensitive(d->json, kind->list_key) : NULL;
	const cJSON *item;

	if (!kind->list_key) {
		mok_do_object(d->arena, d->ask, kind, d->json, d->out);
		return;
	}
	/* "No such key" and null are an empty list, as Go's clients are answered. */
	if (list && !cJSON_IsArray(list) && !cJSON_IsNull(list)) {
		unreadable(d);
		return;
	}
	cJSON_ArrayForEach(item, list)
	{
		mok_do_object(d->arena, d->ask, kind, item, d->out);
	}
	read_paging(d);
}

static const cJSON *item_of(const struct decoding *d)
{
	const char *key = d->ask->kind->item_key;

	return key ? cJSON_GetObjectItemCaseSensitive(d->json, key) : d->json;
}

static void decode_read(struct decoding *d)
{
	if (!mok_do_object(d->arena, d->ask, d->ask->kind, item_of(d), d->out))
		unreadable(d);
}

/* Fields that only this answer holds, of a key that is shown once. */
static void read_once(struct decoding *d, const cJSON *api)
{
	for (const struct mok_field *f = d->ask->kind->fields; f->name; f++) {
		const char *text;
		struct mok_val v;

		if ((f->flags & (MOK_F_COMPUTED | MOK_F_SENSITIVE)) !=
			(MOK_F_COMPUTED | MOK_F_SENSITIVE))
			continue;
		text = mok_json_str(api, f->json ? f->json : f->name);
		if (!text || !*text)
			continue;
		v = mok_val_str(mok_arena_strdup(d->arena, text));
		v.sensitive = true;
		if (d->out->value.type != MOK_MAP)
			d->out->value = (struct mok_val){ .type = MOK_MAP, .sensitive = true };
		mok_val_set(d->arena, &d->out->value, f->name, v);
	}
}

static void decode_create(struct decoding *d)
{
	const cJSON *item = item_of(d);

	if (!mok_do_object(d->arena, d->ask, d->ask->kind, item, d->out))
		unreadable(d);
	else if (d->ask->kind->flags & MOK_K_SECRET_ONCE)
		read_once(d, item);
}

/* "project not found", "service down" of single members: with HTTP 200. */
static void decode_assigned(struct decoding *d)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(d->json, "resources"))
	{
		const char *status = mok_json_str(item, "status");
		const char *urn = mok_json_str(item, "urn");

		if (!status || mok_streq(status, "ok") || mok_streq(status, "assigned") ||
			mok_streq(status, "already_assigned"))
			continue;
		d->out->verdict = MOK_ANS_BUSY;
		mok_err_set(&d->out->err, MOK_ERR_API, "%s could not be assigned: %s",
			urn ? urn : "a resource", status);
		return;
	}
}

static void decode_call(struct decoding *d)
{
	if (d->ask->call && d->ask->call->flags & MOK_CALL_ASSIGN)
		decode_assigned(d);
	else if (d->json && d->ask->kind->item_key && item_of(d))
		mok_do_object(d->arena, d->ask, d->ask->kind, item_of(d), d->out);
}

static void decode_nothing(struct decoding *d)
{
	(void)d;
}

/* The value is the answer's member of the field's name, or of one key the only member, or all. */
static void decode_fetch(struct decoding *d)
{
	const struct mok_field *f = d->ask->field;
	const cJSON *json = d->json ? cJSON_GetObjectItemCaseSensitive(d->json, f->name) : NULL;

	if (!d->json && f->type == MOK_STR) {
		d->out->value =
			mok_val_str(mok_arena_strndup(d->arena, d->reply->body, d->reply->len));
	} else {
		if (!json && d->json && f->type == MOK_STR && cJSON_GetArraySize(d->json) == 1)
			json = d->json->child;
		if (json && cJSON_IsObject(json) && f->type == MOK_STR)
			json = json->child; /* {"ca":{"certificate":"..."}} */
		if (json && !cJSON_IsNull(json))
			d->out->value = mok_do_value(d->arena, f, json);
	}
	d->out->value.sensitive = (f->flags & MOK_F_SENSITIVE) != 0;
}

static void decode_tags(struct decoding *d)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(d->json, "tags"))
	{
		const char *name = mok_json_str(item, "name");

		if (name)
			mok_vec_push(d->arena, &d->out->tags,
				(const char *)mok_arena_strdup(d->arena, name));
		if (d->ask->kind)
			mok_do_object(d->arena, d->ask, d->ask->kind, item, d->out);
	}
	read_paging(d);
}

static void decode_account(struct decoding *d)
{
	const cJSON *account = cJSON_GetObjectItemCaseSensitive(d->json, "account");

	if (mok_json_str(account, "uuid"))
		d->out->value = mok_val_from_json(d->arena, account);
	else
		unreadable(d);
}

static void decode_value(struct decoding *d)
{
	d->out->value = mok_val_from_json(d->arena, d->json);
	read_paging(d);
}

static void decode_members(struct decoding *d)
{
	struct mok_val urns = { .type = MOK_LIST };
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(d->json, "resources"))
	{
		const char *urn = mok_json_str(item, "urn");

		if (urn)
			mok_val_append(
				d->arena, &urns, mok_val_str(mok_arena_strdup(d->arena, urn)));
	}
	d->out->value = urns;
	read_paging(d);
}

static void decode_texts(struct decoding *d, const char *list, const char *key)
{
	const cJSON *item;

	d->out->value = (struct mok_val){ .type = MOK_LIST };
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(d->json, list))
	{
		const char *text = mok_json_str(item, key);

		if (text)
			mok_val_append(d->arena, &d->out->value,
				mok_val_str(mok_arena_strdup(d->arena, text)));
	}
}

/* Null means that there is nothing newer. */
static void decode_targets(struct decoding *d)
{
	decode_texts(d, "available_upgrade_versions", "slug");
}

static void decode_backups(struct decoding *d)
{
	decode_texts(d, "backups", "created_at");
}

static const struct {
	void (*decode)(struct decoding *d);
	bool needs_json;
} decoders[] = {
	[MOK_ASK_LIST] = { decode_list, true },
	[MOK_ASK_READ] = { decode_read, true },
	[MOK_ASK_CREATE] = { decode_create, true },
	[MOK_ASK_CALL] = { decode_call, false },
	[MOK_ASK_DELETE] = { decode_nothing, false },
	[MOK_ASK_FETCH] = { decode_fetch, false },
	[MOK_ASK_TAG_LIST] = { decode_tags, true },
	[MOK_ASK_TAG_MAKE] = { decode_nothing, true },
	[MOK_ASK_TAG_DROP] = { decode_nothing, false },
	[MOK_ASK_TAG_READ] = { decode_nothing, true },
	[MOK_ASK_ACCOUNT] = { decode_account, true },
	[MOK_ASK_CATALOGUE] = { decode_value, true },
	[MOK_ASK_ASSIGN] = { decode_assigned, true },
	[MOK_ASK_MARK] = { decode_call, false },
	[MOK_ASK_ASSOCIATED] = { decode_value, true },
	[MOK_ASK_DELETE_ASSOCIATED] = { decode_nothing, false },
	[MOK_ASK_MEMBERS] = { decode_members, true },
	[MOK_ASK_TARGETS] = { decode_targets, true },
	[MOK_ASK_BACKUPS] = { decode_backups, true },
};

/* A success with a body that is no object comes from something else, and tells nothing. */
static bool may_not_lack(const struct decoding *d)
{
	return decoders[d->ask->verb].needs_json ||
		(d->reply->len && d->ask->verb != MOK_ASK_FETCH);
}

void mok_do_decode(void *self, const struct mok_ask *ask, const struct mok_http_reply *reply,
	struct mok_arena *arena, struct mok_answer *out)
{
	struct decoding d = { .ask = ask, .arena = arena, .reply = reply, .out = out };

	(void)self;
	if (!mok_do_verdict(ask, reply, out) || (size_t)ask->verb >= MOK_COUNT(decoders) ||
		!decoders[ask->verb].decode)
		return;
	d.json = reply->len ? mok_json_parse(reply->body, reply->len) : NULL;
	if (!cJSON_IsObject(d.json) && may_not_lack(&d))
		unreadable(&d);
	else
		decoders[ask->verb].decode(&d);
	cJSON_Delete(d.json);
}

static const struct mok_provider provider = {
	.name = "digitalocean",
	.encode = mok_do_encode,
	.decode = mok_do_decode,
};

const struct mok_provider *mok_digitalocean_provider(void)
{
	return &provider;
}
