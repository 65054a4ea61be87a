package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// serve runs a node until a signal ends it, or until it cannot go on. Whatever happens once the configuration is read is
// in the log, the reason for the end in its last line.
func (a *app) serve(role node.Role, s *settings) error {
	in := &replay{from: a.in}
	a.in = in
	again := func() (c config.Config, warnings []config.Problem, err error) {
		in.at = 0
		c, err = a.load(s, func(p config.Problem) { warnings = append(warnings, p) })
		return c, warnings, err
	}
	c, warnings, err := again()
	if err != nil {
		return err
	}
	log := newLogger(c.Log, a.err)
	logWarnings(log, warnings)
	hangups := onHangup()
	defer hangups.forget()
	ctx, stop := untilSignal(log)
	defer stop()
	n := newNotifier(log)
	err = a.host(ctx, order{role: role, config: c, again: again, hangups: hangups, notifier: n, log: log})
	var exit *exitError
	switch {
	case err == nil:
		log.Info("stopped")
		return nil
	case errors.As(err, &exit) && exit.code == exitUsage:
		return err
	}
	log.Error(err)
	n.status(err.Error())
	return errSaid
}

// sameSignal is how long what comes after a signal still counts as the same one: programs that run others, such as
// timeout, signal both the program and its group.
const sameSignal = 20 * time.Millisecond

