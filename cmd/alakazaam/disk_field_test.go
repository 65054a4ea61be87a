//go:build linux

package main_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// These tests give the program disks that are full or cannot be written, for real.

// mounted gives a disk of some MiB in memory. That needs root.
func mounted(t *testing.T, mib int) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mib))
	if err == syscall.EPERM || err == syscall.EACCES {
		t.Skip("this user may not mount a small disk: ", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() {
		if syscall.Unmount(dir, 0) != nil {
			require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH))
		}
	})
	return dir
}

// ground is a supernode whose disk gives trouble, and what it has acknowledged.
type ground struct {
	*victim
	t     *testing.T
	ids   map[int]string // of the sessions, by host
	next  int            // number of the next file
	sure  int            // files that were acknowledged
	maybe int            // files that were not, of which some may have been kept before the others were refused
}

// settle starts a supernode that keeps its directory in data.
func settle(t *testing.T, host int, data string, args ...string) *ground {
	t.Helper()
	v := &victim{
		t: t, base: t.TempDir(), data: data, more: args,
		address: free(t, fmt.Sprintf("127.0.0.%d", host)), admin: free(t, "127.0.0.1"),
	}
	v.run()
	v.loaded()
	return &ground{victim: v, t: t, ids: make(map[int]string)}
}

// login logs a peer in, and gives the id that it got.
func (g *ground) login(host int) string {
	g.t.Helper()
	c := dialFrom(g.t, host, g.address).say("LOGI%s", written(fmt.Sprintf("127.0.0.%d", host), 4000)).hear("ALGI")
	defer c.Close()
	id := make([]byte, 16)
	_, err := readFull(c, id)
	require.NoError(g.t, err)
	if string(id) != noID {
		g.ids[host] = string(id)
	}
	return string(id)
}

// publish sends files of a peer until so many are acknowledged, or one is refused.
func (g *ground) publish(host, files int) (refused bool) {
	g.t.Helper()
	const burst = 250
	c := dialFrom(g.t, host, g.address)
	defer c.Close()
	for left := files; left > 0; left -= burst {
		var b strings.Builder
		for i := range burst {
			n := g.next + i
			fmt.Fprintf(&b, "ADFF%s%032x%-100s", g.ids[host], n+1, fmt.Sprintf("file %d.", n))
		}
		fmt.Fprintf(&b, "FIND%s%-20s", g.ids[host], "nothing")
		_, _ = io.WriteString(c, b.String()) // it may not be read to its end
		g.next += burst
		afin := make([]byte, 7)
		if _, err := readFull(c, afin); err != nil {
			g.maybe += burst
			return true
		}
		require.Equal(g.t, "AFIN000", string(afin))
		g.sure += burst
	}
	return false
}

// finds searches for one of the first files of a peer, which were acknowledged.
func (g *ground) finds(host, n int) {
	g.t.Helper()
	name := fmt.Sprintf("file %d.", n)
	dialFrom(g.t, host, g.address).say("FIND%s%-20s", g.ids[host], name).
		hear("AFIN001%s", hit(fmt.Sprintf("%032x", n+1), name, written(fmt.Sprintf("127.0.0.%d", host), 4000)))
}

func (g *ground) health() string {
	g.t.Helper()
	r, err := http.Get("http://" + g.admin + "/healthz")
	require.NoError(g.t, err)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	require.NoError(g.t, err)
	require.Equal(g.t, http.StatusOK, r.StatusCode)
	return strings.TrimSpace(string(b))
}

// refuses sees that a supernode that cannot keep anything says so to everybody, and goes on with what needs no disk.
func (g *ground) refuses(host, stranger int) {
	g.t.Helper()
	for range 30 {
		require.True(g.t, g.publish(host, 1))
		require.Equal(g.t, noID, g.login(stranger))
	}
	require.Contains(g.t, g.health(), "degraded: ")
	g.finds(host, 0)
	require.Equal(g.t, g.ids[host], g.login(host), "it needs nothing to be written")
	require.Less(g.t, strings.Count(g.text(), "\n"), 30, g.text())
	require.Equal(g.t, 1, strings.Count(g.text(), "new logins and publications are refused"), g.text())
}

// recovers sees that all is well again with nobody's help, and that nothing that was acknowledged is lost to a kill.
func (g *ground) recovers(host, stranger int) {
	g.t.Helper()
	require.Eventually(g.t, func() bool { return g.health() == "ok" }, 2*patience, 50*time.Millisecond, "%s", g.text())
	require.NotEqual(g.t, noID, g.login(stranger))
	require.False(g.t, g.publish(host, 1000))
	ids := []string{g.ids[host], g.ids[stranger]}
	require.Contains(g.t, g.text(), "the directory can be written again")
	g.signal(syscall.SIGKILL)
	g.exit()
	g.run()
	g.loaded()
	require.Equal(g.t, ids, []string{g.login(host), g.login(stranger)})
	for n := 0; n < 250; n += 10 {
		g.finds(host, n)
	}
	g.finds(host, g.next-1)
	files := g.holds().files
	require.LessOrEqual(g.t, g.sure, files)
	require.LessOrEqual(g.t, files, g.sure+g.maybe)
	require.NotContains(g.t, g.text(), "set aside")
	g.signal(syscall.SIGTERM)
	g.ended(syscall.SIGTERM)
}

