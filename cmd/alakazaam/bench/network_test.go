package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/gateway/wire"
)

// script is what a node does with a connection.
type script func(c net.Conn)

// reads takes n bytes in.
func reads(c net.Conn, n int) string {
	b := make([]byte, n)
	n, _ = io.ReadFull(c, b)
	return string(b[:n])
}

// answers reads a packet and answers it, and closes.
func answers(n int, text string) script {
	return func(c net.Conn) {
		reads(c, n)
		_, _ = io.WriteString(c, text)
		c.Close()
	}
}

// silent takes everything in and says nothing.
func silent(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// deaf does not even read.
func deaf(net.Conn) {}

// endless says the same again and again.
func endless(head, text string) script {
	return func(c net.Conn) {
		go silent(c)
		for _, err := io.WriteString(c, head); err == nil; _, err = io.WriteString(c, text) {
			time.Sleep(time.Millisecond)
		}
	}
}

// scripted is a network in which there is one node.
func scripted(s script) *network {
	return &network{timeout: 5 * time.Second, dial: func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
		here, there := net.Pipe()
		go s(there)
		return here, nil
	}}
}

// unreachable is a network in which connecting fails.
func unreachable(err error) *network {
	return &network{timeout: 5 * time.Second, dial: func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: err}
	}}
}

func blackHole() *network {
	return &network{timeout: 5 * time.Second, dial: func(ctx context.Context, _ netip.Addr, _ netip.AddrPort) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
}

var someNames = sync.OnceValue(func() *Names { return NewNames(1) })

// a crew of one peer that is logged in.
func lonely(n *network, kept bool) (*crew, *peer) {
	e, _ := p2p.ParseEndpoint("127.0.0.9:4000")
	p := &peer{logi: (&wire.Logi{Endpoint: e}).Append(nil)}
	id, _ := p2p.ParseSessionID([]byte("ABCDEFGHIJKLMNOP"))
	p.session.Store(&id)
	if kept {
		p.pipe = newPipe(n, way{})
	}
	o := &Options{Words: 1, Files: 1, Kept: kept}
	return &crew{o: o, net: n, names: someNames(), all: []*peer{p}, peers: []*peer{p}, files: []owned{{}}}, p
}

const session = "QRSTUVWXYZ012345"

// an AFIN with one file that one peer has.
var oneFound = "AFIN001" + strings.Repeat("a", 32) + fmt.Sprintf("%-100s", "a file") + "001" +
	"127.000.000.007|0000:0000:0000:0000:0000:ffff:7f00:0007" + "03000"

// TestKinds: whatever a node does ends, and is counted for what it is, on connections of both kinds.
func TestKinds(t *testing.T) {
	const (
		none  = ""
		other = "-" // that publishes another way
	)
	login, find, publish, retr := request{op: Login}, request{op: Search}, request{op: Publish}, request{op: Download}
	for name, c := range map[string]struct {
		n          *network
		q          request
		each, kept string // kinds of failures
	}{
		"login":                  {scripted(answers(64, "ALGI"+session)), login, none, none},
		"login refused":          {scripted(answers(64, "ALGI0000000000000000")), login, failLogin, failLogin},
		"nobody listens":         {unreachable(syscall.ECONNREFUSED), login, failRefused, failRefused},
		"no route":               {unreachable(syscall.EHOSTUNREACH), login, failConnect, failConnect},
		"no port left":           {unreachable(syscall.EADDRNOTAVAIL), login, failPorts, failPorts},
		"no descriptor left":     {unreachable(syscall.EMFILE), login, failFiles, failFiles},
		"connecting takes long":  {blackHole(), login, failTimeout, failTimeout},
		"silent":                 {scripted(silent), login, failTimeout, failTimeout},
		"deaf":                   {scripted(deaf), login, failTimeout, failTimeout},
		"closes at once":         {scripted(answers(64, "")), login, failClosed, failClosed},
		"closes half way":        {scripted(answers(64, "ALGIABC")), login, failClosed, failClosed},
		"garbage":                {scripted(answers(64, "HTTP/1.1 400 Bad Request\r\n")), login, failGarbage, failGarbage},
		"another answer":         {scripted(answers(64, "ALGO000")), login, failGarbage, failGarbage},
		"malformed":              {scripted(answers(64, "ALGI"+strings.ToLower(session))), login, failGarbage, failGarbage},
		"endless spaces":         {scripted(endless(" ", "  ")), login, failTimeout, failTimeout},
		"endless AFIN":           {scripted(endless("AFIN999", strings.Repeat("a", 32)+fmt.Sprintf("%-100s", "x")+"000")), find, none, none},
		"search":                 {scripted(answers(40, oneFound)), find, none, none},
		"search, one byte short": {scripted(answers(40, oneFound[:len(oneFound)-1])), find, failClosed, failClosed},
		"search, no session":     {scripted(answers(40, "")), find, failClosed, failClosed},
		"file":                   {scripted(answers(36, "ARET00000200003abc00000")), retr, none, none},
		"empty file":             {scripted(answers(36, "ARET000000")), retr, none, none},
		"file, cut":              {scripted(answers(36, "ARET00000200003abc000")), retr, failClosed, failClosed},
		"file, refused":          {scripted(answers(36, "No such file.\n")), retr, failFile, failFile},
		"file, refused, no line": {scripted(answers(36, "Busy")), retr, failFile, failFile},
		"file, garbage":          {scripted(answers(36, "ARETx00002")), retr, failGarbage, failGarbage},
		"file that stops":        {scripted(func(c net.Conn) { reads(c, 36); _, _ = io.WriteString(c, "ARET00000200003ab") }), retr, failTimeout, failTimeout},
		"published":              {scripted(func(c net.Conn) { reads(c, 152); c.Close() }), publish, none, other},
		"published, answered":    {scripted(answers(152, "OK")), publish, failGarbage, other},
		"published, not closed":  {scripted(silent), publish, failTimeout, failTimeout},
		"published, refused":     {scripted(answers(152+64, "ALGI0000000000000000")), publish, other, failLogin},
		"published, kept":        {scripted(answers(152+64, "ALGI"+session)), publish, other, none},
	} {
		for _, kept := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				want := c.each
				if kept {
					want = c.kept
				}
				if want == other {
					return
				}
				crew, p := lonely(c.n, kept)
				began := time.Now()
				res := crew.do(t.Context(), c.q)
				got := none
				if res.err != nil {
					got = kindOf(res.err)
				}
				require.Equal(t, want, got, "%s, kept %v: %v", name, kept, res.err)
				require.LessOrEqual(t, time.Since(began), 5*time.Second, "%s, kept %v", name, kept)
				if p.pipe != nil {
					p.pipe.close()
				}
				time.Sleep(time.Second) // virtual: the node's part ends, too
			})
		}
	}
}

