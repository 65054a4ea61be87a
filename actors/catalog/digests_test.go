package catalog

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/actortest"
	"alakazaam/actors/digest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/config"
	"alakazaam/gateway/wire"
)

// overWire is a neighbor's filter that hears of a catalog in packets.
type overWire struct{ filter *digest.Filter }

func (o overWire) tell(t require.TestingT, parts []digest.Part, deltas []digest.Delta) {
	var stream []byte
	for _, p := range parts {
		stream = (&wire.Filt{Generation: p.Generation, LogBits: p.LogBits, Offset: p.Offset, Data: p.Data}).Append(stream)
	}
	for _, d := range deltas {
		stream = (&wire.Delt{Generation: d.Generation, Set: d.Set, Clear: d.Clear}).Append(stream)
	}
	decoder := wire.NewDecoder(wire.Links)
	decoder.Write(stream)
	for range len(parts) + len(deltas) {
		p, err := decoder.Next()
		require.NoError(t, err)
		switch p := p.(type) {
		case *wire.Filt:
			require.True(t, o.filter.Put(digest.Part{Generation: p.Generation, LogBits: p.LogBits, Offset: p.Offset, Data: p.Data}))
		case *wire.Delt:
			require.True(t, o.filter.Apply(digest.Delta{Generation: p.Generation, Set: p.Set, Clear: p.Clear}))
		default:
			require.Fail(t, "no packet of a filter", "%T", p)
		}
	}
}

// summarized builds the summary of an index.
func summarized(x *index, maximum int) {
	x.next = &building{summary: digest.NewSummary(maximum)}
	for !x.build(100) {
	}
}

// TestWhatIsFoundPasses: whatever is published, withdrawn and searched, a neighbor that hears of it over a link never
// turns a search away that the index answers.
func TestWhatIsFoundPasses(t *testing.T) {
	name := rapid.OneOf(
		rapid.StringMatching(`[A-Ca-c]{1,6} (- )?[A-Za-z]{3,30}\.mp3`),
		rapid.StringOfN(rapid.RuneFrom([]rune("aÉßσςİ漢ǅ%*_ \x00")), 1, 40, p2p.NameLen),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, p2p.NameLen), func(b []byte) string { return string(b) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		const maximum = 2 << 10
		x, o := newIndex(), overWire{digest.NewFilter(maximum)}
		summarized(x, maximum)
		o.tell(t, x.summary.Whole(0), nil)
		x.room.listedFrom, x.room.full = 2, 6
		var published []string
		generation := uint32(0)
		for range rapid.IntRange(1, 20).Draw(t, "messages") {
			for range rapid.IntRange(0, 5).Draw(t, "changes") {
				session := sessionNo(rapid.IntRange(1, 3).Draw(t, "session"))
				id := p2p.FileID{byte(rapid.IntRange(1, 8).Draw(t, "file"))}
				switch rapid.IntRange(0, 9).Draw(t, "step") {
				case 0:
					x.removeAll(session, math.MaxInt)
				case 1, 2:
					x.remove(session, id)
				default:
					if n, err := p2p.NewFileName(name.Draw(t, "name")); err == nil {
						x.put(session, where(session), id, n)
						published = append(published, string(n))
					}
				}
			}
			for range rapid.IntRange(0, 9).Draw(t, "tidying") {
				x.tidy()
			}
			if x.next == nil && (x.summary.Stale() || rapid.IntRange(0, 4).Draw(t, "another") == 0) {
				x.next = &building{summary: digest.NewSummary(maximum)}
			}
			if x.next != nil && x.build(rapid.IntRange(1, 10).Draw(t, "built")) {
				generation += 1000
				o.tell(t, x.summary.Whole(generation), nil)
			}
			parts, deltas := x.summary.Changes()
			o.tell(t, parts, deltas)
			for range rapid.IntRange(0, 4).Draw(t, "searches") {
				text, err := p2p.NewSearchText(partOf(t, published))
				if err != nil {
					continue
				}
				if len(find(x, wanted{text: text, known: known})) > 0 {
					require.True(t, o.filter.MayMatch(text), "%q", text)
				}
			}
		}
	})
}

// partOf draws a piece of a name, in another case or wrapped, or any other text.
func partOf(t *rapid.T, names []string) string {
	if len(names) == 0 || rapid.IntRange(0, 9).Draw(t, "any") == 0 {
		return rapid.SampledFrom([]string{"", "*", "%", "%%", "%*%", "a", "nothing"}).Draw(t, "text")
	}
	s := rapid.SampledFrom(names).Draw(t, "in")
	from := rapid.IntRange(0, len(s)-1).Draw(t, "from")
	s = s[from:min(from+rapid.IntRange(1, 18).Draw(t, "bytes"), len(s))]
	return rapid.SampledFrom([]func(string) string{
		strings.Clone, strings.ToUpper, strings.ToLower, func(s string) string { return "%" + s + "%" },
	}).Draw(t, "form")(s)
}

