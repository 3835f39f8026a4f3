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
/* The same, asking for a WebSocket: it is granted with status 101, and left at once. token: the
 * Authorization header's, or NULL. */
int probe_socket(struct session *s, const char *domain, const char *path, const char *token,
	struct probe_answer *out, struct mok_err *err) MOK_MUST_CHECK;
/* Where it is asked: "https://social.example", "http://127.0.0.1:8083". */
const char *probe_base(struct session *s, const char *domain);

#endif
