#include "plan_internal.h"

#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 100
#define WEIGHT_MAX ((size_t)2000000)

/* libyaml's events into values. A value that is aliased is shared, and weighed by what it would be
 * if written out: that is what later walks over it cost. */

struct anchor {
	struct mok_val val;
	size_t weight;
};

struct reader {
	struct mok_arena *arena;
	struct mok_diags *diags;
	const struct mok_source *source;
	yaml_parser_t parser;
	struct mok_map *anchors;
	MOK_VEC(struct mok_pair) stack; /* pairs of the maps being read, innermost last */
	struct mok_arena *scratch;      /* of the stack */
	size_t weight;
	int depth;
	bool failed;
	bool many; /* each document is an item of a list */
};

static bool read_node(struct reader *r, const yaml_event_t *event, struct mok_val *out);

static struct mok_mark mark_of(const struct reader *r, yaml_mark_t start, yaml_mark_t end)
{
	struct mok_mark mark = {
		.file = r->source->name,
		.line = (uint32_t)start.line + 1,
		.column = (uint32_t)start.column + 1,
	};

	mark.end = end.line == start.line && end.column > start.column ? (uint32_t)end.column + 1
								       : mark.column + 1;
	return mark;
}

static struct mok_mark event_mark(const struct reader *r, const yaml_event_t *event)
{
	return mark_of(r, event->start_mark, event->end_mark);
}

/* Is what begins the line, up to where reading ended, a tab among others? */
static bool is_tab(const struct reader *r, struct mok_mark *mark)
{
	struct mok_source source = *r->source;
	const struct mok_sources sources = { .list = { .items = &source, .len = 1 } };
	size_t len;
	const char *line = mok_source_line(&sources, source.name, mark->line, &len);

	for (size_t i = 0; i < len && (line[i] == ' ' || line[i] == '\t'); i++) {
		if (line[i] != '\t')
			continue;
		mark->column = (uint32_t)i + 1;
		mark->end = mark->column + 1;
		return true;
	}
	return false;
}

static bool syntax_error(struct reader *r)
{
	yaml_mark_t at = r->parser.problem_mark;
	struct mok_mark mark = mark_of(r, at, at);
	struct mok_diag *d;
	const char *quoted;

	r->failed = true;
	if (plan_flow_expression(r->arena, r->source, mark.line, mark.column, &mark, &quoted)) {
		d = mok_diag_add(
			r->diags, "E0106", mark, "an expression inside {} or [] needs quotes");
		mok_diag_hint(r->diags, d, "write %s", quoted);
		return false;
	}
	if (is_tab(r, &mark)) {
		d = mok_diag_add(r->diags, "E0102", mark, "a tab begins the line");
		mok_diag_hint(r->diags, d, "YAML takes blanks only: write two for each level");
		return false;
	}
	d = mok_diag_add(r->diags, "E0102", mark, "%s",
		r->parser.problem ? r->parser.problem : "this cannot be read as YAML");
	if (r->parser.context)
		mok_diag_hint(r->diags, d, "%s that begins at line %zu", r->parser.context,
			r->parser.context_mark.line + 1);
	return false;
}

static bool next_event(struct reader *r, yaml_event_t *event)
{
	return yaml_parser_parse(&r->parser, event) ? true : syntax_error(r);
}

static bool refuse(struct reader *r, const yaml_event_t *event, const char *code, const char *what)
{
	r->failed = true;
	mok_diag_add(r->diags, code, event_mark(r, event), "%s", what);
	return false;
}

static bool weigh(struct reader *r, const yaml_event_t *event, size_t weight)
{
	r->weight += weight;
	return r->weight <= WEIGHT_MAX ||
		refuse(r, event, "E0105", "aliases stand for more than two million values");
}

/* ---- scalars ---- */

static bool is_null(const char *s)
{
	return !*s || strcmp(s, "~") == 0 || strcmp(s, "null") == 0 || strcmp(s, "Null") == 0 ||
		strcmp(s, "NULL") == 0;
}

/* Only YAML's own tags of scalars: "!!str" and its like. */
static bool read_tag(
	struct reader *r, const yaml_event_t *event, const yaml_char_t *tag, bool *is_text)
{
	static const char core[] = "tag:yaml.org,2002:";
	const char *name = (const char *)tag;

	*is_text = false;
	if (!name)
		return true;
	*is_text = strcmp(name, "!") == 0 || strcmp(name, "tag:yaml.org,2002:str") == 0;
	if (*is_text || strncmp(name, core, strlen(core)) == 0)
		return true;
	return refuse(r, event, "E0107", "a plan file has no tags of its own");
}

