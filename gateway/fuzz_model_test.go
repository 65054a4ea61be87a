package gateway_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/gateway/wire"
)

// watch looks at what must never be the case while a script is being played.
func (p *play) watch() {
	for _, c := range p.talks {
		c.learn()
	}
	gateway := inspect[*message.GatewayStatus](p.super, p.super.routes.Gateway)
	require.LessOrEqual(p.t, p.super.metrics["searches"], 64*gateway.Incoming, "a connection has 64 open requests at most, and they end with it")
	if p.is(withTightLimits) {
		require.LessOrEqual(p.t, p.super.metrics["searches"], p.config.Limits.PendingQueries)
		require.LessOrEqual(p.t, p.super.metrics["sessions"], p.config.Limits.Sessions)
		require.LessOrEqual(p.t, gateway.Waiting, p.config.Limits.DialsQueued)
	}
}

// actors is how many of a kind the supernode has.
func (p *play) actors(kind string) int {
	return p.super.metrics[actortest.Series("actors", "kind", kind)]
}

// judge holds what happened against what must be, once everything has become quiet.
func (p *play) judge() {
	for _, c := range p.talks {
		if c.holds {
			c.hold()
		}
	}
	p.sim.Run(quiet)
	p.watch()
	p.judgeLinks()
	p.judgeActors()
	for _, c := range p.talks {
		c.judge()
	}
	p.judgePackets()
	p.judgeSessions()
	dir := p.judgeDirectory()
	p.judgeStories(dir)
	p.serveOnceMore(dir)
	p.shutDown()
}

// judgeActors: nothing failed, and everything that belongs to a connection or a query has ended.
func (p *play) judgeActors() {
	for _, n := range p.all {
		for series, count := range n.metrics {
			for _, never := range []string{"actor_panics_total", "actor_restarts_total", "actor_failure_stops_total"} {
				require.False(p.t, strings.HasPrefix(series, never) && count != 0, "%s: %d", series, count)
			}
		}
		calm := n.sim.RunUntil(time.Minute, func() bool {
			for _, kind := range []string{"connection", "query", "download"} {
				if n.metrics[actortest.Series("actors", "kind", kind)] != 0 {
					return false
				}
			}
			return true
		})
		require.True(p.t, calm, "something goes on for ever: %v", n.metrics)
	}
	require.Empty(p.t, p.complaints)
	s := p.super
	require.Equal(p.t, &message.GatewayStatus{}, inspect[*message.GatewayStatus](s, s.routes.Gateway))
	queries := inspect[*message.QueriesStatus](s, s.routes.Queries)
	require.Zero(p.t, queries.Searches+queries.Answers)
	require.Zero(p.t, s.metrics["searches"])
	up := inspect[*message.ShareStatus](s, s.routes.Share)
	require.Zero(p.t, up.Uploads+up.Waiting, "upload slots are given back")
	require.Zero(p.t, inspect[*message.StoreStatus](s, s.routes.Store).Waiting)
}

// judgePackets: what the node brings to others is one whole packet on each connection, or nothing where it only looks
// whether they are there.
func (p *play) judgePackets() {
	sizes := map[string]int{"": 0, "SUPE": 82, "ASUP": 80, "QUER": 102, "AQUE": 212}
	if p.is(withLinks) {
		sizes["LINK"] = 66 // nothing else that a base node may not know
	}
	for _, got := range p.packets {
		size, known := sizes[got[:min(4, len(got))]]
		require.True(p.t, known && len(got) == size, "%.300q", got)
	}
}

// judgeSessions: whoever logs in again gets the same session as long as nobody ended it.
func (p *play) judgeSessions() {
	if p.is(withProbes) {
		return
	}
	ids := make(map[p2p.Endpoint]string)
	for _, c := range p.talks {
		for _, r := range c.requests {
			m, ok := r.packet.(*wire.Logi)
			if !ok || r.given == "" {
				continue
			}
			first, again := ids[m.Endpoint]
			ids[m.Endpoint] = r.given
			if again && first != r.given {
				require.True(p.t, p.loggedOut(first) || p.loggedOut(r.given), "another session for no reason")
			}
		}
	}
}

// loggedOut says whether somebody has asked for a session's end.
func (p *play) loggedOut(id string) bool {
	return slices.ContainsFunc(p.talks, func(c *talk) bool { return strings.Contains(string(c.said), "LOGO"+id) })
}

// directory is what a store holds: the files of each session, with their names.
type directory map[string]map[string]string

// judgeDirectory: the sessions, the store, the catalog and their metrics know the same.
func (p *play) judgeDirectory() directory {
	probe := p.sim.Probe("judge")
	p.kept.Load(port.Cursor{}, 1<<20, probe.PID, 1)
	p.sim.System.Root.Send(p.super.routes.Catalog, &message.Match{All: true, ReplyTo: probe.PID})
	p.sim.Run(0)
	dir, at := make(directory), make(map[string]p2p.Endpoint)
	var want []string
	published := func(e p2p.Endpoint, id p2p.FileID, n p2p.FileName) {
		want = append(want, fmt.Sprintf("%s %s %q", e, id, n))
	}
	for _, c := range actortest.Got[*port.Loaded](probe)[0].Changes {
		id := c.Session.String()
		switch c.Op {
		case port.OpLogin:
			dir[id], at[id] = make(map[string]string), c.Endpoint
		case port.OpPut:
			dir[id][c.File.String()] = string(c.Name)
			published(at[id], c.File, c.Name)
		}
	}
	own := make(map[p2p.FileID]p2p.FileName)
	p.sim.System.Root.Send(p.super.routes.Share, &message.ListShares{ReplyTo: probe.PID})
	p.sim.Run(0)
	for _, f := range actortest.Got[*message.Shares](probe)[0].Files {
		own[f.File] = f.Name
		published(p.super.self, f.File, f.Name)
	}
	var found []string
	hits := actortest.Got[*message.Matched](probe)[0].Hits
	different := make(map[p2p.FileID]bool)
	for _, h := range hits {
		found = append(found, fmt.Sprintf("%s %s %q", h.Owner, h.File, h.Name))
		different[h.File] = true
	}
	require.ElementsMatch(p.t, want, found, "the catalog has what the store and the share have")
	m := p.super.metrics
	require.Equal(p.t, []int{len(hits), len(different), len(dir)}, []int{m["file_copies"], m["files"], m["sessions"]})
	require.Equal(p.t, len(dir), inspect[*message.SessionsStatus](p.super, p.super.routes.Sessions).Sessions)
	require.Equal(p.t, len(dir), p.actors("session"))
	return dir
}

