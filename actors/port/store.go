package port

import (
	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
)

// Store keeps the directory: who is logged in and what they publish.
type Store interface {
	// Apply makes the changes durable, all or none, and then sends owner an *Applied with the same token.
	Apply(changes []Change, owner *actor.PID, token uint64)
	// Load reads sessions and their files in the order of their ids, at most limit of both together, from just after
	// the cursor, and sends owner a *Loaded with the same token.
	Load(after Cursor, limit int, owner *actor.PID, token uint64)
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
	Token uint64
	Err   error
	// Trouble is why changes that add something are refused at the moment, also where these were not; nil: they are not.
	Trouble error
}

// Cursor is a place in the directory, and what is read from there on. The zero value is the beginning of everything.
type Cursor struct {
	Scope   Scope
	Session p2p.SessionID
	File    p2p.FileID // the zero value is before the session's files; with Everything, at its login
	Begun   bool       // Session's login has been read
}

// Scope is what a Load reads.
type Scope uint8

// The scopes.
const (
	Everything Scope = iota // each session's login, then its files
	Logins                  // logins only
	OneSession              // the login of Cursor.Session, then its files
)

// Loaded is a piece of the directory as changes that would build it.
type Loaded struct {
	Token   uint64
	Changes []Change
	Next    Cursor
	Last    bool // nothing comes after this
	Err     error
}
