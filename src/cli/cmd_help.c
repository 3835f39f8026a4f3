#include "cli.h"

#include "mok/mastodon.h"

#include "mok/catalogue.h"

#include <string.h>

#define PAGE_MAX ((size_t)16 << 20)

/* ---- version ---- */

int cli_run_version(struct cli *cli)
{
	struct mok_buf out;

	if (cli_is_json(cli)) {
		cJSON *json = cJSON_CreateObject();

		cJSON_AddNumberToObject(json, "format_version", 1);
		cJSON_AddStringToObject(json, "version", MOK_VERSION);
		cJSON_AddStringToObject(json, "catalogue", mok_catalogue_snapshot_date());
		cli_out_json(cli, json);
		return CLI_DONE;
	}
	mok_buf_init(&out, 1024);
	mok_buf_printf(
		&out, "mok %s (catalogue of %s)\n", MOK_VERSION, mok_catalogue_snapshot_date());
	cli_out(cli, &out);
	mok_buf_release(&out);
	return CLI_DONE;
}

/* ---- explain ---- */

static int unknown_topic(struct cli *cli, const char *word)
{
	size_t ncodes, nkinds;
	const struct mok_code *codes = mok_codes(&ncodes);
	const struct mok_kind *const *kinds = mok_kinds(&nkinds);
	const char **names = MOK_NEW_N(cli->arena, const char *, ncodes + nkinds + 1), *near;

	for (size_t i = 0; i < ncodes; i++)
		names[i] = codes[i].code;
	for (size_t i = 0; i < nkinds; i++)
		names[ncodes + i] = kinds[i]->name;
	near = mok_nearest(word, names, ncodes + nkinds);
	cli_usage_error(cli,
		near ? mok_arena_printf(cli->arena, "did you mean %s?", near)
		     : "a code such as E0101, or a kind",
		"there is nothing to explain about \"%s\"", word);
	return CLI_ERROR;
}

int cli_run_explain(struct cli *cli)
{
	const char *word = cli->args.list.items[0];
	const struct mok_code *code = mok_code_find(word);
	const struct mok_kind *kind = mok_kind_find(word);
	struct mok_buf out;

	if (!code && !kind)
		return unknown_topic(cli, word);
	mok_buf_init(&out, PAGE_MAX);
	if (code)
		mok_report_explain(&out, &cli->out, code);
	else
		mok_report_kind(&out, &cli->out, kind);
	cli_out(cli, &out);
	mok_buf_release(&out);
	return CLI_DONE;
}

/* ---- generated pages ---- */

static struct mok_report_block mastodon_block(void)
{
	return (struct mok_report_block){ .key = "mastodon",
		.title = "The mastodon block",
		.intro = "It stands for resources: a `kubernetes_manifest` for each object of an "
			 "instance, with addresses\nthat begin with `mastodon_`, `helm_release`s "
			 "for "
			 "what the cluster needs, connection pools and\nrecords. They show in the "
			 "plan "
			 "like all others. `mok manifests --offline -` prints the objects.",
		.fields = mok_mastodon_fields() };
}

static void mastodon_page(struct mok_buf *out)
{
	const struct mok_report_block block = mastodon_block();

	mok_report_block_markdown(out, &block);
}

int cli_run_schema(struct cli *cli)
{
	const struct mok_report_block block = mastodon_block();

	cli_out_json(cli, mok_report_schema(&block));
	return CLI_DONE;
}

struct page {
	const char *name;
	void (*make)(struct mok_buf *out);
};

int cli_run_docs(struct cli *cli)
{
	static const struct page pages[] = {
		{ "kinds", mok_report_kinds_markdown },
		{ "errors", mok_report_errors_markdown },
		{ "functions", mok_report_functions_markdown },
		{ "mastodon", mastodon_page },
	};
	const char *name = cli->args.list.items[0];
	struct mok_buf out;

	for (size_t i = 0; i < MOK_COUNT(pages); i++) {
		if (strcmp(pages[i].name, name) != 0)
			continue;
		mok_buf_init(&out, PAGE_MAX);
		pages[i].make(&out);
		cli_out(cli, &out);
		mok_buf_release(&out);
		return CLI_DONE;
	}
	cli_usage_error(
		cli, "kinds, errors, functions or mastodon", "there is no page \"%s\"", name);
	return CLI_ERROR;
}
