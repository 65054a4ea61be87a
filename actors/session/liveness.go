package session

import (
	"cmp"
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
)

// liveness is whether a session's peer is still there. Any request is a sign of life; where none came for a while the
// peer's address is dialed, and after so many failures in a row the peer counts as gone. It is pure.
type liveness struct {
	seen   time.Time // the last sign of life, or the last failure
	failed int       // in a row
}

// alive notes a sign of life.
func (l *liveness) alive(now time.Time) { l.seen, l.failed = now, 0 }

// next is how long to wait until a peer of which nothing is heard for so long has to be looked for; 0 or less: that is
// now.
func (l *liveness) next(now time.Time, every time.Duration) time.Duration {
	return l.seen.Add(every).Sub(now)
}

// missed notes that the peer could not be reached and says whether it is gone after so many failures.
func (l *liveness) missed(now time.Time, failures int) (gone bool) {
	l.seen = now
	l.failed++
	return l.failed >= failures
}

// look is when a session looks for its peer.
type look struct{}

// gone is what a session says whose peer cannot be reached any more.
type gone struct{ pid *actor.PID }

// watch begins to look for the peer. The first look comes at a random part of the pause, so that the sessions that a
// restart finds again do not all dial at once.
func (s *session) watch(ctx actor.Context) {
	s.life.alive(s.env.Clock.Now())
	part := time.Duration(s.env.Rand.Uint64() % uint64(s.pause()))
	s.looking = s.env.Clock.After(part, ctx.Self(), &look{})
}

// pause is how long nothing may be heard of the peer until it is looked for. Where nobody looks, it is how long until it
// is seen whether that has changed.
func (s *session) pause() time.Duration {
	return cmp.Or(s.config.Get().Session.ProbeEvery, time.Minute)
}

func (s *session) unwatch() {
	if s.looking != nil {
		s.looking.Stop()
	}
}

// onLook dials the peer if nothing was heard of it for long enough.
func (s *session) onLook(ctx actor.Context) {
	wait := s.life.next(s.env.Clock.Now(), s.pause())
	if s.config.Get().Session.ProbeEvery == 0 {
		wait = s.pause()
	}
	if wait > 0 {
		s.looking = s.env.Clock.After(wait, ctx.Self(), &look{})
		return
	}
	ctx.Send(s.routes.Gateway, &message.Send{To: s.endpoint, ReplyTo: ctx.Self()})
	// The gateway answers in any case, unless it fails meanwhile.
	s.looking = s.env.Clock.After(s.pause(), ctx.Self(), &look{})
}

// onLooked takes the outcome of a dial. That this node has too many dials to make says nothing about the peer.
func (s *session) onLooked(ctx actor.Context, err error) {
	if errors.Is(err, message.ErrBusy) {
		return
	}
	now := s.env.Clock.Now()
	if err == nil || len(s.open)+len(s.waiting) > 0 {
		s.life.alive(now)
		return
	}
	if s.life.missed(now, s.config.Get().Session.ProbeFailures) && !s.over {
		s.over = true
		s.env.Log.WithField("endpoint", s.endpoint.String()).WithError(err).Info("session ended: its peer cannot be reached")
		ctx.Send(ctx.Parent(), &gone{pid: ctx.Self()})
	}
}

// onGone ends a session whose peer is gone, also where a logout came too late to be heard.
func (s *sessions) onGone(ctx actor.Context, m *gone) {
	id := idOf(m.pid)
	at := s.live[id].endpoint
	if e, ok := s.live[id]; ok && e.pid.Id == m.pid.Id {
		s.forget(id)
	} else if l := s.leaving[id]; l != nil {
		at = l.endpoint
	} else {
		return
	}
	s.vanished.Add(1)
	s.erase(ctx, id, at)
	ctx.Poison(m.pid) // it still refuses what is on its way to it
}
