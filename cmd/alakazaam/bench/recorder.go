package bench

import (
	"maps"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range of the histograms, in nanoseconds, and how many digits of a value they keep. What took longer counts as the
// longest; no timeout can be as long.
const (
	shortest = int64(time.Microsecond)
	// MaxTimeout is the longest that a request may be given.
	MaxTimeout = time.Hour
	digits     = 3
)

// result is how a request ended.
type result struct {
	err     error
	in, out int64 // bytes
	found   int   // files, by a search
}

// recorder keeps what the requests of a step came to. A step may have several turns, with pauses between.
type recorder struct {
	mu       sync.Mutex
	from, to time.Time     // the turn that is being measured
	measured time.Duration // the turns before
	ops      [operations]tally
	dropped  int64
	late     int64
	latest   time.Duration // how late the latest request began
}

// tally is the part of one operation.
type tally struct {
	count, ok, inTime int64
	failures          map[string]int64
	latency           *hdrhistogram.Histogram // of those that did not fail; nil before the first
	in, out           int64
	found, empty      int64
}

// begin opens a turn.
func (r *recorder) begin(from time.Time, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.from, r.to = from, from.Add(d)
}

// end closes the turn, at the latest when it should be over.
func (r *recorder) end(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Before(r.to) {
		r.to = now
	}
	r.measured += r.to.Sub(r.from)
}

// add counts a request that should have begun at intended, and ended now. What was cut off because this program ends says
// nothing about the target.
func (r *recorder) add(op Operation, intended, now time.Time, res result) {
	kind := ""
	if res.err != nil {
		if kind = kindOf(res.err); kind == failCancelled {
			return
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.ops[op]
	t.count++
	t.in += res.in
	t.out += res.out
	if kind != "" {
		if t.failures == nil {
			t.failures = make(map[string]int64)
		}
		t.failures[kind]++
		return
	}
	t.ok++
	t.found += int64(res.found)
	if op == Search && res.found == 0 {
		t.empty++
	}
	if !now.After(r.to) {
		t.inTime++
	}
	if t.latency == nil {
		t.latency = hdrhistogram.New(shortest, int64(MaxTimeout), digits)
	}
	_ = t.latency.RecordValue(min(max(int64(now.Sub(intended)), shortest), int64(MaxTimeout))) // in its range
}

// began says that a request began so long after its moment.
func (r *recorder) began(late time.Duration) {
	if late < lateAfter {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.late++
	r.latest = max(r.latest, late)
}

// drop says that a request was not sent because too many were under way.
func (r *recorder) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped++
}

// Measured is what came out for one operation in one step.
type Measured struct {
	Operation Operation        `json:"operation"`
	Count     int64            `json:"count"` // requests that were sent
	OK        int64            `json:"ok"`    // those with an answer
	Rate      float64          `json:"rate"`  // answers a second that came while it was measured
	Failed    int64            `json:"failed"`
	Failures  map[string]int64 `json:"failures,omitempty"` // by kind
	In        int64            `json:"bytes_in"`
	Out       int64            `json:"bytes_out"`
	Found     int64            `json:"files_found,omitempty"` // by searches
	Empty     int64            `json:"found_nothing,omitempty"`
	Latency   *Latency         `json:"latency,omitempty"` // of the requests with an answer; nil: there was none
}

// Latency is a distribution of times, in seconds.
type Latency struct {
	Min         float64      `json:"min"`
	Mean        float64      `json:"mean"`
	P50         float64      `json:"p50"`
	P90         float64      `json:"p90"`
	P99         float64      `json:"p99"`
	P999        float64      `json:"p99_9"`
	Max         float64      `json:"max"`
	Percentiles []Percentile `json:"percentiles"`
}

// Percentile says that so many of the requests, in percent, took Seconds at most.
type Percentile struct {
	Percent float64 `json:"percent"`
	Seconds float64 `json:"seconds"`
	Count   int64   `json:"count"`
}

// ticks is how many percentiles are given for each time that what is left is halved.
const ticks = 5

func newLatency(h *hdrhistogram.Histogram) *Latency {
	at := func(p float64) float64 { return seconds(h.ValueAtQuantile(p)) }
	l := &Latency{
		Min: seconds(h.Min()), Mean: h.Mean() / float64(time.Second), Max: seconds(h.Max()),
		P50: at(50), P90: at(90), P99: at(99), P999: at(99.9),
	}
	for _, b := range h.CumulativeDistributionWithTicks(ticks) {
		l.Percentiles = append(l.Percentiles, Percentile{Percent: b.Quantile, Seconds: seconds(b.ValueAt), Count: b.Count})
	}
	return l
}

func seconds(nanoseconds int64) float64 { return float64(nanoseconds) / float64(time.Second) }

// results gives what was measured, for the operations of the mix.
func (r *recorder) results(m Mix) []Measured {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Measured
	for op := range operations {
		if !m.Has(op) {
			continue
		}
		t := &r.ops[op]
		o := Measured{
			Operation: op, Count: t.count, OK: t.ok, Failed: t.count - t.ok, Failures: maps.Clone(t.failures), In: t.in, Out: t.out,
			Found: t.found, Empty: t.empty,
		}
		if r.measured > 0 {
			o.Rate = float64(t.inTime) / r.measured.Seconds()
		}
		if t.latency != nil {
			o.Latency = newLatency(t.latency)
		}
		out = append(out, o)
	}
	return out
}
