#include "real_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct mok_file {
	int fd;
	char *path;
};

struct mok_lockfile {
	int fd;
};

static int io_error(struct mok_err *err, const char *what, const char *path)
{
	int reason = errno;

	/* glibc's strerror keeps its text by thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	mok_err_set(err, MOK_ERR_IO, "%s %s: %s", what, path, strerror(reason));
	if (reason == ENOENT && err)
		err->http_status = 404;
	return -1;
}

static int open_retrying(const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* "a/b" -> "a", "b" -> ".", "/b" -> "/". The caller frees it. */
static char *directory_of(const char *path)
{
	char *dir = mok_xstrdup(path);
	char *slash = strrchr(dir, '/');

	if (!slash) {
		free(dir);
		return mok_xstrdup(".");
	}
	slash[slash == dir ? 1 : 0] = '\0';
	return dir;
}

/* So that a name survives a power cut, not only the bytes under it. */
static int sync_directory_of(const char *path, struct mok_err *err)
{
	char *dir = directory_of(path);
	int fd = open_retrying(dir, O_RDONLY | O_DIRECTORY, 0);
	int result = 0;

	/* Some file systems cannot sync a directory and say EINVAL: nothing more can be done. */
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
		result = io_error(err, "cannot sync directory", dir);
	if (fd >= 0)
		close(fd);
	free(dir);
	return result;
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- whole files ---- */

static int read_fd(int fd, const char *path, struct mok_buf *out, struct mok_err *err)
{
	char chunk[16384];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return io_error(err, "cannot read", path);
		mok_buf_add(out, chunk, (size_t)n);
		if (out->overflow)
			return mok_err_set(err, MOK_ERR_IO,
				"cannot read %s: it is larger than %zu bytes", path, out->max);
	}
	return 0;
}

static int files_read(void *self, const char *path, struct mok_buf *out, struct mok_err *err)
{
	int fd = open_retrying(path, O_RDONLY, 0);
	int result;

	(void)self;
	if (fd < 0)
		return io_error(err, "cannot read", path);
	result = read_fd(fd, path, out, err);
	close(fd);
	return result;
}

static int fill(int fd, const void *data, size_t len, int mode)
{
	if (write_all(fd, data, len) != 0 || fchmod(fd, (mode_t)mode) != 0)
		return -1;
	return fsync(fd);
}

/* Beside the file, and then in its place: whoever reads it sees the old one or the new one. */
static int replace_file(
	const char *path, const void *data, size_t len, int mode, struct mok_err *err)
{
	struct mok_buf temp;
	int fd, result = 0;

	mok_buf_init(&temp, 8192);
	mok_buf_puts(&temp, path);
	mok_buf_puts(&temp, ".tmp-XXXXXX");
	fd = temp.overflow ? -1 : mkstemp(temp.data);
	if (fd < 0) {
		result = io_error(err, "cannot write", path);
	} else {
		if (fill(fd, data, len, mode) != 0)
			result = io_error(err, "cannot write", path);
		if (close(fd) != 0 && result == 0)
			result = io_error(err, "cannot write", path);
		if (result == 0 && rename(temp.data, path) != 0)
			result = io_error(err, "cannot write", path);
		if (result != 0)
			unlink(temp.data);
		else
			result = sync_directory_of(path, err);
	}
	mok_buf_release(&temp);
	return result;
}

/* A device or a pipe is written to, never put aside. */
static int write_into(const char *path, const void *data, size_t len, struct mok_err *err)
{
	int fd = open_retrying(path, O_WRONLY, 0);
	int result =
		fd < 0 || write_all(fd, data, len) != 0 ? io_error(err, "cannot write", path) : 0;

	if (fd >= 0 && close(fd) != 0 && result == 0)
		result = io_error(err, "cannot write", path);
	return result;
}

/* Of a link it is the file behind it that is written. */
static int files_write(
	void *self, const char *path, const void *data, size_t len, int mode, struct mok_err *err)
{
	char *real = realpath(path, NULL);
	struct stat st;
	int result;

	(void)self;
	if (real && stat(real, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		result = write_into(path, data, len, err);
	else
		result = replace_file(real ? real : path, data, len, mode, err);
	free(real);
	return result;
}

static bool make_one(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return true;
	return errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int files_make_dirs(void *self, const char *path, struct mok_err *err)
{
	char *copy = mok_xstrdup(path);
	int result = 0;

	(void)self;
	for (char *at = copy + (copy[0] == '/'); *at && result == 0; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (*copy && !make_one(copy))
			result = io_error(err, "cannot make directory", copy);
		*at = '/';
	}
	if (result == 0 && !make_one(copy))
		result = io_error(err, "cannot make directory", copy);
	free(copy);
	return result;
}

static int files_remove(void *self, const char *path, struct mok_err *err)
{
	(void)self;
	if (unlink(path) != 0 && errno != ENOENT)
		return io_error(err, "cannot remove", path);
	return 0;
}

/* ---- append-only files ---- */

static struct mok_file *files_open_append(void *self, const char *path, struct mok_err *err)
{
	struct mok_file *f;
	int fd;

	(void)self;
	fd = open_retrying(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (fd < 0) {
		io_error(err, "cannot open", path);
		return NULL;
	}
	if (sync_directory_of(path, err) != 0) {
		close(fd);
		return NULL;
	}
	f = mok_xcalloc(1, sizeof(*f));
	f->fd = fd;
	f->path = mok_xstrdup(path);
	return f;
}

static int files_append(
	void *self, struct mok_file *f, const void *data, size_t len, struct mok_err *err)
{
	(void)self;
	if (write_all(f->fd, data, len) != 0)
		return io_error(err, "cannot write", f->path);
	return 0;
}

static int files_sync(void *self, struct mok_file *f, struct mok_err *err)
{
	(void)self;
	while (fdatasync(f->fd) != 0)
		if (errno != EINTR)
			return io_error(err, "cannot sync", f->path);
	return 0;
}

static void files_close(void *self, struct mok_file *f)
{
	(void)self;
	if (!f)
		return;
	close(f->fd);
	free(f->path);
	free(f);
}

/* ---- locks ---- */

/* The file is never removed: whoever holds the lock on a name that another has unlinked would
 * share it with the next to come. */
static struct mok_lockfile *files_lock(void *self, const char *path, struct mok_err *err)
{
	struct mok_lockfile *l;
	int fd, got;

	(void)self;
	fd = open_retrying(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0) {
		io_error(err, "cannot open", path);
		return NULL;
	}
	do
		got = flock(fd, LOCK_EX | LOCK_NB);
	while (got != 0 && errno == EINTR);
	if (got != 0) {
		if (errno == EWOULDBLOCK)
			mok_err_set(err, MOK_ERR_LOCKED, "%s is held by another run", path);
		else
			io_error(err, "cannot lock", path);
		close(fd);
		return NULL;
	}
	l = mok_xcalloc(1, sizeof(*l));
	l->fd = fd;
	return l;
}

static void files_unlock(void *self, struct mok_lockfile *l)
{
	(void)self;
	if (!l)
		return;
	close(l->fd);
	free(l);
}

struct mok_files mok_real_files_table(void)
{
	return (struct mok_files){
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
