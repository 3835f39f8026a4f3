#include "catalogue.h"

#include <string.h>

/* sfo1 and nyc2 take no new customers, but the API still lists them. */
static const struct sb_region regions[] = {
	{ "nyc1", "New York 1", true, true, true },
	{ "sfo1", "San Francisco 1", false, false, false },
	{ "nyc2", "New York 2", true, false, true },
	{ "ams2", "Amsterdam 2", false, false, false },
	{ "sgp1", "Singapore 1", true, true, true },
	{ "lon1", "London 1", true, true, true },
	{ "nyc3", "New York 3", true, true, true },
	{ "ams3", "Amsterdam 3", true, true, true },
	{ "fra1", "Frankfurt 1", true, true, true },
	{ "tor1", "Toronto 1", true, true, true },
	{ "sfo2", "San Francisco 2", true, true, true },
	{ "blr1", "Bangalore 1", true, true, true },
	{ "sfo3", "San Francisco 3", true, true, true },
	{ "syd1", "Sydney 1", true, true, true },
	{ "atl1", "Atlanta 1", true, true, true },
	{ "ric1", "Richmond 1", true, false, true },
};

static const struct sb_size sizes[] = {
	{ "s-1vcpu-512mb-10gb", "Basic", 512, 1, 10, 0, 400, false, NULL },
	{ "s-1vcpu-1gb", "Basic", 1024, 1, 25, 1, 600, false, NULL },
	{ "s-1vcpu-1gb-amd", "Basic AMD", 1024, 1, 25, 1, 700, false, "nyc2" },
	{ "s-1vcpu-1gb-intel", "Basic Intel", 1024, 1, 25, 1, 700, false, "nyc2" },
	{ "s-1vcpu-2gb", "Basic", 2048, 1, 50, 2, 1200, true, NULL },
	{ "s-1vcpu-2gb-amd", "Basic AMD", 2048, 1, 50, 2, 1400, true, "nyc2" },
	{ "s-1vcpu-2gb-intel", "Basic Intel", 2048, 1, 50, 2, 1400, true, "nyc2" },
	{ "s-2vcpu-2gb", "Basic", 2048, 2, 60, 3, 1800, true, NULL },
	{ "s-2vcpu-2gb-amd", "Basic AMD", 2048, 2, 60, 3, 2100, true, "nyc2" },
	{ "s-2vcpu-2gb-intel", "Basic Intel", 2048, 2, 60, 3, 2100, true, "nyc2" },
	{ "s-2vcpu-4gb", "Basic", 4096, 2, 80, 4, 2400, true, NULL },
	{ "s-2vcpu-4gb-amd", "Basic AMD", 4096, 2, 80, 4, 2800, true, "nyc2" },
	{ "s-2vcpu-4gb-intel", "Basic Intel", 4096, 2, 80, 4, 2800, true, "nyc2" },
	{ "c-2", "CPU-Optimized", 4096, 2, 25, 4, 4200, true, NULL },
	{ "c2-2vcpu-4gb", "CPU-Optimized 2x SSD", 4096, 2, 50, 4, 4700, true, NULL },
	{ "s-4vcpu-8gb", "Basic", 8192, 4, 160, 5, 4800, true, NULL },
	{ "s-4vcpu-8gb-amd", "Basic AMD", 8192, 4, 160, 5, 5600, true, "nyc2" },
	{ "s-4vcpu-8gb-intel", "Basic Intel", 8192, 4, 160, 5, 5600, true, "nyc2" },
	{ "g-2vcpu-8gb", "General Purpose", 8192, 2, 25, 4, 6300, true, NULL },
	{ "gd-2vcpu-8gb", "General Purpose 2x SSD", 8192, 2, 50, 4, 6800, true, NULL },
	{ "m-2vcpu-16gb", "Memory-Optimized", 16384, 2, 50, 4, 8400, true, NULL },
	{ "c-4", "CPU-Optimized", 8192, 4, 50, 5, 8400, true, NULL },
	{ "c2-4vcpu-8gb", "CPU-Optimized 2x SSD", 8192, 4, 100, 5, 9400, true, NULL },
	{ "s-8vcpu-16gb", "Basic", 16384, 8, 320, 6, 9600, true, NULL },
	{ "m3-2vcpu-16gb", "Memory-Optimized 3x SSD", 16384, 2, 150, 4, 10400, true, "ric1" },
	{ "s-8vcpu-16gb-amd", "Basic AMD", 16384, 8, 320, 6, 11200, true, "nyc2" },
	{ "s-8vcpu-16gb-intel", "Basic Intel", 16384, 8, 320, 6, 11200, true, "nyc2" },
	{ "g-4vcpu-16gb", "General Purpose", 16384, 4, 50, 5, 12600, true, NULL },
	{ "so-2vcpu-16gb", "Storage-Optimized", 16384, 2, 300, 4, 13100, true, "tor1" },
	{ "gd-4vcpu-16gb", "General Purpose 2x SSD", 16384, 4, 100, 5, 13600, true, NULL },
	{ "so1_5-2vcpu-16gb", "Storage-Optimized 1.5x SSD", 16384, 2, 450, 4, 16300, true, "tor1" },
	{ "m-4vcpu-32gb", "Memory-Optimized", 32768, 4, 100, 6, 16800, true, NULL },
	{ "c-8", "CPU-Optimized", 16384, 8, 100, 6, 16800, true, NULL },
	{ "m3-4vcpu-32gb", "Memory-Optimized 3x SSD", 32768, 4, 300, 6, 20800, true, "ric1" },
	{ "g-8vcpu-32gb", "General Purpose", 32768, 8, 100, 6, 25200, true, NULL },
	{ "gd-8vcpu-32gb", "General Purpose 2x SSD", 32768, 8, 200, 6, 27200, true, NULL },
	{ "m-8vcpu-64gb", "Memory-Optimized", 65536, 8, 200, 7, 33600, true, NULL },
	{ "c-16", "CPU-Optimized", 32768, 16, 200, 7, 33600, true, NULL },
	{ "m3-8vcpu-64gb", "Memory-Optimized 3x SSD", 65536, 8, 600, 7, 41600, true, "ric1" },
	{ "g-16vcpu-64gb", "General Purpose", 65536, 16, 200, 7, 50400, true, NULL },
	{ "gd-16vcpu-64gb", "General Purpose 2x SSD", 65536, 16, 400, 7, 54400, true, NULL },
	{ "c-32", "CPU-Optimized", 65536, 32, 400, 9, 67200, true, NULL },
	{ "m-16vcpu-128gb", "Memory-Optimized", 131072, 16, 400, 8, 67200, true, NULL },
	{ "m3-16vcpu-128gb", "Memory-Optimized 3x SSD", 131072, 16, 1200, 8, 83200, true, "ric1" },
	{ "g-32vcpu-128gb", "General Purpose", 131072, 32, 400, 8, 100800, true, NULL },
	{ "m-24vcpu-192gb", "Memory-Optimized", 196608, 24, 600, 9, 100800, true, NULL },
	{ "gd-32vcpu-128gb", "General Purpose 2x SSD", 131072, 32, 800, 8, 108800, true, NULL },
	{ "g-40vcpu-160gb", "General Purpose", 163840, 40, 500, 9, 126000, true, NULL },
	{ "m-32vcpu-256gb", "Memory-Optimized", 262144, 32, 800, 10, 134400, true, NULL },
	{ "gd-40vcpu-160gb", "General Purpose 2x SSD", 163840, 40, 1000, 9, 136000, true, NULL },
};