// TestDiskFullUnderTheProgram has peers publish until the disk is full, with a reserve and without one, and makes room again.
func TestDiskFullUnderTheProgram(t *testing.T) {
	t.Parallel()
	for i, reserve := range []string{"3MiB", "0"} {
		t.Run("reserve "+reserve, func(t *testing.T) {
			t.Parallel()
			host, stranger := 150+2*i, 151+2*i
			disk := mounted(t, 24)
			g := settle(t, 90+i, filepath.Join(disk, "data"), "--store.reserve", reserve)
			require.NotEqual(t, noID, g.login(host))
			require.False(t, g.publish(host, 500))
			hog := filepath.Join(disk, "hog")
			var s syscall.Statfs_t
			require.NoError(t, syscall.Statfs(disk, &s))
			leave := map[string]int64{"3MiB": 3<<20 + 256<<10, "0": 256 << 10}[reserve]
			require.NoError(t, os.WriteFile(hog, make([]byte, int64(s.Bavail)*s.Bsize-leave), 0o600))
			require.True(t, g.publish(host, 40000), "the disk is full")
			g.refuses(host, stranger)
			require.NoError(t, os.Remove(hog))
			g.recovers(host, stranger)
		})
	}
}

// TestDirectoryBecomesUnwritable takes the right to write away from everybody, while the program has its files open: a
// file system that is remounted read-only does the same, but the system refuses that as long as somebody writes.
func TestDirectoryBecomesUnwritable(t *testing.T) {
	t.Parallel()
	host, stranger := 154, 155
	data := filepath.Join(t.TempDir(), "data")
	g := settle(t, 92, data)
	require.NotEqual(t, noID, g.login(host))
	require.False(t, g.publish(host, 500))
	freeze(t, filepath.Join(data, "directory"), true)
	g.refuses(host, stranger)
	freeze(t, filepath.Join(data, "directory"), false)
	g.recovers(host, stranger)
}

// freeze makes a folder and the files in it immutable, or changeable again.
func freeze(t *testing.T, dir string, yes bool) {
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for _, name := range append(names, dir) {
		err := immutable(name, yes)
		if err == unix.EPERM || err == unix.ENOTTY || err == unix.EOPNOTSUPP {
			t.Skip("files cannot be made immutable here: ", err)
		}
		require.NoError(t, err)
		if yes {
			t.Cleanup(func() { _ = immutable(name, false) })
		}
	}
}

func immutable(name string, yes bool) error {
	const flag = 0x10 // FS_IMMUTABLE_FL
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	flags, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return err
	}
	if flags &^= flag; yes {
		flags |= flag
	}
	return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flags)
}

// TestReadOnlyDataFolder: the program ends at once and says why, and what can be done.
func TestReadOnlyDataFolder(t *testing.T) {
	disk := mounted(t, 4)
	data := filepath.Join(disk, "data")
	require.NoError(t, os.Mkdir(data, 0o700))
	require.NoError(t, syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	p := start(t, "supernode", "--listen", "127.0.0.93:0", "--admin.listen", "", "--data_dir", data)
	require.Equal(t, 1, p.exit())
	require.Contains(t, lastLine(p.text()), "read-only file system; make it writable for this user, or name another folder with --data_dir DIR")
}

// TestDataFolderWithoutRights is the same for a user who may not write there.
func TestDataFolderWithoutRights(t *testing.T) {
	dir := t.TempDir()
	data, program := filepath.Join(dir, "data"), filepath.Join(dir, "alakazaam")
	require.NoError(t, os.Mkdir(data, 0o555))
	cmd := exec.Command(program, "supernode", "--listen", "127.0.0.94:0", "--admin.listen", "", "--data_dir", data,
		"--share_dir", filepath.Join(dir, "shared"), "--download_dir", filepath.Join(dir, "downloads"))
	if os.Geteuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) // the parent of all of the test's folders
		require.NoError(t, os.Chmod(dir, 0o777))
	}
	b, err := os.ReadFile(binary)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program, b, 0o755))
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 1, cmd.ProcessState.ExitCode(), "%s", out)
	require.Contains(t, lastLine(string(out)), "permission denied; make it writable for this user, or name another folder with --data_dir DIR")
}
