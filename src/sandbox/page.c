/*
 * Pages. page counts from 1, per_page is 20 unless told and 200 at most. What is out of range or
 * no number reads as the nearest that is in range; a page beyond the last is empty.
 */
#include "core_internal.h"

#include <string.h>

enum { PER_PAGE = 20, PER_PAGE_MAX = 200, PAGE_MAX = 1000000 };

struct span {
	size_t page, per_page, total;
};

static size_t number_or(const char *text, size_t fallback, size_t max)
{
	int64_t value;

	if (!text || !mok_parse_i64(text, &value) || value < 1)
		return fallback;
	return (uint64_t)value > max ? max : (size_t)value;
}

static struct span wanted_span(struct sb_ctx *ctx)
{
	return (struct span){
		.page = number_or(sb_query(ctx, "page"), 1, PAGE_MAX),
		.per_page = number_or(sb_query(ctx, "per_page"), PER_PAGE, PER_PAGE_MAX),
	};
}

static void add_link(struct sb_ctx *ctx, cJSON *pages, const char *rel, size_t page)
{
	struct sb_call *call = sb_call_of(ctx);
	const char *host = sb_request_header(ctx, "host");
	struct mok_buf url;

	mok_buf_init(&url, (size_t)64 * 1024);
	mok_buf_puts(&url, "http://");
	mok_buf_puts(&url, host ? host : "localhost");
	mok_buf_add_url(&url, ctx->path, true);
	mok_buf_printf(&url, "?page=%zu", page);
	for (size_t i = 0; i < call->query.len; i++) {
		const struct sb_pair *pair = &call->query.items[i];

		if (strcmp(pair->name, "page") == 0)
			continue;
		mok_buf_putc(&url, '&');
		mok_buf_add_url(&url, pair->name, false);
		mok_buf_putc(&url, '=');
		mok_buf_add_url(&url, pair->value, false);
	}
	cJSON_AddStringToObject(pages, rel, url.data);
	mok_buf_release(&url);
}

static cJSON *links(struct sb_ctx *ctx, const struct span *span)
{
	size_t last = span->total ? (span->total - 1) / span->per_page + 1 : 1;
	cJSON *root = cJSON_CreateObject(), *pages;

	if (last == 1 && span->page == 1)
		return root;
	pages = cJSON_AddObjectToObject(root, "pages");
	if (span->page > 1) {
		add_link(ctx, pages, "first", 1);
		add_link(ctx, pages, "prev", span->page - 1 < last ? span->page - 1 : last);
	}
	if (span->page < last) {
		add_link(ctx, pages, "next", span->page + 1);
		add_link(ctx, pages, "last", last);
	}
	return root;
}

static void reply_list(struct sb_ctx *ctx, const char *key, cJSON *list, const struct span *span)
{
	cJSON *root = cJSON_CreateObject(), *meta;

	cJSON_AddItemToObject(root, key, list);
	if (span) {
		cJSON_AddItemToObject(root, "links", links(ctx, span));
		meta = cJSON_AddObjectToObject(root, "meta");
		cJSON_AddNumberToObject(meta, "total", (double)span->total);
	}
	sb_reply(ctx, 200, root);
}

/* Where the page begins; a fault moves the later ones, as when others write between requests. */
static size_t offset_of(struct sb_ctx *ctx, const struct span *span)
{
	int64_t offset = (int64_t)((span->page - 1) * span->per_page);

	if (span->page > 1)
		offset += sb_call_of(ctx)->fault.shift;
	return offset > 0 ? (size_t)offset : 0;
}

static void add_view(
	struct sb_ctx *ctx, const struct sb_page *page, cJSON *list, const struct sb_doc *doc)
{
	cJSON *item;

	if (page->keep && !page->keep(ctx, doc))
		return;
	item = page->view(ctx, doc);
	if (item)
		cJSON_AddItemToArray(list, item);
}

void sb_reply_page(struct sb_ctx *ctx, const struct sb_page *page)
{
	bool lagged = ctx->core->lagging, whole = page->unpaged || page->keep;
	struct span span = wanted_span(ctx);
	size_t offset = whole ? 0 : offset_of(ctx, &span);
	cJSON *list = cJSON_CreateArray();
	struct sb_docs docs =
		sb_doc_list_seen(ctx, &page->which, lagged, offset, whole ? 0 : span.per_page);

	for (size_t i = 0; i < docs.len; i++)
		add_view(ctx, page, list, docs.items[i]);
	if (page->unpaged) {
		reply_list(ctx, page->key, list, NULL);
	} else if (page->keep) {
		sb_reply_array_page(ctx, page->key, list);
	} else {
		span.total = sb_doc_count_seen(ctx, &page->which, lagged);
		reply_list(ctx, page->key, list, &span);
	}
}

void sb_reply_array_page(struct sb_ctx *ctx, const char *key, cJSON *all)
{
	struct span span = wanted_span(ctx);
	size_t at = 0, first = offset_of(ctx, &span), end = first + span.per_page;
	cJSON *list = cJSON_CreateArray(), *item;

	while ((item = cJSON_DetachItemFromArray(all, 0))) {
		if (at >= first && at < end)
			cJSON_AddItemToArray(list, item);
		else
			cJSON_Delete(item);
		at++;
	}
	cJSON_Delete(all);
	span.total = at;
	reply_list(ctx, key, list, &span);
}
