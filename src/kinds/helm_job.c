#include "helm.h"

#include "check_help.h"

#include <string.h>

/*
 * The Jobs that run Helm. A Job's name has the release in it and the hash of all that the Job is,
 * so that the same wish is the same Job, whoever asks for it and however often.
 *
 * https://helm.sh/docs/helm/helm_upgrade/
 */

#define JOBS_NS "kube-system"
#define NAME_DIGITS 10
#define RELEASE_MAX 40 /* of its name in the Job's, which has 63 characters at most */
#define DEFAULT_TIMEOUT "10m"
#define SLACK_S 300     /* for pulling the image and the chart */
#define KEPT_S 3600     /* a finished Job that nobody took away */
#define HISTORY_MAX "5" /* revisions that Helm keeps: each holds the chart */
#define DEFAULT_IMAGE "docker.io/alpine/helm:4.3.1"

static const char secret_base[] = "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"Opaque\"}";
static const char account_base[] = "{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\"}";
static const char binding_base[] =
	"{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRoleBinding\","
	"\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\","
	"\"name\":\"cluster-admin\"}}";
static const char job_base[] =
	"{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"spec\":{\"backoffLimit\":0,"
	"\"template\":{\"spec\":{\"restartPolicy\":\"Never\",\"securityContext\":{"
	"\"runAsNonRoot\":true,\"runAsUser\":65532,\"runAsGroup\":65532,\"fsGroup\":65532,"
	"\"seccompProfile\":{\"type\":\"RuntimeDefault\"}}}}}}";
static const char container_base[] =
	"{\"name\":\"helm\",\"command\":[\"helm\"],"
	"\"terminationMessagePolicy\":\"FallbackToLogsOnError\",\"env\":["
	"{\"name\":\"HELM_CACHE_HOME\",\"value\":\"/tmp/cache\"},"
	"{\"name\":\"HELM_CONFIG_HOME\",\"value\":\"/tmp/config\"},"
	"{\"name\":\"HELM_DATA_HOME\",\"value\":\"/tmp/data\"}],"
	"\"resources\":{\"requests\":{\"cpu\":\"50m\",\"memory\":\"128Mi\"},"
	"\"limits\":{\"memory\":\"1Gi\"}},"
	"\"securityContext\":{\"allowPrivilegeEscalation\":false,"
	"\"readOnlyRootFilesystem\":true,\"capabilities\":{\"drop\":[\"ALL\"]}},"
	"\"volumeMounts\":[{\"name\":\"values\",\"mountPath\":\"/values\",\"readOnly\":true},"
	"{\"name\":\"tmp\",\"mountPath\":\"/tmp\"}]}";

struct job {
	struct mok_arena *arena;
	const struct mok_val *want; /* NULL: it is to go */
	const char *name, *ns, *marker;
	struct mok_val args;
	const char *values;
	const char *called; /* the name of all its objects */
	struct mok_errand *out;
	bool takes_over, installs;
	bool forces; /* fields of others become its own, too */
};

/* The one place that decides which image runs. */
static const char *image_of(const struct mok_val *want)
{
	const char *image = want ? mok_want_str(want, "image") : NULL;

	return image ? image : DEFAULT_IMAGE;
}

/* ---- building ---- */

static struct mok_val base(struct job *j, const char *text)
{
	cJSON *json = mok_json_parse(text, strlen(text));
	struct mok_val v;

	if (!json)
		MOK_BUG("a base object is not JSON");
	v = mok_val_from_json(j->arena, json);
	cJSON_Delete(json);
	return v;
}

/* Maps on the way are made. */
static void put(struct job *j, struct mok_val *map, const char *path, struct mok_val v)
{
	size_t len = strcspn(path, "/");
	const char *key = mok_arena_strndup(j->arena, path, len);
	const struct mok_val *below = mok_val_get(map, key);
	struct mok_val child = below ? *below : (struct mok_val){ .type = MOK_MAP };

	if (path[len])
		put(j, &child, path + len + 1, v);
	mok_val_set(j->arena, map, key, path[len] ? child : v);
}

static void put_str(struct job *j, struct mok_val *map, const char *path, const char *text)
{
	put(j, map, path, mok_val_str(text));
}

static struct mok_val list_of(struct job *j, struct mok_val item)
{
	struct mok_val list = { .type = MOK_LIST };

	mok_val_append(j->arena, &list, item);
	return list;
}

static struct mok_val labels(struct job *j)
{
	struct mok_val v = { .type = MOK_MAP };

