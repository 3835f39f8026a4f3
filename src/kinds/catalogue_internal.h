/* The catalogue's own: what is on offer, under the names that fields' `values` use. */
#ifndef MOK_KINDS_CATALOGUE_INTERNAL_H
#define MOK_KINDS_CATALOGUE_INTERNAL_H

#include "mok/catalogue.h"

/* The part of an "@name", or NULL: no such list. */
const char *mok_offer_part(const char *name);
/* The legal values of "@name" for what is wanted (an engine's sizes ...); `*from` is the part they
 * come from. Gathered in the arena. */
struct mok_offer {
	MOK_VEC(const char *) values;
	bool is_live;
};
void mok_offer_gather(const struct mok_catalogue *catalogue, struct mok_arena *arena,
	const char *name, const struct mok_val *want, struct mok_offer *out);
/* An engine's member of the databases part, or NULL. */
const struct mok_val *mok_offer_engine(const struct mok_catalogue *catalogue, const char *engine);
const struct mok_val *mok_catalogue_part(const struct mok_catalogue *catalogue, const char *name);
bool mok_catalogue_part_is_live(const struct mok_catalogue *catalogue, const char *name);

#endif
