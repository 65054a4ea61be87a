package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/node"
	"alakazaam/config"
)

func (n *simNode) throttled(reason string) int {
	return n.metrics[actortest.Series("throttled_total", "reason", reason)]
}

func (n *simNode) served(command string) int {
	return n.metrics[actortest.Series("packets_total", "command", command, "direction", "in", "result", "ok")]
}

// TestRates: whoever sends more than its share is read more slowly, on all its connections together, loses nothing, and

func TestRates(t *testing.T) {
	for _, c := range []struct {
		key     string
		set     func(*config.Limits)
		session bool
	}{
		{"packets_per_second", func(l *config.Limits) { l.PacketsPerSecond, l.Burst = 50, time.Second }, false},
		{"bytes_per_second", func(l *config.Limits) { l.BytesPerSecond = 50 * 152 }, false},
		{"session_packets_per_second", func(l *config.Limits) { l.SessionPacketsPerSecond, l.Burst = 50, time.Second }, true},
		{"session_bytes_per_second", func(l *config.Limits) { l.SessionBytesPerSecond = 50 * 152 }, true},
	} {
		t.Run(c.key, func(t *testing.T) {
			w := newWorld(t, 1)
			cfg := testConfig()
			cfg.Session.VerifyAddress = false
			l := &cfg.Limits
			l.PacketsPerSecond, l.BytesPerSecond, l.SessionPacketsPerSecond, l.SessionBytesPerSecond, l.Burst = 0, 0, 0, 0, 0
			c.set(&cfg.Limits)
			n := w.add(node.Supernode, cfg)
			w.sim.Run(time.Second)
			s, other := w.stranger(100, false), w.stranger(101, false)
			id, honest := s.login(n.self), other.login(n.self)
			w.sim.Run(10 * time.Second)

			const files = 500
			from := []*stranger{s, s}
			if c.session { // from several addresses
				from[1] = w.stranger(102, false)
			}
			for i := range files {
				if i < 2 {
					from[i] = &stranger{world: w, self: from[i].self, transport: from[i].transport}
					from[i].heard = []*rawConn{from[i].dial(n.self)}
				}
				from[i%2].heard[0].conn.Send([]byte(adff(id, fmt.Sprintf("%032x", i+1), "file")))
			}
			w.sim.Run(time.Second)
			early := n.catalog().Files
			require.Less(t, early, 300, "more than two seconds' worth at once")
			began := w.sim.Now()
			require.Equal(t, honest, other.login(n.self))
			require.Less(t, w.sim.Now().Sub(began), 100*time.Millisecond, "others are served meanwhile")
			w.sim.Run(3 * time.Second)
			require.Less(t, n.catalog().Files, files, "it takes 50 a second")
			require.Greater(t, n.catalog().Files, early+100)
			w.sim.Run(10 * time.Second)
			require.Equal(t, files, n.catalog().Files, "nothing is lost")
			require.NotZero(t, n.throttled(c.key))
			for series, hits := range n.metrics {
				if strings.HasPrefix(series, "throttled_total") && !strings.Contains(series, c.key) && !strings.Contains(series, "per_connection") {
					require.Zero(t, hits, series)
				}
			}
		})
	}
}

// TestConnectingAnewBringsNoNewBudget: what an address may send does not depend on its connections.

func TestConnectingAnewBringsNoNewBudget(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.PacketsPerSecond, cfg.Limits.FirstPacket = 10, time.Hour
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	for range 60 {
		s.dial(n.self).conn.Send([]byte("LOGI" + field(s.self)))
		w.sim.Run(time.Millisecond)
	}
	require.Less(t, n.served("LOGI"), 20)
	w.sim.Run(20 * time.Second)
	require.Equal(t, 60, n.served("LOGI"), "they have only waited")
}

// TestTrustEndsWithAReload, for open connections, too.

func TestTrustEndsWithAReload(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.PacketsPerSecond = 10
	cfg.Access.Trusted = []string{endpoint(100).IPv4().String()}
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	c := s.dial(n.self)
	next := *n.config.Get()
	next.Access = config.Access{}
	n.config.Reload(next)
	for range 100 {
		c.conn.Send([]byte("LOGI" + field(s.self)))
	}
	w.sim.Run(time.Second)
	require.Less(t, n.served("LOGI"), 30)
}

// TestDebtHasAnEnd: whoever shares an address with a flood waits some seconds at most.

func TestDebtHasAnEnd(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.PacketsPerSecond = 100
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	for range 5000 {
		s.dial(n.self).conn.Abort()
	}
	c := s.dial(n.self).say("LOGI%s", field(s.self))
	w.sim.Run(11 * time.Second)
	require.Len(t, c.got, 20)
}
