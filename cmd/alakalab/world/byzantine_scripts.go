package world

import (
	"fmt"
	"slices"
	"strings"

	"alakazaam/actors/p2p"
	"alakazaam/gateway/wire"
)

// scripts are what foul nodes do, by the names that experiments have for it.
var scripts = map[string]*script{
	"spoofed-reply":    {act: (*foul).spoof},
	"forged-login":     {act: (*foul).forge},
	"replayed-pktid":   {overhears: (*foul).replay},
	"burnt-pktid":      {overhears: (*foul).burn},
	"invented-answers": {overhears: (*foul).invent},
	"bad-counts":       {act: (*foul).miscount},
	"bad-names":        {act: (*foul).misname},
	"query-flood":      {act: (*foul).flood},
	"publish-flood":    {act: (*foul).publish},
	"connection-flood": {act: func(f *foul) { f.dial(f.somebody(), func(t *talk) { t.say(nil) }) }},
	"slow-loris":       {act: (*foul).dribble},
	"never-reading":    {act: (*foul).turnDeaf},
	"no-forward":       {begin: func(f *foul) { f.link((*talk).swallow) }},
	"ttl-keeper":       {begin: func(f *foul) { f.link((*talk).keepTTL) }},
	"first-answer":     {begin: func(f *foul) { f.link((*talk).answerFirst) }},
}

// spoof asks in the name of the victim, who gets the answers.
func (f *foul) spoof() {
	id := f.pktid()
	if f.victim == nil {
		return
	}
	f.w.spoofed[id] = f.victim.i
	f.once(f.somebody(), (&wire.Quer{ID: id, Origin: f.victim.self, TTL: 5, Text: f.popular().text}).Append(nil))
}

// forge logs in with the victim's address.
func (f *foul) forge() {
	if f.victim != nil {
		f.once(f.somebody(), (&wire.Logi{Endpoint: f.victim.self}).Append(nil))
	}
}

// replay sends what others have asked once more, to somebody else.
func (f *foul) replay(from, _ int, packet []byte) {
	if from < f.w.supers && f.random.IntN(100) == 0 {
		f.once(f.somebody(), slices.Clone(packet))
	}
}

// burn sends the Pktid of a search that begins at the victim, or at its supernode, with another text to everybody, so that
// they take the real one for a copy of it.
func (f *foul) burn(from, _ int, packet []byte) {
	q := parse(packet)
	if q == nil || f.victim == nil || f.w.burnt[q.ID] {
		return
	}
	at := f.victim.i
	if !f.victim.super {
		at = f.victim.home
	}
	if from != at || q.Origin != f.w.hosts[at].self {
		return
	}
	f.w.burnt[q.ID] = true
	text, _ := p2p.NewSearchText("nothing of that kind") // it is short enough
	for _, h := range slices.Clone(f.w.upSupers) {
		if h.i != at {
			f.once(h, (&wire.Quer{ID: q.ID, Origin: f.self, TTL: 1, Text: text}).Append(nil))
		}
	}
}

// invent answers the searches of others with a file that nobody has.
func (f *foul) invent(_, to int, packet []byte) {
	q := parse(packet)
	if q == nil || f.random.IntN(20) != 0 || f.w.strange(q.Origin) == nil {
		return
	}
	id, _ := f.invented()
	name, err := p2p.NewFileName(q.Text.String() + ".exe")
	if err != nil {
		return
	}
	f.once(f.w.strange(q.Origin), (&wire.Aque{ID: q.ID, Owner: f.self, File: id, Name: name}).Append(nil))
}

// strange is the host at an endpoint; nil where there is none.
func (w *World) strange(e p2p.Endpoint) *host {
	if i := indexOf(e.IPv4()); i >= 0 && i < len(w.hosts) {
		return w.hosts[i]
	}
	return nil
}

// parse reads a QUER; nil where it is none.
func parse(packet []byte) *wire.Quer {
	d := wire.NewDecoder(wire.Requests)
	d.Write(packet)
	p, err := d.Next()
	if q, ok := p.(*wire.Quer); ok && err == nil {
		return q
	}
	return nil
}

