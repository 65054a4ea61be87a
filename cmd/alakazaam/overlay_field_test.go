package main_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// exact is less than the quiet time that overlayConfig has: a search that took less was not ended by silence.
const exact = 9 * time.Second

// TestOverlays: in overlays of every shape a search that goes through links finds everything from everywhere, ends when
// the last branch has ended, costs as many messages as it must, and survives the death of a supernode.
func TestOverlays(t *testing.T) {
	for net, c := range []struct {
		topology
		victim int // that is killed; -1: none is
	}{
		{chainOf(5), 2},
		{ringOf(6), 3},
		{starOf(6), -1},
		{randomOf(12, 1), busiest(randomOf(12, 1))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := build(t, net, c.topology, unfiltered(t, overlayConfig), tunes)
			o.findsEverything()
			o.floodsByTheLaw()
			o.strategiesFindEverything()
			if c.victim >= 0 {
				for _, m := range o.members {
					m.reconfigure("quiet: 10s", "quiet: 1s") // what is lost with a node is waited for that long
				}
				o.killedInASearch(c.victim)
				o.killedInPeace(c.victim)
			}
		})
	}
}

// busiest is the node but the first with the most neighbors.
func busiest(t topology) (at int) {
	for i := range t.nodes {
		if i > 0 && t.degree(i) > t.degree(at) || at == 0 {
			at = i
		}
	}
	return at
}

// findsEverything has peers search at all members at once.
func (o *overlay) findsEverything() {
	o.t.Helper()
	all := o.within(0, -1)
	found, slowest, err := o.fromAll(all, "TUNE")
	require.NoError(o.t, err)
	for k, i := range all {
		require.Equal(o.t, o.files(all), found[k], "from node %d", i)
	}
	require.Less(o.t, slowest, exact)
	o.t.Logf("%s: everything found from everywhere, all at once, within %v", o.name, slowest.Round(time.Millisecond))
}

// floodsByTheLaw counts the messages of a flood to everybody: 2E - N + 1, because the node that begins it sends one to
// each neighbor, and each other node to all but the one it came from. Where it reaches a neighbor of the first node on a
// detour, as it may on a busy machine, that one sends it neither there nor to the first node, and there is one less.
func (o *overlay) floodsByTheLaw() {
	o.t.Helper()
	before := o.quersOf()
	require.True(o.t, o.ask(0, "tune", "flood").Complete)
	after := o.quersOf()
	total, detours := 0, 0
	for i := range o.nodes {
		sent, lawful := after[i]-before[i], o.degree(i)-1
		if i == 0 {
			lawful++
		}
		if sent == lawful-1 && slices.Contains(o.neighbors(0), i) && !o.tree() {
			detours++
		} else {
			require.Equal(o.t, lawful, sent, "node %d", i)
		}
		total += sent
	}
	require.Equal(o.t, o.law(), total+detours)
	o.t.Logf("%s: a flood took %d QUERs, the law says %d, neighbors reached on a detour: %d", o.name, total, o.law(), detours)
}

// quersOf is how many QUERs each member has sent when none is under way.
func (o *overlay) quersOf() (out []int) {
	o.t.Helper()
	sums := o.settled()
	require.Equal(o.t, sums["QUER out"], sums["DONE out"], "each is answered with one DONE")
	for _, m := range o.members {
		s, err := m.series()
		require.NoError(o.t, err)
		out = append(out, s["QUER out"])
	}
	return out
}

// strategiesFindEverything: where there is less than was asked for, each strategy finds all of it.
func (o *overlay) strategiesFindEverything() {
	o.t.Helper()
	for _, strategy := range []string{"flood", "ring", "dynamic"} {
		began := time.Now()
		got := o.ask(0, "tune", strategy)
		require.Less(o.t, time.Since(began), exact, strategy)
		require.True(o.t, got.Complete, strategy)
		var names []string
		for _, r := range got.Results {
			names = append(names, r.Name)
			require.Len(o.t, r.Owners, 1)
		}
		require.ElementsMatch(o.t, slices.Collect(maps.Keys(o.files(o.within(0, -1)))), names, strategy)
	}
}

// recovery is how long it took until things were as they should be.
type recovery struct {
	ended     time.Duration // the search that was under way, counted from the kill; 0: there was none
	around    time.Duration // until all that can be reached was found from everywhere, counted from the kill
	restarted time.Duration // until everything was, counted from the start of the one that had been killed
}

