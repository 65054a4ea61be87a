package bench

import (
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkLogin is what a login takes of 64 peers at once at a bare server in this process: how much load a machine can
// make, and its server take.
func BenchmarkLogin(b *testing.B) {
	for name, kept := range map[string]bool{"connection each": false, "kept": true} {
		b.Run(name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(b, err)
			defer l.Close()
			go serveBare(l, BareSpec{Operation: Login, Kept: kept}, "")
			o := Options{
				Target: l.Addr().(*net.TCPAddr).AddrPort(), Kept: kept, Peers: 64, Timeout: time.Minute,
				Sources: Sources{netip.MustParsePrefix("127.0.0.1/32")},
			}
			c, err := newCrew(&o, &network{dial: dialTCP, timeout: o.Timeout})
			require.NoError(b, err)
			defer c.close()
			var clients atomic.Int64
			b.SetParallelism(32) // for each processor
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				peer := int(clients.Add(1)-1) % o.Peers
				for pb.Next() {
					if res := c.do(b.Context(), request{op: Login, peer: peer}); res.err != nil {
						b.Error(res.err)
					}
				}
			})
		})
	}
}