// miscount sends numbers that are none, or cannot be.
func (f *foul) miscount() {
	good := (&wire.Quer{ID: f.pktid(), Origin: f.self, TTL: 5, Text: f.popular().text}).Append(nil)
	bad := [...]string{"-1", "0x", "99", "00", "  ", "+5", "1e"}[f.random.IntN(7)]
	copy(good[querTTL:], bad)
	if f.random.IntN(2) == 0 {
		copy(good[querTTL-5:], [...]string{"99999", "-0001", "00000", "3000 "}[f.random.IntN(4)])
	}
	f.once(f.somebody(), good)
}

// misname publishes names that lead elsewhere when somebody writes them to a disk.
func (f *foul) misname() {
	t := f.logged()
	if t == nil {
		return
	}
	id, name := f.invented()
	names := [...]string{"../../%s", "/etc/%s", "..\\%s", "%s\x00.txt", "%s\x1b[2J\r\n", "%s\xc3", "C:%s", "-rf %s", "%s.lnk "}
	evil := fmt.Sprintf(names[f.random.IntN(len(names))], name)
	packet := (&wire.Adff{Session: f.session, File: id, Name: name}).Append(nil)
	copy(packet[len(packet)-p2p.NameLen:], evil+strings.Repeat(" ", p2p.NameLen-len(evil)))
	t.say(packet)
}

// flood searches with Pktids that are new each time.
func (f *foul) flood() {
	if f.main == nil {
		f.main = f.dial(f.somebody(), func(*talk) {})
		return
	}
	f.main.say((&wire.Quer{ID: f.pktid(), Origin: f.self, TTL: 5, Text: f.popular().text}).Append(nil))
}

// publish publishes files that nobody has.
func (f *foul) publish() {
	if t := f.logged(); t != nil {
		id, name := f.invented()
		t.say((&wire.Adff{Session: f.session, File: id, Name: name}).Append(nil))
	}
}

// dribble sends a packet byte by byte.
func (f *foul) dribble() {
	if f.main == nil {
		f.main = f.dial(f.somebody(), func(*talk) {})
		return
	}
	f.main.say([]byte("Q"))
}

// turnDeaf asks for everything and never reads the answers.
func (f *foul) turnDeaf() {
	t := f.logged()
	if t == nil {
		return
	}
	t.unread = true
	text, _ := p2p.NewSearchText("*") // it is short enough
	t.say((&wire.Find{Session: f.session, Text: text}).Append(nil))
}

// links is how many supernodes a foul supernode joins.
const foulLinks = 4

// link joins supernodes as one of them, and does with each search what the script says.
func (f *foul) link(quer func(*talk, *wire.Quer)) {
	for range foulLinks {
		t := f.dial(f.somebody(), func(t *talk) { t.say((&wire.Link{Version: 1, Endpoint: f.self}).Append(nil)) })
		if t == nil {
			return
		}
		t.heard = func(t *talk, p wire.Packet) {
			switch p := p.(type) {
			case *wire.Alnk:
				t.decoder.Accept(wire.Links)
			case *wire.Ping:
				t.conn.Send((&wire.Pong{ID: p.ID}).Append(nil))
			case *wire.Quer:
				quer(t, p)
			}
		}
	}
}

// swallow says that all answers have come, and asks nobody.
func (t *talk) swallow(q *wire.Quer) { t.say((&wire.Done{ID: q.ID, Complete: true}).Append(nil)) }

// keepTTL passes a search on as it came.
func (t *talk) keepTTL(q *wire.Quer) {
	for _, o := range slices.Clone(t.talks) {
		if o != t {
			o.say(q.Append(nil))
		}
	}
	t.conn.Send((&wire.Done{ID: q.ID}).Append(nil))
}

// answerFirst has what is looked for, whatever it is, before anybody else.
func (t *talk) answerFirst(q *wire.Quer) {
	id, _ := t.invented()
	name, err := p2p.NewFileName(q.Text.String() + ".exe")
	if err != nil {
		return
	}
	t.say((&wire.Aque{ID: q.ID, Owner: t.self, File: id, Name: name}).AppendOnLink(nil))
	t.conn.Send((&wire.Done{ID: q.ID, Complete: true}).Append(nil))
}
