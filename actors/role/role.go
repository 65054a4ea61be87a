// Package role decides whether a node that may be both is a peer or a supernode. The actor looks from time to time at
// what the others know, and asks the root actor for a change when one is due.
//
// When it fails it is restarted and begins anew: what it has seen has to hold again for as long, and there is a rest as
// after a change, because there may just have been one. How long the node has run is in the notes.
package role

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// Options are what the role is decided by.
type Options struct {
	Config   *config.Live
	Notes    port.Notes
	Capacity Capacity
	Started  time.Time // the node
}

const (
	// note is under which the history of runs is kept.
	note = "uptime"
	// noteEvery is how often it is kept: a crash costs as much of a run.
	noteEvery = time.Minute
)

// Props makes the role actor.
func Props(env *props.Env, o Options, routes *message.Routes) *actor.Props {
	lives := 0
	return env.Make("role", func() actor.Actor {
		lives++
		r := &role{
			env: env, options: o, routes: routes, history: history{began: o.Started}, verdict: verdict{state: waiting},
			lastRef:    message.Ref(env.Rand.Uint64()), // so that answers to an instance that failed are not taken for ours
			promotions: make(map[string]port.Counter), demotions: make(map[string]port.Counter), failures: make(map[bool]port.Counter),
		}
		for _, reason := range []string{few, overloaded} {
			r.promotions[reason] = env.Metrics.Counter("promotions_total", "Times that this peer became a supernode, by reason.", "reason", reason)
		}
		r.demotions[idle] = env.Metrics.Counter("demotions_total", "Times that this node became a peer again, by reason.", "reason", idle)
		for serving, to := range map[bool]string{true: "supernode", false: "peer"} {
			r.failures[serving] = env.Metrics.Counter("role_failures_total", "Changes of role that did not take place.", "to", to)
		}
		if lives > 1 {
			r.election.settled(env.Clock.Now())
		}
		return r
	})
}

type role struct {
	env     *props.Env
	options Options
	routes  *message.Routes

	history  history
	recalled bool // what was kept has been taken in
	noted    time.Time
	visited  time.Time // somebody else connected last
	visitor  netip.Addr
	election election
	verdict  verdict
	logged   string // the verdict as the log has it
	timer    port.Timer

	// What the others said since the last look.
	peer     *message.PeerStatus
	sessions *message.SessionsStatus
	overlay  *message.OverlayStatus

	lastRef message.Ref
	under   message.Ref // of the change under way; 0: there is none
	wish    bool        // what it makes of the node: a supernode

	promotions, demotions map[string]port.Counter
	failures              map[bool]port.Counter
}

// look is when the role is thought about.
type look struct{}

// Receive implements actor.Actor.
func (r *role) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		r.options.Notes.Recall(note, ctx.Self())
		r.again(ctx)
	case *port.Recalled:
		r.onRecalled(m)
	case *look:
		r.onLook(ctx)
	case *message.PeerStatus:
		r.peer = m
		r.decide(ctx)
	case *message.SessionsStatus:
		r.sessions = m
		r.decide(ctx)
	case *message.OverlayStatus:
		r.overlay = m
		r.decide(ctx)
	case *message.Became:
		r.onBecame(m)
	case *message.Visited:
		r.visited, r.visitor = r.env.Clock.Now(), m.From
	case *message.Inspect:
		ctx.Send(m.ReplyTo, r.status())
	case *actor.Stopping, *actor.Restarting:
		if r.timer != nil {
			r.timer.Stop()
		}
		r.keep()
	case *actor.Stopped:
	default:
		r.env.Log.Warnf("role: unexpected %T", m)
	}
}

func (r *role) rules() *config.Promotion { return &r.options.Config.Get().Promotion }

func (r *role) again(ctx actor.Context) {
	r.timer = r.env.Clock.After(r.rules().Every, ctx.Self(), &look{})
}

func (r *role) onRecalled(m *port.Recalled) {
	r.recalled = true
	if err := r.history.take(m.Value); err != nil {
		r.env.Log.WithError(err).Warn("how long this node ran before is not known")
	}
}

// keep keeps how long the node has run.
func (r *role) keep() {
	if r.recalled { // else it would take the place of what is not known yet
		r.noted = r.env.Clock.Now()
		r.options.Notes.Keep(note, r.history.note(r.noted))
	}
}

// onLook asks the others how things are.
func (r *role) onLook(ctx actor.Context) {
	r.again(ctx)
	if r.env.Clock.Now().Sub(r.noted) >= noteEvery {
		r.keep()
	}
	if r.under != 0 {
		return
	}
	r.peer, r.sessions, r.overlay = nil, nil, nil
	var ask []*actor.PID
	switch {
	case r.routes.Serving():
		ask = []*actor.PID{r.routes.Sessions, r.routes.Overlay}
	case r.routes.Standing():
		ask = []*actor.PID{r.routes.Peer}
	}
	for _, pid := range ask {
		ctx.Send(pid, &message.Inspect{ReplyTo: ctx.Self()})
	}
}

