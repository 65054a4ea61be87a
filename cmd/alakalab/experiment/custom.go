package experiment

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"alakazaam/config"
)

// readers read the types that are written in a way of their own. An init fills it, because lists of Checks and others read
// their items through it.
var readers map[reflect.Type]func(d *decoder, path string, n *node, v reflect.Value, f *field)

func init() {
	readers = map[reflect.Type]func(*decoder, string, *node, reflect.Value, *field){
		reflect.TypeFor[Dist]():       readDist,
		reflect.TypeFor[Targets]():    readTargets,
		reflect.TypeFor[Groups]():     readGroups,
		reflect.TypeFor[Seeds]():      readSeeds,
		reflect.TypeFor[Edges]():      readEdges,
		reflect.TypeFor[NodeConfig](): readNodeConfig,
		reflect.TypeFor[Matrix]():     readMatrix,
		reflect.TypeFor[SLO]():        readSLO,
		reflect.TypeFor[Terms]():      readTerms,
		reflect.TypeFor[Args]():       readArgs,
		reflect.TypeFor[Check]():      readCheck,
	}
}

// words are the targets that have a name of their own.
var words = map[string]func() Targets{
	"peers":      func() Targets { return Targets{Peers: &Selector{Mode: All}} },
	"supernodes": func() Targets { return Targets{Supernodes: &Selector{Mode: All}} },
	"all":        everybody,
	"rest":       func() Targets { return Targets{Rest: true} },
}

func readTargets(d *decoder, path string, n *node, v reflect.Value, _ *field) {
	if n.kind == sectionNode {
		v.Set(reflect.ValueOf(Targets{}))
		d.structure(path, n, v)
		return
	}
	if word := words[n.text]; n.kind == scalarNode && word != nil {
		v.Set(reflect.ValueOf(word()))
		return
	}
	var t Targets
	switch class, _, _ := strings.Cut(n.text, "-"); {
	case n.kind != scalarNode || !nodeForm.MatchString(n.text):
		hint := ""
		if n.kind == scalarNode {
			hint = config.DidYouMean(n.text, slices.Sorted(maps.Keys(words)))
		}
		d.refuse(path, n, "supernodes, peers, all, the name of a node, or keys with selectors", hint)
		return
	case class == "peer":
		t.Peers = &Selector{Mode: All, Names: []string{n.text}}
	default:
		t.Supernodes = &Selector{Mode: All, Names: []string{n.text}}
	}
	v.Set(reflect.ValueOf(t))
}

// maxGroups is how many sides a partition may have.
const maxGroups = 64

func readGroups(d *decoder, path string, n *node, v reflect.Value, _ *field) {
	if !d.section(path, n) {
		return
	}
	if len(n.pairs) < 2 || len(n.pairs) > maxGroups {
		d.wrong(path, n, fmt.Sprintf("%s has %d groups; a partition has from 2 to %d", path, len(n.pairs), maxGroups), "")
		return
	}
	out := make(Groups, len(n.pairs))
	rest := ""
	for i, p := range n.pairs {
		at := join(path, p.name)
		out[i].Name = p.name
		if !nameForm.MatchString(p.name) {
			d.report(p.place, at, fmt.Sprintf("the name of a group has to be small letters, digits and dashes, not %s", config.Quote(p.name)), "")
		}
		d.value(at, p.value, reflect.ValueOf(&out[i].Nodes).Elem(), nil)
		if out[i].Nodes.Rest && rest != "" {
			d.wrong(at, p.value, fmt.Sprintf("%s is rest, as %s is already", at, rest), "")
		}
		if out[i].Nodes.Rest {
			rest = at
		}
	}
	v.Set(reflect.ValueOf(out))
}

// maxSeeds is how many seeds an experiment may have.
const maxSeeds = 1000

func readSeeds(d *decoder, path string, n *node, v reflect.Value, _ *field) {
	items := n.items
	if n.kind == scalarNode {
		items = []*node{n}
	} else if n.kind != listNode || len(items) == 0 {
		d.refuse(path, n, "a list of seeds", "write [1], or [1..10]")
		return
	}
	var out Seeds
	seen := make(map[uint64]bool)
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", path, i)
		low, high, ok := seedRange(item)
		if !ok {
			d.refuse(at, item, "a number of 0 or more, or a range such as 1..10", "")
			return
		}
		if high-low >= maxSeeds || len(out)+int(high-low) >= maxSeeds {
			d.wrong(at, item, fmt.Sprintf("%s has more than %d seeds", path, maxSeeds), "")
			return
		}
		for s := low; ; s++ {
			if seen[s] {
				d.wrong(at, item, fmt.Sprintf("%s is seed %d, which is there already", at, s), "")
				return
			}
			seen[s] = true
			out = append(out, s)
			if s == high {
				break
			}
		}
	}
	v.Set(reflect.ValueOf(out))
}

