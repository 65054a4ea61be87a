package main

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCapacity(t *testing.T) {
	c := capacity()
	require.Positive(t, c.OpenFiles)
	if runtime.GOOS == "linux" {
		require.Greater(t, c.Memory, int64(16<<20), "this test needs that much")
	}
	before := debug.SetMemoryLimit(1 << 30)
	defer debug.SetMemoryLimit(before)
	require.LessOrEqual(t, capacity().Memory, int64(1<<30))
}
