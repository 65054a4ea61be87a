package digest

import (
	"bytes"
	"iter"
	"math"
	"slices"

	"alakazaam/actors/text"
)

const (
	// tooFull is the part of a filter that is set at most, as a divisor, before it is made twice as large.
	tooFull = 4
	// dense is how many bits of a filter there are for one change at least, for changes to be told one by one: a position
	// takes eight bytes on a link, and the whole filter an eighth of a byte for each bit.
	dense = 64
	// fewGone is how many names may be withdrawn at least before a filter is built anew over it.
	fewGone = 64
)

// Summary makes the filter of a catalog: it counts the names on each bit, so that a bit is cleared when the last of them
// goes, and collects what changes. A count that has reached its largest value stays: nobody knows any more how many
// there are. When more names have gone than are left, and when it is too full, the filter is built anew.
type Summary struct {
	max        int // LogBits at most
	log        int
	generation uint32
	counts     []uint8 // of the runs on each bit
	bits       []byte  // as they have been told
	live       int     // counts above 0
	names      int
	gone       int // names that were withdrawn since it was built

	// Since the last Changes: positions whose count has left 0 while the bit was not set, and those whose count has come
	// to 0 while it was, oldest first. Where they have become too many, scan says that they have to be looked for.
	set, clear []uint32
	scan       bool

	forms  text.Forms // room, as are the hashes
	hashes []uint32
}

// NewSummary begins a filter of at most maximum bytes. The first whole filter that it gives bears the generation after
// the given one; whoever makes one Summary after the other gives a number that cannot have been used before.
func NewSummary(maximum int, generation uint32) *Summary {
	return &Summary{max: logOf(maximum), generation: generation % generations}
}

// Generation is the number of the last whole filter.
func (s *Summary) Generation() uint32 { return s.generation }

// Add takes in a name.
func (s *Summary) Add(name []byte) {
	s.add(name)
	if limit := len(s.counts) / dense; len(s.set) > limit {
		s.set, s.scan = s.set[:0], true
	}
}

func (s *Summary) add(name []byte) {
	s.names++
	for _, h := range s.hash(name) {
		p := h >> (hashBits - s.log)
		n := s.counts[p]
		if n < math.MaxUint8 {
			s.counts[p] = n + 1
		}
		if n == 0 {
			s.live++
			if !isSet(s.bits, p) && !s.scan {
				s.set = append(s.set, p)
			}
		}
	}
}

// Remove takes away a name that was added.
func (s *Summary) Remove(name []byte) {
	s.names--
	s.gone++
	for _, h := range s.hash(name) {
		p := h >> (hashBits - s.log)
		n := s.counts[p]
		if n == 0 || n == math.MaxUint8 {
			continue
		}
		s.counts[p] = n - 1
		if n == 1 {
			s.live--
			if isSet(s.bits, p) && !s.scan {
				s.clear = append(s.clear, p)
			}
		}
	}
	if limit := len(s.counts) / dense; len(s.clear) > limit {
		s.clear, s.scan = s.clear[:0], true
	}
}

// hash gives the hashes of the runs in all forms of a name.
func (s *Summary) hash(name []byte) []uint32 {
	s.forms.Of(name)
	s.hashes = appendHashes(s.hashes[:0], s.forms.Lowered())
	s.hashes = appendHashes(s.hashes, s.forms.Folded())
	return s.hashes
}

// Whole builds the filter anew from all names of the catalog, each as often as it was or would be added, and gives the
// parts of it. The first call has to come before anything else; later ones forget what has changed.
func (s *Summary) Whole(names iter.Seq[[]byte]) []Part {
	for s.log = minLog; !s.build(names); s.log++ {
	}
	s.gone = 0
	return s.renew()
}

// build counts all names. False where the filter could be larger and becomes too full: then the rest is not looked at,
// so that all tries together take twice as long as the last at most.
func (s *Summary) build(names iter.Seq[[]byte]) bool {
	size := 1 << s.log
	s.counts, s.bits = make([]uint8, size), make([]byte, size/8)
	s.live, s.names = 0, 0
	s.scan = true // nothing needs to be collected
	for name := range names {
		if s.add(name); s.overfull() {
			return false
		}
	}
	return true
}

func (s *Summary) overfull() bool { return s.log < s.max && s.live > len(s.counts)/tooFull }

// Changes gives what has changed since the last call, or since Whole: deltas, or the parts of a filter of another
// generation, which it builds from names where it has to. Bits that were set are in it at once, while those that are
// cleared wait until there are some.
func (s *Summary) Changes(names iter.Seq[[]byte]) ([]Part, []Delta) {
	if s.overfull() || s.gone > max(s.names, fewGone) {
		return s.Whole(names), nil
	}
	set, unset := s.collect()
	if len(set)+len(unset) > len(s.counts)/dense {
		return s.renew(), nil
	}
	return nil, s.deltas(set, unset)
}

// collect brings the bits up to date and gives those that were set and cleared.
func (s *Summary) collect() (set, unset []uint32) {
	if s.scan {
		return s.collectAll()
	}
	for _, p := range s.set {
		if s.counts[p] > 0 && !isSet(s.bits, p) {
			setBit(s.bits, p)
			set = append(set, p)
		}
	}
	s.set = s.set[:0]
	if len(s.clear) < len(s.counts)/(2*dense) {
		return set, nil
	}
	for _, p := range s.clear {
		if s.counts[p] == 0 && isSet(s.bits, p) {
			clearBit(s.bits, p)
			unset = append(unset, p)
		}
	}
	s.clear = s.clear[:0]
	return set, unset
}

// collectAll is collect where the changes have not been kept one by one.
func (s *Summary) collectAll() (set, unset []uint32) {
	for i, n := range s.counts {
		switch p := uint32(i); {
		case n > 0 && !isSet(s.bits, p):
			setBit(s.bits, p)
			set = append(set, p)
		case n == 0 && isSet(s.bits, p):
			clearBit(s.bits, p)
			unset = append(unset, p)
		}
	}
	s.set, s.clear, s.scan = s.set[:0], s.clear[:0], false
	return set, unset
}

// renew gives the whole filter as it is under another generation.
func (s *Summary) renew() []Part {
	s.scan = true
	s.collectAll()
	s.generation = (s.generation + 1) % generations
	return parts(s.generation, s.log, bytes.Clone(s.bits))
}

// deltas cuts changes to the size that a link carries.
func (s *Summary) deltas(set, unset []uint32) (out []Delta) {
	for len(set)+len(unset) > 0 {
		d := Delta{Generation: s.generation}
		n := min(len(set), MaxDelta)
		d.Set, set = slices.Clip(set[:n]), set[n:]
		n = min(len(unset), MaxDelta-n)
		d.Clear, unset = slices.Clip(unset[:n]), unset[n:]
		out = append(out, d)
	}
	return out
}
