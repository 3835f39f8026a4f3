#include "fields.h"

#include <stdlib.h>
#include <string.h>

void sb_set_str(cJSON *object, const char *name, const char *value)
{
	mok_json_set(object, name, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

void sb_set_int(cJSON *object, const char *name, int64_t value)
{
	mok_json_set(object, name, cJSON_CreateNumber((double)value));
}

void sb_set_bool(cJSON *object, const char *name, bool value)
{
	mok_json_set(object, name, cJSON_CreateBool(value));
}

void sb_set_time(cJSON *object, const char *name, int64_t ms)
{
	char text[21];

	mok_format_time(ms, text);
	sb_set_str(object, name, text);
}

void sb_copy(cJSON *to, const cJSON *from, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(from, names[i]);

		if (item)
			mok_json_set(to, names[i], cJSON_Duplicate(item, true));
	}
}

const cJSON *sb_get(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(item) ? NULL : item;
}

int64_t sb_get_int(const cJSON *object, const char *name, int64_t fallback)
{
	const cJSON *item = sb_get(object, name);

	return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : fallback;
}

const char *sb_get_str(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(sb_get(object, name));
}

bool sb_get_bool(const cJSON *object, const char *name, bool fallback)
{
	const cJSON *item = sb_get(object, name);

	return cJSON_IsBool(item) ? cJSON_IsTrue(item) != 0 : fallback;
}

const char *sb_get_word(const cJSON *object, const char *name)
{
	const char *text = sb_get_str(object, name);

	return text && *text ? text : NULL;
}

bool sb_list_has(const cJSON *list, const char *word)
{
	const cJSON *item;

	cJSON_ArrayForEach(item,
		list) if (cJSON_IsString(item) && strcmp(item->valuestring, word) == 0) return true;
	return false;
}

bool sb_is_string_list(const cJSON *list)
{
	const cJSON *item;

	if (!cJSON_IsArray(list))
		return false;
	cJSON_ArrayForEach(item, list) if (!cJSON_IsString(item)) return false;
	return true;
}

bool sb_tag_valid(const char *tag)
{
	size_t len =
		strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:-");

	return len >= 1 && len <= 255 && tag[len] == '\0';
}

/* One decimal number up to `most`, without leading zeros; moves *p behind it. */
static bool take_number(const char **p, int most, int *out)
{
	size_t len = strspn(*p, "0123456789");
	int value = 0;

	if (len < 1 || len > 3 || (len > 1 && **p == '0'))
		return false;
	for (size_t i = 0; i < len; i++)
		value = value * 10 + ((*p)[i] - '0');
	*p += len;
	*out = value;
	return value <= most;
}

bool sb_ipv4_parse(const char *text, uint32_t *address, int *bits)
{
	const char *p = text;
	int part;

	*address = 0;
	*bits = 32;
	for (int i = 0; i < 4; i++) {
		if (!take_number(&p, 255, &part) || (i < 3 && *p++ != '.'))
			return false;
		*address = *address << 8 | (uint32_t)part;
	}
	if (*p == '/') {
		p++;
		if (!take_number(&p, 32, bits))
			return false;
	}
	return *p == '\0';
}

bool sb_ipv4_valid(const char *text, bool cidr)
{
	uint32_t address;
	int bits;

	return sb_ipv4_parse(text, &address, &bits) && (cidr || !strchr(text, '/'));
}

bool sb_cidr_overlap(const char *a, const char *b)
{
	uint32_t address_a, address_b, mask;
	int bits_a, bits_b, bits;

	if (!sb_ipv4_parse(a, &address_a, &bits_a) || !sb_ipv4_parse(b, &address_b, &bits_b))
		return false;
	bits = bits_a < bits_b ? bits_a : bits_b;
	mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
	return (address_a & mask) == (address_b & mask);
}

bool sb_uuid_valid(const char *text)
{
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !text[i] || !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	}
	return text[36] == '\0';
}
