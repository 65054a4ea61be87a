// Package store keeps the directory: who is logged in and what they publish. The actor stands between the sessions and
// port.Store. It gathers what arrives while a batch is being written into the next one, so that many sessions share the
// cost of a write, and answers in the order of arrival. When it fails it is restarted; whoever waits is told that the
// write failed.
package store

import (
	"cmp"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
)

// loadLimit is how many changes a Loaded holds at most.
const loadLimit = 1000

// retry is how often a backend that is in trouble is asked whether it still is: nobody else may want anything written.
const retry = time.Second

// Props makes the store actor over a backend.
func Props(env *props.Env, backend port.Store) *actor.Props {
	return env.Make("store", func() actor.Actor {
		return &store{
			env: env, backend: backend, token: env.Rand.Uint64(),
			degraded: env.Metrics.Gauge("store_degraded", "1 while the directory cannot be written or read: new logins and publications are refused."),
		}
	})
}

type store struct {
	env     *props.Env
	backend port.Store
	queue   []any // *message.Commit and *message.Load in the order of arrival, those under way first
	under   int   // how many of the queue are under way: some Commits, or one Load
	// token tells the backend's answers to this instance from those to one that failed.
	token    uint64
	trouble  string     // why changes are refused; empty where they are not
	unread   string     // why the directory could not be read last time; empty where it could
	asking   bool       // the backend will be asked again
	degraded port.Gauge // 1 while there is trouble
}

// ask is when the backend is asked again.
type ask struct{}

// Receive implements actor.Actor.
func (s *store) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *message.Commit, *message.Load:
		s.queue = append(s.queue, m)
		s.next(ctx)
	case *port.Applied:
		if m.Token == s.token {
			s.onApplied(ctx, m)
		}
	case *port.Loaded:
		if m.Token == s.token {
			s.onLoaded(ctx, m)
		}
	case *ask:
		s.asking = false
		s.queue = append(s.queue, &message.Commit{})
		s.next(ctx)
	case *message.Inspect:
		ctx.Send(m.ReplyTo, &message.StoreStatus{Waiting: len(s.queue), Trouble: cmp.Or(s.trouble, s.unread)})
	case *actor.Restarting, *actor.Stopping:
		s.fail(ctx)
	case *actor.Started, *actor.Stopped:
	default:
		s.env.Log.Warnf("store: unexpected %T", m)
	}
}

// next starts the longest run of commits at the queue's front as one write, or one load. A load stands between the
// commits before and behind it, so that its answer is older than theirs wherever both arrive.
func (s *store) next(ctx actor.Context) {
	if s.under > 0 || len(s.queue) == 0 {
		return
	}
	s.token++
	if l, ok := s.queue[0].(*message.Load); ok {
		s.under = 1
		s.backend.Load(l.After, loadLimit, ctx.Self(), s.token)
		return
	}
	var changes []port.Change
	for _, m := range s.queue {
		c, ok := m.(*message.Commit)
		if !ok {
			break
		}
		changes = append(changes, c.Changes...)
		s.under++
	}
	s.backend.Apply(changes, ctx.Self(), s.token)
}

func (s *store) onApplied(ctx actor.Context, m *port.Applied) {
	err := m.Err
	if err == nil {
		err = m.Trouble
	}
	if err == nil && s.trouble+s.unread != "" {
		what := "the directory can be written again"
		if s.trouble == "" {
			what = "the directory can be used again" // as far as anybody knows who does not read
		}
		s.trouble, s.unread = "", ""
		s.level()
		s.env.Log.Info(what)
	}
	s.inTrouble(ctx, err)
	for _, q := range s.done() {
		answer(ctx, q.(*message.Commit), m.Err)
	}
	s.next(ctx)
}

func (s *store) onLoaded(ctx actor.Context, m *port.Loaded) {
	s.onRead(ctx, m.Err)
	for _, q := range s.done() {
		l := q.(*message.Load)
		loaded := *m
		loaded.Token = uint64(l.Ref)
		ctx.Send(l.ReplyTo, &loaded)
	}
	s.next(ctx)
}

// inTrouble notes that changes are refused, and says so the first time.
func (s *store) inTrouble(ctx actor.Context, err error) {
	if err == nil {
		return
	}
	if s.trouble == "" {
		s.env.Log.WithError(err).Error("the directory cannot be written: new logins and publications are refused")
	}
	s.trouble = err.Error()
	s.level()
	s.askAgain(ctx)
}

// onRead notes whether the directory can be read. Whoever asked asks again.
func (s *store) onRead(ctx actor.Context, err error) {
	was := s.unread
	if s.unread = ""; err != nil {
		s.unread = err.Error()
	}
	if was == "" && err != nil && s.trouble == "" {
		s.env.Log.WithError(err).Error("the directory cannot be read")
	}
	if err != nil {
		s.askAgain(ctx)
	}
	s.level()
}

// askAgain has the backend asked later whether it is well.
func (s *store) askAgain(ctx actor.Context) {
	if !s.asking {
		s.asking = true
		s.env.Clock.After(retry, ctx.Self(), &ask{})
	}
}

// level says in the metrics whether there is trouble.
func (s *store) level() {
	bad := 0
	if s.trouble+s.unread != "" {
		bad = 1
	}
	s.degraded.Set(bad)
}

// done takes what was under way off the queue.
func (s *store) done() []any {
	done := s.queue[:s.under]
	s.queue = s.queue[s.under:]
	if s.under = 0; len(s.queue) == 0 {
		s.queue = nil
	}
	return done
}

func (s *store) fail(ctx actor.Context) {
	for _, q := range s.queue {
		switch q := q.(type) {
		case *message.Commit:
			answer(ctx, q, message.ErrInDoubt)
		case *message.Load:
			ctx.Send(q.ReplyTo, &port.Loaded{Token: uint64(q.Ref), Err: message.ErrInDoubt})
		}
	}
	s.queue, s.under = nil, 0
	s.degraded.Set(0) // what comes after this instance knows of no trouble
}

func answer(ctx actor.Context, c *message.Commit, err error) {
	if c.ReplyTo != nil {
		ctx.Send(c.ReplyTo, &message.Committed{Ref: c.Ref, Err: err})
	}
}
