#include "fake_internal.h"

#include <stdlib.h>
#include <string.h>

struct mok_file {
	struct fake_file *file;
};

struct mok_lockfile {
	struct fake_file *file;
};

#define FILE_MAX ((size_t)256 << 20)

static int killed(struct mok_err *err)
{
	return mok_err_set(err, MOK_ERR_INTERRUPTED, "killed");
}

static struct fake_file *find(const struct fake_env *env, const char *path)
{
	for (struct fake_file *f = env->files; f; f = f->next)
		if (mok_streq(f->path, path))
			return f;
	return NULL;
}

static struct fake_file *find_or_make(struct fake_env *env, const char *path)
{
	struct fake_file *f = find(env, path);
	struct fake_file **link = &env->files;

	if (f)
		return f;
	f = mok_xcalloc(1, sizeof(*f));
	f->path = mok_xstrdup(path);
	mok_buf_init(&f->data, FILE_MAX);
	while (*link)
		link = &(*link)->next;
	*link = f;
	return f;
}

static void file_free(struct fake_file *f)
{
	mok_buf_release(&f->data);
	free(f->path);
	free(f);
}

static void drop(struct fake_env *env, const char *path)
{
	for (struct fake_file **link = &env->files; *link; link = &(*link)->next) {
		struct fake_file *f = *link;

		if (!mok_streq(f->path, path))
			continue;
		*link = f->next;
		file_free(f);
		return;
	}
}

/* ---- the table ---- */

static int files_read(void *self, const char *path, struct mok_buf *out, struct mok_err *err)
{
	struct fake_env *env = self;
	const struct fake_file *f = find(env, path);

	if (env->dead)
		return killed(err);
	if (!f) {
		mok_err_set(err, MOK_ERR_IO, "cannot read %s: no such file", path);
		err->http_status = 404;
		return -1;
	}
	mok_buf_add(out, f->data.data, f->data.len);
	return 0;
}

static void replace(struct fake_env *env, const char *path, const void *data, size_t len)
{
	struct fake_file *f = find_or_make(env, path);

	mok_buf_clear(&f->data);
	mok_buf_add(&f->data, data, len);
	f->synced_len = len;
}

static int files_write(
	void *self, const char *path, const void *data, size_t len, int mode, struct mok_err *err)
{
	struct fake_env *env = self;

	(void)mode;
	mok_buf_add(&env->ever_written, data, len);
	if (fake_step(env, "write") != FAKE_STEP_DEAD)
		replace(env, path, data, len);
	return env->dead ? killed(err) : 0;
}

static int files_make_dirs(void *self, const char *path, struct mok_err *err)
{
	struct fake_env *env = self;

	(void)path;
	return env->dead ? killed(err) : 0;
}

static int files_remove(void *self, const char *path, struct mok_err *err)
{
	struct fake_env *env = self;

	if (fake_step(env, "remove") != FAKE_STEP_DEAD)
		drop(env, path);
	return env->dead ? killed(err) : 0;
}

static struct mok_file *files_open_append(void *self, const char *path, struct mok_err *err)
{
	struct fake_env *env = self;
	struct mok_file *f;

	if (env->dead) {
		killed(err);
		return NULL;
	}
	f = mok_xcalloc(1, sizeof(*f));
	f->file = find_or_make(env, path);
	return f;
}

static int files_append(
	void *self, struct mok_file *f, const void *data, size_t len, struct mok_err *err)
{
	struct fake_env *env = self;
	enum fake_step step = fake_step(env, "append");

	mok_buf_add(&env->ever_written, data, len);
	if (step != FAKE_STEP_DEAD)
		mok_buf_add(&f->file->data, data, len);
	return env->dead ? killed(err) : 0;
}

static int files_sync(void *self, struct mok_file *f, struct mok_err *err)
{
	struct fake_env *env = self;

	if (fake_step(env, "sync") != FAKE_STEP_DEAD) {
		f->file->synced_len = f->file->data.len;
		env->nsyncs++;
	}
	return env->dead ? killed(err) : 0;
}

static void files_close(void *self, struct mok_file *f)
{
	(void)self;
	free(f);
}

static struct mok_lockfile *files_lock(void *self, const char *path, struct mok_err *err)
{
	struct fake_env *env = self;
	struct fake_file *file = find_or_make(env, path);
	struct mok_lockfile *l;

	if (env->dead) {
		killed(err);
		return NULL;
	}
	if (file->locked) {
		mok_err_set(err, MOK_ERR_LOCKED, "%s is held by another run", path);
		return NULL;
	}
	file->locked = true;
	l = mok_xcalloc(1, sizeof(*l));
	l->file = file;
	return l;
}

static void files_unlock(void *self, struct mok_lockfile *l)
{
	(void)self;
	if (!l)
		return;
	l->file->locked = false;
	free(l);
}

struct mok_files fake_files_table(struct fake_env *env)
{
	return (struct mok_files){
		.self = env,
		.read = files_read,
		.write = files_write,
		.make_dirs = files_make_dirs,
		.remove = files_remove,
		.open_append = files_open_append,
		.append = files_append,
		.sync = files_sync,
		.close = files_close,
		.lock = files_lock,
		.unlock = files_unlock,
	};
}

/* ---- for the tests ---- */

void fake_files_revive(struct fake_env *env)
{
	for (struct fake_file *f = env->files; f; f = f->next) {
		size_t unsynced = f->data.len - f->synced_len;
		size_t kept = f->synced_len + (size_t)fake_env_draw(env, unsynced + 1);

		f->locked = false;
		f->data.len = kept;
		f->data.data[kept] = '\0';
		f->synced_len = kept;
	}
}

void fake_files_free(struct fake_env *env)
{
	while (env->files) {
		struct fake_file *f = env->files;

		env->files = f->next;
		file_free(f);
	}
}

const char *fake_env_file(struct fake_env *env, const char *path, size_t *len)
{
	const struct fake_file *f = find(env, path);

	if (!f)
		return NULL;
	if (len)
		*len = f->data.len;
	return f->data.data;
}

void fake_env_put_file(struct fake_env *env, const char *path, const void *data, size_t len)
{
	replace(env, path, data, len);
}

void fake_env_drop_file(struct fake_env *env, const char *path)
{
	drop(env, path);
}

size_t fake_env_nfiles(const struct fake_env *env)
{
	size_t n = 0;

	for (const struct fake_file *f = env->files; f; f = f->next)
		n++;
	return n;
}

const char *fake_env_file_at(const struct fake_env *env, size_t i, const char **data, size_t *len)
{
	const struct fake_file *f = env->files;

	while (i-- > 0)
		f = f->next;
	*data = f->data.data;
	*len = f->data.len;
	return f->path;
}

const struct mok_buf *fake_env_ever_written(const struct fake_env *env)
{
	return &env->ever_written;
}

size_t fake_env_unsynced(const struct fake_env *env)
{
	size_t n = 0;

	for (const struct fake_file *f = env->files; f; f = f->next)
		n += f->data.len - f->synced_len;
	return n;
}

size_t fake_env_syncs(const struct fake_env *env)
{
	return env->nsyncs;
}
