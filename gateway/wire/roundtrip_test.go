package wire_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
	"alakazaam/gateway/wire"
)

// Generators of every value that a field can have.
var (
	anySeed    = rapid.Map(rapid.Uint64(), func(s uint64) rand.Source { return rand.NewPCG(s, 0) })
	anyPktid   = rapid.Map(anySeed, p2p.NewPacketID)
	anySession = rapid.OneOf(rapid.Map(anySeed, p2p.NewSessionID), rapid.Just(refused))
	anyTTL     = rapid.Map(rapid.IntRange(0, int(p2p.MaxTTL)), func(n int) p2p.TTL { return p2p.TTL(n) })
	anyFile    = rapid.Custom(func(t *rapid.T) (id p2p.FileID) {
		copy(id[:], rapid.SliceOfN(rapid.Byte(), len(id), len(id)).Draw(t, "MD5"))
		return id
	})
	anyString = rapid.OneOf(
		rapid.String(),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		rapid.StringOfN(rapid.RuneFrom([]rune("aé ½.ß漢\u0301\x00")), 1, 150, -1),
	)
	anyName = rapid.Custom(func(t *rapid.T) p2p.FileName {
		name, err := p2p.NewFileName(anyString.Draw(t, "name"))
		if err != nil {
			return "x"
		}
		return name
	})
	anyText = rapid.Custom(func(t *rapid.T) p2p.SearchText {
		return search(p2p.CutText(strings.Trim(anyString.Draw(t, "text"), " "), p2p.TextLen))
	})
	anyUptime   = rapid.Map(rapid.IntRange(0, 9_223_372_036), func(s int) time.Duration { return time.Duration(s) * time.Second })
	anyEight    = rapid.Uint32Range(0, 99_999_999)
	anyEndpoint = rapid.Custom(func(t *rapid.T) p2p.Endpoint {
		v4 := netip.AddrFrom4([4]byte{
			rapid.ByteRange(1, 223).Draw(t, "a"), rapid.Byte().Draw(t, "b"), rapid.Byte().Draw(t, "c"), rapid.Byte().Draw(t, "d"),
		})
		var v6 netip.Addr
		if rapid.Bool().Draw(t, "has IPv6") {
			a := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "v6"))
			a[0] &^= 0xc0 // not multicast
			a[0] |= 0x20  // not unspecified
			v6 = netip.AddrFrom16(a)
		}
		return must(p2p.NewEndpoint(v4, v6, rapid.Uint16Range(1, 65535).Draw(t, "port")))
	})
)

