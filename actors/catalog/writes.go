package catalog

import (
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// writtenAtOnce is how many publications are carried out before the next search has its turn.
const writtenAtOnce = 128

// write is a change to the index that is carried out bit by bit: an update of a session's files or of what the node itself
// shares, or a piece of the directory.
type write struct {
	update *message.Update
	share  *message.ShareUpdate
	loaded *port.Loaded
	at     int              // the next of its changes
	held   []*message.Match // searches that wait for it

	// Where everything of the session is told anew: what it had before, once that has been looked up, and the next of that.
	anew   bool
	before []p2p.FileID
	gone   int
}

// writes are the changes that wait, in the order in which they came. Searches need not wait for them, but for those that
// the session has made before for which they search: it knows that its files can be found. It is pure.
type writes struct {
	queue []*write
	last  map[p2p.SessionID]*write // the last update in queue
	loads int                      // pieces of the directory in queue
	held  int                      // searches
}

func newWrites() writes { return writes{last: make(map[p2p.SessionID]*write)} }

func (q *writes) add(w *write) {
	q.queue = append(q.queue, w)
	switch {
	case w.update != nil:
		q.last[w.update.Session] = w
	case w.loaded != nil:
		q.loads++
	}
}

// done takes the first one out, and gives the searches that have waited for it.
func (q *writes) done() []*message.Match {
	w := q.queue[0]
	q.queue[0] = nil
	if q.queue = q.queue[1:]; len(q.queue) == 0 {
		q.queue = nil
	}
	if w.loaded != nil {
		q.loads--
	}
	if w.update != nil && q.last[w.update.Session] == w {
		delete(q.last, w.update.Session)
	}
	q.held -= len(w.held)
	return w.held
}

// hold keeps a search back that has to see what is in the queue.
func (q *writes) hold(m *message.Match) bool {
	w := q.last[m.Session]
	if m.Session == own || w == nil {
		return false
	}
	w.held = append(w.held, m)
	q.held++
	return true
}

// drop takes out the search of somebody who has gone.
func (q *writes) drop(asker string) {
	if q.held == 0 {
		return
	}
	for _, w := range q.queue {
		before := len(w.held)
		w.held = slices.DeleteFunc(w.held, func(m *message.Match) bool { return m.ReplyTo.Id == asker })
		q.held -= before - len(w.held)
	}
}

// write carries out a part of what waits.
func (c *catalog) write(ctx actor.Context) {
	for left := writtenAtOnce; left > 0 && len(c.writes.queue) > 0; {
		w := c.writes.queue[0]
		if left = c.carryOut(w, left); left < 0 {
			break
		}
		c.level()
		c.written(ctx, w)
		for _, m := range c.writes.done() {
			c.turns.add(m)
		}
		if w.loaded != nil {
			c.loadMore(ctx)
		}
	}
	c.level()
}

// carryOut makes at most so many changes, and says how many more there might have been; less than 0 where it is not through.
func (c *catalog) carryOut(w *write, most int) (left int) {
	switch {
	case w.loaded != nil:
		for ; w.at < len(w.loaded.Changes) && most > 0; w.at++ {
			c.takeIn(w.loaded.Changes[w.at])
			most--
		}
		return through(w.at, len(w.loaded.Changes), most)
	case w.share != nil:
		return c.publish(w, own, c.self, w.share.Changes, most)
	default:
		return c.publish(w, w.update.Session, w.update.Owner, w.update.Changes, most)
	}
}

func through(at, n, left int) int {
	if at < n {
		return -1
	}
	return left
}

// publish makes changes to the files of a session. What it tells anew comes first, and then goes what it has not told, so that
// nothing is missing meanwhile that it has before and after.
func (c *catalog) publish(w *write, session p2p.SessionID, owner p2p.Endpoint, changes []message.Publication, most int) (left int) {
	if w.anew && len(changes) == 0 {
		before := c.index.copies.n
		all := c.index.removeAll(session, most)
		if most -= int(before - c.index.copies.n); !all {
			return -1
		}
		return most
	}
	if w.anew && w.before == nil {
		w.before = c.index.missing(session, changes)
	}
	for ; w.at < len(changes) && most > 0; w.at++ {
		most--
		if ch := changes[w.at]; ch.Withdraw {
			c.index.remove(session, ch.File)
		} else {
			c.index.put(session, owner, ch.File, ch.Name)
		}
	}
	for ; w.at == len(changes) && w.gone < len(w.before) && most > 0; w.gone++ {
		most--
		c.index.remove(session, w.before[w.gone])
	}
	return through(w.at+w.gone, len(changes)+len(w.before), most)
}

// takeIn is one line of the directory.
func (c *catalog) takeIn(ch port.Change) {
	switch ch.Op {
	case port.OpLogin:
		c.endpoints[ch.Session] = ch.Endpoint
	case port.OpPut:
		c.index.put(ch.Session, c.endpoints[ch.Session], ch.File, ch.Name)
	}
}

// written is when all of a change has been carried out.
func (c *catalog) written(ctx actor.Context, w *write) {
	switch {
	case w.loaded != nil:
		c.onTakenIn(ctx, w.loaded)
		return
	case w.share != nil && w.share.Reset:
		c.shared = true
	}
	c.digest(ctx)
	if w.update != nil && w.update.ReplyTo != nil {
		ctx.Send(w.update.ReplyTo, &message.Published{Ref: w.update.Ref})
	}
}
