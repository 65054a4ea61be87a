package message

import (
	"errors"
	"net/netip"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
)

// ErrUnknownSession is the answer to a request under a session that does not exist.
var ErrUnknownSession = errors.New("unknown session")

// ErrBusy is the answer to a request past a limit.
var ErrBusy = errors.New("too busy")

// ErrNoSupernode is the answer of a peer that has no supernode at the moment.
var ErrNoSupernode = errors.New("no supernode can be reached")

// Find searches the network (FIND). Answered by Found.
type Find struct {
	Ref     Ref
	Session p2p.SessionID // zero where the node's own user searches
	For     netip.Addr    // the host that asks; searches of different ones take turns
	Text    p2p.SearchText

	// What this search does another way than the configuration says. A peer's supernode knows nothing of it.
	Strategy string // "": the configured one
	Limit    int    // files at most, of as many as are configured; 0: as many

	ReplyTo *actor.PID
}

// Found answers Find.
type Found struct {
	Ref      Ref
	Results  []Result // most copies first
	Complete bool     // every answer that there is has come, and none was left out
	Err      error
}

// Result is one file with everybody who is known to have it.
type Result struct {
	File   p2p.FileID     `json:"md5"`
	Name   p2p.FileName   `json:"name"`
	Owners []p2p.Endpoint `json:"owners"`
}

// Match asks the catalog for files whose name matches. Answered by Matched.
type Match struct {
	Ref   Ref
	Text  p2p.SearchText
	Limit int        // files at most, those with the most copies
	For   netip.Addr // for whom; addresses take turns
	// Session is the one that searches; what it has published before is found. The zero value: nobody here.
	Session p2p.SessionID
	All     bool // all copies of a file of which one matches, instead of the matching copies
	ReplyTo *actor.PID
}

// Unmatch takes a Match back: nobody waits for its answer any more.
type Unmatch struct {
	ReplyTo *actor.PID
}

// Matched answers Match.
type Matched struct {
	Ref  Ref
	Hits []Hit
	More bool // more files match than the Limit, or may, because not everything is loaded
	Err  error
}

// Hit is one copy of a file: who has it and under which name.
type Hit struct {
	File  p2p.FileID
	Name  p2p.FileName
	Owner p2p.Endpoint
}

// CancelFind takes a Find back: nobody waits for its answer any more. It goes the way that the Find went, so that it
// cannot be there before it.
type CancelFind struct {
	Ref     Ref
	Session p2p.SessionID // that of the Find
	ReplyTo *actor.PID
}

// ErrLimit is the answer to what passes a limit on what one session or address may have.
var ErrLimit = errors.New("past a limit")
