package main_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func readFull(r io.Reader, b []byte) (int, error) { return io.ReadFull(r, b) }

// fieldSupernode answers LOGI and LOGO the way a supernode of the field does, and keeps everything else.
func fieldSupernode(closing bool) habit {
	return func(c net.Conn, got func(string)) {
		defer c.Close()
		buf := make([]byte, 1024)
		for {
			n, err := c.Read(buf)
			if n > 0 {
				got(string(buf[:n]))
				switch string(buf[:min(n, 4)]) {
				case "LOGI":
					_, _ = io.WriteString(c, "ALGISESSION0000000A1")
				case "LOGO":
					_, _ = io.WriteString(c, "ALGO002")
				case "FIND":
					fmt.Fprintf(c, "AFIN001%s", hit(md5A, "found me.txt", written("127.0.0.9", 9)))
				}
			}
			if err != nil || closing {
				return
			}
		}
	}
}

// TestPeerOnTheWire plays the supernode to a peer: one that closes after every packet, and one that keeps connections.
func TestPeerOnTheWire(t *testing.T) {
	for i, closing := range []bool{true, false} {
		t.Run(map[bool]string{true: "closes after every packet", false: "keeps connections"}[closing], func(t *testing.T) {
			s := listenAs(t, 80+i, fieldSupernode(closing))
			p := startNode(t, "peer", 90+i, fmt.Sprintf("bootstrap: [\"%s:%d\"]\ndiscovery: {window: 500ms}", s.ip, s.port),
				map[string]string{"ciao.txt": "ciao peer\n", "Perché no.txt": "no"})
			own := written(p.ip, p.port)
			supe := s.next("SUPE")
			require.Equal(t, fmt.Sprintf("SUPE%s%s04", supe[4:20], own), supe)
			asup := dialFrom(t, 80+i, p.addr).say("ASUP%s%s", supe[4:20], s.addr())
			asup.Close()
			require.Equal(t, "LOGI"+own, s.next("LOGI"))
			published := []string{s.next("ADFF"), s.next("ADFF")}
			require.ElementsMatch(t, []string{
				fmt.Sprintf("ADFFSESSION0000000A1%s%-100s", sum("ciao peer\n"), "ciao.txt"),
				"ADFFSESSION0000000A1" + sum("no") + "Perché no.txt" + strings.Repeat(" ", 86),
			}, published)

			dialFrom(t, 99, p.addr).say("RETR%s", sum("ciao peer\n")).hear("ARET00000100010ciao peer\n")
			require.Contains(t, dialFrom(t, 99, p.addr).say("RETR%s", md5A).closes(), "Sorry")
			require.Equal(t, "ALGI0000000000000000", dialFrom(t, 99, p.addr).say("LOGI%s", written("127.0.0.99", 1)).closes())
			for range 2 {
				dialFrom(t, 99, p.addr).say("SUPEPKT0000000000009%s04", written("127.0.0.99", 5000)).Close()
			}
			require.Equal(t, "SUPEPKT0000000000009"+written("127.0.0.99", 5000)+"03", s.next("SUPE"))

			require.NoError(t, os.Remove(filepath.Join(p.share, "ciao.txt")))
			require.Equal(t, "DEFFSESSION0000000A1"+sum("ciao peer\n"), s.next("DEFF"))
			require.NoError(t, os.MkdirAll(filepath.Join(p.share, "sub", "folder"), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(p.share, "sub", "folder", "new.txt"), []byte("new"), 0o600))
			require.Equal(t, fmt.Sprintf("ADFFSESSION0000000A1%s%-100s", sum("new"), "new.txt"), s.next("ADFF"))
			go p.signal(os.Interrupt)
			require.Equal(t, "LOGOSESSION0000000A1", s.next("LOGO"))
			require.Equal(t, 0, p.exit())
			s.none("SUPE")
		})
	}
}

// TestPeerStartsAlone: with nobody to be reached a peer runs, serves, and finds its supernode when there is one.
func TestPeerStartsAlone(t *testing.T) {
	port := freePort(t, "127.0.0.35")
	p := startNode(t, "peer", 95, fmt.Sprintf("bootstrap: [\"127.0.0.35:%d\"]\ndiscovery: {window: 300ms}", port), map[string]string{"a.txt": "a"})
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", p.addr)
		if err != nil {
			return false
		}
		defer c.Close()
		fmt.Fprintf(c, "RETR%s", sum("a"))
		b := make([]byte, 16)
		_, err = readFull(c, b)
		return err == nil && string(b) == "ARET00000100001a"
	}, patience, 50*time.Millisecond)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.35:%d", port))
	require.NoError(t, err)
	s := &fieldNode{t: t, in: make(chan string, 100)}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go fieldSupernode(true)(c, func(m string) { s.in <- m })
		}
	}()
	s.next("ADFF")
	p.stopNode()
}
