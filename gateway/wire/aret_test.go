package wire_test

import (
	"bytes"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/gateway/wire"
)

// deframer is port.Deframer, which this package must not import.
type deframer interface {
	Next(b []byte) (payload []byte, used int, done bool, err error)
	Expected() int64
	End() error
}

var _ deframer = (*wire.AretReader)(nil)

func TestChunkPlan(t *testing.T) {
	const fits = 4096 * 999_999
	for _, tc := range []struct {
		name          string
		size          int64
		chunk, chunks int
	}{
		{"empty", 0, 4096, 0},
		{"one byte", 1, 4096, 1},
		{"one chunk", 4096, 4096, 1},
		{"one and a byte", 4097, 4096, 2},
		{"9,000 bytes", 9000, 4096, 3},
		{"the last one in usual chunks", fits, 4096, 999_999},
		{"the first one in longer chunks", fits + 1, 4097, 999_755},
		{"twice that", 2 * fits, 8192, 999_999},
		{"the largest", 99_999 * 999_999, 99_999, 999_999},
	} {
		t.Run(tc.name, func(t *testing.T) {
			chunk, chunks, err := wire.ChunkPlan(tc.size)
			require.NoError(t, err)
			require.Equal(t, tc.chunk, chunk)
			require.Equal(t, tc.chunks, chunks)
		})
	}
	for _, size := range []int64{99_999*999_999 + 1, math.MaxInt64} {
		_, _, err := wire.ChunkPlan(size)
		require.ErrorIs(t, err, wire.ErrTooLong)
	}
	_, _, err := wire.ChunkPlan(-1)
	require.Error(t, err)
}

func TestChunkPlanCoversEveryFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 99_999*999_999).Draw(t, "size")
		chunk, chunks, err := wire.ChunkPlan(size)
		require.NoError(t, err)
		require.True(t, chunk >= 4096 && chunk <= 99_999 && chunks <= 999_999)
		require.GreaterOrEqual(t, int64(chunk)*int64(chunks), size, "room for all of it")
		require.Less(t, int64(chunk)*int64(chunks-1), size, "no chunk is empty")
	})
}

func TestAretHead(t *testing.T) {
	require.Equal(t, "ARET000000", string(wire.AretHead(0)))
	require.Equal(t, "ARET000003", string(wire.AretHead(3)))
	require.Equal(t, "ARET999999", string(wire.AretHead(999_999)))
	require.Equal(t, "x00000", string(wire.AppendChunkHeader([]byte("x"), 0)))
	require.Equal(t, "04096", string(wire.AppendChunkHeader(nil, 4096)))
}

// deframe feeds a stream to a reader in pieces of a size.
func deframe(raw []byte, size int) (payload []byte, used int, done bool, expected []int64, err error) {
	r := wire.NewAretReader()
	note := func() {
		if e := r.Expected(); len(expected) == 0 || expected[len(expected)-1] != e {
			expected = append(expected, e)
		}
	}
	note()
	for piece := range slices.Chunk(raw, max(size, 1)) {
		for len(piece) > 0 {
			p, n, end, err := r.Next(piece)
			payload = append(payload, p...)
			used += n
			note()
			if err != nil {
				return payload, used, end, expected, err
			}
			if end {
				return payload, used, end, expected, r.End()
			}
			piece = piece[n:]
		}
	}
	return payload, used, false, expected, r.End()
}

