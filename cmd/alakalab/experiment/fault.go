package experiment

import (
	"time"

	"alakazaam/config"
)

// Fault is one entry of the schedule of what goes wrong.
type Fault struct {
	// The name of this fault, for the ledger and for checks; its kind where nothing is said, with a number where that is
	// taken.
	ID string `yaml:"id" form:"name" zero:"the kind"`
	// When it begins, from the end of the warm-up on.
	At time.Duration `yaml:"at" range:"0s..8760h" need:"yes"`
	// How long it lasts. A fault of a moment happens once without it, and with every again and again for so long.
	For time.Duration `yaml:"for" range:"0s..8760h" zero:"a moment"`
	// The pause between two times of a fault of a moment; an actor fault strikes once in this time at most.
	Every time.Duration `yaml:"every" range:"0s..8760h" zero:"once"`
	// What goes wrong.
	Do Action `yaml:",inline"`
}

// Kind is the fault's name in the file and in the ledger.
func (f Fault) Kind() string { return kindOf(f.Do) }

// End is when the fault ends; for a fault of a moment that happens once, its time.
func (f Fault) End() time.Duration { return f.At + f.For }

// Moments are the times at which a fault begins: one, or several for a fault of a moment with every. Actor faults deal with
// their every themselves.
func (f Fault) Moments() []time.Duration {
	out := []time.Duration{f.At}
	if _, itself := f.Do.(*Actor); itself || f.Every <= 0 {
		return out
	}
	for t := f.At + f.Every; t < f.End(); t += f.Every {
		out = append(out, t)
	}
	return out
}

// Action is what goes wrong: one of the structures Partition to Descriptors.
type Action interface{ fault() }

// Partition cuts the network into groups of nodes that do not reach one another.
type Partition struct {
	// The groups by name; rest is everybody else. Nodes in no group keep reaching everybody.
	Groups Groups `yaml:"groups" need:"yes"`
	// both cuts both ways; to loses what the first group sends, from what is sent to it.
	Direction Direction `yaml:"direction" form:"both|to|from"`
}

// Isolate cuts each target off from everybody.
type Isolate struct {
	// Whom it hits.
	Targets Targets `yaml:"targets" need:"yes"`
	// both cuts both ways; to loses what the targets send, from what is sent to them.
	Direction Direction `yaml:"direction" form:"both|to|from"`
}

// Flap makes links come and go.
type Flap struct {
	// The links.
	Links LinkSet `yaml:"links" need:"yes"`
	// How many of them flap.
	Share Share `yaml:"share"`
	// How long a link is there.
	Up Dist `yaml:"up" dist:"duration"`
	// How long it is not.
	Down Dist `yaml:"down" dist:"duration"`
}

// Hold keeps what is sent back until the fault ends, and lets it go then, in order.
type Hold struct {
	// The links.
	Links LinkSet `yaml:"links" need:"yes"`
	// both holds both ways; to what links.from sends, from what is sent to it.
	Direction Direction `yaml:"direction" form:"both|to|from"`
}

// Network makes links worse, in addition to what they are.
type Network struct {
	// The links.
	Links LinkSet `yaml:"links" need:"yes"`
	// both hits both ways; to what links.from sends, from what is sent to it.
	Direction Direction `yaml:"direction" form:"both|to|from"`
	// How much later a packet comes: a duration, or a distribution from which every packet draws. Connections keep their order.
	Delay Dist `yaml:"delay" dist:"duration"`
	// Up to how much later still, evenly distributed.
	Jitter time.Duration `yaml:"jitter" range:"0s..1h"`
	// How many packets are lost and sent again.
	Loss Share `yaml:"loss"`
	// Packets lost in a row, on average.
	Burst float64 `yaml:"burst" range:"1..1000" unit:"packets"`
	// How many packets come twice to the machine; connections hide that, at the cost of rate.
	Duplication Share `yaml:"duplication"`
	// How many packets come after later ones; connections hide that, at the cost of time.
	Reordering Share `yaml:"reordering"`
	// How many packets have a bit changed on the way that no checksum notices.
	Corruption Share `yaml:"corruption"`
	// What each direction carries at most.
	Rate Rate `yaml:"rate" zero:"as before"`
}