func seedRange(n *node) (low, high uint64, ok bool) {
	from, to, ranged := strings.Cut(n.text, "..")
	low, errLow := strconv.ParseUint(from, 10, 64)
	high, errHigh := low, error(nil)
	if ranged {
		high, errHigh = strconv.ParseUint(to, 10, 64)
	}
	return low, high, n.kind == scalarNode && errLow == nil && errHigh == nil && low <= high
}

func readEdges(d *decoder, path string, n *node, v reflect.Value, _ *field) {
	if n.kind != scalarNode {
		d.refuse(path, n, `pairs of numbers such as "0-1 1-2"`, "")
		return
	}
	out, bad := parseEdges(n.text)
	if bad != "" {
		d.wrong(path, n, fmt.Sprintf("%s: %s is no pair of numbers such as 0-1", path, config.Quote(bad)), "")
		return
	}
	v.Set(reflect.ValueOf(out))
}

func readSLO(d *decoder, path string, n *node, v reflect.Value, _ *field) {
	if !d.section(path, n) {
		return
	}
	var out SLO
	for _, p := range n.pairs {
		at := join(path, p.name)
		o, ok := parseObjective(p.value.text)
		switch {
		case !wordForm.MatchString(p.name):
			d.report(p.place, at, fmt.Sprintf("%s is not the name of a metric", config.Quote(p.name)), "")
		case p.value.kind != scalarNode || !ok:
			d.refuse(at, p.value, `a comparison such as ">= 0.95" or "<= 2s"`, "")
		default:
			o.Metric = p.name
			out = append(out, o)
		}
	}
	v.Set(reflect.ValueOf(out))
}

// parseObjective reads a comparison. A duration is in seconds then, and a size in bytes.
func parseObjective(s string) (o Objective, ok bool) {
	for _, op := range []string{">=", "<=", ">", "<"} {
		rest, found := strings.CutPrefix(s, op)
		if !found {
			continue
		}
		rest = strings.TrimSpace(rest)
		o = Objective{Op: op, Text: op + " " + rest}
		if x, err := readNumber(rest); err == nil {
			o.Value = x
			return o, true
		}
		if x, err := readShare(rest); err == nil {
			o.Value = x
			return o, true
		}
		if x, err := readDuration(rest); err == nil && x >= 0 {
			o.Value = x / 1e9
			return o, true
		}
		x, err := readSize(rest)
		o.Value = x
		return o, err == nil
	}
	return o, false
}

func readArgs(d *decoder, path string, n *node, v reflect.Value, _ *field) {
	if !d.section(path, n) {
		return
	}
	out := Args{}
	for _, p := range n.pairs {
		if p.value.kind != scalarNode || len(p.value.text) > 200 {
			d.refuse(join(path, p.name), p.value, "a word or a number", "")
			continue
		}
		d.places[join(path, p.name)] = p.value.place
		out[p.name] = p.value.text
	}
	if len(out) > 0 {
		v.Set(reflect.ValueOf(out))
	}
}

func readCheck(d *decoder, path string, n *node, v reflect.Value, _ *field) {
	name, with := n, (*node)(nil)
	if n.kind == sectionNode && len(n.pairs) == 1 {
		p := n.pairs[0]
		name, with = &node{kind: scalarNode, text: p.name, place: p.place}, p.value
	}
	if name.kind != scalarNode {
		d.refuse(path, n, "the name of a check, or one with parameters such as recovery: {within: 30s}", "")
		return
	}
	k := checkKind(name.text)
	if k == nil {
		d.wrong(path, name, "unknown check "+config.Quote(name.text), meant(name.text, checkNames(), "the checks are"))
		return
	}
	c := Check{Name: name.text}
	switch {
	case k.with != nil:
		c.With = k.with()
		if with == nil {
			with = &node{kind: sectionNode, place: n.place}
		}
		d.structure(join(path, c.Name), with, reflect.ValueOf(c.With).Elem())
	case with != nil && with.kind != nullNode:
		d.wrong(join(path, c.Name), with, fmt.Sprintf("check %s has no parameters", c.Name), "")
	}
	v.Set(reflect.ValueOf(c))
}
