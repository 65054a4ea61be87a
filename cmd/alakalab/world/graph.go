package world

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/graph/graphs/gen"
	"gonum.org/v1/gonum/graph/simple"
)

// tries is how often a random graph is drawn until it is connected.
const tries = 100

// errGraph is the error of a graph that cannot be.
var errGraph = errors.New("no such graph")

// regular gives a random connected graph in which each of n nodes has degree neighbors: stubs are paired at random, and
// pairings with loops, double edges or several parts are drawn again.
func regular(r *rand.Rand, n, degree int) ([][2]int, error) {
	if degree >= n || n*degree%2 != 0 || degree < 1 || degree == 1 && n > 2 {
		return nil, fmt.Errorf("%d nodes with %d neighbors each: %w", n, degree, errGraph)
	}
	for range tries {
		stubs := make([]int, 0, n*degree)
		for i := range n * degree {
			stubs = append(stubs, i/degree)
		}
		if edges, ok := pair(r, stubs); ok && connected(n, edges) {
			return edges, nil
		}
	}
	return nil, fmt.Errorf("%d nodes with %d neighbors each: none is connected: %w", n, degree, errGraph)
}

// pair joins stubs two by two at random, and gives up where none of what is left fits.
func pair(r *rand.Rand, stubs []int) ([][2]int, bool) {
	taken := make(map[[2]int]bool)
	var edges [][2]int
	remove := func(i int) {
		stubs[i] = stubs[len(stubs)-1]
		stubs = stubs[:len(stubs)-1]
	}
	for misses := 0; len(stubs) > 0 && misses < 1000; misses++ {
		i, j := r.IntN(len(stubs)), r.IntN(len(stubs))
		e := ordered(stubs[i], stubs[j])
		if e[0] == e[1] || taken[e] {
			continue
		}
		misses = 0
		taken[e] = true
		edges = append(edges, e)
		remove(max(i, j))
		remove(min(i, j))
	}
	return edges, len(stubs) == 0
}

func ordered(a, b int) [2]int { return [2]int{min(a, b), max(a, b)} }

// gnp gives a graph of n nodes of which each pair is joined with the probability that makes the mean degree as given. Parts
// that are left are joined by an edge each between two of their nodes.
func gnp(r *rand.Rand, n int, degree float64) ([][2]int, error) {
	if n < 2 || degree <= 0 || degree > float64(n-1) {
		return nil, fmt.Errorf("%d nodes with %g neighbors on average: %w", n, degree, errGraph)
	}
	g := simple.NewUndirectedGraph()
	if err := gen.Gnp(g, n, degree/float64(n-1), r); err != nil {
		return nil, fmt.Errorf("gnp: %w", err)
	}
	edges := edgesOf(g)
	p := newParts(n)
	for _, e := range edges {
		p.join(e[0], e[1])
	}
	for i := 1; i < n; i++ {
		if j := r.IntN(i); p.join(i, j) {
			edges = append(edges, [2]int{j, i})
		}
	}
	return edges, nil
}

// powerLaw gives a graph that grows by preferential attachment: each node joins m earlier ones.
func powerLaw(r *rand.Rand, n, m int) ([][2]int, error) {
	if n <= m {
		return nil, fmt.Errorf("%d nodes that bring %d links each: %w", n, m, errGraph)
	}
	edges := mesh(m + 1)
	var ends []int // each node as often as it has neighbors
	for _, e := range edges {
		ends = append(ends, e[0], e[1])
	}
	for i := m + 1; i < n; i++ {
		var to []int
		for len(to) < m {
			if t := ends[r.IntN(len(ends))]; !slices.Contains(to, t) {
				to = append(to, t)
			}
		}
		for _, t := range to {
			edges = append(edges, [2]int{t, i})
			ends = append(ends, t, i)
		}
	}
	return edges, nil
}

// edgesOf lists a graph's edges in order.
func edgesOf(g *simple.UndirectedGraph) [][2]int {
	var edges [][2]int
	for all := g.Edges(); all.Next(); {
		e := all.Edge()
		edges = append(edges, ordered(int(e.From().ID()), int(e.To().ID())))
	}
	slices.SortFunc(edges, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	return edges
}

// lattice gives n nodes in rows of w, each joined to those beside, above and below it.
func lattice(n, w int) [][2]int {
	var edges [][2]int
	for i := range n {
		if (i+1)%w != 0 && i+1 < n {
			edges = append(edges, [2]int{i, i + 1})
		}
		if i+w < n {
			edges = append(edges, [2]int{i, i + w})
		}
	}
	return edges
}

func line(n int) [][2]int { return lattice(n, max(n, 1)) }

func ring(n int) [][2]int {
	if n < 3 {
		return line(n)
	}
	return append(line(n), [2]int{0, n - 1})
}

func star(n int) (edges [][2]int) {
	for i := 1; i < n; i++ {
		edges = append(edges, [2]int{0, i})
	}
	return edges
}

// tree gives a tree in which each node but the last ones has as many children.
func tree(n, children int) (edges [][2]int) {
	for i := 1; i < n; i++ {
		edges = append(edges, [2]int{(i - 1) / children, i})
	}
	return edges
}

func mesh(n int) (edges [][2]int) {
	for i := range n {
		for j := range i {
			edges = append(edges, [2]int{j, i})
		}
	}
	return edges
}

func connected(n int, edges [][2]int) bool {
	parts, left := newParts(n), n
	for _, e := range edges {
		if parts.join(e[0], e[1]) {
			left--
		}
	}
	return left <= 1
}

// parts are the components of a graph.
type parts []int

func newParts(n int) parts {
	p := make(parts, n)
	for i := range p {
		p[i] = i
	}
	return p
}

func (p parts) root(i int) int {
	for p[i] != i {
		p[i] = p[p[i]]
		i = p[i]
	}
	return i
}

// join says whether the two were in different components.
func (p parts) join(a, b int) bool {
	a, b = p.root(a), p.root(b)
	p[a] = b
	return a != b
}
