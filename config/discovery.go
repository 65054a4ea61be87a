package config

import (
	"fmt"
	"time"

	"alakazaam/actors/p2p"
)

// Defaults of discovery. Gnutella asked for 15 to 42 neighbors a supernode.
const (
	DefaultDiscoveryTTL    p2p.TTL = 4
	DefaultDiscoveryWindow         = 5 * time.Second
	DefaultDiscoveryEvery          = time.Minute
	DefaultDiscoveryTarget         = 16
	DefaultDiscoveryMax            = 50
)

// Discovery is how supernodes are found.
type Discovery struct {
	// How far a search for supernodes that begins here goes, and the most that one of others may have left.
	TTL p2p.TTL `yaml:"ttl" range:"1..99" unit:"hops" reload:"yes"`
	// How long answers to a search for supernodes are waited for.
	Window time.Duration `yaml:"window" range:"1ms..1h" reload:"yes"`
	// Pause between two searches for supernodes while neighbors are missing.
	Every time.Duration `yaml:"every" range:"10ms..24h" reload:"yes"`
	// How many neighbors are looked for.
	Target int `yaml:"target" unit:"neighbors" zero:"only those of the configuration" reload:"yes"`
	// How many neighbors there may be.
	Max int `yaml:"max" unit:"neighbors" zero:"no limit" reload:"yes"`
}

func defaultDiscovery() Discovery {
	return Discovery{
		TTL:    DefaultDiscoveryTTL,
		Window: DefaultDiscoveryWindow,
		Every:  DefaultDiscoveryEvery,
		Target: DefaultDiscoveryTarget,
		Max:    DefaultDiscoveryMax,
	}
}

func (d Discovery) validate(r *rules) {
	r.require(d.Max == 0 || d.Target <= d.Max,
		fmt.Sprintf("discovery.target (%d) is more than discovery.max (%d)", d.Target, d.Max),
		"discovery.target", "discovery.max")
}
