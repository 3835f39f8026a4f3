#include "live_internal.h"

#include <string.h>

/* A marker of this stack: a free-standing tag that names an object, or one about an address. */
struct mark {
	struct mok_marker marker;
	const char *tag;
	struct mark *next; /* another tag for the same kind, parent and natural key */
	struct mok_object *object;
};

struct about {
	/* NULL: there is none */
	const char *protect_tag, *retain_tag, *objects_tag, *data_tag;
	bool used;
};

struct mok_matcher {
	struct mok_live *live;
	const struct mok_stack *stack;
	const struct mok_map *known_ids, *claims;
	struct mok_diags *diags;
	struct mok_arena *arena;   /* its own: gone with it */
	struct mok_map *by_suffix; /* ":kind:parent:key" -> struct mark */
	struct mok_map *abouts;    /* address hash -> struct about */
	struct mok_map *by_hash;   /* address hash -> current object */
	struct mok_map *wanted;    /* address hash -> resource */
	MOK_VEC(struct mark *) marks;
	MOK_VEC(struct mark *) carried; /* markers that objects carry themselves */
	MOK_VEC(const struct mok_marker *) doubts;
};

static struct about *about_of(struct mok_matcher *m, const char *addr_hash)
{
	struct about *a = mok_map_get(m->abouts, addr_hash);

	if (!a) {
		a = MOK_NEW(m->arena, struct about);
		mok_map_put(m->abouts, addr_hash, a);
	}
	return a;
}

static void read_about(struct mok_matcher *m, const struct mok_marker *marker, const char *tag)
{
	struct about *a = about_of(m, marker->addr_hash);

	if (mok_streq(marker->about, "protect"))
		a->protect_tag = tag;
	else if (mok_streq(marker->about, "retain"))
		a->retain_tag = tag;
	else if (mok_streq(marker->about, "objects"))
		a->objects_tag = tag;
	else
		a->data_tag = tag;
}

#define SUFFIX_HASHES_LEN strlen("::12345678:1234567890123456")

/* The end of a tag that marks something: ":kind:parent:key". */
static const char *suffix_of(const char *tag, const struct mok_marker *marker)
{
	return tag + strlen(tag) - strlen(marker->kind) - SUFFIX_HASHES_LEN;
}

static void read_others(struct mok_matcher *m, const struct mok_marker *marker, const char *tag)
{
	if (marker->kind && marker->kind[0])
		mok_map_put(m->live->others, suffix_of(tag, marker),
			mok_arena_strdup(m->live->arena, marker->stack));
}

static void read_tag(struct mok_matcher *m, const char *tag)
{
	struct mark *mark = MOK_NEW(m->arena, struct mark);
	const char *suffix;

	if (!mok_marker_parse(m->arena, tag, &mark->marker))
		return;
	if (!mok_streq(mark->marker.stack, m->stack->name)) {
		read_others(m, &mark->marker, tag);
		return;
	}
	if (mark->marker.about && mark->marker.about[0]) {
		read_about(m, &mark->marker, tag);
		return;
	}
	mark->tag = tag;
	if (!mark->marker.kind || !mark->marker.kind[0]) {
		mok_vec_push(m->arena, &m->carried, mark);
		return;
	}
	suffix = suffix_of(tag, &mark->marker);
	mark->next = mok_map_get(m->by_suffix, suffix);
	mok_map_put(m->by_suffix, suffix, mark);
	mok_vec_push(m->arena, &m->marks, mark);
}

static void read_tags(struct mok_matcher *m)
{
	for (size_t i = 0; i < mok_map_len(m->live->tags); i++) {
		const char *tag = mok_map_key(m->live->tags, i);

		if (mok_starts(tag, "mok:"))
			read_tag(m, tag);
	}
}

static void own(struct mok_matcher *m, struct mok_object *o, const struct mok_marker *marker,
	const char *text)
{
	o->marker = text;
	o->slug = mok_arena_strdup(m->live->arena, marker->slug);
	o->generation = marker->generation;
	memcpy(o->addr_hash, marker->addr_hash, sizeof(o->addr_hash));
}