	mok_val_set(j->arena, &v, "app.kubernetes.io/managed-by", mok_val_str("mok"));
	mok_val_set(j->arena, &v, "app.kubernetes.io/name", mok_val_str("mok-helm"));
	mok_val_set(j->arena, &v, MOK_HELM_RELEASE,
		mok_val_str(mok_helm_release_hash(j->arena, j->ns, j->name)));
	return v;
}

static struct mok_val object(struct job *j, const char *text, bool namespaced)
{
	struct mok_val v = base(j, text);

	put_str(j, &v, "metadata/name", j->called);
	if (namespaced)
		put_str(j, &v, "metadata/namespace", JOBS_NS);
	put(j, &v, "metadata/labels", labels(j));
	return v;
}

static int seconds(const char *text)
{
	int total = 0, n = 0;

	for (; *text; text++) {
		if (*text >= '0' && *text <= '9') {
			n = n < 100000 ? n * 10 + (*text - '0') : n;
			continue;
		}
		total += n * (*text == 'h' ? 3600 : *text == 'm' ? 60 : 1);
		n = 0;
	}
	return total;
}

static const char *timeout_of(const struct mok_val *want)
{
	const char *text = want ? mok_want_str(want, "timeout") : NULL;

	return text ? text : DEFAULT_TIMEOUT;
}

/* ---- arguments ---- */

static void arg(struct job *j, const char *text)
{
	mok_val_append(j->arena, &j->args, mok_val_str(text));
}

static void flag(struct job *j, const char *name, const char *value)
{
	arg(j, name);
	arg(j, value);
}

static const char *ownership(struct job *j)
{
	const struct mok_val *values = mok_val_get(j->want, "values");
	struct mok_marker m;

	if (!mok_marker_parse(j->arena, j->marker, &m))
		MOK_BUG("a release's marker is none");
	return mok_arena_printf(j->arena,
		MOK_HELM_STACK "=%s," MOK_HELM_ADDRESS "=%s-%s," MOK_HELM_GENERATION
			       "=%u," MOK_HELM_SOURCE "=%s," MOK_HELM_SECRETS "=%s," MOK_HELM_BEGAN
			       "=%s",
		m.stack, m.slug, m.addr_hash, m.generation,
		mok_helm_source(j->arena, mok_want_str(j->want, "repository"),
			mok_want_str(j->want, "chart")),
		values && mok_val_has_sensitive(values) ? "true" : "false",
		j->takes_over         ? MOK_HELM_TAKING
			: j->installs ? MOK_HELM_FRESH
				      : MOK_HELM_UPGRADE);
}

/* Values are what the plan says and nothing else: without --reset-values an empty file would mean
 * those of the last revision. */
static void upgrade(struct job *j)
{
	const char *repository = mok_want_str(j->want, "repository");

	arg(j, "upgrade");
	arg(j, "--install");
	arg(j, j->name);
	arg(j, mok_want_str(j->want, "chart"));
	if (repository)
		flag(j, "--repo", repository);
	flag(j, "--version", mok_want_str(j->want, "version"));
	flag(j, "--namespace", j->ns);
	if (mok_want_bool(j->want, "create_namespace", false))
		arg(j, "--create-namespace");
	flag(j, "--values", "/values/values.yaml");
	arg(j, "--reset-values");
	flag(j, "--labels", ownership(j));
	flag(j, "--history-max", HISTORY_MAX);
	if (j->takes_over)
		arg(j, "--take-ownership");
	if (j->forces)
		arg(j, "--force-conflicts");
	if (mok_want_bool(j->want, "wait", true)) {
		arg(j, "--wait");
		/* Rolling back would delete what it has just taken over. */
		if (!j->takes_over)
			arg(j, "--rollback-on-failure");
	}
	flag(j, "--timeout", timeout_of(j->want));
}

static void rollback(struct job *j, int64_t revision)
{
	arg(j, "rollback");
	arg(j, j->name);
	arg(j, mok_arena_printf(j->arena, "%lld", (long long)revision));
	flag(j, "--namespace", j->ns);
	if (j->forces)
		arg(j, "--force-conflicts");
	else
		arg(j, "--wait");
	flag(j, "--timeout", timeout_of(j->want));
}

static void uninstall(struct job *j)
{
	arg(j, "uninstall");
	arg(j, j->name);
	flag(j, "--namespace", j->ns);
	arg(j, "--ignore-not-found");
	arg(j, "--wait");
	flag(j, "--timeout", timeout_of(j->want));
}

/* ---- objects ---- */

static struct mok_val volumes(struct job *j)
{
	struct mok_val list = { .type = MOK_LIST }, secret = { .type = MOK_MAP }, tmp = secret;

