package gateway

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"alakazaam/config"
)

// visitors is who connects to this node: by address, what it has open and has sent, how it behaved, and whether it is
// banned. Those that have nothing open are remembered up to a number, so that nobody gets a new budget by connecting
// anew. It is pure.
type visitors struct {
	here map[netip.Addr]*visitor              // with open connections
	past *simplelru.LRU[netip.Addr, *visitor] // without
}

// visitor is one address.
type visitor struct {
	at       netip.Addr
	open     int
	budget   *budget
	offenses *rate.Limiter // nil: it has behaved
	bans     int           // in a row
	until    time.Time     // end of the last ban
}

// newVisitors remembers up to limit addresses that have nothing open.
func newVisitors(limit int) *visitors {
	past, err := simplelru.NewLRU[netip.Addr, *visitor](max(limit, 1), nil)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &visitors{here: make(map[netip.Addr]*visitor), past: past}
}

// find gives a visitor, a new one where it is not known.
func (v *visitors) find(at netip.Addr) *visitor {
	if w := v.here[at]; w != nil {
		return w
	}
	if w, ok := v.past.Get(at); ok {
		return w
	}
	return &visitor{at: at, budget: &budget{}}
}

// enter notes an open connection.
func (v *visitors) enter(w *visitor) {
	v.past.Remove(w.at)
	v.here[w.at] = w
	w.open++
}

// leave notes that a connection has closed. It says whether another visitor was forgotten for this one.
func (v *visitors) leave(w *visitor) (forgotten bool) {
	if w.open--; w.open > 0 {
		return false
	}
	delete(v.here, w.at)
	return v.past.Add(w.at, w)
}

// remember keeps a visitor that has nothing open. It says whether another one was forgotten for it.
func (v *visitors) remember(w *visitor) (forgotten bool) { return v.past.Add(w.at, w) }

// emptied forgets what is open: the connections went with a gateway that failed.
func (v *visitors) emptied() {
	for _, at := range slices.SortedFunc(maps.Keys(v.here), netip.Addr.Compare) {
		w := v.here[at]
		w.open = 0
		v.past.Add(at, w)
	}
	clear(v.here)
}

// banned says whether the visitor is kept out.
func (w *visitor) banned(now time.Time) bool { return now.Before(w.until) }

// offend notes an offense and says for how long the visitor is banned for it, if it is: twice as long as the last time.
func (w *visitor) offend(now time.Time, l *config.Limits) time.Duration {
	if l.Offenses == 0 || w.banned(now) {
		return 0
	}
	if w.offenses == nil || w.offenses.Burst() != l.Offenses {
		w.offenses = rate.NewLimiter(rate.Limit(float64(l.Offenses)/time.Minute.Seconds()), l.Offenses)
	}
	if w.offenses.AllowN(now, 1) && w.offenses.TokensAt(now) >= 1 {
		return 0
	}
	if now.Sub(w.until) >= l.BanMax {
		w.bans = 0
	}
	d := l.BanMax
	if w.bans < 32 && l.Ban < l.BanMax>>w.bans {
		d = l.Ban << w.bans
	}
	w.bans++
	w.until = now.Add(d)
	w.offenses = nil
	return d
}
