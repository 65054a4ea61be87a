package world

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/cmd/alakalab/record"
)

// probes ask supernodes' catalogs what they hold, as a search there would.
type probes struct {
	w    *World
	pid  *actor.PID
	last message.Ref
	open map[message.Ref]func(*message.Matched)
}

func newProbes(w *World) *probes {
	p := &probes{w: w, open: make(map[message.Ref]func(*message.Matched))}
	p.pid = w.spawn(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*message.Matched); ok && p.open[m.Ref] != nil {
			done := p.open[m.Ref]
			delete(p.open, m.Ref)
			done(m)
		}
	})
	return p
}

// ask calls answer with whether a supernode finds a file of an owner, and whether it may know more than it says. A catalog
// that fails does not answer.
func (p *probes) ask(h *host, f p2p.FileID, owner int, answer func(found, more bool)) {
	file, known := p.w.truth.byID[f]
	if !known || !h.up {
		return
	}
	p.last++
	p.open[p.last] = func(m *message.Matched) {
		if m.Err != nil {
			return
		}
		answer(slices.ContainsFunc(m.Hits, func(hit message.Hit) bool {
			return hit.File == f && indexOf(hit.Owner.IPv4()) == owner
		}), m.More)
	}
	p.w.sim.System.Root.Send(h.routes.Catalog, &message.Match{
		Ref: p.last, Text: p.w.files[file].text, Limit: len(p.w.hosts), All: true, For: address(owner), ReplyTo: p.pid,
	})
}

// owed is an entry that a directory had when its node crashed.
type owed struct {
	session p2p.SessionID
	file    p2p.FileID
	owner   int
}

// How many entries are looked for after a crash, and how long a node is given to load them.
const (
	mostOwed = 100
	loading  = time.Minute
)

// remember notes what a directory holds, when its node crashes.
func (h *host) remember() {
	h.owed = nil
	for id, files := range h.held {
		for f := range files {
			h.owed = append(h.owed, owed{id, f, h.sessions[id]})
		}
	}
	slices.SortFunc(h.owed, func(a, b owed) int {
		if c := a.file.Compare(b.file); c != 0 { // ids of files are as good as random, so that the first are a sample
			return c
		}
		return a.session.Compare(b.session)
	})
	h.owed = h.owed[:min(len(h.owed), mostOwed)]
}

// recall looks for what a directory had, once the node has started again.
func (h *host) recall() {
	all, l := h.owed, h.life
	if h.owed = nil; len(all) == 0 {
		return
	}
	until := h.w.sim.Now().Add(loading)
	h.w.sim.Do(0, func() { // its actors are there then
		for _, o := range all {
			h.expect(o, l, until)
		}
	})
}

// expect looks for an entry until it is there, or the node says that there is nothing more. What has been taken away
// meanwhile need not be there.
func (h *host) expect(o owed, l *life, until time.Time) {
	w := h.w
	if l.over || w.sim.Now().After(until) {
		return
	}
	w.probes.ask(h, o.file, o.owner, func(found, more bool) {
		_, held := h.held[o.session][o.file]
		switch {
		case found:
			w.counts.n[record.DurableChecked]++
		case !held:
		case more:
			w.sim.Do(time.Second, func() { h.expect(o, l, until) })
		default:
			w.counts.n[record.DurableChecked]++
			w.hit(record.DurableMissing, "%s has lost %s of %s", h.name, o.file, w.nodeName(o.owner))
		}
	})
}
