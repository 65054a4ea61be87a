// Package recordtest makes records that look like those of real runs, for tests of what reads them. The same options give
// the same record.
package recordtest

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"alakazaam/cmd/alakalab/record"
)

// Options is what a record is to be like.
type Options struct {
	Seed       uint64
	Supernodes int               // 0: 60
	Rate       float64           // searches a second; 0: 5
	Set        map[string]string // as in record.Run
	Slower     float64           // by which factor searches are slower than usual; 0: 1
	Worse      float64           // by how much recall is lower
}

const (
	warmup = time.Minute
	run    = 10 * time.Minute
	heal   = 2 * time.Minute
	window = 5 * time.Second
)

// maker makes one record.
type maker struct {
	Options
	r   *rand.Rand
	run *record.Run
	ops []record.Op
}

// Make makes a run in which a network is split and a supernode killed, and its operations. No check has judged it.
func Make(o Options) (*record.Run, []record.Op) {
	if o.Supernodes == 0 {
		o.Supernodes = 60
	}
	if o.Rate == 0 {
		o.Rate = 5
	}
	if o.Slower == 0 {
		o.Slower = 1
	}
	m := &maker{Options: o, r: rand.New(rand.NewPCG(o.Seed, 1))}
	m.run = &record.Run{
		Experiment: "supernode-crash-and-split",
		About:      "Half the supernodes lose contact for a minute while one crashes; do searches recover, is anything lost?",
		Engine:     "sim", Seed: o.Seed, Set: o.Set, Warmup: warmup, Run: run, Heal: heal,
		Events: 4_000_000 + uint64(m.r.IntN(1e6)), Trace: fmt.Sprintf("%016x%016x", m.r.Uint64(), m.r.Uint64()),
		Versions: record.Versions{Program: "alakalab dev", Commit: "0123abcd", Go: "go1.26", Machine: "linux/amd64, 2 cores", Took: 41 * time.Second, Peak: 300 << 20},
	}
	m.run.Faults = []record.Fault{
		{ID: "split", Kind: "partition", Planned: 3 * time.Minute, Started: 3 * time.Minute, Ended: 4 * time.Minute, Due: 1, Applied: 1, Hit: 2113, Targets: m.names(30)},
		{ID: "crash", Kind: "kill", Planned: 210 * time.Second, Started: 210 * time.Second, Ended: 230 * time.Second, Due: 1, Applied: 1, Hit: 1, Targets: []string{"supernode-7"}},
		{ID: "panics", Kind: "actor", Planned: 7 * time.Minute, Started: 7 * time.Minute, Ended: 8 * time.Minute, Due: 6, Applied: 6, Hit: 17},
	}
	m.overlay()
	m.finds()
	m.rest()
	slices.SortStableFunc(m.ops, func(a, b record.Op) int { return cmp.Compare(a.Ended, b.Ended) })
	m.windows()
	m.figures()
	m.counters()
	m.sequence()
	return m.run, m.ops
}

func (m *maker) names(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("supernode-%d", 2*i))
	}
	return out
}

// overlay is a ring with random chords.
func (m *maker) overlay() {
	o := &record.Overlay{At: warmup + run + heal}
	n := m.Supernodes
	for i := range n {
		o.Nodes = append(o.Nodes, record.Node{
			Name: fmt.Sprintf("supernode-%d", i), Up: i%29 != 28, Peers: m.r.IntN(50), Files: m.r.IntN(900),
			Load: int(4000 * math.Exp(0.6*m.r.NormFloat64())),
		})
		o.Edges = append(o.Edges, [2]int{i, (i + 1) % n})
	}
	for range n {
		if a, b := m.r.IntN(n), m.r.IntN(n); a != b {
			o.Edges = append(o.Edges, [2]int{min(a, b), max(a, b)})
		}
	}
	m.run.Overlay = o
}

// recall is how likely an entry is found by a search that begins then.
func (m *maker) recall(at time.Duration) float64 {
	base := 0.98 - m.Worse
	switch {
	case at >= 3*time.Minute && at < 4*time.Minute:
		return base - 0.45
	case at >= 4*time.Minute && at < 4*time.Minute+15*time.Second:
		return base - 0.2
	case at >= 7*time.Minute && at < 8*time.Minute:
		return base - 0.02
	}
	return base
}

// finds are searches in an open loop, for files of which a few are popular.
func (m *maker) finds() {
	for at := warmup; ; {
		at += time.Duration(m.r.ExpFloat64() / m.Rate * float64(time.Second))
		if at >= warmup+run+heal {
			return
		}
		file := int(math.Pow(200, m.r.Float64())) - 1
		op := record.Op{
			ID: len(m.ops) + 1, Kind: "find", Node: fmt.Sprintf("peer-%d", m.r.IntN(500)), Supernode: fmt.Sprintf("supernode-%d", m.r.IntN(m.Supernodes)),
			Intended: at, Started: at, Outcome: record.OK, Complete: true, Text: label(file),
			Class: []string{"popular", "middle", "rare"}[min(2, file/20)],
		}
		for copies := range 1 + 20/(file+1) {
			op.Expected++
			op.Reachable++
			e := entry(file, copies)
			if m.r.Float64() < m.recall(at) {
				op.Found++
				op.Reached++
				op.Results = append(op.Results, e)
			} else {
				op.Missing = append(op.Missing, e)
			}
		}
		took := 0.3 * math.Exp(0.5*m.r.NormFloat64()) * m.Slower * (2 - m.recall(at))
		op.First = at + time.Duration(0.4*took*1e9)
		op.Ended = at + time.Duration(took*1e9)
		if m.r.IntN(400) == 0 {
			op.Outcome, op.Err = record.Info, op.Node+" ended"
		}
		m.ops = append(m.ops, op)
	}
}

