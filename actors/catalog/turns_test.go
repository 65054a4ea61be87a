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
			first := q.add(&message.Match{For: netip.AddrFrom4([4]byte{from}), Ref: message.Ref(i), ReplyTo: asker(from, i)})
			require.Equal(t, from == 1 && i == 0, first)
		}
	}
	ask(1, 100)
	ask(2, 2)
	ask(3, 1)
	var got []byte
	next := make(map[byte]message.Ref)
	for {
		m, more := q.next()
		from := m.For.As4()[0]
		require.Equal(t, next[from], m.Ref, "in order")
		next[from]++
		if got = append(got, from); !more {
			break
		}
	}
	require.Equal(t, []byte{1, 2, 3, 1, 2, 1, 1}, got[:7])
	require.Len(t, got, 103)
	m, more := q.next()
	require.True(t, m == nil && !more)
	require.Empty(t, q.waiting)
	require.Zero(t, q.len())
	ask(1, 3)
	ask(2, 1)
	q.drop(asker(1, 0).Id)
	q.drop(asker(2, 0).Id)
	q.drop(asker(2, 0).Id)
	m, more = q.next()
	require.True(t, m.Ref == 1 && more)
	m, more = q.next()
	require.True(t, m.Ref == 2 && !more)
	require.Zero(t, q.len())
}
