/* The files in src/apiserver/data/, embedded (presets/data.cmake). schema.json and its source are
 * described in presets/kubernetes_schema.py, protobuf.json in presets/kubernetes_protobuf.py;
 * defaults.json holds what the server's code (not its OpenAPI description) puts into absent fields,
 * by type: pkg/apis/ * /v1/defaults.go of k8s.io/kubernetes; gateway_crds.json comes from
 * presets/gateway_crds.py. */
#ifndef MOK_APISERVER_DATA_H
#define MOK_APISERVER_DATA_H

#include <stddef.h>

struct ks_data {
	const char *text;
	size_t len;
};
extern const struct ks_data ks_data_schema, ks_data_defaults, ks_data_gateway_crds,
	ks_data_protobuf;

#endif
