package overlay

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/port"
)

// TestWhatWasNotSent: a search in which a neighbor was not asked that may well be there is not complete. One that cannot be
// reached takes nothing away from it.
func TestWhatWasNotSent(t *testing.T) {
	busy := errors.Join(errors.New("too many dials"), message.ErrBusy)
	gone := &message.Unreachable{Err: port.ErrRefused}
	for _, c := range []struct {
		name    string
		err     error
		linked  bool // meanwhile
		outcome message.Outcome
	}{
		{"it cannot be reached", gone, false, message.Unreached},
		{"it has come up with links meanwhile", gone, true, message.Unknown},
		{"there was no time for it", busy, false, message.Unknown},
		{"the connection's actor failed", errors.New("failed"), false, message.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, testConfig(), host(2))
			b.based(host(2))
			b.flood(1)
			if c.linked {
				b.linked(host(2))
			}
			b.tell(b.neighbor(host(2)), &message.Sent{Ref: last[*message.Send](b.gateway).Ref, Err: c.err})
			require.Equal(t, []*message.Branch{{Ref: 1, By: host(2), Outcome: c.outcome}}, actortest.Got[*message.Branch](b.asker))
		})
	}
}

// TestTooMuchForOneNeighbor: what a limit drops was not asked, either.
func TestTooMuchForOneNeighbor(t *testing.T) {
	c := testConfig()
	c.Limits.PacketsPerNeighbor = 1
	for _, base := range []bool{false, true} {
		b := newBench(t, c, host(2))
		if base {
			b.based(host(2))
		}
		b.flood(1)
		b.flood(2)
		require.Equal(t, []*message.Branch{{Ref: 2, By: host(2), Outcome: message.Unknown}}, actortest.Got[*message.Branch](b.asker))
	}
}

// TestSilentBehindAFullQueue: that a link says DONE for QUERs for which it has no room is no sign of the other side.
func TestSilentBehindAFullQueue(t *testing.T) {
	c := testConfig()
	c.Discovery.PingEvery, c.Discovery.PingTimeout = 5*time.Second, 5*time.Second
	b := newBench(t, c)
	b.linked(host(2))
	for ref := range message.Ref(16) {
		b.flood(ref)
		q := last[*message.Carry](b.link).Packet.(*message.Quer)
		b.tell(b.neighbor(host(2)), &message.Done{ID: q.ID, ReplyTo: b.link.PID})
		b.sim.Run(time.Second)
	}
	require.Len(t, actortest.Got[*message.CloseLink](b.link), 1)
}

// TestBusyBehindAPing: one that is too busy for a PONG, but says something, keeps its link.
func TestBusyBehindAPing(t *testing.T) {
	c := testConfig()
	c.Discovery.PingEvery, c.Discovery.PingTimeout = 5*time.Second, 5*time.Second
	b := newBench(t, c)
	b.linked(host(2))
	for range 16 {
		b.tell(b.neighbor(host(2)), &message.Pong{Ref: 7, ReplyTo: b.link.PID})
		b.sim.Run(time.Second)
	}
	require.Empty(t, actortest.Got[*message.CloseLink](b.link))
}

// TestLinkAskedOfOneThatIsForgotten: whoever asks for a link while its neighbor's actor ends is told to come again, and
// not left without an answer, as by a base node.
func TestLinkAskedOfOneThatIsForgotten(t *testing.T) {
	b := newBench(t, testConfig())
	b.linked(host(2))
	again := b.asked(host(2))
	again.Ref = 2
	b.tell(b.overlay, &standing{by: host(2), lost: true}, again)
	answer := last[*message.LinkAnswered](b.conn)
	require.Equal(t, message.Ref(2), answer.Ref)
	require.NotNil(t, answer.Refused)
	require.Equal(t, message.NackConflict, answer.Refused.Code)
	b.tell(b.overlay, again)
	require.NotNil(t, last[*message.LinkAnswered](b.conn).Neighbor, "it is forgotten now")
}
