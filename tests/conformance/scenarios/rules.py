"""CEL rules of custom resources (x-kubernetes-validations)."""
from .custom import CRDS, INTEGER, STRING, W, VERSION, crd, widget, with_crd

FIELDS = {
    "n": INTEGER, "name": {**STRING, "maxLength": 20}, "on": {"type": "boolean"}, "ratio": {"type": "number"},
    "list": {"type": "array", "maxItems": 5, "items": INTEGER},
    "words": {"type": "array", "maxItems": 5, "x-kubernetes-list-type": "set", "items": {**STRING, "maxLength": 20}},
    "parts": {"type": "array", "maxItems": 5, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
              "items": {"type": "object", "required": ["id"], "properties": {
                  "id": {**STRING, "maxLength": 20}, "weight": INTEGER}}},
    "map": {"type": "object", "maxProperties": 5, "additionalProperties": {**STRING, "maxLength": 20}},
    "nested": {"type": "object", "properties": {"deep": {"type": "object", "properties": {"value": INTEGER}}}},
    "either": {"x-kubernetes-int-or-string": True, "maxLength": 20}, "a-b": INTEGER, "namespace": {**STRING, "maxLength": 20},
    "x.y": INTEGER, "gone": {**STRING, "maxLength": 20}, "wait": {**STRING, "format": "duration"},
    "when": {**STRING, "format": "date-time"}, "day": {**STRING, "format": "date"}, "bytes": {**STRING, "format": "byte"},
    "maybe": {**STRING, "nullable": True, "maxLength": 20},
    "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
SPEC = {"n": 3, "name": "w\u00e9b", "on": True, "ratio": 0.5, "list": [1, 2, 3], "words": ["b", "a"],
        "parts": [{"id": "x", "weight": 1}, {"id": "y"}], "map": {"x": "1", "y": "2"}, "nested": {"deep": {"value": 7}},
        "either": "50%", "a-b": 1, "namespace": "ns", "x.y": 2, "wait": "1h30m", "when": "2024-02-29T10:20:30.5+01:00",
        "day": "2024-03-01", "bytes": "aGk=", "maybe": None}


def ruled(rules, fields=None, **root):
    spec = {"type": "object", "properties": {**FIELDS, **(fields or {})}}
    if rules:
        spec["x-kubernetes-validations"] = rules
    return {**VERSION, "schema": {"openAPIV3Schema": {"type": "object", **root, "properties": {
        "spec": spec, "status": {"type": "object", "properties": {"phase": STRING}}}}}}


def own(_name="w", **spec):
    body = widget(_name)
    body["spec"] = {**SPEC, **spec}
    return body


def told(*expressions):
    """Each expression's value, as the message of a rule that fails."""
    return ruled([{"rule": "false", "messageExpression": f"'%s'.format([dyn({e})])"} for e in expressions])


def tried(*rules):
    return ruled([{"rule": rule} for rule in rules])


def values(*expressions):
    return with_crd(("CREATE widgets 422", own()), version=told(*expressions))


def refused(*rules):
    return [(f"CREATE {CRDS} 422", crd(tried(rule))) for rule in rules]


NUMBERS = ("1 + 2 * 3 - 4 / 2 % 3", "-(self.n)", "7 / -2", "7 % -2", "0xff", "1.5e3", "3u + 4u", "1.0 / 0.0", "self.ratio * 3.0",
           "1 < 2.5", "3u > 2", "dyn(1) == 1.0", "1e-7", "100000000.0", "string(1000000.0)", "string(1.0)", "double(3) / 7.0",
           "int(3.9)", "int('12')", "uint(3.2)", "9007199254740993", "type(self.n)", "type(self.ratio)", "type(self.list)",
           "type(self.map)", "type(self.nested)", "type(type(1))", "type(self.either)", "b'hi' == self.bytes", "string(self.bytes)")
FIELDS_OF = ("has(self.gone)", "has(self.nested.deep)", "has(self.maybe)", "self.a__dash__b + self.x__dot__y", "self.__namespace__",
             "has(self.map.x)", "has(self.map.z)", "self.map['x']", "self.map.y", "size(self.map)", "self.list.size()",
             "self.words == ['a', 'b']", "['b', 'a'] == ['a', 'b']", "self.wait", "self.when", "self.day", "self.when.getHours()",
             "self.when.getHours('+01:00')", "self.wait.getMinutes()", "self.day.getDayOfWeek()", "self.day.getDayOfYear()",
             "self.words + ['b', 'c']", "self.parts.size()", "self.parts.map(p, p.id)", "self.parts.all(p, has(p.weight))",
             "self.?gone.orValue('none')", "self.?nested.?deep.?value.orValue(0)", "self.map[?'z'].hasValue()",
             "self.list[?1].orValue(0)", "[?self.?gone, ?self.?name]", "optional.of(1).optMap(x, x + 1).value()",
             "self.?gone.or(self.?name).orValue('')", "optional.ofNonZeroValue('').hasValue()", "'x' in self.map", "2 in self.list")
MACROS = ("self.list.all(i, i > 0)", "self.list.exists(i, i == 2)", "self.list.exists_one(i, i > 1)", "self.list.filter(i, i > 1)",
          "self.list.map(i, i * 2)", "self.list.map(i, i > 1, i * 2)", "self.map.all(k, self.map[k] != '')",
          "[1, 0].exists(i, 1 / i == 1)", "[0, 1].exists(i, 1 / i == 1)", "[0, 1].all(i, 1 / i == 2)",
          "self.list.all(i, v, i < v)", "self.map.exists(k, v, k == 'y' && v == '2')", "self.list.transformList(i, v, i * v)",
          "self.map.transformMap(k, v, k + v)", "self.map.transformMapEntry(k, v, {v: k})", "[3, 1, 2].sortBy(i, -i)",
          "self.list.existsOne(i, v, v == 2)", "true || 1 / 0 > 0", "1 / 0 > 0 || true", "false && 1 / 0 > 0")
TEXTS = ("self.name.size()", "'h\u00e9llo'.charAt(1)", "'hello'.indexOf('l')", "'hello'.lastIndexOf('l')", "'hello'.indexOf('', 2)",
         "'hello'.indexOf('l', 3)", "'hello'.lastIndexOf('l', 2)", "'hello'.substring(1, 3)", "'hello'.substring(5)",
         "'a,b,c'.split(',')", "'a,b,c'.split(',', 2)", "'a,b,c'.split(',', 0)", "'abc'.split('')", "''.split(',')",
         "'aaa'.replace('a', 'b', 2)", "'ab'.replace('', '-')", "' \\t x '.trim()",
         "'AbC\u00c9'.lowerAscii()", "'abc'.upperAscii()", "'a1b22'.find('[0-9]+')", "'a1b22'.findAll('[0-9]+')",
         "'a1b22'.findAll('[0-9]+', 1)", "'abc'.findAll('x*')", "'a\u00e9b'.findAll('')", "'abc'.matches('^[a-c]+$')",
         "'x1'.matches('\\\\d')", "'%s is %d, %.2f'.format(['x', dyn(3), dyn(1.5)])",
         "'%x %X %b %o %e'.format([dyn(255), dyn(255), dyn(5), dyn(8), dyn(12345.678)])",
         "'%s %s'.format([dyn([1, 2]), dyn({'b': 1, 'a': 2})])", "'%d%%'.format([5])", "strings.quote('a\"b\\n')",
         "'a' < 'b'", "r'\\d'", "'\\u00e9\\x41\\101'", "'''a'b'''",
         "'foobar'.find('o+?')", "'aab'.find('a|ab')", "'FOO'.matches('(?i)foo')", "'a b'.matches('\\\\bb$')")
LISTS = ("self.list.sum()", "self.list.max()", "self.list.min()", "self.list.isSorted()",  "[1, 2, 1].indexOf(1)", "[1, 2, 1].lastIndexOf(1)", "[3, 1].sort()", "[1, 1, 2].distinct()", "[1, 2].reverse()",
         "[[1], [2, 3]].flatten()", "[1, 2, 3].slice(1, 3)", "lists.range(3)", "sets.contains([1, 2], [1])",
         "sets.equivalent([1, 2], [2, 1, 1])", "sets.intersects([1], [2])", "[1, 2] + [3]", "{'a': 1, 'b': 2} == {'b': 2, 'a': 1}",
         "[1.5, 2.5].sum()", "[].size()")
TIMES = ("timestamp('2024-01-01T00:00:00Z') + duration('36h')", "timestamp('2024-03-01T00:00:00+02:00').getDate()",
         "timestamp('2024-03-01T00:00:00Z') - timestamp('2024-02-29T00:00:00Z')", "duration('1h30m').getMinutes()",
         "duration('1.5s')", "string(duration('1h'))", "timestamp('2023-05-28T01:02:03.456Z').getMilliseconds()",
         "timestamp('2023-05-28T01:02:03Z').getMonth()", "timestamp('2023-05-28T01:02:03Z').getDayOfMonth()",
         "timestamp('2023-05-28T01:02:03Z').getFullYear()", "int(timestamp('2023-05-28T01:02:03Z'))", "duration('-1m') < duration('0')",
         "string(timestamp('2023-05-28T01:02:03.50Z'))", "timestamp('2023-05-28T23:02:03Z').getDate('+02:00')")
KUBERNETES = (
    "isURL('https://a.b:80/c?d=e')", "isURL('a b')", "isURL('/a')", "isURL('a')", "isURL('http://a b')", "isURL('mailto:x')",
    "url('https://a.b:80/c?d=e').getHost()", "url('https://[::1]:8/x').getHostname()", "url('https://a.b/c').getPort()",
    "url('https://a.b/c?d=e&d=f').getQuery()", "url('/x y').getEscapedPath()", "url('HTTPS://a').getScheme()",
    "quantity('1Gi').isGreaterThan(quantity('1G'))", "quantity('1500m').isInteger()", "quantity('2k').asInteger()",
    "quantity('50k').add(20).sub(quantity('20')).asInteger()", "quantity('1.5').asApproximateFloat()", "isQuantity('1Z')",
    "isQuantity('1e3')", "quantity('-5').compareTo(quantity('5'))", "sign(quantity('-5'))", "quantity('1000m') == quantity('1')",
    "ip('::0:1') == ip('::1')", "ip('10.0.0.1').family()", "isIP('1.2.3.4.5')", "isIP('::ffff:1.2.3.4')", "isCIDR('10.0.0.0/33')",
    "isIP('1.2.3.04')", "string(ip('2001:0db8:0:0::1'))", "string(ip('::'))", "string(ip('1:0:0:2::'))", "ip.isCanonical('2001:DB8::1')",
    "ip('127.0.0.1').isLoopback()", "ip('169.254.1.1').isLinkLocalUnicast()", "ip('0.0.0.0').isUnspecified()",
    "ip('8.8.8.8').isGlobalUnicast()", "ip('224.0.0.1').isLinkLocalMulticast()", "cidr('10.0.0.0/8').containsIP('10.1.2.3')",
    "cidr('10.0.0.0/8').containsCIDR(cidr('11.0.0.0/16'))", "cidr('10.1.0.0/16').containsCIDR('10.1.2.0/24')",
    "string(cidr('10.1.2.3/8').masked())", "cidr('10.1.2.3/8').prefixLength()", "string(cidr('10.1.2.3/8').ip())",
    "semver('1.2.3').isLessThan(semver('1.10.0'))", "semver('v1.2', true).minor()", "isSemver('1.2')", "isSemver('01.2.3')",
    "semver('1.0.0-alpha.1').compareTo(semver('1.0.0'))", "semver('1.0.0-alpha').isLessThan(semver('1.0.0-beta'))",
    "format.dns1123Label().validate('ab-c').hasValue()", "format.named('dns1123Label').value().validate('A').orValue([])",
    "format.dns1123Subdomain().validate('A.b').orValue([])", "format.dns1035Label().validate('1a').orValue([])",
    "format.labelValue().validate('-a').orValue([])", "format.uuid().validate('x').orValue([])", "format.named('odd').hasValue()",
    "format.dns1123LabelPrefix().validate('ab-').hasValue()", "format.date().validate('2024-13-01').orValue([])",
    "format.datetime().validate('2024-01-01T00:00:00Z').hasValue()", "format.byte().validate('a').orValue([])")
WRONG = ("self.gone == ''", "self.list[7] > 0", "self.map['z'] == ''", "1 / (self.n - 3) > 0", "self.n % (self.n - 3) > 0",
         "9223372036854775807 + self.n > 0", "-9223372036854775808 - self.n > 0", "9223372036854775807 * self.n > 0",
         "uint(self.n - 4) > 0u", "0u - uint(self.n) > 0u", "int(self.name) > 0", "double(self.name) > 0.0", "bool(self.name)",
         "duration(self.name) > duration('1s')", "timestamp(self.name) > timestamp('2024-01-01T00:00:00Z')", "self.either > 5",
         "self.either + 1 == 2", "self.name.substring(9) == ''", "self.name.substring(2, 1) == ''", "self.name.charAt(9) == ''",
         "url(self.name).getHost() == ''", "url('').getHost() == ''", "quantity(self.name).isInteger()",
         "quantity('1.5').asInteger() > 0", "ip('x').family() == 4", "ip('::ffff:1.2.3.4').family() == 4", "cidr('10.0.0.1').prefixLength() > 0",
         "self.list.filter(i, i > 9).max() > 0", "optional.none().value() == 1", "self.list.all(i, 1 / (i - 1) > 0)", "self.list.slice(2, 9).size() > 0",
         "self.list.map(i, self.map[string(i)]).size() > 0", "self.name.matches(self.name + '(')", "has(self.nested.deep.value) && self.gone != ''",
         "semver('x').major() > 0", "self.n > 5", "self.n > 5 ? true : self.name == 'other'")
UNCOMPILED = (
    "self.odd > 1", "other == 1", "self.n > 'a'", "self.n", "self.name.size() > ", "self.name.startsWith(1)", "self.name.reverse2() == ''",
    "self.list.all(i, i)", "self.n.all(i, true)", "[1, 'a'].size() > 0", "self.n == 1 ? 1 : 'a'", "has(self)", "self.name.matches('(')",
    "duration('x') > duration('1s')", "timestamp('x') > timestamp('2024-01-01T00:00:00Z')", "'a", "1 2", "for == 1", "self.name.odd == 1",
    "self.gone == null", "self.n &&\n  self.on", "self.list.all(1, true)", "9223372036854775808 > 1", "self.nested == self.open", "self.n + 1u > 0u",
    "{'a': 1, 1: 2}.size() > 0", "!self.n", "self.nested.deep.values == 1", "self.open.x == 1", "self.n in self.words", "undeclared(1)",
    "self.n = 1", "self.list.filter(i, i.x).size() > 0", "size(self.n) > 0", "self.name + 1 == ''", "oldSelf.odd == 1")

NEST = {"type": "object", "x-kubernetes-validations": [{"rule": "self.value < 10", "message": "too deep"}], "properties": {"value": INTEGER}}
KEYED = {**FIELDS["parts"], "items": {**FIELDS["parts"]["items"], "x-kubernetes-validations": [
    {"rule": "!has(oldSelf.weight) || (has(self.weight) && self.weight >= oldSelf.weight)", "message": "weight cannot shrink"}]}}
PLACES = ruled(
    [{"rule": "self.n < 5", "message": "too big", "reason": "FieldValueForbidden", "fieldPath": ".n"},
     {"rule": "self.n != 1", "reason": "FieldValueRequired", "fieldPath": ".nested.deep"},
     {"rule": "self.n != 2", "reason": "FieldValueDuplicate", "fieldPath": ".map['a.b']"},
     {"rule": "self.n != 0", "messageExpression": "'n is %d'.format([self.n])", "message": "unused"},
     {"rule": "self.n != 0", "messageExpression": "self.gone", "message": "  the message  "},
     {"rule": " self.n != 0 "}, {"rule": "!(self.n == 0 &&\n self.on)", "message": "of two lines"}],
    {"name": {**FIELDS["name"], "x-kubernetes-validations": [{"rule": "self.startsWith('w')"}]},
     "on": {"type": "boolean", "x-kubernetes-validations": [{"rule": "self"}]},
     "ratio": {"type": "number", "x-kubernetes-validations": [{"rule": "self < 1.0"}]},
     "either": {**FIELDS["either"], "x-kubernetes-validations": [{"rule": "type(self) == int ? self < 5 : self.endsWith('%')"}]},
     "list": {**FIELDS["list"], "x-kubernetes-validations": [{"rule": "self.isSorted()"}],
              "items": {**INTEGER, "x-kubernetes-validations": [{"rule": "self < 9"}]}},
     "map": {**FIELDS["map"], "additionalProperties": {**STRING, "maxLength": 9, "x-kubernetes-validations": [{"rule": "self != 'no'"}]}},
     "nested": {"type": "object", "properties": {"deep": NEST}}, "maybe": {**FIELDS["maybe"], "x-kubernetes-validations": [{"rule": "self != 'no'"}]}},
    **{"x-kubernetes-validations": [{"rule": "self.metadata.name.size() < 5", "message": "the name is long"},
                                    {"rule": "self.kind == 'Widget' && self.apiVersion != ''"}]})
CHANGES = ruled(
    [{"rule": "self.n >= oldSelf.n", "message": "n cannot shrink"}, {"rule": "self.ratio < 1.0", "message": "ratio is large"},
     {"rule": "!oldSelf.hasValue() || oldSelf.value().name == self.name", "optionalOldSelf": True, "message": "name is fixed"},
     {"rule": "oldSelf.hasValue() || self.on", "optionalOldSelf": True, "message": "begins on"}],
    {"nested": {"type": "object", "properties": {"deep": NEST}}, "parts": KEYED,
     "map": {**FIELDS["map"], "additionalProperties": {**STRING, "maxLength": 9, "x-kubernetes-validations": [
         {"rule": "self == oldSelf", "message": "an entry is fixed"}]}}})


def fields(rule, **properties):
    return ruled([{"rule": "self.n < 5", **rule}], properties)


SCENARIOS = {
    "rules: numbers": values(*NUMBERS),
    "rules: fields": values(*FIELDS_OF),
    "rules: macros": values(*MACROS),
    "rules: texts": values(*TEXTS),
    "rules: lists": values(*LISTS),
    "rules: times": values(*TIMES),
    "rules: what Kubernetes adds": values(*KUBERNETES),
    "rules: errors": with_crd(("CREATE widgets 422", own()), version=tried(*WRONG)),
    "rules: places": with_crd(
        ("CREATE widgets 422", own(n=7)), ("CREATE widgets 422", own(n=1)), ("CREATE widgets 422", own(n=2)),
        ("CREATE widgets 422", own(n=0)), ("CREATE widgets 422", own(name="x")), ("CREATE widgets 422", own(on=False)),
        ("CREATE widgets 422", own(ratio=2)), ("CREATE widgets 422", own(either=7)), ("CREATE widgets 422", own(either="x")),
        ("CREATE widgets 422", own(list=[3, 1, 9])), ("CREATE widgets 422", own(map={"k": "no"})),
        ("CREATE widgets 422", own(nested={"deep": {"value": 10}})), ("CREATE widgets 422", own("longer")),
        ("CREATE widgets 422", own(nested={"deep": {}})), ("CREATE widgets 201", own()),
        (f"MERGE {W} 422", {"spec": {"n": 9}}), version=PLACES),
    "rules: not with a broken schema": with_crd(
        ("CREATE widgets 422", own(n="x")), ("CREATE widgets 422", own(n=9, name="x" * 30)),
        ("CREATE widgets 422", own(n=9, list=[1] * 6)), version=PLACES),
    "rules: changes": with_crd(
        ("CREATE widgets 422", own(on=False)), ("CREATE widgets 201", own()), (f"MERGE {W} 422", {"spec": {"n": 2}}),
        (f"MERGE {W} 200", {"spec": {"n": 4}}), (f"MERGE {W} 422", {"spec": {"name": "w2"}}),
        (f"MERGE {W} 422", {"spec": {"map": {"x": "3"}}}), (f"MERGE {W} 200", {"spec": {"map": {"z": "3"}}}),
        (f"MERGE {W} 422", {"spec": {"parts": [{"id": "y"}, {"id": "x", "weight": 0}]}}),
        (f"MERGE {W} 200", {"spec": {"parts": [{"id": "z", "weight": 0}, {"id": "x", "weight": 2}]}}), version=CHANGES),
    "rules: what is unchanged may stay": [
        (f"ENSURE {CRDS} -", crd(ruled([]))), ("UNTIL /apis/NS.example.com/v1 200", {"kind": "APIResourceList"}), ("UNTIL widgets 200", {}),
        ("CREATE widgets 201", own(ratio=2, name="long enough", nested={"deep": {"value": 50}})),
        (f"MERGE {CRDS}/widgets.NS.example.com 200", {"spec": {"versions": [ruled(
            [{"rule": "self.ratio < 1.0", "message": "ratio is large"}],
            {"nested": {"type": "object", "properties": {"deep": NEST}}, "name": {**STRING, "maxLength": 5}})]}}, {"only": ["kind"]}),
        ("UNTIL /openapi/v3/apis/NS.example.com/v1 200", {}),
        (f"MERGE {W} 200", {"metadata": {"labels": {"a": "b"}}}, {"only": ["kind"]}),
        (f"DELETE {CRDS}/widgets.NS.example.com 200", None, {"only": ["kind"]})],
    "rules: the status": with_crd(
        ("CREATE widgets 201", own()), (f"MERGE {W}/status 422", {"status": {"phase": "odd"}}),
        (f"MERGE {W}/status 200", {"status": {"phase": "ready"}}),
        version={**ruled([], **{"x-kubernetes-validations": [
            {"rule": "!has(self.status) || !has(self.status.phase) || self.status.phase != 'odd'", "message": "an odd phase"}]})}),
    "rules: defaults come first": with_crd(
        ("CREATE widgets 422", widget()), version=ruled([{"rule": "self.colour == 'blue'"}], {
            "colour": {**STRING, "default": "red", "maxLength": 9}, "size": INTEGER})),
    "rules: definitions that do not compile": refused(*UNCOMPILED),
    "rules: definitions with wrong fields": [(f"CREATE {CRDS} 422", crd(version)) for version in (
        fields({"rule": " "}), fields({"message": " "}), fields({"message": "a\nb"}), fields({"rule": "self.n <\n 5"}),
        fields({"messageExpression": " "}), fields({"messageExpression": "self.n"}), fields({"messageExpression": "self.odd"}),
        fields({"reason": "Odd"}), fields({"fieldPath": ".odd"}), fields({"fieldPath": "n"}), fields({"fieldPath": " "}),
        fields({"optionalOldSelf": True}), fields({}, list={**FIELDS["list"], "items": {**INTEGER, "x-kubernetes-validations": [
            {"rule": "self >= oldSelf"}]}}),
        fields({"rule": "self.n == oldSelf.n", "optionalOldSelf": True}))],
}
