package main_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The tables of the README: make overlay prints them. OVERLAY=full in the environment turns this on, SEARCHES is how many
// searches each line has, SEED what the random overlay and the mixed load come from.

// enough is how many files a search of the tables asks for.
const enough = 20

// tableConfig is as the defaults are, but for what would change the topologies.
const tableConfig = `discovery: {target: 0}
search: {strategy: %s, max_results: %d}
`

// line is what the searches of one kind came to.
type line struct {
	took     []time.Duration
	packets  map[string]int // by command, between supernodes
	found    []int          // files, by search
	complete string
}

// TestOverlayTables measures searches by topology, strategy and how widespread the files are, and how soon everything is
// found again after a supernode was killed.
func TestOverlayTables(t *testing.T) {
	if os.Getenv("OVERLAY") != "full" {
		t.Skip("make overlay runs this")
	}
	seed, searches := number(t, "SEED", 1), int(number(t, "SEARCHES", 200))
	t.Logf("SEED=%d SEARCHES=%d", seed, searches)
	all := []topology{chainOf(5), ringOf(6), starOf(6), randomOf(12, seed)}
	var table strings.Builder
	table.WriteString("| overlay | strategy | searches for | FIND p50 | FIND p99 | QUERs a search | QUERs, AQUEs and DONEs a search | files found | all there is |\n" +
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	net := 40
	for _, top := range all {
		for _, strategy := range []string{"flood", "ring", "dynamic"} {
			config := fmt.Sprintf(tableConfig, strategy, enough)
			t.Run(top.name+" "+strategy, func(t *testing.T) { table.WriteString(searchTable(t, net, top, config, strategy, searches)) })
			net++
		}
		if config := fmt.Sprintf(tableConfig, "flood", enough); config != unfiltered(t, config) {
			t.Run(top.name+" unfiltered", func(t *testing.T) {
				table.WriteString(searchTable(t, net, top, unfiltered(t, config), "flood, no filters", searches))
			})
			net++
		}
	}
	table.WriteString("\n| overlay | killed | a search under way ended after | the rest was found again after | everything, after the restart |\n" +
		"| --- | --- | --- | --- | --- |\n")
	for _, top := range []topology{chainOf(5), ringOf(6), all[3]} {
		t.Run(top.name+" kills", func(t *testing.T) { table.WriteString(killTable(t, net, top)) })
		net++
	}
	fmt.Println(table.String())
}

// searchTable measures one overlay.
func searchTable(t *testing.T, net int, top topology, config, strategy string, searches int) (rows string) {
	far := top.within(0, -1)[top.nodes-1]
	o := build(t, net, top, config, func(i int) []string { return wares(i, far) })
	for _, what := range []string{"popular", "rare"} {
		rows += row(top.name, strategy, what, o.measure(what, searches))
	}
	return rows + row(top.name, strategy, "both, from everywhere", o.measureMixed(searches))
}

// wares are the files of node i: ten that many have, and one that only the farthest has.
func wares(i, far int) (out []string) {
	if i == far {
		return []string{"rare one.mp3"}
	}
	for k := range 10 {
		out = append(out, fmt.Sprintf("popular %d of %02d.mp3", k, i))
	}
	return out
}

// measure searches at the first node, one search after the other.
func (o *overlay) measure(what string, searches int) *line {
	o.t.Helper()
	s, err := o.searcher(0)
	require.NoError(o.t, err)
	defer s.conn.Close()
	l := &line{packets: make(map[string]int), complete: "no: there was enough"}
	before := o.settled()
	for range searches {
		found, took, err := s.find(what)
		require.NoError(o.t, err)
		l.took, l.found = append(l.took, took), append(l.found, len(found))
	}
	l.count(before, o.settled())
	if o.ask(0, what, "").Complete {
		l.complete = "yes"
	}
	return l
}

// measureMixed has a peer at each node, four searches of five for what is popular.
func (o *overlay) measureMixed(searches int) *line {
	o.t.Helper()
	seed := number(o.t, "SEED", 1)
	l := &line{packets: make(map[string]int)}
	before := o.settled()
	var mu sync.Mutex
	var all sync.WaitGroup
	errs := make([]error, o.nodes)
	for i := range o.nodes {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		all.Go(func() {
			s, err := o.searcher(i)
			if err != nil {
				errs[i] = err
				return
			}
			defer s.conn.Close()
			for range max(1, searches/o.nodes) {
				what := "popular"
				if r.IntN(5) == 0 {
					what = "rare"
				}
				found, took, err := s.find(what)
				if err != nil {
					errs[i] = err
					return
				}
				mu.Lock()
				l.took, l.found = append(l.took, took), append(l.found, len(found))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(o.t, err)
	}
	l.count(before, o.settled())
	return l
}

func (l *line) count(before, after map[string]int) {
	for _, c := range flooding {
		l.packets[c] += after[c+" out"] - before[c+" out"]
	}
}

func row(topology, strategy, what string, l *line) string {
	slices.Sort(l.took)
	n := len(l.took)
	all := l.packets["QUER"] + l.packets["AQUE"] + l.packets["DONE"]
	found := fmt.Sprint(slices.Min(l.found))
	if most := slices.Max(l.found); most > slices.Min(l.found) {
		found += fmt.Sprintf(" to %d", most)
	}
	return fmt.Sprintf("| %s | %s | %s | %.1f ms | %.1f ms | %.1f | %.1f | %s | %s |\n", topology, strategy, what,
		milliseconds(l.took[n/2]), milliseconds(l.took[n*99/100]), float64(l.packets["QUER"])/float64(n), float64(all)/float64(n), found, l.complete)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// kills is how often each topology's middle is killed, in a search and in peace.
const kills = 10

func killTable(t *testing.T, net int, top topology) string {
	victim := top.nodes / 2
	if top.degree(victim) > 2 {
		victim = busiest(top)
	}
	o := build(t, net, top, strings.Replace(overlayConfig, "10s", "1500ms", 1), tunes)
	var searching, idle []recovery
	for range kills {
		searching = append(searching, o.killedInASearch(victim))
		idle = append(idle, o.killedInPeace(victim))
	}
	return killRow(top.name, "in a search", searching) + killRow(top.name, "in peace", idle)
}

func killRow(topology, when string, all []recovery) string {
	span := func(of func(recovery) time.Duration) string {
		var took []time.Duration
		for _, r := range all {
			took = append(took, of(r))
		}
		slices.Sort(took)
		return fmt.Sprintf("%.2f s, at most %.2f s", took[len(took)/2].Seconds(), took[len(took)-1].Seconds())
	}
	ended := ""
	if all[0].ended > 0 {
		ended = span(func(r recovery) time.Duration { return r.ended })
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", topology, when, ended,
		span(func(r recovery) time.Duration { return r.around }), span(func(r recovery) time.Duration { return r.restarted }))
}
