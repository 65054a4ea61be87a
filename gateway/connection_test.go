package gateway_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
)

func TestSessionsAndPublishing(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(1, nil, testConfig())
	s := w.stranger(100, false)
	id := s.login(endpoint(1))
	require.Regexp(t, "^[A-Z0-9]{16}$", id)
	require.Equal(t, id, s.login(endpoint(1)), "the same session again")

	c := s.dial(endpoint(1))
	c.say("%s%s", adff(id, md5Of("a"), "My Song.mp3"), adff(id, md5Of("b"), "   other.mp3"))
	c.say("FIND%s%-20s", id, "SONG").hear("AFIN001%s%-100s001%s", md5Of("a"), "My Song.mp3", field(s.self))
	c.say("FIND%s%-20s", id, "no such").hear("AFIN000")
	c.say("DEFF%s%s", id, md5Of("a")).say("FIND%s%20s", id, "%%song%%").hear("AFIN000")
	c.say("FIND%s%-20s", id, "*").hear("AFIN001%s%-100s001%s", md5Of("b"), "other.mp3", field(s.self))
	c.say("LOGO%s", id).hear("ALGO001")
	c.say("LOGO%s", id).hear("ALGO000")
	require.False(t, c.ended, "the connection stays open")
	require.Zero(t, inspect[*message.CatalogStatus](w.all[0], w.all[0].routes.Catalog).Files)
	c.say("FIND%s%-20s", id, "*")
	require.True(t, c.ended, "a FIND under an unknown session closes the connection")
	require.Empty(t, c.got)
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(2, line(2), testConfig()) // a FIND takes the quiet time
	s := w.stranger(100, false)
	id := s.login(endpoint(1))
	c := s.dial(endpoint(1))
	c.say("%sFIND%s%-20sRETR%sLOGI%sLOGO%s", adff(id, md5Of("a"), "a.txt"), id, "a.txt", md5Of("e"), field(s.self), id)
	w.sim.Run(3 * time.Second)
	got := string(c.got)
	afin := fmt.Sprintf("AFIN001%s%-100s001%s", md5Of("a"), "a.txt", field(s.self))
	require.True(t, strings.HasPrefix(got, afin+"Sorry"), got)
	require.True(t, c.ended, "a RETR that cannot be served closes the connection")
}

func TestConcurrentFindsDoNotMix(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(2, line(2), testConfig())
	for i := range 20 {
		w.all[1].disk.Put(fmt.Sprintf("file %c.txt", 'a'+i), fmt.Appendf(nil, "content %d", i))
	}
	s := w.stranger(100, false)
	id := s.login(endpoint(1))
	var conns []*rawConn
	for i := range 20 {
		c := s.dial(endpoint(1))
		c.conn.Send(fmt.Appendf(nil, "FIND%s%-20sFIND%s%-20s", id, fmt.Sprintf("file %c", 'a'+i), id, "none"))
		conns = append(conns, c)
	}
	w.sim.Run(10 * time.Second) // sixteen of a session at a time
	for i, c := range conns {
		require.Contains(t, string(c.got), fmt.Sprintf("file %c.txt", 'a'+i))
		require.Len(t, c.got, 7+135+60+7)
	}
}

func TestSlowConnectionsAreCut(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(1, nil, testConfig())
	s := w.stranger(100, false)
	silent := s.dial(endpoint(1))
	dribble := s.dial(endpoint(1))
	login := "LOGI" + field(s.self)
	for i := range 10 {
		dribble.say("%s", login[i:i+1])
		w.sim.Run(time.Second)
	}
	require.True(t, silent.ended)
	require.True(t, dribble.ended)
	require.Equal(t, "ALGI0000000000000000", string(dribble.got), "a login that does not get done is refused")
	require.Equal(t, 2, w.all[0].metrics[actortest.Series("refusals_total", "reason", "slow_connection")])

	idle := s.dial(endpoint(1)).say("%s", login)
	w.sim.Run(59 * time.Second)
	require.False(t, idle.ended)
	w.sim.Run(2 * time.Second)
	require.True(t, idle.ended)
}

func TestHalfClosedConnectionGetsItsAnswer(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(2, line(2), testConfig())
	s := w.stranger(100, false)
	id := s.login(endpoint(1))
	c := s.dial(endpoint(1))
	c.keep = true
	c.conn.Send(fmt.Appendf(nil, "FIND%s%-20s", id, "*"))
	c.halfClose()
	w.sim.Run(5 * time.Second)
	c.hear("AFIN000")
	require.True(t, c.ended)
}

