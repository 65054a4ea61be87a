package message

import (
	"errors"
	"net/netip"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
)

// Login asks for a session (LOGI). Answered by LoggedIn.
type Login struct {
	Ref      Ref
	Endpoint p2p.Endpoint // where the peer says it can be reached
	From     netip.Addr   // where its connection comes from
	ReplyTo  *actor.PID
}

// LoggedIn answers Login.
type LoggedIn struct {
	Ref     Ref
	Session p2p.SessionID // the refusing one where Err is set
	Err     error         // ErrForeign, ErrLimit, or this node's trouble
}

// ErrForeign is the answer to a login for an address from which it does not come.
var ErrForeign = errors.New("the address is not that of the connection")

// Logout ends a session (LOGO). Answered by LoggedOut.
type Logout struct {
	Ref     Ref
	Session p2p.SessionID
	ReplyTo *actor.PID
}

// LoggedOut answers Logout.
type LoggedOut struct {
	Ref     Ref
	Deleted int // files that went with the session; 0 where the session is unknown
	Err     error
}
