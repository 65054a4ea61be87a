package disk_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/gateway/disk"
)

// edit runs Share, or Unshare where add is false.
func (k *kit) edit(add bool, paths []string, files ...p2p.FileID) *port.ShareEdited {
	k.Helper()
	if add {
		k.Share(paths, k.pid)
	} else {
		k.Unshare(paths, files, k.pid)
	}
	m := next[*port.ShareEdited](k)
	require.NoError(k, m.Err)
	return m
}

func TestShareMore(t *testing.T) {
	k := newKit(t)
	in := k.file("in", k.ShareDir, "in")
	dir := t.TempDir()
	a, b := k.file("a", dir, "music", "a"), k.file("b", dir, "music", "live", "b")
	lone := k.file("lone", dir, "lone")
	k.file("not this one", dir, "other")
	hidden := k.file("h", dir, ".config", "h")
	require.NoError(t, os.Symlink(filepath.Join(dir, "music"), filepath.Join(dir, "link")))
	k.Watch(k.pid)
	k.expect(in)
	music := filepath.Join(dir, "music")
	m := k.edit(true, []string{music, lone.Path, filepath.Join(dir, "nothing")})
	require.Equal(t, []string{music, lone.Path}, m.Paths)
	require.Equal(t, []string{filepath.Join(dir, "nothing")}, m.Unknown)
	k.expect(in, a, b, lone)
	lone = k.file("lonely", lone.Path) // changes are noticed there too
	k.file("nor that", dir, "sibling")
	c := k.file("c", music, "new", "c")
	k.expect(in, a, b, c, lone)
	k.edit(true, []string{filepath.Join(dir, "link"), filepath.Dir(hidden.Path)}) // named, so followed
	all := []port.SharedFile{in, a, b, c, lone, hidden}
	for _, f := range []port.SharedFile{a, b, c} {
		rel, err := filepath.Rel(music, f.Path)
		require.NoError(t, err)
		f.Path = filepath.Join(dir, "link", rel)
		all = append(all, f)
	}
	k.expect(all...)
	k.reopen()
	k.Watch(k.pid)
	k.expect(all...)
}

func TestUnshare(t *testing.T) {
	k := newKit(t)
	s := k.ShareDir
	a, twin := k.file("a", s, "a"), k.file("a", s, "sub", "twin")
	b, c := k.file("b", s, "sub", "b"), k.file("c", s, "sub", "deep", "c")
	extra := t.TempDir()
	d, e := k.file("d", extra, "d"), k.file("e", extra, "e")
	k.Watch(k.pid)
	k.edit(true, []string{extra})
	k.expect(a, twin, b, c, d, e)

	k.edit(false, []string{b.Path}) // a file
	k.expect(a, twin, c, d, e)
	deep := filepath.Dir(c.Path)
	k.edit(false, []string{deep, e.Path}) // a folder, and a file of an extra folder
	k.expect(a, twin, d)
	f := k.file("f", deep, "f") // what comes there later is not shared either
	m := k.edit(false, nil, a.File, p2p.FileID{7})
	require.ElementsMatch(t, []string{a.Path, twin.Path}, m.Paths)
	require.Equal(t, []string{p2p.FileID{7}.String()}, m.Unknown)
	k.expect(d)
	for _, x := range []port.SharedFile{a, twin, b, c, d, e, f} {
		require.FileExists(t, x.Path)
	}
	k.reopen()
	k.Watch(k.pid)
	k.expect(d)

	m = k.edit(false, []string{b.Path, "/etc", filepath.Join(s, "nothing")})
	require.Empty(t, m.Paths)
	require.Len(t, m.Unknown, 3)
	k.edit(false, []string{extra})
	k.expect()
	k.edit(true, []string{b.Path, c.Path}) // below a folder that stays excluded
	k.expect(b, c)
	k.edit(true, []string{deep})
	k.expect(b, c, f)
	k.edit(false, []string{s}) // everything
	k.expect()
	k.edit(true, []string{extra, s})
	k.expect(a, twin, b, c, d, e, f)
}

func TestUnshareWithoutWatching(t *testing.T) {
	k := newKit(t)
	a, b := k.file("a", k.ShareDir, "a"), k.file("b", k.ShareDir, "b")
	k.Watch(k.pid)
	k.expect(a, b)
	k.reopen()
	require.Equal(t, []string{a.Path}, k.edit(false, nil, a.File).Paths)
	k.Watch(k.pid)
	k.expect(b)
}

func TestRelativePaths(t *testing.T) {
	k := newKit(t)
	dir := t.TempDir()
	a := k.file("a", dir, "a")
	t.Chdir(dir)
	k.Watch(k.pid)
	require.Equal(t, []string{a.Path}, k.edit(true, []string{"./x/../a"}).Paths)
	k.expect(a)
}

// The node's own data never gets out, wherever it lies.
func TestOwnData(t *testing.T) {
	k := newKit(t, func(o *disk.Options) { o.DataDir = filepath.Join(o.ShareDir, "data") })
	a := k.file("a", k.ShareDir, "a")
	secret := k.file("secret", k.DataDir, "directory.db")
	k.Watch(k.pid)
	k.expect(a)
	k.Share([]string{a.Path, secret.Path}, k.pid)
	m := next[*port.ShareEdited](k)
	require.ErrorContains(t, m.Err, "own data")
	require.Empty(t, m.Paths)
	b := k.file("b", k.ShareDir, "b")
	k.expect(a, b)

	k = newKit(t, func(o *disk.Options) { o.ShareDir = filepath.Join(o.DataDir, "shared") })
	a = k.file("a", k.ShareDir, "a")
	k.Watch(k.pid)
	k.expect(a)

	o := k.Options
	o.ShareDir = o.DataDir
	_, err := disk.New(k.system, o)
	require.Error(t, err)
}

// What the user does not want to share must not be guessed.
func TestSharesUnreadable(t *testing.T) {
	k := newKit(t)
	k.Close()
	require.NoError(t, os.WriteFile(filepath.Join(k.DataDir, "shares.json"), []byte("{"), 0o600))
	_, err := disk.New(k.system, k.Options)
	require.ErrorContains(t, err, "shares.json")
	o := k.Options
	o.ShareDir = filepath.Join(k.DataDir, "shares.json", "x")
	_, err = disk.New(k.system, o)
	require.Error(t, err)
	_, err = disk.New(k.system, disk.Options{})
	require.Error(t, err)
}

// An edit that cannot be written down is not made.
func TestShareNotSaved(t *testing.T) {
	k := newKit(t)
	a := k.file("a", t.TempDir(), "a")
	k.Watch(k.pid)
	k.expect()
	require.NoError(t, os.RemoveAll(k.DataDir))
	k.Share([]string{a.Path}, k.pid)
	m := next[*port.ShareEdited](k)
	require.ErrorContains(t, m.Err, "shares.json")
	require.NoError(t, os.MkdirAll(k.DataDir, 0o755))
	b := k.file("b", k.ShareDir, "b")
	k.expect(b)
}
