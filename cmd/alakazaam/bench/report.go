package bench

import (
	"time"

	"alakazaam/actors/p2p"
)

// Report is everything that was measured, and what it takes to do it again.
type Report struct {
	Parameters  Parameters `json:"parameters"`
	Logins      Counts     `json:"logins"`
	Published   Counts     `json:"published"` // before the measurement
	Files       int        `json:"files_to_download,omitempty"`
	Steps       []Step     `json:"steps"`
	Logouts     Counts     `json:"logouts"`
	Interrupted bool       `json:"interrupted,omitempty"`
}

// Parameters are the options in the form in which they are given.
type Parameters struct {
	Target      string   `json:"target"`
	Mix         string   `json:"mix"`
	Steps       []Load   `json:"steps"`
	Bare        bool     `json:"bare,omitempty"`
	Arrivals    Arrivals `json:"arrivals,omitempty"`
	Duration    string   `json:"duration"`
	Warmup      string   `json:"warmup"`
	Timeout     string   `json:"timeout"`
	InFlight    int      `json:"in_flight,omitempty"`
	Connections string   `json:"connections"`
	Sources     []string `json:"sources"`
	Peers       int      `json:"peers"`
	Files       int      `json:"files"`
	Text        string   `json:"text,omitempty"`
	Words       int      `json:"words,omitempty"`
	File        string   `json:"file,omitempty"`
	Seed        uint64   `json:"seed"`
}

// Step is what came out under one load.
type Step struct {
	Load       Load       `json:"load"`
	Seconds    float64    `json:"seconds"` // that were measured
	Operations []Measured `json:"operations"`
	// Dropped are requests of an open loop that were never sent because too many were under way; Late those that began more
	// than a millisecond after their moment, because this machine was busy, the latest after Latest seconds.
	Dropped int64   `json:"dropped"`
	Late    int64   `json:"late"`
	Latest  float64 `json:"latest,omitempty"`
	// Elapsed is how many seconds went by until the last request had ended; CPU and GeneratorCPU the processor time in
	// seconds that the target and this program used in them; 0: not known.
	Elapsed      float64   `json:"elapsed"`
	CPU          float64   `json:"target_cpu,omitempty"`
	GeneratorCPU float64   `json:"generator_cpu,omitempty"`
	Bare         *BareStep `json:"bare,omitempty"`
}

// BareStep is what a bare server did in turns with the target.
type BareStep struct {
	Operations []Measured `json:"operations"`
	CPU        float64    `json:"cpu,omitempty"` // seconds
	// RateRatio is the target's rate by that of the bare server, in a closed loop; CPURatio the processor time that the target used for each
	// answer by that of the bare server; 0: not known.
	RateRatio float64 `json:"rate_ratio,omitempty"`
	CPURatio  float64 `json:"cpu_ratio,omitempty"`
}

// Answered is how many requests of a step had an answer.
func (s *Step) Answered() int64 { return answered(s.Operations) }

func answered(all []Measured) (n int64) {
	for _, m := range all {
		n += m.OK
	}
	return n
}

func rateOf(all []Measured) (f float64) {
	for _, m := range all {
		f += m.Rate
	}
	return f
}

// compare fills in the ratios.
func (b *BareStep) compare(s *Step) {
	if rate := rateOf(b.Operations); rate > 0 && s.Load.Clients > 0 {
		b.RateRatio = rateOf(s.Operations) / rate
	}
	if ours, theirs := s.Answered(), answered(b.Operations); ours > 0 && theirs > 0 && b.CPU > 0 {
		b.CPURatio = s.CPU / float64(ours) / (b.CPU / float64(theirs))
	}
}

func (o *Options) parameters() Parameters {
	p := Parameters{
		Target: o.Target.String(), Mix: o.Mix.String(), Steps: o.Steps, Bare: o.Bare != nil, Duration: o.Duration.String(), Warmup: o.Warmup.String(), Timeout: o.Timeout.String(),
		Connections: "each", Peers: o.Peers, Files: o.Files, Text: o.Text, Seed: o.Seed,
	}
	if o.Kept {
		p.Connections = "kept"
	}
	for _, s := range o.Sources {
		if s.IsSingleIP() {
			p.Sources = append(p.Sources, s.Addr().String())
		} else {
			p.Sources = append(p.Sources, s.String())
		}
	}
	if o.Steps[0].Rate > 0 {
		p.Arrivals, p.InFlight = o.Arrivals, o.InFlight
	}
	if o.Text == "" {
		p.Words = o.Words
	}
	if o.File != (p2p.FileID{}) {
		p.File = o.File.String()
	}
	return p
}

// FailuresText lists the failures, the most frequent kind first.
func (m *Measured) FailuresText() string { return failuresText(m.Failures) }

// step makes the report of one step.
func (r *recorder) step(l Load, m Mix) Step {
	s := Step{Load: l, Operations: r.results(m)}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Seconds = r.measured.Seconds()
	s.Dropped, s.Late, s.Latest = r.dropped, r.late, r.latest.Seconds()
	return s
}

// used is the processor time between two readings, in seconds.
func used(from, to time.Duration) float64 { return max(0, to-from).Seconds() }
