package wire_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/gateway/wire"
)

// entry makes a result with as many copies as said.
func entry(n, copies int) wire.AfinEntry {
	e := wire.AfinEntry{File: p2p.FileID{byte(n >> 8), byte(n)}, Name: p2p.FileName(fmt.Sprintf("file %d.txt", n))}
	for i := range copies {
		e.Copies = append(e.Copies, at(fmt.Sprintf("10.0.%d.%d", i>>8, i&0xff), "2001:db8::1", uint16(1+n)))
	}
	return e
}

func entries(count, copies int) []wire.AfinEntry {
	out := make([]wire.AfinEntry, count)
	for i := range out {
		out[i] = entry(i, copies)
	}
	return out
}

func TestAfinFit(t *testing.T) {
	for _, tc := range []struct {
		name    string
		entries []wire.AfinEntry
		keep    []int // copies of each entry that is kept
		dropped wire.Dropped
	}{
		{"nothing", nil, []int{}, wire.Dropped{}},
		{"all of it", []wire.AfinEntry{entry(0, 2), entry(1, 1)}, []int{2, 1}, wire.Dropped{}},
		{"more copies than the count can say", []wire.AfinEntry{entry(0, 1200), entry(1, 3)}, []int{999, 3}, wire.Dropped{Copies: 201}},
		{"the last one cut to fit", []wire.AfinEntry{entry(0, 999), entry(1, 500), entry(2, 1)},
			[]int{999, 88}, wire.Dropped{Entries: 1, Copies: 500 - 88 + 1}}, // 7 + 135+999*60 + 135+88*60 = 65,497
		{"as many as fit", entries(340, 1), repeat(336, 1), wire.Dropped{Entries: 4, Copies: 4}}, // 7 + 336*195 = 65,527
		{"no smaller one slips in behind one that was dropped", append(entries(336, 1), entry(400, 0), entry(401, 0)),
			repeat(336, 1), wire.Dropped{Entries: 2}},
		{"files without copies", entries(1000, 0), repeat(485, 0), wire.Dropped{Entries: 515}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			whole := &wire.Afin{Entries: tc.entries}
			fitted, dropped := whole.Fit()
			require.Equal(t, tc.dropped, dropped)
			kept := make([]int, 0, len(fitted.Entries))
			for i, e := range fitted.Entries {
				require.Equal(t, tc.entries[i].File, e.File)
				kept = append(kept, len(e.Copies))
			}
			require.Equal(t, tc.keep, kept)

			raw := whole.Append(nil)
			require.LessOrEqual(t, len(raw), wire.MaxAfin)
			got := decode(t, wire.Answers, raw, len(raw))
			require.NoError(t, got.err)
			require.Equal(t, raw, got.packets[0].Append(nil))
			require.False(t, got.packets[0].(*wire.Afin).Cut)

			again, none := fitted.Fit()
			require.Equal(t, fitted, again)
			require.Equal(t, wire.Dropped{}, none)
		})
	}
}

func repeat(n, v int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// tooLong is an AFIN as a node sends it that does not care about 64 KiB.
func tooLong(entries []wire.AfinEntry) []byte {
	raw := fmt.Appendf(nil, "AFIN%03d", len(entries))
	for _, e := range entries {
		one := (&wire.Afin{Entries: []wire.AfinEntry{e}}).Append(nil)
		raw = append(raw, one[len("AFIN001"):]...)
	}
	return raw
}

// Of an AFIN above 64 KiB what is complete by then is returned, and nothing more is read.
func TestAfinTooLong(t *testing.T) {
	for _, tc := range []struct {
		name    string
		entries []wire.AfinEntry
		keep    int
	}{
		{"cut within an entry", entries(500, 1), 336},
		{"cut within copies", []wire.AfinEntry{entry(0, 999), entry(1, 500)}, 1},
		{"cut between entries", append([]wire.AfinEntry{entry(0, 994), entry(1, 93)}, entries(1, 1)...), 2},
		{"cut before a count", append(entries(335, 1), entry(335, 1), entry(336, 0)), 336},
	} {
		t.Run(tc.name, func(t *testing.T) {
			raw := append(tooLong(tc.entries), "and whatever"...)
			require.Greater(t, len(raw), wire.MaxAfin)
			for _, size := range []int{len(raw), 11, 4096} {
				got := decode(t, wire.Answers, raw, size)
				require.NoError(t, got.err)
				require.Equal(t, []wire.Packet{&wire.Afin{Entries: tc.entries[:tc.keep], Cut: true}}, got.packets)
				require.Equal(t, wire.Command{}, got.partial)
			}
		})
	}
}

// The answer is there as soon as it is clear that no further entry can be taken; the rest need not come.
func TestAfinTooLongDoesNotWait(t *testing.T) {
	d := wire.NewDecoder(wire.Answers)
	d.Write(tooLong(entries(500, 1))[:7+336*195])
	p, err := d.Next()
	require.NoError(t, err)
	require.True(t, p.(*wire.Afin).Cut)
	require.Len(t, p.(*wire.Afin).Entries, 336)
}

// A count that promises much costs no more than what can still come.
func TestAfinPromiseCostsLittle(t *testing.T) {
	d := wire.NewDecoder(wire.Answers)
	d.Write(stream("AFIN", "999", rawMD5, right(100, "a"), "999"))
	p, err := d.Next()
	require.NoError(t, err)
	require.Nil(t, p)
	require.Less(t, d.Promised(), 1200)
}
