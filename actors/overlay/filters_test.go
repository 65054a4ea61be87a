package overlay

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/digest"
	"alakazaam/actors/message"
)

// TestFilterThatNobodyWantedAnyMore: what the catalog had still said of its filter when the last link ended is out of date
// when the next one wants it, and is told to nobody.
func TestFilterThatNobodyWantedAnyMore(t *testing.T) {
	b := newBench(t, testConfig())
	whole := func(generation uint32) *message.FilterPart {
		return &message.FilterPart{Part: digest.Part{Generation: generation, LogBits: 12, Data: make([]byte, 512)}}
	}
	told := func() (generations []uint32) {
		for _, c := range actortest.Got[*message.Carry](b.link) {
			if p, ok := c.Packet.(*message.FilterPart); ok {
				generations = append(generations, p.Generation)
			}
		}
		return generations
	}
	b.linked(host(2))
	b.tell(b.neighbor(host(2)), &message.LinkLost{Link: b.link.PID})
	require.Len(t, actortest.Got[*message.Undigesting](b.catalog), 1)
	b.tell(b.overlay, whole(1))
	b.linked(host(3))
	b.linked(host(4))
	require.Len(t, actortest.Got[*message.Digesting](b.catalog), 2)
	require.Empty(t, told())
	b.tell(b.overlay, whole(2))
	require.Equal(t, []uint32{2, 2}, told())
}
