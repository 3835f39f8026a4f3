/* What the cloud offers: /v2/regions, /v2/sizes and the options of clusters and databases. */
#include "catalogue.h"

#include "core.h"
#include "droplet.h"
#include "fields.h"

#include <stdio.h>
#include <string.h>

static void add_word(cJSON *list, const char *word, size_t len)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)len, word);
	cJSON_AddItemToArray(list, cJSON_CreateString(text));
}

cJSON *sb_region_view(const char *slug)
{
	static const char *const features[] = { "backups", "ipv6", "metadata", "install_agent",
		"storage", "image_transfer" };
	const struct sb_region *region = sb_region_find(slug);
	cJSON *view = cJSON_CreateObject();
	const struct sb_size *sizes;
	size_t count;
	cJSON *list;

	if (!region)
		MOK_BUG("a region that is not in the catalogue");
	sizes = sb_sizes(&count);
	sb_set_str(view, "name", region->name);
	sb_set_str(view, "slug", region->slug);
	mok_json_set(view, "features",
		cJSON_CreateStringArray((const char *const *)features, (int)MOK_COUNT(features)));
	sb_set_bool(view, "available", region->available);
	list = cJSON_AddArrayToObject(view, "sizes");
	for (size_t i = 0; i < count; i++)
		if (sb_size_in_region(&sizes[i], slug))
			cJSON_AddItemToArray(list, cJSON_CreateString(sizes[i].slug));
	return view;
}

static cJSON *disk_info(int disk_gb)
{
	cJSON *list = cJSON_CreateArray();
	cJSON *disk = cJSON_CreateObject();
	cJSON *size;

	sb_set_str(disk, "type", "local");
	size = cJSON_AddObjectToObject(disk, "size");
	sb_set_int(size, "amount", disk_gb);
	sb_set_str(size, "unit", "gib");
	cJSON_AddItemToArray(list, disk);
	return list;
}

cJSON *sb_size_view(const struct sb_size *size)
{
	cJSON *view = cJSON_CreateObject();
	const struct sb_region *regions;
	double hourly = (double)size->price_cents / 100.0 / 672.0;
	size_t count;
	cJSON *list;

	regions = sb_regions(&count);
	sb_set_str(view, "slug", size->slug);
	sb_set_int(view, "memory", size->memory_mb);
	sb_set_int(view, "vcpus", size->vcpus);
	sb_set_int(view, "disk", size->disk_gb);
	/* 0.5 TB is the one allowance that is no whole number. */
	mok_json_set(view, "transfer",
		cJSON_CreateNumber(size->transfer_tb ? (double)size->transfer_tb : 0.5));
	mok_json_set(view, "price_monthly", cJSON_CreateNumber((double)size->price_cents / 100.0));
	mok_json_set(view, "price_hourly",
		cJSON_CreateNumber((double)(int64_t)(hourly * 100000.0 + 0.5) / 100000.0));
	list = cJSON_AddArrayToObject(view, "regions");
	for (size_t i = 0; i < count; i++)
		if (sb_size_in_region(size, regions[i].slug))
			cJSON_AddItemToArray(list, cJSON_CreateString(regions[i].slug));
	sb_set_bool(view, "available", true);
	sb_set_str(view, "description", size->description);
	mok_json_set(view, "disk_info", disk_info(size->disk_gb));
	return view;
}

static void get_regions(struct sb_ctx *ctx)
{
	size_t count;
	const struct sb_region *regions = sb_regions(&count);
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(list, sb_region_view(regions[i].slug));
	sb_reply_array_page(ctx, "regions", list);
}

static void get_sizes(struct sb_ctx *ctx)
{
	size_t count;
	const struct sb_size *sizes = sb_sizes(&count);
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(list, sb_size_view(&sizes[i]));
	sb_reply_array_page(ctx, "sizes", list);
}

static cJSON *named(const char *name, const char *slug)
{
	cJSON *view = cJSON_CreateObject();

	sb_set_str(view, "name", name);
	sb_set_str(view, "slug", slug);
	return view;
}

