package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"net/netip"
	"time"

	"alakazaam/actors/p2p"
)

// Widths of the fields in bytes.
const (
	commandLen = 4
	pktidLen   = p2p.IDLen
	sessionLen = p2p.IDLen
	ipv4Len    = 15                           // four octets of three digits, three dots
	ipv6Len    = 39                           // eight groups of four hex digits, seven colons
	ippLen     = ipv4Len + len("|") + ipv6Len // IPP2P
	portLen    = 5                            // PP2P
	ttlLen     = 2
	fileLen    = p2p.FileIDLen // Filemd5 in hex digits
	fileRawLen = len(p2p.FileID{})
	nameLen    = p2p.NameLen // Filename
	textLen    = p2p.TextLen // Ricerca
	countLen   = 3           // #delete, #idmd5, #copy
	chunksLen  = 6           // #chunk
	lengthLen  = 5           // Lenchunk
	versionLen = 2           // Version
	uptimeLen  = 10          // Uptime, in seconds
	generLen   = 8           // Generation of a filter

	endpointLen = ippLen + portLen
)

// maxCount is the most that #delete, #idmd5 and #copy can say.
const maxCount = 999

// Forms that the parsers of p2p do not look at.
var (
	errDigits = errors.New("not decimal digits in the field's full width")
	errPort   = errors.New("not a port from 1 to 65535 in five digits")
	errForm   = errors.New("not an IPv4 address in three-digit octets and an IPv6 address in full")
)

// fields takes the fields off a packet, from left to right. The first that is not in its form ends up in err; what is
// read after that means nothing.
type fields struct {
	packet Command
	rest   []byte
	offset int64 // of rest in the packet
	err    error
}

// fieldsOf begins behind the command of a whole packet.
func fieldsOf(packet Command, b []byte) fields {
	return fields{packet: packet, rest: b[commandLen:], offset: commandLen}
}

// take gives the next field of a width.
func (f *fields) take(width int) []byte {
	b := f.rest[:width]
	f.rest = f.rest[width:]
	f.offset += int64(width)
	return b
}

// check keeps the error of the field that was taken last, if it is the packet's first.
func (f *fields) check(name string, b []byte, err error) {
	if err != nil && f.err == nil {
		f.err = newFieldError(f.packet, name, f.offset-int64(len(b)), b, err)
	}
}

// result is p if every field was in its form.
func (f *fields) result(p Packet) (Packet, error) {
	if f.err != nil {
		return nil, f.err
	}
	return p, nil
}

func (f *fields) pktid() p2p.PacketID {
	b := f.take(pktidLen)
	id, err := p2p.ParsePacketID(b)
	f.check("Pktid", b, err)
	return id
}

func (f *fields) session() p2p.SessionID {
	b := f.take(sessionLen)
	id, err := p2p.ParseSessionID(b)
	f.check("SessionID", b, err)
	return id
}

func (f *fields) ttl() p2p.TTL {
	b := f.take(ttlLen)
	n, ok := parseDecimal(b)
	f.check("TTL", b, unless(ok, p2p.ErrTTL))
	return p2p.TTL(n)
}

func (f *fields) file() p2p.FileID {
	b := f.take(fileLen)
	id, err := p2p.ParseFileID(b)
	f.check("Filemd5", b, err)
	return id
}

// name reads a file name of the given width, padded on either side or not at all.
func (f *fields) name(width int) p2p.FileName {
	b := f.take(width)
	// Trimmed before it is copied: the name may live for months, and the padding with it.
	name, err := p2p.NewFileName(string(bytes.Trim(b, " ")))
	f.check("Filename", b, err)
	return name
}

// text reads a search text, padded on either side.
func (f *fields) text() p2p.SearchText {
	b := f.take(textLen)
	text, err := p2p.ParseSearchText(b)
	f.check("Ricerca", b, err)
	return text
}

func (f *fields) count(name string) int { return f.number(name, countLen) }

// number reads a decimal number in the field's full width.
func (f *fields) number(name string, width int) int {
	b := f.take(width)
	n, ok := parseDecimal(b)
	f.check(name, b, unless(ok, errDigits))
	return n
}

// uptime reads whole seconds. What no Duration can hold is the longest.
func (f *fields) uptime() time.Duration {
	n := f.number("Uptime", uptimeLen)
	return time.Duration(min(n, int(math.MaxInt64/time.Second))) * time.Second
}

// endpoint reads IPP2P and PP2P. Port 0 and an unspecified address are malformed (protocol notes, Addresses).
func (f *fields) endpoint() p2p.Endpoint {
	port, portErr := parsePort(f.rest[ippLen:endpointLen])
	b := f.take(ippLen)
	e, err := parseEndpoint(b, max(port, 1)) // a bad port is the next field's fault
	f.check("IPP2P", b, err)
	b = f.take(portLen)
	f.check("PP2P", b, portErr)
	return e
}

func unless(ok bool, err error) error {
	if ok {
		return nil
	}
	return err
}

// parseDecimal reads ASCII digits.
func parseDecimal(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

func parsePort(b []byte) (uint16, error) {
	n, ok := parseDecimal(b)
	if !ok || n == 0 || n > 0xffff {
		return 0, errPort
	}
	return uint16(n), nil
}

// parseEndpoint reads "172.016.001.003|fc00:0000:0000:0000:0000:0000:0001:0003". Octets are decimal whatever their
// leading zeros; hex digits may be capitals.
func parseEndpoint(b []byte, port uint16) (p2p.Endpoint, error) {
	v4, ok4 := parseIPv4(b[:ipv4Len])
	v6, ok6 := parseIPv6(b[ipv4Len+1:])
	if !ok4 || !ok6 || b[ipv4Len] != '|' {
		return p2p.Endpoint{}, errForm
	}
	return p2p.NewEndpoint(v4, v6, port)
}

func parseIPv4(b []byte) (netip.Addr, bool) {
	const digits, stride = 3, 4
	var a [4]byte
	for i := range a {
		at := i * stride
		n, ok := parseDecimal(b[at : at+digits])
		if !ok || n > 0xff || i > 0 && b[at-1] != '.' {
			return netip.Addr{}, false
		}
		a[i] = byte(n)
	}
	return netip.AddrFrom4(a), true
}

func parseIPv6(b []byte) (netip.Addr, bool) {
	const digits, stride = 4, 5
	var a [16]byte
	for i := range len(a) / 2 {
		at := i * stride
		_, err := hex.Decode(a[2*i:2*i+2], b[at:at+digits])
		if err != nil || i > 0 && b[at-1] != ':' {
			return netip.Addr{}, false
		}
	}
	return netip.AddrFrom16(a), true
}
