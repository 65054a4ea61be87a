package acquaint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"alakazaam/actors/p2p"
)

// line is the form of an entry on disk: a JSON object, alone on its line.
type line struct {
	Endpoint p2p.Endpoint `json:"endpoint"`
	IPv6     netip.Addr   `json:"ipv6,omitzero"` // where it has both
	Heard    time.Time    `json:"heard"`
	Reached  time.Time    `json:"reached,omitzero"`
	Observed int64        `json:"observed_seconds"`
	Started  time.Time    `json:"started,omitzero"`
	Failures int          `json:"failures,omitempty"`
	RTT      int64        `json:"rtt_microseconds,omitempty"`
	Sessions int          `json:"sessions"`
	Files    int          `json:"files"`
	Base     time.Time    `json:"base,omitzero"`
}

// Text writes the book down, an entry a line, in the order of addresses. Times are whole seconds.
func (b *Book) Text() []byte {
	var out bytes.Buffer
	to := json.NewEncoder(&out)
	for _, s := range slices.SortedFunc(slices.Values(b.known), func(s, o Supernode) int { return s.Endpoint.Compare(o.Endpoint) }) {
		second := func(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
		l := line{
			Endpoint: s.Endpoint, Heard: second(s.Heard), Reached: second(s.Reached), Observed: int64(s.Observed / time.Second),
			Started: second(s.Started), Failures: s.Failures, RTT: s.RTT.Microseconds(), Sessions: s.Sessions, Files: s.Files,
			Base: second(s.Base),
		}
		if v6 := s.Endpoint.IPv6(); s.Endpoint.Complete() && !v6.Is4In6() {
			l.IPv6 = v6
		}
		_ = to.Encode(l) // memory takes it, and every field has a text
	}
	return out.Bytes()
}

// Read adds what Text has written to the book. What the book knows already stays as it is. damaged is how many lines made
// no sense and were skipped.
func (b *Book) Read(text []byte, now time.Time) (damaged int) {
	for _, t := range bytes.Split(text, []byte("\n")) {
		if len(bytes.TrimSpace(t)) == 0 {
			continue
		}
		s, err := parse(t, now)
		if err != nil {
			damaged++
			continue
		}
		if b.index(s.Endpoint) < 0 {
			b.add(s, now)
		}
	}
	return damaged
}

var errRange = errors.New("out of range")

func parse(text []byte, now time.Time) (s Supernode, err error) {
	l := line{Sessions: -1, Files: -1}
	from := json.NewDecoder(bytes.NewReader(text))
	from.DisallowUnknownFields()
	if err := from.Decode(&l); err != nil {
		return s, fmt.Errorf("known supernode: %w", err)
	}
	if _, err := from.Token(); !errors.Is(err, io.EOF) {
		return s, fmt.Errorf("known supernode: more than one object: %w", errRange)
	}
	if l.IPv6.IsValid() {
		if l.Endpoint, err = p2p.NewEndpoint(l.Endpoint.IPv4(), l.IPv6, l.Endpoint.Port()); err != nil {
			return s, fmt.Errorf("known supernode: %w", err)
		}
	}
	for _, t := range []time.Time{l.Heard, l.Reached, l.Started, l.Base} {
		if t.After(now) {
			return s, fmt.Errorf("known supernode: %s is to come: %w", t, errRange)
		}
	}
	const most = int64(100 * 365 * 24 * time.Hour / time.Second) // twice of it fits a duration
	if l.Endpoint.IsZero() || l.Heard.IsZero() || l.Observed < 0 || l.Observed > most || l.RTT < 0 || l.RTT > most ||
		l.Failures < 0 || l.Failures > maxFailures || l.Sessions < -1 || l.Files < -1 {
		return s, fmt.Errorf("known supernode: %w", errRange)
	}
	return Supernode{
		Endpoint: l.Endpoint, Heard: l.Heard, Reached: l.Reached, Observed: time.Duration(l.Observed) * time.Second,
		Started: l.Started, Failures: l.Failures, RTT: time.Duration(l.RTT) * time.Microsecond, Sessions: l.Sessions, Files: l.Files,
		Base: l.Base,
	}, nil
}
