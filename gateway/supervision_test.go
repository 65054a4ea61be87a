package gateway_test

import (
	"crypto/md5"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/actors/store"
)

// bystander is what becomes of other work of the node while one of its actors fails.
type bystander string

const (
	unharmed bystander = "unharmed" // it ends as if nothing had happened
	told     bystander = "told"     // it goes with the actor that failed, and whoever waits is told
)

// failure is a row of the policy table (actors/node/policy.go) put to the test: an actor of that kind panics in the
// middle of real work.
type failure struct {
	kind string
	work string    // what it is in the middle of
	role node.Role // of the node that it belongs to; "": a supernode
	// fail brings the work about, has it fail, and looks whether whoever waited for it was told.
	fail func(*scene)
	// What becomes of a search and of a download that are under way at the same time.
	search, download bystander
	stops            bool // it is stopped; otherwise restarted
}

// failures is the policy table: at least one line a kind.
var failures = []failure{
	{"gateway", "refusing a packet, with dials waiting", "", gatewayRefuses, told, told, false},
	{"connection", "reading, with a FIND open", "", connectionWithFind, unharmed, unharmed, true},
	{"connection", "reading, with a LOGI open", "", connectionWithLogin, unharmed, unharmed, true},
	{"connection", "sending an answer", "", connectionAnswers, unharmed, unharmed, true},
	{"connection", "sending a file", "", connectionSendsFile, unharmed, unharmed, true},
	{"connection", "dialing to bring a packet, with others waiting", "", connectionBrings, unharmed, unharmed, true},
	{"connection", "asking", "", connectionAsks, unharmed, unharmed, true},
	{"connection", "fetching", "", connectionFetches, unharmed, unharmed, true},
	{"store", "keeping a login", "", storeKeepsLogin, unharmed, unharmed, false},
	{"store", "keeping a login and a publication at once", "", storeKeepsBatch, unharmed, unharmed, false},
	{"sessions", "taking a login in", "", sessionsLogin, unharmed, unharmed, false},
	{"session", "publishing, with a publication and a FIND open", "", sessionPublishes, unharmed, unharmed, false},
	{"catalog", "taking a publication in", "", catalogPublication, unharmed, unharmed, false},
	{"overlay", "handling a SUPE, with a flood under way", "", overlaySupe, unharmed, unharmed, false},
	{"neighbor", "backing off, with floods under way", "", neighborBacksOff, unharmed, unharmed, false},
	{"neighbor", "dropping a flood while it backs off", "", neighborDrops, unharmed, unharmed, false},
	{"queries", "beginning a search", "", queriesFind, told, unharmed, false},
	{"query", "gathering answers", "", queryGathers, unharmed, unharmed, true},
	{"query", "answering another supernode", "", queryAnswers, unharmed, unharmed, true},
	{"transfers", "counting what has come", "", transfersCount, unharmed, told, false},
	{"download", "keeping its file", "", downloadKeeps, unharmed, unharmed, false},
	{"share", "taking a new file in, with an upload waiting", "", shareNewFile, unharmed, unharmed, false},
	{"share", "having an upload wait", "", shareUploadWaits, unharmed, unharmed, false},
	{"share", "changing what is shared", "", shareEdits, unharmed, unharmed, false},
	{"peer", "losing its supernode, with a search open", node.Peer, peerLosesSupernode, unharmed, unharmed, false},
	{"role", "looking whether another role is due", node.Peer, roleLooks, unharmed, unharmed, false},
}

