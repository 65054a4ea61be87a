package catalog

import (
	"net/netip"
	"slices"

	"alakazaam/actors/message"
)

// turns are the searches that wait for the index. Each address for which somebody searches has its turn, one search at a
// time, so that whoever asks for much waits for it alone. It is pure.
type turns struct {
	waiting map[netip.Addr][]*message.Match
	order   []netip.Addr          // whose turn is next
	askers  map[string]netip.Addr // by their name, for whom they ask
	n       int                   // searches
}

func newTurns() turns {
	return turns{waiting: make(map[netip.Addr][]*message.Match), askers: make(map[string]netip.Addr)}
}

// add puts a search behind those for the same address.
func (t *turns) add(m *message.Match) {
	if len(t.waiting[m.For]) == 0 {
		t.order = append(t.order, m.For)
	}
	t.waiting[m.For] = append(t.waiting[m.For], m)
	t.askers[m.ReplyTo.Id] = m.For
	t.n++
}

// next takes out the search whose turn it is; nil for none.
func (t *turns) next() *message.Match {
	if len(t.order) == 0 {
		return nil
	}
	at := t.order[0]
	t.order = t.order[1:]
	all := t.waiting[at]
	m := all[0]
	all[0] = nil
	delete(t.askers, m.ReplyTo.Id)
	t.n--
	if all = all[1:]; len(all) > 0 {
		t.waiting[at] = all
		t.order = append(t.order, at)
	} else {
		delete(t.waiting, at)
	}
	return m
}

// drop takes out the search of somebody who has gone.
func (t *turns) drop(asker string) {
	at, ok := t.askers[asker]
	if !ok {
		return
	}
	delete(t.askers, asker)
	before := len(t.waiting[at])
	all := slices.DeleteFunc(t.waiting[at], func(m *message.Match) bool { return m.ReplyTo.Id == asker })
	t.n -= before - len(all)
	if t.waiting[at] = all; len(all) == 0 {
		delete(t.waiting, at)
		t.order = slices.DeleteFunc(t.order, func(a netip.Addr) bool { return a == at })
	}
}

// len is how many searches wait.
func (t *turns) len() int { return t.n }
