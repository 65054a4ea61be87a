package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// These tests attack the running program. While each attack runs, an honest peer logs in, publishes, searches and
// fetches all the time, a peer of ours finds and downloads, and each of their requests has to be answered rightly; the
// node has to live and its memory to stay bounded. 127.1.x.y stands for the attackers.
//
// HOSTILE=heavy in the environment makes the same with numbers of another order; make hostile does that.

var heavy = os.Getenv("HOSTILE") == "heavy"

// many is how many of something there are: more in the heavy version.
func many(light, much int) int {
	if heavy {
		return much
	}
	return light
}

// maxResident is what the node may take while it is under attack. The race detector takes several times as much.
func maxResident() int {
	if raceEnabled {
		return 1500 << 20
	}
	return 700 << 20
}

// siege is a supernode with those who use it honestly.
type siege struct {
	*node
	t      *testing.T
	owner  *node // a peer of ours that shares
	getter *node // a peer of ours that downloads
	files  map[string]string
	cache  string // where the getter's commands keep the last search
	round  int
}

// served is what the besieged supernode shares itself.
var served = map[string]string{"served.bin": nineThousand, "big.bin": big}

// big is a file that no socket's buffers hold.
var big = strings.Repeat("0123456789abcdef", 1<<20)

// besiege starts a supernode that is quick to lose patience, and its honest users.
func besiege(t *testing.T, args ...string) *siege {
	files := make(map[string]string)
	for i := range 8 {
		files[fmt.Sprintf("prize %d.bin", i)] = noise(50<<10 + i)
	}
	s := &siege{t: t, files: files, cache: t.TempDir()}
	s.node = runNode(t, "supernode", "127.0.0.120", served, append([]string{
		"--limits.first_packet", "3s", "--limits.idle_timeout", "5s", "--search.quiet", "300ms", "--discovery.target", "0",
	}, args...)...)
	hasty := []string{"--bootstrap", s.address, "--discovery.window", "300ms"}
	s.owner = runNode(t, "peer", "127.0.0.121", files, hasty...)
	s.getter = runNode(t, "peer", "127.0.0.122", nil, hasty...)
	s.owner.published(len(files))
	s.getter.published(0)
	return s
}

// under runs an attack and looks at everything that it must not change. It gives the time within which 99 of 100 honest
// requests were answered.
func (s *siege) under(t *testing.T, attack func()) (p99 time.Duration) {
	t.Helper()
	prize := fmt.Sprintf("prize %d.bin", s.round%len(s.files))
	s.round++
	h := beHonest(s)
	var fetched string
	var download sync.WaitGroup
	download.Go(func() { fetched = s.fetch(prize) })
	attack()
	download.Wait()
	h.end()
	require.NoError(t, h.err, "an honest peer was not served")
	require.NotZero(t, h.rounds)
	require.Equal(t, "", fetched, "a peer of ours could not download")
	got, err := os.ReadFile(filepath.Join(s.getter.dir, "downloads", prize))
	require.NoError(t, err)
	require.Equal(t, sum(s.files[prize]), sum(string(got)))
	resident := s.resident()
	require.Less(t, resident, maxResident())
	slices.Sort(h.took)
	n := len(h.took)
	t.Logf("%d honest requests: p50 %v, p99 %v, the slowest %v; %d MiB resident", n, h.took[n/2].Round(time.Microsecond),
		h.took[n*99/100].Round(time.Microsecond), h.took[n-1].Round(time.Microsecond), resident>>20)
	return h.took[n*99/100]
}

// fetch searches and downloads with the program's own commands, and says what went wrong.
func (s *siege) fetch(name string) string {
	for _, args := range [][]string{{"find", name}, {"get", "1"}} {
		if out, errs, err := s.get(args...); err != nil {
			return fmt.Sprintf("%s: %v: %s%s", args, err, out, errs)
		}
	}
	return ""
}

// get runs a command that speaks to the getter.
func (s *siege) get(args ...string) (out, errs string, err error) {
	cmd := exec.Command(binary, append(args, "--admin", s.getter.admin)...)
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+s.cache)
	var o, e strings.Builder
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	return o.String(), e.String(), err
}

// resident is the node's resident memory in bytes.
func (n *node) resident() int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
	require.NoError(n.t, err, "the node lives")
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			require.NoError(n.t, err)
			return kb << 10
		}
	}
	n.t.Fatal("no VmRSS")
	return 0
}

// metric is the sum of a metric's series that have this label; with an empty one of all.
func (n *node) metric(name, label string) (total int) {
	n.t.Helper()
	r, err := http.Get("http://" + n.admin + "/metrics")
	require.NoError(n.t, err)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	require.NoError(n.t, err)
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "alakazaam_"+name) && strings.Contains(line, label) {
			f := strings.Fields(line)
			v, err := strconv.ParseFloat(f[len(f)-1], 64)
			require.NoError(n.t, err)
			total += int(v)
		}
	}
	return total
}

