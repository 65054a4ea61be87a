//go:build !race

// A simulation is one goroutine in which the race detector finds nothing and takes ten times as long.

package validate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/world"
	"alakazaam/gateway/wire"
)

func quick(t *testing.T, number int, change ...func(*Lab)) *Row {
	t.Helper()
	lab := TheLab()
	for _, c := range change {
		c(&lab)
	}
	r := Rows()[number-1]
	require.Equal(t, number, r.Number)
	require.NoError(t, r.Measure(context.Background(), Options{Quick: true, Lab: lab}))
	return r
}

// TestRows: the laboratory agrees with what was published, in its quick form.
func TestRows(t *testing.T) {
	for i := range Rows() {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			t.Parallel()
			r := quick(t, i+1)
			require.NotEmpty(t, r.Lines)
			for _, l := range r.Lines {
				require.True(t, l.Agrees, "%+v", l)
			}
		})
	}
}

// bad is a trial of which something is wrong.
type bad struct {
	Trial
	search  func(Trial, world.Search) (*world.Traced, error)
	latency func(experiment.Dist) experiment.Dist
}

func (b bad) Search(s world.Search) (*world.Traced, error) {
	if b.search == nil {
		return b.Trial.Search(s)
	}
	return b.search(b.Trial, s)
}

func (b bad) Latency(d experiment.Dist) {
	if b.latency != nil {
		d = b.latency(d)
	}
	b.Trial.Latency(d)
}

func breaking(b bad) func(*Lab) {
	return func(l *Lab) {
		inner := l.Trial
		l.Trial = func(e *experiment.Experiment, seed uint64) (Trial, error) {
			t, err := inner(e, seed)
			out := b
			out.Trial = t
			return out, err
		}
	}
}

// after changes what a search has done.
func after(change func(s world.Search, f *world.Traced)) func(*Lab) {
	return breaking(bad{search: func(t Trial, s world.Search) (*world.Traced, error) {
		f, err := t.Search(s)
		if err == nil {
			change(s, f)
		}
		return f, err
	}})
}

func oneMore(_ world.Search, f *world.Traced) { f.Packets[wire.QUER]++ }

// longer has everybody live longer than an experiment says.
func longer(l *Lab) {
	l.Sampler = func(d experiment.Dist, src rand.Source) func() float64 {
		draw := d.Sampler(src)
		return func() float64 { return 1.5*draw() + 0.1*d.Average() }
	}
}

// TestBroken: a row does not agree where what it measures is broken.
func TestBroken(t *testing.T) {
	for _, c := range []struct {
		row   int
		what  string
		broke func(*Lab)
	}{
		{1, "a packet more than there should be", after(oneMore)},
		{2, "a packet more than there should be", after(oneMore)},
		{3, "latencies that are all equal lose nothing", breaking(bad{latency: func(experiment.Dist) experiment.Dist { return equal }})},
		{4, "a flood that goes further than its TTL", after(func(_ world.Search, f *world.Traced) { f.Reached = append(f.Reached, 0) })},
		{5, "more supernodes are left than were said to be", func(l *Lab) {
			inner := l.Largest
			l.Largest = func(edges [][2]int, up []bool) (float64, int) {
				for i := range up {
					up[i] = up[i] || i%4 == 0
				}
				return inner(edges, up)
			}
		}},
		{6, "lives and replacements of another distribution", longer},
		{7, "lives without a heavy tail", func(l *Lab) {
			l.Sampler = func(d experiment.Dist, src rand.Source) func() float64 {
				return experiment.Exponential(d.Average()).Sampler(src)
			}
		}},
		{8, "searches that find nothing every second time", after(func(s world.Search, f *world.Traced) {
			if s.File%2 == 0 {
				f.Owners = 0
			}
		})},
		{9, "a ring that costs as much as a flood", breaking(bad{search: func(t Trial, s world.Search) (*world.Traced, error) {
			s.Strategy = "flood"
			return t.Search(s)
		}})},
		{10, "a placement that does as it likes", func(l *Lab) {
			inner := l.Owners
			l.Owners = func(e *experiment.Experiment, seed uint64) ([][]int, error) {
				e.Content.Placement = "uniform"
				return inner(e, seed)
			}
		}},
		{11, "longer lives", longer},
	} {
		t.Run(fmt.Sprintf("%d %s", c.row, c.what), func(t *testing.T) {
			t.Parallel()
			require.False(t, quick(t, c.row, c.broke).Agrees())
		})
	}
}

func TestNothingMeasuredAgreesWithNothing(t *testing.T) {
	require.False(t, (&Row{}).Agrees())
	b := &bench{}
	b.exactly("", 1, nil)
	b.near("", 1, []float64{1})
	b.about("", 1, nil)
	require.Len(t, b.lines, 3)
	for _, l := range b.lines {
		require.False(t, l.Agrees)
	}
}

// TestLaws: the formulas against the numbers that were published.
func TestLaws(t *testing.T) {
	excluded, included := law(10_000, 20_000)
	require.Equal(t, []float64{30_001, 40_000}, []float64{excluded, included})
	require.Equal(t, 4372, reachOf(4, 7))
	require.Len(t, bethe(4, 7).Edges, 4372)
	for removed, want := range map[float64]float64{0.3: 0.989, 0.5: 0.854, 0.7: 0} {
		require.InDelta(t, want, giant(1-removed), 0.0005)
	}
	require.InDelta(t, 0.125, isolated(2, 10), 1e-9)
	require.InDelta(t, 0.0185, isolated(3, 10), 0.00005)
	require.InDelta(t, 0.0484, isolated(3, 5), 0.00005)
	require.InDelta(t, 0.0108, isolated(4, 5), 0.00005)
	require.InDelta(t, 1-35.0/120, hit(10, 3, 3), 1e-9) // 1 − C(7,3)/C(10,3)
	require.Equal(t, 1.0, hit(4, 3, 2))
}
