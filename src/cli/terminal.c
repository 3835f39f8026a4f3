#include "cli.h"

#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define WIDTH_MIN 40

static int width_of(int fd)
{
	struct winsize size;

	if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return WIDTH_DEFAULT;
	return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

static bool wants_color(const struct cli *cli, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (cli->opt.color && strcmp(cli->opt.color, "auto") != 0)
		return strcmp(cli->opt.color, "always") == 0;
	return isatty(fd) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

/* What the terminal reads. The process itself stays in the locale "C": what it does must not depend
 * on who runs it, and regular expressions are several times faster. */
static bool reads_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8 = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;

	if (locale)
		freelocale(locale);
	return utf8;
}

void cli_terminal_init(struct cli *cli)
{
	bool utf8 = reads_utf8();

	cli->out = (struct mok_style){ wants_color(cli, STDOUT_FILENO), utf8,
		width_of(STDOUT_FILENO) };
	cli->err = (struct mok_style){ wants_color(cli, STDERR_FILENO), utf8,
		width_of(STDERR_FILENO) };
	cli->err_is_terminal = isatty(STDERR_FILENO);
	cli->in_is_terminal = isatty(STDIN_FILENO);
	cli->out_is_terminal = isatty(STDOUT_FILENO);
}

bool cli_is_json(const struct cli *cli)
{
	return mok_streq(cli->opt.format, "json");
}

void cli_out(struct cli *cli, struct mok_buf *buf)
{
	if (fwrite(buf->data, 1, buf->len, stdout) != buf->len || fflush(stdout) != 0)
		cli->broken = true;
	mok_buf_clear(buf);
}

void cli_err(struct cli *cli, struct mok_buf *buf)
{
	(void)cli;
	if (fwrite(buf->data, 1, buf->len, stderr) != buf->len)
		clearerr(stderr); /* nobody is left to be told */
	mok_buf_clear(buf);
}

void cli_out_json(struct cli *cli, cJSON *json)
{
	char *text = cJSON_Print(json);
	size_t len = strlen(text);

	if (fwrite(text, 1, len, stdout) != len || fputc('\n', stdout) == EOF ||
		fflush(stdout) != 0)
		cli->broken = true;
	free(text);
	cJSON_Delete(json);
}

int cli_fail(struct cli *cli, const struct mok_err *err, const struct mok_sources *sources)
{
	struct mok_buf buf;

	mok_buf_init(&buf, (size_t)64 << 10);
	mok_report_error(&buf, &cli->err, err, sources);
	cli_err(cli, &buf);
	mok_buf_release(&buf);
	if (cli_is_json(cli)) {
		cJSON *json = cJSON_CreateObject();

		cJSON_AddNumberToObject(json, "format_version", 1);
		cJSON_AddItemToObject(json, "error", mok_report_error_json(err));
		cli_out_json(cli, json);
	}
	return cli_exit_of(err);
}

int cli_usage_error(struct cli *cli, const char *hint, const char *fmt, ...)
{
	struct mok_err err = { .code = MOK_ERR_INPUT };
	struct mok_buf buf;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err.msg, sizeof(err.msg), fmt, ap);
	va_end(ap);
	if (hint)
		mok_err_hint(&err, "%s", hint);
	mok_buf_init(&buf, (size_t)64 << 10);
	mok_report_error(&buf, &cli->err, &err, NULL);
	cli_err(cli, &buf);
	mok_buf_release(&buf);
	return -1;
}

/* Signals are only noted while the environment lives, so the answer is waited for in short steps.
 */
static bool answer_is_there(const struct mok_env *env)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	while (!env->interrupted(env->interrupted_self)) {
		int n = poll(&input, 1, 100);

		if (n > 0)
			return true;
	}
	return false;
}

bool cli_ask(struct cli *cli, const struct mok_env *env, const char *question, const char *expected)
{
	struct mok_buf buf;
	char line[256];

	mok_buf_init(&buf, 8192);
	mok_buf_putc(&buf, '\n');
	mok_text_wrap(&buf, &cli->err, question, 0, false);
	if (buf.len && buf.data[buf.len - 1] == '\n')
		buf.data[buf.len - 1] = ' ';
	cli_err(cli, &buf);
	mok_buf_release(&buf);
	fflush(stderr);
	if (!answer_is_there(env) || !fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	return strcmp(line, expected) == 0;
}
