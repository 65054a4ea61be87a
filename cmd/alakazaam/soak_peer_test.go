package main_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"
)

// scripted is a peer of a soak test. One goroutine at a time works with it.
type scripted struct {
	*oracle
	book *ledger
	r    *rand.Rand
	n    int
	ip   string

	now  state // what the supernode should hold once all that was sent has taken effect
	last [poolSize]uint16
	ids  []string // of its sessions, the newest last

	server string // where the supernode is in this life
	conn   net.Conn
	in     *bufio.Reader
	served bool // something was heard on it
}

// newScripted makes peer n. What it does depends on the seed alone.
func newScripted(book *ledger, seed uint64, n int) *scripted {
	return &scripted{
		oracle: newOracle(), book: book, r: rand.New(rand.NewPCG(seed, uint64(n))), n: n, ip: fmt.Sprintf("127.0.3.%d", n),
	}
}

func (p *scripted) endpoint() string { return written(p.ip, 4000+p.n) }
func (p *scripted) md5(file int) string {
	return fmt.Sprintf("%02x%02x%028x", p.n, file, 0xfeed)
}

// name is the name of a file in one of its versions; no two are the same.
func (p *scripted) name(file int, version uint16) string {
	return fmt.Sprintf("p%02d f%02d v%d %stail", p.n, file, version, strings.Repeat("é-", int(version*7)%25))
}

// violation is what no supernode may do, whatever happens to it.
type violation struct{ error }

func violated(format string, args ...any) error { return &violation{fmt.Errorf(format, args...)} }

// step is a packet with what is to be expected of it.
type step struct {
	op     op
	packet string
	hear   func(i int) error // reads the answer to history[i]; nil: there is none
}

func (p *scripted) dial() error {
	p.served = false
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(p.ip)}, Timeout: patience}
	c, err := d.DialContext(context.Background(), "tcp", p.server)
	if err != nil {
		return err
	}
	p.conn, p.in = c, bufio.NewReader(c)
	return c.SetDeadline(time.Now().Add(3 * patience))
}

func (p *scripted) hangUp() {
	if p.conn != nil {
		p.conn.Close()
		p.conn = nil
	}
}

// play sends steps in one write and hears the answers.
func (p *scripted) play(steps ...step) error {
	if p.conn == nil {
		if err := p.dial(); err != nil {
			return err
		}
	}
	first := len(p.history)
	var packets strings.Builder
	for _, s := range steps {
		p.history = append(p.history, s.op)
		p.now.apply(s.op)
		packets.WriteString(s.packet)
	}
	_, broken := io.WriteString(p.conn, packets.String())
	for i, s := range steps {
		if s.hear == nil {
			continue
		}
		if err := s.hear(first + i); err != nil {
			return err
		}
	}
	return broken
}

// acknowledged notes that an answer has come to history[i], and with it to everything before.
func (p *scripted) acknowledged(i int) error {
	if !p.book.note(func() { p.sure = i + 1; p.book.answered() }) {
		return errOff
	}
	return nil
}

var errOff = errors.New("the power is off")

// read gives the next n bytes of an answer. The connection may end before its first byte, but not within it.
func (p *scripted) read(n int, first bool) (string, error) {
	b := make([]byte, n)
	got, err := io.ReadFull(p.in, b)
	p.served = p.served || got > 0
	if err != nil && (got > 0 || !first) {
		err = &torn{err}
	}
	return string(b), err
}

// torn is the end of a connection within an answer.
type torn struct{ error }

func (t *torn) Unwrap() error { return t.error }

// errRefused is an ALGI of zeros.
var errRefused = errors.New("the login was refused")

// login expects the id that the session has when it is sent: one that nobody had before where that is empty, and the one
// that was told last where it is unknownID. With anyID the peer does not know what to expect.
func (p *scripted) login(want string) step {
	return step{op{kind: opLogin}, "LOGI" + p.endpoint(), func(i int) error {
		algi, err := p.read(20, true)
		if err != nil {
			return err
		}
		id := strings.TrimPrefix(algi, "ALGI")
		switch {
		case len(id) != 16:
			return violated("%q is no ALGI", algi)
		case id == noID:
			return errRefused
		}
		return p.loggedIn(i, id, want)
	}}
}

