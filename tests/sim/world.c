#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_MAX ((size_t)64 << 20)

void sim_trace(struct sim_world *w, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (!w->verbose)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	mok_buf_printf(&w->trace, "%9.3f  %s\n",
		(double)(fake_env_mono_ms(w->fake) - 1000000) / 1000.0, line);
}

void sim_wrong(struct sim_world *w, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = mok_arena_vprintf(w->arena, fmt, ap);
	va_end(ap);
	sim_trace(w, "WRONG: %s", text);
	if (!w->violation)
		w->violation = text;
}

/* ---- the sandbox as a server ---- */

static enum mok_sandbox_service service_of(const char *url)
{
	return strstr(url, "digitaloceanspaces.com")     ? MOK_SANDBOX_SPACES
		: strstr(url, ".k8s.ondigitalocean.com") ? MOK_SANDBOX_KUBERNETES
							 : MOK_SANDBOX_API;
}

static void note_secret(struct sim_world *w, const struct mok_buf *body, const char *key)
{
	for (const char *at = body->data; (at = strstr(at, key)) != NULL;) {
		const char *end;

		at += strlen(key);
		end = strchr(at, '"');
		if (!end)
			return;
		if (end - at >= 8)
			mok_vec_push(w->arena, &w->secrets,
				(const char *)mok_arena_strndup(w->arena, at, (size_t)(end - at)));
		at = end;
	}
}

static int64_t give(struct mok_exchange *x, const struct mok_sandbox_response *r)
{
	if (r->dropped) {
		x->fail = MOK_NET_UNKNOWN;
		snprintf(x->fail_text, sizeof(x->fail_text), "connection closed");
		return 0;
	}
	if (r->hung)
		return -1;
	x->status = r->status;
	for (size_t i = 0; i < r->nheaders; i++)
		mok_exchange_add_header(x, r->headers[i].name, r->headers[i].value);
	mok_buf_add(&x->response, r->body.data, r->body.len);
	return r->delay_ms;
}

static void maybe_shift_pages(struct sim_world *w)
{
	char path[64], body[96];
	cJSON *json;

	if (!w->shift_pages || !sim_chance(&w->rng, 10))
		return;
	snprintf(body, sizeof(body), "{\"name\":\"a-stranger-%d\"}", (int)sim_draw(&w->rng, 5));
	snprintf(path, sizeof(path), "/v2/tags/a-stranger-%d", (int)sim_draw(&w->rng, 5));
	json = sim_chance(&w->rng, 50) ? sim_api(w, "POST", "/v2/tags", body)
				       : sim_api(w, "DELETE", path, NULL);
	cJSON_Delete(json);
}

static int64_t serve(void *self, struct fake_env *env, struct mok_exchange *x)
{
	struct sim_world *w = self;
	struct mok_sandbox_header headers[24];
	struct mok_sandbox_response response;
	struct mok_sandbox_request request = { .method = x->method,
		.headers = headers,
		.body = x->body,
		.body_len = x->body_len,
		.service = service_of(x->url) };
	char host_text[256];
	const char *host;
	size_t host_len;
	int64_t delay;

	if (!mok_url_host(x->url, &host, &host_len) || host_len >= sizeof(host_text))
		MOK_BUG("a request without a host");
	memcpy(host_text, host, host_len);
	host_text[host_len] = '\0';
	request.host = host_text;
	request.target = host[host_len] ? host + host_len : "/";
	for (size_t i = 0; i < x->nheaders && i < MOK_COUNT(headers); i++)
		headers[request.nheaders++] =
			(struct mok_sandbox_header){ .name = x->headers[i].name,
				.value = x->headers[i].value };
	w->requests++;
	w->writes += !mok_streq(x->method, "GET") && !mok_streq(x->method, "HEAD");
	sim_check_request(w, x->method, request.target);
	maybe_shift_pages(w);
	mok_sandbox_response_init(&response);
	mok_sandbox_handle(w->sandbox, &request, fake_env_wall_ms(env), &response);
	w->refusals += response.status == 429;
	sim_trace(w, "  %s %.160s -> %d%s", x->method, request.target, response.status,
		response.dropped ? " dropped" : "");
	if (w->verbose && response.status >= 400)
		sim_trace(w, "     %.300s", response.body.data);
	note_secret(w, &response.body, "\"secret_key\":\"");
	note_secret(w, &response.body, "\"password\":\"");
	delay = give(x, &response);
	mok_sandbox_response_release(&response);
	return delay;
}