// Kill ends nodes without a word, as kill -9 does, and starts them again with the same data.
type Kill struct {
	// Whom it hits.
	Targets Targets `yaml:"targets" need:"yes"`
	// How long until they start again.
	RestartAfter time.Duration `yaml:"restart_after" range:"0s..8760h" zero:"they stay away"`
	// What is left for the start: keep is all that is durable; lose is an empty disk.
	Data string `yaml:"data" form:"keep|lose"`
}

// Disk makes the directory's disk fail or slow.
type Disk struct {
	// Whom it hits.
	Targets Targets `yaml:"targets" need:"yes"`
	// Where: store.fsync is each change made durable, store.read each reading of the directory.
	Point string `yaml:"point" form:"store.fsync|store.read"`
	// What happens there, in the grammar of FreeBSD's fail(9): terms [P%][N*]ACTION joined by ->, of which the first that
	// applies is done. The actions are return(EIO), return(ENOSPC), return(EROFS), torn, sleep(20ms) and off.
	Terms Terms `yaml:"terms" need:"yes"`
}

// Clock makes the clocks of nodes wrong.
type Clock struct {
	// Whom it hits.
	Targets Targets `yaml:"targets" need:"yes"`
	// How far the clock jumps, forward, or back with a minus. It jumps back when the fault ends.
	Jump time.Duration `yaml:"jump" range:"-8760h..8760h"`
	// How fast the clock goes.
	Speed float64 `yaml:"speed" range:"0.01..100" unit:"seconds a second"`
}

// Toxic troubles connections, with the names and attributes that faults have in a node's configuration. A connection has it
// or not; whoever opened it is looked at.
type Toxic struct {
	// Which trouble.
	Type string `yaml:"type" form:"toxic" need:"yes"`
	// Which way: upstream is what links.from sends on connections that it has opened, downstream what it gets.
	Stream string `yaml:"stream" form:"upstream|downstream|both"`
	// How many of the connections have it.
	Toxicity Share `yaml:"toxicity"`
	// What the type needs to know.
	Attributes Attributes `yaml:"attributes"`
	// The connections: those that links.from opens to links.to.
	Links LinkSet `yaml:"links" need:"yes"`
}

// Attributes are the figures of a Toxic, as config.FaultAttributes has them.
type Attributes struct {
	// How much later everything arrives.
	Latency time.Duration `yaml:"latency" range:"0s..24h"`
	// How much more or less than that, at random; nothing overtakes.
	Jitter time.Duration `yaml:"jitter" range:"0s..24h"`
	// How much gets through.
	Rate Rate `yaml:"rate"`
	// How much later slow_close closes, how long slow_connect takes, and slicer between two pieces.
	Delay time.Duration `yaml:"delay" range:"0s..24h"`
	// After how long the connection ends, or is dead.
	Timeout time.Duration `yaml:"timeout" range:"0s..24h" zero:"never for timeout, at once for reset_peer and half_open"`
	// How large slicer's pieces are.
	AverageSize config.Size `yaml:"average_size" range:"0B..1TiB"`
	// How much more or less than that they are, at random.
	SizeVariation config.Size `yaml:"size_variation" range:"0B..1TiB"`
	// After how much limit_data ends the connection and truncate says nothing more; in how much bit_flip turns one bit.
	Bytes config.Size `yaml:"bytes" range:"0B..1TiB"`
}

// Byzantine brings peers or supernodes that play foul by a script.
type Byzantine struct {
	// What they do.
	Script string `yaml:"script" form:"script" need:"yes"`
	// How many there are of them.
	Count int `yaml:"count" range:"1..10000" unit:"nodes"`
	// How often each of them does it.
	Rate Frequency `yaml:"rate"`
	// What the script wants to know.
	Args Args `yaml:"args"`
}

