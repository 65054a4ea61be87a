package config

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"alakazaam/actors/p2p"
)

// What is wrong with an address, as hints to its writer.
var (
	errPort     = errors.New("a port is missing, as in 192.0.2.1:3000")
	errPortForm = errors.New("the port has to be a number up to 65535")
	errBrackets = errors.New("an IPv6 address stands in brackets, as in [2001:db8::1]:3000")
	errHost     = errors.New("the host has to be an IP address or a host name")
	errListenIP = errors.New("the host has to be an IP address of this machine, localhost or nothing")
	errPortZero = errors.New("port 0 cannot be dialed")
	errDial     = errors.New("that address cannot be dialed")
	errFamily   = errors.New("that address is of the other family")
	errAddress  = errors.New("that is not an IP address")
)

// splitHostPort takes HOST:PORT apart, where an IPv6 host stands in brackets.
func splitHostPort(s string) (host string, port uint16, err error) {
	i := strings.LastIndexByte(s, ':')
	switch {
	case i < 0 || strings.HasSuffix(s, "]"):
		return "", 0, errPort
	case strings.HasPrefix(s, "[") && s[i-1] == ']':
		host = s[1 : i-1]
		if ip, err := netip.ParseAddr(host); err != nil || !ip.Is6() {
			return "", 0, errHost
		}
	case strings.ContainsAny(s[:i], ":[]"):
		return "", 0, errBrackets
	default:
		host = s[:i]
	}
	n, err := strconv.ParseUint(s[i+1:], 10, 16)
	if err != nil {
		return "", 0, errPortForm
	}
	return host, uint16(n), nil
}

// checkListen checks an address to listen on: HOST:PORT, where the host may be empty for all addresses and the port 0
// for one that the system picks.
func checkListen(s string) error {
	host, _, err := splitHostPort(s)
	if err != nil || host == "" || strings.EqualFold(host, "localhost") {
		return err
	}
	if ip, err := netip.ParseAddr(host); err != nil || ip.IsMulticast() || ip.Zone() != "" {
		return errListenIP
	}
	return nil
}

// checkTarget checks the form of an address to dial: HOST:PORT with an IP address or a host name.
func checkTarget(s string) error {
	host, port, err := splitHostPort(s)
	if err != nil {
		return err
	}
	if port == 0 {
		return errPortZero
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if _, err := p2p.EndpointAt(netip.AddrPortFrom(ip, port)); err != nil {
			return errDial
		}
		return nil
	}
	if !hostName(host) {
		return errHost
	}
	return nil
}

// checkHost checks a host without a port: a name or an IP address.
func checkHost(s string) error {
	if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" || hostName(s) {
		return nil
	}
	return errHost
}

// checkFamily checks an address to advertise: one of a family, and one that others can dial.
func checkFamily(s string, v4 bool) error {
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return errAddress
	}
	if ip.Unmap().Is4() != v4 || ip.Is4In6() {
		return errFamily
	}
	if _, err := p2p.EndpointAt(netip.AddrPortFrom(ip, 1)); err != nil {
		return errDial
	}
	return nil
}

// hostName says whether s has the form of a host name: labels of letters, digits, hyphens and underscores, of which the
// last is not a number (else it is a mistyped IPv4 address).
func hostName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > 253 {
		return false
	}
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for _, c := range []byte(l) {
			if c != '-' && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
				return false
			}
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// canonical is the one way to write an item of a list, to tell equal ones.
func (f *field) canonical(item string) string {
	if f.form == "host:port" {
		return canonicalTarget(item)
	}
	if p, err := parseNetwork(item); err == nil {
		return p.String()
	}
	return strings.ToLower(item)
}

// canonicalTarget is the one way to write what s says, to tell equal addresses.
func canonicalTarget(s string) string {
	host, port, err := splitHostPort(s)
	if err != nil {
		return s
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	}
	return strings.TrimSuffix(strings.ToLower(host), ".") + " " + strconv.Itoa(int(port))
}
