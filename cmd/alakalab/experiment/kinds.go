package experiment

import (
	"fmt"
	"math"
	"reflect"
	"strings"
)

// The layers of faults.
const (
	layerActor      = "actor"
	layerConnection = "connection"
	layerNetwork    = "network"
	layerNode       = "node"
	layerPeers      = "byzantine peers"
)

// faultKind is what is known of a kind of fault beside its structure.
type faultKind struct {
	layer   string
	engines []Engine
	lasts   lasting
	example string // the keys of one entry of faults
}

// lasting is what a fault needs of for and every.
type lasting uint8

const (
	spans   lasting = iota // it needs for, and takes no every
	moments                // it takes for only with every
	either                 // it takes for, and takes no every
	repeats                // it needs for, and takes every
)

var (
	anyEngine = []Engine{Sim, Mem, Net}
	onlySim   = []Engine{Sim}
	onlyNet   = []Engine{Net}
)

// faultKinds is in the order of unions.
var faultKinds = map[string]faultKind{
	"partition": {layerNetwork, anyEngine, spans,
		"id: split\nat: 2m\nfor: 60s\ngroups: {a: {supernodes: {mode: fixed-percent, value: 50}}, b: rest}\n"},
	"isolate": {layerNetwork, anyEngine, spans,
		"at: 2m\nfor: 30s\ntargets: {supernodes: {mode: one, where: degree=max}}\ndirection: to\n"},
	"flap": {layerNetwork, anyEngine, spans,
		"at: 1m\nfor: 5m\nlinks: {from: supernodes, to: supernodes}\nshare: 10%\nup: 20s\ndown: {dist: exponential, mean: 5s}\n"},
	"hold": {layerNetwork, anyEngine, spans,
		"at: 3m\nfor: 10s\nlinks: {from: peers, to: supernodes}\ndirection: from\n"},
	"network": {layerNetwork, anyEngine, spans,
		"at: 2m\nfor: 2m\nlinks: {from: all, to: all}\ndelay: {dist: lognormal, median: 80ms, p95: 400ms}\njitter: 20ms\nloss: 2%\nrate: 512kbit\n"},
	"kill": {layerNode, anyEngine, moments,
		"id: crash\nat: 2m30s\ntargets: {supernodes: {mode: one, where: degree=max}}\nrestart_after: 20s\n"},
	"disk": {layerNode, anyEngine, spans,
		"id: slow-disk\nat: 4m\nfor: 1m\ntargets: {supernodes: {mode: fixed, value: 3}}\nterms: \"5%return(EIO)->sleep(20ms)\"\n"},
	"clock": {layerNode, anyEngine, either,
		"at: 5m\nfor: 2m\ntargets: {supernodes: {mode: fixed-percent, value: 10}}\njump: 1h\n"},
	"toxic": {layerConnection, anyEngine, spans,
		"id: dribble\nat: 5m\nfor: 90s\ntype: slicer\nstream: upstream\ntoxicity: 0.3\n" +
			"attributes: {average_size: 7B, size_variation: 3B, delay: 20ms}\nlinks: {from: peers, to: supernodes}\n"},
	"byzantine": {layerPeers, anyEngine, spans,
		"id: bad-actor\nat: 1m\nfor: 8m\nscript: spoofed-reply\ncount: 5\nrate: 10/s\nargs: {victim: peer-17}\n"},
	"actor": {layerActor, anyEngine, repeats,
		"id: panics\nat: 6m\nfor: 2m\nevery: 10s\naction: panic\nmatch: {actor: query, message: Quer, probability: 0.01}\n"},
	"shuffle": {layerActor, onlySim, spans, "at: 1m\nfor: 5m\ntargets: supernodes\n"},
	"freeze":  {layerNode, onlyNet, spans, "at: 2m\nfor: 30s\ntargets: {supernodes: {mode: one}}\n"},
	"full-disk": {layerNode, onlyNet, spans,
		"at: 4m\nfor: 1m\ntargets: {supernodes: {mode: one}}\n"},
	"descriptors": {layerNode, onlyNet, spans,
		"at: 4m\nfor: 1m\ntargets: {supernodes: {mode: one}}\nlimit: 64\n"},
}

// Kind describes a kind of fault to users.
type Kind struct {
	Name       string      `json:"name"`
	Layer      string      `json:"layer"`
	Engines    []Engine    `json:"engines"`
	Doc        string      `json:"doc"`
	Attributes []Attribute `json:"attributes"`
	Example    string      `json:"example"` // an entry of faults
}

