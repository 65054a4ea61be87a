package durable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/cockroachdb/pebble/v2"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// The keys, in the order in which Load reads:
//
//	\x00 schema            the version of this layout, in decimal
//	d SESSION              a login: its endpoint, 4 bytes of IPv4, 16 of IPv6, 2 of port
//	d SESSION MD5          a file of that session: its name
//
// SESSION is the sixteen characters of the id, whose order is that of p2p.SessionID.Compare; MD5 is raw. A session's
// login comes just before its files, so that all of a session is one range, and so is everything.
const (
	recordPrefix = 'd'
	loginKeyLen  = 1 + p2p.IDLen
	fileKeyLen   = loginKeyLen + len(p2p.FileID{})
	endpointLen  = 4 + 16 + 2
)

var (
	schemaKey    = []byte("\x00schema")
	firstRecord  = []byte{recordPrefix}
	behindRecord = []byte{recordPrefix + 1}
)

var errLayout = errors.New("a record that this program did not write")

func appendLoginKey(dst []byte, id p2p.SessionID) []byte { return id.Append(append(dst, recordPrefix)) }

func fileKey(id p2p.SessionID, f p2p.FileID) []byte {
	return append(appendLoginKey(nil, id), f[:]...)
}

// keyBehind is the first key behind everything of a session.
func keyBehind(id p2p.SessionID) []byte {
	key := appendLoginKey(nil, id)
	key[len(key)-1]++ // a letter or a digit, so that nothing is carried
	return key
}

func appendEndpoint(dst []byte, e p2p.Endpoint) []byte {
	if e.IsZero() {
		return append(dst, make([]byte, endpointLen)...)
	}
	var v4 [4]byte
	if e.Complete() {
		v4 = e.IPv4().As4()
	}
	v6 := e.IPv6().As16()
	return binary.BigEndian.AppendUint16(append(append(dst, v4[:]...), v6[:]...), e.Port())
}

func decodeEndpoint(b []byte) (p2p.Endpoint, error) {
	if len(b) != endpointLen {
		return p2p.Endpoint{}, fmt.Errorf("an endpoint of %d bytes: %w", len(b), errLayout)
	}
	if bytes.Equal(b, make([]byte, endpointLen)) {
		return p2p.Endpoint{}, nil
	}
	var v4 netip.Addr
	if a := netip.AddrFrom4([4]byte(b)); !a.IsUnspecified() {
		v4 = a
	}
	return p2p.NewEndpoint(v4, netip.AddrFrom16([16]byte(b[4:])), binary.BigEndian.Uint16(b[20:]))
}

// decoder turns records into changes. It remembers the session it read last, since its files follow it.
type decoder struct {
	raw [p2p.IDLen]byte
	id  p2p.SessionID
}

func (d *decoder) session(key []byte) (p2p.SessionID, error) {
	raw := [p2p.IDLen]byte(key[1:])
	if raw == d.raw {
		return d.id, nil
	}
	id, err := p2p.ParseSessionID(raw[:])
	if err == nil {
		d.raw, d.id = raw, id
	}
	return id, err
}

func (d *decoder) change(key, value []byte) (c port.Change, err error) {
	if len(key) != loginKeyLen && len(key) != fileKeyLen {
		return c, fmt.Errorf("key %q: %w", key, errLayout)
	}
	if c.Session, err = d.session(key); err != nil {
		return c, fmt.Errorf("key %q: %w", key, err)
	}
	if len(key) == loginKeyLen {
		c.Op = port.OpLogin
		if c.Endpoint, err = decodeEndpoint(value); err != nil {
			return c, fmt.Errorf("key %q: %w", key, err)
		}
		return c, nil
	}
	c.Op, c.File, c.Name = port.OpPut, p2p.FileID(key[loginKeyLen:]), p2p.FileName(value)
	return c, nil
}

// scan visits everything in order. It fails on a record that cannot be read, on one that makes no sense, and on a file
// whose session is not there.
func scan(r pebble.Reader, visit func(port.Change) error) (err error) {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: firstRecord, UpperBound: behindRecord})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	var d decoder
	var at p2p.SessionID
	begun := false
	for it.First(); it.Valid(); it.Next() {
		c, err := d.change(it.Key(), it.Value())
		if err != nil {
			return err
		}
		if c.Op == port.OpPut && (!begun || c.Session != at) {
			return fmt.Errorf("file %s of session %s, which is not there: %w", c.File, c.Session, errLayout)
		}
		begun, at = true, c.Session
		if err := visit(c); err != nil {
			return err
		}
	}
	return it.Error()
}
