/* Helm's command line: the flags of the commands that change a release. */
#include "helm.h"

#include <stdlib.h>
#include <string.h>

/* Of those that are skipped the offset says whether they take no value. */
enum kind {
	FLAG_BOOL = 0,
	FLAG_TEXT,
	FLAG_TEXTS,
	FLAG_NUMBER,
	FLAG_DURATION,
	FLAG_WAIT,
	FLAG_SKIP
};

static const struct {
	const char *name;
	char letter;
	enum kind kind;
	size_t offset;
} flags[] = {
	{ "atomic", 0, FLAG_BOOL, offsetof(struct helm_args, rollback_on_failure) },
	{ "cascade", 0, FLAG_SKIP, 0 },
	{ "cleanup-on-fail", 0, FLAG_SKIP, 1 },
	{ "create-namespace", 0, FLAG_BOOL, offsetof(struct helm_args, create_namespace) },
	{ "description", 0, FLAG_TEXT, offsetof(struct helm_args, description) },
	{ "force-conflicts", 0, FLAG_BOOL, offsetof(struct helm_args, force_conflicts) },
	{ "hide-notes", 0, FLAG_SKIP, 1 },
	{ "history-max", 0, FLAG_NUMBER, offsetof(struct helm_args, history_max) },
	{ "ignore-not-found", 0, FLAG_BOOL, offsetof(struct helm_args, ignore_not_found) },
	{ "install", 'i', FLAG_BOOL, offsetof(struct helm_args, install) },
	{ "keep-history", 0, FLAG_BOOL, offsetof(struct helm_args, keep_history) },
	{ "labels", 'l', FLAG_TEXTS, offsetof(struct helm_args, labels) },
	{ "namespace", 'n', FLAG_TEXT, offsetof(struct helm_args, ns) },
	{ "repo", 0, FLAG_TEXT, offsetof(struct helm_args, repo) },
	{ "reset-values", 0, FLAG_SKIP, 1 },
	{ "rollback-on-failure", 0, FLAG_BOOL, offsetof(struct helm_args, rollback_on_failure) },
	{ "skip-crds", 0, FLAG_BOOL, offsetof(struct helm_args, skip_crds) },
	{ "take-ownership", 0, FLAG_BOOL, offsetof(struct helm_args, take_ownership) },
	{ "timeout", 0, FLAG_DURATION, offsetof(struct helm_args, timeout_ms) },
	{ "values", 'f', FLAG_TEXTS, offsetof(struct helm_args, values) },
	{ "version", 0, FLAG_TEXT, offsetof(struct helm_args, version) },
	{ "wait", 0, FLAG_WAIT, offsetof(struct helm_args, wait) },
	{ "wait-for-jobs", 0, FLAG_SKIP, 1 },
};

static const struct {
	const char *name;
	int least, most; /* words that are no flags */
	const char *words;
} commands[] = {
	{ "install", 2, 2, "NAME CHART" },
	{ "rollback", 1, 2, "RELEASE" },
	{ "uninstall", 1, 1, "RELEASE" },
	{ "upgrade", 2, 2, "RELEASE CHART" },
};

struct reader {
	struct mok_arena *arena;
	struct helm_args *out;
	const cJSON *next;
	const char *words[3];
	int nwords;
	const char *wrong;
};

/* "1h2m3.5s", as Go reads durations; -1: it is none. */
static int64_t duration_ms(const char *text)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = { { "ms", 1 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 } };
	double total = 0;

	if (!*text)
		return -1;
	while (*text) {
		char *end;
		double number = strtod(text, &end);
		size_t u = 0;

		while (u < MOK_COUNT(units) && !mok_starts(end, units[u].unit))
			u++;
		if (end == text || u == MOK_COUNT(units) || number < 0)
			return strcmp(text, "0") == 0 ? 0 : -1;
		total += number * units[u].ms;
		text = end + strlen(units[u].unit);
	}
	return (int64_t)total;
}

static void bad_value(struct reader *r, const char *name, const char *value, const char *why)
{
	r->wrong = mok_arena_printf(
		r->arena, "invalid argument \"%s\" for \"--%s\" flag: %s", value, name, why);
}

