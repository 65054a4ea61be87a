package session

import (
	"errors"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// session is the actor of one login. Its requests are answered in the order in which they came, each once everything
// before it is kept.
type session struct {
	*common
	id       p2p.SessionID
	endpoint p2p.Endpoint

	files   map[p2p.FileID]struct{} // what is published, as far as it has been sent to the store; nil: not loaded
	resync  bool                    // the catalog may not know what the store holds
	doubted bool                    // the store may not hold the session at all
	partial *loading                // under way while files is nil and something needs it
	waiting []any                   // requests that came before files was loaded
	open    []op                    // requests under way, oldest first
	lastRef message.Ref
	life    liveness
	looking port.Timer // for the next look for the peer
	over    bool       // the peer is gone: nothing more is served
}

// common is what all sessions share.
type common struct {
	env      *props.Env
	routes   *message.Routes
	config   *config.Live
	overfull *props.Limit // publications past the limit
	denied   *props.Limit // publications of files that are not known here
}

// loading gathers what the store holds of the session.
type loading struct {
	ref    message.Ref // of the last Load
	exists bool
	files  map[p2p.FileID]struct{}
	names  []message.Publication // the same for the catalog, where it has to be told
}

// op is a request under way. One that changes nothing only waits for those before it.
type op struct {
	ref      message.Ref // of its Commit; 0: it has none
	request  any
	accepted []message.Publication // of a Publish: what the limits let through
	settled  bool                  // its Commit has been answered
	err      error
}

// begin makes a new session of a login.
type begin struct{ login *message.Login }

// Receive implements actor.Actor.
func (s *session) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *begin:
		s.files = make(map[p2p.FileID]struct{})
		s.commit(ctx, op{request: m}, []port.Change{{Op: port.OpLogin, Session: s.id, Endpoint: s.endpoint}})
	case *message.Login, *message.Find, *message.Publish, *message.Logout:
		s.onRequest(ctx, m)
	case *message.CancelFind:
		s.waiting = append(s.waiting, m) // behind its Find; it is no sign of life
		s.work(ctx)
	case *look:
		s.onLook(ctx)
	case *message.Sent:
		s.onLooked(ctx, m.Err)
	case *message.Committed:
		s.onCommitted(ctx, m)
	case *port.Loaded:
		s.onLoaded(ctx, m)
	case *actor.Restarting:
		s.unwatch()
		s.failAndStay(ctx, errStopped)
	case *actor.Stopping:
		s.unwatch()
		s.fail(ctx, errStopped)
	case *actor.Started:
		s.watch(ctx)
	case *actor.Stopped:
	default:
		s.env.Log.Warnf("session: unexpected %T", m)
	}
}

// onRequest takes a request, which is a sign of life.
func (s *session) onRequest(ctx actor.Context, m any) {
	if login, again := m.(*message.Login); s.over && again {
		ctx.Send(ctx.Parent(), login) // which has heard that this session is over, and makes a new one
		return
	}
	if s.over {
		refuse(ctx, m, message.ErrUnknownSession)
		return
	}
	s.life.alive(s.env.Clock.Now())
	if s.free(m) {
		s.answer(ctx, op{request: m})
		return
	}
	s.waiting = append(s.waiting, m)
	s.work(ctx)
}

// free says whether a request needs nothing from the store and waits for nothing before it, as most do.
func (s *session) free(m any) bool {
	switch m.(type) {
	case *message.Login, *message.Find:
		return len(s.waiting)+len(s.open) == 0 && (s.files != nil || !s.doubted && !s.resync)
	}
	return false
}

