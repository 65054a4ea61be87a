// Package session holds the logins of a supernode's peers. The sessions actor knows who is logged in and routes each
// request to the session's own actor, which is its child. A session publishes by having the store keep the change first
// and telling the catalog then, so that whatever can be found is kept.
//
// What fails is restarted: the sessions actor finds its sessions in the store again, and a session its files.
package session

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// Options are the rules of logins.
type Options struct {
	Config *config.Live
}

// retry is how long to wait before the store is asked again after it failed to load.
const retry = time.Second

// Props makes the sessions actor.
func Props(env *props.Env, o Options, routes *message.Routes) *actor.Props {
	shared := &common{
		env: env, routes: routes, config: o.Config,
		overfull: env.Refusing("files_per_session", "publication refused: limits.files_per_session"),
		denied:   env.Refusing("denied_file", "publication refused: access.deny or access.allow"),
	}
	return env.Make("sessions", func() actor.Actor {
		return &sessions{
			common:     shared,
			byEndpoint: make(map[p2p.Endpoint]p2p.SessionID), live: make(map[p2p.SessionID]entry), byHost: make(map[netip.Addr]int),
			leaving:  make(map[p2p.SessionID]*leaving),
			loading:  message.Load{Ref: message.Ref(env.Rand.Uint64())}, // so that answers to an instance that failed are not taken for ours
			level:    env.Metrics.Gauge("sessions", "Logged-in peers."),
			vanished: env.Metrics.Counter("sessions_vanished_total", "Sessions ended because their peer could not be reached."),
			foreign:  env.Refusing("verify_address", "login refused: session.verify_address: the address is not that of the connection"),
			full:     env.Refusing("sessions", "login refused: limits.sessions"),
			crowded:  env.Refusing("sessions_per_address", "login refused: limits.sessions_per_address"),
		}
	}, props.Rule{Kind: "session", Action: props.Restart, Restarts: 10, Within: 10 * time.Second, Last: props.LastStop})
}

type sessions struct {
	*common

	byEndpoint map[p2p.Endpoint]p2p.SessionID // of those that live and those that are leaving
	live       map[p2p.SessionID]entry
	byHost     map[netip.Addr]int // how many of them are at an address
	leaving    map[p2p.SessionID]*leaving
	loaded     bool
	loading    message.Load // asked of the store
	early      []any        // requests that came before the sessions were loaded
	draining   *actor.PID   // who waits for the end of all sessions

	level                  port.Gauge
	vanished               port.Counter
	foreign, full, crowded *props.Limit
}

// entry is a session as the sessions actor knows it.
type entry struct {
	pid      *actor.PID
	endpoint p2p.Endpoint
	host     netip.Addr // from which it has logged in; not valid where that was before a restart
}

// leaving is a session that logs out. It takes no requests any more, and its address has no other one until the store has
// forgotten it: a crash in between would bring it back beside the new one, and nobody would ever end it.
type leaving struct {
	entry
	logins []*message.Login // that wait for its end
}

// loadAgain asks for the rest of the sessions after the load of that ref has failed.
type loadAgain struct{ ref message.Ref }

// kept is what a session says whose logout could not be kept: it lives on.
type kept struct {
	id       p2p.SessionID
	endpoint p2p.Endpoint
	pid      *actor.PID
}

// Receive implements actor.Actor.
func (s *sessions) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		s.load(ctx, port.Cursor{Scope: port.Logins})
	case *port.Loaded:
		s.onLoaded(ctx, m)
	case *loadAgain:
		if m.ref == s.loading.Ref {
			s.load(ctx, s.loading.After)
		}
	case *message.Login, *message.Publish, *message.Find, *message.CancelFind, *message.Logout, *message.Drain:
		if !s.loaded {
			s.early = append(s.early, m)
			return
		}
		s.request(ctx, m)
	case *message.LoggedOut: // of onDrain
	case *kept:
		s.onKept(ctx, m)
	case *gone:
		s.onGone(ctx, m)
	case *actor.Terminated:
		s.onTerminated(ctx, m.Who)
	case *message.Inspect:
		ctx.Send(m.ReplyTo, &message.SessionsStatus{Sessions: len(s.live)})
	case *actor.Stopping, *actor.Restarting:
		s.onStopping(ctx)
	case *actor.Stopped:
	default:
		s.env.Log.Warnf("sessions: unexpected %T", m)
	}
}

var errStopped = errors.New("the sessions' actor stopped")

