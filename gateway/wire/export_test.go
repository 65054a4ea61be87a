package wire

// Held is how much the decoder keeps of a packet that has come in part.
func (d *Decoder) Held() (length, capacity int) { return len(d.held), cap(d.held) }

// Reading says whether the decoder still refers to the piece that it was given.
func (d *Decoder) Reading() bool { return d.in != nil }

// Promised is for how many copies and entries an AFIN that has come in part has taken room.
func (d *Decoder) Promised() int {
	return cap(d.afin.packet.Entries) + cap(d.afin.last().Copies)
}

// MaxHeld is the most that a decoder may hold of a packet: the longest but AFIN.
const MaxHeld = aqueLen

// MaxHeldOnLink is the same of the packets that come on links only.
const MaxHeldOnLink = 1<<16 - 1
