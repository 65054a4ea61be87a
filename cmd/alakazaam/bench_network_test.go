package main_test

import (
	"crypto/md5"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// BenchmarkIdle opens connections from many addresses, each of which has logged a peer in once, and reports what each costs
// and how fast a login on one of them is answered. SCALE=full has fifty thousand, for which the limit of open files must
// allow it, or be lifted by root.
func BenchmarkIdle(b *testing.B) {
	sizes := []int{1000, 10_000}
	if os.Getenv("SCALE") == "full" {
		sizes = append(sizes, 50_000)
	}
	for _, n := range sizes {
		b.Run(fmt.Sprintf("connections=%d", n), func(b *testing.B) { idle(b, n) })
	}
}

func idle(b *testing.B, connections int) {
	needDescriptors(b, uint64(connections)+1000)
	n := benchNode(b, b.TempDir(), "--limits.connections", "0", "--limits.sessions", "0", "--limits.addresses", "100000")
	n.waitFor("listening")
	before := n.settledMemory()
	all := make([]*benchPeer, connections)
	require.NoError(b, crowd(connections, 50, func(i int) (err error) {
		all[i], err = loginAt(n.address, i%(connections/10)) // ten of each peer
		return err
	}))
	b.Cleanup(func() {
		for _, p := range all {
			p.conn.Close()
		}
	})
	each := float64(n.settledMemory()-before) / float64(connections)
	var took []time.Duration
	login := func() {
		p, began := all[len(took)*7919%connections], time.Now()
		require.NoError(b, p.again())
		took = append(took, time.Since(began))
	}
	for b.Loop() {
		login()
	}
	for len(took) < 1000 {
		login()
	}
	quantiles(b, took)
	b.ReportMetric(each, "B/connection")
}

// again logs a peer in on its connection.
func (p *benchPeer) again() error {
	host, _, err := net.SplitHostPort(p.conn.LocalAddr().String())
	if err == nil {
		_, err = io.WriteString(p.conn, "LOGI"+written(host, 4000))
	}
	if err == nil {
		_, err = io.ReadFull(p.in, make([]byte, 20))
	}
	return err
}

// needDescriptors lets this process, and those that it starts, open so many files.
func needDescriptors(b *testing.B, n uint64) {
	b.Helper()
	var was unix.Rlimit
	require.NoError(b, unix.Getrlimit(unix.RLIMIT_NOFILE, &was))
	if was.Cur >= n {
		return
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: max(n, was.Max)}); err != nil {
		b.Skipf("%d files cannot be open at once here: %v", n, err)
	}
}

// BenchmarkChain searches at one end of a chain of supernodes with links for what the other end shares.
func BenchmarkChain(b *testing.B) {
	for _, nodes := range []int{2, 5, 8} {
		b.Run(fmt.Sprintf("supernodes=%d", nodes), func(b *testing.B) {
			o := build(b, 40+nodes, chainOf(nodes), overlayConfig, tunes)
			o.searched(b, 0, nodes-1)
		})
	}
}

// BenchmarkNeighbors searches at a supernode for what one of its neighbors shares. SCALE=full has fifty of them, as processes.
func BenchmarkNeighbors(b *testing.B) {
	sizes := []int{3, 10}
	if os.Getenv("SCALE") == "full" {
		sizes = append(sizes, 50)
	}
	for i, n := range sizes {
		b.Run(fmt.Sprintf("neighbors=%d", n), func(b *testing.B) {
			o := build(b, 60+i, starOf(n+1), overlayConfig, tunes)
			o.searched(b, 0, n)
		})
	}
}

// searched measures searches at one member for a file of another, and the QUERs that they cost.
func (o *overlay) searched(b *testing.B, from, of int) {
	p, err := loginAt(o.members[from].address, 0)
	require.NoError(b, err)
	defer p.conn.Close()
	before := o.settled()["QUER out"]
	var took []time.Duration
	search := func() {
		began := time.Now()
		found, err := p.find(strings.TrimSuffix(tunes(of)[0], ".mp3"))
		took = append(took, time.Since(began))
		require.NoError(b, err)
		require.Equal(b, 1, found)
	}
	for b.Loop() {
		search()
	}
	for len(took) < 200 {
		search()
	}
	quantiles(b, took)
	b.ReportMetric(float64(o.settled()["QUER out"]-before)/float64(len(took)), "QUERs/search")
}

// bigFile is the length of the files that are fetched: BIGFILE MiB, a GiB without it.
func bigFile() int64 {
	n, err := strconv.ParseInt(os.Getenv("BIGFILE"), 10, 64)
	if err != nil {
		n = 1024
	}
	return n << 20
}

