package store

import (
	"slices"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// Memory is a port.Store that keeps the directory in memory: it outlives failures of actors, not the process.
type Memory struct {
	system *actor.ActorSystem

	mu       sync.Mutex
	order    []p2p.SessionID // sorted
	sessions map[p2p.SessionID]*memorySession
}

type memorySession struct {
	endpoint p2p.Endpoint
	order    []p2p.FileID // sorted, unless stale
	stale    bool
	files    map[p2p.FileID]p2p.FileName
}

// NewMemory makes an empty directory.
func NewMemory(system *actor.ActorSystem) *Memory {
	return &Memory{system: system, sessions: make(map[p2p.SessionID]*memorySession)}
}

// Apply implements port.Store.
func (m *Memory) Apply(changes []port.Change, owner *actor.PID, token uint64) {
	m.mu.Lock()
	for _, c := range changes {
		m.apply(c)
	}
	m.mu.Unlock()
	m.system.Root.Send(owner, &port.Applied{Token: token})
}

func (m *Memory) apply(c port.Change) {
	if c.Op == port.OpLogin {
		if m.sessions[c.Session] == nil {
			m.sessions[c.Session] = &memorySession{endpoint: c.Endpoint, files: make(map[p2p.FileID]p2p.FileName)}
			i, _ := slices.BinarySearchFunc(m.order, c.Session, p2p.SessionID.Compare)
			m.order = slices.Insert(m.order, i, c.Session)
		}
		return
	}
	s := m.sessions[c.Session]
	if s == nil {
		return
	}
	switch c.Op {
	case port.OpLogout:
		delete(m.sessions, c.Session)
		if i, ok := slices.BinarySearchFunc(m.order, c.Session, p2p.SessionID.Compare); ok {
			m.order = slices.Delete(m.order, i, i+1)
		}
	case port.OpPut:
		s.stale = true
		s.files[c.File] = c.Name
	case port.OpDelete:
		s.stale = true
		delete(s.files, c.File)
	}
}

// sorted gives the session's files in order.
func (s *memorySession) sorted() []p2p.FileID {
	if s.stale {
		s.order = s.order[:0]
		for f := range s.files {
			s.order = append(s.order, f)
		}
		slices.SortFunc(s.order, p2p.FileID.Compare)
		s.stale = false
	}
	return s.order
}

// Load implements port.Store.
func (m *Memory) Load(after port.Cursor, limit int, owner *actor.PID, token uint64) {
	m.mu.Lock()
	out := &port.Loaded{Token: token}
	m.load(after, limit, out)
	m.mu.Unlock()
	m.system.Root.Send(owner, out)
}

func (m *Memory) load(after port.Cursor, limit int, out *port.Loaded) {
	at := after
	if after.Scope == port.OneSession {
		if s := m.sessions[at.Session]; s != nil && !at.Begun {
			out.Changes = append(out.Changes, port.Change{Op: port.OpLogin, Session: at.Session, Endpoint: s.endpoint})
			at.Begun = true
		}
		m.files(&at, limit, out)
		out.Next, out.Last = at, len(out.Changes) < limit
		return
	}
	i := 0
	if after.Begun {
		var here bool
		i, here = slices.BinarySearchFunc(m.order, after.Session, p2p.SessionID.Compare)
		if here && after.Scope == port.Everything {
			m.files(&at, limit, out)
		}
		if here && len(out.Changes) < limit {
			i++
		}
	}
	for ; i < len(m.order) && len(out.Changes) < limit; i++ {
		id := m.order[i]
		at = port.Cursor{Scope: after.Scope, Session: id, Begun: true}
		out.Changes = append(out.Changes, port.Change{Op: port.OpLogin, Session: id, Endpoint: m.sessions[id].endpoint})
		if after.Scope == port.Everything {
			m.files(&at, limit, out)
		}
	}
	out.Next, out.Last = at, len(out.Changes) < limit
}

// files appends the files of at's session behind at, and moves at.
func (m *Memory) files(at *port.Cursor, limit int, out *port.Loaded) {
	s := m.sessions[at.Session]
	if s == nil {
		return
	}
	order := s.sorted()
	i, here := slices.BinarySearchFunc(order, at.File, p2p.FileID.Compare)
	if here && at.File != (p2p.FileID{}) {
		i++
	}
	for ; i < len(order) && len(out.Changes) < limit; i++ {
		out.Changes = append(out.Changes, port.Change{Op: port.OpPut, Session: at.Session, File: order[i], Name: s.files[order[i]]})
		at.File = order[i]
	}
}
