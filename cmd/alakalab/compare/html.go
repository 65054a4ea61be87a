package compare

import (
	_ "embed"
	"io"

	"alakazaam/cmd/alakalab/page"
	"alakazaam/cmd/alakalab/report"
)

//go:embed compare.html
var body string

var comparePage = page.Parse(body)

// view is what the page shows.
type view struct {
	*Comparison
	Groups []group
	Charts []page.Figure
}

// group is the rows of one table.
type group struct {
	Title string
	Rows  []Row
}

// HTML writes the comparison as a page, with the plots of both sides over each other.
func (c *Comparison) HTML(w io.Writer) error {
	v := &view{Comparison: c}
	for _, r := range c.Rows {
		if n := len(v.Groups); n == 0 || v.Groups[n-1].Title != title(r) {
			v.Groups = append(v.Groups, group{Title: title(r)})
		}
		g := &v.Groups[len(v.Groups)-1]
		g.Rows = append(g.Rows, r)
	}
	p := &page.Page{Title: "A: " + c.A + ", B: " + c.B, Charts: report.Charts(c.mixed()), Data: v}
	var err error
	if v.Charts, err = p.Figures(); err != nil {
		return err
	}
	return p.Write(w, comparePage)
}

// Plots draws both sides over each other into a folder, as SVG and PNG.
func (c *Comparison) Plots(dir string) error { return report.Plots(dir, c.mixed()) }

// mixed are the runs of both sides, cell after cell, so that each line of A is followed by that of B.
func (c *Comparison) mixed() (out []report.Run) {
	cells := [2][]report.Cell{report.CellsBy(c.sides[0].Runs, c.varied), report.CellsBy(c.sides[1].Runs, c.varied)}
	for i := range max(len(cells[0]), len(cells[1])) {
		for side, name := range []string{"A", "B"} {
			if i >= len(cells[side]) {
				continue
			}
			for _, r := range cells[side][i].Runs {
				copied := *r.Record
				copied.Set = c.varied.Of(copied.Set)
				copied.Set["side"] = name
				out = append(out, report.Run{Record: &copied, Finds: r.Finds})
			}
		}
	}
	return out
}