// TestWithdrawnNamesAreTurnedAway: a name counts as long as one copy of a file bears it.
func TestWithdrawnNamesAreTurnedAway(t *testing.T) {
	x, o := newIndex(), overWire{digest.NewFilter(64 << 10)}
	summarized(x, 64<<10)
	o.tell(t, x.summary.Whole(0), nil)
	text := func(i int) p2p.SearchText {
		s, err := p2p.NewSearchText(fmt.Sprintf("%X", uint64(i+1)*0x1357_9BDF_0246))
		require.NoError(t, err)
		return s
	}
	id := func(i int) p2p.FileID { return p2p.FileID{byte(i), byte(i >> 8)} }
	for i := range 1000 {
		for session := 1; session <= 2; session++ {
			x.put(sessionNo(session), where(sessionNo(session)), id(i), p2p.FileName(text(i).String()))
		}
	}
	turnedAway := func() (n int) {
		if x.summary.Stale() {
			summarized(x, 64<<10)
			o.tell(t, x.summary.Whole(0), nil)
		}
		parts, deltas := x.summary.Changes()
		o.tell(t, parts, deltas)
		for i := range 400 {
			if !o.filter.MayMatch(text(i)) {
				n++
			}
		}
		return n
	}
	require.Zero(t, turnedAway())
	for i := range 400 {
		x.remove(sessionNo(1), id(i))
	}
	require.Zero(t, turnedAway(), "another one has them")
	for i := range 200 {
		x.remove(sessionNo(2), id(i))
	}
	for i := 200; i < 400; i++ {
		x.put(sessionNo(2), where(sessionNo(2)), id(i), "another name")
	}
	require.Greater(t, turnedAway(), 350)
}

// stage is a catalog among probes, with a neighbor's filter that is told what comes to asks.
type stage struct {
	*testing.T
	sim                *actortest.Sim
	catalog            *actor.PID
	store, share, asks *actortest.Probe
	filter             *digest.Filter
	read               int // messages of asks
	wholes, deltas     int // of them, since told was called last
	undigested         bool
}

func newStage(t *testing.T) *stage {
	sim := actortest.NewSim(1)
	s := &stage{T: t, sim: sim, store: sim.Probe("store"), share: sim.Probe("share"), asks: sim.Probe("asks")}
	s.filter = digest.NewFilter(int(config.DefaultSearchFilterMax))
	routes := &message.Routes{Node: sim.Probe("node").PID, Store: s.store.PID, Share: s.share.PID}
	var err error
	s.catalog, err = sim.System.Root.SpawnNamed(Props(sim.Env(1), where(sessionNo(9)), config.NewLive(config.Default()), routes), "catalog")
	require.NoError(t, err)
	sim.Run(0)
	return s
}

func (s *stage) send(m any) {
	s.sim.System.Root.Send(s.catalog, m)
	s.sim.Run(0)
}

// load answers the last Load with a file for each name, and with no more to come.
func (s *stage) load(names ...p2p.FileName) {
	loads := actortest.Got[*message.Load](s.store)
	m := &port.Loaded{Token: uint64(loads[len(loads)-1].Ref), Last: true}
	m.Changes = append(m.Changes, port.Change{Op: port.OpLogin, Session: sessionNo(1), Endpoint: where(sessionNo(1))})
	for i, n := range names {
		m.Changes = append(m.Changes, port.Change{Op: port.OpPut, Session: sessionNo(1), File: p2p.FileID{byte(i)}, Name: n})
	}
	s.send(m)
}

func (s *stage) publish(file byte, n p2p.FileName) {
	s.send(&message.Update{
		Session: sessionNo(2), Owner: where(sessionNo(2)), ReplyTo: s.asks.PID,
		Changes: []message.Publication{{File: p2p.FileID{file}, Name: n, Withdraw: n == ""}},
	})
}

// told takes in what has come to asks.
func (s *stage) told() {
	s.wholes, s.deltas, s.undigested = 0, 0, false
	for _, m := range s.asks.Messages[s.read:] {
		switch m := m.(type) {
		case *message.FilterPart:
			require.True(s, s.filter.Put(m.Part))
			s.wholes++
		case *message.FilterDelta:
			require.True(s, s.filter.Apply(m.Delta))
			s.deltas++
		case *message.Undigested:
			s.undigested = true
		}
	}
	s.read = len(s.asks.Messages)
}

func (s *stage) requirePasses(want bool, texts ...string) {
	s.Helper()
	for _, t := range texts {
		text, err := p2p.NewSearchText(t)
		require.NoError(s, err)
		require.Equal(s, want, s.filter.MayMatch(text), t)
	}
}

