// Package node is the root actor of a node: it makes the tree, opens the gateway when everything behind it can serve,
// and ends everything in order. It has no other logic, so that little can go wrong in it; if something does, the node
// ends.
package node

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/catalog"
	"alakazaam/actors/download"
	"alakazaam/actors/message"
	"alakazaam/actors/overlay"
	"alakazaam/actors/p2p"
	"alakazaam/actors/peer"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/actors/query"
	"alakazaam/actors/role"
	"alakazaam/actors/session"
	"alakazaam/actors/share"
	"alakazaam/actors/store"
	"alakazaam/config"
)

// Role is what a node is in the network.
type Role string

// The roles.
const (
	Supernode Role = "supernode"
	Peer      Role = "peer"
)

// Spec is a node to be made.
type Spec struct {
	Name      string // of the root actor; no two nodes of one actor system share one
	Role      Role
	Promotion bool          // a peer's: it becomes a supernode when one is missing, and goes back
	Capacity  role.Capacity // what the machine gives it; for Promotion
	Self      p2p.Endpoint  // what others are told
	Config    *config.Live
	Neighbors []p2p.Endpoint // a supernode's, resolved; with Promotion a peer's, too
	Bootstrap []p2p.Endpoint // a peer's, resolved
	Known     []p2p.Endpoint // supernodes that a peer tries first
	Disk      port.Disk
	Notes     port.Notes // for the node's next start
	Store     port.Store // a supernode's; with Promotion a peer's, too, and empty
	// Gateway makes the gateway's props. It comes from the composition, so that neither package knows the other.
	Gateway func(*message.Routes) *actor.Props
	// Opened is called when the gateway listens for the first time, or cannot. It must not block. May be nil.
	Opened func(error)
	// Grace is how long open answers may take when the node shuts down.
	Grace time.Duration
}

// findSlack is what a search may take longer than its window, on the way and in mailboxes.
const findSlack = 10 * time.Second

// FindWindow is how long whoever asks for a search should wait for it.
func FindWindow(c config.Config) time.Duration { return c.Search.Window + findSlack }

// Spawn makes a node and returns where its actors are.
func Spawn(env *props.Env, spec Spec) (*message.Routes, error) {
	routes := routesOf(env.System, spec)
	p := env.Root("node", func() actor.Actor {
		return &node{
			env: env, spec: spec, routes: routes, started: env.Clock.Now(),
			level: env.Metrics.Gauge("ready", "1 while the node serves, 0 while it starts and ends."),
			roles: newRoles(env),
		}
	}, policy...)
	pid, err := env.System.Root.SpawnNamed(p, spec.Name)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", spec.Name, err)
	}
	if pid.Id != routes.Node.Id {
		return nil, fmt.Errorf("node %s: its actor is named %s", spec.Name, pid.Id)
	}
	return routes, nil
}

// routesOf fixes the PIDs of a node's children before any of them runs. They are used only once their actors have been
// made: the order of children sees to that.
func routesOf(system *actor.ActorSystem, spec Spec) *message.Routes {
	at := func(name string) *actor.PID { return system.NewLocalPID(spec.Name + "/" + name) }
	r := &message.Routes{
		Node: system.NewLocalPID(spec.Name), Gateway: at("gateway"), Share: at("share"), Transfers: at("transfers"),
		Store: at("store"), Sessions: at("sessions"), Catalog: at("catalog"), Overlay: at("overlay"), Queries: at("queries"),
		Peer: at("peer"),
	}
	if spec.Role == Peer && spec.Promotion {
		r.Role = at("role")
	}
	return r
}

type node struct {
	env     *props.Env
	spec    Spec
	routes  *message.Routes
	started time.Time

	step    *step   // what is waited for
	change  *change // of role; nil: there is none under way
	gateway bool    // the gateway has said that it waits for Open
	loaded  bool    // everything behind the gateway can serve
	opened  bool
	ending  bool
	level   port.Gauge // 1 while the node serves
	roles   map[Role]port.Gauge
}

// Receive implements actor.Actor.
func (n *node) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		n.start(ctx)
	case *message.Starting:
		n.gateway = true
		n.open(ctx)
	case *message.Ready:
		n.came(ctx, event{ready, m.Who.Id})
	case *message.Drained:
		n.came(ctx, event{drained, m.Who.Id})
	case *actor.Terminated:
		n.came(ctx, event{gone, m.Who.Id})
	case *late:
		n.onLate(ctx, m)
	case *message.Opened:
		n.onOpened(ctx, m)
	case *message.Shutdown:
		n.shutdown(ctx)
	case *message.Become:
		n.onBecome(ctx, m)
	case *message.QueriesStatus:
		n.onQueries(ctx, m)
	case *lookAgain:
		n.askQueries(ctx, m)
	case *message.Inspect:
		ctx.Send(m.ReplyTo, n.status())
	}
}