// Actor makes single actors of nodes fail, as faults in a node's configuration do.
type Actor struct {
	// In which nodes.
	Targets Targets `yaml:"targets"`
	// What is done to a message that an actor is about to get.
	Action string `yaml:"action" form:"action" need:"yes"`
	// How often it strikes at most, in each node.
	Times int `yaml:"times" range:"0..1000000000" unit:"times" zero:"without a bound"`
	// How long delay holds a message back, how long slow takes over each, and after how long reorder gives up waiting for
	// another message.
	Delay time.Duration `yaml:"delay" range:"0s..24h" zero:"1s for reorder"`
	// How many more copies of a message duplicate and flood make.
	Copies int `yaml:"copies" range:"0..100000" unit:"messages" zero:"1 for duplicate, 100 for flood"`
	// Which messages are meant.
	Match Match `yaml:"match"`
}

// Match says which messages an Actor fault is about.
type Match struct {
	// The kind of the actor that gets the message.
	Actor string `yaml:"actor" form:"actor" zero:"any"`
	// The name of the message, such as Quer.
	Message string `yaml:"message" form:"message" zero:"any"`
	// With which probability it strikes.
	Probability Share `yaml:"probability"`
	// Only this one of those that match, counted from 1 in each node.
	Nth int `yaml:"nth" range:"0..1000000000" unit:"messages" zero:"not only one"`
	// Only each so many of those that match.
	EveryNth int `yaml:"every_nth" range:"0..1000000000" unit:"messages" zero:"all"`
}

// Rule gives the fault as a node's own configuration has it; ok is false for what is no fault of that kind. The addresses
// of a toxic are left to whoever knows them, and the times are the schedule's.
func (f Fault) Rule() (rule config.Fault, ok bool) {
	rule = config.NewFault()
	rule.ID, rule.Kind = f.ID, f.Kind()
	switch do := f.Do.(type) {
	case *Actor:
		rule.For, rule.Every = f.For, f.Every
		rule.Action, rule.Times, rule.Delay, rule.Copies = do.Action, do.Times, do.Delay, do.Copies
		rule.Match = config.FaultMatch{
			Actor: do.Match.Actor, Message: do.Match.Message, Probability: config.Probability(do.Match.Probability),
			Nth: do.Match.Nth, EveryNth: do.Match.EveryNth,
		}
		return rule, true
	case *Toxic:
		a := do.Attributes
		rule.Type, rule.Stream, rule.Toxicity = do.Type, do.Stream, config.Probability(do.Toxicity)
		rule.Attributes = config.FaultAttributes{
			Latency: a.Latency, Jitter: a.Jitter, Rate: config.Rate(a.Rate / 8), Delay: a.Delay, Timeout: a.Timeout,
			AverageSize: a.AverageSize, SizeVariation: a.SizeVariation, Bytes: a.Bytes,
		}
		return rule, true
	}
	return config.Fault{}, false
}

// Shuffle lets the actors that have messages take turns in random order, instead of the order in which they came.
type Shuffle struct {
	// In which nodes.
	Targets Targets `yaml:"targets"`
}

// Freeze stops whole processes (SIGSTOP) until the fault ends.
type Freeze struct {
	// Whom it hits.
	Targets Targets `yaml:"targets" need:"yes"`
}

// FullDisk fills the file system on which a node's data is.
type FullDisk struct {
	// Whom it hits.
	Targets Targets `yaml:"targets" need:"yes"`
}

// Descriptors takes open files away from running processes, down to a limit.
type Descriptors struct {
	// Whom it hits.
	Targets Targets `yaml:"targets" need:"yes"`
	// Files that a process may have open.
	Limit int `yaml:"limit" range:"1..1000000" unit:"files" need:"yes"`
}

func (*Partition) fault()   {}
func (*Isolate) fault()     {}
func (*Flap) fault()        {}
func (*Hold) fault()        {}
func (*Network) fault()     {}
func (*Kill) fault()        {}
func (*Disk) fault()        {}
func (*Clock) fault()       {}
func (*Toxic) fault()       {}
func (*Byzantine) fault()   {}
func (*Actor) fault()       {}
func (*Shuffle) fault()     {}
func (*Freeze) fault()      {}
func (*FullDisk) fault()    {}
func (*Descriptors) fault() {}
