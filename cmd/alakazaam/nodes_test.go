package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// node is a node that runs as a process of its own, with a folder of its own.
type node struct {
	*process
	dir, address, admin string
}

// runNode starts a node at an address with these files shared, and waits until it serves them.
func runNode(t *testing.T, role, ip string, files map[string]string, args ...string) *node {
	t.Helper()
	n := &node{dir: t.TempDir(), address: free(t, ip), admin: free(t, "127.0.0.1")}
	for name, content := range files {
		path := filepath.Join(n.dir, "shared", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	n.process = start(t, append([]string{
		role, "--listen", n.address, "--admin.listen", n.admin, "--data_dir", filepath.Join(n.dir, "data"),
		"--share_dir", filepath.Join(n.dir, "shared"), "--download_dir", filepath.Join(n.dir, "downloads"),
	}, args...)...)
	n.waitFor("the " + role + " is running")
	n.until(func(s status) bool { return s.Share.Files == len(files) })
	return n
}

// status is what a test looks at in a node's status.
type status struct {
	Node struct{ Ready bool }
	Peer struct {
		State     string
		Published int
	}
	Share    struct{ Files int }
	Sessions struct{ Sessions int }
	Catalog  struct{ Copies int }
}

// do runs a command that speaks to the node.
func (n *node) do(args ...string) outcome {
	n.t.Helper()
	return do(n.t, "", append(args, "--admin", n.admin)...)
}

// until waits for a status.
func (n *node) until(ok func(status) bool) {
	n.t.Helper()
	require.Eventually(n.t, func() bool {
		var s status
		got := n.do("status", "--json")
		return got.code == 0 && json.Unmarshal([]byte(got.out), &s) == nil && ok(s)
	}, patience, 50*time.Millisecond)
}

// published waits until a peer is logged in and its supernode knows what it shares.
func (n *node) published(files int) {
	n.until(func(s status) bool { return s.Peer.State == "online" && s.Peer.Published == files })
}

// ends sends a signal and expects the node to end in order.
func (n *node) ends(s os.Signal) {
	n.t.Helper()
	n.signal(s)
	require.Zero(n.t, n.exit(), n.text())
	require.Contains(n.t, lastLine(n.text()), "stopped")
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// noise is a file that no compression and no luck makes small.
func noise(n int) string {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

// TestFindAndGet goes the way of a user: three nodes, a search, a download, and the same with no node of one's own.
func TestFindAndGet(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	big := noise(3 << 20)
	supernode := runNode(t, "supernode", "127.0.0.101", nil)
	ann := runNode(t, "peer", "127.0.0.102", nil, "--bootstrap", supernode.address)
	ben := runNode(t, "peer", "127.0.0.103", map[string]string{"sub/Blue Train.flac": big, "evil \x1b[2Jname.txt": "evil"}, "--bootstrap", supernode.address)
	ann.published(0)
	ben.published(2)

	found := ann.do("find", "blue", "train")
	require.Zero(t, found.code, found.err)
	require.Equal(t, fmt.Sprintf("1\t1\tBlue Train.flac\t%s\n", sum(big)), found.out)
	require.Equal(t, "1\t1\tevil \uFFFD[2Jname.txt\t"+sum("evil")+"\n", ann.do("find", "EVIL").out)
	found = ann.do("find", "blue", "--json")
	require.Contains(t, found.out, ben.address)

	got := ann.do("get", "1")
	require.Zero(t, got.code, got.err)
	path := filepath.Join(ann.dir, "downloads", "Blue Train.flac")
	require.Equal(t, path+"\n", got.out)
	require.Contains(t, got.err, "Blue Train.flac: 100% of 3.0 MiB\n")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal([]byte(big), content))
	got = ann.do("get", sum(big), "--json")
	var state map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.out), &state))
	require.Equal(t, path, state["path"], "it is there already")

	nothing := ann.do("find", "nothing like it")
	require.Equal(t, 1, nothing.code)
	require.Equal(t, "nothing was found for \"nothing like it\"\n", nothing.err)
	require.Contains(t, ann.do("get", "1").err, "found 0 files", "the last search counts")
	require.Contains(t, supernode.do("find", "nothing like it").err, ": every supernode that could be reached has answered\n")
	require.Contains(t, supernode.do("find", "--json", "--strategy", "ring", "train").out, `"complete": true`)
	one := supernode.do("find", "--json", "--max", "1", "*").out
	require.Contains(t, one, `"complete": false`)
	require.Equal(t, 1, strings.Count(one, `"md5"`))
	require.Contains(t, ann.do("find", "--strategy", "ring", "train").err, "its supernode decides how to search")
	require.Contains(t, supernode.do("status").out, "2 logged in")
	require.Contains(t, ann.do("status").out, "was here already")

	guestFindsAndGets(t, supernode, big)
	for _, n := range []*node{ann, ben, supernode} {
		n.ends(syscall.SIGTERM)
	}
}