// untilSignal gives a context that ends with the first signal to end the program. The second one ends it at once.
func untilSignal(log logrus.FieldLogger) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals, done := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for {
			select {
			case s := <-signals:
				if ctx.Err() != nil {
					log.WithField("signal", s.String()).Error("stopped at once by a second signal")
					os.Exit(exitFailed)
				}
				for same := time.After(sameSignal); same != nil; {
					select {
					case <-signals:
					case <-same:
						same = nil
					}
				}
				log.WithField("signal", s.String()).Info("stopping; a second signal stops at once")
				cancel()
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}

// order is a node that is to run.
type order struct {
	role     node.Role
	config   config.Config
	again    func() (config.Config, []config.Problem, error) // reads the configuration anew; the problems are warnings
	hangups  *hangups                                        // say when
	notifier *notifier
	log      *logrus.Logger
}

// hosted is a node that runs until a signal ends it.
type hosted struct {
	*running
	order  order
	launch launch
	door   net.Listener // of the admin interface; nil without one
}

// host puts a node together and keeps it until ctx ends. An error is the reason why it ended before.
func host(ctx context.Context, o order) error {
	loaded := o.notifier.extending(startLimit)
	defer loaded()
	lean, stop := context.WithCancel(ctx)
	defer stop()
	go keepLean(lean)
	h, err := begin(ctx, o)
	if err != nil {
		return err
	}
	return h.attend(ctx, loaded)
}

// begin puts a node together and sets it going.
func begin(ctx context.Context, o order) (*hosted, error) {
	l, err := prepare(ctx, o.role, o.config, o.log)
	if err != nil {
		return nil, err
	}
	door, token, err := openAdmin(l.config.Admin, o.log)
	if err != nil {
		return nil, err
	}
	r, err := start(l)
	if err != nil {
		if door != nil {
			door.Close()
		}
		return nil, err
	}
	if door != nil {
		r.serveAdmin(door, l.config, token)
	}
	return &hosted{running: r, order: o, launch: l, door: door}, nil
}

// attend keeps a node that has begun until ctx ends, or until it cannot go on. It calls loaded once the node serves.
func (h *hosted) attend(ctx context.Context, loaded func()) error {
	select {
	case err := <-h.opened:
		if err != nil {
			_ = h.shutdown()
			return cannotListen("listen", h.launch.place.listen.String(), err)
		}
		greet(h.launch, h.door)
	case <-ctx.Done():
		return h.end()
	case err := <-h.fatal:
		return fmt.Errorf("the node ends: %w", err)
	}
	loaded()
	h.order.notifier.ready()
	go newWatchdog(h.order.notifier, h.running).run(ctx)
	for {
		select {
		case <-h.order.hangups.signals:
			if h.order.hangups.alone() {
				h.order.log.Info("stopping: the terminal is gone")
				return h.end()
			}
			h.reload()
		case <-ctx.Done():
			return h.end()
		case err := <-h.fatal: // there is nothing to save: what is durable is so already
			return fmt.Errorf("the node ends: %w", err)
		case <-h.ended:
			err := h.reason()
			if err == nil {
				err = errors.New("its root actor stopped")
			}
			return fmt.Errorf("the node ends: %w", err)
		}
	}
}

// end shuts a node down, and asks the service manager for the time that it takes.
func (h *hosted) end() error {
	h.order.notifier.stopping()
	defer h.order.notifier.extending(stopLimit)()
	return h.shutdown()
}

// prepare finds out what a node of this configuration has to know before it is made.
func prepare(ctx context.Context, role node.Role, c config.Config, log logrus.FieldLogger) (launch, error) {
	c, err := absolute(c)
	if err != nil {
		return launch{}, err
	}
	warnOfDescriptors(c, log)
	l, here := launch{role: role, config: c, grace: grace, log: log}, machine()
	var others []p2p.Endpoint
	switch role {
	case node.Supernode:
		l.neighbors = here.endpoints(ctx, "neighbors", c.Neighbors, log)
		others = l.neighbors
	case node.Peer:
		l.bootstrap = here.endpoints(ctx, "bootstrap", c.Bootstrap, log)
		if others = l.bootstrap; l.mayBePromoted() {
			l.neighbors = here.endpoints(ctx, "neighbors", c.Neighbors, log)
		}
		if len(others) == 0 {
			log.WithField("key", "bootstrap").Warn("no bootstrap node is known: this peer serves its files, but it finds no supernode " +
				"and cannot search; name one with --bootstrap HOST:PORT")
		}
	}
	l.place, err = here.locate(c, others)
	return l, err
}

// openAdmin opens the admin interface's socket and reads its token, so that what is wrong with them is known before
// anything else happens. It returns nil where there is to be no admin interface.
func openAdmin(c config.Admin, log logrus.FieldLogger) (l net.Listener, token string, err error) {
	if c.Listen == "" {
		return nil, "", nil
	}
	at, err := listenAddress(c.Listen)
	if err != nil {
		return nil, "", usagef("admin.listen: %w", err)
	}
	token, open, err := c.ReadToken()
	if err != nil {
		return nil, "", usagef("%w", err)
	}
	if open {
		log.WithField("file", c.TokenFile).Warn("others than its owner can read the file of the admin interface's token: chmod 600 keeps it a secret")
	}
	network := "tcp"
	if at.Addr().Is4() {
		network = "tcp4" // else 0.0.0.0 would be every IPv6 address as well
	}
	if l, err = net.Listen(network, at.String()); err != nil {
		return nil, "", cannotListen("admin.listen", at.String(), err)
	}
	return l, token, nil
}

// cannotListen says why an address cannot be had, and which key names it.
func cannotListen(key, address string, err error) error {
	why := err.Error()
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		why = "another program, perhaps another node, has that port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		why = "that is not an address of this machine"
	case errors.Is(err, syscall.EACCES):
		why = "this user may not have that port"
	}
	return fmt.Errorf("cannot listen on %s: %s; choose another address with --%s HOST:PORT, %s%s or the key %s of the configuration",
		address, why, key, config.EnvPrefix, strings.ToUpper(strings.ReplaceAll(key, ".", "_")), key)
}

// greet says that the node serves.
func greet(l launch, door net.Listener) {
	at := "none"
	if door != nil {
		at = door.Addr().String()
	}
	l.log.WithFields(logrus.Fields{
		"role": string(l.role), "address": l.place.self.String(), "listen": l.place.listen.String(), "admin": at,
	}).Infof("the %s is running", l.role)
}
