package catalog

import (
	"encoding/binary"
	"math/bits"
)

// list is where a gram is found: the numbers of names within a segment, in order. One of a segment that still grows is
// plain; others are the gaps between them as varints, or a bit for each name where that is shorter.
type list struct {
	n     int
	plain []uint16
	gaps  []byte
	bits  []byte
}

// set is some of the names of a segment.
type set [segmentSize / 64]uint64

const bitmapBytes = segmentSize / 8

// appendList adds the list in its short form.
func appendList(dst []byte, plain []uint16) []byte {
	begin, last := len(dst), -1
	for _, i := range plain {
		dst = binary.AppendUvarint(dst, uint64(int(i)-last-1))
		last = int(i)
	}
	if len(dst)-begin < bitmapBytes {
		return dst
	}
	var s set
	for _, i := range plain {
		s[i/64] |= 1 << (i % 64)
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
func (l list) addTo(s *set) {
	for _, i := range l.plain {
		s.add(i)
	}
	for i, at := -1, 0; at < len(l.gaps); {
		i, at = l.next(i, at)
		s.add(uint16(i))
	}
	for word := range len(l.bits) / 8 {
		s[word] |= l.word(word)
	}
}

func (l list) word(i int) uint64 { return binary.LittleEndian.Uint64(l.bits[8*i:]) }

// next is what follows i, and where the gap behind it is.
func (l list) next(i, at int) (int, int) {
	c := int(l.gaps[at])
	if c < 0x80 {
		return i + 1 + c, at + 1
	}
	return l.far(i, at)
}

func (l list) far(i, at int) (int, int) {
	gap, n := binary.Uvarint(l.gaps[at:])
	return i + 1 + int(gap), at + n
}

// appendTo adds the names of the list.
func (l list) appendTo(dst []uint16) []uint16 {
	dst = append(dst, l.plain...)
	for i, at := -1, 0; at < len(l.gaps); {
		i, at = l.next(i, at)
		dst = append(dst, uint16(i))
	}
	return dst
}

// keep takes out of a set what is not in the list. These are what is in the set, and what is left of it comes into their
// place.
func (l list) keep(s *set, these []uint16) []uint16 {
	kept := these[:0]
	if l.bits != nil {
		for _, i := range these {
			if l.bits[i/8]&(1<<(i%8)) != 0 {
				kept = append(kept, i)
			} else {
				s.remove(i)
			}
		}
		return kept
	}
	var room [256]uint16
	found := room[:0]
	for _, i := range l.plain {
		if s.has(i) {
			found = append(found, i)
		}
	}
	for i, at := -1, 0; at < len(l.gaps); {
		if i, at = l.next(i, at); s.has(uint16(i)) {
			found = append(found, uint16(i))
		}
	}
	for _, i := range these {
		s.remove(i)
	}
	for _, i := range found {
		s.add(i)
	}
	return append(kept, found...)
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
