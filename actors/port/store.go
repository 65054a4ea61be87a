package port

import (
	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
)

// Store keeps the directory: who is logged in and what they publish.
type Store interface {
	// Apply makes the changes durable, all or none, and then sends owner an *Applied.
	Apply(changes []Change, owner *actor.PID)
	// Load reads sessions and their files in the order of their ids, at most limit of both together, from just after
	// the cursor, and sends owner a *Loaded.
	Load(after Cursor, limit int, owner *actor.PID)
}

// Change is one step in the directory.
type Change struct {
	Op       Op
	Session  p2p.SessionID
	Endpoint p2p.Endpoint // OpLogin
	File     p2p.FileID   // OpPut, OpDelete
	Name     p2p.FileName // OpPut
}

// Op is the kind of a Change.
type Op uint8

// The kinds of changes.
const (
	OpLogin  Op = iota + 1 // a session begins
	OpLogout               // a session ends and its files go
	OpPut                  // a session publishes a file, or publishes it under another name
	OpDelete               // a session withdraws a file
)

// Applied ends an Apply. With an error nothing was changed.
type Applied struct {
	Err error
}

// Cursor is a place in the directory. The zero value is before its beginning. Only restricts the reading to one session.
type Cursor struct {
	Session p2p.SessionID
	File    p2p.FileID
	Only    bool
}

// Loaded is a piece of the directory as changes that would build it.
type Loaded struct {
	Changes []Change
	Next    Cursor
	Last    bool // nothing comes after this
	Err     error
}
