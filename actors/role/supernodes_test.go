package role

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

func at(t *testing.T, s string) p2p.Endpoint {
	e, err := p2p.ParseEndpoint(s)
	require.NoError(t, err)
	return e
}

// TestSupernodesThatCount: what a peer only knows of may be gone, and a neighbor that is down is no help to anybody.
func TestSupernodesThatCount(t *testing.T) {
	a, b, c, d := at(t, "192.0.2.1:1"), at(t, "192.0.2.2:1"), at(t, "192.0.2.3:1"), at(t, "192.0.2.4:1")
	require.Equal(t, []supernode{{endpoint: a, sessions: 7}, {endpoint: b, sessions: -1}, {endpoint: c, full: true}}, supernodes(&message.PeerStatus{
		State: "online", Supernode: a, Active: &message.SupernodeStatus{Endpoint: a, Sessions: 7},
		Standbys: []message.SupernodeStatus{{Endpoint: b, Sessions: -1}}, Known: []p2p.Endpoint{a, b, c, d}, Refused: []p2p.Endpoint{c},
	}))
	require.Equal(t, []supernode{{endpoint: a}}, supernodes(&message.PeerStatus{State: "online", Supernode: a}))
	require.Empty(t, supernodes(&message.PeerStatus{State: "logging in", Supernode: a, Known: []p2p.Endpoint{a}}))
	require.Equal(t, []supernode{{endpoint: b, sessions: 9}}, neighbors(&message.OverlayStatus{
		Neighbors: []message.NeighborStatus{{Endpoint: a}, {Endpoint: b, Up: true, Sessions: 9}},
	}))
}
