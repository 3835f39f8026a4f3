#include "mastodon_internal.h"

/* The block's fields: what may be written, and what is assumed. */

#define LABEL "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
#define HOST_PATTERN LABEL "(\\." LABEL ")+"
#define HOST_FORM \
	"a host name in lower case, such as social.example; what has other letters is written " \
	"as xn--..."
#define NAME_PATTERN "[a-z]([a-z0-9-]*[a-z0-9])?"
#define NAME_FORM "lower-case letters, digits and hyphens, such as mastodon"
#define QUANTITY_PATTERN "[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi)?"
#define QUANTITY_FORM "a number, with a unit or none, such as 500m, 2 or 1Gi"
#define DIGEST_FORM "sha256: and 64 hexadecimal digits"
#define RANGE_PATTERN \
	"[0-9]{1,3}(\\.[0-9]{1,3}){3}(/([0-9]|[12][0-9]|3[0-2]))?|" \
	"[0-9a-fA-F:]*:[0-9a-fA-F:.]*(/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))?"
#define RANGE_FORM "an address or a range of them, such as 192.0.2.1 or 2001:db8::/32"
#define URL_PATTERN "https?://[^/ ].*"

static const struct mok_field owner[] = {
	{ .name = "username",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.pattern = "[A-Za-z0-9_]+",
		.form = "letters without accents, digits and underscores",
		.max = 30,
		.doc = "Name of the first account, which owns the instance." },
	{ .name = "email",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.pattern = "[^@ ]+@[^@ ]+",
		.form = "an address, such as admin@social.example",
		.doc = "Its mail address." },
	{ 0 },
};

static const struct mok_field range[] = {
	{ .name = "min", .type = MOK_INT, .min = 1, .max = 1000, .doc = "Fewest pods." },
	{ .name = "max", .type = MOK_INT, .min = 1, .max = 1000, .doc = "Most pods." },
	{ 0 },
};

static const struct mok_field quantities[] = {
	{ .name = "cpu",
		.type = MOK_STR,
		.pattern = QUANTITY_PATTERN,
		.form = QUANTITY_FORM,
		.doc = "CPU, such as 500m." },
	{ .name = "memory",
		.type = MOK_STR,
		.pattern = QUANTITY_PATTERN,
		.form = QUANTITY_FORM,
		.doc = "Memory, such as 1Gi." },
	{ 0 },
};

static const struct mok_field resources[] = {
	{ .name = "requests", .type = MOK_MAP, .sub = quantities, .doc = "What a pod reserves." },
	{ .name = "limits",
		.type = MOK_MAP,
		.sub = quantities,
		.doc = "What a pod may not exceed." },
	{ 0 },
};

#define REPLICAS(standard) \
	{ \
		.name = "replicas", .type = MOK_MAP, .flags = MOK_F_RANGE, .sub = range, \
		.dflt = standard, .doc = "Pods: a number, or min and max for an autoscaler." \
	}
#define NODE_POOL \
	{ \
		.name = "node_pool", .type = MOK_STR, \
		.doc = "Node pool that the pods must run in: an address or the pool's name." \
	}
#define RESOURCES \
	{ \
		.name = "resources", .type = MOK_MAP, .sub = resources, \
		.doc = "Requests and limits, in place of those worked out from the threads." \
	}

static const struct mok_field web[] = {
	REPLICAS("2"),
	{ .name = "workers",
		.type = MOK_INT,
		.min = 1,
		.max = 64,
		.dflt = "2",
		.doc = "Puma processes in a pod." },
	{ .name = "threads",
		.type = MOK_INT,
		.min = 1,
		.max = 128,
		.dflt = "5",
		.doc = "Threads of each process." },
	{ .name = "persistent_timeout",
		.type = MOK_INT,
		.min = 1,
		.max = 3600,
		.dflt = "95",
		.doc = "Seconds that an idle connection is kept: longer than the gateway keeps "
		       "it." },
	NODE_POOL,
	RESOURCES,
	{ 0 },
};

