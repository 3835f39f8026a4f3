#include "mok/graph.h"

#include <stdlib.h>
#include <string.h>

struct node {
	MOK_VEC(size_t) after;
	size_t nbefore;
	bool self;
};

struct mok_graph {
	struct mok_arena *arena;
	struct node *nodes;
	size_t len;
};

struct mok_graph *mok_graph_new(struct mok_arena *arena, size_t nodes)
{
	struct mok_graph *graph = MOK_NEW(arena, struct mok_graph);

	graph->arena = arena;
	graph->len = nodes;
	graph->nodes = MOK_NEW_N(arena, struct node, nodes);
	return graph;
}

size_t mok_graph_len(const struct mok_graph *graph)
{
	return graph->len;
}

void mok_graph_edge(struct mok_graph *graph, size_t before, size_t after)
{
	struct node *n;

	if (before >= graph->len || after >= graph->len)
		MOK_BUG("edge outside the graph");
	n = &graph->nodes[before];
	if (before == after) {
		n->self = true;
		return;
	}
	for (size_t i = n->after.len; i > 0 && i + 8 > n->after.len; i--)
		if (n->after.items[i - 1] == after)
			return;
	mok_vec_push(graph->arena, &n->after, after);
	graph->nodes[after].nbefore++;
}

const size_t *mok_graph_after(const struct mok_graph *graph, size_t node, size_t *count)
{
	*count = graph->nodes[node].after.len;
	return graph->nodes[node].after.items;
}

/* ---- a binary heap of node numbers, the lowest first ---- */

struct heap {
	size_t *items, len;
};

static void heap_push(struct heap *heap, size_t node)
{
	size_t i = heap->len++;

	while (i > 0 && heap->items[(i - 1) / 2] > node) {
		heap->items[i] = heap->items[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	heap->items[i] = node;
}

static size_t heap_pop(struct heap *heap)
{
	size_t top = heap->items[0], last = heap->items[--heap->len], i = 0;

	for (size_t child; (child = 2 * i + 1) < heap->len; i = child) {
		if (child + 1 < heap->len && heap->items[child + 1] < heap->items[child])
			child++;
		if (heap->items[child] >= last)
			break;
		heap->items[i] = heap->items[child];
	}
	heap->items[i] = last;
	return top;
}

static bool find_self_edge(
	const struct mok_graph *graph, const size_t *nblock, struct mok_cycle *cycle)
{
	for (size_t i = 0; i < graph->len; i++) {
		if (nblock[i] == 0 || !graph->nodes[i].self)
			continue;
		mok_vec_push(graph->arena, &cycle->nodes, i);
		mok_vec_push(graph->arena, &cycle->nodes, i);
		return true;
	}
	return false;
}

/* Every node left over has a predecessor left over: walking back must come round. */
static void find_cycle(const struct mok_graph *graph, const size_t *nblock, struct mok_cycle *cycle)
{
	struct mok_arena *arena = graph->arena;
	size_t *before = MOK_NEW_N(arena, size_t, graph->len);
	bool *seen = MOK_NEW_N(arena, bool, graph->len);
	size_t at = graph->len, first;

	if (find_self_edge(graph, nblock, cycle))
		return;
	for (size_t i = 0; i < graph->len; i++) {
		if (nblock[i] == 0)
			continue;
		at = at == graph->len ? i : at;
		for (size_t k = 0; k < graph->nodes[i].after.len; k++)
			before[graph->nodes[i].after.items[k]] = i;
	}
	for (; !seen[at]; at = before[at])
		seen[at] = true;
	first = at;
	do {
		mok_vec_push(arena, &cycle->nodes, at);
		at = before[at];
	} while (at != first);
	mok_vec_push(arena, &cycle->nodes, first);
}

int mok_graph_order(const struct mok_graph *graph, size_t *order, struct mok_cycle *cycle)
{
	size_t *nblock = MOK_NEW_N(graph->arena, size_t, graph->len);
	struct heap heap = { .items = MOK_NEW_N(graph->arena, size_t, graph->len) };
	size_t done = 0;

	for (size_t i = 0; i < graph->len; i++) {
		nblock[i] = graph->nodes[i].nbefore + graph->nodes[i].self;
		if (nblock[i] == 0)
			heap_push(&heap, i);
	}
	while (heap.len > 0) {
		size_t node = heap_pop(&heap);
		const struct node *n = &graph->nodes[node];

		order[done++] = node;
		for (size_t k = 0; k < n->after.len; k++)
			if (--nblock[n->after.items[k]] == 0)
				heap_push(&heap, n->after.items[k]);
	}
	if (done == graph->len)
		return 0;
	memset(cycle, 0, sizeof(*cycle));
	find_cycle(graph, nblock, cycle);
	return -1;
}

void mok_graph_reach(const struct mok_graph *graph, size_t node, bool *reach)
{
	size_t *todo = MOK_NEW_N(graph->arena, size_t, graph->len + 1), len = 0;

	if (reach[node])
		return;
	reach[node] = true;
	todo[len++] = node;
	while (len > 0) {
		const struct node *n = &graph->nodes[todo[--len]];

		for (size_t k = 0; k < n->after.len; k++)
			if (!reach[n->after.items[k]]) {
				reach[n->after.items[k]] = true;
				todo[len++] = n->after.items[k];
			}
	}
}

/* ---- ready queue ---- */

struct mok_ready {
	const struct mok_graph *graph;
	size_t *nblock, *queue;
	size_t head, tail;
};

struct mok_ready *mok_ready_new(struct mok_arena *arena, const struct mok_graph *graph)
{
	struct mok_ready *ready = MOK_NEW(arena, struct mok_ready);

	ready->graph = graph;
	ready->nblock = MOK_NEW_N(arena, size_t, graph->len);
	ready->queue = MOK_NEW_N(arena, size_t, graph->len);
	for (size_t i = 0; i < graph->len; i++) {
		ready->nblock[i] = graph->nodes[i].nbefore;
		if (ready->nblock[i] == 0)
			ready->queue[ready->tail++] = i;
	}
	return ready;
}

bool mok_ready_next(struct mok_ready *ready, size_t *out)
{
	if (ready->head == ready->tail)
		return false;
	*out = ready->queue[ready->head++];
	return true;
}

void mok_ready_finish(struct mok_ready *ready, size_t node)
{
	const struct node *n = &ready->graph->nodes[node];

	for (size_t k = 0; k < n->after.len; k++)
		if (--ready->nblock[n->after.items[k]] == 0)
			ready->queue[ready->tail++] = n->after.items[k];
}
