package durable

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// batch is the ith of 500 that are a million files of 100 sessions, as they arrive: several sessions at once, MD5s in no
// order.
func batch(i int) (out []port.Change) {
	for j := range 2000 {
		n := uint64(i*2000 + j)
		s := session(1 + int(n%4) + 4*(i/20))
		if j < 4 && i%20 == 0 {
			out = append(out, port.Change{Op: port.OpLogin, Session: s, Endpoint: endpoint(i + j + 1)})
		}
		f := p2p.FileID{8: byte(n), 9: byte(n >> 8), 10: byte(n >> 16)}
		for k := range 8 {
			f[k] = byte((n + 1) * 0x9e3779b97f4a7c15 >> (k * 8))
		}
		name := p2p.FileName(fmt.Sprintf("Artist %d - Album %d - %02d - Some Song Title %x.mp3", n%997, n%97, n%20, f[:4]))
		out = append(out, port.Change{Op: port.OpPut, Session: s, File: f, Name: name})
	}
	return out
}

// BenchmarkMillion writes a million files, closes the directory, opens it again and reads everything in pieces as the
// catalog does.
func BenchmarkMillion(b *testing.B) {
	for _, sync := range []time.Duration{0, time.Second} {
		b.Run(fmt.Sprintf("sync=%v", sync), func(b *testing.B) {
			system := newSystem()
			defer system.Shutdown()
			c := newClient(b, system)
			for b.Loop() {
				o := Options{Dir: filepath.Join(b.TempDir(), "directory"), Sync: sync}
				s, _, err := Open(system, o)
				require.NoError(b, err)
				var took time.Duration
				for i := range 500 {
					changes := batch(i)
					begun := time.Now()
					require.NoError(b, c.apply(s, changes))
					took += time.Since(begun)
				}
				b.ReportMetric(1e6/took.Seconds(), "puts/s")
				begun := time.Now()
				require.NoError(b, s.Close())
				b.ReportMetric(time.Since(begun).Seconds(), "s/close")
				st, err := Stats(o)
				require.NoError(b, err)
				b.ReportMetric(float64(st.Disk)/1e6, "MB-disk")

				var report Opening
				s, report, err = Open(system, o)
				require.NoError(b, err)
				require.Equal(b, 1000000, report.Files)
				b.ReportMetric(report.Took.Seconds(), "s/open")
				begun = time.Now()
				read := 0
				for after, last := (port.Cursor{}), false; !last; {
					m := c.load(s, after, 1000)
					read, after, last = read+len(m.Changes), m.Next, m.Last
				}
				b.ReportMetric(time.Since(begun).Seconds(), "s/load")
				require.Equal(b, 1000100, read)
				begun = time.Now()
				require.Len(b, c.all(s, port.Cursor{Scope: port.Logins}, 1000), 100)
				b.ReportMetric(float64(time.Since(begun).Microseconds()), "us/logins")
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				b.ReportMetric(float64(m.HeapInuse)/1e6, "MB-heap")
				require.NoError(b, s.Close())
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkApply is one login, one publication or one batch of a session, each synced.
func BenchmarkApply(b *testing.B) {
	for _, n := range []int{1, 100, 1990} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, _ := open(b, Options{Dir: filepath.Join(b.TempDir(), "directory")})
			require.NoError(b, d.apply(fill(4)))
			changes := batch(0)[10 : 10+n]
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, d.apply(changes))
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "changes/s")
			require.NoError(b, d.close())
		})
	}
}
