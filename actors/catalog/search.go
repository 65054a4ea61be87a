package catalog

import (
	"math"
	"slices"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
)

// wanted is what a search asks of the index.
type wanted struct {
	text     p2p.SearchText
	limit    int                   // files at most; 0: all
	perOwner int                   // files that only one host has, before those of others; 0: no cap
	all      bool                  // all copies of a file of which one matches, instead of the matching copies
	known    func(p2p.FileID) bool // files that may be found
	effort   int                   // names that are looked at, about, before it is given up to look for more; 0: all
}

// outcome is what a search has found.
type outcome struct {
	hits []message.Hit
	more bool // there are more files than the limit, or may be
	cut  bool // because it was given up to look for more
}

// search is one search under way.
type search struct {
	*index
	wanted
	pattern  text.Pattern
	required [][]byte
}

const (
	fewNames = 1024 // as many are looked at whatever the limit is
	patience = 4    // how many times more names are walked through than are expected to be needed
	fairness = 8    // among how many times more files than the limit others are looked for than those of one host
)

// match finds at most limit known files of which a name matches, and says whether there are more: those with the most
// copies, and of equals those with the smaller MD5. Where there are more, those that are past the cap of the only host
// that has them stand behind the others. Of each it gives the matching copies, or, with all, every copy.
//
// Of a text that few names may contain all of those are looked at. With one that many may contain the files are gone
// through in the order of results, until there are enough: as many as limit times the files there are, divided by those
// that match. Where the grams of a text are common, but the text is not, that takes too long, and all names that may
// contain it are looked at after all.
func (x *index) match(w wanted) outcome {
	s := &search{index: x, wanted: w, pattern: text.NewPattern(w.text)}
	s.required = s.pattern.Required()
	effort := w.effort
	if effort <= 0 {
		effort = math.MaxInt
	}
	if w.limit > 0 {
		many := max(fewNames, int(math.Sqrt(float64(w.limit)*float64(x.names))))
		if s.gather(min(many, effort)) {
			return s.gathered(false)
		}
		walk := min(patience*many, effort)
		if files, more, enough := s.walk(walk); enough {
			return outcome{hits: s.hits(files), more: more}
		}
		effort -= walk
	}
	return s.gathered(!s.gather(effort))
}

// gather collects the names that may match, as long as they are no more than so many, and says whether that is all.
func (s *search) gather(most int) (all bool) {
	r := &s.room
	r.names = r.names[:0]
	for at, seg := range s.segments {
		if seg == nil {
			continue
		}
		first := nameAt(at << segmentBits)
		add := func(i uint32) bool {
			if seg.names[i].copies > 0 {
				r.names = append(r.names, first|nameAt(i))
			}
			return len(r.names) <= most
		}
		if may := seg.may(s.required, r); may != nil {
			may.each(add)
		} else {
			for i := uint32(0); int(i) < len(seg.names) && add(i); i++ {
			}
		}
		if len(r.names) > most {
			return false
		}
	}
	return true
}

// gathered looks at the names that have been gathered. cut says that there are more of them.
func (s *search) gathered(cut bool) outcome {
	files := s.matching()
	best := first{x: s.index, limit: s.limit}
	for _, f := range files {
		best.add(f)
	}
	found := best.files()
	more := len(found) < len(files)
	if more && s.perOwner > 0 && s.crowded(found) {
		found = s.capped(files, found)
	}
	return outcome{hits: s.hits(found), more: more || cut, cut: cut}
}

// matching gives the files of the names that have been gathered, as far as those match.
func (s *search) matching() []uint32 {
	r := &s.room
	files, again := r.files[:0], false
	for _, at := range r.names {
		if !s.pattern.MatchesBytes(s.bytesOf(at), &r.forms) {
			continue
		}
		f := s.name(at).file
		file := s.files.at(f)
		if !s.known(file.id) {
			continue
		}
		again = again || s.name(file.names).next != noName
		files = append(files, f)
	}
	if again { // a file may have been found by several of its names
		slices.Sort(files)
		files = slices.Compact(files)
	}
	r.files = files
	return files
}

// matches says whether a file is found, and how many names it has looked at for that.
func (s *search) matches(f uint32) (found bool, names int) {
	file := s.files.at(f)
	for n := file.names; n != noName; n = s.name(n).next {
		if names++; s.pattern.MatchesBytes(s.bytesOf(n), &s.room.forms) {
			return s.known(file.id), names
		}
	}
	return false, names
}

// walk goes through the files in the order of results, until it has looked at so many names, and says whether it has found
// enough.
func (s *search) walk(most int) (files []uint32, more, enough bool) {
	c := caps{search: s}
	var best []uint32
	n := 0
	enough = true
	for f := range s.ranks.each {
		if most <= 0 {
			enough = false
			break
		}
		found, names := s.matches(f)
		if most -= names; !found {
			continue
		}
		if n++; n <= s.limit {
			best = append(best, f)
		}
		c.add(f)
		if n > s.limit && (len(c.front) == s.limit || n > fairness*s.limit) {
			break
		}
	}
	if n <= s.limit {
		return best, false, enough
	}
	return c.fill(best), true, true
}

// hits are the copies of files, in order.
func (s *search) hits(files []uint32) (hits []message.Hit) {
	for _, f := range files {
		file := s.files.at(f)
		for i, c := uint32(0), file.copies; i < file.n; i++ {
			have := s.copies.at(c)
			name := s.bytesOf(have.name)
			if s.all || s.pattern.MatchesBytes(name, &s.room.forms) {
				hits = append(hits, message.Hit{File: file.id, Name: p2p.FileName(name), Owner: s.owners[have.owner].endpoint})
			}
			c = have.next
		}
	}
	return hits
}

// first is the first files of many in the order of results, without sorting them all.
type first struct {
	x     *index
	limit int // 0: all
	found []uint32
	last  uint32 // no file behind it is among the first any more, once it is set
	full  bool
}

func (b *first) add(f uint32) {
	if b.full && b.x.compare(b.last, f) < 0 {
		return
	}
	if b.found = append(b.found, f); b.limit > 0 && len(b.found) >= 2*b.limit {
		b.cut()
	}
}

// cut sorts what there is and drops what is past the limit.
func (b *first) cut() {
	slices.SortFunc(b.found, b.x.compare)
	if b.limit > 0 && len(b.found) > b.limit {
		b.found = b.found[:b.limit]
		b.last, b.full = b.found[b.limit-1], true
	}
}

func (b *first) files() []uint32 {
	b.cut()
	return b.found
}

// compare puts files with more copies first, and of equals those with the smaller MD5.
func (x *index) compare(a, b uint32) int {
	f, g := x.files.at(a), x.files.at(b)
	if f.n != g.n {
		return int(g.n) - int(f.n)
	}
	return f.id.Compare(g.id)
}
