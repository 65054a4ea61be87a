package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"alakazaam/cmd/alakalab/chart"
	"alakazaam/cmd/alakalab/record"
)

// PlotNames are the plots that Finish can write.
var PlotNames = []string{"recall-time", "find-cdf", "load-by-node", "reach-by-ttl", "sequence"}

// overTime are the charts of the page whose axis is time, each with the metrics that it shows.
var overTime = []struct {
	name, title string
	metrics     []string
}{
	{"recall-time", "Recall", []string{"recall", "recall_reachable"}},
	{"find-time", "Time until a search is complete", []string{"find_p50", "find_p99"}},
	{"cost-time", "QUER for each search", []string{"quer_per_find"}},
	{"overlay-time", "Share of the supernodes that hang together", []string{"overlay_largest"}},
	{"load-time", "How unevenly supernodes are loaded (Gini)", []string{"load_gini"}},
	{"mailbox-time", "Deepest mailbox", []string{"mailbox_max"}},
}

// maxLines is how many lines one chart shows at most.
const maxLines = 8

// Charts are those of the page: what there are values for.
func Charts(runs []Run) (out []*chart.Chart) {
	cells := Cells(runs)
	for _, o := range overTime {
		out = append(out, timeChart(cells, o.name, o.title, o.metrics))
	}
	out = append(out, findCDF(cells), loadByNode(cells), reachByTTL(cells))
	return slices.DeleteFunc(out, func(c *chart.Chart) bool { return c.Empty() })
}

// timeChart shows the medians over seeds. Of a single cell with several seeds it shows the lowest and highest value as well.
func timeChart(cells []Cell, name, title string, metrics []string) *chart.Chart {
	c := &chart.Chart{Name: name, Title: title, XLabel: chart.Seconds, YLabel: record.MetricOf(metrics[0]).Unit}
	c.X, c.Spans = times(cells), faultSpans(cells)
	shown := make(map[string]bool)
	for i := range cells {
		for _, m := range metrics {
			byTime := windowValues(&cells[i], m)
			if len(byTime) == 0 {
				continue
			}
			shown[m] = true
			if c.Lines = append(c.Lines, line(joined(cells[i].Label, m), c.X, byTime, Median)); len(cells) > 1 {
				break // one line a cell
			}
			if len(cells[0].Runs) > 1 {
				c.Lines = append(c.Lines, line(m+" lowest", c.X, byTime, slices.Min), line(m+" highest", c.X, byTime, slices.Max))
			}
		}
	}
	c.Note = legend(slices.DeleteFunc(slices.Clone(metrics), func(m string) bool { return !shown[m] }))
	shorten(c)
	return c
}

// Median of values, of which there is one at least.
func Median(values []float64) float64 { return Summarize(values).Median }

func legend(metrics []string) string {
	var out []string
	for _, m := range metrics {
		out = append(out, m+": "+strings.TrimSuffix(record.MetricOf(m).Help, "."))
	}
	return strings.Join(out, "; ") + "."
}

func joined(label, metric string) string { return strings.TrimSpace(label + " " + metric) }

// shorten leaves so many lines that they can be told apart.
func shorten(c *chart.Chart) {
	if n := len(c.Lines); n > maxLines {
		c.Lines = c.Lines[:maxLines]
		c.Note += fmt.Sprintf(" %d of %d lines are shown.", maxLines, n)
	}
}

// times are the beginnings of all windows, in seconds.
func times(cells []Cell) []float64 {
	all := make(map[time.Duration]bool)
	for _, c := range cells {
		for _, r := range c.Runs {
			for _, w := range r.Record.Windows {
				all[w.At] = true
			}
		}
	}
	var out []float64
	for _, at := range slices.Sorted(maps.Keys(all)) {
		out = append(out, at.Seconds())
	}
	return out
}

// windowValues are the values of a metric over the runs of a cell, by time in seconds.
func windowValues(c *Cell, metric string) map[float64][]float64 {
	out := make(map[float64][]float64)
	for _, r := range c.Runs {
		for _, w := range r.Record.Windows {
			if v, ok := w.Values[metric]; ok {
				out[w.At.Seconds()] = append(out[w.At.Seconds()], v)
			}
		}
	}
	return out
}

func line(name string, x []float64, values map[float64][]float64, of func([]float64) float64) chart.Line {
	l := chart.Line{Name: name}
	for _, at := range x {
		y := math.NaN()
		if all := values[at]; len(all) > 0 {
			y = of(all)
		}
		l.Y = append(l.Y, y)
	}
	return l
}

// faultSpans are the faults of the first run: those of the others are due at the same times, unless times are varied.
func faultSpans(cells []Cell) (out []chart.Span) {
	if len(cells) == 0 {
		return nil
	}
	for _, f := range cells[0].Runs[0].Record.Faults {
		if f.Applied > 0 || f.Hit > 0 {
			out = append(out, chart.Span{Name: f.ID, From: f.Started.Seconds(), To: max(f.Started, f.Ended).Seconds()})
		}
	}
	return out
}

