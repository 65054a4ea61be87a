package port

import "github.com/asynkron/protoactor-go/actor"

// Notes keeps small values over the end of the process, each under a name. It is for what a node is better off with and
// can do without: a value may be lost where the disk fails, and whoever asks for it goes on without.
type Notes interface {
	// Keep puts value in the place of what was kept under name; an empty one takes it away. A later Keep of the same name
	// takes the place of one that has not been written yet. value must not be changed afterwards. Names are made of a-z,
	// 0-9 and -, and a value has MaxNote bytes at most. What cannot be kept is logged and counted.
	Keep(name string, value []byte)
	// Recall sends owner a *Recalled with the value kept last.
	Recall(name string, owner *actor.PID)
}

// MaxNote is how long a value of Notes may be.
const MaxNote = 1 << 20

// Recalled ends Recall. Value is nil where nothing is kept, and also where it cannot be read or is damaged; Err says why
// then, and it has been logged.
type Recalled struct {
	Name  string
	Value []byte
	Err   error
}
