package main_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// manager is a service manager that starts programs and hears what they say.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

func newManager(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return &manager{t, c}
}

// until gives what the program says up to a message that begins with this.
func (m *manager) until(prefix string) (said []string) {
	m.t.Helper()
	b := make([]byte, 4096)
	require.NoError(m.t, m.conn.SetReadDeadline(time.Now().Add(2*patience)))
	for {
		n, err := m.conn.Read(b)
		require.NoError(m.t, err, "no %s after %q", prefix, said)
		said = append(said, string(b[:n]))
		if strings.HasPrefix(said[len(said)-1], prefix) {
			return said
		}
	}
}

func TestServiceManager(t *testing.T) {
	m := newManager(t)
	t.Setenv("WATCHDOG_USEC", "500000")
	address := free(t, "127.0.0.130")
	p := start(t, "supernode", "--listen", address, "--admin.listen", "")

	said := m.until("READY=1")
	c, err := net.Dial("tcp", address)
	require.NoError(t, err, "it listens as soon as it says so")
	c.Close()
	require.Equal(t, "STATUS=starting", said[0])
	require.Contains(t, said, "EXTEND_TIMEOUT_USEC=30000000")
	require.NotContains(t, said, "WATCHDOG=1")
	for range 3 {
		m.until("WATCHDOG=1")
		said = m.until("STATUS=")
	}
	require.Equal(t, []string{"STATUS=supernode at " + address + ", 0 peers, 0 files, 0 of 0 neighbors, 0 shared"}, said)

	p.signal(syscall.SIGTERM)
	m.until("STOPPING=1\nSTATUS=finishing open answers")
	require.NotContains(t, m.until("EXTEND_TIMEOUT_USEC="), "READY=1")
	require.Zero(t, p.exit())
}

// TestServiceManagerHearsWhy a node ended that could not start.
func TestServiceManagerHearsWhy(t *testing.T) {
	m := newManager(t)
	l, err := net.Listen("tcp", "127.0.0.131:0")
	require.NoError(t, err)
	defer l.Close()
	p := start(t, "peer", "--listen", l.Addr().String(), "--admin.listen", "")
	require.NotContains(t, m.until("STATUS=cannot listen on "+l.Addr().String()), "READY=1")
	require.Equal(t, 1, p.exit())
}

// TestServiceManagerThatIsGone does not keep a node from its work.
func TestServiceManagerThatIsGone(t *testing.T) {
	newManager(t).conn.Close()
	p := start(t, "supernode", "--listen", "127.0.0.132:0", "--admin.listen", "")
	p.waitFor("the supernode is running")
	require.Contains(t, p.text(), "the service manager cannot be told")
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.exit())
	require.Equal(t, 1, strings.Count(p.text(), "the service manager cannot be told"))
}

// TestCrashIsNoWrongConfiguration: the unit keeps systemd from restarting a node that ends with 2, which is how Go ends a
// program that crashes, or that is told to end by the signal to one that hangs, unless its environment says otherwise.
func TestCrashIsNoWrongConfiguration(t *testing.T) {
	unit, err := os.ReadFile("deploy/alakazaam.service")
	require.NoError(t, err)
	_, environment, _ := strings.Cut(string(unit), "\nEnvironment=")
	environment, _, _ = strings.Cut(environment, "\n")
	name, value, ok := strings.Cut(environment, "=")
	require.True(t, ok)
	t.Setenv(name, value)
	p := start(t, "supernode", "--listen", "127.0.0.133:0", "--admin.listen", "")
	p.waitFor("the supernode is running")
	p.signal(syscall.SIGABRT)
	p.exit()
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, status.Signaled(), "it exited with %d", status.ExitStatus())
	require.Contains(t, p.text(), "goroutine ", "what it did")
}
