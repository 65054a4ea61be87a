package catalog

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
)

// TestTurns: whoever asks for one thing waits for one search of each other address, however many those want.
func TestTurns(t *testing.T) {
	q := newTurns()
	ask := func(from byte, n int) {
		for i := range n {
			first := q.add(&message.Match{For: netip.AddrFrom4([4]byte{from}), Ref: message.Ref(i)})
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
	require.True(t, q.add(&message.Match{}))
}
