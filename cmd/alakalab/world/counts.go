package world

import (
	"fmt"

	"alakazaam/cmd/alakalab/record"
)

// counts are the totals of a run, by their names in package record.
type counts struct {
	n     map[string]int64
	cases map[string][]string
}

// mostCases is how many cases of a counter are kept.
const mostCases = 10

func newCounts() *counts { return &counts{n: make(map[string]int64), cases: make(map[string][]string)} }

// hit counts a case of what should not be.
func (w *World) hit(name, format string, args ...any) {
	c := w.counts
	if c.n[name]++; len(c.cases[name]) < mostCases {
		c.cases[name] = append(c.cases[name], fmt.Sprintf("%v: ", w.since())+fmt.Sprintf(format, args...))
	}
}

// total completes the counters at the end of a run. Those that nothing was counted of are 0, because everything is looked
// at here.
func (w *World) total() (map[string]int64, map[string][]string) {
	w.audit.forget()
	for _, name := range [...]string{
		record.FloodsSeen, record.FloodsTwice, record.FloodsBack, record.FloodsTTL,
		record.FloodsFull, record.FloodsFullSent, record.FloodsFullLaw,
		record.SessionsForeign, record.Logouts, record.LogoutsLeft, record.LogoutsMiscounted,
		record.FilesWrong, record.FilesOutside, record.FilesPartial, record.DurableChecked, record.DurableMissing, record.NodesDied,
	} {
		w.counts.n[name] += 0
	}
	n := w.counts.n
	w.mail.total(n)
	n[record.StrangerBytes] = w.strangeBytes()
	n[record.PanicsInjected] = int64(w.meters.count("faults_injected_total", "fault", "(runtime)", "action", "panic"))
	n[record.ActorRestarts] = int64(w.meters.sum("actor_restarts_total") + w.meters.sum("actor_failure_stops_total"))
	n[record.ActorRestartsKnown] = 0 // what else might have one restarted is not known
	return n, w.counts.cases
}

// strangeBytes is the most that was sent to one address that had not contacted anybody, or had not asked what it got the
// answers of.
func (w *World) strangeBytes() (most int64) {
	for i, n := range w.strangers.bytes {
		most = max(most, int64(n+w.reflected[i]))
	}
	for i, n := range w.reflected {
		most = max(most, int64(n+w.strangers.bytes[i]))
	}
	return most
}
