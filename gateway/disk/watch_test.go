package disk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/gateway/disk"
)

func contains(s, text string) bool { return strings.Contains(s, text) }

func TestFirstLook(t *testing.T) {
	k := newKit(t)
	s := k.ShareDir
	a, b, c := k.file("alpha", s, "a.txt"), k.file("beta", s, "sub", "deep", "b.txt"), k.file("", s, "empty")
	twin := k.file("alpha", s, "sub", "twin")
	k.file("x", s, ".hidden")
	k.file("x", s, ".hiddendir", "file")
	k.file("x", s, "on its way.part")
	k.file("x", s, "   ")
	require.NoError(t, syscall.Mkfifo(filepath.Join(s, "pipe"), 0o600))
	outside := k.file("linked", t.TempDir(), "target")
	require.NoError(t, os.Symlink(outside.Path, filepath.Join(s, "link")))
	require.NoError(t, os.Symlink("/nowhere", filepath.Join(s, "broken")))
	require.NoError(t, os.Symlink(s, filepath.Join(s, "sub", "loop")))
	require.NoError(t, os.Symlink("self", filepath.Join(s, "self")))
	secret := k.file("secret", k.DataDir, "directory.db")
	require.NoError(t, os.Symlink(secret.Path, filepath.Join(s, "secret")))
	for _, f := range []port.SharedFile{a, b, c, twin, outside} {
		require.NoError(t, os.Chtimes(f.Path, time.Time{}, time.Now().Add(-time.Minute))) // long at rest
	}
	k.Watch(k.pid)
	k.expect(a, b, c, twin, shared(filepath.Join(s, "link"), "linked"))
	require.EqualValues(t, 5, k.Hashed())
	require.True(t, k.logged("not a file name"))
	var order []string
	for _, m := range k.changes {
		for _, f := range m.Found {
			order = append(order, f.Path)
		}
	}
	require.True(t, slices.IsSorted(order), "%q", order)
}

func TestEmptyShare(t *testing.T) {
	k := newKit(t)
	k.Watch(k.pid)
	require.Equal(t, port.ShareProgress{}, *next[*port.ShareProgress](k))
	require.DirExists(t, k.ShareDir)
}

func TestChanges(t *testing.T) {
	k := newKit(t)
	s := k.ShareDir
	a, b := k.file("alpha", s, "a"), k.file("beta", s, "b")
	k.Watch(k.pid)
	k.expect(a, b)

	c := k.file("gamma", s, "c") // new
	k.expect(a, b, c)
	k.changes = nil
	a = k.file("ALPHA!", s, "a") // changed
	k.expect(a, b, c)
	require.Len(t, k.changes, 1)
	require.Len(t, k.changes[0].Gone, 1)
	require.Len(t, k.changes[0].Found, 1)
	hashed := k.Hashed()
	require.NoError(t, os.Rename(b.Path, filepath.Join(s, "d"))) // renamed
	d := shared(filepath.Join(s, "d"), "beta")
	k.expect(a, c, d)
	require.Equal(t, hashed, k.Hashed(), "a file that is only renamed is not read again")
	require.NoError(t, os.Rename(d.Path, c.Path)) // one over another
	c = shared(c.Path, "beta")
	k.expect(a, c)
	require.NoError(t, os.Remove(a.Path)) // removed
	k.expect(c)
	now := time.Now()
	k.changes = nil
	require.NoError(t, os.Chtimes(c.Path, now, now.Add(-time.Hour))) // touched: nothing to tell
	e := k.file("epsilon", s, "e")
	k.expect(c, e)
	require.Len(t, k.changes, 1)
	k.file("x", s, ".e.tmp")
	require.NoError(t, os.Rename(filepath.Join(s, ".e.tmp"), e.Path)) // as careful programs save
	k.expect(c, shared(e.Path, "x"))
}

func TestFolders(t *testing.T) {
	k := newKit(t)
	s := k.ShareDir
	k.Watch(k.pid)
	k.expect()
	a := k.file("a", s, "x", "y", "a")
	k.expect(a)
	b := k.file("b", s, "x", "y", "z", "b")
	k.expect(a, b)
	require.NoError(t, os.Rename(filepath.Join(s, "x"), filepath.Join(s, "w")))
	a, b = shared(filepath.Join(s, "w", "y", "a"), "a"), shared(filepath.Join(s, "w", "y", "z", "b"), "b")
	k.expect(a, b)
	c := k.file("c", s, "w", "y", "c") // the renamed folder is watched under its new name
	k.expect(a, b, c)
	elsewhere := filepath.Join(t.TempDir(), "w")
	require.NoError(t, os.Rename(filepath.Join(s, "w"), elsewhere))
	k.expect()
	k.file("d", elsewhere, "y", "d") // no longer ours
	require.NoError(t, os.Rename(elsewhere, filepath.Join(s, "v")))
	v := filepath.Join(s, "v", "y")
	all := []port.SharedFile{
		shared(filepath.Join(v, "a"), "a"), shared(filepath.Join(v, "z", "b"), "b"),
		shared(filepath.Join(v, "c"), "c"), shared(filepath.Join(v, "d"), "d"),
	}
	k.expect(all...)
	require.NoError(t, os.RemoveAll(filepath.Join(s, "v")))
	k.expect()
	require.NoError(t, os.RemoveAll(s)) // the share folder itself
	f := k.file("f", s, "f")
	k.expect(f)
}

