/* Requests, as DigitalOcean's API description (7c1300c) has them, written by hand: nothing here
 * comes from the descriptors. */
#include "mok/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MARK "mok:shop:web-0123456789abcdef:g1"
#define UUID "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
#define POOL "cdda885e-7663-40c8-bc74-3a036c66545d"

struct expect {
	const char *title;
	struct mok_ask ask; /* kind and call are filled in by name */
	const char *kind, *call;
	const char *want, *have, *extra; /* JSON */
	const char *urn;                 /* of have */
	const char *method, *path, *query, *body;
};

static const struct expect expects[] = {
	/* ---- reading ---- */
	{ "list", .ask = { .verb = MOK_ASK_LIST, .page = 3 }, .kind = "vpc", .method = "GET",
		.path = "/v2/vpcs", .query = "page=3&per_page=200" },
	{ "list under a parent", .ask = { .verb = MOK_ASK_LIST, .parent_id = "a.example" },
		.kind = "record", .method = "GET", .path = "/v2/domains/a.example/records",
		.query = "page=1&per_page=200" },
	{ "read", .ask = { .verb = MOK_ASK_READ, .id = UUID }, .kind = "database_cluster",
		.method = "GET", .path = "/v2/databases/" UUID },
	{ "read a pool", .ask = { .verb = MOK_ASK_READ, .id = POOL, .parent_id = UUID },
		.kind = "kubernetes_node_pool", .method = "GET",
		.path = "/v2/kubernetes/clusters/" UUID "/node_pools/" POOL },
	{ "names are percent-encoded",
		.ask = { .verb = MOK_ASK_READ, .id = "a b/c", .parent_id = UUID },
		.kind = "database_user", .method = "GET",
		.path = "/v2/databases/" UUID "/users/a%20b%2Fc" },
	{ "tags", .ask = { .verb = MOK_ASK_TAG_LIST, .page = 2 }, .method = "GET",
		.path = "/v2/tags", .query = "page=2&per_page=200" },
	{ "account", .ask = { .verb = MOK_ASK_ACCOUNT }, .method = "GET", .path = "/v2/account" },
	{ "sizes", .ask = { .verb = MOK_ASK_CATALOGUE, .name = "sizes", .page = 1 },
		.method = "GET", .path = "/v2/sizes", .query = "page=1&per_page=200" },
	{ "options", .ask = { .verb = MOK_ASK_CATALOGUE, .name = "kubernetes" }, .method = "GET",
		.path = "/v2/kubernetes/options" },
	{ "members", .ask = { .verb = MOK_ASK_MEMBERS, .id = UUID, .page = 1 }, .kind = "project",
		.method = "GET", .path = "/v2/projects/" UUID "/resources",
		.query = "page=1&per_page=200" },
	{ "associated", .ask = { .verb = MOK_ASK_ASSOCIATED, .id = UUID },
		.kind = "kubernetes_cluster", .method = "GET",
		.path = "/v2/kubernetes/clusters/" UUID "/destroy_with_associated_resources" },
	{ "upgrades", .ask = { .verb = MOK_ASK_TARGETS, .id = UUID }, .kind = "kubernetes_cluster",
		.method = "GET", .path = "/v2/kubernetes/clusters/" UUID "/upgrades" },
	{ "backups", .ask = { .verb = MOK_ASK_BACKUPS, .id = UUID }, .kind = "database_cluster",
		.method = "GET", .path = "/v2/databases/" UUID "/backups" },

	/* ---- creating ---- */
	{ "vpc", .ask = { .verb = MOK_ASK_CREATE, .name = "net", .marker = MARK }, .kind = "vpc",
		.want = "{\"region\":\"AMS3\",\"ip_range\":\"10.10.10.0/24\",\"description\":\"for "
			"us\"}",
		.method = "POST", .path = "/v2/vpcs",
		.body = "{\"name\":\"net\",\"region\":\"ams3\",\"ip_range\":\"10.10.10.0/24\","
			"\"description\":\"for us [" MARK "]\"}" },
	{ "vpc without a description",
		.ask = { .verb = MOK_ASK_CREATE, .name = "n", .marker = MARK }, .kind = "vpc",
		.want = "{\"region\":\"ams3\",\"default\":true}", .method = "POST",
		.path = "/v2/vpcs",
		.body = "{\"name\":\"n\",\"region\":\"ams3\",\"description\":\"[" MARK "]\"}" },
	{ "database with its firewall",
		.ask = { .verb = MOK_ASK_CREATE, .name = "db", .marker = MARK },
		.kind = "database_cluster",
		.want = "{\"engine\":\"pg\",\"version\":\"17\",\"size\":\"db-s-1vcpu-2gb\","
			"\"num_nodes\":1,\"region\":\"ams3\",\"tags\":[\"prod\"],"
			"\"maintenance_window\":{\"day\":\"monday\",\"hour\":\"4:00\"}}",
		.extra = "[{\"type\":\"tag\",\"value\":\"web\",\"description\":\"ours\"}]",
		.method = "POST", .path = "/v2/databases",
		.body = "{\"name\":\"db\",\"engine\":\"pg\",\"version\":\"17\","
			"\"size\":\"db-s-1vcpu-2gb\",\"num_nodes\":1,\"region\":\"ams3\","
			"\"tags\":[\"prod\",\"" MARK "\"],\"rules\":[{\"type\":\"tag\","
			"\"value\":\"web\",\"description\":\"ours [mok:shop]\"}]}" },
	{ "database whose rules are not known yet",
		.ask = { .verb = MOK_ASK_CREATE, .name = "db", .marker = MARK },
		.kind = "database_cluster",
		.want = "{\"engine\":\"valkey\",\"size\":\"db-s-1vcpu-1gb\",\"num_nodes\":1,"
			"\"region\":\"ams3\",\"eviction_policy\":\"noeviction\"}",
		.extra = "[]", .method = "POST", .path = "/v2/databases",
		.body = "{\"name\":\"db\",\"engine\":\"valkey\",\"size\":\"db-s-1vcpu-1gb\","
			"\"num_nodes\":1,\"region\":\"ams3\",\"tags\":[\"" MARK "\"],"
			"\"rules\":[{\"type\":\"ip_addr\",\"value\":\"192.0.2.1\",\"description\":"
			"\"keeps the list from being empty [mok:shop]\"}]}" },
	{ "database without a firewall",
		.ask = { .verb = MOK_ASK_CREATE, .name = "db", .marker = MARK },
		.kind = "database_cluster",
		.want = "{\"engine\":\"pg\",\"size\":\"s\",\"num_nodes\":2,\"region\":\"ams3\","
			"\"storage_size_mib\":61440,\"backup_restore\":{\"database_name\":\"old\"}"
			"}",
		.method = "POST", .path = "/v2/databases",
		.body = "{\"name\":\"db\",\"engine\":\"pg\",\"size\":\"s\",\"num_nodes\":2,"
			"\"region\":\"ams3\",\"storage_size_mib\":61440,"
			"\"backup_restore\":{\"database_name\":\"old\"},\"tags\":[\"" MARK "\"]}" },
	{ "pool",
		.ask = { .verb = MOK_ASK_CREATE, .name = "web", .marker = MARK, .parent_id = UUID },
		.kind = "kubernetes_node_pool",
		.want = "{\"cluster_id\":\"" UUID "\",\"size\":\"s-2vcpu-4gb\",\"count\":2,"
			"\"labels\":{\"a\":\"b\"},\"taints\":[{\"key\":\"k\",\"value\":\"v\","
			"\"effect\":\"NoSchedule\"}]}",
		.method = "POST", .path = "/v2/kubernetes/clusters/" UUID "/node_pools",
		.body = "{\"name\":\"web\",\"size\":\"s-2vcpu-4gb\",\"count\":2,\"tags\":[\"" MARK
			"\"],\"labels\":{\"a\":\"b\"},\"taints\":[{\"key\":\"k\",\"value\":\"v\","
			"\"effect\":\"NoSchedule\"}]}" },
	{ "pool that scales begins with its minimum",
		.ask = { .verb = MOK_ASK_CREATE, .name = "web", .marker = MARK, .parent_id = UUID },
		.kind = "kubernetes_node_pool",
		.want = "{\"cluster_id\":\"" UUID "\",\"size\":\"s-2vcpu-4gb\",\"auto_scale\":true,"
			"\"min_nodes\":2,\"max_nodes\":5}",
		.method = "POST", .path = "/v2/kubernetes/clusters/" UUID "/node_pools",
		.body = "{\"name\":\"web\",\"size\":\"s-2vcpu-4gb\",\"auto_scale\":true,"
			"\"min_nodes\":2,\"max_nodes\":5,\"count\":2,\"tags\":[\"" MARK "\"]}" },
	{ "database of a cluster",
		.ask = { .verb = MOK_ASK_CREATE, .name = "app", .parent_id = UUID },
		.kind = "database_db", .want = "{\"cluster_id\":\"" UUID "\"}", .method = "POST",
		.path = "/v2/databases/" UUID "/dbs", .body = "{\"name\":\"app\"}" },
	{ "user", .ask = { .verb = MOK_ASK_CREATE, .name = "app", .parent_id = UUID },
		.kind = "database_user",
		.want = "{\"cluster_id\":\"" UUID
			"\",\"settings\":{\"pg_allow_replication\":true}}",
		.method = "POST", .path = "/v2/databases/" UUID "/users",
		.body = "{\"name\":\"app\",\"settings\":{\"pg_allow_replication\":true}}" },
	{ "connection pool", .ask = { .verb = MOK_ASK_CREATE, .name = "p", .parent_id = UUID },
		.kind = "database_connection_pool",
		.want = "{\"cluster_id\":\"" UUID "\",\"mode\":\"transaction\",\"size\":10,"
			"\"db\":\"app\",\"user\":\"app\"}",
		.method = "POST", .path = "/v2/databases/" UUID "/pools",
		.body = "{\"name\":\"p\",\"mode\":\"transaction\",\"size\":10,\"db\":\"app\","
			"\"user\":\"app\"}" },
	{ "replica", .ask = { .verb = MOK_ASK_CREATE, .name = "reader", .parent_id = UUID },
		.kind = "database_replica",
		.want = "{\"cluster_id\":\"" UUID "\",\"size\":\"db-s-2vcpu-4gb\","
			"\"region\":\"nyc3\",\"storage_size_mib\":61440,\"tags\":[\"a\"]}",
		.method = "POST", .path = "/v2/databases/" UUID "/replicas",
		.body = "{\"name\":\"reader\",\"size\":\"db-s-2vcpu-4gb\",\"region\":\"nyc3\","
			"\"storage_size_mib\":61440,\"tags\":[\"a\"]}" },
	/* Its path has its name, but a resize its UUID. */
	{ "read a replica",
		.ask = { .verb = MOK_ASK_READ, .id = POOL, .name = "reader", .parent_id = UUID },
		.kind = "database_replica", .method = "GET",
		.path = "/v2/databases/" UUID "/replicas/reader" },
	{ "delete a replica",
		.ask = { .verb = MOK_ASK_DELETE, .id = POOL, .name = "reader", .parent_id = UUID },
		.kind = "database_replica", .method = "DELETE",
		.path = "/v2/databases/" UUID "/replicas/reader" },
	{ "resize a replica",
		.ask = { .verb = MOK_ASK_CALL, .id = POOL, .name = "reader", .parent_id = UUID },
		.kind = "database_replica", .call = "resize",
		.want = "{\"size\":\"db-s-4vcpu-8gb\"}", .have = "{\"size\":\"db-s-2vcpu-4gb\"}",
		.method = "PUT", .path = "/v2/databases/" POOL "/resize",
		.body = "{\"size\":\"db-s-4vcpu-8gb\",\"num_nodes\":1}" },
	{ "domain", .ask = { .verb = MOK_ASK_CREATE, .name = "a.example" }, .kind = "domain",
		.want = "{\"ip_address\":\"192.0.2.7\"}", .method = "POST", .path = "/v2/domains",
		.body = "{\"name\":\"a.example\",\"ip_address\":\"192.0.2.7\"}" },
	{ "host names get their dot", .ask = { .verb = MOK_ASK_CREATE, .parent_id = "a.example" },
		.kind = "record",
		.want = "{\"domain\":\"a.example\",\"type\":\"CNAME\",\"name\":\"www\","
			"\"data\":\"b.example\",\"ttl\":600}",
		.method = "POST", .path = "/v2/domains/a.example/records",
		.body = "{\"type\":\"CNAME\",\"name\":\"www\",\"data\":\"b.example.\",\"ttl\":"
			"600}" },
	{ "the apex does not", .ask = { .verb = MOK_ASK_CREATE, .parent_id = "a.example" },
		.kind = "record",
		.want = "{\"domain\":\"a.example\",\"type\":\"CNAME\",\"name\":\"www\","
			"\"data\":\"@\"}",
		.method = "POST", .path = "/v2/domains/a.example/records",
		.body = "{\"type\":\"CNAME\",\"name\":\"www\",\"data\":\"@\"}" },
	{ "texts are sent as they are", .ask = { .verb = MOK_ASK_CREATE, .parent_id = "a.example" },
		.kind = "record",
		.want = "{\"domain\":\"a.example\",\"type\":\"TXT\",\"name\":\"@\","
			"\"data\":\"ends.with.dot.\"}",
		.method = "POST", .path = "/v2/domains/a.example/records",
		.body = "{\"type\":\"TXT\",\"name\":\"@\",\"data\":\"ends.with.dot.\"}" },
	{ "project", .ask = { .verb = MOK_ASK_CREATE, .name = "home", .marker = MARK },
		.kind = "project",
		.want = "{\"environment\":\"production\",\"resources\":[\"do:space:x\"],"
			"\"is_default\":true}",
		.method = "POST", .path = "/v2/projects",
		.body = "{\"name\":\"home\",\"environment\":\"Production\",\"description\":\"[" MARK
			"]\",\"purpose\":\"Web Application\"}" },
	{ "cdn", .ask = { .verb = MOK_ASK_CREATE }, .kind = "cdn",
		.want = "{\"origin\":\"b.ams3.digitaloceanspaces.com\",\"ttl\":3600}",
		.method = "POST", .path = "/v2/cdn/endpoints",
		.body = "{\"origin\":\"b.ams3.digitaloceanspaces.com\",\"ttl\":3600}" },
	{ "certificate", .ask = { .verb = MOK_ASK_CREATE, .name = "c" }, .kind = "certificate",
		.want = "{\"type\":\"lets_encrypt\",\"dns_names\":[\"A.example.\"]}",
		.method = "POST", .path = "/v2/certificates",
		.body = "{\"name\":\"c\",\"type\":\"lets_encrypt\",\"dns_names\":[\"a.example\"]"
			"}" },
	{ "spaces key", .ask = { .verb = MOK_ASK_CREATE, .name = "k" }, .kind = "spaces_key",
		.want = "{\"grants\":[{\"bucket\":\"b\",\"permission\":\"read\"}]}",
		.method = "POST", .path = "/v2/spaces/keys",
		.body = "{\"name\":\"k\",\"grants\":[{\"bucket\":\"b\",\"permission\":\"read\"}]"
			"}" },
	{ "tag", .ask = { .verb = MOK_ASK_CREATE, .name = "backend" }, .kind = "tag",
		.want = "{\"name\":\"backend\"}", .method = "POST", .path = "/v2/tags",
		.body = "{\"name\":\"backend\"}" },
	{ "marker tag", .ask = { .verb = MOK_ASK_TAG_MAKE, .marker = MARK }, .method = "POST",
		.path = "/v2/tags", .body = "{\"name\":\"" MARK "\"}" },

	/* ---- in place ---- */
	{ "vpc: a description keeps the marker",
		.ask = { .verb = MOK_ASK_CALL, .id = UUID, .marker = MARK }, .kind = "vpc",
		.call = "update", .want = "{\"region\":\"ams3\",\"description\":\"new\"}",
		.have = "{\"region\":\"ams3\",\"description\":\"old\"}", .method = "PATCH",
		.path = "/v2/vpcs/" UUID, .body = "{\"description\":\"new [" MARK "]\"}" },
	{ "cluster: the name goes along, an empty list of tags is sent",
		.ask = { .verb = MOK_ASK_CALL, .id = UUID, .name = "c", .marker = MARK },
		.kind = "kubernetes_cluster", .call = "update",
		.want = "{\"tags\":[],\"auto_upgrade\":true}",
		.have = "{\"tags\":[\"x\"],\"auto_upgrade\":false}", .method = "PUT",
		.path = "/v2/kubernetes/clusters/" UUID,
		.body = "{\"name\":\"c\",\"tags\":[\"" MARK "\"],\"auto_upgrade\":true}" },
	{ "cluster: what is not declared of an object is kept",
		.ask = { .verb = MOK_ASK_CALL, .id = UUID, .name = "c" },
		.kind = "kubernetes_cluster", .call = "update",
		.want = "{\"maintenance_policy\":{\"day\":\"sunday\"},"
			"\"control_plane_firewall\":{\"allowed_addresses\":[\"198.51.100.7\"]}}",
		.have = "{\"maintenance_policy\":{\"day\":\"any\",\"start_time\":\"04:00\","
			"\"duration\":\"4h0m0s\"},\"control_plane_firewall\":{\"enabled\":true,"
			"\"allowed_addresses\":[]}}",
		.method = "PUT", .path = "/v2/kubernetes/clusters/" UUID,
		.body = "{\"name\":\"c\",\"maintenance_policy\":{\"day\":\"sunday\","
			"\"start_time\":\"04:00\"},\"control_plane_firewall\":{\"enabled\":true,"
			"\"allowed_addresses\":[\"198.51.100.7/32\"]}}" },
	{ "cluster: upgrade", .ask = { .verb = MOK_ASK_CALL, .id = UUID, .name = "c" },
		.kind = "kubernetes_cluster", .call = "upgrade",
		.want = "{\"version\":\"1.36.0-do.3\"}", .have = "{\"version\":\"1.35.1-do.6\"}",
		.method = "POST", .path = "/v2/kubernetes/clusters/" UUID "/upgrade",
		.body = "{\"version\":\"1.36.0-do.3\"}" },
	{ "pool: the count goes along",
		.ask = { .verb = MOK_ASK_CALL, .id = POOL, .parent_id = UUID, .name = "web" },
		.kind = "kubernetes_node_pool", .call = "update",
		.want = "{\"count\":4,\"size\":\"s\",\"labels\":{}}",
		.have = "{\"count\":4,\"size\":\"s\",\"labels\":{\"a\":\"b\"},"
			"\"auto_scale\":false}",
		.method = "PUT", .path = "/v2/kubernetes/clusters/" UUID "/node_pools/" POOL,
		.body = "{\"name\":\"web\",\"count\":4,\"labels\":{}}" },
	{ "pool: not under autoscaling",
		.ask = { .verb = MOK_ASK_CALL, .id = POOL, .parent_id = UUID, .name = "web" },
		.kind = "kubernetes_node_pool", .call = "update",
		.want = "{\"count\":2,\"auto_scale\":true,\"min_nodes\":2,\"max_nodes\":9}",
		.have = "{\"count\":5,\"auto_scale\":true,\"min_nodes\":2,\"max_nodes\":5}",
		.method = "PUT", .path = "/v2/kubernetes/clusters/" UUID "/node_pools/" POOL,
		.body = "{\"name\":\"web\",\"max_nodes\":9}" },
	{ "database: both sizes, no storage unless it changes",
		.ask = { .verb = MOK_ASK_CALL, .id = UUID }, .kind = "database_cluster",
		.call = "resize",
		.want = "{\"size\":\"db-s-2vcpu-4gb\",\"num_nodes\":1,\"storage_size_mib\":61440}",
		.have = "{\"size\":\"db-s-1vcpu-2gb\",\"num_nodes\":1,\"storage_size_mib\":61440}",
		.method = "PUT", .path = "/v2/databases/" UUID "/resize",
		.body = "{\"size\":\"db-s-2vcpu-4gb\",\"num_nodes\":1}" },
	{ "database: more storage", .ask = { .verb = MOK_ASK_CALL, .id = UUID },
		.kind = "database_cluster", .call = "resize",
		.want = "{\"size\":\"a\",\"num_nodes\":1,\"storage_size_mib\":81920}",
		.have = "{\"size\":\"a\",\"num_nodes\":1,\"storage_size_mib\":61440}",
		.method = "PUT", .path = "/v2/databases/" UUID "/resize",
		.body = "{\"size\":\"a\",\"num_nodes\":1,\"storage_size_mib\":81920}" },
	{ "database: upgrade", .ask = { .verb = MOK_ASK_CALL, .id = UUID },
		.kind = "database_cluster", .call = "upgrade", .want = "{\"version\":\"17\"}",
		.have = "{\"version\":\"16\"}", .method = "PUT",
		.path = "/v2/databases/" UUID "/upgrade", .body = "{\"version\":\"17\"}" },
	{ "database: a move names its network", .ask = { .verb = MOK_ASK_CALL, .id = UUID },
		.kind = "database_cluster", .call = "migrate",
		.want = "{\"region\":\"fra1\",\"private_network_uuid\":\"" POOL "\"}",
		.have = "{\"region\":\"ams3\",\"private_network_uuid\":\"" UUID "\"}",
		.method = "PUT", .path = "/v2/databases/" UUID "/migrate",
		.body = "{\"region\":\"fra1\",\"private_network_uuid\":\"" POOL "\"}" },
	{ "database: maintenance", .ask = { .verb = MOK_ASK_CALL, .id = UUID },
		.kind = "database_cluster", .call = "maintenance",
		.want = "{\"maintenance_window\":{\"day\":\"tuesday\",\"hour\":\"14:00:00\"}}",
		.method = "PUT", .path = "/v2/databases/" UUID "/maintenance",
		.body = "{\"day\":\"tuesday\",\"hour\":\"14:00\"}" },
	{ "database: eviction", .ask = { .verb = MOK_ASK_CALL, .id = UUID },
		.kind = "database_cluster", .call = "eviction",
		.want = "{\"eviction_policy\":\"allkeys-lru\"}", .method = "PUT",
		.path = "/v2/databases/" UUID "/eviction_policy",
		.body = "{\"eviction_policy\":\"allkeys_lru\"}" },
	{ "database: sql mode", .ask = { .verb = MOK_ASK_CALL, .id = UUID },
		.kind = "database_cluster", .call = "sql_mode", .want = "{\"sql_mode\":\"ANSI\"}",
		.method = "PUT", .path = "/v2/databases/" UUID "/sql_mode",
		.body = "{\"sql_mode\":\"ANSI\"}" },
	{ "database: autoscale", .ask = { .verb = MOK_ASK_CALL, .id = UUID },
		.kind = "database_cluster", .call = "autoscale",
		.want = "{\"autoscale\":{\"storage\":{\"enabled\":true,\"threshold_percent\":80,"
			"\"increment_gib\":10}}}",
		.method = "PUT", .path = "/v2/databases/" UUID "/autoscale",
		.body = "{\"storage\":{\"enabled\":true,\"threshold_percent\":80,"
			"\"increment_gib\":10}}" },
	{ "database: one tag on", .ask = { .verb = MOK_ASK_CALL, .id = UUID, .marker = "prod" },
		.kind = "database_cluster", .call = "tags", .want = "{}", .method = "POST",
		.path = "/v2/tags/prod/resources",
		.body = "{\"resources\":[{\"resource_id\":\"" UUID
			"\",\"resource_type\":\"database\"}]}" },
	{ "database: one tag off", .ask = { .verb = MOK_ASK_CALL, .id = UUID, .marker = "prod" },
		.kind = "database_cluster", .call = "tags", .want = "{}", .extra = "\"prod\"",
		.method = "DELETE", .path = "/v2/tags/prod/resources",
		.body = "{\"resources\":[{\"resource_id\":\"" UUID
			"\",\"resource_type\":\"database\"}]}" },
	{ "database: to another project", .ask = { .verb = MOK_ASK_CALL, .id = UUID },
		.kind = "database_cluster", .call = "assign",
		.want = "{\"project_id\":\"" POOL "\"}", .have = "{}", .urn = "do:dbaas:" UUID,
		.method = "POST", .path = "/v2/projects/" POOL "/resources",
		.body = "{\"resources\":[\"do:dbaas:" UUID "\"]}" },
	{ "user: undeclared rights are kept",
		.ask = { .verb = MOK_ASK_CALL, .id = "app", .parent_id = UUID },
		.kind = "database_user", .call = "update",
		.want = "{\"settings\":{\"pg_allow_replication\":false}}",
		.have = "{\"settings\":{\"pg_allow_replication\":true,\"acl\":[{\"topic\":\"t\","
			"\"permission\":\"consume\"}]}}",
		.method = "PUT", .path = "/v2/databases/" UUID "/users/app",
		.body = "{\"settings\":{\"pg_allow_replication\":false,\"acl\":[{\"topic\":\"t\","
			"\"permission\":\"consume\"}]}}" },
	{ "connection pool: all of it",
		.ask = { .verb = MOK_ASK_CALL, .id = "p", .parent_id = UUID },
		.kind = "database_connection_pool", .call = "update",
		.want = "{\"mode\":\"session\",\"size\":20}",
		.have = "{\"mode\":\"transaction\",\"size\":10,\"db\":\"app\",\"user\":\"u\"}",
		.method = "PUT", .path = "/v2/databases/" UUID "/pools/p",
		.body = "{\"mode\":\"session\",\"size\":20,\"db\":\"app\",\"user\":\"u\"}" },
	{ "firewall: others' rules are written back, ours replaced",
		.ask = { .verb = MOK_ASK_CALL, .id = UUID, .parent_id = UUID, .marker = MARK },
		.kind = "database_firewall", .call = "update",
		.want = "{\"rules\":[{\"type\":\"k8s\",\"value\":\"" POOL "\"}]}",
		.have = "{\"all_rules\":[{\"uuid\":\"u1\",\"type\":\"tag\",\"value\":\"a\"},"
			"{\"uuid\":\"u2\",\"type\":\"tag\",\"value\":\"b\",\"description\":"
			"\"x [mok:other]\"},{\"uuid\":\"u3\",\"type\":\"tag\",\"value\":\"c\","
			"\"description\":\"[mok:shop]\"}]}",
		.method = "PUT", .path = "/v2/databases/" UUID "/firewall",
		.body = "{\"rules\":[{\"type\":\"tag\",\"value\":\"a\",\"uuid\":\"u1\"},"
			"{\"type\":\"tag\",\"value\":\"b\",\"description\":\"x [mok:other]\","
			"\"uuid\":\"u2\"},{\"type\":\"k8s\",\"value\":\"" POOL
			"\",\"description\":\"[mok:shop]\"}]}" },
	{ "firewall: what others made and the plan wants becomes the stack's",
		.ask = { .verb = MOK_ASK_CALL, .id = UUID, .parent_id = UUID, .marker = MARK },
		.kind = "database_firewall", .call = "update",
		.want = "{\"rules\":[{\"type\":\"tag\",\"value\":\"A\"},{\"type\":\"tag\","
			"\"value\":\"b\"}]}",
		.have = "{\"all_rules\":[{\"uuid\":\"u1\",\"type\":\"tag\",\"value\":\"a\"},"
			"{\"uuid\":\"u2\",\"type\":\"tag\",\"value\":\"b\",\"description\":"
			"\"x [mok:other]\"},{\"uuid\":\"u3\",\"type\":\"app\",\"value\":\"a\"}]}",
		.method = "PUT", .path = "/v2/databases/" UUID "/firewall",
		.body = "{\"rules\":[{\"type\":\"tag\",\"value\":\"b\",\"description\":"
			"\"x [mok:other]\",\"uuid\":\"u2\"},{\"type\":\"app\",\"value\":\"a\","
			"\"uuid\":\"u3\"},{\"type\":\"tag\",\"value\":\"A\",\"description\":"
			"\"[mok:shop]\"},{\"type\":\"tag\",\"value\":\"b\",\"description\":"
			"\"[mok:shop]\"}]}" },
	{ "firewall: never empty",
		.ask = { .verb = MOK_ASK_DELETE, .id = UUID, .parent_id = UUID, .marker = MARK },
		.kind = "database_firewall",
		.have = "{\"all_rules\":[{\"uuid\":\"u3\",\"type\":\"tag\",\"value\":\"c\","
			"\"description\":\"[mok:shop]\"}]}",
		.method = "PUT", .path = "/v2/databases/" UUID "/firewall",
		.body = "{\"rules\":[{\"type\":\"ip_addr\",\"value\":\"192.0.2.1\",\"description\":"
			"\"keeps the list from being empty [mok:shop]\"}]}" },
	{ "record", .ask = { .verb = MOK_ASK_CALL, .id = "28448432", .parent_id = "a.example" },
		.kind = "record", .call = "update",
		.want = "{\"type\":\"A\",\"name\":\"www\",\"data\":\"192.0.2.9\",\"ttl\":300}",
		.have = "{\"type\":\"A\",\"name\":\"www\",\"data\":\"192.0.2.8\",\"ttl\":300}",
		.method = "PATCH", .path = "/v2/domains/a.example/records/28448432",
		.body = "{\"type\":\"A\",\"data\":\"192.0.2.9\"}" },
	{ "cdn: domain and certificate together", .ask = { .verb = MOK_ASK_CALL, .id = UUID },
		.kind = "cdn", .call = "update",
		.want = "{\"origin\":\"o\",\"ttl\":600,\"custom_domain\":\"f.example\","
			"\"certificate_id\":\"" POOL "\"}",
		.have = "{\"origin\":\"o\",\"ttl\":600,\"custom_domain\":\"e.example\","
			"\"certificate_id\":\"" POOL "\"}",
		.method = "PUT", .path = "/v2/cdn/endpoints/" UUID,
		.body = "{\"ttl\":600,\"custom_domain\":\"f.example\",\"certificate_id\":\"" POOL
			"\"}" },
	{ "spaces key: name", .ask = { .verb = MOK_ASK_CALL, .id = "AK" }, .kind = "spaces_key",
		.call = "update", .want = "{\"name\":\"n2\",\"grants\":[]}",
		.have = "{\"name\":\"n1\",\"grants\":[]}", .method = "PATCH",
		.path = "/v2/spaces/keys/AK", .body = "{\"name\":\"n2\"}" },

	/* ---- markers, members, deleting ---- */
	{ "mark a cluster",
		.ask = { .verb = MOK_ASK_MARK, .id = UUID, .name = "c", .marker = MARK },
		.kind = "kubernetes_cluster", .have = "{\"tags\":[\"x\"]}", .method = "PUT",
		.path = "/v2/kubernetes/clusters/" UUID,
		.body = "{\"name\":\"c\",\"tags\":[\"x\",\"" MARK "\"]}" },
	{ "take a pool's mark off",
		.ask = { .verb = MOK_ASK_MARK,
			.id = POOL,
			.parent_id = UUID,
			.name = "web",
			.marker = "" },
		.kind = "kubernetes_node_pool",
		.have = "{\"tags\":[\"x\"],\"count\":2,\"auto_scale\":false}", .method = "PUT",
		.path = "/v2/kubernetes/clusters/" UUID "/node_pools/" POOL,
		.body = "{\"name\":\"web\",\"count\":2,\"tags\":[\"x\"]}" },
	{ "mark a database", .ask = { .verb = MOK_ASK_MARK, .id = UUID, .marker = MARK },
		.kind = "database_cluster", .have = "{\"tags\":[]}", .method = "POST",
		.path = "/v2/tags/mok%3Ashop%3Aweb-0123456789abcdef%3Ag1/resources",
		.body = "{\"resources\":[{\"resource_id\":\"" UUID
			"\",\"resource_type\":\"database\"}]}" },
	{ "take a vpc's mark off", .ask = { .verb = MOK_ASK_MARK, .id = UUID, .marker = "" },
		.kind = "vpc", .have = "{\"description\":\"\"}", .method = "PATCH",
		.path = "/v2/vpcs/" UUID, .body = "{\"description\":\"\"}" },
	{ "assign", .ask = { .verb = MOK_ASK_ASSIGN, .id = "default" }, .kind = "project",
		.extra = "[\"do:space:b\",\"do:domain:a.example\"]", .method = "POST",
		.path = "/v2/projects/default/resources",
		.body = "{\"resources\":[\"do:space:b\",\"do:domain:a.example\"]}" },
	{ "delete", .ask = { .verb = MOK_ASK_DELETE, .id = UUID }, .kind = "database_cluster",
		.method = "DELETE", .path = "/v2/databases/" UUID },
	{ "delete with what Kubernetes made",
		.ask = { .verb = MOK_ASK_DELETE_ASSOCIATED, .id = UUID },
		.kind = "kubernetes_cluster",
		.extra = "{\"load_balancers\":[{\"id\":\"lb\",\"name\":\"n\"}],\"volumes\":[],"
			 "\"volume_snapshots\":null}",
		.method = "DELETE",
		.path = "/v2/kubernetes/clusters/" UUID
			"/destroy_with_associated_resources/selective",
		.body = "{\"load_balancers\":[\"lb\"],\"volumes\":[],\"volume_snapshots\":[]}" },
	{ "drop a tag", .ask = { .verb = MOK_ASK_TAG_DROP, .marker = MARK }, .method = "DELETE",
		.path = "/v2/tags/mok%3Ashop%3Aweb-0123456789abcdef%3Ag1" },
};

