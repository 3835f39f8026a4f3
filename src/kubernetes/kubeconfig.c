#include "kubernetes.h"

#include <string.h>
#include <yaml.h>

/* https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */

struct reading {
	yaml_document_t doc;
	const struct k8s_folder *folder; /* NULL: nothing beside the text is read */
	struct mok_arena *arena;
	struct mok_err *err;
};

static const char *scalar(const yaml_node_t *node)
{
	return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value
						      : NULL;
}

static yaml_node_t *child(struct reading *r, const yaml_node_t *map, const char *key)
{
	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start;
		p < map->data.mapping.pairs.top; p++)
		if (mok_streq(scalar(yaml_document_get_node(&r->doc, p->key)), key))
			return yaml_document_get_node(&r->doc, p->value);
	return NULL;
}

static const char *text(struct reading *r, const yaml_node_t *map, const char *key)
{
	const char *s = scalar(child(r, map, key));

	return s && *s ? s : NULL;
}

/* "clusters", "users", "contexts": lists of {name, <what>: {...}}. */
static yaml_node_t *named(struct reading *r, const yaml_node_t *root, const char *list,
	const char *name, const char *what)
{
	const yaml_node_t *items = child(r, root, list);

	if (!items || items->type != YAML_SEQUENCE_NODE || !name)
		return NULL;
	for (const yaml_node_item_t *i = items->data.sequence.items.start;
		i < items->data.sequence.items.top; i++) {
		const yaml_node_t *item = yaml_document_get_node(&r->doc, *i);

		if (mok_streq(text(r, item, "name"), name))
			return child(r, item, what);
	}
	return NULL;
}

/* What a file beside the kubeconfig holds, without blanks at its end. */
static const char *contents(struct reading *r, const char *key, const char *path)
{
	const struct k8s_folder *f = r->folder;
	const char *whole, *text = NULL;
	struct mok_buf buf;

	if (!f) {
		mok_err_set(r->err, MOK_ERR_INPUT,
			"the kubeconfig's %s is a file of its own, which is not read", key);
		return NULL;
	}
	whole = *path == '/' ? path : mok_arena_printf(r->arena, "%s/%s", f->path, path);
	mok_buf_init(&buf, 1 << 20);
	if (f->files->read(f->files->self, whole, &buf, r->err) == 0) {
		while (buf.len > 0 && strchr(" \t\r\n", buf.data[buf.len - 1]))
			buf.len--;
		text = mok_arena_strndup(r->arena, buf.data, buf.len);
		if (buf.len == 0 || buf.overflow)
			mok_err_set(r->err, MOK_ERR_INPUT, "%s is empty or too large", whole);
	}
	if (!text || buf.len == 0 || buf.overflow)
		mok_err_wrap(r->err, "the kubeconfig's %s", key);
	text = buf.overflow || buf.len == 0 ? NULL : text;
	memset(buf.data, 0, buf.len);
	mok_buf_release(&buf);
	return text;
}

/* PEM: in base64 under <key>-data, or in a file that <key> names. NULL and no error: neither. */
static int pem(struct reading *r, const yaml_node_t *map, const char *key, const char **out)
{
	const char *data = mok_arena_printf(r->arena, "%s-data", key);
	const char *encoded = text(r, map, data), *path = text(r, map, key);
	size_t len;

	*out = NULL;
	if (encoded) {
		*out = mok_unbase64(r->arena, encoded, &len);
		if (!*out)
			return mok_err_set(
				r->err, MOK_ERR_INPUT, "the kubeconfig's %s is not base64", data);
	} else if (path) {
		*out = contents(r, key, path);
		return *out ? 0 : -1;
	}
	return 0;
}

static const char *copy(struct reading *r, const char *s)
{
	return s ? mok_arena_strdup(r->arena, s) : NULL;
}

static int read_cluster(struct reading *r, const yaml_node_t *cluster, struct mok_endpoint *out)
{
	const char *skip = text(r, cluster, "insecure-skip-tls-verify");

	out->url = copy(r, text(r, cluster, "server"));
	if (!out->url)
		return mok_err_set(r->err, MOK_ERR_INPUT, "the kubeconfig names no server");
	if (mok_streq(skip, "true"))
		return mok_err_set(r->err, MOK_ERR_INPUT,
			"the kubeconfig asks not to verify the server's certificate");
	return pem(r, cluster, "certificate-authority", &out->tls.ca);
}

/* Where credentials may come from that mok does not fetch: it starts no program of others. */
static const struct {
	const char *key, *what;
} refused[] = {
	{ "exec", "from a program (exec), and mok starts none" },
	{ "auth-provider", "from an auth-provider, which kubectl has given up too" },
	{ "username", "by name and password, which no API server takes any more" },
};

static int read_user(struct reading *r, const yaml_node_t *user, struct mok_endpoint *out)
{
	const char *path = text(r, user, "tokenFile");

	out->token = path ? contents(r, "tokenFile", path) : copy(r, text(r, user, "token"));
	if ((path && !out->token) || pem(r, user, "client-certificate", &out->tls.cert) != 0 ||
		pem(r, user, "client-key", &out->tls.key) != 0)
		return -1;
	if (!out->tls.cert != !out->tls.key)
		return mok_err_set(r->err, MOK_ERR_INPUT,
			"the kubeconfig has a client certificate without its key, or a key alone");
	if (out->token || out->tls.cert)
		return 0;
	mok_err_set(r->err, MOK_ERR_INPUT,
		"the kubeconfig has neither a token nor a client certificate in it");
	for (size_t i = 0; i < MOK_COUNT(refused); i++)
		if (child(r, user, refused[i].key))
			mok_err_set(r->err, MOK_ERR_INPUT, "the kubeconfig's credentials come %s",
				refused[i].what);
	mok_err_hint(r->err,
		"put a token in (kubectl create token NAME --duration 1h), or a client "
		"certificate; for a cluster of the account leave --kubeconfig out");
	return -1;
}

static int read_root(struct reading *r, struct mok_endpoint *out)
{
	const yaml_node_t *root = yaml_document_get_root_node(&r->doc), *context, *cluster, *user;

	context = named(r, root, "contexts", text(r, root, "current-context"), "context");
	cluster = named(r, root, "clusters", text(r, context, "cluster"), "cluster");
	user = named(r, root, "users", text(r, context, "user"), "user");
	if (!cluster || !user)
		return mok_err_set(r->err, MOK_ERR_INPUT,
			"the kubeconfig's current context has no cluster or no user");
	return read_cluster(r, cluster, out) != 0 ? -1 : read_user(r, user, out);
}

int k8s_read_kubeconfig(struct mok_arena *arena, const char *data, const struct k8s_folder *folder,
	struct mok_endpoint *out, struct mok_err *err)
{
	struct reading r = { .folder = folder, .arena = arena, .err = err };
	yaml_parser_t parser;
	int rc;

	*out = (struct mok_endpoint){ .what = "cluster's API",
		.denied = "the kubeconfig's credentials do not allow this" };
	if (!yaml_parser_initialize(&parser))
		MOK_BUG("out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)data, strlen(data));
	if (!yaml_parser_load(&parser, &r.doc)) {
		yaml_parser_delete(&parser);
		return mok_err_set(err, MOK_ERR_INPUT, "the kubeconfig is not YAML");
	}
	rc = read_root(&r, out);
	yaml_document_delete(&r.doc);
	yaml_parser_delete(&parser);
	return rc;
}
