package gateway_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
)

// linkFailures are lines of the policy table put to the test where links are: an actor of the middle one of three supernodes in a
// line panics while a search of the first one waits for answers through it.
var linkFailures = []struct {
	kind, work string
	fail       func(*linkScene)
	// ends is how long the search goes on: it ends at once, or by the quiet rule from then on.
	ends  time.Duration
	stops bool // it is stopped; otherwise restarted
}{
	{"neighbor", "telling of an answer, with a QUER open", neighborAnswers, quietRule, false},
	{"neighbor", "hearing a PONG, with a QUER open", neighborPongs, quietRule, false},
	{"connection", "of a link that was accepted, hearing an answer", acceptedHears, quietRule, true},
	{"connection", "of a link that was dialed, hearing an answer", dialedHears, quietRule, true},
	{"connection", "of the link to whoever searches, sending an answer", acceptedAnswers, quietRule, true},
	{"connection", "dialing to open a link", linkDials, quietRule, true},
	{"overlay", "answering a PING, with others waiting for the census", overlayPongs, quietRule, false},
	{"query", "passing answers on from link to link", queryRelays, quietRule, true},
	{"queries", "dropping a QUER that came twice", queriesTwice, quietRule, false},
	{"gateway", "with links", gatewayWithLinks, quietRule, false},
}

const quietRule = 1500 * time.Millisecond

// linkScene is three supernodes in a line, and a stranger with a link to the middle one. A search of the first one waits
// for what the stranger says.
type linkScene struct {
	*world
	first, middle, last *simNode
	weak                *weak
	other               *stranger
	link                *rawConn // the stranger's to the middle one
	quer                string   // the Pktid of the search, as the stranger has heard it
	user                *actortest.Probe
	begun               time.Time
}

func newLinkScene(t *testing.T) *linkScene {
	w := newWorld(t, 1)
	s := &linkScene{world: w, weak: &weak{}}
	s.first = w.add(node.Supernode, linkConfig(), endpoint(2))
	w.weak = s.weak
	c := linkConfig()
	c.Limits.AnswersPerQuery = 3
	s.middle = w.add(node.Supernode, c, endpoint(1), endpoint(3))
	s.last = w.add(node.Supernode, linkConfig(), endpoint(2))
	for _, n := range w.all {
		n.disk.Put("song of "+n.self.String(), []byte(n.self.String()))
	}
	w.sim.Run(3 * time.Second)
	s.other = w.stranger(100, false)
	s.link = s.other.linkTo(s.middle.self)
	s.linked(3)
	return s
}

// search begins the search, and waits until the stranger has heard of it.
func (s *linkScene) search() {
	text, err := p2p.NewSearchText("song")
	require.NoError(s.t, err)
	s.user, s.begun = s.sim.Probe("user"), s.sim.Now()
	s.sim.System.Root.Send(s.first.routes.Queries, &message.Find{Text: text, ReplyTo: s.user.PID})
	s.sim.RunUntil(time.Second, func() bool { return strings.Contains(string(s.link.got), "QUER") })
	at := strings.Index(string(s.link.got), "QUER")
	s.quer, s.link.got = string(s.link.got[at+4:at+20]), nil
	s.soon()
}

func (s *linkScene) soon() { s.sim.Run(20 * time.Millisecond) }

// aque is an answer of the stranger.
func (s *linkScene) aque(quer, digit string) string {
	return "AQUE" + quer + field(s.other.self) + md5Of(digit) + "song" + strings.Repeat(" ", 96)
}

// linked expects so many links at the middle one, and those of the others to it.
func (s *linkScene) linked(n int) {
	require.Equal(s.t, []int{1, n, 1}, []int{s.first.metrics["links"], s.middle.metrics["links"], s.last.metrics["links"]})
}

// TestFailuresWithLinks: whoever waits behind a link for an actor that panics is told, the links are there again within
// seconds, and the next search is complete.
func TestFailuresWithLinks(t *testing.T) {
	for _, f := range linkFailures {
		t.Run(f.kind+" "+f.work, func(t *testing.T) {
			s := newLinkScene(t)
			f.fail(s)
			require.Zero(t, s.weak.left, "it did not break")
			failed := s.sim.Now()
			s.sim.RunUntil(time.Minute, func() bool { return len(s.user.Messages) > 0 })
			require.Less(t, s.sim.Now().Sub(failed), f.ends+100*time.Millisecond, "nobody waits until a time limit")
			found := s.user.Messages[0].(*message.Found)
			require.NoError(t, found.Err)
			require.False(t, found.Complete)
			require.NotEmpty(t, found.Results)

			want := [3]int{1, 1, 0}
			if f.stops {
				want = [3]int{1, 0, 1}
			}
			require.Equal(t, map[string][3]int{f.kind: want}, s.middle.failed())
			s.sim.Run(3 * time.Second)
			s.link.conn.Close()
			s.soon()
			s.linked(2)
			start := s.sim.Now()
			found = s.first.find("song")
			require.True(t, found.Complete)
			require.Len(t, found.Results, 3)
			require.Less(t, s.sim.Now().Sub(start), 20*time.Millisecond)
			require.Contains(t, string(s.other.linkTo(s.middle.self).say("PINGPKT0000000000009").got), "PONGPKT0000000000009")
			require.Equal(t, map[string][3]int{f.kind: want}, s.middle.failed())
			for _, n := range s.all {
				require.True(t, n == s.middle || len(n.failed()) == 0, "only one node fails")
				q := inspect[*message.QueriesStatus](n, n.routes.Queries)
				require.Zero(t, q.Searches+q.Answers)
			}
		})
	}
}

