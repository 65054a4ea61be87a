package world

import (
	"bytes"
	"fmt"

	"alakazaam/actors/p2p"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/gateway/wire"
)

// longest is how many packets of a sequence are kept.
const longest = 200

// sequence is what is sent for the first search after the warm-up: the search, what goes from supernode to supernode for
// it, and its answer.
type sequence struct {
	w        *World
	host     *host // who searches; nil: nobody has yet
	at       int   // the supernode that it asks
	text     p2p.SearchText
	answered bool
	ids      map[p2p.PacketID]bool // of its floods
	packets  []record.Packet
	data     [][]byte // of each of them, until it has arrived
}

// begin has the packets of a search kept if it is the first one.
func (s *sequence) begin(h *host, at int, text p2p.SearchText) {
	if s.host == nil && at >= 0 && s.w.since() >= s.w.exp.Time.Warmup {
		s.host, s.at, s.text, s.ids = h, at, text, make(map[p2p.PacketID]bool)
	}
}

// sent looks at each packet when it is sent.
func (s *sequence) sent(from, to int, data []byte) {
	if s.host == nil || len(s.packets) >= longest {
		return
	}
	p := decode(data)
	if p == nil || !s.belongs(from, to, p) {
		return
	}
	s.packets = append(s.packets, record.Packet{Sent: s.w.since(), From: s.w.nodeName(from), To: s.w.nodeName(to), What: says(p)})
	s.data = append(s.data, data)
}

// belongs says whether a packet is one of the search.
func (s *sequence) belongs(from, to int, p wire.Packet) bool {
	switch p := p.(type) {
	case *wire.Find:
		return from == s.host.i && to == s.at && p.Text == s.text && len(s.packets) == 0
	case *wire.Quer:
		if !s.answered && from == s.at && p.Origin == s.w.hosts[s.at].self && p.Text == s.text {
			s.ids[p.ID] = true
		}
		return s.ids[p.ID]
	case *wire.Aque:
		return s.ids[p.ID]
	case *wire.Done:
		return s.ids[p.ID]
	case *wire.Afin:
		first := !s.answered && from == s.at && to == s.host.i && len(s.packets) > 0
		s.answered = s.answered || first
		return first
	}
	return false
}

// arrived notes when a packet of the search is received.
func (s *sequence) arrived(from, to int, data []byte) {
	for i, waits := range s.data {
		p := &s.packets[i]
		if waits != nil && bytes.Equal(waits, data) && p.From == s.w.nodeName(from) && p.To == s.w.nodeName(to) {
			p.Arrived, s.data[i] = s.w.since(), nil
			return
		}
	}
}

// decode reads a packet; nil where it is none.
func decode(data []byte) wire.Packet {
	d := wire.NewDecoder(wire.Requests | wire.Answers | wire.Links)
	d.Write(data)
	p, err := d.Next()
	if err != nil {
		return nil
	}
	return p
}

// says is what of a packet says most.
func says(p wire.Packet) string {
	switch p := p.(type) {
	case *wire.Find:
		return fmt.Sprintf("FIND %s", p.Text)
	case *wire.Quer:
		return fmt.Sprintf("QUER ttl=%d", p.TTL)
	case *wire.Aque:
		return fmt.Sprintf("AQUE %s", p.Name)
	case *wire.Done:
		if !p.Complete {
			return "DONE unknown"
		}
		return "DONE complete"
	case *wire.Afin:
		return fmt.Sprintf("AFIN %d files", len(p.Entries))
	}
	return p.Command().String()
}
