package config

import "time"

// Defaults of the section session. The pause between probes is FastTrack's.
const (
	DefaultVerifyAddress = true
	DefaultProbeEvery    = 2 * time.Minute
	DefaultProbeFailures = 3
	DefaultRefresh       = 30 * time.Second
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
}

func defaultSession() Session {
	return Session{
		VerifyAddress: DefaultVerifyAddress, ProbeEvery: DefaultProbeEvery, ProbeFailures: DefaultProbeFailures,
		Refresh: DefaultRefresh,
	}
}
