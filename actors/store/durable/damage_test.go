package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// sample is a directory with tables, a log and a manifest of some length. Killed, its log holds the last changes; else
// it has been closed.
func sample(t *testing.T, killed bool) (*vfs.MemFS, []port.Change) {
	disk := vfs.NewCrashableMem()
	d, _ := open(t, small(disk))
	r := rand.New(rand.NewPCG(1, 1))
	for range 40 {
		require.NoError(t, d.apply(draw(r, 60)))
	}
	require.NoError(t, d.apply([]port.Change{{Op: port.OpLogin, Session: session(99), Endpoint: endpoint(99)}}))
	all := dump(t, d)
	left := disk
	if killed {
		left = disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: r})
	}
	require.NoError(t, d.close())
	return left, all
}

// kinds are the files of a directory by what they are.
func kinds(t *testing.T, disk vfs.FS, dir string) map[string][]string {
	names, err := disk.List(dir)
	require.NoError(t, err)
	slices.Sort(names)
	out := make(map[string][]string)
	for _, n := range names {
		kind := strings.TrimLeft(filepath.Ext(n), ".")
		for _, prefix := range []string{manifestPrefix, optionsPrefix, markerPrefix, manifestNote, logNote, "LOCK"} {
			if strings.HasPrefix(n, prefix) {
				kind = prefix
			}
		}
		out[kind] = append(out[kind], n)
	}
	out["sst"] = live(t, disk, dir) // there may be others, which nobody will miss
	return out
}

// live are the tables that the directory consists of.
func live(t *testing.T, disk vfs.FS, dir string) (out []string) {
	err := offline(Options{Dir: dir, FS: disk}, func(d *directory) error {
		return d.look(func(e *engine) error {
			levels, err := e.db.SSTables()
			for _, tables := range levels {
				for _, table := range tables {
					out = append(out, table.BackingSSTNum.String()+tableSuffix)
				}
			}
			return err
		})
	})
	require.NoError(t, err)
	return out
}

// TestDamage flips bytes everywhere. Either nothing was lost, or what there was is set aside, untouched, and said so.
func TestDamage(t *testing.T) {
	for _, killed := range []bool{false, true} {
		disk, all := sample(t, killed)
		for kind, names := range kinds(t, disk, "/data/directory") {
			name := "/data/directory/" + names[len(names)-1]
			t.Run(fmt.Sprintf("%s killed %v", kind, killed), func(t *testing.T) {
				size, unharmed, aside := len(readFile(t, disk, name)), 0, 0
				for i := range 60 {
					if size == 0 {
						continue
					}
					at, wide, how := i*size/60, 1+i%3*200, byte(1)<<(i%8)
					harmed := vfs.NewMem()
					copyTree(t, disk, harmed, "/data/directory")
					data := readFile(t, disk, name)
					for j := at; j < min(at+wide, size); j++ {
						data[j] ^= how
					}
					write(t, harmed, name, data)
					if look(t, harmed, name, all, data) {
						unharmed++
					} else {
						aside++
					}
				}
				t.Logf("%d unharmed, %d set aside", unharmed, aside)
				switch kind {
				case manifestPrefix, "sst":
					require.Greater(t, aside, 50)
				case optionsPrefix, manifestNote, logNote:
					require.Zero(t, aside)
				}
			})
		}
	}
}

// look opens a harmed directory and says whether all is there.
func look(t *testing.T, harmed *vfs.MemFS, name string, all []port.Change, data []byte) bool {
	log := &lines{}
	o := small(harmed)
	o.Log = log.log()
	d, report := open(t, o)
	got := dump(t, d)
	require.NoError(t, d.apply(fill(1)), "it goes on")
	require.NoError(t, d.close())
	if report.Damage == nil {
		require.True(t, slices.Equal(all, got), "nothing is lost without a word: %d of %d left", len(got), len(all))
		return true
	}
	require.Empty(t, got)
	require.ErrorIs(t, report.Damage, ErrDamaged)
	require.True(t, strings.HasPrefix(report.SetAside, o.Dir+".damaged-20"), report.SetAside)
	require.Contains(t, log.String(), "the directory is damaged: it is set aside and begun anew")
	require.Contains(t, log.String(), report.SetAside)
	require.True(t, bytes.Equal(data, readFile(t, harmed, harmed.PathJoin(report.SetAside, filepath.Base(name)))))
	return false
}

