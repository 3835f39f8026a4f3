/*
 * graph: a directed graph on the integers 0..n-1: order, cycles as a path, a ready queue. Nothing
 * else.
 */
#ifndef MOK_GRAPH_H
#define MOK_GRAPH_H

#include "mok/base.h"

struct mok_graph;

struct mok_graph *mok_graph_new(struct mok_arena *arena, size_t nodes);
size_t mok_graph_len(const struct mok_graph *graph);
/* `before` must be finished before `after` starts. Doubled edges and self edges are ignored (a self
 * edge is reported by mok_graph_order as a cycle of one). */
void mok_graph_edge(struct mok_graph *graph, size_t before, size_t after);

/* Fills order[0..n-1], stable: of nodes that are free at once the lower goes first. -1: there is a
 * cycle; then *cycle holds one, each node needing the next, the first repeated at the end. */
struct mok_cycle {
	MOK_VEC(size_t) nodes;
};
int mok_graph_order(
	const struct mok_graph *graph, size_t *order, struct mok_cycle *cycle) MOK_MUST_CHECK;

/* What comes after `node`: its direct successors. */
const size_t *mok_graph_after(const struct mok_graph *graph, size_t node, size_t *count);
/* Marks in reach[] everything that can be reached from node along "after" edges, node included. */
void mok_graph_reach(const struct mok_graph *graph, size_t node, bool *reach);

/* The ready queue: nblock counts predecessors that are not finished. */
struct mok_ready;
struct mok_ready *mok_ready_new(struct mok_arena *arena, const struct mok_graph *graph);
bool mok_ready_next(struct mok_ready *ready, size_t *out);   /* in the order they became ready */
void mok_ready_finish(struct mok_ready *ready, size_t node); /* may free its successors */

#endif
