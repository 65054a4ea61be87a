package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// A list of records is a key whose items have keys themselves, described by the fields of a structure as those of Config
// are. Such a structure may set defaults of its own, by a method setDefaults.

// records takes the value of a key that is a list of records. Nothing at all is an empty one.
func (w *walker) records(f *field, v ast.Node) {
	v, place, ok := w.resolve(f.path, v)
	if !ok {
		w.broken[f.path] = true
		return
	}
	var items []ast.Node
	switch v := v.(type) {
	case *ast.NullNode:
	case *ast.SequenceNode:
		items = v.Values
	default:
		w.refuse(f, place, f.refuse(-1, describe(v), ""))
		return
	}
	if len(items) > MaxFaults {
		w.refuse(f, place, &fault{item: -1, message: fmt.Sprintf("has %d entries, and may have %d", len(items), MaxFaults)})
		return
	}
	list := reflect.Zero(reflect.SliceOf(f.record))
	if len(items) > 0 {
		list = reflect.MakeSlice(list.Type(), len(items), len(items))
	}
	for i, item := range items {
		w.record(f, i, item, list.Index(i).Addr().Interface())
	}
	w.store(f, place, list.Interface())
}

// record takes one item of a list of records.
func (w *walker) record(f *field, i int, v ast.Node, into any) {
	initialize(into)
	path := fmt.Sprintf("%s[%d]", f.path, i)
	w.origins[path] = w.at(v)
	outer := w.into
	w.into = into
	w.section(newTree(path, f.record).root, v)
	w.into = outer
}

// initialize sets what is true of a record unless it says otherwise.
func initialize(record any) {
	if d, ok := record.(interface{ setDefaults() }); ok {
		d.setDefaults()
	}
}

// assignRecords stores the records that a variable or a flag gives, as a YAML list in brackets or one record after the
// other.
func (l *loader) assignRecords(f *field, at origin, text string) {
	if !strings.HasPrefix(strings.TrimSpace(text), "[") {
		text = "[" + text + "]"
	}
	if body, file := l.parseText(at, text); body != nil {
		w := &walker{loader: l, file: file, anchors: anchorsIn(body)}
		w.records(f, body)
	}
}

// parseText gives the content of a text that is no file: whatever is wrong in it stands at the same place.
func (l *loader) parseText(at origin, text string) (ast.Node, *yamlFile) {
	file := &yamlFile{name: at.file, lines: splitLines(text), whole: &at}
	if len(text) > maxFile {
		l.unreadable(at, fmt.Sprintf("this has more than %s", Size(maxFile)), "")
		return nil, file
	}
	if !l.plain(file) {
		return nil, file
	}
	return l.parseYAML(file, text), file
}

// checkRecords reports everything that is wrong with the values of records that a program made.
func (l *loader) checkRecords(f *field, at origin, value any) (ok bool) {
	list := reflect.ValueOf(value)
	ok = list.Len() <= MaxFaults
	if !ok {
		l.refuse(f, at, &fault{item: -1, message: fmt.Sprintf("has %d entries, and may have %d", list.Len(), MaxFaults)})
	}
	for i := range list.Len() {
		for _, g := range newTree(fmt.Sprintf("%s[%d]", f.path, i), f.record).fields {
			if !l.check(g, at, g.get(list.Index(i).Addr().Interface())) {
				ok = false
			}
		}
	}
	return ok
}

// formatRecords writes records as assignRecords reads them.
func (f *field) formatRecords(value any) string {
	list := reflect.ValueOf(value)
	all := make([]string, list.Len())
	for i := range all {
		all[i] = recordText(list.Index(i).Addr().Interface())
	}
	return strings.Join(all, ",")
}

// recordText writes a record without what it has by default, as JSON, which is YAML as well.
func recordText(record any) string {
	t := reflect.TypeOf(record).Elem()
	fresh := reflect.New(t).Interface()
	initialize(fresh)
	return sectionText(newTree("", t).root, record, fresh)
}

func sectionText(n *node, record, fresh any) string {
	var pairs []string
	for _, c := range n.children {
		switch {
		case c.field == nil:
			if inner := sectionText(c, record, fresh); inner != "{}" {
				pairs = append(pairs, quoteJSON(c.name)+": "+inner)
			}
		case c.field.format(c.field.get(record)) != c.field.format(c.field.get(fresh)):
			pairs = append(pairs, quoteJSON(c.name)+": "+c.field.valueText(c.field.get(record)))
		}
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

// valueText writes a value as JSON.
func (f *field) valueText(value any) string {
	switch v := value.(type) {
	case []string:
		all := make([]string, len(v))
		for i, s := range v {
			all[i] = quoteJSON(s)
		}
		return "[" + strings.Join(all, ", ") + "]"
	case bool, float64:
		return f.format(v)
	case int64:
		if f.kind == kindNumber {
			return f.format(v)
		}
	}
	return quoteJSON(f.format(value))
}

func quoteJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // no text has one
	}
	return string(b)
}

// faultType is what the walk makes of a Fault.
var faultType = reflect.TypeFor[Fault]()

// String writes the fault as ParseFaults reads it.
func (f Fault) String() string { return recordText(&f) }

// MarshalJSON gives the fault without what it has by default.
func (f Fault) MarshalJSON() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalJSON reads what MarshalJSON gives, and whatever else ParseFaults takes for one fault.
func (f *Fault) UnmarshalJSON(b []byte) error {
	all, err := ParseFaults(string(b))
	if err != nil {
		return err
	}
	if len(all) != 1 {
		return fmt.Errorf("one fault has to be there, not %d", len(all))
	}
	*f = all[0]
	return nil
}

// ParseFaults reads faults from YAML or JSON on their own: a list in brackets, or one after the other. The error is an
// Errors.
func ParseFaults(text string) ([]Fault, error) {
	l := newLoader()
	f := schema.byPath["faults"]
	l.assignRecords(f, origin{}, text)
	if !l.unread {
		validateFaults(l.rules(), l.cfg.Faults)
	}
	if _, err := l.result(); err != nil {
		return nil, err
	}
	return l.cfg.Faults, nil
}
