#include "plan_internal.h"

#include <string.h>

static const char *const keys[] = { "escrow", "recipients", NULL };

static void not_written_out(struct load *load, const struct mok_val *v, const char *what)
{
	struct mok_diag *d =
		mok_diag_add(load->diags, "E0208", v->at, "%s cannot be an expression", what);

	mok_diag_hint(load->diags, d, "write the value itself: it is no secret");
}

static void read_recipients(
	struct load *load, const struct mok_val *list, struct mok_secrets_block *out)
{
	if (!list || list->type == MOK_NULL)
		return;
	if (list->type != MOK_LIST) {
		mok_diag_add(load->diags, "E0205", list->at, "recipients is a list, not a %s",
			mok_type_name(list->type));
		return;
	}
	for (size_t i = 0; i < list->u.list.len; i++) {
		const struct mok_val *item = &list->u.list.items[i];
		struct mok_recipient_text recipient = { .at = item->at };

		if (!plan_text(load, item, "a recipient", &recipient.text))
			continue;
		if (plan_has_expression(item))
			not_written_out(load, item, "a recipient");
		else
			mok_vec_push(load->arena, &out->recipients, recipient);
	}
}

void plan_read_secrets(
	struct load *load, const struct mok_pair *block, struct mok_secrets_block *out)
{
	const struct mok_val *escrow;
	struct mok_val map;
	struct mok_diag *d;
	const char *path;

	if (!block || block->val.type == MOK_NULL || !plan_map(load, &block->val, "secrets", &map))
		return;
	out->at = block->key_at;
	plan_unknown_keys(load, &map, "E0208", keys, "secrets");
	read_recipients(load, mok_val_get(&map, "recipients"), out);
	escrow = mok_val_get(&map, "escrow");
	if (escrow && plan_has_expression(escrow)) {
		not_written_out(load, escrow, "escrow");
	} else if (escrow && plan_text(load, escrow, "escrow", &path) && *path) {
		out->escrow = plan_beside(load->arena, escrow->at.file, path);
	} else if (!escrow || escrow->type == MOK_NULL || escrow->type == MOK_STR) {
		d = mok_diag_add(load->diags, "E0208", block->key_at, "escrow is missing");
		mok_diag_hint(load->diags, d, "name the file: escrow: secrets.age");
	}
}

/* ---- ${secret.NAME} ---- */

void mok_plan_know_secret(const struct mok_stack *stack, const char *name, const char *value)
{
	mok_map_put(stack->plan->secrets_known, name, mok_arena_strdup(stack->plan->arena, value));
}

const struct mok_map *mok_plan_secrets_asked(const struct mok_stack *stack)
{
	return stack->plan->secrets_asked;
}

const char *mok_plan_secret_missing(const struct mok_stack *stack)
{
	const struct mok_map *asked = stack->plan->secrets_asked;

	for (size_t i = 0; i < mok_map_len(asked); i++)
		if (!mok_map_get(stack->plan->secrets_known, mok_map_key(asked, i)))
			return mok_map_key(asked, i);
	return NULL;
}

/* ---- ${image["TEXT"]} ---- */

void mok_plan_know_image(const struct mok_stack *stack, const char *image, const char *pinned)
{
	mok_map_put(stack->plan->images_known, image, mok_arena_strdup(stack->plan->arena, pinned));
}

const char *mok_plan_image(const struct mok_stack *stack, const char *image)
{
	return mok_map_get(stack->plan->images_known, image);
}

const struct mok_map *mok_plan_images_asked(const struct mok_stack *stack)
{
	return stack->plan->images_asked;
}
