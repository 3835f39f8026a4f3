/*
 * The thin shell: neighbouring ports of libmicrohttpd around one core behind a mutex. It is the
 * only part of the sandbox with sockets, threads and a clock.
 */
#include "core_internal.h"
#include "server_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	HEADERS_MAX = 100,
	UPLOAD_MAX = 1 << 28,
	PORT_TRIES = 200,
	PORT_FIRST = 12000, /* where port 0 looks */
	PORT_SPAN = 18000,
	SERVICES = 5, /* a port each, in the order of enum mok_sandbox_service */
	FOLDER_PAUSE_S = 2,
	WATCH_PAUSE_MS = 50
};

struct server {
	struct mok_sandbox *sandbox;
	pthread_mutex_t mutex;
	struct MHD_Daemon *daemons[SERVICES]; /* on neighbouring ports, by service */
	const char *certificate, *key;        /* of Kubernetes */
	struct sockaddr_storage address;
	socklen_t address_len;
	int port;
	int stop_fd; /* written to when it is time to end: hanging requests wait for it */
};

struct port {
	struct server *server;
	enum mok_sandbox_service service;
};

static int64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- one request ---- */

struct upload {
	struct mok_buf body;
};

struct gathered {
	struct mok_sandbox_header headers[HEADERS_MAX];
	size_t n;
};

static enum MHD_Result gather_header(
	void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct gathered *g = self;

	(void)kind;
	if (g->n < HEADERS_MAX)
		g->headers[g->n++] = (struct mok_sandbox_header){ name, value ? value : "" };
	return MHD_YES;
}

static void *keep_target(void *self, const char *uri, struct MHD_Connection *connection)
{
	(void)self;
	(void)connection;
	return mok_xstrdup(uri);
}

static void add_headers(struct MHD_Response *response, const struct mok_sandbox_response *answer)
{
	for (size_t i = 0; i < answer->nheaders; i++)
		if (strcasecmp(answer->headers[i].name, "content-length") != 0)
			MHD_add_response_header(
				response, answer->headers[i].name, answer->headers[i].value);
}

/* To a HEAD, libmicrohttpd sends the body's length only. */
static enum MHD_Result send_answer(
	struct MHD_Connection *connection, struct mok_sandbox_response *answer)
{
	struct MHD_Response *response = answer->status == 101
		? sb_socket_response()
		: MHD_create_response_from_buffer(
			  answer->body.len, answer->body.data, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result sent;

	add_headers(response, answer);
	sent = MHD_queue_response(connection, (unsigned)answer->status, response);
	MHD_destroy_response(response);
	return sent;
}

/* Waits that long (ms < 0: for ever), or until the server ends or the client has gone: it has sent
 * all of its request, so that there is nothing to read but the end. */
static void wait_or_end(const struct server *server, struct MHD_Connection *connection, int64_t ms)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd fds[] = { { server->stop_fd, POLLIN, 0 },
		{ info ? info->connect_fd : -1, POLLIN, 0 } };

	poll(fds, MOK_COUNT(fds), ms < 0 ? -1 : ms < INT_MAX ? (int)ms : INT_MAX);
}

static enum MHD_Result deliver(const struct server *server, struct MHD_Connection *connection,
	struct mok_sandbox_response *answer)
{
	if (answer->delay_ms > 0)
		wait_or_end(server, connection, answer->delay_ms);
	if (answer->hung)
		wait_or_end(server, connection, -1);
	if (answer->hung || answer->dropped)
		return MHD_NO;
	return send_answer(connection, answer);
}

/* ---- watches: the core is asked again and again, and the answer goes on meanwhile ---- */

struct stream {
	struct server *server;
	struct MHD_Connection *connection;
	struct mok_sandbox_request request; /* libmicrohttpd keeps what it points to */
	struct mok_sandbox_header headers[HEADERS_MAX];
	struct mok_buf body;
	size_t sent;
	int64_t version, until_ms;
};

static void ask_on(struct stream *s)
{
	struct mok_sandbox_response answer;

	mok_sandbox_response_init(&answer);
	pthread_mutex_lock(&s->server->mutex);
	mok_sandbox_watch(s->server->sandbox, &s->request, s->version, wall_ms(), &answer);
	pthread_mutex_unlock(&s->server->mutex);
	mok_buf_add(&s->body, answer.body.data, answer.body.len);
	s->version = answer.watch_version;
	if (!answer.watch)
		s->until_ms = 0;
	mok_sandbox_response_release(&answer);
}

