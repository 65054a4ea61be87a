package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/fault"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/actors/store/durable"
	"alakazaam/config"
	"alakazaam/gateway"
	"alakazaam/gateway/admin"
	"alakazaam/gateway/disk"
	"alakazaam/gateway/tcp"
)

const (
	// grace is how long open answers may take when the node ends.
	grace = 10 * time.Second
	// endSlack is what the end may take beyond that: a logout, the last bytes on a connection.
	endSlack = 3 * time.Second
)

// launch is what a node of this process is made of.
type launch struct {
	role      node.Role
	config    config.Config // with absolute paths
	place     place
	neighbors []p2p.Endpoint
	bootstrap []p2p.Endpoint
	known     []p2p.Endpoint
	grace     time.Duration
	files     vfs.FS // where a supernode's directory is; nil: the system's
	log       logrus.FieldLogger
}

// running is a node of this process with everything around it.
type running struct {
	system    *actor.ActorSystem
	workers   *tcp.Workers
	transport *tcp.Transport
	disk      *disk.Disk
	notes     *disk.Notes
	store     *durable.Store // of a supernode, or of a peer that may become one
	metrics   *admin.Metrics
	routes    *message.Routes
	faults    *fault.Faults // nil in a node that was started without, and may not be given any
	live      *config.Live
	reloads   map[string]port.Counter // by result
	admin     *admin.Server           // nil without an admin interface
	grace     time.Duration
	log       logrus.FieldLogger

	opened chan error    // gets one: whether it can listen
	fatal  chan error    // gets one when it cannot go on
	ended  chan struct{} // closed when the root actor is gone
}

// start puts a node together and sets it going. It listens when opened says so.
func start(l launch) (*running, error) {
	r := &running{
		metrics: admin.NewMetrics(l.log), live: config.NewLive(l.config), grace: l.grace, log: l.log,
		opened: make(chan error, 1), fatal: make(chan error, 1), ended: make(chan struct{}),
	}
	r.reloads = newReloads(r.metrics)
	r.system, r.workers = props.NewSystem(l.log), tcp.NewWorkers()
	env := &props.Env{
		System: r.system, Dispatcher: r.workers, Clock: tcp.NewClock(r.system), Rand: tcp.NewRand(), Metrics: r.metrics, Log: l.log,
		Fatal: func(err error) { offer(r.fatal, err) },
	}
	c := l.config
	r.faults = newFaults(c, env)
	r.transport = tcp.NewTransport(r.system, tcp.Options{
		Source: l.place.source, UploadRate: c.Transfer.UploadRate, DownloadRate: c.Transfer.DownloadRate,
		WriteQueue: int(c.Limits.WriteQueue), WriteQueues: int64(c.Limits.WriteQueues), WriteTimeout: c.Limits.WriteTimeout, Metrics: r.metrics, Log: l.log,
	})
	r.notes = disk.OpenNotes(r.system, c.DataDir, r.metrics, l.log)
	var err error
	r.disk, err = disk.New(r.system, disk.Options{ShareDir: c.ShareDir, DownloadDir: c.DownloadDir, DataDir: c.DataDir, Log: l.log})
	if err != nil {
		err = fmt.Errorf("the keys share_dir, download_dir and data_dir have to name folders that can be used: %w", err)
	} else if err = r.openStore(l); err == nil {
		r.routes, err = node.Spawn(env, r.spec(env, l))
	}
	if err != nil {
		r.release(context.Background())
		return nil, err
	}
	r.watch(env)
	return r, nil
}

// mayBePromoted says whether a node may become a supernode while it runs.
func (l *launch) mayBePromoted() bool { return l.role == node.Peer && l.config.Promotion.Enabled }

// openStore opens a supernode's directory in the data folder, or that of a peer which may become one: a directory of its
// own, because nobody whom an earlier run of it had logged in looks for a supernode here any more. A peer can do without.
func (r *running) openStore(l launch) error {
	switch {
	case l.mayBePromoted():
		o := directoryOptions(l.config)
		o.Dir, o.Fresh = filepath.Join(l.config.DataDir, promotedName), true
		if err := r.openDirectory(o, l); err != nil {
			l.log.WithError(err).Warn("this peer cannot become a supernode")
		}
		return nil
	case l.role == node.Supernode:
		return r.openDirectory(directoryOptions(l.config), l)
	}
	return nil
}

func (r *running) openDirectory(o durable.Options, l launch) error {
	o.Damaged, o.Log, o.Metrics, o.FS = func(err error) { offer(r.fatal, err) }, l.log, r.metrics, l.files
	s, found, err := durable.Open(r.system, o)
	if err != nil {
		return cannotKeep(err)
	}
	r.store = s
	if !found.Created && !o.Fresh {
		l.log.WithFields(logrus.Fields{"sessions": found.Sessions, "files": found.Files, "took": found.Took.Round(time.Millisecond).String()}).
			Info("the directory has been read")
	}
	return nil
}

