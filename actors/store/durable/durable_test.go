package durable

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/actortest"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/store"
)

// backends are the stores that have to behave alike.
func backends(t *testing.T, s *actor.ActorSystem) map[string]port.Store {
	d, report, err := Open(s, Options{Dir: filepath.Join(t.TempDir(), "directory")})
	require.NoError(t, err)
	require.True(t, report.Created)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return map[string]port.Store{"memory": store.NewMemory(s), "durable": d}
}

// fill puts sessions 1 to n into the directory, session i with i files, in an order that is not theirs.
func fill(n int) (changes []port.Change) {
	for i := n; i > 0; i-- {
		changes = append(changes, port.Change{Op: port.OpLogin, Session: session(i), Endpoint: endpoint(i)})
		for f := i; f > 0; f-- {
			changes = append(changes, port.Change{Op: port.OpPut, Session: session(i), File: p2p.FileID{byte(f)}, Name: "n"})
		}
	}
	return changes
}

func TestStoresAreReadInPieces(t *testing.T) {
	system := newSystem()
	defer system.Shutdown()
	for name, b := range backends(t, system) {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, system)
			require.Empty(t, c.all(b, port.Cursor{}, 1))
			require.NoError(t, c.apply(b, fill(6)))
			for limit := 1; limit < 40; limit++ {
				all := c.all(b, port.Cursor{}, limit)
				require.Len(t, all, 6+21, "limit %d", limit)
				for i, ch := range all[1:] {
					before := all[i]
					require.True(t, before.Session.Compare(ch.Session) < 0 ||
						before.Session == ch.Session && before.File.Compare(ch.File) < 0)
				}
				require.Len(t, c.all(b, port.Cursor{Scope: port.Logins}, limit), 6)
				require.Len(t, c.all(b, port.Cursor{Scope: port.OneSession, Session: session(4)}, limit), 5)
				require.Empty(t, c.all(b, port.Cursor{Scope: port.OneSession, Session: session(9)}, limit))
			}
			require.NoError(t, c.apply(b, []port.Change{
				{Op: port.OpLogout, Session: session(6)}, {Op: port.OpDelete, Session: session(2), File: p2p.FileID{1}},
				{Op: port.OpPut, Session: session(9), File: p2p.FileID{1}, Name: "of nobody"},
				{Op: port.OpDelete, Session: session(9), File: p2p.FileID{1}}, {Op: port.OpLogout, Session: session(9)},
				{Op: port.OpLogin, Session: session(1), Endpoint: endpoint(77)},
			}))
			all := c.all(b, port.Cursor{}, 4)
			require.Len(t, all, 5+14)
			require.Equal(t, endpoint(1), all[0].Endpoint, "who is logged in stays where he is")
			require.NoError(t, c.apply(b, nil))
		})
	}
}

// TestLikeMemory has Memory say what every answer should be.
func TestLikeMemory(t *testing.T) {
	system := newSystem()
	defer system.Shutdown()
	c := newClient(t, system)
	rapid.Check(t, func(t *rapid.T) {
		o := small(vfs.NewMem())
		o.Sync = rapid.SampledFrom([]time.Duration{0, time.Microsecond, time.Second}).Draw(t, "sync")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		ids := rapid.IntRange(0, 6)
		memory := store.NewMemory(system)
		disk, _, err := Open(system, o)
		require.NoError(t, err)
		defer func() { require.NoError(t, disk.Close()) }()
		t.Repeat(map[string]func(*rapid.T){
			"apply": func(t *rapid.T) {
				changes := draw(r, rapid.SampledFrom([]int{3, 40, 400}).Draw(t, "most"))
				require.NoError(t, c.apply(memory, changes))
				require.NoError(t, c.apply(disk, changes))
			},
			"load": func(t *rapid.T) {
				at := port.Cursor{
					Scope: port.Scope(rapid.IntRange(0, 2).Draw(t, "scope")), Session: session(ids.Draw(t, "session")),
					Begun: rapid.Bool().Draw(t, "begun"), File: p2p.FileID{15: rapid.Byte().Draw(t, "file")},
				}
				limit := rapid.IntRange(1, 300).Draw(t, "limit")
				require.Equal(t, c.load(memory, at, limit), c.load(disk, at, limit), "%v", at)
			},
			"reopen": func(t *rapid.T) {
				require.NoError(t, disk.Close())
				var report Opening
				disk, report, err = Open(system, o)
				require.NoError(t, err)
				require.Empty(t, report.SetAside)
			},
			"": func(t *rapid.T) {
				require.Equal(t, c.all(memory, port.Cursor{}, 97), c.all(disk, port.Cursor{}, 89))
			},
		})
	})
}

