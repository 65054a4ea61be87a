package overlay

import (
	"net/netip"
	"time"

	"alakazaam/actors/p2p"
)

// onward says for each neighbor whether a flooded packet goes on to it: to all but the one that it came from and the
// one that began it ("Rules of a flood").
//
// A connection tells the address that a packet came from, not the node behind it. Where several neighbors share that
// address nobody can say which it was, and the packet goes to all of them: the one that has seen it drops it, and none
// is left out.
func onward(neighbors []p2p.Endpoint, from netip.Addr, origin p2p.Endpoint) []bool {
	out := make([]bool, len(neighbors))
	sender, senders := -1, 0
	for i, n := range neighbors {
		out[i] = !n.Same(origin)
		if from.IsValid() && n.At(from) {
			sender = i
			senders++
		}
	}
	if senders == 1 {
		out[sender] = false
	}
	return out
}

const (
	firstBackoff = time.Second
	maxBackoff   = time.Minute
)

// backoff is how long a neighbor is left alone after so many failures in a row: a second, then twice as long each time,
// up to a minute. spread, evenly distributed from 0 to 1, takes up to a quarter off, so that nodes that failed together
// do not come back together.
func backoff(failures int, spread float64) time.Duration {
	d := maxBackoff
	if failures < 7 {
		d = min(firstBackoff<<(failures-1), maxBackoff)
	}
	return d - time.Duration(spread*float64(d)/4)
}
