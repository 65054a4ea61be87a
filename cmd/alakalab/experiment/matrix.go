package experiment

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"alakazaam/config"
)

// Bounds of what one file may ask for.
const (
	maxCombinations = 1000
	maxRuns         = 10_000
)

// fixed are the keys that are the same for all runs of a file.
var fixed = []string{"version", "name", "about", "preset", "seeds", "matrix"}

func readMatrix(d *decoder, path string, n *node, v reflect.Value, _ *field) {
	if !d.section(path, n) {
		return
	}
	var out Matrix
	combinations := 1
	for _, p := range n.pairs {
		at := fmt.Sprintf("%s[%s]", path, p.name)
		steps, err := parsePath(p.name)
		switch {
		case err != nil:
			d.broken = append(d.broken, path)
			d.report(p.place, at, "matrix: "+err.Error(), "")
			continue
		case slices.Contains(fixed, steps[0].name):
			d.broken = append(d.broken, path)
			d.report(p.place, at, fmt.Sprintf("matrix: %s is the same for all runs", steps[0].name), "")
			continue
		case p.value.kind != listNode || len(p.value.items) == 0:
			d.refuse(at, p.value, "a list of values", "")
			continue
		}
		axis := Axis{Path: p.name}
		for _, item := range p.value.items {
			text := flowText(item)
			if slices.Contains(axis.Values, text) {
				d.wrong(at, item, fmt.Sprintf("%s has %s twice", at, text), "")
			}
			axis.Values = append(axis.Values, text)
		}
		out = append(out, axis)
		combinations = min(combinations*len(axis.Values), maxRuns+1)
	}
	if combinations > maxCombinations {
		d.wrong(path, n, fmt.Sprintf("the matrix has more than %d combinations", maxCombinations), "")
	}
	v.Set(reflect.ValueOf(out))
}

// tree writes the matrix as in a file.
func (m Matrix) tree() *node {
	n := &node{kind: sectionNode}
	for _, axis := range m {
		list := &node{kind: listNode}
		for _, value := range axis.Values {
			item, err := parseValue("matrix", value)
			if err != nil {
				item = &node{kind: scalarNode, text: value, quoted: true}
			}
			list.items = append(list.items, item)
		}
		n.pairs = append(n.pairs, pair{name: axis.Path, value: list})
	}
	return n
}

// parseValue reads a value that stands alone, as --set gives it.
func parseValue(name, text string) (*node, error) {
	doc, err := config.ParseDocument(name, []byte(text))
	if err != nil {
		return nil, err
	}
	if doc.Body == nil {
		return &node{kind: scalarNode, quoted: true}, nil
	}
	var p problems
	n := build(doc, &p)
	return n, p.err()
}

// combination is one line of the matrix: the values by path.
type combination struct {
	paths  []string
	values []*node
}

// combinations gives all lines of the matrix in the order of the file, the last axis going round first; one without
// anything where there is no matrix.
func combinations(matrix *node) []combination {
	out := []combination{{}}
	if matrix == nil {
		return out
	}
	for _, p := range matrix.pairs {
		var next []combination
		for _, c := range out {
			for _, value := range p.value.items {
				next = append(next, combination{
					paths:  append(slices.Clone(c.paths), p.name),
					values: append(slices.Clone(c.values), value),
				})
			}
		}
		out = next
	}
	return out
}

// apply puts the values into the tree.
func (c combination) apply(root *node, into *problems) *node {
	for i, path := range c.paths {
		steps, err := parsePath(path)
		if err == nil {
			var changed *node
			if changed, err = put(root, steps, c.values[i]); err == nil {
				root = changed
				continue
			}
		}
		into.report(c.values[i].place, path, fmt.Sprintf("%s cannot be set: %s", path, err), "")
	}
	return root
}

// set is the combination as texts by path.
func (c combination) set() map[string]string {
	if len(c.paths) == 0 {
		return nil
	}
	out := make(map[string]string)
	for i, path := range c.paths {
		out[path] = flowText(c.values[i])
	}
	return out
}

// tree writes the arguments by name.
func (a Args) tree() *node {
	n := &node{kind: sectionNode}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		n.pairs = append(n.pairs, pair{name: name, value: &node{kind: scalarNode, text: a[name], quoted: true}})
	}
	return n
}

// words writes a combination for a message.
func (c combination) words() string {
	var parts []string
	for i, path := range c.paths {
		parts = append(parts, path+"="+flowText(c.values[i]))
	}
	return strings.Join(parts, " ")
}
