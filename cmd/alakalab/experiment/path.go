package experiment

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"alakazaam/config"
)

// step is one part of a path such as faults[0].for or faults[split].for.
type step struct {
	name  string // of a key; empty for an item
	index string // of an item: a number, or its id
}

// pathForm is what a path looks like.
var pathForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\[[A-Za-z0-9_-]+\]|\.[A-Za-z0-9_-]+)*$`)

func parsePath(path string) ([]step, error) {
	if len(path) > 200 || !pathForm.MatchString(path) {
		return nil, fmt.Errorf("%s is no path, such as topology.peers.count, workload[0].ttl or faults[split].for", config.Quote(path))
	}
	var out []step
	for part := range strings.SplitSeq(path, ".") {
		name, rest, _ := strings.Cut(part, "[")
		out = append(out, step{name: name})
		for index := range strings.SplitSeq(rest, "[") {
			if index != "" {
				out = append(out, step{index: strings.TrimSuffix(index, "]")})
			}
		}
	}
	return out, nil
}

// put gives the tree with another value at a path. Sections that are not there yet are made; items of lists are not.
func put(n *node, steps []step, value *node) (*node, error) {
	if len(steps) == 0 {
		return value, nil
	}
	s := steps[0]
	if s.name != "" {
		return putKey(n, s.name, steps[1:], value)
	}
	if n == nil || n.kind != listNode {
		return nil, fmt.Errorf("there is no list for [%s]", s.index)
	}
	i := n.item(s.index)
	if i < 0 {
		return nil, fmt.Errorf("there is no [%s] in a list of %d", s.index, len(n.items))
	}
	changed, err := put(n.items[i], steps[1:], value)
	if err != nil {
		return nil, err
	}
	out := *n
	out.items = append([]*node(nil), n.items...)
	out.items[i] = changed
	return &out, nil
}

func putKey(n *node, name string, rest []step, value *node) (*node, error) {
	switch {
	case n == nil || n.kind == nullNode:
		n = &node{kind: sectionNode, place: value.place}
	case n.kind != sectionNode:
		return nil, fmt.Errorf("%s stands where a section with %s would be", n.describe(), config.Quote(name))
	}
	changed, err := put(n.get(name), rest, value)
	if err != nil {
		return nil, err
	}
	return n.with(name, value.place, changed), nil
}

// item finds an item by its number or its id; -1 where there is none.
func (n *node) item(index string) int {
	if i, err := strconv.Atoi(index); err == nil {
		if i >= 0 && i < len(n.items) {
			return i
		}
		return -1
	}
	for i, item := range n.items {
		if id := item.get("id"); id != nil && id.text == index {
			return i
		}
	}
	return -1
}