func TestGarbageClosesAndIsCounted(t *testing.T) {
	for _, c := range []struct{ say, answer string }{
		{"WHAT", ""},
		{"LOGI" + strings.Repeat("x", 60), "ALGI0000000000000000"},
		{"LOGI000.000.000.000|0000:0000:0000:0000:0000:0000:0000:000003000", "ALGI0000000000000000"},
		{"FIND" + strings.Repeat("-", 36), ""},
		{"QUER" + strings.Repeat("\x00", 98), ""},
	} {
		w := newWorld(t, 1)
		w.overlay(1, nil, testConfig())
		conn := w.stranger(100, false).dial(endpoint(1)).say("%s", c.say)
		require.True(t, conn.ended, c.say)
		require.Equal(t, c.answer, string(conn.got), c.say)
		errors := 0
		for series, n := range w.all[0].metrics {
			if strings.HasPrefix(series, "decode_errors_total") {
				errors += n
			}
		}
		require.Equal(t, 1, errors, c.say)
	}
}

func TestConnectionsByAddressAreLimited(t *testing.T) {
	w := newWorld(t, 1)
	c := testConfig()
	c.Limits.ConnectionsPerAddress = 3
	w.overlay(1, nil, c)
	s := w.stranger(100, false)
	var open []*rawConn
	for range 3 {
		open = append(open, s.dial(endpoint(1)))
	}
	refused := s.dial(endpoint(1))
	w.sim.Run(time.Second)
	require.True(t, refused.closed)
	require.Equal(t, 1, w.all[0].metrics[actortest.Series("refusals_total", "reason", "connections_per_address")])
	other := w.stranger(101, false).dial(endpoint(1))
	open[0].conn.Close()
	w.sim.Run(time.Second)
	again := s.dial(endpoint(1))
	w.sim.Run(time.Second)
	require.False(t, other.closed)
	require.False(t, again.closed)
}

func TestLoginsAreLimitedAndVerified(t *testing.T) {
	w := newWorld(t, 1)
	c := testConfig()
	c.Limits.Sessions = 2
	w.overlay(1, nil, c)
	a, b, d := w.stranger(100, false), w.stranger(101, false), w.stranger(102, false)
	forged := a.dial(endpoint(1)).say("LOGI%s", field(b.self))
	forged.hear("ALGI0000000000000000")
	require.True(t, forged.ended)
	a.login(endpoint(1))
	b.login(endpoint(1))
	require.Equal(t, "0000000000000000", d.login(endpoint(1)), "full")
}

func TestFilesOfASessionAreLimited(t *testing.T) {
	w := newWorld(t, 1)
	c := testConfig()
	c.Limits.FilesPerSession = 2
	w.overlay(1, nil, c)
	s := w.stranger(100, false)
	id := s.login(endpoint(1))
	conn := s.dial(endpoint(1))
	conn.say("%s%s%s%s", adff(id, md5Of("a"), "a"), adff(id, md5Of("b"), "b"), adff(id, md5Of("c"), "c"), adff(id, md5Of("a"), "renamed"))
	conn.say("FIND%s%-20s", id, "*").hear("AFIN002%s%-100s001%s%s%-100s001%s",
		md5Of("a"), "renamed", field(s.self), md5Of("b"), "b", field(s.self))
	conn.say("DEFF%s%s%s", id, md5Of("b"), adff(id, md5Of("c"), "c")).say("FIND%s%-20s", id, "c").
		hear("AFIN001%s%-100s001%s", md5Of("c"), "c", field(s.self))
	conn.say("LOGO%s", id).hear("ALGO002")
}

func TestShutdownFinishesOpenAnswers(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(2, line(2), testConfig())
	peer := w.add(node.Peer, testConfig(), endpoint(1))
	w.sim.Run(5 * time.Second)
	s := w.stranger(100, false)
	id := s.login(endpoint(1))
	c := s.dial(endpoint(1)).say("FIND%s%-20s", id, "*")

	w.sim.System.Root.Send(peer.routes.Node, &message.Shutdown{})
	w.sim.Run(time.Second)
	require.Equal(t, 1, inspect[*message.SessionsStatus](w.all[0], w.all[0].routes.Sessions).Sessions, "the peer has logged out")

	w.sim.System.Root.Send(w.all[0].routes.Node, &message.Shutdown{})
	w.sim.Run(100 * time.Millisecond)
	require.ErrorContains(t, s.dial(endpoint(1)).failed, "refused")
	w.sim.Run(4 * time.Second)
	c.hear("AFIN000")
	_, alive := w.sim.System.ProcessRegistry.Get(w.all[0].routes.Node)
	require.False(t, alive, "the node has ended")
}

