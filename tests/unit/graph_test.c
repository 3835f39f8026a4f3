/* The graph: order by the smallest number first, cycles as a path, the ready queue. */
#include "mok/graph.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int set_up(void **state)
{
	*state = mok_arena_new();
	return 0;
}

static int tear_down(void **state)
{
	mok_arena_free(*state);
	return 0;
}

static void test_order_is_stable(void **state)
{
	struct mok_graph *graph = mok_graph_new(*state, 5);
	struct mok_cycle cycle = { 0 };
	const size_t expected[] = { 1, 3, 0, 2, 4 };
	size_t order[5];

	mok_graph_edge(graph, 3, 0);
	mok_graph_edge(graph, 3, 0);
	mok_graph_edge(graph, 1, 2);
	mok_graph_edge(graph, 0, 2);
	assert_int_equal(mok_graph_order(graph, order, &cycle), 0);
	assert_memory_equal(order, expected, sizeof(expected));
}

static void test_cycle_is_a_path(void **state)
{
	struct mok_graph *graph = mok_graph_new(*state, 6);
	struct mok_cycle cycle = { 0 };
	size_t order[6];

	mok_graph_edge(graph, 0, 1);
	mok_graph_edge(graph, 1, 2);
	mok_graph_edge(graph, 2, 3);
	mok_graph_edge(graph, 3, 1);
	mok_graph_edge(graph, 3, 4);
	assert_int_equal(mok_graph_order(graph, order, &cycle), -1);
	assert_int_equal(cycle.nodes.len, 4);
	assert_int_equal(cycle.nodes.items[0], cycle.nodes.items[3]);
	for (size_t i = 0; i < 3; i++) {
		size_t needs = cycle.nodes.items[i + 1], node = cycle.nodes.items[i], n;
		const size_t *after = mok_graph_after(graph, needs, &n);
		bool found = false;

		for (size_t k = 0; k < n; k++)
			found |= after[k] == node;
		assert_true(found);
	}
}

static void test_self_edge_is_a_cycle(void **state)
{
	struct mok_graph *graph = mok_graph_new(*state, 2);
	struct mok_cycle cycle = { 0 };
	size_t order[2];

	mok_graph_edge(graph, 1, 1);
	assert_int_equal(mok_graph_order(graph, order, &cycle), -1);
	assert_int_equal(cycle.nodes.len, 2);
	assert_int_equal(cycle.nodes.items[0], 1);
}

static void test_reach(void **state)
{
	struct mok_graph *graph = mok_graph_new(*state, 4);
	bool reach[4] = { false };

	mok_graph_edge(graph, 0, 1);
	mok_graph_edge(graph, 1, 2);
	mok_graph_edge(graph, 3, 2);
	mok_graph_reach(graph, 0, reach);
	assert_true(reach[0] && reach[1] && reach[2]);
	assert_false(reach[3]);
}

static void test_ready_queue(void **state)
{
	struct mok_graph *graph = mok_graph_new(*state, 4);
	struct mok_ready *ready;
	size_t node;

	mok_graph_edge(graph, 0, 2);
	mok_graph_edge(graph, 1, 2);
	mok_graph_edge(graph, 2, 3);
	ready = mok_ready_new(*state, graph);
	assert_true(mok_ready_next(ready, &node));
	assert_int_equal(node, 0);
	assert_true(mok_ready_next(ready, &node));
	assert_int_equal(node, 1);
	assert_false(mok_ready_next(ready, &node));
	mok_ready_finish(ready, 1);
	assert_false(mok_ready_next(ready, &node));
	mok_ready_finish(ready, 0);
	assert_true(mok_ready_next(ready, &node));
	assert_int_equal(node, 2);
	mok_ready_finish(ready, 2);
	assert_true(mok_ready_next(ready, &node));
	assert_int_equal(node, 3);
	assert_false(mok_ready_next(ready, &node));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order_is_stable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cycle_is_a_path, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_self_edge_is_a_cycle, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reach, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ready_queue, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
