package bench

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// sourceSockopts lets the port of a connection from a chosen address be picked when it connects. Picked by bind, it would
// be taken for all targets, and for as long as the connection lingers.
func sourceSockopts(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	})
}
