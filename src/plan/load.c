#include "plan_internal.h"

#include <ctype.h>
#include <string.h>

#define STACK_NAME_MAX 31

static const char *const top_keys[] = { "mok", "name", "region", "variables", "resources",
	"outputs", "include", "mastodon", "secrets", NULL };

static struct mok_mark top_mark(const struct mok_val *top)
{
	struct mok_mark at = top->at;

	at.line = at.column = 1;
	at.end = 2;
	return at;
}

static void check_format(struct load *load, const struct mok_val *top)
{
	const struct mok_val *v = mok_val_get(top, "mok");
	struct mok_diag *d;

	if (!v) {
		d = mok_diag_add(load->diags, "E0202", top_mark(top), "the key \"mok\" is missing");
		mok_diag_hint(load->diags, d, "begin the file with mok: 1");
	} else if (v->type != MOK_STR || strcmp(v->u.s, "1") != 0) {
		d = mok_diag_add(
			load->diags, "E0203", v->at, "this mok reads plan files of format 1");
		mok_diag_hint(load->diags, d, "write mok: 1");
	}
}

static bool is_stack_name(const char *s)
{
	size_t len = strlen(s);

	if (!islower((unsigned char)*s) || len > STACK_NAME_MAX)
		return false;
	for (; *s; s++)
		if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '-')
			return false;
	return true;
}

static void read_name(struct load *load, const struct mok_val *top)
{
	const struct mok_val *v = mok_val_get(top, "name");
	struct mok_diag *d;

	if (!v || v->type == MOK_NULL) {
		d = mok_diag_add(
			load->diags, "E0202", top_mark(top), "the key \"name\" is missing");
		mok_diag_hint(load->diags, d,
			"write name: NAME; it marks everything that the stack owns");
	} else if (v->type != MOK_STR || !is_stack_name(v->u.s)) {
		d = mok_diag_add(load->diags, "E0204", v->at, "this is not a stack name");
		mok_diag_hint(load->diags, d,
			"a lower-case letter, then lower-case letters, digits and hyphens, at most "
			"31 characters");
	} else {
		load->stack->name = v->u.s;
	}
}

static void check_top_keys(struct load *load, const struct mok_val *top)
{
	struct mok_val rest = *top;
	struct mok_pair *pairs = MOK_NEW_N(load->arena, struct mok_pair, top->u.map.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < top->u.map.len; i++) {
		const struct mok_pair *pair = &top->u.map.pairs[i];

		if (load->options->expansion &&
			strcmp(pair->key, load->options->expansion->key) == 0)
			continue;
		if (!mok_starts(pair->key, "x-"))
			pairs[n++] = *pair;
	}
	rest.u.map.pairs = pairs;
	rest.u.map.len = n;
	plan_unknown_keys(load, &rest, "E0201", top_keys, "a plan file");
}

/* What depends_on names is looked at when all resources are there. */
static void keep_depends_on(struct load *load, const struct mok_val *resources)
{
	for (size_t i = 0; i < resources->u.map.len; i++) {
		const struct mok_pair *block = &resources->u.map.pairs[i];
		const struct mok_val *list = mok_val_get(&block->val, "depends_on");

		if (list && list->type != MOK_NULL)
			mok_map_put(load->plan->depends_on, block->key, (void *)(uintptr_t)list);
	}
}

/* ---- the hash of what the stack is made of, without sensitive values ---- */

static void hash_variables(const struct load *load, struct mok_buf *text)
{
	for (size_t i = 0; i < load->stack->variables.len; i++) {
		const struct mok_variable *var = &load->stack->variables.items[i];

		mok_buf_printf(text, "\nvar.%s=", var->name);
		if (!var->sensitive && var->value.type != MOK_UNKNOWN)
			mok_val_canonical(&var->value, text);
	}
}

static struct mok_val without(
	struct mok_arena *arena, const struct mok_val *map, const char *key1, const char *key2)
{
	struct mok_val out = *map;
	struct mok_pair *pairs = MOK_NEW_N(arena, struct mok_pair, map->u.map.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < map->u.map.len; i++)
		if (strcmp(map->u.map.pairs[i].key, key1) != 0 &&
			strcmp(map->u.map.pairs[i].key, key2) != 0)
			pairs[n++] = map->u.map.pairs[i];
	out.u.map.pairs = pairs;
	out.u.map.len = n;
	return out;
}

static void hash_config(struct load *load, const struct mok_val *top)
{
	struct mok_val rest = without(load->arena, top, "variables", "include");
	struct mok_buf text;

	mok_buf_init(&text, (size_t)256 << 20);
	mok_val_canonical(&rest, &text);
	hash_variables(load, &text);
	mok_sha256_hex(text.data, text.len, load->stack->config_hash);
	mok_buf_release(&text);
}

