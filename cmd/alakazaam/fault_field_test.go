package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// faultStatus is what a test looks at in a node's faults.
type faultStatus struct {
	ID                string
	Due, Applied, Hit int
}

func (p *program) command(args ...string) outcome {
	p.t.Helper()
	return do(p.t, "", append(args, p.args[1:]...)...)
}

func (p *program) faults() (all []faultStatus) {
	p.t.Helper()
	got := p.command("fault", "list", "--json")
	require.Zero(p.t, got.code, got.err)
	var list struct{ Faults []faultStatus }
	require.NoError(p.t, json.Unmarshal([]byte(got.out), &list))
	return list.Faults
}

// metric reads a counter from the node's metrics.
func (p *program) metric(series string) int {
	p.t.Helper()
	admin := regexp.MustCompile(`admin=(\S+)`).FindStringSubmatch(p.text())[1]
	_, text := get(p.t, strings.Trim(admin, `"`), "/metrics", "")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, "alakazaam_"+series+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			require.NoError(p.t, err)
			return int(n)
		}
	}
	p.t.Fatalf("there is no %s", series)
	return 0
}

// TestPanicsInQueries: one message in twenty has its search panic while peers search at the same time. Every search is
// answered or its connection ends at once, as the protocol has it; the node lives, and its figures add up.
func TestPanicsInQueries(t *testing.T) {
	sn := startNode(t, "supernode", 144, quick+
		"fault_seed: 7\nfaults:\n  - {id: panics, kind: actor, action: panic, match: {actor: query, probability: 5%}}\n", nil)
	require.Contains(t, sn.text(), "faults is not empty: the node harms itself on purpose, by panics")
	const peers, searches = 4, 100
	failed := make(chan int, peers)
	for i := range peers {
		me := listenAs(t, 145+i, keepsConnections)
		again := func() *wireConn { return dialFrom(t, 145+i, sn.addr) }
		c := again().say("LOGI%s", me.addr()).hear("ALGI")
		id := make([]byte, 16)
		_, err := readFull(c, id)
		require.NoError(t, err)
		name := fmt.Sprintf("song of %d", i)
		c.say("ADFF%s%032x%-100s", id, i, name)
		c.say("LOGI%s", me.addr()).hear("ALGI%s", id) // what was published is there now
		want := "001" + hit(fmt.Sprintf("%032x", i), name, me.addr())
		go func() {
			n := 0
			defer func() { failed <- n }()
			for range searches {
				if _, err := fmt.Fprintf(c, "FIND%s%-20s", id, name); err != nil {
					n = -searches * peers
					break
				}
				got := make([]byte, len("AFIN")+len(want))
				switch _, err := readFull(c, got); {
				case err != nil: // a search that fails ends its connection
					n++
					c = again()
				case string(got) != "AFIN"+want:
					n = -searches * peers
				}
			}
		}()
	}
	lost := 0
	for range peers {
		lost += <-failed
	}
	require.Greater(t, lost, 0, "at 5 % some of 400 searches fail")
	require.Less(t, lost, peers*searches/4)
	panics := sn.faults()[0]
	require.Equal(t, "panics", panics.ID)
	require.Equal(t, [2]int{lost, lost}, [2]int{panics.Applied, panics.Hit})
	require.GreaterOrEqual(t, panics.Due, peers*searches)
	for _, series := range []string{
		`faults_injected_total{action="panic",fault="panics"}`, `actor_panics_total{kind="query"}`, `actor_failure_stops_total{kind="query"}`,
	} {
		require.Equal(t, lost, sn.metric(series), series)
	}
	require.Regexp(t, fmt.Sprintf(`(?m)^faults +1 on: panics \(panic\) hit %d times$`, lost), sn.command("status").out)
	require.Contains(t, sn.text(), `panic="injected by the fault panics"`)
	sn.stopNode()
}