func TestAretReader(t *testing.T) {
	for _, tc := range []struct {
		name     string
		raw      []byte
		payload  string
		rest     int     // bytes behind the ARET
		expected []int64 // as the stream goes on
	}{
		{
			name: "two chunks",
			raw: stream(
				"ARET",
				"000002",        // #chunk
				"00004", "abcd", // Lenchunk, data
				"00002", "ef", // Lenchunk, data
			),
			payload: "abcdef", expected: []int64{-1, 4, 6},
		},
		{
			name:    "one chunk",
			raw:     stream("ARET", "000001", "00010", "ciao peer\n"),
			payload: "ciao peer\n", expected: []int64{-1, 10},
		},
		{
			name:    "three chunks: all but the last are taken to be equal",
			raw:     stream("ARET", "000003", "00004", "abcd", "00004", "efgh", "00001", "i"),
			payload: "abcdefghi", expected: []int64{-1, 8, 9},
		},
		{name: "empty file without a chunk", raw: stream("ARET", "000000"), expected: []int64{-1, 0}},
		{name: "empty file in an empty chunk", raw: stream("ARET", "000001", "00000"), expected: []int64{-1, 0}},
		{
			name:    "an empty last chunk is counted",
			raw:     stream("ARET", "000003", "00002", "ab", "00002", "cd", "00000"),
			payload: "abcd", expected: []int64{-1, 4},
		},
		{
			name:    "an empty chunk in the middle",
			raw:     stream("ARET", "000003", "00002", "ab", "00000", "00002", "cd"),
			payload: "abcd", expected: []int64{-1, 4, 2, 4},
		},
		{
			name:    "the longest chunk",
			raw:     stream("ARET", "000001", "99999", strings.Repeat("x", 99_999)),
			payload: strings.Repeat("x", 99_999), expected: []int64{-1, 99_999},
		},
		{
			name:    "spaces before, and the next packet behind",
			raw:     stream("  ", "ARET", "000001", "00001", "x", "ARET000000"),
			payload: "x", rest: 10, expected: []int64{-1, 1},
		},
		{
			name:    "data that looks like a frame",
			raw:     stream("ARET", "000001", "00015", "ARET00000100001"),
			payload: "ARET00000100001", expected: []int64{-1, 15},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, size := range []int{len(tc.raw), 1, 3, 1024} {
				payload, used, done, expected, err := deframe(tc.raw, size)
				require.NoError(t, err)
				require.True(t, done)
				require.Equal(t, tc.payload, string(payload))
				require.Equal(t, len(tc.raw)-tc.rest, used)
				if size == 1 {
					require.Equal(t, tc.expected, expected)
				}
			}
		})
	}
}

