package main_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	main "alakazaam/cmd/alakazaam"
)

// binary is the program, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	if kind := os.Getenv(failingActor); kind != "" {
		main.FailingMain(kind)
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "alakazaam-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "alakazaam")
	args := []string{"build", "-o", binary}
	if raceEnabled {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, ".")...)
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "go build:", err)
		return 1
	}
	// Only now, because Go has a cache there, too.
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "ALAKAZAAM_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	os.Setenv("TERM", "dumb")
	os.Setenv("GORACE", "atexit_sleep_ms=10") // else every command of a race build sleeps for a second at its end
	return m.Run()
}

// outcome is how a command ended.
type outcome struct {
	out, err string
	code     int
}

// do runs a command to its end, which has to come in time.
func do(t testing.TB, stdin string, args ...string) outcome {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	require.NoError(t, cmd.Start())
	limit := time.AfterFunc(3*patience, func() { _ = cmd.Process.Kill() })
	defer limit.Stop()
	_ = cmd.Wait()
	return outcome{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// process is a program that runs on while the test goes on. It is killed with the test.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	ended chan struct{}

	mu  sync.Mutex
	log bytes.Buffer // what it wrote to its error output
	out bytes.Buffer
	new chan struct{} // closed and replaced when it has written something
}

func start(t testing.TB, args ...string) *process {
	t.Helper()
	return startCommand(t, exec.Command(binary, args...))
}

func startCommand(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, ended: make(chan struct{}), new: make(chan struct{})}
	p.cmd.Dir = t.TempDir()
	p.cmd.Stdout, p.cmd.Stderr = tee{p, &p.out}, tee{p, &p.log}
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("%s:\n%s", strings.Join(cmd.Args, " "), p.text())
		}
	})
	return p
}

// tee keeps what a process writes, and wakes who waits for it.
type tee struct {
	p  *process
	to io.Writer
}

func (w tee) Write(b []byte) (int, error) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	close(w.p.new)
	w.p.new = make(chan struct{})
	return w.to.Write(b)
}

// text is what the process has written to its error output.
func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// waitFor waits until the process has written this to its error output.
func (p *process) waitFor(text string) {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		p.mu.Lock()
		wrote, more := strings.Contains(p.log.String(), text), p.new
		p.mu.Unlock()
		if wrote {
			return
		}
		select {
		case <-more:
		case <-p.ended:
			require.Contains(p.t, p.text(), text, "it ended")
			return
		case <-deadline:
			require.Contains(p.t, p.text(), text)
		}
	}
}

func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) }

// exit waits for the process to end and gives its exit code.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(2 * patience):
		p.t.Fatalf("it does not end:\n%s", p.text())
		return -1
	}
}
