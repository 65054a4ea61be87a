// Package chart draws lines: figures over time, distributions, loads. A chart is data; it is drawn as SVG and PNG here, and
// by the script of a page, which can zoom.
package chart

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Chart is lines over a common axis.
type Chart struct {
	Name   string    `json:"name"` // of its files
	Title  string    `json:"title"`
	XLabel string    `json:"xLabel"`
	YLabel string    `json:"yLabel"`
	LogX   bool      `json:"logX,omitempty"` // all of X are above 0
	X      []float64 `json:"x"`              // ascending
	Lines  []Line    `json:"lines"`
	Spans  []Span    `json:"spans,omitempty"`
	Note   string    `json:"-"` // a sentence that goes with it
}

// Seconds is the XLabel of a chart over the time of a run, which is shown as minutes and seconds.
const Seconds = "s"

// Line is one line of a Chart.
type Line struct {
	Name string `json:"name"`
	Y    Values `json:"y"` // as many as the chart's X; NaN where there is none
}

// Span is a part of the axis that is shaded.
type Span struct {
	Name string  `json:"name"`
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// Values are numbers, of which NaN is null in JSON.
type Values []float64

// MarshalJSON implements json.Marshaler.
func (v Values) MarshalJSON() ([]byte, error) {
	out := []byte{'['}
	for i, x := range v {
		if i > 0 {
			out = append(out, ',')
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			out = append(out, "null"...)
		} else {
			out = fmt.Appendf(out, "%.6g", x)
		}
	}
	return append(out, ']'), nil
}

// Empty says that there is nothing to draw.
func (c *Chart) Empty() bool {
	for _, l := range c.Lines {
		for _, y := range l.Y {
			if !math.IsNaN(y) {
				return false
			}
		}
	}
	return true
}

// Colors are those of the lines in their order, told apart by people who see fewer of them, too (Okabe and Ito).
var Colors = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#b8a800"}

func colorOf(i int) color.Color {
	c := color.RGBA{A: 255}
	if _, err := fmt.Sscanf(Colors[i%len(Colors)], "#%02x%02x%02x", &c.R, &c.G, &c.B); err != nil {
		panic(err) // the table is above
	}
	return c
}

// Size of the drawing.
const (
	width  = 9 * vg.Inch
	height = 3.2 * vg.Inch
)

// SVG writes the chart as a picture of lines.
func (c *Chart) SVG(w io.Writer) error { return svg(w, width, height, c.draw) }

// PNG writes the chart as a picture of dots.
func (c *Chart) PNG(w io.Writer) error { return png(w, width, height, c.draw) }

func svg(w io.Writer, width, height vg.Length, paint func(draw.Canvas) error) error {
	canvas := vgsvg.New(width, height)
	if err := paint(draw.New(canvas)); err != nil {
		return err
	}
	_, err := canvas.WriteTo(w)
	return err
}

func png(w io.Writer, width, height vg.Length, paint func(draw.Canvas) error) error {
	canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(96))}
	if err := paint(draw.New(canvas)); err != nil {
		return err
	}
	_, err := canvas.WriteTo(w)
	return err
}

func (c *Chart) draw(canvas draw.Canvas) error {
	p := plot.New()
	p.Title.Text = c.Title
	p.X.Label.Text, p.Y.Label.Text = c.XLabel, c.YLabel
	p.Legend.Top, p.Legend.Left = false, false
	p.Legend.Padding = vg.Points(2)
	for _, f := range []*font.Font{&p.Title.TextStyle.Font, &p.X.Label.TextStyle.Font, &p.Y.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font, &p.Legend.TextStyle.Font} {
		f.Variant = "Sans"
	}
	if c.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	} else if c.XLabel == Seconds {
		p.X.Label.Text, p.X.Tick.Marker = "", plot.TickerFunc(clockTicks)
	}
	low, high := c.bounds()
	if err := c.shade(p, low, high); err != nil {
		return fmt.Errorf("chart %s: %w", c.Name, err)
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{Y: 225}, color.Gray{Y: 225}
	p.Add(grid)
	for i, l := range c.Lines {
		var first *plotter.Line
		for _, piece := range c.pieces(l) {
			line, err := plotter.NewLine(piece)
			if err != nil {
				return fmt.Errorf("chart %s, line %s: %w", c.Name, l.Name, err)
			}
			line.Color, line.Width = colorOf(i), vg.Points(1.3)
			p.Add(line)
			if first == nil {
				first = line
			}
		}
		if first != nil {
			p.Legend.Add(l.Name, first)
		}
	}
	p.Y.Min, p.Y.Max = low, high
	p.Draw(canvas)
	return nil
}

// bounds is what the axis shows: from 0, unless values are below, to a little above the largest.
func (c *Chart) bounds() (low, high float64) {
	for _, l := range c.Lines {
		for _, y := range l.Y {
			if !math.IsNaN(y) && !math.IsInf(y, 0) {
				low, high = min(low, y), max(high, y)
			}
		}
	}
	if low == high {
		high = low + 1
	}
	return low, high + (high-low)/20
}

func (c *Chart) shade(p *plot.Plot, low, high float64) error {
	for i, s := range c.Spans {
		area, err := plotter.NewPolygon(plotter.XYs{{X: s.From, Y: low}, {X: s.To, Y: low}, {X: s.To, Y: high}, {X: s.From, Y: high}})
		if err != nil {
			return err
		}
		area.Color, area.Width = color.NRGBA{R: 200, G: 60, B: 60, A: 40}, 0
		names, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: s.From, Y: high}}, Labels: []string{s.Name}})
		if err != nil {
			return err
		}
		names.TextStyle[0].Font.Variant, names.TextStyle[0].YAlign = "Sans", draw.YTop
		names.Offset = vg.Point{X: vg.Points(2), Y: vg.Points(-float64(2 + 11*(i%4)))}
		p.Add(area, names)
	}
	return nil
}

// clockTicks are marks of minutes, or of what is left of them, as a clock shows them.
func clockTicks(low, high float64) (out []plot.Tick) {
	step := 1.0
	for _, s := range []float64{5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600} {
		if (high-low)/step > 15 {
			step = s
		}
	}
	for at := math.Ceil(low/step) * step; at <= high; at += step {
		out = append(out, plot.Tick{Value: at, Label: fmt.Sprintf("%d:%02d", int(at)/60, int(at)%60)})
	}
	return out
}

// pieces are the parts of a line between its gaps. A point that stands alone is a piece of no length.
func (c *Chart) pieces(l Line) (out []plotter.XYs) {
	var piece plotter.XYs
	for i, y := range l.Y {
		if math.IsNaN(y) || math.IsInf(y, 0) {
			if len(piece) > 0 {
				out = append(out, piece)
			}
			piece = nil
			continue
		}
		piece = append(piece, plotter.XY{X: c.X[i], Y: y})
	}
	if len(piece) > 0 {
		out = append(out, piece)
	}
	return out
}
