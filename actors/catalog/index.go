package catalog

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"

	"alakazaam/actors/digest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// index is what is published: files, their names and who has them. Everything that can be seen of it, the order of results
// above all, depends on what was done to it and nothing else.
//
// Its parts are records without pointers that refer to each other by number. A file has a ring of copies and a chain of
// names; a copy is in the ring of its owner, too. Two tables find a file by its MD5, and a copy by owner and MD5. The names
// are in segments, which list the grams in them, and the files in a tree in the order of results. Adding and removing take
// the same work however many there are, but for the tree's logarithm and the other names of the same file; a name that
// moves when its segment is cleaned also takes a look at the other copies of its file.
type index struct {
	files  slab[file]
	copies slab[copyOf]
	byID   table // files
	byHave table // copies, by owner and MD5
	ranks  ranks

	segments []*segment // nil where one was dropped
	unused   []uint32   // numbers of those
	active   uint32     // the segment that grows
	names    int        // that are used
	freezing []uint32   // segments that are full and not frozen yet
	dirty    []uint32   // segments to be cleaned

	owners   []owner
	free     []uint32 // numbers of owners that are not used
	sessions map[p2p.SessionID]uint32

	seed    maphash.Seed    // so that nobody can make files that stand at one place in the tables
	summary *digest.Summary // of all names of all files; nil while nobody wants it, and until the first one is built
	next    *building       // the summary that comes after it; nil: none
	room    room
}

// file is one distinct content.
type file struct {
	id     p2p.FileID
	names  nameAt // the first of a chain
	copies uint32 // the first of a ring, in the order in which they came
	n      uint32 // copies
}

// copyOf is one session's copy of a file.
type copyOf struct {
	owner      uint32
	name       nameAt
	next, prev uint32 // of the file
	more, less uint32 // of the owner: the next one and the one before
}

// owner is one session with what it publishes.
type owner struct {
	session  p2p.SessionID
	endpoint p2p.Endpoint
	copies   uint32 // the first of a ring, in the order in which they came; none: not used
}

func newIndex() *index {
	x := &index{sessions: make(map[p2p.SessionID]uint32), seed: maphash.MakeSeed()}
	x.room.listedFrom, x.room.full = listedFrom, segmentSize
	x.ranks = newRanks(x)
	x.active = x.newSegment()
	return x
}

func (x *index) hashOf(id p2p.FileID) uint64 { return maphash.Bytes(x.seed, id[:]) }

// hashOfCopy is that of a copy, from the hash of its file.
func hashOfCopy(file uint64, owner uint32) uint32 {
	const multiplier = 0x9E3779B97F4A7C15
	hi, lo := bits.Mul64(file^uint64(owner)*multiplier, multiplier)
	return uint32(hi ^ lo)
}

// fileOf is the number of a file; none where nobody has it.
func (x *index) fileOf(id p2p.FileID, hash uint64) uint32 {
	return x.byID.find(uint32(hash), func(f uint32) bool { return x.files.at(f).id == id })
}

// copyOf is the number of an owner's copy of a file.
func (x *index) copyOf(owner, file uint32, hash uint64) uint32 {
	return x.byHave.find(hashOfCopy(hash, owner), func(c uint32) bool {
		have := x.copies.at(c)
		return have.owner == owner && x.name(have.name).file == file
	})
}

// put adds a session's copy of a file, or gives it another name.
func (x *index) put(session p2p.SessionID, at p2p.Endpoint, id p2p.FileID, n p2p.FileName) {
	o := x.owner(session)
	x.owners[o].endpoint = at
	hash := x.hashOf(id)
	f := x.fileOf(id, hash)
	if f == none {
		f = x.files.add(file{id: id, names: noName, copies: none})
		x.byID.add(uint32(hash), f)
	} else if c := x.copyOf(o, f, hash); c != none {
		old := x.copies.at(c).name
		x.copies.at(c).name = x.useName(f, n)
		x.dropName(old)
		return
	}
	c := x.copies.add(copyOf{owner: o, name: x.useName(f, n)})
	x.enter(c, f)
	x.byHave.add(hashOfCopy(hash, o), c)
	x.count(f, +1)
}

// owner is the number of a session.
func (x *index) owner(session p2p.SessionID) uint32 {
	o, ok := x.sessions[session]
	if ok {
		return o
	}
	if last := len(x.free) - 1; last >= 0 {
		o, x.free = x.free[last], x.free[:last]
	} else {
		o = uint32(len(x.owners))
		x.owners = append(x.owners, owner{})
	}
	x.owners[o] = owner{session: session, copies: none}
	x.sessions[session] = o
	return o
}

// remove takes a session's copy of a file away.
func (x *index) remove(session p2p.SessionID, id p2p.FileID) {
	o, ok := x.sessions[session]
	if !ok {
		return
	}
	hash := x.hashOf(id)
	if f := x.fileOf(id, hash); f != none {
		if c := x.copyOf(o, f, hash); c != none {
			x.drop(c, hash)
		}
	}
}

