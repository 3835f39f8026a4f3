/*
 * provider: what the sweep and the engine ask of an API, and what they get back. Both functions are
 * pure: encode makes a request of an ask, decode reads a reply. Neither knows of retries, waiting,
 * journals or order; the callers know nothing of JSON and XML.
 */
#ifndef MOK_PROVIDER_H
#define MOK_PROVIDER_H

#include "mok/ask.h"
#include "mok/http.h"

enum mok_verdict {
	MOK_ANS_OK = 0,
	MOK_ANS_GONE,        /* 404 (or the API's other words for it) */
	MOK_ANS_EXISTS,      /* a create was refused since the name is taken */
	MOK_ANS_BUSY,        /* 409, 412, 403 "in use", NoSuchBucket after PUT: try again later */
	MOK_ANS_AMBIGUOUS,   /* the outcome of a write is unknown */
	MOK_ANS_FAILED,      /* definite: err says why */
	MOK_ANS_UNSUPPORTED, /* not an error: e.g. members hidden by a missing scope */
};

struct mok_answer {
	enum mok_verdict verdict;
	struct mok_err err; /* set unless OK */
	int patience_s; /* BUSY: asked again for so long; 0: as long as the operation may take */
	MOK_VEC(struct mok_object *)
	objects;                /* LIST, READ, CREATE; a cluster's listing also gives its pools */
	int64_t total;          /* LIST: meta.total, -1 unknown */
	int next_page;          /* 0: last */
	const char *next_token; /* of the next page, where pages have tokens; NULL: last */
	MOK_VEC(const char *) tags; /* TAG_LIST */
	struct mok_val value; /* FETCH, ACCOUNT, CATALOGUE, PARTS, ASSOCIATED, MEMBERS, EXPLAIN;
				 secrets of a CREATE (a Spaces key's) as a sensitive map */
};

/* Whether an ask may be sent. FIRST: `first` has to be answered before; LATER: another ask is
 * fetching what it needs. */
enum mok_need { MOK_NEED_NOTHING = 0, MOK_NEED_FIRST, MOK_NEED_LATER };

struct mok_provider {
	const char *name; /* "digitalocean", "spaces", "kubernetes": as kinds name it */
	void *self;
	/* NULL: nothing is ever needed. `rounds` starts at 0 and is the ask's own, for the provider
	 * to note what was fetched on its behalf. */
	enum mok_need (*needs)(
		void *self, const struct mok_ask *ask, unsigned *rounds, struct mok_ask *first);
	/* The answer to `first`. False: what went wrong with it is the ask's own answer. */
	bool (*learn)(void *self, const struct mok_ask *first, struct mok_answer *answer);
	/* True: the reply shows that what was learnt is stale. It was forgotten; ask again. */
	bool (*stale)(void *self, const struct mok_ask *ask, const struct mok_http_reply *reply,
		unsigned *rounds);
	int (*encode)(void *self, const struct mok_ask *ask, struct mok_arena *arena,
		struct mok_wire_request *out, struct mok_err *err);
	void (*decode)(void *self, const struct mok_ask *ask, const struct mok_http_reply *reply,
		struct mok_arena *arena, struct mok_answer *out);
};

struct mok_providers {
	const struct mok_provider *list;
	size_t count;
};
/* encode, send, decode. `ask` is copied, but not what it points to: that and the arena must live
 * until done is called, once, from the loop. What the API answers is made in the arena. */
struct mok_asker {
	struct mok_loop *loop;
	struct mok_http *http;
	const struct mok_providers *providers;
};
void mok_ask_send(const struct mok_asker *asker, struct mok_arena *arena, const struct mok_ask *ask,
	void (*done)(void *ctx, struct mok_answer *answer), void *ctx);

const struct mok_provider *mok_provider_of(const struct mok_providers *providers, const char *name);

/* Keeps what it learns of clusters: where their API is, what opens it, what it serves. Free it
 * after the http that its requests go through. */
struct mok_kubernetes;
struct mok_kubernetes *mok_kubernetes_new(void);
void mok_kubernetes_free(struct mok_kubernetes *kubernetes);
/* From now on this kubeconfig opens every cluster, instead of the account's. `path`: its own, which
 * files that it names are relative to. */
int mok_kubernetes_use(struct mok_kubernetes *kubernetes, const char *kubeconfig,
	const struct mok_files *files, const char *path, struct mok_err *err) MOK_MUST_CHECK;
/* From now on what others own of objects is taken over. */
void mok_kubernetes_force(struct mok_kubernetes *kubernetes);
struct mok_provider mok_kubernetes_provider(struct mok_kubernetes *kubernetes);

const struct mok_provider *mok_digitalocean_provider(void);
const struct mok_provider *mok_spaces_provider(void);

#endif
