package gateway_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/actors/store"
	"alakazaam/config"
	"alakazaam/gateway"
	"alakazaam/gateway/tcp"
	"alakazaam/gateway/wire"
)

// served is a node on real sockets, as the program makes it but for the disk.
type served struct {
	env    *props.Env
	routes *message.Routes
	addr   string
}

// serve starts a supernode on loopback that shares the given files, and stops it with the benchmark. Nothing bounds what
// its only client may send.
func serve(b testing.TB, shared ...port.SharedFile) *served {
	c := config.Default()
	c.Limits = config.Limits{
		DialTimeout: c.Limits.DialTimeout, IdleTimeout: c.Limits.IdleTimeout, FirstPacket: c.Limits.FirstPacket,
		Addresses: c.Limits.Addresses, Pktids: c.Limits.Pktids, PacketsPerNeighbor: c.Limits.PacketsPerNeighbor,
		RequestsPerConnection: c.Limits.RequestsPerConnection, PublicationsPerConnection: c.Limits.PublicationsPerConnection,
	}
	c.Session.VerifyAddress = false
	return serveWith(b, c, shared...)
}

// serveWith is serve with a configuration.
func serveWith(b testing.TB, c config.Config, shared ...port.SharedFile) *served {
	log := logrus.New()
	log.SetOutput(io.Discard)
	system := props.NewSystem(log)
	transport := tcp.NewTransport(system, tcp.Options{Metrics: actortest.NoMetrics{}})
	workers := tcp.NewWorkers()
	env := &props.Env{
		System: system, Dispatcher: workers, Clock: tcp.NewClock(system), Rand: tcp.NewRand(), Metrics: actortest.NoMetrics{}, Log: log,
		Fatal: func(err error) { panic(err) },
	}
	c.Discovery.Target = 0
	self, err := p2p.ParseEndpoint("127.0.0.1:3000")
	require.NoError(b, err)
	live := config.NewLive(c)
	bound := make(chan netip.AddrPort, 1)
	routes, err := node.Spawn(env, node.Spec{
		Name: "node", Role: node.Supernode, Self: self, Config: live, Disk: fixedDisk{system: system, files: shared},
		Notes: noNotes{system}, Store: store.NewMemory(system), Grace: time.Second,
		Gateway: func(r *message.Routes) *actor.Props {
			return gateway.Props(env, transport, gateway.Options{
				Listen: netip.MustParseAddrPort("127.0.0.1:0"), Self: self, Config: live,
				FindWindow: node.FindWindow(c), Listening: func(a netip.AddrPort) { bound <- a },
			}, r)
		},
	})
	require.NoError(b, err)
	s := &served{env: env, routes: routes}
	select {
	case a := <-bound:
		s.addr = a.String()
	case <-time.After(10 * time.Second):
		b.Fatal("the node does not listen")
	}
	b.Cleanup(func() {
		require.NoError(b, system.Root.StopFuture(routes.Node).Wait())
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = transport.Close(ctx)
		workers.Close()
		system.Shutdown()
	})
	return s
}

// noNotes keeps nothing.
type noNotes struct{ system *actor.ActorSystem }

// Keep implements port.Notes.
func (noNotes) Keep(string, []byte) {}

// Recall implements port.Notes.
func (n noNotes) Recall(name string, owner *actor.PID) {
	n.system.Root.Send(owner, &port.Recalled{Name: name})
}

// fixedDisk shares a fixed list of files.
type fixedDisk struct {
	port.Disk
	system *actor.ActorSystem
	files  []port.SharedFile
}

// Watch implements port.Disk.
func (d fixedDisk) Watch(owner *actor.PID) {
	d.system.Root.Send(owner, &port.ShareChanged{Found: d.files})
}

// StopWatching implements port.Disk.
func (d fixedDisk) StopWatching() {}

