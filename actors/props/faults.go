package props

import "github.com/asynkron/protoactor-go/actor"

// Faults injects faults into actors, for experiments.
type Faults interface {
	// Of gives what stands before one actor of a kind, until it ends or is restarted.
	Of(kind string) Injector
}

// Injector stands before one actor. It is called by that actor, as the actor's own Receive is.
type Injector interface {
	// Next sees every message before the actor does, but for those about the actor's own life. The actor receives the
	// message of the context that comes back; false: it receives nothing now. A panic in here is one of the actor's; where
	// its value is an Injected, the log says so.
	Next(ctx actor.Context) (actor.Context, bool)
	// Leave is called when the actor is about to be restarted: what is held back has to stay in the mailbox.
	Leave(ctx actor.Context)
}

// Injected is what an injected panic panics with.
type Injected struct {
	Fault string // its id
}

func (i Injected) String() string { return "injected by the fault " + i.Fault }
