package catalog

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
)

// known lets every file be found.
func known(p2p.FileID) bool { return true }

func find(x *index, w wanted) []message.Hit {
	return x.match(w).hits
}

// naive is the index's meaning without its structure.
type naive map[p2p.SessionID]map[p2p.FileID]p2p.FileName

func (n naive) match(want text.Pattern, limit int, all bool) []message.Hit {
	copies, matching := map[p2p.FileID]int{}, map[p2p.FileID]bool{}
	for _, files := range n {
		for id, name := range files {
			copies[id]++
			if want.Matches(name) {
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
	in := make(map[p2p.FileID]bool)
	for _, id := range ids {
		in[id] = true
	}
	var hits []message.Hit
	for session, files := range n {
		for id, name := range files {
			if in[id] && (all || want.Matches(name)) {
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

// requireSound holds everything that refers to something else in the index against that.
func requireSound(t require.TestingT, x *index) {
	copies, names := 0, 0
	for f := range x.files.n {
		file := x.files.at(f)
		require.Equal(t, f, x.fileOf(file.id, x.hashOf(file.id)))
		bear := map[nameAt]uint32{}
		c := file.copies
		for range file.n {
			have := x.copies.at(c)
			require.Equal(t, c, x.copyOf(have.owner, f, x.hashOf(file.id)))
			require.Equal(t, c, x.copies.at(have.next).prev)
			require.Equal(t, c, x.copies.at(have.more).less)
			require.Equal(t, have.owner, x.copies.at(have.more).owner)
			bear[have.name]++
			c = have.next
			copies++
		}
		require.Equal(t, file.copies, c, "the ring closes")
		for n := file.names; n != noName; n = x.name(n).next {
			require.Equal(t, f, x.name(n).file)
			require.Equal(t, bear[n], x.name(n).copies)
			delete(bear, n)
			names++
		}
		require.Empty(t, bear)
	}
	require.Equal(t, copies, int(x.copies.n))
	require.Equal(t, copies, x.byHave.n)
	require.Equal(t, names, x.names)
	require.Equal(t, int(x.files.n), x.byID.n)
	require.Equal(t, int(x.files.n), x.ranks.tree.Len())
	var last *file
	for f := range x.ranks.each {
		if now := x.files.at(f); last != nil {
			require.True(t, last.n > now.n || last.n == now.n && last.id.Compare(now.id) < 0)
		}
		last = x.files.at(f)
	}
	live := 0
	for _, s := range x.segments {
		if s != nil {
			live += s.live
		}
	}
	require.Equal(t, names, live)
}

// anyName draws names that have much in common, in several scripts and in none.
var anyName = rapid.OneOf(
	rapid.SampledFrom([]string{"Alpha beta", "alpha", "BETA gamma", "gamma", "a*b", "100% pure", "x", "é", "Perch\u00e9 no.txt", "PERCHE NO"}),
	rapid.StringOfN(rapid.SampledFrom([]rune("abAB é\u0301.ж가")), 1, 12, -1),
	rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 12), func(b []byte) string { return string(b) }),
)

// TestIndexIsWhatItMeans holds the index against a plain scan over random publications, withdrawals and searches, with
// segments so small that names are listed, frozen, moved and dropped all the time, and with whole ones.
func TestIndexIsWhatItMeans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, n := newIndex(), naive{}
		if rapid.Bool().Draw(t, "small segments") {
			x.room.listedFrom = rapid.IntRange(1, 4).Draw(t, "listed from")
			x.room.full = x.room.listedFrom + rapid.IntRange(0, 12).Draw(t, "full")
		}
		var used []string
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			session := sessionNo(rapid.IntRange(1, 4).Draw(t, "session"))
			id := p2p.FileID{0: byte(rapid.IntRange(1, 3).Draw(t, "front")), 15: byte(rapid.IntRange(1, 4).Draw(t, "back"))}
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0, 1, 2:
				x.remove(session, id)
				delete(n[session], id)
			case 3:
				for !x.removeAll(session, rapid.IntRange(1, 5).Draw(t, "at once")) {
					requireSound(t, x)
				}
				delete(n, session)
			default:
				name, err := p2p.NewFileName(anyName.Draw(t, "name"))
				if err != nil {
					continue
				}
				used = append(used, string(name))
				x.put(session, where(session), id, name)
				if n[session] == nil {
					n[session] = map[p2p.FileID]p2p.FileName{}
				}
				n[session][id] = name
			}
			for range rapid.IntRange(0, 20).Draw(t, "tidying") {
				x.tidy()
			}
			requireSound(t, x)
			search, err := p2p.NewSearchText(partOf(t, used))
			if err != nil {
				continue
			}
			limit, all := rapid.IntRange(0, 4).Draw(t, "limit"), rapid.Bool().Draw(t, "all")
			got := x.match(wanted{text: search, limit: limit, all: all, known: known})
			p := text.NewPattern(search)
			require.ElementsMatch(t, n.match(p, limit, all), got.hits, "%q", search)
			require.Equal(t, len(n.match(p, 0, all)) > len(got.hits), got.more)
			require.False(t, got.cut)
		}
	})
}

// published fills an index and a plain one with the same names.
func published(names []string, owners int) (*index, naive) {
	x, n := newIndex(), naive{}
	for i, name := range names {
		session, id := sessionNo(i%owners+1), p2p.FileID{byte(i * 37), byte(i), byte(i >> 8), byte(i >> 16)}
		x.put(session, where(session), id, p2p.FileName(name))
		if n[session] == nil {
			n[session] = map[p2p.FileID]p2p.FileName{}
		}
		n[session][id] = p2p.FileName(name)
	}
	return x, n
}

