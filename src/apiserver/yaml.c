/* YAML bodies: the JSON that they mean (YAML 1.2's core schema, as far as manifests go). */
#include "apiserver_internal.h"

#include <stdlib.h>
#include <yaml.h>

enum { NODES_MAX = 200000 };

struct walk {
	yaml_document_t doc;
	size_t nodes; /* an alias can name a node many times: bounded */
	struct mok_arena *arena;
	struct ks_yaml_error *error;
};

static cJSON *convert(struct walk *w, const yaml_node_t *node, int depth);

static bool is_one_of(const char *s, const char *words)
{
	size_t len = strlen(s);
	const char *at = len ? strstr(words, s) : NULL;

	return at && (at == words || at[-1] == ' ') && (at[len] == ' ' || !at[len]);
}

static cJSON *scalar(const yaml_node_t *node)
{
	const char *s = (const char *)node->data.scalar.value;
	char *end;
	double number;

	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return cJSON_CreateString(s);
	if (!*s || is_one_of(s, "null Null NULL ~"))
		return cJSON_CreateNull();
	if (is_one_of(s, "true True TRUE"))
		return cJSON_CreateTrue();
	if (is_one_of(s, "false False FALSE"))
		return cJSON_CreateFalse();
	if (!strchr("+-.0123456789", *s) || s[strspn(s, "+-.0123456789eE")])
		return cJSON_CreateString(s);
	number = strtod(s, &end);
	return *end ? cJSON_CreateString(s) : cJSON_CreateNumber(number);
}

static cJSON *sequence(struct walk *w, const yaml_node_t *node, int depth)
{
	cJSON *out = cJSON_CreateArray(), *item;

	for (const yaml_node_item_t *i = node->data.sequence.items.start;
		i < node->data.sequence.items.top; i++) {
		item = convert(w, yaml_document_get_node(&w->doc, *i), depth);
		if (!item) {
			cJSON_Delete(out);
			return NULL;
		}
		cJSON_AddItemToArray(out, item);
	}
	return out;
}

static void note_twice(struct walk *w, const cJSON *map, const yaml_node_t *key)
{
	const char *name = (const char *)key->data.scalar.value;

	if (w->error->twice || !ks_at(map, name))
		return;
	w->error->twice = mok_arena_strdup(w->arena, name);
	w->error->line = key->start_mark.line + 1;
}

static cJSON *mapping(struct walk *w, const yaml_node_t *node, int depth)
{
	cJSON *out = cJSON_CreateObject();

	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
		p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(&w->doc, p->key);
		cJSON *item = convert(w, yaml_document_get_node(&w->doc, p->value), depth);

		if (!item || !key || key->type != YAML_SCALAR_NODE) {
			cJSON_Delete(item);
			cJSON_Delete(out);
			return NULL;
		}
		note_twice(w, out, key);
		mok_json_set(out, (const char *)key->data.scalar.value, item);
	}
	return out;
}

static cJSON *convert(struct walk *w, const yaml_node_t *node, int depth)
{
	if (!node || depth >= KS_DEPTH_MAX || ++w->nodes > NODES_MAX)
		return NULL;
	if (node->type == YAML_SCALAR_NODE)
		return scalar(node);
	return node->type == YAML_SEQUENCE_NODE ? sequence(w, node, depth + 1)
						: mapping(w, node, depth + 1);
}

static void note_error(struct walk *w, const yaml_parser_t *parser)
{
	const char *text =
		parser->problem ? parser->problem : "unknown problem parsing YAML content";
	size_t line =
		parser->context_mark.line ? parser->context_mark.line : parser->problem_mark.line;

	w->error->text = mok_arena_strdup(w->arena, text);
	w->error->line = line + 1;
}

/* ---- depth: of brackets libyaml's time goes by the square ---- */

/* Brackets within texts count, too. */
static bool may_be_deep(const char *text, size_t len)
{
	int depth = 0;

	for (size_t i = 0; i < len && depth <= KS_DEPTH_MAX; i++) {
		if (text[i] == '[' || text[i] == '{')
			depth++;
		else if ((text[i] == ']' || text[i] == '}') && depth)
			depth--;
	}
	return depth > KS_DEPTH_MAX;
}

/* How much deeper an event leads. */
static int deeper(const yaml_event_t *event)
{
	switch ((int)event->type) {
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT: return 1;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: return -1;
	default: return 0;
	}
}

static bool is_too_deep(const char *text, size_t len)
{
	bool done = !may_be_deep(text, len);
	yaml_parser_t parser;
	yaml_event_t event;
	int depth = 0;

	if (!yaml_parser_initialize(&parser))
		MOK_BUG("out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (!done && depth <= KS_DEPTH_MAX && yaml_parser_parse(&parser, &event)) {
		depth += deeper(&event);
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return depth > KS_DEPTH_MAX;
}

cJSON *ks_yaml(struct mok_arena *arena, const char *text, size_t len, struct ks_yaml_error *error)
{
	struct walk w = { .arena = arena, .error = error };
	yaml_parser_t parser;
	cJSON *json = NULL;

	if (is_too_deep(text, len)) {
		error->text = "exceeded max depth";
		error->line = 1;
		return NULL;
	}
	if (!yaml_parser_initialize(&parser))
		MOK_BUG("out of memory");
	error->text = "it is no YAML document";
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (yaml_parser_load(&parser, &w.doc)) {
		json = convert(&w, yaml_document_get_root_node(&w.doc), 0);
		yaml_document_delete(&w.doc);
	} else {
		note_error(&w, &parser);
	}
	yaml_parser_delete(&parser);
	return json;
}

cJSON *mok_apiserver_yaml(const char *text, size_t len)
{
	struct mok_arena *arena = mok_arena_new();
	struct ks_yaml_error error = { .line = 0 };
	cJSON *json = ks_yaml(arena, text, len, &error);

	mok_arena_free(arena);
	return json;
}