// decide thinks about the role once everybody has answered.
func (r *role) decide(ctx actor.Context) {
	serving := r.routes.Serving()
	if r.under != 0 || !r.recalled || serving && (r.sessions == nil || r.overlay == nil) || !serving && r.peer == nil {
		return
	}
	f := r.facts(serving)
	r.peer, r.sessions, r.overlay = nil, nil, nil
	r.verdict = r.election.look(f, r.rules(), rand.New(r.env.Rand).Float64())
	if r.verdict.change {
		r.verdict.state = changing
	}
	r.tell(!serving)
	if !r.verdict.change {
		return
	}
	r.lastRef++
	r.under, r.wish = r.lastRef, !serving
	ctx.Send(r.routes.Node, &message.Become{Ref: r.under, Supernode: r.wish, Known: f.known, ReplyTo: ctx.Self()})
}

func (r *role) facts(serving bool) facts {
	now := r.env.Clock.Now()
	f := facts{
		now: now, serving: serving, uptime: now.Sub(r.options.Started), average: r.history.average(now),
		visited: r.visited, visitor: r.visitor, capacity: r.options.Capacity,
	}
	if serving {
		f.sessions, f.others = r.sessions.Sessions, neighbors(r.overlay)
	} else {
		f.others, f.known = supernodes(r.peer), r.peer.Known
	}
	for _, s := range f.others {
		if !slices.Contains(f.known, s.endpoint) {
			f.known = append(f.known[:len(f.known):len(f.known)], s.endpoint)
		}
	}
	return f
}

// supernodes are those that a peer has seen up lately: its own, those that can take its place, and those that refuse it.
// What else it knows may be long gone.
func supernodes(s *message.PeerStatus) []supernode {
	var all []supernode
	if s.Active != nil {
		all = append(all, supernode{endpoint: s.Active.Endpoint, sessions: s.Active.Sessions})
	} else if s.State == "online" {
		all = append(all, supernode{endpoint: s.Supernode})
	}
	for _, o := range s.Standbys {
		all = append(all, supernode{endpoint: o.Endpoint, sessions: o.Sessions})
	}
	for _, e := range s.Refused {
		all = append(all, supernode{endpoint: e, full: true})
	}
	return all
}

// neighbors are the supernodes that a supernode can reach.
func neighbors(s *message.OverlayStatus) []supernode {
	var all []supernode
	for _, n := range s.Neighbors {
		if n.Up {
			all = append(all, supernode{endpoint: n.Endpoint, sessions: n.Sessions})
		}
	}
	return all
}

// tell logs what is new of the verdict: with the conditions that hold, and those that do not.
func (r *role) tell(wish bool) {
	var hold, missing []string
	for _, c := range r.verdict.conditions {
		text := c.Name + " (" + c.Text + ")"
		if c.Holds {
			hold = append(hold, text)
		} else {
			missing = append(missing, text)
		}
	}
	names := []string{r.verdict.state, roleName(wish)}
	for _, c := range r.verdict.conditions {
		if !c.Holds {
			names = append(names, c.Name)
		}
	}
	is := strings.Join(names, " ")
	if is == r.logged {
		return
	}
	r.logged = is
	r.env.Log.WithFields(logrus.Fields{
		"to": roleName(wish), "holds": strings.Join(hold, "; "), "missing": strings.Join(missing, "; "),
	}).Info("promotion: " + r.verdict.state)
}

func roleName(serving bool) string {
	if serving {
		return "supernode"
	}
	return "peer"
}

// onBecame notes how a change went. After one that failed there is a rest, too.
func (r *role) onBecame(m *message.Became) {
	if m.Ref != r.under {
		return // asked for by an instance that failed
	}
	r.under = 0
	now := r.env.Clock.Now()
	r.election.settled(now)
	r.verdict.state, r.verdict.left = resting, r.rules().Rest
	switch {
	case m.Err != nil:
		r.failures[r.wish].Add(1)
		r.env.Log.WithField("to", roleName(r.wish)).WithError(m.Err).Warn("promotion: the role did not change")
	case r.wish:
		r.promotions[r.verdict.reason].Add(1)
	default:
		r.demotions[r.verdict.reason].Add(1)
	}
}

func (r *role) status() *message.RoleStatus {
	now := r.env.Clock.Now()
	return &message.RoleStatus{
		State: r.verdict.state, Wish: roleName(!r.routes.Serving()), For: r.verdict.left,
		Uptime: now.Sub(r.options.Started), Average: r.history.average(now), Runs: len(r.history.runs) + 1,
		Conditions: slices.Clone(r.verdict.conditions),
	}
}
