package tcp_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/port"
	"alakazaam/gateway/tcp"
)

func TestEcho(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	require.Equal(t, peer.LocalAddr().String(), c.Remote().String())
	peer.Write([]byte("before Attach"))
	c.Attach(p.pid)
	require.Equal(t, "before Attach", string(p.read(c, 13)))
	c.Send([]byte("answer"))
	got := make([]byte, 6)
	_, err := io.ReadFull(peer, got)
	require.NoError(t, err)
	require.Equal(t, "answer", string(got))
	c.Close()
	require.NoError(t, next[*port.Closed](p).Err)
	_, err = peer.Read(got)
	require.Equal(t, io.EOF, err)
	k.until("bytes are counted", func() bool {
		return k.counts.get("tcp_bytes_total in") == 13 && k.counts.get("tcp_bytes_total out") == 6
	})
}

func TestStreamInPieces(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	c.Attach(p.pid)
	sent := make([]byte, 3<<20)
	rand.Read(sent)
	go func() {
		for piece := range slices.Chunk(sent, 77_777) {
			peer.Write(piece)
		}
		peer.CloseWrite()
	}()
	require.True(t, bytes.Equal(sent, p.read(c, len(sent))))
	next[*port.Ended](p)
	c.Close()
	require.NoError(t, next[*port.Closed](p).Err)
}

// An owner that gives no chunk back is sent four, and then the other side gets stuck.
func TestBackPressure(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	c.Attach(p.pid)
	const total = 64 << 20 // more than any socket buffer
	wrote := make(chan int, 1)
	peer.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
	n, err := peer.Write(make([]byte, total))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.Less(t, n, total)
	require.Len(t, p.box, 4)
	peer.SetWriteDeadline(time.Now().Add(patience))
	go func() {
		m, _ := peer.Write(make([]byte, total-n))
		peer.CloseWrite()
		wrote <- m
	}()
	require.Len(t, p.read(c, total), total)
	require.Equal(t, total-n, <-wrote)
	next[*port.Ended](p)
}

func TestSlowReaderByQueue(t *testing.T) {
	k := newKit(t, tcp.Options{WriteQueue: 100_000})
	c, _, p := k.pair()
	c.Attach(p.pid)
	packet := make([]byte, 10_000)
	for len(p.box) == 0 {
		c.Send(packet)
	}
	require.Equal(t, port.ErrSlowReader, next[*port.Closed](p).Err)
	require.Equal(t, 1, k.counts.get("tcp_slow_readers_total"))
}

// What waits on all connections together is bounded, too: past it a slow reader may keep less waiting. Others do not
// notice, and when they have gone there is room again.
func TestSlowReadersTogether(t *testing.T) {
	k := newKit(t, tcp.Options{WriteQueues: 8 << 20, WriteQueue: 64 << 20})
	big := make([]byte, 20<<20) // more than sockets take
	first, _, p := k.pair()
	first.Attach(p.pid)
	first.Send(big) // one packet may always wait
	second, peer, q := k.pair()
	second.Attach(q.pid)
	second.Send([]byte("small"))
	require.Equal(t, "small", string(peek(t, peer, 5)), "whoever reads is served")
	require.NotZero(t, k.counts.get("tcp_queued_bytes"))
	first.Send(make([]byte, 128<<10))
	require.Equal(t, port.ErrSlowReader, next[*port.Closed](p).Err)
	k.until("nothing waits", func() bool { return k.counts.get("tcp_queued_bytes") == 0 })
	third, peer, r := k.pair()
	third.Attach(r.pid)
	third.Send(make([]byte, 7<<20))
	third.Send(make([]byte, 128<<10))
	require.Len(t, peek(t, peer, 7<<20+128<<10), 7<<20+128<<10)
	r.silent()
}

// peek reads n bytes.
func peek(t *testing.T, c net.Conn, n int) []byte {
	b := make([]byte, n)
	_, err := io.ReadFull(c, b)
	require.NoError(t, err)
	return b
}

