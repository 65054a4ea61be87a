package props

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"
)

// Action is what a supervisor does with a child that failed.
type Action uint8

// The actions.
const (
	// Stop ends the child. It is for what owns something that a restart cannot bring back: a socket, a request.
	Stop Action = iota
	// Restart gives the child a new value and goes on with the next message in its mailbox. The failing message is lost.
	Restart
)

// Rule says what happens to failing children of one kind.
type Rule struct {
	Kind   string // the child's name up to its first slash; "" is any other
	Action Action
	// Restarts allowed within Within. One more failure, and Last is done.
	Restarts int
	Within   time.Duration
	Last     Last
}

// Last is what happens when a child's restarts are used up.
type Last uint8

// The last resorts.
const (
	LastStop  Last = iota // the child ends; its parent hears of it
	LastFatal             // the node ends, so that its service manager starts it afresh
)

// strategy supervises the children of one kind of actor. Unlike the framework's strategies it measures its windows on
// port.Clock, counts each directive and never escalates: an escalation to the root restarts everything.
type strategy struct {
	env   *Env
	rules []Rule
	// failures holds the times of the failures within the window, by child. Several actors may share one strategy where
	// a parent's kind has several instances, but no child has two parents.
	failures map[string][]time.Time
	// ending holds the parents that only wait for their children to end.
	ending map[string]bool
}

func newStrategy(e *Env, rules []Rule) *strategy {
	return &strategy{env: e, rules: rules, failures: make(map[string][]time.Time), ending: make(map[string]bool)}
}

// HandleFailure implements actor.SupervisorStrategy. It runs in the supervisor.
func (s *strategy) HandleFailure(_ *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, reason, message any) {
	kindName := kindOf(child)
	k := s.env.kind(kindName)
	rule := s.rule(kindName)
	log := s.env.Log.WithFields(logrus.Fields{"actor": child.Id, "reason": fmt.Sprint(reason), "message": fmt.Sprintf("%T", message)})
	switch {
	case s.ending[sup.(actor.Context).Self().Id]:
		// It has been told to stop already. A restart now would bring it back, and its parent would wait for ever.
		k.stops.Add(1)
		log.Warn("actor stopped")
	case rule.Action == Restart && s.mayRestart(child.Id, rule):
		k.restarts.Add(1)
		log.Warn("actor restarted")
		sup.RestartChildren(child)
	case rule.Action == Restart && rule.Last == LastFatal:
		k.stops.Add(1)
		log.Errorf("actor failed %d times within %v: the node ends", rule.Restarts+1, rule.Within)
		sup.StopChildren(child)
		s.env.Fatal(fmt.Errorf("%s failed %d times within %v, the last time with: %v", child.Id, rule.Restarts+1, rule.Within, reason))
	default:
		k.stops.Add(1)
		log.Warn("actor stopped")
		sup.StopChildren(child)
	}
}

// leaving notes whether a parent has told its children to stop and waits for their end.
func (s *strategy) leaving(parent string, is bool) {
	if len(s.rules) == 0 {
		return // it has no children, and there may be many such parents at once
	}
	if is {
		s.ending[parent] = true
	} else {
		delete(s.ending, parent)
	}
}

func (s *strategy) rule(kindName string) Rule {
	for _, r := range s.rules {
		if r.Kind == kindName || r.Kind == "" {
			return r
		}
	}
	return Rule{Action: Stop}
}

// mayRestart notes a failure and says whether the child's restarts within the window suffice.
func (s *strategy) mayRestart(id string, r Rule) bool {
	now := s.env.Clock.Now()
	for child, times := range s.failures { // of every child, so that the past of those that are gone is forgotten
		times = slices.DeleteFunc(times, func(t time.Time) bool { return now.Sub(t) >= r.Within })
		if s.failures[child] = times; len(times) == 0 {
			delete(s.failures, child)
		}
	}
	if len(s.failures[id]) >= r.Restarts {
		delete(s.failures, id)
		return false
	}
	s.failures[id] = append(s.failures[id], now)
	return true
}

// kindOf takes the kind from an actor's name: "node/gateway/connection/12" is a connection, "node/gateway" a gateway.
// Names are made of the parent's name, the kind and, where there are many, what tells them apart.
func kindOf(pid *actor.PID) string {
	parts := strings.Split(pid.Id, "/")
	if len(parts) > 3 {
		return parts[2]
	}
	return parts[len(parts)-1]
}
