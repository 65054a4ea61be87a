package report

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"alakazaam/actors/text"
	"alakazaam/cmd/alakalab/record"
)

// Line is the one line on a terminal that shows how far a run is. Where the output is no terminal it is quiet.
type Line struct {
	w     io.Writer
	label string
	width int
	now   func() time.Time
	began time.Time
	shown bool
}

// NewLine begins a line for a run of that name. width is that of the terminal, 0 where there is none; now is the wall clock.
func NewLine(w io.Writer, label string, width int, now func() time.Time) *Line {
	return &Line{w: w, label: text.Display(label), width: width, now: now, began: now()}
}

// Name changes the name that is shown.
func (l *Line) Name(label string) { l.label = text.Display(label) }

// Show shows how far the run is. It is what an engine calls.
func (l *Line) Show(p record.Progress) {
	if l.width <= 0 {
		return
	}
	l.shown = true
	share := 0.0
	if p.Total > 0 {
		share = min(1, float64(p.At)/float64(p.Total))
	}
	left := "?"
	if share > 0 {
		took := l.now().Sub(l.began)
		left = time.Duration(float64(took) * (1 - share) / share).Round(time.Second).String()
	}
	line := fmt.Sprintf("%s %3.0f%% %s of %s, %s events/s, %s left", l.label, 100*share,
		p.At.Truncate(time.Second), p.Total, record.Metric{}.Format(math.Round(p.PerSecond)), left)
	if r := []rune(line); len(r) >= l.width {
		line = string(r[:l.width-1])
	}
	fmt.Fprintf(l.w, "\r\x1b[K%s", line)
}

// Clear takes the line away.
func (l *Line) Clear() {
	if l.shown {
		fmt.Fprint(l.w, "\r\x1b[K")
		l.shown = false
	}
}

// Summary writes what came of the runs: verdicts, the main figures, and where to find the rest.
func (f *Folder) Summary(w io.Writer, r *Results) {
	cut := ""
	if r.Partial {
		cut = ", cut short"
	}
	fmt.Fprintf(w, "%s: %s (%d runs%s)\n", text.Display(r.Experiment), r.Verdict, len(r.Runs), cut)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range verdicts(r.Runs) {
		why := v.Tally
		if len(v.Said) > 0 {
			why = strings.TrimPrefix(why+"; "+v.Said[0].Why, "; ")
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