static const struct sb_k8s_version k8s_versions[] = {
	{ "1.36.1-do.0", 36, 1, 0 },
	{ "1.36.0-do.0", 36, 0, 0 },
	{ "1.35.4-do.0", 35, 4, 0 },
	{ "1.35.1-do.2", 35, 1, 2 },
	{ "1.34.7-do.0", 34, 7, 0 },
	{ "1.34.5-do.3", 34, 5, 3 },
};

#define SIZES_BASIC \
	"db-s-1vcpu-2gb db-s-2vcpu-4gb db-s-4vcpu-8gb db-s-6vcpu-16gb gd-2vcpu-8gb " \
	"gd-4vcpu-16gb gd-8vcpu-32gb gd-16vcpu-64gb gd-32vcpu-128gb gd-40vcpu-160gb " \
	"so1_5-2vcpu-16gb so1_5-4vcpu-32gb so1_5-8vcpu-64gb so1_5-16vcpu-128gb " \
	"so1_5-24vcpu-192gb so1_5-32vcpu-256gb db-intel-1vcpu-2gb db-amd-1vcpu-2gb " \
	"db-amd-2vcpu-4gb db-intel-2vcpu-4gb db-intel-2vcpu-8gb db-amd-2vcpu-8gb " \
	"db-intel-4vcpu-8gb db-amd-4vcpu-8gb db-intel-4vcpu-16gb db-amd-4vcpu-16gb " \
	"db-amd-8vcpu-32gb db-intel-8vcpu-32gb db-amd-16vcpu-64gb db-intel-16vcpu-64gb"
