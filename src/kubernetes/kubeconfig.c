#include "kubernetes.h"

#include <string.h>
#include <yaml.h>

/* https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */

struct reading {
	yaml_document_t doc;
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

/* PEM, in base64. */
static const char *pem(struct reading *r, const yaml_node_t *map, const char *key)
{
	const char *encoded = text(r, map, key), *out;
	size_t len;

	if (!encoded)
		return NULL;
	out = mok_unbase64(r->arena, encoded, &len);
	if (!out)
		mok_err_set(r->err, MOK_ERR_INPUT, "the kubeconfig's %s is not base64", key);
	return out;
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
	if (text(r, cluster, "certificate-authority-data")) {
		out->tls.ca = pem(r, cluster, "certificate-authority-data");
		return out->tls.ca ? 0 : -1;
	}
	if (text(r, cluster, "certificate-authority"))
		return mok_err_set(r->err, MOK_ERR_INPUT,
			"the kubeconfig's authority is in a file of its own: put it in with "
			"kubectl config view --flatten --raw");
	return 0;
}

static int read_user(struct reading *r, const yaml_node_t *user, struct mok_endpoint *out)
{
	out->token = copy(r, text(r, user, "token"));
	if (text(r, user, "client-certificate-data")) {
		out->tls.cert = pem(r, user, "client-certificate-data");
		out->tls.key = pem(r, user, "client-key-data");
		if (!out->tls.cert || !out->tls.key)
			return mok_err_set(r->err, MOK_ERR_INPUT,
				"the kubeconfig's client certificate or key cannot be read");
	}
	if (out->token || out->tls.cert)
		return 0;
	mok_err_set(r->err, MOK_ERR_INPUT,
		"the kubeconfig has neither a token nor a client certificate in it");
	mok_err_hint(r->err,
		"credentials that come from a program or a file of their own are not "
		"read: put them in with kubectl config view --flatten --raw");
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

int k8s_read_kubeconfig(struct mok_arena *arena, const char *data, size_t len,
	struct mok_endpoint *out, struct mok_err *err)
{
	struct reading r = { .arena = arena, .err = err };
	yaml_parser_t parser;
	int rc;

	*out = (struct mok_endpoint){ .what = "cluster's API",
		.denied = "the kubeconfig's credentials do not allow this" };
	if (!yaml_parser_initialize(&parser))
		MOK_BUG("out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)data, len);
	if (!yaml_parser_load(&parser, &r.doc)) {
		yaml_parser_delete(&parser);
		return mok_err_set(err, MOK_ERR_INPUT, "the kubeconfig is not YAML");
	}
	rc = read_root(&r, out);
	yaml_document_delete(&r.doc);
	yaml_parser_delete(&parser);
	return rc;
}
