package catalog

import (
	"slices"

	"alakazaam/actors/text"
)

const (
	segmentBits = 15
	segmentSize = 1 << segmentBits // names in a segment at most

	// listedFrom is how many names a segment has before it lists their grams: fewer are looked through faster than a list
	// would be found, and a small catalog stays small.
	listedFrom = 1024

	// frozenAtOnce is how many grams are looked at in one step of freezing.
	frozenAtOnce = 1 << 13
)

// nameAt is the number of a name: its segment, and its place there.
type nameAt uint32

func (n nameAt) segment() uint32 { return uint32(n) >> segmentBits }
func (n nameAt) place() uint32   { return uint32(n) & (segmentSize - 1) }

// name is a name of a file; those of its copies that bear it refer to it.
type name struct {
	file   uint32
	next   nameAt // another name of the file; noName for none
	copies uint32 // 0: the name is not used any more, and stays until its segment is cleaned
	text   uint32 // where its length and its bytes begin
}

const noName = nameAt(none)

// segment is a part of the names, in the order in which they came, with the list of each gram that is in them. Names are
// added until it is full. Then it is frozen: its lists are made short. When more than half of its names are not used any
// more, the others move to the youngest segment, and it is dropped with everything in it. So nothing is ever inserted
// into a list or taken out of one.
type segment struct {
	names []name
	texts []byte
	live  int // names that are used

	// While it is not frozen: where each gram's list is in lists, plus one; nil until it has enough names.
	where []uint32
	lists [][]uint16

	// Once it is frozen: the grams that there are, in order, how many names have each, and where the list of each ends.
	frozen bool
	grams  []uint32
	sizes  []uint16
	ends   []uint32
	short  []byte

	freezing uint32 // the gram that is frozen next
	dirty    bool   // it waits to be cleaned
	cleaning uint32 // the name that moves next
}

// add puts a name behind the others.
func (s *segment) add(n name, bytes []byte, r *room) uint32 {
	n.text = uint32(len(s.texts))
	s.texts = append(append(s.texts, byte(len(bytes))), bytes...)
	s.names = append(s.names, n)
	s.live++
	place := uint32(len(s.names) - 1)
	switch {
	case s.where != nil:
		s.list(place, r)
	case len(s.names) >= r.listedFrom:
		s.where = make([]uint32, grams)
		for i := range s.names {
			s.list(uint32(i), r)
		}
	}
	return place
}

// text gives the bytes of a name, which are not to be changed.
func (s *segment) text(place uint32) []byte {
	at := s.names[place].text
	return s.texts[at+1 : at+1+uint32(s.texts[at])]
}

// list adds a name to the lists of its grams.
func (s *segment) list(place uint32, r *room) {
	r.forms.Of(s.text(place))
	r.grams = appendGrams(r.grams[:0], r.forms.Lowered())
	if folded := r.forms.Folded(); folded != nil {
		r.grams = appendGrams(r.grams, folded)
	}
	for _, g := range r.grams {
		at := s.where[g]
		if at == 0 {
			s.lists = append(s.lists, nil)
			at = uint32(len(s.lists))
			s.where[g] = at
		}
		l := &s.lists[at-1]
		if n := len(*l); n > 0 && (*l)[n-1] == uint16(place) {
			continue // the gram comes twice in the name
		}
		*l = append(*l, uint16(place))
	}
}

// freeze makes some of the lists short, and says whether it has come to the end.
func (s *segment) freeze() (done bool) {
	if s.freezing == 0 {
		s.texts, s.names = slices.Clip(slices.Clone(s.texts)), slices.Clip(slices.Clone(s.names))
	}
	for end := s.freezing + frozenAtOnce; s.freezing < end; s.freezing++ {
		at := s.where[s.freezing]
		if at == 0 {
			continue
		}
		plain := s.lists[at-1]
		s.short = appendList(s.short, plain)
		s.grams = append(s.grams, s.freezing)
		s.sizes = append(s.sizes, uint16(len(plain)))
		s.ends = append(s.ends, uint32(len(s.short)))
	}
	if s.freezing < grams {
		return false
	}
	s.short, s.grams, s.sizes, s.ends = slices.Clone(s.short), slices.Clone(s.grams), slices.Clone(s.sizes), slices.Clone(s.ends)
	s.frozen, s.where, s.lists = true, nil, nil
	return true
}

// at is the ith list.
func (s *segment) at(i int) list {
	begin := uint32(0)
	if i > 0 {
		begin = s.ends[i-1]
	}
	return readList(int(s.sizes[i]), s.short[begin:s.ends[i]])
}

// of is the list of a gram.
func (s *segment) of(gram uint32) list {
	if s.frozen {
		if i, ok := slices.BinarySearch(s.grams, gram); ok {
			return s.at(i)
		}
		return list{}
	}
	if at := s.where[gram]; at != 0 {
		return list{n: len(s.lists[at-1]), plain: s.lists[at-1]}
	}
	return list{}
}

// from goes through the lists of grams, those from the first to before the second.
func (s *segment) from(first, last uint32, do func(*list)) {
	if s.frozen {
		i, _ := slices.BinarySearch(s.grams, first)
		for ; i < len(s.grams) && s.grams[i] < last; i++ {
			l := s.at(i)
			do(&l)
		}
		return
	}
	for g := first; g < last; g++ {
		if l := s.of(g); l.n > 0 {
			do(&l)
		}
	}
}

// may gives the names that may match a pattern; nil: any.
func (s *segment) may(required [][]byte, r *room) *set {
	if s.where == nil && !s.frozen || len(required) == 0 {
		return nil
	}
	if r.sets == nil {
		r.sets = new([2]set)
	}
	found := &r.sets[0]
	*found = set{}
	for _, t := range required {
		switch {
		case len(t) == 0:
			return nil
		case len(t) < 3:
			first, last := beginning(t)
			s.from(first, last, func(l *list) { l.addTo(found) })
		default:
			some := s.having(t, r)
			for word := range some {
				found[word] |= some[word]
			}
		}
	}
	return found
}

// A name is looked at in the time in which so many are read from a list.
const lookedAt = 64

// having gives the names that have all grams of a text: from the shortest list on, until those that are left are looked at
// faster than looked for in another list.
func (s *segment) having(t []byte, r *room) *set {
	r.grams = appendWanted(r.grams[:0], t)
	r.lists = r.lists[:0]
	some := &r.sets[1]
	*some = set{}
	for _, g := range r.grams {
		l := s.of(g)
		if l.n == 0 {
			return some
		}
		r.lists = append(r.lists, l)
	}
	slices.SortFunc(r.lists, func(a, b list) int { return a.n - b.n })
	rest := r.lists[1:]
	r.lists[0].addTo(some)
	if r.lists[0].bits != nil {
		rest = some.and(rest)
	}
	left := r.places[0][:0]
	some.each(func(i uint32) bool {
		left = append(left, uint16(i))
		return true
	})
	other := r.places[1]
	for i := 0; i < len(rest) && lookedAt*len(left) > rest[i].n; i++ {
		left, other = rest[i].keep(some, left, other), left
	}
	r.places = [2][]uint16{left, other}
	return some
}

// room is what is used again and again.
type room struct {
	forms  text.Forms
	grams  []uint32
	lists  []list
	places [2][]uint16
	sets   *[2]set // nil until there are lists
	names  []nameAt
	files  []uint32

	// listedFrom and segmentSize, but for tests.
	listedFrom, full int
}