// TestDigesting: who asks is told of everything that is in the catalog and of every change, before whoever made the
// change is told that it is done.
func TestDigesting(t *testing.T) {
	s := newStage(t)
	s.load("loaded name.mp3")
	s.publish(50, "early name.mp3")
	s.told()
	require.Zero(t, s.wholes+s.deltas, "nobody has asked")

	s.send(&message.Digesting{ReplyTo: s.asks.PID})
	s.told()
	require.Equal(t, 1, s.wholes)
	s.requirePasses(true, "loaded", "EARLY")
	s.requirePasses(false, "new name", "shared")

	s.publish(51, "new name.mp3")
	require.IsType(t, &message.FilterDelta{}, s.asks.Messages[s.read])
	require.IsType(t, &message.Published{}, s.asks.Messages[s.read+1])
	s.told()
	require.Equal(t, []int{0, 1}, []int{s.wholes, s.deltas})
	s.requirePasses(true, "new name")

	s.send(&message.ShareUpdate{Reset: true, Changes: []message.Publication{{File: p2p.FileID{52}, Name: "shared.mp3"}}})
	s.told()
	s.requirePasses(true, "shared")

	s.send(&message.Digesting{ReplyTo: s.asks.PID})
	s.told()
	require.Equal(t, []int{1, 0}, []int{s.wholes, s.deltas}, "asking again begins anew")
	s.requirePasses(true, "loaded", "shared")

	s.send(&message.Undigesting{})
	s.publish(53, "late name.mp3")
	s.told()
	require.Zero(t, s.wholes+s.deltas)
	s.send(&message.Digesting{ReplyTo: s.asks.PID})
	s.told()
	s.requirePasses(true, "late name")
}

// TestDigestingWhileItLoads: nothing is turned away before everything that is stored has been taken in, and the filter
// is told once.
func TestDigestingWhileItLoads(t *testing.T) {
	s := newStage(t)
	s.send(&message.Digesting{ReplyTo: s.asks.PID})
	s.publish(51, "new name.mp3")
	s.told()
	require.Equal(t, []int{1, 0}, []int{s.wholes, s.deltas}, "a beginning without an end")
	s.requirePasses(true, "absent", "loaded")
	s.load("loaded name.mp3")
	s.told()
	require.Equal(t, []int{1, 0}, []int{s.wholes, s.deltas})
	s.requirePasses(true, "loaded", "new name")
	s.requirePasses(false, "absent")
}

// TestDigestingIsOverWhenTheCatalogFails: nothing is turned away by what a failed instance had, who asked is told, and
// may ask the next one, whose filter is another.
func TestDigestingIsOverWhenTheCatalogFails(t *testing.T) {
	s := newStage(t)
	s.load("loaded name.mp3")
	s.send(&message.Digesting{ReplyTo: s.asks.PID})
	s.told()
	s.requirePasses(false, "absent")
	s.send(&message.Match{}) // for nobody: it fails over this
	s.told()
	require.Equal(t, 1, s.wholes)
	require.True(t, s.undigested)
	s.requirePasses(true, "absent")

	s.publish(51, "new name.mp3")
	s.send(&message.Digesting{ReplyTo: s.asks.PID})
	s.load("loaded name.mp3")
	s.told()
	require.Equal(t, 2, s.wholes)
	s.requirePasses(true, "loaded", "new name")
	s.requirePasses(false, "absent")
	for i, m := range actortest.Got[*message.FilterPart](s.asks) {
		for _, other := range actortest.Got[*message.FilterPart](s.asks)[:i] {
			require.NotEqual(t, other.Generation, m.Generation, "each filter is another")
		}
	}
}

// BenchmarkPut publishes new names into a catalog of 100,000, with somebody who is told of each message of 100 of them,
// and without.
func BenchmarkPut(b *testing.B) {
	for _, with := range []bool{false, true} {
		b.Run(fmt.Sprintf("digest=%t", with), func(b *testing.B) {
			x := newIndex()
			session := sessionNo(1)
			put := func(i int) {
				id := p2p.FileID{byte(i), byte(i >> 8), byte(i >> 16), byte(i >> 24)}
				x.put(session, where(session), id, p2p.FileName(fmt.Sprintf("Artist %x - Song Number %d.mp3", i%9973*7_654_321, i)))
			}
			const before = 100_000
			for i := range before {
				put(i)
			}
			if with {
				summarized(x, int(config.DefaultSearchFilterMax))
				x.summary.Whole(0)
			}
			told := 0
			b.ReportAllocs()
			for i := before; b.Loop(); i++ {
				if put(i); with && i%100 == 0 {
					parts, deltas := x.summary.Changes()
					for _, p := range parts {
						told += len(p.Data)
					}
					for _, d := range deltas {
						told += 8 * (len(d.Set) + len(d.Clear))
					}
				}
			}
			b.ReportMetric(float64(told)/float64(b.N), "told_B/op")
		})
	}
}
