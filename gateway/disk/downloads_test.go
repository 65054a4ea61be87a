package disk_test

import (
	"crypto/md5"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/gateway/disk"
)

// partial writes a complete partial file.
func (k *kit) partial(content string) p2p.FileID {
	k.Helper()
	id := p2p.FileID(md5.Sum([]byte(content)))
	require.NoError(k, os.WriteFile(k.Partial(id), []byte(content), 0o600))
	return id
}

// keep runs Keep.
func (k *kit) keep(id p2p.FileID, name string) *port.Kept {
	k.Helper()
	k.Keep(id, name, k.pid)
	return next[*port.Kept](k)
}

func TestKeep(t *testing.T) {
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	k := newKit(t)
	id := k.partial("content")
	part := k.Partial(id)
	require.Equal(t, filepath.Join(k.DownloadDir, ".partial", id.String()+".part"), part)
	info, err := os.Stat(filepath.Dir(part))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	m := k.keep(id, "film.avi")
	require.NoError(t, m.Err)
	require.Equal(t, filepath.Join(k.DownloadDir, "film.avi"), m.Path)
	require.NoFileExists(t, part)
	info, err = os.Stat(m.Path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	text, err := os.ReadFile(m.Path)
	require.NoError(t, err)
	require.Equal(t, "content", string(text))

	// The same file again is kept once; others get names of their own.
	require.Equal(t, m.Path, k.keep(k.partial("content"), "film.avi").Path)
	require.NoFileExists(t, part)
	require.Equal(t, filepath.Join(k.DownloadDir, "film (2).avi"), k.keep(k.partial("another"), "film.avi").Path)
	require.Equal(t, filepath.Join(k.DownloadDir, "film (3).avi"), k.keep(k.partial("CONTENT"), "film.avi").Path)
	require.Equal(t, filepath.Join(k.DownloadDir, "film (2).avi"), k.keep(k.partial("another"), "film.avi").Path)
	require.Equal(t, filepath.Join(k.DownloadDir, ".bashrc"), k.keep(k.partial("1"), ".bashrc").Path)
	require.Equal(t, filepath.Join(k.DownloadDir, ".bashrc (2)"), k.keep(k.partial("2"), ".bashrc").Path)
	require.Equal(t, filepath.Join(k.DownloadDir, ".partial (2)"), k.keep(k.partial("3"), ".partial").Path)
}

func TestHostileNames(t *testing.T) {
	k := newKit(t)
	id := k.partial("content")
	for _, name := range []string{"", ".", "..", "/etc/passwd", "../up", "a/b", `a\b`, "a\x00b", "/", "a/"} {
		require.ErrorContains(t, k.keep(id, name).Err, "not a plain file name", name)
		k.Have(id, name, k.pid)
		require.Error(t, next[*port.Kept](k).Err, name)
	}
	require.FileExists(t, k.Partial(id))
	long := make([]byte, 300)
	for i := range long {
		long[i] = 'x'
	}
	require.ErrorIs(t, k.keep(id, string(long)).Err, syscall.ENAMETOOLONG)
	// A link in the folder is neither followed nor replaced.
	outside := k.file("outside", t.TempDir(), "victim")
	require.NoError(t, os.Symlink(outside.Path, filepath.Join(k.DownloadDir, "name")))
	require.Equal(t, filepath.Join(k.DownloadDir, "name (2)"), k.keep(id, "name").Path)
	text, err := os.ReadFile(outside.Path)
	require.NoError(t, err)
	require.Equal(t, "outside", string(text))
	k.Have(outside.File, "name", k.pid)
	require.Empty(t, next[*port.Kept](k).Path)
	// A folder for partial files that leads elsewhere is refused.
	k.Close()
	require.NoError(t, os.RemoveAll(filepath.Join(k.DownloadDir, ".partial")))
	require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(k.DownloadDir, ".partial")))
	_, err = disk.New(k.system, k.Options)
	require.ErrorContains(t, err, ".partial")
}

func TestKeepErrors(t *testing.T) {
	k := newKit(t)
	m := k.keep(p2p.FileID{1}, "name")
	require.ErrorIs(t, m.Err, os.ErrNotExist)
	require.ErrorContains(t, m.Err, k.Partial(p2p.FileID{1}))
	require.Empty(t, m.Path)
}

// Whoever wants the same name at the same time, nothing is overwritten.
func TestKeepAtOnce(t *testing.T) {
	k := newKit(t)
	const n = 30
	for i := range n {
		k.Keep(k.partial(fmt.Sprint(i)), "name.txt", k.pid)
	}
	contents := map[string]bool{}
	for range n {
		m := next[*port.Kept](k)
		require.NoError(t, m.Err)
		text, err := os.ReadFile(m.Path)
		require.NoError(t, err)
		contents[string(text)] = true
	}
	require.Len(t, contents, n)
}

func TestHave(t *testing.T) {
	k := newKit(t)
	a, b := k.keep(k.partial("a"), "name.txt"), k.keep(k.partial("b"), "name.txt")
	for content, want := range map[string]string{"a": a.Path, "b": b.Path, "c": ""} {
		k.Have(p2p.FileID(md5.Sum([]byte(content))), "name.txt", k.pid)
		m := next[*port.Kept](k)
		require.NoError(t, m.Err)
		require.Equal(t, want, m.Path)
	}
	require.Zero(t, k.Hashed(), "what was downloaded here is known")
	require.NoError(t, os.Remove(a.Path)) // a gap among the variants
	k.file("elsewhere", k.DownloadDir, "name (x).txt")
	k.Have(p2p.FileID(md5.Sum([]byte("b"))), "name.txt", k.pid)
	require.Equal(t, b.Path, next[*port.Kept](k).Path)
	k.file("changed", b.Path)
	k.Have(p2p.FileID(md5.Sum([]byte("b"))), "name.txt", k.pid)
	require.Empty(t, next[*port.Kept](k).Path)
	k.Have(p2p.FileID(md5.Sum([]byte("changed"))), "name.txt", k.pid)
	require.Equal(t, b.Path, next[*port.Kept](k).Path)
}

func TestDiscard(t *testing.T) {
	k := newKit(t)
	id := k.partial("content")
	k.Discard(id)
	require.NoFileExists(t, k.Partial(id))
	k.Discard(id)
	k.partial("content") // the next attempt is not touched by what is still going on
	k.reopen()           // waits for all that
	require.FileExists(t, k.Partial(id))
	left, err := os.ReadDir(filepath.Join(k.DownloadDir, ".partial"))
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.NoError(t, os.RemoveAll(filepath.Join(k.DownloadDir, ".partial")))
	k.partial("again")
}

// What is downloaded into the share is shared once it is complete, without being read again.
func TestDownloadIntoShare(t *testing.T) {
	k := newKit(t, func(o *disk.Options) { o.DownloadDir = o.ShareDir })
	k.Watch(k.pid)
	k.expect()
	id := k.partial("content")
	other := k.file("other", k.ShareDir, "other")
	k.expect(other)
	m := k.keep(id, "film")
	require.NoError(t, m.Err)
	k.expect(other, shared(m.Path, "content"))
	require.EqualValues(t, 1, k.Hashed())
}