// generators make any packet of each kind.
var generators = []*rapid.Generator[wire.Packet]{
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Supe{ID: anyPktid.Draw(t, "id"), Origin: anyEndpoint.Draw(t, "origin"), TTL: anyTTL.Draw(t, "ttl")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Asup{ID: anyPktid.Draw(t, "id"), Supernode: anyEndpoint.Draw(t, "supernode")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Logi{Endpoint: anyEndpoint.Draw(t, "endpoint")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Algi{Session: anySession.Draw(t, "session")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Adff{Session: anySession.Draw(t, "session"), File: anyFile.Draw(t, "file"), Name: anyName.Draw(t, "name")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Deff{Session: anySession.Draw(t, "session"), File: anyFile.Draw(t, "file")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Logo{Session: anySession.Draw(t, "session")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Algo{Deleted: rapid.IntRange(0, 999).Draw(t, "deleted")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Quer{
			ID: anyPktid.Draw(t, "id"), Origin: anyEndpoint.Draw(t, "origin"), TTL: anyTTL.Draw(t, "ttl"), Text: anyText.Draw(t, "text"),
		}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Aque{
			ID: anyPktid.Draw(t, "id"), Owner: anyEndpoint.Draw(t, "owner"), File: anyFile.Draw(t, "file"), Name: anyName.Draw(t, "name"),
		}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Find{Session: anySession.Draw(t, "session"), Text: anyText.Draw(t, "text")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		var a wire.Afin
		for range rapid.IntRange(0, 4).Draw(t, "entries") {
			e := wire.AfinEntry{File: anyFile.Draw(t, "file"), Name: anyName.Draw(t, "name")}
			for range rapid.IntRange(0, 4).Draw(t, "copies") {
				e.Copies = append(e.Copies, anyEndpoint.Draw(t, "copy"))
			}
			a.Entries = append(a.Entries, e)
		}
		return &a
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Retr{File: anyFile.Draw(t, "file")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Link{Version: rapid.IntRange(0, 99).Draw(t, "version"), Endpoint: anyEndpoint.Draw(t, "endpoint")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Alnk{
			Version: rapid.IntRange(0, 99).Draw(t, "version"), Endpoint: anyEndpoint.Draw(t, "endpoint"), Uptime: anyUptime.Draw(t, "uptime"),
		}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Ping{ID: anyPktid.Draw(t, "id")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Pong{
			ID: anyPktid.Draw(t, "id"), Uptime: anyUptime.Draw(t, "uptime"),
			Sessions: rapid.IntRange(0, 9_999_999).Draw(t, "sessions"), Files: rapid.IntRange(0, 9_999_999_999).Draw(t, "files"),
		}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Done{ID: anyPktid.Draw(t, "id"), Complete: rapid.Bool().Draw(t, "complete")}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		reason := anyString.Draw(t, "reason")
		reason = strings.Trim(reason[:min(len(reason), 100)], " ")
		return &wire.Nack{Code: rapid.IntRange(0, 999).Draw(t, "code"), Reason: reason}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Filt{
			Generation: anyEight.Draw(t, "generation"), LogBits: rapid.IntRange(0, 99).Draw(t, "bits"),
			Offset: int(anyEight.Draw(t, "offset")), Data: noneIsNil(rapid.SliceOf(rapid.Byte()).Draw(t, "data")),
		}
	}),
	rapid.Custom(func(t *rapid.T) wire.Packet {
		return &wire.Delt{
			Generation: anyEight.Draw(t, "generation"),
			Set:        noneIsNil(rapid.SliceOf(anyEight).Draw(t, "set")), Clear: noneIsNil(rapid.SliceOf(anyEight).Draw(t, "clear")),
		}
	}),
}

func noneIsNil[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

// sizes are those of the tables. AFIN, FILT and DELT have none.
var sizes = map[wire.Command]int{
	wire.SUPE: 82, wire.ASUP: 80, wire.LOGI: 64, wire.ALGI: 20, wire.ADFF: 152, wire.DEFF: 52, wire.LOGO: 20, wire.ALGO: 7,
	wire.QUER: 102, wire.AQUE: 212, wire.FIND: 40, wire.RETR: 36,
	wire.LINK: 66, wire.ALNK: 76, wire.PING: 20, wire.PONG: 47, wire.DONE: 21, wire.NACK: 107,
}

// Whatever is sent arrives as it was meant, wherever the stream is cut, in the size of the tables.
func TestRoundTrip(t *testing.T) {
	for _, g := range generators {
		t.Run(fmt.Sprintf("%T", g.Example(0)), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := g.Draw(t, "packet")
				raw := p.Append(nil)
				if size := sizes[p.Command()]; size > 0 {
					require.Len(t, raw, size)
				}
				if a, folds := p.(*wire.Aque); folds {
					a.Name = text.ASCIIName(a.Name)
				}
				raw = append(raw, strings.Repeat(" ", rapid.IntRange(0, 3).Draw(t, "spaces"))...)
				raw = p.Append(raw)
				got := decode(t, everything, raw, rapid.IntRange(1, len(raw)).Draw(t, "piece"))
				require.NoError(t, got.err)
				require.Equal(t, []wire.Packet{p, p}, got.packets)
			})
		})
	}
}
