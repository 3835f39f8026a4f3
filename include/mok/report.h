/*
 * report: what people and CI see. Everything is appended to a buffer or returned as JSON: nothing
 * here writes to a file or terminal, so all of it can be compared byte by byte in tests.
 *
 * Text of files, arguments and API answers is hostile: it reaches the buffer only through the
 * escaping appenders (control characters, escape sequences, bidirectional overrides and malformed
 * UTF-8 come out as visible escapes). Sensitive values are never shown.
 */
#ifndef MOK_REPORT_H
#define MOK_REPORT_H

#include "mok/engine.h"
#include "mok/tfstate.h"

/* ---- text ---- */

struct mok_style {
	bool color;
	bool utf8; /* false: ASCII only, other characters as \u00e9 */
	int width; /* columns to lay out for, at least 40 */
};

enum mok_tint {
	MOK_TINT_PLAIN = 0,
	MOK_TINT_BOLD,
	MOK_TINT_DIM,
	MOK_TINT_RED,
	MOK_TINT_GREEN,
	MOK_TINT_YELLOW,
	MOK_TINT_CYAN,
	MOK_TINT_ALARM, /* bold red: data will be destroyed */
};

/* Nothing is added when the style has no colour. */
void mok_tint(struct mok_buf *out, const struct mok_style *style, enum mok_tint tint);
/* One line of foreign text, escaped. _width: the columns that it takes. */
void mok_text_add(struct mok_buf *out, const struct mok_style *style, const char *s);
int mok_text_width(const struct mok_style *style, const char *s);
/* At most `columns` wide, "..." (or its one-character form) at the end when something was cut. */
void mok_text_cut(struct mok_buf *out, const struct mok_style *style, const char *s, int columns);
void mok_text_pad(struct mok_buf *out, int columns); /* spaces; none when negative */
/* Paragraphs (separated by '\n') broken at spaces, each line indented; the first line's indent is
 * taken to be there already when `hanging`. Ends with a newline. */
void mok_text_wrap(struct mok_buf *out, const struct mok_style *style, const char *s, int indent,
	bool hanging);

/* "4m 12s", "1h 3m", "0.8s"; "about" forms are the caller's. */
void mok_text_duration(struct mok_buf *out, int64_t ms);
/* "$1,234.50" of cents. */
void mok_text_money(struct mok_buf *out, int64_t cents);

/* ---- diagnostics and errors ---- */

/* severity[CODE]: message, --> file:line:column, the line, a caret, help; then a count. `sources`
 * may be NULL. */
void mok_report_diags(struct mok_buf *out, const struct mok_style *style,
	const struct mok_diags *diags, const struct mok_sources *sources);
void mok_report_error(struct mok_buf *out, const struct mok_style *style, const struct mok_err *err,
	const struct mok_sources *sources);
/* Arrays of {severity, code, message, address, file, line, column, end_column, hint, related}. */
cJSON *mok_report_diags_json(const struct mok_diags *diags);
cJSON *mok_report_error_json(const struct mok_err *err); /* the same shape, one object */

/* ---- plan ---- */

struct mok_plan_view {
	const struct mok_stack *stack;
	const struct mok_live *live; /* NULL: offline */
	const struct mok_changes *changes;
	const struct mok_diags *diags; /* may be NULL */
	bool verbose;                  /* unchanged resources and fields too */
};
void mok_report_plan(
	struct mok_buf *out, const struct mok_style *style, const struct mok_plan_view *view);
cJSON *mok_report_plan_json(const struct mok_plan_view *view);
/* "+", "~", "-/+", "+/-", "-", "<=", " " */
const char *mok_report_symbol(const struct mok_change *change);

/* ---- adopt ---- */

struct mok_adopt_view {
	const struct mok_stack *stack;
	const struct mok_changes
		*changes;                 /* as if all were adopted; its strangers are left alone */
	const bool *adopts;               /* by change */
	const struct mok_diags *refusals; /* by addresses: of what the next apply would write */
	const struct mok_tf_state *tf;    /* what it was looked up in; NULL: by the plan's names */
};
void mok_report_adopt(
	struct mok_buf *out, const struct mok_style *style, const struct mok_adopt_view *view);
/* {"format_version","stack","adopt":[{"address","kind","id","then":{a plan's change, "refusal"}}],
 * "left":[{"address","kind","id","reason"}]}; more may be added. With a Terraform state each of
 * "adopt" and "left" has its address there, and there are "owned", "not_in_plan", "not_in_account",
 * "no_kind" (lists of {"terraform","type","kind","id","address","reason"}) and "not_in_state"
 * (addresses). */
