#include "digitalocean.h"

#include <string.h>
#include <strings.h>

bool mok_do_is_write(enum mok_verb verb)
{
	switch (verb) {
	case MOK_ASK_CREATE:
	case MOK_ASK_CALL:
	case MOK_ASK_DELETE:
	case MOK_ASK_TAG_MAKE:
	case MOK_ASK_TAG_DROP:
	case MOK_ASK_ASSIGN:
	case MOK_ASK_MARK:
	case MOK_ASK_DELETE_ASSOCIATED:
	case MOK_ASK_PURGE: return true;
	case MOK_ASK_LIST:
	case MOK_ASK_READ:
	case MOK_ASK_FETCH:
	case MOK_ASK_TAG_LIST:
	case MOK_ASK_TAG_READ:
	case MOK_ASK_ACCOUNT:
	case MOK_ASK_CATALOGUE:
	case MOK_ASK_PARTS:
	case MOK_ASK_ASSOCIATED:
	case MOK_ASK_MEMBERS:
	case MOK_ASK_PURGE_LIST:
	case MOK_ASK_DRY_RUN:
	case MOK_ASK_INVENTORY:
	case MOK_ASK_EXPLAIN:
	case MOK_ASK_INVENTORY_SET:
	case MOK_ASK_TEXT:
	case MOK_ASK_DISCOVER:
	case MOK_ASK_MERGE:
	case MOK_ASK_TARGETS:
	case MOK_ASK_BACKUPS: break;
	}
	return false;
}

/* The API says with one status several things; the words tell them apart. The first row that fits
 * counts. `words` NULL fits always; verbs: a set of 1 << enum mok_verb, 0: any. */
#define VERB(v) (1u << MOK_ASK_##v)
static const struct meaning {
	int status;
	const char *words;
	unsigned verbs;
	enum mok_verdict verdict;
} meanings[] = {
	{ 403, "member", VERB(DELETE), MOK_ANS_BUSY },
	{ 403, "in use", VERB(DELETE), MOK_ANS_BUSY },
	{ 403, "default", VERB(DELETE), MOK_ANS_FAILED },
	{ 404, NULL, 0, MOK_ANS_GONE },
	{ 409, "already", VERB(CREATE), MOK_ANS_EXISTS },
	{ 409, "name", VERB(CREATE), MOK_ANS_EXISTS },
	{ 409, "overlap", VERB(CREATE), MOK_ANS_FAILED },
	{ 409, NULL, 0, MOK_ANS_BUSY },
	{ 410, NULL, 0, MOK_ANS_GONE },
	{ 412, "unavailable in", 0, MOK_ANS_FAILED },
	{ 412, "not available in", 0, MOK_ANS_FAILED },
	{ 412, NULL, 0, MOK_ANS_BUSY },
	{ 422, "name already exists", VERB(CREATE), MOK_ANS_EXISTS },
	{ 422, "already exists", VERB(CREATE), MOK_ANS_EXISTS },
	{ 422, "name is not unique", VERB(CREATE), MOK_ANS_EXISTS },
	{ 422, "name is not available", VERB(CREATE), MOK_ANS_EXISTS },
	{ 422, "is already taken", VERB(CREATE), MOK_ANS_EXISTS },
	{ 422, "already been taken", VERB(CREATE), MOK_ANS_EXISTS },
	{ 422, "must be unique", VERB(CREATE), MOK_ANS_EXISTS },
	{ 422, "not online", 0, MOK_ANS_BUSY },
	{ 422, "in progress", 0, MOK_ANS_BUSY },
	{ 422, "being provisioned", 0, MOK_ANS_BUSY },
	{ 422, "not running", 0, MOK_ANS_BUSY },
	{ 422, "not in a state", 0, MOK_ANS_BUSY },
	{ 423, NULL, 0, MOK_ANS_BUSY },
	{ 429, NULL, 0, MOK_ANS_BUSY },
};

static bool has_words(const char *text, const char *words)
{
	size_t len = strlen(words);

	for (; *text; text++)
		if (strncasecmp(text, words, len) == 0)
			return true;
	return false;
}

static enum mok_verdict meaning_of(
	const struct mok_ask *ask, const struct mok_http_reply *reply, const char *message)
{
	for (size_t i = 0; i < MOK_COUNT(meanings); i++) {
		const struct meaning *m = &meanings[i];

		if (m->status == reply->status && (!m->verbs || m->verbs & (1u << ask->verb)) &&
			(!m->words || has_words(message, m->words)))
			return m->verdict;
	}
	return MOK_ANS_FAILED;
}

bool mok_do_verdict(
	const struct mok_ask *ask, const struct mok_http_reply *reply, struct mok_answer *out)
{
	bool lost = reply->fail == MOK_NET_UNKNOWN ||
		(reply->fail == MOK_NET_OK && reply->status >= 500);

	out->total = -1;
	if (reply->fail == MOK_NET_OK && reply->status >= 200 && reply->status < 300) {
		out->verdict = MOK_ANS_OK;
		return true;
	}
	if (reply->err)
		out->err = *reply->err;
	else
		mok_err_set(&out->err, MOK_ERR_NET, "no usable answer");
	if (lost)
		out->verdict = mok_do_is_write(ask->verb) ? MOK_ANS_AMBIGUOUS : MOK_ANS_FAILED;
	else if (reply->fail != MOK_NET_OK)
		out->verdict = MOK_ANS_FAILED;
	else
		out->verdict = meaning_of(ask, reply, out->err.msg);
	return false;
}
