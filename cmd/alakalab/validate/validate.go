// Package validate compares the laboratory with results that others published: each row of its table is a small experiment
// of its own. Whatever is about messages and searches runs the product's actors in the engine sim; graphs, placements and
// lifetimes are drawn by the functions that draw them for experiments. Where the product has no such thing, as with random
// walks, a line says that it is of a model.
//
// Exact laws have to hold exactly, for every single sample. The rest has to be within three standard errors over ten
// seeds, or is an order or a rough number, and then the line says which.
package validate

import (
	"context"
	"fmt"
	"math/rand/v2"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/world"
)

// Row is one result that others published.
type Row struct {
	Number int    `json:"row"`
	Name   string `json:"name"`
	Source string `json:"source"` // who published it
	How    string `json:"how"`    // how it is measured
	Lines  []Line `json:"lines"`

	measure func(*bench) error
}

// Agrees says whether all lines do, and that there are any.
func (r *Row) Agrees() bool {
	for _, l := range r.Lines {
		if !l.Agrees {
			return false
		}
	}
	return len(r.Lines) > 0
}

// Options are how rows are measured.
type Options struct {
	Quick bool // smaller sizes where the full ones take long
	Lab   Lab
	// Progress is called before each part of a row. May be nil.
	Progress func(row int, part string)
}

// Lab is what rows are measured with.
type Lab struct {
	Trial   func(e *experiment.Experiment, seed uint64) (Trial, error)
	Graph   func(s experiment.Supernodes, seed uint64) ([][2]int, error)
	Largest func(edges [][2]int, up []bool) (share float64, left int)
	Owners  func(e *experiment.Experiment, seed uint64) ([][]int, error)
	Sampler func(d experiment.Dist, src rand.Source) func() float64
	Median  func(d experiment.Dist) float64
}

// Trial is a world in which one search after another is carried out, as *world.Trial is.
type Trial interface {
	Search(world.Search) (*world.Traced, error)
	Latency(experiment.Dist)
}

// TheLab is the laboratory as it is.
func TheLab() Lab {
	return Lab{
		Trial: func(e *experiment.Experiment, seed uint64) (Trial, error) { return world.NewTrial(e, seed) },
		Graph: world.Graph, Largest: world.Largest, Owners: world.Owners, Sampler: experiment.Dist.Sampler,
		Median: func(d experiment.Dist) float64 { return d.Quantile()(0.5) },
	}
}

// Rows are all rows of the table, not measured yet.
func Rows() []*Row {
	return []*Row{
		floodCost(), broadcasts(), unequalLatency(), reachBound(), percolation(), isolation(), heavyTails(),
		success(), cheaperThanFloods(), replication(), medians(),
	}
}

// Measure measures a row. It fails where that is not possible; that a line does not agree is no failure.
func (r *Row) Measure(ctx context.Context, o Options) error {
	b := &bench{Lab: o.Lab, ctx: ctx, quick: o.Quick, progress: func(part string) {
		if o.Progress != nil {
			o.Progress(r.Number, part)
		}
	}}
	if err := r.measure(b); err != nil {
		return fmt.Errorf("row %d: %w", r.Number, err)
	}
	r.Lines = b.lines
	return nil
}

// bench is what a row is measured on.
type bench struct {
	Lab
	ctx      context.Context
	quick    bool
	progress func(part string)
	lines    []Line
}

// seeds is how many seeds a row that is not exact runs over.
const seeds = 10

// overSeeds carries a part out with each seed.
func (b *bench) overSeeds(part string, do func(seed uint64) error) error {
	for seed := uint64(1); seed <= seeds; seed++ {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		b.progress(fmt.Sprintf("%s, seed %d", part, seed))
		if err := do(seed); err != nil {
			return err
		}
	}
	return nil
}

// pick gives the full size, or the quick one.
func (b *bench) pick(full, quick int) int {
	if b.quick {
		return quick
	}
	return full
}
