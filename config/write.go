package config

import (
	"bufio"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// header begins the default file; an empty line of it separates paragraphs.
var header = []string{
	"Configuration of alakazaam. Every key is here with its default: leave out what you do not change.",
	"",
	"A duration is written as 1500ms, 30s, 5m or 2h; a size as 1048576, 512KiB or 1MB; a rate as a size, or as 1MiB/s.",
	"An environment variable counts more than this file, and a flag more than both: the key search.ttl is also " +
		"ALAKAZAAM_SEARCH_TTL and --search.ttl.",
	"To see whether a file is right: alakazaam config check FILE",
}

// lineWidth is where comments and help are wrapped.
const lineWidth = 100

// WriteDefault writes a YAML file with every key, its documentation and its default.
func WriteDefault(w io.Writer) error {
	e := &emitter{w: bufio.NewWriter(w), cfg: Default(), comments: true}
	for _, paragraph := range header {
		e.wrap("#", paragraph)
	}
	e.line("")
	e.section(schema.root, "")
	return e.w.Flush()
}

// Write writes a configuration as YAML from which Load gets the same one, but for secrets: that there is one is a
// comment.
func Write(w io.Writer, c Config) error {
	e := &emitter{w: bufio.NewWriter(w), cfg: c}
	e.section(schema.root, "")
	return e.w.Flush()
}

// emitter writes YAML. Its errors are those of the buffer, which Flush returns.
type emitter struct {
	w        *bufio.Writer
	cfg      Config
	comments bool
}

func (e *emitter) line(s string) { _, _ = e.w.WriteString(s + "\n") }

// section writes the keys of a section, and with comments a blank line before each group of keys but the first.
func (e *emitter) section(n *node, indent string) {
	for i, c := range n.children {
		if e.comments && n == schema.root && i > 0 {
			e.line("")
		}
		e.comment(c, indent)
		if c.field != nil {
			e.value(c.field, indent)
			continue
		}
		e.line(indent + c.name + ":")
		e.section(c, indent+"  ")
	}
}

// comment writes the documentation of a key.
func (e *emitter) comment(n *node, indent string) {
	switch {
	case !e.comments:
	case n.field != nil:
		e.wrap(indent+"#", n.field.text(""))
		e.entries(n.field, indent)
	default:
		e.wrap(indent+"#", n.doc())
	}
}

// entries writes the documentation of the keys that each entry of a list has.
func (e *emitter) entries(f *field, indent string) {
	if f.record == nil {
		return
	}
	e.line(indent + "# The keys of each entry:")
	for _, g := range newTree("", f.record).fields {
		e.wrapFrom(indent+"#   "+g.path+":", indent+"#     ", g.text(""))
	}
}

// Wrap writes text in lines of the width of the help, that begin with start and a space.
func Wrap(w io.Writer, start, text string) error {
	e := &emitter{w: bufio.NewWriter(w)}
	e.wrap(start, text)
	return e.w.Flush()
}

// wrap writes text in lines that begin with start and a space.
func (e *emitter) wrap(start, text string) { e.wrapFrom(start, start, text) }

// wrapFrom is wrap with another beginning of the first line.
func (e *emitter) wrapFrom(first, start, text string) {
	line := first
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > lineWidth && line != start && line != first {
			e.line(line)
			line = start
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	e.line(line)
}

// value writes a key with its value.
func (e *emitter) value(f *field, indent string) {
	key := indent + f.name + ":"
	if f.secret() && f.get(&e.cfg) != "" {
		e.line("# " + key + " set, and not shown")
		return
	}
	if f.record != nil {
		e.records(f, key, indent)
		return
	}
	switch v := f.get(&e.cfg).(type) {
	case []string:
		if len(v) == 0 {
			e.line(key + " []")
			return
		}
		e.line(key)
		for _, item := range v {
			e.line(indent + "  - " + quoteYAML(item))
		}
	case string:
		if strings.Contains(f.form, "|") {
			e.line(key + " " + v)
			return
		}
		e.line(key + " " + quoteYAML(v))
	default:
		e.line(key + " " + f.format(v))
	}
}

// records writes a list of records, an entry on one line.
func (e *emitter) records(f *field, key, indent string) {
	list := reflect.ValueOf(f.get(&e.cfg))
	if list.Len() == 0 {
		e.line(key + " []")
		return
	}
	e.line(key)
	for i := range list.Len() {
		e.line(indent + "  - " + recordText(list.Index(i).Addr().Interface()))
	}
}

// escapes are for signs that Load does not want to see in some places, not even in quotes; see odd.
var escapes = strings.NewReplacer("|", `\x7c`, "<", `\x3c`, ">", `\x3e`)

// quoteYAML puts a UTF-8 text in quotes: Go's escapes are all YAML's, too.
func quoteYAML(s string) string {
	q := strconv.Quote(s)
	if _, message, _ := odd(q); message != "" {
		q = escapes.Replace(q)
	}
	return q
}
