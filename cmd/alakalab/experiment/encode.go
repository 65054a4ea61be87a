package experiment

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"alakazaam/config"
)

// Write writes an experiment as YAML from which Load gets the same one.
func (e *Experiment) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	writeBlock(out, encode(reflect.ValueOf(*e), nil), "")
	return out.Flush()
}

// encode makes a tree of a value. Sections that are not there are left out.
func encode(v reflect.Value, f *field) *node {
	if n := encodeCustom(v.Interface(), f); n != nil {
		return n
	}
	if t, ok := texts[v.Type()]; ok {
		if v.CanInt() {
			return text(t.write(float64(v.Int())))
		}
		return text(t.write(v.Float()))
	}
	switch v.Kind() {
	case reflect.Struct:
		return encodeStruct(v)
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return &node{}
		}
		if v.Kind() == reflect.Interface {
			return union(v)
		}
		return encode(v.Elem(), nil)
	case reflect.Slice:
		n := &node{kind: listNode}
		for i := range v.Len() {
			n.items = append(n.items, encode(v.Index(i), f))
		}
		return n
	case reflect.String:
		return &node{kind: scalarNode, text: v.String(), quoted: true}
	case reflect.Float64:
		return text(writeNumber(v.Float()))
	}
	return text(fmt.Sprint(v.Interface()))
}

func text(s string) *node { return &node{kind: scalarNode, text: s} }

// union is a section with its kind first.
func union(v reflect.Value) *node {
	n := encodeStruct(v.Elem().Elem())
	n.pairs = append([]pair{{name: "kind", value: text(kindOf(v.Interface()))}}, n.pairs...)
	return n
}

func encodeStruct(v reflect.Value) *node {
	n := &node{kind: sectionNode}
	for _, f := range fieldsOf(v.Type()) {
		value := v.Field(f.index)
		switch {
		case f.inline && !value.IsNil():
			n.pairs = append(n.pairs, union(value).pairs...)
		case f.inline, value.Kind() == reflect.Pointer && value.IsNil(), f.form == "preset" && value.String() == "":
		default:
			n.pairs = append(n.pairs, pair{name: f.name, value: encode(value, f)})
		}
	}
	return n
}

// encodeCustom makes a tree of the types that are written in a way of their own; nil for any other.
func encodeCustom(v any, f *field) *node {
	switch v := v.(type) {
	case Dist:
		return encodeDist(v, f)
	case Targets:
		if v.Rest {
			return text("rest")
		}
		return encodeStruct(reflect.ValueOf(v))
	case Selector:
		return encodeSelector(v)
	case Groups:
		n := &node{kind: sectionNode}
		for _, g := range v {
			n.pairs = append(n.pairs, pair{name: g.Name, value: encode(reflect.ValueOf(g.Nodes), nil)})
		}
		return n
	case Seeds:
		return encodeSeeds(v)
	case Edges:
		return &node{kind: scalarNode, text: v.String(), quoted: true}
	case Terms:
		return &node{kind: scalarNode, text: v.String(), quoted: true}
	case NodeConfig:
		return v.tree()
	case SLO:
		n := &node{kind: sectionNode}
		for _, o := range v {
			n.pairs = append(n.pairs, pair{name: o.Metric, value: &node{kind: scalarNode, text: o.Text, quoted: true}})
		}
		return n
	case Matrix:
		return v.tree()
	case Args:
		return v.tree()
	case Check:
		if v.With == nil {
			return text(v.Name)
		}
		return &node{kind: sectionNode, pairs: []pair{{name: v.Name, value: encodeStruct(reflect.ValueOf(v.With).Elem())}}}
	}
	return nil
}

// encodeSelector writes names alone, or without them what is chosen by.
func encodeSelector(s Selector) *node {
	n := encodeStruct(reflect.ValueOf(s))
	var kept []pair
	for _, p := range n.pairs {
		if named := len(s.Names) > 0; named == (p.name == "names") && (p.name != "where" || s.Where != Anybody) &&
			(p.name != "value" || s.Mode == Fixed || s.Mode == FixedPercent) {
			kept = append(kept, p)
		}
	}
	n.pairs = kept
	return n
}

