package gateway

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
)

func TestWhatProvesThatANodeCanBeReached(t *testing.T) {
	for _, c := range []struct {
		from, self string
		want       bool
	}{
		{"198.51.100.7", "192.0.2.1", true},
		{"2001:db8::7", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.1", false},
		{"127.0.0.1", "192.0.2.1", false},
		{"::1", "192.0.2.1", false},
		{"127.0.0.2", "127.0.0.1", true},
		{"127.0.0.1", "127.0.0.1", false},
	} {
		self, err := p2p.NewEndpoint(netip.MustParseAddr(c.self), netip.Addr{}, 3000)
		require.NoError(t, err)
		require.Equal(t, c.want, proves(netip.MustParseAddr(c.from), self), "%+v", c)
	}
}
