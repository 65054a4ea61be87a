package fault

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// bench is an actor of kind "query" under faults, with somebody who waits for its answers.
type bench struct {
	t       testing.TB
	sim     *actortest.Sim
	faults  *Faults
	metrics actortest.Metrics
	log     bytes.Buffer
	begin   time.Time
	asker   *actortest.Probe
	child   *actor.PID
	got     []string // what the actor received, and when
	ended   int
	born    int
}

func newBench(t testing.TB, rules string) *bench {
	b := &bench{t: t, sim: actortest.NewSim(1), metrics: actortest.Metrics{}}
	b.sim.Log.SetOutput(&b.log)
	b.faults = newFaults(b.sim, b.metrics)
	b.faults.Load(parse(t, rules), 1)
	env := b.sim.Env(1)
	env.Metrics, env.Faults = b.metrics, b.faults
	kid := env.Make("query", func() actor.Actor {
		b.born++
		return actor.ReceiveFunc(b.receive)
	})
	_, err := b.sim.System.Root.SpawnNamed(env.Make("queries", func() actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			switch ctx.Message().(type) {
			case *actor.Started:
				b.child, _ = ctx.SpawnNamed(kid, "query/1")
			case *actor.Terminated:
				b.ended++
			}
		})
	}, props.Rule{Kind: "query", Action: props.Restart, Restarts: 10, Within: time.Second}), "node/queries")
	require.NoError(t, err)
	b.asker = b.sim.Probe("asker")
	b.sim.Run(0)
	b.begin = b.sim.Now()
	return b
}

// receive notes what comes and answers it.
func (b *bench) receive(ctx actor.Context) {
	note := func(name string) { b.got = append(b.got, fmt.Sprintf("%s %v", name, b.sim.Now().Sub(b.begin))) }
	switch m := ctx.Message().(type) {
	case *message.Find:
		note(fmt.Sprint(m.Ref))
		ctx.Send(m.ReplyTo, &message.Found{Ref: m.Ref})
	case *port.Bytes:
		note("Bytes")
	case *actor.Stopping:
		note("Stopping")
	}
}

// ask sends requests with these numbers.
func (b *bench) ask(refs ...message.Ref) {
	for _, ref := range refs {
		b.sim.System.Root.Send(b.child, &message.Find{Ref: ref, ReplyTo: b.asker.PID})
	}
}

// answers are the numbers of the requests that were answered, with an exclamation mark where they failed.
func (b *bench) answers() (out []string) {
	for _, f := range actortest.Got[*message.Found](b.asker) {
		text := fmt.Sprint(f.Ref)
		if f.Err != nil {
			text += "!"
		}
		out = append(out, text)
	}
	return out
}

// ledger is due, applied and hit of the only rule.
func (b *bench) ledger() [3]int {
	l := b.faults.Ledger()[0]
	return [3]int{l.Due, l.Applied, l.Hit}
}

func (b *bench) injected(action string) int {
	return b.metrics[actortest.Series("faults_injected_total", "fault", "x", "action", action)]
}

// rule is one of the action for the second of the messages Find.
func rule(action, keys string) string {
	return fmt.Sprintf("{id: x, kind: actor, action: %s, match: {actor: query, message: Find, nth: 2}%s}", action, keys)
}

func TestActions(t *testing.T) {
	for _, test := range []struct {
		action, keys string
		got          string // of 1, 2 and 3 at once and 4 after 5 s, the actor
		answers      string
		born, ended  int
	}{
		{"panic", "", "1 0s, 3 0s, 4 5s", "1 2! 3 4", 2, 0},
		{"stop", "", "1 0s, Stopping 0s", "1", 1, 1},
		{"drop", "", "1 0s, 3 0s, 4 5s", "1 3 4", 1, 0},
		{"duplicate", "", "1 0s, 2 0s, 3 0s, 2 0s, 4 5s", "1 2 3 2 4", 1, 0},
		{"duplicate", ", copies: 2", "1 0s, 2 0s, 3 0s, 2 0s, 2 0s, 4 5s", "1 2 3 2 2 4", 1, 0},
		{"flood", ", copies: 3", "1 0s, 2 0s, 3 0s, 2 0s, 2 0s, 2 0s, 4 5s", "1 2 3 2 2 2 4", 1, 0},
		{"delay", ", delay: 3s", "1 0s, 3 0s, 2 3s, 4 5s", "1 3 2 4", 1, 0},
		{"delay", ", delay: 7s", "1 0s, 3 0s, 4 5s, 2 7s", "1 3 4 2", 1, 0},
		{"reorder", "", "1 0s, 3 0s, 2 0s, 4 5s", "1 3 2 4", 1, 0},
		{"slow", ", delay: 3s", "1 0s, 2 3s, 3 3s, 4 5s", "1 2 3 4", 1, 0},
		{"slow", ", delay: 7s", "1 0s, 2 7s, 3 7s, 4 7s", "1 2 3 4", 1, 0},
	} {
		t.Run(test.action+test.keys, func(t *testing.T) {
			b := newBench(t, rule(test.action, test.keys))
			b.ask(1, 2, 3)
			b.sim.Run(5 * time.Second)
			b.ask(4)
			b.sim.Run(5 * time.Second)
			require.Equal(t, test.got, strings.Join(b.got, ", "))
			require.Equal(t, test.answers, strings.Join(b.answers(), " "))
			require.Equal(t, [2]int{test.born, test.ended}, [2]int{b.born, b.ended})
			due := 4
			if test.ended > 0 {
				due = 2
			}
			require.Equal(t, [3]int{due, 1, 1}, b.ledger())
			require.Equal(t, 1, b.injected(test.action))
			require.Equal(t, 1, strings.Count(b.log.String(), "fault injected"))
			require.Contains(t, b.log.String(), `action=`+test.action+` actor=`)
		})
	}
}

