package gateway

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/digest"
	"alakazaam/actors/message"
	"alakazaam/gateway/wire"
)

// TestFiltersAreTranslated: what one side says of its filter arrives as it was said, with who waits for it.
func TestFiltersAreTranslated(t *testing.T) {
	require.Equal(t, wire.MaxFiltData, digest.MaxPart)
	require.Equal(t, wire.MaxDeltPositions, digest.MaxDelta)
	link := &actor.PID{Id: "link"}
	part := digest.Part{Generation: 7, LogBits: 13, Offset: 32, Data: []byte("data")}
	delta := digest.Delta{Generation: 7, Set: []uint32{1, 2}, Clear: []uint32{3}}
	for _, c := range []struct{ said, heard any }{
		{&message.FilterPart{Part: part}, &message.FilterPart{Ref: 9, Part: part, ReplyTo: link}},
		{&message.FilterDelta{Delta: delta}, &message.FilterDelta{Ref: 9, Delta: delta, ReplyTo: link}},
	} {
		p, err := packetOf(c.said)
		require.NoError(t, err)
		d := wire.NewDecoder(wire.Links)
		d.Write(p.Append(nil))
		got, err := d.Next()
		require.NoError(t, err)
		require.Equal(t, c.heard, filterMessage(got, 9, link))
	}
	require.Nil(t, filterMessage(&wire.Ping{}, 9, link))
	_, err := packetOf(&message.Handled{})
	require.Error(t, err)
}