func encodeDist(d Dist, f *field) *node {
	_, _, write := scales(f)
	if d.Kind == KindConstant {
		return text(write(d.Value))
	}
	n := &node{kind: sectionNode, pairs: []pair{{name: "dist", value: text(string(d.Kind))}}}
	for _, form := range formsFor(f) {
		if form.kind != d.Kind {
			continue
		}
		for _, p := range params {
			x := *p.get(&d)
			plain := writeNumber
			if p.scaled {
				plain = write
			}
			if has(form.needs, p.name) || has(form.more, p.name) && x != 0 {
				n.pairs = append(n.pairs, pair{name: p.name, value: text(plain(x))})
			}
		}
	}
	return n
}

func has(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// encodeSeeds writes rows of seeds as ranges.
func encodeSeeds(s Seeds) *node {
	n := &node{kind: listNode}
	for i := 0; i < len(s); {
		j := i
		for j+1 < len(s) && s[j+1] == s[j]+1 {
			j++
		}
		if j-i < 2 {
			j = i
		}
		item := strconv.FormatUint(s[i], 10)
		if j > i {
			item += ".." + strconv.FormatUint(s[j], 10)
		}
		n.items = append(n.items, text(item))
		i = j + 1
	}
	return n
}

// widest is how long a line gets that holds a whole list or section.
const widest = 120

// writeBlock writes the keys of a section, one a line. What fits on a line is written on one.
func writeBlock(w *bufio.Writer, n *node, indent string) {
	for _, p := range n.pairs {
		writeEntry(w, indent+plain(p.name)+":", p.value, indent)
	}
}

// writeEntry writes a value behind what begins its line. Errors are the writer's to keep.
func writeEntry(w *bufio.Writer, start string, v *node, indent string) {
	if line := start + " " + flowText(v); v.kind == scalarNode || len(line) <= widest || len(v.items)+len(v.pairs) == 0 {
		_, _ = w.WriteString(line + "\n")
		return
	}
	_, _ = w.WriteString(start + "\n")
	writeBlock(w, v, indent+"  ")
	for _, i := range v.items {
		if line := indent + "  - " + flowText(i); len(line) <= widest || i.kind != sectionNode {
			_, _ = w.WriteString(line + "\n")
			continue
		}
		for k, p := range i.pairs {
			lead := indent + "    "
			if k == 0 {
				lead = indent + "  - "
			}
			writeEntry(w, lead+plain(p.name)+":", p.value, indent+"    ")
		}
	}
}

// flowText writes a value on one line.
func flowText(n *node) string {
	switch n.kind {
	case scalarNode:
		if n.quoted {
			return quoted(n.text)
		}
		return plain(n.text)
	case listNode:
		parts := make([]string, len(n.items))
		for i, item := range n.items {
			parts[i] = flowText(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case sectionNode:
		parts := make([]string, len(n.pairs))
		for i, p := range n.pairs {
			parts[i] = plain(p.name) + ": " + flowText(p.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "null"
}

// plain writes a text without quotes where that is certain to be the same.
func plain(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.%_/-") == "" && !strings.HasPrefix(s, "-") &&
		!strings.HasPrefix(s, "%") || numberLike(s) {
		return s
	}
	return config.QuoteYAML(s)
}

// wordLike is what needs no quotes, unless it is one of YAML's own words.
var wordLike = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._=/-]*$`)

// quoted writes a text without quotes where that is certain to be the same text.
func quoted(s string) string {
	own := []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"}
	if wordLike.MatchString(s) && !has(own, strings.ToLower(s)) {
		return s
	}
	return config.QuoteYAML(s)
}

func numberLike(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && !strings.ContainsAny(s, "xX_+ ")
}
