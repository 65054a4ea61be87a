package config

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// maxAliases is how many aliases may lead to one another.
const maxAliases = 8

// walker goes through the tree of a file along the structure of Config and of the records in it. What is not in that structure is not entered,
// so the time is bounded by the file's size whatever its aliases multiply.
type walker struct {
	*loader
	file    *yamlFile
	anchors map[string][]*ast.AnchorNode // by name, in the order of the file
}

// anchorsIn finds the anchors below n.
func anchorsIn(n ast.Node) map[string][]*ast.AnchorNode {
	found := make(anchorFinder)
	ast.Walk(found, n)
	return found
}

type anchorFinder map[string][]*ast.AnchorNode

// Visit implements ast.Visitor.
func (f anchorFinder) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AnchorNode); ok && a.Name != nil {
		name := a.Name.GetToken().Value
		f[name] = append(f[name], a)
	}
	return f
}

// at is where a value begins.
func (w *walker) at(n ast.Node) origin {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if m, ok := n.(*ast.MappingValueNode); ok {
		n = m.Key
	}
	return w.file.token(n.GetToken())
}

// resolve follows anchors and aliases to a value. place is where the value is used. It reports what it cannot follow.
func (w *walker) resolve(path string, n ast.Node) (value ast.Node, place origin, ok bool) {
	place = w.at(n)
	for range maxAliases {
		switch v := n.(type) {
		case *ast.AnchorNode:
			n = v.Value
			if place == w.at(v) {
				place = w.at(n)
			}
		case *ast.AliasNode:
			name := v.Value.GetToken().Value
			anchor := w.anchor(name, v.GetToken())
			if anchor == nil {
				w.report(path, place, fmt.Sprintf("there is no anchor %s before this", quote("&"+name)), "")
				return nil, place, false
			}
			n = anchor.Value
		case *ast.TagNode:
			w.report(path, place, fmt.Sprintf("tags such as %s are not used in a configuration", quote(v.GetToken().Value)), "")
			return nil, place, false
		default:
			return n, place, true
		}
	}
	w.report(path, place, "this alias leads to itself", "")
	return nil, place, false
}

// anchor is the last of that name before the alias.
func (w *walker) anchor(name string, alias *token.Token) (found *ast.AnchorNode) {
	for _, a := range w.anchors[name] {
		if a.GetToken().Position.Offset < alias.Position.Offset {
			found = a
		}
	}
	return found
}

// section takes the keys of a section.
func (w *walker) section(n *node, v ast.Node) {
	v, place, ok := w.resolve(n.path, v)
	if !ok {
		return
	}
	pairs, ok := pairsOf(v)
	if !ok {
		what := n.path
		if n == schema.root {
			what = "the file"
			w.unread = true
		}
		w.report(n.path, place, fmt.Sprintf("%s has to be keys with values, not %s", what, describe(v)), "")
		return
	}
	names := make(map[string]bool)
	for _, p := range pairs {
		names[p.Key.GetToken().Value] = true
	}
	seen := make(map[string]int)
	for _, p := range pairs {
		if w.full() {
			return
		}
		w.pair(n, p, names, seen)
	}
}

// pairsOf gives the keys and values of a section, none for one that is left empty.
func pairsOf(v ast.Node) ([]*ast.MappingValueNode, bool) {
	switch v := v.(type) {
	case *ast.MappingNode:
		return v.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{v}, true
	case *ast.NullNode:
		return nil, true
	}
	return nil, false
}

// pair takes one key with its value. names are all keys of the section in the file, and seen has the lines of those
// before.
func (w *walker) pair(n *node, p *ast.MappingValueNode, names map[string]bool, seen map[string]int) {
	at := w.file.token(p.Key.GetToken())
	switch p.Key.(type) {
	case *ast.MergeKeyNode:
		w.report(n.path, at, "merge keys (<<) are not used in a configuration", "write the keys out")
		return
	case *ast.MappingKeyNode, *ast.AliasNode, *ast.AnchorNode, *ast.TagNode:
		w.report(n.path, at, "a key has to be a plain word", "")
		return
	}
	name := p.Key.GetToken().Value
	path := name
	if n.path != "" {
		path = n.path + "." + name
	}
	if first, twice := seen[name]; twice {
		w.report(path, at, fmt.Sprintf("key %s stands twice, first in line %d", quote(path), first), "")
		return
	}
	seen[name] = at.line
	c := n.child(name)
	if c == nil {
		hint, meant := suggest(n, name)
		w.report(path, at, "unknown key "+quote(path), hint)
		if meant == nil || meant.field != nil || names[meant.name] {
			return
		}
		names[meant.name] = true // what is wrong inside is worth knowing, too; but not twice
		c = meant
	}
	switch {
	case c.field == nil:
		w.section(c, p.Value)
	case c.field.record != nil:
		w.records(c.field, p.Value)
	case c.field.list:
		w.list(c.field, p.Value)
	default:
		w.scalar(c.field, p.Value)
	}
}

