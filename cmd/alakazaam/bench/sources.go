package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
)

// Sources are the addresses at which peers are: prefixes, of which a single address is one.
type Sources []netip.Prefix

// ParseSources reads "127.0.0.0/24" and "192.0.2.7".
func ParseSources(all []string) (Sources, error) {
	var out Sources
	for _, s := range all {
		s = strings.TrimSpace(s)
		if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
			a = a.Unmap()
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network like 127.0.0.0/24", s)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// Take gives the first n addresses, or all where there are fewer. The first and the last address of an IPv4 network are
// no host's.
func (s Sources) Take(n int) []netip.Addr {
	var out []netip.Addr
	for _, p := range s {
		first, last := p.Addr(), netip.Addr{}
		if p.Addr().Is4() && p.Bits() < 31 {
			first, last = first.Next(), broadcast(p)
		}
		for a := first; len(out) < n && a.IsValid() && p.Contains(a) && a != last; a = a.Next() {
			out = append(out, a)
		}
	}
	return out
}

// broadcast is the last address of an IPv4 network.
func broadcast(p netip.Prefix) netip.Addr {
	a := p.Addr().As4()
	ip := binary.BigEndian.Uint32(a[:]) | uint32(1<<(32-p.Bits())-1)
	binary.BigEndian.PutUint32(a[:], ip)
	return netip.AddrFrom4(a)
}

// errSources explains why a peer cannot be at an address.
func errSources(a netip.Addr, err error) error {
	hint := ""
	switch {
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		hint = ": a source has to be an address of this machine; all of 127.0.0.0/8 are on Linux"
	case errors.Is(err, syscall.EMFILE):
		hint = ": let there be fewer peers, or raise 'ulimit -n'"
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner // the address is known
	}
	return fmt.Errorf("no peer can be at %s (%w)%s", a, err, hint)
}
