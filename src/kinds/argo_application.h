/* What goes along with an Argo CD Application that mok made of others. */
#ifndef MOK_KINDS_ARGO_APPLICATION_H
#define MOK_KINDS_ARGO_APPLICATION_H

#include "mok/kind.h"

extern const struct mok_offspring mok_argo_offspring;

#endif
