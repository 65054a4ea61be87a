package query

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

func at(i int) p2p.Endpoint {
	e, err := p2p.ParseEndpoint(fmt.Sprintf("10.0.%d.%d:3000", i/250, i%250+1))
	if err != nil {
		panic(err)
	}
	return e
}

func TestMerged(t *testing.T) {
	m := newMerged(3, 0)
	for _, h := range []message.Hit{
		{File: p2p.FileID{1}, Name: "rare", Owner: at(1)},
		{File: p2p.FileID{2}, Name: "one name", Owner: at(1)},
		{File: p2p.FileID{2}, Name: "common name", Owner: at(2)},
		{File: p2p.FileID{2}, Name: "common name", Owner: at(3)},
		{File: p2p.FileID{2}, Name: "said twice", Owner: at(3)},
		{File: p2p.FileID{0}, Name: "tie", Owner: at(9)},
	} {
		require.True(t, m.add(h))
	}
	require.False(t, m.add(message.Hit{File: p2p.FileID{7}, Name: "past the limit", Owner: at(1)}))
	require.True(t, m.add(message.Hit{File: p2p.FileID{1}, Name: "rare", Owner: at(1)}), "known already")
	require.Equal(t, []message.Result{
		{File: p2p.FileID{2}, Name: "common name", Owners: []p2p.Endpoint{at(1), at(2), at(3)}},
		{File: p2p.FileID{0}, Name: "tie", Owners: []p2p.Endpoint{at(9)}},
		{File: p2p.FileID{1}, Name: "rare", Owners: []p2p.Endpoint{at(1)}},
	}, m.results())
}

func TestMergedCopiesAreBounded(t *testing.T) {
	m := newMerged(0, 0)
	for i := range maxCopies {
		require.True(t, m.add(message.Hit{File: p2p.FileID{1}, Name: "n", Owner: at(i)}))
	}
	for i := range maxCopies {
		require.True(t, m.add(message.Hit{File: p2p.FileID{1}, Name: "n", Owner: at(i)}), "it is known")
	}
	require.False(t, m.cut)
	require.False(t, m.add(message.Hit{File: p2p.FileID{1}, Name: "n", Owner: at(maxCopies)}))
	require.True(t, m.cut)
	require.Len(t, m.results()[0].Owners, maxCopies)
}

// by is a copy of file f that only that host has; port tells owners on one host apart.
func by(host, port, f int) message.Hit {
	e, err := p2p.ParseEndpoint(fmt.Sprintf("10.1.0.%d:%d", host, 3000+port))
	if err != nil {
		panic(err)
	}
	return message.Hit{File: p2p.FileID{byte(f)}, Name: "n", Owner: e}
}

// kept are the files of a list, in the order in which they came.
func (m *merged) kept() (out []int) {
	for _, f := range m.order {
		out = append(out, int(f.id[0]))
	}
	return out
}

// TestOneSourceDoesNotFillAList: where there is more than fits, a host that is past the cap makes room for others.
func TestOneSourceDoesNotFillAList(t *testing.T) {
	for _, c := range []struct {
		name       string
		limit, cap int
		hits       []message.Hit
		want       []int
		cut        bool
	}{
		{"it fits", 4, 1, []message.Hit{by(1, 0, 1), by(1, 0, 2), by(1, 0, 3), by(2, 0, 4)}, []int{1, 2, 3, 4}, false},
		{"the latest goes", 3, 1, []message.Hit{by(1, 0, 1), by(1, 0, 2), by(1, 0, 3), by(2, 0, 4)}, []int{1, 2, 4}, true},
		{"down to the cap", 3, 2, []message.Hit{by(1, 0, 1), by(1, 0, 2), by(1, 0, 3), by(2, 0, 4), by(3, 0, 5)}, []int{1, 2, 4}, true},
		{"its own do not", 3, 1, []message.Hit{by(1, 0, 1), by(1, 0, 2), by(1, 0, 3), by(1, 1, 4)}, []int{1, 2, 3}, true},
		{"no cap", 3, 0, []message.Hit{by(1, 0, 1), by(1, 0, 2), by(1, 0, 3), by(2, 0, 4)}, []int{1, 2, 3}, true},
		{"no limit", 0, 1, []message.Hit{by(1, 0, 1), by(1, 0, 2), by(1, 0, 3)}, []int{1, 2, 3}, false},
		{"ports are no hosts", 3, 1, []message.Hit{by(1, 0, 1), by(1, 1, 2), by(1, 2, 3), by(2, 0, 4)}, []int{1, 2, 4}, true},
		{"what others have stays", 3, 1, []message.Hit{by(1, 0, 1), by(1, 0, 2), by(1, 0, 3), by(2, 0, 3), by(3, 0, 4)}, []int{1, 3, 4}, true},
		{"and does not count", 3, 1, []message.Hit{by(1, 0, 1), by(1, 0, 2), by(2, 0, 2), by(1, 0, 3), by(2, 0, 3), by(3, 0, 4)}, []int{1, 2, 3}, true},
		{"the one with the most gives", 5, 1, []message.Hit{by(1, 0, 1), by(1, 0, 2), by(1, 0, 3), by(2, 0, 4), by(2, 0, 5), by(3, 0, 6)}, []int{1, 2, 4, 5, 6}, true},
		{"of equals that of the latest", 4, 1, []message.Hit{by(1, 0, 1), by(2, 0, 2), by(2, 0, 3), by(1, 0, 4), by(3, 0, 5)}, []int{1, 2, 3, 5}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMerged(c.limit, c.cap)
			for _, h := range c.hits {
				m.add(h)
			}
			require.Equal(t, c.want, m.kept())
			require.Equal(t, c.cut, m.cut)
			require.Len(t, m.files, len(m.order))
		})
	}
}

// TestCapIsFair: never fewer files for it, and whoever is past the cap is so only where the others have nothing more.
func TestCapIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit, ownerCap := rapid.IntRange(1, 12).Draw(t, "limit"), rapid.IntRange(1, 5).Draw(t, "cap")
		m := newMerged(limit, ownerCap)
		has := map[int]map[int]bool{} // by host; each file is of one host
		files := 0
		for range rapid.IntRange(0, 60).Draw(t, "hits") {
			f := rapid.IntRange(0, 80).Draw(t, "file")
			host := 1 + f%4
			m.add(by(host, 0, f))
			if has[host] == nil {
				has[host] = map[int]bool{}
			}
			if !has[host][f] {
				files++
			}
			has[host][f] = true
		}
		require.Len(t, m.order, min(limit, files))
		counts, most := map[int]int{}, 0
		for _, f := range m.kept() {
			counts[1+f%4]++
			most = max(most, counts[1+f%4])
		}
		if most > ownerCap {
			for host, offered := range has {
				require.GreaterOrEqual(t, counts[host], min(ownerCap, len(offered)), "host %d", host)
			}
		}
		over := 0
		for host, n := range counts {
			require.Equal(t, n, m.alone[hostOf(by(host, 0, 0).Owner)])
			if n > ownerCap {
				over++
			}
		}
		require.Equal(t, over, m.over)
		require.Equal(t, files > len(m.order), m.cut)
	})
}

// TestMergedKnowsItsOwners: a copy that is known makes no difference, whether its file has few owners or many.
func TestMergedKnowsItsOwners(t *testing.T) {
	m := newMerged(0, 0)
	for n := range 3 * few {
		for i := range n + 1 {
			require.True(t, m.add(message.Hit{File: p2p.FileID{1}, Name: "n", Owner: at(i)}))
		}
		require.Len(t, m.results()[0].Owners, n+1)
	}
}
