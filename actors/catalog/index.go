package catalog

import (
	"cmp"
	"slices"

	"alakazaam/actors/digest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
)

// index is what is published: files, their names and who has them. A search looks at each distinct name once.
// Everything that can be seen of it, the order of results above all, depends on what was done to it and nothing else.
type index struct {
	files    map[p2p.FileID]*file
	order    []*file // all files, so that a search goes through them in an order that is not a map's
	sessions map[p2p.SessionID]*owner
	copies   int
	summary  *digest.Summary // of all names of all files; nil while nobody wants it
}

// file is one distinct content.
type file struct {
	id     p2p.FileID
	at     int // place in order
	names  []name
	copies []copyOf // in the order in which they came
}

// name is a distinct name of a file.
type name struct {
	name    p2p.FileName
	lowered string
	copies  int
}

// copyOf is one session's copy of a file.
type copyOf struct {
	session p2p.SessionID
	name    p2p.FileName
}

// owner is one session with what it publishes.
type owner struct {
	endpoint p2p.Endpoint
	files    map[p2p.FileID]struct{}
}

func newIndex() *index {
	return &index{files: make(map[p2p.FileID]*file), sessions: make(map[p2p.SessionID]*owner)}
}

// put adds a session's copy of a file, or gives it another name.
func (x *index) put(session p2p.SessionID, at p2p.Endpoint, id p2p.FileID, n p2p.FileName) {
	o := x.sessions[session]
	if o == nil {
		o = &owner{files: make(map[p2p.FileID]struct{})}
		x.sessions[session] = o
	}
	o.endpoint = at
	f := x.files[id]
	if f == nil {
		f = &file{id: id, at: len(x.order)}
		x.files[id] = f
		x.order = append(x.order, f)
	}
	if _, here := o.files[id]; here {
		i := f.find(session)
		if f.copies[i].name == n {
			return
		}
		x.unname(f, f.copies[i].name)
		f.copies[i].name = n
	} else {
		o.files[id] = struct{}{}
		f.copies = append(f.copies, copyOf{session: session, name: n})
		x.copies++
	}
	x.addName(f, n)
}

// remove takes a session's copy of a file away.
func (x *index) remove(session p2p.SessionID, id p2p.FileID) {
	o := x.sessions[session]
	if o == nil {
		return
	}
	if _, here := o.files[id]; !here {
		return
	}
	delete(o.files, id)
	if len(o.files) == 0 {
		delete(x.sessions, session)
	}
	f := x.files[id]
	i := f.find(session)
	x.unname(f, f.copies[i].name)
	f.copies = slices.Delete(f.copies, i, i+1)
	x.copies--
	if len(f.copies) > 0 {
		return
	}
	delete(x.files, id)
	last := len(x.order) - 1
	x.order[f.at] = x.order[last]
	x.order[f.at].at = f.at
	x.order[last] = nil
	x.order = x.order[:last]
}

// removeAll takes everything of a session away.
func (x *index) removeAll(session p2p.SessionID) {
	o := x.sessions[session]
	if o == nil {
		return
	}
	ids := make([]p2p.FileID, 0, len(o.files))
	for id := range o.files {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, p2p.FileID.Compare) // the order of removal shows in x.order
	for _, id := range ids {
		x.remove(session, id)
	}
}

func (f *file) find(session p2p.SessionID) int {
	return slices.IndexFunc(f.copies, func(c copyOf) bool { return c.session == session })
}

func (x *index) addName(f *file, n p2p.FileName) {
	for i := range f.names {
		if f.names[i].name == n {
			f.names[i].copies++
			return
		}
	}
	lowered := text.Lower(string(n))
	f.names = append(f.names, name{name: n, lowered: lowered, copies: 1})
	if x.summary != nil {
		x.summary.Add(lowered)
	}
}

func (x *index) unname(f *file, n p2p.FileName) {
	for i := range f.names {
		if f.names[i].name == n {
			if f.names[i].copies--; f.names[i].copies == 0 {
				if x.summary != nil {
					x.summary.Remove(f.names[i].lowered)
				}
				f.names = slices.Delete(f.names, i, i+1)
			}
			return
		}
	}
}

// names are what the summary has been told of, in the form of text.Lower.
func (x *index) names(yield func(string) bool) {
	for _, f := range x.order {
		for _, n := range f.names {
			if !yield(n.lowered) {
				return
			}
		}
	}
}

// wanted is what a search asks of the index.
type wanted struct {
	text     p2p.SearchText
	limit    int                   // files at most; 0: all
	perOwner int                   // files that only one host has, before those of others; 0: no cap
	all      bool                  // all copies of a file of which one matches, instead of the matching copies
	known    func(p2p.FileID) bool // files that may be found
}

// match finds at most limit known files of which a name matches, and says whether there are more: those with the most
// copies, and of equals those with the smaller MD5. Where there are more, those that are past the cap of the only host
// that has them stand behind the others. Of each it gives the matching copies, or, with all, every copy.
func (x *index) match(w wanted) (hits []message.Hit, more bool) {
	p := text.NewPattern(w.text)
	best, n := first{limit: w.limit}, 0
	x.each(w, p, func(f *file) {
		best.add(f)
		n++
	})
	files := best.files()
	if more = len(files) < n; more && w.perOwner > 0 && x.crowded(files, w.perOwner) {
		files = x.capped(w, p, files)
	}
	for _, f := range files {
		for _, c := range f.copies {
			if w.all || p.Matches(c.name) {
				hits = append(hits, message.Hit{File: f.id, Name: c.name, Owner: x.sessions[c.session].endpoint})
			}
		}
	}
	return hits, more
}

// each goes through the files that match.
func (x *index) each(w wanted, p text.Pattern, do func(*file)) {
	for _, f := range x.order {
		if slices.ContainsFunc(f.names, func(n name) bool { return p.MatchesLower(n.lowered) }) && w.known(f.id) {
			do(f)
		}
	}
}

// first is the first files of many in the order of match, without sorting them all.
type first struct {
	limit int // 0: all
	found []*file
	last  *file // no file behind it is among the first any more; nil while there is room
}

func (b *first) add(f *file) {
	if b.last != nil && before(b.last, f) {
		return
	}
	if b.found = append(b.found, f); b.limit > 0 && len(b.found) >= 2*b.limit {
		b.cut()
	}
}

// cut sorts what there is and drops what is past the limit.
func (b *first) cut() {
	slices.SortFunc(b.found, compare)
	if b.limit > 0 && len(b.found) > b.limit {
		b.found = b.found[:b.limit]
		b.last = b.found[b.limit-1]
	}
}

func (b *first) files() []*file {
	b.cut()
	return b.found
}

// compare puts files with more copies first, and of equals those with the smaller MD5.
func compare(a, b *file) int {
	return cmp.Or(cmp.Compare(len(b.copies), len(a.copies)), a.id.Compare(b.id))
}

func before(a, b *file) bool { return compare(a, b) < 0 }
