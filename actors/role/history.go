package role

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// maxRuns is how many runs before this one count.
const maxRuns = 16

// history is how long the node's runs lasted. It is pure.
type history struct {
	runs  []time.Duration // before this one, the latest last
	began time.Time       // this one
}

// record is a history as it is kept.
type record struct {
	Runs  []int64 `json:"runs_s"`
	Began int64   `json:"began_unix_ns"` // the last run
	Last  int64   `json:"last_s"`
}

// average is how long runs last. This one counts where it makes that longer: it is not over.
func (h *history) average(now time.Time) time.Duration {
	var all time.Duration
	for _, r := range h.runs {
		all += r
	}
	n, this := time.Duration(len(h.runs)), now.Sub(h.began)
	if n == 0 {
		return this
	}
	return max(all/n, (all+this)/(n+1))
}

// note is the history to be kept.
func (h *history) note(now time.Time) []byte {
	r := record{Runs: make([]int64, len(h.runs)), Began: h.began.UnixNano(), Last: seconds(now.Sub(h.began))}
	for i, d := range h.runs {
		r.Runs[i] = seconds(d)
	}
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // there are only numbers in it
	}
	return b
}

func seconds(d time.Duration) int64 { return max(0, int64(d/time.Second)) }

// take takes in what was kept. The last run is this one where the actor was restarted.
func (h *history) take(note []byte) error {
	if len(note) == 0 {
		return nil
	}
	var r record
	if err := json.Unmarshal(note, &r); err != nil {
		return fmt.Errorf("the history of runs: %w", err)
	}
	if r.Began != h.began.UnixNano() {
		r.Runs = append(r.Runs, r.Last)
	}
	r.Runs = slices.DeleteFunc(r.Runs, func(s int64) bool { return s < 0 || s > int64(100*365*24*time.Hour/time.Second) })
	h.runs = h.runs[:0]
	for _, s := range r.Runs[max(0, len(r.Runs)-maxRuns):] {
		h.runs = append(h.runs, time.Duration(s)*time.Second)
	}
	return nil
}
