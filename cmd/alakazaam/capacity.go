package main

import (
	"math"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"alakazaam/actors/role"
)

// capacity is what the system lets this process use. Go has raised the limit of open files as far as it may be.
func capacity() role.Capacity {
	var c role.Capacity
	var most unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &most) == nil {
		c.OpenFiles = int(min(most.Cur, math.MaxInt))
	}
	least := machineMemory()
	if unix.Getrlimit(unix.RLIMIT_AS, &most) == nil {
		least = min(least, most.Cur)
	}
	least = min(least, uint64(debug.SetMemoryLimit(-1))) // GOMEMLIMIT
	if least < math.MaxInt64 {
		c.Memory = int64(least)
	}
	return c
}
