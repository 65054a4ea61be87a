package gateway_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	shown "alakazaam/actors/text"
	"alakazaam/config"
)

// lines keeps what is logged. The framework has goroutines of its own that log.
type lines struct {
	mu  sync.Mutex
	all []*logrus.Entry
}

// Levels implements logrus.Hook.
func (*lines) Levels() []logrus.Level { return logrus.AllLevels }

// Fire implements logrus.Hook.
func (l *lines) Fire(e *logrus.Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e)
	return nil
}

// from is how many lines of at least that level there are.
func (l *lines) from(level logrus.Level) (n int) {
	for _, e := range l.taken() {
		if e.Level <= level {
			n++
		}
	}
	return n
}

// taken are the lines until now.
func (l *lines) taken() []*logrus.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// logged has a world keep what it logs.
func (w *world) logged() *lines {
	l := &lines{}
	w.sim.Log.SetLevel(logrus.TraceLevel)
	w.sim.Log.AddHook(l)
	return l
}

// TestAnswersToLink: a neighbor may answer LINK with anything. Whatever it is, the node knows what to make of it, and its
// log can be read.
func TestAnswersToLink(t *testing.T) {
	const nothing = ""
	alnk := "ALNK02" + field(endpoint(100)) + "0000000001"
	evil := "\x1b]0;evil\x07\xff\u202e\u009b2J\n\x00"
	nack := func(code int, reason string) string {
		return fmt.Sprintf("NACK%03d%s%s", code, reason, strings.Repeat(" ", 100-len(reason)))
	}
	for name, x := range map[string]struct {
		answer string
		every  time.Duration // a byte each; 0: all at once
		kind   string
	}{
		"agreed":                        {alnk, 0, "link"},
		"agreed, byte by byte":          {alnk, 20 * time.Millisecond, "link"},
		"agreed, byte by byte, slowly":  {alnk, 30 * time.Millisecond, "base"},
		"agreed by this node":           {"ALNK02" + field(endpoint(1)) + "0000000001", 0, nothing},
		"agreed in version 00":          {"ALNK00" + field(endpoint(100)) + "0000000001", 0, "link"},
		"agreed in version 99":          {"ALNK99" + field(endpoint(100)) + "9999999999", 0, "link"},
		"agreed, and no link behind it": {alnk + "LOGISESSION000000000", 0, nothing},
		"agreed, and refused behind it": {alnk + nack(503, "full"), 0, nothing},
		"agreed, with a bad number":     {"ALNK02" + field(endpoint(100)) + "000000000x", 0, "base"},
		"garbage":                       {"HTTP/1.1 400 Bad Request\r\n", 0, "base"},
		"zeros":                         {strings.Repeat("\x00", 500), 0, "base"},
		"a link of its own":             {"LINK01" + field(endpoint(100)), 0, "base"},
		"refused":                       {nack(503, "full"), 0, nothing},
		"refused, evil":                 {nack(999, evil), 0, nothing},
		"refused, of code 000":          {nack(0, strings.Repeat(" ", 100)), 0, nothing},
		"refused, by a conflict, evil":  {nack(409, evil), 0, nothing},
		"refused, with a bad code":      {strings.Replace(nack(503, evil), "503", "5x3", 1), 0, "base"},
		"refused, byte by byte, slowly": {nack(503, evil), 30 * time.Millisecond, "base"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			log := w.logged()
			s := w.stranger(100, true)
			s.script = func(c *rawConn) {
				if !strings.HasPrefix(string(c.got), "LINK") {
					return
				}
				c.got = nil
				if x.every == 0 {
					c.conn.Send([]byte(x.answer))
					return
				}
				for i := range x.answer {
					w.sim.Do(time.Duration(i)*x.every, func() { c.conn.Send([]byte(x.answer[i : i+1])) })
				}
			}
			n := w.add(node.Supernode, linkConfig(), s.self)
			w.sim.Run(2200 * time.Millisecond)
			require.Equal(t, x.kind, n.neighbor().Kind)
			w.sim.Run(time.Minute)
			require.Empty(t, n.failed())
			for _, e := range log.taken() {
				require.LessOrEqual(t, logrus.WarnLevel, e.Level, "%s: %v", e.Message, e.Data)
				for field, v := range e.Data {
					require.Equal(t, shown.Display(fmt.Sprint(v)), fmt.Sprint(v), field)
				}
			}
			require.Empty(t, n.find("anything").Results)
		})
	}
}

// TestLinkIsNotTakenOver: somebody names a neighbor's address beside his own, which may be the same node as far as
// anybody can tell, and does not get the place of its link.
func TestLinkIsNotTakenOver(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	w.sim.Run(time.Second)
	c := w.stranger(100, true).linkTo(n.self)
	own := netip.MustParseAddr("2001:db8::66")
	both, err := p2p.NewEndpoint(endpoint(100).IPv4(), own, endpoint(100).Port())
	require.NoError(t, err)
	thief := &stranger{world: w, self: both, transport: w.net.Host(own)}
	d := thief.dial(n.self).say("LINK01%s", field(both))
	d.hear("NACK409%-100s", "there is a link to that node")
	require.True(t, d.ended)
	c.say("PINGPKT0000000000001")
	require.Contains(t, string(c.got), "PONG")
	require.Equal(t, "link", n.neighbor().Kind)

	c.conn.Close()
	w.sim.Run(20 * time.Millisecond)
	thief.dial(n.self).say("LINK01%s", field(both))
	require.Equal(t, "link", n.neighbor().Kind, "where there is none it may be that neighbor")
}

