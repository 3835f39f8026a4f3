/*
 * local_net: the sandbox's core in this process as a network.
 */
#ifndef MOK_CLI_LOCAL_NET_H
#define MOK_CLI_LOCAL_NET_H

#include "mok/env.h"
#include "mok/sandbox.h"

/* The addresses that it answers on; nothing listens there. */
#define LOCAL_API_URL "http://127.0.0.1:8080"
#define LOCAL_SPACES_URL "http://127.0.0.1:8081"
#define LOCAL_SPACES_HOST "127.0.0.1:8081"
#define LOCAL_INSTANCE_URL "http://127.0.0.1:8083"
#define LOCAL_INSTANCE_HOST "127.0.0.1:8083"
#define LOCAL_REGISTRY_URL "http://127.0.0.1:8084"
#define LOCAL_REGISTRY_HOST "127.0.0.1:8084"
/* Below it is the API of each Kubernetes cluster. */
#define LOCAL_KUBERNETES_DOMAIN ".k8s.ondigitalocean.com"

struct local_net;
/* Neither is owned. */
struct local_net *local_net_new(struct mok_real_env *real, struct mok_sandbox *sandbox);
void local_net_free(struct local_net *net);
struct mok_net local_net_get(struct local_net *net);

#endif
