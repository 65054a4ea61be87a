package query

import (
	"cmp"
	"net/netip"
	"slices"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// maxCopies is how many owners of a file an answer can name.
const maxCopies = 999

// merged gathers hits into results: each file once, each owner once below it, and the name that most owners give it.
//
// Where more files come than there is room for, one source cannot fill it: a file from a host that has few takes the
// place of one that only the host with the most has, as long as that is past the cap.
type merged struct {
	limit int // files at most; 0: no limit
	cap   int // files that only one host has, where others have more; 0: no cap
	files map[p2p.FileID]*found
	order []*found           // as they came
	alone map[netip.Addr]int // files that only this host has
	over  int                // how many hosts are past the cap
	cut   bool               // something was left out
}

type found struct {
	id     p2p.FileID
	owners []p2p.Endpoint
	has    map[p2p.Endpoint]bool // owners, once they are many
	names  []counted             // as they came
	only   netip.Addr            // the one host that has it; not valid where several have it
}

type counted struct {
	name p2p.FileName
	n    int
}

func newMerged(limit, ownerCap int) *merged {
	return &merged{limit: limit, cap: ownerCap, files: make(map[p2p.FileID]*found), alone: make(map[netip.Addr]int)}
}

// add takes a hit and says whether there was room for it. A copy that is known already makes no difference.
func (m *merged) add(h message.Hit) bool {
	f, host := m.files[h.File], hostOf(h.Owner)
	if f == nil {
		if m.limit > 0 && len(m.order) >= m.limit && !m.makeRoom(host) {
			m.cut = true
			return false
		}
		f = &found{id: h.File, only: host}
		m.files[h.File] = f
		m.order = append(m.order, f)
		m.count(host, 1)
	}
	if f.owned(h.Owner) {
		return true
	}
	if len(f.owners) >= maxCopies {
		m.cut = true
		return false
	}
	if f.only.IsValid() && f.only != host {
		m.count(f.only, -1)
		f.only = netip.Addr{}
	}
	f.own(h.Owner)
	i := slices.IndexFunc(f.names, func(c counted) bool { return c.name == h.Name })
	if i < 0 {
		i = len(f.names)
		f.names = append(f.names, counted{name: h.Name})
	}
	f.names[i].n++
	return true
}

// few is how many owners are looked through without a map of them. Most files have no more.
const few = 16

// owned says whether an owner is known.
func (f *found) owned(by p2p.Endpoint) bool {
	if f.has == nil {
		return slices.Contains(f.owners, by)
	}
	return f.has[by]
}

// own notes another owner.
func (f *found) own(by p2p.Endpoint) {
	f.owners = append(f.owners, by)
	switch {
	case f.has != nil:
		f.has[by] = true
	case len(f.owners) > few:
		f.has = make(map[p2p.Endpoint]bool)
		for _, o := range f.owners {
			f.has[o] = true
		}
	}
}

// hostOf is the host of whoever has a copy.
func hostOf(e p2p.Endpoint) netip.Addr { return p2p.HostOf(e.Host()) }

// count notes that a host has one file more, or less, to itself.
func (m *merged) count(host netip.Addr, n int) {
	was := m.alone[host]
	if m.alone[host] = was + n; was+n == 0 {
		delete(m.alone, host)
	}
	switch {
	case m.cap == 0:
	case n > 0 && was == m.cap:
		m.over++
	case n < 0 && was == m.cap+1:
		m.over--
	}
}

// makeRoom takes out a file for one from that host, if it may: of those that only the host with the most has the one that
// came last; of several such hosts that of the last file.
func (m *merged) makeRoom(host netip.Addr) bool {
	if m.over == 0 || m.alone[host] >= m.cap {
		return false
	}
	victim := -1
	for i, f := range slices.Backward(m.order) {
		if f.only.IsValid() && (victim < 0 || m.alone[f.only] > m.alone[m.order[victim].only]) {
			victim = i
		}
	}
	f := m.order[victim]
	m.count(f.only, -1)
	delete(m.files, f.id)
	m.order = slices.Delete(m.order, victim, victim+1)
	m.cut = true
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
