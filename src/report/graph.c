#include "report_internal.h"

/* Graphviz strings: only the quote and the backslash are special. */
static void dot_string(struct mok_buf *out, const char *s)
{
	mok_buf_putc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			mok_buf_putc(out, '\\');
		mok_buf_putc(out, (unsigned char)*s < 0x20 ? ' ' : *s);
	}
	mok_buf_putc(out, '"');
}

void mok_report_graph_dot(struct mok_buf *out, const struct mok_stack *stack)
{
	mok_buf_puts(out, "digraph ");
	dot_string(out, stack->name);
	mok_buf_puts(out, " {\n\trankdir=LR;\n\tnode [shape=box];\n");
	for (size_t i = 0; i < stack->resources.len; i++) {
		const struct mok_resource *r = &stack->resources.items[i];

		mok_buf_putc(out, '\t');
		dot_string(out, r->address);
		mok_buf_puts(out, " [tooltip=");
		dot_string(out, r->kind->name);
		mok_buf_puts(out, "];\n");
	}
	for (size_t i = 0; i < stack->resources.len; i++) {
		const struct mok_resource *r = &stack->resources.items[i];

		for (size_t d = 0; d < r->deps.len; d++) {
			mok_buf_putc(out, '\t');
			dot_string(out, r->address);
			mok_buf_puts(out, " -> ");
			dot_string(out, stack->resources.items[r->deps.items[d]].address);
			mok_buf_puts(out, ";\n");
		}
	}
	mok_buf_puts(out, "}\n");
}

/* Mermaid takes HTML entities inside quotes. */
static void mermaid_string(struct mok_buf *out, const char *s)
{
	mok_buf_putc(out, '"');
	for (; *s; s++) {
		if (*s == '"')
			mok_buf_puts(out, "#quot;");
		else
			mok_buf_putc(out, (unsigned char)*s < 0x20 ? ' ' : *s);
	}
	mok_buf_putc(out, '"');
}

void mok_report_graph_mermaid(struct mok_buf *out, const struct mok_stack *stack)
{
	mok_buf_puts(out, "graph LR\n");
	for (size_t i = 0; i < stack->resources.len; i++) {
		mok_buf_printf(out, "\tn%zu[", i);
		mermaid_string(out, stack->resources.items[i].address);
		mok_buf_puts(out, "]\n");
	}
	for (size_t i = 0; i < stack->resources.len; i++) {
		const struct mok_resource *r = &stack->resources.items[i];

		for (size_t d = 0; d < r->deps.len; d++)
			mok_buf_printf(out, "\tn%zu --> n%zu\n", i, r->deps.items[d]);
	}
}

cJSON *mok_report_graph_json(const struct mok_stack *stack)
{
	cJSON *json = cJSON_CreateObject(), *nodes;

	cJSON_AddNumberToObject(json, "format_version", 1);
	cJSON_AddStringToObject(json, "stack", stack->name);
	nodes = cJSON_AddArrayToObject(json, "nodes");
	for (size_t i = 0; i < stack->resources.len; i++) {
		const struct mok_resource *r = &stack->resources.items[i];
		cJSON *node = cJSON_CreateObject(), *needs;

		cJSON_AddStringToObject(node, "address", r->address);
		cJSON_AddStringToObject(node, "kind", r->kind->name);
		needs = cJSON_AddArrayToObject(node, "needs");
		for (size_t d = 0; d < r->deps.len; d++)
			cJSON_AddItemToArray(needs,
				cJSON_CreateString(
					stack->resources.items[r->deps.items[d]].address));
		cJSON_AddItemToArray(nodes, node);
	}
	return json;
}
