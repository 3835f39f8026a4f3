/* CEL: expressions and what they are, against the specification and what Kubernetes adds. */
#include "../../src/apiserver/cel/cel.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SELF \
	"{\"n\":3,\"name\":\"web\",\"list\":[1,2,3],\"words\":[\"b\",\"a\"],\"on\":true," \
	"\"ratio\":0.5," \
	"\"map\":{\"x\":\"1\",\"y\":\"2\"},\"nested\":{\"deep\":{\"value\":7}},\"either\":\"50%" \
	"\"," \
	"\"a-b\":1,\"namespace\":\"ns\",\"wait\":\"1h30m\",\"when\":\"2024-02-29T10:20:30Z\"}"
#define SCHEMA \
	"{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"},\"name\":{\"type\":" \
	"\"string\"},\"list\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}},\"words\":{" \
	"\"type\":\"array\",\"items\":{\"type\":\"string\"},\"x-kubernetes-list-type\":\"set\"}," \
	"\"on\":{\"type\":\"boolean\"},\"ratio\":{\"type\":\"number\"},\"map\":{\"type\":" \
	"\"object\"," \
	"\"additionalProperties\":{\"type\":\"string\"}},\"nested\":{\"type\":\"object\"," \
	"\"properties\":{\"deep\":{\"type\":\"object\",\"properties\":{\"value\":{\"type\":" \
	"\"integer\"}}}}},\"either\":{\"x-kubernetes-int-or-string\":true},\"a-b\":{\"type\":" \
	"\"integer\"},\"namespace\":{\"type\":\"string\"},\"gone\":{\"type\":\"string\"}," \
	"\"wait\":{" \
	"\"type\":\"string\",\"format\":\"duration\"},\"when\":{\"type\":\"string\",\"format\":" \
	"\"date-time\"}}}"

/* What an expression about `self` is, as text; "error: ..." and "refused: ..." of what is wrong. */
static const char *result(struct mok_arena *arena, const char *source)
{
	cJSON *schema = mok_json_parse(SCHEMA, sizeof(SCHEMA) - 1);
	cJSON *json = mok_json_parse(SELF, sizeof(SELF) - 1);
	const struct cel_shape *shape = cel_shape_of(arena, schema, false);
	struct cel_var self = { .name = "self", .type = shape->type };
	struct cel_problems problems;
	struct cel_program *program;
	struct cel_val value;
	int64_t budget = CEL_WHOLE_COST;
	const char *out, *text;

	self.value = cel_json(arena, json, shape);
	program = cel_compile(arena, source, &self, &problems);
	if (program) {
		value = cel_eval(arena, program, &self, &budget);
		out = value.kind == CEL_ERROR
			? mok_arena_printf(arena, "error: %s", value.is.text.at)
			: mok_arena_printf(arena, "%s", cel_shown(arena, &value));
	} else {
		text = strchr(strchr(problems.list.items[0], '>') + 1, ' ') + 1;
		out = mok_arena_printf(arena, "refused: %.*s", (int)strcspn(text, "\n"), text);
	}
	cJSON_Delete(schema);
	cJSON_Delete(json);
	return out;
}

struct row {
	const char *source, *wanted;
};

static void check_rows(const struct row *rows, size_t n)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		struct mok_arena *arena = mok_arena_new();
		const char *found = result(arena, rows[i].source);

		if (strcmp(found, rows[i].wanted) != 0) {
			print_error("%s\n  is     %s\n  wanted %s\n", rows[i].source, found,
				rows[i].wanted);
			wrong++;
		}
		mok_arena_free(arena);
	}
	assert_int_equal(wrong, 0);
}

#define ROWS(name, ...) \
	static void name(void **state) \
	{ \
		static const struct row rows[] = { __VA_ARGS__ }; \
		(void)state; \
		check_rows(rows, MOK_COUNT(rows)); \
	}

