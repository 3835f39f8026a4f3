/*
 * The real environment, in three parts: this machine's clock, randomness and signals (real.c), its
 * files (real_files.c), and curl (real_net.c).
 */
#ifndef MOK_REAL_INTERNAL_H
#define MOK_REAL_INTERNAL_H

#include "mok/env.h"

int64_t mok_real_mono_ms(void *self);

/* A handle on SIGINT, SIGTERM and SIGHUP, which are blocked and read from a descriptor. */
int mok_real_signal_fd(const struct mok_real_env *real);
/* Takes what came; true from the first signal on. */
bool mok_real_take_signals(struct mok_real_env *real);

struct mok_real_net;
struct mok_real_net *mok_real_net_new(struct mok_real_env *real);
void mok_real_net_free(struct mok_real_net *net);
struct mok_net mok_real_net_table(struct mok_real_net *net);

struct mok_files mok_real_files_table(void);

#endif
