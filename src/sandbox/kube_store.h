/*
 * kube_store: the objects of clusters in the sandbox's database, as apiserver wants them.
 */
#ifndef MOK_SANDBOX_KUBE_STORE_H
#define MOK_SANDBOX_KUBE_STORE_H

#include "core_internal.h"

struct sb_kube {
	struct sb_ctx *ctx;
	const char *cluster;
};

/* kube must outlive the store. */
struct mok_apiserver_store sb_kube_store(struct sb_kube *kube);

#endif
