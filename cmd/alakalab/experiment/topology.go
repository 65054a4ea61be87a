package experiment

import "time"

// Topology is which nodes there are, and how they are linked.
type Topology struct {
	// The supernodes: supernode-0, supernode-1 and so on.
	Supernodes Supernodes `yaml:"supernodes"`
	// The peers: peer-0, peer-1 and so on.
	Peers Peers `yaml:"peers"`
	// What the network between nodes is like.
	Links Links `yaml:"links"`
}

// Supernodes are the supernodes at the start.
type Supernodes struct {
	// How many there are.
	Count int `yaml:"count" range:"1..1000000" unit:"supernodes"`
	// Who is whose neighbor at the start.
	Graph Graph `yaml:"graph"`
}

// Peers are the peers at the start.
type Peers struct {
	// How many there are.
	Count int `yaml:"count" range:"0..10000000" unit:"peers"`
	// How supernodes are given to peers: random draws them, even gives each supernode as many peers as any other.
	Attach string `yaml:"attach" form:"random|even"`
	// Supernodes that each peer is told of. It logs in at the best of them and keeps the others in readiness.
	Parents int `yaml:"parents" range:"1..32" unit:"supernodes"`
}

// Graph is who is whose neighbor: one of the structures Gnp to EdgeList.
type Graph interface{ graph() }

// Gnp links each pair of supernodes with the same probability, and then the parts with one another.
type Gnp struct {
	// Neighbors of a supernode on average.
	Degree float64 `yaml:"degree" range:"0..1000" unit:"neighbors" need:"yes"`
}

// RandomRegular gives every supernode the same number of neighbors, drawn at random.
type RandomRegular struct {
	// Neighbors of each supernode.
	Degree int `yaml:"degree" range:"1..1000" unit:"neighbors" need:"yes"`
}

// PowerLaw lets supernodes come one after another and prefer neighbors who have many already (Barabási and Albert).
type PowerLaw struct {
	// Links that each supernode brings with it; the mean degree is about twice as much.
	Links int `yaml:"links" range:"1..500" unit:"links" need:"yes"`
}

// Grid lays the supernodes out in rows; each is linked with those left, right, above and below.
type Grid struct {
	// Supernodes in a row.
	Width int `yaml:"width" range:"0..1000000" unit:"supernodes" zero:"the square root of their number, rounded up"`
}

// Line links each supernode with the next.
type Line struct{}

// Ring is a Line whose ends are linked.
type Ring struct{}

// Star links the first supernode with all others.
type Star struct{}

// Tree links each supernode with its children.
type Tree struct {
	// Children of each supernode, as far as there are enough.
	Children int `yaml:"children" range:"1..1000" unit:"children" need:"yes"`
}

// Total links everybody with everybody.
type Total struct{}

// EdgeList is a graph from a file.
type EdgeList struct {
	// The file, seen from the experiment's: a line for each link with the numbers of two supernodes, from 0; # begins a
	// comment. It is not read where edges has them.
	Path string `yaml:"path" form:"file" zero:"edges has them"`
	// The links: pairs of numbers as in "0-1 1-2".
	Edges Edges `yaml:"edges" zero:"they are in the file"`
}

func (*Gnp) graph()           {}
func (*RandomRegular) graph() {}
func (*PowerLaw) graph()      {}
func (*Grid) graph()          {}
func (*Line) graph()          {}
func (*Ring) graph()          {}
func (*Star) graph()          {}
func (*Tree) graph()          {}
func (*Total) graph()         {}
func (*EdgeList) graph()      {}

// Links is what the network between nodes is like, by who they are. What a class leaves out is as in default; after
// Load every class is complete.
type Links struct {
	// Between any two nodes of which the others do not speak.
	Default Link `yaml:"default"`
	// Between supernodes.
	Supernodes Link `yaml:"supernodes"`
	// Between a peer and a supernode.
	Peers Link `yaml:"peers"`
	// Between peers, where downloads are.
	Downloads Link `yaml:"downloads"`
}

// Link is the network between two nodes, the same in both directions.
type Link struct {
	// How long a packet takes one way: a duration, or a distribution from which each pair of nodes draws once.
	Latency Dist `yaml:"latency" dist:"duration"`
	// What each direction carries.
	Rate Rate `yaml:"rate" zero:"no limit"`
	// How many packets are lost. A lost packet of a connection is sent again, so it comes late; so does all that follows it.
	Loss Share `yaml:"loss"`
}

func defaultTopology() Topology {
	link := Link{Latency: Constant(float64(20 * time.Millisecond))}
	return Topology{
		Supernodes: Supernodes{Count: 20, Graph: &RandomRegular{Degree: 4}},
		Peers:      Peers{Count: 100, Attach: "random", Parents: 1},
		Links:      Links{Default: link, Supernodes: link, Peers: link, Downloads: link},
	}
}
