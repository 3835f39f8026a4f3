#include "mok/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks double. The large ones are mapped by calloc, zeroed by the kernel as they are touched. */
#define BLOCK_FIRST ((size_t)8 * 1024)
#define BLOCK_LAST ((size_t)1024 * 1024)
#define ALIGN ((size_t)16)

struct block {
	struct block *next;
	size_t size, used;
	_Alignas(16) unsigned char data[];
};

struct mok_arena {
	struct block *blocks; /* the newest first */
	size_t used, next_size;
};

void *mok_xrealloc(void *ptr, size_t size)
{
	void *p = realloc(ptr, size ? size : 1);

	if (!p) {
		fputs("mok: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *mok_xmalloc(size_t size)
{
	return mok_xrealloc(NULL, size);
}

void *mok_xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p) {
		fputs("mok: out of memory\n", stderr);
		abort();
	}
	return p;
}

char *mok_xstrdup(const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(mok_xmalloc(size), s, size);
}

struct mok_arena *mok_arena_new(void)
{
	return mok_xcalloc(1, sizeof(struct mok_arena));
}

void mok_arena_free(struct mok_arena *arena)
{
	if (!arena)
		return;
	for (struct block *b = arena->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(arena);
}

static struct block *add_block(struct mok_arena *arena, size_t size)
{
	size_t usual = arena->next_size ? arena->next_size : BLOCK_FIRST;
	size_t room = size > usual ? size : usual;
	struct block *b = mok_xcalloc(1, sizeof(*b) + room);

	b->size = room;
	if (usual < BLOCK_LAST)
		arena->next_size = usual * 2;
	/* A large block goes behind the current one, whose room would be lost otherwise. */
	if (room > usual && arena->blocks) {
		b->next = arena->blocks->next;
		arena->blocks->next = b;
	} else {
		b->next = arena->blocks;
		arena->blocks = b;
	}
	return b;
}

void *mok_arena_alloc(struct mok_arena *arena, size_t size)
{
	struct block *b = arena->blocks;
	void *p;

	if (size > SIZE_MAX - ALIGN)
		MOK_BUG("arena allocation too large");
	size = (size + ALIGN - 1) & ~(ALIGN - 1);
	if (!b || b->size - b->used < size)
		b = add_block(arena, size);
	p = b->data + b->used;
	b->used += size;
	arena->used += size;
	return p;
}

char *mok_arena_strndup(struct mok_arena *arena, const char *s, size_t len)
{
	char *p = mok_arena_alloc(arena, len + 1);

	if (len)
		memcpy(p, s, len);
	return p;
}

char *mok_arena_strdup(struct mok_arena *arena, const char *s)
{
	return mok_arena_strndup(arena, s, strlen(s));
}

/* Mostly there is room for it in the newest block: it is formatted once, where it will stay. */
char *mok_arena_vprintf(struct mok_arena *arena, const char *fmt, va_list ap)
{
	struct block *b = arena->blocks;
	size_t room = b ? b->size - b->used : 0;
	char *place = b ? (char *)b->data + b->used : NULL, *p;
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(place, room, fmt, ap);
	if (n < 0)
		MOK_BUG("bad format");
	p = mok_arena_alloc(arena, (size_t)n + 1);
	if (p != place) {
		if (room > 0)
			memset(place, 0, room); /* what others get from there is zeroed */
		vsnprintf(p, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	return p;
}

char *mok_arena_printf(struct mok_arena *arena, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = mok_arena_vprintf(arena, fmt, ap);
	va_end(ap);
	return p;
}

size_t mok_arena_used(const struct mok_arena *arena)
{
	return arena->used;
}

/* Most arrays stay short, and there are tens of thousands of them. */
#define FIRST_BYTES 64

void *mok_vec_grow(struct mok_arena *arena, void *items, size_t *cap, size_t item_size)
{
	size_t first = FIRST_BYTES / item_size;
	size_t bigger = *cap ? *cap * 2 : first < 2 ? 2 : first;
	void *p = mok_arena_alloc(arena, bigger * item_size);

	if (*cap)
		memcpy(p, items, *cap * item_size);
	*cap = bigger;
	return p;
}
