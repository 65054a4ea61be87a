package durable

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// rounds is how many random histories each of the tests here goes through.
var rounds = flag.Int("rounds", 25, "random histories for the tests of crashes and failures")

// cut is a disk as a power cut left it, and what had been acknowledged at that moment.
type cut struct {
	disk          *vfs.MemFS
	acked, synced int // batches
	inFlight      bool
}

// powerCuts runs a random history on a disk and cuts the power at random moments of it.
func powerCuts(t *testing.T, m *model, seed uint64, sync_ time.Duration) (cuts []cut) {
	r := rand.New(rand.NewPCG(seed, 1))
	disk := vfs.NewCrashableMem()
	var mu sync.Mutex
	var now cut
	when := rand.New(rand.NewPCG(seed, 2))
	next := when.IntN(200)
	strike := func(string, string) error {
		mu.Lock()
		defer mu.Unlock()
		if next--; next < 0 {
			next = when.IntN(400)
			c := now
			c.disk = disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: when.IntN(4) * 33, RNG: when})
			cuts = append(cuts, c)
		}
		return nil
	}
	set := func(f func()) { mu.Lock(); defer mu.Unlock(); f() }
	o := small(&hookFS{FS: disk, before: strike, after: strike})
	o.Sync = sync_
	m.batches = nil
	for range 3 {
		d, report := open(t, o)
		require.NoError(t, report.Damage)
		for range 25 {
			changes := draw(rand.New(rand.NewPCG(r.Uint64(), 3)), 1<<r.IntN(9))
			m.batches = append(m.batches, changes)
			set(func() { now.inFlight = true })
			require.NoError(t, d.apply(changes))
			set(func() {
				now.inFlight = false
				if now.acked++; sync_ == 0 || len(d.unsynced) == 0 {
					now.synced = now.acked
				}
			})
		}
		if r.IntN(2) == 0 {
			require.NoError(t, d.close())
			set(func() { now.synced = now.acked })
			continue
		}
		left := kill(t, disk, d)
		set(func() { disk = left; o.FS.(*hookFS).FS = left })
		if sync_ > 0 {
			break // what the process had not given to the system yet is gone, and the model does not know how much
		}
	}
	return cuts
}

// kill ends a process that had the directory open: what it has written up to here stays.
func kill(t *testing.T, disk *vfs.MemFS, d *directory) *vfs.MemFS {
	left := vfs.NewCrashableMem()
	killed := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
	require.NoError(t, d.close())
	copyTree(t, killed, left, "/data/directory")
	return left
}

// TestPowerCut: what was acknowledged is there, what was not is there as a whole or not at all, and nothing else.
func TestPowerCut(t *testing.T) {
	struck, m := 0, newModel(t)
	for seed := range uint64(*rounds) {
		cuts := powerCuts(t, m, seed, 0)
		for i, c := range cuts {
			d, report := open(t, small(c.disk))
			require.NoError(t, report.Damage, "seed %d, cut %d", seed, i)
			got := dump(t, d)
			fits := slices.Equal(got, m.contents(c.acked)) || c.inFlight && slices.Equal(got, m.contents(c.acked+1))
			require.True(t, fits, "seed %d, cut %d after %d acknowledged", seed, i, c.acked)
			require.NoError(t, d.apply(fill(2)), "and it goes on")
			require.NoError(t, d.close())
			struck++
		}
	}
	t.Logf("%d power cuts", struck)
	require.Greater(t, struck, 3**rounds)
}

// TestPowerCutBetweenSyncs: what is there is what was there at some moment since the last sync.
func TestPowerCutBetweenSyncs(t *testing.T) {
	lost, m := 0, newModel(t)
	for seed := range uint64(*rounds) {
		cuts := powerCuts(t, m, seed, 2*time.Millisecond)
		for i, c := range cuts {
			d, report := open(t, small(c.disk))
			require.NoError(t, report.Damage, "seed %d, cut %d", seed, i)
			got := dump(t, d)
			last := c.acked
			if c.inFlight {
				last++
			}
			at := last
			for at >= c.synced && !slices.Equal(got, m.contents(at)) {
				at--
			}
			require.GreaterOrEqual(t, at, c.synced, "seed %d, cut %d: %d synced, %d acknowledged", seed, i, c.synced, c.acked)
			if at < c.acked {
				lost++
			}
			require.NoError(t, d.close())
		}
	}
	require.Positive(t, lost, "a power cut between two syncs has cost something, or the test shows nothing")
}

// failures makes a file system fail at random for a while.
type failures struct {
	mu       sync.Mutex
	r        *rand.Rand
	next     int // operations until the next failure
	for_     int // operations that fail then
	err      error
	happened map[string]int
}

func (f *failures) strike(moment string) func(op, name string) error {
	return func(op, name string) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.next--; f.next >= 0 {
			return nil
		}
		if f.next < -f.for_ {
			f.next, f.for_ = f.r.IntN(600), 1+f.r.IntN(3)
			f.err = []error{syscall.ENOSPC, syscall.EIO, syscall.EROFS}[f.r.IntN(3)]
		}
		f.happened[moment+" "+op]++
		return fmt.Errorf("%s %s: %w", op, name, f.err)
	}
}