// TestMissingFiles: a table or the manifest that is gone is damage as well.
func TestMissingFiles(t *testing.T) {
	disk, _ := sample(t, true)
	for kind, names := range kinds(t, disk, "/data/directory") {
		harmed := vfs.NewMem()
		copyTree(t, disk, harmed, "/data/directory")
		for _, n := range names {
			require.NoError(t, harmed.Remove("/data/directory/"+n))
		}
		d, report := open(t, small(harmed))
		require.NoError(t, d.close())
		switch kind {
		case manifestPrefix, "sst", markerPrefix:
			require.ErrorIs(t, report.Damage, ErrDamaged, kind)
		case optionsPrefix, manifestNote, logNote, "LOCK":
			require.NoError(t, report.Damage, kind)
		}
	}
}

// spoil writes zeros over all tables of a directory that is open.
func spoil(t *testing.T, dir string) {
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	require.NoError(t, err)
	for _, path := range tables {
		info, err := os.Stat(path)
		if os.IsNotExist(err) {
			continue // merged into another
		}
		require.NoError(t, err)
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		_, err = f.Write(make([]byte, info.Size()))
		require.NoError(t, errors.Join(err, f.Close()))
	}
}

// TestDamagedInUse: damage that shows while the directory is open ends its use and leaves it as it is.
func TestDamagedInUse(t *testing.T) {
	system := newSystem()
	defer system.Shutdown()
	c := newClient(t, system)
	memory, _ := sample(t, false)
	o := small(vfs.Default)
	o.Dir = filepath.Join(t.TempDir(), "directory")
	require.NoError(t, os.Mkdir(o.Dir, 0o700))
	for n, data := range contentsOf(t, memory, "/data/directory") {
		require.NoError(t, os.WriteFile(filepath.Join(o.Dir, n), []byte(data), 0o600))
	}
	told := make(chan error, 2)
	o.Damaged = func(err error) { told <- err }
	o.Cache = 1
	s, _, err := Open(system, o)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		spoil(t, o.Dir) // again: tables may be merged into new ones meanwhile
		m := c.load(s, port.Cursor{}, 1000)
		return m.Err != nil
	}, 30e9, 1e6)
	require.ErrorIs(t, <-told, ErrDamaged)
	require.ErrorIs(t, c.apply(s, fill(1)), ErrDamaged)
	require.ErrorIs(t, s.Err(), ErrDamaged)
	require.NoError(t, s.Close())
	require.Empty(t, told, "once")
	d, report := open(t, o)
	require.ErrorIs(t, report.Damage, ErrDamaged)
	require.NoError(t, d.close())
}

// TestNewer: what a newer program wrote is not touched.
func TestNewer(t *testing.T) {
	newer := schema{version: 7, steps: nil}
	disk := vfs.NewMem()
	o := small(disk)
	d, _, err := openDirectory(o, newer)
	require.NoError(t, err)
	require.NoError(t, d.apply(fill(3)))
	require.NoError(t, d.close())
	before := contentsOf(t, disk, o.Dir)
	_, _, err = openDirectory(o, current)
	require.ErrorIs(t, err, ErrNewer)
	require.ErrorContains(t, err, "it has version 7 of the layout, and this program knows 1")
	require.Equal(t, before, contentsOf(t, disk, o.Dir))
	_, err = Check(o)
	require.ErrorIs(t, err, ErrNewer)

	for _, n := range kinds(t, disk, o.Dir)[markerPrefix] {
		if to, ok := strings.CutSuffix(n, fmt.Sprintf(".%03d", format)); ok {
			require.NoError(t, disk.Rename(o.Dir+"/"+n, o.Dir+"/"+to+".999"))
		}
	}
	before = contentsOf(t, disk, o.Dir)
	_, _, err = openDirectory(o, current)
	require.ErrorIs(t, err, ErrNewer)
	require.ErrorContains(t, err, "version 999 of Pebble's format, and this program knows 13 to")
	require.Equal(t, before, contentsOf(t, disk, o.Dir))
}

func contentsOf(t *testing.T, disk vfs.FS, dir string) map[string]string {
	out := make(map[string]string)
	names, err := disk.List(dir)
	require.NoError(t, err)
	for _, n := range names {
		out[n] = string(readFile(t, disk, disk.PathJoin(dir, n)))
	}
	return out
}

