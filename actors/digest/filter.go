package digest

import (
	"bytes"

	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
)

// Filter is a filter as its parts and deltas tell it: a neighbor's, or a copy of the own one for links that come later.
// What does not fit together makes it forget everything until another generation begins; it then lets every text pass.
// The zero value has no room for any filter.
type Filter struct {
	max        int // LogBits at most
	generation uint32
	log        int    // 0: no generation has begun
	bits       []byte // of the whole
	have       int    // bytes of it that have come
}

// NewFilter makes a filter of at most maximum bytes. A larger one is not taken in.
func NewFilter(maximum int) *Filter { return &Filter{max: logOf(maximum)} }

// Put takes in a part. False where it is not the one that had to come, or of a filter that is too large.
func (f *Filter) Put(p Part) bool {
	if p.Offset == 0 && !f.begin(p) {
		return false
	}
	if f.log == 0 || p.Generation != f.generation || p.LogBits != f.log || p.Offset != f.have || len(p.Data) > len(f.bits)-f.have {
		f.Forget()
		return false
	}
	f.have += copy(f.bits[f.have:], p.Data)
	return true
}

// begin makes room for another generation.
func (f *Filter) begin(p Part) bool {
	if p.LogBits < minLog || p.LogBits > f.max {
		f.Forget()
		return false
	}
	if size := 1 << p.LogBits / 8; len(f.bits) != size {
		f.bits = make([]byte, size)
	}
	f.generation, f.log, f.have = p.Generation, p.LogBits, 0
	return true
}

// Apply takes in a delta. False where it does not belong to the whole filter that has come: then something is missing.
func (f *Filter) Apply(d Delta) bool {
	if !f.Whole() || d.Generation != f.generation || !f.within(d.Set) || !f.within(d.Clear) {
		f.Forget()
		return false
	}
	for _, p := range d.Set {
		setBit(f.bits, p)
	}
	for _, p := range d.Clear {
		clearBit(f.bits, p)
	}
	return true
}

func (f *Filter) within(positions []uint32) bool {
	for _, p := range positions {
		if p>>f.log != 0 {
			return false
		}
	}
	return true
}

// Forget drops what is known.
func (f *Filter) Forget() { f.generation, f.log, f.bits, f.have = 0, 0, nil, 0 }

// Whole says whether all of a generation has come, so that a text can be turned away.
func (f *Filter) Whole() bool { return f.log != 0 && f.have == len(f.bits) }

// MayMatch says whether the catalog may have a name in which the text is found. No is certain.
func (f *Filter) MayMatch(t p2p.SearchText) bool {
	if !f.Whole() {
		return true
	}
	var room [3 * p2p.TextLen]uint32
	required := text.NewPattern(t).Required()
	for _, form := range required {
		if f.hasAll(appendHashes(room[:0], form)) {
			return true
		}
	}
	return len(required) == 0
}

func (f *Filter) hasAll(hashes []uint32) bool {
	for _, h := range hashes {
		if !isSet(f.bits, h>>(hashBits-f.log)) {
			return false
		}
	}
	return true
}

// Parts gives what has come so far once more, for somebody who gets all that comes later.
func (f *Filter) Parts() []Part {
	if f.log == 0 {
		return nil
	}
	return parts(f.generation, f.log, bytes.Clone(f.bits[:f.have]))
}