	put_str(j, &secret, "name", "values");
	put_str(j, &secret, "secret/secretName", j->called);
	put_str(j, &tmp, "name", "tmp");
	put(j, &tmp, "emptyDir", (struct mok_val){ .type = MOK_MAP });
	mok_val_append(j->arena, &list, secret);
	mok_val_append(j->arena, &list, tmp);
	return list;
}

/* Twice the time, since what fails is rolled back. */
static struct mok_val job_object(struct job *j)
{
	struct mok_val job = object(j, job_base, true), container = base(j, container_base);
	int64_t limit = 2 * (int64_t)seconds(timeout_of(j->want)) + SLACK_S;

	put_str(j, &container, "image", image_of(j->want));
	put(j, &container, "args", j->args);
	put(j, &job, "spec/activeDeadlineSeconds", mok_val_int(limit));
	put(j, &job, "spec/ttlSecondsAfterFinished", mok_val_int(KEPT_S));
	put(j, &job, "spec/template/metadata/labels", labels(j));
	put_str(j, &job, "spec/template/spec/serviceAccountName", j->called);
	put(j, &job, "spec/template/spec/containers", list_of(j, container));
	put(j, &job, "spec/template/spec/volumes", volumes(j));
	return job;
}

/* By these a later run knows what was begun, even if nothing else tells of it. */
static struct mok_val values_labels(struct job *j)
{
	struct mok_val v = labels(j);
	struct mok_marker m;

	mok_val_set(j->arena, &v, MOK_HELM_OWNER, mok_val_str("mok"));
	mok_val_set(j->arena, &v, MOK_HELM_NAMESPACE, mok_val_str(j->ns));
	mok_val_set(j->arena, &v, MOK_HELM_NAME, mok_val_str(j->name));
	if (!j->marker || !mok_marker_parse(j->arena, j->marker, &m))
		return v;
	mok_val_set(j->arena, &v, MOK_HELM_STACK, mok_val_str(m.stack));
	mok_val_set(j->arena, &v, MOK_HELM_ADDRESS,
		mok_val_str(mok_arena_printf(j->arena, "%s-%s", m.slug, m.addr_hash)));
	mok_val_set(j->arena, &v, MOK_HELM_GENERATION,
		mok_val_str(mok_arena_printf(j->arena, "%u", m.generation)));
	return v;
}

static struct mok_val values_object(struct job *j)
{
	struct mok_val v = object(j, secret_base, true);
	struct mok_val text = mok_val_str(mok_base64(j->arena, j->values, strlen(j->values)));

	text.sensitive = true;
	put(j, &v, "metadata/labels", values_labels(j));
	put(j, &v, "data/values.yaml", text);
	return v;
}

static struct mok_val binding_object(struct job *j)
{
	struct mok_val v = object(j, binding_base, false), subject = { .type = MOK_MAP };

	put_str(j, &subject, "kind", "ServiceAccount");
	put_str(j, &subject, "name", j->called);
	put_str(j, &subject, "namespace", JOBS_NS);
	put(j, &v, "subjects", list_of(j, subject));
	return v;
}

/* JSON is YAML. */
static const char *values_text(struct job *j)
{
	const struct mok_val *values = j->want ? mok_val_get(j->want, "values") : NULL;
	cJSON *json;
	char *text;

	if (!values || values->type != MOK_MAP)
		return "{}";
	json = mok_val_to_json(values);
	text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	if (!text)
		MOK_BUG("out of memory");
	j->values = mok_arena_strdup(j->arena, text);
	memset(text, 0, strlen(text));
	cJSON_free(text);
	return j->values;
}

/* The name is part of what it names: it is made of everything else. */
static const char *name_of(struct job *j)
{
	struct mok_val all = { .type = MOK_LIST };
	struct mok_buf text;
	char hash[65];

	j->called = "";
	mok_val_append(j->arena, &all, job_object(j));
	mok_val_append(j->arena, &all, mok_val_str(j->values));
	mok_buf_init(&text, (size_t)16 << 20);
	mok_val_canonical(&all, &text);
	mok_sha256_hex(text.data, text.len, hash);
	mok_buf_release(&text);
	return mok_arena_printf(
		j->arena, "mok-helm-%.*s-%.*s", RELEASE_MAX, j->name, NAME_DIGITS, hash);
}

static void build(struct job *j, const char *label)
{
	j->values = values_text(j);
	j->called = name_of(j);
	j->out->label = label;
	j->out->manifests = (struct mok_val){ .type = MOK_LIST };
	mok_val_append(j->arena, &j->out->manifests, values_object(j));
	mok_val_append(j->arena, &j->out->manifests, object(j, account_base, true));
	mok_val_append(j->arena, &j->out->manifests, binding_object(j));
	mok_val_append(j->arena, &j->out->manifests, job_object(j));
}