// lost expects the stranger's link to have been closed at once.
func (s *linkScene) lost() { require.True(s.t, s.link.ended, "at once") }

func neighborAnswers(s *linkScene) {
	s.search()
	s.weak.breaks(actortest.Series("dropped_total", "command", "AQUE", "reason", "not_asked"), 1)
	s.link.say("%s%s", s.aque(s.quer, "a"), s.aque("PKT0000000000000", "b"))
	s.lost()
}

// neighborPongs: the PONG comes in the middle of a search.
func neighborPongs(s *linkScene) {
	s.sim.RunUntil(time.Minute, func() bool { return strings.Contains(string(s.link.got), "PING") })
	ping := string(s.link.got[4:20])
	s.search()
	s.weak.breaks("timer of neighbor", 1)
	s.link.say("PONG%s%010d%07d%010d", ping, 1, 1, 1)
	s.lost()
}

func acceptedHears(s *linkScene) {
	s.search()
	s.weak.breaks("Consumed", 1)
	s.link.say("%s", s.aque(s.quer, "a"))
	s.lost()
}

// slowly has what one host sends take a while.
func (s *linkScene) slowly(host p2p.Endpoint) {
	s.net.Latency = func(from, _ netip.Addr) time.Duration {
		if from == host.IPv4() {
			return 200 * time.Millisecond
		}
		return time.Millisecond
	}
}

// dialedHears: the answer of the last one is on its way. Whose endpoint is smaller has dialed.
func dialedHears(s *linkScene) {
	s.slowly(s.last.self)
	s.search()
	s.link.say("DONE%sC", s.quer)
	s.weak.breaks("Consumed", 1)
	s.sim.Run(200 * time.Millisecond)
	s.net.Latency = nil
}

// acceptedAnswers: it is the answers of the first files that cannot be sent.
func acceptedAnswers(s *linkScene) {
	s.search()
	s.weak.breaks("Send", 1)
	s.link.say("%s", s.aque(s.quer, "a"))
}

// linkDials: the stranger's link ends, and the middle one wants another one.
func linkDials(s *linkScene) {
	s.search()
	s.weak.breaks("Dial", 1)
	s.link.conn.Close()
	s.sim.RunUntil(time.Second, func() bool { return s.weak.left == 0 })
}

// overlayPongs: three PINGs come together, two of them on connections of their own.
func overlayPongs(s *linkScene) {
	s.search()
	a, b := s.other.dial(s.middle.self), s.other.dial(s.middle.self)
	s.weak.breaks("pings_answered_total", 1)
	a.conn.Send([]byte("PINGPKT0000000000001"))
	b.conn.Send([]byte("PINGPKT0000000000002"))
	s.link.say("PINGPKT0000000000003")
	s.lost()
	require.True(s.t, strings.HasPrefix(string(a.got), "PONGPKT0000000000001"), "%q", a.got)
	require.True(s.t, strings.HasPrefix(string(b.got), "PONGPKT0000000000002"), "%q", b.got)
}

// queryRelays: more answers come than are passed on.
func queryRelays(s *linkScene) {
	s.search()
	s.weak.breaks(actortest.Series("refusals_total", "reason", "answers_per_query"), 1)
	s.link.say("%s%s%s%s", s.aque(s.quer, "a"), s.aque(s.quer, "b"), s.aque(s.quer, "c"), s.aque(s.quer, "d"))
	require.False(s.t, s.link.ended)
	s.link.say("PINGPKT0000000000003")
	require.Contains(s.t, string(s.link.got), "PONGPKT0000000000003", "the link goes on")
}

// queriesTwice: a duplicate is answered at once, and so is what was open.
func queriesTwice(s *linkScene) {
	s.search()
	s.link.say("QUERPKT0000000000001%s05%-20s", field(s.other.self), "nothing")
	s.link.hear("DONEPKT0000000000001C")
	s.weak.breaks(actortest.Series("dropped_total", "command", "QUER", "reason", "duplicate"), 1)
	s.link.say("QUERPKT0000000000001%s05%-20s", field(s.other.self), "nothing").hear("DONEPKT0000000000001U")
}

func gatewayWithLinks(s *linkScene) {
	s.search()
	s.sim.System.Root.Send(s.middle.routes.Gateway, (*message.Send)(nil))
	s.soon()
	s.lost()
}