// A file that is being written is published once it rests, and only then.
func TestHalfCopied(t *testing.T) {
	k := newKit(t, func(o *disk.Options) { o.Quiet = 400 * time.Millisecond })
	k.Watch(k.pid)
	k.expect()
	path := filepath.Join(k.ShareDir, "big")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	content := ""
	for i := range 15 {
		piece := fmt.Sprint("piece ", i)
		content += piece
		_, err = f.WriteString(piece)
		require.NoError(t, err)
		k.take(20 * time.Millisecond)
	}
	k.expect(shared(path, content))
	require.Len(t, k.changes, 1)
	// The same for a file that is there already, at the first look.
	_, err = f.WriteString("more")
	require.NoError(t, err)
	k.shared = map[string]port.SharedFile{}
	k.Watch(k.pid)
	begin := time.Now()
	k.expect(shared(path, content+"more"))
	require.Greater(t, time.Since(begin), 100*time.Millisecond)
}

func TestCache(t *testing.T) {
	k := newKit(t)
	a, b := k.file("alpha", k.ShareDir, "a"), k.file("beta", k.ShareDir, `odd "name"`+"\n\xff")
	k.Watch(k.pid)
	k.expect(a, b)
	require.EqualValues(t, 2, k.Hashed())
	k.shared = map[string]port.SharedFile{}
	k.Watch(k.pid) // as a restarted owner does
	k.expect(a, b)
	require.EqualValues(t, 2, k.Hashed())
	k.reopen()
	k.Watch(k.pid)
	k.expect(a, b)
	require.Zero(t, k.Hashed())
	// A file with another modification time is read again.
	now := time.Now()
	require.NoError(t, os.Chtimes(a.Path, now, now.Add(-time.Hour)))
	k.reopen()
	k.Watch(k.pid)
	k.expect(a, b)
	require.EqualValues(t, 1, k.Hashed())
	// A cache that was damaged is left alone.
	path := filepath.Join(k.DataDir, "hashes")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, bad := range []string{"", "garbage", string(text[:len(text)-20]), strings.Replace(string(text), a.File.String(), b.File.String(), 1)} {
		k.Close()
		require.NoError(t, os.WriteFile(path, []byte(bad), 0o600))
		k.log.Reset()
		k.reopen()
		require.True(t, k.logged("hash cache ignored"))
		k.Watch(k.pid)
		k.expect(a, b)
		require.EqualValues(t, 2, k.Hashed())
	}
}

func TestManySmallFiles(t *testing.T) {
	k := newKit(t)
	var want []port.SharedFile
	for i := range 2000 {
		want = append(want, k.file(fmt.Sprint(i), k.ShareDir, fmt.Sprint(i%10), fmt.Sprint(i)))
	}
	k.Watch(k.pid)
	k.expect(want...)
	require.Less(t, len(k.changes), 200, "batches")
	k.changes = nil
	require.NoError(t, os.RemoveAll(k.ShareDir))
	k.expect()
	require.Less(t, len(k.changes), 200, "batches")
	for _, f := range want {
		k.file(strings.TrimPrefix(string(f.Name), "./"), filepath.Dir(f.Path), string(f.Name))
	}
	k.expect(want...)
}

func TestProgress(t *testing.T) {
	k := newKit(t, func(o *disk.Options) { o.Progress = time.Millisecond })
	var want []port.SharedFile
	big := strings.Repeat("0123456789abcdef", 1<<18) // 4 MiB
	for i := range 10 {
		want = append(want, k.file(big+fmt.Sprint(i), k.ShareDir, fmt.Sprint(i)))
	}
	k.Watch(k.pid)
	k.expect(want...)
	require.Greater(t, len(k.progress), 5)
	for i, p := range k.progress {
		require.Equal(t, 10, p.TotalFiles)
		require.LessOrEqual(t, p.Bytes, p.TotalBytes)
		if i > 0 {
			require.GreaterOrEqual(t, p.Files, k.progress[i-1].Files)
			require.GreaterOrEqual(t, p.Bytes, k.progress[i-1].Bytes)
		}
	}
}

// What the system does not report is found by looking again.
func TestRescan(t *testing.T) {
	k := newKit(t, func(o *disk.Options) { o.Rescan = 50 * time.Millisecond })
	target := k.file("before", t.TempDir(), "target")
	require.NoError(t, os.MkdirAll(k.ShareDir, 0o755))
	link := filepath.Join(k.ShareDir, "link")
	require.NoError(t, os.Symlink(target.Path, link))
	k.Watch(k.pid)
	k.expect(shared(link, "before"))
	k.file("after", target.Path)
	k.expect(shared(link, "after"))
	require.NoError(t, os.Remove(target.Path))
	k.expect()
}

func TestStopWatching(t *testing.T) {
	k := newKit(t)
	a := k.file("a", k.ShareDir, "a")
	k.Watch(k.pid)
	k.expect(a)
	k.StopWatching()
	b := k.file("b", k.ShareDir, "b")
	// Share edits go on working; their answer also says that the librarian is past StopWatching.
	k.Share([]string{b.Path}, k.pid)
	require.Equal(t, []string{b.Path}, next[*port.ShareEdited](k).Paths)
	_, ok := k.take(100 * time.Millisecond)
	require.False(t, ok)
	k.shared = map[string]port.SharedFile{}
	k.Watch(k.pid)
	k.expect(a, b)
	k.Close()
	k.Close()
	k.Watch(k.pid)
	k.Share([]string{"x"}, k.pid)
	require.ErrorIs(t, next[*port.ShareEdited](k).Err, os.ErrClosed)
	k.Keep(p2p.FileID{}, "x", k.pid)
	require.ErrorIs(t, next[*port.Kept](k).Err, os.ErrClosed)
	k.Discard(p2p.FileID{})
}