/* ---- what comes next ---- */

static bool is_taking(const struct mok_object *have)
{
	return mok_streq(mok_val_get_str(&have->attrs, "began"), MOK_HELM_TAKING);
}

static bool is_fresh(const struct mok_object *have)
{
	return mok_streq(mok_val_get_str(&have->attrs, "began"), MOK_HELM_FRESH);
}

/* Leave to take over holds until the release stands. */
static bool goes_on_taking(const struct mok_object *have)
{
	return is_taking(have) &&
		(!mok_streq(mok_val_get_str(&have->attrs, "status"), "deployed") ||
			mok_helm_lacks_hooks(&have->attrs));
}

/* What was under way when its Job died: it holds Helm's lock, and no upgrade passes it. Only what
 * mok installed where nothing was is uninstalled, and only what took nothing over goes back to the
 * revision before: both delete. The rest is rolled back to itself, Helm's way to carry it through;
 * the upgrade that follows waits for it. */
static bool undo(struct job *j, const struct mok_object *have)
{
	const char *status = mok_val_get_str(&have->attrs, "status");
	int64_t revision = mok_want_int(&have->attrs, "revision", 1);
	int64_t last = mok_want_int(&have->attrs, "deployed_revision", revision - 1);

	if (!status || (!mok_starts(status, "pending-") && strcmp(status, "uninstalling") != 0))
		return false;
	if (strcmp(status, "uninstalling") == 0 || (revision <= 1 && is_fresh(have))) {
		uninstall(j);
		build(j, "take back what was cut short");
	} else if (last < 1 || is_taking(have)) {
		j->forces = is_taking(have);
		rollback(j, revision);
		build(j, "carry through what was cut short");
	} else {
		rollback(j, last);
		build(j, "roll back what was cut short");
	}
	return true;
}

static bool next(
	struct mok_arena *arena, const struct mok_errand_wish *wish, struct mok_errand *out)
{
	const struct mok_val *about = wish->want ? wish->want : &wish->have->attrs;
	struct job j = { .arena = arena,
		.want = wish->want,
		.name = mok_want_str(about, "name"),
		.ns = mok_want_str(about, "namespace"),
		.marker = wish->marker ? wish->marker : wish->have->marker,
		.takes_over = wish->takes_over || (wish->have && goes_on_taking(wish->have)),
		.installs = !wish->have,
		.args = { .type = MOK_LIST },
		.out = out };

	if (!wish->want) {
		uninstall(&j);
		build(&j, "uninstall");
		return true;
	}
	if (wish->have && undo(&j, wish->have))
		return true;
	if (wish->have && mok_helm_is_done(wish->want, wish->have))
		return false;
	j.forces = j.takes_over && (j.installs || goes_on_taking(wish->have));
	upgrade(&j);
	build(&j, wish->have ? "upgrade" : "install");
	return true;
}

static const char *selector(struct mok_arena *arena, const struct mok_val *attrs)
{
	return mok_arena_printf(arena, "app.kubernetes.io/name=mok-helm," MOK_HELM_RELEASE "=%s",
		mok_helm_release_hash(
			arena, mok_want_str(attrs, "namespace"), mok_want_str(attrs, "name")));
}

struct brought {
	struct mok_arena *arena;
	struct mok_val *paths;
};

static void add_path(void *ctx, const char *group, const char *kind, const char *plural)
{
	struct brought *b = ctx;

	(void)kind;
	mok_val_append(b->arena, b->paths,
		mok_val_str(mok_arena_printf(b->arena,
			"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/%s.%s", plural,
			group)));
}

static void brings(struct mok_arena *arena, const struct mok_val *want, struct mok_val *paths)
{
	struct brought b = { arena, paths };
	const char *chart = mok_want_str(want, "chart");

	if (chart)
		mok_helm_brings(mok_helm_chart_name(arena, chart), mok_val_get(want, "values"),
			add_path, &b);
}

const struct mok_errands mok_helm_errands = {
	.kind = "kubernetes_manifest",
	.collections = "/Secret/" JOBS_NS " /ServiceAccount/" JOBS_NS
		       " rbac.authorization.k8s.io/ClusterRoleBinding/ batch/Job/" JOBS_NS,
	.selector = selector,
	.next = next,
	.hint = "mok apply tries again; what Helm finds there and did not make it takes over "
		"with --force-conflicts",
	.brings = brings,
};
