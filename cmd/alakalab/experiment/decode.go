package experiment

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"alakazaam/config"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[config.Size]()
)

// decoder reads a tree into structures along their fields, and reports whatever does not fit.
type decoder struct {
	problems
	places map[string]place // of what was read, by path
	broken []string         // paths whose values were refused
}

func newDecoder() *decoder { return &decoder{places: make(map[string]place)} }

// refuse reports a value that cannot be taken.
func (d *decoder) refuse(path string, n *node, wants, hint string) {
	d.broken = append(d.broken, path)
	d.report(n.place, path, fmt.Sprintf("%s has to be %s, not %s", path, wants, n.describe()), hint)
}

// wrong reports what else is wrong with a value.
func (d *decoder) wrong(path string, n *node, message, hint string) {
	d.broken = append(d.broken, path)
	d.report(n.place, path, message, hint)
}

// value reads a node into v, which holds the default.
func (d *decoder) value(path string, n *node, v reflect.Value, f *field) {
	if d.full() {
		return
	}
	d.places[path] = n.place
	if read := readers[v.Type()]; read != nil {
		read(d, path, n, v, f)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(path, n, v)
	case reflect.Pointer:
		if n.kind == nullNode {
			return
		}
		v.Set(reflect.ValueOf(initial(v.Type().Elem())))
		d.structure(path, n, v.Elem())
	case reflect.Interface:
		d.union(path, n, v)
	case reflect.Slice:
		d.list(path, n, v, f)
	default:
		d.scalar(path, n, v, f)
	}
}

// initial is a pointer to a new structure with its defaults.
func initial(t reflect.Type) any {
	switch t {
	case reflect.TypeFor[Churning]():
		c := defaultChurning()
		return &c
	case reflect.TypeFor[Operation]():
		o := defaultOperation()
		return &o
	case reflect.TypeFor[Selector]():
		return &Selector{Mode: All}
	}
	return reflect.New(t).Interface()
}

// section says whether n can be a section. Nothing at all is an empty one.
func (d *decoder) section(path string, n *node) bool {
	if n.kind == sectionNode || n.kind == nullNode {
		return true
	}
	what := path
	if what == "" {
		what = "the file"
	}
	d.broken = append(d.broken, path)
	d.report(n.place, path, fmt.Sprintf("%s has to be keys with values, not %s", what, n.describe()), "")
	return false
}

// structure reads a section.
func (d *decoder) structure(path string, n *node, v reflect.Value) {
	if !d.section(path, n) {
		return
	}
	fields := fieldsOf(v.Type())
	targets := []reflect.Value{v}
	for _, f := range fields {
		if !f.inline {
			continue
		}
		made, ok := d.choose(path, n, v.Field(f.index))
		if !ok {
			return // of what is unknown no key is known
		}
		targets = append(targets, made.Elem())
	}
	d.keys(path, n, targets)
}

// union reads a section of which the key kind says what it is.
func (d *decoder) union(path string, n *node, v reflect.Value) {
	if !d.section(path, n) {
		return
	}
	if made, ok := d.choose(path, n, v); ok {
		d.keys(path, n, []reflect.Value{made.Elem()})
	}
}

// choose puts into v a new structure of the kind that the section names, or of the one that is there already.
func (d *decoder) choose(path string, n *node, v reflect.Value) (made reflect.Value, ok bool) {
	members := unions[v.Type()]
	var names []string
	for _, m := range members {
		names = append(names, m.name)
	}
	kind := n.get("kind")
	if kind != nil {
		d.places[join(path, "kind")] = kind.place
	}
	switch {
	case kind == nil && v.IsNil():
		d.wrong(path, n, fmt.Sprintf("%s has no kind: it is one of %s", path, strings.Join(names, ", ")), "")
		return v, false
	case kind == nil || kind.kind == scalarNode && kind.text == kindOf(v.Interface()):
		// One that is there holds defaults of its own, which may be shared.
		fresh := reflect.New(v.Elem().Type().Elem())
		fresh.Elem().Set(v.Elem().Elem())
		v.Set(fresh)
		return fresh, true
	}
	for _, m := range members {
		if kind.kind == scalarNode && kind.text == m.name {
			made = reflect.ValueOf(m.make())
			v.Set(made)
			return made, true
		}
	}
	d.wrong(path+".kind", kind, fmt.Sprintf("unknown kind %s of %s", kind.describe(), path), meant(kind.text, names, "the kinds are"))
	d.broken = append(d.broken, path)
	return v, false
}

// keys reads the keys of a section into the fields of structures.
func (d *decoder) keys(path string, n *node, targets []reflect.Value) {
	taken := make(map[string]bool)
	var names []string
	union := false
	for _, t := range targets {
		for _, f := range fieldsOf(t.Type()) {
			if !f.inline {
				names = append(names, f.name)
			}
		}
		union = union || kindOf(t.Addr().Interface()) != ""
	}
	for _, t := range targets {
		for _, f := range fieldsOf(t.Type()) {
			value := n.get(f.name)
			switch {
			case f.inline:
			case value != nil:
				taken[f.name] = true
				d.value(join(path, f.name), value, t.Field(f.index), f)
			case f.need:
				d.missing(path, n, f.name, names)
			}
		}
	}
	for _, p := range n.pairs {
		if taken[p.name] || union && p.name == "kind" {
			continue
		}
		key := join(path, p.name)
		d.broken = append(d.broken, key)
		d.report(p.place, key, "unknown key "+config.Quote(key)+of(targets), meant(p.name, names, "the keys here are"))
	}
}

// of says of which kind a section is, where there are several.
func of(targets []reflect.Value) string {
	if kind := kindOf(targets[len(targets)-1].Addr().Interface()); kind != "" {
		return " of kind " + kind
	}
	return ""
}

// missing reports a key that has to be there, unless a misspelled one was certainly meant.
func (d *decoder) missing(path string, n *node, name string, names []string) {
	for _, p := range n.pairs {
		if config.DidYouMean(p.name, names) == config.DidYouMean(name, []string{name}) {
			d.broken = append(d.broken, join(path, name))
			return
		}
	}
	what := path
	if what == "" {
		what = "the file"
	}
	d.broken = append(d.broken, join(path, name))
	d.report(n.place, path, fmt.Sprintf("%s has no %s", what, name), "")
}

// maxItems is how long a list may be.
const maxItems = 1000

// list reads a list. One text alone may stand without brackets.
func (d *decoder) list(path string, n *node, v reflect.Value, f *field) {
	element, items := v.Type().Elem(), n.items
	switch {
	case n.kind == nullNode:
		return
	case n.kind == scalarNode && element.Kind() == reflect.String:
		items = []*node{n}
	case n.kind != listNode:
		d.refuse(path, n, "a list", "")
		return
	}
	if len(items) > maxItems {
		d.wrong(path, n, fmt.Sprintf("%s has %d entries, and may have %d", path, len(items), maxItems), "")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	seen := make(map[string]int)
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", path, i)
		if element.Kind() == reflect.Struct {
			v.Index(i).Set(reflect.ValueOf(initial(element)).Elem())
		} else if first, twice := seen[item.text]; twice {
			d.wrong(at, item, fmt.Sprintf("%s is %s, which %s[%d] is already", at, config.Quote(item.text), path, first), "")
			continue
		}
		seen[item.text] = i
		d.value(at, item, v.Index(i), f)
	}
	if len(items) == 0 {
		v.SetZero()
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
