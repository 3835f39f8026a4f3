/* IP addresses and networks; URLs. */
#include "functions.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- addresses ---- */

static bool read_ip(const char *text, struct cel_net *out)
{
	*out = (struct cel_net){ .six = strchr(text, ':') != NULL, .prefix = -1 };
	return inet_pton(out->six ? AF_INET6 : AF_INET, text, out->bytes) == 1;
}

/* Where the longest row of zero groups begins; its length in *len. */
static int zeros(const unsigned *groups, int *len)
{
	int best = -1;

	*len = 1;
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && !groups[i + n])
			n++;
		if (n > *len) {
			best = i;
			*len = n;
		}
		i += n;
	}
	return best;
}

/* As RFC 5952 writes it. */
static const char *ip_text(struct mok_arena *arena, const struct cel_net *net)
{
	unsigned groups[8];
	int len, gap;
	struct mok_buf buf;
	const char *out;

	if (!net->six)
		return mok_arena_printf(arena, "%u.%u.%u.%u", net->bytes[0], net->bytes[1],
			net->bytes[2], net->bytes[3]);
	for (size_t i = 0; i < 8; i++)
		groups[i] = net->bytes[2 * i] * 256U + net->bytes[2 * i + 1];
	gap = zeros(groups, &len);
	mok_buf_init(&buf, 64);
	for (int i = 0; i < 8; i++) {
		if (i == gap) {
			mok_buf_puts(&buf, "::");
			i += len - 1;
			continue;
		}
		mok_buf_printf(&buf, "%s%x",
			i && i != gap + len    ? ":"
				: i && gap < 0 ? ":"
					       : "",
			groups[i]);
	}
	out = mok_arena_strdup(arena, buf.data);
	mok_buf_release(&buf);
	return out;
}

static bool is_mapped(const struct cel_net *net)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	return net->six && memcmp(net->bytes, mapped, sizeof(mapped)) == 0;
}

static struct cel_val net_val(
	struct cel_run *run, enum cel_kind kind, const struct cel_net *net, const char *text)
{
	struct cel_net *copy = MOK_NEW(run->arena, struct cel_net);

	*copy = *net;
	copy->text = (struct cel_text){ text, strlen(text) };
	return (struct cel_val){ .kind = kind, .is.net = copy };
}

/* NULL: it is one; else why not. */
static const char *wrong_ip(struct cel_run *run, const char *text, struct cel_net *net)
{
	const char *zone = strchr(text, '%');
	bool good = read_ip(
		zone ? mok_arena_strndup(run->arena, text, (size_t)(zone - text)) : text, net);

	if (!good || (zone && (!net->six || !zone[1])))
		return mok_arena_printf(run->arena,
			"IP Address \"%s\" parse error during conversion from string: "
			"ParseAddr(\"%s\"): unable to parse IP",
			text, text);
	if (zone)
		return mok_arena_printf(
			run->arena, "IP address \"%s\" with zone value is not allowed", text);
	if (is_mapped(net))
		return mok_arena_printf(
			run->arena, "IPv4-mapped IPv6 address \"%s\" is not allowed", text);
	return NULL;
}

CEL_FUNCTION(cel_fn_ip)
{
	const char *text = cel_text_of(run->arena, &args[0]), *why;
	struct cel_net net = { 0 };

	why = wrong_ip(run, text, &net);
	return why ? cel_error(run->arena, "%s", why)
		   : net_val(run, CEL_IP, &net, ip_text(run->arena, &net));
}

CEL_FUNCTION(cel_fn_is_ip)
{
	struct cel_net net = { 0 };

	return CEL_TRUTH(!wrong_ip(run, cel_text_of(run->arena, &args[0]), &net));
}

CEL_FUNCTION(cel_fn_ip_canonical)
{
	const char *text = cel_text_of(run->arena, &args[0]), *why;
	struct cel_net net = { 0 };

	why = wrong_ip(run, text, &net);
	return why ? cel_error(run->arena, "%s", why)
		   : CEL_TRUTH(strcmp(ip_text(run->arena, &net), text) == 0);
}