static bool read_scalar(struct reader *r, const yaml_event_t *event, struct mok_val *out)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE, is_text;

	if (!read_tag(r, event, event->data.scalar.tag, &is_text))
		return false;
	if (memchr(text, '\0', len))
		return refuse(r, event, "E0103", "this text holds a NUL byte");
	if (is_plain && !is_text && is_null(text)) {
		*out = mok_val_null();
	} else {
		*out = mok_val_str(mok_arena_strndup(r->arena, text, len));
		out->plain = is_plain && !is_text;
	}
	out->at = event_mark(r, event);
	return true;
}

/* ---- collections ---- */

static bool read_list(struct reader *r, struct mok_val *out)
{
	MOK_VEC(struct mok_val) items = { 0 };
	yaml_event_t event;
	bool ok = true;

	while (ok) {
		struct mok_val item;
		bool is_end;

		if (!next_event(r, &event))
			return false;
		is_end = event.type == YAML_SEQUENCE_END_EVENT;
		ok = is_end || read_node(r, &event, &item);
		yaml_event_delete(&event);
		if (is_end)
			break;
		if (ok)
			mok_vec_push(r->arena, &items, item);
	}
	out->type = MOK_LIST;
	out->u.list.items = items.items;
	out->u.list.len = items.len;
	return ok;
}

/* The pairs of one map: the reader's stack from `base` on. */
struct pairs {
	size_t base;
	struct mok_map *index; /* key -> 1 + place in the map; made when it gets long */
};

static size_t count_pairs(const struct reader *r, const struct pairs *pairs)
{
	return r->stack.len - pairs->base;
}

static struct mok_pair *find_pair(struct reader *r, struct pairs *pairs, const char *key)
{
	size_t len = count_pairs(r, pairs);
	struct mok_pair *first;
	uintptr_t at;

	if (len == 0)
		return NULL;
	first = &r->stack.items[pairs->base];
	if (len < 8) {
		for (size_t i = 0; i < len; i++)
			if (strcmp(first[i].key, key) == 0)
				return &first[i];
		return NULL;
	}
	if (!pairs->index) {
		pairs->index = mok_map_new(r->scratch);
		for (size_t i = 0; i < len; i++)
			mok_map_put(pairs->index, first[i].key, (void *)(uintptr_t)(i + 1));
	}
	at = (uintptr_t)mok_map_get(pairs->index, key);
	return at ? &first[at - 1] : NULL;
}

static void add_pair(struct reader *r, struct pairs *pairs, const struct mok_pair *pair)
{
	mok_vec_push(r->scratch, &r->stack, *pair);
	if (pairs->index)
		mok_map_put(pairs->index, pair->key, (void *)(uintptr_t)count_pairs(r, pairs));
}

static void take_pairs(struct reader *r, const struct pairs *pairs, struct mok_val *out)
{
	size_t len = count_pairs(r, pairs);
	struct mok_pair *kept = MOK_NEW_N(r->arena, struct mok_pair, len);

	if (len)
		memcpy(kept, r->stack.items + pairs->base, len * sizeof(*kept));
	r->stack.len = pairs->base;
	out->type = MOK_MAP;
	out->u.map.pairs = kept;
	out->u.map.len = len;
}

/* "<<": keys that are not there yet, of one map or of several, the first winning. */
static bool merge_into(struct reader *r, struct pairs *pairs, const struct mok_val *from)
{
	bool ok = from->type == MOK_MAP || from->type == MOK_LIST;

	if (from->type == MOK_LIST)
		for (size_t i = 0; ok && i < from->u.list.len; i++)
			ok = from->u.list.items[i].type == MOK_MAP &&
				merge_into(r, pairs, &from->u.list.items[i]);
	if (from->type == MOK_MAP)
		for (size_t i = 0; i < from->u.map.len; i++)
			if (!find_pair(r, pairs, from->u.map.pairs[i].key))
				add_pair(r, pairs, &from->u.map.pairs[i]);
	return ok;
}

static bool read_key(struct reader *r, const yaml_event_t *event, struct mok_val *key)
{
	if (event->type != YAML_SCALAR_EVENT)
		return refuse(r, event, "E0107", "a key is a text here, not a list, map or alias");
	if (!read_scalar(r, event, key))
		return false;
	if (key->type != MOK_NULL)
		return true;
	*key = mok_val_str(mok_arena_strdup(r->arena, (const char *)event->data.scalar.value));
	key->at = event_mark(r, event);
	return true;
}

