package config

import (
	"fmt"
	"time"
)

// Defaults of the section promotion. FastTrack's supernodes had about 150 peers.
const (
	DefaultMinUptime            = time.Hour
	DefaultMinAverage           = 3 * time.Hour
	DefaultMinOpenFiles         = 1024
	DefaultMinMemory       Size = 256 << 20
	DefaultReachableWithin      = 6 * time.Hour
	DefaultMinSupernodes        = 2
	DefaultPerSupernode         = 150
	DefaultMinSessions          = 5
	DefaultSettle               = 5 * time.Minute
	DefaultIdle                 = 30 * time.Minute
	DefaultRest                 = 30 * time.Minute
	DefaultPromotionEvery       = 30 * time.Second
)

// Promotion is when a peer becomes a supernode, and when it goes back.
type Promotion struct {
	// Whether a peer becomes a supernode where one is missing, and a peer again when it is not needed any more.
	Enabled bool `yaml:"enabled"`
	// How long the node has to run by then.
	MinUptime time.Duration `yaml:"min_uptime" range:"0s..8760h" reload:"yes"`
	// How long its runs have to last on average.
	MinAverage time.Duration `yaml:"min_average" range:"0s..8760h" reload:"yes"`
	// How many files the system has to let it open.
	MinOpenFiles int `yaml:"min_open_files" unit:"files" zero:"any number" reload:"yes"`
	// How much memory it has to have.
	MinMemory Size `yaml:"min_memory" zero:"any size" reload:"yes"`
	// For how long a connection from another host shows that the node can be reached.
	ReachableWithin time.Duration `yaml:"reachable_within" range:"1s..8760h" reload:"yes"`
	// A supernode is missing where a peer sees fewer that are up: its own and its session.standbys. A promoted one stays where
	// it sees fewer others with room.
	MinSupernodes int `yaml:"min_supernodes" range:"1..32" unit:"supernodes" reload:"yes"`
	// A supernode is missing, too, where all that are known have this many sessions, or refuse logins.
	SessionsPerSupernode int `yaml:"sessions_per_supernode" range:"1..1000000" unit:"sessions" reload:"yes"`
	// A promoted supernode is needed as long as it has this many.
	MinSessions int `yaml:"min_sessions" range:"1..1000000" unit:"sessions" reload:"yes"`
	// How long all conditions have to hold without a break until a peer becomes a supernode.
	Settle time.Duration `yaml:"settle" range:"0s..24h" reload:"yes"`
	// How long a promoted supernode has to be needless until it becomes a peer again; settle, where that is longer.
	Idle time.Duration `yaml:"idle" range:"0s..168h" reload:"yes"`
	// How long the node keeps its role after a change.
	Rest time.Duration `yaml:"rest" range:"0s..168h" reload:"yes"`
	// Pause between two looks at all of this.
	Every time.Duration `yaml:"every" range:"10ms..1h" reload:"yes"`
}

func defaultPromotion() Promotion {
	return Promotion{
		MinUptime: DefaultMinUptime, MinAverage: DefaultMinAverage, MinOpenFiles: DefaultMinOpenFiles, MinMemory: DefaultMinMemory,
		ReachableWithin: DefaultReachableWithin, MinSupernodes: DefaultMinSupernodes, SessionsPerSupernode: DefaultPerSupernode,
		MinSessions: DefaultMinSessions, Settle: DefaultSettle, Idle: DefaultIdle, Rest: DefaultRest, Every: DefaultPromotionEvery,
	}
}

func (p Promotion) validate(r *rules, l *Limits, s *Session) {
	r.require(p.MinSessions < p.SessionsPerSupernode,
		fmt.Sprintf("promotion.min_sessions (%d) is not less than promotion.sessions_per_supernode (%d): a supernode would come and go",
			p.MinSessions, p.SessionsPerSupernode),
		"promotion.min_sessions", "promotion.sessions_per_supernode")
	r.advise(!p.Enabled || l.Sessions == 0 || p.MinSessions <= l.Sessions,
		fmt.Sprintf("promotion.min_sessions is %d, which a promoted supernode never has: limits.sessions is %d", p.MinSessions, l.Sessions),
		"promotion.min_sessions", "limits.sessions")
	r.advise(!p.Enabled || p.MinSupernodes <= s.Standbys+1,
		fmt.Sprintf("a supernode is always missing: a peer sees its own and %d others (session.standbys), fewer than promotion.min_supernodes (%d)",
			s.Standbys, p.MinSupernodes),
		"promotion.min_supernodes", "session.standbys")
	r.advise(!p.Enabled || p.Every <= p.ReachableWithin,
		fmt.Sprintf("promotion.reachable_within (%s) is over before the next look (promotion.every is %s)", formatDuration(p.ReachableWithin), formatDuration(p.Every)),
		"promotion.reachable_within", "promotion.every")
}
