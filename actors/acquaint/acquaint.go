// Package acquaint is what a node remembers of the supernodes that it has met or heard of, and which of them it would
// rather turn to. It is pure: whoever uses it says what has happened and when.
//
// A Book is bounded, and so is what it holds of one network, because anybody may tell of supernodes: those that were only
// heard of never take the place of one that has been reached.
package acquaint

import (
	"cmp"
	"slices"
	"time"

	"alakazaam/actors/p2p"
)

// maxGap is the longest pause between two looks at a supernode over which it counts as having been up.
const maxGap = time.Hour

// maxFailures is how far failures are counted.
const maxFailures = 1000

// Supernode is one entry of a Book.
type Supernode struct {
	Endpoint p2p.Endpoint
	Heard    time.Time     // when it was heard of first
	Reached  time.Time     // when it was reached last; zero: never
	Observed time.Duration // how long it has been seen up; halved whenever it is gone
	Started  time.Time     // since when it is up, as it tells; zero: it has not told
	Failures int           // in a row, as far as they are counted
	RTT      time.Duration // of what was asked lately, smoothed; 0: not known
	Sessions int           // as it tells; -1: it has not told
	Files    int           // as it tells; -1: it has not told
	Base     time.Time     // when it was found not to know PING; zero: it was not
	Refused  time.Time     // when it refused a login; zero: it has not since it took one. Not kept on disk
}

// Uptime is how long it was up when it was reached last, as it tells; 0 where it has not told.
func (s Supernode) Uptime() time.Duration {
	if s.Started.IsZero() || s.Reached.Before(s.Started) {
		return 0
	}
	return s.Reached.Sub(s.Started)
}

// Measures of Score: the value of each at which it is worth one half.
const (
	halfUptime   = time.Hour
	halfSessions = 150
	halfRTT      = 100 * time.Millisecond
)

// What is not known counts as these.
const (
	unknownSessions = 150
	unknownRTT      = 200 * time.Millisecond
)

// Score is how good a supernode is, from 0 to 1:
//
//	(2 · up/(up + 1 h)  +  1/(1 + sessions/150)  +  1/(1 + rtt/100 ms)) / 4 / 2^failures / (1 + days)
//
// up is the uptime that was observed, or what it tells where that is more; but what it tells counts for no more than an
// hour beyond twice what was observed, so that a lie gains little. Long uptime weighs most because those that have been
// up for long stay up for long. A load that is not known counts as 150 sessions, an unknown round-trip time as 200 ms.
// failures are those in a row, one more for a supernode that was never reached, and days the whole days since it was
// reached or, if it never was, heard of.
func (s Supernode) Score(now time.Time) float64 {
	up := max(s.Observed, min(s.Uptime(), 2*s.Observed+time.Hour))
	sessions, rtt := s.Sessions, s.RTT
	if sessions < 0 {
		sessions = unknownSessions
	}
	if rtt <= 0 {
		rtt = unknownRTT
	}
	score := 2*float64(up)/float64(up+halfUptime) + 1/(1+float64(sessions)/halfSessions) + 1/(1+float64(rtt)/float64(halfRTT))
	last, failures := s.Reached, s.Failures
	if last.IsZero() {
		last = s.Heard
		failures++
	}
	days := max(0, int(now.Sub(last)/(24*time.Hour)))
	return score / 4 / float64(uint64(1)<<min(failures, 62)) / float64(1+days)
}

// Book is the supernodes that a node knows.
type Book struct {
	max, perSubnet int
	known          []Supernode // in the order in which they were heard of
}

// New makes an empty book for at most limit supernodes, and at most perSubnet of one p2p.SubnetOf; both are
// more than 0.
func New(limit, perSubnet int) *Book { return &Book{max: limit, perSubnet: perSubnet} }

// Len is how many supernodes are known.
func (b *Book) Len() int { return len(b.known) }

// Get gives what is known of a supernode.
func (b *Book) Get(e p2p.Endpoint) (s Supernode, ok bool) {
	if i := b.index(e); i >= 0 {
		return b.known[i], true
	}
	return s, false
}

func (b *Book) index(e p2p.Endpoint) int {
	return slices.IndexFunc(b.known, func(s Supernode) bool { return s.Endpoint.Same(e) })
}

// Hear notes a supernode of which somebody has told. ok is false where there is no room for it.
func (b *Book) Hear(e p2p.Endpoint, now time.Time) (ok bool) {
	return b.index(e) >= 0 || b.add(Supernode{Endpoint: e, Heard: now, Sessions: -1, Files: -1}, now)
}

// Reach notes that a supernode was reached. rtt is how long its answer took; 0 where nobody measured.
func (b *Book) Reach(e p2p.Endpoint, rtt time.Duration, now time.Time) {
	b.change(e, now, func(s *Supernode) { s.reach(rtt, now) })
}

