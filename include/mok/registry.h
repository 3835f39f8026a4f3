/*
 * registry: which digest the tag of a container image has, asked of its registry over the OCI
 * distribution API (https://github.com/opencontainers/distribution-spec), without credentials.
 *
 * A registry is asked through requests of its own, so that neither the account's token nor its
 * rate budget is anywhere near.
 */
#ifndef MOK_REGISTRY_H
#define MOK_REGISTRY_H

#include "mok/env.h"

/* "ghcr.io/mastodon/mastodon:v4.7.6@sha256:...": a name without a registry is Docker Hub's, and
 * without a tag it is "latest". */
struct mok_image {
	const char *host;       /* "ghcr.io", "127.0.0.1:5000" */
	const char *repository; /* "mastodon/mastodon" */
	const char *tag;
	const char *digest; /* "sha256:" and 64 digits, or NULL */
};
/* -1: the text is no image's name. */
int mok_image_parse(struct mok_arena *arena, const char *text, struct mok_image *out,
	struct mok_err *err) MOK_MUST_CHECK;
/* "sha256:" and 64 hexadecimal digits in lower case? */
bool mok_image_is_digest(const char *text);

/* What a 401 says about where a token is to be had: `WWW-Authenticate: Bearer realm=...,`. */
struct mok_challenge {
	const char *realm;           /* a URL */
	const char *service, *scope; /* or NULL */
};
/* False: there is no such challenge in the header. */
bool mok_challenge_parse(
	struct mok_arena *arena, const char *header, struct mok_challenge *out) MOK_MUST_CHECK;

struct mok_registry_options {
	/* NULL: each image's own registry, by https; on this machine (localhost, 127.0.0.0/8) by
	 * http. Else where all of them are asked, the registry's name as `?ns=`, as containerd asks
	 * its mirrors. */
	const char *mirror;
};

/* One run's questions. */
struct mok_registry;
struct mok_registry *mok_registry_new(struct mok_loop *loop,
	const struct mok_registry_options *options, struct mok_err *err) MOK_MUST_CHECK;
/* Questions under way are dropped. NULL is fine. */
void mok_registry_free(struct mok_registry *registry);
/* Sends the question; once per image, again it is nothing. */
void mok_registry_ask(struct mok_registry *registry, const char *image);
/* Runs the loop until that image, asked before, has its digest or will have none (-1). The digest
 * lives as long as the registry. */
int mok_registry_wait(struct mok_registry *registry, const char *image, const char **digest,
	struct mok_err *err) MOK_MUST_CHECK;

#endif