// killedInASearch kills a member that has a search's QUERs and has not answered them. The search ends, with all that can be
// had.
func (o *overlay) killedInASearch(victim int) (r recovery) {
	o.t.Helper()
	rest := o.within(0, victim)
	asked := 0 // neighbors of the victim that the search reaches
	for _, n := range o.neighbors(victim) {
		if slices.Contains(rest, n) {
			asked++
		}
	}
	o.idle()
	before := o.gap(victim)
	o.members[victim].freeze()
	type ending struct {
		found map[string]string
		err   error
	}
	ends := make(chan ending, 1)
	go func() {
		found, _, err := o.find(0, "tune")
		ends <- ending{found, err}
	}()
	deadline := time.Now().Add(patience)
	for now := o.gap(victim); now != before+asked; now = o.gap(victim) {
		require.True(o.t, time.Now().Before(deadline), "%d of %d QUERs went to node %d", now-before, asked, victim)
		select {
		case e := <-ends:
			o.t.Fatalf("the search did not wait for node %d; %d of %d QUERs went there, and it found %d files: %v",
				victim, now-before, asked, len(e.found), e.err)
		default:
		}
	}
	killed := time.Now()
	o.kill(victim)
	e := <-ends
	r.ended = time.Since(killed)
	require.NoError(o.t, e.err)
	require.Equal(o.t, o.files(rest), e.found, "all that can be had")
	require.Less(o.t, r.ended, exact, "the quiet rule ends it, not the window")
	o.recover(&r, victim, killed)
	o.t.Logf("%s, killed in a search: it ended after %.2fs, %v", o.name, r.ended.Seconds(), r)
	return r
}

// killedInPeace kills a member while nobody searches.
func (o *overlay) killedInPeace(victim int) (r recovery) {
	o.t.Helper()
	o.idle()
	killed := time.Now()
	o.kill(victim)
	o.recover(&r, victim, killed)
	o.t.Logf("%s, killed in peace: %v", o.name, r)
	return r
}

// gap is how many QUERs went to a member, less those that came from it, as the others count them.
func (o *overlay) gap(member int) int {
	o.t.Helper()
	others := slices.Delete(o.ours(), member, member+1)
	sums, err := totals(others)
	require.NoError(o.t, err)
	return sums["QUER out"] - sums["QUER in"]
}

// idle waits until no search is under way.
func (o *overlay) idle() {
	o.t.Helper()
	require.Eventually(o.t, func() bool {
		sums, err := totals(o.ours())
		return err == nil && sums["searches"] == 0
	}, patience, 20*time.Millisecond)
}

// freeze stops a member, and waits until all its threads stand still: a busy machine takes its time over that.
func (m *member) freeze() {
	m.t.Helper()
	m.signal(syscall.SIGSTOP)
	require.Eventually(m.t, func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", m.cmd.Process.Pid))
		if err != nil || len(threads) == 0 {
			return false
		}
		return !slices.ContainsFunc(threads, func(path string) bool {
			b, err := os.ReadFile(path)
			return err == nil && !strings.Contains(string(b), ") T ")
		})
	}, patience, time.Millisecond)
}

func (o *overlay) kill(i int) {
	_ = o.members[i].cmd.Process.Kill()
	<-o.members[i].ended
}

// recover measures how soon everything is found that can be reached without a killed member, and how soon everything
// once that is there again, with the same address and the same data.
func (o *overlay) recover(r *recovery, victim int, killed time.Time) {
	o.t.Helper()
	var alive []int
	for i := range o.nodes {
		if i != victim {
			alive = append(alive, i)
		}
	}
	o.untilFound(alive, victim)
	r.around = time.Since(killed)
	again := time.Now()
	o.members[victim].process = start(o.t, o.members[victim].args...)
	o.untilFound(o.within(0, -1), -1)
	r.restarted = time.Since(again)
	o.linked()
}

// untilFound waits until a search at each of these members finds what can be reached where one is missing.
func (o *overlay) untilFound(from []int, missing int) {
	o.t.Helper()
	var found []map[string]string
	require.Eventually(o.t, func() bool {
		var slowest time.Duration
		var err error
		found, slowest, err = o.fromAll(from, "tune")
		if err != nil || slowest > exact {
			return false
		}
		for k, i := range from {
			if !maps.Equal(o.files(o.within(i, missing)), found[k]) {
				return false
			}
		}
		return true
	}, 3*patience, 10*time.Millisecond)
}

func (r recovery) String() string {
	return fmt.Sprintf("the rest was found again after %.2fs, everything %.2fs after the restart", r.around.Seconds(), r.restarted.Seconds())
}