/* ---- what the network does ---- */

static int64_t latency(struct sim_world *w)
{
	uint64_t r = sim_draw(&w->rng, 100);

	if (r < 90)
		return 1 + (int64_t)sim_draw(&w->rng, 60);
	return r < 99 ? 100 + (int64_t)sim_draw(&w->rng, 900) : (int64_t)sim_draw(&w->rng, 20000);
}

static int error_status(struct sim_world *w)
{
	static const int statuses[] = { 500, 502, 503, 504 };

	return statuses[sim_draw(&w->rng, MOK_COUNT(statuses))];
}

static void refuse(struct sim_world *w, const struct mok_exchange *x, struct fake_fate *f)
{
	f->kind = FAKE_REFUSED;
	f->status = 429;
	if (sim_chance(&w->rng, 60))
		f->retry_after_s = 1 + (int)sim_draw(&w->rng, 20);
	/* A database under maintenance. */
	if (strstr(x->url, "/v2/databases/") && !mok_streq(x->method, "GET") &&
		sim_chance(&w->rng, 50))
		f->status = 412;
}

static struct fake_fate fate(void *self, struct fake_env *env, struct mok_exchange *x)
{
	struct sim_world *w = self;
	struct fake_fate f = { .kind = FAKE_ARRIVES };

	(void)env;
	f.up_ms = latency(w);
	f.down_ms = latency(w);
	if (!sim_chance(&w->rng, w->fault_percent))
		return f;
	switch (sim_draw(&w->rng, 6)) {
	case 0: f.kind = FAKE_NOT_SENT; break;
	case 1: f.kind = FAKE_LOST_BEFORE; break;
	case 2: f.kind = FAKE_LOST_AFTER; break;
	case 3: f.kind = FAKE_ERROR_BEFORE; break;
	case 4: f.kind = FAKE_ERROR_AFTER; break;
	default: refuse(w, x, &f); break;
	}
	if (f.kind == FAKE_ERROR_BEFORE || f.kind == FAKE_ERROR_AFTER)
		f.status = error_status(w);
	sim_trace(w, "  fault %d (%d) for %s %.120s", f.kind, f.status, x->method, x->url);
	return f;
}

static void step(void *self, struct fake_env *env, const char *what)
{
	struct sim_world *w = self;
	uint64_t n = fake_env_steps(env);

	(void)what;
	if (w->interrupt_at && n >= w->interrupt_at && w->interrupted_ms < 0) {
		sim_trace(w, "interrupted");
		w->interrupted_ms = fake_env_mono_ms(env);
		fake_env_interrupt(env, true);
	}
	if (n > w->step_limit && !w->runaway) {
		w->runaway = true;
		fake_env_interrupt(env, true);
	}
}

/* ---- requests of others ---- */

static void handle(struct sim_world *w, const struct mok_sandbox_request *request,
	struct mok_sandbox_response *out)
{
	mok_sandbox_response_init(out);
	mok_sandbox_handle(w->sandbox, request, fake_env_wall_ms(w->fake), out);
}

