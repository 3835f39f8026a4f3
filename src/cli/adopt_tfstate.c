#include "adopt_tfstate.h"
#include "vault.h"

#include <string.h>

struct tfstate {
	struct session *s;
	struct mok_tf_state state;
	bool has_secrets; /* some came into the escrow */
};

/* Nobody types a state, and signals are only noted: reading would hang. */
static int read_text(struct session *s, bool is_stdin, const char *path, struct mok_buf *text,
	struct mok_err *err)
{
	const struct mok_files *files = &s->env.files;

	if (!is_stdin || !s->cli->in_is_terminal)
		return files->read(files->self, is_stdin ? "/dev/stdin" : path, text, err);
	mok_err_set(err, MOK_ERR_INPUT, "stdin is a terminal, no Terraform state");
	mok_err_hint(err, "terraform state pull | mok adopt --from-tfstate -");
	return -1;
}

int tfstate_load(struct session *s, const char *path, struct tfstate **out)
{
	struct tfstate *tf = MOK_NEW(s->arena, struct tfstate);
	bool is_stdin = strcmp(path, "-") == 0;
	struct mok_err err = { 0 };
	struct mok_buf text;
	int rc;

	tf->s = s;
	mok_buf_init(&text, MOK_TFSTATE_MAX);
	rc = read_text(s, is_stdin, path, &text, &err);
	if (rc == 0) {
		rc = mok_tf_read(s->arena, text.data, text.len, &tf->state, &err);
		if (rc != 0)
			mok_err_wrap(&err, "%s", is_stdin ? "stdin" : path);
	}
	explicit_bzero(text.data, text.cap);
	mok_buf_release(&text);
	if (rc != 0)
		return cli_fail(s->cli, &err, NULL);
	*out = tf;
	return CLI_DONE;
}

const struct mok_tf_state *tfstate_of(const struct tfstate *tf)
{
	return &tf->state;
}

/* ---- secrets ---- */

static bool is_wanted(const struct tfstate *tf, const struct mok_tf_item *item)
{
	return item->fate == MOK_TF_ADOPTS && item->secret && vault_is_open(tf->s->vault) &&
		!mok_val_get(&item->object->attrs, item->row->once_field);
}

static int take_secret(struct tfstate *tf, const struct mok_tf_item *item, struct mok_err *err)
{
	const struct mok_escrow_new entry = { .kind = item->kind->name,
		.id = item->object->id,
		.name = mok_arena_printf(
			tf->s->arena, "%s.%s", item->plan_address, item->row->once_field),
		.value = item->secret };

	tf->has_secrets = true;
	return mok_escrow_rotate(vault_escrow(tf->s->vault), &entry, err);
}

int tfstate_keep_secrets(struct tfstate *tf)
{
	struct mok_err err = { 0 };

	if (tf->has_secrets && mok_escrow_save(vault_escrow(tf->s->vault), false, &err) != 0)
		return cli_fail(tf->s->cli, &err, NULL);
	return CLI_DONE;
}

/* ---- claims ---- */

int tfstate_claim(struct tfstate *tf, struct mok_map *claims)
{
	struct session *s = tf->s;
	struct mok_err err = { 0 };

	mok_tf_match(&tf->state, &s->live, &s->changes, claims);
	for (size_t i = 0; i < tf->state.items.len; i++)
		if (is_wanted(tf, &tf->state.items.items[i]) &&
			take_secret(tf, &tf->state.items.items[i], &err) != 0)
			return cli_fail(s->cli, &err, NULL);
	return CLI_DONE;
}

static struct mok_stranger *stranger_at(struct session *s, const char *address)
{
	for (size_t i = 0; i < s->changes.strangers.len; i++)
		if (mok_streq(s->changes.strangers.items[i].resource->address, address))
			return &s->changes.strangers.items[i];
	return NULL;
}

static void leave(struct session *s, const struct mok_tf_item *item)
{
	const struct mok_resource *r = mok_map_get(s->stack->by_address, item->plan_address);
	struct mok_stranger *known = stranger_at(s, item->plan_address);
	const struct mok_stranger stranger = { r, item->object, item->reason };

	if (known)
		*known = stranger;
	else if (r)
		mok_vec_push(s->arena, &s->changes.strangers, stranger);
}

size_t tfstate_settle(struct tfstate *tf)
{
	struct session *s = tf->s;
	size_t nleft = 0;

	for (size_t i = 0; i < s->changes.strangers.len; i++)
		if (!s->changes.strangers.items[i].obstacle)
			s->changes.strangers.items[i].obstacle =
				"the state does not have it: mok adopt --all takes it over, too";
	for (size_t i = 0; i < tf->state.items.len; i++) {
		if (tf->state.items.items[i].fate != MOK_TF_LEFT)
			continue;
		leave(s, &tf->state.items.items[i]);
		nleft++;
	}
	return nleft;
}
