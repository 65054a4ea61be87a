package message

import (
	"net/netip"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
)

// Become asks the node to take a role. Answered by Became, once nothing of the other role is left.
type Become struct {
	Ref       Ref
	Supernode bool           // else a peer
	Known     []p2p.Endpoint // supernodes to begin with, beside those of the configuration
	ReplyTo   *actor.PID
}

// Became answers Become.
type Became struct {
	Ref Ref
	Err error // why the node has the role that it had; ErrBusy where it is changing it, or ends
}

// Visited tells the role that somebody else has connected to this node: it can be reached.
type Visited struct {
	From netip.Addr
}

// RoleStatus is the snapshot of what decides on the node's role.
type RoleStatus struct {
	State      string        `json:"state"` // "waiting", "settling", "ready", "changing" or "resting"
	Wish       string        `json:"wish"`  // the role that it would have if all conditions held
	For        time.Duration `json:"for_ns"`
	Uptime     time.Duration `json:"uptime_ns"`
	Average    time.Duration `json:"average_ns"` // of the node's runs
	Runs       int           `json:"runs"`
	Conditions []Condition   `json:"conditions"` // of the wish
}

// Condition is one of those under which a node takes another role.
type Condition struct {
	Name  string `json:"name"`
	Holds bool   `json:"holds"`
	Text  string `json:"text"` // what is, beside what has to be
}