// TestPeerThatIsGoneLosesItsSession: who cannot be reached any more is logged out; who can be, or says something, is not.
func TestPeerThatIsGoneLosesItsSession(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(1, nil, testConfig())
	listening, silent, talking := w.stranger(100, true), w.stranger(101, false), w.stranger(102, false)
	ids := map[*stranger]string{}
	for i, s := range []*stranger{listening, silent, talking} {
		ids[s] = s.login(endpoint(1))
		s.dial(endpoint(1)).say("%s", adff(ids[s], md5Of(fmt.Sprint(i+1)), "file")).conn.Close()
	}
	for range 20 {
		w.sim.Run(time.Minute)
		require.Equal(t, ids[talking], talking.login(endpoint(1)), "a login is a sign of life")
	}
	require.Equal(t, 2, w.all[0].catalog().Copies)
	require.NotEmpty(t, listening.heard, "it has been looked for")
	require.Equal(t, 1, w.all[0].metrics["sessions_vanished_total"])
	c := listening.dial(endpoint(1)).say("FIND%s%-20s", ids[listening], "file")
	require.True(t, strings.HasPrefix(string(c.got), "AFIN002"), string(c.got))
	require.True(t, silent.dial(endpoint(1)).say("FIND%s%-20s", ids[silent], "file").ended)
	require.NotEqual(t, ids[silent], silent.login(endpoint(1)))
}

// TestLoginThatMeetsTheEnd: whoever logs in just when its session ends for silence gets a new one.
func TestLoginThatMeetsTheEnd(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Session.ProbeFailures = 1
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s, asker := w.stranger(100, false), w.sim.Probe("asker")
	old := s.login(n.self)
	session := w.sim.System.NewLocalPID("n1/sessions/session/" + old)
	w.sim.System.Root.Send(session, &message.Sent{Err: errors.New("nobody there")})
	w.sim.System.Root.Send(session, &message.Login{Endpoint: s.self, From: s.self.IPv4(), ReplyTo: asker.PID})
	w.sim.Run(time.Second)
	require.Len(t, asker.Messages, 1)
	got := asker.Messages[0].(*message.LoggedIn)
	require.NoError(t, got.Err)
	require.NotEqual(t, old, got.Session.String())
	require.Equal(t, 1, n.metrics["sessions_vanished_total"])
	require.Equal(t, got.Session.String(), s.login(n.self))
}

// TestAnswerThatHasNoRoomIsCut: an AFIN never passes 64 KiB, and what is left out is counted.
func TestAnswerThatHasNoRoomIsCut(t *testing.T) {
	w := newWorld(t, 1)
	c := testConfig()
	c.Search.MaxResults = 999
	w.overlay(1, nil, c)
	s := w.stranger(100, false)
	id := s.login(endpoint(1))
	conn := s.dial(endpoint(1))
	for i := range 900 {
		conn.conn.Send([]byte(adff(id, fmt.Sprintf("%032x", i+1), "file")))
	}
	conn.say("FIND%s%-20s", id, "file")
	w.sim.Run(time.Second)
	require.LessOrEqual(t, len(conn.got), 64<<10)
	sent := (len(conn.got) - 7) / (135 + 60)
	require.Equal(t, fmt.Sprintf("AFIN%03d", sent), string(conn.got[:7]))
	require.Equal(t, 900, sent+w.all[0].metrics[actortest.Series("dropped_total", "command", "AFIN", "reason", "no_room")])
}

// TestSearchesEndWithTheirConnection: a search that was asked for behind one that ends the connection does not go on
// for nobody.
func TestSearchesEndWithTheirConnection(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(2, line(2), testConfig())
	s := w.stranger(100, false)
	id := s.login(endpoint(1))
	c := s.dial(endpoint(1)).say("FINDUNKNOWNSESSION00%-20sFIND%s%-20s", "*", id, "*")
	require.True(t, c.ended)
	require.Zero(t, inspect[*message.QueriesStatus](w.all[0], w.all[0].routes.Queries).Searches)
	for _, result := range []string{"refused", "failed"} {
		require.Equal(t, 1, w.all[0].metrics[actortest.Series("packets_total", "command", "FIND", "direction", "in", "result", result)], result)
	}
}
