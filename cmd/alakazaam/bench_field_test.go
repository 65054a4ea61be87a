package main_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// benched is what a test looks at in the report of a benchmark.
type benched struct {
	Parameters struct{ Target, Connections, Mix string }
	Logins     counted
	Published  counted
	Logouts    counted
	Files      int `json:"files_to_download"`
	Steps      []struct {
		Load       struct{ Clients, Rate float64 }
		Operations []benchedOperation
		CPU        float64 `json:"target_cpu"`
		Bare       *struct {
			Operations []benchedOperation
			RateRatio  float64 `json:"rate_ratio"`
		}
	}
}

type counted struct {
	OK       int
	Failures map[string]int
}

type benchedOperation struct {
	Operation      string
	Count, OK      int
	Rate           float64
	Failed         int
	Failures       map[string]int
	In             int `json:"bytes_in"`
	Found          int `json:"files_found"`
	NothingWasHere int `json:"found_nothing"`
	Latency        *struct {
		P50, P99, Max float64
		Percentiles   []struct{ Percent, Seconds float64 }
	}
}

// benchJSON runs a benchmark that is to succeed.
func benchJSON(t *testing.T, args ...string) (b benched) {
	t.Helper()
	got := do(t, "", append([]string{"bench", "--json", "--warmup", "50ms", "--duration", "400ms"}, args...)...)
	require.Zero(t, got.code, got.err)
	require.NoError(t, json.Unmarshal([]byte(got.out), &b), got.out)
	return b
}

// unlimited lifts what a supernode lets one address do.
var unlimited = []string{
	"--limits.packets_per_second", "0", "--limits.session_packets_per_second", "0", "--limits.connections_per_address", "0",
	"--limits.sessions_per_address", "0",
}

// TestBench: peers at many addresses log in, publish, search and download at the program itself, find what they have
// published, and are gone at the end.
func TestBench(t *testing.T) {
	t.Parallel()
	n := runNode(t, "supernode", "127.0.0.216", map[string]string{"shared.txt": strings.Repeat("x", 10_000)}, unlimited...)
	for _, connections := range []string{"each", "kept"} {
		b := benchJSON(t, "--admin", n.admin, "--mix", "login,publish=2,search=2,download", "--clients", "1,4",
			"--sources", "127.0.9.0/29", "--peers", "12", "--files", "5", "--connections", connections)
		require.Equal(t, n.address, b.Parameters.Target)
		require.Equal(t, counted{OK: 12}, b.Logins)
		require.Equal(t, 60, b.Published.OK)
		require.Empty(t, b.Published.Failures)
		require.Equal(t, 1, b.Files)
		require.Len(t, b.Steps, 2)
		require.InDelta(t, 4, b.Steps[1].Load.Clients, 0)
		for _, s := range b.Steps {
			require.Len(t, s.Operations, 4)
			require.Positive(t, s.CPU)
			for _, o := range s.Operations {
				require.Positive(t, o.OK, o.Operation)
				require.Zero(t, o.Failed, "%s: %v", o.Operation, o.Failures)
				require.Positive(t, o.Rate)
				require.LessOrEqual(t, o.Latency.P50, o.Latency.Max)
				require.NotEmpty(t, o.Latency.Percentiles)
			}
			require.GreaterOrEqual(t, s.Operations[2].Found, s.Operations[2].OK, "each looks for a file that is there")
			require.Zero(t, s.Operations[2].NothingWasHere)
			require.Equal(t, (10+3*5+10_000)*s.Operations[3].OK, s.Operations[3].In)
		}
		require.Equal(t, counted{OK: 12}, b.Logouts)
		n.until(func(s status) bool { return s.Sessions.Sessions == 0 && s.Catalog.Copies == 1 })
	}
}

// baseSuper is somebody else's supernode: it takes what one read brings for one packet, answers and closes.
type baseSuper struct {
	address string

	mu       sync.Mutex
	sessions map[string]string // by the endpoint of the peer
	files    map[string]int
	heard    map[string]int
	wrong    []string // what was not one packet
	searched chan struct{}
	once     sync.Once
}

func startBaseSuper(t *testing.T, ip string) *baseSuper {
	l, err := net.Listen("tcp", ip+":0")
	require.NoError(t, err)
	b := &baseSuper{
		address: l.Addr().String(), sessions: make(map[string]string), files: make(map[string]int), heard: make(map[string]int),
		searched: make(chan struct{}),
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 300)
				n, _ := c.Read(buf)
				if n == 0 {
					return // somebody looks whether it is there
				}
				_, _ = c.Write([]byte(b.answer(string(buf[:n]), c.RemoteAddr().(*net.TCPAddr).IP.String())))
			}()
		}
	}()
	return b
}

// answer is what it says to a packet.
func (b *baseSuper) answer(p, from string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	known := map[string]int{"LOGI": 64, "ADFF": 152, "FIND": 40, "LOGO": 20, "RETR": 36}
	command := p[:min(4, len(p))]
	if known[command] != len(p) {
		b.wrong = append(b.wrong, p)
		return ""
	}
	b.heard[command]++
	switch command {
	case "LOGI":
		if !strings.HasPrefix(p[4:], written(from, 1)[:55]) {
			b.wrong = append(b.wrong, p+" from "+from)
		}
		for id, e := range b.sessions {
			if e == p[4:] {
				return "ALGI" + id
			}
		}
		id := fmt.Sprintf("SESSION%09d", b.heard["LOGI"])
		b.sessions[id] = p[4:]
		return "ALGI" + id
	case "ADFF":
		b.files[p[4:20]]++
	case "FIND":
		b.once.Do(func() { close(b.searched) })
		if b.sessions[p[4:20]] != "" {
			return "AFIN000"
		}
	case "LOGO":
		if b.sessions[p[4:20]] != "" {
			n := b.files[p[4:20]]
			delete(b.sessions, p[4:20])
			return fmt.Sprintf("ALGO%03d", n)
		}
		return "ALGO000"
	case "RETR":
		return "I do not have it\n"
	}
	return ""
}

