package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/record/recordtest"
	"alakazaam/cmd/alakalab/report"
)

// side makes runs with seeds from first on.
func side(name string, first, n int, o recordtest.Options) Side {
	s := Side{Name: name}
	for i := range n {
		o.Seed = uint64(first + i)
		o.Rate, o.Supernodes = 1, 10
		r, _ := recordtest.Make(o)
		s.Runs = append(s.Runs, report.Run{Record: r, Finds: slices.Repeat([]float64{0.1 + float64(o.Seed)/10}, len(report.Quantiles))})
	}
	return s
}

func rowFor(t *testing.T, c *Comparison, metric, phase string) Row {
	for _, r := range c.Rows {
		if r.Metric == metric && r.Phase == phase {
			return r
		}
	}
	t.Fatalf("no row of %s %s", metric, phase)
	return Row{}
}

func TestCompare(t *testing.T) {
	a, b := side("a", 1, 8, recordtest.Options{}), side("b", 101, 8, recordtest.Options{Slower: 1.5, Worse: 0.2})
	slow := Compare(a, b)
	p50 := rowFor(t, slow, "find_p50", record.Whole)
	require.Equal(t, Worse, p50.Verdict)
	require.InDelta(t, 0.8, *p50.Change, 0.15)
	require.Less(t, p50.P, 0.001)
	require.Equal(t, 8, p50.A.N)
	require.Len(t, p50.A.Range, 2)
	recall := rowFor(t, slow, "recall", record.Before)
	require.Equal(t, Worse, recall.Verdict, "lower is worse here")
	require.Negative(t, *recall.Change)
	require.Equal(t, Same, rowFor(t, slow, "supernodes_up", record.Whole).Verdict)

	fast := Compare(b, a)
	require.Equal(t, Better, rowFor(t, fast, "find_p50", record.Whole).Verdict)
	require.Equal(t, Better, rowFor(t, fast, "recall", record.Whole).Verdict)
	again := Compare(a, a)
	require.Equal(t, len(again.Rows), again.Count(Same), "the same runs are the same")
}

func TestRows(t *testing.T) {
	few := rowOf(record.Metric{Name: "recall", Better: "higher"}, []float64{1, 2, 3}, []float64{7, 8, 9})
	require.Equal(t, Same, few.Verdict, "three seeds show nothing")
	require.Contains(t, few.Mark(), "need >= 4 samples")
	require.Nil(t, few.A.Range)
	up := rowOf(record.Metric{Name: "degree"}, []float64{1, 2, 3, 4, 5}, []float64{7, 8, 9, 10, 11})
	require.Equal(t, Changed, up.Verdict, "neither side is better")
	require.Equal(t, "+200.0%", up.Percent())
	none := rowOf(record.Metric{}, []float64{0, 0, 0, 0}, []float64{0, 0, 0, 0})
	require.Nil(t, none.Change)
	require.Equal(t, "0%", none.Percent())
	require.Equal(t, "?", rowOf(record.Metric{}, []float64{0}, []float64{1}).Percent())
}

func TestMatrix(t *testing.T) {
	with := func(ttl string) recordtest.Options { return recordtest.Options{Set: map[string]string{"ttl": ttl}} }
	join := func(sides ...Side) (out Side) {
		for _, s := range sides {
			out.Runs = append(out.Runs, s.Runs...)
		}
		return out
	}
	c := Compare(join(side("", 1, 1, with("3")), side("", 1, 1, with("5"))), join(side("", 1, 1, with("5")), side("", 1, 1, with("7"))))
	for _, r := range c.Rows {
		require.Equal(t, "ttl=5", r.Set)
		require.Equal(t, r.A, r.B)
	}
	require.NotEmpty(t, c.Rows)
	require.Equal(t, []string{"A: ttl=3", "B: ttl=7"}, c.Unmatched)
	require.Equal(t, "ttl=3 → ttl=5", Compare(side("", 1, 1, with("3")), side("", 1, 1, with("5"))).Rows[0].Set)
}

func TestOutput(t *testing.T) {
	c := Compare(side("a\x1b<script>", 1, 6, recordtest.Options{}), side("b", 101, 6, recordtest.Options{Slower: 2}))
	var out bytes.Buffer
	require.NoError(t, c.Text(&out))
	require.Regexp(t, `(?s)^A: a\x{FFFD}<script>\nB: b\n\nwhole\n  metric +A +B +change +p *\n  recall .* n=6 .*~.*  find_p50 .* ms \(.* to .*\) n=6 .*\+\d\S+% +\S*0\.00\d +worse\n`, out.String())
	require.Contains(t, out.String(), fmt.Sprintf("%d figures compared: ", len(c.Rows)))
	require.NotContains(t, out.String(), "\x1b")
	require.Equal(t, 1, strings.Count(out.String(), "supernodes_up"), "of a phase, only what differs")

	out.Reset()
	require.NoError(t, c.JSON(&out))
	var again Comparison
	require.NoError(t, json.Unmarshal(out.Bytes(), &again))
	require.Equal(t, c.Rows, again.Rows)

	out.Reset()
	require.NoError(t, c.HTML(&out))
	for _, want := range []string{"B in comparison with A", "a\x1b&lt;script&gt;", `<span class="badge worse">worse</span>`, `"side=A recall"`, `"side=B recall"`, "data:image/svg&#43;xml;base64,"} {
		require.Contains(t, out.String(), want)
	}
}

func TestLoad(t *testing.T) {
	var dirs []string
	for seed := range uint64(2) {
		f, err := report.Create(t.TempDir(), "x", time.Unix(0, 0), "seed", nil)
		require.NoError(t, err)
		r, _ := recordtest.Make(recordtest.Options{Seed: seed, Rate: 1, Supernodes: 5})
		_, err = f.Finish([]report.Run{{Record: r}}, report.Output{Plots: []string{}})
		require.NoError(t, err)
		dirs = append(dirs, f.Dir)
	}
	s, err := Load(dirs...)
	require.NoError(t, err)
	require.Equal(t, dirs[0], s.Name)
	require.Equal(t, []uint64{0, 1}, []uint64{s.Runs[0].Record.Seed, s.Runs[1].Record.Seed})
	_, err = Load(t.TempDir())
	require.Error(t, err)
	_, err = Load()
	require.ErrorContains(t, err, "no runs")
}