#define SIZES_CACHE \
	"db-s-1vcpu-2gb db-s-2vcpu-4gb db-s-4vcpu-8gb db-s-6vcpu-16gb db-s-8vcpu-32gb " \
	"db-s-16vcpu-64gb m-2vcpu-16gb m-4vcpu-32gb m-8vcpu-64gb m-16vcpu-128gb " \
	"m-24vcpu-192gb m-32vcpu-256gb"
#define SIZES_MONGO \
	"db-s-1vcpu-1gb db-s-1vcpu-2gb db-s-2vcpu-4gb db-s-4vcpu-8gb db-s-6vcpu-16gb " \
	"db-s-8vcpu-32gb db-s-16vcpu-64gb gd-2vcpu-8gb gd-4vcpu-16gb gd-8vcpu-32gb " \
	"gd-16vcpu-64gb gd-32vcpu-128gb gd-40vcpu-160gb so1_5-2vcpu-16gb so1_5-4vcpu-32gb " \
	"so1_5-8vcpu-64gb so1_5-16vcpu-128gb so1_5-24vcpu-192gb so1_5-32vcpu-256gb"
#define SIZES_SEARCH "gd-2vcpu-8gb m3-2vcpu-16gb gd-4vcpu-16gb m3-4vcpu-32gb m3-8vcpu-64gb"

static const struct sb_db_layout sql_layouts[] = {
	{ 1, "db-s-1vcpu-1gb db-intel-1vcpu-1gb db-amd-1vcpu-1gb " SIZES_BASIC },
	{ 2, SIZES_BASIC },
	{ 3, SIZES_BASIC },
};
static const struct sb_db_layout cache_layouts[] = {
	{ 1, "db-s-1vcpu-1gb " SIZES_CACHE },
	{ 2, SIZES_CACHE },
	{ 3, SIZES_CACHE },
};
static const struct sb_db_layout mongo_layouts[] = { { 1, SIZES_MONGO }, { 3, SIZES_MONGO } };
static const struct sb_db_layout kafka_layouts[] = {
	{ 3, "gd-2vcpu-8gb gd-4vcpu-16gb db-s-2vcpu-4gb db-s-2vcpu-2gb" },
	{ 6, "gd-2vcpu-8gb gd-4vcpu-16gb" },
	{ 9, "gd-2vcpu-8gb gd-4vcpu-16gb" },
	{ 15, "gd-2vcpu-8gb gd-4vcpu-16gb" },
};
static const struct sb_db_layout search_layouts[] = {
	{ 1, "db-s-1vcpu-2gb db-s-2vcpu-4gb db-s-4vcpu-8gb " SIZES_SEARCH },
	{ 3, "db-s-2vcpu-4gb db-s-4vcpu-8gb " SIZES_SEARCH },
	{ 6, SIZES_SEARCH },
	{ 9, SIZES_SEARCH },
	{ 15, SIZES_SEARCH },
};

