package digest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
)

// BenchmarkFalsePositives is the package's table: how full the filter of so many names is, and which part of the searches
// passes that find nothing, by the length of their text.
func BenchmarkFalsePositives(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			names := newLibrary(7).names(n)
			blob := strings.Join(names, "\n")
			s, f := NewSummary(512<<10), NewFilter(512<<10)
			for b.Loop() {
				s = built(512<<10, names)
				for _, p := range s.Whole(0) {
					f.Put(p)
				}
			}
			b.ReportMetric(float64(s.log), "log_bits")
			b.ReportMetric(float64(s.live)/float64(len(s.counts)), "fill")
			others := newLibrary(99)
			for _, width := range []int{4, 5, 6, 8, 10, 12, 16, 20} {
				missing, passed := 0, 0
				for range 300 {
					t := others.search(width)
					if strings.Contains(blob, t) {
						continue
					}
					missing++
					if f.MayMatch(searchFor(t)) {
						passed++
					}
				}
				b.ReportMetric(float64(passed)/float64(max(missing, 1)), fmt.Sprintf("pass_%02d", width))
				b.ReportMetric(float64(missing), fmt.Sprintf("of_%02d", width))
			}
		})
	}
}

func searchFor(s string) p2p.SearchText {
	t, err := p2p.NewSearchText(s)
	if err != nil {
		panic(err)
	}
	return t
}

// TestSpread: the filter is as full as one with an ideal hash function.
func TestSpread(t *testing.T) {
	runs := make(map[string]bool)
	names := newLibrary(3).names(2000)
	for _, n := range names {
		n = strings.ToLower(n)
		for _, width := range []int{short, middle, long} {
			for i := range max(len(n)-width+1, 0) {
				runs[n[i:i+width]] = true
			}
		}
	}
	s := built(512<<10, names)
	free := 1.0 // the part of the bits that no run would hit
	for range runs {
		free *= 1 - 1/float64(len(s.counts))
	}
	require.InEpsilon(t, 1-free, float64(s.live)/float64(len(s.counts)), 0.01)
}
