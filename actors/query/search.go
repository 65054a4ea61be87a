package query

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/text"
	"alakazaam/config"
)

// search is a query that began here. It goes in steps, each a flood under a Pktid of its own, as its plan says:
//
//   - A step is over when the last of its branches has ended and every answer has come. Where that cannot be known any
//     more, because a branch is unknown or the overlay does not answer, the last step is over when nothing has come for
//     the quiet time, or half of it where there is enough. Other steps are over as soon as nothing has come for
//     half of it.
//   - Behind a step comes the next, until there is enough. After half of the window the last one begins in any case.
//   - It never goes on past its window.
//
// What this node has itself counts, too: the first step of a plan that may stop early begins when the catalog has
// answered.
type search struct {
	*common
	id      p2p.PacketID // of the first step
	find    *message.Find
	pattern text.Pattern
	found   *merged
	limit   int // distinct files that are enough
	plan    plan

	begun    time.Time
	local    bool        // the catalog has answered
	more     bool        // the catalog has more than that
	ref      message.Ref // of the step under way
	branches branches    // its branches
	heard    time.Time   // when something last came of it
	stepped  time.Time   // when the step under way began
	timer    port.Timer
	told     bool
}

// tick is what the timer sends.
type tick struct{}

// another tells the queries under which Pktid the next step of a search goes out.
type another struct{ first, id p2p.PacketID }

func newSearch(c *common, id p2p.PacketID, m *message.Find) *search {
	rules := c.rules()
	s := &search{common: c, id: id, find: m, pattern: text.NewPattern(m.Text), limit: rules.MaxResults}
	if m.Limit > 0 {
		s.limit = min(s.limit, m.Limit)
	}
	s.found = newMerged(s.limit, rules.MaxPerOwner)
	s.plan = plan{strategy: rules.Strategy, ttl: rules.TTL, shuffle: func(to []p2p.Endpoint) {
		rand.New(c.env.Rand).Shuffle(len(to), func(i, j int) { to[i], to[j] = to[j], to[i] })
	}}
	if slices.Contains(config.Strategies(), m.Strategy) {
		s.plan.strategy = m.Strategy
	}
	s.ref = message.Ref(c.env.Rand.Uint64()) // so that what is said to another search of this name is not taken
	return s
}

// Receive implements actor.Actor.
func (s *search) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		s.start(ctx)
	case *message.Matched:
		s.onMatched(ctx, m)
	case *message.Flooded:
		if m.Ref == s.ref {
			s.branches.flooded(m.Branches)
			s.check(ctx)
		}
	case *message.Branch:
		if m.Ref == s.ref && s.branches.end(m.By, m.Outcome) {
			s.goOn(ctx, m.Outcome == message.Unknown || m.Outcome == message.Unsaid)
		}
	case *message.Abandoned:
		if s.branches.abandon(m.By) {
			s.goOn(ctx, true)
		}
	case *message.Aque:
		s.onAque(ctx, m)
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
		s.tell(ctx, &message.Found{Err: errFailed})
	case *actor.Stopped:
	default:
		s.env.Log.Warnf("search: unexpected %T", m)
	}
}

func (s *search) start(ctx actor.Context) {
	s.begun = s.env.Clock.Now()
	ctx.Send(s.routes.Catalog, &message.Match{
		Text: s.find.Text, Limit: s.limit, For: s.find.For, Session: s.find.Session, All: true, ReplyTo: ctx.Self(),
	})
	if s.plan.strategy == config.StrategyFlood {
		s.step(ctx)
	}
	s.check(ctx)
}

func (s *search) onMatched(ctx actor.Context, m *message.Matched) {
	if m.Err != nil {
		s.over(ctx, &message.Found{Err: m.Err})
		return
	}
	for _, h := range m.Hits {
		if s.welcome(h) {
			s.found.add(h)
		}
	}
	s.local, s.more = true, m.More
	s.check(ctx)
}

// goOn goes on after a branch has ended. Of one that is unknown answers may still come, and the wait for them begins now.
func (s *search) goOn(ctx actor.Context, unknown bool) {
	if unknown {
		s.heard = s.env.Clock.Now()
	}
	s.check(ctx)
}

// onAque takes an answer, unless it is none: what does not match was not asked for.
func (s *search) onAque(ctx actor.Context, m *message.Aque) {
	if s.told {
		s.metrics.late.Add(1)
		return
	}
	if !s.pattern.MatchesFolded(m.Hit.Name) {
		s.metrics.mismatch.Add(1)
		return
	}
	s.heard = s.env.Clock.Now()
	if !s.welcome(m.Hit) {
		s.metrics.denied.Add(1)
		return
	}
	was := s.enough()
	if !s.found.add(m.Hit) {
		s.metrics.cut.Add(1)
	}
	if !was && s.enough() {
		s.check(ctx) // the wait is shorter now
	}
}

