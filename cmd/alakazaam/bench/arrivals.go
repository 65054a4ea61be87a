package bench

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Arrivals are how the requests of an open loop are spread over time.
type Arrivals string

// The kinds of arrivals.
const (
	Poisson  Arrivals = "poisson"  // each on its own, as from many users who know nothing of each other
	Constant Arrivals = "constant" // at equal distances
)

// ArrivalNames are the kinds by name.
func ArrivalNames() []string { return []string{string(Poisson), string(Constant)} }

// schedule gives the moments at which requests are to begin, from the beginning of a turn. They depend on nothing that
// happens.
type schedule struct {
	kind Arrivals
	rate float64 // a second
	r    *rand.Rand
	n    int
	at   float64 // seconds
}

func newSchedule(kind Arrivals, rate float64, r *rand.Rand) *schedule {
	return &schedule{kind: kind, rate: rate, r: r}
}

// next is when the next request is to begin.
func (s *schedule) next() time.Duration {
	if s.kind == Constant {
		s.at = float64(s.n) / s.rate // not a sum, whose rounding errors would add up
		s.n++
	} else {
		s.at += s.r.ExpFloat64() / s.rate
	}
	return time.Duration(s.at * float64(time.Second))
}

// maxClients and maxRate are beyond what one machine can do, and keep a slip of the finger from using it up.
const (
	maxClients = 100_000
	maxRate    = 10_000_000
)

// ParseClients reads "1,8,64": one step of a closed loop each.
func ParseClients(s string) ([]Load, error) {
	return parseLoads(s, func(part string) (Load, error) {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > maxClients {
			return Load{}, fmt.Errorf("%q is no number of clients from 1 to %d", part, maxClients)
		}
		return Load{Clients: n}, nil
	})
}

// ParseRates reads "100,2500.5": one step of an open loop each, in requests a second.
func ParseRates(s string) ([]Load, error) {
	return parseLoads(s, func(part string) (Load, error) {
		f, err := strconv.ParseFloat(part, 64)
		if err != nil || !(f > 0 && f <= maxRate) {
			return Load{}, fmt.Errorf("%q is no rate above 0 and up to %d a second", part, maxRate)
		}
		return Load{Rate: f}, nil
	})
}

func parseLoads(s string, parse func(string) (Load, error)) ([]Load, error) {
	var out []Load
	for _, part := range strings.Split(s, ",") {
		l, err := parse(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}
