package world

import (
	"net/netip"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	injected "alakazaam/actors/fault"
	"alakazaam/actors/port"
	"alakazaam/gateway/toxic"
)

// harmed is a host's transport whose faults are for the connections that it opens.
type harmed struct {
	port.Transport
	dialer *toxic.Transport
}

// Dial implements port.Transport.
func (h harmed) Dial(to []netip.AddrPort, timeout time.Duration, owner *actor.PID) {
	h.dialer.Dial(to, timeout, owner)
}

// transport is the network for a life of the host.
func (h *host) transport() port.Transport {
	plain := h.w.net.Host(h.self.IPv4())
	if h.faults == nil {
		return plain
	}
	return harmed{plain, toxic.Wrap(plain, toxic.Options{
		System: h.w.sim.System, Clock: h.w.sim, Faults: h.faults, WriteQueue: int(h.live.Get().Limits.WriteQueue),
	})}
}

// newFaults are the rules of a host, of which there are none yet.
func (w *World) newFaults(name string, log *logrus.Logger) *injected.Faults {
	return injected.New(injected.Options{Clock: w.sim, Rand: w.rand("faults " + name), Metrics: w.meters, Log: log})
}

// rules makes messages of actors, or connections, go wrong by the rules that a node's own configuration has. Those of
// connections count at the side that opens them.
func (fs *faults) rules(f *fault) func() {
	rule, _ := f.plan.Rule()
	hosts := f.parts[0]
	if len(f.parts) == 2 && len(f.parts[1]) < len(fs.w.hosts) {
		for _, h := range f.parts[1] {
			rule.Addresses = append(rule.Addresses, h.self.IPv4().String())
		}
	}
	for _, h := range hosts {
		if err := h.faults.Add(rule); err != nil {
			h.log.Errorf("fault %s at %s: %v", f.ID, h.name, err)
		}
	}
	f.Due, f.Applied = 0, 0
	return func() {
		for _, h := range hosts {
			for _, s := range h.faults.Ledger() {
				if s.ID == f.ID {
					f.Due, f.Applied, f.Hit = f.Due+s.Due, f.Applied+s.Applied, f.Hit+s.Hit
				}
			}
			h.faults.Remove(f.ID)
		}
	}
}
