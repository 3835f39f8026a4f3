#include "mok/base.h"

#include <string.h>

struct entry {
	const char *key;
	void *value;
};

/* Open addressing. A slot has the hash beside it, so that others' keys are seldom looked at. */
struct slot {
	uint32_t hash;
	uint32_t entry; /* index + 1; 0: free */
};

struct mok_map {
	struct mok_arena *arena;
	MOK_VEC(struct entry) entries;
	struct slot *slots;
	size_t nslots; /* a power of two */
};

#define FIRST_SLOTS 16

/* Eight bytes at a time, each mixed by a multiplication whose upper half comes back below. */
static uint64_t mixed(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ (h >> 32);
}

static uint32_t hash_of(const char *key)
{
	size_t len = strlen(key);
	uint64_t h = len, word;

	for (; len >= sizeof(word); len -= sizeof(word), key += sizeof(word)) {
		memcpy(&word, key, sizeof(word));
		h = mixed(h, word);
	}
	word = 0;
	memcpy(&word, key, len);
	h = mixed(mixed(h, word), 0);
	return (uint32_t)h;
}

struct mok_map *mok_map_new(struct mok_arena *arena)
{
	struct mok_map *map = MOK_NEW(arena, struct mok_map);

	map->arena = arena;
	map->nslots = FIRST_SLOTS;
	map->slots = MOK_NEW_N(arena, struct slot, map->nslots);
	return map;
}

/* The slot of the key, or the free one that it would get. */
static struct slot *find(const struct mok_map *map, const char *key, uint32_t hash)
{
	size_t i = hash & (map->nslots - 1);

	for (; map->slots[i].entry; i = (i + 1) & (map->nslots - 1))
		if (map->slots[i].hash == hash &&
			strcmp(map->entries.items[map->slots[i].entry - 1].key, key) == 0)
			break;
	return &map->slots[i];
}

static void grow(struct mok_map *map)
{
	const struct slot *old = map->slots;
	size_t n = map->nslots;

	map->nslots *= 2;
	map->slots = MOK_NEW_N(map->arena, struct slot, map->nslots);
	for (size_t i = 0; i < n; i++) {
		size_t at = old[i].hash & (map->nslots - 1);

		if (!old[i].entry)
			continue;
		while (map->slots[at].entry)
			at = (at + 1) & (map->nslots - 1);
		map->slots[at] = old[i];
	}
}

void *mok_map_get(const struct mok_map *map, const char *key)
{
	const struct slot *slot = find(map, key, hash_of(key));

	return slot->entry ? map->entries.items[slot->entry - 1].value : NULL;
}

void mok_map_put(struct mok_map *map, const char *key, void *value)
{
	struct entry e = { .value = value };
	uint32_t hash = hash_of(key);
	struct slot *slot = find(map, key, hash);

	if (slot->entry) {
		map->entries.items[slot->entry - 1].value = value;
		return;
	}
	if (map->entries.len == UINT32_MAX - 1)
		MOK_BUG("too many keys");
	e.key = mok_arena_strdup(map->arena, key);
	mok_vec_push(map->arena, &map->entries, e);
	*slot = (struct slot){ hash, (uint32_t)map->entries.len };
	if (map->entries.len > map->nslots / 4 * 3)
		grow(map);
}

size_t mok_map_len(const struct mok_map *map)
{
	return map->entries.len;
}

const char *mok_map_key(const struct mok_map *map, size_t i)
{
	return map->entries.items[i].key;
}

void *mok_map_value(const struct mok_map *map, size_t i)
{
	return map->entries.items[i].value;
}
