package config

import (
	"fmt"
	"time"

	"alakazaam/actors/p2p"
)

// Defaults of discovery. Gnutella asked for 15 to 42 neighbors a supernode.
const (
	DefaultDiscoveryTTL       p2p.TTL = 4
	DefaultDiscoveryWindow            = 5 * time.Second
	DefaultDiscoveryEvery             = time.Minute
	DefaultDiscoveryTarget            = 16
	DefaultDiscoveryMax               = 50
	DefaultDiscoveryPerSubnet         = 4
	DefaultLinks                      = true
	DefaultLinkTimeout                = 2 * time.Second
	DefaultLinkAgain                  = 10 * time.Minute
	DefaultPingEvery                  = 30 * time.Second
	DefaultPingTimeout                = 10 * time.Second
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
	// How many neighbors there may be from one IPv4 network of 24 bits, or one IPv6 network of 64, so that nobody can
	// surround this node. Those of the configuration and this machine's loopback addresses are not counted.
	PerSubnet int `yaml:"per_subnet" unit:"neighbors" zero:"no limit" reload:"yes"`
	// Whether links are kept to neighbors that know them. Without, each packet goes on a connection of its own, and a
	// search ends when nothing has come for search.quiet.
	Links bool `yaml:"links"`
	// A neighbor that has not agreed to a link after this long is one that knows no links.
	LinkTimeout time.Duration `yaml:"link_timeout" range:"10ms..1m" reload:"yes"`
	// Pause after which a neighbor that knows no links is asked again. For as long no search waits for the end of what one
	// has been asked that knows them but has not finished a search within search.window, unless it finishes sixteen in a
	// row before.
	LinkAgain time.Duration `yaml:"link_again" range:"1s..168h" reload:"yes"`
	// Pause after which the other side of a link is asked again whether it is there, and what it carries.
	PingEvery time.Duration `yaml:"ping_every" range:"100ms..1h" reload:"yes"`
	// A link on which nothing at all has come for this long after that is given up.
	PingTimeout time.Duration `yaml:"ping_timeout" range:"10ms..10m" reload:"yes"`
}

func defaultDiscovery() Discovery {
	return Discovery{
		TTL:         DefaultDiscoveryTTL,
		Window:      DefaultDiscoveryWindow,
		Every:       DefaultDiscoveryEvery,
		Target:      DefaultDiscoveryTarget,
		Max:         DefaultDiscoveryMax,
		PerSubnet:   DefaultDiscoveryPerSubnet,
		Links:       DefaultLinks,
		LinkTimeout: DefaultLinkTimeout,
		LinkAgain:   DefaultLinkAgain,
		PingEvery:   DefaultPingEvery,
		PingTimeout: DefaultPingTimeout,
	}
}

func (d Discovery) validate(r *rules) {
	r.require(d.Max == 0 || d.Target <= d.Max,
		fmt.Sprintf("discovery.target (%d) is more than discovery.max (%d)", d.Target, d.Max),
		"discovery.target", "discovery.max")
}
