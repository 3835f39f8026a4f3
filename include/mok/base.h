/*
 * base: what every module stands on. No I/O but memory; no globals.
 *
 * Out of memory aborts (mok is a command, not a library). Errors are values: `struct mok_err *err`
 * is the last parameter, the function returns 0 or -1, and on success `err` is untouched.
 */
#ifndef MOK_BASE_H
#define MOK_BASE_H

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOK_MUST_CHECK __attribute__((warn_unused_result))
#define MOK_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define MOK_CLEANUP(fn) __attribute__((cleanup(fn)))
#define MOK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A broken invariant of ours: prints where and aborts. Never for input or network. */
#define MOK_BUG(what) mok_bug(__FILE__, __LINE__, what)
_Noreturn void mok_bug(const char *file, int line, const char *what);

/* ---- positions and errors ---- */

/* A place in a plan file. `file` NULL: no position. Lines and columns count from 1, columns in
 * characters; `end` is the column after the last character, on the same line. */
struct mok_mark {
	const char *file;
	uint32_t line, column, end;
};

enum mok_err_code {
	MOK_ERR_NONE = 0,
	MOK_ERR_INPUT,       /* a file, argument or value of the user is wrong */
	MOK_ERR_IO,          /* a local file or directory */
	MOK_ERR_NET,         /* no usable answer: the outcome of a write is unknown */
	MOK_ERR_AUTH,        /* 401, 403 */
	MOK_ERR_API,         /* a definite refusal by the API */
	MOK_ERR_LOCKED,      /* the stack's or the sandbox's lock is held: exit 4 */
	MOK_ERR_REFUSED,     /* a protection or policy: exit 5 */
	MOK_ERR_STALE,       /* a saved plan that no longer fits */
	MOK_ERR_INTERRUPTED, /* SIGINT, SIGTERM, or a simulated kill: exit 130 */
};

/* Owned by the caller, no heap: nothing to free. `hint` is what to do next, or "". */
struct mok_err {
	enum mok_err_code code;
	int http_status; /* 0: not from an answer */
	struct mok_mark where;
	char request_id[64];
	char msg[768];
	char hint[256];
};

/* Both return -1, so that `return mok_err_set(...)` reads well. Wrap puts "context: " before msg.
 */
int mok_err_set(struct mok_err *err, enum mok_err_code code, const char *fmt, ...) MOK_PRINTF(3, 4);
int mok_err_wrap(struct mok_err *err, const char *fmt, ...) MOK_PRINTF(2, 3);
void mok_err_hint(struct mok_err *err, const char *fmt, ...) MOK_PRINTF(2, 3);

/* ---- memory ---- */

void *mok_xmalloc(size_t size);
void *mok_xcalloc(size_t count, size_t size);
void *mok_xrealloc(void *ptr, size_t size);
char *mok_xstrdup(const char *s);

/* What is built once and freed together. Allocations are zeroed and aligned for any type. */
struct mok_arena;
struct mok_arena *mok_arena_new(void);
void mok_arena_free(struct mok_arena *arena); /* NULL is fine */
void *mok_arena_alloc(struct mok_arena *arena, size_t size);
char *mok_arena_strdup(struct mok_arena *arena, const char *s);
char *mok_arena_strndup(struct mok_arena *arena, const char *s, size_t len);
char *mok_arena_printf(struct mok_arena *arena, const char *fmt, ...) MOK_PRINTF(2, 3);
char *mok_arena_vprintf(struct mok_arena *arena, const char *fmt, va_list ap) MOK_PRINTF(2, 0);
size_t mok_arena_used(const struct mok_arena *arena); /* bytes handed out */
#define MOK_NEW(arena, type) ((type *)mok_arena_alloc(arena, sizeof(type)))
#define MOK_NEW_N(arena, type, n) ((type *)mok_arena_alloc(arena, (n) * sizeof(type)))

/* A growing array in an arena: struct { T *items; size_t len, cap; } with these three names. */
#define MOK_VEC(type) \
	struct { \
		type *items; \
		size_t len, cap; \
	}
#define mok_vec_push(arena, vec, item) \
	do { \
		if ((vec)->len == (vec)->cap) \
			(vec)->items = mok_vec_grow( \
				arena, (vec)->items, &(vec)->cap, sizeof(*(vec)->items)); \
		(vec)->items[(vec)->len++] = (item); \
	} while (0)
void *mok_vec_grow(struct mok_arena *arena, void *items, size_t *cap, size_t item_size);

/* A byte buffer on the heap, always NUL-terminated, never NULL after init. It never grows beyond
 * `max` bytes: what does not fit is dropped and `overflow` is set, to be checked once at the end.
 */