// bare is the least that a Go server can do for a LOGI: read 64 bytes, write 20. It closes after the first where once
// is set.
func bare(b testing.TB, once bool) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { l.Close() })
	answer := []byte("ALGIABCDEFGHIJKLMNOP")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 64)
				for {
					if _, err := io.ReadFull(c, buf); err != nil {
						return
					}
					if _, err := c.Write(answer); err != nil || once {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// clients are as many as log in at once.
const clients = 64

// logis carries out n LOGIs by 64 clients at once, on a connection each or on kept ones. Every client is a peer of its own,
// with an address of its own: from one for all, connections that the clients close would use up its ports, and the search
// for a free one would be counted against the server that leaves closing to its clients.
func logis(b testing.TB, addr string, n int, kept bool) {
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for i := range clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			login := (&wire.Logi{Endpoint: endpoint(i + 1)}).Append(nil)
			from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i+1))}, Control: bindLate}
			answer := make([]byte, 20)
			var c net.Conn
			for left.Add(-1) >= 0 {
				var err error
				if c == nil {
					if c, err = from.Dial("tcp4", addr); err != nil {
						b.Error(err)
						return
					}
				}
				if _, err = c.Write(login); err == nil {
					_, err = io.ReadFull(c, answer)
				}
				if err != nil || string(answer[:4]) != "ALGI" {
					b.Errorf("%q %v", answer, err)
					return
				}
				if !kept {
					c.Close()
					c = nil
				}
			}
			if c != nil {
				c.Close()
			}
		}()
	}
	wg.Wait()
}

// bindLate has the system choose a connection's port when it connects.
func bindLate(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1) })
}

// cost is what something took of time, of this process' processors and of its heap.
type cost struct {
	wall, cpu time.Duration
	allocs    uint64
}

// spend adds what do takes.
func (c *cost) spend(b testing.TB, do func()) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := cpuTime(b), time.Now()
	do()
	c.wall += time.Since(start)
	c.cpu += cpuTime(b) - cpu
	runtime.ReadMemStats(&after)
	c.allocs += after.Mallocs - before.Mallocs
}