static const struct mok_field streaming[] = {
	REPLICAS("2"),
	{ .name = "db_pool",
		.type = MOK_INT,
		.min = 1,
		.max = 100,
		.dflt = "10",
		.doc = "Database connections of each pod." },
	{ .name = "domain",
		.type = MOK_STR,
		.pattern = HOST_PATTERN,
		.form = HOST_FORM,
		.doc = "Host name of its own; otherwise a path of the web domain." },
	NODE_POOL,
	RESOURCES,
	{ 0 },
};

static const struct mok_field group[] = {
	{ .name = "queues",
		.type = MOK_LIST,
		.item = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.pattern = "(default|push|ingress|mailers|pull|scheduler|fasp)(,[1-9][0-9]?)?",
		.form = "default, push, ingress, mailers, pull, scheduler or fasp, with a weight "
			"such as push,4 or without",
		.min = 1,
		.max = 7,
		.doc = "Queues that it serves, each as NAME or NAME,WEIGHT." },
	REPLICAS("1"),
	{ .name = "concurrency",
		.type = MOK_INT,
		.min = 1,
		.max = 200,
		.dflt = "25",
		.doc = "Threads of each pod." },
	NODE_POOL,
	RESOURCES,
	{ 0 },
};

#define SMTP_FIELDS \
	{ .name = "server", \
		.type = MOK_STR, \
		.flags = MOK_F_REQUIRED, \
		.doc = "Host name of the mail server." }, \
		{ .name = "port", \
			.type = MOK_INT, \
			.min = 1, \
			.max = 65535, \
			.dflt = "2525", \
			.doc = "Port. DigitalOcean blocks 25, 465 and 587." }, \
		{ .name = "login", .type = MOK_STR, .doc = "Name of the user." }, \
		{ .name = "password", \
			.type = MOK_STR, \
			.flags = MOK_F_SENSITIVE, \
			.doc = "Password." }, \
		{ .name = "from", \
			.type = MOK_STR, \
			.doc = "Sender, such as Mastodon <notifications@social.example>." }, \
		{ .name = "domain", .type = MOK_STR, .doc = "Name given in HELO." }, \
		{ .name = "auth_method", \
			.type = MOK_STR, \
			.values = "plain|login|cram_md5|none", \
			.doc = "How to sign in." }, \
		{ .name = "enable_starttls", \
			.type = MOK_STR, \
			.values = "auto|always|never", \
			.dflt = "auto", \
			.doc = "STARTTLS." }, \
		{ .name = "ssl", .type = MOK_BOOL, .doc = "TLS from the first byte." }, \
		{ .name = "ca_file", \
			.type = MOK_STR, \
			.pattern = "/.+", \
			.doc = "File in the pods with the authorities that sign for the server; " \
			       "by " \
			       "default the image's own." }, \
	{ \
		.name = "openssl_verify_mode", .type = MOK_STR, .values = "none|peer", \
		.doc = "Whether the server's certificate is checked." \
	}

static const struct mok_field bulk_smtp[] = { SMTP_FIELDS, { 0 } };

static const struct mok_field smtp[] = {
	SMTP_FIELDS,
	{ .name = "reply_to", .type = MOK_STR, .doc = "Where answers go." },
	{ .name = "return_path",
		.type = MOK_STR,
		.doc = "Where bounces go; by default the sender." },
	{ .name = "bulk",
		.type = MOK_MAP,
		.sub = bulk_smtp,
		.doc = "Another server for mail to many." },
	{ 0 },
};

static const struct mok_field tls[] = {
	{ .name = "issuer",
		.type = MOK_STR,
		.values = "letsencrypt|letsencrypt-staging",
		.dflt = "letsencrypt",
		.doc = "Who signs the certificate; staging's is for trials, browsers refuse it." },
	{ .name = "email",
		.type = MOK_STR,
		.doc = "Where the issuer writes to; the owner's by default." },
	{ .name = "challenge",
		.type = MOK_STR,
		.values = "dns01|http01",
		.doc = "How the domain is proven: dns01 by default where the plan has its zone and "
		       "a "
		       "token is given." },
	{ .name = "token",
		.type = MOK_STR,
		.flags = MOK_F_SENSITIVE,
		.doc = "Of dns01: a DigitalOcean token of its own, scope: domains. mok's never "
		       "enters "
		       "the cluster." },
	{ 0 },
};

