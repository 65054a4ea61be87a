package gateway_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"alakazaam/actors/p2p"
)

// The steps of a script, each followed by the bytes that it takes. Everything is taken modulo what there is.
const (
	doOpen      byte = iota // host, node: 0 or 1 is the supernode, 2 the peer
	doTurn                  // connection
	doLogi                  // endpoint
	doLogo                  // session
	doAdff                  // session, file, name
	doDeff                  // session, file
	doFind                  // session, text
	doRetr                  // file, form: 0 hex digits, 1 capitals, 2 raw
	doSupe                  // Pktid, endpoint, TTL
	doAsup                  // Pktid, endpoint
	doQuer                  // Pktid, endpoint, TTL, text
	doAque                  // Pktid, endpoint, file, name, form: 0 padded, 1 not
	doServer                // which: what only servers say
	doSpaces                // how many
	doRaw                   // how many, and the bytes
	doFlip                  // where, and how: the next packet's byte is another
	doCut                   // where: the rest of the next packet comes later
	doAgain                 // how many more times the next packet is said
	doTogether              // begins or ends a single write
	doHalfClose             // this side's stream ends
	doLeave                 // closes
	doAbort                 // resets
	doWait                  // for how long
	doHold                  // stops reading, or begins again
	doShare                 // file
	doUnshare               // file

	// Where there are links.
	doLink // endpoint
	doDone // Pktid, state: 0 C, 1 U, 2 neither
	doPing // Pktid
	doPong // Pktid
)

var stepsOf = [...]func(*play){
	doOpen:      (*play).open,
	doTurn:      func(p *play) { p.now = p.talk(p.pick(max(1, len(p.talks)))) },
	doLogi:      func(p *play) { p.say("LOGI%s", p.endpoint()) },
	doLogo:      func(p *play) { p.say("LOGO%s", p.session()) },
	doAdff:      func(p *play) { p.say("%s", adff(p.session(), p.file().md5(), p.name())) },
	doDeff:      func(p *play) { p.say("DEFF%s%s", p.session(), p.file().md5()) },
	doFind:      func(p *play) { p.say("FIND%s%s", p.session(), p.text()) },
	doRetr:      (*play).retrieve,
	doSupe:      func(p *play) { p.say("SUPE%s%s%s", p.pktid(), p.endpoint(), p.ttl()) },
	doAsup:      func(p *play) { p.say("ASUP%s%s", p.pktid(), p.endpoint()) },
	doQuer:      func(p *play) { p.say("QUER%s%s%s%s", p.pktid(), p.endpoint(), p.ttl(), p.text()) },
	doAque:      (*play).answer,
	doServer:    func(p *play) { p.say("%s", ofServers[p.pick(len(ofServers))]) },
	doSpaces:    func(p *play) { p.say("%s", strings.Repeat(" ", p.pick(200))) },
	doRaw:       (*play).raw,
	doFlip:      func(p *play) { p.flip, p.flipAt, p.flipBy = true, p.next(), p.next() },
	doCut:       func(p *play) { p.cut = int(p.next()) },
	doAgain:     func(p *play) { p.again = int(p.next()) },
	doTogether:  func(p *play) { p.flush(); p.together = !p.together },
	doHalfClose: func(p *play) { p.flush(); p.now.halfClose() },
	doLeave:     func(p *play) { p.flush(); p.now.leave() },
	doAbort:     func(p *play) { p.flush(); p.now.abort() },
	doWait:      func(p *play) { p.sim.Run(waits[p.pick(len(waits))]) },
	doHold:      func(p *play) { p.now.hold() },
	doShare:     func(p *play) { f := p.file(); p.super.disk.Put(f.name, f.content) },
	doUnshare:   func(p *play) { p.unshared = true; p.super.disk.Remove(p.file().name) },
}

// linkSteps are the steps where there are links.
var linkSteps = append(stepsOf[:],
	func(p *play) { p.say("LINK01%s", p.endpoint()) },
	func(p *play) { p.say("DONE%s%s", p.pktid(), states[p.pick(len(states))]) },
	func(p *play) { p.say("PING%s", p.pktid()) },
	func(p *play) { p.say("PONG%s%010d%07d%010d", p.pktid(), 1, 2, 3) },
)

var states = [...]string{"C", "U", "x"}

var waits = [...]time.Duration{
	time.Millisecond, 50 * time.Millisecond, time.Second, 1600 * time.Millisecond, 6 * time.Second, 25 * time.Second, 61 * time.Second,
}

// file is something that is shared or published, or might be.
type file struct {
	name    string
	content []byte
}

// files are the files of every script. The first are the supernode's own.
var files = [...]file{
	{"empty.txt", nil},
	{"hello.txt", []byte("hello")},
	{"nine thousand.bin", []byte(strings.Repeat("x", 9000))},
	{"Perché no.mp3", []byte("why")},
	{"four.bin", []byte(strings.Repeat("y", 4096))},
	{"nobody's", []byte("nobody's")},
}

const ownFiles = 3