// missing are the files of a session that are not in a list.
func (x *index) missing(session p2p.SessionID, list []message.Publication) []p2p.FileID {
	here := make(map[p2p.FileID]struct{}, len(list))
	for _, p := range list {
		here[p.File] = struct{}{}
	}
	out := []p2p.FileID{}
	o, ok := x.sessions[session]
	if !ok {
		return out
	}
	for c := x.owners[o].copies; ; {
		have := x.copies.at(c)
		if id := x.files.at(x.name(have.name).file).id; !in(here, id) {
			out = append(out, id)
		}
		if c = have.more; c == x.owners[o].copies {
			return out
		}
	}
}

func in[K comparable](set map[K]struct{}, k K) bool {
	_, ok := set[k]
	return ok
}

// removeAll takes everything of a session away, at most so many copies at once, and says whether that was all.
func (x *index) removeAll(session p2p.SessionID, most int) (all bool) {
	for range most {
		o, ok := x.sessions[session]
		if !ok {
			return true
		}
		c := x.owners[o].copies
		x.drop(c, x.hashOf(x.files.at(x.name(x.copies.at(c).name).file).id))
	}
	_, more := x.sessions[session]
	return !more
}

// drop takes a copy away whose file has that hash. The last copy gets its number.
func (x *index) drop(c uint32, hash uint64) {
	gone := *x.copies.at(c)
	f := x.name(gone.name).file
	x.leave(c, f)
	x.byHave.remove(hashOfCopy(hash, gone.owner), c)
	if x.owners[gone.owner].copies == none {
		x.release(gone.owner)
	}
	x.dropName(gone.name)
	x.count(f, -1)
	if x.files.at(f).n == 0 {
		x.byID.remove(uint32(hash), f)
		x.fillFile(f)
	}
	x.fillCopy(c)
}

func (x *index) release(o uint32) {
	delete(x.sessions, x.owners[o].session)
	x.free = append(x.free, o)
	if len(x.sessions) == 0 {
		x.owners, x.free = nil, nil
	}
}

// enter puts a copy into its rings, behind the others.
func (x *index) enter(c, f uint32) {
	have, file := x.copies.at(c), x.files.at(f)
	if file.copies == none {
		file.copies, have.next, have.prev = c, c, c
	} else {
		first := x.copies.at(file.copies)
		have.next, have.prev = file.copies, first.prev
		x.copies.at(first.prev).next, first.prev = c, c
	}
	o := &x.owners[have.owner]
	if o.copies == none {
		o.copies, have.more, have.less = c, c, c
		return
	}
	first := x.copies.at(o.copies)
	have.more, have.less = o.copies, first.less
	x.copies.at(first.less).more, first.less = c, c
}

// leave takes a copy out of its rings.
func (x *index) leave(c, f uint32) {
	have, file, o := x.copies.at(c), x.files.at(f), &x.owners[x.copies.at(c).owner]
	x.copies.at(have.prev).next, x.copies.at(have.next).prev = have.next, have.prev
	if file.copies == c {
		if file.copies = have.next; have.next == c {
			file.copies = none
		}
	}
	x.copies.at(have.less).more, x.copies.at(have.more).less = have.more, have.less
	if o.copies == c {
		if o.copies = have.more; have.more == c {
			o.copies = none
		}
	}
}

// fillCopy gives the last copy the number of one that has left.
func (x *index) fillCopy(c uint32) {
	last := x.copies.n - 1
	if c != last {
		moved := *x.copies.at(last)
		f := x.name(moved.name).file
		x.byHave.replace(hashOfCopy(x.hashOf(x.files.at(f).id), moved.owner), last, c)
		for _, link := range []*uint32{&moved.next, &moved.prev, &moved.more, &moved.less} {
			if *link == last {
				*link = c // it is alone in its ring
			}
		}
		*x.copies.at(c) = moved
		x.copies.at(moved.prev).next, x.copies.at(moved.next).prev = c, c
		x.copies.at(moved.less).more, x.copies.at(moved.more).less = c, c
		if first := &x.files.at(f).copies; *first == last {
			*first = c
		}
		if first := &x.owners[moved.owner].copies; *first == last {
			*first = c
		}
	}
	x.copies.removeLast()
}

// fillFile gives the last file the number of one that nobody has any more.
func (x *index) fillFile(f uint32) {
	last := x.files.n - 1
	if f != last {
		moved := *x.files.at(last)
		x.byID.replace(uint32(x.hashOf(moved.id)), last, f)
		for n := moved.names; n != noName; n = x.name(n).next {
			x.name(n).file = f
		}
		*x.files.at(f) = moved
		x.ranks.put(moved.n, f)
	}
	x.files.removeLast()
}

// count notes that a file has a copy more or less.
func (x *index) count(f uint32, by int) {
	file := x.files.at(f)
	if file.n > 0 {
		x.ranks.remove(file.n, f)
	}
	if file.n = uint32(int(file.n) + by); file.n > 0 {
		x.ranks.put(file.n, f)
	}
}

// prefix is the part of an MD5 that comes first in the order of files.
func prefix(id p2p.FileID) uint32 { return binary.BigEndian.Uint32(id[:]) }
