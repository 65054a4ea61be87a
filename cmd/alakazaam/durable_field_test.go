package main_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSupernodeComesBack: what was acknowledged survives kill -9 and an orderly end; peers go on with the SessionID they
// have, and what was withdrawn does not come back.
func TestSupernodeComesBack(t *testing.T) {
	sn := startNode(t, "supernode", 36, quick, nil)
	me, gone := listenAs(t, 44, keepsConnections), listenAs(t, 45, keepsConnections)
	login := func(n *fieldNode, host int) string {
		c := dialFrom(t, host, sn.addr).say("LOGI%s", n.addr()).hear("ALGI")
		id := make([]byte, 16)
		_, err := readFull(c, id)
		require.NoError(t, err)
		return string(id)
	}
	id, other := login(me, 44), login(gone, 45)
	published := 0
	for round, end := range []os.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGKILL} {
		c := dialFrom(t, 44, sn.addr)
		for range 300 {
			published++
			c.say("ADFF%s%032x%-100s", id, published, fmt.Sprintf("file %d.", published))
		}
		c.say("ADFF%s%s%-100sDEFF%s%s", id, md5A, "withdrawn", id, md5A)
		c.say("FIND%s%-20s", id, fmt.Sprintf("file %d.", published)).
			hear("AFIN001%s", hit(fmt.Sprintf("%032x", published), fmt.Sprintf("file %d.", published), me.addr()))
		if round == 1 {
			dialFrom(t, 45, sn.addr).say("ADFF%s%s%-100sLOGO%s", other, md5B, "b", other).hear("ALGO001")
		}
		sn.signal(end)
		if code := sn.exit(); end == syscall.SIGTERM {
			require.Equal(t, 0, code)
		}
		sn.run()
		require.Equal(t, id, login(me, 44), "the session goes on")
		c = dialFrom(t, 44, sn.addr)
		for i := 1; i <= published; i += 99 {
			c.say("FIND%s%-20s", id, fmt.Sprintf("file %d.", i)).
				hear("AFIN001%s", hit(fmt.Sprintf("%032x", i), fmt.Sprintf("file %d.", i), me.addr()))
		}
		c.say("FIND%s%-20s", id, "withdrawn").hear("AFIN000")
	}
	dialFrom(t, 45, sn.addr).say("LOGO%s", other).hear("ALGO000")
	dialFrom(t, 44, sn.addr).say("LOGO%s", id).hear("ALGO%03d", published)
	sn.stopNode()
}

// TestDirectoryCommands saves a directory, brings it into another one and runs a supernode on it.
func TestDirectoryCommands(t *testing.T) {
	sn := startNode(t, "supernode", 37, quick, nil)
	me := listenAs(t, 46, keepsConnections)
	c := dialFrom(t, 46, sn.addr).say("LOGI%s", me.addr()).hear("ALGI")
	id := make([]byte, 16)
	_, err := readFull(c, id)
	require.NoError(t, err)
	c.say("ADFF%s%s%-100sFIND%s%-20s", id, md5A, "a.txt", id, "none").hear("AFIN000")
	from := do(t, "", append([]string{"directory", "check"}, sn.args[1:]...)...)
	require.Equal(t, 1, from.code, "it is in use")
	require.Contains(t, from.err, "in use")
	sn.stopNode()

	stats := do(t, "", append([]string{"directory", "stats", "--json"}, sn.args[1:]...)...)
	require.Contains(t, stats.out, `"files": 1`)
	saved := do(t, "", append([]string{"directory", "export"}, sn.args[1:]...)...)
	require.Equal(t, 0, saved.code, saved.err)
	other := t.TempDir()
	brought := do(t, saved.out, "directory", "import", "--data_dir", other)
	require.Equal(t, 0, brought.code, brought.err)
	again := do(t, "", "directory", "export", "--data_dir", other)
	require.Equal(t, saved.out, again.out)
	checked := do(t, "", "directory", "check", "--data_dir", other)
	require.Contains(t, checked.out, "1 sessions, 1 files: ok")
	bad := do(t, "{}\n", "directory", "import", "--data_dir", other)
	require.Equal(t, 1, bad.code)
}
