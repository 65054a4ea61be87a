package config

import "time"

// Defaults of the section session. The pause between probes is FastTrack's.
const (
	DefaultVerifyAddress = true
	DefaultProbeEvery    = 2 * time.Minute
	DefaultProbeFailures = 3
	DefaultRefresh       = 30 * time.Second
	DefaultCompare       = 500 * time.Millisecond
	DefaultCheckEvery    = 5 * time.Second
	DefaultStandbys      = 3
	DefaultStandbyEvery  = time.Minute
	DefaultBaseAgain     = time.Hour
)

// Session is how logins are kept.
type Session struct {
	// Whether a login counts only for the address that it comes from.
	VerifyAddress bool `yaml:"verify_address" reload:"yes"`
	// A supernode dials a peer of which it has heard nothing for this long, to see whether it is still there.
	ProbeEvery time.Duration `yaml:"probe_every" range:"0s..24h" zero:"never" reload:"yes"`
	// Dials in a row that have to fail until the peer's session ends and its files go.
	ProbeFailures int `yaml:"probe_failures" range:"1..100" unit:"failures" reload:"yes"`
	// Pause after which a peer logs in again at its supernode, to learn whether it still lives and knows the session.
	Refresh time.Duration `yaml:"refresh" range:"1s..1h" reload:"yes"`
	// How long a peer that looks for a supernode compares those that it finds, from the first one on, before it logs in
	// at the best.
	Compare time.Duration `yaml:"compare" range:"0s..1m" zero:"it takes the first" reload:"yes"`
	// Pause between two looks of a peer whether its supernode is there. One that refuses the connection, or does not answer
	// two looks in a row, is left for a standby; a look takes up to limits.dial_timeout where nobody answers at all.
	CheckEvery time.Duration `yaml:"check_every" range:"0s..1h" zero:"only when it is needed" reload:"yes"`
	// Supernodes that a peer keeps in readiness for when its own is gone.
	Standbys int `yaml:"standbys" range:"0..32" unit:"supernodes" zero:"it searches anew then" reload:"yes"`
	// Pause between two looks of a peer at its standbys.
	StandbyEvery time.Duration `yaml:"standby_every" range:"1s..24h" reload:"yes"`
	// Pause after which a supernode that did not understand PING is asked again; until then it is only looked at whether it
	// can be reached.
	BaseAgain time.Duration `yaml:"base_again" range:"1s..8760h" reload:"yes"`
}

func defaultSession() Session {
	return Session{
		VerifyAddress: DefaultVerifyAddress, ProbeEvery: DefaultProbeEvery, ProbeFailures: DefaultProbeFailures,
		Refresh: DefaultRefresh, Compare: DefaultCompare, CheckEvery: DefaultCheckEvery, Standbys: DefaultStandbys,
		StandbyEvery: DefaultStandbyEvery, BaseAgain: DefaultBaseAgain,
	}
}
