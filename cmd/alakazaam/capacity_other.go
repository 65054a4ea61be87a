//go:build !linux

package main

import "math"

// machineMemory is not known here.
func machineMemory() uint64 { return math.MaxUint64 }
