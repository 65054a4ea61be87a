package message

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/port"
)

// ErrFailed is the answer to a request over which its actor has failed.
var ErrFailed = errors.New("the actor failed over this request")

// Failed gives the answer to a request that is lost, and who waits for it: nil where nobody does, or where whoever does
// goes on without it. Such is a Flood: what became of it nobody knows, and its search ends when nothing more comes.
func Failed(request any, err error) (to *actor.PID, answer any) {
	if v := reflect.ValueOf(request); v.Kind() != reflect.Pointer || v.IsNil() {
		return nil, nil
	}
	switch m := request.(type) {
	case *Login:
		return m.ReplyTo, &LoggedIn{Ref: m.Ref, Err: err}
	case *Logout:
		return m.ReplyTo, &LoggedOut{Ref: m.Ref, Err: err}
	case *Find:
		return m.ReplyTo, &Found{Ref: m.Ref, Err: err}
	case *Publish:
		return m.ReplyTo, &Published{Ref: m.Ref, Err: err}
	case *Update:
		return m.ReplyTo, &Published{Ref: m.Ref, Err: err}
	case *Match:
		return m.ReplyTo, &Matched{Ref: m.Ref, Err: err}
	case *Commit:
		return m.ReplyTo, &Committed{Ref: m.Ref, Err: fmt.Errorf("%w: %w", ErrInDoubt, err)}
	case *Load:
		return m.ReplyTo, &port.Loaded{Token: uint64(m.Ref), Err: err}
	case *Retrieve:
		return m.ReplyTo, &Serve{Ref: m.Ref, Err: err}
	case *ShareEdit:
		return m.ReplyTo, &ShareEditDone{Ref: m.Ref, Err: err}
	case *Download:
		return m.ReplyTo, &DownloadState{
			Ref: m.Ref, File: m.File, Name: m.Name, Owners: len(m.Owners), Expected: -1, Ended: true, Error: err.Error(),
		}
	}
	return failedOutside(request, err)
}

// failedOutside is Failed for what comes from a connection and has no answer of its own, and for what is asked of the
// gateway and of the node.
func failedOutside(request any, err error) (to *actor.PID, answer any) {
	switch m := request.(type) {
	case *Supe:
		return m.ReplyTo, &Handled{Ref: m.Ref}
	case *Asup:
		return m.ReplyTo, &Handled{Ref: m.Ref}
	case *Quer:
		return m.ReplyTo, &Handled{Ref: m.Ref}
	case *Aque:
		return m.ReplyTo, &Handled{Ref: m.Ref}
	case *Done:
		return m.ReplyTo, &Handled{Ref: m.Ref}
	case *Ping:
		return m.ReplyTo, &Handled{Ref: m.Ref}
	case *Pong:
		return m.ReplyTo, &Handled{Ref: m.Ref}
	case *OpenLink:
		return m.ReplyTo, &Linked{Ref: m.Ref, Err: err}
	case *LinkAsked:
		return m.ReplyTo, &LinkAnswered{Ref: m.Ref, Refused: &LinkRefused{Code: NackConflict, Reason: err.Error()}}
	case *FilterPart:
		return m.ReplyTo, &Handled{Ref: m.Ref}
	case *FilterDelta:
		return m.ReplyTo, &Handled{Ref: m.Ref}
	case *Send:
		return m.ReplyTo, &Sent{Ref: m.Ref, Err: err}
	case *Ask:
		return m.ReplyTo, &Answered{Ref: m.Ref, Err: err}
	case *Fetch:
		return m.ReplyTo, &Fetched{Ref: m.Ref, Err: err}
	case *Become:
		return m.ReplyTo, &Became{Ref: m.Ref, Err: err}
	}
	return nil, nil
}