/* ---- loading ---- */

static struct mok_pair with_settings(const struct load *load, const struct mok_pair *block)
{
	struct mok_pair out = *block;

	for (size_t i = 0; i < load->options->nsettings && out.val.type == MOK_MAP; i++) {
		const struct mok_assignment *a = &load->options->settings[i];
		const struct mok_val *old = mok_val_get(&out.val, a->name);
		struct mok_val v = mok_val_str(a->value);

		if (old)
			v.at = old->at;
		mok_val_set(load->arena, &out.val, a->name, v);
	}
	return out;
}

/* What the block stands for is read as if it stood under `resources:`. */
static void expand(struct load *load, const struct mok_val *top)
{
	const struct mok_expansion *expansion = load->options->expansion;
	const struct mok_pair *block = expansion ? plan_pair(top, expansion->key) : NULL;
	struct mok_val blocks = { .type = MOK_MAP };
	struct mok_pair set;

	if (!block || block->val.type == MOK_NULL)
		return;
	load->stack->expanded = expansion->key;
	load->stack->expanded_as = &block->val;
	set = with_settings(load, block);
	expansion->expand(load->arena, load->stack, &set, load->diags, &blocks);
	keep_depends_on(load, &blocks);
	plan_read_resources(load, &blocks);
}

/* At the top, or in the mastodon block, whose keys are the first that come to mind. */
static const struct mok_pair *secrets_block(const struct mok_val *top)
{
	const struct mok_pair *own = plan_pair(top, "secrets");
	const struct mok_pair *mastodon = plan_pair(top, "mastodon");

	return own || !mastodon ? own : plan_pair(&mastodon->val, "secrets");
}

static void read_top(struct load *load, const struct mok_val *top)
{
	struct mok_val variables, resources, outputs;

	check_format(load, top);
	check_top_keys(load, top);
	read_name(load, top);
	if (plan_text(load, mok_val_get(top, "region"), "region", &load->stack->region) &&
		!load->stack->region[0])
		load->stack->region = NULL;
	if (load->stack->region)
		load->stack->region_at = mok_val_get(top, "region")->at;
	plan_map(load, mok_val_get(top, "variables"), "variables", &variables);
	plan_map(load, mok_val_get(top, "resources"), "resources", &resources);
	plan_map(load, mok_val_get(top, "outputs"), "outputs", &outputs);
	plan_read_secrets(load, secrets_block(top), load->plan->secrets);
	plan_read_variables(load, &variables);
	keep_depends_on(load, &resources);
	plan_read_resources(load, &resources);
	expand(load, top);
	plan_read_outputs(load, &outputs);
	plan_check(load);
	hash_config(load, top);
}

static struct mok_plan *new_plan(
	struct mok_arena *arena, const struct mok_plan_options *options, struct mok_stack *stack)
{
	struct mok_plan *plan = MOK_NEW(arena, struct mok_plan);
	struct mok_plan_options *kept = MOK_NEW(arena, struct mok_plan_options);

	*kept = *options;
	*plan = (struct mok_plan){
		.arena = arena,
		.options = kept,
		.stack = stack,
		.variables = mok_map_new(arena),
		.environment = mok_map_new(arena),
		.files = mok_map_new(arena),
		.blocks = mok_map_new(arena),
		.depends_on = mok_map_new(arena),
		.secrets = MOK_NEW(arena, struct mok_secrets_block),
		.secrets_asked = mok_map_new(arena),
		.secrets_known = mok_map_new(arena),
		.images_asked = mok_map_new(arena),
		.images_known = mok_map_new(arena),
	};
	for (size_t i = 0; i < options->nenvironment; i++)
		mok_map_put(plan->environment, options->environment[i].name,
			(void *)(uintptr_t)&options->environment[i]);
	return plan;
}

static const char *folder_of(struct mok_arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? mok_arena_strndup(arena, path, (size_t)(slash - path)) : ".";
}

struct mok_stack *mok_plan_load(
	struct mok_arena *arena, const struct mok_plan_options *options, struct mok_diags *diags)
{
	struct mok_stack *stack = MOK_NEW(arena, struct mok_stack);
	struct load load = { .arena = arena, .stack = stack, .diags = diags, .options = options };
	struct mok_val top;

	stack->by_address = mok_map_new(arena);
	stack->plan = load.plan = new_plan(arena, options, stack);
	stack->secrets = load.plan->secrets;
	if (options->nfiles)
		stack->base_dir = folder_of(arena, options->files[0]);
	if (plan_read_files(&load, &top) == 0 && top.type == MOK_MAP)
		read_top(&load, &top);
	mok_diags_sort(diags);
	return stack;
}