/* Is there anything to read, which can only be the end, or is it time to end? */
static bool is_over(const struct stream *s)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(s->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd fds[] = { { s->server->stop_fd, POLLIN, 0 },
		{ info ? info->connect_fd : -1, POLLIN, 0 } };

	return poll(fds, MOK_COUNT(fds), WATCH_PAUSE_MS) > 0 || wall_ms() >= s->until_ms;
}

static ssize_t read_stream(void *self, uint64_t position, char *data, size_t max)
{
	struct stream *s = self;
	size_t n;

	(void)position;
	while (s->sent == s->body.len) {
		mok_buf_clear(&s->body);
		s->sent = 0;
		if (is_over(s))
			return MHD_CONTENT_READER_END_OF_STREAM;
		ask_on(s);
	}
	n = s->body.len - s->sent;
	n = n < max ? n : max;
	memcpy(data, s->body.data + s->sent, n);
	s->sent += n;
	return (ssize_t)n;
}

static void end_stream(void *self)
{
	struct stream *s = self;

	mok_buf_release(&s->body);
	free(s);
}

/* Takes the answer's body over and releases the answer. */
static enum MHD_Result stream_watch(struct server *server, struct MHD_Connection *connection,
	const struct mok_sandbox_request *request, struct mok_sandbox_response *answer)
{
	struct stream *s = mok_xcalloc(1, sizeof(*s));
	struct MHD_Response *response;
	enum MHD_Result sent;

	s->server = server;
	s->connection = connection;
	s->request = *request;
	memcpy(s->headers, request->headers, request->nheaders * sizeof(*s->headers));
	s->request.headers = s->headers;
	mok_buf_init(&s->body, UPLOAD_MAX);
	mok_buf_add(&s->body, answer->body.data, answer->body.len);
	s->version = answer->watch_version;
	s->until_ms = answer->watch_until_ms;
	response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, 16384, read_stream, s, end_stream);
	add_headers(response, answer);
	sent = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	mok_sandbox_response_release(answer);
	return sent;
}

static enum MHD_Result answer_request(const struct port *port, struct MHD_Connection *connection,
	const char *method, const char *target, const struct upload *upload)
{
	struct server *server = port->server;
	struct mok_sandbox_response answer;
	struct gathered g = { .n = 0 };
	struct mok_sandbox_request request = { .method = method, .target = target };
	enum MHD_Result sent;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, gather_header, &g);
	request.headers = g.headers;
	request.nheaders = g.n;
	request.host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "host");
	request.body = upload->body.data;
	request.body_len = upload->body.len;
	request.service = port->service;
	mok_sandbox_response_init(&answer);
	pthread_mutex_lock(&server->mutex);
	mok_sandbox_handle(server->sandbox, &request, wall_ms(), &answer);
	pthread_mutex_unlock(&server->mutex);
	if (answer.watch && answer.status == 200 && !answer.hung && !answer.dropped)
		return stream_watch(server, connection, &request, &answer);
	sent = deliver(server, connection, &answer);
	mok_sandbox_response_release(&answer);
	return sent;
}

static enum MHD_Result too_large(struct MHD_Connection *connection)
{
	static const char text[] = "{\"id\":\"request_entity_too_large\",\"message\":\"The request "
				   "is too large.\"}";
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result sent = MHD_queue_response(connection, 413, response);

	MHD_destroy_response(response);
	return sent;
}

/* Per request MHD keeps the target's text, from keep_target; the upload is made at the first call,
 * and carries the target along. */
struct pending {
	char *target;
	struct upload upload;
	bool begun;
};

/* NOLINTNEXTLINE(readability-function-size): the shape is libmicrohttpd's */
static enum MHD_Result handle(void *self, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **state)
{
	struct pending *pending = *state;