// work deals with requests: with those that change something once the session's files are known. Each waits until it has
// been dealt with, so that a failure over one forgets none.
func (s *session) work(ctx actor.Context) {
	if s.files == nil {
		s.workAhead(ctx)
		if s.partial == nil && (len(s.waiting) > 0 || s.resync) {
			s.partial = &loading{ref: message.Ref(s.env.Rand.Uint64()), files: make(map[p2p.FileID]struct{})}
			s.load(ctx, port.Cursor{Scope: port.OneSession, Session: s.id})
		}
		return
	}
	for len(s.waiting) > 0 {
		switch m := s.waiting[0].(type) {
		case *message.Publish:
			s.publish(ctx, m)
		case *message.Logout:
			s.commit(ctx, op{request: m}, []port.Change{{Op: port.OpLogout, Session: s.id}})
		default:
			s.commit(ctx, op{request: m}, nil)
		}
		s.waiting = s.waiting[1:]
	}
	s.waiting = nil
}

// workAhead deals with the first requests as far as they need nothing from the store, which may be unable to read.
func (s *session) workAhead(ctx actor.Context) {
	for !s.doubted && len(s.waiting) > 0 {
		m := s.waiting[0]
		switch m.(type) {
		case *message.Publish, *message.Logout:
			return
		}
		s.commit(ctx, op{request: m}, nil)
		s.waiting = s.waiting[1:]
	}
}

func (s *session) load(ctx actor.Context, after port.Cursor) {
	s.partial.ref++
	ctx.Send(s.routes.Store, &message.Load{Ref: s.partial.ref, After: after, ReplyTo: ctx.Self()})
}

// onLoaded takes in a piece of what the store holds. A session that is not there failed before its login was kept.
func (s *session) onLoaded(ctx actor.Context, m *port.Loaded) {
	if s.partial == nil || m.Token != uint64(s.partial.ref) {
		return // asked for by an instance that failed
	}
	if m.Err != nil {
		s.partial = nil
		s.failAndStay(ctx, m.Err)
		return
	}
	for _, c := range m.Changes {
		if c.Op == port.OpLogin {
			s.partial.exists = true
			continue
		}
		s.partial.files[c.File] = struct{}{}
		if s.resync {
			s.partial.names = append(s.partial.names, message.Publication{File: c.File, Name: c.Name})
		}
	}
	switch {
	case !m.Last:
		s.load(ctx, m.Next)
	case !s.partial.exists:
		s.fail(ctx, message.ErrUnknownSession)
		ctx.Stop(ctx.Self())
	default:
		if s.resync {
			s.resync = false
			ctx.Send(s.routes.Catalog, &message.Update{Session: s.id, Owner: s.endpoint, Gone: true, Changes: s.partial.names})
		}
		s.files, s.partial, s.doubted = s.partial.files, nil, false
		s.work(ctx)
	}
}

// publish takes what is new of a request to the store. Past the limit new files are left out; the rest is kept.
func (s *session) publish(ctx actor.Context, m *message.Publish) {
	cfg := s.config.Get()
	limit := cfg.Limits.FilesPerSession
	changes := make([]port.Change, 0, len(m.Changes))
	accepted := make([]message.Publication, 0, len(m.Changes))
	for _, c := range m.Changes {
		_, here := s.files[c.File]
		change := port.Change{Op: port.OpPut, Session: s.id, File: c.File, Name: c.Name}
		switch {
		case c.Withdraw && !here:
			continue
		case c.Withdraw:
			delete(s.files, c.File)
			change = port.Change{Op: port.OpDelete, Session: s.id, File: c.File}
		case !cfg.Access.File(c.File):
			s.denied.Hit("endpoint", s.endpoint, "file", c.File)
			continue
		case !here && limit > 0 && len(s.files) >= limit:
			s.overfull.Hit("endpoint", s.endpoint, "limit", limit)
			continue
		default:
			s.files[c.File] = struct{}{}
		}
		changes = append(changes, change)
		accepted = append(accepted, c)
	}
	s.commit(ctx, op{request: m, accepted: accepted}, changes)
}

// commit has the store keep changes and puts the request behind those that are under way.
func (s *session) commit(ctx actor.Context, o op, changes []port.Change) {
	if len(changes) == 0 {
		o.settled = true
		s.open = append(s.open, o)
		s.settle(ctx)
		return
	}
	s.lastRef++
	o.ref = s.lastRef
	s.open = append(s.open, o)
	ctx.Send(s.routes.Store, &message.Commit{Ref: o.ref, Changes: changes, ReplyTo: ctx.Self()})
}

