#include "engine_internal.h"

#include <stdlib.h>
#include <string.h>

/*
 * A saved plan holds what it takes to compute the plan again, and hashes to tell whether the answer
 * is the same: of the configuration, of each live object's compared fields, of each change. No
 * values, so no secrets.
 */

#define FORMAT_VERSION 1
#define CHANGE_MAX ((size_t)4 << 20)

/* What is waited for may get ready any moment, and is as it was all the same. */
static const char *lasting_action(const struct mok_change *c)
{
	return mok_action_name(c->action == MOK_ACT_WAIT ? MOK_ACT_NONE : c->action);
}

static void change_text(const struct mok_change *c, struct mok_buf *out)
{
	mok_buf_printf(out, "%s %s %s %s g%u %d%d%d%d%d%d%d\n", lasting_action(c), c->address,
		c->kind->name, c->name ? c->name : "", c->generation, c->create_first, c->implied,
		c->set_protect, c->clear_protect, c->set_retain, c->clear_retain,
		c->moved_from != NULL);
	for (size_t i = 0; i < c->fields.len; i++) {
		const struct mok_field_change *f = &c->fields.items[i];

		mok_buf_printf(out, "%s %d ", f->path, f->forces_replacement);
		if (!f->sensitive) {
			mok_val_canonical(&f->before, out);
			mok_buf_puts(out, " -> ");
			mok_val_canonical(&f->after, out);
		}
		mok_buf_putc(out, '\n');
	}
}

static void change_hash(const struct mok_change *c, char out[65])
{
	struct mok_buf text;

	mok_buf_init(&text, CHANGE_MAX);
	change_text(c, &text);
	mok_sha256_hex(text.data, text.len, out);
	mok_buf_release(&text);
}

static cJSON *change_json(const struct mok_change *c)
{
	cJSON *json = cJSON_CreateObject();
	char hash[65];

	cJSON_AddStringToObject(json, "address", c->address);
	cJSON_AddStringToObject(json, "kind", c->kind->name);
	cJSON_AddStringToObject(json, "action", lasting_action(c));
	change_hash(c, hash);
	cJSON_AddStringToObject(json, "change", hash);
	if (c->object) {
		cJSON_AddStringToObject(json, "id", c->object->id);
		mok_live_fingerprint(c->object, &c->want, hash);
		cJSON_AddStringToObject(json, "live", hash);
	}
	return json;
}

int mok_saved_plan_write(const struct mok_stack *stack, const struct mok_live *live,
	const struct mok_changes *changes, const cJSON *command, struct mok_buf *out,
	struct mok_err *err)
{
	cJSON *json = cJSON_CreateObject(), *list;
	char *text;

	cJSON_AddNumberToObject(json, "format_version", FORMAT_VERSION);
	cJSON_AddStringToObject(json, "stack", stack->name);
	cJSON_AddStringToObject(json, "account", live->account_uuid);
	cJSON_AddStringToObject(json, "config", stack->config_hash);
	cJSON_AddItemToObject(json, "command", cJSON_Duplicate(command, true));
	list = cJSON_AddArrayToObject(json, "changes");
	for (size_t i = 0; i < changes->list.len; i++)
		cJSON_AddItemToArray(list, change_json(&changes->list.items[i]));
	text = cJSON_Print(json);
	mok_buf_puts(out, text);
	mok_buf_putc(out, '\n');
	free(text);
	cJSON_Delete(json);
	return out->overflow ? mok_err_set(err, MOK_ERR_IO, "the saved plan is too large") : 0;
}

cJSON *mok_saved_plan_read(const char *text, size_t len, struct mok_err *err)
{
	cJSON *json = mok_json_parse(text, len);

	if (json && mok_json_int(json, "format_version", 0) == FORMAT_VERSION &&
		mok_json_str(json, "config") && cJSON_IsArray(mok_json_at(json, "changes")))
		return json;
	mok_err_set(err, MOK_ERR_INPUT,
		json ? "it is not a plan that this version of mok wrote"
		     : "it is not a saved plan, or it is damaged");
	mok_err_hint(err, "make a new one: mok plan -o FILE");
	cJSON_Delete(json);
	return NULL;
}

static int stale(struct mok_err *err, const char *what)
{
	mok_err_set(err, MOK_ERR_STALE, "the saved plan no longer fits: %s", what);
	mok_err_hint(err, "look at what changed and make a new one: mok plan -o FILE");
	return -1;
}

static int check_change(const cJSON *saved, const struct mok_change *c, struct mok_err *err)
{
	char hash[65], what[512];
	struct mok_buf text;
	const char *saved_action = mok_json_str(saved, "action");

	mok_buf_init(&text, sizeof(what) - 1);
	if (c->object) {
		mok_live_fingerprint(c->object, &c->want, hash);
		if (!mok_json_str(saved, "id"))
			mok_buf_printf(&text, "%s exists by now (%s)", c->address, c->object->id);
		else if (!mok_streq(mok_json_str(saved, "id"), c->object->id))
			mok_buf_printf(
				&text, "%s is another object now (%s)", c->address, c->object->id);
		else if (!mok_streq(mok_json_str(saved, "live"), hash))
			mok_buf_printf(&text, "%s has changed in the account since", c->address);
	} else if (mok_json_str(saved, "id")) {
		mok_buf_printf(&text, "%s no longer exists", c->address);
	}
	if (text.len == 0) {
		change_hash(c, hash);
		if (!mok_streq(mok_json_str(saved, "change"), hash))
			mok_buf_printf(&text, "%s: it said %s, now it would be %s%s", c->address,
				saved_action ? saved_action : "?", lasting_action(c),
				mok_streq(saved_action, lasting_action(c)) ? " with other values"
									   : "");
	}
	memcpy(what, text.data, text.len + 1);
	mok_buf_release(&text);
	return what[0] ? stale(err, what) : 0;
}

static const struct mok_change *find_change(const struct mok_changes *changes, const cJSON *saved)
{
	const char *address = mok_json_str(saved, "address"), *id = mok_json_str(saved, "id");

	for (size_t i = 0; changes->list.items && i < changes->list.len; i++) {
		const struct mok_change *c = &changes->list.items[i];

		if (mok_streq(c->address, address) &&
			(c->resource || !id || (c->object && mok_streq(c->object->id, id))))
			return c;
	}
	return NULL;
}

int mok_saved_plan_check(const cJSON *saved, const struct mok_stack *stack,
	const struct mok_live *live, const struct mok_changes *changes, struct mok_err *err)
{
	const cJSON *list = mok_json_at(saved, "changes"), *item;
	size_t n = 0, next = 0;

	if (!mok_streq(mok_json_str(saved, "stack"), stack->name))
		return stale(err, "it was made for another stack");
	if (!mok_streq(mok_json_str(saved, "account"), live->account_uuid))
		return stale(err, "it was made for another account");
	if (!mok_streq(mok_json_str(saved, "config"), stack->config_hash))
		return stale(err, "the plan file or a variable has changed");
	cJSON_ArrayForEach(item, list)
	{
		const struct mok_change *c = changes->list.items && next < changes->list.len
			? &changes->list.items[next]
			: NULL;

		/* Both are in the same order unless something moved. */
		if (!c || !mok_streq(c->address, mok_json_str(item, "address")))
			c = find_change(changes, item);
		else
			next++;
		if (!c)
			return stale(err, "something that it would change is no longer there");
		if (check_change(item, c, err) != 0)
			return -1;
		n++;
	}
	if (n != changes->list.len)
		return stale(err, "there is more to change than it knows of");
	return 0;
}
