package experiment

// Targets are nodes that a fault or an operation is about. In a file it is a section with selectors, or one of the words
// peers, supernodes, all and rest, or the name of a node.
type Targets struct {
	// Of the supernodes.
	Supernodes *Selector `yaml:"supernodes"`
	// Of the peers.
	Peers *Selector `yaml:"peers"`
	// Rest is everybody whom the other groups leave; only in groups of a partition.
	Rest bool `yaml:"-"`
}

// Empty says that nobody was chosen.
func (t Targets) Empty() bool { return t.Supernodes == nil && t.Peers == nil && !t.Rest }

// Selector chooses among the supernodes, or among the peers, each time that a fault begins.
type Selector struct {
	// How many are taken: all, one, fixed with a number as value, or fixed-percent with a percentage as value.
	Mode Mode `yaml:"mode" form:"all|one|fixed|fixed-percent"`
	// The number, or the percentage.
	Value float64 `yaml:"value" range:"0..10000000" unit:"nodes or percent" zero:"the mode says it"`
	// Whom to take first: those with the most or fewest neighbors, or peers; of equals, and without it, it is drawn.
	Where Where `yaml:"where" form:"degree=max|degree=min|peers=max|peers=min" zero:"random"`
	// Exactly these nodes, instead of mode.
	Names []string `yaml:"names" form:"node"`
}

// Mode is how many a Selector takes.
type Mode string

// The modes.
const (
	All          Mode = "all"
	One          Mode = "one"
	Fixed        Mode = "fixed"
	FixedPercent Mode = "fixed-percent"
)

// Where is whom a Selector takes first.
type Where string

// The orders.
const (
	Anybody   Where = ""
	DegreeMax Where = "degree=max"
	DegreeMin Where = "degree=min"
	PeersMax  Where = "peers=max"
	PeersMin  Where = "peers=min"
)

// Number is how many of n the selector takes. A percentage is rounded to the nearest, and takes one at least unless it is 0.
func (s Selector) Number(n int) int {
	switch {
	case len(s.Names) > 0:
		return min(n, len(s.Names))
	case s.Mode == One:
		return min(n, 1)
	case s.Mode == Fixed:
		return min(n, int(s.Value))
	case s.Mode == FixedPercent && s.Value > 0:
		return min(n, max(1, int(float64(n)*s.Value/100+0.5)))
	case s.Mode == FixedPercent:
		return 0
	}
	return n
}

// LinkSet are the links between two sets of nodes, in both directions unless a stream or a direction says otherwise.
type LinkSet struct {
	// One end.
	From Targets `yaml:"from" need:"yes"`
	// The other end.
	To Targets `yaml:"to" need:"yes"`
}

// Groups are the sides of a partition in the order of the file.
type Groups []Group

// Group is one side of a partition.
type Group struct {
	Name  string
	Nodes Targets
}

// Direction is which way a fault of the network works, seen from the first group, the targets, or links.from.
type Direction string

// The directions.
const (
	Both Direction = "both"
	To   Direction = "to"   // what they send is hit
	From Direction = "from" // what is sent to them is hit
)
