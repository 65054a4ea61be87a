package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

// node is a key as the structure has it: a section with children, or a field with a value.
type node struct {
	name     string // as in the file: "ttl"
	path     string // from the root: "search.ttl"
	goName   string // "Search.TTL", by which its documentation is found
	children []*node
	field    *field // nil for a section
	tree     *tree  // that it belongs to
}

// doc is what the key means, on one line.
func (n *node) doc() string { return docs()[n.goName] }

// child is the key of that name in a section.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// kind is how a value is written.
type kind uint8

const (
	kindText kind = iota
	kindNumber
	kindBool
	kindDuration
	kindSize
	kindProbability
	kindRecords
)

// Probability is a share of 1; written as 0.05 or as 5%.
type Probability float64

// field is what a key with a value takes, and where the value is.
type field struct {
	*node
	index    []int // of the value in its structure, for reflection
	kind     kind
	list     bool         // of texts, or of records
	record   reflect.Type // of each record in a list of them; else nil
	min, max int64        // of a number, a duration in nanoseconds or a size
	bounded  bool         // whether the range is more than what the type can hold
	form     string       // of a text, or of each in a list
	unit     string       // of a number or size
	zero     string       // what 0 or an empty text means; empty where neither is special
	reload   bool         // whether it can change while a node runs
}

// tree is the structure of Config, or of a record in it.
type tree struct {
	root   *node
	fields []*field          // in the order of the file
	byPath map[string]*field // "search.ttl"
}

// schema is derived from Config and its tags once. A tag that makes no sense panics, so no test can pass with one.
var schema = newTree("", reflect.TypeFor[Config]())

// newTree is the structure t of what stands at a path.
func newTree(path string, t reflect.Type) *tree {
	s := &tree{root: &node{path: path}, byPath: make(map[string]*field)}
	s.root.tree = s
	s.grow(s.root, t, nil)
	return s
}

// grow adds the fields of the structure t to the section n.
func (s *tree) grow(n *node, t reflect.Type, index []int) {
	for i := range t.NumField() {
		sf := t.Field(i)
		if !sf.IsExported() {
			continue // derived from the others
		}
		name, at := sf.Tag.Get("yaml"), slices.Concat(index, []int{i})
		c := &node{name: name, path: strings.TrimPrefix(n.path+"."+name, "."), goName: t.Name() + "." + sf.Name, tree: s}
		n.children = append(n.children, c)
		if sf.Type.Kind() == reflect.Struct {
			s.grow(c, sf.Type, at)
			continue
		}
		c.field = newField(c, sf, at)
		s.fields = append(s.fields, c.field)
		s.byPath[c.path] = c.field
	}
}

func newField(n *node, sf reflect.StructField, index []int) *field {
	f := &field{
		node: n, index: index, form: sf.Tag.Get("form"), unit: sf.Tag.Get("unit"), zero: sf.Tag.Get("zero"),
		reload: sf.Tag.Get("reload") == "yes",
	}
	switch t := sf.Type; {
	case t == reflect.TypeFor[time.Duration]():
		f.kind, f.max = kindDuration, math.MaxInt64
	case t == reflect.TypeFor[Size]():
		f.kind, f.max = kindSize, math.MaxInt64
	case t == reflect.TypeFor[Probability]():
		f.kind = kindProbability
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		f.kind, f.list, f.record = kindRecords, true, t.Elem()
	case t.Kind() == reflect.Bool:
		f.kind = kindBool
	case t.Kind() == reflect.String:
		f.kind = kindText
	case t == reflect.TypeFor[[]string]():
		f.kind, f.list = kindText, true
	case t.ConvertibleTo(reflect.TypeFor[int]()):
		f.kind, f.max = kindNumber, math.MaxInt32
	default:
		panic(fmt.Sprintf("config: no way to write a %s (%s)", t, n.path))
	}
	if bounds, ok := sf.Tag.Lookup("range"); ok {
		low, high, _ := strings.Cut(bounds, "..")
		f.min, f.max, f.bounded = f.bound(low), f.bound(high), true
	}
	return f
}

// bound reads one end of a tag range.
func (f *field) bound(text string) int64 {
	n, err := f.number(text)
	if err != nil {
		panic(fmt.Sprintf("config: range of %s: %q", f.path, text))
	}
	return n
}

// get is the value of the field in the structure that c points to: a string, []string, bool, the int64 behind a number,
// duration or size, the float64 behind a probability, or a list of records.
func (f *field) get(c any) any {
	v := reflect.ValueOf(c).Elem().FieldByIndex(f.index)
	switch {
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return int64(v.Uint())
	case v.CanFloat():
		return v.Float()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case f.list:
		return v.Interface()
	}
	return v.String()
}

// set stores a value of the types that get has, and which fits the field's range.
func (f *field) set(c any, value any) {
	v := reflect.ValueOf(c).Elem().FieldByIndex(f.index)
	v.Set(reflect.ValueOf(value).Convert(v.Type()))
}
