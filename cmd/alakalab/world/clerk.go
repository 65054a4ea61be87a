package world

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/cmd/alakalab/record"
)

// clerk keeps the operations that are under way, and gets the nodes' answers to them.
type clerk struct {
	w       *World
	pid     *actor.PID
	open    map[int]*pending
	entries map[*entry][]*pending // publications and withdrawals
	logins  map[*host]*pending
	watched map[string]*watch // nodes that log out, by their root actor
}

// pending is an operation that is under way.
type pending struct {
	record.Op
	host     *host
	life     *life
	promised []promise
	done     func()
}

// watch has the clerk notice the end of a node.
type watch struct {
	host *host
	life *life
}

func newClerk(w *World) *clerk {
	c := &clerk{
		w: w, open: make(map[int]*pending), entries: make(map[*entry][]*pending), logins: make(map[*host]*pending),
		watched: make(map[string]*watch),
	}
	c.pid = w.spawn(c.receive)
	w.truth.acknowledged = func(e *entry) { c.settle(e, record.OK, "") }
	w.truth.withdrawn = func(e *entry) { c.settle(e, record.OK, "") }
	w.truth.loggedIn = func(h *host) {
		if p := c.logins[h]; p != nil {
			p.Supernode = w.hosts[h.home].name
			delete(c.logins, h)
			c.end(p, record.OK, "")
		}
	}
	return c
}

func (c *clerk) receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *message.Found:
		if p := c.open[int(m.Ref)]; p != nil {
			c.found(p, m)
		}
	case *message.DownloadState:
		if p := c.open[int(m.Ref)]; p != nil && m.Ended {
			c.downloaded(p, m)
		}
	case *watch:
		pid := m.host.routes.Node
		c.watched[pid.Id] = m
		ctx.Watch(pid)
	case *actor.Terminated:
		if m := c.watched[m.Who.Id]; m != nil && !m.life.over {
			delete(c.watched, m.host.routes.Node.Id)
			m.host.end(false, true)
		}
	}
}

func (c *clerk) found(p *pending, m *message.Found) {
	c.w.truth.judge(&p.Op, p.host.home, p.promised, m.Results)
	p.Complete = m.Complete
	if len(m.Results) > 0 {
		p.First = c.w.since()
		p.host.found = m.Results
	}
	outcome, why := record.OK, ""
	if m.Err != nil {
		outcome, why = record.Fail, m.Err.Error()
	}
	c.end(p, outcome, why)
}

func (c *clerk) downloaded(p *pending, m *message.DownloadState) {
	p.Bytes = m.Bytes
	if p.Entry != nil && !m.From.IsZero() {
		p.Entry.Owner = c.w.nameOf(m.From)
	}
	outcome := record.OK
	if m.Error != "" {
		outcome = record.Fail
	} else if is, kept := p.host.disk.kept[m.File]; kept {
		p.Got = is.String()
	}
	c.end(p, outcome, m.Error)
}

// settle ends the publications and withdrawals of an entry.
func (c *clerk) settle(e *entry, outcome record.Outcome, why string) {
	all := c.entries[e]
	delete(c.entries, e)
	for _, p := range all {
		c.end(p, outcome, why)
	}
}

// end ends an operation.
func (c *clerk) end(p *pending, outcome record.Outcome, why string) {
	if c.open[p.ID] != p {
		return
	}
	delete(c.open, p.ID)
	p.Ended, p.Outcome, p.Err = c.w.since(), outcome, why
	if p.done != nil {
		p.done()
	}
	if !c.w.measured {
		c.w.tallies.op(&p.Op)
	}
	if c.w.options.Op != nil {
		c.w.options.Op(p.Op)
	}
}

// idle says that no search and no download is under way.
func (c *clerk) idle() bool {
	for _, p := range c.open {
		if p.Kind == "find" || p.Kind == "download" {
			return false
		}
	}
	return true
}

// drop ends the operations of a life that is over: nobody knows how they would have ended.
func (c *clerk) drop(h *host) {
	c.dropAll(func(p *pending) bool { return p.host == h && p.Kind != "logout" }, h.name+" ended")
}

func (c *clerk) dropAll(which func(*pending) bool, why string) {
	var all []*pending
	for _, p := range c.open {
		if which(p) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *pending) int { return a.ID - b.ID })
	for _, p := range all {
		c.end(p, record.Info, why)
	}
}

// since is how long the run has been going on.
func (w *World) since() time.Duration { return w.sim.Now().Sub(w.began) }
