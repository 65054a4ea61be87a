package config

import (
	"fmt"
	"time"

	"alakazaam/actors/p2p"
)

// Defaults of a search: as far as Gnutella's searches went, and as many results as FastTrack gave.
const (
	DefaultSearchTTL         p2p.TTL = 5
	DefaultSearchQuiet               = 1500 * time.Millisecond
	DefaultSearchWindow              = 18 * time.Second
	DefaultSearchMaxResults          = 200
	DefaultSearchMaxPerOwner         = 50
	DefaultSearchStrategy            = StrategyDynamic
	DefaultSearchFilterMax   Size    = 512 << 10
)

// The strategies of a search.
const (
	StrategyFlood   = "flood"
	StrategyRing    = "ring"
	StrategyDynamic = "dynamic"
)

// Strategies are the values of search.strategy.
func Strategies() []string { return schema.byPath["search.strategy"].choices() }

// PeerPatience is how long peers in the field wait for the answer to a FIND before they give up (the protocol's habits of the field: fixed waits).
const PeerPatience = 25 * time.Second

// Search is how searches run.
type Search struct {
	// How far a search that begins here goes, and the most that one of others may have left.
	TTL p2p.TTL `yaml:"ttl" range:"1..99" unit:"hops" reload:"yes"`
	// How a search goes: flood asks everybody at once; ring asks nearer supernodes first, until there are enough results;
	// dynamic asks one neighbor after another where a probe shows that many have it, and everybody where few do. In a model
	// of 200 supernodes dynamic takes 35% to 55% of flood's packets for searches of mixed popularity, where ring takes 60%
	// to 90%, and at most 5% more for rare files, where ring doubles them. All of them find as much wherever fewer results
	// come than are asked for.
	Strategy string `yaml:"strategy" form:"flood|ring|dynamic" reload:"yes"`
	// Where not everybody says that all answers have come, a search ends when none has come for this long; for half as
	// long where there are enough, and before a further step of a strategy.
	Quiet time.Duration `yaml:"quiet" range:"1ms..1h" reload:"yes"`
	// A search ends after this long whatever still comes; peers in the field give up after about 25s.
	Window time.Duration `yaml:"window" range:"1ms..1h"`
	// The most files in the answer to a peer, and the most answers to another supernode's search.
	MaxResults int `yaml:"max_results" range:"1..999" unit:"files" reload:"yes"`
	// Files in an answer that only one address has, where others have more than fit.
	MaxPerOwner int `yaml:"max_per_owner" unit:"files" zero:"no cap" reload:"yes"`
	// Tell linked supernodes which names are here, and do not send them searches, on the last hop, of which they have said
	// that nothing there matches.
	Filters bool `yaml:"filters"`
	// The most that one filter of names takes, this node's own and each neighbor's; a larger one is not taken in, and a
	// part of a power of two is left out.
	FilterMax Size `yaml:"filter_max" range:"512B..8MiB"`
}

func defaultSearch() Search {
	return Search{
		TTL:         DefaultSearchTTL,
		Strategy:    DefaultSearchStrategy,
		Quiet:       DefaultSearchQuiet,
		Window:      DefaultSearchWindow,
		MaxResults:  DefaultSearchMaxResults,
		MaxPerOwner: DefaultSearchMaxPerOwner,
		Filters:     true,
		FilterMax:   DefaultSearchFilterMax,
	}
}

func (s Search) validate(r *rules) {
	quiet, window := formatDuration(s.Quiet), formatDuration(s.Window)
	r.require(s.Quiet <= s.Window, fmt.Sprintf("search.quiet (%s) is longer than search.window (%s)", quiet, window),
		"search.quiet", "search.window")
	r.advise(s.Window <= PeerPatience,
		fmt.Sprintf("search.window is %s, but peers in the field give up after about %s", window,
			formatDuration(PeerPatience)), "search.window")
}