// connections is what a node says about its connections.
type connections struct{ Incoming, Outgoing, Waiting int }

func (n *node) connections() (connections, error) {
	var s struct{ Gateway connections }
	r, err := http.Get("http://" + n.admin + "/status")
	if err != nil {
		return s.Gateway, err
	}
	defer r.Body.Close()
	err = json.NewDecoder(r.Body).Decode(&s)
	return s.Gateway, err
}

// calm waits until the attackers' connections are gone.
func (n *node) calm() {
	n.t.Helper()
	require.Eventually(n.t, func() bool {
		c, err := n.connections()
		return err == nil && c.Incoming < 20 && c.Outgoing < 20 && c.Waiting == 0
	}, 3*patience, 100*time.Millisecond)
}

// honest is a peer that uses a supernode as it is meant to be used.
type honest struct {
	*siege
	stop   chan struct{}
	done   sync.WaitGroup
	id     string
	took   []time.Duration
	rounds int
	err    error
}

func beHonest(s *siege) *honest {
	h := &honest{siege: s, stop: make(chan struct{})}
	h.done.Go(func() {
		pause := time.NewTicker(10 * time.Millisecond)
		defer pause.Stop()
		for h.err == nil {
			if h.err = h.visit(); h.err == nil {
				h.rounds++
			}
			select {
			case <-h.stop:
				return
			case <-pause.C:
			}
		}
	})
	return h
}

func (h *honest) end() {
	close(h.stop)
	h.done.Wait()
}

// visit is a login, a publication, a search and a file, all on one connection.
func (h *honest) visit() error {
	const ip = "127.0.0.123"
	c, err := dialAs(ip, h.address)
	if err != nil {
		return err
	}
	defer c.Close()
	at := written(ip, 3000)
	login, err := h.ask(c, "LOGI"+at, 20)
	if err != nil {
		return err
	}
	if h.id == "" {
		h.id = login[4:]
	}
	if login != "ALGI"+h.id {
		return fmt.Errorf("a login was answered with %q", login)
	}
	name := fmt.Sprintf("honest %d.txt", h.rounds)
	md5 := sum(name)
	found, err := h.ask(c, fmt.Sprintf("ADFF%s%s%-100sFIND%s%-20s", h.id, md5, name, h.id, name), 7+135+60)
	if err != nil || found != "AFIN001"+hit(md5, name, at) {
		return fmt.Errorf("a search was answered with %q, %w", found, err)
	}
	found, err = h.ask(c, fmt.Sprintf("DEFF%s%sFIND%s%-20s", h.id, md5, h.id, name), 7)
	if err != nil || found != "AFIN000" {
		return fmt.Errorf("a search for what is gone was answered with %q, %w", found, err)
	}
	aret := "ARET00000304096" + nineThousand[:4096] + "04096" + nineThousand[:4096] + "00808" + nineThousand[:808]
	file, err := h.ask(c, "RETR"+sum(nineThousand), len(aret))
	if err != nil || file != aret {
		return fmt.Errorf("a file was answered with %.100q, %w", file, err)
	}
	return nil
}

// ask says something and reads an answer of so many bytes.
func (h *honest) ask(c net.Conn, what string, n int) (string, error) {
	start := time.Now()
	if err := c.SetDeadline(start.Add(3 * patience)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(c, what); err != nil {
		return "", err
	}
	b := make([]byte, n)
	got, err := io.ReadFull(c, b)
	h.took = append(h.took, time.Since(start))
	return string(b[:got]), err
}

// dialAs connects from an address.
func dialAs(ip, to string) (*net.TCPConn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}, Timeout: 2 * patience}
	c, err := d.Dial("tcp", to)
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil
}

// attacker is the address of attacker number i.
func attacker(i int) string { return fmt.Sprintf("127.1.%d.%d", i/250, i%250+1) }

// crowd runs f for each of n attackers, some at a time, and gives the first error.
func crowd(n, atOnce int, f func(i int) error) error {
	var all sync.WaitGroup
	var mu sync.Mutex
	var first error
	next := make(chan int)
	for range min(n, atOnce) {
		all.Go(func() {
			for i := range next {
				if err := f(i); err != nil {
					mu.Lock()
					first = errors.Join(first, err)
					mu.Unlock()
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
	return first
}

// cutOff reads until the other side has ended the connection, in whatever way, and gives what came.
func cutOff(c net.Conn) (string, error) {
	if err := c.SetReadDeadline(time.Now().Add(3 * patience)); err != nil {
		return "", err
	}
	b, err := io.ReadAll(c)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return string(b), fmt.Errorf("still open after %v: %w", 3*patience, err)
	}
	return string(b), nil
}
