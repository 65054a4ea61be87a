package digest

import (
	"bytes"
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
// there are.
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

// NewSummary begins a filter of at most maximum bytes.
func NewSummary(maximum int) *Summary {
	s := &Summary{max: logOf(maximum)}
	s.empty(minLog)
	return s
}

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

// Grow makes a filter that has become too full twice as large, and says whether it has. It is empty then: all names have to
// be added again. So a filter is built by adding all names, from the first one on after each Grow; all tries together take
// twice as long as the last at most.
func (s *Summary) Grow() bool {
	if !s.overfull() {
		return false
	}
	s.empty(s.log + 1)
	return true
}

func (s *Summary) empty(log int) {
	size := 1 << log
	s.log, s.counts, s.bits = log, make([]uint8, size), make([]byte, size/8)
	s.live, s.names, s.gone = 0, 0, 0
	s.set, s.clear, s.scan = nil, nil, true // nothing needs to be collected before it is whole
}

func (s *Summary) overfull() bool { return s.log < s.max && s.live > len(s.counts)/tooFull }

// Stale says whether another one should be built: because this one is too full, or because more names have gone than are
// left, of which some may still be in it. Until then it is as right as before.
func (s *Summary) Stale() bool { return s.overfull() || s.gone > max(s.names, fewGone) }

// Whole gives the parts of the whole filter as it is, under the generation after the given one, which is the last that has
// been told of any filter of this catalog. It has to come before the first Changes.
func (s *Summary) Whole(generation uint32) []Part {
	s.generation = generation
	return s.renew()
}

// Changes gives what has changed since the last call, or since Whole: deltas, or the parts of a whole filter where those
// would take longer. Bits that were set are in it at once, while those that are cleared wait until there are some.
func (s *Summary) Changes() ([]Part, []Delta) {
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
