package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// resolveTimeout is how long a name server may take.
const resolveTimeout = 5 * time.Second

// network is what has to be known of the machine's network to place a node in it.
type network struct {
	resolve    func(ctx context.Context, host string) ([]netip.Addr, error)
	route      func(to netip.AddrPort) (netip.Addr, error) // the local address that packets to another leave from
	interfaces func() ([]netip.Addr, error)
	freePort   func(at netip.Addr) (uint16, error)
}

// machine is the network of this machine.
func machine() network {
	return network{
		resolve: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		route:      route,
		interfaces: interfaces,
		freePort:   freePort,
	}
}

// route asks the system. Connecting a UDP socket sends nothing.
func route(to netip.AddrPort) (netip.Addr, error) {
	c, err := net.Dial("udp", to.String())
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}

func interfaces() ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	var out []netip.Addr
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, p.Addr().Unmap())
		}
	}
	return out, err
}

// freePort picks a port on which nobody listens. Somebody else may take it before this node does; then listening fails
// as on any port that is taken.
func freePort(at netip.Addr) (uint16, error) {
	l, err := net.Listen("tcp", netip.AddrPortFrom(at, 0).String())
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort().Port(), nil
}

// place is where a node is: where it listens, what others are told, and where its connections leave from.
type place struct {
	listen netip.AddrPort
	self   p2p.Endpoint
	source netip.Addr // not valid: the system decides
}

// listenAddress reads an address to listen on, which may lack its host, or have the name of this machine for it.
func listenAddress(s string) (netip.AddrPort, error) {
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		return netip.AddrPort{}, err
	}
	p, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is no port", text)
	}
	switch {
	case host == "":
		return netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(p)), nil
	case strings.EqualFold(host, "localhost"):
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	return netip.AddrPortFrom(ip.Unmap(), uint16(p)), err
}

// locate places a node of this configuration. others are the nodes that it will speak to first.
func (n network) locate(c config.Config, others []p2p.Endpoint) (place, error) {
	listen, err := listenAddress(c.Listen)
	if err != nil {
		return place{}, usagef("listen: %w", err)
	}
	if listen.Port() == 0 {
		// What others are told has to be known before the node is made, and the port is part of that.
		port, err := n.freePort(listen.Addr())
		if err != nil {
			return place{}, fmt.Errorf("no free port at %s: %w", listen.Addr(), err)
		}
		listen = netip.AddrPortFrom(listen.Addr(), port)
	}
	p := place{listen: listen}
	if !listen.Addr().IsUnspecified() {
		p.source = listen.Addr()
	}
	port := c.Advertise.Port
	if port == 0 {
		port = listen.Port()
	}
	v4, v6, err := n.advertised(c.Advertise, listen.Addr(), others)
	if err != nil {
		return place{}, err
	}
	if p.self, err = p2p.NewEndpoint(v4, v6, port); err != nil {
		return place{}, usagef("advertise: %w", err)
	}
	return p, nil
}

// advertised finds the two addresses that others are told. The IPv6 one may be missing.
func (n network) advertised(c config.Advertise, listen netip.Addr, others []p2p.Endpoint) (v4, v6 netip.Addr, err error) {
	specific := !listen.IsUnspecified()
	switch {
	case c.IPv6 != "":
		v6 = netip.MustParseAddr(c.IPv6) // config has checked it
	case specific && listen.Is6():
		v6 = listen
	}
	switch {
	case c.IPv4 != "":
		v4 = netip.MustParseAddr(c.IPv4)
	case specific && listen.Is4():
		v4 = listen
	case specific:
		err = usagef("listen is the IPv6 address %s, but the protocol needs an IPv4 address as well: name one with advertise.ipv4", listen)
	default:
		v4 = n.guess(others)
	}
	return v4, v6, err
}

// guess finds the IPv4 address at which others most likely reach this machine.
func (n network) guess(others []p2p.Endpoint) netip.Addr {
	for _, e := range others {
		if v4 := e.IPv4(); v4.IsValid() {
			if from, err := n.route(netip.AddrPortFrom(v4, e.Port())); err == nil && from.Is4() {
				return from
			}
			break
		}
	}
	all, _ := n.interfaces()
	if i := slices.IndexFunc(all, func(a netip.Addr) bool { return a.Is4() && a.IsGlobalUnicast() }); i >= 0 {
		return all[i]
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// errNoAddress says that a name server knows a name, but no address that can be dialed.
var errNoAddress = errors.New("the name has no address")

// errTarget says that a text is not HOST:PORT. Other errors of endpoint are the name server's.
var errTarget = errors.New("it has to be HOST:PORT")

// endpoint finds the node at HOST:PORT. Of a name's addresses it takes the first IPv4 one, and an IPv6 one only where
// there is no other: what supernodes say of themselves is mostly an IPv4 address alone, and must compare equal.
func (n network) endpoint(ctx context.Context, target string) (p2p.Endpoint, error) {
	if e, err := p2p.ParseEndpoint(target); err == nil {
		return e, nil
	}
	host, text, err := net.SplitHostPort(target)
	if err != nil {
		return p2p.Endpoint{}, errTarget
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 || host == "" {
		return p2p.Endpoint{}, errTarget
	}
	if _, err := netip.ParseAddr(host); err == nil { // an address that p2p refuses
		return p2p.Endpoint{}, fmt.Errorf("%w, and that address cannot be dialed", errTarget)
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	all, err := n.resolve(ctx, host)
	if err != nil {
		return p2p.Endpoint{}, err
	}
	slices.SortStableFunc(all, func(a, b netip.Addr) int { return a.Unmap().BitLen() - b.Unmap().BitLen() })
	for _, a := range all {
		if e, err := p2p.EndpointAt(netip.AddrPortFrom(a.Unmap(), uint16(port))); err == nil {
			return e, nil
		}
	}
	return p2p.Endpoint{}, errNoAddress
}

// named finds the node that a flag names.
func (n network) named(ctx context.Context, name, target string) (p2p.Endpoint, error) {
	e, err := n.endpoint(ctx, target)
	switch {
	case errors.Is(err, errTarget):
		return e, usagef("--%s %q: %w", name, target, err)
	case err != nil:
		return e, fmt.Errorf("--%s %q: %w", name, target, err)
	}
	return e, nil
}

// endpoints finds the nodes that a key of the configuration names. One that cannot be found is left out with a warning:
// a name server that is down must not keep a node from starting.
func (n network) endpoints(ctx context.Context, key string, targets []string, log logrus.FieldLogger) []p2p.Endpoint {
	found := make([]p2p.Endpoint, len(targets))
	var all sync.WaitGroup
	for i, t := range targets {
		all.Go(func() {
			e, err := n.endpoint(ctx, t)
			if err != nil {
				log.WithFields(logrus.Fields{"key": key, "node": t}).WithError(err).Warn("left out: it cannot be resolved")
				return
			}
			found[i] = e
		})
	}
	all.Wait()
	var out []p2p.Endpoint
	for _, e := range found {
		if !e.IsZero() && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}
