/*
 * server_socket: what follows when another protocol than HTTP was granted (101).
 */
#ifndef MOK_SANDBOX_SERVER_SOCKET_H
#define MOK_SANDBOX_SERVER_SOCKET_H

#include <microhttpd.h>

/* The answer; the daemon needs MHD_ALLOW_UPGRADE. */
struct MHD_Response *sb_socket_response(void);

#endif