CEL_FUNCTION(cel_fn_family)
{
	(void)run;
	return CEL_OF_INT(args[0].is.net->six ? 6 : 4);
}

static bool all_zero(const struct cel_net *net, int but_last)
{
	int n = net->six ? 16 : 4;

	for (int i = 0; i < n - 1; i++)
		if (net->bytes[i])
			return false;
	return net->bytes[n - 1] == but_last;
}

static bool is_loopback(const struct cel_net *net)
{
	return net->six ? all_zero(net, 1) : net->bytes[0] == 127;
}

static bool is_link_local_multicast(const struct cel_net *net)
{
	const unsigned char *b = net->bytes;

	return net->six ? b[0] == 0xff && (b[1] & 0x0f) == 2
			: b[0] == 224 && b[1] == 0 && b[2] == 0;
}

static bool is_link_local_unicast(const struct cel_net *net)
{
	const unsigned char *b = net->bytes;

	return net->six ? b[0] == 0xfe && (b[1] & 0xc0) == 0x80 : b[0] == 169 && b[1] == 254;
}

static bool is_global_unicast(const struct cel_net *net)
{
	const unsigned char *b = net->bytes;
	bool multicast = net->six ? b[0] == 0xff : (b[0] & 0xf0) == 224;
	bool broadcast = !net->six && (b[0] & b[1] & b[2] & b[3]) == 255;

	return !multicast && !broadcast && !all_zero(net, 0) && !is_loopback(net) &&
		!is_link_local_unicast(net);
}

static bool is_unspecified(const struct cel_net *net)
{
	return all_zero(net, 0);
}

