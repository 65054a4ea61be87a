package world

import (
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/cmd/alakalab/record"
)

// truth is the oracle: what every peer shares, and what of it has been acknowledged where. An entry is to be found while
// its owner shares it and is up, the supernode at which the owner logged in last is up, and that one has taken it in.
// Whether the supernode still knows it, or can be reached, is what is measured.
type truth struct {
	w      *World
	byID   map[p2p.FileID]int
	byFile [][]*entry // of each file, as they were shared first
	all    map[entryKey]*entry
	// lacking is what the last search that was to find it did not, and the supernode where it was searched for.
	lacking map[entryKey]int

	acknowledged func(*entry) // it can be found now
	withdrawn    func(*entry)
	loggedIn     func(peer *host)
}

type entryKey struct{ file, owner int }

// entry is one file of one owner.
type entry struct {
	entryKey
	shared bool
	at     int // the supernode that has acknowledged it last; -1: none
	stored int // how often that one had lost its store
	downs  int // how often the owner had been down
	ends   int // how often it was taken away
}

func newTruth(w *World) *truth {
	return &truth{w: w, byID: make(map[p2p.FileID]int), all: make(map[entryKey]*entry), lacking: make(map[entryKey]int)}
}

// add makes a file known.
func (t *truth) add(f p2p.FileID) {
	t.byID[f] = len(t.byFile)
	t.byFile = append(t.byFile, nil)
}

// share notes that an owner shares a file from now on; false: it does already.
func (t *truth) share(file, owner int) (*entry, bool) {
	key := entryKey{file, owner}
	e := t.all[key]
	if e == nil {
		e = &entry{entryKey: key, at: -1}
		t.all[key] = e
		t.byFile[file] = append(t.byFile[file], e)
	}
	if e.shared {
		return e, false
	}
	e.shared, e.at = true, -1
	return e, true
}

// unshare notes that an owner takes a file away.
func (t *truth) unshare(e *entry) {
	e.shared, e.at = false, -1
	e.ends++
}

// login notes where a peer is logged in.
func (t *truth) login(peer, at *host) {
	peer.home = at.i
	t.loggedIn(peer)
}

func (t *truth) put(f p2p.FileID, owner, at *host) {
	file, ok := t.byID[f]
	if !ok || owner.home != at.i {
		return // it has gone elsewhere meanwhile
	}
	e := t.all[entryKey{file, owner.i}]
	if e == nil || !e.shared || !owner.up {
		return
	}
	e.at, e.stored, e.downs = at.i, at.stored, owner.downs
	t.acknowledged(e)
}

func (t *truth) deleted(f p2p.FileID, owner *host) {
	if file, ok := t.byID[f]; ok {
		if e := t.all[entryKey{file, owner.i}]; e != nil && !e.shared {
			t.withdrawn(e)
		}
	}
}

// findable says whether an entry is to be found.
func (t *truth) findable(e *entry) bool {
	if !e.shared || e.at < 0 {
		return false
	}
	owner, at := t.w.hosts[e.owner], t.w.hosts[e.at]
	return owner.up && !owner.ends && owner.downs == e.downs && at.up && !at.ends && at.stored == e.stored && owner.home == at.i
}

// promise is an entry that was to be found when a search began.
type promise struct {
	*entry
	ends      int
	at, downs int // the supernode, and how often it had been down
	reachable bool
}

// promises lists what a search for some files that begins now is to find. near says whether a supernode is within reach.
func (t *truth) promises(files []int, near func(supernode int) bool) []promise {
	var out []promise
	for _, file := range files {
		for _, e := range t.byFile[file] {
			if t.findable(e) {
				out = append(out, promise{e, e.ends, e.at, t.w.hosts[e.at].downs, near(e.at)})
			}
		}
	}
	return out
}

// holds says whether an entry was to be found all the time since.
func (t *truth) holds(p promise) bool {
	return t.findable(p.entry) && p.entry.ends == p.ends && p.entry.at == p.at && t.w.hosts[p.at].downs == p.downs
}

// judge compares what a search at a supernode has found with what was to be found.
func (t *truth) judge(op *record.Op, from int, promised []promise, results []message.Result) {
	got := make(map[entryKey]bool)
	for _, r := range results {
		file, known := t.byID[r.File]
		for _, o := range r.Owners {
			op.Results = append(op.Results, record.Entry{File: r.File.String(), Name: string(r.Name), Owner: t.w.nameOf(o)})
			i := indexOf(o.IPv4())
			e := t.all[entryKey{file, i}]
			switch {
			case !known || e == nil:
				op.Phantoms++
				t.w.blame(op, i)
			case !t.w.hosts[i].up:
				op.Stale++
			default:
				got[e.entryKey] = true
			}
		}
	}
	for _, p := range promised {
		if !t.holds(p) {
			continue
		}
		op.Expected++
		if p.reachable {
			op.Reachable++
		}
		switch {
		case got[p.entryKey]:
			op.Found++
			if p.reachable {
				op.Reached++
			}
			delete(t.lacking, p.entryKey)
		case p.reachable:
			t.lacking[p.entryKey] = from
			op.Missing = append(op.Missing, *t.w.entry(p.entry))
		}
	}
}

// blame notes whose doing a phantom is whose owner is at a number: a foul node's fault's.
func (w *World) blame(op *record.Op, owner int) {
	i := owner - len(w.hosts)
	if i < 0 || i >= len(w.foul) {
		return
	}
	if op.Foul == nil {
		op.Foul = make(map[string]int)
	}
	op.Foul[w.foul[i].fault.ID]++
}
