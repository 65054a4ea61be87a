package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestHostileLinks has neighbors who misuse their links.
func TestHostileLinks(t *testing.T) {
	t.Parallel()
	s := besiege(t, "--search.window", "5s")
	t.Run("queries", func(t *testing.T) {
		if p99 := s.under(t, func() { s.linkQueries(t) }); !raceEnabled {
			require.Less(t, p99, time.Second)
		}
	})
	t.Run("answers", func(t *testing.T) { s.under(t, func() { s.linkAnswers(t) }) })
	t.Run("never reading", func(t *testing.T) { s.under(t, func() { s.linkNeverReads(t) }) })
	t.Run("links that come and go", func(t *testing.T) { s.under(t, func() { s.linksComeAndGo(t) }) })
	s.calm()
	require.Zero(t, s.metric("actor_panics_total", ""))
	s.stopAll()
}

// linkSizes are the lengths of what comes over a link of version 1.
var linkSizes = map[string]int{"SUPE": 82, "ASUP": 80, "QUER": 102, "AQUE": 212, "DONE": 21, "PING": 20, "PONG": 47}

// linkAs asks for a link of version 1, which brings no routing filters, and takes the answer.
func linkAs(ip, to string) (*net.TCPConn, error) {
	c, err := dialAs(ip, to)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 76)
	if _, err = io.WriteString(c, "LINK01"+written(ip, 3000)); err == nil {
		_, err = io.ReadFull(c, b)
	}
	if err == nil && string(b[:6]) != "ALNK02" {
		err = fmt.Errorf("LINK was answered with %q", b)
	}
	if err != nil {
		c.Close()
	}
	return c, err
}

// hearLink reads what comes over a link until it ends, and hands each packet on. PINGs it answers itself.
func hearLink(c net.Conn, heard func(packet string)) error {
	in := bufio.NewReader(c)
	for {
		command, err := in.Peek(4)
		if err != nil {
			return nil
		}
		size, ok := linkSizes[string(command)]
		if !ok {
			return fmt.Errorf("%q came over a link", command)
		}
		b := make([]byte, size)
		if _, err := io.ReadFull(in, b); err != nil {
			return nil
		}
		if string(b[:4]) == "PING" {
			if _, err := io.WriteString(c, "PONG"+string(b[4:])+strings.Repeat("9", 27)); err != nil {
				return nil
			}
		}
		heard(string(b))
	}
}

// linkQueries sends QUERs over links as fast as they are taken. Each gets its DONE.
func (s *siege) linkQueries(t *testing.T) {
	const links = 3
	n := many(2000, 50000)
	require.NoError(t, crowd(links, links, func(i int) error {
		ip := attacker(i)
		c, err := linkAs(ip, s.address)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(4 * patience)); err != nil {
			return err
		}
		var write sync.Mutex
		say := func(what string) {
			write.Lock()
			defer write.Unlock()
			_, _ = io.WriteString(c, what)
		}
		go func() {
			for k := range n {
				say(fmt.Sprintf("QUER%016d%s05%-20s", i*n+k, written(ip, 3000), "prize"))
			}
		}()
		done := make(map[string]int)
		wrong := hearLink(c, func(packet string) {
			switch id := packet[4:20]; packet[:4] {
			case "QUER":
				say("DONE" + id + "C")
			case "DONE":
				if done[id]++; len(done) == n {
					c.CloseWrite()
				}
			}
		})
		for id, times := range done {
			if times != 1 {
				return fmt.Errorf("%d DONEs for %s", times, id)
			}
		}
		if len(done) != n {
			return fmt.Errorf("%d DONEs for %d QUERs, %w", len(done), n, wrong)
		}
		return wrong
	}))
}

// linkAnswers answers one search with far more than fits, each under another owner's address, and says a hundred times that
// it has finished.
func (s *siege) linkAnswers(t *testing.T) {
	const ip = "127.2.0.4"
	n := many(10000, 1000000)
	before := s.metric("dropped_total", "past_limit")
	link, err := linkAs(ip, s.address)
	require.NoError(t, err)
	defer link.Close()
	var asked atomic.Bool
	go func() {
		_ = hearLink(link, func(packet string) {
			if packet[:4] != "QUER" {
				return
			}
			if id := packet[4:20]; strings.Contains(packet, "forgery") && !asked.Swap(true) {
				out := bufio.NewWriterSize(link, 64<<10)
				for i := range n {
					fmt.Fprintf(out, "AQUE%s%s%032x%-100s", id, written(attacker(i%60000), 3000), i, fmt.Sprintf("forgery %d", i))
				}
				out.Flush()
			}
			_, _ = io.WriteString(link, strings.Repeat("DONE"+packet[4:20]+"C", 100))
		})
	}()
	c, err := dialAs(ip, s.address)
	require.NoError(t, err)
	defer c.Close()
	id := s.publish(t, c, ip, 0)
	require.NoError(t, c.SetDeadline(time.Now().Add(2*patience)))
	_, err = fmt.Fprintf(c, "FIND%s%-20s", id, "forgery")
	require.NoError(t, err)
	b := make([]byte, 7+200*(135+60))
	_, err = io.ReadFull(c, b)
	require.NoError(t, err)
	require.Equal(t, "AFIN200", string(b[:7]))
	require.True(t, asked.Load())
	require.Greater(t, s.metric("dropped_total", "past_limit"), before)
	t.Logf("%d answers to one search: resident %d MiB", n, s.resident()>>20)
}

// linksComeAndGo opens links and drops them, from many addresses and again and again from one.
func (s *siege) linksComeAndGo(t *testing.T) {
	var agreed atomic.Int64
	n := many(300, 5000)
	require.NoError(t, crowd(n, 20, func(i int) error {
		ip := attacker(100 + i%150)
		if i%2 == 0 {
			ip = attacker(99)
		}
		c, err := dialAs(ip, s.address)
		if err != nil {
			return err
		}
		defer c.Close()
		b := make([]byte, 4)
		if _, err = io.WriteString(c, "LINK01"+written(ip, 3000)); err == nil && i%3 > 0 {
			_, _ = io.ReadFull(c, b)
		}
		if string(b) == "ALNK" {
			agreed.Add(1)
		}
		if i%3 == 1 {
			_ = c.SetLinger(0)
		}
		return err
	}))
	require.NotZero(t, agreed.Load())
	require.LessOrEqual(t, s.metric("actors{", `kind="neighbor"`), 50, "discovery.max")
}

// linkNeverReads asks and asks, and reads nothing: what waits for it is bounded, and in the end the link is closed.
func (s *siege) linkNeverReads(t *testing.T) {
	const ip = "127.2.0.5"
	publisher, err := dialAs(ip, s.address)
	require.NoError(t, err)
	defer publisher.Close()
	s.publish(t, publisher, ip, 300)
	c, err := linkAs(ip, s.address)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetReadBuffer(4096))
	require.NoError(t, c.SetWriteDeadline(time.Now().Add(2*patience)))
	before, lost := s.resident(), s.metric("links_lost_total", "")
	for k := 0; err == nil && k < many(20000, 200000); k++ {
		_, err = fmt.Fprintf(c, "QUERDEAF%012d%s01%-20s", k, written(ip, 3000), "bait")
	}
	// On a machine so busy that its answers are slow to come, it may be given up before they fill its queue.
	require.Eventually(t, func() bool {
		return s.metric("refusals_total", "link_queue") > 0 || s.metric("links_lost_total", "") > lost
	}, patience, 50*time.Millisecond)
	t.Logf("a link that is not read: resident %d MiB before, %d MiB with it", before>>20, s.resident()>>20)
}
