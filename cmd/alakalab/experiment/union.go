package experiment

import (
	"reflect"
	"sync"

	"alakazaam/config"
)

// member is one kind of a union.
type member struct {
	name string
	make func() any // with its defaults
}

// unions lists the kinds of each interface in the order of the help. The key kind of the file chooses among them.
var unions = map[reflect.Type][]member{
	reflect.TypeFor[Graph](): {
		{"gnp", func() any { return &Gnp{} }}, {"random-regular", func() any { return &RandomRegular{} }},
		{"power-law", func() any { return &PowerLaw{} }}, {"grid", func() any { return &Grid{} }},
		{"line", func() any { return &Line{} }}, {"ring", func() any { return &Ring{} }},
		{"star", func() any { return &Star{} }}, {"tree", func() any { return &Tree{} }},
		{"total", func() any { return &Total{} }}, {"file", func() any { return &EdgeList{} }},
	},
	reflect.TypeFor[Work](): {
		{"find", func() any { return &Find{Terms: Dist{Kind: KindZipf, S: 0.8}, By: "file"} }},
		{"download", func() any { return &Download{After: "find", Sources: 3} }},
		{"publish", func() any { return &Publish{} }}, {"withdraw", func() any { return &Withdraw{} }},
	},
	reflect.TypeFor[Action](): {
		{"partition", func() any { return &Partition{Direction: Both} }},
		{"isolate", func() any { return &Isolate{Direction: Both} }},
		{"flap", func() any { return &Flap{Share: 1, Up: Constant(10e9), Down: Constant(5e9)} }},
		{"hold", func() any { return &Hold{Direction: Both} }},
		{"network", func() any { return &Network{Direction: Both, Delay: Constant(0), Burst: 1} }},
		{"kill", func() any { return &Kill{Data: "keep"} }},
		{"disk", func() any { return &Disk{Point: "store.fsync"} }},
		{"clock", func() any { return &Clock{Speed: 1} }},
		{"toxic", func() any { return &Toxic{Stream: config.StreamBoth, Toxicity: 1} }},
		{"byzantine", func() any { return &Byzantine{Count: 1, Rate: 1} }},
		{"actor", func() any { return &Actor{Targets: everybody(), Match: Match{Probability: 1}} }},
		{"shuffle", func() any { return &Shuffle{Targets: everybody()} }},
		{"freeze", func() any { return &Freeze{} }},
		{"full-disk", func() any { return &FullDisk{} }},
		{"descriptors", func() any { return &Descriptors{} }},
	},
}

func everybody() Targets {
	return Targets{Supernodes: &Selector{Mode: All}, Peers: &Selector{Mode: All}}
}

// kinds are the names of the members of unions by their type.
var kinds = sync.OnceValue(func() map[reflect.Type]string {
	out := make(map[reflect.Type]string)
	for _, members := range unions {
		for _, m := range members {
			out[reflect.TypeOf(m.make())] = m.name
		}
	}
	return out
})

// kindOf is the name of a member of a union; empty for anything else.
func kindOf(v any) string { return kinds()[reflect.TypeOf(v)] }
