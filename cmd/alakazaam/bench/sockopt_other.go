//go:build !linux

package bench

import "syscall"

func sourceSockopts(string, string, syscall.RawConn) error { return nil }