// TestCancelled: what this program cuts off itself counts as nothing.
func TestCancelled(t *testing.T) {
	for _, kept := range []bool{false, true} {
		for _, op := range []Operation{Login, Search, Publish, Download} {
			for _, n := range []*network{scripted(silent), scripted(deaf), blackHole()} {
				synctest.Test(t, func(t *testing.T) {
					crew, p := lonely(n, kept)
					ctx, cancel := context.WithCancel(t.Context())
					began := time.Now()
					time.AfterFunc(time.Second, cancel)
					res := crew.do(ctx, request{op: op})
					require.Equal(t, failCancelled, kindOf(res.err), "%s, kept %v: %v", op, kept, res.err)
					require.Equal(t, time.Second, time.Since(began))
					if p.pipe != nil {
						p.pipe.close()
					}
				})
			}
		}
	}
}

// TestBytes: what goes and comes is counted, also where it comes in pieces.
func TestBytes(t *testing.T) {
	for _, kept := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			crew, p := lonely(scripted(func(c net.Conn) {
				reads(c, 40)
				for _, b := range []byte(oneFound) {
					_, _ = c.Write([]byte{b})
				}
			}), kept)
			res := crew.do(t.Context(), request{op: Search})
			require.Equal(t, result{in: int64(len(oneFound)), out: 40, found: 1}, res)
			if p.pipe != nil {
				p.pipe.close()
			}
		})
	}
}

// TestPipeline: requests do not wait for answers on a kept connection, and each gets its own.
func TestPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connections := 0
		crew, p := lonely(scripted(func(c net.Conn) {
			connections++
			reads(c, 10*64) // all of them, before the first answer
			for i := range 10 {
				_, _ = fmt.Fprintf(c, "ALGIABCDEFGHIJKLMN%02d", i)
			}
			reads(c, 64)
			c.Close()
		}), true)
		got := make(chan string, 10)
		for range 10 {
			go func() {
				answer, res := p.pipe.exchange(t.Context(), p.logi)
				require.NoError(t, res.err)
				require.EqualValues(t, 64, res.out)
				got <- answer.(*wire.Algi).Session.String()
			}()
		}
		seen := make(map[string]bool)
		for range 10 {
			seen[<-got] = true
		}
		require.Len(t, seen, 10)
		require.Equal(t, failClosed, kindOf(crew.do(t.Context(), request{op: Login}).err))
		require.Equal(t, 1, connections)
		go crew.do(t.Context(), request{op: Login})
		synctest.Wait()
		require.Equal(t, 2, connections, "a broken connection is replaced")
		p.pipe.close()
	})
}

