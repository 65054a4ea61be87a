package actortest

import (
	"bytes"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/port"
)

// Notes is a port.Notes in memory. A test that hands the same one to a node's next life has it find what was kept.
type Notes struct {
	Values map[string][]byte // what is kept, for tests to look at and to spoil

	system *actor.ActorSystem
}

// NewNotes makes Notes that hold nothing.
func NewNotes(s *actor.ActorSystem) *Notes { return &Notes{Values: make(map[string][]byte), system: s} }

// NewNotes makes Notes for a node of this world.
func (s *Sim) NewNotes() *Notes { return NewNotes(s.System) }

// Keep implements port.Notes.
func (n *Notes) Keep(name string, value []byte) {
	if len(value) == 0 {
		delete(n.Values, name)
		return
	}
	n.Values[name] = bytes.Clone(value)
}

// Recall implements port.Notes.
func (n *Notes) Recall(name string, owner *actor.PID) {
	n.system.Root.Send(owner, &port.Recalled{Name: name, Value: bytes.Clone(n.Values[name])})
}