// TestFaultsWhileItRuns: they are added and taken away by command where the configuration allows it, and changed by a
// reload in a node that was started with some.
func TestFaultsWhileItRuns(t *testing.T) {
	rule := "faults: [{id: given, kind: actor, action: drop, match: {actor: query, message: Matched}}]\n"
	sn := startNode(t, "supernode", 149, quick+rule, nil)
	got := sn.command("fault", "add", "{id: p, kind: actor, action: drop}")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "that takes the key admin.faults at its start")
	sn.rewrite(quick + strings.Replace(rule, "given", "other", 1))
	log := sn.reload("the configuration is reloaded")
	require.Contains(t, log, "key=faults")
	require.Equal(t, []faultStatus{{ID: "other"}}, sn.faults())
	sn.rewrite(quick)
	sn.reload("the configuration is reloaded")
	require.Empty(t, sn.faults())
	require.NotContains(t, sn.command("status").out, "faults")
	sn.stopNode()

	sn.rewrite(quick)
	sn.run()
	sn.rewrite(quick + rule)
	require.Contains(t, sn.reload("the configuration is reloaded"), "faults take a restart: this node was started without any")
	require.Empty(t, sn.faults())
	sn.stopNode()

	sn.rewrite(strings.Replace(quick, "search:", "fault_seed: 3\nsearch:", 1))
	sn.args = append(sn.args, "--admin.faults")
	sn.run()
	require.Equal(t, 2, sn.command("fault", "add", "{id: p, kind: actor, action: dorp}").code)
	got = sn.command("fault", "add", "{id: p, kind: actor, action: drop}", "{id: q, kind: toxic, type: refuse, toxicity: 0}")
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, "q\trefuse\tactive\t0\t0\t0\t{\"id\":\"q\",\"kind\":\"toxic\",\"type\":\"refuse\",\"toxicity\":0}\n")
	got = sn.command("fault", "remove", "nobody")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "there is no fault nobody")
	require.Zero(t, sn.command("fault", "remove", "p").code)
	require.Len(t, sn.faults(), 1)
	require.Zero(t, sn.command("fault", "clear").code)
	require.Empty(t, sn.faults())
	require.Eventually(t, func() bool { return strings.Count(sn.text(), "a fault was added") == 2 }, patience, 10*time.Millisecond)
	sn.stopNode()
}

// TestToxicsOverSockets: faults of connections of the running program, as somebody else's program meets them.
func TestToxicsOverSockets(t *testing.T) {
	sn := startNode(t, "supernode", 158, quick+
		"faults:\n  - {id: bits, kind: toxic, type: slicer, attributes: {average_size: 3, delay: 1ms}}\n"+
		"  - {id: lag, kind: toxic, type: latency, stream: downstream, attributes: {latency: 200ms}}\n"+
		"  - {id: limit, kind: toxic, type: limit_data, stream: upstream, addresses: [127.0.0.160], attributes: {bytes: 40}}\n",
		map[string]string{"nine_thousand.bin": nineThousand})
	me := listenAs(t, 159, keepsConnections)
	began := time.Now()
	c := dialFrom(t, 159, sn.addr).say("LOGI%s", me.addr()).hear("ALGI")
	require.GreaterOrEqual(t, time.Since(began), 200*time.Millisecond)
	id := make([]byte, 16)
	_, err := readFull(c, id)
	require.NoError(t, err)
	c.say("FIND%s%-20s", id, "nine").hear("AFIN001%s", hit(sum(nineThousand), "nine_thousand.bin", written(sn.ip, sn.port)))
	aret := "ARET00000304096" + nineThousand[:4096] + "04096" + nineThousand[:4096] + "00808" + nineThousand[:808]
	dialFrom(t, 159, sn.addr).say("RETR%s", sum(nineThousand)).hear("%s", aret)

	limited := dialFrom(t, 160, sn.addr)
	fmt.Fprintf(limited, "LOGI%s", written("127.0.0.160", 3000))
	got, _ := io.ReadAll(limited)
	require.Empty(t, got, "the login does not get through")
	for _, f := range sn.faults() {
		require.NotZero(t, f.Hit, f.ID)
	}
	sn.stopNode()
}