// anyID is what login expects of a supernode of which nothing is known.
const anyID = "*"

// loggedIn takes the id that history[i] was answered with.
func (p *scripted) loggedIn(i int, id, want string) error {
	var wrong error
	on := p.book.note(func() {
		p.sure, p.history[i].id = i+1, id
		p.book.answered()
		wrong = p.judge(id, want)
		if want == "" || want == anyID {
			p.now.id = id
		}
		if !slices.Contains(p.ids, id) {
			p.ids = append(p.ids, id)
		}
		p.book.ids[id] = true
	})
	if !on {
		return errOff
	}
	return wrong
}

// judge says what is wrong with an id that a login got.
func (p *scripted) judge(id, want string) error {
	if want == unknownID {
		want = p.ids[len(p.ids)-1]
	}
	own := slices.Contains(p.ids, id)
	switch {
	case want == anyID || want == "":
		if p.book.ids[id] && (want == "" || !own) {
			return violated("the id %s of a new session is an old one", id)
		}
	case id != want:
		return violated("logged in as %s and was told %s", want, id)
	}
	return nil
}

func (p *scripted) put(file int, version uint16, id string) step {
	packet := fmt.Sprintf("ADFF%s%s", id, p.md5(file)) + padded(p.name(file, version))
	return step{op: op{kind: opPut, id: id, file: file, version: version}, packet: packet}
}

// padded is a name as a packet carries it: in 100 bytes.
func padded(name string) string { return name + strings.Repeat(" ", 100-len(name)) }

func (p *scripted) withdraw(file int, id string) step {
	return step{op: op{kind: opWithdraw, id: id, file: file}, packet: fmt.Sprintf("DEFF%s%s", id, p.md5(file))}
}

// logout expects the number of files that are published before it.
func (p *scripted) logout(id string, published int) step {
	return step{op{kind: opLogout, id: id}, "LOGO" + id, func(i int) error {
		algo, err := p.read(7, true)
		if err != nil {
			return err
		}
		if want := fmt.Sprintf("ALGO%03d", published); algo != want {
			return violated("%q instead of %q", algo, want)
		}
		return p.acknowledged(i)
	}}
}

// find searches for one of its own files, or for all where file is -1, and expects those of want.
func (p *scripted) find(file int, want state) step {
	text := fmt.Sprintf("p%02d f%02d", p.n, file)
	if file < 0 {
		text = fmt.Sprintf("P%02d F", p.n)
	} else {
		one := want.files[file]
		want.files = [poolSize]uint16{}
		want.files[file] = one
	}
	return step{op{kind: opFind, id: want.id}, fmt.Sprintf("FIND%s%-20s", want.id, text), func(i int) error {
		got, err := p.afin()
		if err != nil {
			return err
		}
		if got != want.files {
			return violated("a search for %q finds %v instead of %v", text, got, want.files)
		}
		return p.acknowledged(i)
	}}
}

// afin reads which of its own files a search has found.
func (p *scripted) afin() (files [poolSize]uint16, err error) {
	head, err := p.read(7, true)
	if err != nil {
		return files, err
	}
	n := 0
	if _, err := fmt.Sscanf(head, "AFIN%03d", &n); err != nil {
		return files, violated("%q is no AFIN", head)
	}
	for range n {
		hit, err := p.read(32+100+3+60, false)
		if err != nil {
			return files, err
		}
		var peer, file int
		var version uint16
		name := hit[32:132]
		if _, err := fmt.Sscanf(name, "p%02d f%02d v%d", &peer, &file, &version); err != nil || file >= poolSize {
			return files, violated("found %q", hit)
		}
		if hit != p.md5(file)+padded(p.name(file, version))+"001"+p.endpoint() {
			return files, violated("found %q, which is not as it was published", hit)
		}
		files[file] = version
	}
	return files, nil
}
