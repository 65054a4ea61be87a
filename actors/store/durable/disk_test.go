//go:build linux

package durable

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// tmpfs mounts a disk of some MiB for the test. That needs root.
func tmpfs(t *testing.T, mib int) string {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	dir := t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mib)))
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// puts makes a batch of n files of session 1 with names that cannot be compressed.
func puts(batch, n int) []port.Change {
	out := make([]port.Change, n)
	r := rand.NewChaCha8([32]byte{byte(batch >> 8), byte(batch)})
	for i := range out {
		name := make([]byte, p2p.NameLen)
		_, _ = r.Read(name)
		f := p2p.FileID{byte(batch >> 8), byte(batch), byte(i >> 8), byte(i), 15: 1}
		out[i] = port.Change{Op: port.OpPut, Session: session(1), File: f, Name: p2p.FileName(name)}
	}
	return out
}

// full is how a disk becomes full.
type full struct {
	name    string
	reserve int64
	sync    time.Duration
	leave   int64 // bytes that something else leaves when it takes the rest; 0: the directory fills the disk itself
}

// TestFullDisk fills a real disk, with a reserve and without one, until nothing can be written, and makes room again.
func TestFullDisk(t *testing.T) {
	for _, f := range []full{
		{"reserve", 6 << 20, 0, 0},
		{"no reserve", -1, 0, 0},
		{"no reserve, synced at times", -1, 3 * time.Millisecond, 0},
		{"taken away", -1, 0, 3 << 20},
		{"taken away, reserve", 1 << 20, 0, 2 << 20},
	} {
		t.Run(f.name, func(t *testing.T) { f.run(t) })
	}
}

func (f full) run(t *testing.T) {
	system := newSystem()
	defer system.Shutdown()
	c := newClient(t, system)
	mount := tmpfs(t, 16)
	ballast, other := filepath.Join(mount, "ballast"), filepath.Join(mount, "other")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 4<<20), 0o600))
	log := &lines{}
	o := Options{Dir: filepath.Join(mount, "directory"), Reserve: f.reserve, Sync: f.sync, MemTable: 1 << 20, Log: log.log()}
	s, _, err := Open(system, o)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.NoError(t, c.apply(s, fill(1)))
	kept := 2 + f.fill(t, c, s, other)
	t.Logf("%d kept, then: %v", kept, c.apply(s, puts(9999, 5000)))
	if f.reserve > 0 {
		require.ErrorIs(t, s.Err(), ErrNoSpace)
	}

	require.NoError(t, os.Remove(ballast))
	_ = os.Remove(other)
	require.Eventually(t, func() bool { return s.Err() == nil }, 30*time.Second, 10*time.Millisecond, "%s", log)
	require.NoError(t, c.apply(s, []port.Change{{Op: port.OpLogin, Session: session(2), Endpoint: endpoint(2)}}))
	all := c.all(s, port.Cursor{}, 1000)
	require.Equal(t, kept+1, len(all), "nothing is lost and nothing refused is there")
	require.NoError(t, s.Close())
	d, report := open(t, o)
	require.NoError(t, report.Damage)
	require.True(t, slices.Equal(all, dump(t, d)))
	require.NoError(t, d.close())
	if f.reserve > 1<<20 {
		require.NotContains(t, log.String(), "broke", "it was refused before it was tried")
	}
}

// fill writes until twenty batches have been refused and says how many files were kept.
func (f full) fill(t *testing.T, c *client, s port.Store, other string) (kept int) {
	for i, refused := 1, 0; refused < 20; i++ {
		if i == 8 && f.leave > 0 {
			hog(t, other, f.leave)
		}
		begun := time.Now()
		err := c.apply(s, puts(i, 1000))
		require.Less(t, time.Since(begun), 20*time.Second, "nobody waits for room")
		if err == nil {
			kept += 1000
			continue
		}
		require.ErrorIs(t, err, ErrNoSpace)
		refused++
	}
	return kept
}

// hog takes all space of a disk but some.
func hog(t *testing.T, name string, leave int64) {
	var s syscall.Statfs_t
	require.NoError(t, syscall.Statfs(filepath.Dir(name), &s))
	require.NoError(t, os.WriteFile(name, make([]byte, int64(s.Bavail)*s.Bsize-leave), 0o600))
}

// TestFullDiskAtStart: where there is no room even to open it, that is what the error says, and nothing is harmed.
func TestFullDiskAtStart(t *testing.T) {
	mount := tmpfs(t, 24)
	memory := vfs.NewCrashableMem()
	o := Options{Dir: "/data/directory", FS: memory, MemTable: 8 << 20, Reserve: -1}
	d, _ := open(t, o)
	require.NoError(t, d.apply(fill(5)))
	require.NoError(t, d.apply(puts(1, 20000)))
	killed := memory.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
	require.NoError(t, d.close())
	o.Dir, o.FS = filepath.Join(mount, "directory"), nil
	require.NoError(t, os.Mkdir(o.Dir, 0o700))
	for n, data := range contentsOf(t, killed, "/data/directory") {
		require.NoError(t, os.WriteFile(filepath.Join(o.Dir, n), []byte(data), 0o600))
	}
	hog(t, filepath.Join(mount, "hog"), 0)
	before := contentsOf(t, vfs.Default, o.Dir)
	_, _, err := openDirectory(o, current)
	require.ErrorIs(t, err, ErrNoSpace)
	r, err := Check(o)
	require.NoError(t, err, "looking at it needs no room")
	require.Equal(t, Report{Version: 1, Sessions: 5, Files: 20015}, r)
	for n, data := range before {
		if !strings.HasPrefix(n, optionsPrefix) {
			require.Equal(t, data, contentsOf(t, vfs.Default, o.Dir)[n], n)
		}
	}
	require.NoError(t, os.Remove(filepath.Join(mount, "hog")))
	d, report := open(t, o)
	require.NoError(t, report.Damage)
	require.Len(t, dump(t, d), 20020)
	require.NoError(t, d.close())
}

// TestReadOnlyFolder: a disk that cannot be written is no damage.
func TestReadOnlyFolder(t *testing.T) {
	mount := tmpfs(t, 16)
	remount := func(how uintptr) { require.NoError(t, syscall.Mount("", mount, "", syscall.MS_REMOUNT|how, "")) }
	log := &lines{}
	o := Options{Dir: filepath.Join(mount, "directory"), Reserve: -1, MemTable: 1 << 20, Log: log.log()}
	d, _ := open(t, o)
	require.NoError(t, d.apply(fill(5)))
	require.NoError(t, d.close())
	remount(syscall.MS_RDONLY)
	_, _, err := openDirectory(o, current)
	require.ErrorIs(t, err, ErrUnwritable)
	require.ErrorContains(t, err, "read-only file system")
	o.Dir = filepath.Join(mount, "new")
	_, _, err = openDirectory(o, current)
	require.ErrorIs(t, err, ErrUnwritable)
	remount(0)
	require.Equal(t, "", strings.TrimSpace(log.String()))
}

// TestFolderWithoutRights: the same for a user who may not write.
func TestFolderWithoutRights(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o500))
	_, _, err := openDirectory(Options{Dir: filepath.Join(dir, "directory")}, current)
	require.ErrorIs(t, err, ErrUnwritable)
}
