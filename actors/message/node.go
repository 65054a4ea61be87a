package message

import "github.com/asynkron/protoactor-go/actor"

// Starting tells the node that the gateway has (re)started and waits for Open.
type Starting struct {
	Who *actor.PID
}

// Open tells the gateway to listen.
type Open struct{}

// Opened tells the node and whoever watches it where the gateway listens, or why it cannot.
type Opened struct {
	Err error
}

// Reloaded tells the gateway that another configuration counts.
type Reloaded struct{}

// Shutdown asks the node to end in order: no new connections, open answers finished, the peer logged out.
type Shutdown struct{}

// Drain asks an actor to finish what it has begun and to begin nothing new. Answered by Drained.
type Drain struct {
	ReplyTo *actor.PID
}

// Drained answers Drain.
type Drained struct {
	Who *actor.PID
}
