package gateway_test

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"alakazaam/actors/node"
	"alakazaam/actors/port"
	"alakazaam/actors/store"
	"alakazaam/gateway/wire"
)

// stuckStore takes writes and answers them when it is released.
type stuckStore struct {
	port.Store
	held  []func()
	stuck bool
	most  int // changes in its hands at once
	now   int
}

// Apply implements port.Store.
func (s *stuckStore) Apply(changes []port.Change, owner *actor.PID, token uint64) {
	s.now += len(changes)
	s.most = max(s.most, s.now)
	do := func() {
		s.now -= len(changes)
		s.Store.Apply(changes, owner, token)
	}
	if s.stuck {
		s.held = append(s.held, do)
		return
	}
	do()
}

// TestConnectionIsReadNoFasterThanItIsServed: while the store is stuck, a peer that goes on publishing is not read.
func TestConnectionIsReadNoFasterThanItIsServed(t *testing.T) {
	w := newWorld(t, 1)
	stuck := &stuckStore{Store: store.NewMemory(w.sim.System)}
	w.store = stuck
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	id := s.login(n.self)
	c := s.dial(n.self)
	stuck.stuck = true
	const files = 20000
	for i := range files {
		c.conn.Send([]byte(adff(id, fmt.Sprintf("%032x", i+1), "file")))
	}
	w.sim.Run(5 * time.Second)
	require.NotZero(t, stuck.held)
	require.Zero(t, n.catalog().Files)
	read := n.metrics["requests_open"]
	require.Positive(t, read)
	require.LessOrEqual(t, read, 2048+64)
	stuck.stuck = false
	for len(stuck.held) > 0 {
		do := stuck.held[0]
		stuck.held = stuck.held[1:]
		do()
		w.sim.Run(time.Second)
	}
	w.sim.Run(10 * time.Second)
	require.Equal(t, files, n.catalog().Files, "nothing was lost")
	require.LessOrEqual(t, stuck.most, 2048+64)
}

// TestNodeLeavesNothingBehind: after a node on real sockets has stopped no goroutine of it runs any more.
func TestNodeLeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("node", func(t *testing.T) {
		s := serve(t)
		c, id := s.login(t, 1)
		publish(t, c, id, 0, 1000)
		idle, err := net.Dial("tcp", s.addr)
		require.NoError(t, err)
		defer idle.Close()
		_, err = c.Write((&wire.Logo{Session: id}).Append(nil))
		require.NoError(t, err)
		answer := make([]byte, 7)
		_, err = io.ReadFull(c, answer)
		require.NoError(t, err)
		require.Equal(t, "ALGO999", string(answer), "a count never passes 999")
	})
	goleak.VerifyNone(t, before)
}
