package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Operation is one kind of request.
type Operation int

// The operations. Login is the LOGI of a peer that may be logged in already, Publish an ADFF, Search a FIND, and Download
// a RETR.
const (
	Login Operation = iota
	Publish
	Search
	Download
	operations // how many there are
)

var operationNames = [operations]string{"login", "publish", "search", "download"}

// String is the operation's name in a mix.
func (o Operation) String() string { return operationNames[o] }

// MarshalText implements encoding.TextMarshaler.
func (o Operation) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// OperationNames are the names that a mix may hold.
func OperationNames() []string { return operationNames[:] }

// Mix is how often each operation is carried out, as weights.
type Mix struct {
	weights [operations]int
	total   int
}

// maxWeight keeps sums of weights far from overflowing.
const maxWeight = 1_000_000

var errMix = errors.New("a mix is written like login=1,search=5")

// ParseMix reads "login=1,publish=10". A name without a number counts once.
func ParseMix(s string) (Mix, error) {
	var m Mix
	seen := make(map[string]bool)
	for _, part := range strings.Split(s, ",") {
		name, number, given := strings.Cut(strings.TrimSpace(part), "=")
		op, weight := -1, 1
		for i, n := range operationNames {
			if n == name {
				op = i
			}
		}
		if op < 0 {
			return Mix{}, fmt.Errorf("%w, and %q is none of %s", errMix, name, strings.Join(operationNames[:], ", "))
		}
		if seen[name] {
			return Mix{}, fmt.Errorf("%w, and %s is there twice", errMix, name)
		}
		seen[name] = true
		if given {
			var err error
			if weight, err = strconv.Atoi(number); err != nil || weight < 0 || weight > maxWeight {
				return Mix{}, fmt.Errorf("%w, and %q is no number from 0 to %d", errMix, number, maxWeight)
			}
		}
		m.weights[op] = weight
		m.total += weight
	}
	if m.total == 0 {
		return Mix{}, fmt.Errorf("%w, and here nothing has a weight", errMix)
	}
	return m, nil
}

// Has says whether an operation is in the mix.
func (m Mix) Has(o Operation) bool { return m.weights[o] > 0 }

// Only says that an operation is the only one.
func (m Mix) Only(o Operation) bool { return m.weights[o] == m.total }

// Draw picks an operation.
func (m Mix) Draw(r *rand.Rand) Operation {
	n := r.IntN(m.total)
	for op, w := range m.weights {
		if n < w {
			return Operation(op)
		}
		n -= w
	}
	panic("bench: the weights are more than their sum")
}

// String is the mix as ParseMix reads it.
func (m Mix) String() string {
	var parts []string
	for op, w := range m.weights {
		if w > 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", Operation(op), w))
		}
	}
	return strings.Join(parts, ",")
}
