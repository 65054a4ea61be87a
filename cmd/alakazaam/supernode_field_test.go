package main_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func sum(content string) string { return fmt.Sprintf("%x", md5.Sum([]byte(content))) }

func hit(md5, name string, at ...string) string {
	return fmt.Sprintf("%s%-100s%03d%s", md5, name, len(at), strings.Join(at, ""))
}

const (
	md5A = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	md5B = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// nineThousand is a file of three chunks.
var nineThousand = strings.Repeat("x", 9000)

// quick is a configuration in which searches do not wait long.
const quick = "search: {quiet: 300ms}\ndiscovery: {target: 0}\n"

// TestSupernodeOnTheWire goes through the protocol's tables against the running program: as whole packets and one byte
// at a time.
func TestSupernodeOnTheWire(t *testing.T) {
	sn := startNode(t, "supernode", 30, quick, map[string]string{"nine_thousand.bin": nineThousand, "empty.txt": "", "hello.txt": "hello"})
	for i, slow := range []bool{false, true} {
		name := map[bool]string{false: "whole packets", true: "one byte at a time"}[slow]
		t.Run(name, func(t *testing.T) {
			host := 40 + i
			me := listenAs(t, host, keepsConnections)
			dial := func(t *testing.T) *wireConn {
				c := dialFrom(t, host, sn.addr)
				c.slow = slow
				return c
			}
			var id string
			t.Run("LOGI", func(t *testing.T) {
				c := dial(t).say("LOGI%s", me.addr()).hear("ALGI")
				got := make([]byte, 16)
				_, err := c.Read(got)
				require.NoError(t, err)
				id = string(got)
				require.Regexp(t, "^[A-Z0-9]{16}$", id)
				c.say("LOGI%s", me.addr()).hear("ALGI%s", id)
				c.say("LOGI%s", strings.ToUpper(me.addr())).hear("ALGI%s", id)
				c.say("LOGI%s", written("127.0.0.99", 5)).hear("ALGI0000000000000000")
				require.Empty(t, c.closes())
			})
			t.Run("ADFF DEFF FIND", func(t *testing.T) { publishAndFind(t, dial(t), id, me) })
			t.Run("RETR", func(t *testing.T) { retrieve(t, dial) })
			t.Run("what cannot be served", func(t *testing.T) { refused(t, dial, me) })
			t.Run("LOGO", func(t *testing.T) {
				c := dial(t).say("ADFF%s%s%-100sADFF%s%s%-100s", id, md5A, "a", id, md5B, "b")
				c.say("LOGO%s", id).hear("ALGO003").say("LOGO%s", id).hear("ALGO000")
			})
		})
	}
	sn.stopNode()
}

func publishAndFind(t *testing.T, c *wireConn, id string, me *fieldNode) {
	c.say("ADFF%s%s%-100s", id, md5A, "My Song.mp3")
	// Padded to 100 characters before it became UTF-8: one byte too long.
	c.say("ADFF%s%s%s", id, md5B, "Perché no.txt"+strings.Repeat(" ", 87))
	for _, text := range []string{"SONG                ", "                song", "%my song%           "} {
		c.say("FIND%s%s", id, text).hear("AFIN001%s", hit(md5A, "My Song.mp3", me.addr()))
	}
	c.say("FIND%s%-20s", id, "no such").hear("AFIN000")
	c.say("FIND%s%-20s", id, "%").hear("AFIN000")
	c.say("FIND%s%s", id, "perché"+strings.Repeat(" ", 14)).hear("AFIN001%s", "")
	c.hear("%s", md5B+"Perché no.txt"+strings.Repeat(" ", 86)+"001"+me.addr())
	c.say(" ") // the search text, too, was padded as characters
	c.say("DEFF%s%s", id, md5B).say("FIND%s%-20s", id, "perch").hear("AFIN000")
	c.say("ADFF%s%s%100s", id, md5A, "renamed song.mp3").say("FIND%s%-20s", id, "song").
		hear("AFIN001%s", hit(md5A, "renamed song.mp3", me.addr()))
	c.say("ADFF%s%s%-100s", id, sum("hello"), "the same.txt")
	own := written("127.0.0.30", portOf(c.RemoteAddr()))
	got := c.say("FIND%s%-20s", id, "hello.txt")
	got.hear("AFIN001%s%-100s002", sum("hello"), "hello.txt")
	both := make([]byte, 120)
	_, err := readFull(got, both)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{own, me.addr()}, []string{string(both[:60]), string(both[60:])})
}

func portOf(a net.Addr) int { return a.(*net.TCPAddr).Port }