// scalar takes the value of a key that is no list.
func (w *walker) scalar(f *field, v ast.Node) {
	v, place, ok := w.resolve(f.path, v)
	if !ok {
		w.broken[f.path] = true
		return
	}
	text, wrong := f.textOf(-1, v)
	if wrong == nil {
		var value any
		if value, wrong = f.parse(text); wrong == nil {
			w.assign(f, place, value)
			return
		}
	}
	w.refuse(f, place, wrong)
}

// list takes the value of a key that is a list. Nothing at all is an empty one.
func (w *walker) list(f *field, v ast.Node) {
	v, place, ok := w.resolve(f.path, v)
	if !ok {
		w.broken[f.path] = true
		return
	}
	var items []string
	good, seen := true, make(map[string]int)
	switch v := v.(type) {
	case *ast.NullNode:
	case *ast.SequenceNode:
		for i, item := range v.Values {
			text, ok := w.item(f, i, item, seen)
			items, good = append(items, text), good && ok
		}
	default:
		hint := ""
		if s, ok := v.(*ast.StringNode); ok {
			hint = fmt.Sprintf("write [%s]", quote(s.Value))
		}
		w.refuse(f, place, f.refuse(-1, describe(v), hint))
		return
	}
	if good {
		w.store(f, place, items)
	}
}

// item takes an item of a list. seen holds the places of those before it.
func (w *walker) item(f *field, i int, v ast.Node, seen map[string]int) (text string, ok bool) {
	v, place, ok := w.resolve(fmt.Sprintf("%s[%d]", f.path, i), v)
	if !ok {
		w.broken[f.path] = true
		return "", false
	}
	text, wrong := f.textOf(i, v)
	if wrong == nil {
		wrong = f.checkItem(i, text, seen)
	}
	if wrong != nil {
		w.refuse(f, place, wrong)
	}
	return text, wrong == nil
}

// textOf gives the text of a value that is of the right YAML type for f. A number or a truth value in quotes is a
// text, and a number without them is none; a duration or a size may stand in quotes or not.
func (f *field) textOf(item int, v ast.Node) (string, *fault) {
	raw := v.GetToken().Value
	switch v := v.(type) {
	case *ast.StringNode:
		if quoted(v) && (f.kind == kindNumber || f.kind == kindBool) {
			return "", f.refuse(item, "the text "+quote(v.Value), "leave out the quotes")
		}
		return v.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode, *ast.BoolNode:
		_, truth := v.(*ast.BoolNode)
		switch {
		case f.form == "port": // the one text that is all digits
			return raw, nil
		case f.kind == kindText:
			hint, ok := f.checkText(raw)
			if ok {
				hint = fmt.Sprintf("write %s, in quotes", quote(raw))
			}
			return "", f.refuse(item, describe(v), hint)
		case truth != (f.kind == kindBool):
			return "", f.refuse(item, describe(v), "")
		}
		return raw, nil
	case *ast.NullNode:
		hint := "leave the key out for its default"
		if f.kind == kindText && f.zero != "" {
			hint += `, or write "" for "` + f.zero + `"`
		}
		return "", f.refuse(item, "nothing", hint)
	}
	return "", f.refuse(item, describe(v), "")
}

func quoted(s *ast.StringNode) bool {
	t := s.GetToken().Type
	return t == token.SingleQuoteType || t == token.DoubleQuoteType
}

// describe says what a value is.
func describe(v ast.Node) string {
	switch v := v.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys with values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.StringNode:
		return "the text " + quote(v.Value)
	case *ast.BoolNode:
		return "the truth value " + v.GetToken().Value
	}
	return "the number " + strings.Trim(quote(v.GetToken().Value), `"`)
}