// Attribute is a key of a kind of fault.
type Attribute struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default string `json:"default,omitempty"` // as it would be written; empty where it has to be given
	Needed  bool   `json:"needed,omitempty"`
	Zero    string `json:"zero,omitempty"` // what 0 or nothing means
	Doc     string `json:"doc"`
}

// Kinds describes all kinds of faults.
func Kinds() []Kind {
	var out []Kind
	for _, m := range unions[reflect.TypeFor[Action]()] {
		v := reflect.ValueOf(m.make()).Elem()
		k := faultKinds[m.name]
		out = append(out, Kind{
			Name: m.name, Layer: k.layer, Engines: k.engines, Doc: typeDoc(v.Type()), Attributes: attributesOf("", v),
			Example: exampleOf(m.name, k.example),
		})
	}
	return out
}

// typeDoc is what a structure does, without its name.
func typeDoc(t reflect.Type) string {
	_, rest, _ := strings.Cut(docs()[t.Name()], " ")
	return rest
}

// exampleOf writes an example as an item of a list.
func exampleOf(name, keys string) string {
	lines := strings.Split(strings.TrimSuffix("kind: "+name+"\n"+keys, "\n"), "\n")
	return "- " + strings.Join(lines, "\n  ") + "\n"
}

// attributesOf lists the keys of a structure, and those of sections in it.
func attributesOf(path string, v reflect.Value) (out []Attribute) {
	for _, f := range fieldsOf(v.Type()) {
		value := v.Field(f.index)
		if custom := readers[f.kind] != nil; f.kind.Kind() == reflect.Struct && !custom && f.kind != reflect.TypeFor[LinkSet]() {
			out = append(out, attributesOf(join(path, f.name), value)...)
			continue
		}
		a := Attribute{Name: join(path, f.name), Type: f.typeName(), Needed: f.need, Zero: f.zero, Doc: f.doc()}
		if !f.need {
			a.Default = flowText(encode(value, f))
		}
		out = append(out, a)
	}
	return out
}

// typeName says in a few words what a key takes.
func (f *field) typeName() string {
	switch f.kind {
	case reflect.TypeFor[Targets]():
		return "nodes"
	case reflect.TypeFor[LinkSet]():
		return "links: from and to with nodes"
	case reflect.TypeFor[Groups]():
		return "groups of nodes"
	case reflect.TypeFor[Dist]():
		wants, _, _ := scales(f)
		return wants + " or a distribution"
	case reflect.TypeFor[Terms]():
		return "terms"
	case reflect.TypeFor[Args]():
		return "arguments"
	}
	if f.form == "script" {
		return strings.Join(scriptNames(), ", ")
	}
	if f.unit != "" && !math.IsInf(f.max, 1) {
		return fmt.Sprintf("%s (%s)", f.wants(f.kind), f.unit)
	}
	return f.wants(f.kind)
}

// Script is something that a Byzantine node does.
type Script struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
	Args []Arg  `json:"args,omitempty"`
}

// Arg is what a script wants to know.
type Arg struct {
	Name    string `json:"name"`
	Default string `json:"default,omitempty"` // empty: it has to be given
	Doc     string `json:"doc"`
	form    string
}

// Scripts are all that Byzantine nodes can do.
func Scripts() []Script {
	victim := Arg{"victim", "peer-0", "the node whose address is used", "node"}
	return []Script{
		{"spoofed-reply", "sends searches whose answers go to a victim that never asked (reflection)", []Arg{victim}},
		{"forged-login", "logs in with a victim's address", []Arg{victim}},
		{"replayed-pktid", "repeats searches of others with the same Pktid", nil},
		{"burnt-pktid", "sends searches with Pktids that a victim is about to use", []Arg{victim}},
		{"invented-answers", "answers searches with files that nobody has", nil},
		{"bad-counts", "sends counts that are too big, negative or no digits", nil},
		{"bad-names", "publishes names with .., /, NUL, control and half characters", nil},
		{"query-flood", "floods with searches", nil},
		{"publish-flood", "floods with publications", nil},
		{"connection-flood", "opens connections and keeps them", nil},
		{"slow-loris", "sends a packet byte by byte", nil},
		{"never-reading", "asks and never reads the answers", nil},
		{"no-forward", "a supernode that forwards no searches", nil},
		{"ttl-keeper", "a supernode that does not lower the TTL", nil},
		{"first-answer", "a supernode that answers every search first", nil},
	}
}

func scriptNames() (names []string) {
	for _, s := range Scripts() {
		names = append(names, s.Name)
	}
	return names
}

// engineList is a list of engines in words: "sim or net".
func engineList(engines []Engine) string {
	var names []string
	for _, e := range engines {
		names = append(names, string(e))
	}
	return strings.Join(names, " or ")
}