func (s *sessions) onStopping(ctx actor.Context) {
	s.level.Set(0)
	for _, m := range s.early {
		refuse(ctx, m, errStopped)
	}
	for _, id := range slices.SortedFunc(maps.Keys(s.leaving), p2p.SessionID.Compare) {
		for _, m := range s.leaving[id].logins {
			refuse(ctx, m, errStopped)
		}
	}
}

func (s *sessions) load(ctx actor.Context, after port.Cursor) {
	s.loading = message.Load{Ref: s.loading.Ref + 1, After: after, ReplyTo: ctx.Self()}
	load := s.loading
	ctx.Send(s.routes.Store, &load)
}

func (s *sessions) onLoaded(ctx actor.Context, m *port.Loaded) {
	if m.Token != uint64(s.loading.Ref) {
		return
	}
	if m.Err != nil {
		s.env.Clock.After(retry, ctx.Self(), &loadAgain{s.loading.Ref})
		return
	}
	for _, c := range m.Changes {
		s.add(ctx, c.Session, c.Endpoint, netip.Addr{})
	}
	if !m.Last {
		s.load(ctx, m.Next)
		return
	}
	s.loaded = true
	for _, m := range s.early {
		s.request(ctx, m)
	}
	s.early = nil
	ctx.Send(s.routes.Node, &message.Ready{Who: ctx.Self()})
}

// add makes a session's actor.
func (s *sessions) add(ctx actor.Context, id p2p.SessionID, at p2p.Endpoint, from netip.Addr) *actor.PID {
	pid, err := ctx.SpawnNamed(s.props(id, at), "session/"+id.String())
	if err != nil {
		panic(err) // ids of living sessions are different
	}
	s.enter(id, entry{pid: pid, endpoint: at, host: from})
	return pid
}

func (s *sessions) enter(id p2p.SessionID, e entry) {
	s.byEndpoint[e.endpoint] = id
	s.live[id] = e
	if e.host.IsValid() {
		s.byHost[e.host]++
	}
	s.level.Set(len(s.live))
}

func (s *sessions) props(id p2p.SessionID, at p2p.Endpoint) *actor.Props {
	lives := 0
	return s.env.Make("session", func() actor.Actor {
		lives++
		return &session{common: s.common, id: id, endpoint: at, resync: lives > 1, doubted: lives > 1}
	})
}

// request brings a request to its session, or answers it where there is none.
func (s *sessions) request(ctx actor.Context, m any) {
	switch m := m.(type) {
	case *message.Login:
		s.login(ctx, m)
	case *message.Publish:
		s.pass(ctx, m.Session, m)
	case *message.Find:
		s.pass(ctx, m.Session, m)
	case *message.CancelFind:
		if e, ok := s.live[m.Session]; ok {
			ctx.Send(e.pid, m)
			return
		}
		ctx.Send(s.routes.Queries, m) // a Find may have gone before the session ended
	case *message.Logout:
		e, ok := s.live[m.Session]
		if !ok {
			ctx.Send(m.ReplyTo, &message.LoggedOut{Ref: m.Ref})
			return
		}
		// From here on the session takes no requests, so that none can overtake its end.
		s.forget(m.Session)
		s.byEndpoint[e.endpoint] = m.Session
		s.leaving[m.Session] = &leaving{entry: e}
		ctx.Send(e.pid, m)
	case *message.Drain:
		s.onDrain(ctx, m)
	}
}

// onDrain logs everybody out: this node is no supernode any more.
func (s *sessions) onDrain(ctx actor.Context, m *message.Drain) {
	s.draining = m.ReplyTo
	for _, id := range slices.SortedFunc(maps.Keys(s.live), p2p.SessionID.Compare) {
		s.request(ctx, &message.Logout{Session: id, ReplyTo: ctx.Self()})
	}
	s.reportEmpty(ctx)
}

// reportEmpty tells who drains when the last session has ended.
func (s *sessions) reportEmpty(ctx actor.Context) {
	if s.draining != nil && len(s.live)+len(s.leaving) == 0 {
		ctx.Send(s.draining, &message.Drained{Who: ctx.Self()})
	}
}

func (s *sessions) pass(ctx actor.Context, id p2p.SessionID, m any) {
	if e, ok := s.live[id]; ok {
		ctx.Send(e.pid, m)
		return
	}
	refuse(ctx, m, message.ErrUnknownSession)
}

// refuse answers a request that cannot be served.
func refuse(ctx actor.Context, m any, err error) {
	if to, answer := message.Failed(m, err); to != nil {
		ctx.Send(to, answer)
	}
}