func (s *session) onCommitted(ctx actor.Context, m *message.Committed) {
	for i := range s.open {
		if s.open[i].ref == m.Ref {
			s.open[i].settled, s.open[i].err = true, m.Err
		}
	}
	s.settle(ctx)
}

// settle answers requests whose turn has come.
func (s *session) settle(ctx actor.Context) {
	for len(s.open) > 0 && s.open[0].settled {
		o := s.open[0]
		if s.open = s.open[1:]; len(s.open) == 0 {
			s.open = nil
		}
		s.answer(ctx, o)
	}
}

func (s *session) answer(ctx actor.Context, o op) {
	if o.err != nil {
		s.onLost(ctx, o)
		return
	}
	switch m := o.request.(type) {
	case *begin:
		ctx.Send(m.login.ReplyTo, &message.LoggedIn{Ref: m.login.Ref, Session: s.id})
	case *message.Login:
		ctx.Send(m.ReplyTo, &message.LoggedIn{Ref: m.Ref, Session: s.id})
	case *message.Find, *message.CancelFind:
		ctx.Send(s.routes.Queries, m)
	case *message.Publish:
		// The catalog tells the connection, once the files can be found.
		ctx.Send(s.routes.Catalog, &message.Update{
			Ref: m.Ref, Session: s.id, Owner: s.endpoint, Changes: o.accepted, ReplyTo: m.ReplyTo,
		})
	case *message.Logout:
		ctx.Send(s.routes.Catalog, &message.Update{Session: s.id, Owner: s.endpoint, Gone: true})
		ctx.Send(m.ReplyTo, &message.LoggedOut{Ref: m.Ref, Deleted: len(s.files)})
		ctx.Stop(ctx.Self())
	}
}

// onLost deals with a change that the store could not keep.
func (s *session) onLost(ctx actor.Context, o op) {
	refuseOp(ctx, o, o.err)
	switch o.request.(type) {
	case *begin:
		s.fail(ctx, o.err) // who logged in a second time meanwhile waits for the same login
		ctx.Stop(ctx.Self())
	case *message.Publish:
		s.resync = true // a store that failed in the middle may have kept it all the same
		s.files = nil   // what the store holds is not what was hoped; it is loaded when it is needed next
	case *message.Logout:
		if errors.Is(o.err, message.ErrInDoubt) {
			s.files, s.resync, s.doubted = nil, true, true
		}
		ctx.Send(ctx.Parent(), &kept{id: s.id, endpoint: s.endpoint, pid: ctx.Self()})
	}
}

// loggingOut says whether a logout is under way; nothing comes after it.
func (s *session) loggingOut() bool {
	var last any
	if len(s.waiting) > 0 {
		last = s.waiting[len(s.waiting)-1]
	} else if len(s.open) > 0 {
		last = s.open[len(s.open)-1].request
	}
	_, yes := last.(*message.Logout)
	return yes
}

func refuseOp(ctx actor.Context, o op, err error) {
	if b, ok := o.request.(*begin); ok {
		refuse(ctx, b.login, err)
		return
	}
	refuse(ctx, o.request, err)
}

// failAndStay fails and goes on. Of a logout that was under way nobody knows whether it has taken place: the sessions actor
// routes to the session again, and it finds out from the store.
func (s *session) failAndStay(ctx actor.Context, err error) {
	if s.loggingOut() {
		ctx.Send(ctx.Parent(), &kept{id: s.id, endpoint: s.endpoint, pid: ctx.Self()})
	}
	s.fail(ctx, err)
}

// fail tells everybody who waits that they wait in vain. A restarted session finds in the store what was kept of it.
func (s *session) fail(ctx actor.Context, err error) {
	for _, o := range s.open {
		refuseOp(ctx, o, err)
	}
	for _, m := range s.waiting {
		refuse(ctx, m, err)
	}
	s.open, s.waiting = nil, nil
}
