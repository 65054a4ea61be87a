package world

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/store"
)

// directory is what one life of a supernode sees of its host's store. It tells the oracle what has been acknowledged.
type directory struct {
	h        *host
	life     *life
	inner    port.Store
	sessions map[p2p.SessionID]int // the host of each login
	ready    time.Time             // the disk has done what was asked before
}

// directory opens the host's store, an empty one where there is none.
func (w *World) directory(h *host, l *life) port.Store {
	if h.store == nil {
		h.store = store.NewMemory(w.sim.System)
		h.sessions = make(map[p2p.SessionID]int)
		h.held, h.left = make(map[p2p.SessionID]map[p2p.FileID]struct{}), make(map[p2p.SessionID]left)
	}
	return &directory{h: h, life: l, inner: h.store, sessions: h.sessions}
}

// Apply implements port.Store.
func (d *directory) Apply(changes []port.Change, owner *actor.PID, token uint64) {
	d.h.w.sim.Lock()
	defer d.h.w.sim.Unlock()
	if d.life.over {
		return
	}
	w := d.h.w
	wait, err := w.faults.diskDoes(d.h, "store.fsync")
	d.after(wait, func() {
		if err != nil {
			w.sim.System.Root.Send(owner, &port.Applied{Token: token, Err: err, Trouble: err})
			return
		}
		for _, c := range changes {
			d.note(c)
		}
		d.inner.Apply(changes, owner, token)
	})
}

// after does something when the disk is ready, in the order in which it was asked.
func (d *directory) after(wait time.Duration, do func()) {
	now := d.h.w.sim.Now()
	ready := now.Add(wait)
	if ready.Before(d.ready) {
		ready = d.ready
	}
	d.ready = ready
	if ready.Equal(now) {
		do()
		return
	}
	d.h.w.sim.Do(ready.Sub(now), func() {
		if !d.life.over {
			do()
		}
	})
}

// Load implements port.Store.
func (d *directory) Load(after port.Cursor, limit int, owner *actor.PID, token uint64) {
	d.h.w.sim.Lock()
	defer d.h.w.sim.Unlock()
	if d.life.over {
		return
	}
	wait, err := d.h.w.faults.diskDoes(d.h, "store.read")
	d.after(wait, func() {
		if err != nil {
			d.h.w.sim.System.Root.Send(owner, &port.Loaded{Token: token, Err: err})
			return
		}
		d.inner.Load(after, limit, owner, token)
	})
}

// note tells the oracle of a change that is kept.
func (d *directory) note(c port.Change) {
	w := d.h.w
	owner, known := d.sessions[c.Session]
	switch c.Op {
	case port.OpLogin:
		if owner = indexOf(c.Endpoint.IPv4()); owner >= 0 && owner < len(w.hosts) {
			d.sessions[c.Session] = owner
			if d.h.held[c.Session] == nil {
				d.h.held[c.Session] = make(map[p2p.FileID]struct{})
			}
		}
	case port.OpLogout:
		if known {
			delete(d.sessions, c.Session)
			d.h.leaves(c.Session, owner)
		}
	case port.OpPut:
		if known {
			d.h.held[c.Session][c.File] = struct{}{}
			w.sessions.kept(d.h.i, c.Session, c.File)
			w.truth.put(c.File, w.hosts[owner], d.h)
		}
	case port.OpDelete:
		if known {
			delete(d.h.held[c.Session], c.File)
			w.sessions.kept(d.h.i, c.Session, c.File)
			w.truth.deleted(c.File, w.hosts[owner])
		}
	}
}
