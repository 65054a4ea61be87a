package main_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// mostInDoubt is how many operations a peer has on their way before it waits for an answer.
const mostInDoubt = 200

// work does one random thing after the other until the supernode is gone.
func (p *scripted) work() error {
	defer p.hangUp()
	for {
		if err := p.turn(); err != nil {
			return err
		}
	}
}

func (p *scripted) turn() error {
	if p.now.id == "" {
		steps := []step{p.login("")}
		for p.chance(30) {
			steps = append(steps, p.login(unknownID))
		}
		return p.play(steps...)
	}
	s := p.now
	var steps []step
	do := func(next step) {
		s.apply(next.op)
		steps = append(steps, next)
	}
	for n := p.length(); n > 0; n-- {
		do(p.change(s))
	}
	switch {
	case p.chance(20):
		do(p.logout(s.id, s.count()))
		if p.chance(50) {
			do(p.put(0, p.version(0, true), p.now.id)) // too late
		}
		if p.chance(50) {
			do(p.login(""))
		}
	case p.chance(75) || p.inDoubt() > mostInDoubt:
		do(p.find(-1, s))
	}
	if err := p.play(steps...); err != nil {
		return err
	}
	return p.leave()
}

// chance is true in so many of a hundred cases.
func (p *scripted) chance(percent int) bool { return p.r.IntN(100) < percent }

// length is how many changes go out at once: often one, and sometimes many.
func (p *scripted) length() int {
	if p.chance(40) {
		return 1
	}
	return p.r.IntN(64)
}

// change is a random operation of a peer that is logged in.
func (p *scripted) change(s state) step {
	file := p.r.IntN(poolSize)
	switch {
	case p.chance(60):
		return p.put(file, p.version(file, p.chance(80)), s.id) // new, renamed, or there already
	case p.chance(70):
		return p.withdraw(file, s.id)
	case p.chance(80):
		return p.find(file, s)
	}
	return p.login(s.id)
}

// version is a version of a file's name, one that it never had if renamed says so.
func (p *scripted) version(file int, renamed bool) uint16 {
	if renamed || p.last[file] == 0 {
		p.last[file]++
	}
	return p.last[file]
}

// leave sometimes ends the connection, and waits until the supernode has done so too: what was sent on it comes before
// what is sent on the next one.
func (p *scripted) leave() error {
	if !p.chance(15) {
		return nil
	}
	defer p.hangUp()
	_ = p.conn.(*net.TCPConn).CloseWrite() // where the supernode is gone already, that is heard next
	return p.silence()
}

// silence expects the connection to end with nothing before.
func (p *scripted) silence() error {
	b, err := p.in.ReadByte()
	if err == nil {
		return violated("%q where nothing was asked for", b)
	}
	if err != io.EOF {
		return err
	}
	return nil
}

// look logs in again after the supernode has died and compares what it holds with what it may hold.
func (p *scripted) look() error {
	defer p.hangUp()
	p.now = state{}
	had := len(p.ids)
	if err := p.play(p.login(anyID)); err != nil {
		return err
	}
	now := state{id: p.now.id}
	fmt.Fprintf(p.conn, "FIND%s%-20s", now.id, fmt.Sprintf("p%02d", p.n))
	var err error
	if now.files, err = p.afin(); err != nil {
		return err
	}
	if err := p.compare(now, len(p.ids) > had); err != nil {
		return err
	}
	return p.lookForEnded()
}

// compare takes what was found if that can be.
func (p *scripted) compare(now state, fresh bool) error {
	if !p.possible.fits(now, fresh) {
		return violated("it holds %v, and that cannot be; %v", now, p.possible)
	}
	p.book.note(func() {
		if p.book.looks++; len(p.possible) > 1 {
			p.book.several++
		}
		if p.promised != nil && !p.promised.fits(now, fresh) {
			p.book.lost++
		}
		if p.before != nil && !p.before.fits(now, fresh) {
			p.book.kept++
		}
	})
	p.now = now
	p.found(now, fresh)
	return nil
}

// lookForEnded sees that the last sessions that have ended are unknown.
func (p *scripted) lookForEnded() error {
	for i, tried := len(p.ids)-1, 0; i >= 0 && tried < 3; i-- {
		id := p.ids[i]
		if id == p.now.id {
			continue
		}
		tried++
		p.hangUp()
		if err := p.dial(); err != nil {
			return err
		}
		fmt.Fprintf(p.conn, "FIND%s%-20s", id, "*")
		if err := p.silence(); err != nil {
			return err
		}
		p.book.note(func() { p.book.ended++ })
	}
	return nil
}

// died takes in that the supernode is gone.
func (p *scripted) died(lossy bool) {
	p.book.note(func() {
		p.book.sent += len(p.history)
		p.book.acknowledged += p.sure
		p.book.inDoubt += p.inDoubt()
	})
	p.oracle.died(lossy)
}

// orderly says whether the last connection may have ended like this when the supernode ended in order: behind a whole
// answer. Only one that the supernode had not taken yet may be reset.
func (p *scripted) orderly(err error) bool {
	var torn *torn
	switch {
	case errors.As(err, &torn):
		return false
	case errors.Is(err, syscall.ECONNRESET):
		return !p.served
	}
	return err == io.EOF || err == errRefused || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPIPE)
}

// String names a state in a failed test's output.
func (s state) String() string {
	out := "session " + s.id + " with"
	for file, version := range s.files {
		if version != 0 {
			out += fmt.Sprintf(" f%02d:v%d", file, version)
		}
	}
	return out
}

// String names what may be.
func (all states) String() string {
	out := fmt.Sprintf("%d states can be, some of them:", len(all))
	some := 0
	for s := range all {
		if some++; some > 5 {
			break
		}
		out += "\n\t" + s.String()
	}
	return out
}
