#include "catalogue_internal.h"
#include "check_help.h"
#include "data.h"

#include <string.h>

/* A part is the API's own answer; the shipped one is parsed only when it is looked at. */
struct part {
	const char *name;
	const struct mok_data *shipped;
	struct mok_val value; /* MOK_NULL: not parsed yet */
	bool is_live;
};

enum { SIZES = 0, REGIONS, KUBERNETES, DATABASES, PRICES, PARTS };

struct state {
	struct mok_arena *arena;
	struct part parts[PARTS];
};

struct mok_catalogue {
	struct state *state;
};

static const struct part shipped_parts[PARTS] = {
	[SIZES] = { .name = "sizes", .shipped = &mok_data_sizes },
	[REGIONS] = { .name = "regions", .shipped = &mok_data_regions },
	[KUBERNETES] = { .name = "kubernetes", .shipped = &mok_data_kubernetes },
	[DATABASES] = { .name = "databases", .shipped = &mok_data_databases },
	[PRICES] = { .name = "prices", .shipped = &mok_data_prices },
};

static struct mok_val parse(struct mok_arena *arena, const struct mok_data *data)
{
	MOK_CLEANUP(mok_json_cleanup) cJSON *json = mok_json_parse(data->text, data->len);

	if (!json)
		MOK_BUG("a shipped part of the catalogue is no JSON");
	return mok_val_from_json(arena, json);
}

const char *mok_catalogue_snapshot_date(void)
{
	/* The date in prices.json; a test compares them. */
	return "2026-08-07";
}

struct mok_catalogue *mok_catalogue_new(struct mok_arena *arena)
{
	struct mok_catalogue *catalogue = MOK_NEW(arena, struct mok_catalogue);

	catalogue->state = MOK_NEW(arena, struct state);
	catalogue->state->arena = arena;
	memcpy(catalogue->state->parts, shipped_parts, sizeof(shipped_parts));
	return catalogue;
}

static struct part *part_of(const struct mok_catalogue *catalogue, const char *name)
{
	for (size_t i = 0; i < PARTS; i++)
		if (mok_streq(catalogue->state->parts[i].name, name))
			return &catalogue->state->parts[i];
	return NULL;
}

const struct mok_val *mok_catalogue_part(const struct mok_catalogue *catalogue, const char *name)
{
	struct part *part = part_of(catalogue, name);

	if (!part)
		MOK_BUG("no such part of the catalogue");
	if (part->value.type == MOK_NULL)
		part->value = parse(catalogue->state->arena, part->shipped);
	return &part->value;
}

bool mok_catalogue_part_is_live(const struct mok_catalogue *catalogue, const char *name)
{
	const struct part *part = part_of(catalogue, name);

	return part && part->is_live;
}

/* The pages' lists one behind the other; the rest is of the last page. */
static struct mok_val joined(
	struct mok_arena *arena, const struct mok_val *before, const struct mok_val *page)
{
	struct mok_val out = { .type = MOK_MAP };

	for (size_t i = 0; i < page->u.map.len; i++) {
		const struct mok_pair *pair = &page->u.map.pairs[i];
		const struct mok_val *old = mok_val_get(before, pair->key);
		struct mok_val all = pair->val;

		if (old && old->type == MOK_LIST && all.type == MOK_LIST) {
			all = (struct mok_val){ .type = MOK_LIST };
			for (size_t k = 0; k < old->u.list.len; k++)
				mok_val_append(arena, &all, old->u.list.items[k]);
			for (size_t k = 0; k < pair->val.u.list.len; k++)
				mok_val_append(arena, &all, pair->val.u.list.items[k]);
		}
		mok_val_set(arena, &out, pair->key, all);
	}
	return out;
}

void mok_catalogue_load(
	struct mok_catalogue *catalogue, const char *name, const struct mok_val *answer, bool more)
{
	struct part *part = part_of(catalogue, name);

	if (!part || answer->type != MOK_MAP)
		return;
	part->value = more && part->is_live ? joined(catalogue->state->arena, &part->value, answer)
					    : *answer;
	part->is_live = true;
}

bool mok_catalogue_is_live(const struct mok_catalogue *catalogue)
{
	for (size_t i = 0; i < PARTS; i++)
		if (catalogue->state->parts[i].is_live)
			return true;
	return false;
}

/* ---- which parts a kind needs ---- */

static unsigned parts_of(const struct mok_field *fields)
{
	unsigned set = 0;

	for (const struct mok_field *f = fields; f && f->name; f++) {
		const char *part =
			f->values && f->values[0] == '@' ? mok_offer_part(f->values + 1) : NULL;

		for (unsigned i = 0; part && i < PARTS; i++)
			if (mok_streq(shipped_parts[i].name, part))
				set |= 1u << i;
		/* Node sizes are listed without a price. */
		if (part && mok_streq(f->values, "@kubernetes_sizes"))
			set |= 1u << SIZES;
		if (f->sub)
			set |= parts_of(f->sub);
	}
	return set;
}

const char *mok_catalogue_parts(const struct mok_kind *kind)
{
	static const char *const names[1 << 4] = { "", "sizes", "regions", "sizes regions",
		"kubernetes", "sizes kubernetes", "regions kubernetes", "sizes regions kubernetes",
		"databases", "sizes databases", "regions databases", "sizes regions databases",
		"kubernetes databases", "sizes kubernetes databases",
		"regions kubernetes databases", "sizes regions kubernetes databases" };

	return names[parts_of(kind->fields)];
}

/* ---- versions and prices ---- */

static int64_t droplet_price(const struct mok_catalogue *catalogue, const char *slug)
{
	const struct mok_val *sizes = mok_val_get(mok_catalogue_part(catalogue, "sizes"), "sizes");

	for (size_t i = 0; sizes && sizes->type == MOK_LIST && i < sizes->u.list.len; i++) {
		const struct mok_val *size = &sizes->u.list.items[i];
		const struct mok_val *price = mok_val_get(size, "price_monthly");
		double dollars = -1;

		if (!mok_streq(mok_val_get_str(size, "slug"), slug) || !price)
			continue;
		if (price->type == MOK_INT)
			dollars = (double)price->u.i;
		else if (price->type == MOK_NUM)
			dollars = price->u.n;
		return dollars >= 0 && dollars < 1e9 ? (int64_t)(dollars * 100 + 0.5) : -1;
	}
	return -1;
}

static int64_t price_of(const struct mok_catalogue *catalogue, const char *what, const char *slug)
{
	const struct mok_val *table, *price;

	if (mok_streq(what, "droplets"))
		return droplet_price(catalogue, slug);
	table = mok_val_get(mok_catalogue_part(catalogue, "prices"), what);
	price = table ? mok_val_get(table, slug) : NULL;
	return price && price->type == MOK_INT ? price->u.i : -1;
}

int64_t mok_catalogue_price(
	const struct mok_catalogue *catalogue, const char *what, const char *slug)
{
	struct mok_arena *arena;
	int64_t cents;

	if (catalogue)
		return price_of(catalogue, what, slug);
	/* Offline: the shipped prices. */
	arena = mok_arena_new();
	cents = price_of(mok_catalogue_new(arena), what, slug);
	mok_arena_free(arena);
	return cents;
}