func (n *node) status() *message.NodeStatus {
	s := &message.NodeStatus{
		Role: string(n.role()), Endpoint: n.spec.Self, Started: n.started, Uptime: n.env.Clock.Now().Sub(n.started), Ready: n.serves(),
	}
	if n.change != nil {
		s.Change = string(n.change.to)
	}
	return s
}

// start makes the children. Each is made after those to whom it speaks as soon as it runs; the gateway waits for Open
// before it lets anybody in.
func (n *node) start(ctx actor.Context) {
	c, r := n.spec.Config, n.routes
	n.child(ctx, "gateway", n.spec.Gateway(r))
	n.child(ctx, "share", share.Props(n.env, n.spec.Disk, c, r))
	n.child(ctx, "transfers", download.Props(n.env, n.spec.Disk, c, r))
	if n.spec.Role == Peer {
		n.standing(ctx, n.spec.Bootstrap, n.spec.Known)
		n.act(false, true)
		n.loaded = true
	} else {
		n.serving(ctx, nil)
		n.act(true, false)
		// The catalog may take longer: what it has loaded is found meanwhile, and answers say that there may be more.
		n.await(ctx, 0, n.ready, nil, event{ready, r.Sessions.Id})
	}
	if r.Role != nil {
		n.child(ctx, "role", role.Props(n.env, role.Options{
			Config: c, Notes: n.spec.Notes, Capacity: n.spec.Capacity, Started: n.started,
		}, r))
	}
}

// standing makes what a peer has beside what every node has.
func (n *node) standing(ctx actor.Context, bootstrap, known []p2p.Endpoint) {
	n.child(ctx, "peer", peer.Props(n.env, peer.Options{
		Self: n.spec.Self, Bootstrap: bootstrap, Known: known, Config: n.spec.Config, Notes: n.spec.Notes,
		FindWindow: FindWindow(*n.spec.Config.Get()),
	}, n.routes))
}

// serving makes what a supernode has beside what every node has.
func (n *node) serving(ctx actor.Context, known []p2p.Endpoint) {
	c, r := n.spec.Config, n.routes
	n.child(ctx, "store", store.Props(n.env, n.spec.Store))
	n.child(ctx, "catalog", catalog.Props(n.env, n.spec.Self, c, r))
	n.child(ctx, "queries", query.Props(n.env, query.Options{Self: n.spec.Self, Config: c}, r))
	n.child(ctx, "sessions", session.Props(n.env, session.Options{Config: c}, r))
	// Its links bring searches and more as soon as it runs.
	n.child(ctx, "overlay", overlay.Props(n.env, overlay.Options{
		Self: n.spec.Self, Neighbors: n.spec.Neighbors, Known: known, Started: n.started, Config: c, Notes: n.spec.Notes,
	}, r))
}

func (n *node) child(ctx actor.Context, name string, p *actor.Props) {
	if _, err := ctx.SpawnNamed(p, name); err != nil {
		panic(err) // the names are different
	}
}

// serves says whether others are let in.
func (n *node) serves() bool { return n.opened && !n.ending }

// ready is when what is behind the gateway can serve.
func (n *node) ready(ctx actor.Context) {
	n.loaded = true
	n.open(ctx)
}

// open lets the gateway listen once everything behind it has loaded. A gateway that was restarted gets it at once.
func (n *node) open(ctx actor.Context) {
	if n.gateway && n.loaded && !n.ending {
		n.gateway = false
		ctx.Send(n.routes.Gateway, &message.Open{})
	}
}

// onOpened tells the composition that the node serves. A node that cannot listen is of no use.
func (n *node) onOpened(_ actor.Context, m *message.Opened) {
	first := !n.opened
	n.opened = m.Err == nil
	if n.serves() {
		n.level.Set(1)
	}
	if first && n.spec.Opened != nil {
		n.spec.Opened(m.Err)
	}
	if !first && m.Err != nil {
		n.env.Fatal(m.Err)
	}
}

// shutdown has the gateway refuse new connections and finish open answers, and a peer log out.
func (n *node) shutdown(ctx actor.Context) {
	if n.ending {
		return
	}
	n.ending = true
	n.level.Set(0)
	// Whatever it was about to become, it ends as what it is.
	waits := []event{{drained, n.routes.Gateway.Id}}
	ctx.Send(n.routes.Gateway, &message.Drain{ReplyTo: ctx.Self()})
	if n.routes.Standing() {
		waits = append(waits, event{drained, n.routes.Peer.Id})
		if n.change == nil || !n.change.draining {
			ctx.Send(n.routes.Peer, &message.Drain{ReplyTo: ctx.Self()})
		}
	}
	n.await(ctx, n.spec.Grace, n.end, n.end, waits...)
	n.change = nil
}

// end stops everything once nothing is waited for.
func (n *node) end(ctx actor.Context) { ctx.Stop(ctx.Self()) }
