//go:build !linux

package tcp

import "syscall"

// listenerSockopts has nothing to set: the owners' own timers find dead connections.
func listenerSockopts(_, _ string, _ syscall.RawConn) error { return nil }

// sourceSockopts has nothing to set: the port is picked by bind.
func sourceSockopts(_, _ string, _ syscall.RawConn) error { return nil }
