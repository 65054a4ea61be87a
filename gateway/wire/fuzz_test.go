package wire_test

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzDecoder gives the decoder any bytes, cut anywhere. It must not panic nor hold more than it may, the cuts must
// mean nothing, and what it gives must be what it gives again for the packets that it gave.
func FuzzDecoder(f *testing.F) {
	for _, v := range append(slices.Clone(Golden), Bad...) {
		f.Add(v.Raw, uint16(len(v.Raw)))
		f.Add(v.Raw, uint16(5))
	}
	for _, captures := range transcripts(f) {
		for _, c := range captures {
			raw, err := hex.DecodeString(c.Hex)
			require.NoError(f, err)
			f.Add(raw, uint16(len(raw)))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, size uint16) {
		whole := decode(t, everything, raw, len(raw))
		pieces := decode(t, everything, raw, int(size))
		require.Equal(t, whole, pieces, "the cuts between pieces mean nothing")

		var sent []byte
		for _, p := range whole.packets {
			sent = p.Append(sent)
		}
		again := decode(t, everything, sent, len(sent))
		require.NoError(t, again.err)
		require.Len(t, again.packets, len(whole.packets))
		var sentAgain []byte
		for _, p := range again.packets {
			sentAgain = p.Append(sentAgain)
		}
		require.Equal(t, sent, sentAgain)
	})
}
