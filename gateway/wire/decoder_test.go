package wire_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/gateway/wire"
)

// outcome is all that a decoder says about a stream.
type outcome struct {
	packets []wire.Packet
	ended   int // packets that came with the end only
	err     error
	partial wire.Command
}

// decode feeds a stream to a decoder in pieces of a size and overwrites each piece when the decoder is done with it.
func decode(t require.TestingT, accept wire.Set, raw []byte, size int) (out outcome) {
	d := wire.NewDecoder(accept)
	defer func() { out.partial = d.Partial() }()
	for piece := range slices.Chunk(raw, max(size, 1)) {
		piece = bytes.Clone(piece)
		d.Write(piece)
		for {
			p, err := d.Next()
			if err != nil {
				out.err = err
				return out
			}
			if p == nil {
				break
			}
			out.packets = append(out.packets, p)
		}
		requireSmall(t, d)
		for i := range piece {
			piece[i] = '#'
		}
	}
	for {
		p, err := d.End()
		if p == nil || err != nil {
			out.err = err
			return out
		}
		out.packets = append(out.packets, p)
		out.ended++
	}
}

// requireSmall checks what a decoder holds that waits for bytes.
func requireSmall(t require.TestingT, d *wire.Decoder) {
	length, capacity := d.Held()
	most := wire.MaxHeld
	if c := d.Partial(); c == wire.FILT || c == wire.DELT {
		most = wire.MaxHeldOnLink
	}
	require.LessOrEqual(t, length, most)
	require.LessOrEqual(t, capacity, 2*most)
	require.False(t, d.Reading(), "the piece is let go")
	if length == 0 {
		require.Zero(t, capacity, "an idle connection costs no buffer")
	}
}

func TestGoldenDecode(t *testing.T) {
	for _, v := range append(slices.Clone(Golden), Bad...) {
		t.Run(v.Name, func(t *testing.T) {
			for _, size := range []int{len(v.Raw), 1, 2, 3, 7, 64, 100} {
				requireOutcome(t, v, decode(t, v.Accept, v.Raw, size))
			}
		})
	}
}

func requireOutcome(t *testing.T, v Vector, got outcome) {
	t.Helper()
	require.Equal(t, v.Packets, got.packets)
	require.Equal(t, v.Reason, wire.Reason(got.err), "%v", got.err)
	if got.err != nil {
		require.Contains(t, wire.Reasons, v.Reason)
	}
	require.Equal(t, v.Partial, got.partial)
	if v.Ends && v.Reason == "" {
		require.Equal(t, 1, got.ended)
	}
	if v.Reason == "malformed_field" {
		var field *wire.FieldError
		require.ErrorAs(t, got.err, &field)
		require.ErrorIs(t, got.err, wire.ErrMalformed)
		require.Equal(t, v.Partial, field.Packet)
		require.Equal(t, v.Field, field.Field)
		require.Equal(t, v.Offset, field.Offset)
		require.True(t, bytes.HasPrefix(v.Raw[field.Offset:], field.Bytes), "the bytes of the field: %q", field.Bytes)
		require.NotEmpty(t, field.Bytes)
	}
}

func TestGoldenAppend(t *testing.T) {
	for _, v := range Golden {
		t.Run(v.Name, func(t *testing.T) {
			want := v.Sent
			if want == nil {
				want = v.Raw
			}
			got := []byte{}
			for _, p := range v.Packets {
				before := len(got)
				got = p.Append(got)
				require.Equal(t, p.Command().String(), string(got[before:before+4]))
			}
			require.Equal(t, string(want), string(got))
		})
	}
}

// What is sent decodes to what was sent, in one piece and byte by byte, with all packets behind each other.
func TestGoldenAllInOneStream(t *testing.T) {
	var raw []byte
	var want []wire.Packet
	for _, v := range Golden {
		if !v.Ends {
			raw = append(raw, v.Raw...)
			want = append(want, v.Packets...)
		}
	}
	for _, size := range []int{len(raw), 1, 13, 1024, 4096} {
		got := decode(t, everything, raw, size)
		require.NoError(t, got.err)
		require.Equal(t, want, got.packets)
	}
}

