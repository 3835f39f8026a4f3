#include "mok/tfstate.h"

#include <stdio.h>
#include <string.h>

/* Of a name, an id or an index; and how many objects: what has more is no state. */
#define NAME_LONGEST ((size_t)1024)
#define ITEMS_MOST ((size_t)100000)

struct reader {
	struct mok_arena *arena;
	struct mok_tf_state *out;
	struct mok_err *err;
};

static int is_wrong(const struct reader *r, const char *where, const char *what)
{
	return mok_err_set(r->err, MOK_ERR_INPUT, "%s: %s", where, what);
}

/* NULL: there is none, or it is none: no name has a line's end in it. */
static const char *copy(const struct reader *r, const char *text)
{
	if (!text || !*text || strlen(text) > NAME_LONGEST)
		return NULL;
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == '\x7f')
			return NULL;
	return mok_arena_strdup(r->arena, text);
}

/* ---- what identifies an object ---- */

/* Of "a|b" the first that is there. */
static const char *attribute(const struct reader *r, const cJSON *attrs, const char *paths)
{
	const char *text = NULL;

	while (!text && paths && *paths) {
		size_t len = strcspn(paths, "|");

		text = copy(r, mok_json_str(attrs, mok_arena_strndup(r->arena, paths, len)));
		paths += len + (paths[len] == '|');
	}
	return text;
}

/* An attribute of any type is {"value", "type"} in a state file, and plain in `show -json`. */
static const char *dynamic(const struct reader *r, const cJSON *attrs, const char *path)
{
	const char *dot = path ? strchr(path, '.') : NULL;
	const char *text;

	if (path && *path == '=')
		return path + 1;
	text = attribute(r, attrs, path);
	if (text || !dot)
		return text;
	return attribute(
		r, attrs, mok_arena_printf(r->arena, "%.*s.value%s", (int)(dot - path), path, dot));
}

static void set(const struct reader *r, struct mok_val *map, const char *name, const char *text)
{
	if (text)
		mok_val_set(r->arena, map, name, mok_val_str(text));
}

/* As the kind itself makes it of what is wanted. */
static const char *key_in_cluster(
	const struct reader *r, const struct mok_tf_item *item, const cJSON *attrs)
{
	const struct mok_tf_type *row = item->row;
	struct mok_val names = { .type = MOK_MAP }, manifest = { .type = MOK_MAP };
	struct mok_val of_manifest = { .type = MOK_MAP };

	set(r, &names, "name", dynamic(r, attrs, row->object_name));
	set(r, &names, "namespace", dynamic(r, attrs, row->object_namespace));
	if (!row->object_kind)
		return mok_natural_key(r->arena, item->kind, &names);
	set(r, &manifest, "apiVersion", dynamic(r, attrs, row->api_version));
	set(r, &manifest, "kind", dynamic(r, attrs, row->object_kind));
	mok_val_set(r->arena, &manifest, "metadata", names);
	mok_val_set(r->arena, &of_manifest, "manifest", manifest);
	return mok_natural_key(r->arena, item->kind, &of_manifest);
}

static void identify(const struct reader *r, struct mok_tf_item *item, const cJSON *attrs)
{
	const struct mok_tf_type *row = item->row;

	item->kind = mok_kind_find(row->kind);
	item->id = attribute(r, attrs, row->id);
	item->name = attribute(r, attrs, row->name);
	item->secret = attribute(r, attrs, row->once);
	if (row->parent)
		item->parent_id = attribute(r, attrs, row->parent);
	if (row->object_name)
		item->key = key_in_cluster(r, item, attrs);
	if ((item->id && (item->parent_id || !row->parent)) || item->key)
		return;
	item->fate = MOK_TF_UNREADABLE;
	item->reason = "the state does not say which object it is";
}

/* A cluster's first pool is a resource of its own in mok. */
static void add_inside(const struct reader *r, const struct mok_tf_item *around, const cJSON *attrs)
{
	const cJSON *list = mok_json_at(attrs, around->row->inside_at), *one;

	if (!cJSON_IsArray(list))
		return;
	cJSON_ArrayForEach(one, list)
	{
		struct mok_tf_item item = { .address = around->address,
			.type = around->type,
			.parent_id = around->id,
			.row = mok_tf_type_find(around->row->inside) };

		if (r->out->items.len >= ITEMS_MOST)
			return;
		identify(r, &item, one);
		mok_vec_push(r->arena, &r->out->items, item);
	}
}

