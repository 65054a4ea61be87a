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

// Free memory is given back when the node is quiet, once, and from time to time when it is not.
func TestMemoryIsGivenBack(t *testing.T) {
	var l lean
	const free = 100 << 20
	cycles, given := uint64(7), 0
	look := func(free uint64) bool {
		_, back := l.look(200<<20, free, cycles)
		if back {
			cycles++
			given++
		}
		return back
	}
	for range 3 * quietFor {
		look(free)
	}
	require.Equal(t, 1, given)
	for range busyFor {
		cycles++
		look(free)
	}
	require.Equal(t, 2, given, "it is never quiet")
	cycles++
	for range 2 * busyFor {
		require.False(t, look(returnFrom))
	}
	require.True(t, look(free))
}
