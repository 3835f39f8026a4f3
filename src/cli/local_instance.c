#include "local_instance.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_FILE CLOUD_DIR "/server.json"
#define STARTED_FILE CLOUD_DIR "/started" /* the pid of a server that an apply began */
#define ANSWER_MS 30000
#define TEXT_MAX ((size_t)1 << 20)

/* ---- one question ---- */

static void done(struct mok_exchange *x)
{
	*(bool *)x->ctx = true;
}

struct told {
	int status;         /* 0: no answer */
	const char *reason; /* of the sandbox, why it is not 200; or NULL */
	cJSON *json;        /* the body, or NULL; the caller's */
};

static struct told get(struct session *s, const struct mok_net *net, const char *url)
{
	const struct mok_clock *clock = &mok_real_env_get(s->real)->clock;
	int64_t until_ms = clock->mono_ms(clock->self) + ANSWER_MS;
	bool over = false;
	struct mok_exchange x = {
		.method = "GET", .url = url, .timeout_ms = ANSWER_MS, .done = done, .ctx = &over
	};
	struct told told = { 0 };
	const char *reason;

	net->submit(net->self, &x);
	while (!over && clock->mono_ms(clock->self) < until_ms &&
		net->wait(net->self, until_ms) == 0)
		;
	if (!over) {
		net->cancel(net->self, &x);
	} else if (x.fail == MOK_NET_OK) {
		reason = mok_exchange_header(&x, "x-sandbox-reason");
		told.status = x.status;
		told.reason = reason ? mok_arena_strdup(s->arena, reason) : NULL;
		told.json = mok_json_parse(x.response.data, x.response.len);
	}
	mok_exchange_release(&x);
	return told;
}

/* ---- the server ---- */

static const char *read_file(struct session *s, const char *path)
{
	struct mok_err ignored;
	struct mok_buf buf;
	const char *text = NULL;

	mok_buf_init(&buf, TEXT_MAX);
	if (s->env.files.read(s->env.files.self, path, &buf, &ignored) == 0)
		text = mok_arena_strdup(s->arena, buf.data);
	mok_buf_release(&buf);
	return text;
}

static cJSON *read_server(struct session *s)
{
	const char *text = read_file(s, SERVER_FILE);

	return text ? mok_json_parse(text, strlen(text)) : NULL;
}

static const char *server_pid(struct session *s)
{
	cJSON *json MOK_CLEANUP(mok_json_cleanup) = read_server(s);

	return json ? mok_arena_printf(s->arena, "%lld", (long long)mok_json_int(json, "pid", 0))
		    : NULL;
}

/* What the process says, until it says no more. */
static const char *listen_to(struct session *s, int fd)
{
	struct mok_buf text;
	char chunk[4096];
	const char *out;
	ssize_t n;

	mok_buf_init(&text, TEXT_MAX);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			mok_buf_add(&text, chunk, (size_t)n);
	out = mok_arena_strdup(s->arena, text.data);
	mok_buf_release(&text);
	return out;
}

/* Arguments are only read. */
static char *unconst(const char *text)
{
	union {
		const char *in;
		char *out;
	} u = { .in = text };

	return u.out;
}

static size_t fill_arguments(const struct cli_options *o, const char *listen, char **out)
{
	const char *const pairs[] = { "--listen", listen, "--speed", o->speed, "--seed", o->seed,
		"--faults", o->faults };
	size_t n = 0;

	out[n++] = unconst("mok");
	out[n++] = unconst("sandbox");
	out[n++] = unconst("--detach");
	out[n++] = unconst("--dir");
	out[n++] = unconst(CLOUD_DIR);
	for (size_t i = 0; i < MOK_COUNT(pairs); i += 2) {
		if (!pairs[i + 1])
			continue;
		out[n++] = unconst(pairs[i]);
		out[n++] = unconst(pairs[i + 1]);
	}
	out[n] = NULL;
	return n;
}