// sharing starts a supernode that shares a big file, and gives the file's path and MD5, too.
func sharing(b *testing.B, size int64) (n *node, path, sum string) {
	dir := b.TempDir()
	path = filepath.Join(dir, "shared", "big.bin")
	require.NoError(b, os.MkdirAll(filepath.Dir(path), 0o700))
	f, err := os.Create(path)
	require.NoError(b, err)
	hash, piece := md5.New(), []byte(noise(1<<20))
	for range size >> 20 {
		_, err = io.MultiWriter(f, hash).Write(piece)
		require.NoError(b, err)
	}
	require.NoError(b, f.Close())
	n = benchNode(b, dir)
	n.waitFor("everything shared has been looked through")
	return n, path, fmt.Sprintf("%x", hash.Sum(nil))
}

// BenchmarkRetr fetches a big file from the program in the chunks of 4,096 bytes of the protocol, in turns with a bare server
// that sends the file with sendfile.
func BenchmarkRetr(b *testing.B) {
	size := bigFile()
	n, path, sum := sharing(b, size)
	bare := bareFiles(b, path)
	fetch := func(at, ask string, want int64) time.Duration {
		began := time.Now()
		c, err := dialAs("127.9.9.9", at)
		require.NoError(b, err)
		defer c.Close()
		_, err = io.WriteString(c, ask)
		require.NoError(b, err)
		got, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, io.LimitReader(c, want), make([]byte, 256<<10))
		require.NoError(b, err)
		require.Equal(b, want, got)
		return time.Since(began)
	}
	var ours, theirs time.Duration
	for b.Loop() {
		ours += fetch(n.address, "RETR"+sum, 10+size+5*((size+4095)/4096))
		theirs += fetch(bare, "x", size)
	}
	b.ReportMetric(float64(b.N)*float64(size)/1e6/ours.Seconds(), "MB/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
}

// bareFiles gives a file to whoever sends a byte.
func bareFiles(b *testing.B, path string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				if f, err := os.Open(path); err == nil {
					defer f.Close()
					if _, err := c.Read(make([]byte, 1)); err == nil {
						_, _ = io.Copy(c, f)
					}
				}
			})
		}
	})
	b.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return l.Addr().String()
}

// BenchmarkGet downloads a big file with the program, which checks its MD5 and writes it to the disk, in turns with curl from
// nginx through tee and md5sum.
func BenchmarkGet(b *testing.B) {
	for _, tool := range []string{"nginx", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			b.Skipf("%s is not here to be compared with: apt-get install nginx-light curl", tool)
		}
	}
	size := bigFile()
	n, path, sum := sharing(b, size)
	url, to := nginx(b, path), b.TempDir()
	var ours, theirs time.Duration
	for b.Loop() {
		unix.Sync() // neither pays for what the other has left
		began := time.Now()
		got := do(b, "", "get", sum, "--from", n.address, "--supernode", n.address, "--listen", free(b, "127.9.9.9"), "--download_dir", to)
		ours += time.Since(began)
		require.Zero(b, got.code, got.err)
		target := filepath.Join(to, sum) // nobody has said its name
		info, err := os.Stat(target)
		require.NoError(b, err)
		require.Equal(b, size, info.Size())
		require.NoError(b, os.Remove(target))

		target = filepath.Join(to, "theirs")
		unix.Sync()
		began = time.Now()
		out, err := exec.Command("bash", "-c", `curl -sf "$0" | tee "$1" | md5sum && sync "$1"`, url, target).Output()
		theirs += time.Since(began)
		require.NoError(b, err)
		require.Contains(b, string(out), sum)
		require.NoError(b, os.Remove(target))
	}
	b.ReportMetric(float64(b.N)*float64(size)/1e6/ours.Seconds(), "MB/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
}

// nginx serves a file, and gives its URL.
func nginx(b *testing.B, path string) string {
	dir, at := b.TempDir(), free(b, "127.0.0.1")
	config := fmt.Sprintf(`user root;
daemon off;
pid %[1]s/pid;
error_log stderr;
events {}
http { access_log off; sendfile on; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s;
uwsgi_temp_path %[1]s; scgi_temp_path %[1]s; server { listen %[2]s; root %[3]s; } }
`, dir, at, filepath.Dir(path))
	file := filepath.Join(dir, "nginx.conf")
	require.NoError(b, os.WriteFile(file, []byte(config), 0o600))
	cmd := exec.Command("nginx", "-c", file, "-e", filepath.Join(dir, "log"))
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	require.Eventually(b, func() bool {
		c, err := net.Dial("tcp", at)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, patience, 20*time.Millisecond)
	return "http://" + at + "/" + filepath.Base(path)
}