static void add_keyed(
	struct reader *r, struct pairs *pairs, const struct mok_val *key, const struct mok_val *val)
{
	struct mok_pair pair = { .key = key->u.s, .key_at = key->at, .val = *val };
	struct mok_pair *first = find_pair(r, pairs, pair.key);
	struct mok_diag *d;

	if (!first) {
		add_pair(r, pairs, &pair);
		return;
	}
	d = mok_diag_add(r->diags, "E0104", key->at, "the key \"%s\" is here twice", pair.key);
	d->other = first->key_at;
	d->other_label = "first defined here";
	r->failed = true;
}

static bool read_value(struct reader *r, struct mok_val *out)
{
	yaml_event_t event;
	bool ok;

	if (!next_event(r, &event))
		return false;
	ok = read_node(r, &event, out);
	yaml_event_delete(&event);
	return ok;
}

static bool read_map(struct reader *r, struct mok_val *out)
{
	struct pairs pairs = { .base = r->stack.len };
	MOK_VEC(struct mok_val) merges = { 0 };
	yaml_event_t event;

	for (;;) {
		struct mok_val key, val;
		bool is_end, ok;

		if (!next_event(r, &event))
			return false;
		is_end = event.type == YAML_MAPPING_END_EVENT;
		ok = is_end || (read_key(r, &event, &key) && read_value(r, &val));
		yaml_event_delete(&event);
		if (is_end)
			break;
		if (!ok)
			return false;
		if (key.plain && strcmp(key.u.s, "<<") == 0)
			mok_vec_push(r->arena, &merges, val);
		else
			add_keyed(r, &pairs, &key, &val);
	}
	for (size_t i = 0; i < merges.len; i++) {
		if (merge_into(r, &pairs, &merges.items[i]))
			continue;
		mok_diag_add(
			r->diags, "E0205", merges.items[i].at, "<< takes a map, or a list of maps");
		r->failed = true;
	}
	take_pairs(r, &pairs, out);
	return true;
}

/* ---- nodes ---- */

static bool read_alias(struct reader *r, const yaml_event_t *event, struct mok_val *out)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct anchor *anchor = mok_map_get(r->anchors, name);

	if (!anchor) {
		r->failed = true;
		mok_diag_add(r->diags, "E0102", event_mark(r, event),
			"there is no anchor &%s before this", name);
		return false;
	}
	*out = anchor->val;
	return weigh(r, event, anchor->weight);
}

static const char *anchor_of(const yaml_event_t *event)
{
	const yaml_char_t *anchor = event->type == YAML_SCALAR_EVENT ? event->data.scalar.anchor
		: event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
		: event->type == YAML_MAPPING_START_EVENT  ? event->data.mapping_start.anchor
							   : NULL;

	return (const char *)anchor;
}

static bool read_collection(struct reader *r, const yaml_event_t *event, struct mok_val *out)
{
	bool is_list = event->type == YAML_SEQUENCE_START_EVENT, is_text;
	const yaml_char_t *tag =
		is_list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
	bool ok;

	if (!read_tag(r, event, tag, &is_text))
		return false;
	if (r->depth == DEPTH_MAX)
		return refuse(r, event, "E0105", "the nesting is deeper than 100 levels");
	*out = mok_val_null();
	out->at = event_mark(r, event);
	r->depth++;
	ok = is_list ? read_list(r, out) : read_map(r, out);
	r->depth--;
	return ok;
}

static bool read_node(struct reader *r, const yaml_event_t *event, struct mok_val *out)
{
	const char *name = anchor_of(event);
	size_t before = r->weight;
	struct anchor *anchor;
	bool ok;

	if (event->type == YAML_ALIAS_EVENT)
		return read_alias(r, event, out);
	if (!weigh(r, event, 1))
		return false;
	ok = event->type == YAML_SCALAR_EVENT ? read_scalar(r, event, out)
					      : read_collection(r, event, out);
	if (!ok || !name)
		return ok;
	anchor = MOK_NEW(r->arena, struct anchor);
	anchor->val = *out;
	anchor->weight = r->weight - before;
	mok_map_put(r->anchors, name, anchor);
	return true;
}