// Wherever a stream of one packet ends, nothing is taken for a packet that is none.
func TestGoldenCutAnywhere(t *testing.T) {
	for _, v := range Golden {
		if len(v.Packets) != 1 || v.Sent != nil {
			continue
		}
		command := v.Packets[0].Command()
		for n := 0; n < len(v.Raw); n += 1 + n/300 { // fewer of them in the longest
			got := decode(t, v.Accept, v.Raw[:n], 50)
			if command == wire.AQUE && n > 112 { // Padding on either side, or none
				require.NoError(t, got.err)
				require.Len(t, got.packets, 1)
				continue
			}
			require.Empty(t, got.packets)
			if n == 0 {
				require.NoError(t, got.err)
				continue
			}
			require.ErrorIs(t, got.err, wire.ErrCutShort)
			require.ErrorIs(t, got.err, io.ErrUnexpectedEOF)
			if n >= 4 {
				require.Equal(t, command, got.partial)
			}
		}
	}
}

func TestDecoderEndsWithItsFirstError(t *testing.T) {
	d := wire.NewDecoder(wire.Requests)
	d.Write(stream("LOGO", "?", rawSession[1:], "LOGO", rawSession))
	_, first := d.Next()
	require.ErrorIs(t, first, p2p.ErrID)
	d.Write(stream("LOGO", rawSession))
	for range 2 {
		p, err := d.Next()
		require.Nil(t, p)
		require.Same(t, first, err)
	}
	p, err := d.End()
	require.Nil(t, p)
	require.Same(t, first, err)
	requireSmall(t, d)
	require.Equal(t, wire.LOGO, d.Partial())
}

// A connection that becomes a link has other packets from the next one on, in the same piece, too.
func TestAccept(t *testing.T) {
	d := wire.NewDecoder(wire.Requests)
	d.Write(stream("LINK", "02", rawIPP, "03000", " ", "DONE", rawPktid, "C", "LOGO", rawSession))
	p, err := d.Next()
	require.NoError(t, err)
	require.Equal(t, &wire.Link{Version: 2, Endpoint: node}, p)
	d.Accept(wire.Links)
	p, err = d.Next()
	require.NoError(t, err)
	require.Equal(t, &wire.Done{ID: pktid, Complete: true}, p)
	_, err = d.Next()
	require.ErrorIs(t, err, wire.ErrUnknownCommand, "what came before is none any more")
}

// On a link an AQUE keeps the bytes of its name.
func TestAqueOnLink(t *testing.T) {
	name := "Perché \xff ж.txt"
	a := &wire.Aque{ID: pktid, Owner: node, File: md5, Name: p2p.FileName(name)}
	raw := a.AppendOnLink([]byte("before"))[len("before"):]
	require.Equal(t, string(stream("AQUE", rawPktid, rawIPP, "03000", rawMD5, right(100, name))), string(raw))
	got := decode(t, wire.Links, append(raw, a.AppendOnLink(nil)...), 50)
	require.NoError(t, got.err)
	require.Equal(t, packets(a, a), got.packets)
	require.NotEqual(t, raw, a.Append(nil))
	long := &wire.Aque{Name: p2p.FileName(strings.Repeat("é", 80))}
	require.Len(t, long.AppendOnLink(nil), 212)
}

func TestSize(t *testing.T) {
	for command, size := range sizes {
		if command == wire.RETR {
			size = 20 // the raw digest
		}
		require.Equal(t, size, command.Size(), command)
	}
	require.Equal(t, 27, wire.FILT.Size(), "without data")
	require.Equal(t, 22, wire.DELT.Size(), "without positions")
	require.Equal(t, 7, wire.AFIN.Size())
	require.Zero(t, wire.Command{'I', 'N', 'F', 'O'}.Size())
}

// What a link may be told of a filter in one packet has an end before anything is kept of it.
func TestLongestPackets(t *testing.T) {
	require.Len(t, (&wire.Filt{Data: make([]byte, 40_000)}).Append(nil), 32_795)
	positions := make([]uint32, 10_000)
	for _, d := range []*wire.Delt{{Set: positions}, {Clear: positions}, {Set: positions[:8000], Clear: positions}} {
		raw := d.Append(nil)
		require.Len(t, raw, 65_534)
		got := decode(t, wire.Links, raw, 1000)
		require.NoError(t, got.err)
	}
	d := wire.NewDecoder(wire.Links)
	d.Write(stream("DELT", "00000007", "99999", "99999"))
	_, err := d.Next()
	require.ErrorIs(t, err, wire.ErrMalformed)
	length, capacity := d.Held()
	require.Zero(t, length+capacity)
}