func TestAretReaderErrors(t *testing.T) {
	for _, tc := range []struct {
		name, raw, reason, message string
	}{
		{"nothing", "", "cut_short", "ARET after 0 bytes: cut short: unexpected EOF"},
		{"only spaces", "   ", "cut_short", "ARET after 0 bytes: cut short: unexpected EOF"},
		{"end within the command", "AR", "cut_short", "ARET after 2 bytes: cut short: unexpected EOF"},
		{"end within #chunk", "ARET0000", "cut_short", "ARET after 8 bytes: cut short: unexpected EOF"},
		{"end before a chunk", "ARET000001", "cut_short", "ARET after 10 bytes: cut short: unexpected EOF"},
		{"end within a chunk", "ARET00000100002x", "cut_short", "ARET after 16 bytes: cut short: unexpected EOF"},
		{"end between chunks", "ARET00000200001x", "cut_short", "ARET after 16 bytes: cut short: unexpected EOF"},
		{"#chunk that is no number", "ARET00000x00001x", "malformed_field",
			`ARET: #chunk at byte 4 is "00000x": not decimal digits in the field's full width`},
		{"Lenchunk that is no number", "ARET00000200001x-0001y", "malformed_field",
			`ARET: Lenchunk at byte 16 is "-0001": not decimal digits in the field's full width`},
		{"Lenchunk behind spaces", "  ARET000001    1y", "malformed_field",
			`ARET: Lenchunk at byte 10 is "    1": not decimal digits in the field's full width`},
		{"line that ends with the stream", "Sorry, no such file.", "refused", `refused: "Sorry, no such file."`},
		{"line that ends with a line end", "Sorry\r\nmore", "refused", `refused: "Sorry"`},
		{"line that begins like an ARET", "ARE you serious?\n", "refused", `refused: "ARE you serious?"`},
		{"short line", "no\n", "refused", `refused: "no"`},
		{"empty line", "\n", "refused", `refused: ""`},
		{"line with controls and bytes above 127", "n\x00o \x1b[2Jfil\xe9 \x7f\u202e\n", "refused", `refused: "no [2Jfil? ???"`},
		{"line that never ends", strings.Repeat("x", 5000), "refused", `refused: "` + strings.Repeat("x", 200) + `"`},
		{"small letters", "aret000000", "refused", `refused: "aret000000"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, size := range []int{len(tc.raw), 1, 3} {
				_, used, done, _, err := deframe([]byte(tc.raw), size)
				require.EqualError(t, err, tc.message)
				require.False(t, done)
				require.Equal(t, tc.reason, wire.Reason(err))
				require.LessOrEqual(t, used, 220, "no more is read than is kept")
				if tc.reason == "cut_short" {
					require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				}
			}
		})
	}
}

// A refusal is told as soon as its line is there, while the connection stays open.
func TestRefusalDoesNotWait(t *testing.T) {
	for _, raw := range []string{"no\nmore", strings.Repeat("x", 200)} {
		_, _, _, err := wire.NewAretReader().Next([]byte(raw))
		var refusal *wire.Refusal
		require.ErrorAs(t, err, &refusal)
	}
}

// What AretHead, ChunkPlan and AppendChunkHeader frame comes out of the reader as it went in.
func TestAretRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 20_000).Draw(t, "data")
		size := rapid.IntRange(1, 30_000).Draw(t, "piece")
		payload, _, done, expected, err := deframe(frame(t, data), size)
		require.NoError(t, err)
		require.True(t, done)
		require.True(t, bytes.Equal(data, payload))
		require.Equal(t, int64(len(data)), expected[len(expected)-1])
		require.True(t, slices.IsSorted(expected), "never too much before: %v", expected)
	})
}

// frame sends data as a node does.
func frame(t require.TestingT, data []byte) []byte {
	chunk, chunks, err := wire.ChunkPlan(int64(len(data)))
	require.NoError(t, err)
	out := wire.AretHead(chunks)
	for c := range slices.Chunk(data, chunk) {
		out = append(wire.AppendChunkHeader(out, len(c)), c...)
	}
	return out
}

func FuzzAret(f *testing.F) {
	for _, s := range []string{
		"", "ARET000000", "ARET00000200004abcd00002ef", "ARET00000100000", "ARET000001", "ARETx", "no\n", "  ARET000000 ",
		strings.Repeat("y", 300),
	} {
		f.Add([]byte(s), uint16(1))
		f.Add([]byte(s), uint16(7))
	}
	f.Fuzz(func(t *testing.T, raw []byte, size uint16) {
		whole, used, done, _, err := deframe(raw, len(raw))
		payload, used2, done2, expected, err2 := deframe(raw, int(size))
		require.True(t, bytes.Equal(whole, payload), "the cuts between pieces mean nothing")
		require.Equal(t, done, done2)
		require.Equal(t, wire.Reason(err), wire.Reason(err2))
		require.LessOrEqual(t, len(payload), used)
		if done {
			require.NoError(t, err)
			require.Equal(t, used, used2)
			require.Equal(t, int64(len(payload)), expected[len(expected)-1])
		} else {
			require.Error(t, err)
		}
	})
}

func BenchmarkAretReader(b *testing.B) {
	raw := frame(b, make([]byte, 16<<20))
	b.SetBytes(16 << 20)
	b.ReportAllocs()
	for b.Loop() {
		r := wire.NewAretReader()
		for rest := raw; len(rest) > 0; {
			_, used, _, _ := r.Next(rest[:min(len(rest), 16<<10)])
			rest = rest[used:]
		}
	}
}
