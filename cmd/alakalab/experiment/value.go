package experiment

import (
	"time"

	"alakazaam/config"
)

// Rate is what a link carries, in bits a second; 0 is no limit. Written as 10mbit, 512kbit or 1MiB/s.
type Rate int64

// Bytes is the rate in bytes a second.
func (r Rate) Bytes() float64 { return float64(r) / 8 }

// Frequency is how often something happens, per second; written as 20/s, 30/m or 1/h.
type Frequency float64

// Share is a part of a whole, from 0 to 1; may be written as 5%.
type Share float64

// Seeds are the seeds of the runs in the order of the file.
type Seeds []uint64

// Edges are links between supernodes by number.
type Edges [][2]int

// NodeConfig holds keys of a node's configuration by their dotted path, as config.Options.Flags does.
type NodeConfig map[string]string

// Matrix is what is varied, in the order of the file.
type Matrix []Axis

// Axis is one path that is varied.
type Axis struct {
	Path   string
	Values []string // YAML
}

// SLO is what counts as good service, in the order of the file.
type SLO []Objective

// Objective is what a metric has to be.
type Objective struct {
	Metric string
	Op     string  // >=, <=, >, <
	Value  float64 // durations in seconds, sizes in bytes
	Text   string  // as it was written
}

// Met says whether a value is good enough.
func (o Objective) Met(v float64) bool {
	switch o.Op {
	case ">=":
		return v >= o.Value
	case ">":
		return v > o.Value
	case "<=":
		return v <= o.Value
	}
	return v < o.Value
}

// Terms are the steps of a failing disk, of which the first that applies is done.
type Terms []Term

// Term is one step: of every hundred times Percent, and Count times at most.
type Term struct {
	Percent float64 // 100 without one
	Count   int     // 0: as often as it comes
	Action  string  // return, torn, sleep, off
	Errno   string  // of return: EIO, ENOSPC, EROFS
	Sleep   time.Duration
}

// Args are what a script wants to know, by name; Load puts the defaults in.
type Args map[string]string

// Check is one check with its parameters.
type Check struct {
	Name string
	With Parameters // nil for a check without any
}

// Parameters are those of a check: *Exemption, *Recovery, *Bounded, *Reflection or *Quota.
type Parameters interface{ parameters() }

// Exemption is for checks that count what is known to be foul instead of failing over it.
type Exemption struct {
	// Byzantine faults by id whose doing does not count.
	Except []string `yaml:"except" form:"name"`
}

// Recovery is how soon all has to be well again after the last fault.
type Recovery struct {
	// What is looked at.
	Metric string `yaml:"metric" form:"word"`
	// How long after the end of the last fault.
	Within time.Duration `yaml:"within" range:"1s..168h"`
	// How far from its value before the faults counts as well.
	Band float64 `yaml:"band" range:"0..1000000" unit:"of the metric"`
}

// Bounded is what must not be exceeded.
type Bounded struct {
	// The longest mailbox, but for one in a hundred.
	MailboxP99 int `yaml:"mailbox_p99" range:"0..1000000000" unit:"messages" zero:"not looked at"`
	// Goroutines more at the end than after the warm-up.
	GoroutinesGrowth int `yaml:"goroutines_growth" range:"0..1000000" unit:"goroutines"`
	// Open files more at the end than after the warm-up.
	FDsGrowth int `yaml:"fds_growth" range:"0..1000000" unit:"files"`
}

// Reflection is what a party may get that never contacted anybody.
type Reflection struct {
	// Bytes to one such address.
	MaxBytesToStranger config.Size `yaml:"max_bytes_to_stranger" range:"0B..1TiB"`
}

// Quota is what foul nodes may cost honest ones.
type Quota struct {
	// How much longer the slowest hundredth of honest searches may take than before.
	MaxSlowdown Share `yaml:"max_slowdown"`
}

func (*Exemption) parameters()  {}
func (*Recovery) parameters()   {}
func (*Bounded) parameters()    {}
func (*Reflection) parameters() {}
func (*Quota) parameters()      {}
