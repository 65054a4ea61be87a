package experiment

import "time"

// Content is what the peers share.
type Content struct {
	// Different files. File 0 is the most popular one.
	Files int `yaml:"files" range:"0..10000000" unit:"files"`
	// Words that names have beside what is their own, dealt out in turn: each word is in the names of as many files, popular
	// and rare ones.
	Topics int `yaml:"topics" range:"0..1000000" unit:"words" zero:"names have nothing in common"`
	// Copies of a file at the start, each at another peer; at least one. Zipf by mean makes popular files the more frequent ones.
	Copies Dist `yaml:"copies" dist:"number"`
	// How copies relate to how often a file is looked for: drawn takes copies as they come; uniform, proportional and
	// square-root share out as many copies as that in all evenly, by popularity, or by its square root.
	Placement string `yaml:"placement" form:"drawn|uniform|proportional|square-root"`
	// How large a file is.
	Size Dist `yaml:"size" dist:"size"`
}

// Churn is who comes and goes during the run and the healing.
type Churn struct {
	// The peers.
	Peers *Churning `yaml:"peers"`
	// The supernodes.
	Supernodes *Churning `yaml:"supernodes"`
}

// Churning is how long nodes stay and stay away, each for itself.
type Churning struct {
	// How long a node stays.
	Session Dist `yaml:"session" dist:"duration" need:"yes"`
	// How long it is away then.
	Absence Dist `yaml:"absence" dist:"duration" need:"yes"`
	// How it goes: crash is without a word, logout with a goodbye.
	Leave string `yaml:"leave" form:"crash|logout"`
}

// Operation is one stream of operations of the workload, during the run and the healing.
type Operation struct {
	// How many begin, of all nodes together. The times between them are exponential.
	Rate Frequency `yaml:"rate" need:"yes"`
	// Which peers they come from, each time another, drawn at random.
	From Targets `yaml:"from"`
	// Begin operations when they are due, whether or not earlier ones have ended. Otherwise a node that is still busy
	// begins the next one as soon as it can.
	OpenLoop bool `yaml:"open_loop"`
	// What they are.
	Do Work `yaml:",inline"`
}

// Kind is the operation's name in the file and in the record.
func (o Operation) Kind() string { return kindOf(o.Do) }

// Work is what an operation does: *Find, *Download, *Publish or *Withdraw.
type Work interface{ work() }

// Find searches.
type Find struct {
	// Which files are looked for, by popularity: zipf over the files, or uniform.
	Terms Dist `yaml:"terms" dist:"rank"`
	// What is searched for: file is what only that file's name has; topic is the word that it shares with others (content.topics).
	By string `yaml:"by" form:"file|topic"`
	// How many hops a search goes.
	TTL int `yaml:"ttl" range:"0..99" unit:"hops" zero:"as the node's search.ttl"`
}

// Download fetches a file that a search has found.
type Download struct {
	// What comes before: the download takes a result of the latest search of the same peer that found something.
	After string `yaml:"after" form:"find"`
	// Sources that it takes at once: a number, or up-to-3.
	Sources UpTo `yaml:"sources" range:"1..64" unit:"sources"`
}

// Publish publishes a file more: a copy of one that is there, drawn by popularity, or a new one.
type Publish struct {
	// How many of them are new files.
	Fresh Share `yaml:"fresh"`
}

// Withdraw withdraws a file that the peer shares.
type Withdraw struct{}

func (*Find) work()     {}
func (*Download) work() {}
func (*Publish) work()  {}
func (*Withdraw) work() {}

// UpTo is a number that may be written as up-to-3.
type UpTo int

func defaultContent() Content {
	return Content{
		Files: 1000, Copies: Constant(1), Placement: "drawn", Size: Constant(1 << 20),
	}
}

func defaultOperation() Operation {
	return Operation{From: Targets{Peers: &Selector{Mode: All}}, OpenLoop: true}
}

func defaultChurning() Churning {
	return Churning{Session: Exponential(float64(time.Hour)), Absence: Exponential(float64(time.Hour)), Leave: "crash"}
}