// guestFindsAndGets does without a node: it logs in, does its work and logs out.
func guestFindsAndGets(t *testing.T, supernode *node, big string) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	t.Chdir(t.TempDir())
	found := do(t, "", "find", "--supernode", supernode.address, "blue")
	require.Zero(t, found.code, found.err)
	require.Equal(t, fmt.Sprintf("1\t1\tBlue Train.flac\t%s\n", sum(big)), found.out)
	got := do(t, "", "get", "1", "--supernode", supernode.address, "--download_dir", dir)
	require.Zero(t, got.code, got.err)
	path := filepath.Join(dir, "Blue Train.flac")
	require.Equal(t, path+"\n", got.out)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal([]byte(big), content))
	supernode.until(func(s status) bool { return s.Sessions.Sessions == 2 })
	for _, place := range []string{os.Getenv("TMPDIR"), "."} {
		left, err := os.ReadDir(place)
		require.NoError(t, err)
		require.Empty(t, left, "a guest leaves nothing behind")
	}
}

func TestShareAndUnshare(t *testing.T) {
	n := runNode(t, "supernode", "127.0.0.104", map[string]string{"in the folder.txt": "one"})
	extra := filepath.Join(t.TempDir(), "extra")
	require.NoError(t, os.MkdirAll(extra, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(extra, "elsewhere.txt"), []byte("two!"), 0o600))

	got := n.do("share", extra, filepath.Join(extra, "nothing"))
	require.Equal(t, 1, got.code, "one of them is not there")
	require.Contains(t, got.err, "nothing is not there")
	n.until(func(s status) bool { return s.Share.Files == 2 })
	require.Equal(t, "elsewhere.txt\t4\t"+sum("two!")+"\nin the folder.txt\t3\t"+sum("one")+"\n", n.do("share").out)

	require.Zero(t, n.do("unshare", extra).code)
	n.until(func(s status) bool { return s.Share.Files == 1 })
	require.Zero(t, n.do("unshare", sum("one")).code)
	n.until(func(s status) bool { return s.Share.Files == 0 })
	require.Equal(t, 1, n.do("unshare", sum("one")).code, "it is not shared any more")
	require.FileExists(t, filepath.Join(extra, "elsewhere.txt"))
	n.ends(os.Interrupt)
}

func TestAdminInterface(t *testing.T) {
	n := runNode(t, "supernode", "127.0.0.105", nil)
	for path, contains := range map[string]string{
		"/healthz": "ok", "/readyz": "ready", "/status": `"role":"supernode"`, "/metrics": "alakazaam_packets_total",
	} {
		w, err := http.Get("http://" + n.admin + path)
		require.NoError(t, err)
		b, err := io.ReadAll(w.Body)
		require.NoError(t, err)
		w.Body.Close()
		require.Equal(t, 200, w.StatusCode)
		require.Contains(t, string(b), contains)
	}
	require.Equal(t, outcome{out: "ok\n"}, n.do("health"))
	require.Equal(t, outcome{out: "ready\n"}, n.do("health", "--ready"))
	n.ends(syscall.SIGTERM)
}