func TestWriteTooEarlyPanics(t *testing.T) {
	d := wire.NewDecoder(wire.Requests)
	d.Write(stream("LOGO", rawSession, "LOGO", rawSession))
	p, err := d.Next()
	require.NoError(t, err)
	require.NotNil(t, p)
	require.Panics(t, func() { d.Write([]byte("x")) })
}

func TestPartialFollowsTheStream(t *testing.T) {
	d := wire.NewDecoder(wire.Requests)
	require.Equal(t, wire.Command{}, d.Partial())
	for _, step := range []struct {
		piece string
		want  wire.Command
	}{
		{" ", wire.Command{}}, {"LOG", wire.Command{}}, {"O", wire.LOGO}, {rawSession[:8], wire.LOGO},
		{rawSession[8:], wire.Command{}}, {"RETR" + rawMD5[:31], wire.RETR}, {rawMD5[31:], wire.Command{}},
	} {
		d.Write([]byte(step.piece))
		for p, err := d.Next(); p != nil; p, err = d.Next() {
			require.NoError(t, err)
		}
		require.Equal(t, step.want, d.Partial())
	}
}

// The log gets one line of plain ASCII whatever bytes come.
func TestErrorsCanBeLogged(t *testing.T) {
	got := decode(t, wire.Requests, stream("LOGI", "\x1b[2J\n\u202e\xff"+right(46, ""), "03000"), 64)
	require.EqualError(t, got.err, `LOGI: IPP2P at byte 4 is "\x1b[2J\n\u202e\xff`+right(46, "")+
		`": not an IPv4 address in three-digit octets and an IPv6 address in full`)

	got = decode(t, wire.Requests, stream("ADFF", rawSession, rawMD5, right(100, "")), 64)
	var field *wire.FieldError
	require.ErrorAs(t, got.err, &field)
	require.Len(t, field.Bytes, 55, "no more than that is kept")

	got = decode(t, wire.Requests, []byte("\x00\x01\xfe\n"), 64)
	require.EqualError(t, got.err, `unknown command: "\x00\x01\xfe\n"`)
}

func TestReason(t *testing.T) {
	require.Equal(t, "", wire.Reason(nil))
	require.Equal(t, "other", wire.Reason(io.EOF))
	require.Equal(t, "refused", wire.Reason(fmt.Errorf("download: %w", &wire.Refusal{})))
	require.Equal(t, "cut_short", wire.Reason(fmt.Errorf("download: %w", wire.ErrCutShort)))
}

func TestCommandString(t *testing.T) {
	require.Equal(t, "none", wire.Command{}.String())
	require.Equal(t, "AFIN", wire.AFIN.String())
}

// What does not fit into its field cannot break the packet.
func TestAppendKeepsEveryWidth(t *testing.T) {
	long := p2p.FileName(strings.Repeat("é", 80))
	require.Equal(t, "ALGO999", string((&wire.Algo{Deleted: 1000}).Append(nil)))
	require.Equal(t, "ALGO000", string((&wire.Algo{Deleted: -1}).Append(nil)))
	require.Len(t, (&wire.Adff{Name: long}).Append(nil), 152)
	require.Len(t, (&wire.Adff{}).Append(nil), 152)
	require.Len(t, (&wire.Aque{Name: long}).Append(nil), 212)
	require.Len(t, (&wire.Aque{}).Append(nil), 212)
	require.Len(t, (&wire.Supe{TTL: 255}).Append(nil), 82)
	require.Equal(t, "NACK999"+strings.Repeat("é", 50), string((&wire.Nack{Code: 1000, Reason: string(long)}).Append(nil)))
	require.Equal(t, "PONG"+rawPktid+"000000000099999999999999999", string((&wire.Pong{
		ID: pktid, Uptime: -time.Hour, Sessions: 1e7, Files: 1e10,
	}).Append(nil)))
	only6 := must(p2p.ParseEndpoint("[2001:db8::1]:3000"))
	require.Equal(t, "LOGI000.000.000.000|2001:0db8:0000:0000:0000:0000:0000:000103000",
		string((&wire.Logi{Endpoint: only6}).Append(nil)))
}