struct mok_buf {
	char *data;
	size_t len, cap, max;
	bool overflow;
};
void mok_buf_init(struct mok_buf *buf, size_t max);
void mok_buf_release(struct mok_buf *buf);
void mok_buf_clear(struct mok_buf *buf);
void mok_buf_add(struct mok_buf *buf, const void *data, size_t len);
void mok_buf_puts(struct mok_buf *buf, const char *s);
void mok_buf_putc(struct mok_buf *buf, char c);
void mok_buf_printf(struct mok_buf *buf, const char *fmt, ...) MOK_PRINTF(2, 3);
/* Percent-encodes all but RFC 3986 unreserved characters (and '/' if keep_slash). */
void mok_buf_add_url(struct mok_buf *buf, const char *s, bool keep_slash);
/* As a JSON string, quotes included. */
void mok_buf_add_json(struct mok_buf *buf, const char *s);
/* XML text or attribute content, escaped. */
void mok_buf_add_xml(struct mok_buf *buf, const char *s);

/* String -> pointer, insertion order kept, keys copied into the arena. Values are the caller's. */
struct mok_map;
struct mok_map *mok_map_new(struct mok_arena *arena);
void *mok_map_get(const struct mok_map *map, const char *key); /* NULL: absent */
void mok_map_put(struct mok_map *map, const char *key, void *value);
size_t mok_map_len(const struct mok_map *map);
const char *mok_map_key(const struct mok_map *map, size_t i);
void *mok_map_value(const struct mok_map *map, size_t i);

/* ---- strings ---- */

bool mok_streq(const char *a, const char *b); /* NULL equals only NULL */
bool mok_starts(const char *s, const char *prefix);
bool mok_ends(const char *s, const char *suffix);
size_t mok_utf8_count(const char *s, size_t len); /* characters, of what is valid */
bool mok_utf8_valid(const char *s, size_t len, size_t *bad_at);
/* The nearest of `names` to `word` within a third of its length (at least one edit), or NULL. */
const char *mok_nearest(const char *word, const char *const *names, size_t count);
/* Decimal, whole string, no sign but '-': false if anything else or out of range. */
bool mok_parse_i64(const char *s, int64_t *out);
/* RFC 3339 UTC, "2026-08-07T10:11:12Z"; out has 21 bytes. */
void mok_format_time(int64_t wall_ms, char out[21]);
int mok_parse_time(const char *s, int64_t *out_wall_ms) MOK_MUST_CHECK;

/* ---- digests ---- */

void mok_sha256(const void *data, size_t len, unsigned char out[32]);
void mok_sha256_hex(const void *data, size_t len, char out[65]);
void mok_hmac_sha256(
	const void *key, size_t key_len, const void *data, size_t len, unsigned char out[32]);
void mok_md5(const void *data, size_t len, unsigned char out[16]); /* only where S3 asks for it */
void mok_hex(const unsigned char *data, size_t len, char *out);    /* 2*len+1 bytes */
uint32_t mok_crc32(const void *data, size_t len);
/* Adds what is packed in it. False: it is no gzip, is cut short, or is more than `out` holds. */
bool mok_gunzip(const void *data, size_t len, struct mok_buf *out);
/* Adds the data packed, under 4 GiB of it. */
void mok_gzip(const void *data, size_t len, struct mok_buf *out);
char *mok_base64(struct mok_arena *arena, const void *data, size_t len);
/* NUL-terminated too; len may be NULL. NULL: it is not base64 with its padding. */
char *mok_unbase64(struct mok_arena *arena, const char *text, size_t *len);
/* A small, fast, seeded generator (splitmix64), not for secrets. */
uint64_t mok_rng_next(uint64_t *state);

/* ---- JSON ---- */

/* "a.b.0.c" under root, or NULL. Case-sensitive. Values of another type read as NULL/fallback. */
const cJSON *mok_json_at(const cJSON *root, const char *path);
/* Members in any order. As cJSON_Compare, which takes twice as long for each level of nesting:
 * for ever on the schema of a definition. NULL equals nothing. */
bool mok_json_equal(const cJSON *a, const cJSON *b);
const char *mok_json_str(const cJSON *root, const char *path);
int64_t mok_json_int(const cJSON *root, const char *path, int64_t fallback);
bool mok_json_bool(const cJSON *root, const char *path, bool fallback);
/* Sets or replaces a member; takes the value over. */
void mok_json_set(cJSON *object, const char *name, cJSON *value);
/* The member if it is an object, else a new empty one in its place. */
cJSON *mok_json_object(cJSON *object, const char *name);
/* Parses exactly len bytes; NULL on anything malformed, nested over 200 deep or with a tail. */
cJSON *mok_json_parse(const char *data, size_t len);
void mok_json_cleanup(cJSON **json); /* for MOK_CLEANUP */

#endif
