package toxic_test

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/port"
)

// raw takes so many bytes as they are for a file.
type raw struct{ left int64 }

func (r *raw) Next(b []byte) (payload []byte, used int, done bool, err error) {
	n := min(int64(len(b)), r.left)
	r.left -= n
	return b[:n], int(n), r.left == 0, nil
}
func (r *raw) Expected() int64 { return -1 }
func (r *raw) End() error      { return errors.New("cut") }

func fileOf(n int64) port.FileSend {
	return port.FileSend{Path: "f", Length: n, Chunk: 1000, Header: func(b []byte, _ int) []byte { return b }}
}

// TestFilesSent: a file waits behind what was sent before it, and passes, is swallowed or cut as a whole.
func TestFilesSent(t *testing.T) {
	for _, test := range []struct {
		rules      string
		far        int      // bytes that arrive, of "head" and a file of 1000
		near       []string // what its owner hears within a minute
		afterAbort []string
	}{
		{"[]", 1004, []string{"sent 1000 <nil> @1ms"}, []string{"closed <nil> @1m0s"}},
		{rule("latency", ", attributes: {latency: 1s}"), 1004, []string{"sent 1000 <nil> @1.001s"}, []string{"closed <nil> @1m0s"}},
		{rule("bandwidth", ", attributes: {rate: 100B}"), 1004, []string{"sent 1000 <nil> @10.041s"}, []string{"closed <nil> @1m0s"}},
		{rule("slicer", ", attributes: {average_size: 1}"), 1004, []string{"sent 1000 <nil> @1ms"}, []string{"closed <nil> @1m0s"}},
		{rule("bit_flip", ", addresses: [10.0.0.2], attributes: {bytes: 1000}"), 1004, []string{"sent 1000 <nil> @1ms"}, []string{"closed <nil> @1m0s"}},
		{rule("limit_data", ", attributes: {bytes: 504}"), 504, []string{"sent 500 cut off by a fault @1ms", "closed cut off by a fault @1ms"}, nil},
		{rule("timeout", ""), 0, nil, []string{"sent 0 cut off by a fault @1m0s", "closed <nil> @1m0s"}},
		{rule("truncate", ", attributes: {bytes: 504}"), 4, nil, []string{"sent 0 cut off by a fault @1m0s", "closed <nil> @1m0s"}},
	} {
		t.Run(test.rules, func(t *testing.T) {
			r := newRig(t, test.rules).connect()
			r.net.Files["f"] = make([]byte, 1000)
			r.near.conn.Send([]byte("head"))
			r.near.conn.SendFile(fileOf(1000))
			r.sim.Run(time.Minute)
			require.Len(t, r.far.bytes, test.far)
			r.near.hears(test.near...)
			r.near.conn.Abort()
			r.sim.Run(time.Second)
			r.near.hears(test.afterAbort...)
		})
	}
}

// TestFilesReceived: the reports of a file that comes in pass as what they report would, and there is one FileReceived in
// any case.
func TestFilesReceived(t *testing.T) {
	for _, test := range []struct {
		rules string
		near  []string
	}{
		{"[]", []string{"progress 1000 @1ms", "received 2000 <nil> @1ms", "closed <nil> @1m0s"}},
		{rule("latency", ", attributes: {latency: 1s}"), []string{"progress 1000 @1.001s", "received 2000 <nil> @1.001s", "closed <nil> @1m0s"}},
		{rule("bandwidth", ", attributes: {rate: 100B}"), []string{"progress 1000 @10.001s", "received 2000 <nil> @20.001s", "closed <nil> @1m0s"}},
		{rule("limit_data", ", attributes: {bytes: 1500}"), []string{
			"progress 1000 @1ms", "received 1000 unexpected EOF @1ms", "closed cut off by a fault @1ms"}},
		{rule("timeout", ", attributes: {timeout: 3s}"), []string{"received 1000 unexpected EOF @2.992s", "closed timed out by a fault @2.992s"}},
		{rule("half_open", ""), []string{"received 1000 unexpected EOF @1m0s", "closed <nil> @1m0s"}},
	} {
		t.Run(test.rules, func(t *testing.T) {
			r := newRig(t, test.rules)
			r.near.receive = &port.FileReceive{Path: "g", Frames: &raw{2000}}
			_, err := r.hosts[1].Listen(there, 0, r.far.pid)
			require.NoError(t, err)
			r.hosts[0].Dial([]netip.AddrPort{there}, 5*time.Second, r.near.pid)
			r.sim.Run(10 * time.Millisecond)
			r.near.heard = nil
			r.far.conn.Send(bytes.Repeat([]byte("a"), 1000))
			r.far.conn.Send(bytes.Repeat([]byte("b"), 1000))
			r.sim.Run(time.Minute)
			r.near.conn.Abort()
			r.sim.Run(time.Second)
			r.near.hears(test.near...)
		})
	}
}
