package main_test

import (
	"fmt"
	"sync"
)

// What a supernode promised its peers, and what it may therefore hold after it died.

const (
	// poolSize is how many different files a scripted peer has.
	poolSize = 40
	// unknownID is the id of a session whose ALGI never arrived.
	unknownID = "?"
	// noID is the id in an ALGI that refuses a login.
	noID = "0000000000000000"
)

// state is what a supernode holds of one peer.
type state struct {
	id    string           // of its session; empty: it is not logged in
	files [poolSize]uint16 // the version of its name under which each file is published; 0: it is not
}

// count is how many files are published.
func (s *state) count() (n int) {
	for _, version := range s.files {
		if version != 0 {
			n++
		}
	}
	return n
}

type opKind uint8

const (
	opLogin opKind = iota
	opPut
	opWithdraw
	opLogout
	opFind
)

// op is one thing that a peer asks for.
type op struct {
	kind    opKind
	id      string // the session under which it is; of a login: what the ALGI said, empty until then
	file    int
	version uint16
}

// apply does to a state what a supernode does that receives this operation.
func (s *state) apply(o op) {
	switch o.kind {
	case opLogin:
		if s.id == "" {
			*s = state{id: unknownID}
		}
		if s.id == unknownID && o.id != "" {
			s.id = o.id
		}
	case opPut:
		if s.id == o.id {
			s.files[o.file] = o.version
		}
	case opWithdraw:
		if s.id == o.id {
			s.files[o.file] = 0
		}
	case opLogout:
		if s.id == o.id {
			*s = state{}
		}
	}
}

// states are what may be.
type states map[state]bool

// oracle knows what may be in the directory of one peer. Operations take effect in the order in which they were sent:
// when the supernode dies, those that were acknowledged have taken effect, and of those behind them the first few.
type oracle struct {
	possible states // when this life of the supernode began
	history  []op   // sent since then
	sure     int    // how many of history are acknowledged

	// Where the supernode may lose what it acknowledged: what there was when its last life began, and what there would be
	// had it lost nothing.
	before, promised states
}

func newOracle() *oracle { return &oracle{possible: states{{}: true}} }

// inDoubt is how many operations may or may not have taken effect.
func (o *oracle) inDoubt() int { return len(o.history) - o.sure }

// after is what may be after so many operations of history at least.
func (o *oracle) after(sure int) states {
	all := make(states)
	for s := range o.possible {
		for i, op := range o.history {
			if i >= sure {
				all[s] = true
			}
			s.apply(op)
		}
		all[s] = true
	}
	return all
}

// died says that the supernode is gone, and what it acknowledged too if it is lossy, though not without what came later.
func (o *oracle) died(lossy bool) {
	next := oracle{possible: o.after(o.sure)}
	if lossy {
		next = oracle{possible: o.after(0), before: o.possible, promised: next.possible}
	}
	*o = next
}

// fits says whether what a peer found after it had logged in again can be. A session that the peer was not told of has
// to have an id that nobody ever had.
func (all states) fits(now state, fresh bool) bool {
	for s := range all {
		untold := s.id == "" || s.id == unknownID
		s.apply(op{kind: opLogin, id: now.id})
		if s == now && untold == fresh {
			return true
		}
	}
	return false
}

// found begins anew with what a peer found. A session that its login has made is not older than the login.
func (o *oracle) found(now state, fresh bool) {
	if fresh {
		*o = oracle{possible: states{{}: true}, history: []op{{kind: opLogin, id: now.id}}, sure: 1}
		return
	}
	*o = oracle{possible: states{now: true}}
}

// ledger is what all peers of a test share.
type ledger struct {
	mu  sync.Mutex
	ids map[string]bool // every id that a supernode ever gave
	off bool            // the power is off: what arrives now was not acknowledged in time
	tally

	answers int           // in this life of the supernode
	busy    chan struct{} // closed when there have been some
}

// someAnswers are what a life of the supernode is worth.
const someAnswers = 60

// tally counts what a test has checked.
type tally struct {
	sent, acknowledged int // operations
	deaths, looks      int // of the supernode, and of peers at what it holds afterwards
	inDoubt, several   int // operations that may have taken effect or not, and looks for which there were several possibilities
	ended              int // ids of ended sessions that were unknown, as they have to be
	lost, kept         int // looks for which something acknowledged was gone, or more was there than before
}

func (t tally) String() string {
	return fmt.Sprintf("%d operations sent and %d acknowledged; %d deaths left %d in doubt; %d looks, %d of them with more than one "+
		"possibility; %d ids of ended sessions were unknown", t.sent, t.acknowledged, t.deaths, t.inDoubt, t.looks, t.several, t.ended)
}

// begin says that a life of the supernode begins.
func (l *ledger) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers, l.busy, l.off = 0, make(chan struct{}), false
}

// answered notes, within note, that an answer has come.
func (l *ledger) answered() {
	if l.answers++; l.answers == someAnswers {
		close(l.busy)
	}
}

// note does f unless the power is off.
func (l *ledger) note(f func()) (on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.off {
		f()
	}
	return !l.off
}

// cut switches the power off and does f at that moment.
func (l *ledger) cut(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.off = true
	f()
}
