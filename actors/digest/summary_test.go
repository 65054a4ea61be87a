package digest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
)

// pair is a catalog's summary and the filter of a neighbor that hears of it.
type pair struct {
	s              *Summary
	f              *Filter
	names          []string // as they were added
	wholes, deltas int
}

func newPair(t require.TestingT, maximum int, names ...string) *pair {
	p := &pair{s: built(maximum, names), f: NewFilter(maximum), names: names}
	p.tell(t, p.s.Whole(99_999_999), nil)
	return p
}

func (p *pair) add(name string) {
	p.names = append(p.names, name)
	p.s.Add([]byte(name))
}

func (p *pair) remove(i int) {
	p.s.Remove([]byte(p.names[i]))
	p.names = slices.Delete(p.names, i, i+1)
}

func (p *pair) tell(t require.TestingT, parts []Part, deltas []Delta) {
	require.False(t, len(parts) > 0 && len(deltas) > 0)
	for _, part := range parts {
		require.LessOrEqual(t, len(part.Data), MaxPart)
		require.True(t, p.f.Put(part))
	}
	for _, d := range deltas {
		require.LessOrEqual(t, len(d.Set)+len(d.Clear), MaxDelta)
		require.True(t, p.f.Apply(d))
	}
	p.wholes += min(len(parts), 1)
	p.deltas += len(deltas)
}

// sync tells the neighbor, and holds what it knows against the counts.
func (p *pair) sync(t require.TestingT) {
	parts, deltas := p.s.Changes()
	p.tell(t, parts, deltas)
	if p.s.Stale() {
		last := p.s.generation
		p.s = built(1<<(p.s.max-3), p.names)
		p.tell(t, p.s.Whole(last), nil)
	}
	require.True(t, p.f.Whole())
	require.Equal(t, p.s.generation, p.f.generation)
	require.True(t, slices.Equal(p.s.bits, p.f.bits), "deltas and wholes give the same")
	live, stale, missing := 0, 0, 0
	for i, n := range p.s.counts {
		switch set := isSet(p.s.bits, uint32(i)); {
		case n > 0 && !set:
			missing++
		case n > 0:
			live++
		case set:
			stale++
		}
	}
	require.Zero(t, missing)
	require.Equal(t, live, p.s.live)
	require.LessOrEqual(t, stale, len(p.s.counts)/(2*dense), "bits are cleared in time")
	require.False(t, p.s.overfull())
}

// TestWhatMatchesPasses: whatever was done to a catalog, no text is turned away that one of its names contains.
func TestWhatMatchesPasses(t *testing.T) {
	name := rapid.OneOf(
		rapid.StringMatching(`[a-c]{1,12} - [A-Za-z]{3,40}\.mp3`),
		rapid.StringOfN(rapid.RuneFrom([]rune("aÉßσςİ漢ǅ%* \x00")), 1, 40, p2p.NameLen),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, p2p.NameLen), func(b []byte) string { return string(b) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		p := newPair(t, 1<<rapid.IntRange(9, 12).Draw(t, "maximum"))
		for range rapid.IntRange(1, 30).Draw(t, "messages") {
			for range rapid.IntRange(0, 8).Draw(t, "changes") {
				if len(p.names) > 0 && rapid.IntRange(0, 2).Draw(t, "step") == 0 {
					p.remove(rapid.IntRange(0, len(p.names)-1).Draw(t, "which"))
				} else {
					p.add(name.Draw(t, "name"))
				}
			}
			p.sync(t)
			for range rapid.IntRange(0, 3).Draw(t, "searches") {
				search := searchFor(textIn(t, p.names))
				pattern := text.NewPattern(search)
				if slices.ContainsFunc(p.names, func(n string) bool { return pattern.Matches(p2p.FileName(n)) }) {
					require.True(t, p.f.MayMatch(search), "%q", search)
				}
			}
		}
	})
}

