#include "mok/base.h"

#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* 16: with gzip's header */

bool mok_gunzip(const void *data, size_t len, struct mok_buf *out)
{
	unsigned char chunk[16384];
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)data, .avail_in = (uInt)len };
	int rc;

	if (len > UINT32_MAX || inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return false;
	do {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		rc = inflate(&z, Z_NO_FLUSH);
		if (rc == Z_OK || rc == Z_STREAM_END)
			mok_buf_add(out, chunk, sizeof(chunk) - z.avail_out);
	} while (rc == Z_OK && !out->overflow);
	inflateEnd(&z);
	return rc == Z_STREAM_END && !out->overflow;
}

void mok_gzip(const void *data, size_t len, struct mok_buf *out)
{
	unsigned char chunk[16384];
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)data, .avail_in = (uInt)len };
	int rc;

	if (len > UINT32_MAX ||
		deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 9,
			Z_DEFAULT_STRATEGY) != Z_OK)
		MOK_BUG("zlib does not start");
	do {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		rc = deflate(&z, Z_FINISH);
		mok_buf_add(out, chunk, sizeof(chunk) - z.avail_out);
	} while (rc == Z_OK);
	deflateEnd(&z);
}
