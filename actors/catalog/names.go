package catalog

import (
	"alakazaam/actors/digest"
	"alakazaam/actors/p2p"
)

const (
	// movedAtOnce is how many names move in one step of cleaning, and passedAtOnce how many are looked at for that.
	movedAtOnce  = 128
	passedAtOnce = 4096

	// stepsAtOnce is how many steps of tidying come in one turn at most: one for each segment that waits for it.
	stepsAtOnce = 32
)

func (x *index) newSegment() uint32 {
	if last := len(x.unused) - 1; last >= 0 {
		at := x.unused[last]
		x.unused = x.unused[:last]
		x.segments[at] = &segment{}
		return at
	}
	x.segments = append(x.segments, &segment{})
	return uint32(len(x.segments) - 1)
}

func (x *index) name(n nameAt) *name { return &x.segments[n.segment()].names[n.place()] }

func (x *index) bytesOf(n nameAt) []byte { return x.segments[n.segment()].text(n.place()) }

// useName gives the name of a file for one copy more.
func (x *index) useName(f uint32, n p2p.FileName) nameAt {
	for at := x.files.at(f).names; at != noName; at = x.name(at).next {
		if string(x.bytesOf(at)) == string(n) {
			x.name(at).copies++
			return at
		}
	}
	at := x.addName(name{file: f, next: x.files.at(f).names, copies: 1}, []byte(n))
	x.files.at(f).names = at
	x.names++
	x.summarize(at, (*digest.Summary).Add)
	return at
}

// addName puts a name into the segment that grows.
func (x *index) addName(n name, bytes []byte) nameAt {
	s := x.segments[x.active]
	if len(s.names) >= x.room.full {
		s = x.seal()
	}
	return nameAt(x.active<<segmentBits | s.add(n, bytes, &x.room))
}

// seal begins another segment.
func (x *index) seal() *segment {
	if s := x.segments[x.active]; s.where != nil {
		x.freezing = append(x.freezing, x.active)
	}
	was := x.active
	x.active = x.newSegment()
	x.look(was)
	return x.segments[x.active]
}

// dropName notes that a copy does not bear a name any more.
func (x *index) dropName(at nameAt) {
	n := x.name(at)
	if n.copies--; n.copies > 0 {
		return
	}
	x.names--
	x.summarize(at, (*digest.Summary).Remove)
	for link := &x.files.at(n.file).names; ; link = &x.name(*link).next {
		if *link == at {
			*link = n.next
			break
		}
	}
	x.segments[at.segment()].live--
	x.look(at.segment())
}

// look decides whether a segment is worth cleaning, or dropping at once.
func (x *index) look(at uint32) {
	s := x.segments[at]
	dead := len(s.names) - s.live
	switch {
	case at == x.active:
		if dead >= x.room.listedFrom && dead > s.live {
			x.seal()
		}
	case s.live == 0:
		x.segments[at] = nil
		x.unused = append(x.unused, at)
	case dead > s.live && !s.dirty:
		s.dirty = true
		x.dirty = append(x.dirty, at)
	}
}

// tidy does a little of what can wait, the more the more there is of it, and says whether there is more.
func (x *index) tidy() (more bool) {
	for range min(len(x.freezing)+len(x.dirty), stepsAtOnce) {
		x.step()
	}
	return x.untidy()
}

func (x *index) untidy() bool { return len(x.freezing)+len(x.dirty) > 0 }

// step cleans before it freezes: a segment that is cleaned is dropped, and need not be frozen.
func (x *index) step() {
	switch {
	case len(x.dirty) > 0:
		if s := x.segments[x.dirty[0]]; s == nil || !s.dirty || x.clean(x.dirty[0], s) {
			x.dirty = x.dirty[1:]
		}
	case len(x.freezing) > 0:
		// One that was dropped meanwhile may have come back as the one that grows.
		at := x.freezing[0]
		if s := x.segments[at]; s == nil || at == x.active || s.frozen || s.where == nil || s.freeze() {
			x.freezing = x.freezing[1:]
		}
	}
	if len(x.freezing) == 0 {
		x.freezing = nil
	}
	if len(x.dirty) == 0 {
		x.dirty = nil
	}
}

// clean moves names that are used to the segment that grows, and says whether the other one is dropped over that.
func (x *index) clean(at uint32, s *segment) (done bool) {
	moved := 0
	for end := s.cleaning + passedAtOnce; s.cleaning < end && moved < movedAtOnce && int(s.cleaning) < len(s.names); s.cleaning++ {
		n := s.names[s.cleaning]
		if n.copies == 0 {
			continue
		}
		moved++
		from := nameAt(at<<segmentBits | s.cleaning)
		to := x.addName(n, s.text(s.cleaning))
		f := x.files.at(n.file)
		for link := &f.names; ; link = &x.name(*link).next {
			if *link == from {
				*link = to
				break
			}
		}
		x.rename(f, from, to, n.copies)
		x.moved(from, to)
		s.names[s.cleaning].copies = 0
		s.live--
	}
	if s.live > 0 {
		return false
	}
	x.look(at)
	return true
}

// rename has so many copies of a file refer to another number of their name.
func (x *index) rename(f *file, from, to nameAt, copies uint32) {
	for c := f.copies; copies > 0; c = x.copies.at(c).next {
		if have := x.copies.at(c); have.name == from {
			have.name = to
			copies--
		}
	}
}