// TestMigration goes from a version 1 that wrote names in capitals through 2 to 3, and is cut off in between.
func TestMigration(t *testing.T) {
	rename := func(f func(string) string) func(pebble.Reader, *pebble.Batch) error {
		return func(r pebble.Reader, b *pebble.Batch) error {
			return scan(r, func(c port.Change) error {
				if c.Op != port.OpPut {
					return nil
				}
				return b.Set(fileKey(c.Session, c.File), []byte(f(string(c.Name))), nil)
			})
		}
	}
	three := schema{version: 3, steps: map[int]func(pebble.Reader, *pebble.Batch) error{
		1: rename(strings.ToLower), 2: rename(func(s string) string { return s + ".mp3" }),
	}}
	disk := vfs.NewCrashableMem()
	o := small(disk)
	d, _ := open(t, o)
	require.NoError(t, d.apply([]port.Change{
		{Op: port.OpLogin, Session: session(1), Endpoint: endpoint(1)},
		{Op: port.OpPut, Session: session(1), File: p2p.FileID{1}, Name: "SONG"},
	}))
	require.NoError(t, d.close())
	_, _, err := openDirectory(o, schema{version: 3})
	require.ErrorContains(t, err, "the directory has version 1 of the layout, from which this program knows no way to 3")

	var mu sync.Mutex // Pebble works in the background as well
	var cuts []*vfs.MemFS
	cutting := o
	cutting.FS = &hookFS{FS: disk, before: func(string, string) error {
		mu.Lock()
		defer mu.Unlock()
		cuts = append(cuts, disk.CrashClone(vfs.CrashCloneCfg{}))
		return nil
	}}
	d, report, err := openDirectory(cutting, three)
	require.NoError(t, err)
	require.Equal(t, 1, report.From)
	require.Equal(t, [2]int{1, 1}, [2]int{report.Sessions, report.Files})
	require.Equal(t, p2p.FileName("song.mp3"), dump(t, d)[1].Name)
	require.NoError(t, d.close())
	require.Greater(t, len(cuts), 10)
	for _, cut := range cuts {
		o.FS = cut
		d, report, err := openDirectory(o, three)
		require.NoError(t, err)
		require.NoError(t, report.Damage)
		require.Equal(t, p2p.FileName("song.mp3"), dump(t, d)[1].Name)
		require.NoError(t, d.close())
	}
	_, _, err = openDirectory(o, current)
	require.ErrorIs(t, err, ErrNewer)
}

// TestForeign: a folder with somebody else's database is neither used nor harmed.
func TestForeign(t *testing.T) {
	disk := vfs.NewMem()
	require.NoError(t, disk.MkdirAll("/data/directory", 0o755))
	db, err := pebble.Open("/data/directory", &pebble.Options{FS: disk, Logger: &logger{by: newBreaker(disk)}})
	require.NoError(t, err)
	require.NoError(t, db.Set([]byte("theirs"), []byte("1"), pebble.Sync))
	require.NoError(t, db.Close())
	d, report := open(t, small(disk))
	require.ErrorIs(t, report.Damage, ErrDamaged)
	require.NoError(t, d.close())
	_, err = disk.Stat(report.SetAside)
	require.NoError(t, err)
	_, err = Check(Options{Dir: "/data/nothing", FS: disk})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// TestRemovedInUse: a directory that somebody deletes while it is open is not begun anew behind the node's back.
func TestRemovedInUse(t *testing.T) {
	for _, whole := range []bool{true, false} {
		var told error
		o := small(vfs.Default)
		o.Dir = filepath.Join(t.TempDir(), "directory")
		o.Damaged = func(err error) { told = err }
		d, _ := open(t, o)
		r := rand.New(rand.NewPCG(1, 1))
		require.NoError(t, d.apply(fill(4)))
		names, err := os.ReadDir(o.Dir)
		require.NoError(t, err)
		for _, n := range names {
			require.NoError(t, os.Remove(filepath.Join(o.Dir, n.Name())))
		}
		if whole {
			require.NoError(t, os.Remove(o.Dir))
		}
		for i := 0; i < 1000 && told == nil; i++ {
			_ = d.apply(draw(r, 300))
		}
		require.ErrorIs(t, told, ErrDamaged)
		require.ErrorIs(t, d.apply(fill(1)), ErrDamaged)
		require.NoError(t, d.close())
	}
}
