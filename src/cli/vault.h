/*
 * vault: a run's escrow file, opened with the keys that the user named, between the engine, which
 * gives secrets that are shown once, and the plan, which refers to them in later runs.
 */
#ifndef MOK_CLI_VAULT_H
#define MOK_CLI_VAULT_H

#include "mok/escrow.h"
#include "session.h"

struct vault;

/* Diagnostics for recipients of the plan that are none. */
void vault_check(const struct mok_stack *stack, struct mok_diags *diags);

/* The names that ${secret.NAME} may have. */
const char *const *vault_names(struct mok_arena *arena, size_t *count);

/* Into s->vault, if the plan has a secrets block and it is not there yet; from then on
 * ${secret.NAME} is known where it is held. The keys come from --identity, MOK_AGE_IDENTITY and
 * MOK_PASSPHRASE. With --sandbox there always is one, of the sandbox's own and open to all, so that
 * what only looks like a secret never gets among the real ones. */
int vault_open(struct session *s, struct mok_err *err) MOK_MUST_CHECK;
void vault_close(struct vault *vault);                      /* wipes the keys; NULL is fine */
struct mok_escrow *vault_escrow(const struct vault *vault); /* NULL: vault is NULL */
bool vault_is_open(const struct vault *vault); /* can be read and rewritten; NULL: false */
const char *vault_path(const struct vault *vault);
/* Another file, opened with the same keys; the caller frees it. */
struct mok_escrow *vault_open_other(
	const struct vault *vault, const char *path, struct mok_err *err);

/* Gives the objects of the account the fields that the API no longer tells: from the escrow, else
 * from a Secret of the stack that they went to. What nobody holds is a warning, if there is an
 * escrow, or marked as secretless, to be made anew: if the journal has its creation as begun and
 * not ended, or if there is no escrow and a Secret of the plan waits for it. */
void vault_fill_in(struct session *s, const struct mok_journal_known *known);
/* Tells the plan the secrets that a running instance has, and takes into the escrow (in memory)
 * those that it lacks. -1: they differ (MOK_ERR_REFUSED), or one cannot be right. */
int vault_reconcile(struct session *s, struct mok_err *err) MOK_MUST_CHECK;
/* May secrets that the plan refers to and nobody holds be made? -1: MOK_ERR_REFUSED, since what is
 * kept cannot be read, or a database may hold data made with others. 0 if none is missing. */
int vault_can_generate(const struct session *s, struct mok_err *err) MOK_MUST_CHECK;
/* Makes and keeps them, before the changes bring them anywhere; without changes it keeps what only
 * the cluster had. -1: they may not be made, or there is no place to keep them (and no
 * --no-escrow), which is MOK_ERR_REFUSED, too. */
int vault_generate(struct session *s, struct mok_err *err) MOK_MUST_CHECK;
/* Writes the file before anything is sent, if the changes will bring secrets: so a disk that is
 * full or a folder that is not ours stops the run while nothing can be lost. */
int vault_prove(
	struct vault *vault, const struct mok_changes *changes, struct mok_err *err) MOK_MUST_CHECK;
/* mok_apply_input's escrow; self is the vault. */
int vault_keep(void *self, const char *address, const struct mok_object *object,
	const struct mok_val *secret, struct mok_err *err);

#endif