static const struct mok_field load_balancer[] = {
	{ .name = "name",
		.type = MOK_STR,
		.max = 63,
		.doc = "Name of the load balancer. With another class write another name: it is "
		       "how DigitalOcean finds the one of a Service." },
	{ .name = "type",
		.type = MOK_STR,
		.values = "REGIONAL_NETWORK|REGIONAL",
		.dflt = "REGIONAL_NETWORK",
		.doc = "REGIONAL_NETWORK passes connections through; REGIONAL speaks the PROXY "
		       "protocol." },
	{ .name = "size_unit", .type = MOK_INT, .min = 1, .max = 200, .doc = "Size." },
	{ .name = "network_stack",
		.type = MOK_STR,
		.values = "IPV4|DUALSTACK",
		.dflt = "IPV4",
		.doc = "Addresses." },
	{ 0 },
};

static const struct mok_field gateway[] = {
	{ .name = "class",
		.type = MOK_STR,
		.values = "traefik|cilium|ingress",
		.dflt = "traefik",
		.doc = "traefik is installed by its chart; cilium is DOKS' own; ingress writes an "
		       "Ingress instead of a Gateway." },
	{ .name = "ingress_class",
		.type = MOK_STR,
		.dflt = "traefik",
		.doc = "Of ingress: the IngressClass." },
	{ .name = "install",
		.type = MOK_BOOL,
		.dflt = "true",
		.doc = "Whether mok installs the controller and cert-manager." },
	{ .name = "namespace",
		.type = MOK_STR,
		.pattern = NAME_PATTERN,
		.form = NAME_FORM,
		.dflt = "traefik",
		.doc = "Where the controller runs: its pods may reach web and streaming." },
	{ .name = "load_balancer",
		.type = MOK_MAP,
		.sub = load_balancer,
		.doc = "DigitalOcean's load "
		       "balancer." },
	{ .name = "trusted_proxies",
		.type = MOK_LIST,
		.item = MOK_STR,
		.pattern = RANGE_PATTERN,
		.form = RANGE_FORM,
		.doc = "Addresses of proxies in front, such as a CDN's: sets TRUSTED_PROXY_IP." },
	{ .name = "tls", .type = MOK_MAP, .sub = tls, .doc = "The certificate." },
	{ 0 },
};

static const struct mok_field images[] = {
	{ .name = "web",
		.type = MOK_STR,
		.dflt = "ghcr.io/mastodon/mastodon",
		.doc = "Image of web, Sidekiq and the jobs." },
	{ .name = "streaming",
		.type = MOK_STR,
		.dflt = "ghcr.io/mastodon/mastodon-streaming",
		.doc = "Image of streaming." },
	{ .name = "postgres",
		.type = MOK_STR,
		.dflt = "docker.io/library/postgres",
		.doc = "Image of pg_dump, of the database's major version." },
	{ .name = "rclone",
		.type = MOK_STR,
		.dflt = "docker.io/rclone/rclone",
		.doc = "Image of what copies to Spaces." },
	{ .name = "web_digest",
		.type = MOK_STR,
		.pattern = "sha256:[0-9a-f]{64}",
		.form = DIGEST_FORM,
		.doc = "Digest of the image of web, instead of its registry's answer." },
	{ .name = "streaming_digest",
		.type = MOK_STR,
		.pattern = "sha256:[0-9a-f]{64}",
		.form = DIGEST_FORM,
		.doc = "The same of streaming." },
	{ .name = "pin",
		.type = MOK_STR,
		.values = "digest|tag",
		.dflt = "digest",
		.doc = "Whether images are named by the digest that their tag has, too. It is "
		       "asked of the registry; that of a running instance stands." },
	{ 0 },
};

static const struct mok_field secrets[] = {
	{ .name = "escrow",
		.type = MOK_STR,
		.doc = "File that keeps the generated keys, age format." },
	{ .name = "recipients",
		.type = MOK_LIST,
		.item = MOK_STR,
		.doc = "Public keys that open it." },
	{ 0 },
};

