package gateway_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// TestAskPing: what becomes of a PING says whether the node was reached, and whether it knows the packet.
func TestAskPing(t *testing.T) {
	w := newWorld(t, 1)
	n, s := w.add(node.Supernode, testConfig()), w.stranger(50, true)
	w.sim.Run(time.Second)
	id, err := p2p.ParsePacketID([]byte("PKT0000000000001"))
	require.NoError(t, err)
	ask := func(to p2p.Endpoint) {
		n.user.Messages, s.heard = nil, nil
		w.sim.System.Root.Send(n.routes.Gateway, &message.Ask{
			Ref: 7, To: to, Packet: &message.Ping{ID: id}, Timeout: 3 * time.Second, ReplyTo: n.user.PID,
		})
		w.sim.Run(20 * time.Millisecond)
	}
	answered := func() *message.Answered {
		require.Len(t, n.user.Messages, 1)
		a := n.user.Messages[0].(*message.Answered)
		require.Equal(t, message.Ref(7), a.Ref)
		return a
	}
	ask(s.self)
	s.heard[0].hear("PINGPKT0000000000001")
	s.heard[0].say("PONGPKT0000000000001000000360000000120000000345")
	require.Equal(t, &message.Pong{Ref: 7, ID: id, Uptime: time.Hour, Sessions: 12, Files: 345}, answered().Reply)
	require.True(t, s.heard[0].ended, "alone on its connection")

	var base *message.Unanswered
	for what, say := range map[string]string{"a refusal": "NACK503" + string(make([]byte, 100)), "another answer": "ALGO000", "no packet": "Sorry, what?\n"} {
		ask(s.self)
		s.heard[0].say("%s", say)
		require.ErrorAs(t, answered().Err, &base, what)
	}
	ask(s.self)
	s.heard[0].conn.Close()
	w.sim.Run(20 * time.Millisecond)
	require.ErrorAs(t, answered().Err, &base)
	ask(s.self)
	w.sim.Run(2900 * time.Millisecond)
	require.Empty(t, n.user.Messages)
	w.sim.Run(200 * time.Millisecond)
	require.ErrorAs(t, answered().Err, &base)

	var gone *message.Unreachable
	ask(endpoint(51))
	require.ErrorAs(t, answered().Err, &gone)
	require.ErrorIs(t, gone, port.ErrRefused)
	w.net.Down = func(_, to netip.Addr) bool { return to == endpoint(51).IPv4() }
	ask(endpoint(51))
	w.sim.Run(6 * time.Second)
	require.ErrorAs(t, answered().Err, &gone)
	require.NotErrorIs(t, gone, port.ErrRefused)
	ask(n.self)
	err = answered().Err
	require.Error(t, err)
	require.False(t, errors.As(err, &base) || errors.As(err, &gone), "this node could not ask: it says nothing")
}