// cpuTime is what this process has used.
func cpuTime(b testing.TB) time.Duration {
	var u unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkLOGI compares logins with the bare server in rounds of the same run: "ratio" is the share of its rate,
// "cpu-ratio" that of the processors' time, clients included; "more-allocs/op" are those that the bare server does not make.
func BenchmarkLOGI(b *testing.B) {
	b.Run("connection each", func(b *testing.B) { benchmarkLOGI(b, 2000, false) })
	b.Run("kept", func(b *testing.B) { benchmarkLOGI(b, 20000, true) })
}

func benchmarkLOGI(b *testing.B, round int, kept bool) {
	s, other := serve(b), bare(b, !kept)
	logis(b, s.addr, round, kept)
	logis(b, other, round, kept)
	var ours, theirs cost
	b.ResetTimer()
	for done := 0; done < b.N; done += round {
		n := min(round, b.N-done)
		ours.spend(b, func() { logis(b, s.addr, n, kept) })
		b.StopTimer()
		theirs.spend(b, func() { logis(b, other, n, kept) })
		b.StartTimer()
	}
	b.ReportMetric(theirs.wall.Seconds()/ours.wall.Seconds(), "ratio")
	b.ReportMetric(theirs.cpu.Seconds()/ours.cpu.Seconds(), "cpu-ratio")
	b.ReportMetric(float64(b.N)/ours.wall.Seconds(), "logins/s")
	b.ReportMetric(float64(ours.cpu.Microseconds())/float64(b.N), "cpu-us/op")
	b.ReportMetric(float64(theirs.cpu.Microseconds())/float64(b.N), "bare-cpu-us/op")
	b.ReportMetric((float64(ours.allocs)-float64(theirs.allocs))/float64(b.N), "more-allocs/op")
}

// login gives a connection with a session.
func (s *served) login(b testing.TB, i int) (net.Conn, p2p.SessionID) {
	c, err := net.Dial("tcp", s.addr)
	require.NoError(b, err)
	b.Cleanup(func() { c.Close() })
	_, err = c.Write((&wire.Logi{Endpoint: endpoint(i)}).Append(nil))
	require.NoError(b, err)
	answer := make([]byte, 20)
	_, err = io.ReadFull(c, answer)
	require.NoError(b, err)
	id, err := p2p.ParseSessionID(answer[4:])
	require.NoError(b, err)
	return c, id
}

// publish pipelines n files and waits until they can be found.
func publish(b testing.TB, c net.Conn, id p2p.SessionID, from, n int) {
	var buf []byte
	for i := from; i < from+n; i++ {
		p := wire.Adff{Session: id, Name: p2p.FileName(fmt.Sprintf("Artist %d - Song Number %d.mp3", i%97, i))}
		binary.BigEndian.PutUint64(p.File[:], uint64(i)*0x9E3779B97F4A7C15+1)
		if buf = p.Append(buf); len(buf) > 1<<16 || i == from+n-1 {
			_, err := c.Write(buf)
			require.NoError(b, err)
			buf = buf[:0]
		}
	}
	none, _ := p2p.NewSearchText("no such file")
	_, err := c.Write((&wire.Find{Session: id, Text: none}).Append(nil))
	require.NoError(b, err)
	answer := make([]byte, 7)
	_, err = io.ReadFull(c, answer)
	require.NoError(b, err)
	require.Equal(b, "AFIN000", string(answer))
}

// BenchmarkADFF publishes files in one stream; an operation is one file that is kept and can be found.
func BenchmarkADFF(b *testing.B) {
	s := serve(b)
	c, id := s.login(b, 1)
	b.ReportAllocs()
	b.ResetTimer()
	publish(b, c, id, 0, b.N)
}

// BenchmarkFIND searches 10,000 files of ten peers for one of them, end to end.
func BenchmarkFIND(b *testing.B) {
	s := serve(b)
	var c net.Conn
	var id p2p.SessionID
	for i := range 10 {
		c, id = s.login(b, i+1)
		publish(b, c, id, i*1000, 1000)
	}
	text, _ := p2p.NewSearchText("number 4711")
	find := (&wire.Find{Session: id, Text: text}).Append(nil)
	answer := make([]byte, 7+135+60)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		_, err := c.Write(find)
		if err == nil {
			_, err = io.ReadFull(c, answer)
		}
		if err != nil || string(answer[:7]) != "AFIN001" {
			b.Fatal(string(answer), err)
		}
	}
}

// BenchmarkRETR downloads 64 MiB and compares with a bare server that copies the file into the socket (sendfile).
func BenchmarkRETR(b *testing.B) {
	const size = 64 << 20
	path := filepath.Join(b.TempDir(), "file")
	require.NoError(b, os.WriteFile(path, make([]byte, size), 0o600))
	f := port.SharedFile{File: p2p.FileID{1}, Name: "file", Path: path, Size: size}
	s, other := serve(b, f), bareFile(b, path)
	fetch := func(addr string, ask []byte) time.Duration {
		start := time.Now()
		c, err := net.Dial("tcp", addr)
		require.NoError(b, err)
		defer c.Close()
		_, err = c.Write(ask)
		require.NoError(b, err)
		buf, got, want := make([]byte, 1<<18), 0, size
		if ask[0] == 'R' {
			want += 10 + size/4096*5
		}
		for got < want {
			n, err := c.Read(buf)
			require.NoError(b, err)
			got += n
		}
		return time.Since(start)
	}
	retr := (&wire.Retr{File: f.File}).Append(nil)
	var ours, theirs time.Duration
	b.SetBytes(size)
	for b.Loop() {
		ours += fetch(s.addr, retr)
		b.StopTimer()
		theirs += fetch(other, []byte{'x'})
		b.StartTimer()
	}
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
}

// bareFile serves a file to whoever sends a byte.
func bareFile(b testing.TB, path string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				f, err := os.Open(path)
				if err != nil {
					return
				}
				defer f.Close()
				if _, err := c.Read(make([]byte, 1)); err == nil {
					_, _ = io.Copy(c, f)
				}
			}()
		}
	}()
	return l.Addr().String()
}