	(void)url;
	(void)version;
	if (!pending->begun) {
		pending->begun = true;
		return MHD_YES;
	}
	if (*size) {
		mok_buf_add(&pending->upload.body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (pending->upload.body.overflow)
		return too_large(connection);
	return answer_request(self, connection, method, pending->target, &pending->upload);
}

static void *begin_request(void *self, const char *uri, struct MHD_Connection *connection)
{
	struct pending *pending = mok_xcalloc(1, sizeof(*pending));

	pending->target = keep_target(self, uri, connection);
	mok_buf_init(&pending->upload.body, UPLOAD_MAX);
	return pending;
}

static void end_request(void *self, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	struct pending *pending = *state;

	(void)self;
	(void)connection;
	(void)code;
	if (!pending)
		return;
	mok_buf_release(&pending->upload.body);
	free(pending->target);
	free(pending);
	*state = NULL;
}

/* What does not belong to the request stays encoded: the core decodes. */
static size_t leave_encoded(void *self, struct MHD_Connection *connection, char *s)
{
	(void)self;
	(void)connection;
	return strlen(s);
}

/* ---- addresses ---- */

static int parse_listen(
	const char *listen, bool allow_remote, struct server *server, struct mok_err *err)
{
	const char *colon = strrchr(listen, ':');
	char host[256] = { 0 };
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM },
			*found = NULL;
	int64_t port;
	size_t len;

	if (!colon || !mok_parse_i64(colon + 1, &port) || port < 0 || port > 65536 - SERVICES)
		return mok_err_set(err, MOK_ERR_INPUT,
			"--listen %s: not ADDRESS:PORT, such as 127.0.0.1:8080", listen);
	len = (size_t)(colon - listen);
	if (len >= 2 && listen[0] == '[' && listen[len - 1] == ']') {
		listen++;
		len -= 2;
	}
	memcpy(host, listen, len < sizeof(host) - 1 ? len : sizeof(host) - 1);
	if (strcmp(host, "localhost") == 0)
		memcpy(host, "127.0.0.1", sizeof("127.0.0.1"));
	if (getaddrinfo(host, "0", &hints, &found) != 0 || !found)
		return mok_err_set(err, MOK_ERR_INPUT, "--listen: %s is no numeric address", host);
	memcpy(&server->address, found->ai_addr, found->ai_addrlen);
	server->address_len = found->ai_addrlen;
	server->port = (int)port;
	freeaddrinfo(found);
	if (allow_remote || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0)
		return 0;
	mok_err_set(
		err, MOK_ERR_REFUSED, "the sandbox listens on loopback only, and %s is not", host);
	mok_err_hint(err, "anybody who reaches it could use it; --allow-remote permits it");
	return -1;
}

static void set_port(struct sockaddr_storage *address, int port)
{
	if (address->ss_family == AF_INET6)
		((struct sockaddr_in6 *)address)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)address)->sin_port = htons((uint16_t)port);
}

/* libmicrohttpd takes texts as void *, which it only reads. */
static void *unconst(const char *text)
{
	return (void *)(uintptr_t)text;
}

/* For a request's line and headers, and for a piece of its body. All of it is zeroed after each
 * request. */
#define CONNECTION_MEMORY ((size_t)64 * 1024)

static struct MHD_Daemon *start_port(struct server *server, struct port *port, int number)
{
	struct sockaddr_storage address = server->address;
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
		MHD_USE_POLL | MHD_ALLOW_UPGRADE;