static const struct sb_db_version pg_versions[] = {
	{ "14", "14.20", "2026-11-12T00:00:00Z", "2026-05-12T00:00:00Z" },
	{ "15", "15.15", "2027-11-11T00:00:00Z", "2027-05-12T00:00:00Z" },
	{ "16", "16.11", "2028-11-09T00:00:00Z", "2028-05-09T00:00:00Z" },
	{ "17", "17.7", "2029-11-08T00:00:00Z", "2029-05-08T00:00:00Z" },
	{ "18", "18.1", "2030-11-14T00:00:00Z", "2030-05-14T00:00:00Z" },
};
static const struct sb_db_version mysql_versions[] = { { "8", "8.0.45", NULL, NULL } };
static const struct sb_db_version redis_versions[] = {
	{ "7", "7.2.4", "2025-06-30T00:00:00Z", "2025-04-30T00:00:00Z" },
};
static const struct sb_db_version valkey_versions[] = { { "8", "8.1.4", NULL, NULL } };
static const struct sb_db_version mongo_versions[] = {
	{ "7.0", "7.0.28", "2027-08-31T07:00:00Z", NULL },
	{ "8.0", "8.0.17", "2029-10-31T07:00:00Z", NULL },
};
static const struct sb_db_version kafka_versions[] = { { "3.8", "3.8.1", NULL, NULL } };
static const struct sb_db_version search_versions[] = {
	{ "1", "1.3.20", NULL, NULL },
	{ "2", "2.19.2", NULL, NULL },
};

#define LIST(array) array, MOK_COUNT(array)
static const struct sb_db_engine engines[] = {
	{ "kafka", "kafka", "3.8", LIST(kafka_versions), LIST(kafka_layouts), NULL, false, false,
		true, false, false, false, false },
	{ "mongodb", "mongodb+srv", "8.0", LIST(mongo_versions), LIST(mongo_layouts), NULL, false,
		true, true, false, false, true, false },
	{ "mysql", "mysql", "8", LIST(mysql_versions), LIST(sql_layouts), NULL, false, true, true,
		false, true, true, true },
	{ "opensearch", "https", "2", LIST(search_versions), LIST(search_layouts), NULL, false,
		false, true, false, false, true, false },
	{ "pg", "postgres", "17", LIST(pg_versions), LIST(sql_layouts), NULL, false, true, true,
		true, true, true, true },
	{ "redis", "rediss", NULL, LIST(redis_versions), LIST(cache_layouts), NULL, true, false,
		false, false, false, false, false },
	{ "valkey", "rediss", "8", LIST(valkey_versions), LIST(cache_layouts), "nyc2", false, false,
		false, false, false, false, false },
};

const struct sb_region *sb_regions(size_t *count)
{
	*count = MOK_COUNT(regions);
	return regions;
}

const struct sb_size *sb_sizes(size_t *count)
{
	*count = MOK_COUNT(sizes);
	return sizes;
}

const struct sb_k8s_version *sb_k8s_versions(size_t *count)
{
	*count = MOK_COUNT(k8s_versions);
	return k8s_versions;
}

const struct sb_db_engine *sb_db_engines(size_t *count)
{
	*count = MOK_COUNT(engines);
	return engines;
}

const struct sb_region *sb_region_find(const char *slug)
{
	for (size_t i = 0; i < MOK_COUNT(regions); i++)
		if (mok_streq(regions[i].slug, slug))
			return &regions[i];
	return NULL;
}

const struct sb_size *sb_size_find(const char *slug)
{
	for (size_t i = 0; i < MOK_COUNT(sizes); i++)
		if (mok_streq(sizes[i].slug, slug))
			return &sizes[i];
	return NULL;
}

