package config

import "time"

// Defaults of the section session.
const (
	DefaultVerifyAddress = true
	DefaultRefresh       = 30 * time.Second
)

// Session is how logins are kept.
type Session struct {
	// Whether a login counts only for the address that it comes from.
	VerifyAddress bool `yaml:"verify_address"`
	// Pause after which a peer logs in again at its supernode, to learn whether it still lives and knows the session.
	Refresh time.Duration `yaml:"refresh" range:"1s..1h"`
}

func defaultSession() Session {
	return Session{VerifyAddress: DefaultVerifyAddress, Refresh: DefaultRefresh}
}
