package catalog

import "slices"

// none is the number of no record.
const none = ^uint32(0)

const (
	slabBits = 12
	slabSize = 1 << slabBits // records that are allocated at once, but for the first ones
)

// slab is a dense list of records, which are known by their numbers. It grows without copying more than one part of it,
// and whatever is in it has no pointers, so that a million of them cost the garbage collector nothing. A pointer to a
// record holds until something is added or removed.
type slab[T any] struct {
	parts [][]T
	n     uint32
}

func (s *slab[T]) at(i uint32) *T { return &s.parts[i>>slabBits][i&(slabSize-1)] }

// add puts a record behind all others.
func (s *slab[T]) add(v T) uint32 {
	last := int(s.n >> slabBits)
	if last == len(s.parts) {
		var part []T
		if last > 0 {
			part = make([]T, 0, slabSize)
		}
		s.parts = append(s.parts, part)
	}
	s.parts[last] = append(s.parts[last], v)
	s.n++
	return s.n - 1
}

// removeLast takes the last record away, and gives memory back when much of it is free.
func (s *slab[T]) removeLast() {
	s.n--
	last := int(s.n >> slabBits)
	part := s.parts[last]
	part = part[:len(part)-1]
	if last == 0 && cap(part) > 64 && len(part) < cap(part)/4 {
		part = slices.Clip(slices.Clone(part))
	}
	s.parts[last] = part
	if len(part) < slabSize/2 && last+1 < len(s.parts) {
		s.parts[last+1] = nil
		s.parts = s.parts[:last+1]
	}
}
