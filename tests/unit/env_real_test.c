/* The real machine: files in a directory of their own, curl against servers on loopback. */
#include "mok/env.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct mok_real_env *open_env(void)
{
	struct mok_err err;
	struct mok_real_env *real = mok_real_env_new(&err);

	assert_non_null(real);
	return real;
}

/* ---- files ---- */

static void read_into(const struct mok_env *env, const char *path, const char *expected)
{
	struct mok_buf buf;
	struct mok_err err;

	mok_buf_init(&buf, 1024);
	assert_int_equal(env->files.read(env->files.self, path, &buf, &err), 0);
	assert_string_equal(buf.data, expected);
	mok_buf_release(&buf);
}

static void files_are_written_whole_appended_and_locked(void **state)
{
	struct mok_real_env *real = open_env();
	const struct mok_env *env = mok_real_env_get(real);
	const struct mok_files *fs = &env->files;
	char dir[] = "/tmp/mok-env-XXXXXX";
	char nested[64], path[80], lock[80];
	struct mok_lockfile *held;
	struct mok_file *file;
	struct mok_buf buf;
	struct mok_err err;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(nested, sizeof(nested), "%s/a/b", dir);
	snprintf(path, sizeof(path), "%s/f", nested);
	snprintf(lock, sizeof(lock), "%s/l", nested);
	assert_int_equal(fs->make_dirs(fs->self, nested, &err), 0);
	assert_int_equal(fs->make_dirs(fs->self, nested, &err), 0);
	mok_buf_init(&buf, 3);
	assert_int_equal(fs->read(fs->self, path, &buf, &err), -1);
	assert_int_equal(err.http_status, 404);
	assert_int_equal(fs->write(fs->self, path, "one", 3, 0600, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	file = fs->open_append(fs->self, path, &err);
	assert_non_null(file);
	assert_int_equal(fs->append(fs->self, file, "two", 3, &err), 0);
	assert_int_equal(fs->sync(fs->self, file, &err), 0);
	fs->close(fs->self, file);
	read_into(env, path, "onetwo");
	assert_int_equal(fs->read(fs->self, path, &buf, &err), -1); /* more than its limit */
	mok_buf_release(&buf);
	held = fs->lock(fs->self, lock, &err);
	assert_non_null(held);
	assert_null(fs->lock(fs->self, lock, &err));
	assert_int_equal(err.code, MOK_ERR_LOCKED);
	fs->unlock(fs->self, held);
	held = fs->lock(fs->self, lock, &err);
	assert_non_null(held);
	fs->unlock(fs->self, held);
	assert_int_equal(fs->make_dirs(fs->self, path, &err), -1); /* a file is in the way */
	assert_int_equal(fs->remove(fs->self, path, &err), 0);
	assert_int_equal(fs->remove(fs->self, path, &err), 0);
	unlink(lock);
	rmdir(nested);
	snprintf(nested, sizeof(nested), "%s/a", dir);
	rmdir(nested);
	assert_int_equal(rmdir(dir), 0); /* nothing was left behind */
	mok_real_env_free(real);
}

/* ---- network ---- */

/* Says `answer` to each connection after a request's head has come, and closes it. */
struct server {
	int fd;
	char url[64];
	const char *answer; /* NULL: none comes, until the client goes away */
	int requests, wanted;
	pthread_t thread;
	char head[2048];
};

static void *serve(void *ctx)
{
	struct server *s = ctx;

	while (s->requests < s->wanted) {
		int fd = accept(s->fd, NULL, NULL);
		size_t n = 0;
		ssize_t got;

		if (fd < 0)
			return NULL;
		while (n + 1 < sizeof(s->head) &&
			(got = read(fd, s->head + n, sizeof(s->head) - 1 - n)) > 0) {
			n += (size_t)got;
			s->head[n] = '\0';
			if (strstr(s->head, "\r\n\r\n"))
				break;
		}
		s->requests++;
		if (s->answer && write(fd, s->answer, strlen(s->answer)) < 0)
			s->requests = -1;
		if (!s->answer)
			while (read(fd, s->head, sizeof(s->head)) > 0)
				continue;
		close(fd);
	}
	return NULL;
}

static void start_server(struct server *s, const char *answer)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);

	memset(s, 0, sizeof(*s));
	s->answer = answer;
	s->wanted = 1;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(s->fd >= 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(s->fd, 8), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &len), 0);
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d/x", ntohs(at.sin_port));
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop_server(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	close(s->fd);
	pthread_join(s->thread, NULL);
}

static void nothing(struct mok_exchange *x)
{
	(void)x;
}

static void get(
	const struct mok_env *env, const char *url, int64_t timeout_ms, struct mok_exchange *x)
{
	static const struct mok_header headers[] = { { "X-One", "1" } };
	struct mok_loop *loop = mok_loop_new(env);
	struct mok_err err;

	*x = (struct mok_exchange){ .method = "POST",
		.url = url,
		.headers = headers,
		.nheaders = 1,
		.body = "hello",
		.body_len = 5,
		.timeout_ms = timeout_ms,
		.done = nothing };
	mok_loop_exchange(loop, x);
	assert_int_equal(mok_loop_run(loop, NULL, NULL, &err), 0);
	mok_loop_free(loop);
}

