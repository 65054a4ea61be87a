// Package compare holds the results of two sets of runs against each other: medians over seeds, and whether they differ by
// more than chance, with the test that benchstat uses.
package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/perf/benchmath"

	"alakazaam/actors/text"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/report"
)

// Side is one of the two sets of runs.
type Side struct {
	Name string // the folder, or whatever tells it from the other
	Runs []report.Run
}

// Load reads the results in folders, such as one for each seed, as one side. It is named for the first of them.
func Load(paths ...string) (Side, error) {
	var out Side
	for _, path := range paths {
		r, err := report.Load(path)
		if err != nil {
			return Side{}, err
		}
		out.Runs = append(out.Runs, r.Runs...)
	}
	if len(out.Runs) == 0 {
		return Side{}, fmt.Errorf("no runs in %v", paths)
	}
	out.Name = paths[0]
	return out, nil
}

// Comparison is what came of it.
type Comparison struct {
	A string `json:"a"`
	B string `json:"b"`
	// Rows are the figures that both have, by what was set, phase, and metric.
	Rows []Row `json:"rows"`
	// Unmatched are the values of the matrix that only one side has.
	Unmatched []string `json:"unmatched,omitempty"`
	// Notes are what else the page says of the two, such as in what their experiments differ.
	Notes []string `json:"-"`

	sides  [2]Side
	varied report.Names // within the sides
}

// Row compares one figure.
type Row struct {
	Set    string   `json:"set,omitempty"`
	Phase  string   `json:"phase"`
	Metric string   `json:"metric"`
	A      Sample   `json:"a"`
	B      Sample   `json:"b"`
	Change *float64 `json:"change,omitempty"` // B by A, less one; nil where A is 0 or it is too large to tell
	P      float64  `json:"p"`                // of the Mann-Whitney U test
	// Verdict is Same unless P is below 0.05. Otherwise it says on which side B is; Changed is for metrics without a better
	// side.
	Verdict Verdict `json:"verdict"`
	Note    string  `json:"note,omitempty"` // why the test cannot tell
}

// Sample is the values of one side: their median and, from six on, its confidence interval of 95 %.
type Sample struct {
	N      int       `json:"n"`
	Median float64   `json:"median"`
	Range  []float64 `json:"range,omitempty"` // from, to
}

// Verdict is how B is in comparison with A.
type Verdict string

// The verdicts.
const (
	Same    Verdict = "same"
	Better  Verdict = "better"
	Worse   Verdict = "worse"
	Changed Verdict = "changed"
)

// phases in the order in which they are shown.
var phases = []string{record.Whole, record.Before, record.During, record.After}

// Compare compares the runs of two sides that have the same values of the matrix. Where each side has one set of values
// only, those are compared whatever they are.
func Compare(a, b Side) *Comparison {
	out := &Comparison{A: a.Name, B: b.Name, Rows: []Row{}, sides: [2]Side{a, b}}
	varied := report.Varied(report.Sets(a.Runs))
	maps.Copy(varied, report.Varied(report.Sets(b.Runs)))
	out.varied = varied
	if len(varied) == 0 {
		between := report.Varied(report.Sets(append(slices.Clone(a.Runs), b.Runs...)))
		left, right := report.CellsBy(a.Runs, between), report.CellsBy(b.Runs, between)
		label := left[0].Label
		if other := right[0].Label; other != label {
			label = strings.TrimSpace(label + " → " + other)
		}
		out.cells(label, &left[0], &right[0])
		return out
	}
	left, right := report.CellsBy(a.Runs, varied), report.CellsBy(b.Runs, varied)
	for i := range left {
		j := slices.IndexFunc(right, func(c report.Cell) bool { return c.Label == left[i].Label })
		if j < 0 {
			out.Unmatched = append(out.Unmatched, "A: "+left[i].Label)
			continue
		}
		out.cells(left[i].Label, &left[i], &right[j])
	}
	for _, c := range right {
		if !slices.ContainsFunc(left, func(l report.Cell) bool { return l.Label == c.Label }) {
			out.Unmatched = append(out.Unmatched, "B: "+c.Label)
		}
	}
	return out
}

func (c *Comparison) cells(label string, a, b *report.Cell) {
	metrics := report.MetricsOf(a.Runs)
	for _, phase := range phases {
		for _, m := range metrics {
			before, after := a.Figures(m.Name, phase), b.Figures(m.Name, phase)
			if len(before) > 0 && len(after) > 0 {
				row := rowOf(m, before, after)
				row.Set, row.Phase = label, phase
				c.Rows = append(c.Rows, row)
			}
		}
	}
}

