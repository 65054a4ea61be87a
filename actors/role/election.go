package role

import (
	"fmt"
	"net/netip"
	"time"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// The states of an election.
const (
	waiting  = "waiting"  // a condition does not hold
	settling = "settling" // all hold, and have to go on doing so
	ready    = "ready"    // they have held for long enough; chance decides when the role changes
	changing = "changing" // it does
	resting  = "resting"  // it has changed lately, and keeps the role whatever holds
)

// Why a role changes, as the metrics count it.
const (
	few        = "few"
	overloaded = "overloaded"
	idle       = "idle"
)

// Capacity is what the machine gives a node.
type Capacity struct {
	OpenFiles int   // at most; 0: it is not known
	Memory    int64 // bytes at most; 0: it is not known
}

// supernode is another supernode as far as this node knows it.
type supernode struct {
	endpoint p2p.Endpoint
	sessions int  // that it has told; -1: nothing
	full     bool // it refuses logins
}

// room says whether it would take another peer.
func (s supernode) room(p *config.Promotion) bool {
	return !s.full && s.sessions < p.SessionsPerSupernode
}

// facts are what an election looks at.
type facts struct {
	now             time.Time
	serving         bool // the node is a supernode
	uptime, average time.Duration
	visited         time.Time // zero: never
	visitor         netip.Addr
	capacity        Capacity
	others          []supernode    // that are up: a peer's, or a supernode's neighbors
	known           []p2p.Endpoint // these, and others that may be gone
	sessions        int            // a supernode's
}

// election decides when a node takes the other role. It is pure.
//
// All conditions have to hold for a while without a break, and after a change there is a rest in which there is none:
// what follows from a change is seen before the next. Many peers see the same need at once, so each that may change does
// so by chance.
type election struct {
	since   time.Time // all conditions hold; zero: they do not
	changed time.Time // zero: never
}

// verdict is what comes of a look.
type verdict struct {
	state      string
	left       time.Duration // of the state; 0 where nobody knows
	conditions []message.Condition
	reason     string
	change     bool
}

// look looks at the facts. spread is evenly distributed from 0 to 1.
func (e *election) look(f facts, p *config.Promotion, spread float64) verdict {
	var v verdict
	if f.serving {
		v.conditions, v.reason = demotion(f, p), idle
	} else {
		v.conditions, v.reason = promotion(f, p)
	}
	holds := true
	for _, c := range v.conditions {
		holds = holds && c.Holds
	}
	switch {
	case !holds:
		e.since = time.Time{}
	case e.since.IsZero():
		e.since = f.now
	}
	hold := p.Settle
	if f.serving {
		hold = max(p.Settle, p.Idle)
	}
	rest := p.Rest - f.now.Sub(e.changed)
	switch left := hold - f.now.Sub(e.since); {
	case !e.changed.IsZero() && rest > 0:
		v.state, v.left = resting, rest
	case !holds:
		v.state = waiting
	case left > 0:
		v.state, v.left = settling, left
	default:
		v.state, v.change = ready, spread < chance(f)
	}
	return v
}

// settled begins a rest: the role has changed, or could not.
func (e *election) settled(now time.Time) { e.changed, e.since = now, time.Time{} }

const (
	leastAtOnce = 8
	mostAtOnce  = 64
)

// chance is how probable a change is with each look. Where a supernode has n peers, as many may see that it is
// overloaded, and with 1/n about one of them steps forward each time. There are limits to that: nobody knows how many
// others look where no supernode tells, and most of many peers do not meet the conditions.
func chance(f facts) float64 {
	n := leastAtOnce
	for _, s := range f.others {
		if !f.serving {
			n = max(n, s.sessions)
		}
	}
	return 1 / float64(min(n, mostAtOnce))
}

// promotion are the conditions under which a peer becomes a supernode, and why it would.
func promotion(f facts, p *config.Promotion) ([]message.Condition, string) {
	reachable, since := false, "nobody has connected to this node yet"
	if !f.visited.IsZero() {
		ago := f.now.Sub(f.visited)
		reachable = ago <= p.ReachableWithin
		since = fmt.Sprintf("%s connected %v ago, %v at most", f.visitor, ago.Round(time.Second), p.ReachableWithin)
	}
	need, reason := needed(f, p)
	return []message.Condition{
		{Name: "uptime", Holds: f.uptime >= p.MinUptime, Text: span(f.uptime, p.MinUptime)},
		{Name: "average", Holds: f.average >= p.MinAverage, Text: span(f.average, p.MinAverage)},
		{Name: "reachable", Holds: reachable, Text: since},
		{
			Name: "open_files", Holds: f.capacity.OpenFiles == 0 || f.capacity.OpenFiles >= p.MinOpenFiles,
			Text: fmt.Sprintf("%s, %d at least", openFiles(f.capacity.OpenFiles), p.MinOpenFiles),
		},
		{
			Name: "memory", Holds: f.capacity.Memory == 0 || f.capacity.Memory >= int64(p.MinMemory),
			Text: fmt.Sprintf("%s, %s at least", memory(f.capacity.Memory), p.MinMemory),
		},
		need,
	}, reason
}

// needed says whether supernodes are missing: there are too few, or all of them are busy.
func needed(f facts, p *config.Promotion) (message.Condition, string) {
	free := withRoom(f, p)
	n := len(f.others)
	c := message.Condition{
		Name: "needed", Holds: n < p.MinSupernodes || free == 0,
		Text: fmt.Sprintf("%d up, %d of them with room: it would be with fewer than %d, or none with room", n, free, p.MinSupernodes),
	}
	if n < p.MinSupernodes {
		return c, few
	}
	return c, overloaded
}

// demotion are the conditions under which a supernode becomes a peer.
func demotion(f facts, p *config.Promotion) []message.Condition {
	free := withRoom(f, p)
	return []message.Condition{
		{Name: "idle", Holds: f.sessions < p.MinSessions, Text: fmt.Sprintf("%d sessions, fewer than %d", f.sessions, p.MinSessions)},
		{Name: "others", Holds: free >= p.MinSupernodes, Text: fmt.Sprintf("%d other supernodes with room, %d at least", free, p.MinSupernodes)},
	}
}

func withRoom(f facts, p *config.Promotion) int {
	n := 0
	for _, s := range f.others {
		if s.room(p) {
			n++
		}
	}
	return n
}

func span(is, least time.Duration) string {
	return fmt.Sprintf("%v, %v at least", is.Round(time.Second), least)
}

func openFiles(n int) string {
	if n == 0 {
		return "an unknown number"
	}
	return fmt.Sprint(n)
}

func memory(bytes int64) string {
	if bytes == 0 {
		return "an unknown size"
	}
	return fmt.Sprintf("%dMiB", bytes>>20)
}
