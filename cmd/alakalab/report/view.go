package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"math"
	"slices"
	"time"

	"alakazaam/cmd/alakalab/page"
	"alakazaam/cmd/alakalab/record"
)

//go:embed report.html
var body string

var reportPage = page.Parse(body)

// view is what the page shows.
type view struct {
	*Results
	Experimental string // the file
	Engines      string
	Seeds        string
	Verdicts     []verdict
	Cells        []cellView
	Tables       []figureTable
	Charts       []page.Figure
	Picture      template.HTML
	PictureNote  string
	Sequence     template.URL
}

// verdict is one check over all runs.
type verdict struct {
	Name    string
	Verdict record.Verdict // the worst
	Tally   string         // how many runs say what; empty for a single run
	Said    []said
}

// First is what the check says of the first run that has the worst verdict; there is one wherever something is said.
func (v verdict) First() said {
	return v.Said[max(0, slices.IndexFunc(v.Said, func(s said) bool { return s.Verdict == v.Verdict }))]
}

// said is what a check says of some runs; of several runs only what is not true.
type said struct {
	Run string
	record.Check
}

// cellView is a line of the table of runs.
type cellView struct {
	Label   string
	Verdict record.Verdict
	Main    []string // of each of mainMetrics
	Runs    []runView
}

type runView struct {
	*record.Run
	Number int
	Main   []string
}

// mainMetrics are those of the table of runs and of the summary.
var mainMetrics = []string{"recall", "success", "find_p50", "find_p99", "quer_per_find", "recall_mttr"}

// figureTable is the figures of one cell by phase.
type figureTable struct {
	Label  string
	Phases []string
	Rows   []figureRow
}

type figureRow struct {
	record.Metric
	Values []figureValue
}

// figureValue is a value, or a median over seeds with its confidence interval.
type figureValue struct{ Value, Interval string }

// page writes report.html.
func (f *Folder) page(r *Results, experiment []byte) error {
	v := &view{Results: r, Experimental: string(experiment), Seeds: seeds(r.Runs), Verdicts: verdicts(r.Runs)}
	p := &page.Page{Title: r.Experiment + ": " + string(r.Verdict), Charts: Charts(r.Runs), Data: v}
	var err error
	if v.Charts, err = p.Figures(); err != nil {
		return err
	}
	cells := Cells(r.Runs)
	number := 0
	for _, c := range cells {
		v.Cells = append(v.Cells, viewOf(c, &number))
		v.Tables = append(v.Tables, tableOf(c))
	}
	if len(r.Runs) > 0 {
		v.Engines = r.Runs[0].Record.Engine
		v.Picture, v.PictureNote = overlayPicture(r.Runs[0].Record.Overlay)
	}
	if s := sequence(r); s != nil {
		var svg bytes.Buffer
		if err := s.SVG(&svg); err != nil {
			return err
		}
		v.Sequence = template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg.Bytes())) //nolint:gosec // it is base64
	}
	var out bytes.Buffer
	if err := p.Write(&out, reportPage); err != nil {
		return err
	}
	return f.write("report.html", out.Bytes())
}

// Single says that there is one run only.
func (v *view) Single() bool { return len(v.Runs) == 1 }

// First is the first run; there is one wherever the page asks.
func (v *view) First() *record.Run { return v.Runs[0].Record }

// MainMetrics heads the table of runs.
func (v *view) MainMetrics() []string { return mainMetrics }

// Name tells the i-th run from the others.
func (v *view) Name(i int) string { return Varied(Sets(v.Runs)).Name(i, v.Runs[i].Record) }

// Took is how long all runs took together.
func (v *view) Took() time.Duration {
	var sum time.Duration
	for _, r := range v.Runs {
		sum += r.Record.Versions.Took
	}
	return sum.Round(100 * time.Millisecond)
}

