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

// TestAnswersToASearchThatEnded: whoever searched has gone, and what still comes over the link is no trouble to it.
func TestAnswersToASearchThatEnded(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	w.sim.Run(time.Second)
	s, peer := w.stranger(100, true), w.stranger(101, false)
	c := s.linkTo(n.self)
	id := peer.login(n.self)
	find := peer.dial(n.self).say("FIND%s%-20s", id, "song")
	require.Contains(t, string(c.got), "QUER")
	pktid := c.got[4:20]
	aque := fmt.Sprintf("AQUE%s%s%s%-100s", pktid, field(s.self), md5Of("a"), "song")
	c.conn.Send([]byte(strings.Repeat(aque, 10)))
	find.conn.Abort()
	for range 100 {
		c.say("%s", aque)
	}
	c.got = nil
	c.say("DONE%sCPINGPKT0000000000001", pktid)
	require.Contains(t, string(c.got), "PONGPKT0000000000001")
	w.sim.Run(15 * time.Second)
	require.False(t, c.ended)
}

// lines keeps what is logged: by the actors, and by the framework, which tells of dead letters whenever it likes.
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

// lines are those so far.
func (l *lines) lines() []*logrus.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// from is how many lines of at least that level there are.
func (l *lines) from(level logrus.Level) (n int) {
	for _, e := range l.lines() {
		if e.Level <= level {
			n++
		}
	}
	return n
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
			for _, e := range log.lines() {
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

// TestAnswersThatNobodyAskedFor: a neighbor answers without being asked, twice, after its DONE, for others' files, with
// names that do not match, and without end. A search has no more results than it may, and ends.
func TestAnswersThatNobodyAskedFor(t *testing.T) {
	w := newWorld(t, 1)
	cfg := linkConfig()
	cfg.Access.Deny = []string{md5Of("d")}
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, true)
	c := s.linkTo(n.self)
	song, err := p2p.NewSearchText("song")
	require.NoError(t, err)
	w.sim.System.Root.Send(n.routes.Queries, &message.Find{Text: song, ReplyTo: n.user.PID})
	w.sim.Run(20 * time.Millisecond)
	require.Equal(t, "QUER", string(c.got[:4]))
	pktid := string(c.got[4:20])
	start := w.sim.Now()
	aque := func(id, md5, name string) string {
		return fmt.Sprintf("AQUE%s%s%s%-100s", id, field(s.self), md5, name)
	}
	c.say("%s", strings.Repeat("DONEPKT0000000000007C", 1000)+aque(pktid, md5Of("d"), "song that is denied")+
		aque(pktid, md5Of("e"), "something else")+aque("PKT0000000000007", md5Of("f"), "song not asked for"))
	for i := range 5000 {
		c.conn.Send([]byte(aque(pktid, fmt.Sprintf("%032x", i), "song")))
	}
	c.say("DONE%sC%s", pktid, strings.Repeat("DONE"+pktid+"U"+aque(pktid, md5Of("b"), "song behind its end"), 100))
	w.sim.RunUntil(time.Minute, func() bool { return len(n.user.Messages) > 0 })
	require.Less(t, w.sim.Now().Sub(start), 5*time.Second)
	found := n.user.Messages[0].(*message.Found)
	require.False(t, found.Complete, "there are more than are told")
	require.Len(t, found.Results, cfg.Search.MaxResults)
	for _, r := range found.Results {
		require.Equal(t, p2p.FileName("song"), r.Name)
	}
	w.sim.Run(time.Minute)
	for reason, atLeast := range map[string]int{"denied": 1, "does_not_match": 1, "not_asked": 101, "past_limit": 4800} {
		require.GreaterOrEqual(t, n.metrics[actortest.Series("dropped_total", "command", "AQUE", "reason", reason)], atLeast, reason)
	}
	require.Empty(t, n.failed())
}

// TestEveryQuerGetsItsDone: a neighbor floods QUERs, more than may be under way. Each gets one DONE, and the searches of
// this node go on as if nothing happened.
func TestEveryQuerGetsItsDone(t *testing.T) {
	w := newWorld(t, 1)
	cfg := linkConfig()
	cfg.Limits.QueriesPerAddress = 20
	n := w.add(node.Supernode, cfg, endpoint(2))
	friend := w.add(node.Supernode, linkConfig(), endpoint(1))
	friend.disk.Put("prize", []byte("prize"))
	w.sim.Run(3 * time.Second)
	s := w.stranger(100, true)
	c := s.linkTo(n.self)
	const quers = 3000
	for i := range quers {
		c.conn.Send(fmt.Appendf(nil, "QUERFLOOD%011d%s05%-20s", i, field(s.self), "prize"))
	}
	s.script = func(c *rawConn) { c.finish() }
	start := w.sim.Now()
	found := n.find("prize")
	require.True(t, found.Complete)
	require.Len(t, found.Results, 1)
	require.Less(t, w.sim.Now().Sub(start), 100*time.Millisecond)
	w.sim.Run(20 * time.Second)
	got := string(c.got)
	for i := range quers {
		require.Equal(t, 1, strings.Count(got, fmt.Sprintf("DONEFLOOD%011d", i)))
	}
	require.NotZero(t, n.metrics[actortest.Series("refusals_total", "reason", "queries_per_address")])
	require.Positive(t, strings.Count(got, "AQUE"))
	require.Zero(t, inspect[*message.QueriesStatus](n, n.routes.Queries).Answers)
}

// finish answers every QUER that has come over a link and is not answered yet with DONE.
func (c *rawConn) finish() {
	for ; c.finished+102 <= len(c.got); c.finished++ {
		if string(c.got[c.finished:c.finished+4]) == "QUER" {
			c.conn.Send([]byte("DONE" + string(c.got[c.finished+4:c.finished+20]) + "C"))
		}
	}
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

// TestNeighborThatNeverFinishes: a neighbor answers QUERs and does not say when it has finished. After the first search
// nobody waits for that, and what it answers counts all the same. It gets another chance.
func TestNeighborThatNeverFinishes(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	n.disk.Put("song", []byte("song"))
	w.sim.Run(time.Second)
	s := w.stranger(100, true)
	honest := false
	s.script = func(c *rawConn) {
		for len(c.got) >= 20 {
			switch string(c.got[:4]) {
			case "QUER":
				aque := fmt.Sprintf("AQUE%s%s%s%-100s", c.got[4:20], field(s.self), md5Of("a"), "song")
				c.conn.Send([]byte(aque))
				if honest {
					c.conn.Send([]byte("DONE" + string(c.got[4:20]) + "C"))
				}
				c.got = c.got[102:]
			case "PING":
				c.conn.Send([]byte("PONG" + string(c.got[4:20]) + strings.Repeat("0", 27)))
				c.got = c.got[20:]
			default:
				c.got = nil
			}
		}
	}
	s.dial(n.self).say("LINK01%s", field(s.self))
	search := func() (took time.Duration, found *message.Found) {
		start := w.sim.Now()
		found = n.find("song")
		require.Len(t, found.Results, 2)
		return w.sim.Now().Sub(start), found
	}
	took, found := search()
	require.Equal(t, config.DefaultSearchWindow, took)
	require.False(t, found.Complete)
	w.sim.Run(time.Second)
	for range 5 {
		took, found = search()
		require.InDelta(t, 1.5, took.Seconds(), 0.1, "the quiet rule")
		require.False(t, found.Complete)
		w.sim.Run(time.Minute)
	}
	require.Equal(t, 1, n.metrics[actortest.Series("refusals_total", "reason", "tardy_neighbor")])
	require.Equal(t, 1, n.metrics["links"])
	honest = true
	w.sim.Run(config.DefaultLinkAgain)
	took, found = search()
	require.True(t, found.Complete)
	require.Less(t, took, 100*time.Millisecond)
}

// TestAnswersToAnEarlierLink: the link over which a QUER came has ended, and there is another one. What was asked over the
// first is not answered over the second, unless it is asked there, too.
func TestAnswersToAnEarlierLink(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	w.sim.Run(time.Second)
	s, slow := w.stranger(100, true), w.stranger(101, true)
	behind := slow.linkTo(n.self)
	quer := func(id string) string { return fmt.Sprintf("QUER%s%s05%-20s", id, field(s.self), "song") }
	const first, second = "PKT0000000000001", "PKT0000000000002"
	s.linkTo(n.self).say("%s%s", quer(first), quer(second)).conn.Close()
	c := s.linkTo(n.self).say("%s", quer(second))
	c.hear("DONE%sC", second)
	require.Equal(t, 2, strings.Count(string(behind.got), "QUER"))
	for _, id := range []string{first, second} {
		behind.say("AQUE%s%s%s%-100sDONE%sC", id, field(slow.self), md5Of("a"), "song", id)
	}
	require.Empty(t, c.got)
	require.False(t, behind.ended)
}

// TestQuersThatAreNeverFinished: of those no more are remembered than somebody can wait for.
func TestQuersThatAreNeverFinished(t *testing.T) {
	w := newWorld(t, 1)
	cfg := linkConfig()
	cfg.Limits.PendingQueries = 5
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, true)
	c := s.linkTo(n.self)
	p := w.sim.Probe("floods")
	const floods = 50
	for i := range floods {
		id := p2p.NewPacketID(w.sim.Rand(uint64(i)))
		w.sim.System.Root.Send(n.routes.Overlay, &message.Flood{
			Ref: message.Ref(i), Packet: &message.Quer{ID: id, Origin: n.self, TTL: 3}, ReplyTo: p.PID,
		})
	}
	w.sim.Run(20 * time.Millisecond)
	require.Equal(t, floods, strings.Count(string(c.got), "QUER"))
	branches := actortest.Got[*message.Branch](p)
	require.Len(t, branches, floods-2*cfg.Limits.PendingQueries)
	for i, b := range branches {
		require.Equal(t, &message.Branch{Ref: message.Ref(i), By: s.self, Outcome: message.Unknown}, b)
	}
}
