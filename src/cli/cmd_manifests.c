#include "guard.h"
#include "images.h"
#include "session.h"
#include "show.h"

#include "mok/manifest.h"

#include <string.h>

/* The stack's Kubernetes objects as files, or as one stream for kubectl. */

#define FILE_MAX ((size_t)16 << 20)
#define PLACEHOLDER "known-after-apply."
#define INSTANCE "mastodon/" /* where Argo CD's folders of the instance are */

struct object {
	const char *address, *folder, *name; /* "40-workloads", "deployment-mastodon-web.yaml" */
	enum mok_wave wave;
	const struct mok_val *manifest;
};

struct manifests {
	struct session *session;
	struct mok_val *wants; /* by resource; a null before it was evaluated */
	MOK_VEC(struct object) list;
	MOK_VEC(const struct mok_val *) releases;
};

/* ---- values ---- */

/* What is not known yet is told by a text that stands where the value will: whoever applies such
 * files fills it in. It fits into labels, URLs and environments. */
static struct mok_val placeholder(struct session *s, const char *of)
{
	return mok_val_str(mok_arena_printf(s->arena, PLACEHOLDER "%s", of));
}

static bool secret(void *self, const char *name, struct mok_val *out)
{
	struct manifests *m = self;

	*out = placeholder(m->session, mok_arena_printf(m->session->arena, "secret.%s", name));
	return true;
}

static const struct mok_val *want_of(struct manifests *m, const struct mok_resource *r);

static bool attribute(
	void *self, const struct mok_resource *r, const char *path, struct mok_val *out)
{
	struct manifests *m = self;
	struct session *s = m->session;
	size_t index = (size_t)(r - s->stack->resources.items);
	const struct mok_object *object =
		s->changes.list.len > index ? s->changes.list.items[index].object : NULL;
	bool sensitive;

	mok_attribute(s->arena, r, want_of(m, r), object, path, out);
	if (out->type != MOK_UNKNOWN && out->type != MOK_NULL)
		return true;
	sensitive = out->sensitive;
	*out = placeholder(s, mok_arena_printf(s->arena, "%s.%s", r->address, path));
	/* An authority's certificate is decoded before it is used. */
	if (strcmp(path, "ca") == 0)
		*out = mok_val_str(mok_base64(s->arena, out->u.s, strlen(out->u.s)));
	out->sensitive = sensitive;
	return true;
}

/* The graph has no circles: this ends. */
static const struct mok_val *want_of(struct manifests *m, const struct mok_resource *r)
{
	struct session *s = m->session;
	const struct mok_lookup lookup = { .self = m, .attribute = attribute, .secret = secret };
	struct mok_diags ignored = { .arena = s->arena };
	struct mok_val *want = &m->wants[r - s->stack->resources.items];

	if (want->type != MOK_NULL)
		return want;
	want->type = MOK_MAP;
	/* Placeholders may not pass the checks of other kinds' fields: those were made before. */
	if (mok_plan_eval(s->arena, s->stack, r, &lookup, &ignored, want) != 0)
		want->type = MOK_MAP;
	return want;
}

/* ---- objects ---- */

static const char *file_name(struct mok_arena *arena, const struct mok_val *manifest)
{
	struct mok_manifest_id id;
	char *name;

	if (!mok_manifest_id(arena, manifest, &id))
		return NULL;
	name = mok_arena_printf(arena, "%s-%s", id.kind, id.name);
	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 'a' - 'A');
		else if (*c == '/' || *c == ':')
			*c = '-';
	return mok_arena_printf(arena, "%s.yaml", name);
}

static bool is_secret(const struct mok_val *manifest)
{
	return mok_streq(mok_val_get_str(manifest, "kind"), "Secret");
}

static void add_resource(struct manifests *m, const struct mok_resource *r)
{
	struct session *s = m->session;
	const struct mok_val *manifest;
	struct object object = { .address = r->address };

	if (mok_field_find(r->kind->fields, "chart")) {
		mok_vec_push(s->arena, &m->releases, want_of(m, r));
		return;
	}
	if (!mok_field_find(r->kind->fields, "manifest"))
		return;
	manifest = mok_val_get(want_of(m, r), "manifest");
	if (!manifest || (is_secret(manifest) && !s->cli->opt.secrets) ||
		(s->cli->opt.argocd && !r->kind->reads_only(want_of(m, r))))
		return;
	object.manifest = manifest;
	object.wave = mok_manifest_wave(manifest);
	object.folder =
		s->cli->opt.argocd ? mok_argocd_folder(manifest) : mok_wave_name(object.wave);
	object.name = file_name(s->arena, manifest);
	if (object.name)
		mok_vec_push(s->arena, &m->list, object);
}