/* Is `a` rather the one that was marked? The journal's id first, then the older. */
static bool is_rather(const struct mok_matcher *m, const struct mok_object *a,
	const struct mok_object *b, const char *hash)
{
	const char *known = m->known_ids ? mok_map_get(m->known_ids, hash) : NULL;
	int64_t ia, ib;

	if (known && mok_streq(a->id, known) != mok_streq(b->id, known))
		return mok_streq(a->id, known);
	if (a->created_ms != b->created_ms)
		return a->created_ms < b->created_ms;
	if (mok_parse_i64(a->id, &ia) && mok_parse_i64(b->id, &ib))
		return ia < ib;
	return strcmp(a->id, b->id) < 0;
}

static bool journal_knows(const struct mok_matcher *m, const struct mok_object *o, const char *hash)
{
	const char *known = m->known_ids ? mok_map_get(m->known_ids, hash) : NULL;

	return known && mok_streq(known, o->id);
}

static void match_free(struct mok_matcher *m, struct mok_object *o, const char *natural_key)
{
	const char *suffix = mok_marker_free_tag(m->arena, "", o->kind, o->parent_id, natural_key);
	struct mark *mark = mok_map_get(m->by_suffix, suffix);

	/* Of several markers (a move that was cut short) the highest generation counts; the rest
	 * are dropped later. */
	for (struct mark *other = mark; other; other = other->next)
		if (other->marker.generation > mark->marker.generation)
			mark = other;
	if (!mark)
		return;
	if (mark->object && is_rather(m, mark->object, o, mark->marker.addr_hash)) {
		mark->object->twin |= !journal_knows(m, mark->object, mark->marker.addr_hash);
		return;
	}
	if (mark->object) {
		mark->object->marker = NULL;
		mark->object->free_tag = NULL;
		o->twin = !journal_knows(m, o, mark->marker.addr_hash);
	}
	mark->object = o;
	/* The tag is the marker and what the suffix tells. */
	own(m, o, &mark->marker,
		mok_arena_strndup(m->live->arena, mark->tag, strlen(mark->tag) - strlen(suffix)));
	o->free_tag = mark->tag;
}

/* What is to be taken over, as if it had been. */
static void claim(struct mok_matcher *m, struct mok_object *o, const char *natural_key)
{
	const char *address = m->claims
		? mok_map_get(m->claims, mok_live_key(m->arena, o->kind->name, o->parent_id, o->id))
		: NULL;
	struct mok_marker marker;
	const char *text;

	if (!address || o->marker)
		return;
	text = mok_marker_make(m->live->arena, m->stack->name, address, 1);
	if (!mok_marker_parse(m->arena, text, &marker))
		MOK_BUG("a marker that is none");
	own(m, o, &marker, text);
	if (o->kind->marking == MOK_MARK_FREE)
		o->free_tag = mok_marker_free_tag(
			m->live->arena, text, o->kind, o->parent_id, natural_key);
}

const char *live_place(struct mok_arena *arena, const struct mok_object *o, const char *natural_key)
{
	return mok_arena_printf(
		arena, "%s/%s/%s", o->kind->name, o->parent_id ? o->parent_id : "", natural_key);
}

static void index_object(struct mok_matcher *m, struct mok_object *o, const char *natural_key)
{
	const char *place = natural_key ? live_place(m->arena, o, natural_key) : NULL;
	struct mok_live *live = m->live;

	mok_map_put(live->by_id, mok_arena_printf(m->arena, "%s/%s", o->kind->name, o->id), o);
	if (!place)
		return;
	if (mok_map_get(live->by_key, place))
		mok_map_put(live->twins, place, o);
	mok_map_put(live->by_key, place, o);
}

static void match_object(struct mok_matcher *m, struct mok_object *o)
{
	const char *key = mok_natural_key(m->arena, o->kind, &o->attrs);
	struct mok_marker marker;

	index_object(m, o, key);
	if (o->kind->marking == MOK_MARK_FREE) {
		o->marker = NULL;
		if (key)
			match_free(m, o, key);
	} else if (o->marker && mok_marker_parse(m->arena, o->marker, &marker) &&
		mok_streq(marker.stack, m->stack->name)) {
		own(m, o, &marker, o->marker);
	} else {
		o->addr_hash[0] = '\0';
	}
	if (key)
		claim(m, o, key);
}