static cJSON *ask(struct sim_world *w, const char *host, enum mok_sandbox_service service,
	const char *method, const char *path, const char *body)
{
	const struct mok_sandbox_header headers[] = {
		{ .name = "Authorization", .value = "Bearer " SIM_ORACLE_TOKEN },
		{ .name = "Content-Type", .value = "application/json" },
	};
	struct mok_sandbox_request request = { .method = method,
		.host = host,
		.target = path,
		.headers = headers,
		.nheaders = MOK_COUNT(headers),
		.service = service,
		.body = body,
		.body_len = body ? strlen(body) : 0 };
	struct mok_sandbox_response response;
	cJSON *json = NULL;

	handle(w, &request, &response);
	if (response.status < 400) {
		json = mok_json_parse(response.body.data, response.body.len);
		if (!json)
			json = cJSON_CreateObject();
	} else {
		sim_trace(w, "  others: %s %s -> %d %.200s", method, path, response.status,
			response.body.data);
	}
	mok_sandbox_response_release(&response);
	return json;
}

cJSON *sim_api(struct sim_world *w, const char *method, const char *path, const char *body)
{
	return ask(w, "api.digitalocean.com", MOK_SANDBOX_API, method, path, body);
}

cJSON *sim_kube(struct sim_world *w, const char *cluster, const char *method, const char *path,
	const char *body)
{
	char host[128];

	snprintf(host, sizeof(host), "%s.k8s.ondigitalocean.com", cluster);
	return ask(w, host, MOK_SANDBOX_KUBERNETES, method, path, body);
}

void sim_list_buckets(struct sim_world *w, struct mok_buf *out)
{
	static const char host[] = "ams3.digitaloceanspaces.com";
	struct mok_arena *arena = mok_arena_new();
	struct mok_header signature[4];
	struct mok_sandbox_header headers[4];
	struct mok_sigv4 sign = { .key = mok_sandbox_spaces_key(w->sandbox),
		.secret = mok_sandbox_spaces_secret(w->sandbox),
		.region = "ams3",
		.service = "s3",
		.method = "GET",
		.host = host,
		.path = "/",
		.wall_ms = fake_env_wall_ms(w->fake) };
	struct mok_sandbox_request request = { .method = "GET",
		.host = host,
		.target = "/",
		.headers = headers,
		.service = MOK_SANDBOX_SPACES };
	struct mok_sandbox_response response;

	request.nheaders = mok_sigv4_sign(arena, &sign, signature);
	for (size_t i = 0; i < request.nheaders; i++)
		headers[i] = (struct mok_sandbox_header){ .name = signature[i].name,
			.value = signature[i].value };
	handle(w, &request, &response);
	if (response.status != 200)
		sim_wrong(w, "the buckets cannot be listed: %d %.200s", response.status,
			response.body.data);
	mok_buf_add(out, response.body.data, response.body.len);
	mok_sandbox_response_release(&response);
	mok_arena_free(arena);
}

/* ---- strangers ---- */

static void remember(
	struct sim_world *w, enum sim_kind kind, const char *id, const char *parent_id, int parent)
{
	mok_vec_push(w->arena, &w->strangers,
		((struct sim_stranger){ .kind = kind,
			.id = mok_arena_strdup(w->arena, id),
			.parent_id = mok_arena_strdup(w->arena, parent_id),
			.parent = parent }));
}

/* Makes it and remembers what `id_path` of the answer gives. */
static const char *make(struct sim_world *w, enum sim_kind kind, const char *path, const char *body,
	const char *id_path)
{
	cJSON *json = sim_api(w, "POST", path, body);
	const char *text = NULL;
	char number[32];

	if (json) {
		const cJSON *id = mok_json_at(json, id_path);

		if (cJSON_IsNumber(id)) {
			snprintf(number, sizeof(number), "%.0f", id->valuedouble);
			text = mok_arena_strdup(w->arena, number);
		} else if (cJSON_IsString(id)) {
			text = mok_arena_strdup(w->arena, id->valuestring);
		}
	}
	cJSON_Delete(json);
	if (!text)
		sim_wrong(w, "a stranger's %s could not be made", sim_kind_word(kind));
	else
		remember(w, kind, text, "", -1);
	return text;
}

static void fill_pages(struct sim_world *w)
{
	char body[64];

	for (int i = 0; i < 230; i++) {
		snprintf(body, sizeof(body), "{\"name\":\"filler-%d\"}", i);
		cJSON_Delete(sim_api(w, "POST", "/v2/tags", body));
	}
}