static const struct mok_field observability[] = {
	{ .name = "metrics",
		.type = MOK_BOOL,
		.dflt = "false",
		.doc = "Exporters and PodMonitors." },
	{ .name = "alerts", .type = MOK_BOOL, .dflt = "false", .doc = "PrometheusRules." },
	{ .name = "dashboards",
		.type = MOK_BOOL,
		.dflt = "false",
		.doc = "Grafana dashboards, as ConfigMaps." },
	{ .name = "namespace",
		.type = MOK_STR,
		.pattern = NAME_PATTERN,
		.form = NAME_FORM,
		.dflt = "monitoring",
		.doc = "Where Prometheus runs." },
	{ .name = "prometheus",
		.type = MOK_BOOL,
		.dflt = "false",
		.doc = "Whether mok installs Prometheus and Grafana (with robusta: as part of "
		       "it)." },
	{ .name = "robusta_version",
		.type = MOK_STR,
		.dflt = "0.47.0",
		.doc = "Version of Robusta's chart." },
	{ .name = "robusta",
		.type = MOK_MAP,
		.flags = MOK_F_ANY,
		.doc = "Values of Robusta's chart; installed when this is there." },
	{ 0 },
};

static const struct mok_field gitops[] = {
	{ .name = "manage",
		.type = MOK_STR,
		.values = "mok|argocd",
		.dflt = "mok",
		.doc = "Who applies the objects: with argocd, mok applies Argo CD, its root "
		       "Application and the Secrets, and Argo CD the rest out of the repository." },
	{ .name = "repository",
		.type = MOK_STR,
		.pattern = "(https?://|ssh://|git@|file://).+",
		.form = "a URL that begins with https://, ssh://, git@ or file://",
		.doc = "URL of the Git repository that Argo CD reads." },
	{ .name = "path",
		.type = MOK_STR,
		.pattern = "[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*",
		.form = "a folder in the repository, such as deploy/mastodon",
		.doc = "Folder in it that mok manifests --argocd is written to." },
	{ .name = "revision", .type = MOK_STR, .dflt = "HEAD", .doc = "Branch or tag." },
	{ 0 },
};

static const struct mok_field upgrade[] = {
	{ .name = "pre_pull",
		.type = MOK_BOOL,
		.dflt = "false",
		.doc = "Nodes fetch the new images before anything rolls, by a DaemonSet that goes "
		       "again." },
	{ 0 },
};

static const struct mok_field cleanup[] = {
	{ .name = "media_days",
		.type = MOK_INT,
		.min = 0,
		.max = 3650,
		.dflt = "7",
		.doc = "Remote media older than this goes daily; 0: never." },
	{ .name = "preview_card_days",
		.type = MOK_INT,
		.min = 0,
		.max = 3650,
		.dflt = "30",
		.doc = "Preview cards older than this go weekly; 0: never." },
	{ .name = "prune_profiles",
		.type = MOK_BOOL,
		.dflt = "true",
		.doc = "Avatars and headers of forgotten remote accounts go weekly." },
	{ .name = "keep_interacted",
		.type = MOK_BOOL,
		.dflt = "true",
		.doc = "From 4.6: media of posts that somebody here favoured or answered stays." },
	{ .name = "statuses",
		.type = MOK_BOOL,
		.dflt = "false",
		.doc = "Unreferenced remote posts go weekly." },
	{ .name = "accounts",
		.type = MOK_BOOL,
		.dflt = "false",
		.doc = "Remote accounts that never met anyone here go weekly." },
	{ 0 },
};

static const struct mok_field limits[] = {
	{ .name = "user_active_days",
		.type = MOK_INT,
		.min = 1,
		.doc = "Days that count as active; 7." },
	{ .name = "max_session_activations",
		.type = MOK_INT,
		.min = 1,
		.doc = "Sessions of an account; 10." },
	{ .name = "max_follows_threshold", .type = MOK_INT, .min = 1, .doc = "Follows; 7500." },
	{ .name = "max_request_pool_size",
		.type = MOK_INT,
		.min = 1,
		.doc = "Outgoing connections; 512." },
	{ .name = "ip_retention_period", .type = MOK_INT, .min = 1, .doc = "Seconds; 31556952." },
	{ .name = "session_retention_period",
		.type = MOK_INT,
		.min = 1,
		.doc = "Seconds; 31556952." },
	{ .name = "update_check_url", .type = MOK_STR, .doc = "Where new versions are asked for." },
	{ 0 },
};

