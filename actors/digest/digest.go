// Package digest is what supernodes tell their neighbors about the names in their catalogs, so that the last hop of a
// search is not made to where nothing can be found. It is pure.
//
// A filter is a Bloom filter with one hash function, as in Gnutella's query routing: a bit for each run of four, six and
// eight bytes in a name in each of its text.Forms, which are those in which catalogs match. A search text is turned
// away where one of its runs is missing in each form. It is never turned away where a name matches, whatever bytes both are
// made of: a form that contains the text's contains its runs. Texts that are shorter than four bytes and "*" have no runs, and pass.
//
// The run, as a number r of which the first byte is the highest, is at the position that the first LogBits bits of the
// lower 64 of (r xor r>>32) · 0x9E3779B97F4A7C15 give.
//
// A Summary makes the filter of a catalog and says what changes in it; a Filter takes that in, at a neighbor's and, as a
// copy for links that come later, at home:
//
//	own := digest.NewFilter(maximum)          // the overlay's, which hands on what the catalog says:
//	case *message.FilterPart:                 // a whole filter comes in parts,
//		own.Put(m.Part)                   // and each of them goes to all links, too;
//	case *message.FilterDelta:                // then come deltas, in order.
//		own.Apply(m.Delta)
//	…
//	for _, p := range own.Parts() { … }       // a new link: what has come so far, before anything that comes later
//
//	theirs := digest.NewFilter(maximum)       // a neighbor's, for as long as one link lasts
//	if !theirs.Put(m.Part) { … }              // from the link: what makes no sense is dropped, and every text passes
//	if ttl == 1 && !theirs.MayMatch(text) { … } // nothing to be found there: the branch is complete
//
// Nothing may be lost or overtaken on the way. Where a link cannot keep up, its sender drops what is left of the filter
// and gives all Parts anew when it can; until the first of them is there the other side turns searches away by what it
// knew, so that an Unknown should be let through at once.
//
// With the names of songs that the tests make up, a filter that grows up to 512 KiB, and searches for other such songs
// of so many bytes that the catalog does not have, this part of them passes all the same:
//
//	names      bits  set     4     6     8    10    12    16    20 bytes
//	1,000      2^18  18%   17%    6%    1%    0%    1%    0%    0%
//	10,000     2^20  25%   16%   22%    5%    2%    3%    2%    2%
//	100,000    2^22  29%     –   31%   12%    9%   11%   13%    9%
//	1,000,000  2^22  75%     –     –   71%   59%   59%   56%   49%
//
// In the larger ones hardly any text of four or five bytes is missing at all. Texts of five bytes are told apart by runs
// of four only: 34%, 68% and 88% of them pass. With runs of three and five bytes instead 75% of the texts of twelve bytes
// would pass at 100,000 names, and with those of four and seven 13%.
package digest

import "math/bits"

// Part is a piece of a whole filter. The pieces come in order, and the filter is there with the last.
type Part struct {
	Generation uint32 // of the whole filter; below 100,000,000, and another one for each
	LogBits    int    // the filter has 1<<LogBits bits
	Offset     int    // of Data in the filter, in bytes
	Data       []byte // MaxPart bytes at most; position p is the bit 1<<(p%8) of byte p/8
}

// Delta is a change to a whole filter.
type Delta struct {
	Generation uint32
	Set, Clear []uint32 // positions, MaxDelta of them together at most; where one stands in both it is cleared
}

const (
	// MaxPart is the most bytes in a Part.
	MaxPart = 32 << 10
	// MaxDelta is the most positions in a Delta: so many that it takes less than 64 KiB on a link.
	MaxDelta = 8189

	minLog      = 12 // 512 bytes
	maxLog      = 26 // 8 MiB; positions have eight digits on a link
	hashBits    = 32
	generations = 100_000_000
)

// Unknown is the beginning of a whole filter of which nothing has come: whoever gets it lets every text pass from then
// on.
func Unknown(generation uint32) Part {
	return Part{Generation: generation % generations, LogBits: minLog}
}

// logOf is the LogBits of the largest filter that fits into so many bytes.
func logOf(size int) int {
	const logOfByte = 3
	return min(max(bits.Len(uint(max(size, 0)))-1+logOfByte, minLog), maxLog)
}

// parts cuts the filter's first bytes, which become theirs.
func parts(generation uint32, log int, data []byte) []Part {
	out := []Part{{Generation: generation, LogBits: log, Data: data[:min(len(data), MaxPart)]}}
	for at := MaxPart; at < len(data); at += MaxPart {
		out = append(out, Part{Generation: generation, LogBits: log, Offset: at, Data: data[at:min(at+MaxPart, len(data))]})
	}
	return out
}

func isSet(b []byte, p uint32) bool { return b[p/8]&(1<<(p%8)) != 0 }
func setBit(b []byte, p uint32)     { b[p/8] |= 1 << (p % 8) }
func clearBit(b []byte, p uint32)   { b[p/8] &^= 1 << (p % 8) }