// look gives what it has seen.
func (b *baseSuper) look() (sessions int, heard map[string]int, wrong []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.sessions), b.heard, b.wrong
}

// TestBenchBase: a supernode that knows one packet a connection can be measured, gets nothing else, and a refusal is no
// answer.
func TestBenchBase(t *testing.T) {
	t.Parallel()
	base := startBaseSuper(t, "127.0.0.217")
	b := benchJSON(t, base.address, "--mix", "login,publish,search,download", "--rate", "200", "--arrivals", "constant", "--peers", "6",
		"--files", "3", "--sources", "127.0.9.16/29,127.0.9.30", "--file", strings.Repeat("ab", 16))
	require.Equal(t, counted{OK: 6}, b.Logins)
	require.Equal(t, 18, b.Published.OK)
	require.Equal(t, counted{OK: 6}, b.Logouts)
	ops := b.Steps[0].Operations
	require.Len(t, ops, 4)
	sent := 0
	for i, o := range ops {
		sent += o.Count
		require.Positive(t, o.Count, o.Operation)
		if i < 3 {
			require.Zero(t, o.Failed, "%s: %v", o.Operation, o.Failures)
		}
	}
	require.Equal(t, 80, sent, "400 ms at 200 a second")
	require.Equal(t, ops[2].OK, ops[2].NothingWasHere)
	require.Equal(t, map[string]int{"file_refused": ops[3].Count}, ops[3].Failures)
	require.Nil(t, ops[3].Latency)
	sessions, heard, wrong := base.look()
	require.Zero(t, sessions)
	require.Empty(t, wrong)
	require.Equal(t, 6, heard["LOGO"])
	require.GreaterOrEqual(t, heard["ADFF"], 18+ops[1].Count)
}

// TestBenchInterrupted: Ctrl-C ends a benchmark at once, everybody is logged out, and what was measured is printed.
func TestBenchInterrupted(t *testing.T) {
	t.Parallel()
	base := startBaseSuper(t, "127.0.0.218")
	p := start(t, "bench", base.address, "--mix", "search", "--duration", "10m", "--warmup", "0s", "--peers", "5", "--files", "0")
	select {
	case <-base.searched:
	case <-time.After(patience):
		t.Fatal("nothing was searched")
	}
	p.signal(os.Interrupt)
	require.Equal(t, 1, p.exit())
	require.Contains(t, p.text(), "interrupted")
	p.mu.Lock()
	out := p.out.String()
	p.mu.Unlock()
	require.Regexp(t, `8 clients +search +\d+`, out)
	sessions, heard, wrong := base.look()
	require.Zero(t, sessions)
	require.Equal(t, 5, heard["LOGO"])
	require.Empty(t, wrong)
}

// TestBenchBare: the bare server is measured in turns.
func TestBenchBare(t *testing.T) {
	t.Parallel()
	base := startBaseSuper(t, "127.0.0.219")
	b := benchJSON(t, base.address, "--mix", "login", "--bare", "--files", "0")
	require.NotNil(t, b.Steps[0].Bare)
	require.Len(t, b.Steps[0].Bare.Operations, 1)
	o := b.Steps[0].Bare.Operations[0]
	require.Positive(t, o.OK)
	require.Zero(t, o.Failed, o.Failures)
	require.Positive(t, b.Steps[0].Bare.RateRatio)

	n := runNode(t, "supernode", "127.0.0.220", map[string]string{"large.bin": strings.Repeat("x", 1<<20)}, unlimited...)
	b = benchJSON(t, n.address, "--mix", "download", "--bare", "--clients", "1")
	require.Zero(t, b.Steps[0].Operations[0].Failed, b.Steps[0].Operations[0].Failures)
	o = b.Steps[0].Bare.Operations[0]
	require.Positive(t, o.OK)
	require.Greater(t, o.In/o.OK, 1<<20)
	require.Positive(t, b.Steps[0].Bare.RateRatio)
}

// TestBenchInVain: what cannot be measured ends with 1 and the reason.
func TestBenchInVain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		h    habit
		args []string
		says string
	}{
		"garbage":      {func(c net.Conn, _ func(string)) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }, nil, "no peer could log in at"},
		"closes":       {closesAfterEachPacket, nil, "16 closed"},
		"says nothing": {neverAnswers, []string{"--timeout", "100ms"}, "16 timeout"},
		"no file":      {closesAfterEachPacket, []string{"--mix", "download", "--file", strings.Repeat("ab", 16), "--duration", "100ms"}, "no request was answered"},
		"not mine":     {closesAfterEachPacket, []string{"--sources", "192.0.2.0/24"}, "no peer can be at 192.0.2.1"},
	} {
		n := listenAs(t, 221, c.h)
		got := do(t, "", append([]string{"bench", fmt.Sprintf("%s:%d", n.ip, n.port), "--warmup", "0s"}, c.args...)...)
		require.Equal(t, 1, got.code, name)
		require.Contains(t, got.err, c.says, name)
	}
	got := do(t, "", "bench", fmt.Sprintf("127.0.0.221:%d", freePort(t, "127.0.0.221")))
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "cannot be reached: connect: connection refused")
}
