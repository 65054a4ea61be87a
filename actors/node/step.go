package node

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/port"
)

// event is something that the node waits for: of one of its children, by name.
type event struct {
	what what
	who  string
}

type what uint8

const (
	ready   what = iota // it can serve
	drained             // it has finished what it had begun
	gone                // it has ended, and its name is free
)

// step is what the node waits for at the moment. There is one at a time.
type step struct {
	waits map[event]bool
	then  func(actor.Context) // when all of it has come
	late  func(actor.Context) // when some of it has not come in time
	timer port.Timer          // nil: there is no limit
}

// late ends a step that takes too long.
type late struct{ step *step }

// await begins a step in the place of the one before. A limit of 0 is none; a step without events is a pause.
func (n *node) await(ctx actor.Context, limit time.Duration, then, after func(actor.Context), events ...event) {
	if n.step != nil && n.step.timer != nil {
		n.step.timer.Stop()
	}
	s := &step{waits: make(map[event]bool, len(events)), then: then, late: after}
	for _, e := range events {
		s.waits[e] = true
	}
	if n.step = s; limit > 0 {
		s.timer = n.env.Clock.After(limit, ctx.Self(), &late{s})
	}
}

// came goes on where an event was the last one that was waited for.
func (n *node) came(ctx actor.Context, e event) {
	s := n.step
	if s == nil || !s.waits[e] {
		return
	}
	if delete(s.waits, e); len(s.waits) == 0 {
		n.over(ctx, s.then)
	}
}

func (n *node) onLate(ctx actor.Context, m *late) {
	if m.step == n.step {
		n.over(ctx, m.step.late)
	}
}

// over ends the step, and does what comes after it.
func (n *node) over(ctx actor.Context, next func(actor.Context)) {
	if n.step.timer != nil {
		n.step.timer.Stop()
	}
	n.step = nil
	next(ctx)
}
