#include "expr_internal.h"

#include <string.h>

/* In the order of the alphabet. Each example is run by a test. */
static const struct function functions[] = {
	{ { "base64decode", "base64decode(text)", "The text that base64 text stands for.",
		  "base64decode(\"bW9r\")", "mok" },
		1, 1, false, fn_base64decode },
	{ { "base64encode", "base64encode(text)", "The text in base64.", "base64encode(\"mok\")",
		  "bW9r" },
		1, 1, false, fn_base64encode },
	{ { "cidrsubnet", "cidrsubnet(range, bits, number)",
		  "The numbered subnet of an IPv4 or IPv6 range whose prefix is longer by bits.",
		  "cidrsubnet(\"10.20.0.0/16\", 4, 2)", "10.20.32.0/20" },
		3, 3, false, fn_cidrsubnet },
	{ { "default", "default(value, other, ...)",
		  "The first value that is neither null nor an empty string.",
		  "default(\"\", \"ams3\")", "ams3" },
		2, MAX_ARGS, true, fn_default },
	{ { "file", "file(path)",
		  "The content of a text file of at most 8 MiB, relative to the plan file.", "",
		  "" },
		1, 1, false, fn_file },
	{ { "format", "format(text, value, ...)",
		  "The text with each %s replaced by a value, %d by a whole number (%03d pads), %% "
		  "by %.",
		  "format(\"web-%02d.%s\", 7, \"eu\")", "web-07.eu" },
		1, MAX_ARGS, false, fn_format },
	{ { "from_json", "from_json(text)", "The value that JSON text stands for.",
		  "join(\"-\", from_json(\"[1, 2]\"))", "1-2" },
		1, 1, false, fn_from_json },
	{ { "from_yaml", "from_yaml(text)", "The value that one document of YAML stands for.",
		  "join(\"-\", from_yaml(\"[a, b]\"))", "a-b" },
		1, 1, false, fn_from_yaml },
	{ { "join", "join(separator, list)", "The list's items as one text.",
		  "join(\",\", [\"a\", \"b\"])", "a,b" },
		2, 2, false, fn_join },
	{ { "json", "json(value)", "The value as JSON text.", "json([1, \"a\", true])",
		  "[1,\"a\",true]" },
		1, 1, false, fn_json },
	{ { "keys", "keys(map)", "The map's keys, sorted.",
		  "join(\",\", keys(from_json(\"{\\\"b\\\":1,\\\"a\\\":2}\")))", "a,b" },
		1, 1, false, fn_keys },
	{ { "length", "length(value)", "Items of a list, keys of a map, characters of a text.",
		  "length([1, 2, 3])", "3" },
		1, 1, false, fn_length },
	{ { "lower", "lower(text)", "The text with ASCII letters in lower case.",
		  "lower(\"Web-1\")", "web-1" },
		1, 1, false, fn_lower },
	{ { "manifests", "manifests(text)",
		  "The Kubernetes objects of a YAML text, lists taken apart, as a map for "
		  "`for_each`: its keys are KIND/NAME, or KIND/NAMESPACE/NAME.",
		  "join(\" \", keys(manifests(\"{kind: A, metadata: {name: b}}\")))", "A/b" },
		1, 1, false, fn_manifests },
	{ { "merge", "merge(map, map, ...)", "One map with the keys of all; the later map wins.",
		  "json(merge(from_json(\"{\\\"a\\\":1}\"), from_json(\"{\\\"a\\\":2}\")))",
		  "{\"a\":2}" },
		1, MAX_ARGS, false, fn_merge },
	{ { "replace", "replace(text, from, to)", "The text with every `from` replaced by `to`.",
		  "replace(\"a.b.c\", \".\", \"-\")", "a-b-c" },
		3, 3, false, fn_replace },
	{ { "sha256", "sha256(text)", "The SHA-256 digest of the text in hexadecimal.",
		  "sha256(\"\")",
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		1, 1, false, fn_sha256 },
	{ { "split", "split(separator, text)", "The list of the text's parts.",
		  "json(split(\",\", \"a,b\"))", "[\"a\",\"b\"]" },
		2, 2, false, fn_split },
	{ { "trim", "trim(text)", "The text without white space at its ends.", "trim(\"  a b \")",
		  "a b" },
		1, 1, false, fn_trim },
	{ { "upper", "upper(text)", "The text with ASCII letters in upper case.", "upper(\"ams3\")",
		  "AMS3" },
		1, 1, false, fn_upper },
	{ { "urlencode", "urlencode(text)",
		  "The text percent-encoded, as it stands in a part of a URL.",
		  "urlencode(\"p@ss/1\")", "p%40ss%2F1" },
		1, 1, false, fn_urlencode },
	{ { "values", "values(map)", "The map's values, in the order of its sorted keys.",
		  "json(values(from_json(\"{\\\"b\\\":1,\\\"a\\\":2}\")))", "[2,1]" },
		1, 1, false, fn_values },
	{ { "yaml", "yaml(value)", "The value as YAML text.", "yaml([1, \"a\"])", "- 1\n- a\n" }, 1,
		1, false, fn_yaml },
};

const struct function *function_find(const char *name, size_t len)
{
	for (size_t i = 0; i < MOK_COUNT(functions); i++)
		if (strlen(functions[i].about.name) == len &&
			memcmp(functions[i].about.name, name, len) == 0)
			return &functions[i];
	return NULL;
}

const char *function_nearest(struct mok_arena *arena, const char *name)
{
	const char **names = MOK_NEW_N(arena, const char *, MOK_COUNT(functions));

	for (size_t i = 0; i < MOK_COUNT(functions); i++)
		names[i] = functions[i].about.name;
	return mok_nearest(name, names, MOK_COUNT(functions));
}

const struct mok_function *mok_function_at(size_t i)
{
	return i < MOK_COUNT(functions) ? &functions[i].about : NULL;
}
