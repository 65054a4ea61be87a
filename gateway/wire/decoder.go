package wire

import (
	"fmt"
	"slices"
)

// Decoder finds the packets in one direction of one connection. The stream comes in pieces cut anywhere:
//
//	d.Write(piece)
//	for {
//		p, err := d.Next()
//		if p == nil || err != nil {
//			break // more bytes are needed, or the stream makes no sense
//		}
//		…
//	}
//
// Packets are decoded where they lie in the piece. Only the beginning of one that goes on in the next piece is copied,
// 212 bytes at most, or less than 64 KiB of a FILT or DELT, which come on links only. It is let go when the packet is
// whole, so that a connection with nothing under way costs the bare struct. AFIN is taken in entry by entry and ends at
// MaxAfin.
//
// An error is final: without a length prefix nothing says where the next packet begins. A Decoder is used by one
// goroutine.
type Decoder struct {
	accept Set
	in     []byte      // what is left of the piece; the caller's
	held   []byte      // the beginning of what continues behind in
	open   *layout     // of the packet that is being read; nil between packets
	afin   *afinReader // that packet, if it is an AFIN
	over   bool        // nothing more is read
	err    error       // why, if it is an error
}

// NewDecoder makes a decoder for one direction of a connection on which the commands of accept may come: Requests on
// an incoming connection, Answers on an outgoing one. Other commands are unknown there.
func NewDecoder(accept Set) *Decoder { return &Decoder{accept: accept} }

// Accept has other commands come from the next packet on: a connection has become a link.
func (d *Decoder) Accept(s Set) { d.accept = s }

// Write gives the decoder the next piece of the stream. The piece must stay as it is until Next has returned nil and
// nil, or an error; after that the decoder has no reference to it. Only then may Write be called again: a call before
// is a mistake in the caller and panics, since it would lose what has not been decoded.
func (d *Decoder) Write(p []byte) {
	if len(d.in) > 0 {
		panic("wire: Decoder.Write before Next has used up the last piece")
	}
	if !d.over {
		d.in = p
	}
}

// Next gives the next packet; nil and nil where more bytes are needed. The packet shares no memory with the piece. The
// error is an ErrUnknownCommand, a FieldError or an ErrTooLong, and is the same from then on.
func (d *Decoder) Next() (Packet, error) {
	if d.over || d.open == nil && !d.begin() {
		return nil, d.err
	}
	if d.open.command == AFIN {
		return d.nextAfin()
	}
	b := d.peek(d.open.size)
	if b != nil && d.open.more != nil {
		b = d.peek(d.open.more(b))
	}
	if b == nil {
		return nil, nil
	}
	p, err := d.open.decode(b)
	if err != nil {
		return nil, d.fail(err)
	}
	d.drop(len(b))
	d.open = nil
	return p, nil
}

// End says what the end of the stream means. A packet is what was an AQUE without padding; then call it again. The
// error says what was cut short; bytes that are missing at the end of a stream that was already wrong are no news, so
// that an earlier error is repeated.
func (d *Decoder) End() (Packet, error) {
	if d.over {
		return nil, d.err
	}
	if d.open == nil {
		if len(d.held) > 0 {
			return nil, d.fail(fmt.Errorf("%d bytes of a command, %+q: %w", len(d.held), d.held, ErrCutShort))
		}
		return nil, nil
	}
	if d.open.command == AQUE && len(d.held) > aqueBareLen {
		p, err := decodeAque(d.held)
		if err != nil {
			return nil, d.fail(err)
		}
		d.open, d.held = nil, nil
		return p, nil
	}
	have := len(d.held)
	if d.afin != nil {
		have += d.afin.read
	}
	return nil, d.fail(fmt.Errorf("%s after %d bytes: %w", d.open.command, have, ErrCutShort))
}

// Partial is the command of the packet that is being read, also of the one with which reading failed; the zero Command
// where there is none, or not all four bytes of it.
func (d *Decoder) Partial() Command {
	if d.open == nil {
		return Command{}
	}
	return d.open.command
}

// begin looks for the next command. False where it has not come, or is none.
func (d *Decoder) begin() bool {
	if len(d.held) == 0 { // a command never begins with a space (protocol notes, Bytes and characters)
		for len(d.in) > 0 && d.in[0] == ' ' {
			d.in = d.in[1:]
		}
	}
	b := d.peek(commandLen)
	if b == nil {
		return false
	}
	if d.open = layoutOf(Command(b), d.accept); d.open == nil {
		_ = d.fail(fmt.Errorf("%w: %+q", ErrUnknownCommand, b))
		return false
	}
	return true
}

// peek gives the next n bytes in one piece. Where they have not all come, it takes in what there is and gives nil.
func (d *Decoder) peek(n int) []byte {
	if len(d.held) == 0 && len(d.in) >= n {
		return d.in[:n]
	}
	if missing := n - len(d.held); missing > 0 && len(d.in) > 0 {
		more := min(missing, len(d.in))
		d.held = append(slices.Grow(d.held, missing), d.in[:more]...)
		d.in = d.in[more:]
	}
	if len(d.held) < n {
		d.in = nil
		return nil
	}
	return d.held[:n]
}

// drop goes on behind the first n bytes of what peek has given.
func (d *Decoder) drop(n int) {
	if len(d.held) == 0 {
		d.in = d.in[n:]
		return
	}
	if d.held = d.held[n:]; len(d.held) == 0 {
		d.held = nil
	}
}

// fail ends the reading with an error. The command that failed stays, for Partial.
func (d *Decoder) fail(err error) error {
	d.stop()
	d.err = err
	return err
}

// stop ends the reading and lets go of all memory.
func (d *Decoder) stop() {
	d.over = true
	d.in, d.held, d.afin = nil, nil, nil
}