static void collect(struct manifests *m)
{
	struct session *s = m->session;
	size_t n = s->stack->resources.len;

	m->wants = MOK_NEW_N(s->arena, struct mok_val, n + 1);
	for (size_t i = 0; i < n; i++)
		add_resource(m, &s->stack->resources.items[i]);
}

/* ---- output ---- */

static int add_document(
	struct session *s, struct mok_buf *out, const struct mok_val *v, struct mok_err *err)
{
	mok_buf_puts(out, "---\n");
	if (mok_yaml_write(v, s->cli->opt.secrets, out))
		return 0;
	return mok_err_set(err, MOK_ERR_INPUT, "the objects do not fit into one YAML text");
}

static int write_stream(struct manifests *m)
{
	struct mok_err err = { 0 };
	struct mok_buf out;
	int rc = 0;

	mok_buf_init(&out, SHOW_MAX);
	for (int wave = 0; wave < MOK_WAVE_COUNT; wave++)
		for (size_t i = 0; rc == 0 && i < m->list.len; i++)
			if ((int)m->list.items[i].wave == wave)
				rc = add_document(
					m->session, &out, m->list.items[i].manifest, &err);
	if (rc == 0)
		cli_out(m->session->cli, &out);
	mok_buf_release(&out);
	return rc == 0 ? CLI_DONE : cli_fail(m->session->cli, &err, NULL);
}

static int write_file(
	struct session *s, const char *name, const struct mok_buf *text, struct mok_err *err)
{
	const char *path = mok_arena_printf(s->arena, "%s/%s", s->cli->opt.out, name);
	const char *folder = mok_arena_strndup(s->arena, path, (size_t)(strrchr(path, '/') - path));
	const struct mok_files *files = &s->env.files;

	if (files->make_dirs(files->self, folder, err) != 0)
		return -1;
	return files->write(
		files->self, path, text->data, text->len, s->cli->opt.secrets ? 0600 : 0644, err);
}

static int write_value(
	struct session *s, const char *name, const struct mok_val *v, struct mok_err *err)
{
	struct mok_buf text;
	int rc;

	mok_buf_init(&text, FILE_MAX);
	rc = mok_yaml_write(v, s->cli->opt.secrets, &text)
		? write_file(s, name, &text, err)
		: mok_err_set(err, MOK_ERR_INPUT, "%s: it has no YAML form", name);
	mok_buf_release(&text);
	return rc;
}

static int write_kustomization(
	struct session *s, const char *folder, struct mok_val files, struct mok_err *err)
{
	struct mok_val v = { .type = MOK_MAP };

	mok_val_set(s->arena, &v, "apiVersion", mok_val_str("kustomize.config.k8s.io/v1beta1"));
	mok_val_set(s->arena, &v, "kind", mok_val_str("Kustomization"));
	mok_val_set(s->arena, &v, "resources", files);
	return write_value(s, mok_arena_printf(s->arena, "%skustomization.yaml", folder), &v, err);
}

static int write_folder(
	struct manifests *m, const char *folder, struct mok_val *folders, struct mok_err *err)
{
	struct session *s = m->session;
	struct mok_val files = { .type = MOK_LIST };

	for (size_t i = 0; i < m->list.len; i++) {
		const struct object *o = &m->list.items[i];

		if (strcmp(o->folder, folder) != 0)
			continue;
		mok_val_append(s->arena, &files, mok_val_str(o->name));
		if (write_value(s, mok_arena_printf(s->arena, "%s/%s", folder, o->name),
			    o->manifest, err) != 0)
			return -1;
	}
	if (files.u.list.len == 0)
		return 0;
	mok_val_append(s->arena, folders, mok_val_str(folder));
	return write_kustomization(s, mok_arena_printf(s->arena, "%s/", folder), files, err);
}

static int write_releases(struct manifests *m, struct mok_err *err)
{
	struct mok_buf text;
	int rc = 0;

	mok_buf_init(&text, FILE_MAX);
	for (size_t i = 0; rc == 0 && i < m->releases.len; i++)
		rc = add_document(m->session, &text, m->releases.items[i], err);
	if (rc == 0 && m->releases.len)
		rc = write_file(m->session, "helm-releases.yaml", &text, err);
	mok_buf_release(&text);
	return rc;
}