func label(file int) string { return fmt.Sprintf("file %08d", file) }

// entry is a copy of a file.
func entry(file, copies int) record.Entry {
	return record.Entry{File: fmt.Sprintf("%032x", 7919*(file+1)), Name: label(file) + ".bin", Owner: fmt.Sprintf("peer-%d", 31*copies+file)}
}

// rest are operations of the other kinds.
func (m *maker) rest() {
	for i := range 100 {
		at := warmup + time.Duration(i)*7*time.Second
		e := entry(i%200, 0)
		op := record.Op{ID: len(m.ops) + 1, Node: fmt.Sprintf("peer-%d", i), Intended: at, Started: at, Ended: at + 2*time.Second, Outcome: record.OK, Entry: &e}
		if i%2 == 0 {
			op.Kind, op.Bytes, op.Got = "download", 4<<20, e.File
		} else {
			op.Kind, op.Node = "publish", e.Owner
		}
		m.ops = append(m.ops, op)
	}
}

// windows are the measurements over time.
func (m *maker) windows() {
	type sum struct {
		expected, found int
		took            []float64
	}
	sums := make(map[time.Duration]*sum)
	for _, op := range m.ops {
		if op.Kind == "find" && op.Outcome == record.OK {
			at := op.Intended.Truncate(window)
			if sums[at] == nil {
				sums[at] = &sum{}
			}
			s := sums[at]
			s.expected += op.Expected
			s.found += op.Found
			s.took = append(s.took, (op.Ended - op.Intended).Seconds())
		}
	}
	for at := time.Duration(0); at < warmup+run+heal; at += window {
		v := map[string]float64{
			"supernodes_up": float64(m.Supernodes), "mailbox_p99": float64(2 + m.r.IntN(6)), "quer_per_find": 160 + 20*m.r.NormFloat64(),
			"overlay_largest": 1,
		}
		if at >= 3*time.Minute && at < 4*time.Minute {
			v["overlay_largest"] = 0.5
		}
		if s := sums[at]; s != nil {
			v["recall"] = float64(s.found) / float64(s.expected)
			slices.Sort(s.took)
			v["find_p50"], v["find_p99"] = s.took[len(s.took)/2], s.took[len(s.took)-1]
		}
		m.run.Windows = append(m.run.Windows, record.Window{At: at, Values: v})
	}
}

// figures are medians of the windows, by phase.
func (m *maker) figures() {
	from, to, _ := m.run.Faulty()
	values := make(map[[2]string][]float64)
	for _, w := range m.run.Windows {
		phase := record.During
		if w.At < from {
			phase = record.Before
		} else if w.At >= to {
			phase = record.After
		}
		for name, v := range w.Values {
			values[[2]string{name, phase}] = append(values[[2]string{name, phase}], v)
			values[[2]string{name, record.Whole}] = append(values[[2]string{name, record.Whole}], v)
		}
	}
	for key, all := range values {
		slices.Sort(all)
		m.run.Figures = append(m.run.Figures, record.Figure{Metric: key[0], Phase: key[1], Value: all[len(all)/2]})
	}
	slices.SortFunc(m.run.Figures, func(a, b record.Figure) int {
		return cmp.Or(cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Phase, b.Phase))
	})
}

// counters are those of a run in which everything went as it should.
func (m *maker) counters() {
	m.run.Counters = map[string]int64{
		record.FloodsSeen: 3600, record.FloodsTwice: 0, record.FloodsBack: 0, record.FloodsTTL: 0,
		record.FloodsFull: 900, record.FloodsFullSent: 900 * 61, record.FloodsFullLaw: 900 * 61,
		record.SessionsForeign: 0, record.Logouts: 12, record.LogoutsLeft: 0, record.LogoutsMiscounted: 0,
		record.FilesOutside: 0, record.FilesPartial: 0, record.DurableChecked: 41, record.DurableMissing: 0,
		record.MessagesPosted: 1_000_100, record.MessagesProcessed: 1_000_000, record.MessagesPanicked: 17, record.MessagesDropped: 80,
		record.MessagesDiscarded: 2, record.MessagesWaiting: 1,
		record.PanicsInjected: 17, record.ActorRestarts: 18, record.ActorRestartsKnown: 1, record.NodesDied: 0, record.PanicsUnsupervised: 0,
		record.StrangerBytes: 62,
	}
}

// sequence is a small search.
func (m *maker) sequence() {
	hop := func(sent int, from, to, what string) {
		m.run.Sequence = append(m.run.Sequence, record.Packet{
			Sent: warmup + time.Duration(sent)*time.Millisecond, Arrived: warmup + time.Duration(sent+40)*time.Millisecond, From: from, To: to, What: what,
		})
	}
	hop(0, "peer-1", "supernode-3", "FIND")
	hop(40, "supernode-3", "supernode-4", "QUER ttl=2")
	hop(40, "supernode-3", "supernode-9", "QUER ttl=2")
	hop(80, "supernode-4", "supernode-9", "QUER ttl=1")
	hop(80, "supernode-9", "supernode-3", "AQUE 2 files")
	hop(2040, "supernode-3", "peer-1", "RESP 2 files")
}
