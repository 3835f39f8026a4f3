/*
 * probe: asks an instance over HTTP, as anybody could. The sandbox's instance answers on a port of
 * this machine in place of its domain.
 */
#ifndef MOK_CLI_PROBE_H
#define MOK_CLI_PROBE_H

#include "session.h"

struct probe_answer {
	int status;
	const char *body;    /* in the session's arena */
	const char *refusal; /* why the streaming server grants no WebSocket; or NULL */
};
/* One GET, no redirect followed, no second try. -1: no answer, err says why. */
int probe_get(struct session *s, const char *domain, const char *path, struct probe_answer *out,
	struct mok_err *err) MOK_MUST_CHECK;
/* The same on the session's loop, which goes on meanwhile: `done` is called from it, once for each
 * probe_send, unless it was stopped before. In the session's arena. */
struct probe;
struct probe *probe_new(struct session *s, const char *domain, const char *path,
	void (*done)(void *ctx), void *ctx);
void probe_send(struct probe *p);                          /* not while one is under way */
int probe_status(const struct probe *p, const char **why); /* 0: no answer, *why tells */
int64_t probe_took_ms(const struct probe *p);
void probe_stop(struct probe *p);
/* The same, asking for a WebSocket: it is granted with status 101, and left at once. token: the
 * Authorization header's, or NULL. */
int probe_socket(struct session *s, const char *domain, const char *path, const char *token,
	struct probe_answer *out, struct mok_err *err) MOK_MUST_CHECK;
/* Where it is asked: "https://social.example", "http://127.0.0.1:8083". */
const char *probe_base(struct session *s, const char *domain);

#endif
