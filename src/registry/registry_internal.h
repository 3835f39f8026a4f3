/*
 * registry's own: names (reference.c), challenges (challenge.c), questions (registry.c).
 */
#ifndef MOK_REGISTRY_INTERNAL_H
#define MOK_REGISTRY_INTERNAL_H

#include "mok/registry.h"

#define DOCKER_HUB "docker.io"

#endif
