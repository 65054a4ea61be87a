package world

import (
	"fmt"
	"math/rand/v2"
	"time"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// coming is the coming and going of the nodes of one kind. Each has its own randomness.
type coming struct {
	w       *World
	session func(u float64) float64
	absence func(u float64) float64
	crash   bool
}

// churn has nodes come and go from the end of the warm-up on. Whoever is there then is in the middle of a stay.
func (w *World) churn() error {
	for i, c := range [2]*experiment.Churning{w.exp.Churn.Supernodes, w.exp.Churn.Peers} {
		if c == nil {
			continue
		}
		all := w.hosts[:w.supers]
		if i == 1 {
			all = w.hosts[w.supers:]
		}
		co := &coming{w: w, session: c.Session.Quantile(), absence: c.Absence.Quantile(), crash: c.Leave != "logout"}
		seeds := w.rand(fmt.Sprintf("churn %d", i))
		for _, h := range all {
			r := rand.New(rand.NewPCG(seeds.Uint64(), uint64(h.i)))
			w.sim.Do(w.exp.Time.Warmup, func() { co.stay(h, r) })
		}
	}
	return nil
}

// stay has a host go when its session is over. One that is down already, because of a fault, comes back by its absence.
func (c *coming) stay(h *host, r *rand.Rand) {
	lives := h.lives
	c.w.sim.Do(time.Duration(c.session(uniform(r))), func() {
		switch {
		case h.lives != lives || !h.up || h.ends: // something else has ended this life
			c.away(h, r)
		case c.crash:
			h.crash(false)
			c.away(h, r)
		default:
			p := c.w.open("logout", h, nil)
			h.leave(func(orderly bool) {
				switch {
				case orderly && h.goodbye:
					c.w.clerk.end(p, record.OK, "")
				case orderly:
					c.w.clerk.end(p, record.Info, "no supernode has acknowledged it")
				default:
					c.w.clerk.end(p, record.Info, h.name+" ended before")
				}
				c.away(h, r)
			})
		}
	})
}

// away has a host come back when its absence is over.
func (c *coming) away(h *host, r *rand.Rand) {
	c.w.sim.Do(time.Duration(c.absence(uniform(r))), func() {
		if !h.up {
			c.w.boot(h)
			c.w.joining(h)
		}
		c.stay(h, r)
	})
}
