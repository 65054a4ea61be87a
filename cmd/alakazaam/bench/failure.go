package bench

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"alakazaam/gateway/wire"
)

// The kinds of failures, as they are counted.
const (
	failRefused   = "refused"       // nobody listens there
	failConnect   = "not_connected" // any other reason for which there is no connection
	failPorts     = "no_port"       // this machine has none left for another connection from that address
	failFiles     = "no_file"       // this machine may not open another connection (ulimit -n)
	failTimeout   = "timeout"       // no answer in time, or not all of it
	failClosed    = "closed"        // in the place of an answer, or in the middle of one
	failReset     = "reset"         // the same, and rudely
	failGarbage   = "garbage"       // an answer that is none of the protocol, or not to this request
	failLogin     = "login_refused" // ALGI with sixteen 0
	failFile      = "file_refused"  // a line of text in the place of a file
	failOther     = "other"         // none of these
	failCancelled = "not counted"   // this program is being ended
)

var (
	errClosed       = errors.New("the connection was closed before the answer was complete")
	errWrongAnswer  = errors.New("the answer belongs to another request")
	errLoginRefused = errors.New("the login was refused")
)

// dialError is that there was no connection at all.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// kindOf puts an error into one word, so that failures can be counted.
func kindOf(err error) string {
	var dial *dialError
	var packet *wire.FieldError
	var refusal *wire.Refusal
	switch {
	case errors.Is(err, context.Canceled):
		return failCancelled
	case isTimeout(err):
		return failTimeout
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return failPorts
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return failFiles
	case errors.Is(err, syscall.ECONNREFUSED):
		return failRefused
	case errors.As(err, &dial):
		return failConnect
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return failReset
	case errors.Is(err, errClosed), errors.Is(err, io.EOF), errors.Is(err, wire.ErrCutShort), errors.Is(err, net.ErrClosed):
		return failClosed
	case errors.As(err, &refusal):
		return failFile
	case errors.Is(err, errLoginRefused):
		return failLogin
	case errors.As(err, &packet), errors.Is(err, wire.ErrUnknownCommand), errors.Is(err, wire.ErrTooLong), errors.Is(err, errWrongAnswer):
		return failGarbage
	}
	return failOther
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}