static void add_database(struct sim_world *w)
{
	const char *id = make(w, SIM_DB, "/v2/databases",
		"{\"name\":\"theirs\",\"engine\":\"pg\",\"version\":\"17\",\"region\":\"ams3\","
		"\"size\":\"db-s-1vcpu-2gb\",\"num_nodes\":1,\"tags\":[\"filler-db\"]}",
		"database.id");
	char path[128];

	if (!id)
		return;
	fake_env_advance(w->fake, (int64_t)2 * 3600 * 1000);
	snprintf(path, sizeof(path), "/v2/databases/%s/users", id);
	cJSON_Delete(sim_api(w, "POST", path, "{\"name\":\"user1\"}"));
	remember(w, SIM_DB_USER, "user1", id, -1);
}

static void add_zone(struct sim_world *w)
{
	const char *name =
		make(w, SIM_DOMAIN, "/v2/domains", "{\"name\":\"theirs.test\"}", "domain.name");

	if (name)
		make(w, SIM_RECORD, "/v2/domains/theirs.test/records",
			"{\"type\":\"A\",\"name\":\"r1\",\"data\":\"192.0.2.7\",\"ttl\":300}",
			"domain_record.id");
}

void sim_add_strangers(struct sim_world *w)
{
	/* Most accounts have a network already; else the stack's first becomes the default. */
	if (sim_chance(&w->rng, 80))
		make(w, SIM_VPC, "/v2/vpcs",
			"{\"name\":\"theirs\",\"region\":\"ams3\",\"ip_range\":\"10.200.0.0/20\","
			"\"description\":\"not yours\"}",
			"vpc.id");
	if (sim_chance(&w->rng, 50))
		make(w, SIM_TAG, "/v2/tags", "{\"name\":\"theirs\"}", "tag.name");
	if (sim_chance(&w->rng, 50))
		add_zone(w);
	if (sim_chance(&w->rng, 30))
		make(w, SIM_PROJECT, "/v2/projects",
			"{\"name\":\"theirs\",\"purpose\":\"Other\",\"environment\":\"Staging\"}",
			"project.id");
	if (sim_chance(&w->rng, 30))
		add_database(w);
	if (sim_chance(&w->rng, 4))
		fill_pages(w);
}

static void add_record_inside(struct sim_world *w, const struct sim_model *m, int i)
{
	char zone[64], path[128], body[160], id[32];
	cJSON *json;
	int name = 0;

	for (int k = 0; k < m->n; k++)
		if (m->list[k].wanted && m->list[k].kind == SIM_RECORD && m->list[k].parent == i)
			name = m->list[k].number;
	snprintf(path, sizeof(path), "/v2/domains/%s/records", sim_name(m, i, zone));
	snprintf(body, sizeof(body),
		"{\"type\":\"A\",\"name\":\"r%d\",\"data\":\"192.0.2.%d\",\"ttl\":300}", name,
		1 + (int)sim_draw(&w->rng, 200));
	json = sim_api(w, "POST", path, body);
	if (!json)
		return;
	snprintf(id, sizeof(id), "%lld", (long long)mok_json_int(json, "domain_record.id", 0));
	cJSON_Delete(json);
	remember(w, SIM_RECORD, id, zone, i);
	sim_trace(w, "a stranger adds record %s to %s", id, zone);
}

void sim_each_cluster(struct sim_world *w, void (*each)(struct sim_world *w, const char *id))
{
	cJSON *json = sim_api(w, "GET", "/v2/kubernetes/clusters?per_page=200", NULL);
	const cJSON *item;

	cJSON_ArrayForEach(item, mok_json_at(json, "kubernetes_clusters"))
	{
		each(w, mok_json_str(item, "id"));
	}
	cJSON_Delete(json);
}

