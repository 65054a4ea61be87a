package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// fakeNetwork is a machine at 192.0.2.5 whose packets to 10.0.0.0/8 leave from 10.0.0.5.
func fakeNetwork() network {
	addr := netip.MustParseAddr
	return network{
		resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
			switch host {
			case "both.example":
				return []netip.Addr{addr("2001:db8::7"), addr("::ffff:192.0.2.7")}, nil
			case "six.example":
				return []netip.Addr{addr("2001:db8::7")}, nil
			case "nowhere.example":
				return []netip.Addr{addr("0.0.0.0")}, nil
			}
			return nil, errors.New("no such host")
		},
		route: func(to netip.AddrPort) (netip.Addr, error) {
			if netip.MustParsePrefix("10.0.0.0/8").Contains(to.Addr()) {
				return addr("10.0.0.5"), nil
			}
			return netip.Addr{}, errors.New("network is unreachable")
		},
		interfaces: func() ([]netip.Addr, error) {
			return []netip.Addr{addr("127.0.0.1"), addr("::1"), addr("169.254.1.1"), addr("fe80::1"), addr("192.0.2.5"), addr("198.51.100.5")}, nil
		},
		freePort: func(netip.Addr) (uint16, error) { return 45678, nil },
	}
}

func endpointAt(t *testing.T, s string) p2p.Endpoint {
	t.Helper()
	e, err := p2p.ParseEndpoint(s)
	require.NoError(t, err)
	return e
}

func TestLocate(t *testing.T) {
	for name, test := range map[string]struct {
		listen    string
		advertise config.Advertise
		others    []string
		self      string // IPv4:port
		v6        string // empty: the mapped IPv4 address
		source    string // empty: any
	}{
		"first interface":             {listen: "0.0.0.0:3000", self: "192.0.2.5:3000"},
		"all families":                {listen: ":3000", self: "192.0.2.5:3000"},
		"specific":                    {listen: "127.0.0.2:3000", self: "127.0.0.2:3000", source: "127.0.0.2"},
		"localhost":                   {listen: "localhost:3000", self: "127.0.0.1:3000", source: "127.0.0.1"},
		"way to the first other":      {listen: "0.0.0.0:3000", others: []string{"[2001:db8::1]:1", "10.1.1.1:3000", "192.0.2.1:1"}, self: "10.0.0.5:3000"},
		"no way to the first other":   {listen: "0.0.0.0:3000", others: []string{"203.0.113.1:1"}, self: "192.0.2.5:3000"},
		"configured":                  {listen: "127.0.0.2:3000", advertise: config.Advertise{IPv4: "198.51.100.1", Port: 4000}, self: "198.51.100.1:4000", source: "127.0.0.2"},
		"configured IPv6":             {listen: "0.0.0.0:3000", advertise: config.Advertise{IPv6: "2001:db8::9"}, self: "192.0.2.5:3000", v6: "2001:db8::9"},
		"specific IPv6":               {listen: "[2001:db8::5]:3000", advertise: config.Advertise{IPv4: "198.51.100.1"}, self: "198.51.100.1:3000", v6: "2001:db8::5", source: "2001:db8::5"},
		"any IPv6 is not told":        {listen: "[::]:3000", self: "192.0.2.5:3000"},
		"port of the system's choice": {listen: "127.0.0.2:0", self: "127.0.0.2:45678", source: "127.0.0.2"},
	} {
		t.Run(name, func(t *testing.T) {
			c := config.Default()
			c.Listen, c.Advertise = test.listen, test.advertise
			var others []p2p.Endpoint
			for _, o := range test.others {
				others = append(others, endpointAt(t, o))
			}
			p, err := fakeNetwork().locate(c, others)
			require.NoError(t, err)
			require.Equal(t, test.self, p.self.String())
			require.NotZero(t, p.listen.Port())
			v6 := netip.AddrFrom16(p.self.IPv4().As16())
			if test.v6 != "" {
				v6 = netip.MustParseAddr(test.v6)
			}
			require.Equal(t, v6, p.self.IPv6())
			var source netip.Addr
			if test.source != "" {
				source = netip.MustParseAddr(test.source)
			}
			require.Equal(t, source, p.source)
		})
	}
}

func TestLocateWithoutInterfaces(t *testing.T) {
	n := fakeNetwork()
	n.interfaces = func() ([]netip.Addr, error) { return nil, errors.New("not permitted") }
	p, err := n.locate(config.Default(), nil)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:3000", p.self.String())
}

func TestLocateIPv6WithoutIPv4(t *testing.T) {
	c := config.Default()
	c.Listen = "[2001:db8::5]:3000"
	_, err := fakeNetwork().locate(c, nil)
	require.ErrorContains(t, err, "advertise.ipv4")
	var exit *exitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, exitUsage, exit.code)
}

func TestEndpoint(t *testing.T) {
	for target, want := range map[string]string{
		"192.0.2.7:3000":       "192.0.2.7:3000",
		"[2001:db8::1]:3000":   "[2001:db8::1]:3000",
		"both.example:3000":    "192.0.2.7:3000",
		"six.example:3000":     "[2001:db8::7]:3000",
		"unknown.example:3000": "",
		"nowhere.example:3000": "",
		"192.0.2.7":            "",
		"192.0.2.7:0":          "",
		"both.example:99999":   "",
	} {
		e, err := fakeNetwork().endpoint(t.Context(), target)
		if want == "" {
			require.Error(t, err, target)
			continue
		}
		require.NoError(t, err, target)
		require.Equal(t, endpointAt(t, want), e)
	}
}

func TestEndpointsLeavesOutWhatIsUnknown(t *testing.T) {
	var text bytes.Buffer
	log := newLogger(config.Log{Level: "info", Format: "json"}, &text)
	got := fakeNetwork().endpoints(t.Context(), "bootstrap",
		[]string{"both.example:3000", "unknown.example:3000", "192.0.2.7:3000", "10.0.0.1:3000"}, log)
	require.Equal(t, []p2p.Endpoint{endpointAt(t, "192.0.2.7:3000"), endpointAt(t, "10.0.0.1:3000")}, got)
	require.Contains(t, text.String(), `"node":"unknown.example:3000"`)
	require.Contains(t, text.String(), `"key":"bootstrap"`)
	require.Equal(t, logrus.InfoLevel, log.Level)
}

func TestMachine(t *testing.T) {
	n := machine()
	from, err := n.route(netip.MustParseAddrPort("127.0.0.3:3000"))
	require.NoError(t, err)
	require.True(t, from.IsLoopback())
	all, err := n.interfaces()
	require.NoError(t, err)
	require.Contains(t, all, netip.MustParseAddr("127.0.0.1"))
	port, err := n.freePort(netip.MustParseAddr("127.0.0.3"))
	require.NoError(t, err)
	l, err := net.Listen("tcp", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.3"), port).String())
	require.NoError(t, err)
	l.Close()
}
