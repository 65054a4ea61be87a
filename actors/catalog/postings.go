package catalog

import (
	"encoding/binary"
	"math/bits"
)

// list is where a gram is found: the numbers of names within a segment, in order. One of a segment that still grows is
// plain; others are the gaps between them, a byte each or two, or a bit for each name where those are many.
type list struct {
	n     int
	plain []uint16
	gaps  []byte
	bits  []byte
}

// set is some of the names of a segment.
type set [segmentSize / 64]uint64

const (
	bitmapBytes = segmentSize / 8

	// gapBytes is how long a list of gaps may be. Bits are looked up so much faster that they are taken from half their length on.
	gapBytes = bitmapBytes / 2
)

// shortGap is the first gap that takes two bytes, of which the first one says so.
const shortGap = 0x80

// appendList adds the list in its short form.
func appendList(dst []byte, plain []uint16) []byte {
	begin, last := len(dst), -1
	for _, i := range plain {
		if gap := int(i) - last - 1; gap < shortGap {
			dst = append(dst, byte(gap))
		} else {
			dst = append(dst, byte(gap>>8|shortGap), byte(gap))
		}
		last = int(i)
	}
	if len(dst)-begin < gapBytes {
		return dst
	}
	var s set
	for _, i := range plain {
		s.add(i)
	}
	dst = dst[:begin]
	for _, word := range s {
		dst = binary.LittleEndian.AppendUint64(dst, word)
	}
	return dst
}

// readList gives back what appendList has made of n names.
func readList(n int, short []byte) list {
	if len(short) == bitmapBytes {
		return list{n: n, bits: short}
	}
	return list{n: n, gaps: short}
}

// addTo adds the list to a set.
func (l *list) addTo(s *set) {
	for _, i := range l.plain {
		s.add(i)
	}
	for i, at, gaps := -1, 0, l.gaps; at < len(gaps); at++ {
		gap := int(gaps[at])
		if gap >= shortGap {
			at++
			gap = gap&^shortGap<<8 | int(gaps[at])
		}
		i += gap + 1
		s.add(uint16(i))
	}
	for word := range len(l.bits) / 8 {
		s[word] |= l.word(word)
	}
}

func (l *list) word(i int) uint64 { return binary.LittleEndian.Uint64(l.bits[8*i:]) }

// appendHaving adds what of the list is in the set.
func (l *list) appendHaving(dst []uint16, s *set) []uint16 {
	for _, i := range l.plain {
		if s.has(i) {
			dst = append(dst, i)
		}
	}
	for i, at, gaps := -1, 0, l.gaps; at < len(gaps); at++ {
		gap := int(gaps[at])
		if gap >= shortGap {
			at++
			gap = gap&^shortGap<<8 | int(gaps[at])
		}
		if i += gap + 1; s.has(uint16(i)) {
			dst = append(dst, uint16(i))
		}
	}
	return dst
}

// keep takes out of a set what is not in the list. These are what is in the set, and what is left of it is given back;
// room is for it.
func (l *list) keep(s *set, these, room []uint16) []uint16 {
	kept := room[:0]
	if l.bits == nil {
		kept = l.appendHaving(kept, s)
	} else {
		for _, i := range these {
			if l.bits[i/8]&(1<<(i%8)) != 0 {
				kept = append(kept, i)
			}
		}
	}
	for _, i := range these {
		s.remove(i)
	}
	for _, i := range kept {
		s.add(i)
	}
	return kept
}

func (s *set) has(i uint16) bool { return s[i/64%uint16(len(s))]&(1<<(i%64)) != 0 }
func (s *set) add(i uint16)      { s[i/64%uint16(len(s))] |= 1 << (i % 64) }
func (s *set) remove(i uint16)   { s[i/64%uint16(len(s))] &^= 1 << (i % 64) }

// and takes out what is not in those lists that are bits, and gives the others.
func (s *set) and(lists []list) (others []list) {
	others = lists[:0]
	for _, l := range lists {
		if l.bits == nil {
			others = append(others, l)
			continue
		}
		for word := range s {
			s[word] &= l.word(word)
		}
	}
	return others
}

// each goes through the names in a set, in order.
func (s *set) each(yield func(i uint32) bool) {
	for at, word := range s {
		for ; word != 0; word &= word - 1 {
			if !yield(uint32(64*at + bits.TrailingZeros64(word))) {
				return
			}
		}
	}
}
