package query

import (
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// branches is what is known of the parts of one flood, one for each neighbor that it goes to. Each ends once, whatever is
// said of it afterwards; but for one that is unsaid, which may end for good later. It is pure.
//
// A neighbor that could not be reached is no part of the overlay that was searched: it takes nothing away from a search
// that is complete.
type branches struct {
	told    bool // which there are
	all     []p2p.Endpoint
	open    map[p2p.Endpoint]bool            // false: it has ended
	early   map[p2p.Endpoint]message.Outcome // what was said before the overlay had named them
	left    int                              // that have not ended
	unknown int                              // of those that have ended
	unsaid  map[p2p.Endpoint]bool            // of these, those that may say when they have
	missed  map[p2p.Endpoint]bool            // not reached
}

// flooded takes the neighbors to which the flood goes. Only the first time counts.
func (b *branches) flooded(to []p2p.Endpoint) {
	if b.told {
		return
	}
	b.told = true
	b.open = make(map[p2p.Endpoint]bool, len(to))
	for _, by := range to {
		if _, twice := b.open[by]; !twice {
			b.open[by] = true
			b.all = append(b.all, by)
			b.left++
		}
	}
	for _, by := range b.all {
		if outcome, ok := b.early[by]; ok {
			b.end(by, outcome)
		}
	}
	b.early = nil
}

// end ends a branch, and says whether that was news.
func (b *branches) end(by p2p.Endpoint, outcome message.Outcome) bool {
	if !b.told {
		if was, ok := b.early[by]; ok && (was != message.Unsaid || outcome == was) {
			return false
		}
		if b.early == nil {
			b.early = make(map[p2p.Endpoint]message.Outcome)
		}
		b.early[by] = outcome
		return true
	}
	switch {
	case b.unsaid[by] && outcome != message.Unsaid:
		delete(b.unsaid, by)
		b.unknown--
	case b.open[by]:
		b.open[by] = false
		b.left--
	default:
		return false
	}
	switch outcome {
	case message.Complete:
	case message.Unsaid:
		if b.unsaid == nil {
			b.unsaid = make(map[p2p.Endpoint]bool)
		}
		b.unsaid[by] = true
		b.unknown++
	case message.Unreached:
		if b.missed == nil {
			b.missed = make(map[p2p.Endpoint]bool)
		}
		b.missed[by] = true
	default:
		b.unknown++
	}
	return true
}

// abandon ends the branch of a neighbor whose actor has ended, or all of them for the zero endpoint, and says whether that
// was news. What comes before the branches are named speaks of an actor before them.
func (b *branches) abandon(by p2p.Endpoint) (news bool) {
	if !b.told {
		return false
	}
	if !by.IsZero() {
		return b.end(by, message.Unknown)
	}
	for _, by := range b.all {
		news = b.end(by, message.Unknown) || news
	}
	return news
}

// ended says whether none is open.
func (b *branches) ended() bool { return b.told && b.left == 0 }

// finished says whether none is open, and none unsaid.
func (b *branches) finished() bool { return b.ended() && len(b.unsaid) == 0 }

// complete says whether every answer has come.
func (b *branches) complete() bool { return b.ended() && b.unknown == 0 }

// exact says whether it can still become complete, so that it is worth waiting for.
func (b *branches) exact() bool { return b.told && b.unknown == 0 }

// reached gives the neighbors to which the flood went, as far as is known.
func (b *branches) reached() []p2p.Endpoint {
	var out []p2p.Endpoint
	for _, by := range b.all {
		if !b.missed[by] {
			out = append(out, by)
		}
	}
	return out
}
