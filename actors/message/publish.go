package message

import (
	"errors"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// Publication is one file that is published (ADFF) or withdrawn (DEFF).
type Publication struct {
	File     p2p.FileID
	Name     p2p.FileName // empty: withdrawn
	Withdraw bool
}

// Publish adds and withdraws files of a session in the order given: ADFFs and DEFFs that arrived together. Answered by
// Published when all of it is kept and can be found.
type Publish struct {
	Ref     Ref
	Session p2p.SessionID
	Changes []Publication
	ReplyTo *actor.PID
}

// Published answers Publish.
type Published struct {
	Ref Ref
	Err error // ErrUnknownSession, a limit, or the store's trouble
}

// Update changes what the catalog knows of one session's files. The catalog answers ReplyTo, if it is set, with
// Published: it is told to the connection, not to the session that sends this.
type Update struct {
	Ref     Ref
	Session p2p.SessionID // the zero value is what this node shares itself
	Owner   p2p.Endpoint
	Changes []Publication
	Gone    bool // all of its files go, before Changes: the session has ended, or tells everything anew
	ReplyTo *actor.PID
}

// Commit asks the store to keep changes. Answered by Committed, if ReplyTo is set.
type Commit struct {
	Ref     Ref
	Changes []port.Change
	ReplyTo *actor.PID
}

// ErrInDoubt is the answer to a Commit of which nobody knows whether it was carried out: the store's actor failed.
var ErrInDoubt = errors.New("the store failed")

// Committed answers Commit: the changes survive a crash if Err is nil, and are not there at all otherwise, ErrInDoubt
// excepted.
type Committed struct {
	Ref Ref
	Err error
}

// Load asks the store for a piece of the directory. Answered by port.Loaded, whose Token is Ref.
type Load struct {
	Ref     Ref
	After   port.Cursor
	ReplyTo *actor.PID
}

// Ready tells the node that an actor has taken in everything that is stored and can serve.
type Ready struct {
	Who *actor.PID
}
