package experiment

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"alakazaam/config"
)

// Options say where an experiment comes from.
type Options struct {
	// Path of the file, "-" for Stdin.
	Path  string
	Stdin io.Reader
	// Sets are values that count more than the file: PATH=VALUE, such as faults[0].for=90s.
	Sets []string
	// Seeds and Engine count more than the file's, too; empty: as in the file.
	Seeds  string // 7, 1..10 or 1,3,5
	Engine string
}

// Suite is all that a file asks for.
type Suite struct {
	// Experiment is what the file says, with preset and --set, and the first line of the matrix.
	Experiment *Experiment
	// Runs are in the order of the matrix, and in each line of the seeds.
	Runs []Run
}

// Run is one run: an experiment with one seed and no matrix.
type Run struct {
	Experiment *Experiment
	Seed       uint64
	Set        map[string]string // values of the matrix and of --set, by path
}

// Load reads an experiment and checks it in every line of its matrix. The error is a config.Errors with everything that is
// wrong.
func Load(o Options) (*Suite, error) {
	name, data, err := config.ReadFile(o.Path, o.Stdin)
	if err != nil {
		return nil, err
	}
	dir := ""
	if o.Path != "-" {
		dir = filepath.Dir(o.Path)
	}
	return parse(name, dir, data, o)
}

// parse reads the bytes of a file of that name. Files that it names are in dir.
func parse(name, dir string, data []byte, o Options) (*Suite, error) {
	doc, err := config.ParseDocument(name, data)
	if err != nil {
		return nil, err
	}
	l := &loader{dir: dir}
	root := build(doc, &l.problems)
	if root.kind != sectionNode {
		l.report(root.place, "", fmt.Sprintf("the file has to be keys with values, not %s", root.describe()), "")
	}
	if root.kind != sectionNode {
		return nil, l.err()
	}
	root, set := l.lay(root, o)
	return l.suite(root, set)
}

// maxWork is how many values may be read in all lines of the matrix together; a file with few has maxCombinations.
const maxWork = 2_000_000

// loader makes runs of a tree.
type loader struct {
	problems
	dir string
}

// lay lays the file over its preset, and what was set over the file.
func (l *loader) lay(root *node, o Options) (*node, map[string]string) {
	preset := ""
	if n := root.get("preset"); n != nil {
		preset = n.text
	}
	for _, s := range o.Sets {
		if name, ok := strings.CutPrefix(s, "preset="); ok {
			preset = name
		}
	}
	if slices.Contains(Presets(), preset) {
		root = over(presetTree(preset), root)
	}
	set := make(map[string]string)
	sets := slices.Clone(o.Sets)
	if o.Engine != "" {
		sets = append(sets, "engine="+o.Engine)
	}
	if o.Seeds != "" {
		sets = append(sets, "seeds=["+o.Seeds+"]")
	}
	for i, s := range sets {
		at := place{set: "--set " + s}
		if i >= len(o.Sets) {
			name, value, _ := strings.Cut(s, "=")
			at.set = fmt.Sprintf("--%s %s", strings.TrimSuffix(name, "s"), strings.Trim(value, "[]"))
		} else if p, value, _ := strings.Cut(s, "="); p != "" {
			set[p] = value
		}
		root = l.put(root, s, at)
	}
	return root, set
}

// put puts a value PATH=VALUE into the tree.
func (l *loader) put(root *node, set string, at place) *node {
	path, text, found := strings.Cut(set, "=")
	if !found {
		l.report(at, "", "it has to be PATH=VALUE", "")
		return root
	}
	steps, err := parsePath(path)
	if err == nil {
		var value *node
		if value, err = parseValue("--set", text); err == nil {
			var changed *node
			if changed, err = put(root, steps, value.at(at)); err == nil {
				return changed
			}
		} else {
			err = fmt.Errorf("%s is not YAML", config.Quote(text))
		}
	}
	l.report(at, path, err.Error(), "")
	return root
}

