#include "mok/expr.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* Values as YAML. */

struct writer {
	yaml_emitter_t emitter;
	struct mok_arena *arena;
	bool secrets, failed;
};

static int append(void *self, unsigned char *data, size_t len)
{
	mok_buf_add(self, data, len);
	return 1;
}

/* libyaml's events take their strings as unsigned and not const; it copies them. */
static yaml_char_t *bytes(const char *s)
{
	union {
		const char *from;
		yaml_char_t *to;
	} u = { .from = s };

	return u.to;
}

static void emit(struct writer *w, yaml_event_t *event)
{
	if (!yaml_emitter_emit(&w->emitter, event))
		w->failed = true;
}

/* Would a reader of YAML 1.1 or 1.2 take this plain text for something else than a text? */
static bool needs_quotes(const char *s)
{
	static const char *const words[] = { "", "~", "null", "true", "false", "yes", "no", "on",
		"off", "y", "n", ".inf", ".nan", "-.inf", "<<", "=" };
	char lower[8];
	size_t len = strlen(s);

	if (len && strchr("0123456789+-.", s[0]))
		return true; /* numbers in all their spellings, dates, sexagesimals */
	if (len >= sizeof(lower))
		return false;
	for (size_t i = 0; i <= len; i++)
		lower[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] + 'a' - 'A') : s[i];
	for (size_t i = 0; i < MOK_COUNT(words); i++)
		if (strcmp(words[i], lower) == 0)
			return true;
	return false;
}

static void put(struct writer *w, const char *text, bool is_text)
{
	yaml_event_t event;
	yaml_scalar_style_t style = YAML_PLAIN_SCALAR_STYLE;

	if (is_text && strchr(text, '\n'))
		style = YAML_LITERAL_SCALAR_STYLE;
	else if (is_text && needs_quotes(text))
		style = YAML_SINGLE_QUOTED_SCALAR_STYLE;
	if (yaml_scalar_event_initialize(
		    &event, NULL, NULL, bytes(text), (int)strlen(text), 1, is_text, style))
		emit(w, &event);
	else
		w->failed = true;
}

static void write_value(struct writer *w, const struct mok_val *v);

static void write_list(struct writer *w, const struct mok_val *v)
{
	yaml_event_t event;

	yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
		v->u.list.len ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE);
	emit(w, &event);
	for (size_t i = 0; i < v->u.list.len; i++)
		write_value(w, &v->u.list.items[i]);
	yaml_sequence_end_event_initialize(&event);
	emit(w, &event);
}

static void write_map(struct writer *w, const struct mok_val *v)
{
	yaml_event_t event;

	yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
		v->u.map.len ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE);
	emit(w, &event);
	for (size_t i = 0; i < v->u.map.len; i++) {
		put(w, v->u.map.pairs[i].key, true);
		write_value(w, &v->u.map.pairs[i].val);
	}
	yaml_mapping_end_event_initialize(&event);
	emit(w, &event);
}

static const char *number(struct writer *w, const struct mok_val *v)
{
	if (v->type == MOK_INT)
		return mok_arena_printf(w->arena, "%lld", (long long)v->u.i);
	return mok_arena_printf(w->arena, "%.17g", v->u.n);
}

static void write_value(struct writer *w, const struct mok_val *v)
{
	if (v->sensitive && !w->secrets && v->type != MOK_MAP && v->type != MOK_LIST) {
		put(w, "<secret>", true);
		return;
	}
	switch (v->type) {
	case MOK_MAP: write_map(w, v); break;
	case MOK_LIST: write_list(w, v); break;
	case MOK_STR: put(w, v->u.s, true); break;
	case MOK_BOOL: put(w, v->u.b ? "true" : "false", false); break;
	case MOK_INT:
	case MOK_NUM: put(w, number(w, v), false); break;
	case MOK_UNKNOWN: put(w, mok_arena_printf(w->arena, "<%s>", v->u.s), true); break;
	case MOK_NULL:
	case MOK_EXPR:
	default: put(w, "null", false); break;
	}
}

static void start(struct writer *w, struct mok_buf *out)
{
	yaml_event_t event;

	if (!yaml_emitter_initialize(&w->emitter))
		MOK_BUG("libyaml cannot start");
	yaml_emitter_set_output(&w->emitter, append, out);
	yaml_emitter_set_unicode(&w->emitter, 1);
	yaml_emitter_set_width(&w->emitter, -1);
	yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
	emit(w, &event);
	yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
	emit(w, &event);
}

bool mok_yaml_write(const struct mok_val *v, bool secrets, struct mok_buf *out)
{
	struct writer w = { .arena = mok_arena_new(), .secrets = secrets };
	yaml_event_t event;

	start(&w, out);
	write_value(&w, v);
	yaml_document_end_event_initialize(&event, 1);
	emit(&w, &event);
	yaml_stream_end_event_initialize(&event);
	emit(&w, &event);
	yaml_emitter_delete(&w.emitter);
	mok_arena_free(w.arena);
	return !w.failed && !out->overflow;
}
