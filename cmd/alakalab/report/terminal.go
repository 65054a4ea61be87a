package report

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"alakazaam/actors/text"
	"alakazaam/cmd/alakalab/record"
)

// Progress shows how far the runs of an experiment are: on a terminal in one line that is written over and over, elsewhere
// with a line of its own every half minute. Several runs may tell it of themselves at once.
type Progress struct {
	w     io.Writer
	label string
	width func() int
	now   func() time.Time
	began time.Time

	mu    sync.Mutex
	runs  []record.Progress
	done  []bool
	last  time.Time // when something was shown
	shown bool      // there is a line that is to be written over
}

// How often a terminal's line changes, and how often one is written where there is no terminal.
const (
	refresh  = 100 * time.Millisecond
	reminder = 30 * time.Second
)

// NewProgress begins with none of so many runs of that name. width is that of the terminal, which may change, and 0 where
// there is none; now is the wall clock.
func NewProgress(w io.Writer, label string, runs int, width func() int, now func() time.Time) *Progress {
	return &Progress{
		w: w, label: text.Display(label), width: width, now: now, began: now(), last: now(),
		runs: make([]record.Progress, runs), done: make([]bool, runs),
	}
}

// Of gives what the engine of a run calls, counted from 0.
func (p *Progress) Of(run int) func(record.Progress) {
	return func(now record.Progress) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.runs[run] = now
		p.show()
	}
}

// Done notes that a run has ended, and writes a line about it.
func (p *Progress) Done(run int, about string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[run] = true
	p.clear()
	if about != "" {
		fmt.Fprintln(p.w, text.Display(about))
	}
}

// Clear takes the line away.
func (p *Progress) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *Progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

func (p *Progress) show() {
	now, width := p.now(), p.width()
	pause := refresh
	if width <= 0 {
		pause = reminder
	}
	if now.Sub(p.last) < pause {
		return
	}
	p.last = now
	line := p.line(now)
	if width <= 0 {
		fmt.Fprintln(p.w, line)
		return
	}
	if r := []rune(line); len(r) >= width {
		line = string(r[:width-1])
	}
	p.shown = true
	fmt.Fprintf(p.w, "\r\x1b[K%s", line)
}

// line tells of all runs, and of those under way.
func (p *Progress) line(now time.Time) string {
	var under []string
	share, speed, ended := 0.0, 0.0, 0
	for i, r := range p.runs {
		switch {
		case p.done[i]:
			ended++
			share++
		case r.Total > 0:
			share += min(1, float64(r.At)/float64(r.Total))
			speed += r.PerSecond
			at := fmt.Sprintf("%s of %s", r.At.Truncate(time.Second), r.Total)
			if len(p.runs) > 1 {
				at = fmt.Sprintf("run %d at %s", i+1, at)
			}
			under = append(under, at)
		}
	}
	share /= float64(len(p.runs))
	left := "?"
	if share > 0 {
		left = time.Duration(float64(now.Sub(p.began)) * (1 - share) / share).Round(time.Second).String()
	}
	out := fmt.Sprintf("%s %3.0f%%, %s left, %s events/s, ", p.label, 100*share, left, record.Metric{}.Format(math.Round(speed)))
	if len(p.runs) > 1 {
		out += fmt.Sprintf("%d of %d runs done, ", ended, len(p.runs))
	}
	return out + strings.Join(under, ", ")
}

// Summary writes what came of the runs: verdicts, the main figures, and where to find the rest.
func (f *Folder) Summary(w io.Writer, r *Results) {
	cut := ""
	if r.Partial {
		cut = ", cut short"
	}
	runs := fmt.Sprintf("%d runs", len(r.Runs))
	if len(r.Runs) == 1 {
		runs = fmt.Sprintf("seed %d", r.Runs[0].Record.Seed)
	} else if r.Planned > len(r.Runs) {
		runs = fmt.Sprintf("%d of %d runs", len(r.Runs), r.Planned)
	}
	fmt.Fprintf(w, "%s: %s (%s%s)\n", text.Display(r.Experiment), r.Verdict, runs, cut)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range verdicts(r.Runs) {
		why := v.Tally
		if len(v.Said) > 0 {
			why = strings.TrimPrefix(why+"; "+v.First().Why, "; ")
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\n", v.Verdict, v.Name, text.Display(why))
	}
	_ = table.Flush() // what cannot be printed is not worth an error
	fmt.Fprintln(w)
	head := "\tseeds"
	for _, m := range mainMetrics {
		head += "\t" + m
	}
	fmt.Fprintln(table, head)
	for _, c := range Cells(r.Runs) {
		line := fmt.Sprintf("  %s\t%d", text.Display(c.Label), len(c.Runs))
		for _, m := range mainMetrics {
			v := summarized(record.MetricOf(m), c.Figures(m, record.Whole))
			if line += "\t" + v.Value; strings.Contains(v.Interval, "to") {
				line += " (" + v.Interval + ")"
			}
		}
		fmt.Fprintln(table, line)
	}
	_ = table.Flush()
	where := filepath.Join(f.Dir, "report.html")
	if _, err := os.Stat(where); err != nil {
		where = f.Dir
	}
	fmt.Fprintf(w, "\n%s\n", where)
}
