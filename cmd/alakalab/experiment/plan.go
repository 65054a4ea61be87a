package experiment

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Plan is what would happen in one run, as far as the file and the seed decide it.
type Plan struct {
	Seed       uint64            `json:"seed"`
	Set        map[string]string `json:"set,omitempty"`
	Engine     Engine            `json:"engine"`
	Supernodes int               `json:"supernodes"`
	Peers      int               `json:"peers"`
	Files      int               `json:"files"`
	Copies     int               `json:"copies"` // about
	Warmup     time.Duration     `json:"warmup_ns"`
	Run        time.Duration     `json:"run_ns"`
	Heal       time.Duration     `json:"heal_ns"`
	Operations []Expected        `json:"operations"`
	Departures []Expected        `json:"departures,omitempty"` // by churn
	Timeline   []Event           `json:"timeline"`
}

// Expected is a number to be expected.
type Expected struct {
	Kind  string  `json:"kind"`
	Rate  float64 `json:"per_second"`
	Count int     `json:"count"` // about, in the run and the healing
}

// Event is a phase, or one moment of a fault. Times count from the end of the warm-up.
type Event struct {
	At      time.Duration `json:"at_ns"`
	Until   time.Duration `json:"until_ns"`
	Phase   string        `json:"phase,omitempty"` // warm-up, run, heal
	Fault   string        `json:"fault,omitempty"` // its id
	Kind    string        `json:"kind,omitempty"`
	Parts   []PartPlan    `json:"parts,omitempty"`
	Further int           `json:"further,omitempty"` // moments of this fault that are not shown
}

// PartPlan is a choice of nodes.
type PartPlan struct {
	Name  string   `json:"name"`
	Nodes []string `json:"nodes,omitempty"` // by name, where the seed decides them
	Count int      `json:"count"`
	Words string   `json:"words"` // what is chosen
	Known bool     `json:"known"` // false: it is decided when the fault begins
}

// shownMoments is how many moments of a fault a plan shows.
const shownMoments = 20

// Plan says what would happen in the run.
func (r Run) Plan() Plan {
	e := r.Experiment
	p := Plan{
		Seed: r.Seed, Set: r.Set, Engine: e.Engine, Supernodes: e.Topology.Supernodes.Count, Peers: e.Topology.Peers.Count,
		Files: e.Content.Files, Warmup: e.Time.Warmup, Run: e.Time.Run, Heal: e.Time.Heal, Operations: []Expected{},
	}
	perFile := min(max(e.Content.Copies.Average(), 1), float64(p.Peers))
	p.Copies = int(math.Round(perFile * float64(p.Files)))
	long := (e.Time.Run + e.Time.Heal).Seconds()
	for _, o := range e.Workload {
		p.Operations = append(p.Operations, expected(o.Kind(), float64(o.Rate), long))
	}
	for _, c := range []struct {
		kind  string
		churn *Churning
		count int
	}{{"peers", e.Churn.Peers, p.Peers}, {"supernodes", e.Churn.Supernodes, p.Supernodes}} {
		if c.churn != nil {
			cycle := (c.churn.Session.Average() + c.churn.Absence.Average()) / float64(time.Second)
			p.Departures = append(p.Departures, expected(c.kind, float64(c.count)/cycle, long))
		}
	}
	p.Timeline = r.timeline()
	return p
}

func expected(kind string, rate, seconds float64) Expected {
	return Expected{Kind: kind, Rate: rate, Count: int(math.Round(rate * seconds))}
}

// timeline gives phases and faults in the order of their beginnings.
func (r Run) timeline() []Event {
	t := r.Experiment.Time
	out := []Event{
		{At: -t.Warmup, Phase: "warm-up"}, {Until: t.Run, Phase: "run"}, {At: t.Run, Until: t.Run + t.Heal, Phase: "heal"},
	}
	for _, f := range r.Experiment.Faults {
		moments := f.Moments()
		for i, at := range moments[:min(len(moments), shownMoments)] {
			until := at
			if len(moments) == 1 {
				until = f.End()
			}
			event := Event{At: at, Until: until, Fault: f.ID, Kind: f.Kind(), Parts: r.parts(f, i)}
			if i == shownMoments-1 {
				event.Further = len(moments) - shownMoments
			}
			out = append(out, event)
		}
	}
	slices.SortStableFunc(out, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return out
}

// parts says whom one moment of a fault is about.
func (r Run) parts(f Fault, moment int) (out []PartPlan) {
	top := r.Experiment.Topology
	for _, p := range f.Choose(r.Seed, moment, top, nil) {
		plan := PartPlan{Name: p.Name, Words: p.Nodes.words(top), Known: p.Known, Count: len(p.Chosen.Supernodes) + len(p.Chosen.Peers)}
		if !p.Known {
			plan.Count = p.Nodes.number(top)
		}
		if p.Known && p.Nodes.partial() {
			plan.Nodes = p.Chosen.names()
		}
		out = append(out, plan)
	}
	if b, ok := f.Do.(*Byzantine); ok {
		out = append(out, PartPlan{Name: "script", Count: b.Count, Words: fmt.Sprintf("%d × %s", b.Count, b.Script), Known: true})
	}
	return out
}

// partial says whether the words for the targets leave open who they are.
func (t Targets) partial() bool {
	return t.Supernodes != nil && !t.Supernodes.everybody() || t.Peers != nil && !t.Peers.everybody()
}

// shownNodes is how many nodes of a choice a plan names.
const shownNodes = 1000

// names gives the first of the nodes by name.
func (c Chosen) names() (out []string) {
	for _, i := range c.Supernodes {
		out = append(out, SupernodeName(i))
	}
	for _, i := range c.Peers {
		out = append(out, PeerName(i))
	}
	return out[:min(len(out), shownNodes)]
}

// number is how many nodes are chosen.
func (t Targets) number(top Topology) (n int) {
	if t.Supernodes != nil {
		n += t.Supernodes.Number(top.Supernodes.Count)
	}
	if t.Peers != nil {
		n += t.Peers.Number(top.Peers.Count)
	}
	return n
}

// words says who is chosen.
func (t Targets) words(top Topology) string {
	if t.Rest {
		return "all others"
	}
	var out []string
	if t.Supernodes != nil {
		out = append(out, t.Supernodes.words("supernodes", top.Supernodes.Count))
	}
	if t.Peers != nil {
		out = append(out, t.Peers.words("peers", top.Peers.Count))
	}
	return strings.Join(out, " and ")
}

func (s *Selector) words(class string, n int) string {
	if s.everybody() {
		return fmt.Sprintf("all %d %s", n, class)
	}
	out := fmt.Sprintf("%d of %d %s", s.Number(n), n, class)
	switch s.Where {
	case DegreeMax:
		return out + " with the most neighbors"
	case DegreeMin:
		return out + " with the fewest neighbors"
	case PeersMax:
		return out + " with the most peers"
	case PeersMin:
		return out + " with the fewest peers"
	}
	return out
}
