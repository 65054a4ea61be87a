package fault

import (
	"cmp"
	"reflect"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// What duplicate, flood and reorder do where their rule does not say it.
const (
	floodCopies = 100
	reorderWait = time.Second
)

// injector stands before one actor.
type injector struct {
	faults *Faults
	kind   string
	set    *set    // of which mine are
	mine   []*Rule // those for this kind of actor
	held   *again  // waits for another message to come; nil: nothing does
	line   *line   // what a slow actor has not got yet; nil: nothing
}

// Of implements props.Faults.
func (f *Faults) Of(kind string) props.Injector { return &injector{faults: f, kind: kind} }

// again is a message that comes another time, or late.
type again struct {
	message any
	rule    *Rule // whose doing it is; nil: it is counted elsewhere
	taken   bool
}

// line is the messages that wait for a slow actor. What comes to one waits behind them.
type line struct{ waiting []waiting }

type waiting struct {
	again
	takes time.Duration
}

// turn is when the first of a line has waited for long enough.
type turn struct{ of *line }

// substitute is a context with another message.
type substitute struct {
	actor.Context
	message any
}

// Message is what the actor is to see.
func (s substitute) Message() any { return s.message }

// Next implements props.Injector.
func (i *injector) Next(ctx actor.Context) (actor.Context, bool) {
	switch m := ctx.Message().(type) {
	case actor.SystemMessage, actor.AutoReceiveMessage:
		return ctx, true
	case *again:
		return m.take(ctx)
	case *turn:
		return i.next(ctx, m)
	}
	if s := i.faults.now.Load(); s != i.set {
		i.set, i.mine = s, s.of(i.kind)
	}
	if i.held != nil { // goes behind this one, and maybe others
		ctx.Send(ctx.Self(), i.held)
		i.held = nil
	}
	if len(i.mine) == 0 && i.line == nil {
		return ctx, true
	}
	return i.struck(ctx)
}

// of are the rules of a set for a kind of actor.
func (s *set) of(kind string) (mine []*Rule) {
	for _, r := range s.rules {
		if r.Kind == config.FaultActor && (r.Match.Actor == "" || r.Match.Actor == kind) {
			mine = append(mine, r)
		}
	}
	return mine
}

// struck has the first rule that strikes at the message have its way.
func (i *injector) struck(ctx actor.Context) (actor.Context, bool) {
	m := ctx.Message()
	name, own := describe(m)
	for _, r := range i.mine {
		if r.Match.Message != "" && r.Match.Message != name || !own && !takesAnything(r.Action) || !r.Strike() {
			continue
		}
		r.Log(logrus.Fields{"actor": ctx.Self().Id, "message": name})
		return i.inject(ctx, r, m)
	}
	return i.pass(ctx, m)
}

// messages is the package of what actors say to one another.
var messages = reflect.TypeFor[message.Quer]().PkgPath()

// describe gives a message's name, and says whether it is one that actors say to one another.
func describe(m any) (name string, own bool) {
	t := reflect.TypeOf(m)
	if t == nil {
		return "", false
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name(), t.PkgPath() == messages
}

// takesAnything says whether an action may be done to what nobody may lose or put out of order.
func takesAnything(action string) bool {
	return action == "panic" || action == "stop" || action == "slow"
}

func (i *injector) inject(ctx actor.Context, r *Rule, m any) (actor.Context, bool) {
	self, clock := ctx.Self(), i.faults.Clock
	switch r.Action {
	case "panic":
		r.Hit()
		panic(props.Injected{Fault: r.ID})
	case "stop":
		r.Hit()
		ctx.Stop(self)
	case "drop":
		r.Hit()
	case "delay":
		clock.After(r.Delay, self, &again{message: m, rule: r})
	case "reorder":
		i.held = &again{message: m, rule: r}
		clock.After(cmp.Or(r.Delay, reorderWait), self, i.held) // where nothing comes; taken once only
	case "slow":
		i.wait(ctx, waiting{again{message: m, rule: r}, r.Delay})
	case "duplicate", "flood":
		i.copy(ctx, r, m)
		return i.pass(ctx, m)
	}
	return nil, false
}

// copy puts more of a message into the mailbox.
func (i *injector) copy(ctx actor.Context, r *Rule, m any) {
	copies := cmp.Or(r.Copies, 1)
	if r.Action == "flood" {
		copies = cmp.Or(r.Copies, floodCopies)
	}
	for n := range copies {
		c := &again{message: m}
		if n == 0 {
			c.rule = r
		}
		ctx.Send(ctx.Self(), c)
	}
}

// pass gives a message to the actor, in its turn.
func (i *injector) pass(ctx actor.Context, m any) (actor.Context, bool) {
	if i.line == nil {
		return ctx, true
	}
	i.wait(ctx, waiting{again: again{message: m}})
	return nil, false
}

// wait puts a message at the end of the line.
func (i *injector) wait(ctx actor.Context, w waiting) {
	if i.line == nil {
		i.line = &line{}
		i.faults.Clock.After(w.takes, ctx.Self(), &turn{i.line})
	}
	i.line.waiting = append(i.line.waiting, w)
}

// next gives the first of the line to the actor, and begins to wait for the one behind it.
func (i *injector) next(ctx actor.Context, t *turn) (actor.Context, bool) {
	if t.of != i.line || len(t.of.waiting) == 0 {
		return nil, false // of before a restart
	}
	first := t.of.waiting[0].again
	t.of.waiting[0] = waiting{}
	t.of.waiting = t.of.waiting[1:]
	if len(t.of.waiting) == 0 {
		i.line = nil
	} else {
		i.faults.Clock.After(t.of.waiting[0].takes, ctx.Self(), t)
	}
	return first.take(ctx)
}

// take gives a message that was held back to the actor.
func (a *again) take(ctx actor.Context) (actor.Context, bool) {
	if a.taken {
		return nil, false
	}
	a.taken = true
	if a.rule != nil {
		a.rule.Hit()
	}
	return substitute{ctx, a.message}, true
}

// Leave implements props.Injector. What the clock has promised to bring comes anyway.
func (i *injector) Leave(ctx actor.Context) {
	if i.line != nil {
		for n := range i.line.waiting {
			ctx.Send(ctx.Self(), &i.line.waiting[n].again)
		}
	}
}
