package catalog

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
)

// idOf is an MD5 like any other.
func idOf(i int) (id p2p.FileID) {
	binary.BigEndian.PutUint64(id[:], (uint64(i)+1)*0x9E3779B97F4A7C15)
	binary.BigEndian.PutUint64(id[8:], uint64(i))
	return id
}

// heap is what is in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// filled is an index with so many files of 100 sessions, and what it takes.
func filled(names []string) (x *index, took time.Duration, bytes uint64) {
	before, begun := heap(), time.Now()
	x = newIndex()
	sessions := make([]p2p.SessionID, 100)
	for i := range sessions {
		sessions[i] = sessionNo(i + 1)
	}
	for i, n := range names {
		s := sessions[i/16%100]
		x.put(s, where(s), idOf(i), p2p.FileName(n))
		if i%writtenAtOnce == 0 {
			x.tidy()
		}
	}
	took = time.Since(begun)
	for x.untidy() {
		x.tidy()
	}
	return x, took, heap() - before
}

// sizes are those of the directories; SCALE=full has ten million files, too.
func sizes() []int {
	all := []int{10_000, 100_000, 1_000_000}
	if os.Getenv("SCALE") == "full" {
		all = append(all, 10_000_000)
	}
	return all
}

// BenchmarkSearch looks for texts that one, few, many and no names have, and reports what an index takes.
func BenchmarkSearch(b *testing.B) {
	for _, n := range sizes() {
		names := newSongs(1).names(n)
		x, took, bytes := filled(names)
		search := func(name string, text func(i int) string) {
			b.Run(fmt.Sprintf("%s/files=%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				var worst time.Duration
				for i := 0; b.Loop(); i++ {
					t, err := p2p.NewSearchText(text(i))
					require.NoError(b, err)
					begun := time.Now()
					x.match(wanted{text: t, limit: 200, perOwner: 50, all: true, known: known, effort: 200_000})
					worst = max(worst, time.Since(begun))
				}
				b.ReportMetric(float64(worst.Microseconds()), "worst-us")
				b.ReportMetric(float64(took.Nanoseconds())/float64(n), "ns/put")
				b.ReportMetric(float64(bytes)/float64(n), "B/file")
			})
		}
		in := func(i int) string { return names[i*7919%n] }
		search("selective", func(i int) string { s := in(i); return s[len(s)-24 : len(s)-4] })
		search("front", func(i int) string { return in(i)[:10] })
		search("word", func(i int) string { return in(i)[2:7] })
		search("absent", func(int) string { return "xylophone quartz" })
		search("mp3", func(int) string { return "mp3" })
		search("all", func(int) string { return "*" })
		search("one", func(i int) string { return string("abcdefghijklmnopqrstuvwxyz0123456789"[i%36]) })
		search("two", func(i int) string { return in(i)[3:5] })
	}
}

// TestChurnEndsWhereItBegan adds and removes two hundred thousand files, or ten thousand CHURN times, and holds what an
// index of ten thousand takes then against what it took when the first of them had gone.
func TestChurnEndsWhereItBegan(t *testing.T) {
	rounds := 20
	if n, err := strconv.Atoi(os.Getenv("CHURN")); err == nil {
		rounds = n
	}
	const kept, changed = 10_000, 10_000
	x := newIndex()
	next, names := 0, newSongs(2).names(50_000)
	put := func(n int) {
		for range n {
			x.put(sessionNo(next/500%50+1), where(sessionNo(1)), idOf(next), p2p.FileName(names[next%len(names)]))
			next++
			if next%writtenAtOnce == 0 {
				x.tidy()
			}
		}
	}
	settle := func() uint64 {
		for x.tidy() {
		}
		requireSound(t, x)
		return heap()
	}
	var begin uint64
	put(kept)
	for round := range rounds {
		put(changed)
		for i := next - changed - kept; i < next-kept; i++ {
			x.remove(sessionNo(i/500%50+1), idOf(i))
			if i%writtenAtOnce == 0 {
				x.tidy()
			}
		}
		if round == 0 {
			begin = settle()
		}
	}
	require.Equal(t, kept, int(x.files.n))
	end := settle()
	t.Logf("%d files added and removed: %.1f MB before, %.1f MB after", rounds*changed, float64(begin)/1e6, float64(end)/1e6)
	const oneSegment = 5e6
	require.Less(t, float64(end), float64(begin)+oneSegment, "however full the segments have come to be")

	for i := range 50 {
		x.removeAll(sessionNo(i+1), math.MaxInt)
	}
	empty := settle()
	require.Zero(t, x.files.n)
	require.Less(t, int64(empty), int64(begin), "everybody has left")
	runtime.KeepAlive(names)
}

// TestMassLogout: when nine in ten have left, what they took is given back.
func TestMassLogout(t *testing.T) {
	names := newSongs(3).names(100_000)
	x, _, full := filled(names)
	before := heap()
	sessions := make([]p2p.SessionID, 0, 100)
	for s := range x.sessions {
		sessions = append(sessions, s)
	}
	slices.SortFunc(sessions, p2p.SessionID.Compare)
	for _, s := range sessions[:90] {
		x.removeAll(s, math.MaxInt)
	}
	for x.tidy() {
	}
	requireSound(t, x)
	back := int64(before) - int64(heap())
	t.Logf("%d bytes of %d are given back", back, full)
	require.Greater(t, float64(back), 0.75*float64(full))
	runtime.KeepAlive(names)
}
