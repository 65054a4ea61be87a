package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/gateway/admin"
)

// hears is a notifier whose messages come out of a channel until ctx ends.
func hears(ctx context.Context) (*notifier, <-chan string) {
	said := make(chan string)
	return &notifier{send: func(state string) error {
		select {
		case said <- state:
		case <-ctx.Done():
		}
		return nil
	}}, said
}

// trap is a process that holds whoever sends to it until it is opened.
type trap struct{ caught, open chan struct{} }

func (t *trap) SendUserMessage(*actor.PID, any) {
	close(t.caught)
	<-t.open
}
func (t *trap) SendSystemMessage(*actor.PID, any) {}
func (t *trap) Stop(*actor.PID)                   {}

// TestWatchdogOfHungActor: one main actor that does not go on is enough for silence.
func TestWatchdogOfHungActor(t *testing.T) {
	r, err := start(testLaunch(t, node.Supernode, "127.0.0.124"))
	require.NoError(t, err)
	require.NoError(t, <-r.opened)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	n, said := hears(ctx)
	next := func() string {
		select {
		case s := <-said:
			return s
		case <-ctx.Done():
			return "nothing"
		}
	}
	until := func(part string) {
		for s := next(); !strings.Contains(s, part); s = next() {
			require.NotEqual(t, "nothing", s, "no %s", part)
		}
	}
	t.Setenv("WATCHDOG_USEC", "200000")
	go newWatchdog(n, r).run(ctx)
	until("WATCHDOG=1")

	hold := &trap{make(chan struct{}), make(chan struct{})}
	pid, _ := r.system.ProcessRegistry.Add(hold, "trap")
	r.system.Root.Send(r.routes.Catalog, &message.Inspect{ReplyTo: pid})
	<-hold.caught
	until("STATUS=the node hangs: no answer from catalog")
	for range 5 {
		require.Contains(t, next(), "the node hangs: no answer from catalog")
	}
	close(hold.open)
	until("WATCHDOG=1")
	cancel()
	require.NoError(t, r.shutdown())
}

func TestWatchdogTimes(t *testing.T) {
	alive := &admin.Status{Node: &message.NodeStatus{Role: "peer"}}
	for name, c := range map[string]struct {
		inspect func(context.Context) (*admin.Status, error)
		asked   bool
		signs   int
	}{
		"all answer":   {func(context.Context) (*admin.Status, error) { return alive, nil }, true, 7},
		"no limit":     {func(context.Context) (*admin.Status, error) { return alive, nil }, false, 0},
		"root silent":  {func(context.Context) (*admin.Status, error) { return nil, errors.New("node: no answer") }, true, 0},
		"store silent": {func(context.Context) (*admin.Status, error) { return &admin.Status{Unanswered: []string{"store"}}, nil }, true, 0},
		"all silent":   {func(ctx context.Context) (*admin.Status, error) { <-ctx.Done(); return alive, nil }, true, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			log := logrus.New()
			log.SetOutput(io.Discard)
			signs := 0
			w := &watchdog{asked: c.asked, every: 10 * time.Second, inspect: c.inspect, log: log, notifier: &notifier{send: func(state string) error {
				signs += strings.Count(state, "WATCHDOG=1")
				return nil
			}}}
			ctx, cancel := context.WithTimeout(t.Context(), 65*time.Second)
			defer cancel()
			w.run(ctx)
			require.Equal(t, c.signs, signs, name)
		})
	}
}

// TestExtending asks for time every ten seconds, and not for ever.
func TestExtending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		n := &notifier{send: func(state string) error {
			require.Equal(t, "EXTEND_TIMEOUT_USEC=30000000", state)
			asked++
			return nil
		}}
		done := n.extending(time.Minute)
		<-time.After(35 * time.Second)
		done()
		require.Equal(t, 4, asked)
		n.extending(35 * time.Second)
		<-time.After(time.Hour)
		synctest.Wait()
		require.Equal(t, 8, asked)
	})
}

// TestReloadingTellsWhen: the service manager takes what is older than its signal for the answer to another one.
func TestReloadingTellsWhen(t *testing.T) {
	now := func() int64 {
		var ts unix.Timespec
		require.NoError(t, unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts))
		return ts.Nano() / 1000
	}
	var said string
	n := &notifier{send: func(state string) error { said = state; return nil }}
	before := now()
	n.reloading()
	at, ok := strings.CutPrefix(strings.TrimSpace(said), "RELOADING=1\nMONOTONIC_USEC=")
	require.True(t, ok, said)
	usec, err := strconv.ParseInt(at, 10, 64)
	require.NoError(t, err)
	require.GreaterOrEqual(t, usec, before)
	require.LessOrEqual(t, usec, now())
}

// TestNobodyListens: without a service manager nothing is said and nothing runs.
func TestNobodyListens(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	var log bytes.Buffer
	l := logrus.New()
	l.SetOutput(&log)
	n := newNotifier(l)
	require.False(t, n.listens())
	n.ready()
	n.extending(time.Hour)()
	(&watchdog{notifier: n, every: time.Hour}).run(t.Context())
	require.Empty(t, log.String())
}

func TestHeadline(t *testing.T) {
	s := &admin.Status{
		Node: &message.NodeStatus{Role: "supernode"}, Store: &message.StoreStatus{Trouble: "disk full"},
		Sessions: &message.SessionsStatus{Sessions: 1}, Catalog: &message.CatalogStatus{Files: 2},
		Overlay: &message.OverlayStatus{Neighbors: []message.NeighborStatus{{Up: true}, {}, {}}}, Share: &message.ShareStatus{Files: 3},
	}
	require.Contains(t, headline(s), ", degraded: logins and publications are refused: disk full, 1 peer, 2 files, 1 of 3 neighbors, 3 shared")
	s = &admin.Status{Node: &message.NodeStatus{Role: "peer"}, Peer: &message.PeerStatus{State: "searching"}}
	require.Contains(t, headline(s), ", supernode none, searching")
}