// TestReorderAtTheEnd: where no other message comes, the one that was held back comes after the wait, and once only.
func TestReorderAtTheEnd(t *testing.T) {
	b := newBench(t, rule("reorder", ", delay: 2s"))
	b.ask(1, 2)
	b.sim.Run(time.Second)
	require.Equal(t, []string{"1 0s"}, b.got)
	require.Equal(t, [3]int{2, 1, 0}, b.ledger())
	b.sim.Run(4 * time.Second)
	b.ask(3)
	b.sim.Run(0)
	require.Equal(t, []string{"1 0s", "2 2s", "3 5s"}, b.got)
	require.Equal(t, [3]int{3, 1, 1}, b.ledger())
}

// TestSlowActor: it takes its time over every message, others wait in their order, what is about its life does not.
func TestSlowActor(t *testing.T) {
	b := newBench(t, "{id: x, kind: actor, action: slow, delay: 2s, for: 5s, match: {actor: query}}")
	b.ask(1, 2)
	b.sim.System.Root.Send(b.child, &port.Bytes{})
	b.sim.Run(5 * time.Second)
	b.ask(3) // the window is over; it waits all the same
	b.sim.Run(5 * time.Second)
	require.Equal(t, []string{"1 2s", "2 4s", "Bytes 6s", "3 6s"}, b.got)
	require.Equal(t, [3]int{3, 3, 3}, b.ledger())
	b.ask(4)
	b.sim.Run(0)
	require.Equal(t, "4 10s", b.got[4], "nothing waits any more")
}

func TestSlowActorThatEnds(t *testing.T) {
	b := newBench(t, "{id: x, kind: actor, action: slow, delay: 2s, match: {actor: query}}")
	b.ask(1, 2)
	b.sim.Run(time.Second)
	b.sim.System.Root.Stop(b.child)
	b.sim.Run(time.Minute)
	require.Equal(t, []string{"Stopping 1s"}, b.got)
	require.Empty(t, b.answers())
	require.Equal(t, [3]int{2, 2, 0}, b.ledger(), "it made no difference any more")
}

// TestHeldBackOverARestart: what an actor has not got yet survives its restart, as what is in its mailbox does.
func TestHeldBackOverARestart(t *testing.T) {
	b := newBench(t, "{id: y, kind: actor, action: panic, at: 1s, match: {message: Retrieve}},"+
		"{id: x, kind: actor, action: slow, delay: 5s, times: 2, match: {message: Find}}")
	b.ask(1, 2)
	b.sim.Run(time.Second)
	b.sim.System.Root.Send(b.child, &message.Retrieve{ReplyTo: b.asker.PID})
	b.sim.Run(20 * time.Second)
	require.Equal(t, 2, b.born)
	require.Equal(t, []string{"1 1s", "2 1s"}, b.got)

	for action, want := range map[string]string{"reorder": "1 0s", "delay, delay: 3s": "1 3s"} {
		b = newBench(t, "{id: y, kind: actor, action: panic, match: {message: Retrieve}},"+
			"{id: x, kind: actor, action: "+action+", match: {message: Find, nth: 1}}")
		b.ask(1)
		b.sim.System.Root.Send(b.child, &message.Retrieve{ReplyTo: b.asker.PID})
		b.sim.Run(20 * time.Second)
		require.Equal(t, 2, b.born)
		require.Equal(t, []string{want}, b.got)
	}
}

// TestPanicIsInjected: it is treated and counted as any other, and the log says whose doing it was.
func TestPanicIsInjected(t *testing.T) {
	b := newBench(t, rule("panic", ""))
	b.ask(1, 2)
	b.sim.Run(0)
	require.Equal(t, 1, b.metrics[actortest.Series("actor_panics_total", "kind", "query")])
	require.Equal(t, 1, b.metrics[actortest.Series("actor_restarts_total", "kind", "query")])
	var line string
	for l := range strings.Lines(b.log.String()) {
		if strings.Contains(l, "actor panicked") {
			line = l
		}
	}
	require.Contains(t, line, "fault=x")
	require.Contains(t, line, `panic="injected by the fault x"`)
	require.Contains(t, line, `message="*message.Find"`)
}