static int add(const struct reader *r, struct mok_tf_item *item, const cJSON *attrs, bool deposed)
{
	if (r->out->items.len >= ITEMS_MOST)
		return mok_err_set(
			r->err, MOK_ERR_INPUT, "it holds more than %zu objects", ITEMS_MOST);
	item->row = strchr(item->type, ' ') ? NULL : mok_tf_type_find(item->type);
	if (!item->row) {
		item->reason = mok_tf_no_kind(item->type);
	} else if (deposed) {
		item->kind = mok_kind_find(item->row->kind);
		item->fate = MOK_TF_UNREADABLE;
		item->reason = "deposed: a former self, which Terraform still has to destroy";
	} else {
		identify(r, item, attrs);
	}
	mok_vec_push(r->arena, &r->out->items, *item);
	if (item->row && item->row->inside && !deposed && item->id)
		add_inside(r, item, attrs);
	return 0;
}

/* ---- addresses ---- */

/* The key of count or for_each. -1: it is neither a number nor a text. */
static int read_index(const struct reader *r, const cJSON *json, struct mok_tf_item *item)
{
	if (!json || cJSON_IsNull(json))
		return 0;
	if (cJSON_IsString(json) && strlen(json->valuestring) <= NAME_LONGEST)
		item->index = mok_arena_strdup(r->arena, json->valuestring);
	else if (cJSON_IsNumber(json) && json->valuedouble >= 0 && json->valuedouble < 1e9)
		item->index = mok_arena_printf(r->arena, "%d", json->valueint);
	else
		return -1;
	return 0;
}

/* As HCL writes a text: "${" and "%{" would begin a template. */
static void add_quoted(struct mok_buf *out, const char *text)
{
	static const char letters[] = "n\nr\rt\t\"\"\\\\";

	mok_buf_putc(out, '"');
	for (const char *p = text; *p; p++) {
		const char *letter = letters;

		while (*letter && letter[1] != *p)
			letter += 2;
		if (*letter)
			mok_buf_printf(out, "\\%c", *letter);
		else if ((unsigned char)*p < ' ' || *p == '\x7f')
			mok_buf_printf(out, "\\u%04x", (unsigned char)*p);
		else
			mok_buf_putc(out, *p);
		if ((*p == '$' || *p == '%') && p[1] == '{')
			mok_buf_putc(out, *p);
	}
	mok_buf_putc(out, '"');
}

static const char *address_of(
	const struct reader *r, const char *module, const struct mok_tf_item *item, bool is_number)
{
	const char *address = mok_arena_printf(r->arena, "%s%s%s.%s", module ? module : "",
		module ? "." : "", item->type, item->label);
	struct mok_buf index;

	if (!item->index)
		return address;
	if (is_number)
		return mok_arena_printf(r->arena, "%s[%s]", address, item->index);
	mok_buf_init(&index, 8 * NAME_LONGEST);
	add_quoted(&index, item->index);
	address = mok_arena_printf(r->arena, "%s[%s]", address, index.data);
	mok_buf_release(&index);
	return address;
}

static bool is_managed(const cJSON *resource)
{
	return mok_streq(mok_json_str(resource, "mode"), "managed");
}

static int read_names(
	const struct reader *r, const char *where, const cJSON *json, struct mok_tf_item *item)
{
	item->type = copy(r, mok_json_str(json, "type"));
	item->label = copy(r, mok_json_str(json, "name"));
	return item->type && item->label ? 0 : is_wrong(r, where, "it has no type or no name");
}

/* ---- a state file ---- */

static int read_instance(const struct reader *r, const char *where, const cJSON *resource,
	const cJSON *instance, const struct mok_tf_item *names)
{
	const cJSON *index = cJSON_GetObjectItemCaseSensitive(instance, "index_key");
	const cJSON *attrs = cJSON_GetObjectItemCaseSensitive(instance, "attributes");
	struct mok_tf_item item = *names;

	if (!cJSON_IsObject(instance) || read_index(r, index, &item) != 0)
		return is_wrong(r, where, "an instance of it has wrong types");
	item.address = address_of(
		r, copy(r, mok_json_str(resource, "module")), &item, cJSON_IsNumber(index));
	item.tainted = mok_streq(mok_json_str(instance, "status"), "tainted");
	if (!attrs) /* not written anew since Terraform 0.11 */
		attrs = cJSON_GetObjectItemCaseSensitive(instance, "attributes_flat");
	return add(r, &item, attrs, mok_json_str(instance, "deposed") != NULL);
}

static int read_resource(const struct reader *r, const char *where, const cJSON *resource)
{
	const cJSON *instances = cJSON_GetObjectItemCaseSensitive(resource, "instances"), *one;
	struct mok_tf_item names = { 0 };

	if (!cJSON_IsObject(resource) || !cJSON_IsArray(instances))
		return is_wrong(r, where, "it has wrong types, or no instances");
	if (!is_managed(resource))
		return 0;
	if (read_names(r, where, resource, &names) != 0)
		return -1;
	cJSON_ArrayForEach(one, instances)
	{
		if (read_instance(r, where, resource, one, &names) != 0)
			return -1;
	}
	return 0;
}

