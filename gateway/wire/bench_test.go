package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/gateway/wire"
)

// firsts are the first golden vectors of each command: the plain packets.
func firsts() (out []Vector) {
	seen := map[wire.Command]bool{}
	for _, v := range Golden {
		if len(v.Packets) == 1 && !seen[v.Packets[0].Command()] {
			seen[v.Packets[0].Command()] = true
			out = append(out, v)
		}
	}
	return out
}

func BenchmarkDecode(b *testing.B) {
	for _, v := range firsts() {
		b.Run(v.Packets[0].Command().String(), func(b *testing.B) {
			d := wire.NewDecoder(v.Accept)
			b.SetBytes(int64(len(v.Raw)))
			b.ReportAllocs()
			for b.Loop() {
				d.Write(v.Raw)
				if p, err := d.Next(); p == nil || err != nil {
					b.Fatal(p, err)
				}
				if p, err := d.Next(); p != nil || err != nil {
					b.Fatal(p, err)
				}
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, v := range firsts() {
		b.Run(v.Packets[0].Command().String(), func(b *testing.B) {
			buf := make([]byte, 0, 1024)
			b.SetBytes(int64(len(v.Raw)))
			b.ReportAllocs()
			for b.Loop() {
				buf = v.Packets[0].Append(buf[:0])
			}
		})
	}
}

// BenchmarkDecodeStream reads ADFFs behind each other in pieces of 16 KiB, as a peer's catalog comes.
func BenchmarkDecodeStream(b *testing.B) {
	const packets = 10_000
	one := firsts()[4].Packets[0].Append(nil)
	raw := make([]byte, 0, packets*len(one))
	for range packets {
		raw = append(raw, one...)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		count := 0
		d := wire.NewDecoder(wire.Requests)
		for rest := raw; len(rest) > 0; {
			n := min(len(rest), 16<<10)
			d.Write(rest[:n])
			rest = rest[n:]
			for p, _ := d.Next(); p != nil; p, _ = d.Next() {
				count++
			}
		}
		if count != packets {
			b.Fatal(count)
		}
	}
	b.ReportMetric(float64(b.N)*packets/b.Elapsed().Seconds(), "packets/s")
}

// The packets that come most cost one allocation for the packet, and one for a name or a search text.
func TestDecodeAllocations(t *testing.T) {
	most := map[wire.Command]float64{
		wire.SUPE: 1, wire.ASUP: 1, wire.LOGI: 1, wire.DEFF: 1, wire.LOGO: 1, wire.RETR: 1, wire.ALGI: 1, wire.ALGO: 1,
		wire.ADFF: 2, wire.AQUE: 2, wire.QUER: 2, wire.FIND: 2,
		wire.LINK: 1, wire.ALNK: 1, wire.PING: 1, wire.PONG: 1, wire.DONE: 1, wire.NACK: 2, wire.FILT: 2, wire.DELT: 3,
	}
	for _, v := range firsts() {
		limit, limited := most[v.Packets[0].Command()]
		if !limited {
			continue
		}
		d := wire.NewDecoder(v.Accept)
		got := testing.AllocsPerRun(100, func() {
			d.Write(v.Raw)
			_, _ = d.Next()
			_, _ = d.Next()
		})
		require.LessOrEqual(t, got, limit, v.Name)
		buf := make([]byte, 0, 1024)
		require.Zero(t, testing.AllocsPerRun(100, func() { buf = v.Packets[0].Append(buf[:0]) }), v.Name)
	}
}
