package experiment

import "time"

// Fault is one entry of the schedule of what goes wrong.
type Fault struct {
	// The name of this fault, for the ledger and for checks; its kind where nothing is said, with a number where that is
	// taken.
	ID string `yaml:"id" form:"name" zero:"the kind"`
	// When it begins, from the end of the warm-up on.
	At time.Duration `yaml:"at" range:"0s..8760h" need:"yes"`
	// How long it lasts. A fault of a moment happens once without it, and with every again and again for so long.
	For time.Duration `yaml:"for" range:"0s..8760h" zero:"a moment"`
	// The pause between two times of a fault of a moment.
	Every time.Duration `yaml:"every" range:"0s..8760h" zero:"once"`
	// What goes wrong.
	Do Action `yaml:",inline"`
}

// Kind is the fault's name in the file and in the ledger.
func (f Fault) Kind() string { return kindOf(f.Do) }

// End is when the fault ends; for a fault of a moment that happens once, its time.
func (f Fault) End() time.Duration { return f.At + f.For }

// Moments are the times at which a fault begins: several with every, otherwise one.
func (f Fault) Moments() []time.Duration {
	out := []time.Duration{f.At}
	if f.Every <= 0 {
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

// Toxic troubles connections in the manner of Toxiproxy, with its names and attributes.
type Toxic struct {
	// Which trouble.
	Type string `yaml:"type" form:"toxic" need:"yes"`
	// Which way: upstream is from who opened the connection, downstream towards it.
	Stream string `yaml:"stream" form:"upstream|downstream|both"`
	// How many connections are hit.
	Toxicity Share `yaml:"toxicity"`
	// Figures of the trouble; times are in milliseconds, those of slicer in microseconds.
	Attributes Attributes `yaml:"attributes"`
	// The connections: those that links.from has opened to links.to.
	Links LinkSet `yaml:"links" need:"yes"`
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

// Actor makes single actors of nodes fail.
type Actor struct {
	// In which nodes.
	Targets Targets `yaml:"targets"`
	// panic fails over a message; stop ends the actor; drop, duplicate, delay and reorder do that to messages; flood sends
	// a message again count times; slow makes the actor take delay for each message, during which nothing reaches it.
	Do ActorAction `yaml:"action" form:"panic|stop|drop|duplicate|delay|reorder|flood|slow" need:"yes"`
	// Which messages of which actors.
	Match Match `yaml:"match" need:"yes"`
	// How long a message is kept back (delay, reorder), or taken for (slow).
	Delay time.Duration `yaml:"delay" range:"0s..1h"`
	// How often a message comes in addition (flood).
	Count int `yaml:"count" range:"0..100000" unit:"messages"`
}

// ActorAction is what is done to an actor.
type ActorAction string

// The actions.
const (
	ActorPanic     ActorAction = "panic"
	ActorStop      ActorAction = "stop"
	ActorDrop      ActorAction = "drop"
	ActorDuplicate ActorAction = "duplicate"
	ActorDelay     ActorAction = "delay"
	ActorReorder   ActorAction = "reorder"
	ActorFlood     ActorAction = "flood"
	ActorSlow      ActorAction = "slow"
)

// Match says which messages of which actors a fault is about.
type Match struct {
	// The kind of the actor, as metrics and logs call it.
	Actor string `yaml:"actor" form:"word" zero:"any"`
	// The type of the message, without its package.
	Message string `yaml:"message" form:"word" zero:"any"`
	// How many of the messages that match are hit.
	Probability Share `yaml:"probability"`
	// Only the n-th message that matches, of each actor.
	Nth int `yaml:"nth" range:"0..1000000000" unit:"messages" zero:"each"`
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
