package gateway_test

import (
	"crypto/md5"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// churn is what goes wrong in an overlay while it is searched.
type churn struct {
	links []loss
	nodes []loss // that end
}

// loss is the end of a link, as one of its ends gives it up, or of a node.
type loss struct {
	after time.Duration
	at    int
	edge  [2]int
}

func anyChurn(t *rapid.T, m mixture) (c churn) {
	if len(m.edges) == 0 {
		return c
	}
	after := rapid.IntRange(0, 120)
	for range rapid.IntRange(0, 4).Draw(t, "links lost") {
		e := rapid.SampledFrom(m.edges).Draw(t, "link")
		at := e[rapid.IntRange(0, 1).Draw(t, "end")]
		c.links = append(c.links, loss{after: time.Duration(after.Draw(t, "after ms")) * time.Millisecond, at: at, edge: e})
	}
	for range rapid.IntRange(0, 1).Draw(t, "nodes lost") {
		at := rapid.IntRange(1, m.nodes-1).Draw(t, "node")
		c.nodes = append(c.nodes, loss{after: time.Duration(after.Draw(t, "after ms")) * time.Millisecond, at: at})
	}
	return c
}

// begin has it happen.
func (c churn) begin(w *world) {
	root := w.sim.System.Root
	for _, l := range c.links {
		other := l.edge[0]
		if other == l.at {
			other = l.edge[1]
		}
		neighbor := w.sim.System.NewLocalPID(w.all[l.at].routes.Overlay.Id + "/neighbor/" + endpoint(other+1).String())
		w.sim.Do(l.after, func() { root.Stop(neighbor) })
	}
	for _, l := range c.nodes {
		w.sim.Do(l.after, func() { root.Stop(w.all[l.at].routes.Node) })
	}
}

// spared are the nodes that the first one reaches over links of which none is lost.
func (c churn) spared(m mixture) []bool {
	lost := make([]bool, m.nodes)
	for _, l := range c.nodes {
		lost[l.at] = true
	}
	in := make([]bool, m.nodes)
	in[0] = true
	for range m.nodes {
		for _, e := range m.edges {
			gone := lost[e[0]] || lost[e[1]] || slices.ContainsFunc(c.links, func(l loss) bool { return l.edge == e })
			if !gone && (in[e[0]] || in[e[1]]) {
				in[e[0]], in[e[1]] = true, true
			}
		}
	}
	return in
}

// judge looks whether a search that says that it is complete has found what it could not miss, and whether one says so where
// nothing is lost.
func (c churn) judge(t *rapid.T, m mixture, found *message.Found) {
	at := make(map[p2p.FileID]bool)
	for _, f := range found.Results {
		at[f.File] = true
	}
	for i, spared := range c.spared(m) {
		for _, f := range m.files[i] {
			if found.Complete && spared && f[:4] == "song" {
				require.True(t, at[p2p.FileID(md5.Sum([]byte(f)))], "%q is missing", f)
			}
		}
	}
	if len(c.links)+len(c.nodes) == 0 {
		require.True(t, found.Complete)
	}
}

// TestCompleteUnderChurn: whatever links and nodes are lost while an overlay is searched, and however long each hop takes,
// a search that says that it is complete has found what is at all nodes that stayed within its reach. Links that are lost
// come back.
func TestCompleteUnderChurn(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := anyMixture(r)
		m.ttl, m.kill = 99, -1
		m.base = make([]bool, m.nodes)
		c := anyChurn(r, m)
		w := m.build(t)
		hops := rapid.SliceOfN(rapid.IntRange(1, 25), 16, 16).Draw(r, "ms a hop")
		w.net.Latency = func(from, to netip.Addr) time.Duration {
			return time.Duration(hops[(7*int(from.As4()[3])+int(to.As4()[3]))%len(hops)]) * time.Millisecond
		}
		c.begin(w)
		for range 3 { // the later ones while links come back
			found := w.all[0].find("song")
			require.NoError(r, found.Err)
			c.judge(r, m, found)
			w.sim.Run(time.Duration(rapid.IntRange(0, 900).Draw(r, "pause ms")) * time.Millisecond)
		}
		w.sim.Run(2 * time.Minute)
		if found := w.all[0].find("song"); len(c.nodes) == 0 {
			want, _ := m.within("song")
			require.Len(r, found.Results, want, "every link is back")
			require.True(r, found.Complete)
		}
		w.sim.Run(config.DefaultSearchWindow)
		for i, n := range w.all {
			if !slices.ContainsFunc(c.nodes, func(l loss) bool { return l.at == i }) {
				status := inspect[*message.QueriesStatus](n, n.routes.Queries)
				require.Zero(r, status.Searches+status.Answers, "nothing is left over")
			}
		}
	})
}