static struct mok_val *value_of(struct mok_arena *arena, const char *json)
{
	struct mok_val *out;
	cJSON *tree;

	if (!json)
		return NULL;
	tree = mok_json_parse(json, strlen(json));
	assert_non_null(tree);
	out = MOK_NEW(arena, struct mok_val);
	*out = mok_val_from_json(arena, tree);
	cJSON_Delete(tree);
	return out;
}

static const struct mok_call *call_of(const struct mok_kind *kind, const char *name)
{
	for (const struct mok_call *c = kind->calls; c && c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	fail_msg("%s has no call %s", kind->name, name);
	return NULL;
}

static void check_body(const struct expect *e, const struct mok_wire_request *request)
{
	cJSON *want, *have;

	if (!e->body) {
		assert_null(request->body);
		return;
	}
	want = mok_json_parse(e->body, strlen(e->body));
	assert_non_null(want);
	assert_non_null(request->body);
	assert_int_equal(strlen(request->body), request->body_len);
	assert_string_equal(request->content_type, "application/json");
	have = mok_json_parse(request->body, request->body_len);
	if (!mok_json_equal(want, have))
		fail_msg("%s:\n want %s\n have %s", e->title, e->body, request->body);
	cJSON_Delete(want);
	cJSON_Delete(have);
}

static void check(const struct expect *e)
{
	const struct mok_provider *provider = mok_digitalocean_provider();
	struct mok_arena *arena = mok_arena_new();
	struct mok_wire_request request = { 0 };
	struct mok_object have = { .id = e->ask.id,
		.parent_id = e->ask.parent_id,
		.name = e->ask.name,
		.marker = e->ask.marker,
		.urn = e->urn };
	struct mok_ask ask = e->ask;
	struct mok_err err = { 0 };

	ask.kind = e->kind ? mok_kind_find(e->kind) : NULL;
	ask.call = e->call ? call_of(ask.kind, e->call) : NULL;
	ask.want = value_of(arena, e->want);
	ask.extra = value_of(arena, e->extra);
	have.kind = ask.kind;
	if (e->have) {
		have.attrs = *value_of(arena, e->have);
		ask.have = &have;
	}
	if (provider->encode(provider->self, &ask, arena, &request, &err) != 0)
		fail_msg("%s: %s", e->title, err.msg);
	if (!mok_streq(request.method, e->method) || !mok_streq(request.path, e->path) ||
		!mok_streq(request.query, e->query))
		fail_msg("%s: %s %s?%s", e->title, request.method, request.path,
			request.query ? request.query : "");
	assert_int_equal(request.auth, MOK_AUTH_BEARER);
	check_body(e, &request);
	mok_arena_free(arena);
}

static void test_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < MOK_COUNT(expects); i++)
		check(&expects[i]);
}

