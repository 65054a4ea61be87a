package world

import (
	"cmp"
	"slices"
)

// mostReread is how many files are looked for once more at the end.
const mostReread = 500

// reread looks once more for everything that the last search for it lacked, from where it was looked for: at the end of a
// run, with the network at rest, what is still missing is lost, and not on its way. Nothing of this is in the measurements
// but for the operations themselves.
func (w *World) reread() {
	w.measured = true
	type read struct{ file, at int }
	var reads []read
	for key, at := range w.truth.lacking {
		reads = append(reads, read{key.file, at})
	}
	slices.SortFunc(reads, func(a, b read) int { return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.at, b.at)) })
	reads = slices.CompactFunc(reads, func(a, b read) bool { return a.file == b.file })
	for _, r := range reads[:min(len(reads), mostReread)] {
		if h := w.reader(r.at); h != nil {
			w.find(h, r.file, false, func() {})
		}
	}
}

// reader is somebody who is logged in at a supernode; anybody where there is none.
func (w *World) reader(at int) (anybody *host) {
	for _, h := range w.hosts[w.supers:] {
		switch {
		case !h.up || h.ends || h.home < 0:
		case h.home == at:
			return h
		case anybody == nil:
			anybody = h
		}
	}
	return anybody
}
