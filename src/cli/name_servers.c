#include "name_servers.h"
#include "cluster.h"

#include <string.h>

/* Where a zone cannot be read.
 * https://docs.digitalocean.com/products/networking/dns/getting-started/dns-registrars/ */
static const char usual[] = "ns1.digitalocean.com, ns2.digitalocean.com and ns3.digitalocean.com";

#define SERVERS_MAX 8
#define PAGES_MAX 50

struct servers {
	const char *names[SERVERS_MAX];
	size_t n;
};

static const struct mok_val *certificate(const struct mok_change *c)
{
	const struct mok_val *manifest = c ? mok_val_get(&c->want, "manifest") : NULL;

	return manifest && mok_streq(mok_val_get_str(manifest, "kind"), "Certificate") ? manifest
										       : NULL;
}

static bool is_in_zone(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);

	return mok_streq(name, zone) || (n > z && name[n - z - 1] == '.' && mok_ends(name, zone));
}

/* The plan's zone that the certificate's first name is in; of several the innermost. */
static const char *zone_of(const struct session *s, const struct mok_val *manifest)
{
	const struct mok_val *name = mok_val_at(manifest, "spec.dnsNames.0");
	const char *best = NULL;

	for (size_t i = 0; i < s->changes.list.len; i++) {
		const struct mok_change *c = &s->changes.list.items[i];
		const char *zone = c->resource && mok_streq(c->kind->name, "domain")
			? mok_val_get_str(&c->want, "name")
			: NULL;

		if (zone && name && name->type == MOK_STR && is_in_zone(name->u.s, zone) &&
			(!best || strlen(zone) > strlen(best)))
			best = zone;
	}
	return best;
}

static void take(struct servers *out, const struct mok_object *record)
{
	const char *data = mok_val_get_str(&record->attrs, "data");

	if (data && out->n < SERVERS_MAX &&
		mok_streq(mok_val_get_str(&record->attrs, "type"), "NS") &&
		mok_streq(mok_val_get_str(&record->attrs, "name"), "@"))
		out->names[out->n++] = data;
}

/* Its own NS records. */
static void read_servers(struct session *s, const char *zone, struct servers *out)
{
	const struct cluster records = { .s = s, .kind = mok_kind_find("record"), .id = zone };
	struct mok_ask ask = { .verb = MOK_ASK_LIST, .page = 1 };
	struct mok_answer answer;
	struct mok_err ignored;

	for (int i = 0; i < PAGES_MAX && ask.page; i++) {
		if (cluster_ask(&records, &ask, &answer, &ignored) != 0 ||
			answer.verdict != MOK_ANS_OK)
			return;
		for (size_t k = 0; k < answer.objects.len; k++)
			take(out, answer.objects.items[k]);
		ask.page = answer.next_page;
	}
}

static const char *in_words(struct mok_arena *arena, const struct servers *servers)
{
	struct mok_buf text;
	const char *words = usual;

	mok_buf_init(&text, 4096);
	for (size_t i = 0; i < servers->n; i++)
		mok_buf_printf(&text, "%s%s",
			i == 0                       ? ""
				: i + 1 < servers->n ? ", "
						     : " and ",
			servers->names[i]);
	if (text.len)
		words = mok_arena_strdup(arena, text.data);
	mok_buf_release(&text);
	return words;
}

void hint_at_name_servers(struct session *s, struct mok_apply_result *result)
{
	for (size_t i = 0; i < result->failures.len; i++) {
		struct mok_failure *f = &result->failures.items[i];
		const struct mok_val *manifest = certificate(f->change);
		const char *zone = manifest ? zone_of(s, manifest) : NULL;
		struct servers servers = { .n = 0 };

		if (!zone)
			continue;
		read_servers(s, zone, &servers);
		mok_err_hint(&f->err,
			"the registrar of %s has to name %s as its name servers; once it does: "
			"mok apply again",
			zone, in_words(s->arena, &servers));
	}
}