static int read_file(const struct reader *r, const cJSON *state)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(state, "resources"), *one;
	char where[48];
	int n = 0;

	if (!cJSON_IsArray(list))
		return is_wrong(r, "resources", "it is no list");
	cJSON_ArrayForEach(one, list)
	{
		(void)snprintf(where, sizeof(where), "resources[%d]", n++);
		if (read_resource(r, where, one) != 0)
			return -1;
	}
	return 0;
}

/* ---- terraform show -json ---- */

static int read_shown(const struct reader *r, const cJSON *json)
{
	struct mok_tf_item item = { 0 };

	if (!cJSON_IsObject(json))
		return is_wrong(r, "values", "a resource has wrong types");
	if (!is_managed(json))
		return 0;
	if (read_names(r, "values", json, &item) != 0)
		return -1;
	if (read_index(r, cJSON_GetObjectItemCaseSensitive(json, "index"), &item) != 0)
		return is_wrong(r, "values", "a resource's index has a wrong type");
	item.address = copy(r, mok_json_str(json, "address"));
	if (!item.address)
		return is_wrong(r, "values", "a resource has no address");
	item.tainted = mok_json_bool(json, "tainted", false);
	return add(r, &item, cJSON_GetObjectItemCaseSensitive(json, "values"),
		mok_json_str(json, "deposed_key") != NULL);
}

/* Modules lie in each other: a stack of those to be read, since nothing says how deep. */
static int read_modules(const struct reader *r, const cJSON *root)
{
	MOK_VEC(const cJSON *) open = { 0 };
	const cJSON *one;

	mok_vec_push(r->arena, &open, root);
	while (open.len) {
		const cJSON *module = open.items[--open.len];
		const cJSON *inside = cJSON_GetObjectItemCaseSensitive(module, "child_modules");

		cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(module, "resources"))
		{
			if (read_shown(r, one) != 0)
				return -1;
		}
		cJSON_ArrayForEach(one, inside) mok_vec_push(r->arena, &open, one);
	}
	return 0;
}

/* ---- which of them it is ---- */

static int refuse(struct mok_err *err, const char *msg, const char *hint)
{
	mok_err_set(err, MOK_ERR_INPUT, "%s", msg);
	mok_err_hint(err, "%s", hint);
	return -1;
}

static int refuse_version(const cJSON *state, struct mok_err *err)
{
	const cJSON *version = cJSON_GetObjectItemCaseSensitive(state, "version");

	if (cJSON_HasObjectItem(state, "backend") && !cJSON_HasObjectItem(state, "resources"))
		return refuse(err, "it only says where Terraform keeps the state",
			"terraform state pull | mok adopt --from-tfstate -");
	if (!cJSON_IsNumber(version))
		return refuse(err, "it is no Terraform state: it has no version",
			"wanted: terraform.tfstate, or what `terraform state pull` or `terraform "
			"show -json` writes");
	mok_err_set(err, MOK_ERR_INPUT, "it is a state of version %g, and mok reads version 4",
		version->valuedouble);
	mok_err_hint(err, "%s",
		version->valuedouble < 4 ? "Terraform 0.12 writes that: terraform refresh"
					 : "`terraform show -json` may have a form that mok reads");
	return -1;
}

static int read_json(const struct reader *r, const cJSON *json)
{
	if (cJSON_HasObjectItem(json, "encrypted_data"))
		return refuse(r->err, "it is encrypted (by OpenTofu)",
			"tofu can read it: tofu state pull | mok adopt --from-tfstate -");
	if (cJSON_HasObjectItem(json, "planned_values") ||
		cJSON_HasObjectItem(json, "resource_changes"))
		return refuse(r->err, "it is a plan of Terraform's, no state",
			"terraform show -json | mok adopt --from-tfstate -");
	if (mok_json_str(json, "format_version"))
		return read_modules(r, mok_json_at(json, "values.root_module"));
	if (mok_json_int(json, "version", 0) == 4)
		return read_file(r, json);
	return refuse_version(json, r->err);
}

int mok_tf_read(struct mok_arena *arena, const char *text, size_t len, struct mok_tf_state *out,
	struct mok_err *err)
{
	const struct reader r = { arena, out, err };
	MOK_CLEANUP(mok_json_cleanup) cJSON *json = NULL;

	*out = (struct mok_tf_state){ .arena = arena };
	if (!mok_utf8_valid(text, len, NULL))
		return refuse(err, "it is no text in UTF-8",
			"wanted: terraform.tfstate, or what `terraform state pull` writes");
	if (strspn(text, " \t\r\n") >= len)
		return refuse(err, "it is empty",
			"wanted: terraform.tfstate, or what `terraform state pull` writes");
	json = mok_json_parse(text, len);
	if (!cJSON_IsObject(json))
		return refuse(err,
			json ? "it is no Terraform state"
			     : "it is no JSON, or nested more than 200 deep",
			"wanted: terraform.tfstate, or what `terraform state pull` or `terraform "
			"show -json` writes");
	return read_json(&r, json);
}