func retrieve(t *testing.T, dial func(*testing.T) *wireConn) {
	raw, err := hex.DecodeString(sum(nineThousand))
	require.NoError(t, err)
	aret := "ARET00000304096" + nineThousand[:4096] + "04096" + nineThousand[:4096] + "00808" + nineThousand[:808]
	c := dial(t)
	c.say("RETR%s", sum(nineThousand)).hear("%s", aret)
	c.say("RETR%s", raw).hear("%s", aret)
	c.say("RETR%s", sum("")).hear("ARET000000")
	c.say("RETR%s", sum("hello")).hear("ARET00000100005hello")
	line := c.say("RETR%s", strings.Repeat("f", 32)).closes()
	require.NotContains(t, line, "ARET")
	require.Equal(t, 1, strings.Count(line, "\n"))
	short := dial(t).say("RETR%s", "ffffffffff")
	require.NoError(t, short.Conn.(*net.TCPConn).CloseWrite())
	require.Contains(t, short.closes(), "Invalid packet")
}

func refused(t *testing.T, dial func(*testing.T) *wireConn, me *fieldNode) {
	unknown := "0000000000000000"
	c := dial(t)
	c.say("ADFF%s%s%-100s", unknown, md5A, "a").say("DEFF%s%s", "UNKNOWNSESSION00", md5A)
	c.say("LOGO%s", unknown).hear("ALGO000")
	require.Empty(t, c.say("FIND%s%-20s", unknown, "song").closes())
	for say, answer := range map[string]string{
		"LOGI" + strings.Repeat("x", 60):          "ALGI0000000000000000",
		"LOGI" + me.addr()[:55] + "00000":         "ALGI0000000000000000",
		"LOGI" + written("0.0.0.0", 3000):         "ALGI0000000000000000",
		"WHAT":                                    "",
		"ALGI0000000000000000":                    "",
		"FIND" + strings.Repeat("?", 36):          "",
		"QUER" + strings.Repeat("x", 98):          "",
		"SUPEPKT0000000000001" + me.addr() + "x4": "",
	} {
		require.Equal(t, answer, dial(t).say("%s", say).closes(), say)
	}
	half := dial(t).say("LOGI%s", me.addr()[:40])
	require.NoError(t, half.Conn.(*net.TCPConn).CloseWrite())
	require.Equal(t, "ALGI0000000000000000", half.closes())
}

// TestManyPacketsAtOnce sends everything in one write and reads the answers in order.
func TestManyPacketsAtOnce(t *testing.T) {
	sn := startNode(t, "supernode", 31, quick, map[string]string{"hello.txt": "hello"})
	me := listenAs(t, 42, keepsConnections)
	c := dialFrom(t, 42, sn.addr).say("LOGI%s", me.addr()).hear("ALGI")
	got := make([]byte, 16)
	_, err := readFull(c, got)
	require.NoError(t, err)
	id := string(got)
	var say, hear strings.Builder
	for i := range 500 {
		fmt.Fprintf(&say, "ADFF%s%032x%-100s", id, i+1, fmt.Sprintf("file %d.txt", i))
		fmt.Fprintf(&say, "FIND%s%-20s", id, fmt.Sprintf("file %d.txt", i))
		fmt.Fprintf(&hear, "AFIN001%s", hit(fmt.Sprintf("%032x", i+1), fmt.Sprintf("file %d.txt", i), me.addr()))
	}
	fmt.Fprintf(&say, "RETR%sLOGI%sLOGO%sLOGO%s", sum("hello"), me.addr(), id, id)
	fmt.Fprintf(&hear, "ARET00000100005helloALGI%sALGO500ALGO000", id)
	c.say("%s", say.String()).hear("%s", hear.String())
	sn.stopNode()
}