static const struct mok_field telemetry[] = {
	{ .name = "endpoint", .type = MOK_STR, .flags = MOK_F_REQUIRED, .doc = "OTLP endpoint." },
	{ .name = "service_name_prefix", .type = MOK_STR, .doc = "Before the service's name." },
	{ .name = "service_name_separator", .type = MOK_STR, .doc = "Between them." },
	{ 0 },
};

static const struct mok_field eck[] = {
	{ .name = "install",
		.type = MOK_BOOL,
		.dflt = "true",
		.doc = "Whether mok installs the operator." },
	{ .name = "nodes", .type = MOK_INT, .min = 1, .max = 99, .dflt = "3", .doc = "Nodes." },
	{ .name = "memory",
		.type = MOK_STR,
		.pattern = "[0-9]+(Mi|Gi)",
		.form = "a number of Mi or Gi, such as 4Gi",
		.dflt = "4Gi",
		.doc = "Memory of each; half of it is Java's." },
	{ .name = "storage",
		.type = MOK_STR,
		.pattern = "[0-9]+Gi",
		.form = "a number of Gi, such as 40Gi",
		.dflt = "40Gi",
		.doc = "Volume of each." },
	{ 0 },
};

static const struct mok_field hcaptcha[] = {
	{ .name = "site_key",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.doc = "Key that browsers see." },
	{ .name = "secret_key",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_SENSITIVE,
		.doc = "The other one." },
	{ 0 },
};

static const struct mok_field deepl[] = {
	{ .name = "api_key",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED | MOK_F_SENSITIVE,
		.doc = "Key of the API." },
	{ .name = "plan", .type = MOK_STR, .values = "free|pro", .dflt = "free", .doc = "Plan." },
	{ 0 },
};

static const struct mok_field libre_translate[] = {
	{ .name = "endpoint", .type = MOK_STR, .flags = MOK_F_REQUIRED, .doc = "URL." },
	{ .name = "api_key",
		.type = MOK_STR,
		.flags = MOK_F_SENSITIVE,
		.doc = "Key of the API, if it asks for one." },
	{ 0 },
};

static const struct mok_field translation[] = {
	{ .name = "deepl", .type = MOK_MAP, .sub = deepl, .doc = "DeepL." },
	{ .name = "libre_translate",
		.type = MOK_MAP,
		.sub = libre_translate,
		.doc = "LibreTranslate." },
	{ 0 },
};

static const struct mok_field cache_buster[] = {
	{ .name = "secret_header", .type = MOK_STR, .doc = "Header that carries the secret." },
	{ .name = "secret", .type = MOK_STR, .flags = MOK_F_SENSITIVE, .doc = "The secret." },
	{ .name = "http_method", .type = MOK_STR, .doc = "Method." },
	{ 0 },
};

static const struct mok_field target[] = {
	{ .name = "kind", .type = MOK_STR, .doc = "Kind of the objects, such as Deployment." },
	{ .name = "name", .type = MOK_STR, .doc = "Their name; * stands for anything." },
	{ 0 },
};

static const struct mok_field patch[] = {
	{ .name = "target",
		.type = MOK_MAP,
		.flags = MOK_F_REQUIRED,
		.sub = target,
		.doc = "Which objects." },
	{ .name = "type",
		.type = MOK_STR,
		.values = "merge|strategic",
		.dflt = "strategic",
		.doc = "JSON merge patch (lists are replaced), or strategic merge (Kubernetes' "
		       "lists "
		       "are merged by their keys)." },
	{ .name = "patch",
		.type = MOK_MAP,
		.flags = MOK_F_REQUIRED | MOK_F_ANY,
		.doc = "What is merged into each; null takes a field away." },
	{ 0 },
};

#define FLAG(field, text) \
	{ \
		.name = field, .type = MOK_BOOL, .doc = text \
	}