static void test_only_creations_are_never_sent_again(void **state)
{
	const struct mok_provider *provider = mok_digitalocean_provider();
	struct mok_arena *arena = mok_arena_new();
	struct mok_val want = { .type = MOK_MAP };
	struct mok_ask ask = { .verb = MOK_ASK_CREATE, .name = "n", .want = &want };
	struct mok_wire_request request = { 0 };
	struct mok_err err;

	(void)state;
	ask.kind = mok_kind_find("domain");
	assert_int_equal(provider->encode(provider->self, &ask, arena, &request, &err), 0);
	assert_int_equal(request.retry, MOK_RETRY_NEVER);
	memset(&request, 0, sizeof(request));
	ask = (struct mok_ask){ .verb = MOK_ASK_TAG_MAKE, .marker = MARK };
	assert_int_equal(provider->encode(provider->self, &ask, arena, &request, &err), 0);
	assert_int_equal(request.retry, MOK_RETRY_SAFE);
	mok_arena_free(arena);
}

static void test_cluster_is_made_with_its_pools(void **state)
{
	const struct mok_provider *provider = mok_digitalocean_provider();
	struct mok_arena *arena = mok_arena_new();
	struct mok_ask pool = { .verb = MOK_ASK_CREATE, .name = "base", .marker = MARK };
	struct mok_ask ask = { .verb = MOK_ASK_CREATE, .name = "c", .marker = MARK };
	struct mok_wire_request request = { 0 };
	struct mok_err err;
	struct expect e = { .title = "cluster",
		.body = "{\"name\":\"c\",\"region\":\"ams3\",\"version\":\"1.36\",\"tags\":[\"" MARK
			"\"],\"node_pools\":[{\"name\":\"base\",\"size\":\"s\",\"count\":2,"
			"\"tags\":[\"" MARK "\"]}]}" };

	(void)state;
	pool.kind = mok_kind_find("kubernetes_node_pool");
	pool.want = value_of(arena, "{\"size\":\"s\",\"count\":2}");
	ask.kind = mok_kind_find("kubernetes_cluster");
	ask.want = value_of(arena, "{\"region\":\"ams3\",\"version\":\"1.36\"}");
	ask.children = &pool;
	ask.nchildren = 1;
	assert_int_equal(provider->encode(provider->self, &ask, arena, &request, &err), 0);
	assert_string_equal(request.path, "/v2/kubernetes/clusters");
	check_body(&e, &request);
	mok_arena_free(arena);
}

