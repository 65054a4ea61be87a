package peer

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
)

// purpose is what a timer is for. There is one timer for each.
type purpose uint8

const (
	tryAgain   purpose = iota // to begin another round
	refresh                   // to log in again at the active supernode
	windowOver                // answers to SUPE are not waited for any more
	compared                  // candidates have been compared for long enough
	check                     // to look at the active supernode
	review                    // to look at the standbys
	publishing                // to publish again what there was no time for
	keepBook                  // to write down what is known of supernodes
	overdue                   // the outcome of a login or logout was lost
	purposes
)

// alarm is what the timers send.
type alarm struct {
	purpose purpose
	turn    int
	ref     message.Ref // overdue: of what
}

// timers are one timer for each purpose.
type timers [purposes]struct {
	timer port.Timer // nil: not set
	turn  int        // of the last one that was set: an earlier one may be in the mailbox still
}

// arm sets a timer in place of the one before.
func (p *peer) arm(ctx actor.Context, what purpose, d time.Duration) {
	p.disarm(what)
	t := &p.timers[what]
	t.timer = p.env.Clock.After(d, ctx.Self(), &alarm{purpose: what, turn: t.turn, ref: p.login})
}

// disarm stops a timer.
func (p *peer) disarm(what purpose) {
	t := &p.timers[what]
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	t.turn++
}

func (p *peer) armed(what purpose) bool { return p.timers[what].timer != nil }

func (p *peer) disarmAll() {
	for what := range purposes {
		p.disarm(what)
	}
}

// onAlarm does what it is time for.
func (p *peer) onAlarm(ctx actor.Context, m *alarm) {
	t := &p.timers[m.purpose]
	if m.turn != t.turn {
		return
	}
	t.timer = nil
	switch m.purpose {
	case tryAgain:
		p.onTryAgain(ctx)
	case refresh:
		p.onRefresh(ctx)
	case windowOver:
		p.onWindowOver(ctx)
	case compared:
		p.tryNext(ctx)
	case check:
		p.onCheck(ctx)
	case review:
		p.onReview(ctx)
	case publishing:
		p.publish(ctx)
	case keepBook:
		p.keep()
	case overdue:
		p.onOverdue(ctx, m.ref)
	}
}