// TestFailures: whoever waits for an actor that panics is told, its siblings do not notice, its state comes back, and it
// is counted.
func TestFailures(t *testing.T) {
	for _, f := range failures {
		t.Run(f.kind+" "+f.work, func(t *testing.T) {
			s := newScene(t, f.role)
			s.begin()
			f.fail(s)
			require.Zero(t, s.weak.left, "it did not break")
			s.searchEnds(f.search)
			s.downloadEnds(f.download)
			want := [3]int{1, 1, 0}
			if f.stops {
				want = [3]int{1, 0, 1}
			}
			require.Equal(t, map[string][3]int{f.kind: want}, s.failing.failed())
			s.sim.Run(2 * time.Minute)
			s.works()
			require.Equal(t, map[string][3]int{f.kind: want}, s.failing.failed())
			for _, n := range s.all {
				require.True(t, n == s.failing || len(n.failed()) == 0, "only one node fails")
			}
		})
	}
}

// failed is how many panics, restarts and stops because of a failure a node has counted, of the kinds that have any.
func (n *simNode) failed() map[string][3]int {
	out := make(map[string][3]int)
	for kind := range n.kinds() {
		var c [3]int
		for i, name := range []string{"actor_panics_total", "actor_restarts_total", "actor_failure_stops_total"} {
			c[i] = n.metrics[actortest.Series(name, "kind", kind)]
		}
		if c != ([3]int{}) {
			out[kind] = c
		}
	}
	return out
}

// kinds are the kinds of actors that a node has made, each with how many of them live.
func (n *simNode) kinds() map[string]int {
	out := make(map[string]int)
	for series, living := range n.metrics {
		if rest, ok := strings.CutPrefix(series, "actors[kind "); ok {
			out[strings.TrimSuffix(rest, "]")] = living
		}
	}
	return out
}

// scene is a small network in which one node is about to fail. A search and a download are under way there, and stay so
// until the scene is told to go on.
type scene struct {
	*world
	super, far, peer *simNode // peer is logged in at super, which has far as a neighbor
	failing          *simNode // super or peer
	weak             *weak    // its ports
	stuck            *stuckStore
	a, b             *stranger // logged in at super
	idA, idB         string
	files            []message.Result // that everybody finds
	quers            []string         // the Pktids of searches, as they began

	search   *rawConn // b's
	giver    *stranger
	user     *actortest.Probe // who downloads
	download p2p.FileID
}

func newScene(t *testing.T, role node.Role) *scene {
	w := newWorld(t, 1)
	s := &scene{world: w, weak: &weak{}, stuck: &stuckStore{Store: store.NewMemory(w.sim.System)}}
	sent := w.net.Sent
	w.net.Sent = s.notes(sent)
	c := testConfig()
	c.Limits.FilesPerSession, c.Limits.DialsQueued, c.Transfer.UploadSlots = 3, 2, 1
	w.store = s.stuck
	if role != node.Peer {
		w.weak = s.weak
	}
	s.super = w.add(node.Supernode, c, endpoint(2))
	s.far = w.add(node.Supernode, testConfig(), endpoint(1))
	if role == node.Peer {
		w.weak = s.weak
	}
	promoting := testConfig()
	promoting.Promotion.Enabled, promoting.Promotion.Every = true, 100*time.Millisecond
	s.peer = w.add(node.Peer, promoting, endpoint(1))
	if s.failing = s.super; role == node.Peer {
		s.failing = s.peer
	}
	s.a, s.b, s.giver = w.stranger(100, false), w.stranger(101, false), w.stranger(110, true)
	for _, n := range w.all {
		name := fmt.Sprintf("of %d.txt", len(s.files)+1)
		s.shared(n.disk.Put(name, []byte(name)), name, n.self)
	}
	w.sim.Run(10 * time.Second)
	s.idA, s.idB = s.a.login(s.super.self), s.b.login(s.super.self)
	s.a.dial(s.super.self).say("%s", adff(s.idA, md5Of("a"), "of a.txt")).conn.Close()
	s.shared(idOf(md5Of("a")), "of a.txt", s.a.self)
	s.works()
	return s
}

func idOf(hex string) p2p.FileID {
	id, err := p2p.ParseFileID([]byte(hex))
	if err != nil {
		panic(err)
	}
	return id
}