// check goes on to the next step or ends the search if it is time, or comes back when that could be.
func (s *search) check(ctx actor.Context) {
	for !s.told {
		now := s.env.Clock.Now()
		window := s.rules().Window
		next, due := s.due(now)
		switch {
		case !s.local && !now.Before(s.begun.Add(window)):
			s.metrics.unmatched.Hit("window", window)
			s.over(ctx, &message.Found{Err: message.ErrBusy}) // an answer without this node's own files would be taken for a whole one
		case !now.Before(s.begun.Add(window)):
			s.end(ctx, endWindow)
		case !due:
			s.wait(ctx, now, next)
			return
		case !s.step(ctx):
			s.end(ctx, s.reason())
		}
	}
}

// due says whether the step under way is over, or else when it is if nothing comes. Before the first step the catalog is
// waited for.
func (s *search) due(now time.Time) (next time.Time, due bool) {
	rules := s.rules()
	half, end := s.begun.Add(rules.Window/2), s.begun.Add(rules.Window)
	switch {
	case s.plan.steps == 0:
		return half, s.local || !now.Before(half)
	case s.branches.complete() && (s.local || !s.plan.now.last):
		return end, true
	case !s.plan.now.last:
		next = s.heard.Add(rules.Quiet / 2)
		if half.Before(next) {
			next = half
		}
		return next, !now.Before(next)
	case s.branches.exact():
		return end, false
	}
	next = s.heard.Add(rules.Quiet)
	if s.enough() {
		next = s.heard.Add(rules.Quiet / 2)
	} else if d := s.options.Config.Get().Discovery; d.Links && !s.branches.ended() {
		// A neighbor of which it is not known yet whether it knows links has not been asked before.
		if sure := s.stepped.Add(d.LinkTimeout + rules.Quiet); next.Before(sure) {
			next = sure
		}
	}
	return next, s.local && !now.Before(next)
}

func (s *search) enough() bool { return len(s.found.order) >= s.limit }

// nobody says whether there is nobody whom another step could reach.
func (s *search) nobody() bool {
	return s.plan.steps > 0 && s.plan.now.only == nil && s.branches.complete() && len(s.branches.reached()) == 0
}

// step begins the next step; it says no where the search has no more.
func (s *search) step(ctx actor.Context) bool {
	if s.nobody() {
		return false
	}
	now := s.env.Clock.Now()
	next, ok := s.plan.next(progress{
		files: len(s.found.order), limit: s.limit, reached: s.branches.reached(),
		late: !now.Before(s.begun.Add(s.rules().Window / 2)),
	})
	if !ok {
		return false
	}
	id := s.id
	if s.plan.steps > 1 {
		id = p2p.NewPacketID(s.env.Rand)
		ctx.Send(ctx.Parent(), &another{first: s.id, id: id})
	}
	s.ref++
	s.branches, s.heard, s.stepped = branches{}, now, now
	ctx.Send(s.routes.Overlay, &message.Flood{Ref: s.ref, ReplyTo: ctx.Self(), Only: next.only, Packet: &message.Quer{
		ID: id, Origin: s.options.Self, TTL: next.ttl, Text: s.find.Text,
	}})
	return true
}

// reason is why a search ends whose plan has no more steps.
func (s *search) reason() ending {
	switch {
	case s.nobody() || s.plan.now.last && s.branches.complete():
		return endComplete
	case s.enough():
		return endEnough
	}
	return endQuiet
}

// end tells what was found.
func (s *search) end(ctx actor.Context, why ending) {
	results := s.found.results()
	s.metrics.results.Observe(float64(len(results)))
	s.metrics.here.Observe(s.env.Clock.Now().Sub(s.begun).Seconds())
	s.metrics.ended(s.plan.strategy, why, s.plan.steps)
	s.over(ctx, &message.Found{Results: results, Complete: why == endComplete && !s.found.cut && !s.more})
}

// over tells the outcome and has the search stopped.
func (s *search) over(ctx actor.Context, found *message.Found) {
	s.tell(ctx, found)
	ctx.Send(ctx.Parent(), &over{s.id})
}

// wait comes back at that time, or at the end of the window.
func (s *search) wait(ctx actor.Context, now, next time.Time) {
	if s.timer != nil {
		s.timer.Stop()
	}
	if end := s.begun.Add(s.rules().Window); !next.After(now) || end.Before(next) {
		next = end
	}
	s.timer = s.env.Clock.After(next.Sub(now), ctx.Self(), &tick{})
}

func (s *search) tell(ctx actor.Context, found *message.Found) {
	if s.told {
		return
	}
	s.told = true
	found.Ref = s.find.Ref
	ctx.Send(s.find.ReplyTo, found)
}