// textIn draws a text that is found in one of the names, or any other.
func textIn(t *rapid.T, names []string) string {
	if len(names) == 0 || rapid.IntRange(0, 9).Draw(t, "any") == 0 {
		return rapid.StringN(0, 20, 20).Draw(t, "text")
	}
	s := rapid.SampledFrom(names).Draw(t, "in")
	from := rapid.IntRange(0, len(s)-1).Draw(t, "from")
	s = s[from:min(from+rapid.IntRange(1, 18).Draw(t, "bytes"), len(s))]
	if rapid.Bool().Draw(t, "wrapped") {
		s = "%" + s + "%"
	}
	return s
}

// TestGrowsAndShrinks: the filter follows the size of the catalog both ways and turns away what is not there.
func TestGrowsAndShrinks(t *testing.T) {
	p := newPair(t, 512<<10)
	require.Equal(t, minLog, p.s.log)
	names := newLibrary(5).names(2000)
	for _, n := range names {
		p.add(n)
		if len(p.names)%100 == 0 {
			p.sync(t)
		}
	}
	p.sync(t)
	grown := p.s.log
	require.Greater(t, grown, minLog+4)
	require.Greater(t, len(p.s.counts), 2*p.s.live)
	require.False(t, p.f.MayMatch(searchFor("no such name at all")))
	require.True(t, p.f.MayMatch(searchFor("*")))
	require.True(t, p.f.MayMatch(searchFor("%*%")))
	require.True(t, p.f.MayMatch(searchFor("zq9")), "too short to be turned away")
	passed := 0
	for i := range 100 {
		if p.f.MayMatch(searchFor(fmt.Sprintf("z%02dx", i))) {
			passed++
		}
	}
	require.Less(t, passed, 40, "those of four bytes are turned away by one bit")
	for len(p.names) > 0 {
		p.remove(0)
		if len(p.names)%100 == 0 {
			p.sync(t)
		}
	}
	p.sync(t)
	require.Less(t, p.s.log, grown-2, "it has shrunk")
	require.Zero(t, p.s.live)
	for _, n := range names[:100] {
		p.add(n)
	}
	p.sync(t)
	require.True(t, p.f.MayMatch(searchFor(names[50][:12])))
}

// TestMaximum: past its maximum the filter only becomes fuller.
func TestMaximum(t *testing.T) {
	p := newPair(t, 1000)
	require.Equal(t, minLog, p.s.max, "512 bytes: what is past a power of two is left out")
	for _, n := range newLibrary(5).names(300) {
		p.add(n)
	}
	p.sync(t)
	require.Equal(t, minLog, p.s.log)
	require.Greater(t, p.s.live, len(p.s.counts)/2)
	require.Equal(t, maxLog, NewSummary(1<<40).max)
	require.Equal(t, minLog, NewSummary(-1).max)
	require.Equal(t, 22, NewFilter(512<<10).max)
}

// TestOneChangeIsADelta: a new name is in what is told next, and costs no more than its runs.
func TestOneChangeIsADelta(t *testing.T) {
	p := newPair(t, 512<<10, newLibrary(5).names(1500)...)
	require.Equal(t, 1, p.wholes)
	require.Zero(t, p.s.generation, "the number after the last one")
	p.add("xylophone quartz.flac")
	require.False(t, p.f.MayMatch(searchFor("xylophone quartz")))
	p.sync(t)
	require.True(t, p.f.MayMatch(searchFor("xylophone quartz")))
	require.Equal(t, []int{1, 1}, []int{p.wholes, p.deltas})

	p.remove(len(p.names) - 1)
	p.add("xylophone quartz.flac")
	p.sync(t)
	require.Equal(t, 1, p.deltas, "nothing has changed in the end")
	p.add("Hibiscus")
	p.remove(len(p.names) - 1)
	p.sync(t)
	require.Equal(t, 1, p.deltas)
}