	struct MHD_OptionItem tls[] = { { MHD_OPTION_HTTPS_MEM_KEY, 0, unconst(port->server->key) },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, unconst(port->server->certificate) },
		{ MHD_OPTION_END, 0, NULL } };

	set_port(&address, number);
	if (port->service == MOK_SANDBOX_KUBERNETES)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	return MHD_start_daemon(flags, 0, NULL, NULL, handle, port, MHD_OPTION_SOCK_ADDR, &address,
		MHD_OPTION_URI_LOG_CALLBACK, begin_request, NULL, MHD_OPTION_NOTIFY_COMPLETED,
		end_request, NULL, MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, NULL,
		MHD_OPTION_CONNECTION_LIMIT, 512U, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		CONNECTION_MEMORY, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static void stop_ports(struct server *server)
{
	for (int i = 0; i < SERVICES; i++) {
		if (server->daemons[i])
			MHD_stop_daemon(server->daemons[i]);
		server->daemons[i] = NULL;
	}
}

/* All services on neighbouring ports from `number`. */
static bool try_ports(struct server *server, struct port ports[SERVICES], int number)
{
	for (int i = 0; i < SERVICES && number + i <= 65535; i++) {
		server->daemons[i] = start_port(server, &ports[i], number + i);
		if (!server->daemons[i])
			break;
	}
	if (server->daemons[SERVICES - 1]) {
		server->port = number;
		return true;
	}
	stop_ports(server);
	return false;
}

/* Port 0: a free one whose neighbours are free too. Below those that the system gives to clients,
 * since where a client's connection has ended nobody can listen for a minute. */
static int start_ports(struct server *server, struct port ports[SERVICES], struct mok_err *err)
{
	uint64_t random = (uint64_t)getpid() << 32 ^ (uint64_t)clock();
	int wanted = server->port;

	if (wanted && try_ports(server, ports, wanted))
		return 0;
	for (int i = 0; !wanted && i < PORT_TRIES; i++)
		if (try_ports(server, ports, PORT_FIRST + (int)(mok_rng_next(&random) % PORT_SPAN)))
			return 0;
	mok_err_set(err, MOK_ERR_IO, "cannot listen on port %d and the next four: %s", wanted,
		strerror(errno));
	mok_err_hint(err, "choose another with --listen 127.0.0.1:PORT");
	return -1;
}

/* ---- telling where it is ---- */

static void host_text(const struct server *server, char out[80])
{
	char text[INET6_ADDRSTRLEN] = "";

	if (server->address.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)&server->address)->sin6_addr,
			text, sizeof(text));
	else
		inet_ntop(AF_INET, &((const struct sockaddr_in *)&server->address)->sin_addr, text,
			sizeof(text));
	snprintf(out, 80, server->address.ss_family == AF_INET6 ? "[%s]" : "%s", text);
}

/* Kubeconfigs name the port where clusters are reached. */
static void tell_core(struct server *server)
{
	char host[80], url[128];

	host_text(server, host);
	snprintf(url, sizeof(url), "https://%s:%d", host, server->port + 2);
	pthread_mutex_lock(&server->mutex);
	mok_sandbox_kubernetes_at(server->sandbox, url);
	pthread_mutex_unlock(&server->mutex);
}

static void print_exports(const struct server *server, double speed)
{
	char host[80];

	host_text(server, host);
	printf("export DIGITALOCEAN_API_URL=http://%s:%d\n", host, server->port);
	printf("export DIGITALOCEAN_TOKEN=dop_v1_sandbox\n");
	printf("export DIGITALOCEAN_ACCESS_TOKEN=dop_v1_sandbox\n");
	printf("export SPACES_ENDPOINT_URL=http://%s:%d\n", host, server->port + 1);
	printf("export MOK_REGISTRY_URL=http://%s:%d\n", host, server->port + MOK_SANDBOX_REGISTRY);
	printf("export SPACES_ACCESS_KEY_ID=%s\n", mok_sandbox_spaces_key(server->sandbox));
	printf("export SPACES_SECRET_ACCESS_KEY=%s\n", mok_sandbox_spaces_secret(server->sandbox));
	printf("export MOK_SANDBOX_INSTANCE_URL=http://%s:%d\n", host,
		server->port + MOK_SANDBOX_INSTANCE);
	if (speed > 0)
		printf("export MOK_SANDBOX_SPEED=%g\n", speed);
	else
		printf("export MOK_SANDBOX_SPEED=max\n");
	fflush(stdout);
}

static const char *info_path(struct mok_arena *arena, const char *dir)
{
	return mok_arena_printf(arena, "%s/server.json", dir);
}

static int write_info(struct mok_arena *arena, const struct server *server, const char *dir,
	double speed, struct mok_err *err)
{
	const char *path = info_path(arena, dir);
	const char *temporary = mok_arena_printf(arena, "%s.new", path);
	cJSON *json = cJSON_CreateObject();
	char host[80], *text;
	FILE *file;
	bool ok;

	host_text(server, host);
	cJSON_AddNumberToObject(json, "pid", (double)getpid());
	cJSON_AddStringToObject(
		json, "api_url", mok_arena_printf(arena, "http://%s:%d", host, server->port));
	cJSON_AddStringToObject(json, "spaces_url",
		mok_arena_printf(arena, "http://%s:%d", host, server->port + 1));
	cJSON_AddStringToObject(json, "kubernetes_url",
		mok_arena_printf(arena, "https://%s:%d", host, server->port + 2));
	cJSON_AddStringToObject(json, "instance_url",
		mok_arena_printf(arena, "http://%s:%d", host, server->port + MOK_SANDBOX_INSTANCE));
	cJSON_AddStringToObject(json, "registry_url",
		mok_arena_printf(arena, "http://%s:%d", host, server->port + MOK_SANDBOX_REGISTRY));
	cJSON_AddStringToObject(json, "spaces_key", mok_sandbox_spaces_key(server->sandbox));
	cJSON_AddStringToObject(json, "spaces_secret", mok_sandbox_spaces_secret(server->sandbox));
	cJSON_AddNumberToObject(json, "speed", speed);
	text = cJSON_Print(json);
	cJSON_Delete(json);
	file = fopen(temporary, "w");
	ok = file && fchmod(fileno(file), 0600) == 0 && fputs(text, file) >= 0;
	ok = file && fclose(file) == 0 && ok && rename(temporary, path) == 0;
	cJSON_free(text);
	return ok ? 0 : mok_err_set(err, MOK_ERR_IO, "%s: %s", path, strerror(errno));
}

