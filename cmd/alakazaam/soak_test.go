package main_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The soak tests have peers do random things at a supernode that dies again and again, and compare what it holds
// afterwards with what it acknowledged. SOAK_ROUNDS is how often it dies; SOAK_SEED repeats what the peers do, though
// not when it happens.

// crew is how many peers there are.
const crew = 20

// fleet is the peers of a test.
type fleet struct {
	t     *testing.T
	book  *ledger
	r     *rand.Rand // of the test itself
	peers []*scripted
}

func number(t testing.TB, variable string, otherwise uint64) uint64 {
	text, ok := os.LookupEnv(variable)
	if !ok {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, variable)
	return n
}

func rounds(t *testing.T) int { return int(number(t, "SOAK_ROUNDS", 10)) }

func newFleet(t *testing.T) *fleet {
	seed := number(t, "SOAK_SEED", rand.Uint64N(1e9))
	t.Logf("SOAK_SEED=%d", seed)
	f := &fleet{t: t, book: &ledger{ids: make(map[string]bool)}, r: rand.New(rand.NewPCG(seed, 0))}
	f.book.begin()
	for n := range crew {
		f.peers = append(f.peers, newScripted(f.book, seed, n+1))
	}
	return f
}

// each has all peers do something at once and gives how it ended for each. What a supernode may never do ends the test.
func (f *fleet) each(do func(*scripted) error) []error {
	f.t.Helper()
	ends := make([]error, len(f.peers))
	var all sync.WaitGroup
	for i, p := range f.peers {
		all.Go(func() { ends[i] = do(p) })
	}
	all.Wait()
	for i, err := range ends {
		var wrong *violation
		if errors.As(err, &wrong) {
			f.t.Errorf("peer %d: %v", i+1, err)
		}
	}
	if f.t.Failed() {
		f.t.FailNow()
	}
	return ends
}

// look has all peers look, which must not fail unless the supernode is being killed meanwhile.
func (f *fleet) look(server string, killed bool) {
	f.t.Helper()
	for i, err := range f.each(func(p *scripted) error {
		p.server = server
		return p.look()
	}) {
		if !killed {
			require.NoError(f.t, err, "peer %d", i+1)
		}
	}
}

// died says that the supernode is gone.
func (f *fleet) died(lossy bool) {
	f.book.begin()
	f.book.deaths++
	for _, p := range f.peers {
		p.died(lossy)
	}
}

// agrees compares what the supernode holds in all with what its peers have found.
func (f *fleet) agrees(s held) {
	f.t.Helper()
	files := 0
	for _, p := range f.peers {
		files += p.now.count()
	}
	require.Equal(f.t, held{len(f.peers), files}, s, "sessions and files")
}

// held is how much a supernode holds.
type held struct{ sessions, files int }

// work has all peers do random things until the supernode is gone, and strikes at a random moment meanwhile.
func (f *fleet) work(most time.Duration, strike func()) []error {
	f.t.Helper()
	f.book.begin()
	struck := f.soon(most, func() {
		select {
		case <-f.book.busy:
		case <-time.After(patience): // they will say why they got no answers
		}
		strike()
	})
	ends := f.each((*scripted).work)
	<-struck
	return ends
}

// soon does something at a random moment and says when it is done.
func (f *fleet) soon(most time.Duration, do func()) (done chan struct{}) {
	done = make(chan struct{})
	wait := 10*time.Millisecond + time.Duration(f.r.Int64N(int64(most)))
	time.AfterFunc(wait, func() {
		defer close(done)
		do()
	})
	return done
}

// victim is a supernode that does not live long.
type victim struct {
	*process
	t                          *testing.T
	address, admin, base, data string
	more                       []string // arguments
}

