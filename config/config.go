// Package config is what a node is told by its user: one file a section, each with its defaults, its structure and its
// rules.
package config

import (
	"time"

	"alakazaam/actors/p2p"
)

// Config is a whole configuration. Every value has a default, so that a node runs with no configuration at all.
type Config struct {
	Listen      string    `yaml:"listen"`
	Advertise   Advertise `yaml:"advertise"`
	DataDir     string    `yaml:"data_dir"`
	ShareDir    string    `yaml:"share_dir"`
	DownloadDir string    `yaml:"download_dir"`
	Neighbors   []string  `yaml:"neighbors"`
	Bootstrap   []string  `yaml:"bootstrap"`
	Search      Search    `yaml:"search"`
	Discovery   Discovery `yaml:"discovery"`
	Session     Session   `yaml:"session"`
	Limits      Limits    `yaml:"limits"`
	Transfer    Transfer  `yaml:"transfer"`
	Admin       Admin     `yaml:"admin"`
	Log         Log       `yaml:"log"`
}

// Advertise is what others are told about where this node is. What is empty is found out when the node starts.
type Advertise struct {
	IPv4 string `yaml:"ipv4"`
	IPv6 string `yaml:"ipv6"`
	Port uint16 `yaml:"port"` // 0: that of listen
}

// Search is how searches run.
type Search struct {
	TTL        p2p.TTL       `yaml:"ttl"`         // of QUERs that begin here, and the most that others' may have
	Quiet      time.Duration `yaml:"quiet"`       // a search ends when no answer has come for this long
	Window     time.Duration `yaml:"window"`      // and at the latest after this
	MaxResults int           `yaml:"max_results"` // files in an answer, and AQUEs to another's query
}

// Discovery is how supernodes are found.
type Discovery struct {
	TTL    p2p.TTL       `yaml:"ttl"`    // of SUPEs that begin here, and the most that others' may have
	Window time.Duration `yaml:"window"` // how long answers to a SUPE are waited for
	Every  time.Duration `yaml:"every"`  // pause between two SUPEs while neighbors are missing
	Target int           `yaml:"target"` // neighbors to look for; 0: only those of the configuration
	Max    int           `yaml:"max"`    // neighbors at most
}

// Session is how logins are kept.
type Session struct {
	VerifyAddress bool `yaml:"verify_address"` // a LOGI counts only for the address that it comes from
}

// Limits bound what others may use. 0 means no limit.
type Limits struct {
	Connections           int           `yaml:"connections"`
	ConnectionsPerAddress int           `yaml:"connections_per_address"`
	Sessions              int           `yaml:"sessions"`
	FilesPerSession       int           `yaml:"files_per_session"`
	PendingQueries        int           `yaml:"pending_queries"`
	DialsPerAddress       int           `yaml:"dials_per_address"` // at once
	DialsQueued           int           `yaml:"dials_queued"`      // waiting for their turn, in all
	DialTimeout           time.Duration `yaml:"dial_timeout"`
	IdleTimeout           time.Duration `yaml:"idle_timeout"`
	FirstPacket           time.Duration `yaml:"first_packet"`
}

// Transfer bounds uploads and downloads. 0 means no limit.
type Transfer struct {
	UploadSlots           int           `yaml:"upload_slots"`
	UploadSlotsPerAddress int           `yaml:"upload_slots_per_address"`
	UploadQueue           int           `yaml:"upload_queue"` // uploads that wait for a slot
	UploadWait            time.Duration `yaml:"upload_wait"`  // and how long
	Downloads             int           `yaml:"downloads"`
	StallTimeout          time.Duration `yaml:"stall_timeout"` // a transfer that moves nothing for this long has failed
	UploadRate            Rate          `yaml:"upload_rate"`   // bytes a second, all together
	DownloadRate          Rate          `yaml:"download_rate"`
	MaxFileSize           Size          `yaml:"max_file_size"` // of a download
}

// Admin is the local interface for the user's commands and for monitoring.
type Admin struct {
	Listen string `yaml:"listen"` // empty: none
}

// Log is what is logged, and how.
type Log struct {
	Level  string `yaml:"level"`  // trace, debug, info, warn, error
	Format string `yaml:"format"` // text or json
}

// Size is a number of bytes; written as 1048576, 1MiB or 1MB.
type Size int64

// Rate is a number of bytes a second; written as Size.
type Rate = Size

// Default is the configuration of a node that was told nothing.
func Default() Config {
	return Config{
		Listen:      "0.0.0.0:3000",
		DataDir:     "data",
		ShareDir:    "shared",
		DownloadDir: "downloads",
		Search:      Search{TTL: 5, Quiet: 1500 * time.Millisecond, Window: 18 * time.Second, MaxResults: 200},
		Discovery:   Discovery{TTL: 4, Window: 5 * time.Second, Every: time.Minute, Target: 16, Max: 50},
		Session:     Session{VerifyAddress: true},
		Limits: Limits{
			Connections: 20000, ConnectionsPerAddress: 64, Sessions: 5000, FilesPerSession: 50000,
			PendingQueries: 2000, DialsPerAddress: 4, DialsQueued: 20000, DialTimeout: 5 * time.Second,
			IdleTimeout: time.Minute, FirstPacket: 5 * time.Second,
		},
		Transfer: Transfer{
			UploadSlots: 20, UploadSlotsPerAddress: 2, UploadQueue: 100, UploadWait: 30 * time.Second,
			Downloads: 5, StallTimeout: 30 * time.Second,
		},
		Admin: Admin{Listen: "127.0.0.1:8080"},
		Log:   Log{Level: "info", Format: "text"},
	}
}