/* Without an environment: it needs none, and this one has secrets. */
static pid_t spawn(char **arguments, int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char *environment[] = { NULL };
	sigset_t none;
	pid_t child = -1;

	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	errno = posix_spawn(
		&child, "/proc/self/exe", &actions, &attributes, arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return errno == 0 ? child : -1;
}

static int start(struct session *s, const char *listen, struct mok_err *err)
{
	char *arguments[16];
	const char *said;
	int fds[2], status = -1;
	pid_t child;

	fill_arguments(&s->cli->opt, listen, arguments);
	if (pipe(fds) != 0)
		return mok_err_set(err, MOK_ERR_IO, "pipe: %s", strerror(errno));
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	child = spawn(arguments, fds[1]);
	close(fds[1]);
	said = child > 0 ? listen_to(s, fds[0]) : strerror(errno);
	close(fds[0]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	mok_err_set(err, MOK_ERR_IO, "the sandbox did not start as a server: %s", said);
	mok_err_hint(err, "try it by hand: mok sandbox --detach");
	return -1;
}

/* On its usual port, so that the address stays, or where there is room. */
static int go_on_as_server(struct session *s, struct mok_err *err)
{
	const struct mok_files *files = &s->env.files;
	const char *pid;

	mok_sandbox_close(s->sandbox);
	s->sandbox = NULL;
	if (start(s, "127.0.0.1:8080", err) != 0 && start(s, "127.0.0.1:0", err) != 0)
		return -1;
	memset(err, 0, sizeof(*err));
	pid = server_pid(s);
	return pid ? files->write(files->self, STARTED_FILE, pid, strlen(pid), 0600, err)
		   : mok_err_set(err, MOK_ERR_IO, "%s is missing", SERVER_FILE);
}

/* ---- what people see ---- */

static const char *api_url(struct session *s)
{
	cJSON *json MOK_CLEANUP(mok_json_cleanup) = s->sandbox ? NULL : read_server(s);
	const char *url = mok_json_str(json, "api_url");

	return mok_arena_strdup(s->arena, url ? url : LOCAL_API_URL);
}

static cJSON *list_instances(struct session *s, const struct mok_net *net)
{
	return get(s, net, mok_arena_printf(s->arena, "%s/_sandbox/instances", api_url(s))).json;
}

static void say(struct session *s, const char *url, const char *domain, bool only)
{
	struct told told = { .status = 200 };
	struct mok_buf line;

	if (only)
		told = get(s, &mok_real_env_get(s->real)->net,
			mok_arena_printf(s->arena, "%s/api/v2/instance", url));
	cJSON_Delete(told.json);
	mok_buf_init(&line, TEXT_MAX);
	mok_buf_printf(&line, "%s answers", domain);
	if (told.status != 200)
		mok_buf_printf(&line, " %d (%s)", told.status, told.reason ? told.reason : "why?");
	mok_buf_puts(&line, ", until mok sandbox --stop:\n  curl ");
	if (!only)
		mok_buf_printf(&line, "-H 'Host: %s' ", domain);
	mok_buf_printf(&line, "%s/api/v2/instance\n", url);
	if (cli_is_json(s->cli))
		cli_err(s->cli, &line);
	else
		cli_out(s->cli, &line);
	mok_buf_release(&line);
}

int local_instance_answer(struct session *s)
{
	struct mok_err err = { 0 };
	cJSON *found MOK_CLEANUP(mok_json_cleanup) = NULL;
	cJSON *server MOK_CLEANUP(mok_json_cleanup) = NULL;
	const cJSON *list, *one;
	const char *url;

	if (!s->cli->opt.sandbox)
		return CLI_DONE;
	found = list_instances(s, &s->env.net);
	list = mok_json_at(found, "instances");
	if (cJSON_GetArraySize(list) == 0)
		return CLI_DONE;
	if (s->sandbox && go_on_as_server(s, &err) != 0)
		return cli_fail(s->cli, &err, NULL);
	server = read_server(s);
	url = mok_json_str(server, "instance_url");
	cJSON_ArrayForEach(one, list) if (url && mok_json_str(one, "domain"))
		say(s, url, mok_json_str(one, "domain"), cJSON_GetArraySize(list) == 1);
	return CLI_DONE;
}

int local_instance_leave(struct session *s)
{
	const char *began = s->cli->opt.sandbox && !s->sandbox ? read_file(s, STARTED_FILE) : NULL;
	cJSON *found MOK_CLEANUP(mok_json_cleanup) = NULL;
	struct mok_err err = { 0 };

	if (!began || !mok_streq(began, server_pid(s)))
		return CLI_DONE;
	found = list_instances(s, &s->env.net);
	if (!found || cJSON_GetArraySize(mok_json_at(found, "instances")) > 0)
		return CLI_DONE;
	if (mok_sandbox_stop(CLOUD_DIR, &err) != 0 ||
		s->env.files.remove(s->env.files.self, STARTED_FILE, &err) != 0)
		return cli_fail(s->cli, &err, NULL);
	return CLI_DONE;
}