ROWS(literals, { "1", "1" }, { "-9223372036854775808", "-9223372036854775808" }, { "0xff", "255" },
	{ "7u", "7" }, { "1.5e3", "1500" }, { ".5", "0.5" }, { "'a' + \"b\"", "ab" },
	{ "'\\u00e9\\x41\\101\\n'",
		"\xc3\xa9"
		"AA\n" },
	{ "r'\\d'", "\\d" }, { "'''a'b'''", "a'b" }, { "b'\\xff'.size()", "1" },
	{ "null == null", "true" }, { "[1, 2][1]", "2" }, { "{'a': 1}['a']", "1" },
	{ "{'a': 1}.a", "1" }, { "[]", "[]" }, { "[1, 2,]", "[1, 2]" }, { "// word\n1", "1" },
	{ "9223372036854775808", "refused: invalid int literal" },
	{ "1 +",
		"refused: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', "
		"'-', "
		"'!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, "
		"IDENTIFIER}" },
	{ "'a", "refused: Syntax error: token recognition error at: ''a'" },
	{ "1 2", "refused: Syntax error: extraneous input '2' expecting <EOF>" },
	{ "self.for", "refused: undefined field 'for'" },
	{ "for", "refused: reserved identifier: for" })

ROWS(operators, { "1 + 2 * 3 - 4 / 2 % 3", "5" }, { "-(1)", "-1" }, { "!!true", "true" },
	{ "9223372036854775807 + 1", "error: integer overflow" },
	{ "-9223372036854775808 - 1", "error: integer overflow" },
	{ "9223372036854775807 * 2", "error: integer overflow" },
	{ "0u - 1u", "error: unsigned integer overflow" }, { "1 / 0", "error: division by zero" },
	{ "1 % 0", "error: modulus by zero" }, { "7 / -2", "-3" }, { "7 % -2", "1" },
	{ "1.0 / 0.0", "+Inf" }, { "1 < 2.5", "true" }, { "3u > 2", "true" },
	{ "dyn(1) == 1.0", "true" }, { "dyn(1) == dyn('1')", "false" }, { "'abc' < 'abd'", "true" },
	{ "true || 1 / 0 > 0", "true" }, { "1 / 0 > 0 || true", "true" },
	{ "false && 1 / 0 > 0", "false" }, { "1 / 0 > 0 && true", "error: division by zero" },
	{ "1 == 1 ? 'a' : 'b'", "a" }, { "2 in [1, 2]", "true" }, { "'x' in {'x': 1}", "true" },
	{ "[1] + [2]", "[1, 2]" }, { "[1, 2] == [1, 2]", "true" },
	{ "{'a': 1} == {'a': 1}", "true" },
	{ "1 + 'a'", "refused: found no matching overload for '_+_' applied to '(int, string)'" },
	{ "1 == 'a'", "refused: found no matching overload for '_==_' applied to '(int, string)'" },
	{ "1 && true", "refused: expected type 'bool' but found 'int'" },
	{ "true ? 1 : 'a'",
		"refused: found no matching overload for '_?_:_' applied to '(bool, int, "
		"string)'" },
	{ "[1, 'a']", "refused: expected type 'int' but found 'string'" },
	{ "dyn(1) + dyn('a')", "error: no such overload" },
	{ "[1, 2][5]", "error: index out of bounds: 5" },
	{ "{'a': 1}['b']", "error: no such key: b" })

ROWS(fields, { "self.n + self.nested.deep.value", "10" }, { "has(self.gone)", "false" },
	{ "has(self.nested.deep)", "true" }, { "self.gone", "error: no such key: gone" },
	{ "self.a__dash__b", "1" }, { "self.__namespace__", "ns" }, { "has(self.map.x)", "true" },
	{ "has(self.map.z)", "false" }, { "self.map['x']", "1" }, { "self.map.y", "2" },
	{ "size(self.map)", "2" }, { "self.list.size()", "3" },
	{ "type(self.either) == string", "true" },
	{ "type(self.n) == int && type(self.ratio) == double", "true" },
	{ "self.words == ['a', 'b']", "true" }, { "self.wait > duration('1h')", "true" },
	{ "self.when.getFullYear()", "2024" }, { "self.odd", "refused: undefined field 'odd'" },
	{ "self.name.odd", "refused: type 'string' does not support field selection" },
	{ "other", "refused: undeclared reference to 'other' (in container '')" },
	{ "self.name.reverse2()", "refused: undeclared reference to 'reverse2' (in container '')" },
	{ "has(self)", "refused: invalid argument to has() macro" },
	{ "self.name.startsWith(1)",
		"refused: found no matching overload for 'startsWith' applied to 'string.(int)'" })