// cannotKeep says why the directory cannot be used, and what can be done about it.
func cannotKeep(err error) error {
	var todo string
	switch {
	case errors.Is(err, durable.ErrUnwritable):
		todo = "make it writable for this user"
	case errors.Is(err, durable.ErrNoSpace):
		todo = "make room there"
	case errors.Is(err, durable.ErrInUse):
		todo = "end that program"
	default:
		return fmt.Errorf("the directory in data_dir cannot be used: %w", err)
	}
	return fmt.Errorf("the directory in data_dir cannot be used: %w; %s, or name another folder with --data_dir DIR, %sDATA_DIR or "+
		"the key data_dir of the configuration", err, todo, config.EnvPrefix)
}

// offer leaves err in c unless there is one already.
func offer(c chan error, err error) {
	select {
	case c <- err:
	default:
	}
}

func (r *running) spec(env *props.Env, l launch) node.Spec {
	c := l.config
	spec := node.Spec{
		Name: "node", Role: l.role, Promotion: l.mayBePromoted() && r.store != nil, Capacity: capacity(), Self: l.place.self, Config: r.live,
		Neighbors: l.neighbors, Bootstrap: l.bootstrap, Known: l.known,
		Disk: r.disk, Notes: r.notes, Grace: l.grace,
		Opened: func(err error) { offer(r.opened, err) },
		Gateway: func(routes *message.Routes) *actor.Props {
			return gateway.Props(env, r.connections(env, c), gateway.Options{
				Listen: l.place.listen, Self: l.place.self, Config: r.live, FindWindow: node.FindWindow(c),
			}, routes)
		},
	}
	if r.store != nil {
		spec.Store = r.store
	}
	return spec
}

// watch closes ended when the root actor is gone, also where it is gone already.
func (r *running) watch(env *props.Env) {
	var once sync.Once
	watcher := actor.ReceiveFunc(func(ctx actor.Context) {
		switch ctx.Message().(type) {
		case *actor.Started:
			ctx.Watch(r.routes.Node)
		case *actor.Terminated:
			once.Do(func() { close(r.ended) })
			ctx.Stop(ctx.Self())
		}
	})
	r.system.Root.Spawn(env.Root("watcher", func() actor.Actor { return watcher }))
}

// serveAdmin answers the admin requests that come in at l and bring the token until the node ends.
func (r *running) serveAdmin(l net.Listener, c config.Config, token string) {
	o := admin.Options{
		System: r.system, Routes: r.routes, Metrics: r.metrics, FindWindow: node.FindWindow(c),
		Version: buildVersion().Version, Token: token, Hosts: c.Admin.Hosts, Pprof: c.Admin.Pprof, Log: r.log,
	}
	if level, ok := r.log.(admin.LogLevel); ok {
		o.Level = level
	}
	if r.faults != nil {
		o.Faults, o.ChangeFaults = r.faults, c.Admin.Faults
	}
	r.admin = admin.New(o)
	go func() {
		if err := r.admin.Serve(l); err != nil {
			offer(r.fatal, err)
		}
	}()
}

// reason is why the node cannot go on; nil where it can, or has ended in order. A root actor that fails says why before
// it is gone.
func (r *running) reason() error {
	select {
	case err := <-r.fatal:
		return err
	default:
		return nil
	}
}

// shutdown ends the node in order: no new connections, open answers finished, the peer logged out.
func (r *running) shutdown() error {
	r.system.Root.Send(r.routes.Node, &message.Shutdown{})
	limit := time.NewTimer(r.grace + endSlack)
	defer limit.Stop()
	var err error
	select {
	case <-r.ended:
		err = r.reason()
	case err = <-r.fatal:
	case <-limit.C:
		err = fmt.Errorf("the node did not end within %v", r.grace+endSlack)
	}
	ctx, cancel := context.WithTimeout(context.Background(), endSlack)
	defer cancel()
	r.release(ctx)
	return err
}

// release gives back what is not an actor. The admin interface answers until here.
func (r *running) release(ctx context.Context) {
	if r.admin != nil {
		if err := r.admin.Close(ctx); err != nil {
			r.log.WithError(err).Warn("some admin requests were cut off")
		}
	}
	if r.disk != nil {
		r.disk.Close()
	}
	r.notes.Close()
	if r.store != nil {
		if err := r.store.Close(); err != nil {
			r.log.WithError(err).Warn("the directory did not close in order")
		}
	}
	if err := r.transport.Close(ctx); err != nil {
		r.log.Warn("connections were cut off on which something was still under way")
	}
	r.workers.Close()
	r.system.Shutdown()
}