func TestSlowReaderByTime(t *testing.T) {
	k := newKit(t, tcp.Options{WriteTimeout: 50 * time.Millisecond})
	c, _, p := k.pair()
	c.Attach(p.pid)
	c.Send(make([]byte, 32<<20)) // one packet may be longer than the queue
	require.Equal(t, port.ErrSlowReader, next[*port.Closed](p).Err)
}

// After a slow reader has caught up, its connection is as good as new, also past the deadline that the writer had set.
func TestSlowReaderRecovers(t *testing.T) {
	k := newKit(t, tcp.Options{WriteTimeout: 200 * time.Millisecond})
	c, peer, p := k.pair()
	c.Attach(p.pid)
	const big = 16 << 20
	c.Send(make([]byte, big))
	_, err := io.ReadFull(peer, make([]byte, big))
	require.NoError(t, err)
	<-time.After(250 * time.Millisecond)
	c.Send([]byte("more"))
	got := make([]byte, 4)
	_, err = io.ReadFull(peer, got)
	require.NoError(t, err)
	require.Equal(t, "more", string(got))
	p.silent()
}

// Whoever goes on sending after the end is not read for ever: with nothing left to be sent to it, and while it does not
// read what is.
func TestSendingAfterTheEnd(t *testing.T) {
	for name, queued := range map[string]int{"nothing queued": 0, "something queued": 16 << 20} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, tcp.Options{})
			c, peer, p := k.pair()
			c.Attach(p.pid)
			c.Send(make([]byte, queued))
			flood := make([]byte, 64<<10)
			sent := 0
			write := func() error {
				n, err := peer.Write(flood)
				sent += n
				return err
			}
			require.NoError(t, write())
			p.read(c, len(flood))
			require.NoError(t, write()) // so that there is something to read when it closes
			c.Close()
			for err := error(nil); err == nil; err = write() {
				require.Less(t, sent, 64<<20)
			}
			for over := false; !over; {
				select {
				case m := <-p.box: // there may be a chunk from before the end
					_, over = m.(*port.Closed)
				case <-time.After(patience):
					t.Fatal("the connection is not over")
				}
			}
			require.Less(t, k.counts.get("tcp_bytes_total in"), 8<<20)
		})
	}
}

// A rate that changes counts for the file that is under way.
func TestRateChanges(t *testing.T) {
	k := newKit(t, tcp.Options{UploadRate: 100 << 10})
	path := filepath.Join(t.TempDir(), "file")
	const length = 32 << 20
	require.NoError(t, os.WriteFile(path, make([]byte, length), 0o600))
	c, peer, p := k.pair()
	c.Attach(p.pid)
	c.SendFile(port.FileSend{Path: path, Length: length, Chunk: length, Header: func(dst []byte, _ int) []byte { return dst }})
	_, err := io.ReadFull(peer, make([]byte, 10<<10))
	require.NoError(t, err)
	k.SetRates(0, 0) // at the old rate it would take five minutes
	_, err = io.ReadFull(peer, make([]byte, length-10<<10))
	require.NoError(t, err)
	require.EqualValues(t, length, next[*port.FileSent](p).Bytes)
}

func TestOrderWhenQueued(t *testing.T) {
	k := newKit(t, tcp.Options{WriteQueue: 64 << 20})
	c, peer, p := k.pair()
	c.Attach(p.pid)
	var want []byte
	for i := range 20_000 {
		packet := bytes.Repeat([]byte{byte(i)}, 100+i%1000)
		want = append(want, packet...)
		c.Send(packet)
	}
	c.Close()
	got, err := io.ReadAll(peer)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
	require.NoError(t, next[*port.Closed](p).Err)
}

func TestHalfClose(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	c.Attach(p.pid)
	peer.Write([]byte("question"))
	peer.CloseWrite()
	p.read(c, 8)
	next[*port.Ended](p)
	c.Send([]byte("answer"))
	got := make([]byte, 6)
	_, err := io.ReadFull(peer, got)
	require.NoError(t, err)
	p.silent()
	c.Close()
	c.Close()
	require.NoError(t, next[*port.Closed](p).Err)
	c.Send([]byte("too late"))
	c.Abort()
	require.Zero(t, k.counts.get("tcp_connections"))
}