func TestAnswersAfterTheEnd(t *testing.T) {
	system := newSystem()
	defer system.Shutdown()
	c := newClient(t, system)
	o := small(vfs.NewMem())
	metrics := make(actortest.Metrics)
	o.Metrics = metrics
	s, _, err := Open(system, o)
	require.NoError(t, err)
	for i := range 50 {
		s.Apply([]port.Change{{Op: port.OpLogin, Session: session(i), Endpoint: endpoint(i)}}, c.pid, uint64(i))
	}
	s.Load(port.Cursor{}, 100, c.pid, 50)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "twice is no harm")
	for i := range 50 {
		require.Equal(t, &port.Applied{Token: uint64(i)}, c.answer(), "what was asked for before the end is done, in order")
	}
	require.Len(t, c.answer().(*port.Loaded).Changes, 50)
	require.Equal(t, 50, metrics[actortest.Series("store_writes_total", "result", "kept")])
	require.Equal(t, 50, metrics["store_changes_total"])
	require.Equal(t, []int{50, 50, 1}, []int{
		metrics["store_write_seconds_count"], metrics["store_batch_changes_count"], metrics["store_read_seconds_count"],
	})
	require.Equal(t, 50_000, metrics["store_batch_changes_sum"])
	require.ErrorIs(t, c.apply(s, fill(1)), ErrClosed)
	require.ErrorIs(t, c.load(s, port.Cursor{}, 1).Err, ErrClosed)
}

// openerVariable has the test program open the directory that it names, instead of testing, and write into it until it
// is killed if writerVariable is set as well.
const (
	openerVariable = "ALAKAZAAM_TEST_OPEN"
	writerVariable = "ALAKAZAAM_TEST_WRITE"
)

func openElsewhere(dir string) int {
	d, report, err := openDirectory(Options{Dir: dir, MemTable: 64 << 10}, current)
	if err != nil || report.Damage != nil {
		_, _ = os.Stdout.WriteString(errors.Join(err, report.Damage).Error())
		return 3
	}
	if os.Getenv(writerVariable) == "" {
		return 0
	}
	for i := report.Sessions; ; i++ {
		if err := d.apply(oneMore(i)); err != nil {
			return 4
		}
		fmt.Println(i)
	}
}

// oneMore makes session i with twenty files and takes ten away from the one before.
func oneMore(i int) []port.Change {
	out := []port.Change{{Op: port.OpLogin, Session: session(i), Endpoint: endpoint(1 + i%60000)}}
	for f := range 20 {
		out = append(out, port.Change{Op: port.OpPut, Session: session(i), File: p2p.FileID{byte(f), 15: 1}, Name: "n"})
		if f%2 == 0 && i > 0 {
			out = append(out, port.Change{Op: port.OpDelete, Session: session(i - 1), File: p2p.FileID{byte(f), 15: 1}})
		}
	}
	return out
}

// TestKill kills a process that writes, again and again.
func TestKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "directory")
	acked := -1
	for round := range 6 {
		other := exec.Command(os.Args[0])
		other.Env = append(os.Environ(), openerVariable+"="+dir, writerVariable+"=1")
		out, err := other.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, other.Start())
		said := bufio.NewScanner(out)
		for more := 1 + rand.IntN(400); more > 0 && said.Scan(); more-- {
			n, err := strconv.Atoi(said.Text())
			require.NoError(t, err, said.Text())
			require.Equal(t, acked+1, n, "round %d", round)
			acked = n
		}
		require.NoError(t, other.Process.Kill())
		for said.Scan() { // what it has said before it died
			acked++
		}
		_ = other.Wait()
		d, report := open(t, Options{Dir: dir})
		require.NoError(t, report.Damage)
		require.Contains(t, []int{acked + 1, acked + 2}, report.Sessions)
		require.Equal(t, 10+10*report.Sessions, report.Files, "each batch is there as a whole")
		acked = report.Sessions - 1
		require.NoError(t, d.close())
	}
}

func TestOneAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "directory")
	d, _ := open(t, Options{Dir: dir})
	require.NoError(t, d.apply(fill(3)))
	_, _, err := openDirectory(Options{Dir: dir}, current)
	require.ErrorIs(t, err, ErrInUse)
	_, err = Check(Options{Dir: dir})
	require.ErrorIs(t, err, ErrInUse)

	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), openerVariable+"="+dir)
	out, err := other.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s", out)
	require.Equal(t, 3, exit.ExitCode())
	require.Contains(t, string(out), dir+" is in use by another program")
	require.Len(t, dump(t, d), 9, "and nothing has happened to it")
	require.NoError(t, d.close())
	d, report := open(t, Options{Dir: dir})
	require.Equal(t, [2]int{3, 6}, [2]int{report.Sessions, report.Files})
	require.NoError(t, d.close())
}

// TestFreshDirectoryIsEmpty: what an earlier process left is gone, and what this one writes stays as long as it lives.
func TestFreshDirectoryIsEmpty(t *testing.T) {
	system := newSystem()
	defer system.Shutdown()
	o := Options{Dir: filepath.Join(t.TempDir(), "directory"), Fresh: true}
	for range 2 {
		d, report, err := Open(system, o)
		require.NoError(t, err)
		require.Zero(t, report.Sessions)
		require.Zero(t, report.Files)
		c := newClient(t, system)
		require.Empty(t, c.all(d, port.Cursor{}, 10))
		require.NoError(t, c.apply(d, fill(3)))
		require.Len(t, c.all(d, port.Cursor{}, 10), 3+6)
		require.NoError(t, d.Close())
	}
	o.Fresh = false
	d, report, err := Open(system, o)
	require.NoError(t, err)
	require.Equal(t, 3, report.Sessions)
	require.NoError(t, d.Close())
}
