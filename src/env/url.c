#include "mok/env.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Four decimal parts, the first 127: "127.1", "0x7f.0.0.1" and the like are names to ask about. */
static bool is_ipv4_loopback(const char *host, size_t len)
{
	size_t dots = 0, digits = 0;

	if (len < 9 || strncmp(host, "127.", 4) != 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (host[i] == '.') {
			if (digits == 0)
				return false;
			dots++;
			digits = 0;
		} else if (host[i] >= '0' && host[i] <= '9' && digits < 3) {
			digits++;
		} else {
			return false;
		}
	}
	return dots == 3 && digits > 0;
}

static bool is_local_name(const char *host, size_t len)
{
	static const char *const names[] = { "localhost", "[::1]" };
	static const char suffix[] = ".localhost"; /* RFC 6761, section 6.3 */
	size_t n = sizeof(suffix) - 1;

	for (size_t i = 0; i < MOK_COUNT(names); i++)
		if (len == strlen(names[i]) && strncasecmp(host, names[i], len) == 0)
			return true;
	return len > n && strncasecmp(host + len - n, suffix, n) == 0;
}

bool mok_url_host(const char *url, const char **host, size_t *len)
{
	const char *at = strstr(url, "://");
	const char *end;

	if (!at)
		return false;
	at += 3;
	end = at + strcspn(at, "/?#");
	/* What looks like "user@host" is none of ours, and hides where it goes. */
	if (end == at || memchr(at, '@', (size_t)(end - at)))
		return false;
	*host = at;
	*len = (size_t)(end - at);
	return true;
}

bool mok_url_is_loopback(const char *url)
{
	const char *host, *colon;
	size_t len;

	if (!mok_url_host(url, &host, &len))
		return false;
	if (host[0] == '[')
		colon = memchr(host, ']', len) ? (const char *)memchr(host, ']', len) + 1 : NULL;
	else
		colon = memchr(host, ':', len);
	if (colon)
		len = (size_t)(colon - host);
	return is_ipv4_loopback(host, len) || is_local_name(host, len);
}
