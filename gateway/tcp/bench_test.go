package tcp_test

import (
	"context"
	"crypto/md5"
	"github.com/stretchr/testify/require"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"golang.org/x/sys/unix"

	"alakazaam/actors/port"
	"alakazaam/gateway/tcp"
)

var (
	loginPacket = make([]byte, 64)
	loginAnswer = make([]byte, 20)
)

// bareServer reads 64 bytes, writes 20 and closes, or goes on where the connections are kept.
func bareServer(b *testing.B, keep bool) string {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := make([]byte, len(loginPacket))
				for once := true; once || keep; once = false {
					if _, err := io.ReadFull(c, in); err != nil {
						return
					}
					if _, err := c.Write(loginAnswer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// loginActor does the same as a connection's owner.
type loginActor struct {
	conn port.Conn
	keep bool
	have int
}

func (a *loginActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		a.conn.Attach(ctx.Self())
	case *port.Bytes:
		a.have += len(m.Data)
		a.conn.Consumed(m)
		for ; a.have >= len(loginPacket); a.have -= len(loginPacket) {
			a.conn.Send(loginAnswer)
			if !a.keep {
				a.conn.Close()
			}
		}
	case *port.Ended:
		a.conn.Close()
	case *port.Closed:
		ctx.Stop(ctx.Self())
	}
}

// actorServer is the transport with an actor a connection.
func actorServer(b *testing.B, keep bool, d actor.Dispatcher) string {
	system := quietSystem()
	t := tcp.NewTransport(system, tcp.Options{})
	mailbox := actor.WithMailbox(actor.UnboundedLockfree())
	owner := system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*port.Accepted); ok {
			ctx.Spawn(actor.PropsFromProducer(func() actor.Actor { return &loginActor{conn: m.Conn, keep: keep} },
				mailbox, actor.WithDispatcher(d)))
		}
	}, actor.WithDispatcher(d)))
	l, err := t.Listen(netip.MustParseAddrPort("127.0.0.1:0"), 0, owner)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		t.Close(ctx)
		system.Root.StopFuture(owner).Wait()
		system.Shutdown()
	})
	return l.Addr().String()
}

// logins makes n logins by 64 clients at once and says how long that took.
func logins(b *testing.B, at string, n int, keep bool) time.Duration {
	var clients sync.WaitGroup
	begin := time.Now()
	for i := range 64 {
		share := n / 64
		if i < n%64 {
			share++
		}
		clients.Go(func() {
			answer := make([]byte, len(loginAnswer))
			var c net.Conn
			for ; share > 0; share-- {
				if c == nil {
					var err error
					if c, err = net.Dial("tcp4", at); err != nil {
						b.Error(err)
						return
					}
				}
				c.Write(loginPacket)
				if _, err := io.ReadFull(c, answer); err != nil {
					b.Error(err)
					return
				}
				if !keep {
					c.Close()
					c = nil
				}
			}
			if c != nil {
				c.Close()
			}
		})
	}
	clients.Wait()
	return time.Since(begin)
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchmarkLogin compares servers in turns, so that what else the machine does hits both.
func benchmarkLogin(b *testing.B, keep bool) {
	b.Run("framework", func(b *testing.B) { benchmarkLoginBy(b, keep, actor.NewDefaultDispatcher(300)) })
	b.Run("workers", func(b *testing.B) {
		w := tcp.NewWorkers()
		defer w.Close()
		benchmarkLoginBy(b, keep, w)
	})
}

func benchmarkLoginBy(b *testing.B, keep bool, d actor.Dispatcher) {
	bare, ours := bareServer(b, keep), actorServer(b, keep, d)
	round := 2000
	if keep {
		round = 20000
	}
	var bareTime, ourTime, bareCPU, ourCPU time.Duration
	done := 0
	for b.Loop() {
		begin := cpuTime(b)
		bareTime += logins(b, bare, round, keep)
		between := cpuTime(b)
		ourTime += logins(b, ours, round, keep)
		bareCPU += between - begin
		ourCPU += cpuTime(b) - between
		done += round
	}
	b.ReportMetric(float64(done)/ourTime.Seconds(), "logins/s")
	b.ReportMetric(float64(done)/bareTime.Seconds(), "bare/s")
	b.ReportMetric(bareTime.Seconds()/ourTime.Seconds(), "ratio")
	b.ReportMetric(bareCPU.Seconds()/ourCPU.Seconds(), "cpu-ratio")
}

// BenchmarkLogin is 64 bytes in and 20 out on a connection each, 64 at once, beside a bare server.
func BenchmarkLogin(b *testing.B) { benchmarkLogin(b, false) }

// BenchmarkLoginKept is the same on connections that stay.
func BenchmarkLoginKept(b *testing.B) { benchmarkLogin(b, true) }

// benchLength is the length of the files that are sent and received.
const benchLength = 256 << 20

// bareFileServer sends the file with sendfile to whoever connects.
func bareFileServer(b *testing.B, path string) string {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			file, err := os.Open(path)
			if err == nil {
				io.Copy(c, file)
				file.Close()
			}
			c.Close()
		}
	}()
	return l.Addr().String()
}

