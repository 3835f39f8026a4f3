/*
 * Base manifests into C, when mok is built: embed_manifests OUTPUT FILE.yaml... What is not YAML
 * ends the build. FILE.yaml of a folder values/ is named "values-FILE".
 */
#include "mok/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct output {
	FILE *file;
	unsigned arrays; /* so many have a name */
};

static void die(const char *path, const char *why)
{
	fprintf(stderr, "embed_manifests: %s: %s\n", path, why);
	exit(1);
}

static void write_text(struct output *o, const char *s)
{
	fputc('"', o->file);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '\n')
			fputs(s[1] ? "\\n\"\n\"" : "\\n", o->file);
		else if (c < ' ' || c > '~' || strchr("\"\\?", c))
			fprintf(o->file, "\\%03o", c);
		else
			fputc(c, o->file);
	}
	fputc('"', o->file);
}

static void write_scalar(struct output *o, const struct mok_val *v)
{
	switch (v->type) {
	case MOK_BOOL: fprintf(o->file, "{ .type = MOK_BOOL, .u.b = %d }", v->u.b); return;
	case MOK_INT:
		fprintf(o->file, "{ .type = MOK_INT, .u.i = INT64_C(%lld) }", (long long)v->u.i);
		return;
	case MOK_NUM: fprintf(o->file, "{ .type = MOK_NUM, .u.n = %.17g }", v->u.n); return;
	case MOK_STR:
		fputs("{ .type = MOK_STR, .u.s = ", o->file);
		write_text(o, v->u.s);
		fputs(" }", o->file);
		return;
	case MOK_NULL:
	case MOK_LIST:
	case MOK_MAP:
	case MOK_EXPR:
	case MOK_UNKNOWN: break;
	}
	fputs("{ .type = MOK_NULL }", o->file);
}

/* `array`: what write_arrays() said. */
static void write_value(struct output *o, const struct mok_val *v, unsigned array)
{
	if (v->type == MOK_LIST && array)
		fprintf(o->file, "{ .type = MOK_LIST, .u.list = { a%u, %zu } }", array,
			v->u.list.len);
	else if (v->type == MOK_MAP && array)
		fprintf(o->file, "{ .type = MOK_MAP, .u.map = { a%u, %zu } }", array, v->u.map.len);
	else if (v->type == MOK_LIST || v->type == MOK_MAP)
		fprintf(o->file, "{ .type = %s }", v->type == MOK_LIST ? "MOK_LIST" : "MOK_MAP");
	else
		write_scalar(o, v);
}

static unsigned write_arrays(struct output *o, const struct mok_val *v);

static void write_items(
	struct output *o, const struct mok_val *v, const unsigned *inner, size_t len)
{
	bool is_list = v->type == MOK_LIST;

	fprintf(o->file, "static const struct %s a%u[] = {\n", is_list ? "mok_val" : "mok_pair",
		++o->arrays);
	for (size_t i = 0; i < len; i++) {
		if (!is_list) {
			fputs("{ .key = ", o->file);
			write_text(o, v->u.map.pairs[i].key);
			fputs(", .val = ", o->file);
		}
		write_value(o, is_list ? &v->u.list.items[i] : &v->u.map.pairs[i].val, inner[i]);
		fputs(is_list ? ",\n" : " },\n", o->file);
	}
	fputs("};\n", o->file);
}

/* The arrays of what is inside, then the value's own, whose number it gives; 0: it has none. */
static unsigned write_arrays(struct output *o, const struct mok_val *v)
{
	bool is_list = v->type == MOK_LIST;
	size_t len = is_list ? v->u.list.len : v->type == MOK_MAP ? v->u.map.len : 0;
	unsigned *inner;

	if (len == 0)
		return 0;
	inner = mok_xcalloc(len, sizeof(*inner));
	for (size_t i = 0; i < len; i++)
		inner[i] = write_arrays(o, is_list ? &v->u.list.items[i] : &v->u.map.pairs[i].val);
	write_items(o, v, inner, len);
	free(inner);
	return o->arrays;
}

static void read_file(const char *path, struct mok_buf *text)
{
	FILE *file = fopen(path, "rb");
	char part[4096];
	size_t n;

	if (!file)
		die(path, "cannot be opened");
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		mok_buf_add(text, part, n);
	if (ferror(file) || text->overflow)
		die(path, "cannot be read");
	fclose(file);
}

static struct mok_val read_yaml(struct mok_arena *arena, const char *path)
{
	struct mok_diags diags = { .arena = arena };
	struct mok_source source = { .name = path };
	struct mok_buf text;
	struct mok_val v;

	mok_buf_init(&text, (size_t)1 << 20);
	read_file(path, &text);
	source.text = text.data;
	source.len = text.len;
	if (mok_plan_read_yaml(arena, &source, &diags, &v) != 0)
		die(path, diags.list.len ? diags.list.items[0].message : "this is not YAML");
	mok_buf_release(&text);
	return mok_val_core(arena, &v);
}

/* values/keda.yaml is "values-keda". */
static const char *name_of(struct mok_arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	const char *folder = strstr(path, "/values/") ? "values-" : "";

	return mok_arena_printf(arena, "%s%.*s", folder, (int)strcspn(file, "."), file);
}

int main(int argc, char **argv)
{
	struct mok_arena *arena = mok_arena_new();
	struct output o = { .file = argc > 1 ? fopen(argv[1], "w") : NULL };
	struct mok_val *values = MOK_NEW_N(arena, struct mok_val, (size_t)argc);
	unsigned *arrays = MOK_NEW_N(arena, unsigned, (size_t)argc);

	if (!o.file)
		die(argc > 1 ? argv[1] : "OUTPUT", "cannot be written");
	fputs("/* Generated from the files in src/mastodon/manifests/. */\n"
	      "#include \"manifests.h\"\n\n",
		o.file);
	for (int i = 2; i < argc; i++) {
		values[i] = read_yaml(arena, argv[i]);
		arrays[i] = write_arrays(&o, &values[i]);
	}
	fputs("const struct masto_manifest masto_manifests[] = {\n", o.file);
	for (int i = 2; i < argc; i++) {
		fprintf(o.file, "{ \"%s\", ", name_of(arena, argv[i]));
		write_value(&o, &values[i], arrays[i]);
		fputs(" },\n", o.file);
	}
	fputs("{ 0 },\n};\n", o.file);
	if (ferror(o.file) || fclose(o.file) != 0)
		die(argv[1], "cannot be written");
	mok_arena_free(arena);
	return 0;
}