// A connection that is closed while the other side is still sending must not be answered with a reset, which could
// overtake the answer.
func TestCloseWhileTheOtherSends(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	peer.Write(make([]byte, 200_000))
	c.Send([]byte("no"))
	c.Close()
	c.Attach(p.pid)
	got, err := io.ReadAll(peer)
	require.NoError(t, err)
	require.Equal(t, "no", string(got))
	peer.Close()
	require.NoError(t, next[*port.Closed](p).Err)
}

func TestAbort(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	c.Attach(p.pid)
	c.Send(make([]byte, 32<<20))
	c.Abort()
	require.Error(t, next[*port.Closed](p).Err)
	_, err := io.Copy(io.Discard, peer)
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestReset(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	c.Attach(p.pid)
	peer.SetLinger(0)
	peer.Close()
	require.ErrorIs(t, next[*port.Closed](p).Err, syscall.ECONNRESET)
}

// What the other side said is delivered although it no longer takes answers.
func TestReadsOnAfterWritingFailed(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	said := make([]byte, 50_000)
	rand.Read(said)
	peer.Write(said)
	peer.Close() // what is sent now is answered with a reset
	k.until("sending fails", func() bool {
		before := k.counts.get("tcp_bytes_total out")
		c.Send([]byte("x"))
		return k.counts.get("tcp_bytes_total out") == before
	})
	c.Attach(p.pid)
	require.True(t, bytes.Equal(said, p.read(c, len(said))))
	require.Error(t, next[*port.Closed](p).Err)
}

func TestNeverAttached(t *testing.T) {
	k := newKit(t, tcp.Options{})
	at, accepted := k.listen(2)
	k.connect(at)
	k.connect(at)
	next[*port.Accepted](accepted).Conn.Close()
	next[*port.Accepted](accepted).Conn.Abort()
	k.until("both are gone", func() bool { return k.counts.get("tcp_connections") == 0 })
	k.connect(at)
	next[*port.Accepted](accepted)
}

func TestAttachAfterTheEnd(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, _, p := k.pair()
	c.Abort()
	k.until("it is gone", func() bool { return k.counts.get("tcp_connections") == 0 })
	p.silent()
	c.Attach(p.pid)
	require.Error(t, next[*port.Closed](p).Err)
}

// The owner died with chunks in its hands. The reader waits for them, and still goes when it is told to.
func TestUnconsumed(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	c.Attach(p.pid)
	go peer.Write(make([]byte, 64<<20))
	k.until("the window is full", func() bool { return len(p.box) == 4 })
	c.Abort()
	for range 4 {
		next[*port.Bytes](p)
	}
	require.Error(t, next[*port.Closed](p).Err)
}

func TestOrphans(t *testing.T) {
	k := newKit(t, tcp.Options{Orphans: 20 * time.Millisecond})
	_, unattached, _ := k.pair()
	c, dead, p := k.pair()
	kept, alive, q := k.pair()
	c.Attach(p.pid)
	kept.Attach(q.pid)
	require.NoError(t, k.system.Root.StopFuture(p.pid).Wait())
	for _, peer := range []*net.TCPConn{unattached, dead} {
		_, err := peer.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
	}
	require.Equal(t, 2, k.counts.get("tcp_orphans_total"))
	alive.Write([]byte("x"))
	require.Len(t, q.read(kept, 1), 1)
}

func TestHandOver(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	heir := k.probe()
	c.Attach(p.pid)
	peer.Write([]byte("one"))
	p.read(c, 3)
	c.Attach(heir.pid)
	peer.Write([]byte("two"))
	heir.read(c, 3)
	c.Close()
	require.NoError(t, next[*port.Closed](heir).Err)
	p.silent()
}

func TestMetricsAreOptional(t *testing.T) {
	system := quietSystem()
	defer system.Shutdown()
	tr := tcp.NewTransport(system, tcp.Options{})
	require.NoError(t, tr.Close(t.Context()))
	require.NoError(t, tr.Close(t.Context()))
	_, err := tr.Listen(anyPort, 0, nil)
	require.ErrorIs(t, err, net.ErrClosed)
}
