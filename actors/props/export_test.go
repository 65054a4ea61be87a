package props

import (
	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/port"
)

// NewMailbox is the mailbox of an actor, for a test of it alone.
func NewMailbox(level port.Gauge, more actor.MailboxMiddleware) actor.Mailbox {
	return &mailbox{depth: depth{level: level}, more: more}
}
