package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// known lets every file be found.
func known(p2p.FileID) bool { return true }

func find(x *index, w wanted) []message.Hit {
	hits, _ := x.match(w)
	return hits
}

// naive is the index's meaning without its structure.
type naive map[p2p.SessionID]map[p2p.FileID]p2p.FileName

func (n naive) match(want string, limit int, all bool) []message.Hit {
	copies, matching := map[p2p.FileID]int{}, map[p2p.FileID]bool{}
	for _, files := range n {
		for id, name := range files {
			copies[id]++
			if strings.Contains(strings.ToLower(string(name)), want) {
				matching[id] = true
			}
		}
	}
	var ids []p2p.FileID
	for id := range matching {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b p2p.FileID) int { return cmp.Or(copies[b]-copies[a], a.Compare(b)) })
	if limit > 0 && len(ids) > limit {
		ids = ids[:limit]
	}
	var hits []message.Hit
	for session, files := range n {
		for id, name := range files {
			if slices.Contains(ids, id) && (all || strings.Contains(strings.ToLower(string(name)), want)) {
				hits = append(hits, message.Hit{File: id, Name: name, Owner: where(session)})
			}
		}
	}
	return hits
}

func sessionNo(i int) p2p.SessionID {
	id, err := p2p.ParseSessionID(fmt.Appendf(nil, "SESSION%09d", i))
	if err != nil {
		panic(err)
	}
	return id
}

func where(s p2p.SessionID) p2p.Endpoint {
	e, err := p2p.ParseEndpoint("10.0.0." + strings.TrimLeft(s.String()[7:], "0") + ":3000")
	if err != nil {
		panic(err)
	}
	return e
}

// TestIndexIsWhatItMeans holds the index against a plain scan over random publications, withdrawals and searches.
func TestIndexIsWhatItMeans(t *testing.T) {
	names := []p2p.FileName{"Alpha beta", "alpha", "BETA gamma", "gamma", "a*b", "100% pure", "x"}
	rapid.Check(t, func(t *rapid.T) {
		x, n := newIndex(), naive{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			session := sessionNo(rapid.IntRange(1, 4).Draw(t, "session"))
			id := p2p.FileID{byte(rapid.IntRange(1, 6).Draw(t, "file"))}
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				x.remove(session, id)
				delete(n[session], id)
			case 1:
				x.removeAll(session)
				delete(n, session)
			default:
				name := rapid.SampledFrom(names).Draw(t, "name")
				x.put(session, where(session), id, name)
				if n[session] == nil {
					n[session] = map[p2p.FileID]p2p.FileName{}
				}
				n[session][id] = name
			}
			text, _ := p2p.NewSearchText(rapid.SampledFrom([]string{"alpha", "BETA", "a", "%", "*b", "nothing"}).Draw(t, "text"))
			limit, all := rapid.IntRange(0, 4).Draw(t, "limit"), rapid.Bool().Draw(t, "all")
			got, more := x.match(wanted{text: text, limit: limit, all: all, known: known})
			lower := strings.ToLower(text.String())
			require.ElementsMatch(t, n.match(lower, limit, all), got)
			require.Equal(t, len(n.match(lower, 0, all)) > len(got), more)
		}
		copies := 0
		for _, files := range n {
			copies += len(files)
		}
		require.Equal(t, copies, x.copies)
		require.Len(t, x.order, len(x.files))
		for i, f := range x.order {
			require.Equal(t, i, f.at)
		}
	})
}

func TestMatchOrder(t *testing.T) {
	x := newIndex()
	for s := 1; s <= 3; s++ {
		for f := 1; f <= s; f++ {
			x.put(sessionNo(s), where(sessionNo(s)), p2p.FileID{byte(f)}, "name")
		}
	}
	text, _ := p2p.NewSearchText("*")
	var ids []byte
	for _, h := range find(x, wanted{text: text, limit: 2, all: true, known: known}) {
		ids = append(ids, h.File[0])
	}
	require.Equal(t, []byte{1, 1, 1, 2, 2}, ids, "most copies first")
}

// TestFirstOfMany holds the choice of the first files against sorting them all.
func TestFirstOfMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []*file
		for i, n := range rapid.SliceOfN(rapid.IntRange(1, 5), 0, 200).Draw(t, "copies") {
			all = append(all, &file{id: p2p.FileID{byte(i * 37), byte(i)}, copies: make([]copyOf, n)})
		}
		b := first{limit: rapid.IntRange(0, 20).Draw(t, "limit")}
		for _, f := range all {
			b.add(f)
		}
		slices.SortFunc(all, compare)
		if b.limit > 0 && len(all) > b.limit {
			all = all[:b.limit]
		}
		require.Equal(t, len(all), len(b.files()))
		for i, f := range b.files() {
			require.Same(t, all[i], f)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	x := newIndex()
	for i := range 10_000 {
		id := p2p.FileID{byte(i), byte(i >> 8)}
		x.put(sessionNo(i%100+1), where(sessionNo(i%100+1)), id, p2p.FileName(fmt.Sprintf("Artist %d - Song Number %d.mp3", i%97, i)))
	}
	text, _ := p2p.NewSearchText("number 4711")
	b.ReportAllocs()
	for b.Loop() {
		if len(find(x, wanted{text: text, limit: 200, all: true, known: known})) != 1 {
			b.Fatal("not found")
		}
	}
}