// seeds writes the seeds that the runs have.
func seeds(runs []Run) string {
	var all []uint64
	for _, r := range runs {
		if !slices.Contains(all, r.Record.Seed) {
			all = append(all, r.Record.Seed)
		}
	}
	if len(all) > 12 {
		return fmt.Sprintf("%d of them, from %d to %d", len(all), slices.Min(all), slices.Max(all))
	}
	out := fmt.Sprint(all)
	return out[1 : len(out)-1]
}

// verdicts joins what the checks say of all runs, in the order in which they were judged.
func verdicts(runs []Run) (out []verdict) {
	type tally struct{ yes, unknown, no int }
	tallies := make(map[string]*tally)
	varied := Varied(Sets(runs))
	for i, r := range runs {
		for _, c := range r.Record.Checks {
			at := slices.IndexFunc(out, func(v verdict) bool { return v.Name == c.Name })
			if at < 0 {
				out = append(out, verdict{Name: c.Name, Verdict: record.True})
				tallies[c.Name] = &tally{}
				at = len(out) - 1
			}
			v, t := &out[at], tallies[c.Name]
			switch c.Verdict {
			case record.True:
				t.yes++
			case record.False:
				t.no++
			default:
				t.unknown++
			}
			if c.Verdict == record.False || v.Verdict == record.True {
				v.Verdict = c.Verdict
			}
			if len(runs) == 1 || c.Verdict != record.True {
				v.Said = append(v.Said, said{varied.Name(i, r.Record), c})
			}
		}
	}
	for i := range out {
		if t := tallies[out[i].Name]; len(runs) > 1 {
			out[i].Tally = fmt.Sprintf("of %d runs, true %d, unknown %d, false %d", t.yes+t.unknown+t.no, t.yes, t.unknown, t.no)
		}
	}
	return out
}

// Name tells a run from the others.
func (n Names) Name(i int, r *record.Run) string {
	name := fmt.Sprintf("run %d, seed %d", i+1, r.Seed)
	if set := n.Label(r.Set); set != "" {
		name += ", " + set
	}
	return name
}

func viewOf(c Cell, number *int) cellView {
	out := cellView{Label: c.Label, Verdict: worst(c.Runs)}
	for _, m := range mainMetrics {
		out.Main = append(out.Main, summarized(record.MetricOf(m), c.Figures(m, record.Whole)).Value)
	}
	for _, r := range c.Runs {
		*number++
		run := runView{Run: r.Record, Number: *number}
		for _, m := range mainMetrics {
			v, ok := r.Record.Figure(m, record.Whole)
			if !ok {
				v = math.NaN()
			}
			run.Main = append(run.Main, record.MetricOf(m).Format(v))
		}
		out.Runs = append(out.Runs, run)
	}
	return out
}

// worst is false if one run is, else unknown if one is.
func worst(runs []Run) record.Verdict {
	out := record.True
	for _, r := range runs {
		if v := r.Record.Verdict; v == record.False || out == record.True {
			out = v
		}
	}
	return out
}

// tableOf lists the figures of a cell: metrics by phases.
func tableOf(c Cell) figureTable {
	t := figureTable{Label: c.Label}
	metrics := MetricsOf(c.Runs)
	for _, phase := range phases {
		if slices.ContainsFunc(metrics, func(m record.Metric) bool { return len(c.Figures(m.Name, phase)) > 0 }) {
			t.Phases = append(t.Phases, phase)
		}
	}
	for _, m := range metrics {
		row := figureRow{Metric: m}
		for _, phase := range t.Phases {
			row.Values = append(row.Values, summarized(m, c.Figures(m.Name, phase)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// summarized writes the values of several seeds: their median, and its confidence interval where there are enough of them.
func summarized(m record.Metric, values []float64) figureValue {
	s := Summarize(values)
	out := figureValue{Value: m.Format(s.Median)}
	switch {
	case s.N > 1 && s.Bounded():
		out.Interval = m.Format(s.Low) + " to " + m.Format(s.High)
	case s.N > 1:
		out.Interval = fmt.Sprintf("of %d", s.N)
	}
	return out
}
