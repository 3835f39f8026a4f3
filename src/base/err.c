#include "mok/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void mok_bug(const char *file, int line, const char *what)
{
	fprintf(stderr, "mok: bug at %s:%d: %s\n", file, line, what);
	abort();
}

int mok_err_set(struct mok_err *err, enum mok_err_code code, const char *fmt, ...)
{
	va_list ap;

	memset(err, 0, sizeof(*err));
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int mok_err_wrap(struct mok_err *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	va_list ap;
	int n;

	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n + 3 < sizeof(err->msg))
		snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %.*s",
			(int)(sizeof(err->msg) - (size_t)n - 3), old);
	return -1;
}

void mok_err_hint(struct mok_err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
}
