package query

import (
	"cmp"
	"slices"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// maxCopies is how many owners of a file an answer can name.
const maxCopies = 999

// merged gathers hits into results: each file once, each owner once below it, and the name that most owners give it.
type merged struct {
	limit int // files at most; 0: no limit
	files map[p2p.FileID]*found
	order []*found // as they came
}

type found struct {
	id     p2p.FileID
	owners []p2p.Endpoint
	has    map[p2p.Endpoint]bool
	names  []counted // as they came
}

type counted struct {
	name p2p.FileName
	n    int
}

func newMerged(limit int) *merged {
	return &merged{limit: limit, files: make(map[p2p.FileID]*found)}
}

// add takes a hit and says whether there was room for it. A copy that is known already makes no difference.
func (m *merged) add(h message.Hit) bool {
	f := m.files[h.File]
	if f == nil {
		if m.limit > 0 && len(m.order) >= m.limit {
			return false
		}
		f = &found{id: h.File, has: make(map[p2p.Endpoint]bool)}
		m.files[h.File] = f
		m.order = append(m.order, f)
	}
	if f.has[h.Owner] {
		return true
	}
	if len(f.owners) >= maxCopies {
		return false
	}
	f.has[h.Owner] = true
	f.owners = append(f.owners, h.Owner)
	i := slices.IndexFunc(f.names, func(c counted) bool { return c.name == h.Name })
	if i < 0 {
		i = len(f.names)
		f.names = append(f.names, counted{name: h.Name})
	}
	f.names[i].n++
	return true
}

// results gives the files with the most copies first, equals by their MD5. Of names that are equally common the one
// that came first is given.
func (m *merged) results() []message.Result {
	out := make([]message.Result, len(m.order))
	for i, f := range m.order {
		best := f.names[0]
		for _, c := range f.names[1:] {
			if c.n > best.n {
				best = c
			}
		}
		out[i] = message.Result{File: f.id, Name: best.name, Owners: f.owners}
	}
	slices.SortFunc(out, func(a, b message.Result) int {
		return cmp.Or(cmp.Compare(len(b.Owners), len(a.Owners)), a.File.Compare(b.File))
	})
	return out
}
