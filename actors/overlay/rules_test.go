package overlay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
)

func TestOnward(t *testing.T) {
	ep := func(s string) p2p.Endpoint {
		e, err := p2p.ParseEndpoint(s)
		require.NoError(t, err)
		return e
	}
	a, b, c, c2 := ep("10.0.0.1:3000"), ep("10.0.0.2:3000"), ep("10.0.0.3:3000"), ep("10.0.0.3:3001")
	both, err := p2p.NewEndpoint(netip.MustParseAddr("10.0.0.4"), netip.MustParseAddr("2001:db8::4"), 3000)
	require.NoError(t, err)
	addr := netip.MustParseAddr
	for _, x := range []struct {
		name      string
		neighbors []p2p.Endpoint
		from      netip.Addr
		origin    p2p.Endpoint
		want      []bool
	}{
		{"begun here", []p2p.Endpoint{a, b}, netip.Addr{}, ep("10.0.0.9:1"), []bool{true, true}},
		{"not back", []p2p.Endpoint{a, b}, addr("10.0.0.1"), ep("10.0.0.9:1"), []bool{false, true}},
		{"not to who began it", []p2p.Endpoint{a, b, c}, addr("10.0.0.1"), b, []bool{false, false, true}},
		{"a mapped address is the same", []p2p.Endpoint{a, b}, addr("::ffff:10.0.0.1"), b, []bool{false, false}},
		{"by the other family", []p2p.Endpoint{both, a}, addr("2001:db8::4"), b, []bool{false, true}},
		{"one of two at an address", []p2p.Endpoint{c, c2, a}, addr("10.0.0.3"), b, []bool{true, true, true}},
		{"who began it is one of two", []p2p.Endpoint{c, c2, a}, addr("10.0.0.1"), c2, []bool{true, false, false}},
		{"who began it, by the other family", []p2p.Endpoint{a, ep("[2001:db8::4]:3000")}, addr("10.0.0.1"), both, []bool{false, false}},
		{"from a stranger", []p2p.Endpoint{a, b}, addr("10.0.0.77"), ep("10.0.0.9:1"), []bool{true, true}},
	} {
		require.Equal(t, x.want, onward(x.neighbors, x.from, x.origin), x.name)
	}
}

func TestBackoff(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute,
	} {
		require.Equal(t, want, backoff(failures, 0))
		require.Equal(t, want*3/4, backoff(failures, 1))
	}
}
