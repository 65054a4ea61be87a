package tcp_test

import (
	"runtime"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"alakazaam/actors/port"
	"alakazaam/gateway/tcp"
)

// An idle connection that has been used, with the actor that owns it, costs 12 KB at most. The other side's sockets are
// bare descriptors, which cost this process nothing.
func TestIdleConnectionMemory(t *testing.T) {
	const connections = 2000
	k := newKit(t, tcp.Options{})
	answered := make(chan struct{}, connections)
	owner := k.system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*port.Accepted); ok {
			ctx.Spawn(actor.PropsFromProducer(func() actor.Actor { return &idleActor{conn: m.Conn, answered: answered} },
				actor.WithMailbox(actor.UnboundedLockfree())))
		}
	}))
	t.Cleanup(func() { k.system.Root.Stop(owner) })
	l, err := k.Listen(anyPort, 0, owner)
	require.NoError(t, err)
	before := memory()
	for range connections {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		require.NoError(t, err)
		t.Cleanup(func() { unix.Close(fd) })
		require.NoError(t, unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: int(l.Addr().Port())}))
		_, err = unix.Write(fd, loginPacket)
		require.NoError(t, err)
	}
	for range connections {
		<-answered
	}
	each := (memory() - before) / connections
	t.Logf("%d bytes a connection", each)
	require.Less(t, each, 12<<10)
}

// memory is what the heap and the stacks hold.
func memory() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}

// idleActor answers its first packet and waits.
type idleActor struct {
	conn     port.Conn
	answered chan struct{}
}

func (a *idleActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		a.conn.Attach(ctx.Self())
	case *port.Bytes:
		a.conn.Consumed(m)
		a.conn.Send(loginAnswer)
		a.answered <- struct{}{}
	case *port.Closed:
		ctx.Stop(ctx.Self())
	}
}
