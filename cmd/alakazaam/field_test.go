package main_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// These tests start the built program with a config file and speak raw bytes to it, as the independent programs of the
// field do. 127.0.0.x stands for different hosts.

// patience is how long a test waits for what should come at once.
const patience = time.Minute

// fieldNode is somebody else's program: it listens at an address of its own and keeps what it is sent.
type fieldNode struct {
	t    testing.TB
	ip   string
	port int
	in   chan string // what came, a connection each, once it ended or fell silent
	l    net.Listener
}

// habit is how a node of the field treats the connections that others open to it.
type habit func(c net.Conn, got func(string))

// closesAfterEachPacket reads once and closes.
func closesAfterEachPacket(c net.Conn, got func(string)) {
	buf := make([]byte, 1024)
	n, _ := c.Read(buf)
	got(string(buf[:n]))
	c.Close()
}

// keepsConnections reads until the other side closes, and then keeps the socket for a while.
func keepsConnections(c net.Conn, got func(string)) {
	b, _ := io.ReadAll(c)
	got(string(b))
	time.AfterFunc(time.Second, func() { c.Close() })
}

// neverAnswers takes connections and looks at nothing.
func neverAnswers(net.Conn, func(string)) {}

// listenAs starts a node of the field at 127.0.0.host.
func listenAs(t testing.TB, host int, h habit) *fieldNode {
	n := &fieldNode{t: t, ip: fmt.Sprintf("127.0.0.%d", host), in: make(chan string, 1000)}
	l, err := net.Listen("tcp", n.ip+":0")
	require.NoError(t, err)
	n.l, n.port = l, l.Addr().(*net.TCPAddr).Port
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go h(c, func(s string) { n.in <- s })
		}
	}()
	return n
}

// addr is how the protocol writes this node's address: IPP2P and PP2P.
func (n *fieldNode) addr() string { return written(n.ip, n.port) }

func written(ip string, port int) string {
	a := netip.MustParseAddr(ip).As4()
	return fmt.Sprintf("%03d.%03d.%03d.%03d|0000:0000:0000:0000:0000:ffff:%02x%02x:%02x%02x%05d",
		a[0], a[1], a[2], a[3], a[0], a[1], a[2], a[3], port)
}

// next waits for the next packet of this command. What else comes in between is left out: a node has its own affairs.
func (n *fieldNode) next(command string) string {
	n.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case s := <-n.in:
			if strings.HasPrefix(s, command) {
				return s
			}
		case <-deadline:
			n.t.Fatalf("no %s came to %s", command, n.ip)
		}
	}
}

// none sees that no packet of this command is among what came by now.
func (n *fieldNode) none(command string) {
	n.t.Helper()
	for {
		select {
		case s := <-n.in:
			require.False(n.t, strings.HasPrefix(s, command), s)
		default:
			return
		}
	}
}

// wireConn is a connection that a test speaks over.
type wireConn struct {
	t testing.TB
	net.Conn
	slow bool // one byte at a time
}

// dialFrom connects from 127.0.0.host.
func dialFrom(t *testing.T, host int, to string) *wireConn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(host))}, Timeout: patience}
	c, err := d.Dial("tcp", to)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(2*patience)))
	return &wireConn{t: t, Conn: c}
}

// say writes this. Byte by byte, it stops where the other side has seen enough and closed.
func (c *wireConn) say(format string, args ...any) *wireConn {
	c.t.Helper()
	b := fmt.Appendf(nil, format, args...)
	for c.slow && len(b) > 0 {
		if _, err := c.Write(b[:1]); err != nil {
			return c
		}
		b = b[1:]
	}
	_, err := c.Write(b)
	require.NoError(c.t, err)
	return c
}

// hear expects exactly these bytes next.
func (c *wireConn) hear(format string, args ...any) *wireConn {
	c.t.Helper()
	want := fmt.Sprintf(format, args...)
	got := make([]byte, len(want))
	n, err := io.ReadFull(c, got)
	require.NoError(c.t, err, "got %q", got[:n])
	require.Equal(c.t, want, string(got))
	return c
}

// closes expects the connection to end, and gives what came before.
func (c *wireConn) closes() string {
	c.t.Helper()
	b, err := io.ReadAll(c)
	if !c.slow || !errors.Is(err, syscall.ECONNRESET) {
		require.NoError(c.t, err)
	}
	return string(b)
}

// program is a running node of ours.
type program struct {
	*process
	addr  string // of the protocol
	ip    string
	port  int
	share string
	args  []string
}

// startNode runs the program in a role at 127.0.0.host, with these lines in its config file and these files shared.
func startNode(t *testing.T, role string, host int, lines string, files map[string]string) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{process: &process{t: t}, ip: fmt.Sprintf("127.0.0.%d", host), share: filepath.Join(dir, "shared")}
	p.port = freePort(t, p.ip)
	p.addr = fmt.Sprintf("%s:%d", p.ip, p.port)
	require.NoError(t, os.Mkdir(p.share, 0o700))
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(p.share, name), []byte(content), 0o600))
	}
	config := filepath.Join(dir, "alakazaam.yaml")
	text := fmt.Sprintf("listen: %q\ndata_dir: %q\nshare_dir: %q\ndownload_dir: %q\nadmin: {listen: \"127.0.0.1:%d\"}\n%s\n",
		p.addr, filepath.Join(dir, "data"), p.share, filepath.Join(dir, "downloads"), freePort(t, "127.0.0.1"), lines)
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	p.args = []string{role, "--config", config}
	p.run()
	return p
}

// run starts the program, for the first time or again with the same data.
func (p *program) run() {
	p.t.Helper()
	p.process = start(p.t, p.args...)
	p.waitFor("listening")
	p.waitFor("everything shared has been looked through")
}

func freePort(t *testing.T, ip string) int {
	t.Helper()
	l, err := net.Listen("tcp", ip+":0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// stopNode ends a node as a service manager does.
func (p *program) stopNode() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	require.Equal(p.t, 0, p.exit())
}
