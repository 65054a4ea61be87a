package query

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/text"
)

// search is a query that began here. It ends when the catalog has answered and no neighbor was reached, or no answer
// has come for the quiet time, or its window is over.
type search struct {
	*common
	id      p2p.PacketID
	find    *message.Find
	pattern text.Pattern
	found   *merged

	begun    time.Time
	local    bool // the catalog has answered
	flooded  bool // the overlay has said to whom it goes
	branches int  // neighbors of which it is not known whether they were reached
	reached  int
	quiet    time.Time // when it ends if nothing comes
	end      time.Time
	timer    port.Timer
	told     bool
}

// tick is what the timer sends.
type tick struct{}

func newSearch(c *common, id p2p.PacketID, m *message.Find) *search {
	return &search{
		common: c, id: id, find: m, pattern: text.NewPattern(m.Text), found: newMerged(c.rules().MaxResults),
	}
}

// Receive implements actor.Actor.
func (s *search) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		s.start(ctx)
	case *message.Matched:
		if m.Err != nil {
			s.over(ctx, nil, m.Err)
			return
		}
		for _, h := range m.Hits {
			if s.welcome(h) {
				s.found.add(h)
			}
		}
		s.local = true
		s.check(ctx)
	case *message.Flooded:
		s.branches, s.flooded = len(m.Branches), true
		s.check(ctx)
	case *message.Branch:
		s.branches--
		if m.Outcome == message.Unknown {
			s.reached++
		}
		s.check(ctx)
	case *message.Aque:
		s.onAque(m)
		ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
	case *tick:
		s.check(ctx)
	case *actor.Stopping:
		if s.timer != nil {
			s.timer.Stop()
		}
		if !s.local {
			ctx.Send(s.routes.Catalog, &message.Unmatch{ReplyTo: ctx.Self()})
		}
		s.tell(ctx, nil, errFailed)
	case *actor.Stopped:
	default:
		s.env.Log.Warnf("search: unexpected %T", m)
	}
}

func (s *search) start(ctx actor.Context) {
	now := s.env.Clock.Now()
	rules := s.rules()
	s.begun, s.quiet, s.end = now, now.Add(rules.Quiet), now.Add(rules.Window)
	ctx.Send(s.routes.Catalog, &message.Match{
		Text: s.find.Text, Limit: rules.MaxResults, For: s.find.For, All: true, ReplyTo: ctx.Self(),
	})
	ctx.Send(s.routes.Overlay, &message.Flood{ReplyTo: ctx.Self(), Packet: &message.Quer{
		ID: s.id, Origin: s.options.Self, TTL: rules.TTL, Text: s.find.Text,
	}})
	s.wait(ctx, now)
}

// onAque takes an answer, unless it is none: what does not match was not asked for.
func (s *search) onAque(m *message.Aque) {
	if s.told {
		s.metrics.late.Add(1)
		return
	}
	if !s.pattern.MatchesFolded(m.Hit.Name) {
		s.metrics.mismatch.Add(1)
		return
	}
	s.quiet = s.env.Clock.Now().Add(s.rules().Quiet)
	if !s.welcome(m.Hit) {
		s.metrics.denied.Add(1)
		return
	}
	if !s.found.add(m.Hit) {
		s.metrics.cut.Add(1)
	}
}

// check ends the search if it is time, or comes back when that could be.
func (s *search) check(ctx actor.Context) {
	if s.told {
		return
	}
	now := s.env.Clock.Now()
	nobody := s.flooded && s.branches == 0 && s.reached == 0
	if !s.local && !now.Before(s.end) {
		s.metrics.unmatched.Hit("window", s.rules().Window)
		s.over(ctx, nil, message.ErrBusy) // an answer without this node's own files would be taken for a whole one
		return
	}
	if s.local && (nobody || !now.Before(s.quiet)) || !now.Before(s.end) {
		results := s.found.results()
		s.metrics.results.Observe(float64(len(results)))
		s.metrics.here.Observe(now.Sub(s.begun).Seconds())
		s.over(ctx, results, nil)
		return
	}
	s.wait(ctx, now)
}

// over tells the outcome and has the search stopped.
func (s *search) over(ctx actor.Context, results []message.Result, err error) {
	s.tell(ctx, results, err)
	ctx.Send(ctx.Parent(), &over{s.id})
}

func (s *search) wait(ctx actor.Context, now time.Time) {
	if s.timer != nil {
		s.timer.Stop()
	}
	next := s.end
	if s.quiet.After(now) && s.quiet.Before(next) {
		next = s.quiet
	}
	s.timer = s.env.Clock.After(next.Sub(now), ctx.Self(), &tick{})
}

func (s *search) tell(ctx actor.Context, results []message.Result, err error) {
	if s.told {
		return
	}
	s.told = true
	ctx.Send(s.find.ReplyTo, &message.Found{Ref: s.find.Ref, Results: results, Err: err})
}
