package gateway_test

import (
	"flag"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/store"
	"alakazaam/config"
)

// FuzzConnection plays scripts against a supernode and a peer: strangers from several addresses who say anything in any
// order, cut it anywhere, leave when they like and do not read. What each conversation must have been like, and what
// must be left of it in the node, is in fuzz_judge_test.go and fuzz_model_test.go; scripts by hand are in
// fuzz_scripts_test.go.
//
// The scripts by hand are its seeds; what is in testdata was found by it.
func FuzzConnection(f *testing.F) {
	if flag.Lookup("test.fuzz").Value.String() != "" { // TestScripts plays them otherwise
		for _, s := range slices.Concat(scripts, linkScripts) {
			f.Add(s.in)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) { playScript(t, in).judge() })
}

// TestScripts plays the scripts by hand, and sees that they bring about what they are meant to: every packet in both
// directions, and every refusal.
func TestScripts(t *testing.T) {
	all := make(actortest.Metrics)
	for _, s := range slices.Concat(scripts, linkScripts) {
		t.Run(s.what, func(t *testing.T) {
			p := playScript(t, s.in)
			p.judge()
			for _, n := range p.all {
				for series, count := range n.metrics {
					all[series] += count
				}
			}
		})
	}
	for _, in := range []string{
		"SUPE", "ASUP", "LOGI", "ADFF", "DEFF", "LOGO", "QUER", "AQUE", "FIND", "RETR", "LINK", "ALNK", "PING", "PONG", "DONE",
	} {
		require.NotZero(t, all[actortest.Series("packets_total", "command", in, "direction", "in", "result", "ok")], in)
	}
	for _, out := range []string{
		"ALGI", "ALGO", "AFIN", "ARET", "QUER", "AQUE", "SUPE", "ASUP", "LINK", "ALNK", "NACK", "PING", "PONG", "DONE",
	} {
		require.NotZero(t, all[actortest.Series("packets_total", "command", out, "direction", "out", "result", "sent")], out)
	}
	for _, reason := range []string{
		"connections_per_address", "slow_connection", "unknown_session", "verify_address", "sessions", "files_per_session",
		"pending_queries", "dials_queued", "upload_slots", "discovery_max",
	} {
		require.NotZero(t, all[actortest.Series("refusals_total", "reason", reason)], reason)
	}
	for _, reason := range []string{"unknown_command", "malformed_field", "cut_short"} {
		require.NotZero(t, all[actortest.Series("decode_errors_total", "reason", reason)], reason)
	}
	require.NotZero(t, all["sessions_vanished_total"])
}

// What a script may use at most, so that each takes milliseconds.
const (
	maxSteps = 250
	maxTalks = 24
	maxSaid  = 128 << 10 // bytes
)

// play is a script that is being played.
type play struct {
	*world
	in     []byte // what is left of the script
	flags  byte
	config config.Config

	super *simNode
	peer  *simNode // nil: there is none
	kept  *store.Memory
	hosts []*stranger // who open connections

	talks   []*talk
	now     *talk    // what is said is said here; nil: nobody is connected
	given   []string // SessionIDs as they were heard of, oldest first
	flooded string   // the Pktid that the node has passed on last
	packets []string // what the node brought to those who listen

	// How the next packet is said.
	together   bool // it waits until this ends, and leaves with others in one write
	flip       bool // a byte of it is another
	flipAt     byte
	flipBy     byte
	cut        int // how many of its bytes leave a while before the others; 0: all at once
	again      int // how many more times it is said
	said       int // bytes, in all
	unshared   bool
	cutting    bool // part of a packet has left
	closed     bool // nobody answers LINK any more
	complaints complaints
}

// Bits of a script's first byte: the world that it plays in.
const (
	withNeighbor byte = 1 << iota
	withPeer
	withProbes
	withTightLimits
	withSlowStore
	inBytes  // everything arrives one byte at a time
	inPieces // everything arrives in pieces of 50 bytes
	withLinks
)

// The hosts of a script's world, by their numbers.
const (
	listens  = 100 // takes what is brought to it
	deaf     = 101 // nobody listens there
	distant  = 102 // listens; whatever is said takes seconds to get there
	hole     = 103 // dials towards it time out
	neighbor = 104 // where there are links it knows them
)

