package catalog

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
)

func asker(from byte, i int) *actor.PID { return &actor.PID{Id: fmt.Sprintf("%d-%d", from, i)} }

// TestTurns: whoever asks for one thing waits for one search of each other address, however many those want.
func TestTurns(t *testing.T) {
	q := newTurns()
	ask := func(from byte, n int) {
		for i := range n {
			q.add(&message.Match{For: netip.AddrFrom4([4]byte{from}), Ref: message.Ref(i), ReplyTo: asker(from, i)})
		}
	}
	ask(1, 100)
	ask(2, 2)
	ask(3, 1)
	var got []byte
	next := make(map[byte]message.Ref)
	for q.len() > 0 {
		m := q.next()
		from := m.For.As4()[0]
		require.Equal(t, next[from], m.Ref, "in order")
		next[from]++
		got = append(got, from)
	}
	require.Equal(t, []byte{1, 2, 3, 1, 2, 1, 1}, got[:7])
	require.Len(t, got, 103)
	require.Nil(t, q.next())
	require.Empty(t, q.waiting)
	require.Zero(t, q.len())
	ask(1, 3)
	ask(2, 1)
	q.drop(asker(1, 0).Id)
	q.drop(asker(2, 0).Id)
	q.drop(asker(2, 0).Id)
	require.Equal(t, message.Ref(1), q.next().Ref)
	require.Equal(t, message.Ref(2), q.next().Ref)
	require.Zero(t, q.len())
}