// TestLinksThatComeAndGo: somebody links, leaves and links again thousands of times. Nothing is left of it but one
// neighbor, and the log stays readable.
func TestLinksThatComeAndGo(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	w.sim.Run(time.Second)
	log := w.logged()
	start := w.sim.Now()
	s := w.stranger(100, false)
	const times = 2000
	for i := range times {
		c := s.dial(n.self)
		c.conn.Send([]byte("LINK01" + field(s.self)))
		w.sim.Run(2 * time.Millisecond)
		switch i % 3 {
		case 0:
			c.conn.Close()
		case 1:
			c.conn.Abort()
		} // or it is left open, and the next one takes its place
	}
	took := w.sim.Now().Sub(start)
	require.LessOrEqual(t, log.from(logrus.InfoLevel), int(took.Seconds())+5)
	w.sim.Run(10 * time.Second)
	require.Equal(t, []int{0, 0}, []int{n.metrics["links"], n.kinds()["connection"]})
	require.LessOrEqual(t, n.kinds()["neighbor"], 1)
	w.sim.Run(time.Minute)
	require.Zero(t, n.kinds()["neighbor"], "nobody is there")
	require.Empty(t, n.neighbors())
	require.Empty(t, n.failed())
}

// TestLinksFromEverywhere: hundreds of addresses ask for links. There is room for so many, and for so many of one network;
// the neighbor of the configuration keeps its link.
func TestLinksFromEverywhere(t *testing.T) {
	w := newWorld(t, 1)
	cfg := linkConfig()
	cfg.Discovery.Max, cfg.Discovery.PerSubnet = 20, 2
	n := w.add(node.Supernode, cfg, endpoint(2))
	friend := w.add(node.Supernode, linkConfig(), endpoint(1))
	w.sim.Run(3 * time.Second)
	agreed, refused := 0, 0
	for i := range 400 {
		c := w.stranger(1000+64*i, false) // four of each network
		d := c.dial(n.self).say("LINK01%s", field(c.self))
		switch {
		case bytes.HasPrefix(d.got, []byte("ALNK")):
			agreed++
			d.conn.(interface{ CloseWrite() }).CloseWrite()
		case bytes.HasPrefix(d.got, []byte("NACK503")):
			refused++
			require.True(t, d.ended)
		}
		require.LessOrEqual(t, len(n.neighbors()), cfg.Discovery.Max)
	}
	require.Equal(t, 400, agreed+refused)
	require.GreaterOrEqual(t, refused, 300)
	for _, reason := range []string{"discovery_max", "discovery_per_subnet"} {
		require.NotZero(t, n.metrics[actortest.Series("refusals_total", "reason", reason)], reason)
	}
	require.Equal(t, 1, friend.metrics["links"])
	require.Zero(t, friend.metrics["links_lost_total"])
	w.sim.Run(5 * time.Minute)
	require.Len(t, n.neighbors(), 1, "the others were not there when they were asked")
	require.Zero(t, inspect[*message.GatewayStatus](n, n.routes.Gateway).Waiting)
}

// TestFloodsOfPings: each is answered, on a link and on a connection of its own.
func TestFloodsOfPings(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, true)
	link, alone := s.linkTo(n.self), s.dial(n.self)
	const pings = 3000
	for i := range pings {
		for _, c := range []*rawConn{link, alone} {
			c.conn.Send(fmt.Appendf(nil, "PINGFLOOD%011d", i))
		}
	}
	w.sim.Run(10 * time.Second)
	for _, c := range []*rawConn{link, alone} {
		require.Equal(t, pings, strings.Count(string(c.got), "PONGFLOOD"))
	}
	require.Equal(t, 2*pings, n.metrics["pings_answered_total"])
}

// TestBoasts: a supernode says of itself what it likes, and its neighbor can still be asked how it stands.
func TestBoasts(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	w.sim.Run(time.Second)
	for i, boast := range []string{"999999999999999999999999999", "000000000000000000000000000", "922337203799999999999999999"} {
		s := w.stranger(100+i, true)
		c := s.dial(n.self).say("LINK99%s", field(s.self))
		c.say("PONG%s%s", c.got[80:96], boast)
	}
	for _, nb := range n.neighbors() {
		require.Equal(t, "link", nb.Kind)
		require.GreaterOrEqual(t, nb.Uptime, time.Duration(0))
		require.GreaterOrEqual(t, nb.Sessions, 0)
	}
	require.Len(t, n.neighbors(), 3)
	w.sim.Run(2 * time.Minute)
	require.Empty(t, n.failed())
}

// TestLinksAndReload: a neighbor whose address is denied from now on loses its link, whoever has opened it; a lower
// discovery.max lets no others in and sends nobody away.
func TestLinksAndReload(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(3, line(3), linkConfig())
	n := w.all[1]
	require.Equal(t, 2, n.metrics["links"])
	c := *n.config.Get()
	c.Discovery.Max = 1
	n.reload(c)
	require.Equal(t, 2, n.metrics["links"])
	s := w.stranger(100, true)
	s.dial(n.self).say("LINK01%s", field(s.self)).hear("NACK503%-100s", "no room for another neighbor")
	for left, of := range []int{2, 0} {
		c := *n.config.Get()
		c.Access = config.Access{Deny: append(c.Access.Deny, w.all[of].self.IPv4().String())}
		n.reload(c)
		require.Equal(t, 1-left, n.metrics["links"])
	}
	w.sim.Run(5 * time.Minute)
	require.Zero(t, n.metrics["links"])
}

// reload has the node take another configuration.
func (n *simNode) reload(c config.Config) {
	n.config.Reload(c)
	n.sim.System.Root.Send(n.routes.Gateway, &message.Reloaded{})
	n.sim.Run(100 * time.Millisecond)
}
