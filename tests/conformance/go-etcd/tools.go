//go:build tools

// Package etcd pins the control plane's store: Debian's is too old for what API servers do with it.
package etcd

import _ "go.etcd.io/etcd/server/v3"
