package chart

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	imagepng "image/png"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/plotter"

	"alakazaam/cmd/alakalab/record"
)

func example() *Chart {
	nan := math.NaN()
	return &Chart{
		Name: "recall-time", Title: "Recall <script>&", XLabel: "s", YLabel: "share", X: []float64{0, 5, 10, 15},
		Lines: []Line{{"<b>a", Values{1, nan, 0.5, 0.25}}, {"b", Values{nan, nan, nan, nan}}},
		Spans: []Span{{"split", 5, 10}},
	}
}

func TestSVG(t *testing.T) {
	var a, b bytes.Buffer
	require.NoError(t, example().SVG(&a))
	require.NoError(t, example().SVG(&b))
	require.Equal(t, a.String(), b.String(), "the same chart is the same picture")
	d := xml.NewDecoder(&a)
	var text string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok {
			require.NotContains(t, []string{"script", "b"}, e.Name.Local)
		}
		if c, ok := token.(xml.CharData); ok {
			text += string(c) + "\n"
		}
	}
	require.Contains(t, text, "Recall <script>&")
	require.Contains(t, text, "<b>a", "the legend")
	require.NotContains(t, text, "\nb\n", "a line without values is not in the legend")
}

// TestPNG looks at the dots: the shade is there.
func TestPNG(t *testing.T) {
	shades := func(c *Chart) (n int) {
		var b bytes.Buffer
		require.NoError(t, c.PNG(&b))
		img, err := imagepng.Decode(&b)
		require.NoError(t, err)
		for x := range img.Bounds().Dx() {
			r, g, blue, _ := img.At(x, img.Bounds().Dy()/2).RGBA()
			if r > g+2000 && g == blue && g > 0x8000 {
				n++
			}
		}
		return n
	}
	c := example()
	require.Greater(t, shades(c), 100)
	c.Spans = nil
	require.Zero(t, shades(c))
}

func TestLogarithmic(t *testing.T) {
	c := &Chart{LogX: true, X: []float64{0.1, 1, 10}, Lines: []Line{{"a", Values{0, 0.5, 1}}}}
	require.NoError(t, c.SVG(io.Discard))
}

func TestEmpty(t *testing.T) {
	c := example()
	require.False(t, c.Empty())
	c.Lines = c.Lines[1:]
	require.True(t, c.Empty())
}

func TestValuesInJSON(t *testing.T) {
	b, err := json.Marshal(Values{1, math.NaN(), 0.333333333, math.Inf(1)})
	require.NoError(t, err)
	require.Equal(t, `[1,null,0.333333,null]`, string(b))
}

func TestColorsAreColors(t *testing.T) {
	for i := range 2 * len(Colors) {
		require.NotNil(t, colorOf(i))
	}
}

func TestSequence(t *testing.T) {
	packets := []record.Packet{{Sent: time.Minute, Arrived: time.Minute + 40*time.Millisecond, From: "peer-1", To: "<i>", What: "FIND"}}
	packets = append(packets, record.Packet{Sent: time.Minute + time.Millisecond, From: "<i>", To: "supernode-2", What: "QUER ttl=2"})
	var b bytes.Buffer
	require.NoError(t, NewSequence(packets).SVG(&b))
	for _, s := range []string{"peer-1", "&lt;i&gt;", "supernode-2", "FIND (40ms)", "QUER ttl=2 lost", "+1ms"} {
		require.Contains(t, b.String(), s)
	}
	for i := range 500 {
		packets = append(packets, record.Packet{From: "peer-1", To: fmt.Sprintf("supernode-%d", i)}, record.Packet{From: "peer-1", To: "<i>"})
	}
	s := NewSequence(packets)
	require.Len(t, s.Packets, maxPackets)
	require.Len(t, s.nodes, maxNodes)
	require.NoError(t, NewSequence(packets[:2]).PNG(io.Discard))
	require.NoError(t, NewSequence(nil).SVG(io.Discard))
}

func TestClockTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 8, "0:00 0:01 0:02 0:03 0:04 0:05 0:06 0:07 0:08"}, {60, 780, "1:00 2:00 3:00 4:00 5:00 6:00 7:00 8:00 9:00 10:00 11:00 12:00 13:00"},
		{61, 1000, "5:00 10:00 15:00"},
	} {
		var got []string
		for _, tick := range clockTicks(c.low, c.high) {
			got = append(got, tick.Label)
		}
		require.Equal(t, c.want, strings.Join(got, " "))
	}
}

func TestPieces(t *testing.T) {
	nan := math.NaN()
	c := &Chart{X: []float64{1, 2, 3, 4, 5, 6}}
	got := c.pieces(Line{Y: Values{nan, 7, 8, nan, nan, 9}})
	require.Equal(t, []plotter.XYs{{{X: 2, Y: 7}, {X: 3, Y: 8}}, {{X: 6, Y: 9}}}, got)
}