// fileServer sends the file framed.
func fileServer(b *testing.B, path string, chunk int) string {
	system := quietSystem()
	t := tcp.NewTransport(system, tcp.Options{})
	owner := system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*port.Accepted); ok {
			m.Conn.SendFile(port.FileSend{Path: path, Length: benchLength, Chunk: chunk, Header: appendHeader})
			m.Conn.Close()
		}
	}))
	l, err := t.Listen(anyPort, 0, owner)
	require.NoError(b, err)
	b.Cleanup(func() {
		require.NoError(b, t.Close(context.Background()))
		system.Shutdown()
	})
	return l.Addr().String()
}

// appendHeader is a chunk header as the protocol has it.
func appendHeader(dst []byte, n int) []byte {
	for div := 10_000; div > 0; div /= 10 {
		dst = append(dst, byte('0'+n/div%10))
	}
	return dst
}

// fetch reads all there is and says how long that took.
func fetch(b *testing.B, at string) time.Duration {
	begin := time.Now()
	c, err := net.Dial("tcp4", at)
	require.NoError(b, err)
	defer c.Close()
	room, n := make([]byte, 256<<10), 0
	for err == nil {
		var k int
		k, err = c.Read(room)
		n += k
	}
	require.GreaterOrEqual(b, n, benchLength)
	return time.Since(begin)
}

func benchFile(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "file")
	require.NoError(b, os.WriteFile(path, make([]byte, benchLength), 0o600))
	return path
}

// BenchmarkSendFile sends a file in chunks, beside a bare server that sends it with sendfile.
func BenchmarkSendFile(b *testing.B) {
	for _, chunk := range []int{1024, 4096, 99_999} {
		b.Run(strconv.Itoa(chunk), func(b *testing.B) {
			path := benchFile(b)
			bare, ours := bareFileServer(b, path), fileServer(b, path, chunk)
			var bareTime, ourTime time.Duration
			for b.Loop() {
				bareTime += fetch(b, bare)
				ourTime += fetch(b, ours)
			}
			b.ReportMetric(float64(b.N)*benchLength/1e6/ourTime.Seconds(), "MB/s")
			b.ReportMetric(float64(b.N)*benchLength/1e6/bareTime.Seconds(), "bare-MB/s")
			b.ReportMetric(bareTime.Seconds()/ourTime.Seconds(), "ratio")
		})
	}
}

// BenchmarkReceiveFile takes a file in 4,096-byte chunks, to disk and with its MD5, beside reading, writing and hashing
// one after the other.
func BenchmarkReceiveFile(b *testing.B) {
	path := benchFile(b)
	framed, plain := fileServer(b, path, 4096), bareFileServer(b, path)
	system := quietSystem()
	t := tcp.NewTransport(system, tcp.Options{})
	target := filepath.Join(b.TempDir(), "target")
	var bareTime, ourTime time.Duration
	for b.Loop() {
		os.Remove(target)
		unix.Sync() // neither pays for what the other has left
		begin := time.Now()
		done := make(chan error, 1)
		system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
			switch m := ctx.Message().(type) {
			case *actor.Started:
				t.Dial([]netip.AddrPort{netip.MustParseAddrPort(framed)}, time.Second, ctx.Self())
			case *port.Dialed:
				m.Conn.ReceiveFile(port.FileReceive{Path: target, Frames: &fiveDigits{total: benchLength}})
				m.Conn.Attach(ctx.Self())
			case *port.FileReceived:
				done <- m.Err
				ctx.Stop(ctx.Self())
			}
		}))
		require.NoError(b, <-done)
		ourTime += time.Since(begin)
		os.Remove(target)
		unix.Sync()
		begin = time.Now()
		c, err := net.Dial("tcp4", plain)
		require.NoError(b, err)
		file, err := os.Create(target)
		require.NoError(b, err)
		_, err = io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(file, md5.New())}, struct{ io.Reader }{c}, make([]byte, 256<<10))
		require.NoError(b, err)
		require.NoError(b, file.Sync())
		file.Close()
		c.Close()
		bareTime += time.Since(begin)
	}
	b.ReportMetric(float64(b.N)*benchLength/1e6/ourTime.Seconds(), "MB/s")
	b.ReportMetric(float64(b.N)*benchLength/1e6/bareTime.Seconds(), "sequential-MB/s")
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	t.Close(ctx)
	system.Shutdown()
}

// fiveDigits finds the payload behind headers of five digits, without looking at what they say about the last one.
type fiveDigits struct {
	total, got int64
	head, left int
}

func (f *fiveDigits) Next(b []byte) ([]byte, int, bool, error) {
	if f.left == 0 {
		n := min(5-f.head, len(b))
		if f.head += n; f.head == 5 {
			f.head, f.left = 0, int(min(4096, f.total-f.got))
		}
		return nil, n, false, nil
	}
	n := min(f.left, len(b))
	f.left -= n
	f.got += int64(n)
	return b[:n], n, f.got == f.total, nil
}
func (f *fiveDigits) Expected() int64 { return f.total }
func (f *fiveDigits) End() error      { return io.ErrUnexpectedEOF }