// TestPipelineStands: all who wait behind an answer that does not come are told at the same moment, and none twice.
func TestPipelineStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crew, p := lonely(scripted(silent), true)
		began, kinds := time.Now(), make(chan string, 5)
		for range 5 {
			go func() { kinds <- kindOf(crew.do(t.Context(), request{op: Login}).err) }()
		}
		for range 5 {
			require.Equal(t, failTimeout, <-kinds)
		}
		require.Equal(t, 5*time.Second, time.Since(began))
		p.pipe.close()
	})
}

// TestUnaskedAnswer: an answer that nobody has asked for makes those that follow worthless.
func TestUnaskedAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crew, p := lonely(scripted(func(c net.Conn) {
			reads(c, 64)
			_, _ = io.WriteString(c, "ALGI"+session+"ALGI"+session)
			silent(c)
		}), true)
		require.NoError(t, crew.do(t.Context(), request{op: Login}).err)
		synctest.Wait()
		require.True(t, p.pipe.line.broken())
		p.pipe.close()
	})
}

// TestRefusedKeepsSession: a login that is refused does not make a peer forget the session that it has to end.
func TestRefusedKeepsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crew, p := lonely(scripted(answers(64, "ALGI0000000000000000")), false)
		require.ErrorIs(t, crew.login(t.Context(), p).err, errLoginRefused)
		require.Equal(t, "ABCDEFGHIJKLMNOP", p.session.Load().String())
	})
}

// TestLogoutOfUncertain: a peer whose login was not answered may be logged in, and has to be logged out.
func TestLogoutOfUncertain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard []string
		crew, p := lonely(scripted(func(c net.Conn) {
			switch command := reads(c, 4); {
			case command == "LOGI" && len(heard) == 0:
				heard = append(heard, command)
				silent(c)
			case command == "LOGI":
				heard = append(heard, command)
				reads(c, 60)
				_, _ = io.WriteString(c, "ALGI"+session)
			default:
				heard = append(heard, command+reads(c, 16))
				_, _ = io.WriteString(c, "ALGO000")
			}
			c.Close()
		}), false)
		p.session.Store(nil)
		require.Equal(t, Counts{Failures: map[string]int{failTimeout: 1}}, crew.loginAll(t.Context(), func(int) {}))
		require.Empty(t, crew.peers, "it takes no part")
		require.Equal(t, Counts{OK: 1, Failures: map[string]int{}}, crew.logoutAll())
		require.Equal(t, []string{"LOGI", "LOGI", "LOGO" + session}, heard)
	})
}

func TestKindOfOther(t *testing.T) {
	require.Equal(t, failOther, kindOf(errors.New("what is this")))
	require.Equal(t, failReset, kindOf(&net.OpError{Op: "read", Err: syscall.ECONNRESET}))
	require.Equal(t, "3 timeout, 1 login refused", failuresText(map[string]int{failLogin: 1, failTimeout: 3}))
}

// TestGivesUp: at a node that answers nobody not every peer tries in vain.
func TestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crew, p := lonely(scripted(silent), false)
		for range 9 * atOnce {
			crew.all = append(crew.all, &peer{logi: p.logi})
		}
		p.session.Store(nil)
		began := time.Now()
		failed := crew.loginAll(t.Context(), func(int) {}).Failed()
		require.GreaterOrEqual(t, failed, atOnce)
		require.LessOrEqual(t, failed, 2*atOnce, "those that had begun when the first gave up")
		require.LessOrEqual(t, time.Since(began), 10*time.Second)
		require.Equal(t, failed, crew.logoutAll().Failed(), "nobody else has asked")
		require.LessOrEqual(t, time.Since(began), 10*time.Second+logoutTimeout)
	})
}

// TestPublishAll: a peer publishes on, kept or not, until something goes wrong.
func TestPublishAll(t *testing.T) {
	for kept, s := range map[bool]script{
		false: func(c net.Conn) { reads(c, 152); c.Close() },
		true: func(c net.Conn) {
			for range 2 {
				reads(c, batch*152+64)
				_, _ = io.WriteString(c, "ALGI"+session)
			}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			crew, p := lonely(scripted(s), kept)
			crew.o.Files = 2 * batch
			require.Equal(t, Counts{OK: 2 * batch, Failures: map[string]int{}}, crew.publishAll(t.Context(), func(int) {}))
			require.EqualValues(t, 2*batch, p.files.Load())
			crew.net.dial = scripted(silent).dial
			if kept {
				p.pipe.line.fail(errClosed)
			}
			require.Equal(t, Counts{Failures: map[string]int{failTimeout: 1}}, crew.publishAll(t.Context(), func(int) {}))
			if kept {
				p.pipe.close()
			}
		})
	}
}
