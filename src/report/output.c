#include "report_internal.h"

#include <stdlib.h>

/* Text is shown whole, on a line of its own if need be: an address that was cut is of no use. */
static void output_text(
	struct mok_buf *out, const struct mok_style *style, const char *s, int columns)
{
	mok_buf_puts(out, mok_text_width(style, s) > style->width - columns ? "\n  " : " ");
	mok_text_add(out, style, s);
}

void mok_report_outputs(struct mok_buf *out, const struct mok_style *style,
	const struct mok_output_value *values, size_t count)
{
	int columns = 0;

	for (size_t i = 0; i < count; i++) {
		int width = mok_text_width(style, values[i].output->name);

		columns = width > columns ? width : columns;
	}
	for (size_t i = 0; i < count; i++) {
		struct mok_val value = values[i].value;

		value.sensitive = value.sensitive || values[i].output->sensitive;
		mok_text_add(out, style, values[i].output->name);
		mok_text_pad(out, columns - mok_text_width(style, values[i].output->name));
		mok_buf_puts(out, " =");
		if (value.type == MOK_STR && !value.sensitive) {
			output_text(out, style, value.u.s, columns + 3);
		} else {
			mok_buf_putc(out, ' ');
			value_cut(out, style, &value, NULL, style->width - columns - 3);
		}
		mok_buf_putc(out, '\n');
	}
}

cJSON *mok_report_outputs_json(const struct mok_output_value *values, size_t count, bool reveal)
{
	cJSON *json = cJSON_CreateObject();

	for (size_t i = 0; i < count; i++) {
		const struct mok_output_value *v = &values[i];
		cJSON *one = cJSON_AddObjectToObject(json, v->output->name);
		bool sensitive = v->output->sensitive || mok_val_has_sensitive(&v->value);
		cJSON *value;

		if (!sensitive || reveal)
			value = mok_val_to_json(&v->value);
		else
			value = cJSON_CreateNull();
		cJSON_AddItemToObject(one, "value", value);
		cJSON_AddBoolToObject(one, "sensitive", sensitive);
		cJSON_AddStringToObject(one, "type", mok_type_name(v->value.type));
		if (mok_val_has_unknown(&v->value))
			cJSON_AddBoolToObject(one, "unknown", true);
	}
	return json;
}

void mok_report_output_raw(struct mok_buf *out, const struct mok_val *value)
{
	cJSON *json;
	char *text;

	if (value->type == MOK_STR) {
		mok_buf_puts(out, value->u.s);
		return;
	}
	json = mok_val_to_json(value);
	text = cJSON_PrintUnformatted(json);
	mok_buf_puts(out, text);
	free(text);
	cJSON_Delete(json);
}
