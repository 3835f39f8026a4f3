/*
 * run: what the files of the framework share and the controllers do not see.
 *
 * run.c   who is run, and when    client.c   the API as a client    gc.c   owners
 * nodes.c the pools' nodes        table.c    the list of controllers
 */
#ifndef MOK_SANDBOX_RUN_H
#define MOK_SANDBOX_RUN_H

#include "controller.h"

/* A stored object with its resourceVersion; lives as long as the call. */
cJSON *sb_ctl_parse(struct sb_kube *k, const struct mok_apiserver_item *item);
/* An object was removed: those that it owned follow. */
void sb_gc_gone(struct sb_kube *k, const cJSON *object);
/* An object is told to go, and a finalizer of the garbage collector may hold it. */
void sb_gc_leaving(struct sb_kube *k, const cJSON *object);
/* The Nodes are those that the cluster's pools have now; asks to be woken at the next change. */
void sb_nodes_sync(struct sb_kube *k);

#endif
