package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGallery: what is in the gallery can be run.
func TestGallery(t *testing.T) {
	files, err := filepath.Glob("experiments/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 10)
	for _, f := range files {
		out, errs, code := lab(t, "", "plan", f)
		assert.Zero(t, code, "%s: %s", f, errs)
		assert.Contains(t, out, "?\n", "%s asks nothing", f)
	}
}

// TestRegressions: what the laboratory has found in the node once is not there any more.
func TestRegressions(t *testing.T) {
	files, err := filepath.Glob("experiments/regressions/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		out, errs, code := lab(t, "", "run", f, "--quiet", "--store", t.TempDir())
		assert.Zero(t, code, "%s: %s%s", f, out, errs)
	}
}
