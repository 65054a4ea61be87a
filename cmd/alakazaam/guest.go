package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"

	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/config"
	"alakazaam/gateway/admin"
)

const (
	// loginTimeout is how long the login of a guest may take.
	loginTimeout = 20 * time.Second
	// loginPoll is how often a guest looks whether it is logged in.
	loginPoll = 20 * time.Millisecond
	// guestGrace is how long the files that somebody takes from a guest may delay its end. It shares none.
	guestGrace = 3 * time.Second
)

// guest is a peer within this process that lives as long as one command: it logs in at one supernode, shares nothing, and
// logs out.
type guest struct {
	running *running
	pipe    *admin.Pipe
	dir     string // its own, which goes with it
}

// wishes are what a guest takes from the user's configuration, and not from what it is.
type wishes struct {
	port      bool // listens on the configured port, and not on any
	downloads bool // downloads into the configured folder; else it has none that lasts
}

// visit logs in at a supernode.
func (a *app) visit(ctx context.Context, c config.Config, supernode string, w wishes) (*guest, error) {
	at, err := machine().named(ctx, "supernode", supernode)
	if err != nil {
		return nil, err
	}
	listen, err := listenAddress(c.Listen)
	if err != nil {
		return nil, usagef("listen: %w", err)
	}
	from, err := reach(ctx, at, listen.Addr())
	if err != nil {
		return nil, fmt.Errorf("the supernode %s cannot be reached: %w", supernode, err)
	}
	if !w.port {
		listen = netip.AddrPortFrom(listen.Addr(), 0) // a node of this machine may have the configured one
	}
	c.Listen = netip.AddrPortFrom(from, listen.Port()).String()
	dir, err := os.MkdirTemp("", "alakazaam-")
	if err != nil {
		return nil, err
	}
	if !w.downloads {
		c.DownloadDir = filepath.Join(dir, "downloads")
	}
	g := &guest{pipe: admin.NewPipe(), dir: dir}
	if err := g.start(a, c, at); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	if err := g.login(ctx); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

// reach connects to a node, from a certain address where that is a specific one, and gives the local address by which
// it was reached.
func reach(ctx context.Context, to p2p.Endpoint, source netip.Addr) (from netip.Addr, err error) {
	d := net.Dialer{Timeout: config.DefaultDialTimeout}
	for _, at := range to.Dialable() {
		if d.LocalAddr = nil; !source.IsUnspecified() && source.Is4() == at.Addr().Is4() {
			d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
		}
		var c net.Conn
		if c, err = d.DialContext(ctx, "tcp", at.String()); err == nil {
			defer c.Close()
			return c.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap(), nil
		}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err // the address is known
	}
	return from, err
}

// start makes the peer. It listens at the address by which the supernode is reached, because others may have to reach it
// there, and what it downloads goes where the configuration says.
func (g *guest) start(a *app, c config.Config, supernode p2p.Endpoint) error {
	c, err := absolute(c)
	if err != nil {
		return err
	}
	c.Promotion.Enabled = false
	c.DataDir, c.ShareDir = filepath.Join(g.dir, "data"), filepath.Join(g.dir, "shared")
	here := machine()
	at, err := listenAddress(c.Listen)
	if err != nil {
		return err
	}
	if at.Port() == 0 {
		c.Advertise.Port = 0 // that of the node, if there is one
	}
	if at.Addr().Is6() && c.Advertise.IPv4 == "" {
		c.Advertise.IPv4 = here.guess(nil).String() // the protocol's address field cannot do without one
	}
	l := launch{role: node.Peer, config: c, known: []p2p.Endpoint{supernode}, grace: guestGrace, log: a.guestLog(c.Log)}
	if l.place, err = here.locate(c, nil); err != nil {
		return err
	}
	if g.running, err = start(l); err != nil {
		return err
	}
	g.running.serveAdmin(g.pipe, c, "") // which nobody else reaches
	return nil
}

// guestLog is silent unless the user wants to look into it: the command says itself what matters.
func (a *app) guestLog(c config.Log) *logrus.Logger {
	if c.Level != "debug" && c.Level != "trace" {
		c.Level = "error"
	}
	return newLogger(c, a.err)
}

// login waits until the supernode has taken the login or not.
func (g *guest) login(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	select {
	case err := <-g.running.opened:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	client := g.client()
	defer client.Close()
	again := time.NewTicker(loginPoll)
	defer again.Stop()
	for {
		s, err := client.Status(ctx)
		switch {
		case err != nil:
			return err
		case s.Peer != nil && s.Peer.State == "online":
			return nil
		case s.Peer != nil && s.Peer.Trouble != "":
			return errors.New("the supernode did not accept the login")
		}
		select {
		case <-again.C:
		case err := <-g.running.fatal:
			return err
		case <-ctx.Done():
			return errors.New("the supernode did not answer the login")
		}
	}
}

func (g *guest) client() *admin.Client { return admin.NewClient(admin.PipeAddress, "", g.pipe.Dial) }

// close logs out.
func (g *guest) close() {
	if err := g.running.shutdown(); err != nil {
		g.running.log.WithError(err).Error("the guest did not end in order")
	}
	os.RemoveAll(g.dir)
}