// TestWritesFail: a write that fails anywhere, done or not done, is refused whole, and nothing else is changed.
func TestWritesFail(t *testing.T) {
	happened := make(map[string]int)
	refused, m := 0, newModel(t)
	for seed := range uint64(2 * *rounds) {
		disk := vfs.NewMem()
		f := &failures{r: rand.New(rand.NewPCG(seed, 5)), happened: happened, next: 1 << 30}
		o := small(&hookFS{FS: disk, before: f.strike("before"), after: f.strike("after")})
		o.Sync = []time.Duration{0, 0, time.Millisecond, time.Hour}[seed%4]
		log := &lines{}
		o.Log = log.log()
		d, _ := open(t, o)
		m.batches = nil
		r := rand.New(rand.NewPCG(seed, 6))
		f.mu.Lock()
		f.next = r.IntN(100)
		f.mu.Unlock()
		for range 80 {
			changes := draw(r, 1<<r.IntN(10))
			if err := d.apply(changes); err != nil {
				require.True(t, errors.Is(err, ErrNoSpace) || errors.Is(err, ErrUnwritable), "seed %d: %v %s", seed, err, log)
				refused++
				d.retryAt = time.Now() // rather than wait
				continue
			}
			m.batches = append(m.batches, changes)
		}
		f.mu.Lock()
		f.next = 1 << 30
		f.mu.Unlock()
		d.tend() // it may just have broken in the background
		d.retryAt = time.Now()
		d.tend()
		want := m.contents(len(m.batches))
		require.NotNil(t, d.engine, "seed %d: %s", seed, log)
		require.True(t, slices.Equal(want, dump(t, d)), "seed %d: nothing is lost, and nothing refused is there", seed)
		require.NoError(t, d.close())
		require.NotContains(t, log.String(), "all the same")
		d, report := open(t, small(disk))
		require.NoError(t, report.Damage)
		require.True(t, slices.Equal(want, dump(t, d)), "seed %d: after opening it again", seed)
		require.NoError(t, d.close())
	}
	t.Logf("%d refused; failures: %v", refused, happened)
	for _, op := range []string{"before write", "after write", "before sync", "after sync", "before create", "before remove"} {
		require.Positive(t, happened[op], op)
	}
	require.Greater(t, refused, *rounds)
}

// TestRefusedIsTakenBack: a batch that reached the disk although its sync failed is gone again.
func TestRefusedIsTakenBack(t *testing.T) {
	for _, sync_ := range []time.Duration{0, time.Hour} {
		var fail atomic.Bool
		o := small(&hookFS{FS: vfs.NewMem(), after: func(op, name string) error {
			if op == "sync" && fail.CompareAndSwap(true, false) {
				return syscall.EIO
			}
			return nil
		}})
		o.Sync = sync_
		d, _ := open(t, o)
		require.NoError(t, d.apply(fill(6)))
		before := dump(t, d)
		if sync_ > 0 {
			fail.Store(true)
			require.ErrorIs(t, d.sync(), ErrUnwritable)
			d.tend()
			require.Equal(t, before, dump(t, d), "what was acknowledged and could not be synced is written again")
			require.NoError(t, d.close())
			continue
		}
		for _, changes := range [][]port.Change{
			{{Op: port.OpLogout, Session: session(6)}, {Op: port.OpLogin, Session: session(6), Endpoint: endpoint(9)}},
			{{Op: port.OpLogin, Session: session(8), Endpoint: endpoint(8)}, {Op: port.OpPut, Session: session(8), File: p2p.FileID{1}, Name: "new"}},
			{{Op: port.OpPut, Session: session(5), File: p2p.FileID{1}, Name: "other"}, {Op: port.OpDelete, Session: session(5), File: p2p.FileID{2}}},
		} {
			fail.Store(true)
			require.ErrorIs(t, d.apply(changes), ErrUnwritable)
			require.False(t, fail.Load(), "it has failed")
			d.retryAt = time.Now()
			d.tend()
			require.Equal(t, before, dump(t, d))
			require.NoError(t, d.apply(nil))
		}
		require.NoError(t, d.close())
	}
}

// TestSyncedThatOften: with a duration, changes are on the disk soon although nothing else happens.
func TestSyncedThatOften(t *testing.T) {
	system := newSystem()
	defer system.Shutdown()
	c := newClient(t, system)
	disk := vfs.NewCrashableMem()
	o := small(disk)
	o.Sync = 20 * time.Millisecond
	s, _, err := Open(system, o)
	require.NoError(t, err)
	require.NoError(t, c.apply(s, fill(3)))
	require.Eventually(t, func() bool {
		d, _ := open(t, small(disk.CrashClone(vfs.CrashCloneCfg{})))
		got := dump(t, d)
		require.NoError(t, d.close())
		require.Contains(t, []int{0, 9}, len(got))
		return len(got) == 9
	}, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, s.Close())
}