static void two_objects(
	struct mok_matcher *m, const struct mok_object *a, const struct mok_object *b)
{
	struct mok_mark nowhere = { 0 };
	struct mok_diag *d = mok_diag_add(m->diags, "E0804", nowhere,
		"two objects carry the marker of one address (%s): %s %s and %s %s", a->slug,
		a->kind->name, a->id, b->kind->name, b->id);

	mok_diag_hint(m->diags, d,
		"take the tag or description suffix \"%s\" off the one that is not this stack's",
		a->marker);
}

static void both_alive(struct mok_matcher *m, const struct mok_resource *r,
	const struct mok_object *a, const struct mok_object *b)
{
	struct mok_diag *d = mok_diag_add(m->diags, "E0805", r->at,
		"%s and %s, which it says it moved from, both exist (%s and %s)", r->address,
		r->moved_from, a->id, b->id);

	d->address = r->address;
	mok_diag_hint(m->diags, d, "remove moved_from, or delete one of the two first");
}

static bool keeps_old(const struct mok_matcher *m, const struct mok_resource *r)
{
	struct mok_val fields;

	return r->kind->keeps_old && mok_static_fields(m->arena, m->stack, r, &fields) &&
		r->kind->keeps_old(&fields);
}

/* The hash of the address that generations are counted under. Former selves stay under the address
 * they were made with: of what was moved, both addresses' generations are one line. */
static const char *line_of(const struct mok_matcher *m, const struct mok_object *o)
{
	const struct mok_resource *r = mok_map_get(m->wanted, o->addr_hash);
	char *hash;

	if (!r || !r->moved_from || r->kind != o->kind || !keeps_old(m, r))
		return o->addr_hash;
	hash = mok_arena_alloc(m->arena, 17);
	mok_addr_hash(r->address, hash);
	return hash;
}

/* Generations: the highest is the address's object, older ones await their deletion. */
static void settle_address(struct mok_matcher *m, struct mok_object *o)
{
	const char *line = line_of(m, o);
	struct mok_object *other = mok_map_get(m->by_hash, line);

	if (!other || other->kind != o->kind) {
		mok_map_put(m->by_hash,
			other ? mok_arena_printf(m->arena, "%s/%s", line, o->kind->name) : line, o);
		return;
	}
	if (other->generation == o->generation) {
		if (strcmp(other->addr_hash, o->addr_hash) != 0) {
			both_alive(m, mok_map_get(m->wanted, line), o, other);
			return;
		}
		if (o->kind->marking != MOK_MARK_FREE || mok_streq(o->id, other->id)) {
			two_objects(m, o, other);
			return;
		}
		/* A change of the natural key that was cut short: the journal or age decides. */
		if (is_rather(m, other, o, o->addr_hash)) {
			mok_vec_push(m->live->arena, &m->live->previous, o);
			return;
		}
	}
	if (o->generation < other->generation) {
		mok_vec_push(m->live->arena, &m->live->previous, o);
		return;
	}
	mok_vec_push(m->live->arena, &m->live->previous, other);
	mok_map_put(m->by_hash, line, o);
}

static void index_resources(struct mok_matcher *m)
{
	char hash[17];

	for (size_t i = 0; i < m->stack->resources.len; i++) {
		struct mok_resource *r = &m->stack->resources.items[i];

		mok_addr_hash(r->address, hash);
		mok_map_put(m->wanted, hash, r);
	}
	for (size_t i = 0; i < m->stack->resources.len; i++) {
		struct mok_resource *r = &m->stack->resources.items[i];

		if (!r->moved_from)
			continue;
		mok_addr_hash(r->moved_from, hash);
		if (!mok_map_get(m->wanted, hash))
			mok_map_put(m->wanted, hash, r);
	}
}

/* Former selves stay no longer: what takes their place is called as they were without the hash of
 * their content. */
