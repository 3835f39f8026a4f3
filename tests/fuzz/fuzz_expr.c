#include "fuzz.h"
#include "mok/expr.h"
#include "mok/plan.h"

static bool give_ref(
	void *self, const struct mok_ref *ref, struct mok_val *out, struct mok_diags *diags)
{
	(void)self;
	(void)diags;
	*out = mok_val_str(ref->path);
	return true;
}

static int read_yaml(void *self, const char *text, struct mok_arena *arena, struct mok_val *out,
	struct mok_err *err)
{
	(void)self;
	return mok_plan_read_documents(arena, text, out, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mok_arena *arena = mok_arena_new();
	struct mok_diags diags = { .arena = arena };
	struct mok_scope scope = { .ref = give_ref, .read_yaml = read_yaml };
	struct mok_mark at = { "mok.yaml", 1, 1, 1 };
	const char *text = mok_arena_strndup(arena, (const char *)data, size);
	struct mok_val parsed, value;

	if (mok_expr_parse(arena, text, at, &diags, &parsed) == 0 &&
		mok_expr_eval(arena, &parsed, &scope, &diags, &value) == 0) {
		struct mok_buf canonical;

		mok_buf_init(&canonical, 1 << 20);
		mok_val_canonical(&value, &canonical);
		mok_buf_release(&canonical);
	}
	mok_arena_free(arena);
	return 0;
}
