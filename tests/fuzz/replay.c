#include "fuzz.h"
#include "mok/base.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX ((size_t)1 << 20)

static int replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = mok_xmalloc(INPUT_MAX), *exact;
	size_t size;

	if (!file) {
		free(data);
		return -1;
	}
	size = fread(data, 1, INPUT_MAX, file);
	fclose(file);
	/* A block of just that size, so that a sanitizer sees a read past its end. */
	exact = mok_xrealloc(data, size ? size : 1);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	size_t count = 0;

	if (!dir)
		return 1;
	while ((entry = readdir(dir))) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		if (replay(path) != 0)
			return 1;
		count++;
	}
	closedir(dir);
	/* An empty corpus would prove nothing. */
	return count > 0 ? 0 : 1;
}
