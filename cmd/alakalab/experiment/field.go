package experiment

import (
	"embed"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"alakazaam/config"
)

// field is a key as a structure declares it.
type field struct {
	name     string
	goName   string // "Time.Warmup", by which its documentation is found
	index    int
	kind     reflect.Type
	inline   bool // a union whose keys stand beside the structure's own
	need     bool
	min, max float64 // of numbers, durations in nanoseconds and sizes in bytes
	form     string
	unit     string
	dist     string
	zero     string
}

// The sources with the fields, whose comments are the documentation of the keys.
//
//go:embed experiment.go topology.go workload.go targets.go fault.go value.go
var sources embed.FS

var docs = sync.OnceValue(func() map[string]string { return config.FieldDocs(sources) })

// doc is what the key means, on one line.
func (f *field) doc() string { return docs()[f.goName] }

var fieldCache sync.Map // of []*field by reflect.Type

// fieldsOf gives the keys of a structure in the order of their declaration. A tag that makes no sense panics, so no test
// can pass with one.
func fieldsOf(t reflect.Type) []*field {
	if known, ok := fieldCache.Load(t); ok {
		return known.([]*field)
	}
	var out []*field
	for i := range t.NumField() {
		sf := t.Field(i)
		name := sf.Tag.Get("yaml")
		if name == "-" {
			continue
		}
		f := &field{
			name: name, goName: t.Name() + "." + sf.Name, index: i, kind: sf.Type, inline: name == ",inline",
			need: sf.Tag.Get("need") == "yes", min: math.Inf(-1), max: math.Inf(1), form: sf.Tag.Get("form"),
			unit: sf.Tag.Get("unit"), dist: sf.Tag.Get("dist"), zero: sf.Tag.Get("zero"),
		}
		if bounds, ok := sf.Tag.Lookup("range"); ok {
			low, high, _ := strings.Cut(bounds, "..")
			f.min, f.max = f.bound(low), f.bound(high)
		}
		out = append(out, f)
	}
	fieldCache.Store(t, out)
	return out
}

// bound reads one end of a tag range.
func (f *field) bound(text string) float64 {
	var v float64
	var err error
	switch f.kind {
	case durationType:
		var d time.Duration
		d, err = time.ParseDuration(text)
		v = float64(d)
	case sizeType:
		var s config.Size
		s, err = config.ParseSize(text)
		v = float64(s)
	default:
		v, err = strconv.ParseFloat(text, 64)
	}
	if err != nil {
		panic(fmt.Sprintf("experiment: range of %s: %q", f.goName, text))
	}
	return v
}

// number writes a number as the field has it.
func (f *field) number(v float64) string {
	switch f.kind {
	case durationType:
		return config.FormatDuration(time.Duration(v))
	case sizeType:
		return config.Size(v).String()
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// span is the range of a number in words, with a space before.
func (f *field) span() string {
	if math.IsInf(f.min, -1) {
		return ""
	}
	return fmt.Sprintf(" from %s to %s", f.number(f.min), f.number(f.max))
}

// choices are the texts that a field of the form "a|b|c", or of a word with a list of its own, takes; nil for any other.
func (f *field) choices() []string {
	switch f.form {
	case "preset":
		return Presets()
	case "toxic", "action":
		return ruleNames(f.form)
	case "actor":
		return config.ActorKinds()
	case "message":
		return config.Messages()
	case "script":
		return scriptNames()
	}
	if f.form == "" || freeForms[f.form] != "" {
		return nil
	}
	return strings.Split(f.form, "|")
}

// freeForms are the forms of texts that are no choice, in words.
var freeForms = map[string]string{
	"name": "a name of small letters, digits and dashes", "line": "a text on one line", "file": "the path of a file",
	"node": "the name of a node such as supernode-3 or peer-17", "word": "a word",
}

// ruleNames are what faults in a node's configuration can do: the types of toxics, or the actions of the others.
func ruleNames(form string) (names []string) {
	kind := config.FaultActor
	if form == "toxic" {
		kind = config.FaultToxic
	}
	for _, k := range config.FaultKinds() {
		if k.Kind == kind {
			names = append(names, k.Name)
		}
	}
	return names
}
