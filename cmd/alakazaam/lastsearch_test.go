package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/gateway/admin"
)

func TestLastSearch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "last-search.json")
	_, err := loadLastSearch(path)
	require.ErrorIs(t, err, errNoSearch)

	saved := &lastSearch{Text: "train", Time: time.Now().UTC().Truncate(time.Second), Results: someResults(t)}
	require.NoError(t, saved.save(path))
	require.NoError(t, saved.save(path), "it replaces the one before")
	got, err := loadLastSearch(path)
	require.NoError(t, err)
	require.Equal(t, saved.Results[:2], got.Results[:2])
	require.Equal(t, saved.Time, got.Time)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing else is left behind")

	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = loadLastSearch(path)
	require.ErrorContains(t, err, "again")
}

func TestChooseTargets(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	md5 := strings.Repeat("ab", 16)

	_, err := chooseTargets(t.Context(), []string{"1"}, nil)
	require.ErrorIs(t, err, errNoSearch)
	got, err := chooseTargets(t.Context(), []string{md5}, []string{"192.0.2.9:3000"})
	require.NoError(t, err)
	require.Equal(t, []target{{file: fileID(t, md5), owners: []p2p.Endpoint{endpointAt(t, "192.0.2.9:3000")}}}, got)

	path, err := lastSearchPath()
	require.NoError(t, err)
	require.NoError(t, (&lastSearch{Text: "train", Results: someResults(t)}).save(path))
	known := someResults(t)[0]

	got, err = chooseTargets(t.Context(), []string{"1", strings.ToUpper(known.File.String()), "2"}, []string{"192.0.2.2:3000"})
	require.NoError(t, err)
	require.Len(t, got, 2, "the same file twice is one")
	require.Equal(t, known.Name, got[0].name)
	require.Equal(t, []p2p.Endpoint{endpointAt(t, "192.0.2.2:3000"), endpointAt(t, "192.0.2.1:3000")}, got[0].owners, "--from comes first, once")
	require.Len(t, got[1].owners, 2)

	for arg, want := range map[string]string{
		"0": "no number 0", "4": "found 3 files", "-1": "no number -1", "film": "neither an MD5",
	} {
		_, err := chooseTargets(t.Context(), []string{arg}, nil)
		require.ErrorContains(t, err, want)
		var exit *exitError
		require.ErrorAs(t, err, &exit, arg)
		require.Equal(t, exitUsage, exit.code)
	}
	_, err = chooseTargets(t.Context(), []string{"1"}, []string{"nonsense"})
	require.ErrorContains(t, err, "--from")
	_, err = chooseTargets(t.Context(), []string{md5}, nil)
	require.ErrorContains(t, err, "name an owner with --from HOST:PORT")
}

func TestInParts(t *testing.T) {
	var paths []string
	for range 1000 {
		paths = append(paths, "/"+strings.Repeat("x", 99))
	}
	paths = append(paths, "/"+strings.Repeat("y", 20000))
	calls, most := 0, 0
	answer, err := inParts(paths, func(part []string) (*admin.ShareAnswer, error) {
		calls++
		most = max(most, len(strings.Join(part, "")))
		return &admin.ShareAnswer{Paths: part}, nil
	})
	require.NoError(t, err)
	require.Equal(t, paths, answer.Paths)
	require.Greater(t, calls, 5)
	require.LessOrEqual(t, most, 20001)
}
