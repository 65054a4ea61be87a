// Package p2p holds the value types of the domain: identifiers, endpoints, times to live, search texts and file
// names. A value that exists is valid: the constructors refuse what the protocol cannot carry. All of them compare
// with ==, so that they can be keys of maps.
//
// Widths and forms come from the protocol's table of fields.
package p2p

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
)

// IDLen is the length of a SessionID and of a Pktid in characters.
const IDLen = 16

// alphabet is what SessionIDs and Pktids are made of.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// Errors of the parsers. Callers wrap them with the packet, field and offset in which the bytes stood.
var (
	ErrID       = errors.New("not 16 characters of A-Z and 0-9")
	ErrFileID   = errors.New("not an MD5 in 32 hex digits")
	ErrTTL      = errors.New("not a time to live in two digits")
	ErrEndpoint = errors.New("not an address that can be dialed")
	ErrText     = errors.New("longer than a search text of 20 bytes")
	ErrName     = errors.New("not a file name of 1 to 100 bytes")
)

// SessionID names a login. The zero value is the sixteen '0' that mean "refused"; no login ever gets it.
type SessionID struct{ id ident }

// PacketID is a Pktid: it names one flood, and with it one query or one search for supernodes.
type PacketID struct{ id ident }

// ident is sixteen characters of the alphabet, or all zero bytes for sixteen '0'.
type ident [IDLen]byte

// NewSessionID draws a SessionID from r, which has to be a cryptographic source wherever strangers can log in.
func NewSessionID(r rand.Source) SessionID { return SessionID{newIdent(r)} }

// NewPacketID draws a Pktid from r.
func NewPacketID(r rand.Source) PacketID { return PacketID{newIdent(r)} }

// ParseSessionID reads the sixteen characters of a SessionID.
func ParseSessionID(b []byte) (SessionID, error) {
	id, err := parseIdent(b)
	return SessionID{id}, err
}

// ParsePacketID reads the sixteen characters of a Pktid.
func ParsePacketID(b []byte) (PacketID, error) {
	id, err := parseIdent(b)
	return PacketID{id}, err
}

// Refused says whether this is the SessionID that refuses a login.
func (s SessionID) Refused() bool { return s == SessionID{} }

// String gives the sixteen characters.
func (s SessionID) String() string { return string(s.id.append(nil)) }

// Compare orders SessionIDs.
func (s SessionID) Compare(t SessionID) int { return bytes.Compare(s.id[:], t.id[:]) }

// Append adds the sixteen characters to dst.
func (s SessionID) Append(dst []byte) []byte { return s.id.append(dst) }

// String gives the sixteen characters.
func (p PacketID) String() string { return string(p.id.append(nil)) }

// Compare orders Pktids.
func (p PacketID) Compare(q PacketID) int { return bytes.Compare(p.id[:], q.id[:]) }

// Append adds the sixteen characters to dst.
func (p PacketID) Append(dst []byte) []byte { return p.id.append(dst) }

// newIdent takes each character from six bits of r, drawing again where they pass the alphabet's end, so that every
// character is equally likely.
func newIdent(r rand.Source) (id ident) {
	for i := 0; i < len(id); {
		for v, bits := r.Uint64(), 60; bits > 0 && i < len(id); bits -= 6 {
			if c := int(v & 63); c < len(alphabet) {
				id[i] = alphabet[c]
				i++
			}
			v >>= 6
		}
	}
	if id == zeros {
		return newIdent(r)
	}
	return id
}

// zeros is how the zero ident is written.
var zeros = ident([]byte("0000000000000000"))

func parseIdent(b []byte) (ident, error) {
	if len(b) != IDLen {
		return ident{}, ErrID
	}
	for _, c := range b {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return ident{}, ErrID
		}
	}
	id := ident(b)
	if id == zeros {
		return ident{}, nil
	}
	return id, nil
}

func (i ident) append(dst []byte) []byte {
	if i == (ident{}) {
		i = zeros
	}
	return append(dst, i[:]...)
}

// FileID is the MD5 of a file's content, raw.
type FileID [16]byte

// FileIDLen is the length of a FileID in hex digits.
const FileIDLen = 32

// ParseFileID reads 32 hex digits. Capitals are taken for small letters.
func ParseFileID(b []byte) (FileID, error) {
	var f FileID
	if len(b) != FileIDLen {
		return f, ErrFileID
	}
	if _, err := hex.Decode(f[:], b); err != nil {
		return FileID{}, ErrFileID
	}
	return f, nil
}

// String gives 32 small hex digits.
func (f FileID) String() string { return hex.EncodeToString(f[:]) }

// Compare orders FileIDs.
func (f FileID) Compare(g FileID) int { return bytes.Compare(f[:], g[:]) }

// Append adds 32 small hex digits to dst.
func (f FileID) Append(dst []byte) []byte { return hex.AppendEncode(dst, f[:]) }

// MarshalText and UnmarshalText put the hex digits into JSON.
func (f FileID) MarshalText() ([]byte, error) { return f.Append(nil), nil }

// UnmarshalText is the inverse of MarshalText.
func (f *FileID) UnmarshalText(b []byte) (err error) {
	*f, err = ParseFileID(b)
	return err
}

// TTL is how many more hops a flooded packet may go, 0 to 99.
type TTL uint8

// MaxTTL is the largest TTL that two digits can say.
const MaxTTL TTL = 99

// Lowered is the TTL with which a packet is passed on. ok is false where it goes no further: what arrives with 1 or 0
// is answered and not passed on.
func (t TTL) Lowered() (lowered TTL, ok bool) {
	if t <= 1 {
		return 0, false
	}
	return t - 1, true
}
