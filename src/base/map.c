#include "mok/base.h"

#include <string.h>

struct entry {
	const char *key;
	void *value;
	uint64_t hash;
};

struct mok_map {
	struct mok_arena *arena;
	MOK_VEC(struct entry) entries;
	size_t *slots; /* index + 1 into entries; 0: free */
	size_t nslots; /* a power of two */
};

static uint64_t hash_of(const char *key)
{
	uint64_t h = 14695981039346656037u;

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211u;
	return h ^ (h >> 29);
}

struct mok_map *mok_map_new(struct mok_arena *arena)
{
	struct mok_map *map = MOK_NEW(arena, struct mok_map);

	map->arena = arena;
	map->nslots = 16;
	map->slots = MOK_NEW_N(arena, size_t, map->nslots);
	return map;
}

static size_t *find(const struct mok_map *map, const char *key, uint64_t hash)
{
	size_t i = (size_t)hash & (map->nslots - 1);

	for (; map->slots[i]; i = (i + 1) & (map->nslots - 1)) {
		const struct entry *e = &map->entries.items[map->slots[i] - 1];

		if (e->hash == hash && strcmp(e->key, key) == 0)
			break;
	}
	return &map->slots[i];
}

static void grow(struct mok_map *map)
{
	map->nslots *= 2;
	map->slots = MOK_NEW_N(map->arena, size_t, map->nslots);
	for (size_t i = 0; i < map->entries.len; i++) {
		const struct entry *e = &map->entries.items[i];

		*find(map, e->key, e->hash) = i + 1;
	}
}

void *mok_map_get(const struct mok_map *map, const char *key)
{
	const size_t *slot = find(map, key, hash_of(key));

	return *slot ? map->entries.items[*slot - 1].value : NULL;
}

void mok_map_put(struct mok_map *map, const char *key, void *value)
{
	struct entry e = { .value = value, .hash = hash_of(key) };
	size_t *slot = find(map, key, e.hash);

	if (*slot) {
		map->entries.items[*slot - 1].value = value;
		return;
	}
	e.key = mok_arena_strdup(map->arena, key);
	mok_vec_push(map->arena, &map->entries, e);
	*slot = map->entries.len;
	if (map->entries.len * 2 > map->nslots)
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
