package wire

import (
	"errors"
	"fmt"
	"io"
)

// The kinds of errors. Each is wrapped with what was found and where.
var (
	// ErrUnknownCommand: four bytes that are no command, or one that has no place on this connection.
	ErrUnknownCommand = errors.New("unknown command")
	// ErrMalformed: a field that is not in its form. Wrapped by FieldError.
	ErrMalformed = errors.New("malformed field")
	// ErrTooLong: more than the protocol can carry or the packet may have.
	ErrTooLong = errors.New("too long")
	// ErrCutShort: the stream ended within a packet.
	ErrCutShort = fmt.Errorf("cut short: %w", io.ErrUnexpectedEOF)
)

// Reasons are what Reason can give for an error.
var Reasons = []string{"unknown_command", "malformed_field", "too_long", "cut_short", "refused", "other"}

// Reason puts err into one word of Reasons, so that it can be the label of a counter: "refused" is an answer in words in place of a file,
// and "other" what does not come from here. Nil has no reason and gives "".
func Reason(err error) string {
	var refusal *Refusal
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrUnknownCommand):
		return "unknown_command"
	case errors.Is(err, ErrMalformed):
		return "malformed_field"
	case errors.Is(err, ErrTooLong):
		return "too_long"
	case errors.Is(err, ErrCutShort):
		return "cut_short"
	case errors.As(err, &refusal):
		return "refused"
	default:
		return "other"
	}
}

// maxQuoted bounds the bytes that a FieldError keeps. The address field is the longest of which every byte tells.
const maxQuoted = ippLen

// FieldError says which field of which packet is not in its form. It is an ErrMalformed.
type FieldError struct {
	Packet Command // the packet's command
	Field  string  // the field's name in the protocol's tables
	Offset int64   // of the field's first byte from that of the command
	Bytes  []byte  // what stood there, a copy, 55 bytes of it at most
	Err    error   // the form that it does not have
}

func newFieldError(packet Command, field string, offset int64, b []byte, err error) *FieldError {
	quoted := append([]byte(nil), b[:min(len(b), maxQuoted)]...)
	return &FieldError{Packet: packet, Field: field, Offset: offset, Bytes: quoted, Err: err}
}

// Error is plain ASCII on one line, whatever the bytes are.
func (e *FieldError) Error() string {
	return fmt.Sprintf("%s: %s at byte %d is %+q: %v", e.Packet, e.Field, e.Offset, e.Bytes, e.Err)
}

// Unwrap lets errors.Is find both the kind and the cause.
func (e *FieldError) Unwrap() []error { return []error{ErrMalformed, e.Err} }
