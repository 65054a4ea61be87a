package pipes_test

import (
	"crypto/md5"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/cmd/alakalab/pipes"
)

// latency is what every piece takes.
const latency = 10 * time.Millisecond

var (
	here  = netip.MustParseAddr("10.0.0.1")
	there = netip.MustParseAddr("10.0.0.2")
	door  = netip.AddrPortFrom(there, 3000)
)

// kit is a network with two hosts. What its functions say is guarded by the lock.
type kit struct {
	*testing.T
	sync.Mutex
	*pipes.Net
	system                *actor.ActorSystem
	down                  bool
	sent, arrived, closed int
}

// inBubble runs a test in a bubble, and sees to it that nothing is left of the network.
func inBubble(t *testing.T, test func(*kit)) {
	synctest.Test(t, func(t *testing.T) {
		silent := logrus.New()
		silent.SetOutput(io.Discard)
		k := &kit{T: t, system: props.NewSystem(silent)}
		k.Net = pipes.New(pipes.Options{
			Root: k.system.Root, Lock: k,
			Transit:  func(_, _ netip.Addr, bytes int) time.Duration { return latency + time.Duration(bytes/100)*time.Second },
			Sent:     func(_, _ netip.AddrPort, data []byte) { k.sent += len(data) },
			Arrived:  func(_, _ netip.AddrPort, data []byte) { k.arrived += len(data) },
			Closed:   func(_, _ netip.AddrPort) { k.closed++ },
			Down:     func(_, _ netip.Addr) bool { return k.down },
			Change:   func(_, _ netip.AddrPort, data []byte) []byte { return data },
			Read:     func(path string) ([]byte, bool) { return []byte("content of " + path), path != "none" },
			Sum:      func(b []byte) p2p.FileID { return md5.Sum(b) },
			Patience: 30 * time.Second, WriteQueue: 1000,
		})
		test(k)
		k.Crash(here)
		k.Crash(there)
		time.Sleep(time.Hour)
	})
}

func (k *kit) cut(down bool) {
	k.Lock()
	defer k.Unlock()
	k.down = down
}

// probe is an actor that keeps what it gets.
type probe struct {
	pid *actor.PID
	mu  sync.Mutex
	got []any
	at  []time.Duration
}

func (k *kit) probe() *probe {
	p, began := &probe{}, time.Now()
	p.pid = k.system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case actor.SystemMessage, actor.AutoReceiveMessage:
		default:
			p.mu.Lock()
			defer p.mu.Unlock()
			p.got, p.at = append(p.got, m), append(p.at, time.Since(began))
		}
	}))
	return p
}

// after is what a probe has got when some time has passed.
func (p *probe) after(d time.Duration) []any {
	time.Sleep(d)
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.got
	p.got = nil
	return got
}

// side is one end of a connection.
type side struct {
	port.Conn
	*probe
}

// connect opens a connection with a probe at each end, which is not attached.
func (k *kit) connect() (dialer, accepted side) {
	k.Helper()
	dialer.probe, accepted.probe = k.probe(), k.probe()
	l, err := k.Host(there).Listen(door, 0, accepted.pid)
	require.NoError(k, err)
	defer l.Close()
	k.Host(here).Dial([]netip.AddrPort{door}, time.Second, dialer.pid)
	got := dialer.after(2 * latency)
	require.Len(k, got, 1)
	dialer.Conn = got[0].(*port.Dialed).Conn
	accepted.Conn = accepted.after(0)[0].(*port.Accepted).Conn
	return dialer, accepted
}

func (k *kit) attached() (dialer, accepted side) {
	dialer, accepted = k.connect()
	dialer.Attach(dialer.pid)
	accepted.Attach(accepted.pid)
	return dialer, accepted
}