static void set_text(struct reader *r, size_t i, const char *value)
{
	char *base = (char *)r->out;
	void *at = base + flags[i].offset;

	if (flags[i].kind == FLAG_TEXT) {
		*(const char **)at = value;
	} else if (flags[i].kind == FLAG_NUMBER && !mok_parse_i64(value, at)) {
		bad_value(r, flags[i].name, value, "invalid syntax");
	} else if (flags[i].kind == FLAG_DURATION) {
		int64_t ms = duration_ms(value);

		if (ms < 0)
			bad_value(r, flags[i].name, value, "time: invalid duration");
		*(int64_t *)at = ms;
	} else if (flags[i].kind == FLAG_TEXTS && strcmp(flags[i].name, "labels") == 0) {
		mok_vec_push(r->arena, &r->out->labels, value);
	} else if (flags[i].kind == FLAG_TEXTS) {
		mok_vec_push(r->arena, &r->out->values, value);
	}
}

/* Those that take no value, or only behind "=". */
static void set_switch(struct reader *r, size_t i, const char *value)
{
	bool *at = (bool *)((char *)r->out + flags[i].offset);

	if (flags[i].kind == FLAG_SKIP)
		return;
	if (flags[i].kind == FLAG_WAIT)
		*at = !value || (strcmp(value, "false") != 0 && strcmp(value, "hookOnly") != 0);
	else if (!value || strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
		*at = !value || value[0] == 't';
	else
		bad_value(r, flags[i].name, value, "invalid syntax");
}

static bool takes_value(size_t i)
{
	return flags[i].kind == FLAG_SKIP
		? flags[i].offset == 0
		: flags[i].kind != FLAG_BOOL && flags[i].kind != FLAG_WAIT;
}

static bool is_flag(size_t i, const char *word, size_t len)
{
	if (word[0] != '-')
		return false;
	if (word[1] != '-')
		return len == 2 && flags[i].letter && word[1] == flags[i].letter;
	return strlen(flags[i].name) == len - 2 && strncmp(flags[i].name, word + 2, len - 2) == 0;
}

static void read_flag(struct reader *r, const char *word)
{
	size_t len = strcspn(word, "="), i = 0;
	const char *value = word[len] ? word + len + 1 : NULL;

	while (i < MOK_COUNT(flags) && !is_flag(i, word, len))
		i++;
	if (i == MOK_COUNT(flags)) {
		r->wrong = mok_arena_printf(r->arena, "unknown flag: %.*s", (int)len, word);
		return;
	}
	if (!takes_value(i)) {
		set_switch(r, i, value);
		return;
	}
	if (!value && cJSON_IsString(r->next)) {
		value = r->next->valuestring;
		r->next = r->next->next;
	}
	if (value)
		set_text(r, i, value);
	else
		r->wrong = mok_arena_printf(r->arena, "flag needs an argument: %s", word);
}

static void read_words(struct reader *r)
{
	while (r->next && !r->wrong) {
		const char *word = cJSON_IsString(r->next) ? r->next->valuestring : "";

		r->next = r->next->next;
		if (word[0] == '-' && word[1])
			read_flag(r, word);
		else if (r->nwords < (int)MOK_COUNT(r->words))
			r->words[r->nwords++] = word;
		else
			r->nwords++;
	}
}

static const char *take_words(struct reader *r)
{
	struct helm_args *out = r->out;
	size_t i = 0;

	while (i < MOK_COUNT(commands) && strcmp(commands[i].name, out->command) != 0)
		i++;
	if (i == MOK_COUNT(commands))
		return mok_arena_printf(
			r->arena, "unknown command \"%s\" for \"helm\"", out->command);
	if (r->nwords < commands[i].least || r->nwords > commands[i].most)
		return mok_arena_printf(r->arena,
			"\"helm %s\" requires %d argument%s\n\nUsage:  helm %s [%s] [flags]",
			out->command, commands[i].least, commands[i].least == 1 ? "" : "s",
			out->command, commands[i].words);
	out->name = r->words[0];
	if (strcmp(out->command, "rollback") != 0)
		out->chart = r->nwords > 1 ? r->words[1] : "";
	else if (r->nwords > 1 && (!mok_parse_i64(r->words[1], &out->revision)))
		return "could not convert revision to a number: invalid syntax";
	return NULL;
}

const char *helm_args_read(struct mok_arena *arena, const cJSON *args, struct helm_args *out)
{
	struct reader r = { .arena = arena, .out = out };
	const cJSON *first = args ? args->child : NULL;
	const char *command = cJSON_GetStringValue(first);

	*out = (struct helm_args){ .command = command ? command : "",
		.chart = "",
		.ns = "default",
		.repo = "",
		.version = "",
		.timeout_ms = 5L * SB_MINUTE_MS,
		.history_max = 10 };
	r.next = first ? first->next : NULL;
	read_words(&r);
	/* Waiting is how Helm would notice. */
	out->wait = out->wait || out->rollback_on_failure;
	return r.wrong ? r.wrong : take_words(&r);
}
