package experiment

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"alakazaam/config"
)

// maxNodes is how many values a file may have after its aliases are expanded.
const maxNodes = 50_000

// node is a value of a file. The trees of the file, its preset, --set and the matrix are laid over one another before
// anything is read into structures, so each value knows where it is from. It does not change once it is built; what lays
// over makes new ones.
type node struct {
	kind   nodeKind
	text   string // of a scalar
	quoted bool   // a scalar in quotes
	items  []*node
	pairs  []pair
	place  place
}

type nodeKind uint8

const (
	nullNode nodeKind = iota
	scalarNode
	listNode
	sectionNode
)

// pair is a key of a section.
type pair struct {
	name  string
	place place
	value *node
}

// place is where a value or a key was given.
type place struct {
	doc          *config.Document
	line, column int
	set          string // --set with its value, instead
}

// problem is what is wrong at the place.
func (p place) problem(key, message, hint string) config.Problem {
	if p.doc == nil {
		file, _, _ := strings.Cut(p.set, " ")
		return config.Problem{File: file, Key: key, Text: p.set, Message: message, Hint: hint}
	}
	return p.doc.Problem(p.line, p.column, key, message, hint)
}

// get gives the value of a key; nil where it has none.
func (n *node) get(name string) *node {
	for _, p := range n.pairs {
		if p.name == name {
			return p.value
		}
	}
	return nil
}

// with gives the section with another value for a key.
func (n *node) with(name string, at place, value *node) *node {
	out := *n
	out.pairs = nil
	found := false
	for _, p := range n.pairs {
		if p.name == name {
			p.value, p.place, found = value, at, true
		}
		out.pairs = append(out.pairs, p)
	}
	if !found {
		out.pairs = append(out.pairs, pair{name, at, value})
	}
	return &out
}

// describe says what a value is.
func (n *node) describe() string {
	switch n.kind {
	case sectionNode:
		return "keys with values"
	case listNode:
		return "a list"
	case nullNode:
		return "nothing"
	}
	return config.Quote(n.text)
}

// over lays a tree over another one: sections are merged, anything else takes the place of what is below. Sections of
// different kinds have nothing in common, and are not merged.
func over(below, above *node) *node {
	if below == nil || below.kind != sectionNode || above.kind != sectionNode || !alike(below, above) {
		return above
	}
	out := below
	for _, p := range above.pairs {
		out = out.with(p.name, p.place, over(below.get(p.name), p.value))
	}
	merged := *out
	merged.place = above.place
	return &merged
}

// alike says whether two sections are of the same kind, as far as they say it.
func alike(a, b *node) bool {
	for _, key := range []string{"kind", "dist", "mode", "names"} {
		x, y := a.get(key), b.get(key)
		if y != nil && (x == nil || x.text != y.text) {
			return false
		}
	}
	return true
}

// builder makes a tree of nodes of what the parser has found.
type builder struct {
	doc      *config.Document
	anchors  map[string]*node
	left     int // nodes that may still be made
	problems problems
}

// build gives the document's tree; an empty one is an empty section.
func build(doc *config.Document, into *problems) *node {
	b := &builder{doc: doc, anchors: make(map[string]*node), left: maxNodes}
	root := &node{kind: sectionNode, place: place{doc: doc}}
	if doc.Body != nil {
		if n := b.node(doc.Body); n != nil && n.kind != nullNode {
			root = n
		}
	}
	into.all = append(into.all, b.problems.all...)
	return root
}

func (b *builder) place(t *token.Token) place {
	return place{doc: b.doc, line: t.Position.Line, column: t.Position.Column}
}

// node makes a node. What it cannot make is reported, and nil.
func (b *builder) node(v ast.Node) *node {
	at := b.place(v.GetToken())
	if b.left--; b.left < 0 {
		if b.left == -1 {
			b.problems.report(at, "", fmt.Sprintf("there are more than %d values, those of aliases counted", maxNodes), "")
		}
		return nil
	}
	switch v := v.(type) {
	case *ast.AnchorNode:
		n := b.node(v.Value)
		if n != nil && v.Name != nil {
			b.anchors[v.Name.GetToken().Value] = n
		}
		return n
	case *ast.AliasNode:
		return b.alias(v, at)
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			at = b.place(v.Values[0].Key.GetToken())
		}
		return b.section(at, v.Values)
	case *ast.MappingValueNode:
		return b.section(b.place(v.Key.GetToken()), []*ast.MappingValueNode{v})
	case *ast.SequenceNode:
		n := &node{kind: listNode, place: at}
		for _, item := range v.Values {
			if i := b.node(item); i != nil {
				n.items = append(n.items, i)
			}
		}
		return n
	case *ast.NullNode:
		return &node{place: at}
	case *ast.StringNode:
		t := v.GetToken().Type
		quoted := t == token.SingleQuoteType || t == token.DoubleQuoteType
		return &node{kind: scalarNode, text: v.Value, quoted: quoted, place: at}
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode, *ast.BoolNode:
		return &node{kind: scalarNode, text: v.GetToken().Value, place: at}
	}
	b.problems.report(at, "", fmt.Sprintf("%s is not used here", config.Quote(v.GetToken().Value)), "")
	return nil
}

// alias gives what an anchor before it stands for.
func (b *builder) alias(v *ast.AliasNode, at place) *node {
	name := v.Value.GetToken().Value
	n := b.anchors[name]
	if n == nil {
		b.problems.report(at, "", fmt.Sprintf("there is no anchor %s before this", config.Quote("&"+name)), "")
		return nil
	}
	b.left -= n.count()
	if b.left < 0 {
		b.problems.report(at, "", fmt.Sprintf("there are more than %d values, those of aliases counted", maxNodes), "")
		return nil
	}
	return n
}

// count is how many values there are below a node. A node that an alias shares is counted each time, so a builder asks
// for it only while that is bounded.
func (n *node) count() int {
	total := 1
	for _, i := range n.items {
		total += i.count()
	}
	for _, p := range n.pairs {
		total += p.value.count()
	}
	return total
}

func (b *builder) section(at place, values []*ast.MappingValueNode) *node {
	n := &node{kind: sectionNode, place: at}
	seen := make(map[string]int)
	for _, v := range values {
		key := v.Key.GetToken()
		switch v.Key.(type) {
		case *ast.MergeKeyNode:
			b.problems.report(b.place(key), "", "merge keys (<<) are not used here", "write the keys out")
			continue
		case *ast.MappingKeyNode, *ast.AliasNode, *ast.AnchorNode, *ast.TagNode:
			b.problems.report(b.place(key), "", "a key has to be a plain word", "")
			continue
		}
		if first, twice := seen[key.Value]; twice {
			b.problems.report(b.place(key), key.Value, fmt.Sprintf("key %s stands twice, first in line %d", config.Quote(key.Value), first), "")
			continue
		}
		seen[key.Value] = key.Position.Line
		if value := b.node(v.Value); value != nil {
			n.pairs = append(n.pairs, pair{key.Value, b.place(key), value})
		}
	}
	return n
}