/* A link stays one, and what is no file is written to: never put aside for a file of its name. */
static void links_and_pipes_are_written_through(void **state)
{
	struct mok_real_env *real = open_env();
	const struct mok_env *env = mok_real_env_get(real);
	const struct mok_files *fs = &env->files;
	char dir[] = "/tmp/mok-env-XXXXXX", path[80], link[80], pipe[80], got[8] = { 0 };
	struct mok_err err;
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/f", dir);
	snprintf(link, sizeof(link), "%s/l", dir);
	snprintf(pipe, sizeof(pipe), "%s/p", dir);
	assert_int_equal(fs->write(fs->self, path, "old", 3, 0600, &err), 0);
	assert_int_equal(symlink("f", link), 0);
	assert_int_equal(fs->write(fs->self, link, "new", 3, 0600, &err), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	read_into(env, path, "new");
	assert_int_equal(mkfifo(pipe, 0600), 0);
	fd = open(pipe, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_int_equal(fs->write(fs->self, pipe, "text", 4, 0600, &err), 0);
	assert_int_equal(read(fd, got, sizeof(got) - 1), 4);
	assert_string_equal(got, "text");
	close(fd);
	assert_int_equal(lstat(pipe, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	unlink(pipe);
	unlink(link);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
	mok_real_env_free(real);
}

static void an_answer_comes_with_status_headers_and_body(void **state)
{
	struct mok_real_env *real = open_env();
	struct mok_exchange x;
	struct server s;

	(void)state;
	start_server(&s,
		"HTTP/1.1 302 Found\r\nX-Two:  b c \r\nLocation: http://127.0.0.1:1/\r\n"
		"Content-Length: 4\r\n\r\nbody");
	get(mok_real_env_get(real), s.url, 5000, &x);
	stop_server(&s);
	assert_int_equal(x.fail, MOK_NET_OK);
	assert_int_equal(x.status, 302); /* not followed */
	assert_string_equal(x.response.data, "body");
	assert_string_equal(mok_exchange_header(&x, "x-two"), "b c");
	assert_int_equal(s.requests, 1);
	assert_true(mok_starts(s.head, "POST /x HTTP/1.1\r\n"));
	assert_non_null(strstr(s.head, "X-One: 1\r\n"));
	assert_null(strstr(s.head, "Expect:"));
	mok_exchange_release(&x);
	mok_real_env_free(real);
}

static void another_protocol_that_is_granted_is_an_answer(void **state)
{
	static const struct mok_header headers[] = { { "Connection", "Upgrade" },
		{ "Upgrade", "websocket" } };
	struct mok_real_env *real = open_env();
	struct mok_loop *loop = mok_loop_new(mok_real_env_get(real));
	struct mok_exchange x = { .method = "GET",
		.headers = headers,
		.nheaders = 2,
		.timeout_ms = 20000,
		.upgrades = true,
		.done = nothing };
	struct mok_err err;
	struct server s;

	(void)state;
	start_server(&s,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\n\r\n\x81\x02hi");
	x.url = s.url;
	mok_loop_exchange(loop, &x);
	assert_int_equal(mok_loop_run(loop, NULL, NULL, &err), 0);
	stop_server(&s);
	assert_int_equal(x.fail, MOK_NET_OK);
	assert_int_equal(x.status, 101);
	assert_string_equal(mok_exchange_header(&x, "upgrade"), "websocket");
	assert_non_null(strstr(s.head, "Upgrade: websocket\r\n"));
	mok_exchange_release(&x);
	mok_loop_free(loop);
	mok_real_env_free(real);
}

static void what_surely_was_not_sent_is_told_from_what_may_have_been(void **state)
{
	static const char *const broken[] = { "", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nx",
		"garbage\r\n\r\n" };
	struct mok_real_env *real = open_env();
	struct mok_exchange x;
	struct server s;

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(broken); i++) {
		start_server(&s, broken[i]);
		get(mok_real_env_get(real), s.url, 5000, &x);
		stop_server(&s);
		assert_int_equal(s.requests, 1); /* curl did not try again by itself */
		assert_int_equal(x.fail, MOK_NET_UNKNOWN);
		assert_true(x.fail_text[0]);
		mok_exchange_release(&x);
	}
	start_server(&s, NULL);
	get(mok_real_env_get(real), s.url, 50, &x); /* a timeout after it was sent */
	assert_int_equal(x.fail, MOK_NET_UNKNOWN);
	mok_exchange_release(&x);
	stop_server(&s);
	get(mok_real_env_get(real), s.url, 5000, &x); /* nobody listens there any more */
	assert_int_equal(x.fail, MOK_NET_NOT_SENT);
	mok_exchange_release(&x);
	mok_real_env_free(real);
}

static void a_signal_ends_the_wait_at_once(void **state)
{
	struct mok_real_env *real = open_env();
	const struct mok_env *env = mok_real_env_get(real);
	struct mok_loop *loop = mok_loop_new(env);
	struct mok_exchange x = { .method = "GET", .timeout_ms = 60000, .done = nothing };
	struct mok_err err;
	struct server s;
	int64_t start = env->clock.mono_ms(env->clock.self);

	(void)state;
	start_server(&s, NULL);
	x.url = s.url;
	mok_loop_exchange(loop, &x);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(mok_loop_run(loop, NULL, NULL, &err), -1);
	assert_int_equal(err.code, MOK_ERR_INTERRUPTED);
	mok_loop_free(loop);
	mok_exchange_release(&x);
	assert_true(env->clock.mono_ms(env->clock.self) - start < 1000);
	stop_server(&s);
	mok_real_env_free(real);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_written_whole_appended_and_locked),
		cmocka_unit_test(links_and_pipes_are_written_through),
		cmocka_unit_test(an_answer_comes_with_status_headers_and_body),
		cmocka_unit_test(another_protocol_that_is_granted_is_an_answer),
		cmocka_unit_test(what_surely_was_not_sent_is_told_from_what_may_have_been),
		cmocka_unit_test(a_signal_ends_the_wait_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
