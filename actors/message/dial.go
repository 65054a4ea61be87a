package message

import (
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
)

// Send brings one packet to a node, on a connection of its own that is closed afterwards. A nil Packet only looks
// whether the node can be reached. Answered by Sent, if ReplyTo is set.
type Send struct {
	Ref     Ref
	To      p2p.Endpoint
	Packet  any // *Supe, *Asup, *Quer, *Aque, *PublishOne, or nil
	ReplyTo *actor.PID
}

// Sent answers Send.
type Sent struct {
	Ref Ref
	Err error
}

// Ask brings one packet to a node and waits on the same connection for the packet that answers it. Answered by
// Answered.
type Ask struct {
	Ref     Ref
	To      p2p.Endpoint
	Packet  any // *Login, *Logout, *Find, *Ping
	Timeout time.Duration
	ReplyTo *actor.PID
}

// Answered answers Ask.
type Answered struct {
	Ref   Ref
	Reply any // *LoggedIn, *LoggedOut, *Found, *Pong; nil where Err is set
	Err   error
}

// Unreachable is the error of a Send, Ask or Fetch where no connection to the node could be made. A port.ErrRefused in it
// says that it is not there, and not only slow.
type Unreachable struct{ Err error }

func (u *Unreachable) Error() string { return u.Err.Error() }

// Unwrap gives why.
func (u *Unreachable) Unwrap() error { return u.Err }

// Unanswered is the error of an Ask where the node was reached and gave no answer that makes sense, or an ErrNotServed.
// Other errors say nothing about it: this node could not ask.
type Unanswered struct{ Err error }

func (u *Unanswered) Error() string { return u.Err.Error() }

// Unwrap gives why.
func (u *Unanswered) Unwrap() error { return u.Err }

// ErrNotServed is in the error of an Ask where the node knows the packet and does not serve it (NACK).
var ErrNotServed = errors.New("it knows the packet and does not serve it")

// PublishOne is a Publication on its way to a supernode (ADFF, DEFF).
type PublishOne struct {
	Session p2p.SessionID
	Change  Publication
}

// Fetch downloads a file from one owner (RETR) into its partial file. The asker gets FetchProgress from time to time
// and one Fetched.
type Fetch struct {
	Ref     Ref
	From    p2p.Endpoint
	File    p2p.FileID
	Path    string
	ReplyTo *actor.PID
}

// CancelFetch ends a Fetch that nobody wants any more. It is sent to the gateway; Fetched comes all the same.
type CancelFetch struct {
	Ref     Ref
	ReplyTo *actor.PID
}

// FetchProgress says how far a Fetch has come.
type FetchProgress struct {
	Ref      Ref
	Bytes    int64
	Expected int64 // -1 as long as it is not known
}

// Fetched answers Fetch. The file is complete at its path if Err is nil; its MD5 has been checked.
type Fetched struct {
	Ref   Ref
	Bytes int64
	Err   error
}
