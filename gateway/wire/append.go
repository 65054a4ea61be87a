package wire

import (
	"encoding/hex"
	"slices"
	"time"

	"alakazaam/actors/p2p"
)

// begin makes room in dst for a packet of size bytes and writes its command.
func begin(dst []byte, c Command, size int) []byte {
	return append(slices.Grow(dst, size), c[:]...)
}

// appendDecimal adds n in width digits. What is too large for the field becomes the largest number in it, and what is
// below 0 becomes 0.
func appendDecimal(dst []byte, n, width int) []byte {
	limit := 1
	for range width {
		dst = append(dst, '0')
		limit *= 10
	}
	n = min(max(n, 0), limit-1)
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] += byte(n % 10)
		n /= 10
	}
	return dst
}

// appendEndpoint adds IPP2P and PP2P. An endpoint without IPv4 cannot be told to others (p2p.Endpoint.Complete); it
// gets four zero octets, which the receiver takes for malformed.
func appendEndpoint(dst []byte, e p2p.Endpoint) []byte {
	var v4 [4]byte
	if a := e.IPv4(); a.IsValid() {
		v4 = a.As4()
	}
	for i, octet := range v4 {
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = appendDecimal(dst, int(octet), len("255"))
	}
	dst = append(dst, '|')
	v6 := e.IPv6().As16()
	for i := 0; i < len(v6); i += 2 {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = hex.AppendEncode(dst, v6[i:i+2])
	}
	return appendDecimal(dst, int(e.Port()), portLen)
}

// appendUptime adds whole seconds.
func appendUptime(dst []byte, d time.Duration) []byte {
	return appendDecimal(dst, int(d/time.Second), uptimeLen)
}

// appendName adds a file name, padded on the right. A name made without p2p.NewFileName may be too long for its field;
// it is cut like one made with it.
func appendName(dst []byte, n p2p.FileName) []byte {
	return p2p.FileName(p2p.CutText(string(n), nameLen)).Append(dst)
}
