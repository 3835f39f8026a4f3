/* Names that would be refused by the cluster, or meant for something else there. */
#include "mastodon_internal.h"

#include <string.h>

/* An autoscaler of KEDA's has a label "keda-hpa-mastodon-sidekiq-NAME", of 63 characters at most.
 */
#define GROUP_MAX 37

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_name_of_group(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > GROUP_MAX || !is_letter(name[0]) || !is_letter(name[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_letter(name[i]) && name[i] != '-')
			return false;
	/* mastodon_sidekiq_config and _secret are what all groups read. */
	return strcmp(name, "config") != 0 && strcmp(name, "secret") != 0;
}

static struct mok_mark key_mark(const struct masto *m, const char *name)
{
	const struct mok_val *groups = mok_val_at(m->written, "sidekiq");

	for (size_t i = 0; groups && groups->type == MOK_MAP && i < groups->u.map.len; i++)
		if (strcmp(groups->u.map.pairs[i].key, name) == 0)
			return groups->u.map.pairs[i].key_at;
	return m->at;
}

static void check_namespace(struct masto *m)
{
	struct mok_diag *d;

	if (strcmp(m->ns, "default") != 0 && !mok_starts(m->ns, "kube-"))
		return;
	d = mok_diag_add(m->diags, "E0408", masto_mark(m, "namespace"),
		"the namespace %s is the cluster's own", m->ns);
	mok_diag_hint(m->diags, d,
		"the block makes its namespace, and destroy deletes it: write another name");
}

void masto_check_names(struct masto *m)
{
	check_namespace(m);
	for (size_t i = 0; i < m->ngroups; i++) {
		const char *name = m->groups[i].name;
		struct mok_diag *d;

		if (is_name_of_group(name))
			continue;
		d = mok_diag_add(m->diags, "E0408", key_mark(m, name),
			"\"%s\" cannot be the name of a group of Sidekiq's", name);
		mok_diag_hint(m->diags, d,
			"it is of lower-case letters, digits and hyphens, %d at most, and neither "
			"config nor secret",
			GROUP_MAX);
	}
}
