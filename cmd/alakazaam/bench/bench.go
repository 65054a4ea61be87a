// Package bench puts load on a supernode and measures how it answers. The supernode may be any program that speaks the
// base packets; the peers are simulated: each has an endpoint at which it really listens, logs in, publishes files that
// do not exist, searches, and logs out at the end.
//
// Pure are the schedule of arrivals, the mix of operations, the names and the recorder. What does I/O is a network, which
// has one answer to each request, the crew of peers, and the run, which leads them through the steps.
//
// In an open loop latency counts from the moment at which a request should have begun, whatever kept it from beginning:
// while a supernode stands still the arrivals do not, and everybody who waits is seen.
package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"alakazaam/actors/p2p"
)

// Options say what is measured.
type Options struct {
	Target   netip.AddrPort
	Mix      Mix
	Steps    []Load // one after the other
	Arrivals Arrivals
	// Duration is how long each step is measured, after it has run for Warmup.
	Duration, Warmup time.Duration
	// Timeout is how long a request may take, and a download bring nothing.
	Timeout time.Duration
	// InFlight is how many requests of an open loop may be under way. What arrives beyond that is dropped.
	InFlight int
	// Kept has a peer keep one connection, on which its requests follow each other without waiting for the answers.
	// Otherwise each request has a connection of its own. A download always has.
	Kept bool

	Sources Sources
	// IPv4 is what peers at IPv6 addresses say of themselves beside, because the protocol's address needs both.
	IPv4  netip.Addr
	Peers int
	Files int // that each peer publishes before anything is measured

	// Text is what searches look for. Where it is empty they look for so many Words of a name that was published.
	Text  string
	Words int
	// File is what is downloaded from the target. Where it is zero, files are that a search finds before the peers publish.
	File p2p.FileID
	Seed uint64

	// Bare starts a server that does the least, which is measured in turns with the target; nil: none.
	Bare func(BareSpec) (BareServer, error)
	// CPU is how much processor time the target has used so far; nil: that is not known.
	CPU func(ctx context.Context) (time.Duration, error)
	// Progress is told now and then how a step stands; nil: nobody is.
	Progress func(Progress)
}

// Load is how much is asked of the target in one step: either so many clients, each with one request under way, or so
// many requests a second.
type Load struct {
	Clients int     `json:"clients,omitempty"`
	Rate    float64 `json:"rate,omitempty"`
}

// String is the load in words.
func (l Load) String() string {
	if l.Clients > 0 {
		return fmt.Sprintf("%d clients", l.Clients)
	}
	return fmt.Sprintf("%g/s", l.Rate)
}

// Progress is how a step stands.
type Progress struct {
	Phase    string // what is being done, with the step's load where there is one
	Done     int64  // requests of this phase that have ended
	Failed   int64  // of these
	InFlight int64
	Left     time.Duration // until the phase is over; 0: that depends on the target
}

// MaxPeers is how many endpoints one address has room for, and more than most machines have file descriptors.
const MaxPeers = 60_000

// Validate says what is wrong with the options that have a range.
func (o *Options) Validate() error {
	switch {
	case o.Arrivals != Poisson && o.Arrivals != Constant:
		return fmt.Errorf("--arrivals has to be one of %s", strings.Join(ArrivalNames(), ", "))
	case o.Duration <= 0:
		return errors.New("--duration has to be longer than nothing")
	case o.Warmup < 0:
		return errors.New("--warmup has to be no less than nothing")
	case o.Timeout <= 0 || o.Timeout > MaxTimeout:
		return fmt.Errorf("--timeout has to be longer than nothing and at most %s", MaxTimeout)
	case o.InFlight < 1:
		return errors.New("--in_flight has to be 1 at least")
	case o.Peers < 1 || o.Peers > MaxPeers:
		return fmt.Errorf("--peers has to be from 1 to %d", MaxPeers)
	case o.Files < 0:
		return errors.New("--files has to be no less than 0")
	case o.Words < 1:
		return errors.New("--words has to be 1 at least")
	}
	if _, err := p2p.NewSearchText(o.Text); err != nil {
		return fmt.Errorf("--text: the protocol carries a search text of %d bytes at most", p2p.TextLen)
	}
	return nil
}