ROWS(macros, { "self.list.all(i, i > 0)", "true" }, { "self.list.exists(i, i == 2)", "true" },
	{ "self.list.exists_one(i, i > 1)", "false" }, { "self.list.filter(i, i > 1)", "[2, 3]" },
	{ "self.list.map(i, i * 2)", "[2, 4, 6]" }, { "self.list.map(i, i > 1, i * 2)", "[4, 6]" },
	{ "self.map.all(k, self.map[k] != '')", "true" },
	{ "[1, 0].exists(i, 1 / i == 1)", "true" }, { "[0, 1].exists(i, 1 / i == 1)", "true" },
	{ "[0, 2].exists(i, 1 / i == 1)", "error: division by zero" },
	{ "[0, 1].all(i, 1 / i == 2)", "false" }, { "self.list.all(i, v, i < v)", "true" },
	{ "self.map.exists(k, v, k == 'y' && v == '2')", "true" },
	{ "self.list.transformList(i, v, i * v)", "[0, 2, 6]" },
	{ "self.map.transformMap(k, v, k + v)", "{\"x\":\"x1\", \"y\":\"y2\"}" },
	{ "self.map.transformMapEntry(k, v, {v: k})", "{\"1\":\"x\", \"2\":\"y\"}" },
	{ "[3, 1, 2].sortBy(i, -i)", "[3, 2, 1]" },
	{ "self.n.all(i, true)",
		"refused: expression of type 'int' cannot be range of a comprehension (must "
		"be list, map, or dynamic)" },
	{ "self.list.all(i, i)", "refused: expected type 'bool' but found 'int'" },
	{ "self.list.all(1, true)", "refused: argument must be a simple name" },
	{ "[1, 2].all(x, [x].all(y, x == y))", "true" })

ROWS(texts, { "'h\xc3\xa9llo'.size()", "5" }, { "'hello'.charAt(1)", "e" },
	{ "'hello'.indexOf('l')", "2" }, { "'hello'.lastIndexOf('l')", "3" },
	{ "'hello'.substring(1, 3)", "el" },
	{ "'hello'.substring(9)", "error: index out of range: 9" },
	{ "'a,b,c'.split(',')", "[\"a\", \"b\", \"c\"]" },
	{ "'a,b,c'.split(',', 2)", "[\"a\", \"b,c\"]" },
	{ "'abc'.split('')", "[\"a\", \"b\", \"c\"]" }, { "['a', 'b'].join('-')", "a-b" },
	{ "'aaa'.replace('a', 'b', 2)", "bba" }, { "'ab'.replace('', '-')", "-a-b-" },
	{ "' x '.trim()", "x" }, { "'AbC'.lowerAscii() + 'AbC'.upperAscii()", "abcABC" },
	{ "'a1b22'.find('[0-9]+')", "1" }, { "'a1b22'.findAll('[0-9]+')", "[\"1\", \"22\"]" },
	{ "'a1b22'.findAll('[0-9]+', 1)", "[\"1\"]" }, { "'abc'.matches('^[a-c]+$')", "true" },
	{ "'x1'.matches('\\\\d')", "true" },
	{ "'%s is %d, %.2f'.format(['x', dyn(3), dyn(1.5)])", "x is 3, 1.50" },
	{ "'%x %X %b %o'.format([255, 255, 5, 8])", "ff FF 101 10" },
	{ "'%s'.format([[1, 'a']])",
		"refused: "
		"expected type 'int' but found 'string'" },
	{ "strings.quote('a\"b')", "\"a\\\"b\"" },
	{ "'a'.matches('(')", "refused: invalid matches argument" },
	{ "string(1.0) + string(1000000.0) + string(1e-7) + string(true)", "11e+061e-07true" })

ROWS(conversions, { "int('12') + int(3.9) + int(4u)", "19" },
	{ "int('x')",
		"error: type conversion "
		"error from 'string' to 'int'" },
	{ "uint(-1)", "error: unsigned integer overflow" },
	{ "int(1e20)", "error: integer overflow" }, { "double('1.5') * 2.0", "3" },
	{ "bool('true')", "true" }, { "string(b'ab')", "ab" }, { "bytes('ab') == b'ab'", "true" },
	{ "type(1)", "int" }, { "type([]) == list", "true" }, { "type(type(1)) == type", "true" },
	{ "timestamp('2024-01-01T00:00:00Z') + duration('36h')", "2024-01-02T12:00:00Z" },
	{ "timestamp('2024-03-01T00:00:00+02:00').getDate()", "29" },
	{ "timestamp('2024-03-01T00:00:00Z') - timestamp('2024-02-29T00:00:00Z') == "
	  "duration('24h')",
		"true" },
	{ "duration('1h30m').getMinutes()", "90" }, { "duration('1.5s')", "1.5s" },
	{ "duration('x')", "refused: invalid duration argument" },
	{ "timestamp('x')", "refused: invalid timestamp argument" })