static const char *cluster_id(struct sim_world *w, const char *name)
{
	cJSON *json = sim_api(w, "GET", "/v2/kubernetes/clusters?per_page=200", NULL);
	const char *id = NULL;
	const cJSON *item;

	cJSON_ArrayForEach(item, mok_json_at(json, "kubernetes_clusters"))
	{
		if (mok_streq(mok_json_str(item, "name"), name))
			id = mok_arena_strdup(w->arena, mok_json_str(item, "id"));
	}
	cJSON_Delete(json);
	return id;
}

static void add_config_inside(struct sim_world *w, const struct sim_model *m, int i)
{
	char cluster[64], body[200];
	const char *id = cluster_id(w, sim_name(m, i, cluster));
	const char *name = mok_arena_printf(w->arena, "theirs%d", (int)sim_draw(&w->rng, 1000000));
	cJSON *json;

	snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"%s\"},\"data\":{\"v\":\"9\"}}",
		name);
	json = id ? sim_kube(w, id, "POST", "/api/v1/namespaces/default/configmaps", body) : NULL;
	if (!json)
		return;
	cJSON_Delete(json);
	remember(w, SIM_CONFIG, name, "", i);
	sim_trace(w, "a stranger adds ConfigMap %s to %s", name, cluster);
}

void sim_add_strangers_inside(struct sim_world *w, const struct sim_model *m)
{
	for (int i = 0; i < m->n; i++) {
		if (!m->list[i].wanted || !sim_chance(&w->rng, 30))
			continue;
		if (m->list[i].kind == SIM_DOMAIN)
			add_record_inside(w, m, i);
		else if (m->list[i].kind == SIM_CLUSTER)
			add_config_inside(w, m, i);
	}
}

const struct sim_stranger *sim_stranger_of(
	const struct sim_world *w, enum sim_kind kind, const char *id, const char *parent_id)
{
	for (size_t i = 0; i < w->strangers.len; i++) {
		const struct sim_stranger *s = &w->strangers.items[i];

		if (s->kind == kind && mok_streq(s->id, id) &&
			(!s->parent_id[0] || mok_streq(s->parent_id, parent_id)))
			return s;
	}
	return NULL;
}

/* ---- the whole ---- */

struct sim_world *sim_world_new(uint64_t seed, bool verbose)
{
	struct sim_world *w = mok_xcalloc(1, sizeof(*w));
	struct fake_hooks hooks = { .self = w, .serve = serve, .fate = fate, .step = step };
	static const double speeds[] = { 1, 1, 20, 0 };
	struct mok_sandbox_options options = { .seed = seed };
	struct mok_err err;

	w->seed = seed;
	w->verbose = verbose;
	w->rng.state = seed * 0x9e3779b97f4a7c15u + 12345;
	w->arena = mok_arena_new();
	w->speed = speeds[sim_draw(&w->rng, MOK_COUNT(speeds))];
	w->interrupted_ms = -1;
	w->step_limit = UINT64_MAX;
	w->shift_pages = sim_chance(&w->rng, 20);
	mok_buf_init(&w->trace, TRACE_MAX);
	mok_buf_init(&w->told, TRACE_MAX);
	w->fake = fake_env_new(seed, &hooks);
	fake_env_set_speed(w->fake, w->speed);
	options.speed = w->speed;
	if (w->speed > 0 && sim_chance(&w->rng, 40))
		options.lag_ms = (int64_t)(20000 / w->speed);
	w->sandbox = mok_sandbox_open(&options, &err);
	if (!w->sandbox)
		sim_wrong(w, "the sandbox does not open: %s", err.msg);
	sim_trace(w, "seed %llu: speed %g, lag %lld ms%s", (unsigned long long)seed, w->speed,
		(long long)options.lag_ms, w->shift_pages ? ", pages shift" : "");
	return w;
}

void sim_world_free(struct sim_world *w)
{
	mok_sandbox_close(w->sandbox);
	fake_env_free(w->fake);
	mok_buf_release(&w->trace);
	mok_buf_release(&w->told);
	mok_arena_free(w->arena);
	free(w);
}
