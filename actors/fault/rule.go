package fault

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/config"
)

// Rule is a fault that is on. It decides when the fault strikes, and counts. It is safe for concurrent use; its chances
// come one after the other from one seed.
type Rule struct {
	config.Fault
	faults  *Faults
	config  bool // it comes from the configuration
	since   time.Time
	counter port.Counter
	gone    atomic.Bool // it was taken away

	mu                sync.Mutex
	chance            *rand.Rand
	due, applied, hit int
	slot              int       // of Every in which it struck last; -1: it has not
	logged            time.Time // when a line was last written
	unlogged          int
}

func newRule(f *Faults, c config.Fault, seed uint64, fromConfig bool) *Rule {
	h := fnv.New64a()
	_, _ = h.Write([]byte(c.ID)) // never fails
	return &Rule{
		Fault: c, faults: f, config: fromConfig, since: f.Clock.Now(), slot: -1,
		chance: rand.New(rand.NewPCG(seed, h.Sum64())), counter: f.counter(c, fromConfig),
	}
}

// open says whether the rule's window is open at a time, and for how long.
func (r *Rule) open(now time.Time) (in time.Duration, ok bool) {
	in = now.Sub(r.since) - r.At
	return in, in >= 0 && !r.gone.Load() && (r.For == 0 || in < r.For)
}

// Open says whether the rule's window is open.
func (r *Rule) Open() bool {
	_, ok := r.open(r.faults.Clock.Now())
	return ok
}

// Strike is called for everything that the rule matches. It says whether the fault strikes now.
func (r *Rule) Strike() bool { return r.strike(r.faults.Clock.Now()) }

func (r *Rule) strike(now time.Time) bool {
	in, open := r.open(now)
	if !open {
		return false
	}
	probability := r.Match.Probability
	if r.Kind == config.FaultToxic {
		probability = r.Toxicity
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due++
	slot := 0
	if r.Every > 0 {
		slot = int(in / r.Every)
	}
	switch {
	case r.Match.Nth > 0 && r.due != r.Match.Nth,
		r.Match.EveryNth > 0 && r.due%r.Match.EveryNth != 0,
		r.Every > 0 && slot == r.slot,
		r.Times > 0 && r.applied >= r.Times,
		probability < 1 && r.chance.Float64() >= float64(probability):
		return false
	}
	r.slot = slot
	r.applied++
	r.counter.Add(1)
	return true
}

// Hit counts that the fault has made a difference.
func (r *Rule) Hit() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hit++
}

// Between draws a number of 0 or more and less than n, which is more than 0.
func (r *Rule) Between(n int64) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.chance.Int64N(n)
}

// Log says, once a second at most, what the fault has done.
func (r *Rule) Log(fields logrus.Fields) {
	now := r.faults.Clock.Now()
	r.mu.Lock()
	if !r.logged.IsZero() && now.Sub(r.logged) < time.Second {
		r.unlogged++
		r.mu.Unlock()
		return
	}
	missed := r.unlogged
	r.logged, r.unlogged = now, 0
	r.mu.Unlock()
	log := r.faults.Log.WithFields(fields).WithFields(logrus.Fields{"fault": r.ID, "action": r.Strikes()})
	if missed > 0 {
		log = log.WithField("suppressed", missed)
	}
	log.Warn("fault injected")
}

func (r *Rule) status() message.FaultStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return message.FaultStatus{
		ID: r.ID, Rule: []byte(r.String()), Strikes: r.Strikes(), Config: r.config, Since: r.since, Active: r.Open(),
		Due: r.due, Applied: r.applied, Hit: r.hit,
	}
}