func (v *victim) run() {
	v.t.Helper()
	v.process = start(v.t, append([]string{
		"supernode", "--listen", v.address, "--admin.listen", v.admin, "--data_dir", v.data,
		"--share_dir", filepath.Join(v.base, "shared"), "--download_dir", filepath.Join(v.base, "downloads"),
		"--discovery.target", "0", "--session.probe_every", "0s",
	}, v.more...)...)
}

// loaded waits until everything that the program has kept can be found.
func (v *victim) loaded() {
	v.t.Helper()
	v.waitFor("listening")
	require.Eventually(v.t, func() bool {
		_, text := get(v.t, v.admin, "/readyz", "")
		return text == "ready\n"
	}, patience, 10*time.Millisecond)
}

// ended waits until a signal has ended the program, and sees that it had nothing to complain about.
func (v *victim) ended(s os.Signal) {
	v.t.Helper()
	code := v.exit()
	if s == syscall.SIGTERM {
		require.Zero(v.t, code)
	}
	for _, bad := range []string{"level=error", "level=warning", "panic", "DATA RACE"} {
		require.NotContains(v.t, v.text(), bad)
	}
}

func (v *victim) holds() held {
	v.t.Helper()
	r, err := http.Get("http://" + v.admin + "/status")
	require.NoError(v.t, err)
	defer r.Body.Close()
	var s struct {
		Sessions struct{ Sessions int }
		Catalog  struct{ Copies int }
	}
	require.NoError(v.t, json.NewDecoder(r.Body).Decode(&s))
	return held{s.Sessions.Sessions, s.Catalog.Copies}
}

// killing is a supernode that is killed while a fleet is at work.
type killing struct {
	*victim
	f *fleet
}

// TestKilledUnderLoad: whatever a supernode has acknowledged is there after kill -9 and after an orderly end under load,
// nothing comes back from the dead, and of what was not acknowledged there is nothing behind something that is missing.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	v := &killing{f: f, victim: &victim{
		t: t, base: t.TempDir(), data: filepath.Join(t.TempDir(), "data"), address: free(t, "127.0.0.38"), admin: free(t, "127.0.0.1"),
	}}
	begun, n := time.Now(), rounds(t)
	for round := range n {
		v.round()
		if round%10 == 9 {
			t.Logf("%d of %d rounds in %v: %v", round+1, n, time.Since(begun).Round(time.Second), f.book.tally)
		}
	}
	v.run()
	v.loaded()
	f.look(v.address, false)
	f.agrees(v.holds())
	v.signal(syscall.SIGTERM)
	v.ended(syscall.SIGTERM)
	require.Positive(t, f.book.inDoubt, "something was under way when it died, or the test shows nothing")
	require.Greater(t, f.book.acknowledged, 10*n)
}

// round is a life of the program, and now and then a second one that ends before it has begun.
func (v *killing) round() {
	f := v.f
	v.run()
	v.loaded()
	if f.r.IntN(8) == 0 {
		struck := f.soon(50*time.Millisecond, func() { v.signal(syscall.SIGKILL) })
		f.look(v.address, true)
		<-struck
		v.gone(syscall.SIGKILL)
		return
	}
	f.look(v.address, false)
	f.agrees(v.holds())
	how := syscall.SIGKILL
	if f.r.IntN(4) == 0 {
		how = syscall.SIGTERM
	}
	for i, err := range f.work(250*time.Millisecond, func() { v.signal(how) }) {
		if how == syscall.SIGTERM && !f.peers[i].orderly(err) || how == syscall.SIGKILL && err == errRefused {
			v.t.Errorf("%v: peer %d: %v", how, i+1, err)
		}
	}
	v.gone(how)
	if f.r.IntN(4) == 0 {
		v.run()
		<-f.soon(400*time.Millisecond, func() { v.signal(syscall.SIGKILL) })
		v.ended(syscall.SIGKILL)
		f.book.deaths++
	}
}

// gone takes in that a signal has ended the program.
func (v *killing) gone(by os.Signal) {
	v.t.Helper()
	v.ended(by)
	v.f.died(false)
}
