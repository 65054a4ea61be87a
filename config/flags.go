package config

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// BindFlags adds a flag for each key to fs, named as the key is: --search.ttl. The map that it returns holds the values
// of those that were set once the flags are parsed, and goes into Options.Flags. Any value is taken here: Load checks
// them, so that all problems are reported together. A list's flag may be repeated.
//
// For pflag and cobra: bind to a FlagSet of package flag and give that to AddGoFlagSet.
func BindFlags(fs *flag.FlagSet) map[string]string {
	set := make(map[string]string)
	for _, f := range schema.fields {
		v := flagValue{f: f, set: set}
		if f.kind == kindBool {
			fs.Var(&boolValue{v}, f.path, f.text("`"))
			continue
		}
		fs.Var(&v, f.path, f.text("`"))
	}
	return set
}

// WriteFlags writes the help of the flags of all keys, section by section.
func WriteFlags(w io.Writer) error {
	e := &emitter{w: bufio.NewWriter(w)}
	e.line("Settings, each with its [default]:")
	e.flags(schema.root)
	return e.w.Flush()
}

// flags writes the help of the flags of a section: first its own keys, then its sections.
func (e *emitter) flags(n *node) {
	for _, c := range n.children {
		if c.field == nil {
			continue
		}
		form := "  --%s %s"
		if c.field.kind == kindBool {
			form = "  --%s[=%s]" // what comes behind a space is no value of it, but an argument
		}
		e.line(fmt.Sprintf(form, c.path, c.field.placeholder()))
		text := c.field.text("")
		if d := c.field.defaultText(); d != "" {
			text += fmt.Sprintf(" [%s]", d)
		}
		e.wrap("       ", text)
	}
	for _, c := range n.children {
		if c.field == nil {
			e.line("")
			e.line(fmt.Sprintf("Settings of %s: %s", c.path, strings.ToLower(c.doc()[:1])+c.doc()[1:]))
			e.flags(c)
		}
	}
}

// flagValue implements flag.Value.
type flagValue struct {
	f   *field
	set map[string]string
}

// Set takes any text: Load checks it.
func (v *flagValue) Set(text string) error {
	if before, again := v.set[v.f.path]; again && v.f.list {
		text = before + "," + text
	}
	v.set[v.f.path] = text
	return nil
}

// String is the value that was set, or the default, which the help shows.
func (v *flagValue) String() string {
	if v.f == nil { // package flag asks a zero value whether it is the default
		return ""
	}
	if text, ok := v.set[v.f.path]; ok {
		return text
	}
	return v.f.defaultText()
}

// boolValue is a flagValue that may stand without a value. pflag takes the word before "Value" for the type's name.
type boolValue struct{ flagValue }

// IsBoolFlag tells package flag.
func (*boolValue) IsBoolFlag() bool { return true }

// readFlags takes the values of flags, in the order of their names.
func (l *loader) readFlags(flags map[string]string) {
	var names []string
	for _, f := range schema.fields {
		names = append(names, f.path)
	}
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		at := origin{layer: layerFlag, file: "--" + name, text: "--" + name + "=" + flags[name]}
		if f := schema.byPath[strings.TrimPrefix(name, "--")]; f != nil {
			l.assignText(f, at, flags[name])
			continue
		}
		l.report("", at, fmt.Sprintf("unknown flag %s", quote("--"+name)), didYouMean(withPrefix("--", near(name, names))))
	}
}
