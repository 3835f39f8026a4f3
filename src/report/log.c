#include "report_internal.h"

void mok_report_log_line(
	struct mok_buf *out, const struct mok_style *style, const struct mok_journal_entry *entry)
{
	const struct {
		const char *before, *text;
	} parts[] = {
		{ " ", entry->command },
		{ " by ", entry->user },
		{ " at commit ", entry->commit },
		{ " ", entry->address },
		{ " ", entry->kind },
		{ " name ", entry->name },
		{ " id ", entry->id },
		{ ": ", entry->detail },
	};
	struct mok_buf text;
	char time[21];

	mok_format_time(entry->wall_ms, time);
	mok_buf_init(&text, 8192);
	mok_buf_printf(&text, "%s %-7s", time, entry->what);
	for (size_t i = 0; i < MOK_COUNT(parts); i++)
		if (parts[i].text && *parts[i].text)
			mok_buf_printf(&text, "%s%s", parts[i].before, parts[i].text);
	mok_text_wrap(out, style, text.data, 29, true);
	mok_buf_release(&text);
}

cJSON *mok_report_log_json(const struct mok_journal_entry *entry)
{
	const struct {
		const char *key, *text;
	} parts[] = {
		{ "what", entry->what },
		{ "command", entry->command },
		{ "user", entry->user },
		{ "commit", entry->commit },
		{ "address", entry->address },
		{ "kind", entry->kind },
		{ "name", entry->name },
		{ "id", entry->id },
		{ "detail", entry->detail },
	};
	cJSON *json = cJSON_CreateObject();
	char time[21];

	mok_format_time(entry->wall_ms, time);
	cJSON_AddStringToObject(json, "time", time);
	for (size_t i = 0; i < MOK_COUNT(parts); i++)
		if (parts[i].text && *parts[i].text)
			cJSON_AddStringToObject(json, parts[i].key, parts[i].text);
	return json;
}
