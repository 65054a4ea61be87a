package wire_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/gateway/wire"
)

// capture is one packet as it was seen on the wire.
type capture struct {
	Stream string `json:"stream"`
	Dir    string `json:"dir"`
	Hex    string `json:"hex"`
}

// differs are the captures that this node would send otherwise, and why.
var differs = map[string]struct {
	raw, sent int
	why       string
}{
	"peer 5": {153, 152, "the ADFF's name was padded to 100 characters, of which one, an é, has two bytes"},
}

// broken are the captures that are no packet, by the reason for which they are rejected.
var broken = map[string]struct {
	reason  string
	partial wire.Command
}{
	"superpeer 20": {"cut_short", wire.RETR}, // ten of 32 hex digits
	"superpeer 35": {"cut_short", wire.LOGI}, // the port is missing
	"superpeer 37": {"unknown_command", wire.Command{}},
}

// files are the captures of what came instead of a packet: the payload of an ARET, by its length, or a refusal.
var files = map[string]struct {
	length int
	line   string
}{
	"superpeer 17": {length: 9000},
	"superpeer 19": {line: "Sorry, the requested file is not available anymore by the selected peer."},
	"superpeer 21": {line: "Invalid packet. Unable to reply."},
	"peer 9":       {length: 6},
	"peer 11":      {length: 10},
}

// Bytes that independent programs really sent mean what they should, and this node sends the same.
func TestTranscripts(t *testing.T) {
	seen := map[string]bool{}
	for node, captures := range transcripts(t) {
		for i, c := range captures {
			id := fmt.Sprintf("%s %d", node, i)
			seen[id] = true
			t.Run(fmt.Sprintf("%s, %s, %s", id, c.Stream, c.Dir), func(t *testing.T) {
				raw, err := hex.DecodeString(c.Hex)
				require.NoError(t, err)
				for _, size := range []int{len(raw), 1} {
					replay(t, id, raw, size)
				}
			})
		}
	}
	require.Len(t, seen, 56, "all of them have been replayed")
	for _, known := range []int{len(differs), len(broken), len(files)} {
		require.NotZero(t, known)
	}
	for id := range differs {
		require.Contains(t, seen, id)
	}
	for id := range broken {
		require.Contains(t, seen, id)
	}
	for id := range files {
		require.Contains(t, seen, id)
	}
}

func replay(t *testing.T, id string, raw []byte, size int) {
	if want, is := files[id]; is {
		payload, used, done, _, err := deframe(raw, size)
		require.Equal(t, len(raw), used)
		require.Equal(t, want.line == "", done)
		require.Len(t, payload, want.length)
		if want.line != "" {
			require.Equal(t, &wire.Refusal{Line: want.line}, err)
		}
		return
	}
	got := decode(t, wire.Requests|wire.Answers, raw, size)
	if want, is := broken[id]; is {
		require.Empty(t, got.packets)
		require.Equal(t, want.reason, wire.Reason(got.err))
		require.Equal(t, want.partial, got.partial)
		return
	}
	require.NoError(t, got.err)
	require.Len(t, got.packets, 1)
	sent := got.packets[0].Append(nil)
	if want, is := differs[id]; is {
		require.Len(t, raw, want.raw, want.why)
		require.Len(t, sent, want.sent, want.why)
		raw = raw[:len(sent)]
	}
	require.Equal(t, string(raw), string(sent))
}

func transcripts(t testing.TB) map[string][]capture {
	raw, err := os.ReadFile("testdata/transcripts.json")
	require.NoError(t, err)
	var doc struct {
		Superpeer []capture `json:"superpeer"`
		Peer      []capture `json:"peer"`
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	return map[string][]capture{"superpeer": doc.Superpeer, "peer": doc.Peer}
}