func (s *Supernode) reach(rtt time.Duration, now time.Time) {
	if gap := now.Sub(s.Reached); !s.Reached.IsZero() && s.Failures == 0 && gap > 0 && gap <= maxGap {
		s.Observed += gap
	}
	s.Reached, s.Failures = now, 0
	switch {
	case rtt <= 0:
	case s.RTT == 0:
		s.RTT = rtt
	default:
		s.RTT += (rtt - s.RTT) / 8 // as TCP smooths it
	}
}

// Tell notes that a supernode was reached and what it told: since when it is up, and what it carries.
func (b *Book) Tell(e p2p.Endpoint, uptime time.Duration, sessions, files int, rtt time.Duration, now time.Time) {
	b.change(e, now, func(s *Supernode) {
		s.reach(rtt, now)
		s.Started, s.Sessions, s.Files, s.Base = now.Add(-uptime), sessions, files, time.Time{}
	})
}

// IsBase notes that a supernode does not know PING.
func (b *Book) IsBase(e p2p.Endpoint, now time.Time) {
	b.change(e, now, func(s *Supernode) { s.Base, s.Started, s.Sessions, s.Files = now, time.Time{}, -1, -1 })
}

// Refuse notes that a supernode, reached, refused a login.
func (b *Book) Refuse(e p2p.Endpoint, now time.Time) {
	b.change(e, now, func(s *Supernode) { s.Refused = now })
}

// Accept notes that a supernode took a login.
func (b *Book) Accept(e p2p.Endpoint, now time.Time) {
	b.change(e, now, func(s *Supernode) { s.Refused = time.Time{} })
}

// change changes an entry, which is made if there is none.
func (b *Book) change(e p2p.Endpoint, now time.Time, f func(*Supernode)) {
	if i := b.index(e); i >= 0 {
		f(&b.known[i])
		return
	}
	s := Supernode{Endpoint: e, Heard: now, Sessions: -1, Files: -1}
	f(&s)
	b.add(s, now)
}

// Fail notes that a supernode could not be reached. One that is not known does not become so.
func (b *Book) Fail(e p2p.Endpoint) {
	i := b.index(e)
	if i < 0 {
		return
	}
	s := &b.known[i]
	if s.Failures == 0 {
		s.Observed /= 2
	}
	s.Failures = min(s.Failures+1, maxFailures)
}

// Forget drops a supernode.
func (b *Book) Forget(e p2p.Endpoint) {
	if i := b.index(e); i >= 0 {
		b.known = slices.Delete(b.known, i, i+1)
	}
}

// add makes an entry. Where the book, or the part of it for one subnet, is full, the worst entry goes, if the new one is
// better.
func (b *Book) add(s Supernode, now time.Time) (ok bool) {
	if len(b.known) >= min(b.perSubnet, b.max) {
		net := p2p.SubnetOf(s.Endpoint.Host())
		in := func(k Supernode) bool { return p2p.SubnetOf(k.Endpoint.Host()) == net }
		worst := b.worst(now, in, b.perSubnet)
		if worst < 0 {
			worst = b.worst(now, func(Supernode) bool { return true }, b.max)
		}
		if worst >= 0 {
			if !displaces(s, b.known[worst], now) {
				return false
			}
			b.known = slices.Delete(b.known, worst, worst+1)
		}
	}
	b.known = append(b.known, s)
	return true
}

// worst is the worst of the entries for which in holds, if there are limit of them; else -1.
func (b *Book) worst(now time.Time, in func(Supernode) bool, limit int) int {
	n, worst, score := 0, -1, 0.0
	for i := range b.known {
		k := &b.known[i]
		if !in(*k) {
			continue
		}
		n++
		if s := k.Score(now); worst < 0 || order(score, s, &b.known[worst], k) < 0 {
			worst, score = i, s
		}
	}
	if n < limit {
		return -1
	}
	return worst
}

// displaces says whether a new entry takes the place of an old one: where it is better, and was reached itself or the old
// one never was or is gone. Equal ones stay, so that who tells of many does not drive out those of whom others told.
func displaces(s, old Supernode, now time.Time) bool {
	return s.Score(now) > old.Score(now) && (!s.Reached.IsZero() || old.Reached.IsZero() || old.Failures > 0)
}

// order puts the better score first, then the one that was reached later, and in the end decides by address.
func order(score, other float64, s, o *Supernode) int {
	return cmp.Or(cmp.Compare(other, score), o.Reached.Compare(s.Reached), s.Endpoint.Compare(o.Endpoint))
}

// Best gives the n best, the best one first; all of them where n is negative.
func (b *Book) Best(n int, now time.Time) []Supernode {
	type scored struct {
		s     *Supernode
		score float64
	}
	all := make([]scored, len(b.known))
	for i := range b.known {
		all[i] = scored{&b.known[i], b.known[i].Score(now)}
	}
	slices.SortFunc(all, func(a, o scored) int { return order(a.score, o.score, a.s, o.s) })
	if n >= 0 && n < len(all) {
		all = all[:n]
	}
	out := make([]Supernode, len(all))
	for i := range all {
		out[i] = *all[i].s
	}
	return out
}
