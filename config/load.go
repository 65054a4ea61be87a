package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// maxFile is the most bytes that a configuration file may have.
const maxFile = 1 << 20

// maxProblems is how many problems are reported at most: a file that is no configuration at all has one a line.
const maxProblems = 100

// Options say where a configuration comes from.
type Options struct {
	// Path of the YAML file, "-" for Stdin. Empty: the file that the variable ALAKAZAAM_CONFIG names, if any.
	Path string
	// Stdin is read when the path is "-"; nil: that of the process.
	Stdin io.Reader
	// Env holds the variables, as os.Environ gives them.
	Env []string
	// Flags holds the values of the flags that were set, by key ("search.ttl"); BindFlags fills such a map.
	Flags map[string]string
}

// Load reads a configuration from all its sources and checks it. The error is an Errors with everything that is wrong.
// The warnings are what is allowed but hardly meant; they come with an error, too.
func Load(o Options) (c Config, warnings []Problem, err error) {
	l := newLoader()
	path := cmp.Or(o.Path, lookup(o.Env, envConfig))
	if path != "" {
		l.readFile(path, o.Stdin)
	}
	l.readEnv(o.Env)
	l.readFlags(o.Flags)
	if !l.unread {
		l.cfg.validate(l.rules())
	}
	warnings, err = l.result()
	if err != nil {
		return Config{}, warnings, err
	}
	return l.cfg, warnings, nil
}

// layer is a source of values; a later one wins.
type layer uint8

const (
	layerDefault layer = iota
	layerFile
	layerEnv
	layerFlag
)

// origin is where a value was given.
type origin struct {
	layer        layer
	file         string // as in Problem
	line, column int
	text         string // as in Problem
}

// loader gathers a configuration and what is wrong with it.
type loader struct {
	cfg      Config
	into     any // points to what values are stored in: cfg, or a record in it
	problems []Problem
	dropped  int // problems beyond maxProblems
	warnings []Problem
	origins  map[string]origin // of the values in cfg, by path; none for a default
	broken   map[string]bool   // paths whose last value was refused: no rule looks at them
	unread   bool              // the file's values are not known, so that no rule makes sense
}

func newLoader() *loader {
	l := &loader{cfg: Default(), origins: make(map[string]origin), broken: make(map[string]bool)}
	l.into = &l.cfg
	return l
}

// result ends the loading.
func (l *loader) result() (warnings []Problem, err error) {
	sortProblems(l.warnings)
	if len(l.problems) == 0 {
		return l.warnings, nil
	}
	sortProblems(l.problems)
	if l.dropped > 0 {
		l.problems = append(l.problems, Problem{Message: fmt.Sprintf("and at least %d more", l.dropped)})
	}
	return l.warnings, Errors(l.problems)
}

// full says that nobody wants to read more problems.
func (l *loader) full() bool { return l.dropped > 0 }

func (l *loader) report(key string, at origin, message, hint string) {
	if len(l.problems) >= maxProblems {
		l.dropped++
		return
	}
	l.problems = append(l.problems, problem(key, at, message, hint))
}

func problem(key string, at origin, message, hint string) Problem {
	text, caret := window(at.text, at.column)
	return Problem{
		File: at.file, Line: at.line, Column: at.column, Key: key, Text: text, Message: message, Hint: hint,
		layer: at.layer, caret: caret,
	}
}

// refuse reports what is wrong with a value of f.
func (l *loader) refuse(f *field, at origin, wrong *fault) {
	key := f.path
	if wrong.item >= 0 {
		key = fmt.Sprintf("%s[%d]", key, wrong.item)
	}
	l.broken[f.path] = true
	l.report(key, f.hide(at), key+" "+wrong.message, wrong.hint)
}

// check reports everything that is wrong with a value of f.
func (l *loader) check(f *field, at origin, value any) (ok bool) {
	if f.record != nil {
		return l.checkRecords(f, at, value)
	}
	faults := f.check(value)
	for i := range faults {
		l.refuse(f, at, &faults[i])
	}
	return len(faults) == 0
}

// assign stores a value, unless there is something wrong with it.
func (l *loader) assign(f *field, at origin, value any) {
	if l.check(f, at, value) {
		l.store(f, at, value)
	}
}

func (l *loader) store(f *field, at origin, value any) {
	f.set(l.into, value)
	l.origins[f.path] = f.hide(at)
	delete(l.broken, f.path)
}

// assignText stores the value that a variable or a flag gives.
func (l *loader) assignText(f *field, at origin, text string) {
	if f.record != nil {
		l.assignRecords(f, at, text)
		return
	}
	if f.list {
		l.assign(f, at, parseList(text))
		return
	}
	value, wrong := f.parse(text)
	if wrong != nil {
		l.refuse(f, at, wrong)
		return
	}
	l.assign(f, at, value)
}

// readFile reads the file at path.
func (l *loader) readFile(path string, stdin io.Reader) {
	name, data, err := readAll(path, stdin)
	if err == nil {
		l.readYAML(name, data)
		return
	}
	l.unread = true
	l.problems = append(l.problems, unopened(name, err))
}

// unopened is the problem of a file that cannot be read.
func unopened(name string, err error) Problem {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	p := problem("", origin{layer: layerFile, file: name}, "cannot be read: "+err.Error(), "")
	p.cause = err
	return p
}

// readAll reads one byte more than a file may have, so that readYAML sees that it has too many.
func readAll(path string, stdin io.Reader) (name string, data []byte, err error) {
	if path == "-" {
		if stdin == nil {
			stdin = os.Stdin
		}
		data, err = io.ReadAll(io.LimitReader(stdin, maxFile+1))
		return "stdin", data, err
	}
	f, err := os.Open(path)
	if err != nil {
		return path, nil, err
	}
	defer f.Close()
	data, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	return path, data, err
}

// rules is what the sections' validate methods say about values that have to fit together.
type rules struct{ l *loader }

func (l *loader) rules() *rules { return &rules{l} }

// require reports a broken rule between keys. It stands where the last of them was set: by a flag before by a variable,
// by a variable before in the file.
func (r *rules) require(ok bool, message string, keys ...string) {
	if key, apply := r.where(ok, keys); apply {
		r.l.report(key, r.l.origins[key], message, "")
	}
}

// advise warns of something that is allowed but hardly meant.
func (r *rules) advise(ok bool, message string, keys ...string) {
	if key, apply := r.where(ok, keys); apply {
		r.l.warnings = append(r.l.warnings, problem(key, r.l.origins[key], message, ""))
	}
}

// where says at which key a rule that does not hold is reported, unless one of the keys has no valid value.
func (r *rules) where(ok bool, keys []string) (key string, apply bool) {
	if ok || slices.ContainsFunc(keys, func(k string) bool { return r.l.broken[k] }) {
		return "", false
	}
	return slices.MaxFunc(keys, func(a, b string) int {
		return cmp.Compare(r.l.origins[a].layer, r.l.origins[b].layer)
	}), true
}
