package config

import "time"

// MaxFaults is how many faults may be there at once.
const MaxFaults = 64

// The kinds of faults.
const (
	FaultActor = "actor"
	FaultToxic = "toxic"
)

// Directions of a connection, seen from whoever opened it.
const (
	StreamUp   = "upstream"
	StreamDown = "downstream"
	StreamBoth = "both"
)

// Fault is a rule by which a node harms itself, for experiments: its actors' messages, or its connections. A list of
// them is written as YAML in a variable or a flag, too: --faults '{id: p, kind: actor, action: panic, match: {actor: query}}'.
// FaultKinds says which keys go with which action and type.
type Fault struct {
	// The name by which it is counted, logged and taken away.
	ID string `yaml:"id" form:"id"`
	// Whether it is for the messages of actors or for connections.
	Kind string `yaml:"kind" form:"actor|toxic"`
	// When it begins, counted from when it was set: at the node's start, or while it runs.
	At time.Duration `yaml:"at"`
	// How long it lasts.
	For time.Duration `yaml:"for" zero:"until it is taken away"`
	// It strikes once in this time at most, within its window; a flapping one.
	Every time.Duration `yaml:"every" zero:"whenever it can"`
	// How often it strikes at most.
	Times int `yaml:"times" unit:"times" zero:"without a bound"`

	// What is done to a message that an actor is about to get.
	Action string `yaml:"action" form:"action" zero:"none: it is no fault of actors"`
	// How long delay holds a message back, how long slow takes over each, and after how long reorder gives up waiting for
	// another message.
	Delay time.Duration `yaml:"delay" range:"0s..24h" zero:"1s for reorder"`
	// How many more copies of a message duplicate and flood make.
	Copies int `yaml:"copies" range:"0..100000" unit:"messages" zero:"1 for duplicate, 100 for flood"`
	// Which messages are meant.
	Match FaultMatch `yaml:"match"`

	// What is done to a connection; the names are Toxiproxy's where it has the same.
	Type string `yaml:"type" form:"type" zero:"none: it is no fault of connections"`
	// Which direction is meant: upstream is what whoever opened the connection sends.
	Stream string `yaml:"stream" form:"upstream|downstream|both"`
	// The share of connections that have it, from 0 to 1.
	Toxicity Probability `yaml:"toxicity"`
	// Only connections with these addresses and networks; none: with all.
	Addresses []string `yaml:"addresses" form:"network"`
	// Only connections to these ports, this node's own for those that come in; none: to all.
	Ports []string `yaml:"ports" form:"port"`
	// What the type needs to know.
	Attributes FaultAttributes `yaml:"attributes"`
}

// FaultMatch is which messages a fault of actors is for. What the framework says about an actor's life is never meant.
type FaultMatch struct {
	// The kind of the actor that gets the message.
	Actor string `yaml:"actor" form:"actor" zero:"any"`
	// The name of the message, such as Quer.
	Message string `yaml:"message" form:"message" zero:"any"`
	// With which probability it strikes, from 0 to 1.
	Probability Probability `yaml:"probability"`
	// Only this one of those that match, counted from 1 within its window.
	Nth int `yaml:"nth" unit:"messages" zero:"not only one"`
	// Only each so many of those that match.
	EveryNth int `yaml:"every_nth" unit:"messages" zero:"all"`
}

// FaultAttributes are what the types of faults of connections need to know. Other than in Toxiproxy a time and a size have
// their units.
type FaultAttributes struct {
	// How much later everything arrives.
	Latency time.Duration `yaml:"latency" range:"0s..24h"`
	// How much more or less than that, at random; nothing overtakes.
	Jitter time.Duration `yaml:"jitter" range:"0s..24h"`
	// How much gets through.
	Rate Rate `yaml:"rate" range:"0..1TiB" unit:"bytes/s"`
	// How much later slow_close closes, how long slow_connect takes, and slicer between two pieces.
	Delay time.Duration `yaml:"delay" range:"0s..24h"`
	// After how long the connection ends, or is dead.
	Timeout time.Duration `yaml:"timeout" range:"0s..24h" zero:"never for timeout, at once for reset_peer and half_open"`
	// How large slicer's pieces are.
	AverageSize Size `yaml:"average_size" range:"0..1TiB"`
	// How much more or less than that they are, at random.
	SizeVariation Size `yaml:"size_variation" range:"0..1TiB"`
	// After how much limit_data ends the connection and truncate says nothing more; in how much bit_flip turns one bit.
	Bytes Size `yaml:"bytes" range:"0..1TiB"`
}

// NewFault is a fault with what is true of one unless it says otherwise.
func NewFault() Fault {
	return Fault{Match: FaultMatch{Probability: 1}, Stream: StreamBoth, Toxicity: 1}
}

// Strikes is what the fault does: its action, or its type.
func (f *Fault) Strikes() string {
	if f.Kind == FaultActor {
		return f.Action
	}
	return f.Type
}

func (f *Fault) setDefaults() { *f = NewFault() }