func rowOf(m record.Metric, before, after []float64) Row {
	row := Row{Metric: m.Name, A: sampleOf(before), B: sampleOf(after), Verdict: Same}
	if change := row.B.Median/row.A.Median - 1; !math.IsNaN(change) && !math.IsInf(change, 0) {
		row.Change = &change
	}
	t := &benchmath.DefaultThresholds
	test := benchmath.AssumeNothing.Compare(benchmath.NewSample(slices.Clone(before), t), benchmath.NewSample(slices.Clone(after), t))
	row.P = test.P
	if exact, ok := chance(before, after); ok {
		row.P = exact
	}
	if len(test.Warnings) > 0 {
		row.Note = test.Warnings[0].Error()
	}
	if row.P >= test.Alpha {
		return row
	}
	higher := row.B.Median > row.A.Median
	switch {
	case m.Better == "" || row.B.Median == row.A.Median:
		row.Verdict = Changed
	case higher == (m.Better == "higher"):
		row.Verdict = Better
	default:
		row.Verdict = Worse
	}
	return row
}

func sampleOf(values []float64) Sample {
	s := report.Summarize(values)
	out := Sample{N: s.N, Median: s.Median}
	if s.Bounded() {
		out.Range = []float64{s.Low, s.High}
	}
	return out
}

// Count is how many rows have a verdict.
func (c *Comparison) Count(v Verdict) (n int) {
	for _, r := range c.Rows {
		if r.Verdict == v {
			n++
		}
	}
	return n
}

// Sentence sums up, and says how much of it chance alone would bring.
func (c *Comparison) Sentence() string {
	return fmt.Sprintf("%d figures compared: %d better, %d worse, %d changed, %d the same at the 5 %% level, at which one in twenty differs by chance",
		len(c.Rows), c.Count(Better), c.Count(Worse), c.Count(Changed), c.Count(Same))
}

// JSON writes the comparison for programs.
func (c *Comparison) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(c)
}

// Text writes the comparison for a terminal: the figures of whole runs, and those of a phase that differ.
func (c *Comparison) Text(w io.Writer) error {
	fmt.Fprintf(w, "A: %s\nB: %s\n", text.Display(c.A), text.Display(c.B))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	heading := ""
	for _, r := range c.Rows {
		if r.Phase != record.Whole && r.Verdict == Same {
			continue
		}
		if h := r.Set + "\x00" + r.Phase; h != heading {
			heading = h
			if err := table.Flush(); err != nil {
				return err
			}
			fmt.Fprintf(w, "\n%s\n", text.Display(title(r)))
			fmt.Fprintln(table, "  metric\tA\tB\tchange\tp\t")
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\t%s\n", text.Display(r.Metric), r.A.format(r.Metric), r.B.format(r.Metric), r.Percent(), r.Chance(), r.Mark())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, u := range c.Unmatched {
		fmt.Fprintf(w, "\nonly in %s", text.Display(u))
	}
	_, err := fmt.Fprintf(w, "\n%s\n", c.Sentence())
	return err
}

func title(r Row) string {
	if r.Set == "" {
		return r.Phase
	}
	return r.Set + ", " + r.Phase
}

// format writes a sample for people.
func (s Sample) format(metric string) string {
	m := record.MetricOf(metric)
	out := m.Format(s.Median)
	if s.Range != nil {
		out += fmt.Sprintf(" (%s to %s)", m.Format(s.Range[0]), m.Format(s.Range[1]))
	}
	return fmt.Sprintf("%s n=%d", out, s.N)
}

// Percent is the change as text.
func (r Row) Percent() string {
	switch {
	case r.Change == nil && r.A.Median == r.B.Median:
		return "0%"
	case r.Change == nil:
		return "?"
	}
	return fmt.Sprintf("%+.1f%%", 100**r.Change)
}

// Chance is P as text.
func (r Row) Chance() string {
	if r.P < 0.001 {
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", r.P)
}

// Mark is the verdict, or why there can be none.
func (r Row) Mark() string {
	switch {
	case r.Verdict != Same:
		return string(r.Verdict)
	case r.Note != "":
		return r.Note
	}
	return "~"
}

// Left is the sample of A as text.
func (r Row) Left() string { return r.A.format(r.Metric) }

// Right is that of B.
func (r Row) Right() string { return r.B.format(r.Metric) }
