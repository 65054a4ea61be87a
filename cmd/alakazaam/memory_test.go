package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A small node keeps the runtime's rule, and a large one gathers little garbage beside what is in use.
func TestSpareMemory(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 100, 10 << 20: 100, 64 << 20: 100, 128 << 20: 50, 200 << 20: 32, 2 << 30: 20,
	} {
		require.Equal(t, want, spareFor(live), "%d MiB", live>>20)
	}
}