func TestOrder(t *testing.T) {
	inBubble(t, func(k *kit) {
		a, b := k.connect()
		require.Equal(t, door, a.Remote())
		require.Equal(t, here, b.Remote().Addr())
		a.Send(make([]byte, 150)) // which takes a second more
		a.Send([]byte("two"))
		require.Equal(t, 153, a.Queued())
		b.Attach(b.pid)
		require.Empty(t, b.after(time.Second))
		got := b.after(latency)
		require.Equal(t, []any{&port.Bytes{Data: make([]byte, 150)}, &port.Bytes{Data: []byte("two")}}, got, "nothing overtakes")
		for _, m := range got {
			b.Consumed(m.(*port.Bytes))
		}
		require.Zero(t, a.Queued())
		k.Lock()
		require.Equal(t, []int{153, 153}, []int{k.sent, k.arrived})
		k.Unlock()
		a.Attach(a.pid)
		a.Close()
		require.Equal(t, []any{&port.Closed{}}, a.after(0))
		require.Equal(t, []any{&port.Ended{}}, b.after(latency))
		b.Send([]byte("nobody reads it"))
		b.Close()
		b.Close()
		require.Equal(t, []any{&port.Closed{}}, b.after(latency))
		require.Empty(t, a.after(latency))
		k.Lock()
		require.Equal(t, 2, k.closed)
		k.Unlock()
	})
}

func TestBackPressure(t *testing.T) {
	inBubble(t, func(k *kit) {
		a, b := k.attached()
		for range 6 {
			a.Send([]byte("."))
		}
		got := b.after(latency)
		require.Len(t, got, 4)
		b.Consumed(got[0].(*port.Bytes))
		require.Len(t, b.after(0), 1)
		a.Send(make([]byte, 996)) // 1001 wait
		require.Equal(t, []any{&port.Closed{Err: port.ErrSlowReader}}, a.after(0))

		a, _ = k.attached()
		a.Send(make([]byte, 5000)) // alone, it may be longer
		require.Empty(t, a.after(0))
	})
}

func TestReset(t *testing.T) {
	inBubble(t, func(k *kit) {
		a, b := k.attached()
		a.Abort()
		require.Equal(t, []any{&port.Closed{}}, a.after(0))
		require.Equal(t, []any{&port.Closed{Err: pipes.ErrReset}}, b.after(latency))

		old := k.Host(there)
		a, b = k.attached()
		k.Crash(there)
		require.Equal(t, []any{&port.Closed{Err: pipes.ErrReset}}, a.after(latency))
		require.Empty(t, b.after(time.Minute), "it is dead")
		_, err := old.Listen(door, 0, b.pid)
		require.ErrorIs(t, err, pipes.ErrReset)
		old.Dial([]netip.AddrPort{door}, time.Second, b.pid)
		require.ErrorIs(t, b.after(time.Second)[0].(*port.Dialed).Err, pipes.ErrReset)

		a, b = k.connect()
		a.Abort()
		require.Empty(t, b.after(time.Minute))
		b.Attach(b.pid)
		require.Equal(t, []any{&port.Closed{Err: pipes.ErrReset}}, b.after(0), "who comes late hears it too")
	})
}

func TestDials(t *testing.T) {
	inBubble(t, func(k *kit) {
		p, owner := k.probe(), k.probe()
		dial := func() { k.Host(here).Dial([]netip.AddrPort{door}, 5*time.Second, p.pid) }
		dial()
		require.ErrorIs(t, p.after(2 * latency)[0].(*port.Dialed).Err, port.ErrRefused)

		l, err := k.Host(there).Listen(door, 1, owner.pid)
		require.NoError(t, err)
		require.Equal(t, door, l.Addr())
		_, err = k.Host(there).Listen(door, 1, owner.pid)
		require.ErrorIs(t, err, pipes.ErrInUse)
		dial()
		first := p.after(2 * latency)[0].(*port.Dialed)
		require.NoError(t, first.Err)
		dial() // there is no room
		require.Empty(t, p.after(2*time.Second))
		first.Conn.Abort()
		owner.after(0)[0].(*port.Accepted).Conn.Abort()
		require.NoError(t, p.after(2 * time.Second)[0].(*port.Dialed).Err)
		owner.after(0)[0].(*port.Accepted).Conn.Abort()

		k.cut(true)
		dial()
		require.Empty(t, p.after(5*time.Second-time.Millisecond))
		require.ErrorIs(t, p.after(time.Millisecond)[0].(*port.Dialed).Err, pipes.ErrTimeout)
		dial()
		require.Empty(t, p.after(500*time.Millisecond))
		k.cut(false)
		require.NoError(t, p.after(2 * time.Second)[0].(*port.Dialed).Err, "it was sent again")
	})
}

