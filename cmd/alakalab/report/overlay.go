package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"alakazaam/cmd/alakalab/record"
)

// maxShown is how many supernodes the picture of an overlay shows at most. Of a larger one it shows those that are nearest
// to the busiest supernode: a random sample would show hardly a link.
const maxShown = 300

// sample lists the nodes that the picture shows, ascending, and the neighbors of each among all nodes.
func sample(o *record.Overlay) (shown []int, around [][]int) {
	around = make([][]int, len(o.Nodes))
	for _, e := range o.Edges {
		if a, b := e[0], e[1]; a != b && min(a, b) >= 0 && max(a, b) < len(o.Nodes) {
			around[a], around[b] = append(around[a], b), append(around[b], a)
		}
	}
	if len(o.Nodes) <= maxShown {
		for i := range o.Nodes {
			shown = append(shown, i)
		}
		return shown, around
	}
	busiest := 0
	for i, n := range o.Nodes {
		if n.Load > o.Nodes[busiest].Load {
			busiest = i
		}
	}
	seen := map[int]bool{busiest: true}
	shown = []int{busiest}
	for i := 0; i < len(shown); i++ {
		for _, j := range around[shown[i]] {
			if !seen[j] && len(shown) < maxShown {
				seen[j] = true
				shown = append(shown, j)
			}
		}
	}
	slices.Sort(shown)
	return shown, around
}

// size of the picture's square.
const size = 800

// point is a place on the picture.
type point struct{ x, y float64 }

// layout places nodes as Fruchterman and Reingold do: links pull, nodes push, and it all cools down. It begins with a
// circle that a fixed seed shakes, so that the same overlay gives the same picture.
func layout(links [][]int) []point {
	n := len(links)
	r := rand.New(rand.NewPCG(1, 2))
	at, push := make([]point, n), make([]point, n)
	for i := range at {
		angle := 2 * math.Pi * float64(i) / float64(n)
		at[i] = point{size / 2 * math.Cos(angle) * (0.5 + r.Float64()/2), size / 2 * math.Sin(angle) * (0.5 + r.Float64()/2)}
	}
	k := size / math.Sqrt(float64(max(n, 1)))
	const rounds = 100
	for round := range rounds {
		for i := range push {
			push[i] = point{-at[i].x / 50, -at[i].y / 50} // towards the middle, so that pieces do not drift away
		}
		for i := range at {
			for j := range i {
				force(at, push, i, j, func(d float64) float64 { return k * k / d })
			}
			for _, j := range links[i] {
				if j < i {
					force(at, push, i, j, func(d float64) float64 { return -d * d / k })
				}
			}
		}
		heat := size / 8 * (1 - float64(round)/rounds)
		for i, p := range push {
			if d := math.Hypot(p.x, p.y); d > 0 {
				at[i].x += p.x / d * min(d, heat)
				at[i].y += p.y / d * min(d, heat)
			}
		}
	}
	return fit(at)
}

// force adds the force between two nodes to both; above 0 it pushes.
func force(at, push []point, i, j int, of func(distance float64) float64) {
	dx, dy := at[i].x-at[j].x, at[i].y-at[j].y
	d := max(math.Hypot(dx, dy), 0.01)
	f := of(d) / d
	push[i].x += f * dx
	push[i].y += f * dy
	push[j].x -= f * dx
	push[j].y -= f * dy
}

// fit moves and stretches places to fill the picture.
func fit(at []point) []point {
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, p := range at {
		low.x, low.y, high.x, high.y = min(low.x, p.x), min(low.y, p.y), max(high.x, p.x), max(high.y, p.y)
	}
	const margin = 25
	stretch := func(v, low, high float64) float64 {
		if high-low < 1e-9 {
			return size / 2
		}
		return margin + (v-low)/(high-low)*(size-2*margin)
	}
	for i, p := range at {
		at[i] = point{stretch(p.x, low.x, high.x), stretch(p.y, low.y, high.y)}
	}
	return at
}

// overlayPicture draws the overlay as SVG: a dot a supernode, the larger the more peers it has, the warmer the more packets it
// handled; a ring is one that is down. note says how much of it is shown.
func overlayPicture(o *record.Overlay) (svg template.HTML, note string) {
	if o == nil || len(o.Nodes) == 0 {
		return "", ""
	}
	shown, around := sample(o)
	index := make(map[int]int, len(shown))
	for i, n := range shown {
		index[n] = i
	}
	links, count := make([][]int, len(shown)), 0
	for i, n := range shown {
		for _, m := range around[n] {
			if j, ok := index[m]; ok {
				links[i] = append(links[i], j)
				count++
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="The overlay: %d supernodes and %d links">`, size, size, len(shown), count/2)
	at := layout(links)
	for i := range links {
		for _, j := range links[i] {
			if i < j {
				fmt.Fprintf(&b, `<line class="edge" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, at[i].x, at[i].y, at[j].x, at[j].y)
			}
		}
	}
	peers, load := 1, 1
	for _, n := range o.Nodes {
		peers, load = max(peers, n.Peers), max(load, n.Load)
	}
	small := min(1, 6/math.Sqrt(float64(len(shown)))+0.25)
	for i, n := range shown {
		node, class := o.Nodes[n], "node"
		if !node.Up {
			class += " down"
		}
		radius := small * (5 + 9*math.Sqrt(float64(max(node.Peers, 0))/float64(peers)))
		fmt.Fprintf(&b, `<circle class="%s" cx="%.1f" cy="%.1f" r="%.1f" fill="%s"><title>%s: %d links, %d peers, %d files, %d packets%s</title></circle>`,
			class, at[i].x, at[i].y, radius, warmth(float64(node.Load)/float64(load)), html.EscapeString(node.Name),
			len(around[n]), node.Peers, node.Files, node.Load, map[bool]string{false: ", down"}[node.Up])
	}
	b.WriteString("</svg>")
	note = fmt.Sprintf("%d supernodes and %d links", len(o.Nodes), len(o.Edges))
	if len(shown) < len(o.Nodes) {
		note += fmt.Sprintf(", of which the %d supernodes are shown that are nearest to the busiest one", len(shown))
	}
	return template.HTML(b.String()), note //nolint:gosec // names are escaped, and the rest are numbers
}

// warmth is a color from blue (0) to red (1).
func warmth(share float64) string {
	share = min(max(share, 0), 1)
	return fmt.Sprintf("hsl(%d,70%%,50%%)", int(math.Round(220*(1-math.Sqrt(share)))))
}