// TestManyNames is the same for as many names as fill segments, with texts that few, many and no names have.
func TestManyNames(t *testing.T) {
	names := newSongs(1).names(2*segmentSize + 500) // so that there are full segments and one that grows
	x, n := published(names, 20)
	for _, frozen := range []bool{false, true} {
		for frozen && x.untidy() {
			x.tidy()
		}
		for _, s := range []string{
			names[0][:18], names[40_000][3:9], names[len(names)-1][5:25], "mp3", "qx", "7", "a", " - ", "*", "not there", "zzz", "", "'",
		} {
			search, err := p2p.NewSearchText(s)
			require.NoError(t, err)
			p := text.NewPattern(search)
			const limit = 50
			want := n.match(p, limit+1, true)
			got := x.match(wanted{text: search, limit: limit, all: true, known: known})
			require.Equal(t, len(want) > limit, got.more, "%q", s)
			if got.more {
				want = n.match(p, limit, true)
			}
			require.Equal(t, inOrder(want), inOrder(got.hits), "%q", s)
		}
	}
	require.Len(t, x.segments, 3)
	require.True(t, x.segments[0].frozen && x.segments[1].frozen)
	for i := range 19 { // of twenty: what is left moves together
		require.True(t, x.removeAll(sessionNo(i+1), math.MaxInt))
		delete(n, sessionNo(i+1))
	}
	for x.tidy() {
	}
	requireSound(t, x)
	held := 0
	for _, s := range x.segments {
		if s != nil {
			held += len(s.names)
		}
	}
	require.LessOrEqual(t, held, 2*x.names+listedFrom, "what nobody has any more is dropped")
	search, _ := p2p.NewSearchText("the")
	require.Equal(t, inOrder(n.match(text.NewPattern(search), 0, true)), inOrder(x.match(wanted{text: search, all: true, known: known}).hits))
}

// inOrder sorts hits of files with one copy each.
func inOrder(hits []message.Hit) []message.Hit {
	slices.SortFunc(hits, func(a, b message.Hit) int { return a.File.Compare(b.File) })
	return hits
}

// TestEffortEnds: where grams are common and the text is not, a search looks at so many names only, and says so.
func TestEffortEnds(t *testing.T) {
	x, _ := published(slices.Repeat([]string{"abcd bcda"}, 6000), 5) // "abcda" has no gram that they lack
	search, _ := p2p.NewSearchText("abcda")
	require.Equal(t, outcome{}, x.match(wanted{text: search, limit: 1, known: known}))
	require.Equal(t, outcome{more: true, cut: true}, x.match(wanted{text: search, limit: 1, known: known, effort: 2000}))
	search, _ = p2p.NewSearchText("bcd")
	got := x.match(wanted{text: search, limit: 1, known: known, effort: 2000})
	require.Len(t, got.hits, 1)
	require.False(t, got.cut, "what many have is found at once")
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
		x := newIndex()
		var all []uint32
		for i, n := range rapid.SliceOfN(rapid.IntRange(1, 5), 0, 200).Draw(t, "copies") {
			all = append(all, x.files.add(file{id: p2p.FileID{byte(i * 37), byte(i)}, n: uint32(n)}))
		}
		b := first{x: x, limit: rapid.IntRange(0, 20).Draw(t, "limit")}
		for _, f := range all {
			b.add(f)
		}
		slices.SortFunc(all, x.compare)
		if b.limit > 0 && len(all) > b.limit {
			all = all[:b.limit]
		}
		require.Equal(t, all, append([]uint32(nil), b.files()...))
	})
}

// TestWalkLooksAtNames: where strangers give the same files many names, the files that are gone through are no measure.
func TestWalkLooksAtNames(t *testing.T) {
	x := newIndex()
	for s := range 20 {
		for i := range 1000 {
			x.put(sessionNo(s+1), where(sessionNo(s+1)), idOf(i), p2p.FileName(fmt.Sprintf("abcx xbcd %d %d", i, s))) // no "abcd"
		}
	}
	abcd, _ := p2p.NewSearchText("abcd")
	looked := 0
	counting := func(p2p.FileID) bool { looked++; return true }
	require.Equal(t, outcome{}, x.match(wanted{text: abcd, limit: 10, known: counting}))
	require.Equal(t, outcome{more: true, cut: true}, x.match(wanted{text: abcd, limit: 10, known: counting, effort: 5000}))
	require.Zero(t, looked, "nothing was found")
	s := &search{index: x, wanted: wanted{limit: 10, known: counting}, pattern: text.NewPattern(abcd)}
	_, _, enough := s.walk(1000 * 20)
	require.True(t, enough, "it may look at all names")
	_, _, enough = s.walk(1000*20 - 20)
	require.False(t, enough)
}

// TestSealedFasterThanFrozen: names that come and go by the thousand leave no segments behind that wait.
func TestSealedFasterThanFrozen(t *testing.T) {
	x := newIndex()
	changes := 0
	changed := func() {
		if changes++; changes%writtenAtOnce == 0 {
			x.tidy()
		}
	}
	for round := range 30 {
		for i := range listedFrom + 2 {
			x.put(sessionNo(1), where(sessionNo(1)), idOf(round<<16|i), p2p.FileName(fmt.Sprintf("song %d of %d", i, round)))
			changed()
		}
		for i := range listedFrom + 1 { // all but one
			x.remove(sessionNo(1), idOf(round<<16|i))
			changed()
		}
		require.LessOrEqual(t, len(x.segments), 4)
	}
	requireSound(t, x)
}