// TestInterruptedGet has a user lose patience.
func TestInterruptedGet(t *testing.T) {
	big := noise(1 << 20)
	owner := runNode(t, "supernode", "127.0.0.106", map[string]string{"slow.bin": big}, "--transfer.upload_rate", "64KiB")
	n := runNode(t, "peer", "127.0.0.107", nil)
	get := start(t, "get", sum(big), "--from", owner.address, "--admin", n.admin)
	get.waitFor("10% of")
	get.signal(os.Interrupt)
	require.Equal(t, 1, get.exit())
	require.Contains(t, get.text(), "cancelled")
	require.Eventually(t, func() bool {
		left, err := os.ReadDir(filepath.Join(n.dir, "downloads", ".partial"))
		return err == nil && len(left) == 0
	}, patience, 10*time.Millisecond, "nothing is left of it")

	one, other := free(t, "127.0.0.108"), free(t, "127.0.0.108")
	got := n.do("get", sum(big), "--from", one, "--from", other)
	require.Equal(t, 1, got.code)
	require.Regexp(t, "alakazaam: "+sum(big)+": "+one+": .*connection refused; "+other+": .*connection refused\n$", got.err)
	n.ends(syscall.SIGTERM)
}

// TestSignals: an upload under way delays the end, and the second signal does not wait for it.
func TestSignals(t *testing.T) {
	big := noise(1 << 20)
	n := runNode(t, "supernode", "127.0.0.109", map[string]string{"slow.bin": big}, "--transfer.upload_rate", "16KiB", "--log.format", "json")
	c, err := net.Dial("tcp", n.address)
	require.NoError(t, err)
	defer c.Close()
	fmt.Fprintf(c, "RETR%s", sum(big))
	_, err = io.ReadFull(c, make([]byte, 10))
	require.NoError(t, err)

	n.signal(syscall.SIGTERM)
	n.waitFor("stopping")
	_, err = io.ReadFull(c, make([]byte, 20000))
	require.NoError(t, err, "an answer that has begun goes on")
	require.Equal(t, outcome{out: "ok\n"}, n.do("health"), "it does not serve any more, and is alive")
	got := n.do("health", "--ready")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "starting or ending")
	n.signal(syscall.SIGTERM)
	require.Equal(t, 1, n.exit())
	for line := range strings.Lines(n.text()) {
		require.True(t, json.Valid([]byte(line)), line)
	}
	require.Contains(t, lastLine(n.text()), "second signal")
}

func TestPeerWithoutBootstrap(t *testing.T) {
	n := runNode(t, "peer", "127.0.0.110", map[string]string{"a.txt": "a"})
	require.Contains(t, n.text(), "no bootstrap node is known")
	got := n.do("find", "a")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "no supernode can be reached")
	n.ends(os.Interrupt)
}

func TestPortsThatAreTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.111:0")
	require.NoError(t, err)
	defer l.Close()
	a, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer a.Close()
	for key, args := range map[string][]string{
		"--listen":       {"--listen", l.Addr().String(), "--admin.listen", free(t, "127.0.0.1")},
		"--admin.listen": {"--listen", free(t, "127.0.0.112"), "--admin.listen", a.Addr().String()},
	} {
		p := start(t, append([]string{"supernode"}, args...)...)
		require.Equal(t, 1, p.exit())
		require.Contains(t, lastLine(p.text()), "has that port; choose another address with "+key+" HOST:PORT")
	}
	p := start(t, "supernode", "--listen", "127.0.0.113:0", "--admin.listen", "", "--share_dir", "/dev/null/x")
	require.Equal(t, 1, p.exit())
	require.Contains(t, lastLine(p.text()), "share_dir")
}

// TestNodeWithoutAdmin has the system pick its port.
func TestNodeWithoutAdmin(t *testing.T) {
	p := start(t, "supernode", "--listen", "127.0.0.114:0", "--admin.listen", "")
	p.waitFor("the supernode is running")
	require.Contains(t, p.text(), "admin=none")
	require.NotContains(t, p.text(), "127.0.0.114:0")
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.exit())
}
