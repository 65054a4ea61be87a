package catalog

import "alakazaam/actors/digest"

// building is a summary that is being told of all names, bit by bit.
type building struct {
	summary *digest.Summary
	at      nameAt // the names before it are in the summary
}

// summarize tells the summaries that a name has come or gone: the one that is being built only where it has passed it.
func (x *index) summarize(at nameAt, tell func(*digest.Summary, []byte)) {
	if x.summary != nil {
		tell(x.summary, x.bytesOf(at))
	}
	if x.next != nil && at < x.next.at {
		tell(x.next.summary, x.bytesOf(at))
	}
}

// moved tells the summary that is being built that a name has moved past the place up to which it knows all.
func (x *index) moved(from, to nameAt) {
	b := x.next
	switch {
	case b == nil || from < b.at == (to < b.at):
	case to < b.at:
		b.summary.Add(x.bytesOf(to))
	default:
		b.summary.Remove(x.bytesOf(to))
	}
}

// build tells the next summary of so many names, and says whether it knows all. Then it is the summary.
func (x *index) build(names int) (done bool) {
	b := x.next
	for ; names > 0; names-- {
		at := b.at.segment()
		if int(at) == len(x.segments) {
			x.summary, x.next = b.summary, nil
			return true
		}
		s := x.segments[at]
		if s == nil || int(b.at.place()) >= len(s.names) {
			b.at = nameAt((at + 1) << segmentBits)
			continue
		}
		if s.names[b.at.place()].copies > 0 {
			b.summary.Add(s.text(b.at.place()))
		}
		if b.at++; b.summary.Grow() {
			b.at = 0
		}
	}
	return false
}