#define ADDRESS(name) \
	CEL_FUNCTION(cel_fn_##name) \
	{ \
		(void)run; \
		return CEL_TRUTH(name(args[0].is.net)); \
	}
ADDRESS(is_unspecified)
ADDRESS(is_loopback)
ADDRESS(is_link_local_multicast)
ADDRESS(is_link_local_unicast)
ADDRESS(is_global_unicast)

/* ---- networks ---- */

static const char *wrong_cidr(struct cel_run *run, const char *text, struct cel_net *net)
{
	const char *slash = strrchr(text, '/'), *why = "no '/'";
	int64_t prefix = -1;

	if (slash) {
		why = !read_ip(mok_arena_strndup(run->arena, text, (size_t)(slash - text)), net)
			? "unable to parse IP"
			: !mok_parse_i64(slash + 1, &prefix) || (slash[1] == '0' && slash[2])
			? "bad bits after slash"
			: prefix < 0 || prefix > (net->six ? 128 : 32)
			? "prefix length out of range"
			: NULL;
		net->prefix = (int)prefix;
	}
	if (why)
		return mok_arena_printf(run->arena,
			"network address parse error during conversion from string: "
			"netip.ParsePrefix(\"%s\"): %s",
			text, why);
	if (is_mapped(net))
		return mok_arena_printf(
			run->arena, "IPv4-mapped IPv6 address \"%s\" is not allowed", text);
	return NULL;
}

static struct cel_val cidr_val(struct cel_run *run, const struct cel_net *net)
{
	return net_val(run, CEL_CIDR, net,
		mok_arena_printf(run->arena, "%s/%d", ip_text(run->arena, net), net->prefix));
}

CEL_FUNCTION(cel_fn_cidr)
{
	struct cel_net net = { 0 };
	const char *why = wrong_cidr(run, cel_text_of(run->arena, &args[0]), &net);

	return why ? cel_error(run->arena,
			     "network address parse error during conversion from string: %s", why)
		   : cidr_val(run, &net);
}

CEL_FUNCTION(cel_fn_is_cidr)
{
	struct cel_net net = { 0 };

	return CEL_TRUTH(!wrong_cidr(run, cel_text_of(run->arena, &args[0]), &net));
}

static bool within(const struct cel_net *net, const struct cel_net *ip)
{
	if (net->six != ip->six)
		return false;
	for (int bit = 0; bit < net->prefix; bit++)
		if ((net->bytes[bit / 8] ^ ip->bytes[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

CEL_FUNCTION(cel_fn_contains_ip)
{
	(void)run;
	return CEL_TRUTH(within(args[0].is.net, args[1].is.net));
}

CEL_FUNCTION(cel_fn_contains_ip_text)
{
	struct cel_net ip = { 0 };
	const char *why = wrong_ip(run, cel_text_of(run->arena, &args[1]), &ip);

	return why ? cel_error(run->arena, "%s", why) : CEL_TRUTH(within(args[0].is.net, &ip));
}

CEL_FUNCTION(cel_fn_contains_cidr)
{
	(void)run;
	return CEL_TRUTH(args[0].is.net->prefix <= args[1].is.net->prefix &&
		within(args[0].is.net, args[1].is.net));
}

CEL_FUNCTION(cel_fn_contains_cidr_text)
{
	struct cel_net net = { 0 };
	const char *why = wrong_cidr(run, cel_text_of(run->arena, &args[1]), &net);

	return why
		? cel_error(run->arena, "%s", why)
		: CEL_TRUTH(args[0].is.net->prefix <= net.prefix && within(args[0].is.net, &net));
}

CEL_FUNCTION(cel_fn_cidr_ip)
{
	struct cel_net net = *args[0].is.net;

	net.prefix = -1;
	return net_val(run, CEL_IP, &net, ip_text(run->arena, &net));
}

CEL_FUNCTION(cel_fn_prefix_length)
{
	(void)run;
	return CEL_OF_INT(args[0].is.net->prefix);
}

CEL_FUNCTION(cel_fn_masked)
{
	struct cel_net net = *args[0].is.net;

	for (int bit = net.prefix; bit < (net.six ? 128 : 32); bit++)
		net.bytes[bit / 8] &= (unsigned char)~(0x80 >> bit % 8);
	return cidr_val(run, &net);
}

/* ---- URLs: what can stand in a request's first line ---- */

static size_t scheme_len(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || (n && text[n] && strchr("+-.", text[n])))
		n++;
	return n && text[n] == ':' && isalpha((unsigned char)*text) ? n : 0;
}

static bool good_escapes(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '%' &&
			(i + 2 >= len || !isxdigit((unsigned char)text[i + 1]) ||
				!isxdigit((unsigned char)text[i + 2])))
			return false;
	return true;
}

/* "[::1]:80", "host:80": false: no such port. */
static bool split_host(struct mok_arena *arena, struct cel_url *url)
{
	const char *host = url->host, *close = *host == '[' ? strrchr(host, ']') : NULL;
	const char *colon = strrchr(close ? close : host, ':');

	url->port = "";
	url->hostname = host;
	if (*host == '[' && (!close || (close[1] && close[1] != ':')))
		return false;
	if (colon) {
		url->port = colon + 1;
		url->hostname = mok_arena_strndup(arena, host, (size_t)(colon - host));
	}
	if (close)
		url->hostname = mok_arena_strndup(arena, host + 1, (size_t)(close - host - 1));
	return strspn(url->port, "0123456789") == strlen(url->port);
}

static bool read_authority(
	struct mok_arena *arena, struct cel_url *url, const char *text, size_t len)
{
	size_t user = len, good;

	while (user > 0 && text[user - 1] != '@')
		user--;
	url->host = mok_arena_strndup(arena, text + user, len - user);
	good = strcspn(url->host, " \"\\^`{|}");
	return !url->host[good] && !strchr(url->host, '%') && good_escapes(text, user) &&
		split_host(arena, url);
}

/* NULL: it is one; else why not. */
static const char *wrong_url(struct mok_arena *arena, const char *text, struct cel_url *url)
{
	size_t n = scheme_len(text), len;
	char *scheme = mok_arena_strndup(arena, text, n);
	const char *rest = text + n + (n ? 1 : 0), *question;

	*url = (struct cel_url){ scheme, "", "", "", "", "", text };
	for (char *p = scheme; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (!*text)
		return "empty url";
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "net/url: invalid control character in URL";
	if (*text == ':')
		return "missing protocol scheme";
	question = strchr(rest, '?');
	url->query = question ? question + 1 : "";
	len = question ? (size_t)(question - rest) : strlen(rest);
	if (*rest != '/')
		return n ? NULL : "invalid URI for request";
	if (n && mok_starts(rest, "//")) {
		size_t host = strcspn(rest + 2, "/?");

		if (!read_authority(arena, url, rest + 2, host))
			return "invalid character in host name";
		rest += host + 2;
		len -= host + 2;
	}
	url->path = mok_arena_strndup(arena, rest, len);
	return good_escapes(rest, len) ? NULL : "invalid URL escape";
}

CEL_FUNCTION(cel_fn_url)
{
	const char *text = cel_text_of(run->arena, &args[0]), *why;
	struct cel_url *url = MOK_NEW(run->arena, struct cel_url);

	why = wrong_url(run->arena, text, url);
	return why ? cel_error(run->arena,
			     "URL parse error during conversion from string: parse \"%s\": %s",
			     text, why)
		   : (struct cel_val){ .kind = CEL_URL, .is.url = url };
}

bool cel_is_url(struct mok_arena *arena, const char *text)
{
	struct cel_url url;

	return !wrong_url(arena, text, &url);
}

CEL_FUNCTION(cel_fn_is_url)
{
	return CEL_TRUTH(cel_is_url(run->arena, cel_text_of(run->arena, &args[0])));
}

#define URL_PART(name) \
	CEL_FUNCTION(cel_fn_url_##name) \
	{ \
		(void)run; \
		return cel_string(args[0].is.url->name); \
	}
URL_PART(scheme)
URL_PART(host)
URL_PART(hostname)
URL_PART(port)

static bool stays_in_path(char c)
{
	return isalnum((unsigned char)c) || strchr("-_.~$&+,/:;=@%!'()*", c);
}

CEL_FUNCTION(cel_fn_url_path)
{
	const char *path = args[0].is.url->path;
	struct mok_buf buf;
	struct cel_val out;

	mok_buf_init(&buf, 1 << 24);
	for (; *path; path++)
		if (stays_in_path(*path))
			mok_buf_putc(&buf, *path);
		else
			mok_buf_printf(&buf, "%%%02X", (unsigned char)*path);
	out = cel_string(mok_arena_strdup(run->arena, buf.data));
	mok_buf_release(&buf);
	return out;
}

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10;
}

static struct cel_val decoded(struct cel_run *run, const char *text, size_t len)
{
	char *out = mok_arena_alloc(run->arena, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		out[n++] = text[i] == '+' ? ' ' : text[i];
		if (text[i] != '%')
			continue;
		out[n - 1] = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
		i += 2;
	}
	return cel_text(out, n);
}

static void add_query(
	struct cel_run *run, struct cel_val *map, struct cel_val key, const struct cel_val *value)
{
	struct cel_val *one = MOK_NEW(run->arena, struct cel_val), list;
	struct cel_val more = cel_new_list(run->arena, one, 1);

	*one = *value;
	if (!cel_map_find(run, map, &key, &list)) {
		cel_map_put(run, map->is.map, key, more);
		return;
	}
	cel_map_set(run, map->is.map, &key, cel_list_join(run, &list, &more));
}

CEL_FUNCTION(cel_fn_url_query)
{
	const char *at = args[0].is.url->query;
	struct cel_val map = cel_new_map(run->arena);

	while (*at && !cel_is_spent(run)) {
		size_t len = strcspn(at, "&"), name = strcspn(at, "=&");
		struct cel_val value;

		cel_spend(run, 1 + len / 10);
		if (len && !memchr(at, ';', len) && good_escapes(at, name) &&
			good_escapes(at + name, len - name)) {
			value = decoded(run, at + name + (name < len), len - name - (name < len));
			add_query(run, &map, decoded(run, at, name), &value);
		}
		at += len + (at[len] == '&');
	}
	return map;
}
