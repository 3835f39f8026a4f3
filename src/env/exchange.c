#include "mok/env.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Name and value share one block, so that freeing the name frees both. */
void mok_exchange_add_header(struct mok_exchange *x, const char *name, const char *value)
{
	size_t n = x->nresponse_headers;
	size_t name_len = strlen(name), value_len = strlen(value);
	char *block;

	if (n >= MOK_RESPONSE_HEADERS_MAX)
		return;
	if ((n & (n - 1)) == 0)
		x->response_headers = mok_xrealloc(
			x->response_headers, (n ? 2 * n : 1) * sizeof(*x->response_headers));
	block = mok_xmalloc(name_len + value_len + 2);
	for (size_t i = 0; i < name_len; i++)
		block[i] = (char)tolower((unsigned char)name[i]);
	block[name_len] = '\0';
	memcpy(block + name_len + 1, value, value_len + 1);
	x->response_headers[n] =
		(struct mok_header){ .name = block, .value = block + name_len + 1 };
	x->nresponse_headers++;
}

void mok_exchange_clear_headers(struct mok_exchange *x)
{
	for (size_t i = 0; i < x->nresponse_headers; i++)
		free((void *)(uintptr_t)x->response_headers[i].name);
	free(x->response_headers);
	x->response_headers = NULL;
	x->nresponse_headers = 0;
}

void mok_exchange_release(struct mok_exchange *x)
{
	mok_exchange_clear_headers(x);
	if (x->response.data)
		mok_buf_release(&x->response);
	memset(&x->response, 0, sizeof(x->response));
}

const char *mok_exchange_header(const struct mok_exchange *x, const char *lower_name)
{
	for (size_t i = 0; i < x->nresponse_headers; i++)
		if (strcmp(x->response_headers[i].name, lower_name) == 0)
			return x->response_headers[i].value;
	return NULL;
}
