package tcp_test

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"alakazaam/actors/port"
	"alakazaam/gateway/tcp"
)

var anyPort = netip.MustParseAddrPort("127.0.0.1:0")

func TestListenBothFamilies(t *testing.T) {
	k := newKit(t, tcp.Options{})
	p := k.probe()
	l, err := k.Listen(netip.MustParseAddrPort("[::]:0"), 0, p.pid)
	require.NoError(t, err)
	for _, host := range []string{"127.0.0.1", "::1"} {
		addr := netip.MustParseAddr(host)
		k.connect(netip.AddrPortFrom(addr, l.Addr().Port()))
		require.Equal(t, addr, next[*port.Accepted](p).Conn.Remote().Addr())
	}
	_, err = k.Listen(l.Addr(), 0, p.pid)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	l.Close()
	l.Close()
	_, err = net.Dial("tcp", l.Addr().String())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	_, err = k.Listen(netip.AddrPort{}, 0, p.pid)
	require.Error(t, err)
}

// With the limit reached nobody is accepted until one of the accepted connections is closed, whoever closes it.
func TestLimit(t *testing.T) {
	k := newKit(t, tcp.Options{})
	at, accepted := k.listen(2)
	peers := []*net.TCPConn{k.connect(at), k.connect(at), k.connect(at)}
	first := next[*port.Accepted](accepted).Conn
	next[*port.Accepted](accepted)
	require.Equal(t, 2, k.counts.get("tcp_accepted_total"))
	p := k.probe()
	first.Attach(p.pid)
	require.Equal(t, 1, k.counts.get("throttled_total connections"))
	peers[2].Write([]byte("x")) // the system has taken the third connection, the transport has not
	accepted.silent()
	peers[0].Close()
	next[*port.Ended](p)
	accepted.silent()
	first.Close()
	next[*port.Closed](p)
	third := next[*port.Accepted](accepted).Conn
	require.Equal(t, peers[2].LocalAddr().String(), third.Remote().String())
}

// Running out of descriptors is counted and passes.
func TestAcceptErrors(t *testing.T) {
	k := newKit(t, tcp.Options{})
	at, accepted := k.listen(0)
	peer, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer unix.Close(peer)
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	lowest, err := unix.Dup(peer)
	require.NoError(t, err)
	unix.Close(lowest)
	low := unix.Rlimit{Cur: uint64(lowest), Max: old.Max}
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &low))
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &old)
	sa := &unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())}
	require.NoError(t, unix.Connect(peer, sa))
	k.until("errors are counted", func() bool { return k.counts.get("tcp_accept_errors_total") > 1 })
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
	next[*port.Accepted](accepted)
}

func TestDialBothFamilies(t *testing.T) {
	k := newKit(t, tcp.Options{})
	p, accepted := k.probe(), k.probe()
	l, err := k.Listen(netip.MustParseAddrPort("[::]:0"), 0, accepted.pid)
	require.NoError(t, err)
	for i, host := range []string{"127.0.0.1", "::1"} {
		to := netip.AddrPortFrom(netip.MustParseAddr(host), l.Addr().Port())
		k.Dial([]netip.AddrPort{to}, patience, p.pid)
		d := next[*port.Dialed](p)
		require.NoError(t, d.Err)
		require.Equal(t, to, d.Conn.Remote())
		next[*port.Accepted](accepted)
		require.Equal(t, 1, k.counts.get("tcp_dials_total "+[]string{"ipv4", "ipv6"}[i]+" ok"))
	}
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) netip.AddrPort {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// blackHole is an address that never answers: a listener whose backlog is full.
func blackHole(t *testing.T) netip.AddrPort {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, unix.Listen(fd, 0))
	sa, err := unix.Getsockname(fd)
	require.NoError(t, err)
	at := netip.AddrPortFrom(anyPort.Addr(), uint16(sa.(*unix.SockaddrInet4).Port))
	for range 4 {
		c, err := net.DialTimeout("tcp4", at.String(), 100*time.Millisecond)
		if err != nil {
			return at
		}
		t.Cleanup(func() { c.Close() })
	}
	require.FailNow(t, "the backlog takes more than it should")
	return at
}

