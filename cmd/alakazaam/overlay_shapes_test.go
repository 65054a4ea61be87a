package main_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// topology is who is whose neighbor.
type topology struct {
	name  string
	nodes int
	edges [][2]int
}

func chainOf(n int) topology {
	t := topology{name: fmt.Sprintf("chain of %d", n), nodes: n}
	for i := range n - 1 {
		t.edges = append(t.edges, [2]int{i, i + 1})
	}
	return t
}

func ringOf(n int) topology {
	t := chainOf(n)
	t.name = fmt.Sprintf("ring of %d", n)
	t.edges = append(t.edges, [2]int{n - 1, 0})
	return t
}

// starOf has its center at the end, so that the first node is a leaf.
func starOf(n int) topology {
	t := topology{name: fmt.Sprintf("star of %d", n), nodes: n}
	for i := range n - 1 {
		t.edges = append(t.edges, [2]int{i, n - 1})
	}
	return t
}

// randomOf is connected, with three or four neighbors each.
func randomOf(n int, seed uint64) topology {
	r := rand.New(rand.NewPCG(seed, 0))
	for {
		t := topology{name: fmt.Sprintf("random %d", n), nodes: n}
		order := r.Perm(n)
		for i := range n {
			t.join(order[i], order[(i+1)%n])
		}
		for range 10 * n { // more than a few of these find no place
			a, b := r.IntN(n), r.IntN(n)
			if full := t.degree(a) > 2 || t.degree(b) > 3; !full {
				t.join(a, b)
			}
		}
		if !slices.ContainsFunc(order, func(i int) bool { return t.degree(i) < 3 }) {
			return t
		}
	}
}

// join makes two nodes neighbors, unless they are, or are the same.
func (t *topology) join(a, b int) {
	e := [2]int{min(a, b), max(a, b)}
	if a != b && !slices.Contains(t.edges, e) {
		t.edges = append(t.edges, e)
	}
}

func (t topology) degree(i int) int { return len(t.neighbors(i)) }

func (t topology) neighbors(i int) (out []int) {
	for _, e := range t.edges {
		switch i {
		case e[0]:
			out = append(out, e[1])
		case e[1]:
			out = append(out, e[0])
		}
	}
	return out
}

// within gives the nodes that can be reached from one where another is missing (-1: none is), the nearest first.
func (t topology) within(from, missing int) []int {
	out := []int{from}
	for i := 0; i < len(out); i++ {
		for _, n := range t.neighbors(out[i]) {
			if n != missing && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// law is how many QUERs a flood to everybody takes.
func (t topology) law() int { return 2*len(t.edges) - t.nodes + 1 }

// tree says whether there is only one way between any two nodes.
func (t topology) tree() bool { return len(t.edges) == t.nodes-1 }
