package config

import "time"

// Defaults of the limits.
const (
	DefaultConnections           = 20000
	DefaultConnectionsPerAddress = 64
	DefaultSessions              = 5000
	DefaultFilesPerSession       = 50000
	DefaultPendingQueries        = 2000
	DefaultDialsPerAddress       = 4
	DefaultDialsQueued           = 20000
	DefaultDialTimeout           = 5 * time.Second
	DefaultIdleTimeout           = time.Minute
	DefaultFirstPacket           = 5 * time.Second
)

// Limits bound what others may use. 0 means no limit of what is counted.
type Limits struct {
	// Incoming connections at once, in all.
	Connections int `yaml:"connections" unit:"connections" zero:"no limit"`
	// Incoming connections at once, from one address.
	ConnectionsPerAddress int `yaml:"connections_per_address" unit:"connections" zero:"no limit"`
	// Logins at once.
	Sessions int `yaml:"sessions" unit:"logins" zero:"no limit"`
	// Files that one login may publish.
	FilesPerSession int `yaml:"files_per_session" unit:"files" zero:"no limit"`
	// Searches under way at once.
	PendingQueries int `yaml:"pending_queries" unit:"searches" zero:"no limit"`
	// Outgoing connections being opened at once, towards one address.
	DialsPerAddress int `yaml:"dials_per_address" unit:"connections" zero:"no limit"`
	// Outgoing connections that wait for their turn, in all.
	DialsQueued int `yaml:"dials_queued" unit:"connections" zero:"no limit"`
	// An outgoing connection that is not open after this long has failed.
	DialTimeout time.Duration `yaml:"dial_timeout" range:"1ms..10m"`
	// A connection on which nothing has moved for this long is closed.
	IdleTimeout time.Duration `yaml:"idle_timeout" range:"1ms..24h"`
	// An incoming connection that has not sent a whole packet after this long is closed.
	FirstPacket time.Duration `yaml:"first_packet" range:"1ms..10m"`
}

func defaultLimits() Limits {
	return Limits{
		Connections:           DefaultConnections,
		ConnectionsPerAddress: DefaultConnectionsPerAddress,
		Sessions:              DefaultSessions,
		FilesPerSession:       DefaultFilesPerSession,
		PendingQueries:        DefaultPendingQueries,
		DialsPerAddress:       DefaultDialsPerAddress,
		DialsQueued:           DefaultDialsQueued,
		DialTimeout:           DefaultDialTimeout,
		IdleTimeout:           DefaultIdleTimeout,
		FirstPacket:           DefaultFirstPacket,
	}
}