func TestDialFails(t *testing.T) {
	k := newKit(t, tcp.Options{})
	p := k.probe()
	k.Dial(nil, patience, p.pid)
	require.Error(t, next[*port.Dialed](p).Err)
	k.Dial([]netip.AddrPort{closedPort(t)}, patience, p.pid)
	refused := next[*port.Dialed](p).Err
	require.ErrorIs(t, refused, syscall.ECONNREFUSED)
	require.ErrorIs(t, refused, port.ErrRefused)
	k.Dial([]netip.AddrPort{closedPort(t), closedPort(t)}, patience, p.pid)
	require.ErrorIs(t, next[*port.Dialed](p).Err, syscall.ECONNREFUSED)
	require.Equal(t, 3, k.counts.get("tcp_dials_total ipv4 refused"))
	hole := blackHole(t)
	begin := time.Now()
	for _, to := range [][]netip.AddrPort{{hole}, {hole, hole}} {
		k.Dial(to, 50*time.Millisecond, p.pid)
		var timed net.Error
		require.ErrorAs(t, next[*port.Dialed](p).Err, &timed)
		require.True(t, timed.Timeout())
	}
	require.Less(t, time.Since(begin), patience/2)
}

// The second address is tried while the first one keeps silent, and at once where the first one refuses.
func TestDialRace(t *testing.T) {
	k := newKit(t, tcp.Options{Stagger: 30 * time.Millisecond})
	at, accepted := k.listen(0)
	p := k.probe()
	k.Dial([]netip.AddrPort{blackHole(t), at}, patience, p.pid)
	d := next[*port.Dialed](p)
	require.NoError(t, d.Err)
	require.Equal(t, at, d.Conn.Remote())
	next[*port.Accepted](accepted)

	slow := newKit(t, tcp.Options{Stagger: time.Hour})
	p = slow.probe()
	slow.Dial([]netip.AddrPort{closedPort(t), at}, patience, p.pid)
	require.NoError(t, next[*port.Dialed](p).Err)
	next[*port.Accepted](accepted)
}

func TestDialFromSource(t *testing.T) {
	k := newKit(t, tcp.Options{Source: netip.MustParseAddr("127.0.0.77")})
	p, accepted := k.probe(), k.probe()
	l, err := k.Listen(netip.MustParseAddrPort("[::]:0"), 0, accepted.pid)
	require.NoError(t, err)
	for host, from := range map[string]string{"127.0.0.1": "127.0.0.77", "::1": "::1"} {
		k.Dial([]netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(host), l.Addr().Port())}, patience, p.pid)
		require.NoError(t, next[*port.Dialed](p).Err)
		require.Equal(t, from, next[*port.Accepted](accepted).Conn.Remote().Addr().String())
	}

	k = newKit(t, tcp.Options{Source: netip.MustParseAddr("192.0.2.1")})
	p = k.probe()
	k.Dial([]netip.AddrPort{closedPort(t)}, patience, p.pid)
	err = next[*port.Dialed](p).Err
	require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
	require.ErrorContains(t, err, "192.0.2.1")
	require.Equal(t, 1, k.counts.get("tcp_dials_total ipv4 source"))
}

// Close sends what is queued, ends dials, and aborts what does not end in time.
func TestTransportClose(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	c.Attach(p.pid)
	stuck, _, q := k.pair()
	stuck.Attach(q.pid)
	stuck.Send(make([]byte, 32<<20))
	dialer := k.probe()
	k.Dial([]netip.AddrPort{blackHole(t)}, patience, dialer.pid)
	c.Send([]byte("bye"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, k.Close(ctx), context.DeadlineExceeded)
	require.NoError(t, next[*port.Closed](p).Err)
	require.Error(t, next[*port.Closed](q).Err)
	require.Error(t, next[*port.Dialed](dialer).Err)
	got := make([]byte, 4)
	n, _ := peer.Read(got)
	require.Equal(t, "bye", string(got[:n]))
	k.Dial([]netip.AddrPort{anyPort}, patience, dialer.pid)
	require.ErrorIs(t, next[*port.Dialed](dialer).Err, net.ErrClosed)
}

func TestClock(t *testing.T) {
	k := newKit(t, tcp.Options{})
	p := k.probe()
	clock := tcp.NewClock(k.system)
	begin := clock.Now()
	clock.After(time.Hour, p.pid, "never").Stop()
	clock.After(300*time.Millisecond, p.pid, "later").Stop() // long enough for a busy machine to come to its end
	clock.After(400*time.Millisecond, p.pid, "now")
	require.Equal(t, "now", next[string](p))
	require.GreaterOrEqual(t, clock.Now().Sub(begin), 400*time.Millisecond)
}

func TestRand(t *testing.T) {
	r := tcp.NewRand()
	seen := make(chan uint64, 4000)
	for range 4 {
		go func() {
			for range 1000 {
				seen <- r.Uint64()
			}
		}()
	}
	all := map[uint64]bool{}
	for range 4000 {
		all[<-seen] = true
	}
	require.Len(t, all, 4000)
}
