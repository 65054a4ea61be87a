package main_test

import (
	"errors"
	"fmt"
	"io"
	"net"
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

// rewrite puts other lines behind the first ones of a node's config file.
func (p *program) rewrite(lines string) {
	p.t.Helper()
	path := p.args[2]
	old, err := os.ReadFile(path)
	require.NoError(p.t, err)
	kept := strings.SplitAfterN(string(old), "\n", 6)[:5] // those of startNode
	require.NoError(p.t, os.WriteFile(path, []byte(strings.Join(kept, "")+lines), 0o600))
}

// reload sends the signal and waits for the end of the reload.
func (p *program) reload(end string) (log string) {
	p.t.Helper()
	before := len(p.text())
	p.signal(syscall.SIGHUP)
	p.waitForNew(before, end)
	return p.text()[before:]
}

// waitForNew waits until the process has written this behind what it had written before.
func (p *process) waitForNew(before int, text string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return strings.Contains(p.text()[before:], text) }, patience, 10*time.Millisecond, text)
}

// isCut expects the connection to be aborted after so many bytes.
func (c *wireConn) isCut(after int) {
	c.t.Helper()
	b, err := io.ReadAll(c)
	require.True(c.t, err == nil || errors.Is(err, syscall.ECONNRESET), "%v", err)
	require.Len(c.t, b, after)
}

// refuses expects the node to abort each connection from 127.0.0.host, maybe before it is known to be open.
func (p *program) refuses(host int) {
	p.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(host))}, Timeout: patience}
	c, err := d.Dial("tcp", p.addr)
	if err != nil {
		require.ErrorIs(p.t, err, syscall.ECONNRESET)
		return
	}
	defer c.Close()
	require.NoError(p.t, c.SetDeadline(time.Now().Add(patience)))
	(&wireConn{t: p.t, Conn: c}).isCut(0)
}

// TestReload: SIGHUP takes over what can change, says what cannot, and keeps everything where the new file is wrong.
func TestReload(t *testing.T) {
	deny := filepath.Join(t.TempDir(), "deny.txt")
	require.NoError(t, os.WriteFile(deny, []byte("# nobody\n"), 0o600))
	access := fmt.Sprintf("access: {deny_file: %q}\n", deny)
	sn := startNode(t, "supernode", 133, access, nil)
	login := func(host int) *wireConn {
		me := fmt.Sprintf("127.0.0.%d", host)
		return dialFrom(t, host, sn.addr).say("LOGI%s", written(me, 3000)).hear("ALGI")
	}
	open := login(141)

	// A list in a file, the log's level, and what takes a restart.
	require.NoError(t, os.WriteFile(deny, []byte("127.0.0.141 # a bad one\n"), 0o600))
	sn.rewrite(access + "log: {level: debug}\nlimits: {sessions: 1}\nneighbors: [\"127.0.0.1:1\"]\n")
	said := sn.reload("the configuration is reloaded")
	require.Contains(t, said, `key=log.level new=debug old=info`)
	require.Contains(t, said, `key=limits.sessions new=1 old=5000`)
	require.Regexp(t, `level=warning .*takes a restart.* key=neighbors`, said)
	require.Contains(t, said, `key=access.deny_file new="1 listed" old="0 listed"`)
	require.Contains(t, said, "changed=3 need_restart=1")
	open.isCut(16) // the rest of its ALGI
	sn.refuses(141)
	require.Equal(t, "ALGI0000000000000000", dialFrom(t, 142, sn.addr).say("LOGI%s", written("127.0.0.142", 3000)).closes(), "one login is all")

	// A file that is wrong, in the configuration and in the list.
	sn.rewrite(access + "limits: {sessions: many}\n")
	said = sn.reload("the configuration is not reloaded")
	require.Contains(t, said, `limits.sessions has to be a whole number`)
	require.NoError(t, os.WriteFile(deny, []byte("127.0.0.0/33\n"), 0o600))
	sn.rewrite(access)
	require.Contains(t, sn.reload("the configuration is not reloaded"), deny+":1:1: access.deny_file: ")
	sn.refuses(141) // what was denied still is

	// Back to how it was.
	require.NoError(t, os.WriteFile(deny, nil, 0o600))
	require.Contains(t, sn.reload("the configuration is reloaded"), "changed=3 need_restart=0")
	login(141)
	login(142)
	sn.stopNode()
}

// TestReloadFromStandardInput: what came in once counts again, and not as nothing.
func TestReloadFromStandardInput(t *testing.T) {
	cmd := exec.Command(binary, "supernode", "--config", "-", "--listen", "127.0.0.135:0", "--admin.listen", "")
	cmd.Stdin = strings.NewReader("limits: {sessions: 7}\n")
	p := startCommand(t, cmd)
	p.waitFor("the supernode is running")
	p.signal(syscall.SIGHUP)
	p.waitFor("changed=0 need_restart=0")
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.exit())
}

// TestReloadOfTheToken: a token that was changed in its file counts after a reload; one that is none keeps the old one.
func TestReloadOfTheToken(t *testing.T) {
	const first, second = "the first of two tokens", "the second of two tokens"
	path := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(token, " ", "-")), 0o600))
	}
	write(first)
	at := free(t, "127.0.0.1")
	n := start(t, "supernode", "--listen", "127.0.0.136:0", "--admin.listen", at, "--admin.token_file", path)
	n.waitFor("the supernode is running")
	status := func() int { return do(t, "", "status", "--admin", at, "--admin.token_file", path).code }
	require.Zero(t, status())
	reload := func(token, end string) {
		write(token)
		before := len(n.text())
		n.signal(syscall.SIGHUP)
		n.waitForNew(before, end)
	}
	reload("short", "the configuration is not reloaded")
	write(first)
	require.Zero(t, status())
	reload(second, "the admin interface asks for another token")
	require.Zero(t, status())
	write(first)
	require.Equal(t, 1, status())
	n.signal(syscall.SIGTERM)
	require.Zero(t, n.exit())
}

// TestTerminalIsGone: a node that was started in a terminal reloads by the signal, and ends when the terminal does.
func TestTerminalIsGone(t *testing.T) {
	master, slave := pseudoTerminal(t)
	p := &process{t: t, ended: make(chan struct{}), new: make(chan struct{})}
	p.cmd = exec.Command(binary, "supernode", "--listen", "127.0.0.134:0", "--admin.listen", "")
	p.cmd.Dir = t.TempDir()
	p.cmd.Stdin, p.cmd.Stderr = slave, tee{p, &p.log}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); <-p.ended })
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	slave.Close()
	p.waitFor("the supernode is running")
	p.signal(syscall.SIGHUP)
	p.waitFor("the configuration is reloaded")
	master.Close()
	require.Zero(t, p.exit())
	require.Contains(t, p.text(), "stopping: the terminal is gone")
}

func pseudoTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no pseudo terminals here: ", err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	return master, slave
}

// TestFewDescriptors: whoever allows more connections than the system lets the process open is told at the start.
func TestFewDescriptors(t *testing.T) {
	cmd := exec.Command("sh", "-c", `ulimit -n 500; exec "$0" supernode --listen 127.0.0.137:0 --admin.listen ""`, binary)
	p := startCommand(t, cmd)
	p.waitFor("the supernode is running")
	require.Regexp(t, `level=warning msg="this process may open fewer files than limits.connections.* connections=20000 key=limits.connections open_files=500`, p.text())
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.exit())
}
