package disk_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/port"
	"alakazaam/gateway/disk"
)

// counts is the number of failures that the notes have counted.
func counts(m actortest.Metrics, do string) int {
	return m[actortest.Series("note_failures_total", "do", do)]
}

func TestNotes(t *testing.T) {
	k := newKit(t)
	metrics := actortest.Metrics{}
	n := disk.OpenNotes(k.system, k.DataDir, metrics, k.Log)
	recall := func(name string) []byte {
		n.Recall(name, k.pid)
		r := next[*port.Recalled](k)
		require.Equal(t, name, r.Name)
		require.NoError(t, r.Err)
		return r.Value
	}
	require.Nil(t, recall("supernodes"), "nothing is kept yet")
	for i := range 1000 {
		n.Keep("supernodes", bytes.Repeat([]byte("a\n"), i+1))
	}
	n.Keep("uptime", []byte("crc32 00000000\n"))
	require.Len(t, recall("supernodes"), 2000, "the last one counts")
	require.Equal(t, "crc32 00000000\n", string(recall("uptime")), "also one that looks like a checksum")
	text, err := os.ReadFile(filepath.Join(k.DataDir, "notes", "supernodes"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "alakazaam note 1\na\na\n"), "it can be read")

	n.Keep("supernodes", []byte("b"))
	n.Close()
	left, err := os.ReadDir(filepath.Join(k.DataDir, "notes"))
	require.NoError(t, err)
	require.Len(t, left, 2, "no temporary file is left")
	n = disk.OpenNotes(k.system, k.DataDir, metrics, k.Log)
	require.Equal(t, "b", string(recall("supernodes")), "what was kept last is written before the end")
	n.Keep("supernodes", nil)
	n.Keep("never-kept", nil)
	require.Nil(t, recall("supernodes"))
	require.NoFileExists(t, filepath.Join(k.DataDir, "notes", "supernodes"))
	largest := bytes.Repeat([]byte{'x'}, port.MaxNote)
	n.Keep("large", largest)
	require.Equal(t, largest, recall("large"))
	n.Close()
	require.Empty(t, metrics[actortest.Series("note_failures_total", "do", "keep")])
}

func TestNotesThatCannotBeUsed(t *testing.T) {
	k := newKit(t)
	metrics := actortest.Metrics{}
	n := disk.OpenNotes(k.system, k.DataDir, metrics, k.Log)
	failing := func(name string) {
		t.Helper()
		n.Recall(name, k.pid)
		r := next[*port.Recalled](k)
		require.Nil(t, r.Value)
		require.Error(t, r.Err)
	}
	kept := func() string {
		n.Keep("a", []byte("one line\nand another\n"))
		n.Recall("a", k.pid)
		require.NotNil(t, next[*port.Recalled](k).Value)
		return filepath.Join(k.DataDir, "notes", "a")
	}
	whole, err := os.ReadFile(kept())
	require.NoError(t, err)
	for i := 0; i < len(whole); i += 4 {
		require.NoError(t, os.WriteFile(kept(), whole[:i], 0o600))
		failing("a")
		changed := bytes.Clone(whole)
		changed[i] ^= 1
		require.NoError(t, os.WriteFile(kept(), changed, 0o600))
		failing("a")
	}
	require.NoError(t, os.WriteFile(kept(), bytes.Repeat([]byte("x"), port.MaxNote+100), 0o600))
	failing("a")
	require.NoError(t, os.Mkdir(filepath.Join(k.DataDir, "notes", "folder"), 0o700))
	failing("folder")
	failing("../shares")
	require.Equal(t, 2*((len(whole)+3)/4)+3, counts(metrics, "recall"))
	require.True(t, k.logged("cannot be read and is ignored"))

	n.Keep("../a", []byte("x"))
	n.Keep("large", make([]byte, port.MaxNote+1))
	n.Keep("folder", []byte("x"))
	n.Close()
	require.Equal(t, 3, counts(metrics, "keep"))
	require.True(t, k.logged("cannot be kept"))
	n.Keep("a", []byte("late"))
	require.Equal(t, 4, counts(metrics, "keep"))
	failing("a")
	n.Close()
}