/* An id that is a path of its own would reach something else. */
static void test_odd_ids_are_refused(void **state)
{
	static const char *const ids[] = { NULL, "", ".", ".." };
	const struct mok_provider *provider = mok_digitalocean_provider();
	struct mok_arena *arena = mok_arena_new();

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(ids); i++) {
		struct mok_ask ask = { .verb = MOK_ASK_DELETE, .id = ids[i] };
		struct mok_wire_request request = { 0 };
		struct mok_err err;

		ask.kind = mok_kind_find("vpc");
		assert_int_equal(provider->encode(provider->self, &ask, arena, &request, &err), -1);
		assert_int_equal(err.code, MOK_ERR_INPUT);
	}
	mok_arena_free(arena);
}

/* Writing a firewall without knowing what is there would take others' rules away. */
static void test_firewall_needs_what_is_there(void **state)
{
	const struct mok_provider *provider = mok_digitalocean_provider();
	struct mok_arena *arena = mok_arena_new();
	struct mok_ask ask = { .verb = MOK_ASK_CALL, .id = UUID, .parent_id = UUID };
	struct mok_wire_request request = { 0 };
	struct mok_err err;

	(void)state;
	ask.kind = mok_kind_find("database_firewall");
	ask.call = call_of(ask.kind, "update");
	ask.marker = MARK;
	ask.want = value_of(arena, "{\"rules\":[]}");
	assert_int_equal(provider->encode(provider->self, &ask, arena, &request, &err), -1);
	mok_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_only_creations_are_never_sent_again),
		cmocka_unit_test(test_cluster_is_made_with_its_pools),
		cmocka_unit_test(test_odd_ids_are_refused),
		cmocka_unit_test(test_firewall_needs_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
