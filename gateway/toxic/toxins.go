package toxic

import (
	"slices"
	"time"

	"alakazaam/actors/fault"
	"alakazaam/actors/port"
	"alakazaam/config"
)

// piece is something that passes in one direction: bytes, or what message says.
type piece struct {
	data    []byte
	message any   // instead of data; *port.FileSend, closing and cut on the way out, what the owner is told on the way in
	size    int64 // of the data, or of the file that is behind the message
	at      time.Time
}

type (
	closing struct{} // its owner closes the connection
	cut     struct{} // a fault closes it
)

// end says whether the piece is the end of something rather than a part of it.
func (p *piece) end() bool {
	switch p.message.(type) {
	case *port.Ended, *port.Closed, *closing, *cut:
		return true
	}
	return false
}

// toxin is a rule as one connection has it.
type toxin struct {
	rule    *fault.Rule
	decided bool // whether this connection has it
	on      bool
	hit     bool
	began   time.Time // when it was decided
	lanes   map[string]*lane
}

// lane is what a toxin remembers of one direction.
type lane struct {
	free   time.Time // when what passed before is through
	passed int64     // bytes
	over   bool      // nothing passes any more
	flip   int64     // bytes until the next bit is turned; 0: not drawn yet
}

// active says whether the toxin acts on a direction now.
func (x *toxin) active(stream string) bool {
	return x.on && x.rule.Open() && (x.rule.Stream == config.StreamBoth || x.rule.Stream == stream)
}

func (x *toxin) lane(stream string) *lane {
	if x.lanes[stream] == nil {
		x.lanes[stream] = &lane{}
	}
	return x.lanes[stream]
}

// made notes that the toxin has made a difference to its connection; it counts once.
func (x *toxin) made() {
	if !x.hit {
		x.hit = true
		x.rule.Hit()
	}
}

// pass is what becomes of pieces in one direction.
func (x *toxin) pass(stream string, pieces []piece) []piece {
	a, l := x.rule.Attributes, x.lane(stream)
	var out []piece
	for _, p := range pieces {
		switch x.rule.Type {
		case "latency":
			x.made()
			d := a.Latency
			if a.Jitter > 0 {
				d += time.Duration(x.rule.Between(2*int64(a.Jitter)+1)) - a.Jitter
			}
			p.at = p.at.Add(d)
			out = append(out, p)
		case "bandwidth":
			out = append(out, x.throttle(l, p)...)
		case "slow_close":
			if p.end() {
				x.made()
				p.at = p.at.Add(a.Delay)
			}
			out = append(out, p)
		case "slicer":
			out = append(out, x.slice(p)...)
		case "limit_data", "truncate":
			out = append(out, x.limit(l, p)...)
		case "bit_flip":
			out = append(out, x.flip(l, p))
		case "timeout":
			if p.end() {
				out = append(out, p)
				break
			}
			x.made()
		case "half_open":
			if p.at.Before(x.began.Add(a.Timeout)) {
				out = append(out, p)
				break
			}
			if _, own := p.message.(*closing); own {
				out = append(out, p)
				break
			}
			x.made()
		default:
			out = append(out, p)
		}
	}
	return out
}

// throttle lets a piece through when its bytes would be through at the rate, in tenths of a second.
func (x *toxin) throttle(l *lane, p piece) []piece {
	rate := int64(x.rule.Attributes.Rate)
	parts := []piece{p}
	if len(p.data) > 0 {
		parts = nil
		for part := range slices.Chunk(p.data, int(max(1, min(rate/10, 1<<20)))) {
			parts = append(parts, piece{data: part, size: int64(len(part)), at: p.at})
		}
	}
	for i := range parts {
		q := &parts[i]
		if q.size > 0 {
			x.made()
		}
		if q.at.Before(l.free) {
			q.at = l.free
		}
		const longest = 1e9 // a Duration holds no more than some 9e9 seconds
		q.at = q.at.Add(time.Duration(min(float64(q.size)/float64(rate), longest) * float64(time.Second)))
		l.free = q.at
	}
	return parts
}

// slice cuts bytes into small pieces.
func (x *toxin) slice(p piece) []piece {
	a := x.rule.Attributes
	var out []piece
	for len(p.data) > 0 {
		n := int64(a.AverageSize)
		if a.SizeVariation > 0 {
			n += x.rule.Between(2*int64(a.SizeVariation)+1) - int64(a.SizeVariation)
		}
		n = min(n, int64(len(p.data)))
		if n < int64(len(p.data)) {
			x.made()
		}
		out = append(out, piece{data: p.data[:n:n], size: n, at: p.at})
		p.data, p.at = p.data[n:], p.at.Add(a.Delay)
	}
	if p.message != nil {
		out = append(out, p)
	}
	return out
}

// limit lets so many bytes through and no more, and ends the connection where it is limit_data.
func (x *toxin) limit(l *lane, p piece) []piece {
	if p.end() {
		return []piece{p}
	}
	if l.over {
		return nil
	}
	left := int64(x.rule.Attributes.Bytes) - l.passed
	if p.size <= left {
		l.passed += p.size
		return []piece{p}
	}
	l.over = true
	x.made()
	closes := x.rule.Type == "limit_data"
	var out []piece
	if left > 0 {
		switch f := p.message.(type) {
		case nil:
			out = append(out, piece{data: p.data[:left], size: left, at: p.at})
		case *port.FileSend:
			if closes {
				shorter := *f
				shorter.Length = left
				out = append(out, piece{message: &shorter, size: left, at: p.at})
			}
		}
	}
	if closes {
		out = append(out, piece{message: &cut{}, at: p.at})
	}
	return out
}

// flip turns a bit here and there.
func (x *toxin) flip(l *lane, p piece) piece {
	if len(p.data) == 0 {
		return p
	}
	mean := int64(x.rule.Attributes.Bytes)
	data := p.data
	for at := int64(0); ; {
		if l.flip == 0 {
			l.flip = 1 + x.rule.Between(2*mean-1)
		}
		if at+l.flip > int64(len(data)) {
			l.flip -= int64(len(data)) - at
			break
		}
		at += l.flip
		l.flip = 0
		if &data[0] == &p.data[0] {
			data = slices.Clone(data) // what was sent belongs to somebody else
		}
		data[at-1] ^= 1 << x.rule.Between(8)
		x.made()
	}
	p.data = data
	return p
}