func (f file) id() p2p.FileID { return md5.Sum(f.content) }
func (f file) md5() string    { return f.id().String() }

var (
	names = [...]string{
		"hello.txt", "HELLO again.txt", "Perché no.mp3", "../../etc/passwd", "\x1b[2J%_*.mp3", strings.Repeat("long name ", 10), "x", "hello\xff.bin",
	}
	texts = [...]string{
		"*", "hello", "%HELLO%", "               hello", "perché", "no such", "%", "",
	}
	ttls   = [...]string{"05", "01", "00", "99", "02", "x1"}
	pktids = [...]string{"PKT0000000000001", "PKT0000000000002", "PKT0000000000003"}
	// addressed are the hosts that a packet may name; 1 is the supernode.
	addressed = [...]int{listens, deaf, distant, hole, neighbor, 1, 2}
	// ofServers are packets that have no place on a connection that somebody else opened, and what is none at all.
	ofServers = [...]string{
		"ALGISESSION000000000", "ALGO001", "AFIN000", "ARET00000100005hello", "HTTP/1.1 200 OK\r\n", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "logi",
	}
)

// own stands for the endpoint of whoever speaks, which is the most usual.
const own = 3

func (p *play) endpoint() string {
	b := p.next()
	if b%8 <= own && p.now != nil {
		return field(p.now.host.self)
	}
	e := endpoint(addressed[int(b/8)%len(addressed)])
	if b%8 == 7 { // another node of that host, with IPv6
		s := field(e)
		return s[:16] + "2001:0DB8:0000:0000:0000:0000:0000:0001" + "04000"
	}
	return field(e)
}

// session is one that was given, the last one first, or none.
func (p *play) session() string {
	n := p.pick(8)
	switch {
	case n < len(p.given):
		return p.given[len(p.given)-1-n]
	case n == 6:
		return "0000000000000000"
	}
	return "UNKNOWNSESSION00"
}

func (p *play) file() file { return files[p.pick(len(files))] }

func (p *play) name() string {
	n := names[p.pick(len(names))]
	return n[:min(len(n), p2p.NameLen)]
}

func (p *play) text() string { return fmt.Sprintf("%-20s", texts[p.pick(len(texts))])[:p2p.TextLen] }
func (p *play) ttl() string  { return ttls[p.pick(len(ttls))] }

// pktid is one of a few, or that of what the node has flooded last.
func (p *play) pktid() string {
	n := p.pick(len(pktids) + 1)
	if n < len(pktids) {
		return pktids[n]
	}
	if p.flooded == "" {
		return pktids[0]
	}
	return p.flooded
}

func (p *play) open() {
	host, to := p.hosts[p.pick(len(p.hosts))], p.super
	if p.pick(3) == 2 && p.peer != nil {
		to = p.peer
	}
	if len(p.talks) == maxTalks {
		return
	}
	p.flush()
	p.now = p.begin(host, to)
	p.talks = append(p.talks, p.now)
}

func (p *play) talk(i int) *talk {
	p.flush()
	if len(p.talks) == 0 {
		return nil
	}
	return p.talks[i]
}

func (p *play) retrieve() {
	id := p.file().md5()
	switch p.pick(3) {
	case 1:
		id = strings.ToUpper(id)
	case 2:
		b, err := hex.DecodeString(id)
		if err != nil {
			panic(err)
		}
		id = string(b)
	}
	p.say("RETR%s", id)
}

func (p *play) answer() {
	packet := fmt.Sprintf("AQUE%s%s%s%-100s", p.pktid(), p.endpoint(), p.file().md5(), p.name())
	if p.pick(2) == 1 {
		packet = strings.TrimRight(packet, " ")
	}
	p.say("%s", packet)
}

func (p *play) raw() {
	b := make([]byte, p.pick(64))
	for i := range b {
		b[i] = p.next()
	}
	p.say("%s", b)
}

// say says a packet in the way that was asked for.
func (p *play) say(format string, args ...any) {
	if p.now == nil {
		return
	}
	packet := fmt.Appendf(nil, format, args...)
	if p.flip && len(packet) > 0 {
		packet[int(p.flipAt)%len(packet)] ^= p.flipBy
	}
	packet = bytes.Repeat(packet, min(1+p.again, (maxSaid-p.said)/max(1, len(packet))))
	p.said += len(packet)
	p.now.pending = append(p.now.pending, packet...)
	if p.cut > 0 && p.cut < len(packet) && !p.together {
		rest := packet[p.cut:]
		p.now.pending = p.now.pending[:len(p.now.pending)-len(rest)]
		p.flush()
		p.cutting = true
		p.sim.Run(50 * time.Millisecond)
		p.cutting = false
		p.now.pending = append(p.now.pending, rest...)
	}
	if !p.together {
		p.flush()
	}
	p.flip, p.cut, p.again = false, 0, 0
}

// flush sends what has been gathered.
func (p *play) flush() {
	if p.now != nil && len(p.now.pending) > 0 {
		p.now.send(p.now.pending)
		p.now.pending = nil
	}
}
