package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// BareSpec says what a bare server does: the least that any Go server could do for an operation.
type BareSpec struct {
	// Operation is Login: it reads 64 bytes and writes 20. Or Download: it reads 36 bytes and gives a file away (sendfile).
	Operation Operation
	Kept      bool  // a connection carries more than one login
	Size      int64 // of the file
}

// BareServer is a bare server that runs.
type BareServer interface {
	Addr() netip.AddrPort
	// CPU is how much processor time it has used so far.
	CPU() (time.Duration, error)
	Close()
}

// The lengths of LOGI, its answer, and RETR.
const (
	logiLen = 64
	retrLen = 36
)

// bareAnswer is what a bare server answers to every login.
const bareAnswer = "ALGIABCDEFGHIJKLMNOP"

// serveBare serves until the listener is closed.
func serveBare(l net.Listener, s BareSpec, file string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			if s.Operation == Download {
				giveBare(c, file)
			} else {
				answerBare(c, s.Kept)
			}
		}()
	}
}

func answerBare(c net.Conn, kept bool) {
	buf := make([]byte, logiLen)
	for {
		if _, err := io.ReadFull(c, buf); err != nil {
			return
		}
		if _, err := io.WriteString(c, bareAnswer); err != nil || !kept {
			return
		}
	}
}

func giveBare(c net.Conn, file string) {
	f, err := os.Open(file)
	if err != nil {
		return
	}
	defer f.Close()
	if _, err := io.ReadFull(c, make([]byte, retrLen)); err == nil {
		_, _ = io.Copy(c, f) // whoever reads it counts the bytes
	}
}

// RunBare is the program of a bare server in a process of its own. It writes its address on a line, then for each line that
// comes in one with the processor time that it has used, in nanoseconds, and ends with the input.
func RunBare(in io.Reader, out io.Writer, s BareSpec) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	file := ""
	if s.Operation == Download {
		f, err := os.CreateTemp("", "alakazaam-bench-")
		if err != nil {
			return err
		}
		file = f.Name()
		defer os.Remove(file)
		err = errors.Join(f.Truncate(s.Size), f.Close())
		if err != nil {
			return err
		}
	}
	go serveBare(l, s, file)
	fmt.Fprintln(out, l.Addr())
	for lines := bufio.NewScanner(in); lines.Scan(); {
		fmt.Fprintln(out, int64(processorTime()))
	}
	return nil
}

// bareProcess is a bare server in a process of its own.
type bareProcess struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	where netip.AddrPort
}

// StartBare starts a command that ends up in RunBare.
func StartBare(name string, args ...string) (BareServer, error) {
	b := &bareProcess{cmd: exec.Command(name, args...)}
	b.cmd.Stderr = os.Stderr
	var err error
	if b.in, err = b.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err = b.cmd.Start(); err != nil {
		return nil, err
	}
	b.out = bufio.NewReader(out)
	line, err := b.out.ReadString('\n')
	if err == nil {
		b.where, err = netip.ParseAddrPort(strings.TrimSpace(line))
	}
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("the bare server does not start: %w", err)
	}
	return b, nil
}

// Addr implements BareServer.
func (b *bareProcess) Addr() netip.AddrPort { return b.where }

// CPU implements BareServer.
func (b *bareProcess) CPU() (time.Duration, error) {
	if _, err := io.WriteString(b.in, "\n"); err != nil {
		return 0, err
	}
	line, err := b.out.ReadString('\n')
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return time.Duration(n), err
}

// Close implements BareServer.
func (b *bareProcess) Close() {
	b.in.Close()
	_ = b.cmd.Wait()
}

// doBare carries out one request at a bare server, the same way as at the target.
func (c *crew) doBare(pipes []*pipe, to netip.AddrPort) func(context.Context, request) result {
	return func(ctx context.Context, q request) result {
		p := c.peers[q.peer]
		switch {
		case q.op == Download:
			return c.net.fetch(ctx, way{to: to}, make([]byte, retrLen), false)
		case pipes != nil:
			_, res := pipes[q.peer].exchange(ctx, p.logi)
			return res
		}
		_, res := c.net.exchange(ctx, way{to: to}, p.logi)
		return res
	}
}
