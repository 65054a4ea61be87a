package wire

import (
	"fmt"
	"slices"

	"alakazaam/actors/p2p"
)

// AFIN: #idmd5 3, then #idmd5 times: Filemd5 32, Filename 100, #copy 3, then #copy times: IPP2P 55, PP2P 5.
const (
	afinHeadLen  = commandLen + countLen
	afinNameLen  = fileLen + nameLen // of an entry, up to its #copy
	afinEntryLen = afinNameLen + countLen
	afinCopyLen  = endpointLen

	// MaxAfin is the most bytes that an AFIN may have (Matching). Peers in the field lose longer ones.
	MaxAfin = 64 << 10

	// afinMaxSpaces is how many spaces may follow the 100 bytes of a name that was padded to 100 characters: a
	// character has four bytes at most.
	afinMaxSpaces = 3 * nameLen
)

// Afin answers Find with everything that was found.
type Afin struct {
	// Entries are the files, each MD5 once, those with the most copies first.
	Entries []AfinEntry
	// Cut says of a packet that came in that it was longer than MaxAfin and that Entries ends where that was reached.
	// Append does not look at it.
	Cut bool
}

// AfinEntry is one file that was found.
type AfinEntry struct {
	File   p2p.FileID     // MD5 of the content
	Name   p2p.FileName   // of the names of its copies the most common one
	Copies []p2p.Endpoint // who has it
}

var _ Packet = (*Afin)(nil)

// Command implements Packet.
func (*Afin) Command() Command { return AFIN }

// Append implements Packet. It adds what Fit keeps.
func (a *Afin) Append(dst []byte) []byte {
	fitted, _ := a.Fit()
	dst = begin(dst, AFIN, fitted.size())
	dst = appendDecimal(dst, len(fitted.Entries), countLen)
	for _, e := range fitted.Entries {
		dst = appendName(e.File.Append(dst), e.Name)
		dst = appendDecimal(dst, len(e.Copies), countLen)
		for _, c := range e.Copies {
			dst = appendEndpoint(dst, c)
		}
	}
	return dst
}

// fits says whether all of the answer can be carried.
func (a *Afin) fits() bool {
	return a.size() <= MaxAfin && !slices.ContainsFunc(a.Entries, func(e AfinEntry) bool { return len(e.Copies) > maxCount })
}

// size is how long the packet is when all of it is sent.
func (a *Afin) size() int {
	n := afinHeadLen
	for _, e := range a.Entries {
		n += afinEntryLen + afinCopyLen*len(e.Copies)
	}
	return n
}

// Dropped is what had no room in an AFIN.
type Dropped struct {
	Entries int // files that are not in it at all
	Copies  int // copies that are not in it, those of the files that are not in it included
}

// Fit gives the part of the answer that an AFIN can carry, and what it leaves out: a count never passes 999 and the
// packet never passes MaxAfin (Matching). Entries are taken in their order, so those with the most copies stay; of the
// last one, and of one with more than 999 copies, the first copies stay. The answer itself is not changed, and is what comes
// back where all of it fits.
func (a *Afin) Fit() (*Afin, Dropped) {
	if a.fits() {
		return a, Dropped{}
	}
	fitted := &Afin{Entries: make([]AfinEntry, 0, len(a.Entries))}
	var dropped Dropped
	room := MaxAfin - afinHeadLen
	for _, e := range a.Entries {
		keep := min(len(e.Copies), maxCount, (room-afinEntryLen)/afinCopyLen)
		if room < afinEntryLen || keep == 0 && len(e.Copies) > 0 {
			room = 0 // what comes after has fewer copies, and no more right to be kept
			dropped.Entries++
			dropped.Copies += len(e.Copies)
			continue
		}
		// #idmd5 needs no bound: 999 entries would not fit.
		dropped.Copies += len(e.Copies) - keep
		room -= afinEntryLen + afinCopyLen*keep
		e.Copies = e.Copies[:keep:keep]
		fitted.Entries = append(fitted.Entries, e)
	}
	return fitted, dropped
}

// afinReader takes in an AFIN part by part, so that never more than one part of it waits in bytes.
type afinReader struct {
	packet  *Afin
	part    afinPart
	read    int // bytes behind us
	entries int // still to begin
	copies  int // still to come in the last entry begun
	spaces  int // behind the name of the last entry begun
}

// afinPart is what comes next.
type afinPart uint8

const (
	afinHead  afinPart = iota // command and #idmd5
	afinName                  // Filemd5 and Filename
	afinCount                 // #copy, or a space before it
	afinCopy                  // IPP2P and PP2P
	afinEnd
)

// partLen is how many bytes a part has.
var partLen = [...]int{afinHead: afinHeadLen, afinName: afinNameLen, afinCount: countLen, afinCopy: afinCopyLen}

// nextAfin is Next within an AFIN.
func (d *Decoder) nextAfin() (Packet, error) {
	if d.afin == nil {
		d.afin = &afinReader{packet: &Afin{}}
	}
	a := d.afin
	for a.part != afinEnd {
		size := partLen[a.part]
		if a.read+size > MaxAfin {
			d.stop()
			d.open = nil
			return a.cut(), nil
		}
		b := d.peek(size)
		if b == nil {
			return nil, nil
		}
		used, err := a.take(b)
		if err != nil {
			return nil, d.fail(err)
		}
		d.drop(used)
	}
	d.open, d.afin = nil, nil
	return a.packet, nil
}

// take reads the part that b begins with and says how many of its bytes it has dealt with.
func (a *afinReader) take(b []byte) (used int, err error) {
	if a.part == afinCount && b[0] == ' ' {
		a.read++
		if a.spaces++; a.spaces > afinMaxSpaces {
			return 0, fmt.Errorf("AFIN: over %d spaces behind the Filename before byte %d: %w", afinMaxSpaces, a.read, ErrTooLong)
		}
		return 1, nil
	}
	f := fields{packet: AFIN, rest: b, offset: int64(a.read)}
	switch a.part {
	case afinHead:
		f.take(commandLen)
		a.entries = f.count("#idmd5")
	case afinName:
		a.packet.Entries = append(a.packet.Entries, AfinEntry{File: f.file(), Name: f.name(nameLen)})
		a.entries--
		a.spaces = 0
	case afinCount:
		a.copies = f.count("#copy")
		a.last().Copies = slices.Grow(a.last().Copies, min(a.copies, (MaxAfin-a.read)/afinCopyLen))
	case afinCopy:
		a.last().Copies = append(a.last().Copies, f.endpoint())
		a.copies--
	}
	a.read += len(b)
	a.part = a.next()
	return len(b), f.err
}

// next is the part that follows the one just read.
func (a *afinReader) next() afinPart {
	switch {
	case a.part == afinName:
		return afinCount
	case a.copies > 0:
		return afinCopy
	case a.entries > 0:
		return afinName
	default:
		return afinEnd
	}
}

func (a *afinReader) last() *AfinEntry { return &a.packet.Entries[len(a.packet.Entries)-1] }

// cut gives what is complete of a packet that is too long.
func (a *afinReader) cut() *Afin {
	if a.part != afinName { // the last entry has been begun
		a.packet.Entries = a.packet.Entries[:len(a.packet.Entries)-1]
	}
	a.packet.Cut = true
	return a.packet
}
