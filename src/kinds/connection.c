#include "connection.h"

const struct mok_field mok_connection_fields[] = {
	{ .name = "uri",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED | MOK_F_SENSITIVE,
		.doc = "URI, password included." },
	COMPUTED_STR("database", "Name of the default database."),
	COMPUTED_STR("host", "Host name."),
	{ .name = "port", .type = MOK_INT, .flags = MOK_F_COMPUTED, .doc = "Port." },
	COMPUTED_STR("user", "Name of the user."),
	{ .name = "password",
		.type = MOK_STR,
		.flags = MOK_F_COMPUTED | MOK_F_SENSITIVE,
		.doc = "Its password; absent when the token may not see it." },
	{ .name = "ssl",
		.type = MOK_BOOL,
		.flags = MOK_F_COMPUTED,
		.doc = "Whether TLS is required." },
	{ 0 },
};
