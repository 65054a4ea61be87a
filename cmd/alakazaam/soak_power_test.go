package main_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	main "alakazaam/cmd/alakazaam"
)

// slowDisk takes its time to sync, as disks do: only then is there a time in which a supernode could answer too early.
type slowDisk struct{ vfs.FS }

type slowFile struct{ vfs.File }

func slow(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return f, err
	}
	return slowFile{f}, nil
}

func (d slowDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return slow(d.FS.Create(name, c))
}

func (d slowDisk) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return slow(d.FS.ReuseForWrite(from, to, c))
}

func (d slowDisk) OpenDir(name string) (vfs.File, error) { return slow(d.FS.OpenDir(name)) }

func (f slowFile) Sync() error     { turn(); return f.File.Sync() }
func (f slowFile) SyncData() error { turn(); return f.File.SyncData() }

// turn is the time that a disk needs.
func turn() { <-time.After(2*time.Millisecond + time.Duration(rand.Int64N(int64(8*time.Millisecond)))) }

// outage is a supernode whose power is cut.
type outage struct {
	f    *fleet
	sync []string // what store.sync may be
	dir  string
	disk *vfs.MemFS
}

// TestPowerCutUnderLoad: the same as after kill -9 holds where what was not synced is gone as well.
func TestPowerCutUnderLoad(t *testing.T) {
	t.Parallel()
	o := &outage{f: newFleet(t), sync: []string{"always"}, dir: t.TempDir()}
	o.run(t, rounds(t))
	require.Greater(t, o.f.book.acknowledged, 10*rounds(t))
}

// TestPowerCutBetweenSyncs: a supernode that syncs at times may lose what it acknowledged last, but nothing in the middle.
func TestPowerCutBetweenSyncs(t *testing.T) {
	t.Parallel()
	o := &outage{f: newFleet(t), sync: []string{"5ms", "500ms"}, dir: t.TempDir()}
	o.run(t, rounds(t))
	t.Logf("%d looks missed something that was acknowledged, %d found more than there was before", o.f.book.lost, o.f.book.kept)
	if rounds(t) >= 10 {
		require.Positive(t, o.f.book.lost, "a power cut between two syncs has cost something, or the test shows nothing")
		require.Positive(t, o.f.book.kept, "and it did not cost everything")
	}
}

func (o *outage) run(t *testing.T, rounds int) {
	o.disk = vfs.NewCrashableMem()
	begun := time.Now()
	for round := range rounds {
		o.round(t)
		if round%10 == 9 {
			t.Logf("%d of %d rounds in %v: %v", round+1, rounds, time.Since(begun).Round(time.Second), o.f.book.tally)
		}
	}
	sn := main.Host(t, "127.0.0.39", o.dir, o.sync[0], o.disk)
	o.look(sn)
	require.NoError(t, sn.Stop())
	require.Positive(t, o.f.book.inDoubt, "something was under way when the power went, or the test shows nothing")
}

func (o *outage) look(sn *main.Hosted) {
	o.f.t.Helper()
	o.f.look(sn.Address, false)
	sessions, files := sn.Holds()
	o.f.agrees(held{sessions, files})
}

// round is a life of the supernode. Now and then it ends in order, and the power is cut then.
func (o *outage) round(t *testing.T) {
	f := o.f
	sync := o.sync[f.r.IntN(len(o.sync))]
	sn := main.Host(t, "127.0.0.39", o.dir, sync, slowDisk{o.disk})
	o.look(sn)
	inOrder := f.r.IntN(5) == 0
	var left *vfs.MemFS
	var failed error
	f.work(90*time.Millisecond, func() {
		if !inOrder {
			f.book.cut(func() {
				left = o.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 33 * f.r.IntN(4), RNG: f.r})
			})
		}
		failed = sn.Stop()
	})
	require.NoError(t, failed)
	if inOrder {
		left = o.disk.CrashClone(vfs.CrashCloneCfg{})
	}
	require.Empty(t, sn.Log.String())
	o.disk = left
	f.died(sync != "always" && !inOrder)
}