/* ---- life ---- */

static int block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	return pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void close_stdout(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	fflush(stdout);
	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
		close(null);
	}
}

/* In the background: no terminal, and nobody waits for its output. */
static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
}

/* In the background it also ends when its folder is gone: nobody could find it any more. */
static void wait_for_end(const struct mok_sandbox_server_options *options, const sigset_t *set,
	struct mok_arena *arena)
{
	const struct timespec pause = { .tv_sec = FOLDER_PAUSE_S };
	const char *lock;
	int signal_number;

	if (!options->detach || !options->core.dir) {
		sigwait(set, &signal_number);
		return;
	}
	lock = mok_arena_printf(arena, "%s/lock", options->core.dir);
	while (sigtimedwait(set, NULL, &pause) < 0)
		if (access(lock, F_OK) != 0)
			return;
}

static int serve_until_signal(struct server *server,
	const struct mok_sandbox_server_options *options, const sigset_t *set,
	struct mok_arena *arena, struct mok_err *err)
{
	const char *dir = options->core.dir;

	if (dir && write_info(arena, server, dir, options->core.speed, err) != 0)
		return -1;
	print_exports(server, options->core.speed);
	close_stdout();
	if (options->detach)
		leave_terminal();
	wait_for_end(options, set, arena);
	if (dir)
		unlink(info_path(arena, dir));
	return 0;
}

static int run(struct server *server, const struct mok_sandbox_server_options *options,
	struct mok_arena *arena, struct mok_err *err)
{
	struct port ports[SERVICES] = { { server, MOK_SANDBOX_API }, { server, MOK_SANDBOX_SPACES },
		{ server, MOK_SANDBOX_KUBERNETES }, { server, MOK_SANDBOX_INSTANCE },
		{ server, MOK_SANDBOX_REGISTRY } };
	sigset_t set;
	int stop[2], rc;

	if (pipe(stop) != 0)
		return mok_err_set(err, MOK_ERR_IO, "pipe: %s", strerror(errno));
	server->stop_fd = stop[0];
	block_signals(&set);
	pthread_mutex_init(&server->mutex, NULL);
	mok_sandbox_kubernetes_tls(server->sandbox, &server->certificate, &server->key);
	rc = start_ports(server, ports, err);
	if (rc == 0) {
		tell_core(server);
		rc = serve_until_signal(server, options, &set, arena, err);
		close(stop[1]); /* wakes what hangs */
		stop_ports(server);
	} else {
		close(stop[1]);
	}
	close(stop[0]);
	pthread_mutex_destroy(&server->mutex);
	return rc;
}

static int serve(const struct mok_sandbox_server_options *options, struct mok_err *err)
{
	struct mok_arena *arena = mok_arena_new();
	struct server server = { .port = 0 };
	int rc = parse_listen(options->listen, options->allow_remote, &server, err);

	if (rc == 0) {
		server.sandbox = mok_sandbox_open(&options->core, err);
		rc = server.sandbox ? run(&server, options, arena, err) : -1;
	}
	mok_sandbox_close(server.sandbox);
	mok_arena_free(arena);
	return rc;
}

/* "code\tmessage\thint", as the child writes what kept it from starting. */
static void send_error(const struct mok_err *err)
{
	printf("%d\t%s\t%s", (int)err->code, err->msg, err->hint);
	fflush(stdout);
}

