package main_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// failingActor is the variable by which this test program is told to be the program, with an actor of this kind that
// fails.
const failingActor = "TEST_FAILING_ACTOR"

// runFailing starts the node again with the same data and an actor that fails. It does so when fail is closed.
func (p *program) runFailing(kind string) (fail io.Closer) {
	p.t.Helper()
	self, err := os.Executable()
	require.NoError(p.t, err)
	cmd := exec.Command(self, p.args...)
	cmd.Env = append(os.Environ(), failingActor+"="+kind)
	fail, err = cmd.StdinPipe()
	require.NoError(p.t, err)
	p.process = startCommand(p.t, cmd)
	p.waitFor("the supernode is running")
	return fail
}

// TestNodeThatKeepsFailing: an actor fails until its restarts are used up. The program ends with 1 and a last line that
// says which actor it was, how often, and why; what was acknowledged is kept, and the next start goes on with it.
func TestNodeThatKeepsFailing(t *testing.T) {
	sn := startNode(t, "supernode", 38, quick, nil)
	me := listenAs(t, 47, keepsConnections)
	var id string
	published := 0
	publishes := func() {
		c := dialFrom(t, 47, sn.addr).say("LOGI%s", me.addr()).hear("ALGI")
		got := make([]byte, 16)
		_, err := readFull(c, got)
		require.NoError(t, err)
		require.True(t, id == "" || id == string(got), "the session goes on")
		id = string(got)
		published++
		c.say("ADFF%s%032x%-100s", id, published, fmt.Sprintf("file %d.", published))
		for i := 1; i <= published; i++ {
			c.say("FIND%s%-20s", id, fmt.Sprintf("file %d.", i)).
				hear("AFIN001%s", hit(fmt.Sprintf("%032x", i), fmt.Sprintf("file %d.", i), me.addr()))
		}
	}
	publishes()
	sn.signal(os.Kill)
	sn.exit()
	for kind, last := range map[string]string{
		"catalog": "the node ends: node/catalog failed 11 times within 10s, the last time with: catalog panicked: runtime error: invalid memory address",
		"node":    "the node ends: node panicked: runtime error: invalid memory address",
	} {
		fail := sn.runFailing(kind)
		publishes()
		fail.Close()
		require.Equal(t, 1, sn.exit())
		require.Contains(t, lastLine(sn.text()), last)
		stats := do(t, "", append([]string{"directory", "stats", "--json"}, sn.args[1:]...)...)
		require.Contains(t, stats.out, `"sessions": 1`)
		require.Contains(t, stats.out, fmt.Sprintf(`"files": %d`, published))
	}
	sn.run()
	publishes()
	sn.stopNode()
}