static bool is_plain_again(const struct mok_object *o, const struct mok_object *old)
{
	size_t len = strlen(o->id);
	const char *suffix = strncmp(old->id, o->id, len) == 0 ? old->id + len : "";

	return o->kind->keeps_old && o->generation > old->generation &&
		mok_streq(o->parent_id, old->parent_id) && suffix[0] == '-' && suffix[1] &&
		strspn(suffix + 1, "0123456789abcdef") == strlen(suffix + 1);
}

/* A replacement under the new address, cut short before the old object went: its name is that of
 * the old one with the generation behind it. */
static bool is_successor(
	const struct mok_matcher *m, const struct mok_object *o, const struct mok_object *old)
{
	const char *suffix = mok_arena_printf(m->arena, "-g%u", old->generation);
	const char *base = old->name;

	if (is_plain_again(o, old))
		return true;
	if (!(o->kind->flags & MOK_K_GEN_NAME) || o->generation != old->generation + 1 ||
		!o->name || !base || !mok_streq(o->parent_id, old->parent_id))
		return false;
	if (mok_ends(base, suffix))
		base = mok_arena_strndup(m->arena, base, strlen(base) - strlen(suffix));
	return mok_streq(o->name, mok_arena_printf(m->arena, "%s-g%u", base, o->generation));
}

static void give_to_resource(struct mok_matcher *m, struct mok_object *o)
{
	struct mok_resource *r = mok_map_get(m->wanted, o->addr_hash);
	struct mok_object *other;

	o->resource = NULL;
	if (!r || r->kind != o->kind) {
		mok_vec_push(m->live->arena, &m->live->orphans, o);
		return;
	}
	other = mok_map_get(m->live->by_address, r->address);
	if (other && other != o && is_successor(m, other, o)) {
		mok_vec_push(m->live->arena, &m->live->previous, o);
		return;
	}
	if (other && other != o && is_successor(m, o, other)) {
		mok_vec_push(m->live->arena, &m->live->previous, other);
		other->resource = NULL;
		other = NULL;
	}
	if (other && other != o) {
		both_alive(m, r, other, o);
		return;
	}
	o->resource = r;
	mok_map_put(m->live->by_address, r->address, o);
}

static void apply_about(struct mok_matcher *m, struct mok_object *o)
{
	struct about *a = mok_map_get(m->abouts, o->addr_hash);

	o->protected_live = a && a->protect_tag;
	o->retain_live = a && a->retain_tag;
	o->has_objects = a && a->objects_tag;
	o->has_data = a && a->data_tag;
	if (a)
		a->used = true;
}

static void add_doubt(struct mok_matcher *m, const char *addr_hash, const char *tag)
{
	const char *other = mok_map_get(m->live->doubts, addr_hash);
	struct mok_marker a, b;

	if (!tag)
		return;
	mok_vec_push(m->live->arena, &m->live->doubtful, tag);
	/* The newest generation is the one that may have been begun. */
	if (other && mok_marker_parse(m->arena, other, &a) && mok_marker_parse(m->arena, tag, &b) &&
		a.generation > b.generation)
		return;
	mok_map_put(m->live->doubts, addr_hash, (void *)(uintptr_t)tag);
}

/* Of an object that was deleted, or that was made and is not listed yet. */
static void doubt_carried(struct mok_matcher *m)
{
	struct mok_map *seen = mok_map_new(m->arena);

	for (size_t i = 0; i < m->live->objects.len; i++) {
		struct mok_object *o = m->live->objects.items[i];

		if (o->marker && o->kind->marking == MOK_MARK_TAGS)
			mok_map_put(seen, o->marker, o);
	}
	for (size_t i = 0; i < m->carried.len; i++)
		if (!mok_map_get(seen, m->carried.items[i]->tag))
			add_doubt(
				m, m->carried.items[i]->marker.addr_hash, m->carried.items[i]->tag);
}

