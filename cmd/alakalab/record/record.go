// Package record is what a run of an experiment leaves: operations, windows of measurements, the ledger of its faults and
// the verdicts. An engine writes it, checks and reports read it. It is pure, and the same run gives the same record, byte
// for byte.
package record

import "time"

// Run is one run of an experiment with one seed.
type Run struct {
	Experiment string            `json:"experiment"`
	About      string            `json:"about"`
	Engine     string            `json:"engine"`
	Seed       uint64            `json:"seed"`
	Set        map[string]string `json:"set,omitempty"` // values of the matrix and of --set, by path
	Warmup     time.Duration     `json:"warmup_ns"`
	Run        time.Duration     `json:"run_ns"`
	Heal       time.Duration     `json:"heal_ns"`

	Verdict  Verdict  `json:"verdict"` // of the whole: false if one check is, else unknown if one is
	Checks   []Check  `json:"checks"`
	Figures  []Figure `json:"figures"`
	Windows  []Window `json:"windows"`
	Faults   []Fault  `json:"faults"`
	Overlay  *Overlay `json:"overlay,omitempty"` // at the end of the run
	Trace    string   `json:"trace,omitempty"`   // hash of all that happened on the network (sim)
	Events   uint64   `json:"events"`            // of the simulation
	Partial  bool     `json:"partial,omitempty"` // it was cancelled
	Versions Versions `json:"versions"`

	// Counters are totals of the whole run by name, see counters.go. What nobody counted is left out, which is not 0.
	Counters map[string]int64 `json:"counters,omitempty"`
	// Cases are, by the name of a counter that should be 0, the first few of what it counted, each in words.
	Cases map[string][]string `json:"cases,omitempty"`
	// Sequence is what was sent for the first search after the warm-up, in the order of sending, 200 packets at most.
	Sequence []Packet `json:"sequence,omitempty"`
}

// Versions is with what a run was made. Took and Peak are of the wall clock and the machine, and the only part that differs
// between two runs of the same seed.
type Versions struct {
	Program string        `json:"program"`
	Commit  string        `json:"commit,omitempty"`
	Go      string        `json:"go"`
	Machine string        `json:"machine"`
	Took    time.Duration `json:"took_ns"`
	Peak    int64         `json:"peak_bytes"` // heap
}

// Verdict is three-valued.
type Verdict string

// The verdicts.
const (
	True    Verdict = "true"
	Unknown Verdict = "unknown"
	False   Verdict = "false"
)

// Check is what a checker says.
type Check struct {
	Name     string   `json:"name"`
	Verdict  Verdict  `json:"verdict"`
	Why      string   `json:"why"`                // one sentence with figures
	Evidence []string `json:"evidence,omitempty"` // the first few cases
}

// Phases of a run, as Figure and the checks know them.
const (
	Before = "before" // the warm-up, and the run until the first fault
	During = "during" // from the first fault to the end of the last
	After  = "after"  // from then on, the healing included
	Whole  = "whole"
)

// Figure is one measurement of one phase. What is undefined (recall where nothing was to be found) is left out.
type Figure struct {
	Metric string  `json:"metric"` // see Metrics
	Phase  string  `json:"phase"`
	Value  float64 `json:"value"`
}

// Window is what was measured from At on for the experiment's measure.window. What is undefined is left out.
type Window struct {
	At     time.Duration      `json:"at_ns"`
	Values map[string]float64 `json:"values"`
}

// Packet is one packet of a Sequence.
type Packet struct {
	Sent    time.Duration `json:"sent_ns"`
	Arrived time.Duration `json:"arrived_ns,omitempty"` // 0: it never did
	From    string        `json:"from"`
	To      string        `json:"to"`
	What    string        `json:"what"` // the command, and what of it says most, as in QUER ttl=5
}

// Fault is one line of the ledger. A fault that never hit makes the run unknown. As everywhere in a record, times are since
// the beginning of the warm-up. Ended is when its doing was taken back: a killed node has started again.
type Fault struct {
	ID      string        `json:"id"`
	Kind    string        `json:"kind"`
	Planned time.Duration `json:"planned_ns"`
	Started time.Duration `json:"started_ns"`
	Ended   time.Duration `json:"ended_ns"`
	Due     int           `json:"due"`
	Applied int           `json:"applied"`
	Hit     int           `json:"hit"`
	Targets []string      `json:"targets,omitempty"`
}

// Overlay is the network of supernodes at one moment.
type Overlay struct {
	At    time.Duration `json:"at_ns"`
	Nodes []Node        `json:"nodes"`
	Edges [][2]int      `json:"edges"` // indices of Nodes
}

// Node is one supernode of an Overlay.
type Node struct {
	Name  string `json:"name"`
	Up    bool   `json:"up"`
	Peers int    `json:"peers"`
	Files int    `json:"files"`
	Load  int    `json:"load"` // packets handled
}

// Op is one operation of the workload: a line of history.jsonl. Times are since the beginning of the run's warm-up.
type Op struct {
	ID        int           `json:"id"`
	Kind      string        `json:"kind"` // find, publish, withdraw, login, logout, download
	Node      string        `json:"node"`
	Supernode string        `json:"supernode,omitempty"`
	Intended  time.Duration `json:"intended_ns"` // when the open loop wanted it
	Started   time.Duration `json:"started_ns"`
	First     time.Duration `json:"first_ns,omitempty"` // its first result
	Ended     time.Duration `json:"ended_ns,omitempty"`
	Outcome   Outcome       `json:"outcome"`
	Err       string        `json:"err,omitempty"`

	Text     string  `json:"text,omitempty"`  // of a find
	Class    string  `json:"class,omitempty"` // popularity of what is looked for: popular, middle, rare
	Results  []Entry `json:"results,omitempty"`
	Complete bool    `json:"complete,omitempty"` // the node says that every answer is there
	// What an oracle says of a find: how many entries were to be found (lab.md's E), how many of them within the reach of
	// its TTL, how many results are among the former and the latter, and how many results nobody had published, or belong
	// to owners who are gone.
	Expected  int `json:"expected,omitempty"`
	Found     int `json:"found,omitempty"`
	Reachable int `json:"reachable,omitempty"`
	Reached   int `json:"reached,omitempty"`
	Phantoms  int `json:"phantoms,omitempty"`
	Stale     int `json:"stale,omitempty"`
	// Missing are the entries within reach that were to be found and are not among the results: Reachable − Reached of
	// them. Foul says how many of the phantoms were made up by which Byzantine fault.
	Missing []Entry        `json:"missing,omitempty"`
	Foul    map[string]int `json:"foul,omitempty"`

	Entry *Entry `json:"entry,omitempty"` // of publish, withdraw and download
	Bytes int64  `json:"bytes,omitempty"` // of a download
	Got   string `json:"got,omitempty"`   // of a download that is ok: the md5 of the file that came of it, in hex
}

// Outcome is how an operation ended, in Jepsen's words.
type Outcome string

// The outcomes.
const (
	OK   Outcome = "ok"
	Fail Outcome = "fail" // it certainly did not happen
	Info Outcome = "info" // nobody knows
)

// Entry is one published file of one owner.
type Entry struct {
	File  string `json:"md5"`
	Name  string `json:"name,omitempty"`
	Owner string `json:"owner"`
}

// Metric is one thing that is measured.
type Metric struct {
	Name string
	Unit string // s, bytes, messages, share, or a noun
	Help string
	// Better is "higher" or "lower", for comparisons; "" where neither is.
	Better string
}
