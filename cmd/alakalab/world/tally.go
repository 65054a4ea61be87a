package world

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"alakazaam/cmd/alakalab/record"
)

// tally adds up the operations that began in a window, or in a phase.
type tally struct {
	finds, failed             int
	searched, success         int // finds for which there was something to be found, and those that found some of it
	recall                    mean
	reachable                 mean
	class                     map[string]*mean
	results, stale, phantoms  int
	twice                     int // results that were in an answer twice
	useful                    int
	downloads, got            int
	bytes                     int64
	find, first               *hdrhistogram.Histogram // microseconds
	publish, login, download  *hdrhistogram.Histogram
	published, logins, unsure int // acknowledged, accepted, and neither
}

// mean is the mean of what was added.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v float64) {
	m.sum += v
	m.n++
}

// slowest is the longest time that is told from longer ones.
const slowest = 24 * time.Hour

func timed(h **hdrhistogram.Histogram, d time.Duration) {
	if *h == nil {
		*h = hdrhistogram.New(1, slowest.Microseconds(), 3)
	}
	_ = (*h).RecordValue(min(max(d.Microseconds(), 1), slowest.Microseconds())) // within its range
}

// op takes in an operation that has ended.
func (t *tally) op(o *record.Op) {
	took := o.Ended - o.Intended
	switch {
	case o.Outcome == record.Info:
		t.unsure++
	case o.Kind == "find":
		t.found(o, took)
	case o.Kind == "download":
		if t.downloads++; o.Outcome == record.OK {
			t.got++
			t.bytes += o.Bytes
			timed(&t.download, took)
		}
	case o.Outcome != record.OK:
	case o.Kind == "publish":
		t.published++
		timed(&t.publish, took)
	case o.Kind == "login":
		t.logins++
		timed(&t.login, took)
	}
}

func (t *tally) found(o *record.Op, took time.Duration) {
	t.finds++
	if o.Outcome == record.OK {
		timed(&t.find, took)
	} else {
		t.failed++
	}
	if o.First > 0 {
		timed(&t.first, o.First-o.Intended)
	}
	t.results += len(o.Results)
	t.stale += o.Stale
	t.phantoms += o.Phantoms
	t.useful += o.Found
	seen := make(map[record.Entry]bool, len(o.Results))
	for _, r := range o.Results {
		r.Name = ""
		if seen[r] {
			t.twice++
		}
		seen[r] = true
	}
	if o.Expected == 0 {
		return
	}
	t.searched++
	if o.Found > 0 {
		t.success++
	}
	share := float64(o.Found) / float64(o.Expected)
	t.recall.add(share)
	if t.class == nil {
		t.class = make(map[string]*mean)
	}
	if t.class[o.Class] == nil {
		t.class[o.Class] = &mean{}
	}
	t.class[o.Class].add(share)
	if o.Reachable > 0 {
		t.reachable.add(float64(o.Reached) / float64(o.Reachable))
	}
}

// values gives what the operations say. What is undefined is left out.
func (t *tally) values(out map[string]float64) {
	part := func(name string, some, all int) {
		if all > 0 {
			out[name] = float64(some) / float64(all)
		}
	}
	average := func(name string, m *mean) {
		if m != nil && m.n > 0 {
			out[name] = m.sum / float64(m.n)
		}
	}
	out["finds"] = float64(t.finds)
	part("finds_failed", t.failed, t.finds)
	average("recall", &t.recall)
	average("recall_reachable", &t.reachable)
	for _, class := range []string{"popular", "middle", "rare"} {
		average("recall_"+class, t.class[class])
	}
	part("success", t.success, t.searched)
	part("staleness", t.stale, t.results)
	out["phantoms"] = float64(t.phantoms)
	out["result_duplicates"] = float64(t.twice)
	part("downloads_ok", t.got, t.downloads)
	out["download_bytes"] = float64(t.bytes)
	out["published"] = float64(t.published)
	out["logins"] = float64(t.logins)
	out["unsure"] = float64(t.unsure)
	for _, h := range []struct {
		name string
		of   *hdrhistogram.Histogram
	}{{"find", t.find}, {"first", t.first}, {"publish", t.publish}, {"login", t.login}, {"download", t.download}} {
		if h.of == nil {
			continue
		}
		for _, at := range quantiles {
			out[h.name+at.suffix] = float64(h.of.ValueAtQuantile(at.percent)) / 1e6
		}
	}
}

var quantiles = []struct {
	suffix  string
	percent float64
}{{"_p50", 50}, {"_p90", 90}, {"_p99", 99}, {"_p999", 99.9}, {"_max", 100}}