// TestWhatWasToldStays: messages do not change.
func TestWhatWasToldStays(t *testing.T) {
	s := built(512<<10, newLibrary(5).names(100))
	told := s.Whole(0)
	before := bytes.Clone(told[0].Data)
	s.Add([]byte("xylophone quartz.flac"))
	_, deltas := s.Changes()
	require.Len(t, deltas, 1)
	set := slices.Clone(deltas[0].Set)
	s.Add([]byte("hibiscus.mp3"))
	_, more := s.Changes()
	require.Len(t, more, 1)
	require.Equal(t, before, told[0].Data)
	require.Equal(t, set, deltas[0].Set)
}

// TestClearsWait: bits that are not needed any more are cleared together, in a delta, and the names that are left stay.
func TestClearsWait(t *testing.T) {
	p := newPair(t, 512<<10, append([]string{"quetzalcoatl 77.ogg"}, newLibrary(5).names(1500)...)...)
	quetzal := searchFor("quetzalcoatl 77")
	for p.deltas == 0 {
		require.True(t, p.f.MayMatch(quetzal))
		require.Greater(t, len(p.names), 500)
		p.remove(0)
		parts, deltas := p.s.Changes()
		p.tell(t, parts, deltas)
	}
	p.sync(t)
	require.Less(t, len(p.names), 1490, "not each of them alone")
	require.Equal(t, 1, p.wholes)
	require.False(t, p.f.MayMatch(quetzal))
}

// TestMuchAtOnceIsAWhole: what would take longer to tell one by one is told as a whole, or by looking for it.
func TestMuchAtOnceIsAWhole(t *testing.T) {
	p := newPair(t, 512<<10, newLibrary(5).names(1500)...)
	before := slices.Clone(p.names)
	for len(p.names) > 0 {
		p.remove(0)
	}
	for _, n := range before { // a session that tells everything anew
		p.add(n)
	}
	require.True(t, p.s.scan)
	p.s.gone = 0
	p.sync(t)
	require.Equal(t, []int{1, 0}, []int{p.wholes, p.deltas}, "nothing has changed in the end")
	for len(p.names) > 800 {
		p.remove(0)
	}
	p.sync(t)
	require.Equal(t, []int{2, 0}, []int{p.wholes, p.deltas})
}

// TestStickyCounts: a count that nobody knows any more keeps its bit until the filter is built anew.
func TestStickyCounts(t *testing.T) {
	p := newPair(t, 512<<10)
	for range 300 {
		p.add("abcd")
	}
	p.sync(t)
	for range 299 {
		p.remove(0)
	}
	require.Equal(t, 1, p.s.live)
	require.True(t, p.f.MayMatch(searchFor("abcd")))
	p.sync(t)
	p.remove(0)
	require.Zero(t, p.s.live, "it was built anew and counts again")
	p.s.gone = fewGone + 1
	p.sync(t)
	require.False(t, p.f.MayMatch(searchFor("abcd")))
}

// TestDeltasAreCut: many changes to a large filter go in several deltas.
func TestDeltasAreCut(t *testing.T) {
	p := newPair(t, 128<<10)
	p.s.empty(p.s.max)
	p.tell(t, p.s.renew(), nil)
	p.wholes = 0
	for i := range 50 {
		p.add(strings.Repeat(fmt.Sprintf("%08d", i*77_777), 12))
	}
	for i := range 300 {
		p.add(fmt.Sprintf("%x-%x", i*7_654_321, i*1_234_567))
	}
	p.sync(t)
	require.Zero(t, p.wholes)
	require.Greater(t, p.deltas, 1)
	for _, n := range p.names {
		require.True(t, p.f.MayMatch(searchFor(n[:min(len(n), 18)])))
	}
}

func BenchmarkSummary(b *testing.B) {
	names := newLibrary(7).names(100_000)
	s := built(512<<10, names)
	s.Whole(0)
	more := newLibrary(8).names(1000)
	b.Run("Add and Remove", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			s.Add([]byte(more[i%1000]))
			s.Remove([]byte(more[i%1000]))
			s.gone = 0
		}
	})
	f := NewFilter(512 << 10)
	for _, p := range s.Whole(0) {
		f.Put(p)
	}
	t := searchFor("mronre lhesloli")
	b.Run("MayMatch", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.MayMatch(t)
		}
	})
}