static int write_files(struct manifests *m)
{
	struct mok_val waves = { .type = MOK_LIST };
	struct mok_err err = { 0 };
	int rc = 0;

	for (int wave = 0; rc == 0 && wave < MOK_WAVE_COUNT; wave++)
		rc = write_folder(m, mok_wave_name((enum mok_wave)wave), &waves, &err);
	if (rc == 0)
		rc = write_kustomization(m->session, "", waves, &err);
	if (rc == 0)
		rc = write_releases(m, &err);
	return rc == 0 ? CLI_DONE : cli_fail(m->session->cli, &err, NULL);
}

/* ---- for Argo CD ---- */

static int is_fit_for_a_repository(struct manifests *m, const struct object *o, struct mok_err *err)
{
	struct mok_buf text;
	bool whole;

	if (mok_val_has_sensitive(o->manifest)) {
		mok_err_set(err, MOK_ERR_REFUSED,
			"%s holds something secret, which would be in the repository", o->address);
		mok_err_hint(err, "extra_secret_env takes what is secret");
		return -1;
	}
	mok_buf_init(&text, FILE_MAX);
	mok_val_canonical(o->manifest, &text);
	whole = m->session->cli->opt.offline || !strstr(text.data, PLACEHOLDER);
	mok_buf_release(&text);
	if (whole)
		return 0;
	mok_err_set(err, MOK_ERR_INPUT, "%s: not all of it is known yet", o->address);
	mok_err_hint(err, "run mok apply first: what Argo CD applies is about what is there");
	return -1;
}

/* A folder of its own for each Application; those of the instance's waves are in one. */
static int write_argocd(struct manifests *m)
{
	struct session *s = m->session;
	struct mok_val folders = { .type = MOK_LIST }, waves = { .type = MOK_LIST };
	struct mok_err err = { 0 };
	const char *folder;
	int rc = 0;

	if (m->list.len == 0) {
		rc = mok_err_set(&err, MOK_ERR_INPUT, "the plan leaves nothing to Argo CD");
		mok_err_hint(&err, "gitops: { manage: argocd, repository: https://... }");
	}
	for (size_t i = 0; rc == 0 && i < m->list.len; i++)
		rc = is_fit_for_a_repository(m, &m->list.items[i], &err);
	for (size_t i = 0; rc == 0 && (folder = mok_argocd_folder_at(i)) != NULL; i++)
		rc = write_folder(m, folder, &folders, &err);
	for (size_t i = 0; i < folders.u.list.len; i++)
		if (mok_starts(folders.u.list.items[i].u.s, INSTANCE))
			mok_val_append(s->arena, &waves,
				mok_val_str(folders.u.list.items[i].u.s + strlen(INSTANCE)));
	if (rc == 0)
		rc = write_kustomization(s, INSTANCE, waves, &err);
	return rc == 0 ? CLI_DONE : cli_fail(s->cli, &err, NULL);
}

/* ---- the command ---- */

static int look(struct session *s)
{
	struct mok_diff_options options = session_diff_options(s, false);
	int rc;

	if (s->cli->opt.offline) {
		images_stay_tags(s);
		return CLI_DONE;
	}
	if ((rc = session_connect(s)) != CLI_DONE || (rc = session_sweep(s, false)) != CLI_DONE)
		return rc;
	return session_diff(s, &options);
}

static int manifests(struct session *s)
{
	struct manifests m = { .session = s };
	int rc = session_load(s);

	if (rc != CLI_DONE || (rc = look(s)) != CLI_DONE)
		return rc;
	/* Argo CD applies what it finds, and asks nobody. */
	if (s->cli->opt.argocd && !s->cli->opt.offline)
		rc = guard_frozen(s);
	session_print_diags(s);
	if (rc != CLI_DONE)
		return rc;
	collect(&m);
	if (s->cli->opt.argocd)
		return write_argocd(&m);
	if (s->cli->opt.out)
		return write_files(&m);
	return write_stream(&m);
}

int cli_run_manifests(struct cli *cli)
{
	struct session s;
	int rc;

	if (cli->args.list.len == 1 && strcmp(cli->args.list.items[0], "-") != 0) {
		cli_usage_error(cli, "write -o DIR for files, or - for stdout",
			"manifests takes no argument \"%s\"", cli->args.list.items[0]);
		return CLI_ERROR;
	}
	if (cli->opt.out && strcmp(cli->opt.out, "-") == 0)
		cli->opt.out = NULL;
	if (cli->opt.argocd && (!cli->opt.out || cli->opt.secrets)) {
		cli_usage_error(cli, "write mok manifests --argocd -o DIR",
			"--argocd writes files, and no Secrets");
		return CLI_ERROR;
	}
	rc = session_begin(&s, cli);
	if (rc == CLI_DONE)
		rc = manifests(&s);
	session_end(&s);
	return rc;
}
