package actortest

import (
	"fmt"
	"math"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/port"
)

// NoMetrics counts nothing.
type NoMetrics struct{}

type nothing struct{}

// Counter implements port.Metrics.
func (NoMetrics) Counter(string, string, ...string) port.Counter { return nothing{} }

// Gauge implements port.Metrics.
func (NoMetrics) Gauge(string, string, ...string) port.Gauge { return nothing{} }

// Histogram implements port.Metrics.
func (NoMetrics) Histogram(string, string, []float64, ...string) port.Histogram { return nothing{} }

func (nothing) Add(int)         {}
func (nothing) Set(int)         {}
func (nothing) Observe(float64) {}

// Metrics counts by name and labels, for tests that look whether something was counted. It is meant for a Sim's one
// thread. Of a histogram it has the number of values, under the name with "_count" behind it, and their sum in
// thousandths, under the name with "_sum".
type Metrics map[string]int

type series struct {
	of  Metrics
	key string
}

// Counter implements port.Metrics.
func (m Metrics) Counter(name, _ string, labels ...string) port.Counter {
	return series{m, Series(name, labels...)}
}

// Gauge implements port.Metrics.
func (m Metrics) Gauge(name, _ string, labels ...string) port.Gauge {
	return series{m, Series(name, labels...)}
}

// Histogram implements port.Metrics.
func (m Metrics) Histogram(name, _ string, _ []float64, labels ...string) port.Histogram {
	return histogram{m, Series(name+"_count", labels...), Series(name+"_sum", labels...)}
}

func (s series) Add(n int) { s.of[s.key] += n }
func (s series) Set(n int) { s.of[s.key] = n }

type histogram struct {
	of         Metrics
	count, sum string
}

func (h histogram) Observe(v float64) {
	h.of[h.count]++
	h.of[h.sum] += int(math.Round(v * 1000))
}

// Series is the key of a series in Metrics.
func Series(name string, labels ...string) string {
	if len(labels) == 0 {
		return name
	}
	return fmt.Sprint(name, labels)
}

// Probe is an actor that keeps every message that it gets, for a test to look at.
type Probe struct {
	PID      *actor.PID
	Messages []any
}

// Probe makes a probe.
func (s *Sim) Probe(name string) *Probe {
	p := &Probe{}
	pid, err := s.System.Root.SpawnNamed(actor.PropsFromFunc(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case actor.SystemMessage, actor.AutoReceiveMessage:
		default:
			p.Messages = append(p.Messages, m)
		}
	}, actor.WithDispatcher(s)), name)
	if err != nil {
		panic(err)
	}
	p.PID = pid
	return p
}

// Got gives the messages of type M that the probe has got, oldest first.
func Got[M any](p *Probe) []M {
	var out []M
	for _, m := range p.Messages {
		if m, ok := m.(M); ok {
			out = append(out, m)
		}
	}
	return out
}