cJSON *sb_k8s_version_view(const struct sb_k8s_version *version)
{
	static const char *const features[] = { "cluster-autoscaler", "docr-integration",
		"ha-control-plane", "token-authentication" };
	cJSON *view = cJSON_CreateObject();
	char text[32];

	snprintf(text, sizeof(text), "1.%d.%d", version->minor, version->patch);
	sb_set_str(view, "slug", version->slug);
	sb_set_str(view, "kubernetes_version", text);
	mok_json_set(view, "supported_features",
		cJSON_CreateStringArray((const char *const *)features, (int)MOK_COUNT(features)));
	return view;
}

static void get_k8s_options(struct sb_ctx *ctx)
{
	cJSON *options = cJSON_CreateObject();
	cJSON *regions = cJSON_AddArrayToObject(options, "regions");
	cJSON *versions = cJSON_AddArrayToObject(options, "versions");
	cJSON *sizes = cJSON_AddArrayToObject(options, "sizes");
	size_t count;
	const struct sb_region *region = sb_regions(&count);

	for (size_t i = 0; i < count; i++)
		if (region[i].doks)
			cJSON_AddItemToArray(regions, named(region[i].name, region[i].slug));
	const struct sb_k8s_version *version = sb_k8s_versions(&count);
	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(versions, sb_k8s_version_view(&version[i]));
	const struct sb_size *size = sb_sizes(&count);
	for (size_t i = 0; i < count; i++)
		if (size[i].doks)
			cJSON_AddItemToArray(sizes, named(size[i].slug, size[i].slug));
	sb_reply_root(ctx, 200, "options", options);
}

static cJSON *layouts_view(const struct sb_db_engine *engine)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < engine->nlayouts; i++) {
		cJSON *layout = cJSON_CreateObject();
		cJSON *sizes;

		sb_set_int(layout, "num_nodes", engine->layouts[i].num_nodes);
		sizes = cJSON_AddArrayToObject(layout, "sizes");
		for (const char *p = engine->layouts[i].sizes; *p;) {
			size_t len = strcspn(p, " ");

			add_word(sizes, p, len);
			p += len + (p[len] == ' ');
		}
		cJSON_AddItemToArray(list, layout);
	}
	return list;
}

static cJSON *engine_view(const struct sb_db_engine *engine)
{
	cJSON *view = cJSON_CreateObject();
	cJSON *regions = cJSON_AddArrayToObject(view, "regions");
	cJSON *versions = cJSON_AddArrayToObject(view, "versions");
	size_t count;
	const struct sb_region *region = sb_regions(&count);

	for (size_t i = 0; i < count; i++)
		if (region[i].databases && !mok_streq(engine->not_in_region, region[i].slug))
			cJSON_AddItemToArray(regions, cJSON_CreateString(region[i].slug));
	for (size_t i = 0; !engine->closed && i < engine->nversions; i++)
		cJSON_AddItemToArray(versions, cJSON_CreateString(engine->versions[i].version));
	mok_json_set(view, "layouts", layouts_view(engine));
	if (engine->default_version)
		sb_set_str(view, "default_version", engine->default_version);
	return view;
}

static cJSON *availability_view(const struct sb_db_engine *engine)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < engine->nversions; i++) {
		cJSON *one = cJSON_CreateObject();

		sb_set_str(one, "end_of_life", engine->versions[i].end_of_life);
		sb_set_str(one, "end_of_availability", engine->versions[i].end_of_availability);
		sb_set_str(one, "version", engine->versions[i].version);
		cJSON_AddItemToArray(list, one);
	}
	return list;
}

static void get_db_options(struct sb_ctx *ctx)
{
	cJSON *options = cJSON_CreateObject();
	cJSON *availability = cJSON_CreateObject();
	cJSON *answer = cJSON_CreateObject();
	size_t count;
	const struct sb_db_engine *engines = sb_db_engines(&count);

	for (size_t i = 0; i < count; i++) {
		mok_json_set(options, engines[i].slug, engine_view(&engines[i]));
		mok_json_set(availability, engines[i].slug, availability_view(&engines[i]));
	}
	mok_json_set(answer, "options", options);
	mok_json_set(answer, "version_availability", availability);
	sb_reply(ctx, 200, answer);
}

const struct sb_route catalogue_routes[] = {
	{ "GET", "/v2/regions", get_regions, 0 },
	{ "GET", "/v2/sizes", get_sizes, 0 },
	{ "GET", "/v2/kubernetes/options", get_k8s_options, 0 },
	{ "GET", "/v2/databases/options", get_db_options, 0 },
	{ NULL, NULL, NULL, 0 },
};