// TestFloodsOnTheWire stands between a neighbor and a stranger, all of them scripted.
func TestFloodsOnTheWire(t *testing.T) {
	neighbor := listenAs(t, 50, closesAfterEachPacket)
	sn := startNode(t, "supernode", 32, quick+fmt.Sprintf("neighbors: [\"%s:%d\"]", neighbor.ip, neighbor.port),
		map[string]string{"Perché no.txt": "ciao"})
	own := written(sn.ip, sn.port)
	stranger := listenAs(t, 51, keepsConnections)
	send := func(host int, format string, args ...any) {
		c := dialFrom(t, host, sn.addr).say(format, args...)
		c.Close()
	}

	send(51, "SUPEPKT0000000000001%s04", stranger.addr())
	require.Equal(t, "ASUPPKT0000000000001"+own, stranger.next("ASUP"))
	require.Equal(t, "SUPEPKT0000000000001"+stranger.addr()+"03", neighbor.next("SUPE"))
	send(51, "SUPEPKT0000000000001%s04", stranger.addr())

	aque := func(pktid string) string {
		return fmt.Sprintf("AQUE%s%s%s%-100s", pktid, own, sum("ciao"), "Perche no.txt")
	}
	send(51, "QUERPKT0000000000002%s05%-20s", stranger.addr(), "PERCH")
	require.Equal(t, aque("PKT0000000000002"), stranger.next("AQUE"))
	require.Equal(t, fmt.Sprintf("QUERPKT0000000000002%s04%-20s", stranger.addr(), "PERCH"), neighbor.next("QUER"))
	send(51, "QUERPKT0000000000003%s01%-20s", stranger.addr(), "*")
	require.Equal(t, aque("PKT0000000000003"), stranger.next("AQUE"), "TTL 1 is answered")
	send(51, "QUERPKT0000000000004%s99%-20s", stranger.addr(), "nothing")
	require.Equal(t, fmt.Sprintf("QUERPKT0000000000004%s04%-20s", stranger.addr(), "nothing"), neighbor.next("QUER"),
		"TTL 1 went no further, and a TTL above ours is lowered to it")
	send(50, "QUERPKT0000000000005%s05%-20s", stranger.addr(), "%perch%")
	require.Equal(t, aque("PKT0000000000005"), stranger.next("AQUE"))
	send(51, "QUERPKT0000000000006%s05%-20s", neighbor.addr(), "perch")
	require.Equal(t, aque("PKT0000000000006"), neighbor.next("AQUE"))
	send(51, "QUERPKT0000000000002%s05%-20s", stranger.addr(), "PERCH")
	send(51, "QUERPKT0000000000007%s05%-20s", stranger.addr(), "nothing")
	require.Equal(t, fmt.Sprintf("QUERPKT0000000000007%s04%-20s", stranger.addr(), "nothing"), neighbor.next("QUER"),
		"nothing went back to where it came from, to who began it, or twice")
	stranger.none("A")
	sn.stopNode()
}

// TestSearchThroughNodesOfTheField has neighbors of every habit; the search finds what each of them answers.
func TestSearchThroughNodesOfTheField(t *testing.T) {
	closing, keeping := listenAs(t, 60, closesAfterEachPacket), listenAs(t, 61, keepsConnections)
	silent := listenAs(t, 62, neverAnswers)
	dead := freePort(t, "127.0.0.63")
	sn := startNode(t, "supernode", 33, fmt.Sprintf("search: {strategy: flood, quiet: 4s}\ndiscovery: {target: 0}\nneighbors: [\"%s:%d\", \"%s:%d\", \"%s:%d\", \"127.0.0.63:%d\"]",
		closing.ip, closing.port, keeping.ip, keeping.port, silent.ip, silent.port, dead), nil)
	me := listenAs(t, 43, keepsConnections)
	c := dialFrom(t, 43, sn.addr).say("LOGI%s", me.addr()).hear("ALGI")
	got := make([]byte, 16)
	_, err := readFull(c, got)
	require.NoError(t, err)
	start := time.Now()
	c.say("FIND%s%-20s", got, "song")
	quer := closing.next("QUER")
	require.Equal(t, fmt.Sprintf("QUER%s%s05%-20s", quer[4:20], written(sn.ip, sn.port), "song"), quer)
	require.Equal(t, quer, keeping.next("QUER"))
	at := [3]string{written("127.0.0.71", 1), written("127.0.0.72", 2), written("127.0.0.73", 3)}
	one := dialFrom(t, 60, sn.addr).say("AQUE%s%s%s%-100s", quer[4:20], at[0], md5A, "song one.mp3")
	one.say("AQUE%s%s%s%100s", quer[4:20], at[1], md5A, "song one.mp3") // another on the same connection, padded on the left
	one.Close()
	two := dialFrom(t, 61, sn.addr).say("AQUE%s%s%s%s", quer[4:20], at[2], md5B, "song two.mp3") // not padded
	two.Close()
	dialFrom(t, 61, sn.addr).say("AQUE%s%s%s%-100s", "PKT0000000000001", at[2], md5A, "song of another search.mp3")
	c.hear("AFIN002%s%-100s002", md5A, "song one.mp3")
	both := make([]byte, 120)
	_, err = readFull(c, both)
	require.NoError(t, err)
	require.ElementsMatch(t, at[:2], []string{string(both[:60]), string(both[60:])})
	c.hear("%s", hit(md5B, "song two.mp3", at[2]))
	require.Less(t, time.Since(start), 10*time.Second, "nobody's silence holds it up")
	require.NoError(t, os.WriteFile(filepath.Join(sn.share, "x"), []byte("x"), 0o600))
	sn.stopNode()
}
