/* A container's environment and files, from the ConfigMaps and Secrets that its pod names. */
#include "instance.h"

#include <string.h>

/* The value of a key, or NULL. */
static const char *value_of(
	const struct si_world *w, const cJSON *object, const char *key, bool is_secret)
{
	const char *text = sb_get_str(sb_get(object, "data"), key);
	const char *coded = is_secret ? text : sb_get_str(sb_get(object, "binaryData"), key);

	if (coded)
		return mok_unbase64(w->arena, coded, NULL);
	return text ? mok_arena_strdup(w->arena, text) : NULL;
}

static void put(struct si_container *c, const char *name, const char *value)
{
	mok_map_put(c->env, name, mok_arena_strdup(c->w->arena, value));
}

static void lacks(struct si_container *c, const char *kind, const char *name)
{
	if (!c->missing)
		c->missing = mok_arena_printf(c->w->arena, "%s %s is missing", kind, name);
}

static void take_all(struct si_container *c, const cJSON *from)
{
	const cJSON *secret = sb_get(from, "secretRef"), *map = sb_get(from, "configMapRef");
	const cJSON *ref = secret ? secret : map, *object, *item;
	const char *name = sb_get_str(ref, "name"), *prefix = sb_get_str(from, "prefix");

	if (!name)
		return;
	object = si_object(c->w, secret ? "secrets" : "configmaps", c->ns, name);
	if (!object && !sb_get_bool(ref, "optional", false))
		lacks(c, secret ? "Secret" : "ConfigMap", name);
	cJSON_ArrayForEach(item, sb_get(object, "data"))
	{
		const char *value = value_of(c->w, object, item->string, secret != NULL);

		if (value)
			put(c,
				mok_arena_printf(
					c->w->arena, "%s%s", prefix ? prefix : "", item->string),
				value);
	}
}

static void take_one(struct si_container *c, const cJSON *variable)
{
	const char *name = sb_get_str(variable, "name"), *value = sb_get_str(variable, "value");
	const cJSON *secret = mok_json_at(variable, "valueFrom.secretKeyRef");
	const cJSON *map = mok_json_at(variable, "valueFrom.configMapKeyRef");
	const cJSON *ref = secret ? secret : map;
	const char *of = sb_get_str(ref, "name"), *key = sb_get_str(ref, "key");

	if (of && key) {
		const cJSON *object = si_object(c->w, secret ? "secrets" : "configmaps", c->ns, of);

		value = value_of(c->w, object, key, secret != NULL);
		if (!value && !sb_get_bool(ref, "optional", false))
			lacks(c, secret ? "Secret" : "ConfigMap", of);
	}
	if (name && (value || !sb_get(variable, "valueFrom")))
		put(c, name, value ? value : "");
}

static const char *words_of(const struct si_container *c)
{
	static const char *const lists[] = { "command", "args" };
	struct mok_buf text;
	const cJSON *word;
	const char *out;

	mok_buf_init(&text, (size_t)1 << 20);
	for (size_t i = 0; i < MOK_COUNT(lists); i++)
		cJSON_ArrayForEach(word, sb_get(c->container, lists[i])) if (cJSON_IsString(word))
			mok_buf_printf(&text, " %s", word->valuestring);
	out = mok_arena_strdup(c->w->arena, text.data);
	mok_buf_release(&text);
	return out;
}

void si_container_read(struct si_container *c, const struct si_world *w, const char *ns,
	const cJSON *spec, const cJSON *container)
{
	const cJSON *item;

	*c = (struct si_container){
		.w = w, .ns = ns, .spec = spec, .container = container, .env = mok_map_new(w->arena)
	};
	c->command = words_of(c);
	cJSON_ArrayForEach(item, sb_get(container, "envFrom")) take_all(c, item);
	cJSON_ArrayForEach(item, sb_get(container, "env")) take_one(c, item);
}

const char *si_env(const struct si_container *c, const char *name)
{
	const char *value = mok_map_get(c->env, name);

	return value && *value ? value : NULL;
}

bool si_env_is(const struct si_container *c, const char *name, const char *value)
{
	return mok_streq(si_env(c, name), value);
}

/* ---- files ---- */

static const cJSON *volume_of(const struct si_container *c, const char *name)
{
	const cJSON *volume;

	cJSON_ArrayForEach(volume, sb_get(c->spec, "volumes"))
	{
		if (mok_streq(sb_get_str(volume, "name"), name))
			return volume;
	}
	return NULL;
}

static const char *file_of_volume(
	const struct si_container *c, const cJSON *volume, const char *name)
{
	const char *map = sb_get_str(sb_get(volume, "configMap"), "name");
	const char *secret = sb_get_str(sb_get(volume, "secret"), "secretName");

	if (map)
		return value_of(c->w, si_object(c->w, "configmaps", c->ns, map), name, false);
	if (secret)
		return value_of(c->w, si_object(c->w, "secrets", c->ns, secret), name, true);
	return sb_get(volume, "emptyDir") ? "" : NULL;
}

const char *si_file(const struct si_container *c, const char *path)
{
	const cJSON *mount;

	cJSON_ArrayForEach(mount, sb_get(c->container, "volumeMounts"))
	{
		const char *at = sb_get_str(mount, "mountPath");
		const cJSON *volume = volume_of(c, sb_get_str(mount, "name"));
		size_t len = at ? strlen(at) : 0;

		if (len && strncmp(path, at, len) == 0 && path[len] == '/')
			return file_of_volume(c, volume, path + len + 1);
	}
	return NULL;
}

/* ---- what runs in it ---- */

enum si_app si_app_of(const struct si_container *c)
{
	const char *image = sb_get_str(c->container, "image");

	if (!image || !strstr(image, "mastodon"))
		return SI_OTHER;
	if (strstr(c->command, " puma"))
		return SI_WEB;
	if (strstr(c->command, " sidekiq"))
		return SI_SIDEKIQ;
	if (strstr(c->command, "streaming/index.js") ||
		(strstr(image, "/mastodon-streaming") && !*c->command))
		return SI_STREAMING;
	return SI_OTHER;
}

const char *si_image_version(struct mok_arena *arena, const char *image)
{
	const char *name = image ? strrchr(image, '/') : NULL;
	const char *tag = name ? strchr(name, ':') : NULL;

	if (!tag || (strchr(name, '@') && strchr(name, '@') < tag))
		return "";
	tag += 1 + (tag[1] == 'v');
	return mok_arena_strndup(arena, tag, strcspn(tag, "@"));
}

static int64_t number_at(const char **p)
{
	int64_t n = 0;

	for (; **p >= '0' && **p <= '9' && n < 100000; ++*p)
		n = n * 10 + (**p - '0');
	*p += **p == '.';
	return n;
}

int si_minor_cmp(const char *a, const char *b)
{
	for (int i = 0; i < 2; i++) {
		int64_t x = number_at(&a), y = number_at(&b);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}
