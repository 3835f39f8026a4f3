/*
 * kube_store: the objects of clusters in the sandbox's database, as apiserver wants them.
 */
#ifndef MOK_SANDBOX_KUBE_STORE_H
#define MOK_SANDBOX_KUBE_STORE_H

#include "core_internal.h"

struct sb_kube {
	struct sb_ctx *ctx;
	const char *cluster;
	struct mok_apiserver_key at; /* of a controller: the object that it was run for */
};

struct mok_apiserver *sb_kube_server(struct sb_ctx *ctx);

/* kube must outlive the store. */
struct mok_apiserver_store sb_kube_store(struct sb_kube *kube);

#endif
