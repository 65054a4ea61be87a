package wire

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// AretReader takes the frame off an ARET: the head and the headers of the chunks, in pieces cut anywhere. It accepts
// chunks of any length, empty ones too, wherever they are (protocol notes, Chunks). It is a port.Deframer.
//
// It holds no payload: 10 bytes of a frame at most, or 200 of a refusal.
type AretReader struct {
	stage  aretStage
	part   [chunksLen]byte // what has come of the command or field that comes next
	have   int             // bytes of it
	chunks int             // whose Lenchunk is still to come
	left   int             // payload bytes of the chunk that are still to come
	length int             // of the newest chunk; -1 before the first
	total  int64           // payload bytes of all chunks whose Lenchunk has come
	offset int64           // bytes behind us, from the command on
	line   []byte          // of a refusal
}

// aretStage is what comes next.
type aretStage uint8

const (
	aretCommand aretStage = iota
	aretChunks            // #chunk
	aretLength            // Lenchunk
	aretData
	aretDone
	aretRefused // the line that comes instead
)

// aretWidth is how many bytes a stage of fixed width has.
var aretWidth = [...]int{aretCommand: commandLen, aretChunks: chunksLen, aretLength: lengthLen}

// NewAretReader makes a reader for one ARET.
func NewAretReader() *AretReader { return &AretReader{length: -1} }

// Next looks at the next piece of the stream. It returns the payload at its front, which may be empty, and how many
// bytes of b it has dealt with; that is more than 0 unless b is empty or there is an error. done says that the last byte
// of the ARET is behind; what follows in b is not part of it.
//
// An answer that does not begin with ARET is a *Refusal, as soon as its first line or 200 bytes of it have come. A line
// that ends with the stream comes from End. Other errors are FieldErrors.
func (r *AretReader) Next(b []byte) (payload []byte, used int, done bool, err error) {
	for used < len(b) && r.stage != aretDone {
		if r.stage == aretData {
			payload = r.data(b[used:])
			used += len(payload)
			break
		}
		var n int
		n, err = r.frame(b[used:])
		if used += n; err != nil {
			return nil, used, false, err
		}
	}
	return payload, used, r.stage == aretDone, nil
}

// Expected is how many payload bytes will have come in all, or -1 while nothing is known. It becomes exact with the
// last chunk's Lenchunk. Before, it takes the chunks to come to be as long as the newest and the last one to be empty,
// so that with chunks of one length it is never too much, and too little by one chunk at most.
func (r *AretReader) Expected() int64 {
	if r.length < 0 && r.stage != aretDone {
		return -1
	}
	return r.total + int64(max(0, r.chunks-1))*int64(r.length)
}

// End says what the end of the stream means: nil behind the last byte of the ARET, the *Refusal whose line ended with
// the stream, or an ErrCutShort, which is an io.ErrUnexpectedEOF.
func (r *AretReader) End() error {
	switch r.stage {
	case aretDone:
		return nil
	case aretRefused:
		return newRefusal(r.line)
	default:
		return fmt.Errorf("ARET after %d bytes: %w", r.offset, ErrCutShort)
	}
}

// data takes the chunk's payload from the front of b.
func (r *AretReader) data(b []byte) []byte {
	b = b[:min(len(b), r.left)]
	r.left -= len(b)
	r.offset += int64(len(b))
	r.advance()
	return b
}

// frame takes a piece of what is not payload from the front of b and says how long it was.
func (r *AretReader) frame(b []byte) (used int, err error) {
	switch {
	case r.stage == aretRefused:
		return r.refuse(b)
	case r.offset == 0 && b[0] == ' ': // before the command, as between packets
		return 1, nil
	}
	width := aretWidth[r.stage]
	used = copy(r.part[r.have:width], b)
	r.have += used
	r.offset += int64(used)
	if r.stage == aretCommand && !bytes.HasPrefix(ARET[:], r.part[:r.have]) {
		r.stage = aretRefused
		_, err = r.refuse(r.part[:r.have])
		return used, err
	}
	if r.have == width {
		r.have = 0
		err = r.field(r.part[:width])
	}
	return used, err
}

// field looks at a whole command, #chunk or Lenchunk.
func (r *AretReader) field(b []byte) error {
	if r.stage == aretCommand {
		r.stage = aretChunks
		return nil
	}
	name := "#chunk"
	if r.stage == aretLength {
		name = "Lenchunk"
	}
	n, ok := parseDecimal(b)
	if !ok {
		return newFieldError(ARET, name, r.offset-int64(len(b)), b, errDigits)
	}
	if r.stage == aretChunks {
		r.chunks = n
	} else {
		r.chunks--
		r.left, r.length = n, n
		r.total += int64(n)
	}
	r.advance()
	return nil
}

// advance goes to what comes next.
func (r *AretReader) advance() {
	switch {
	case r.left > 0:
		r.stage = aretData
	case r.chunks > 0:
		r.stage = aretLength
	default:
		r.stage = aretDone
	}
}

// refuse takes a piece of the line that came instead of an ARET; the error is the whole line.
func (r *AretReader) refuse(b []byte) (used int, err error) {
	used = min(len(b), maxLine-len(r.line))
	if end := bytes.IndexByte(b[:used], '\n'); end >= 0 {
		used = end + 1
	}
	r.line = append(r.line, b[:used]...)
	if len(r.line) == maxLine || bytes.HasSuffix(r.line, []byte("\n")) {
		return used, newRefusal(r.line)
	}
	return used, nil
}

// maxLine is how much is kept of an answer that is not ARET.
const maxLine = 200

// Refusal is the answer of a node that does not give the file: one line instead of ARET.
type Refusal struct {
	// Line is what it said, without its line end: printable ASCII, 200 characters at most. Control characters are left
	// out and bytes above 127 are '?'.
	Line string
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("refused: %q", r.Line) }

func newRefusal(line []byte) *Refusal {
	line, _, _ = bytes.Cut(line, []byte("\n"))
	clean := make([]byte, 0, len(line))
	for _, c := range line {
		switch {
		case c >= utf8.RuneSelf:
			clean = append(clean, '?')
		case c >= ' ' && c != 0x7f:
			clean = append(clean, c)
		}
	}
	return &Refusal{Line: string(clean)}
}