static const struct mok_field fields[] = {
	{ .name = "version",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.pattern = "[0-9]+\\.[0-9]+(\\.[0-9]+)?",
		.form = "4.7, or 4.7.6",
		.doc = "Mastodon's version: 4.7, or 4.7.6." },
	{ .name = "domain",
		.type = MOK_STR,
		.flags = MOK_F_REQUIRED,
		.pattern = HOST_PATTERN,
		.form = HOST_FORM,
		.doc = "LOCAL_DOMAIN: what stands behind the @ in accounts. It can never be "
		       "changed." },
	{ .name = "web_domain",
		.type = MOK_STR,
		.pattern = HOST_PATTERN,
		.form = HOST_FORM,
		.doc = "WEB_DOMAIN: where the instance is served, if elsewhere." },
	{ .name = "media_domain",
		.type = MOK_STR,
		.pattern = HOST_PATTERN,
		.form = HOST_FORM,
		.doc = "S3_ALIAS_HOST: where media is served; by default the CDN's host." },
	{ .name = "assets_domain",
		.type = MOK_STR,
		.pattern = URL_PATTERN,
		.form = "a URL, such as https://assets.social.example",
		.doc = "CDN_HOST: where assets are served, a URL." },
	{ .name = "assets_storage",
		.type = MOK_STR,
		.doc = "Address of the spaces_bucket behind assets_domain: a Job copies each "
		       "version's assets there before its pods start, and deletes none." },
	{ .name = "assets_storage_key",
		.type = MOK_STR,
		.doc = "Address of the spaces_key that may write there." },
	{ .name = "extra_media_hosts",
		.type = MOK_LIST,
		.item = MOK_STR,
		.doc = "EXTRA_MEDIA_HOSTS." },
	{ .name = "alternate_domains",
		.type = MOK_LIST,
		.item = MOK_STR,
		.pattern = HOST_PATTERN,
		.form = HOST_FORM,
		.doc = "ALTERNATE_DOMAINS." },
	{ .name = "default_locale", .type = MOK_STR, .doc = "DEFAULT_LOCALE." },
	FLAG("single_user_mode", "SINGLE_USER_MODE."),
	FLAG("limited_federation_mode", "LIMITED_FEDERATION_MODE; decided once."),
	FLAG("authorized_fetch", "AUTHORIZED_FETCH."),
	FLAG("disallow_unauthenticated_api_access", "DISALLOW_UNAUTHENTICATED_API_ACCESS."),
	{ .name = "namespace",
		.type = MOK_STR,
		.pattern = NAME_PATTERN,
		.form = NAME_FORM,
		.max = 63,
		.dflt = "mastodon",
		.doc = "Namespace of the objects." },
	{ .name = "owner",
		.type = MOK_MAP,
		.flags = MOK_F_REQUIRED,
		.sub = owner,
		.doc = "The first account." },
	{ .name = "cluster", .type = MOK_STR, .doc = "Address of the kubernetes_cluster." },
	{ .name = "database", .type = MOK_STR, .doc = "Address of the Postgres database_cluster." },
	{ .name = "database_name", .type = MOK_STR, .doc = "Address of the database_db." },
	{ .name = "database_user", .type = MOK_STR, .doc = "Address of the database_user." },
	{ .name = "database_replica",
		.type = MOK_STR,
		.doc = "Address of a database_replica that web and Sidekiq read from: "
		       "REPLICA_DB_*. "
		       "They connect to it directly, so it needs a connection for each thread." },
	{ .name = "redis", .type = MOK_STR, .doc = "Address of the Valkey database_cluster." },
	{ .name = "cache_redis",
		.type = MOK_STR,
		.doc = "Address of another one, for the cache alone." },
	{ .name = "sidekiq_redis",
		.type = MOK_STR,
		.doc = "Address of another one, for the jobs alone." },
	{ .name = "storage", .type = MOK_STR, .doc = "Address of the spaces_bucket." },
	{ .name = "storage_key", .type = MOK_STR, .doc = "Address of the spaces_key." },
	{ .name = "cdn", .type = MOK_STR, .doc = "Address of the cdn." },
	{ .name = "zone",
		.type = MOK_STR,
		.doc = "Address of the domain that the records go into." },
	{ .name = "search",
		.type = MOK_STR,
		.dflt = "none",
		.doc = "none, elasticsearch (one node in the cluster), eck (Elastic's operator and "
		       "a "
		       "cluster of its), or the address of an OpenSearch database_cluster." },
	{ .name = "eck",
		.type = MOK_MAP,
		.sub = eck,
		.doc = "Of search: eck: the cluster that Elastic's operator makes." },
	{ .name = "images", .type = MOK_MAP, .sub = images, .doc = "Container images." },
	{ .name = "smtp", .type = MOK_MAP, .flags = MOK_F_REQUIRED, .sub = smtp, .doc = "Mail." },
	{ .name = "web", .type = MOK_MAP, .sub = web, .doc = "Puma." },
	{ .name = "streaming", .type = MOK_MAP, .sub = streaming, .doc = "The streaming server." },
	{ .name = "sidekiq",
		.type = MOK_MAP,
		.flags = MOK_F_EACH,
		.sub = group,
		.doc = "Groups of Sidekiq processes. By default: default, federation, pull and "
		       "scheduler." },
	{ .name = "gateway", .type = MOK_MAP, .sub = gateway, .doc = "The way in." },
	{ .name = "secrets",
		.type = MOK_MAP,
		.sub = secrets,
		.doc = "Where generated keys are kept." },
	{ .name = "observability",
		.type = MOK_MAP,
		.sub = observability,
		.doc = "Metrics, alerts, dashboards." },
	{ .name = "gitops", .type = MOK_MAP, .sub = gitops, .doc = "Argo CD." },
	{ .name = "cleanup", .type = MOK_MAP, .sub = cleanup, .doc = "What goes by itself." },
	{ .name = "upgrade", .type = MOK_MAP, .sub = upgrade, .doc = "What mok upgrade does." },
	{ .name = "backup",
		.type = MOK_MAP,
		.sub = masto_backup_fields,
		.doc = "Copies elsewhere." },
	{ .name = "limits", .type = MOK_MAP, .sub = limits, .doc = "Limits of the instance." },
	{ .name = "telemetry", .type = MOK_MAP, .sub = telemetry, .doc = "OpenTelemetry." },
	{ .name = "cache_buster",
		.type = MOK_MAP,
		.sub = cache_buster,
		.doc = "Purging the CDN's copies." },
	{ .name = "translation",
		.type = MOK_MAP,
		.sub = translation,
		.doc = "Who translates posts." },
	{ .name = "hcaptcha",
		.type = MOK_MAP,
		.sub = hcaptcha,
		.doc = "hCaptcha for who signs up." },
	{ .name = "s3_multipart_threshold",
		.type = MOK_INT,
		.min = 5242880,
		.doc = "S3_MULTIPART_THRESHOLD: bytes from which media are sent in parts; 15 "
		       "MiB." },
	{ .name = "allowed_private_addresses",
		.type = MOK_LIST,
		.item = MOK_STR,
		.pattern = RANGE_PATTERN,
		.form = RANGE_FORM,
		.doc = "ALLOWED_PRIVATE_ADDRESSES." },
	{ .name = "http_proxy",
		.type = MOK_STR,
		.pattern = URL_PATTERN,
		.form = "a URL, such as http://proxy.internal:3128",
		.doc = "http_proxy and https_proxy." },
	{ .name = "log_level",
		.type = MOK_STR,
		.values = "debug|info|warn|error",
		.dflt = "info",
		.doc = "RAILS_LOG_LEVEL and LOG_LEVEL." },
	{ .name = "read_only_root",
		.type = MOK_BOOL,
		.dflt = "false",
		.doc = "A read-only root file system for the Ruby containers too." },
	{ .name = "network_policies", .type = MOK_BOOL, .dflt = "true", .doc = "NetworkPolicies." },
	{ .name = "metrics_server",
		.type = MOK_BOOL,
		.dflt = "true",
		.doc = "Installs metrics-server, which autoscalers need." },
	{ .name = "keda",
		.type = MOK_MAP,
		.sub = masto_keda_fields,
		.doc = "Pods by queues and threads instead of CPU, where replicas have a min and a "
		       "max: KEDA asks Prometheus. {} takes what is usual." },
	{ .name = "extra_env", .type = MOK_MAP, .doc = "More environment of the Ruby processes." },
	{ .name = "extra_secret_env",
		.type = MOK_MAP,
		.flags = MOK_F_SENSITIVE,
		.doc = "The same, kept in a Secret." },
	{ .name = "patches",
		.type = MOK_LIST,
		.item = MOK_MAP,
		.sub = patch,
		.doc = "Changes to the objects." },
	{ 0 },
};

const struct mok_field *mok_mastodon_fields(void)
{
	return fields;
}