// login gives whoever has a session that session again, and others a new one.
func (s *sessions) login(ctx actor.Context, m *message.Login) {
	c := s.config.Get()
	if s.draining != nil {
		ctx.Send(m.ReplyTo, &message.LoggedIn{Ref: m.Ref, Err: message.ErrBusy})
		return
	}
	if c.Session.VerifyAddress && !m.Endpoint.At(m.From) && !c.Access.Trusts(m.From) {
		s.refuseLogin(ctx, m, s.foreign, message.ErrForeign)
		return
	}
	if id, ok := s.byEndpoint[m.Endpoint]; ok {
		if l := s.leaving[id]; l != nil {
			l.logins = append(l.logins, m)
			return
		}
		e := s.live[id]
		if from := p2p.HostOf(m.From); !e.host.IsValid() && from.IsValid() {
			e.host = from
			s.live[id] = e
			s.byHost[from]++
		}
		ctx.Send(e.pid, m)
		return
	}
	if limit := c.Limits.Sessions; limit > 0 && len(s.live) >= limit {
		s.refuseLogin(ctx, m, s.full, message.ErrLimit)
		return
	}
	limit := c.Limits.SessionsPerAddress
	free := m.From.IsLoopback() || c.Access.Trusts(m.From)
	if limit > 0 && s.byHost[p2p.HostOf(m.From)] >= limit && !free {
		s.refuseLogin(ctx, m, s.crowded, message.ErrLimit)
		return
	}
	ctx.Send(s.add(ctx, s.newID(), m.Endpoint, p2p.HostOf(m.From)), &begin{login: m})
}

func (s *sessions) newID() p2p.SessionID {
	for {
		id := p2p.NewSessionID(s.env.Rand)
		_, live := s.live[id]
		_, leaving := s.leaving[id]
		if !live && !leaving {
			return id
		}
	}
}

func (s *sessions) refuseLogin(ctx actor.Context, m *message.Login, by *props.Limit, err error) {
	by.Hit("from", m.From, "endpoint", m.Endpoint)
	ctx.Send(m.ReplyTo, &message.LoggedIn{Ref: m.Ref, Err: err})
}

// onKept takes a session back that could not end.
func (s *sessions) onKept(ctx actor.Context, m *kept) {
	e := entry{pid: m.pid, endpoint: m.endpoint}
	if l := s.leaving[m.id]; l != nil {
		e = l.entry
	}
	s.enter(m.id, e)
	s.left(ctx, m.id)
}

// left goes on with the logins that have waited for a session's end.
func (s *sessions) left(ctx actor.Context, id p2p.SessionID) {
	l := s.leaving[id]
	if l == nil {
		return
	}
	delete(s.leaving, id)
	if _, back := s.live[id]; !back {
		delete(s.byEndpoint, l.endpoint)
	}
	for _, m := range l.logins {
		s.login(ctx, m)
	}
}

func (s *sessions) forget(id p2p.SessionID) {
	e := s.live[id]
	delete(s.byEndpoint, e.endpoint)
	if e.host.IsValid() {
		if s.byHost[e.host]--; s.byHost[e.host] == 0 {
			delete(s.byHost, e.host)
		}
	}
	delete(s.live, id)
	s.level.Set(len(s.live))
}

// onTerminated notes that a session's actor has ended. Where that was without a logout, it failed for good, or its login was
// never kept.
func (s *sessions) onTerminated(ctx actor.Context, who *actor.PID) {
	id := idOf(who)
	if e, ok := s.live[id]; ok && e.pid.Id == who.Id {
		s.forget(id)
		s.erase(ctx, id, e.endpoint)
	}
	s.left(ctx, id)
	s.reportEmpty(ctx)
}

// idOf takes a session's id from its actor's name.
func idOf(pid *actor.PID) p2p.SessionID {
	id, err := p2p.ParseSessionID([]byte(pid.Id[len(pid.Id)-p2p.IDLen:]))
	if err != nil {
		panic(err) // all children are named by add
	}
	return id
}

// erase takes what is left of a session out of the store and the catalog.
func (s *sessions) erase(ctx actor.Context, id p2p.SessionID, at p2p.Endpoint) {
	ctx.Send(s.routes.Store, &message.Commit{Changes: []port.Change{{Op: port.OpLogout, Session: id}}})
	ctx.Send(s.routes.Catalog, &message.Update{Session: id, Owner: at, Gone: true})
}
