#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTEN "127.0.0.1:8080"
#define SMALL_FILE ((size_t)1 << 20)
#define SPEED_DEFAULT 60.0

static int read_small(struct cli *cli, const char *path, const char **out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct mok_buf buf;
	char chunk[8192];
	ssize_t n = -1;

	mok_buf_init(&buf, SMALL_FILE);
	while (fd >= 0 && (n = read(fd, chunk, sizeof(chunk))) > 0 && !buf.overflow)
		mok_buf_add(&buf, chunk, (size_t)n);
	if (fd >= 0)
		close(fd);
	if (n < 0 || buf.overflow)
		cli_usage_error(cli, NULL, "cannot read %s: %s", path,
			n < 0 ? strerror(errno) : "it is too large");
	else
		*out = mok_arena_strdup(cli->arena, buf.data);
	mok_buf_release(&buf);
	return *out ? 0 : -1;
}

static int options_of(struct cli *cli, struct mok_sandbox_server_options *out)
{
	const struct cli_options *o = &cli->opt;
	int64_t seed = 1;

	if (o->seed && !mok_parse_i64(o->seed, &seed))
		MOK_BUG("--seed was checked");
	*out = (struct mok_sandbox_server_options){
		.core = { .dir = o->cloud_dir ? o->cloud_dir : CLOUD_DIR,
			.speed = !o->speed                     ? SPEED_DEFAULT
				: strcmp(o->speed, "max") == 0 ? 0
							       : strtod(o->speed, NULL),
			.seed = (uint64_t)seed,
			.api_only = o->api_only },
		.listen = o->listen ? o->listen : LISTEN,
		.detach = o->detach,
		.allow_remote = o->allow_remote,
	};
	if (o->faults && read_small(cli, o->faults, &out->core.faults) != 0)
		return -1;
	if (o->token_file && read_small(cli, o->token_file, &out->core.tokens) != 0)
		return -1;
	return 0;
}

int cli_run_sandbox(struct cli *cli)
{
	struct mok_sandbox_server_options options;
	struct mok_err err = { 0 };
	int rc;

	if (options_of(cli, &options) != 0)
		return CLI_ERROR;
	if (cli->opt.stop)
		rc = mok_sandbox_stop(options.core.dir, &err);
	else if (cli->opt.reset)
		rc = mok_sandbox_reset(options.core.dir, &err);
	else
		rc = mok_sandbox_serve(&options, &err);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &err, NULL);
}