// findCDF is the distribution of the times of searches: a median over seeds for each share of the searches.
func findCDF(cells []Cell) *chart.Chart {
	c := &chart.Chart{
		Name: "find-cdf", Title: "Searches that were complete within a time", XLabel: "seconds", YLabel: "share of searches", LogX: true,
		Note: "From the intended start of a search until it was complete, over the whole run.",
	}
	type curve struct {
		name string
		at   []float64
	}
	var curves []curve
	seen := make(map[float64]bool)
	for _, cell := range cells {
		byShare := make([][]float64, len(Quantiles))
		for _, r := range cell.Runs {
			if len(r.Finds) != len(Quantiles) || r.Finds[0] <= 0 {
				continue // none, or of another version of the program
			}
			for i, v := range r.Finds {
				byShare[i] = append(byShare[i], v)
			}
		}
		if len(byShare[0]) == 0 {
			continue
		}
		one := curve{name: cmp.Or(cell.Label, "searches")}
		for _, values := range byShare {
			v := Median(values)
			one.at = append(one.at, v)
			seen[v] = true
		}
		curves = append(curves, one)
	}
	c.X = slices.Sorted(maps.Keys(seen))
	for _, one := range curves {
		l := chart.Line{Name: one.name}
		for _, x := range c.X {
			l.Y = append(l.Y, shareWithin(one.at, x))
		}
		c.Lines = append(c.Lines, l)
	}
	shorten(c)
	return c
}

// shareWithin is the largest of the Quantiles that is not above x.
func shareWithin(at []float64, x float64) float64 {
	share := 0.0
	for i, v := range at {
		if v <= x {
			share = Quantiles[i]
		}
	}
	return share
}

// loadByNode is how many packets each supernode handled, the busiest first, in the first run of each cell.
func loadByNode(cells []Cell) *chart.Chart {
	c := &chart.Chart{
		Name: "load-by-node", Title: "Packets that each supernode handled", XLabel: "supernode, the busiest first", YLabel: "packets",
		Note: "Of the first seed.",
	}
	for _, cell := range cells {
		o := cell.Runs[0].Record.Overlay
		if o == nil {
			continue
		}
		l := chart.Line{Name: cmp.Or(cell.Label, "packets")}
		for _, n := range o.Nodes {
			l.Y = append(l.Y, float64(n.Load))
		}
		slices.SortFunc(l.Y, func(a, b float64) int { return cmp.Compare(b, a) })
		for len(c.X) < len(l.Y) {
			c.X = append(c.X, float64(len(c.X)+1))
		}
		c.Lines = append(c.Lines, l)
	}
	for i := range c.Lines { // cells may have different numbers of supernodes
		for len(c.Lines[i].Y) < len(c.X) {
			c.Lines[i].Y = append(c.Lines[i].Y, math.NaN())
		}
	}
	shorten(c)
	return c
}

// reachByTTL is recall by the TTL of searches, where that is varied.
func reachByTTL(cells []Cell) *chart.Chart {
	c := &chart.Chart{
		Name: "reach-by-ttl", Title: "Recall by TTL", XLabel: "TTL", YLabel: "recall", Note: "Of the whole runs; medians over seeds, one line for each of the other values.",
	}
	values := make(map[string]map[float64][]float64)
	var names []string
	seen := make(map[float64]bool)
	for i := range cells {
		ttl, rest, ok := ttlOf(cells[i].Set)
		all := cells[i].Figures("recall", record.Whole)
		if !ok || len(all) == 0 {
			continue
		}
		name := joined(rest, "recall")
		if values[name] == nil {
			values[name] = make(map[float64][]float64)
			names = append(names, name)
		}
		values[name][ttl] = append(values[name][ttl], all...)
		seen[ttl] = true
	}
	c.X = slices.Sorted(maps.Keys(seen))
	for _, name := range names {
		c.Lines = append(c.Lines, line(name, c.X, values[name], Median))
	}
	shorten(c)
	return c
}

// ttlOf takes the TTL out of what was set; rest is the label of the others.
func ttlOf(set map[string]string) (ttl float64, rest string, ok bool) {
	others := maps.Clone(set)
	for _, path := range slices.Sorted(maps.Keys(set)) {
		if v, err := strconv.ParseFloat(set[path], 64); err == nil && !ok && strings.HasSuffix(path, "ttl") {
			ttl, ok = v, true
			delete(others, path)
		}
	}
	return ttl, label(others), ok
}

// picture is what can be written in two forms.
type picture interface {
	SVG(io.Writer) error
	PNG(io.Writer) error
}

// plots writes those that are wanted into the folder plots, if there is anything to be seen.
func (f *Folder) plots(r *Results, want []string) error {
	pictures := make(map[string]picture)
	if s := sequence(r); s != nil {
		pictures["sequence"] = s
	}
	return draw(filepath.Join(f.Dir, "plots"), r.Runs, pictures, want)
}

// Plots draws the runs into a folder.
func Plots(dir string, runs []Run) error { return draw(dir, runs, make(map[string]picture), nil) }

func draw(dir string, runs []Run, pictures map[string]picture, want []string) error {
	for _, c := range Charts(runs) {
		pictures[c.Name] = c
	}
	if want == nil {
		want = PlotNames
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range want {
		p := pictures[name]
		if p == nil {
			continue
		}
		if err := save(filepath.Join(dir, name+".svg"), p.SVG); err != nil {
			return err
		}
		if err := save(filepath.Join(dir, name+".png"), p.PNG); err != nil {
			return err
		}
	}
	return nil
}

// sequence is what was sent for one search, in the first run that tells; nil where none does.
func sequence(r *Results) *chart.Sequence {
	for _, run := range r.Runs {
		if len(run.Record.Sequence) > 0 {
			return chart.NewSequence(run.Record.Sequence)
		}
	}
	return nil
}

func save(name string, write func(io.Writer) error) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}
