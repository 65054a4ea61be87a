package config

import "time"

// Defaults of the directory's store.
const (
	DefaultSync         = syncAlways
	DefaultReserve Size = 64 << 20
)

// syncAlways is the value of store.sync that loses nothing.
const syncAlways = "always"

// Bounds of store.sync where it is a duration.
const (
	minSync = time.Millisecond
	maxSync = time.Hour
)

// Store is how a supernode keeps its directory: who is logged in and what they publish.
type Store struct {
	// When a change is safe on the disk: always, before it is acknowledged; or at least that often, and a power cut may
	// cost as much.
	Sync string `yaml:"sync" form:"sync"`
	// Free space on the disk below which logins and publications are refused.
	Reserve Size `yaml:"reserve" unit:"bytes" zero:"none"`
}

func defaultStore() Store { return Store{Sync: DefaultSync, Reserve: DefaultReserve} }

// Every is how often the directory is synced; 0: before each acknowledgement.
func (s Store) Every() time.Duration {
	d, _ := time.ParseDuration(s.Sync) // always is none, and everything else has been checked
	return d
}

// checkSync says whether a text is a value of store.sync.
func checkSync(s string) bool {
	d, err := time.ParseDuration(s)
	return s == syncAlways || err == nil && minSync <= d && d <= maxSync
}