static void collect_doubts(struct mok_matcher *m)
{
	doubt_carried(m);
	for (size_t i = 0; i < m->marks.len; i++) {
		const struct mark *mark = m->marks.items[i];

		if (mark->object)
			continue;
		add_doubt(m, mark->marker.addr_hash, mark->tag);
		mok_vec_push(m->arena, &m->doubts, &mark->marker);
	}
	for (size_t i = 0; i < mok_map_len(m->abouts); i++) {
		const struct about *a = mok_map_value(m->abouts, i);
		const char *tags[] = { a->protect_tag, a->retain_tag, a->objects_tag, a->data_tag };

		for (size_t k = 0; !a->used && k < MOK_COUNT(tags); k++)
			if (tags[k])
				mok_vec_push(m->live->arena, &m->live->doubtful, tags[k]);
	}
}

static void link_parents(struct mok_live *live)
{
	for (size_t i = 0; i < live->objects.len; i++) {
		struct mok_object *o = live->objects.items[i];
		const struct mok_kind *parent =
			o->kind->parent ? mok_kind_find(o->kind->parent) : NULL;

		if (parent && o->parent_id)
			o->parent = mok_live_by_id(live, parent, o->parent_id);
	}
}

/* All but what the tags and the plan say. */
static void start_over(struct mok_matcher *m)
{
	struct mok_live *live = m->live;

	live->by_address = mok_map_new(live->arena);
	live->by_key = mok_map_new(live->arena);
	live->by_id = mok_map_new(live->arena);
	live->twins = mok_map_new(live->arena);
	live->doubts = mok_map_new(live->arena);
	live->orphans.len = 0;
	live->previous.len = 0;
	live->doubtful.len = 0;
	m->by_hash = mok_map_new(m->arena);
	m->doubts.len = 0;
	for (size_t i = 0; i < m->marks.len; i++)
		m->marks.items[i]->object = NULL;
	for (size_t i = 0; i < mok_map_len(m->abouts); i++)
		((struct about *)mok_map_value(m->abouts, i))->used = false;
}

struct mok_matcher *mok_matcher_new(const struct sweep *sweep)
{
	struct mok_live *live = sweep->out;
	bool ours = mok_streq(sweep->in.known_account, live->account_uuid);
	struct mok_arena *arena = mok_arena_new();
	struct mok_matcher *m = MOK_NEW(arena, struct mok_matcher);

	*m = (struct mok_matcher){
		.live = live,
		.stack = sweep->in.stack,
		.known_ids = ours ? sweep->in.known_ids : NULL,
		.claims = sweep->in.claims,
		.arena = arena,
		.by_suffix = mok_map_new(arena),
		.abouts = mok_map_new(arena),
		.wanted = mok_map_new(arena),
	};
	live->others = mok_map_new(live->arena);
	read_tags(m);
	index_resources(m);
	return m;
}

void mok_matcher_free(struct mok_matcher *m)
{
	if (m)
		mok_arena_free(m->arena);
}

static void settle_objects(struct mok_matcher *m)
{
	struct mok_live *live = m->live;

	for (size_t i = 0; i < live->objects.len; i++) {
		struct mok_object *o = live->objects.items[i];

		if (!o->addr_hash[0] || (o->kind->marking == MOK_MARK_FREE && !o->free_tag))
			continue;
		apply_about(m, o);
		settle_address(m, o);
	}
}

void mok_matcher_run(struct mok_matcher *m, struct mok_diags *diags)
{
	struct mok_live *live = m->live;

	m->diags = diags;
	start_over(m);
	for (size_t i = 0; i < live->objects.len; i++)
		match_object(m, live->objects.items[i]);
	link_parents(live);
	settle_objects(m);
	for (size_t i = 0; i < mok_map_len(m->by_hash); i++)
		give_to_resource(m, mok_map_value(m->by_hash, i));
	for (size_t i = 0; i < live->previous.len; i++) {
		struct mok_object *o = live->previous.items[i];
		struct mok_resource *r = mok_map_get(m->wanted, o->addr_hash);

		o->resource = r && r->kind == o->kind ? r : NULL;
	}
	collect_doubts(m);
}

const struct mok_marker *mok_matcher_mark(const struct mok_matcher *m, size_t i)
{
	return i < m->marks.len ? &m->marks.items[i]->marker : NULL;
}

const struct mok_marker *mok_matcher_doubt(const struct mok_matcher *m, size_t i)
{
	return i < m->doubts.len ? m->doubts.items[i] : NULL;
}
