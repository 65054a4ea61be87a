package chart

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"time"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alakazaam/cmd/alakalab/record"
)

// Sequence is what was sent between nodes, drawn downwards: a line for the life of each node, an arrow for each packet.
type Sequence struct {
	Packets []record.Packet // in the order of sending
	nodes   []string
	column  map[string]int
}

// limits of what one picture shows.
const (
	maxNodes   = 12
	maxPackets = 60
)

// NewSequence takes what one picture can show: the first packets, and of the nodes the first that send or get any.
func NewSequence(all []record.Packet) *Sequence {
	s := &Sequence{column: make(map[string]int)}
	for _, p := range all {
		if len(s.Packets) == maxPackets {
			break
		}
		if s.add(p.From) && s.add(p.To) {
			s.Packets = append(s.Packets, p)
		}
	}
	return s
}

func (s *Sequence) add(node string) bool {
	if _, ok := s.column[node]; ok {
		return true
	}
	if len(s.nodes) == maxNodes {
		return false
	}
	s.column[node] = len(s.nodes)
	s.nodes = append(s.nodes, node)
	return true
}

// Measures of the picture.
const (
	sequenceWidth = 11 * vg.Inch
	timeColumn    = 60 // points, on the left
	headRow       = 30
	packetRow     = 20
	textSize      = 8
)

func (s *Sequence) height() vg.Length {
	return vg.Points(float64(headRow + packetRow*(len(s.Packets)+1)))
}

// SVG writes the picture.
func (s *Sequence) SVG(w io.Writer) error { return svg(w, sequenceWidth, s.height(), s.draw) }

// PNG writes the picture.
func (s *Sequence) PNG(w io.Writer) error { return png(w, sequenceWidth, s.height(), s.draw) }

// draw gives each packet a row of its own: what happens at once is read one after the other, with its times beside it.
func (s *Sequence) draw(c draw.Canvas) error {
	if len(s.Packets) == 0 {
		return nil
	}
	style := func(x draw.XAlignment, y draw.YAlignment) draw.TextStyle {
		return draw.TextStyle{
			Color: color.Black, Font: font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, textSize), XAlign: x, YAlign: y,
			Handler: text.Plain{Fonts: font.DefaultCache},
		}
	}
	thin := draw.LineStyle{Color: color.Gray{Y: 190}, Width: vg.Points(0.5), Dashes: []vg.Length{vg.Points(2), vg.Points(2)}}
	top, at := c.Max.Y-vg.Points(headRow), func(i int) vg.Length {
		share := (float64(i) + 0.5) / float64(len(s.nodes))
		return c.Min.X + vg.Points(timeColumn) + vg.Length(share)*(c.Max.X-c.Min.X-vg.Points(timeColumn))
	}
	for i, name := range s.nodes {
		c.FillText(style(draw.XCenter, draw.YCenter), vg.Point{X: at(i), Y: c.Max.Y - vg.Points(headRow)/2}, cut(name, 2*maxNodes))
		c.StrokeLines(thin, []vg.Point{{X: at(i), Y: top}, {X: at(i), Y: c.Min.Y}})
	}
	for i, p := range s.Packets {
		y := top - vg.Points(float64(packetRow*(i+1)))
		when := fmt.Sprintf("+%v", (p.Sent - s.Packets[0].Sent).Round(100*time.Microsecond))
		c.FillText(style(draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X + vg.Points(4), Y: y}, when)
		what, line := p.What, draw.LineStyle{Color: colorOf(0), Width: vg.Points(0.9)}
		if p.Arrived > 0 {
			what += fmt.Sprintf(" (%v)", (p.Arrived - p.Sent).Round(100*time.Microsecond))
		} else {
			what, line.Color = what+" lost", colorOf(1)
		}
		from, to := at(s.column[p.From]), at(s.column[p.To])
		arrow(c, line, from, to, y)
		c.FillText(style(draw.XCenter, draw.YBottom), vg.Point{X: (from + to) / 2, Y: y + vg.Points(2)}, cut(what, 60))
	}
	return nil
}

func arrow(c draw.Canvas, line draw.LineStyle, from, to, y vg.Length) {
	c.StrokeLines(line, []vg.Point{{X: from, Y: y}, {X: to, Y: y}})
	back := vg.Points(math.Copysign(5, float64(from-to)))
	c.FillPolygon(line.Color, []vg.Point{{X: to, Y: y}, {X: to + back, Y: y + vg.Points(2.5)}, {X: to + back, Y: y - vg.Points(2.5)}})
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
