package message

import (
	"encoding/json"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
)

// Inspect asks any of the actors in Routes for a snapshot of its state. Answered by that actor's …Status.
type Inspect struct {
	ReplyTo *actor.PID
}

// NodeStatus is the root actor's snapshot.
type NodeStatus struct {
	Role     string        `json:"role"` // "supernode" or "peer"
	Endpoint p2p.Endpoint  `json:"endpoint"`
	Started  time.Time     `json:"started"`
	Uptime   time.Duration `json:"uptime_ns"`
	Ready    bool          `json:"ready"`
	Change   string        `json:"change,omitempty"` // the role that it is about to have; empty where it keeps the one it has
}

// GatewayStatus is the gateway's snapshot.
type GatewayStatus struct {
	Incoming int `json:"incoming"` // open connections
	Outgoing int `json:"outgoing"`
	Waiting  int `json:"waiting"` // dials that wait for their turn
}

// StoreStatus is the snapshot of the store.
type StoreStatus struct {
	Waiting int    `json:"waiting"`           // writes and reads that have not ended
	Trouble string `json:"trouble,omitempty"` // why logins and publications are refused; empty where they are not
}

// SessionsStatus is the snapshot of the sessions.
type SessionsStatus struct {
	Sessions int `json:"sessions"`
}

// CatalogStatus is the catalog's snapshot.
type CatalogStatus struct {
	Files  int `json:"files"`  // distinct files
	Copies int `json:"copies"` // files with their owners
	Owners int `json:"owners"`
	// What is kept is still being loaded, and only part of it can be found.
	Loading bool `json:"loading,omitempty"`
}

// OverlayStatus is the snapshot of the neighbors.
type OverlayStatus struct {
	Neighbors []NeighborStatus `json:"neighbors"`
}

// NeighborStatus is one neighbor as the overlay sees it.
type NeighborStatus struct {
	Endpoint   p2p.Endpoint `json:"endpoint"`
	Configured bool         `json:"configured"`
	Up         bool         `json:"up"`   // the last attempt to reach it succeeded
	Kind       string       `json:"kind"` // "link", "base" (each packet on a connection of its own), or "" while neither is known
	Sent       int          `json:"sent"`
	Failed     int          `json:"failed"`
	// What is known of one with a link: how long it has been running as it says, how long it took to answer, what it keeps.
	Uptime   time.Duration `json:"uptime_ns,omitempty"`
	RTT      time.Duration `json:"rtt_ns,omitempty"`
	Sessions int           `json:"sessions,omitempty"`
	Files    int           `json:"files,omitempty"`
	Seen     time.Duration `json:"seen_ns"` // for how long it could be reached without a break
}

// QueriesStatus is the snapshot of the queries.
type QueriesStatus struct {
	Searches int `json:"searches"` // own ones and those of sessions, waiting for answers
	Waiting  int `json:"waiting"`  // of sessions, waiting for their turn
	Answers  int `json:"answers"`  // of others, being answered
	Seen     int `json:"seen"`     // Pktids remembered
}

// PeerStatus is a peer's standing with its supernode.
type PeerStatus struct {
	State     string            `json:"state"` // "searching", "logging in", "online", "logging out", "offline"
	Supernode p2p.Endpoint      `json:"supernode"`
	Active    *SupernodeStatus  `json:"active,omitempty"` // what is known of Supernode, while online
	Standbys  []SupernodeStatus `json:"standbys"`         // the best first
	Published int               `json:"published"`
	Known     []p2p.Endpoint    `json:"known"`             // supernodes, the best first
	Refused   []p2p.Endpoint    `json:"refused,omitempty"` // those that refused a login lately
	Trouble   string            `json:"trouble,omitempty"` // why there is no supernode; empty where it is not known yet
}

// SupernodeStatus is a supernode as a peer knows it.
type SupernodeStatus struct {
	Endpoint p2p.Endpoint  `json:"endpoint"`
	Base     bool          `json:"base"`      // it knows no PING, and tells nothing
	Uptime   time.Duration `json:"uptime_ns"` // as it tells, or as it was observed where it tells nothing
	Sessions int           `json:"sessions"`  // as it tells; -1 where it tells nothing
	Files    int           `json:"files"`     // as it tells; -1 where it tells nothing
	RTT      time.Duration `json:"rtt_ns"`    // 0 where it is not known
}

// ShareStatus is the snapshot of what is shared.
type ShareStatus struct {
	Files     int   `json:"files"`
	Bytes     int64 `json:"bytes"`
	Uploads   int   `json:"uploads"`
	Waiting   int   `json:"waiting"` // for an upload slot
	Hashed    int64 `json:"hashed"`  // bytes looked through in the current look
	HashTotal int64 `json:"hash_total"`
}

// FaultStatus is a fault that is on, with what has come of it.
type FaultStatus struct {
	ID      string          `json:"id"`
	Rule    json.RawMessage `json:"rule"`    // as the configuration has it
	Strikes string          `json:"strikes"` // its action or its type
	Config  bool            `json:"config"`  // it comes from the configuration, and was not added at run time
	Since   time.Time       `json:"since"`   // when it was set
	// Active: its window is open.
	Active bool `json:"active"`
	// Due is how often something within its window matched it, Applied how often it was chosen then, and Hit how often that
	// made a difference to anybody.
	Due     int `json:"due"`
	Applied int `json:"applied"`
	Hit     int `json:"hit"`
}

// TransfersStatus is the snapshot of the downloads, running ones first, then those that ended lately.
type TransfersStatus struct {
	Downloads []DownloadState `json:"downloads"`
}
