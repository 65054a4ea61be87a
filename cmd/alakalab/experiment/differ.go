package experiment

import (
	"fmt"
	"reflect"
	"slices"
)

// Difference is one value in which two experiments differ. A or B is empty where one has no such value.
type Difference struct {
	Path string `json:"path"` // as --set has it
	A    string `json:"a"`
	B    string `json:"b"`
}

// Differences are the values in which two experiments differ, in the order of the file; seeds and what is drawn do not count.
func Differences(a, b *Experiment) (out []Difference) {
	var paths []string
	values := [2]map[string]string{}
	for i, e := range [2]*Experiment{a, b} {
		values[i] = make(map[string]string)
		flatten("", encode(reflect.ValueOf(*e), nil), func(path, value string) {
			values[i][path] = value
			if i == 0 || !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		})
	}
	for _, p := range paths {
		if values[0][p] != values[1][p] {
			out = append(out, Difference{Path: p, A: values[0][p], B: values[1][p]})
		}
	}
	return out
}

// flatten calls f for each value below a node.
func flatten(path string, n *node, f func(path, value string)) {
	if path == "seeds" || path == "report" || path == "about" {
		return
	}
	if len(n.pairs)+len(n.items) == 0 {
		f(path, flowText(n))
	}
	for _, p := range n.pairs {
		name := p.name
		if path != "" {
			name = path + "." + name
		}
		if path == "matrix" {
			name = fmt.Sprintf("matrix[%s]", p.name)
		}
		flatten(name, p.value, f)
	}
	for i, item := range n.items {
		flatten(fmt.Sprintf("%s[%d]", path, i), item, f)
	}
}
