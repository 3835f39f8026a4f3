/*
 * env: every effect goes through one struct, so that the engine can run in a simulator.
 *
 * Three implementations of net: curl's multi interface (src/env), the sandbox's core in this
 * process (src/cli), and the simulator's (tests/sim), which runs on a virtual clock, loses unsynced
 * bytes and "kills" mok at a step: from then on every call fails or does nothing, and the loop
 * ends.
 */
#ifndef MOK_ENV_H
#define MOK_ENV_H

#include "mok/base.h"

/* ---- net ---- */

struct mok_header {
	const char *name, *value;
};

enum mok_net_fail {
	MOK_NET_OK = 0,   /* status is an HTTP status */
	MOK_NET_NOT_SENT, /* surely nothing reached the server: name, connect or TLS failure */
	MOK_NET_UNKNOWN,  /* it may have reached the server: reset, timeout, cut body */
};

#define MOK_RESPONSE_MAX ((size_t)64 << 20)

/* How a server proves itself, and a client to it, where it is not by the system's authorities. All
 * PEM; NULL: the system's authorities, no client certificate. */
struct mok_tls {
	const char *ca, *cert, *key;
};

/* One HTTP exchange. The caller owns it and everything request-side until done() is called; the
 * response side belongs to the exchange and is released with mok_exchange_release. */
struct mok_exchange {
	const char *method, *url;
	const struct mok_header *headers;
	size_t nheaders;
	const void *body;
	size_t body_len;
	int64_t timeout_ms;
	const struct mok_tls *tls; /* or NULL */
	bool upgrades; /* asks for another protocol: over once that is granted (101), unused */
	void (*done)(struct mok_exchange *x); /* called from net->wait, never from submit */
	void *ctx;

	enum mok_net_fail fail;
	char fail_text[160]; /* why, without secrets */
	int status;
	struct mok_header *response_headers; /* lower-case names */
	size_t nresponse_headers;
	struct mok_buf response;
	void *impl; /* the implementation's own while in flight */
};
void mok_exchange_release(struct mok_exchange *x);
const char *mok_exchange_header(const struct mok_exchange *x, const char *lower_name); /* or NULL */
/* For implementations of net: the name is stored in lower case; what exceeds the limit is dropped.
 */
#define MOK_RESPONSE_HEADERS_MAX 256
void mok_exchange_add_header(struct mok_exchange *x, const char *name, const char *value);
void mok_exchange_clear_headers(struct mok_exchange *x);

/* The host of "scheme://host:port/..." with its port, inside url. False: none, or with a user. */
bool mok_url_host(const char *url, const char **host, size_t *len);
/* 127.0.0.0/8, [::1], localhost or a name under it. */
bool mok_url_is_loopback(const char *url);

struct mok_net {
	void *self;
	/* Never completes inside; redirects are not followed. */
	void (*submit)(void *self, struct mok_exchange *x);
	/* Drives I/O until something completed, `until_ms` (monotonic) has passed, or a signal
	 * came. -1: frozen (a simulated kill): nothing will ever happen again. */
	int (*wait)(void *self, int64_t until_ms);
	void (*cancel)(void *self, struct mok_exchange *x); /* done is not called */
};

/* ---- clock, files, randomness ---- */

struct mok_clock {
	void *self;
	int64_t (*mono_ms)(void *self);
	int64_t (*wall_ms)(void *self);
};

struct mok_file; /* an append-only file */
struct mok_lockfile;

struct mok_files {
	void *self;
	int (*read)(void *self, const char *path, struct mok_buf *out,
		struct mok_err *err); /* absent: MOK_ERR_IO, http_status 404 */
	/* Temporary file, fsync, rename, fsync of the directory. mode e.g. 0600. */
	int (*write)(void *self, const char *path, const void *data, size_t len, int mode,
		struct mok_err *err);
	int (*make_dirs)(void *self, const char *path, struct mok_err *err);
	int (*remove)(void *self, const char *path, struct mok_err *err); /* absent is fine */
	struct mok_file *(*open_append)(
		void *self, const char *path, struct mok_err *err); /* 0600, created */
	int (*append)(
		void *self, struct mok_file *f, const void *data, size_t len, struct mok_err *err);
	int (*sync)(void *self, struct mok_file *f, struct mok_err *err); /* fdatasync */
	void (*close)(void *self, struct mok_file *f);
	struct mok_lockfile *(*lock)(
		void *self, const char *path, struct mok_err *err); /* MOK_ERR_LOCKED */
	void (*unlock)(void *self, struct mok_lockfile *l);
};

struct mok_random {
	void *self;
	uint64_t (*next)(void *self);
};

struct mok_env {
	struct mok_clock clock;
	struct mok_net net;
	struct mok_files files;
	struct mok_random random;
	bool (*interrupted)(void *self); /* SIGINT or SIGTERM came */
	void *interrupted_self;
	double speed; /* divides polls and settle windows: 1 but for a sandbox on loopback; 0 = max
		       */
};

/* The real ones. From _new to _free SIGINT, SIGTERM and SIGHUP are blocked and only noted (so are
 * they in children: reset the mask before exec), and SIGPIPE is ignored. */
struct mok_real_env;
struct mok_real_env *mok_real_env_new(struct mok_err *err);
const struct mok_env *mok_real_env_get(struct mok_real_env *real);
void mok_real_env_free(struct mok_real_env *real);
/* A clock's wait for nets without sockets: sleeps, but wakes on a signal. */
void mok_real_sleep_until(const struct mok_real_env *real, int64_t until_ms);

/* ---- the loop ---- */

/* One thread, a timer heap, the net. Callbacks may add timers and submit exchanges. */
struct mok_loop;
struct mok_timer;
struct mok_loop *mok_loop_new(const struct mok_env *env);
void mok_loop_free(struct mok_loop *loop);
const struct mok_env *mok_loop_env(const struct mok_loop *loop);
int64_t mok_loop_now(const struct mok_loop *loop); /* monotonic ms, read once per turn */
/* Fires once, in the next turn at the earliest; then it is gone, and must not be cancelled. */
struct mok_timer *mok_loop_after(
	struct mok_loop *loop, int64_t delay_ms, void (*fn)(void *ctx), void *ctx);
void mok_loop_cancel(struct mok_loop *loop, struct mok_timer *timer);
/* Runs once at the end of this turn, before the net waits: group commits. */
void mok_loop_defer(struct mok_loop *loop, void (*fn)(void *ctx), void *ctx);
void mok_loop_exchange(struct mok_loop *loop, struct mok_exchange *x); /* submit, counted */
void mok_loop_abandon(
	struct mok_loop *loop, struct mok_exchange *x); /* cancel; not under way: nothing */
/* Until done(ctx) is true or nothing is left to wait for: 0. -1: interrupted or frozen
 * (MOK_ERR_INTERRUPTED); exchanges in flight are cancelled by mok_loop_free. */
int mok_loop_run(struct mok_loop *loop, bool (*done)(void *ctx), void *ctx,
	struct mok_err *err) MOK_MUST_CHECK;

#endif
