package main

import (
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// cgroupMemory is where a container's limit is.
const cgroupMemory = "/sys/fs/cgroup/memory.max"

// machineMemory is what the machine has, or its container may have.
func machineMemory() uint64 {
	least := uint64(math.MaxUint64)
	var s unix.Sysinfo_t
	if unix.Sysinfo(&s) == nil {
		least = uint64(s.Totalram) * uint64(s.Unit) //nolint:unconvert // narrower on some machines
	}
	if b, err := os.ReadFile(cgroupMemory); err == nil {
		if n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64); err == nil { // else "max"
			least = min(least, n)
		}
	}
	return least
}