// judgeStories replays what was asked under each session of which only one connection spoke, and whose every request
// had its due: its files, what its searches found of them and what its LOGO counted are known exactly.
func (p *play) judgeStories(dir directory) {
	if p.is(withProbes) {
		return
	}
	for _, id := range p.given {
		var teller *talk
		told := true
		for _, c := range p.talks {
			if c.to == p.super && slices.ContainsFunc(c.requests, func(r *request) bool { return r.sessionOf() == id }) {
				told = told && teller == nil && c.complete && !c.held
				teller = c
			}
		}
		if told && teller != nil {
			published, lives := teller.replay(id)
			kept, there := dir[id]
			require.Equal(p.t, lives, there)
			require.True(p.t, maps.Equal(published, kept), "%v was published, %v is there", published, kept)
		}
	}
}

// replay goes through what a connection has asked under a session.
func (c *talk) replay(id string) (published map[string]string, lives bool) {
	published, lives = make(map[string]string), true
	for _, r := range c.requests[:c.served] {
		switch m := r.packet.(type) {
		case *wire.Adff:
			_, here := published[m.File.String()]
			if m.Session.String() == id && lives && (here || len(published) < c.config.Limits.FilesPerSession) {
				published[m.File.String()] = string(m.Name)
			}
		case *wire.Deff:
			if m.Session.String() == id {
				delete(published, m.File.String())
			}
		case *wire.Logo:
			if m.Session.String() == id {
				require.Equal(c.t, len(published), r.deleted, "what a LOGO counts")
				clear(published)
				lives = false
			}
		case *wire.Find:
			if m.Session.String() == id && lives && m.Text.String() == "*" && !c.is(withTightLimits) && !c.othersAnswer() {
				require.Equal(c.t, len(published), r.of(c.ownerOf(id)), "a search finds what was published before it, and nothing later")
			}
		}
	}
	return published, lives
}

// of is how many files of an owner a search has found.
func (r *request) of(owner string) (n int) {
	for _, h := range r.found {
		if h.owner == owner {
			n++
		}
	}
	return n
}

// ownerOf is the address under which a session logged in.
func (p *play) ownerOf(id string) string {
	for _, c := range p.talks {
		for _, r := range c.requests {
			if r.given == id {
				return field(r.packet.(*wire.Logi).Endpoint)
			}
		}
	}
	return ""
}

// othersAnswer says whether somebody has sent AQUEs.
func (p *play) othersAnswer() bool {
	return slices.ContainsFunc(p.talks, func(c *talk) bool { return strings.Contains(string(c.said), "AQUE") })
}

// serveOnceMore logs everybody out, which takes everything that was published along, and goes the way of an honest peer.
func (p *play) serveOnceMore(dir directory) {
	honest := p.hosts[0].dial(p.super.self)
	others := 0
	for _, id := range slices.Sorted(maps.Keys(dir)) {
		if p.peer != nil && !slices.Contains(p.given, id) && inspect[*message.PeerStatus](p.peer, p.peer.routes.Peer).Published == len(dir[id]) && others == 0 {
			others++
			continue
		}
		p.ask(honest, "LOGO%s", id)
		honest.hear("ALGO%03d", len(dir[id]))
	}
	p.ask(honest, "LOGI%s", field(p.hosts[0].self))
	id := string(honest.got[4:])
	f := file{"after all", []byte("after all")}
	p.ask(honest, "FIND%s%-20s", id, f.name)
	p.ask(honest, "%s", adff(id, f.md5(), f.name))
	p.ask(honest, "FIND%s%-20s", id, f.name)
	p.ask(honest, "LOGO%s", id)
	honest.hear("ALGI%sAFIN000AFIN001%s%-100s001%sALGO001", id, f.md5(), f.name, field(p.hosts[0].self))
	require.Equal(p.t, others, p.super.metrics["sessions"])
}

// ask says something and waits as long as an answer may take.
func (p *play) ask(c *rawConn, format string, args ...any) {
	c.say(format, args...)
	wait := 2 * time.Second
	if p.is(withLinks) {
		wait *= 2 // a neighbor is asked first whether it knows links
	}
	p.sim.Run(wait)
}

// shutDown ends the nodes, which leaves nothing behind: no actor, and nothing that would happen later.
func (p *play) shutDown() {
	for _, n := range p.all {
		p.sim.System.Root.Send(n.routes.Node, &message.Shutdown{})
	}
	p.sim.Run(10 * time.Second) // a little more than open answers may take
	for _, n := range p.all {
		for series, count := range n.metrics {
			require.False(p.t, strings.HasPrefix(series, "actors[") && count != 0, "%s: %d", series, count)
		}
	}
	require.Zero(p.t, p.sim.Pending(), "no timer goes on")
}
