package p2p

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
)

// Endpoint is where a node can be reached: an IPv4 address, an IPv6 address and a TCP port. However an address was
// written, equal endpoints compare equal.
type Endpoint struct {
	v4   [4]byte
	v6   [16]byte
	port uint16
}

// NewEndpoint joins a node's two addresses and its port. A v6 that is not valid stands for a node without IPv6 and
// becomes the IPv4-mapped address, which nodes that pick a family by coin toss can dial. A v4 that is not valid is
// allowed for a target that is only dialed; such an endpoint cannot be told to others (see Complete).
//
// Unspecified, multicast and zoned addresses and port 0 are refused with ErrEndpoint.
func NewEndpoint(v4, v6 netip.Addr, port uint16) (Endpoint, error) {
	e := Endpoint{port: port}
	if port == 0 {
		return Endpoint{}, fmt.Errorf("port 0: %w", ErrEndpoint)
	}
	if !v4.IsValid() && !v6.IsValid() {
		return Endpoint{}, fmt.Errorf("no address: %w", ErrEndpoint)
	}
	for _, a := range [2]netip.Addr{v4, v6} {
		if a.IsValid() && !dialable(a) {
			return Endpoint{}, fmt.Errorf("%s: %w", a, ErrEndpoint)
		}
	}
	if v4.IsValid() {
		if v4 = v4.Unmap(); !v4.Is4() {
			return Endpoint{}, fmt.Errorf("%s is not IPv4: %w", v4, ErrEndpoint)
		}
		e.v4 = v4.As4()
	}
	switch {
	case !v6.IsValid():
		e.v6 = v4.As16()
	case v6.Is4():
		return Endpoint{}, fmt.Errorf("%s is not IPv6: %w", v6, ErrEndpoint)
	default:
		e.v6 = v6.As16()
	}
	return e, nil
}

func dialable(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	return !a.IsUnspecified() && !a.IsMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// EndpointAt is the endpoint of a node of which one address is known.
func EndpointAt(ap netip.AddrPort) (Endpoint, error) {
	if a := ap.Addr().Unmap(); a.Is4() {
		return NewEndpoint(a, netip.Addr{}, ap.Port())
	}
	return NewEndpoint(netip.Addr{}, ap.Addr(), ap.Port())
}

// ParseEndpoint reads "192.0.2.1:3000" or "[2001:db8::1]:3000".
func ParseEndpoint(s string) (Endpoint, error) {
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return Endpoint{}, fmt.Errorf("%q: %w", s, ErrEndpoint)
	}
	return EndpointAt(ap)
}

// IsZero says whether there is no endpoint.
func (e Endpoint) IsZero() bool { return e == Endpoint{} }

// Complete says whether the endpoint has an IPv4 address, which the protocol's address field cannot leave out.
func (e Endpoint) Complete() bool { return e.v4 != [4]byte{} }

// IPv4 is the IPv4 address; not valid where the endpoint has none.
func (e Endpoint) IPv4() netip.Addr {
	if e.v4 == [4]byte{} {
		return netip.Addr{}
	}
	return netip.AddrFrom4(e.v4)
}

// IPv6 is the IPv6 address, which may be an IPv4-mapped one.
func (e Endpoint) IPv6() netip.Addr { return netip.AddrFrom16(e.v6) }

// Port is the TCP port, never 0 in an endpoint made by a constructor.
func (e Endpoint) Port() uint16 { return e.port }

// Dialable lists the addresses to try, each once: IPv4 first, then IPv6 unless it only maps the IPv4 one.
func (e Endpoint) Dialable() []netip.AddrPort {
	var out []netip.AddrPort
	if e.v4 != [4]byte{} {
		out = append(out, netip.AddrPortFrom(e.IPv4(), e.port))
	}
	if v6 := e.IPv6().Unmap(); v6 != e.IPv4() {
		out = append(out, netip.AddrPortFrom(v6, e.port))
	}
	return out
}

// At says whether a is one of the endpoint's addresses. The port of an incoming connection says nothing about the
// node behind it, so connections are matched by address alone.
func (e Endpoint) At(a netip.Addr) bool {
	a = a.Unmap()
	return a == e.IPv4() || a == e.IPv6().Unmap()
}

// Same says whether both may be the same node: the ports are equal, and so is each address that both name, of which
// there is at least one. Where a node was named by one of its addresses only, == does not recognize it.
func (e Endpoint) Same(o Endpoint) bool {
	if e.port != o.port {
		return false
	}
	both4 := e.Complete() && o.Complete()
	both6 := !e.IPv6().Is4In6() && !o.IPv6().Is4In6()
	return (both4 || both6) && (!both4 || e.v4 == o.v4) && (!both6 || e.v6 == o.v6)
}

// Host is the address by which limits count this endpoint: IPv4 where there is one.
func (e Endpoint) Host() netip.Addr {
	if v4 := e.IPv4(); v4.IsValid() {
		return v4
	}
	return e.IPv6()
}

// HostOf is what limits count as one address: an IPv4 address, or the /64 network of an IPv6 one, all of which one host
// can use.
func HostOf(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if !ip.Is6() {
		return ip
	}
	p, _ := ip.Prefix(64) // it has as many bits
	return p.Addr()
}

// SubnetOf is the network that an address shares with those that one owner easily has along with it: the /24 of an IPv4
// address, the /64 of an IPv6 one.
func SubnetOf(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := 24
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // it has as many bits, or is no address, of which the zero prefix is the network
	return p
}

// Compare orders endpoints: by IPv4 address, IPv6 address and port.
func (e Endpoint) Compare(o Endpoint) int {
	return cmp.Or(bytes.Compare(e.v4[:], o.v4[:]), bytes.Compare(e.v6[:], o.v6[:]), cmp.Compare(e.port, o.port))
}

// String gives "192.0.2.1:3000", or "[2001:db8::1]:3000" where there is no IPv4 address.
func (e Endpoint) String() string {
	if e.IsZero() {
		return "none"
	}
	return netip.AddrPortFrom(e.Host().Unmap(), e.port).String()
}

// MarshalText puts String into JSON and logs.
func (e Endpoint) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what MarshalText wrote; of two addresses it knows the one written.
func (e *Endpoint) UnmarshalText(b []byte) (err error) {
	if string(b) == "none" {
		*e = Endpoint{}
		return nil
	}
	*e, err = ParseEndpoint(string(b))
	return err
}