// at gives the tree with all its places moved to one.
func (n *node) at(p place) *node {
	out := *n
	out.place, out.items, out.pairs = p, nil, nil
	for _, i := range n.items {
		out.items = append(out.items, i.at(p))
	}
	for _, x := range n.pairs {
		out.pairs = append(out.pairs, pair{x.name, p, x.value.at(p)})
	}
	return &out
}

// suite reads every line of the matrix, and makes a run of it for each seed.
func (l *loader) suite(root *node, set map[string]string) (*Suite, error) {
	d := newDecoder()
	if n := root.get("matrix"); n != nil {
		var m Matrix
		d.value("matrix", n, reflect.ValueOf(&m).Elem(), nil)
	}
	if len(d.all) > 0 {
		l.add(d.problems)
		return nil, l.err()
	}
	s := &Suite{}
	lines := combinations(root.get("matrix"))
	if len(lines)*root.count() > maxWork {
		l.report(root.get("matrix").place, "matrix",
			fmt.Sprintf("the matrix has %d combinations, too many for a file with so many values", len(lines)), "")
		return nil, l.err()
	}
	for i, c := range lines {
		e := l.one(c.apply(root, &l.problems), c, i == 0)
		if err := l.err(); i == 0 && err != nil {
			return nil, err // the same again in every line
		}
		if s.Experiment == nil {
			s.Experiment = e
			if len(lines)*len(e.Seeds) > maxRuns {
				l.report(root.place, "matrix", fmt.Sprintf("%d lines of the matrix with %d seeds are more than %d runs",
					len(lines), len(e.Seeds), maxRuns), "")
				break
			}
		}
		for _, seed := range e.Seeds {
			one := *e
			one.Seeds, one.Matrix = Seeds{seed}, nil
			values := c.set()
			if len(set) > 0 {
				values = maps.Clone(set)
				maps.Copy(values, c.set())
			}
			s.Runs = append(s.Runs, Run{Experiment: &one, Seed: seed, Set: values})
		}
		if l.full() {
			break
		}
	}
	if err := l.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// one reads one line of the matrix.
func (l *loader) one(root *node, c combination, first bool) *Experiment {
	d := newDecoder()
	e := Default()
	d.value("", complete(root), reflect.ValueOf(&e).Elem(), nil)
	d.finish(&e, l.dir)
	for i := range d.all {
		if !first {
			d.all[i].Message = "with " + c.words() + ": " + d.all[i].Message
		}
	}
	l.add(d.problems)
	return &e
}

// complete lays each class of links over the default one.
func complete(root *node) *node {
	links := root.path("topology", "links")
	if links == nil || links.kind != sectionNode {
		return root
	}
	base := links.get("default")
	if base == nil || base.kind != sectionNode {
		return root
	}
	full := links
	for _, f := range fieldsOf(reflect.TypeFor[Links]()) {
		switch own := links.get(f.name); {
		case f.name == "default":
		case own == nil || own.kind == nullNode:
			full = full.with(f.name, base.place, base)
		case own.kind == sectionNode:
			full = full.with(f.name, own.place, over(base, own))
		}
	}
	out, err := put(root, []step{{name: "topology"}, {name: "links"}}, full)
	if err != nil {
		return root // it was no section, which is reported
	}
	return out
}

// path gives the value below keys; nil where it is missing.
func (n *node) path(keys ...string) *node {
	for _, k := range keys {
		if n = n.get(k); n == nil {
			return nil
		}
	}
	return n
}

//go:embed presets/*.yaml
var presetFiles embed.FS

// Presets are the names of the presets.
func Presets() (names []string) {
	files, _ := fs.Glob(presetFiles, "presets/*.yaml")
	for _, f := range files {
		names = append(names, strings.TrimSuffix(path.Base(f), ".yaml"))
	}
	return names
}

// presetTree reads a preset, which a test has read before.
func presetTree(name string) *node {
	file := "presets/" + name + ".yaml"
	data, _ := presetFiles.ReadFile(file)
	doc, err := config.ParseDocument(file, data)
	if err != nil {
		return nil
	}
	return build(doc, &problems{})
}