// TestKeptBack: what does not come through is sent again, until the sender gives up.
func TestKeptBack(t *testing.T) {
	inBubble(t, func(k *kit) {
		a, b := k.attached()
		k.cut(true)
		a.Send([]byte("x"))
		require.Empty(t, b.after(2500*time.Millisecond))
		k.cut(false)
		require.Len(t, b.after(time.Second), 1, "after one second and after two more")
		k.cut(true)
		a.Send([]byte("y"))
		require.Empty(t, a.after(30*time.Second))
		require.Equal(t, []any{&port.Closed{Err: pipes.ErrTimeout}}, a.after(31*time.Second))
		require.Empty(t, b.after(0), "it knows of nothing")
		b.Send([]byte("z"))
		k.cut(false)
		require.Empty(t, a.after(time.Minute))
	})
}

// frame is a framing for tests: the whole stream is the payload, up to a dot.
type frame struct{}

func (frame) Next(b []byte) ([]byte, int, bool, error) { return b, len(b), b[len(b)-1] == '.', nil }
func (frame) Expected() int64                          { return -1 }
func (frame) End() error                               { return nil }

func header(dst []byte, n int) []byte { return append(dst, byte('0'+n)) }

func TestFiles(t *testing.T) {
	inBubble(t, func(k *kit) {
		a, b := k.connect()
		b.ReceiveFile(port.FileReceive{Path: "kept", Frames: frame{}})
		a.Attach(a.pid)
		b.Attach(b.pid)
		a.SendFile(port.FileSend{Path: "none", Length: 1, Chunk: 1, Header: header})
		require.Error(t, a.after(0)[0].(*port.FileSent).Err)
		a.SendFile(port.FileSend{Path: "me", Offset: 1, Length: 9, Head: []byte("H"), Chunk: 5, Header: header})
		require.Equal(t, []any{&port.FileSent{Bytes: 9}}, a.after(latency))
		require.Equal(t, []any{&port.FileProgress{Bytes: 12, Expected: -1}}, b.after(0))
		a.Send([]byte("."))
		text := "H5onten4t of."
		require.Equal(t, []any{&port.FileReceived{Bytes: 13, File: md5.Sum([]byte(text))}}, b.after(latency))
		require.Equal(t, []byte(text), k.Take("kept"))
		require.Empty(t, k.Take("kept"))

		a, b = k.connect()
		b.ReceiveFile(port.FileReceive{Path: "cut", Frames: frame{}, Limit: 3})
		b.Attach(b.pid)
		a.Send([]byte("abcd"))
		require.ErrorContains(t, b.after(latency)[0].(*port.FileReceived).Err, "longer than 3 bytes")

		a, b = k.connect()
		b.ReceiveFile(port.FileReceive{Path: "cut", Frames: frame{}})
		a.Attach(a.pid)
		b.Attach(b.pid)
		a.SendFile(port.FileSend{Path: "me", Length: 1, Chunk: 1, Header: header})
		a.Abort()
		require.Equal(t, []any{&port.FileSent{Err: net.ErrClosed}, &port.Closed{}}, a.after(0))
		got := b.after(latency)
		require.Len(t, got, 2)
		require.ErrorIs(t, got[0].(*port.FileReceived).Err, io.ErrUnexpectedEOF)
		require.Equal(t, &port.Closed{Err: pipes.ErrReset}, got[1])
		a.SendFile(port.FileSend{Path: "me", Length: 1, Chunk: 1, Header: header})
		require.Empty(t, a.after(time.Minute), "Closed is the last message")
	})
}
