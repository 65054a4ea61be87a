package shrink

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"alakazaam/cmd/alakalab/experiment"
)

// lists takes entries out of every list.
func (s *shrinker) lists() {
	drop(s, "fault", func(e *experiment.Experiment) *[]experiment.Fault { return &e.Faults })
	drop(s, "stream of work", func(e *experiment.Experiment) *[]experiment.Operation { return &e.Workload })
	drop(s, "objective", func(e *experiment.Experiment) *[]experiment.Objective {
		return (*[]experiment.Objective)(&e.Measure.SLO)
	})
}

// drop takes entries out of a list: first all, then halves, quarters and so on down to single ones.
func drop[T any](s *shrinker, noun string, list func(*experiment.Experiment) *[]T) {
	for size := len(*list(s.now)); size > 0; size /= 2 {
		for from := 0; from < len(*list(s.now)); {
			n := len(*list(s.now))
			to := min(from+size, n)
			what := fmt.Sprintf("%d of %d %ss less", to-from, n, noun)
			if noun == "stream of work" {
				what = fmt.Sprintf("%d of %d streams of work less", to-from, n)
			}
			if !s.try(what, func(e *experiment.Experiment) { *list(e) = slices.Delete(*list(e), from, to) }) {
				from = to
			}
		}
	}
}

// plain makes what is drawn at random constant, and leaves to defaults what is set.
func (s *shrinker) plain() {
	for i, f := range s.now.Faults {
		if f.Every > 0 {
			s.try(f.ID+" once", func(e *experiment.Experiment) { e.Faults[i].Every, e.Faults[i].For = 0, min(f.For, time.Second) })
		}
	}
	s.try("no churn of peers", func(e *experiment.Experiment) { e.Churn.Peers = nil })
	s.try("no churn of supernodes", func(e *experiment.Experiment) { e.Churn.Supernodes = nil })
	s.try("supernodes in a line", func(e *experiment.Experiment) { e.Topology.Supernodes.Graph = &experiment.Line{} })
	fresh := experiment.Default()
	s.try("links as by default", func(e *experiment.Experiment) { e.Topology.Links = fresh.Topology.Links })
	for _, link := range []func(*experiment.Experiment) *experiment.Link{
		func(e *experiment.Experiment) *experiment.Link { return &e.Topology.Links.Supernodes },
		func(e *experiment.Experiment) *experiment.Link { return &e.Topology.Links.Peers },
		func(e *experiment.Experiment) *experiment.Link { return &e.Topology.Links.Downloads },
	} {
		s.try("a plain link", func(e *experiment.Experiment) { *link(e) = fresh.Topology.Links.Default })
		s.try("a link without loss", func(e *experiment.Experiment) { link(e).Loss = 0 })
		s.try("a link without a limit", func(e *experiment.Experiment) { link(e).Rate = 0 })
	}
	s.try("one copy of each file", func(e *experiment.Experiment) { e.Content.Copies = fresh.Content.Copies })
	s.try("files of one size", func(e *experiment.Experiment) { e.Content.Size = fresh.Content.Size })
	for _, config := range []func(*experiment.Experiment) experiment.NodeConfig{
		func(e *experiment.Experiment) experiment.NodeConfig { return e.Config.Supernodes },
		func(e *experiment.Experiment) experiment.NodeConfig { return e.Config.Peers },
	} {
		for _, key := range slices.Sorted(maps.Keys(config(s.now))) {
			s.try(key+" as by default", func(e *experiment.Experiment) { delete(config(e), key) })
		}
	}
}