static int take_error(char *text, struct mok_err *err)
{
	char *msg = strchr(text, '\t'), *hint = msg ? strchr(msg + 1, '\t') : NULL;
	int64_t code;

	if (!hint)
		return mok_err_set(err, MOK_ERR_IO, "the sandbox did not start");
	*msg++ = *hint++ = '\0';
	if (!mok_parse_i64(text, &code) || code < MOK_ERR_INPUT || code > MOK_ERR_INTERRUPTED)
		code = MOK_ERR_IO;
	mok_err_set(err, (enum mok_err_code)code, "%s", msg);
	if (*hint)
		mok_err_hint(err, "%s", hint);
	return -1;
}

/* What the child printed goes out once it is ready, or its error comes back. */
static int wait_for_child(int fd, pid_t child, struct mok_err *err)
{
	struct mok_buf text;
	char chunk[4096];
	ssize_t n;
	int rc = 0;

	mok_buf_init(&text, 65536);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		mok_buf_add(&text, chunk, (size_t)n);
	close(fd);
	if (mok_starts(text.data, "export ")) {
		printf("%sexport MOK_SANDBOX_PID=%ld\n", text.data, (long)child);
		fflush(stdout);
	} else {
		rc = take_error(text.data, err);
	}
	mok_buf_release(&text);
	return rc;
}

static int serve_detached(const struct mok_sandbox_server_options *options, struct mok_err *err)
{
	struct mok_err child_err = { 0 };
	int fds[2];
	pid_t child;

	if (pipe(fds) != 0)
		return mok_err_set(err, MOK_ERR_IO, "pipe: %s", strerror(errno));
	fflush(NULL);
	child = fork();
	if (child < 0)
		return mok_err_set(err, MOK_ERR_IO, "fork: %s", strerror(errno));
	if (child > 0) {
		close(fds[1]);
		return wait_for_child(fds[0], child, err);
	}
	close(fds[0]);
	dup2(fds[1], STDOUT_FILENO);
	close(fds[1]);
	if (serve(options, &child_err) != 0)
		send_error(&child_err);
	_exit(0);
}

int mok_sandbox_serve(const struct mok_sandbox_server_options *options, struct mok_err *err)
{
	return options->detach ? serve_detached(options, err) : serve(options, err);
}

/* ---- from outside ---- */

static bool is_locked(struct mok_arena *arena, const char *dir)
{
	int fd = open(mok_arena_printf(arena, "%s/lock", dir), O_RDWR | O_CLOEXEC);
	bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;

	if (fd >= 0)
		close(fd);
	return held;
}

static pid_t server_pid(struct mok_arena *arena, const char *dir)
{
	FILE *file = fopen(info_path(arena, dir), "r");
	char text[4096] = "";
	cJSON *json;
	pid_t pid;

	if (!file)
		return 0;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	json = mok_json_parse(text, strlen(text));
	pid = (pid_t)mok_json_int(json, "pid", 0);
	cJSON_Delete(json);
	return pid;
}

int mok_sandbox_stop(const char *dir, struct mok_err *err)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	struct mok_arena *arena = mok_arena_new();
	pid_t pid = server_pid(arena, dir);
	int rc = 0;

	/* A pid counts only while the lock is held: it may be another's by now. */
	if (pid > 0 && is_locked(arena, dir) && kill(pid, SIGTERM) != 0)
		rc = mok_err_set(err, MOK_ERR_IO, "process %ld: %s", (long)pid, strerror(errno));
	for (int i = 0; rc == 0 && i < 500 && is_locked(arena, dir); i++)
		nanosleep(&pause, NULL);
	if (rc == 0 && is_locked(arena, dir))
		rc = mok_err_set(err, MOK_ERR_LOCKED, "the sandbox in %s does not end", dir);
	mok_arena_free(arena);
	return rc;
}

int mok_sandbox_reset(const char *dir, struct mok_err *err)
{
	static const char *const names[] = { "sandbox.db", "sandbox.db-wal", "sandbox.db-shm",
		"requests.jsonl", "server.json" };
	struct mok_arena *arena = mok_arena_new();
	int fd = -1, rc = sb_lock_folder(arena, dir, &fd, err);

	for (size_t i = 0; rc == 0 && i < MOK_COUNT(names); i++) {
		const char *path = mok_arena_printf(arena, "%s/%s", dir, names[i]);

		if (unlink(path) != 0 && errno != ENOENT)
			rc = mok_err_set(err, MOK_ERR_IO, "%s: %s", path, strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	mok_arena_free(arena);
	return rc;
}