// TestWhatIsNotTouched: a fault for everything leaves an actor's life alone, and what comes from outside is neither lost
// nor doubled.
func TestWhatIsNotTouched(t *testing.T) {
	for _, action := range []string{"drop", "duplicate", "reorder", "flood", "delay, delay: 1s"} {
		b := newBench(t, "{id: x, kind: actor, action: "+action+"}")
		b.sim.System.Root.Send(b.child, &port.Bytes{})
		b.sim.System.Root.Send(b.child, "of its own")
		b.sim.System.Root.Poison(b.child)
		b.sim.Run(time.Minute)
		require.Equal(t, []string{"Bytes 0s", "Stopping 0s"}, b.got, action)
		require.Equal(t, 1, b.ended, action)
		require.Zero(t, b.ledger(), action)
	}
	for _, action := range []string{"panic", "stop", "slow, delay: 1h"} {
		b := newBench(t, "{id: x, kind: actor, action: "+action+"}")
		b.sim.System.Root.Send(b.child, &actor.Terminated{Who: b.asker.PID})
		b.sim.System.Root.Poison(b.child)
		b.sim.Run(time.Minute)
		require.Equal(t, []string{"Stopping 0s"}, b.got, action)
		require.Equal(t, [2]int{1, 1}, [2]int{b.born, b.ended}, action)
		require.Zero(t, b.ledger(), action)
	}
}

// TestWhoIsMeant: other kinds of actors and other messages are left alone, and one message has one fault.
func TestWhoIsMeant(t *testing.T) {
	b := newBench(t, "{id: o, kind: actor, action: drop, match: {actor: catalog}},{id: p, kind: actor, action: drop, match: {message: Quer}},"+
		"{id: q, kind: actor, action: drop, match: {message: Find, nth: 1}},{id: x, kind: actor, action: duplicate, match: {message: Find}}")
	b.ask(1, 2)
	b.sim.Run(0)
	require.Equal(t, []string{"2 0s", "2 0s"}, b.got)
	var counts [][3]int
	for _, s := range b.faults.Ledger() {
		counts = append(counts, [3]int{s.Due, s.Applied, s.Hit})
	}
	require.Equal(t, [][3]int{{}, {}, {2, 1, 1}, {1, 1, 1}}, counts)
	b.faults.Replace(nil)
	b.ask(3)
	b.sim.Run(0)
	require.Equal(t, "3 0s", b.got[2])
}

// TestLogOfFaults: a line a second at most, which tells how many it leaves out.
func TestLogOfFaults(t *testing.T) {
	b := newBench(t, "{id: x, kind: actor, action: drop, match: {message: Find}}")
	for range 100 {
		b.ask(1)
	}
	b.sim.Run(time.Second)
	b.ask(2)
	b.sim.Run(0)
	require.Equal(t, 2, strings.Count(b.log.String(), "fault injected"))
	require.Contains(t, b.log.String(), "suppressed=99")
}

// TestNamesOfMessages: the configuration knows the names of all messages, and no others.
func TestNamesOfMessages(t *testing.T) {
	known := config.Messages()
	slices.Sort(known)
	require.Equal(t, slices.Compact(slices.Clone(known)), known)
	parts := []string{ // of messages, and what is no message at all
		"Condition", "FaultStatus", "Hit", "LinkRefused", "NeighborStatus", "Publication", "Result", "Routes", "SupernodeStatus",
		"Change", "Cursor", "FileReceive", "FileSend", "SharedFile",
	}
	var all []string
	for _, dir := range []string{"../message", "../port"} {
		files, err := filepath.Glob(dir + "/*.go")
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			require.NoError(t, err)
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := n.(*ast.TypeSpec); ok && s.Name.IsExported() {
					if _, is := s.Type.(*ast.StructType); is && !slices.Contains(parts, s.Name.Name) {
						all = append(all, s.Name.Name)
					}
				}
				return true
			})
		}
	}
	slices.Sort(all)
	require.Equal(t, slices.Compact(all), known)
}

// BenchmarkReceive is what a message costs without faults, with none set, and with one for other messages.
func BenchmarkReceive(b *testing.B) {
	for _, c := range []struct {
		name   string
		faults func(sim *actortest.Sim) props.Faults
	}{
		{"ordinary", func(*actortest.Sim) props.Faults { return nil }},
		{"none set", func(sim *actortest.Sim) props.Faults { return newFaults(sim, actortest.Metrics{}) }},
		{"another", func(sim *actortest.Sim) props.Faults {
			f := newFaults(sim, actortest.Metrics{})
			f.Load(parse(b, "{id: x, kind: actor, action: drop, match: {message: Quer}}"), 1)
			return f
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			sim := actortest.NewSim(1)
			env := sim.Env(1)
			env.Faults = c.faults(sim)
			n := 0
			pid := sim.System.Root.Spawn(env.Make("query", func() actor.Actor {
				return actor.ReceiveFunc(func(actor.Context) { n++ })
			}))
			sim.Run(0)
			m := &message.Find{}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				sim.System.Root.Send(pid, m)
				if i%1000 == 0 {
					sim.Run(0)
				}
			}
			sim.Run(0)
		})
	}
}
