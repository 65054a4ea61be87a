package query

import (
	"math"

	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// step is one flood of a search.
type step struct {
	ttl  p2p.TTL
	only []p2p.Endpoint // nil: to all neighbors
	last bool           // to everybody there is, so that nothing comes after it
}

// progress is how far a search has come when a step has ended, or before the first.
type progress struct {
	files   int            // distinct ones that were found
	limit   int            // as many are enough
	reached []p2p.Endpoint // the neighbors that the step went to
	late    bool           // only the last step still fits into the search's time
}

// mostBeyond is how many supernodes are asked at once through one neighbor. Behind more of them stands, in a network that
// is not very large, nearly everybody.
const mostBeyond = 50

// plan decides which flood comes next in a search. What a flood to everybody would find is found wherever fewer files than
// asked for are. It is pure but for shuffle.
//
//   - flood: everybody at once.
//   - ring: all neighbors with a TTL of 1, 2, 4 and so on, until there is enough.
//   - dynamic: a probe of all neighbors with a TTL of 1 shows how widespread the files are. Then neighbor after neighbor is
//     asked, in an order by chance, each as deep as what is still missing takes, until there is enough. Everybody is
//     asked at once where the files are too rare for that, and as soon as a neighbor brings less than half of what was
//     to be expected.
type plan struct {
	strategy string
	ttl      p2p.TTL // of a flood to everybody
	shuffle  func([]p2p.Endpoint)

	steps int
	now   step // under way
	// Of dynamic.
	before   int            // files before the step under way
	fan      int            // to how many each supernode passes a flood on: as many as this one's neighbors but one
	rate     float64        // files that each supernode brought
	expected float64        // files that the step under way brings at that rate, as far as they are missing
	left     []p2p.Endpoint // neighbors that have not been asked alone
}

// next gives the next step; ok is false where the search has no more.
func (p *plan) next(at progress) (next step, ok bool) {
	if at.files >= at.limit || p.now.last {
		return step{}, false
	}
	switch {
	case at.late || p.ttl <= 1:
		next = p.everybody()
	case p.strategy == config.StrategyRing:
		next = p.wider()
	case p.strategy == config.StrategyDynamic:
		next = p.onward(at)
	default:
		next = p.everybody()
	}
	p.steps++
	p.now, p.before = next, at.files
	return next, true
}

func (p *plan) everybody() step { return step{ttl: p.ttl, last: true} }

// wider is the next ring.
func (p *plan) wider() step {
	ttl := max(1, 2*p.now.ttl)
	if ttl >= p.ttl {
		return p.everybody()
	}
	return step{ttl: ttl}
}

// onward is the next step of dynamic.
func (p *plan) onward(at progress) step {
	brought := float64(at.files - p.before)
	switch p.steps {
	case 0:
		return step{ttl: 1}
	case 1:
		p.left = append([]p2p.Endpoint(nil), at.reached...)
		p.shuffle(p.left)
		p.fan = len(p.left) - 1
		p.rate = brought / math.Max(1, float64(len(p.left)))
	default:
		if brought < p.expected/2 {
			return p.everybody()
		}
	}
	missing := float64(at.limit - at.files)
	ttl := p2p.TTL(2)
	for p.rate*p.beyond(ttl) < missing && ttl+1 < p.ttl && p.beyond(ttl+1) <= mostBeyond {
		ttl++
	}
	brings := p.rate * p.beyond(ttl)
	if brings*float64(len(p.left)) < missing || ttl >= p.ttl {
		return p.everybody()
	}
	p.expected = math.Min(missing, brings)
	to := p.left[0]
	p.left = p.left[1:]
	return step{ttl: ttl, only: []p2p.Endpoint{to}}
}

// beyond estimates how many supernodes a flood reaches behind one neighbor, which has been asked itself.
func (p *plan) beyond(ttl p2p.TTL) float64 {
	n, layer := 0.0, 1.0
	for range ttl - 1 {
		layer *= float64(p.fan)
		n += layer
	}
	return n
}
