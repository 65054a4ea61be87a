package node

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
)

const (
	// readyLimit is how long what a supernode has may take to load.
	readyLimit = time.Minute
	// stopLimit is how long the actors of a role may take to end. They do no I/O, so that one that takes longer hangs.
	stopLimit = time.Minute
	// calmEvery is the pause between two looks at the searches that are still open.
	calmEvery = time.Second
)

// What Became says of a change that did not take place.
var (
	errFixed    = errors.New("this node keeps its role (promotion.enabled)")
	errNotReady = fmt.Errorf("the directory was not loaded within %v", readyLimit)
)

// change is one of role that is under way.
//
// A peer becomes a supernode in these steps: (1) the supernode's actors are made and load; (2) from now on others are
// served, and the node's own files are in its own catalog; (3) for as long as a search may take, the peer's standing
// goes on beside it, so that its user's searches come to their end; (4) the peer logs out, and its actor ends. Up to (2)
// it goes back where something fails.
//
// A supernode becomes a peer in these: (1) nobody is served any more, as at any peer; (2) open searches come to their end;
// (3) the sessions are logged out, so that the store is empty when the node becomes a supernode again; (4) the
// supernode's actors end; (5) the peer's is made. Whoever was logged in finds another supernode.
//
// Connections, uploads and downloads belong to neither role and notice nothing.
type change struct {
	become   *message.Become
	to       Role
	calming  bool // step 2 of the way back
	draining bool // step 4: the peer has been asked to log out
}

// lookAgain is when the searches that are open are looked at again.
type lookAgain struct{ change *change }

func newRoles(env *props.Env) map[Role]port.Gauge {
	all := make(map[Role]port.Gauge)
	for _, r := range []Role{Peer, Supernode} {
		all[r] = env.Metrics.Gauge("role", "1 for the role that the node has.", "role", string(r))
	}
	return all
}

// role is what the node is in the network now.
func (n *node) role() Role {
	if n.routes.Serving() {
		return Supernode
	}
	return Peer
}

// act says what the node is from now on.
func (n *node) act(serving, standing bool) {
	n.routes.Act(serving, standing)
	for r, g := range n.roles {
		g.Set(map[bool]int{true: 1}[r == n.role()])
	}
}

// onBecome begins to change the role.
func (n *node) onBecome(ctx actor.Context, m *message.Become) {
	var err error
	switch {
	case m.Supernode == n.routes.Serving() && n.change == nil:
	case n.routes.Role == nil:
		err = errFixed
	case n.ending || n.change != nil || !n.loaded:
		err = message.ErrBusy
	default:
		n.begin(ctx, m)
		return
	}
	ctx.Send(m.ReplyTo, &message.Became{Ref: m.Ref, Err: err})
}

func (n *node) begin(ctx actor.Context, m *message.Become) {
	n.change = &change{become: m, to: Peer}
	if m.Supernode {
		n.change.to = Supernode
	}
	n.env.Log.WithField("to", string(n.change.to)).Info("the role changes")
	if !m.Supernode {
		n.lower(ctx)
		return
	}
	n.serving(ctx, slices.Concat(m.Known, n.spec.Bootstrap))
	n.await(ctx, readyLimit, n.raised, n.fallBack, event{ready, n.routes.Catalog.Id}, event{ready, n.routes.Sessions.Id})
}

// raised is when a peer can serve others. The share is told again who wants to know of it: it may have been restarted
// while the catalog was being made.
func (n *node) raised(ctx actor.Context) {
	n.act(true, true)
	ctx.Send(n.routes.Share, &message.Subscribe{ReplyTo: n.routes.Catalog})
	n.await(ctx, n.spec.Config.Get().Search.Window, nil, n.takeLeave)
}

// takeLeave has the peer log out.
func (n *node) takeLeave(ctx actor.Context) {
	n.change.draining = true
	ctx.Send(n.routes.Peer, &message.Drain{ReplyTo: ctx.Self()})
	n.await(ctx, n.spec.Grace, n.leave, n.leave, event{drained, n.routes.Peer.Id})
}

// leave ends the peer's actor.
func (n *node) leave(ctx actor.Context) {
	n.act(true, false)
	n.stop(ctx, func(ctx actor.Context) { n.changed(ctx, nil) }, n.routes.Peer)
}

// fallBack makes a peer of what could not become a supernode.
func (n *node) fallBack(ctx actor.Context) {
	n.stop(ctx, func(ctx actor.Context) {
		ctx.Send(n.routes.Share, &message.Subscribe{ReplyTo: n.routes.Peer})
		n.changed(ctx, errNotReady)
	}, n.served()...)
}

// served are the actors that a supernode has beside what every node has, each before those to whom it speaks.
func (n *node) served() []*actor.PID {
	r := n.routes
	return []*actor.PID{r.Sessions, r.Queries, r.Overlay, r.Catalog, r.Store}
}

// stop ends actors and goes on when all of them are gone, so that their names are free.
func (n *node) stop(ctx actor.Context, then func(actor.Context), all ...*actor.PID) {
	events := make([]event, len(all))
	for i, pid := range all {
		events[i] = event{gone, pid.Id}
		ctx.Stop(pid)
	}
	n.await(ctx, stopLimit, then, func(actor.Context) {
		n.env.Fatal(fmt.Errorf("the actors of the node's last role did not end within %v", stopLimit))
	}, events...)
}

// lower begins to make a peer of a supernode.
func (n *node) lower(ctx actor.Context) {
	n.act(false, false)
	n.change.calming = true
	n.await(ctx, n.spec.Grace, nil, n.dismiss)
	n.env.Clock.After(calmEvery, ctx.Self(), &lookAgain{n.change})
}

func (n *node) askQueries(ctx actor.Context, m *lookAgain) {
	if m.change == n.change && n.change.calming {
		ctx.Send(n.routes.Queries, &message.Inspect{ReplyTo: ctx.Self()})
	}
}

// onQueries goes on where no search is open any more.
func (n *node) onQueries(ctx actor.Context, m *message.QueriesStatus) {
	switch {
	case n.change == nil || !n.change.calming:
	case m.Searches+m.Waiting+m.Answers == 0:
		n.over(ctx, n.dismiss)
	default:
		n.env.Clock.After(calmEvery, ctx.Self(), &lookAgain{n.change})
	}
}

// dismiss logs everybody out.
func (n *node) dismiss(ctx actor.Context) {
	n.change.calming = false
	ctx.Send(n.routes.Sessions, &message.Drain{ReplyTo: ctx.Self()})
	n.await(ctx, n.spec.Grace, n.dismissed, func(ctx actor.Context) {
		n.env.Log.Warn("some sessions could not be ended: they are back when this node is a supernode again")
		n.dismissed(ctx)
	}, event{drained, n.routes.Sessions.Id})
}

// dismissed ends the supernode's actors and makes the peer's.
func (n *node) dismissed(ctx actor.Context) {
	n.stop(ctx, func(ctx actor.Context) {
		n.standing(ctx, slices.Concat(n.spec.Bootstrap, n.change.become.Known), nil)
		n.act(false, true)
		n.changed(ctx, nil)
	}, n.served()...)
}

// changed ends a change.
func (n *node) changed(ctx actor.Context, err error) {
	c := n.change
	n.change = nil
	log := n.env.Log.WithFields(logrus.Fields{"role": string(n.role())})
	if err != nil {
		log.WithError(err).Warn("the role did not change")
	} else {
		log.Info("the role has changed")
	}
	ctx.Send(c.become.ReplyTo, &message.Became{Ref: c.become.Ref, Err: err})
}