ROWS(lists, { "[1, 2, 3].sum() + [1, 5].max() + [4, 2].min()", "13" },
	{ "[1, 2].isSorted()", "true" }, { "['b', 'a'].isSorted()", "false" },
	{ "[1, 2, 1].indexOf(1)", "0" }, { "[1, 2, 1].lastIndexOf(1)", "2" },
	{ "[3, 1].sort()", "[1, 3]" }, { "[1, 1, 2].distinct()", "[1, 2]" },
	{ "[1, 2].reverse()", "[2, 1]" }, { "[[1], [2, 3]].flatten()", "[1, 2, 3]" },
	{ "[1, 2, 3].slice(1, 3)", "[2, 3]" }, { "lists.range(3)", "[0, 1, 2]" },
	{ "sets.contains([1, 2], [1])", "true" }, { "sets.equivalent([1, 2], [2, 1])", "true" },
	{ "sets.intersects([1], [2])", "false" },
	{ "[dyn(1)].filter(x, false).max()", "error: max called on empty list" },
	{ "[1.5, 2.5].sum()", "4" }, { "[duration('1s'), duration('2s')].sum()", "3s" },
	{ "[1].filter(x, false).max()", "error: max called on empty list" })

ROWS(optionals, { "self.?gone.orValue('none')", "none" }, { "self.?name.orValue('none')", "web" },
	{ "self.?nested.?deep.?value.hasValue()", "true" },
	{ "self.map[?'z'].hasValue()", "false" }, { "self.list[?1].value()", "2" },
	{ "optional.none().value()", "error: optional.none() dereference" },
	{ "optional.of(1).optMap(x, x + 1).value()", "2" },
	{ "[?self.?gone, ?self.?name]", "[\"web\"]" },
	{ "{?'a': self.?gone, 'b': 'c'}", "{\"b\":\"c\"}" },
	{ "self.?gone.or(self.?name).value()", "web" },
	{ "optional.ofNonZeroValue('').hasValue()", "false" })

ROWS(kubernetes, { "isURL('https://a.b:80/c?d=e') && !isURL('a b')", "true" },
	{ "url('https://a.b:80/c?d=e').getHost()", "a.b:80" },
	{ "url('https://[::1]:8/x').getHostname()", "::1" },
	{ "url('https://a.b/c?d=e&d=f').getQuery()", "{\"d\":[\"e\", \"f\"]}" },
	{ "url('/x y').getEscapedPath()", "/x%20y" },
	{ "quantity('1Gi').isGreaterThan(quantity('1G'))", "true" },
	{ "quantity('1500m').isInteger()", "false" }, { "quantity('2k').asInteger()", "2000" },
	{ "quantity('50k').add(20).sub(quantity('20')).asInteger()", "50000" },
	{ "quantity('x')",
		"error: quantities must match the regular expression "
		"'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'" },
	{ "ip('::0:1') == ip('::1') && ip('10.0.0.1').family() == 4", "true" },
	{ "isIP('1.2.3.4.5') || isCIDR('10.0.0.0/33')", "false" },
	{ "cidr('10.0.0.0/8').containsIP('10.1.2.3')", "true" },
	{ "cidr('10.0.0.0/8').containsCIDR(cidr('11.0.0.0/16'))", "false" },
	{ "string(cidr('10.1.2.3/8').masked())", "10.0.0.0/8" },
	{ "string(ip('2001:0db8:0:0::1'))", "2001:db8::1" },
	{ "ip.isCanonical('2001:DB8::1')", "false" },
	{ "semver('1.2.3').isLessThan(semver('1.10.0')) && semver('v1.2', true).minor() == 2",
		"true" },
	{ "semver('1.0.0-alpha.1').compareTo(semver('1.0.0'))", "-1" },
	{ "format.dns1123Label().validate('ab-c').hasValue()", "false" },
	{ "format.named('dns1123Label').value().validate('A').value().size()", "1" },
	{ "format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()", "false" })

ROWS(limits,
	{ "lists.range(100000).all(i, lists.range(100000).all(j, i + j >= 0))",
		"error: operation cancelled: actual cost limit exceeded" },
	{ "lists.range(9000000000)", "error: operation cancelled: actual cost limit exceeded" },
	{ "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('(a*)*(a*)*(a*)*b')", "false" },
	{ "'x'.matches('((a{1000}){1000}){1000}')", "refused: invalid matches argument" })