const struct sb_db_engine *sb_db_engine_find(const char *slug)
{
	for (size_t i = 0; i < MOK_COUNT(engines); i++)
		if (mok_streq(engines[i].slug, slug))
			return &engines[i];
	return NULL;
}

const struct sb_db_version *sb_db_version_find(
	const struct sb_db_engine *engine, const char *version)
{
	for (size_t i = 0; i < engine->nversions; i++)
		if (mok_streq(engine->versions[i].version, version))
			return &engine->versions[i];
	return NULL;
}

bool sb_size_in_region(const struct sb_size *size, const char *region)
{
	const struct sb_region *found = sb_region_find(region);

	return found && found->available && !mok_streq(size->not_in_region, region);
}

/* The table is newest first, so the first that has the prefix is the newest that fits. */
const struct sb_k8s_version *sb_k8s_version_resolve(const char *wanted)
{
	size_t len = strlen(wanted);

	if (strcmp(wanted, "latest") == 0)
		return &k8s_versions[0];
	for (size_t i = 0; i < MOK_COUNT(k8s_versions); i++) {
		const char *slug = k8s_versions[i].slug;

		if (len < 3 || strncmp(slug, wanted, len) != 0)
			continue;
		if (slug[len] == '\0' || slug[len] == '.' || slug[len] == '-')
			return &k8s_versions[i];
	}
	return NULL;
}

static bool newer_in_minor(const struct sb_k8s_version *a, const struct sb_k8s_version *b)
{
	if (a->minor != b->minor)
		return false;
	return a->patch != b->patch ? a->patch > b->patch : a->revision > b->revision;
}

bool sb_k8s_version_upgradable(const struct sb_k8s_version *from, const struct sb_k8s_version *to)
{
	if (newer_in_minor(to, from))
		return true;
	if (to->minor != from->minor + 1)
		return false;
	for (size_t i = 0; i < MOK_COUNT(k8s_versions); i++)
		if (newer_in_minor(&k8s_versions[i], from))
			return false;
	return true;
}

static bool in_word_list(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; p; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (strncmp(p, word, len) == 0 && (p[len] == ' ' || p[len] == '\0'))
			return true;
	}
	return false;
}

bool sb_db_layout_fits(
	const struct sb_db_engine *engine, int num_nodes, const char *size, bool *nodes_known)
{
	*nodes_known = false;
	for (size_t i = 0; i < engine->nlayouts; i++) {
		if (engine->layouts[i].num_nodes != num_nodes)
			continue;
		*nodes_known = true;
		return in_word_list(engine->layouts[i].sizes, size);
	}
	return false;
}

int sb_db_size_memory_gib(const char *slug)
{
	const char *dash = strstr(slug, "vcpu-");
	int gib = 0;

	if (!dash)
		return 0;
	for (const char *p = dash + 5; *p >= '0' && *p <= '9' && gib < 10000; p++)
		gib = gib * 10 + (*p - '0');
	return gib;
}

/* Bases of the shared-CPU plans are those of the pricing page; the others grow with memory. */
void sb_db_size_storage_mib(const char *slug, int64_t *base, int64_t *most)
{
	static const struct {
		const char *slug;
		int base_gib, most_gib;
	} plans[] = {
		{ "db-s-1vcpu-1gb", 10, 30 },
		{ "db-s-1vcpu-2gb", 30, 90 },
		{ "db-s-2vcpu-4gb", 60, 180 },
		{ "db-s-4vcpu-8gb", 140, 420 },
		{ "db-s-6vcpu-16gb", 290, 870 },
	};

	for (size_t i = 0; i < MOK_COUNT(plans); i++) {
		if (strcmp(plans[i].slug, slug) == 0) {
			*base = plans[i].base_gib * (int64_t)1024;
			*most = plans[i].most_gib * (int64_t)1024;
			return;
		}
	}
	*base = sb_db_size_memory_gib(slug) * (int64_t)15 * 1024;
	*most = *base * (mok_starts(slug, "so1_5-") ? 8 : 4);
}
