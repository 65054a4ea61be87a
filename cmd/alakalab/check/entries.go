package check

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

type key struct{ file, owner string }

// reads is what searches said of one entry.
type reads struct {
	name          string
	known         bool          // it was published while the workload ran, and acknowledged
	n             int           // searches that have it, or lack it
	lacks         int           // of them, those that lack it
	firstLack     time.Duration // when the first and the last of these began
	lastLack      time.Duration
	lastHas       time.Duration
	has           bool
	lackedInPeace bool // the last that lacks it began some time after the last fault
}

// set is the state of all entries.
type set struct {
	all        map[key]*reads
	order      []key
	duplicated []string
	unnamed    int // entries missing from searches that the record does not name
	peace      time.Duration
}

// indexSet — Jepsen's set-full for entries (md5, owner). A search that is ok reads an entry when the entry is among its
// results (has), or was to be found within reach of its TTL all the time that the search took, and is not (lacks); see
// record.Op. Each entry is then
//   - stable: no read lacks it;
//   - stale: a read lacks it, and a later one has it;
//   - lost: its last read lacks it, and began more than ten seconds after the end of the last fault;
//   - unsettled: its last read lacks it, and began before that;
//   - never-read: published and acknowledged, and not read since.
//
// False when an entry is lost, or one search has an entry twice. Unknown when nothing was read, an entry is unsettled
// (nobody looked again), or the record does not name what searches lack.
func indexSet(c *Case, _ experiment.Parameters) record.Check {
	s := readAll(c)
	var stable, stale, neverRead, read int
	var lost, unsettled []string
	var longest time.Duration
	for _, k := range s.order {
		e := s.all[k]
		if e.n > 0 {
			read++
		}
		switch {
		case e.n == 0:
			neverRead++
		case e.lacks == 0:
			stable++
		case e.has && e.lastHas > e.lastLack:
			stale++
			longest = max(longest, e.lastHas-e.firstLack)
		case e.lackedInPeace:
			lost = append(lost, fmt.Sprintf("%s of %s (%s): last looked for at %s", e.name, k.owner, k.file, at(e.lastLack)))
		default:
			unsettled = append(unsettled, fmt.Sprintf("%s of %s (%s): missing at %s, not looked for after the faults", e.name, k.owner, k.file, at(e.lastLack)))
		}
	}
	figures := fmt.Sprintf("of %s read: %d stable, %d stale, %d lost, %d unsettled; %d published and never read",
		count(read, "entry"), stable, stale, len(lost), len(unsettled), neverRead)
	if stale > 0 {
		figures += fmt.Sprintf("; the longest was missing for %s", at(longest))
	}
	switch {
	case len(lost) > 0 || len(s.duplicated) > 0:
		return evidence(no("%s; %d twice in one answer", figures, len(s.duplicated)), append(lost, s.duplicated...))
	case read == 0:
		return unknown("no search read any entry; %d published and never read", neverRead)
	case s.unnamed > 0:
		return unknown("searches lack %s that the record does not name", count(s.unnamed, "entry"))
	case len(unsettled) > 0:
		return evidence(unknown("%s", figures), unsettled)
	}
	return yes("%s", figures)
}

// settling is how long after the last fault what a search lacks is not lost yet.
const settling = 10 * time.Second

// readAll goes through the operations in the order in which they began, as Jepsen does with reads.
func readAll(c *Case) *set {
	s := &set{all: make(map[key]*reads)}
	if _, end, faulty := c.Run.Faulty(); faulty {
		s.peace = end + settling
	}
	ops := slices.Clone(c.Ops)
	slices.SortStableFunc(ops, func(a, b record.Op) int { return cmp.Compare(a.Started, b.Started) })
	for i := range ops {
		switch op := &ops[i]; {
		case op.Outcome != record.OK:
		case op.Kind == "publish" && op.Entry != nil:
			s.entry(*op.Entry).known = true
		case op.Kind == "find":
			s.read(op)
		}
	}
	return s
}

func (s *set) entry(e record.Entry) *reads {
	k := key{e.File, e.Owner}
	r := s.all[k]
	if r == nil {
		r = &reads{name: e.Name}
		s.all[k] = r
		s.order = append(s.order, k)
	}
	return r
}

func (s *set) read(op *record.Op) {
	seen := make(map[key]bool, len(op.Results))
	for _, e := range op.Results {
		k := key{e.File, e.Owner}
		if seen[k] {
			s.duplicated = append(s.duplicated, fmt.Sprintf("%s: %s of %s twice", name(op), e.Name, e.Owner))
			continue
		}
		seen[k] = true
		r := s.entry(e)
		r.n++
		r.has, r.lastHas = true, op.Started
	}
	for _, e := range op.Missing {
		r := s.entry(e)
		if r.lacks == 0 {
			r.firstLack = op.Started
		}
		r.n++
		r.lacks++
		r.lastLack, r.lackedInPeace = op.Started, op.Started >= s.peace
	}
	s.unnamed += max(0, op.Reachable-op.Reached-len(op.Missing))
}

// noPhantoms — false when a search has results that nobody had published, but for those that a Byzantine fault of the
// list except made up, which are counted. Unknown when no search ended with results.
func noPhantoms(c *Case, with experiment.Parameters) record.Check {
	var except []string
	if p, ok := with.(*experiment.Exemption); ok && p != nil {
		except = p.Except
	}
	var results, phantoms, foul int
	var found []string
	for i := range c.Ops {
		op := &c.Ops[i]
		if op.Kind != "find" {
			continue
		}
		results += len(op.Results)
		excused := 0
		for _, id := range except {
			excused += op.Foul[id]
		}
		excused = min(excused, op.Phantoms)
		foul += excused
		if n := op.Phantoms - excused; n > 0 {
			phantoms += n
			found = append(found, fmt.Sprintf("%s: %s", name(op), count(n, "result")))
		}
	}
	switch {
	case phantoms > 0:
		return evidence(no("%d of %s had been published by nobody, beside %d made up by those whom the check excepts", phantoms, count(results, "result"), foul), found)
	case results == 0:
		return unknown("no search found anything")
	}
	return yes("%s, each published by its owner, but for %d made up by those whom the check excepts", count(results, "result"), foul)
}

// noCrosstalk — false when a search has a result whose name its own text does not match, by the rules by which nodes
// match (a name may have gone through somebody's fold to ASCII). Unknown when no result has a name to look at.
func noCrosstalk(c *Case, _ experiment.Parameters) record.Check {
	looked := 0
	var found []string
	for i := range c.Ops {
		op := &c.Ops[i]
		if op.Kind != "find" || len(op.Results) == 0 {
			continue
		}
		t, err := p2p.NewSearchText(op.Text)
		if err != nil {
			return unknown("%s: %v", name(op), err)
		}
		pattern := text.NewPattern(t)
		for _, e := range op.Results {
			if e.Name == "" {
				continue
			}
			looked++
			if n := p2p.FileName(e.Name); !pattern.Matches(n) && !pattern.MatchesFolded(n) {
				found = append(found, fmt.Sprintf("%s for %q has %q of %s", name(op), op.Text, e.Name, e.Owner))
			}
		}
	}
	switch {
	case len(found) > 0:
		return evidence(no("%d of %s do not match what was searched for", len(found), count(looked, "result")), found)
	case looked == 0:
		return unknown("no search has a result with a name")
	}
	return yes("%s, each matches what was searched for", count(looked, "result"))
}

// name tells an operation from the others.
func name(op *record.Op) string {
	return fmt.Sprintf("%s %d of %s at %s", op.Kind, op.ID, op.Node, at(op.Started))
}