cJSON *mok_report_adopt_json(const struct mok_adopt_view *view);

/* ---- outputs ---- */

/* NAME = value lines; sensitive ones masked. */
void mok_report_outputs(struct mok_buf *out, const struct mok_style *style,
	const struct mok_output_value *values, size_t count);
/* {"NAME":{"value","sensitive","type"}}; values of sensitive ones only with `reveal`. */
cJSON *mok_report_outputs_json(const struct mok_output_value *values, size_t count, bool reveal);
/* One value alone, for scripts: a string as it is, anything else as JSON. Not escaped. */
void mok_report_output_raw(struct mok_buf *out, const struct mok_val *value);
/* JSON of a value, sensitive parts and unknowns as null. */
cJSON *mok_report_val_json(const struct mok_val *value);

/* ---- apply ---- */

/* One JSON object per event, without a newline: {"type","time","elapsed_ms","address","kind",
 * "action","step","state","id","text","error"}. */
cJSON *mok_report_event_json(const struct mok_event *event);
/* One line per event, newline included; "" for events that say nothing new. */
void mok_report_event(
	struct mok_buf *out, const struct mok_style *style, const struct mok_event *event);

/* What runs now, kept from the events: for the redrawn lines and the summaries. */
struct mok_progress;
struct mok_progress *mok_progress_new(struct mok_arena *arena, const struct mok_changes *changes);
void mok_progress_event(struct mok_progress *progress, const struct mok_event *event);
/* One line per running operation, at most `lines` of them, each within the width. Returns how many
 * lines were added. */
int mok_progress_lines(struct mok_buf *out, const struct mok_style *style,
	const struct mok_progress *progress, int64_t now_wall_ms, int lines);
/* "2m: 12 of 30 done, 3 running: db creating (2m of about 5m), ..." on one line. */
void mok_progress_summary(struct mok_buf *out, const struct mok_style *style,
	const struct mok_progress *progress, int64_t now_wall_ms);

struct mok_result_view {
	const char *command; /* "apply", "destroy" */
	const char *again;   /* the command line to type next, or NULL */
	const struct mok_stack *stack;
	const struct mok_changes *changes;
	const struct mok_apply_result *result;
	const struct mok_diags *diags; /* may be NULL */
	const struct mok_err *err;     /* what mok_apply gave, or NULL */
	struct mok_http_stats stats;
};
void mok_report_result(
	struct mok_buf *out, const struct mok_style *style, const struct mok_result_view *view);
cJSON *mok_report_result_json(const struct mok_result_view *view);
/* The failures, each with place, request id and hint: for stderr. */
void mok_report_failures(
	struct mok_buf *out, const struct mok_style *style, const struct mok_result_view *view);

/* ---- graph, log ---- */

void mok_report_graph_dot(struct mok_buf *out, const struct mok_stack *stack);
void mok_report_graph_mermaid(struct mok_buf *out, const struct mok_stack *stack);
cJSON *mok_report_graph_json(const struct mok_stack *stack);
void mok_report_log_line(
	struct mok_buf *out, const struct mok_style *style, const struct mok_journal_entry *entry);
cJSON *mok_report_log_json(const struct mok_journal_entry *entry);

/* ---- made from the descriptors: schema and reference pages ---- */

/* A block at the plan file's top level, besides those of the plan itself. */
struct mok_report_block {
	const char *key, *title, *intro; /* intro: Markdown, or NULL */
	const struct mok_field *fields;
};
/* JSON Schema 2020-12 of the plan file. */
cJSON *mok_report_schema(const struct mok_report_block *block);
void mok_report_block_markdown(struct mok_buf *out, const struct mok_report_block *block);
void mok_report_kinds_markdown(struct mok_buf *out);     /* docs/kinds.md */
void mok_report_errors_markdown(struct mok_buf *out);    /* docs/errors.md */
void mok_report_functions_markdown(struct mok_buf *out); /* for docs/plan-file.md */
void mok_report_explain(
	struct mok_buf *out, const struct mok_style *style, const struct mok_code *code);
void mok_report_kind(struct mok_buf *out, const struct mok_style *style,
	const struct mok_kind *kind); /* one kind's fields, for `mok explain KIND` */

#endif
