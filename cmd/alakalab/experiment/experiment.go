// Package experiment is the file that describes an experiment of the laboratory: its types, its strict loading, and what
// follows from it without a run.
//
// A key is described where its field is declared, and nowhere else, in the manner of package config: the comment says
// what it means (doc.go reads it); the tag yaml names the key; range bounds a number, a duration or a size; unit says what
// is counted; form is what a text has to look like; dist says what the values of a distribution are; zero says what 0 or an
// empty text means; need:"yes" marks a key without which there is no sense. What comes in kinds, as faults do, is an
// interface with one structure a kind, and union.go lists them.
package experiment

import (
	"time"
)

// Version is the version of the file format.
const Version = 1

// Experiment is one file, and after Load what one run of it does: presets, --set and one line of the matrix are in it.
// Everything that the file leaves out has its default.
type Experiment struct {
	// The version of this file format.
	Version int `yaml:"version" range:"1..1" unit:"version" need:"yes"`
	// The name, under which results are kept: small letters, digits and dashes.
	Name string `yaml:"name" form:"name" need:"yes"`
	// The question that the experiment answers.
	About string `yaml:"about" form:"line" zero:"nothing is said"`
	// A set of values from which the file starts; what the file says counts more.
	Preset string `yaml:"preset" form:"preset" zero:"none"`
	// The seeds, each of which is one run: numbers and ranges such as 1..10.
	Seeds Seeds `yaml:"seeds"`
	// What the nodes run on: sim is one thread with virtual time, mem goroutines with connections in memory, net real
	// processes.
	Engine Engine `yaml:"engine" form:"sim|mem|net"`
	// How long the phases of a run last.
	Time Time `yaml:"time"`
	// Which nodes there are, and how they are linked.
	Topology Topology `yaml:"topology"`
	// What the peers share.
	Content Content `yaml:"content"`
	// Who comes and goes.
	Churn Churn `yaml:"churn"`
	// What the peers do; each line is a stream of operations of its own.
	Workload []Operation `yaml:"workload"`
	// What goes wrong, and when.
	Faults []Fault `yaml:"faults"`
	// Keys of the nodes' own configuration that differ from its defaults.
	Config Config `yaml:"config"`
	// What is measured.
	Measure Measure `yaml:"measure"`
	// What has to hold: names of checks, some with parameters.
	Checks []Check `yaml:"checks"`
	// Values that are varied: the path of a key with a list of what it takes. Every combination runs with every seed.
	Matrix Matrix `yaml:"matrix"`
	// What is drawn.
	Report Report `yaml:"report"`
}

// Engine is what an experiment runs on.
type Engine string

// The engines.
const (
	Sim Engine = "sim"
	Mem Engine = "mem"
	Net Engine = "net"
)

// Time is how long the phases of a run last. Times of faults count from the end of the warm-up.
type Time struct {
	// Before anything is measured: logins, publications, and the overlay settling. Nobody churns yet, and there are no faults.
	Warmup time.Duration `yaml:"warmup" range:"0s..168h"`
	// The experiment proper; all faults lie within.
	Run time.Duration `yaml:"run" range:"1s..8760h"`
	// Afterwards: all faults are off and the workload goes on, to see what recovers.
	Heal time.Duration `yaml:"heal" range:"0s..168h"`
}

// Total is how long a whole run lasts.
func (t Time) Total() time.Duration { return t.Warmup + t.Run + t.Heal }

// Config is what of the nodes' configuration differs from its defaults.
type Config struct {
	// Of all supernodes.
	Supernodes NodeConfig `yaml:"supernodes"`
	// Of all peers.
	Peers NodeConfig `yaml:"peers"`
}

// Measure is what is measured.
type Measure struct {
	// Measurements are taken over windows of this length.
	Window time.Duration `yaml:"window" range:"100ms..24h"`
	// What counts as good service: a metric with what it has to be, as in recall: ">= 0.95" or find_p99: "<= 2s".
	SLO SLO `yaml:"slo"`
}

// Report is what is drawn.
type Report struct {
	// Write report.html.
	HTML bool `yaml:"html"`
	// Plots that are written beside it.
	Plots []string `yaml:"plots" form:"recall-time|find-cdf|load-by-node|reach-by-ttl|sequence"`
}

// Default is the experiment of a file that says nothing but its version and name.
func Default() Experiment {
	return Experiment{
		Seeds:    Seeds{1},
		Engine:   Sim,
		Time:     Time{Warmup: time.Minute, Run: 10 * time.Minute, Heal: 2 * time.Minute},
		Topology: defaultTopology(),
		Content:  defaultContent(),
		Measure:  Measure{Window: 5 * time.Second},
		Report:   Report{HTML: true},
	}
}