/* The stream's frame: start, one document (or many), end. */
static bool read_stream(struct reader *r, struct mok_val *out)
{
	yaml_event_t event;
	yaml_event_type_t type = YAML_NO_EVENT;
	struct mok_val document = mok_val_null();
	bool seen = false, ok = true;

	*out = r->many ? (struct mok_val){ .type = MOK_LIST } : mok_val_null();
	while (ok && type != YAML_STREAM_END_EVENT) {
		if (!next_event(r, &event))
			return false;
		type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT && seen && !r->many)
			ok = refuse(r, &event, "E0107", "a plan file is one document, not several");
		else if (type == YAML_DOCUMENT_START_EVENT)
			seen = true;
		else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_END_EVENT &&
			type != YAML_STREAM_END_EVENT) {
			ok = read_node(r, &event, r->many ? &document : out);
			if (ok && r->many)
				mok_val_append(r->arena, out, document);
		}
		yaml_event_delete(&event);
	}
	return ok;
}

static bool is_text(struct reader *r)
{
	const struct mok_source *s = r->source;
	struct mok_mark at = { .file = s->name, .line = 1, .column = 1 };
	const char *nul = memchr(s->text, '\0', s->len);
	size_t bad = nul ? (size_t)(nul - s->text) : s->len;

	if (!nul && mok_utf8_valid(s->text, s->len, &bad))
		return true;
	for (size_t i = 0; i < bad; i++) {
		bool is_newline = s->text[i] == '\n';

		at.line += is_newline;
		at.column = is_newline                               ? 1
			: ((unsigned char)s->text[i] & 0xc0) != 0x80 ? at.column + 1
								     : at.column;
	}
	at.end = at.column + 1;
	mok_diag_add(r->diags, "E0103", at,
		nul ? "the file holds a NUL byte" : "this byte is not UTF-8 text");
	return false;
}

static bool parse(struct reader *r, const char *text, struct mok_val *out)
{
	bool ok;

	r->anchors = mok_map_new(r->arena);
	r->scratch = mok_arena_new();
	r->stack.items = NULL;
	r->stack.len = r->stack.cap = 0;
	r->weight = 0;
	r->depth = 0;
	r->failed = false;
	if (!yaml_parser_initialize(&r->parser))
		MOK_BUG("libyaml cannot start");
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, r->source->len);
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	ok = read_stream(r, out);
	yaml_parser_delete(&r->parser);
	mok_arena_free(r->scratch);
	return ok && !r->failed;
}

/* Puts x over an unreadable expression, so that the places of the rest stay as they are. */
static bool cover(const struct reader *r, char *text)
{
	const struct mok_diag *d;
	uint32_t line = 1, column = 1;

	if (r->diags->list.len == 0)
		return false;
	d = &r->diags->list.items[r->diags->list.len - 1];
	if (strcmp(d->code, "E0106") != 0)
		return false;
	for (size_t i = 0; i < r->source->len; i++) {
		bool is_start = ((unsigned char)text[i] & 0xc0) != 0x80;

		if (line == d->at.line && column >= d->at.column && column < d->at.end)
			text[i] = 'x';
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else {
			column += is_start;
		}
	}
	return true;
}

#define COVERS_MAX 50

int plan_read_yaml(struct mok_arena *arena, struct mok_diags *diags,
	const struct mok_source *source, struct mok_val *out)
{
	struct reader r = { .arena = arena, .diags = diags, .source = source };
	char *text;

	if (!is_text(&r))
		return -1;
	if (parse(&r, source->text, out))
		return 0;
	/* Such expressions are all reported, not only the first. */
	text = mok_arena_strndup(arena, source->text, source->len);
	for (int i = 0; i < COVERS_MAX && cover(&r, text); i++)
		if (parse(&r, text, out))
			break;
	return -1;
}

int mok_plan_read_yaml(struct mok_arena *arena, const struct mok_source *source,
	struct mok_diags *diags, struct mok_val *out)
{
	return plan_read_yaml(arena, diags, source, out);
}

int mok_plan_read_documents(
	struct mok_arena *arena, const char *text, struct mok_val *out, struct mok_err *err)
{
	const struct mok_source source = { .name = "the text", .text = text, .len = strlen(text) };
	struct mok_diags diags = { .arena = arena };
	struct reader r = { .arena = arena, .diags = &diags, .source = &source, .many = true };

	if (is_text(&r) && parse(&r, text, out))
		return 0;
	return mok_err_set(err, MOK_ERR_INPUT, "line %u: %s", diags.list.items[0].at.line,
		diags.list.items[0].message);
}
