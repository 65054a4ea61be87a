// Package fault harms a node on purpose, by rule, for experiments: it injects faults into the messages of actors, and
// keeps the ledger of all faults, those of connections among them, which gateway/toxic injects. The same rules work in a
// node's configuration and in the laboratory.
//
// Every chance comes from one seed, by way of a source of its own for each rule, so that in a simulated world the same
// rules strike the same messages again. A message that one rule strikes is not shown to those after it.
//
// What whoever waits for the message experiences is the point of the experiment. A panic goes the way of any panic: the
// supervisor treats the actor as ever, and a request is answered as failed. All other faults are silent, as a lost or late
// message is: nobody is told, no request is answered in the actor's place, and what waits goes on by its own limits of
// time, or waits for ever, which is worth finding out. A message that is held back is lost where its actor ends before,
// and survives a restart, as what is in a mailbox does.
//
// What the framework says about an actor's life is never touched: no fault keeps an actor from stopping. What comes from
// sockets, disks, the store and an actor's own timers is not lost, doubled or put out of order, because whoever sent it
// counts on its being taken; an actor may panic or be stopped over it, and a slow one keeps its order.
package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// Errors of changing the rules.
var (
	ErrExists  = errors.New("there is a fault of that id already")
	ErrTooMany = fmt.Errorf("there may be %d faults at once", config.MaxFaults)
)

// Options are what Faults need from outside.
type Options struct {
	Clock   port.Clock
	Rand    port.Rand // for a seed where none is given
	Metrics port.Metrics
	Log     logrus.FieldLogger
}

// Faults are all faults of a node. They are safe for concurrent use.
type Faults struct {
	Options
	now atomic.Pointer[set]

	mu     sync.Mutex // of changes
	given  int64      // the seed that the configuration gives
	seed   uint64
	labels map[string]bool // ids that are in the metrics
}

// set is the rules at a moment. It does not change.
type set struct {
	rules  []*Rule
	toxics []*Rule
}

var _ props.Faults = (*Faults)(nil)

// New makes Faults without any.
func New(o Options) *Faults {
	f := &Faults{Options: o, labels: make(map[string]bool)}
	f.now.Store(&set{})
	f.reseed(0)
	return f
}

func (f *Faults) reseed(given int64) {
	f.given, f.seed = given, uint64(given)
	if given == 0 {
		f.seed = f.Rand.Uint64() >> 1 // as fault_seed takes it
	}
}

// Load puts the rules of the configuration in the place of those that it had before. A rule that is the same goes on
// where it was, unless the seed is another; those added at run time stay, but for one whose id the configuration now has.
// A seed of 0 is a random one, which the log tells.
func (f *Faults) Load(rules []config.Fault, seed int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fresh := seed != f.given
	if fresh {
		f.reseed(seed)
	}
	old := f.now.Load().rules
	var next []*Rule
	for _, c := range rules {
		i := slices.IndexFunc(old, func(r *Rule) bool { return r.config && r.String() == c.String() })
		if i >= 0 && !fresh {
			next = append(next, old[i])
			continue
		}
		next = append(next, newRule(f, c, f.seed, true))
	}
	for _, r := range old {
		if !r.config && !slices.ContainsFunc(next, func(n *Rule) bool { return n.ID == r.ID }) {
			next = append(next, r)
		}
	}
	f.store(next)
	if len(next) > 0 {
		f.Log.WithFields(logrus.Fields{"faults": names(next), "seed": f.seed}).Warn("faults are on: this node harms itself on purpose")
	}
}

// Add adds a rule at run time.
func (f *Faults) Add(c config.Fault) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	rules := f.now.Load().rules
	switch {
	case slices.ContainsFunc(rules, func(r *Rule) bool { return r.ID == c.ID }):
		return fmt.Errorf("%s: %w", c.ID, ErrExists)
	case len(rules) >= config.MaxFaults:
		return ErrTooMany
	}
	f.store(append(slices.Clip(rules), newRule(f, c, f.seed, false)))
	f.Log.WithFields(logrus.Fields{"fault": c.ID, "rule": c.String(), "seed": f.seed}).Warn("a fault was added: this node harms itself on purpose")
	return nil
}

// Replace puts rules in the place of all that there are.
func (f *Faults) Replace(rules []config.Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := make([]*Rule, len(rules))
	for i, c := range rules {
		next[i] = newRule(f, c, f.seed, false)
	}
	f.store(next)
	f.Log.WithFields(logrus.Fields{"faults": names(next), "seed": f.seed}).Warn("all faults were replaced")
}

// Remove takes a rule away, and says whether it was there.
func (f *Faults) Remove(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	rules := f.now.Load().rules
	left := slices.DeleteFunc(slices.Clone(rules), func(r *Rule) bool { return r.ID == id })
	if len(left) == len(rules) {
		return false
	}
	f.store(left)
	f.Log.WithField("fault", id).Warn("a fault was taken away")
	return true
}

// store makes the rules count from now on.
func (f *Faults) store(rules []*Rule) {
	next := &set{rules: rules}
	for _, r := range rules {
		if r.Kind == config.FaultToxic {
			next.toxics = append(next.toxics, r)
		}
	}
	for _, r := range f.now.Load().rules {
		if !slices.Contains(rules, r) {
			r.gone.Store(true)
		}
	}
	f.now.Store(next)
}

// Toxics are the faults of connections, in their order. They must not be changed.
func (f *Faults) Toxics() []*Rule { return f.now.Load().toxics }

// Ledger tells of all faults that are on, in their order.
func (f *Faults) Ledger() []message.FaultStatus {
	rules := f.now.Load().rules
	out := make([]message.FaultStatus, len(rules))
	for i, r := range rules {
		out[i] = r.status()
	}
	return out
}

// mostLabels is how many ids become labels of a metric at most, over all reloads.
const mostLabels = 4 * config.MaxFaults

// counter is the series of a fault. Ids that are made up at run time share one.
func (f *Faults) counter(c config.Fault, fromConfig bool) port.Counter {
	id := c.ID
	switch {
	case !fromConfig:
		id = "(runtime)"
	case !f.labels[id] && len(f.labels) >= mostLabels:
		id = "(more)"
	default:
		f.labels[id] = true
	}
	return f.Metrics.Counter("faults_injected_total", "Times that a fault was injected.", "fault", id, "action", c.Strikes())
}

func names(rules []*Rule) string {
	all := make([]string, len(rules))
	for i, r := range rules {
		all[i] = r.ID
	}
	return strings.Join(all, ", ")
}