const (
	near = time.Millisecond
	far  = 1500 * time.Millisecond
	// probePause is short, so that sessions of peers that cannot be reached end within a script.
	probePause = 20 * time.Second
)

func playScript(t testing.TB, in []byte) *play {
	p := &play{world: newWorld(t, 1), in: in}
	p.flags = p.next()
	p.sim.Log.AddHook(&p.complaints)
	p.configure()
	p.network()
	p.hosts = []*stranger{p.listener(listens), p.stranger(deaf, false), p.listener(distant)}
	p.nodes()
	for steps := 0; len(p.in) > 0 && steps < maxSteps; steps++ {
		steps := stepsOf[:]
		if p.is(withLinks) {
			steps = linkSteps
		}
		steps[int(p.next())%len(steps)](p)
		p.sim.Run(3 * near)
		p.watch()
	}
	p.flush()
	return p
}

// is says whether the world is of this kind.
func (p *play) is(bit byte) bool { return p.flags&bit != 0 }

// next takes a byte of the script; past its end there are zeros.
func (p *play) next() byte {
	if len(p.in) == 0 {
		return 0
	}
	b := p.in[0]
	p.in = p.in[1:]
	return b
}

// pick takes one of n.
func (p *play) pick(n int) int { return int(p.next()) % n }

func (p *play) configure() {
	p.config = testConfig()
	c := &p.config
	c.Session.ProbeEvery, c.Limits.Offenses, c.Limits.SearchesPerSession = 0, 0, 0
	if p.is(withProbes) {
		c.Session.ProbeEvery, c.Session.ProbeFailures = probePause, 2
	}
	c.Transfer.UploadWait, c.Transfer.UploadSlots = 4*time.Second, 2
	c.Discovery.Links = p.is(withLinks)
	if p.is(withTightLimits) {
		c.Limits.Sessions, c.Limits.FilesPerSession, c.Limits.ConnectionsPerAddress = 2, 3, 3
		c.Limits.PendingQueries, c.Limits.DialsPerAddress, c.Limits.DialsQueued = 3, 1, 3
		c.Limits.PacketsPerSecond, c.Limits.SessionPacketsPerSecond = 50, 20
		c.Limits.SearchesPerSession, c.Limits.QueriesPerAddress, c.Limits.SessionsPerAddress = 1, 2, 2
		c.Transfer.UploadSlots, c.Transfer.UploadQueue = 1, 1
		c.Search.MaxResults = 2
		c.Discovery.Max, c.Limits.AnswersPerQuery = 2, 2
	}
}

func (p *play) network() {
	switch {
	case p.is(inBytes):
		p.net.Piece = 1
	case p.is(inPieces):
		p.net.Piece = 50
	}
	p.net.Latency = func(from, to netip.Addr) time.Duration {
		if far := endpoint(distant).IPv4(); from == far || to == far {
			return latencyOf(distant)
		}
		return near
	}
	p.net.Down = func(_, to netip.Addr) bool { return to == endpoint(hole).IPv4() }
}

// latencyOf is how long a piece takes from or to a host.
func latencyOf(host int) time.Duration {
	if host == distant {
		return far
	}
	return near
}

func (p *play) nodes() {
	var neighbors []p2p.Endpoint
	if p.is(withNeighbor) {
		neighbors = append(neighbors, p.listener(neighbor).self)
	}
	p.kept = store.NewMemory(p.sim.System)
	if p.store = p.kept; p.is(withSlowStore) {
		p.store = &slowStore{p.kept, p.sim}
	}
	p.super = p.add(node.Supernode, p.config, neighbors...)
	for _, f := range files[:ownFiles] {
		p.super.disk.Put(f.name, f.content)
	}
	if p.is(withPeer) {
		p.peer = p.add(node.Peer, p.config, p.super.self)
		p.peer.disk.Put(files[1].name, files[1].content)
	}
	p.sim.Run(10 * time.Second)
}

// slowStore takes its time over every write.
type slowStore struct {
	port.Store
	sim *actortest.Sim
}

// Apply implements port.Store.
func (s *slowStore) Apply(changes []port.Change, owner *actor.PID, token uint64) {
	s.sim.Do(50*time.Millisecond, func() { s.Store.Apply(changes, owner, token) })
}