/* ---- regular expressions ---- */

static void regexes(void **state)
{
	static const struct {
		const char *pattern, *text, *wanted; /* NULL: no match */
	} rows[] = { { "a+?", "aaa", "a" }, { "a|ab", "ab", "a" },
		{ "(?i)HeLLo", "hello", "hello" }, { "^a$", "ba", NULL },
		{ "(?m)^b$", "a\nb", "b" }, { "\\bfoo\\b", "a foo b", "foo" },
		{ "[^a-c]+", "abcxyz", "xyz" }, { "[[:digit:]]{2,3}", "a1234", "123" },
		{ "\\x{e9}", "caf\xc3\xa9", "\xc3\xa9" }, { "\\Qa.b\\E", "axb a.b", "a.b" },
		{ "(?:ab)*c", "ababc", "ababc" }, { "x{2,}", "axxx", "xxx" },
		{ "[\\]\\-]", "a-", "-" }, { "[]a]", "]", "]" }, { ".", "\n", NULL },
		{ "(?s).", "\n", "\n" }, { "", "abc", "" }, { "(?P<n>b)", "abc", "b" },
		{ "\\p{L}+",
			"1\xc3\xa9"
			"a2",
			"\xc3\xa9"
			"a" },
		{ "a{,2}", "a{,2}", "a{,2}" }, { "(|a)*b", "aab", "aab" } };
	static const char *const wrong[] = { "(", ")", "[a", "a**", "*", "\\", "a{2,1}", "\\z1\\y",
		"[z-a]", "(?z)", "a{1001}", "a(?=b)", "(?<!a)b", "(a)\\1", "a++", "a{2}+", "(?>a)",
		"(*UCP)a", "(?R)", "a\\Kb", "\\p{Klingon}", "(?P=n)", "a|*" };

	(void)state;
	for (size_t i = 0; i < MOK_COUNT(rows); i++) {
		struct mok_arena *arena = mok_arena_new();
		const char *why;
		const struct cel_regex *regex = cel_regex_new(arena, rows[i].pattern, &why);
		size_t begin = 0, end = 0;
		bool found;

		assert_non_null(regex);
		found = cel_regex_find(regex,
			(struct cel_text){ rows[i].text, strlen(rows[i].text) }, 0, &begin, &end);
		if (found != (rows[i].wanted != NULL))
			print_error("%s\n", rows[i].pattern);
		assert_int_equal(found, rows[i].wanted != NULL);
		if (found)
			assert_string_equal(
				mok_arena_strndup(arena, rows[i].text + begin, end - begin),
				rows[i].wanted);
		mok_arena_free(arena);
	}
	for (size_t i = 0; i < MOK_COUNT(wrong); i++) {
		struct mok_arena *arena = mok_arena_new();
		const char *why = NULL;

		if (cel_regex_new(arena, wrong[i], &why))
			print_error("%s is taken\n", wrong[i]);
		assert_non_null(why);
		mok_arena_free(arena);
	}
}

static void deep(void **state)
{
	struct mok_arena *arena = mok_arena_new();
	char *text = mok_arena_alloc(arena, 100000);

	(void)state;
	memset(text, '(', 50000);
	assert_non_null(strstr(result(arena, text), "recursion limit"));
	memset(text, '!', 50001);
	memcpy(text + 50001, "true", 5);
	assert_string_equal(result(arena, text), "false");
	mok_arena_free(arena);
}

static void places(void **state)
{
	struct mok_arena *arena = mok_arena_new();
	struct cel_problems problems;

	(void)state;
	assert_null(cel_compile(arena, "1 +\n  odd", NULL, &problems));
	assert_string_equal(cel_problems_text(&problems),
		"ERROR: <input>:2:3: undeclared reference to 'odd' (in container '')\n |   odd\n | "
		"..^");
	mok_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals),
		cmocka_unit_test(operators),
		cmocka_unit_test(fields),
		cmocka_unit_test(macros),
		cmocka_unit_test(texts),
		cmocka_unit_test(conversions),
		cmocka_unit_test(lists),
		cmocka_unit_test(optionals),
		cmocka_unit_test(kubernetes),
		cmocka_unit_test(limits),
		cmocka_unit_test(regexes),
		cmocka_unit_test(deep),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