func (s *scene) shared(id p2p.FileID, name string, at p2p.Endpoint) {
	s.files = append(s.files, message.Result{File: id, Name: p2p.FileName(name), Owners: []p2p.Endpoint{at}})
	slices.SortFunc(s.files, func(a, b message.Result) int { return a.File.Compare(b.File) })
}

// afin is the AFIN that lists everything.
func (s *scene) afin() string {
	out := fmt.Sprintf("AFIN%03d", len(s.files))
	for _, f := range s.files {
		out += fmt.Sprintf("%s%-100s001%s", f.File, f.Name, field(f.Owners[0]))
	}
	return out
}

// begin sets a search and a download going.
func (s *scene) begin() {
	s.search = s.b.dial(s.super.self).say("FIND%s%-20s", s.idB, "of ")
	s.user = s.sim.Probe("user")
	s.download = p2p.FileID(md5.Sum([]byte("onetwo")))
	s.send(s.failing.routes.Transfers, &message.Download{
		File: s.download, Name: "onetwo", Owners: []p2p.Endpoint{s.giver.self}, ReplyTo: s.user.PID,
	})
	s.sim.Run(20 * time.Millisecond)
	s.giver.heard[0].say("ARET00000200003one")
}

// searchEnds lets the search come to its end.
func (s *scene) searchEnds(how bystander) {
	if how == told {
		require.True(s.t, s.search.ended, "at once")
		require.Empty(s.t, s.search.got)
		return
	}
	s.sim.Run(2 * time.Second)
	require.Equal(s.t, s.afin(), string(s.search.got))
	require.False(s.t, s.search.ended)
}

// downloadEnds lets the download come to its end.
func (s *scene) downloadEnds(how bystander) {
	last := func() *message.DownloadState {
		states := actortest.Got[*message.DownloadState](s.user)
		return states[len(states)-1]
	}
	if how == told {
		require.True(s.t, last().Ended, "at once")
		require.NotEmpty(s.t, last().Error)
		return
	}
	require.False(s.t, last().Ended)
	s.giver.heard[0].say("00003two")
	require.True(s.t, last().Ended)
	require.Empty(s.t, last().Error)
	require.Equal(s.t, "onetwo", string(s.net.Files[last().Path]))
}

// works goes through what a supernode does, over connections of its own.
func (s *scene) works() {
	require.Equal(s.t, s.idA, s.a.login(s.super.self), "the session goes on")
	c := s.a.dial(s.super.self).say("%sFIND%s%-20s", adff(s.idA, md5Of("e"), "extra"), s.idA, "of ")
	s.sim.Run(2 * time.Second)
	c.hear("%s", s.afin())
	c.say("FIND%s%-20s", s.idA, "extra")
	s.sim.Run(2 * time.Second)
	c.hear("AFIN001%s%-100s001%s", md5Of("e"), "extra", field(s.a.self))
	c.say("DEFF%s%s", s.idA, md5Of("e")).conn.Close()
	require.Equal(s.t, "online", s.peer.standing().State)
	require.Equal(s.t, s.files, s.peer.find("of ").Results)
	content := s.sim.Now().String() // none that was downloaded before
	id := s.far.disk.Put("for the download", []byte(content))
	require.Empty(s.t, s.failing.download(id, "download", s.far.self).Error)
	s.far.disk.Remove("for the download")

	alive := s.super.kinds()
	for _, kind := range []string{"node", "gateway", "store", "sessions", "catalog", "overlay", "queries", "transfers", "share"} {
		require.Equal(s.t, 1, alive[kind], kind)
	}
	require.Equal(s.t, 3, alive["session"])
	require.Equal(s.t, 3, s.super.metrics["sessions"])
	require.Zero(s.t, alive["query"]+alive["download"])
	require.Zero(s.t, inspect[*message.QueriesStatus](s.super, s.super.routes.Queries).Searches)
	require.Zero(s.t, inspect[*message.ShareStatus](s.super, s.super.routes.Share).Uploads)
	require.Equal(s.t, 3, s.logins(s.stuck.Store))
}
