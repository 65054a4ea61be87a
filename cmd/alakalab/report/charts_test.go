package report

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/record/recordtest"
)

// TestOverlayOfThousands shows a part that hangs together.
func TestOverlayOfThousands(t *testing.T) {
	r, _ := recordtest.Make(recordtest.Options{Seed: 3, Supernodes: 10_000, Rate: 0.1})
	r.Overlay.Edges = append(r.Overlay.Edges, [2]int{5, 5}, [2]int{-1, 4}, [2]int{4, 10_000}) // no links at all
	svg, note := overlayPicture(r.Overlay)
	require.Equal(t, maxShown, strings.Count(string(svg), "<circle"))
	require.GreaterOrEqual(t, strings.Count(string(svg), "<line"), maxShown-1, "it hangs together")
	require.Contains(t, note, "of which the 300 supernodes")
	for _, c := range regexp.MustCompile(` c[xy]="([^"]*)"`).FindAllStringSubmatch(string(svg), -1) {
		var v float64
		_, err := fmt.Sscan(c[1], &v)
		require.NoError(t, err)
		require.True(t, v >= 0 && v <= size, "%v", v)
	}
	for _, o := range []*record.Overlay{nil, {}, {Nodes: []record.Node{{}}}, {Nodes: make([]record.Node, 2), Edges: [][2]int{{0, 1}}}} {
		svg, _ := overlayPicture(o)
		require.NotContains(t, svg, "NaN")
	}
}

func TestCharts(t *testing.T) {
	var runs []Run
	for _, ttl := range []string{"3", "5"} {
		for seed := range uint64(3) {
			r, _ := recordtest.Make(recordtest.Options{Seed: seed, Rate: 1, Set: map[string]string{"workload[0].ttl": ttl, "x": "y"}, Worse: map[string]float64{"3": 0.3}[ttl]})
			runs = append(runs, Run{Record: r, Finds: slices.Repeat([]float64{0.1 + float64(seed)/10}, len(Quantiles))})
		}
	}
	names := make(map[string]int)
	for i, c := range Charts(runs) {
		names[c.Name] = i
		for _, l := range c.Lines {
			require.Len(t, l.Y, len(c.X), c.Name)
		}
	}
	all := Charts(runs)
	cdf := all[names["find-cdf"]]
	require.Equal(t, []float64{0.2}, cdf.X, "the median of three seeds")
	require.Equal(t, []float64{1}, []float64(cdf.Lines[1].Y))
	recall := all[names["recall-time"]]
	require.Equal(t, "ttl=3 recall", recall.Lines[0].Name)
	require.Len(t, recall.Lines, 2)
	require.Equal(t, "split", recall.Spans[0].Name)
	reach := all[names["reach-by-ttl"]]
	require.Equal(t, []float64{3, 5}, reach.X)
	require.Equal(t, "recall", reach.Lines[0].Name)
	require.InDelta(t, reach.Lines[0].Y[1]-0.3, reach.Lines[0].Y[0], 0.05)

	single := Charts(runs[:3])[0]
	require.Equal(t, []string{"recall", "recall lowest", "recall highest"}, []string{single.Lines[0].Name, single.Lines[1].Name, single.Lines[2].Name})
	for i := range single.X {
		if y := single.Lines[0].Y[i]; !math.IsNaN(y) {
			require.True(t, single.Lines[1].Y[i] <= y && y <= single.Lines[2].Y[i])
		}
	}
}
