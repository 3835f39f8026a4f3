/*
 * helm: what mok writes on a Helm release and reads from it again. Helm keeps the labels that it is
 * given (`--labels`) on the Secret of each revision and hands them on to the next.
 */
#ifndef MOK_HELM_H
#define MOK_HELM_H

#include "mok/model.h"

/* Whose it is: mok:<stack>:<slug>-<hash>:g<n> in parts, since a label takes no colons. */
#define MOK_HELM_STACK "mok/stack"
#define MOK_HELM_ADDRESS "mok/address"
#define MOK_HELM_GENERATION "mok/generation"
/* Where its chart came from: 16 digits of the hash of the repository. */
#define MOK_HELM_SOURCE "mok/source"
/* Whether there are secrets among its values: which ones only the plan of then knew. */
#define MOK_HELM_SECRETS "mok/secrets"
/* How mok began the revision: MOK_HELM_FRESH where nothing was, MOK_HELM_TAKING with leave to make
 * its own what others had made. What was cut short then is never taken back: that deletes. */
#define MOK_HELM_BEGAN "mok/began"
#define MOK_HELM_FRESH "install"
#define MOK_HELM_TAKING "take-over"
#define MOK_HELM_UPGRADE "upgrade"
/* On what runs on a release's behalf: 16 digits of the hash of its namespace and name. */
#define MOK_HELM_RELEASE "mok/release"
/* Beside it, on the values, with the labels of whose it is: of what a killed run has begun. */
#define MOK_HELM_NAMESPACE "mok/release-namespace"
#define MOK_HELM_NAME "mok/release-name"
/* The label of Helm's records, and of the Secret with a Job's values: one list gives both. */
#define MOK_HELM_OWNER "owner"
/* The one collection that all releases of a cluster are in. */
#define MOK_HELM_COLLECTION "helm"

const char *mok_helm_release_hash(struct mok_arena *arena, const char *ns, const char *name);
/* Was a take-over that had been cut short carried through by a rollback to itself? All is there,
 * but its chart's hooks have not run, which the next upgrade does. `attrs`: of its newest record.
 */
bool mok_helm_lacks_hooks(const struct mok_val *attrs);

#endif
