package main_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestHostileCrowd holds thousands of connections open at once, and has many ask for more than they read.
func TestHostileCrowd(t *testing.T) {
	t.Parallel()
	s := besiege(t, "--limits.idle_timeout", "1m", "--transfer.upload_slots", "200")
	t.Run("crowd", func(t *testing.T) { s.under(t, func() { s.crowd(t) }) })
	t.Run("never reading", func(t *testing.T) { s.under(t, func() { s.neverReading(t) }) })
	s.calm()
	require.Zero(t, s.metric("actor_panics_total", ""))
	s.stopAll()
}

// crowd opens as many connections as it may, from many addresses, has each say something, and leaves them idle. Twice,
// so that what the first wave left behind would show in the second.
func (s *siege) crowd(t *testing.T) {
	n := atMostOpen(t, many(1000, 10000))
	var perConnection int
	before := s.resident()
	for wave := range 2 {
		open := make([]net.Conn, n)
		start := time.Now()
		err := crowd(n, 100, func(i int) error {
			c, err := dialAs(attacker(i%2500), s.address)
			if err != nil {
				return err
			}
			open[i] = c
			if err := c.SetDeadline(time.Now().Add(3 * patience)); err != nil {
				return err
			}
			b := make([]byte, 7)
			if _, err = io.WriteString(c, "LOGO0000000000000000"); err == nil {
				_, err = io.ReadFull(c, b)
			}
			if err == nil && string(b) != "ALGO000" {
				err = fmt.Errorf("heard %q", b)
			}
			return err
		})
		took := time.Since(start)
		with := s.resident()
		if c, wrong := s.connections(); err == nil && c.Incoming < n {
			err = fmt.Errorf("%d of %d connections are open, %w", c.Incoming, n, wrong)
		}
		for _, c := range open {
			if c != nil {
				c.Close()
			}
		}
		require.NoError(t, err)
		s.calm()
		perConnection = (with - before) / n
		t.Logf("wave %d: %d connections in %v; resident %d KiB before, %d KiB with them, %d KiB after: %.1f KiB a connection",
			wave, n, took.Round(time.Millisecond), before>>10, with>>10, s.resident()>>10, float64(perConnection)/1024)
	}
	if !raceEnabled {
		require.Less(t, perConnection, 40<<10)
	}
}

// atMostOpen is n, or as many as this process may have open beside what it needs itself; the node may have as many.
// Go raises the limit as far as it may.
func atMostOpen(t *testing.T, n int) int {
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	const others = 500
	if most := int(min(limit.Cur, 1<<20)) - others; most < n {
		t.Logf("only %d of %d connections: the system allows %d open files", most, n, limit.Cur)
		return most
	}
	return n
}

// neverReading asks for much and reads nothing: searches that find hundreds of files, and a big file.
func (s *siege) neverReading(t *testing.T) {
	const ip = "127.2.0.1"
	publisher, err := dialAs(ip, s.address)
	require.NoError(t, err)
	defer publisher.Close()
	id := s.publish(t, publisher, ip, many(1000, 5000))
	n := many(60, 200)
	before := s.resident()
	var open []net.Conn
	var mu sync.Mutex
	err = crowd(n, 50, func(i int) error {
		c, err := dialAs(attacker(i), s.address)
		if err != nil {
			return err
		}
		mu.Lock()
		open = append(open, c)
		mu.Unlock()
		if err := c.SetReadBuffer(4096); err != nil {
			return err
		}
		what := fmt.Sprintf("FIND%s%-20s", id, "bait")
		switch i % 3 {
		case 0:
			what = "RETR" + sum(nineThousand)
		case 1:
			what = "RETR" + sum(big)
		}
		// The node reads no further than it can answer.
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(c, strings.Repeat(what, many(300, 1000)))
		return nil
	})
	require.NoError(t, err)
	with := s.resident() // what is queued for them is at its peak
	t.Logf("%d who do not read: resident %d MiB before, %d MiB with them", n, before>>20, with>>20)
	require.Less(t, with, maxResident())
	for _, c := range open {
		c.Close()
	}
}

// publish logs in and publishes so many files, until they can be found.
func (s *siege) publish(t *testing.T, c net.Conn, ip string, files int) (session string) {
	require.NoError(t, c.SetDeadline(time.Now().Add(3*patience)))
	_, err := io.WriteString(c, "LOGI"+written(ip, 3000))
	require.NoError(t, err)
	b := make([]byte, 20)
	_, err = io.ReadFull(c, b)
	require.NoError(t, err)
	session = string(b[4:])
	var all strings.Builder
	for i := range files {
		fmt.Fprintf(&all, "ADFF%s%032x%-100s", session, i+1, fmt.Sprintf("bait %d", i))
	}
	_, err = io.WriteString(c, all.String()+"LOGO0000000000000000")
	require.NoError(t, err)
	_, err = io.ReadFull(c, b[:7])
	require.NoError(t, err)
	require.Equal(t, "ALGO000", string(b[:7]))
	return session
}

// TestHostileFloods has strangers send more of everything than is allowed, and in the name of others.
func TestHostileFloods(t *testing.T) {
	t.Parallel()
	neighbor := listenAs(t, 124, hearsOnly("QUERREPEATED"))
	s := besiege(t, "--neighbors", fmt.Sprintf("%s:%d", neighbor.ip, neighbor.port), "--limits.files_per_session", "500",
		"--limits.dials_queued", "200", "--limits.sessions", "200", "--limits.searches_per_session", "256")
	t.Run("forged logins", func(t *testing.T) { s.under(t, func() { s.forgedLogins(t) }) })
	t.Run("publications", func(t *testing.T) { s.under(t, func() { s.publications(t) }) })
	t.Run("forged queries", func(t *testing.T) { s.under(t, func() { s.forgedQueries(t) }) })
	t.Run("repeated Pktids", func(t *testing.T) { s.under(t, func() { s.repeated(t, neighbor) }) })
	t.Run("searches", func(t *testing.T) { s.under(t, func() { s.searches(t) }) })
	s.calm()
	require.Zero(t, s.metric("actor_panics_total", ""))
	s.stopAll()
}

// hearsOnly takes everything that is brought to it, in any number, and keeps what begins like this.
func hearsOnly(prefix string) habit {
	return func(c net.Conn, got func(string)) {
		defer c.Close()
		if b, _ := io.ReadAll(c); strings.HasPrefix(string(b), prefix) {
			got(string(b))
		}
	}
}

// forgedLogins logs in in the name of others, and then as more than there is room for.
func (s *siege) forgedLogins(t *testing.T) {
	n := many(200, 20000)
	require.NoError(t, crowd(n, 50, func(i int) error {
		c, err := dialAs(attacker(i%1000), s.address)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := io.WriteString(c, "LOGI"+written(fmt.Sprintf("127.4.%d.%d", i/200%200, i%200+1), 3000)); err != nil {
			return err
		}
		got, err := cutOff(c)
		if err == nil && got != "ALGI0000000000000000" {
			err = fmt.Errorf("heard %q", got)
		}
		return err
	}))
	require.GreaterOrEqual(t, s.metric("refusals_total", "verify_address"), n)
	require.Less(t, s.metric("sessions", ""), 10)

	require.NoError(t, crowd(250, 50, func(i int) error {
		c, err := dialAs(attacker(i), s.address)
		if err != nil {
			return err
		}
		defer c.Close()
		_, _ = io.WriteString(c, "LOGI"+written(attacker(i), 3000))
		b := make([]byte, 20)
		if err := c.SetReadDeadline(time.Now().Add(3 * patience)); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, b); err != nil {
			return err
		}
		if string(b[4:]) != "0000000000000000" { // and out again, so that there is room for the others
			_, err = io.WriteString(c, "LOGO"+string(b[4:]))
			if err == nil {
				_, err = io.ReadFull(c, b[:7])
			}
		}
		return err
	}))
	require.LessOrEqual(t, s.metric("sessions ", ""), 200)
}

// publications are more than a session may have.
func (s *siege) publications(t *testing.T) {
	const ip = "127.2.0.1"
	c, err := dialAs(ip, s.address)
	require.NoError(t, err)
	defer c.Close()
	n := many(5000, 100000) // no more than limits.packets_per_second lets through in twenty seconds
	before := s.metric("refusals_total", "files_per_session")
	id := s.publish(t, c, ip, n)
	require.Equal(t, n-500, s.metric("refusals_total", "files_per_session")-before)
	_, err = io.WriteString(c, "LOGO"+id)
	require.NoError(t, err)
	b := make([]byte, 7)
	_, err = io.ReadFull(c, b)
	require.NoError(t, err)
	require.Equal(t, "ALGO500", string(b))
}

// forgedQueries ask in the name of somebody who did not: they are dialed a few times each, a few at once.
func (s *siege) forgedQueries(t *testing.T) {
	const ip = "127.2.0.2"
	publisher, err := dialAs(ip, s.address)
	require.NoError(t, err)
	defer publisher.Close()
	s.publish(t, publisher, ip, 300)
	victim := listenAs(t, 125, hearsOnly("nothing"))
	deaf := freePort(t, "127.0.0.126")
	n := many(200, 10000)
	var most connections
	var watch sync.WaitGroup
	done := make(chan struct{})
	watch.Go(func() {
		pause := time.NewTicker(5 * time.Millisecond)
		defer pause.Stop()
		for {
			c, _ := s.connections()
			most.Outgoing, most.Waiting = max(most.Outgoing, c.Outgoing), max(most.Waiting, c.Waiting)
			select {
			case <-done:
				return
			case <-pause.C:
			}
		}
	})
	require.NoError(t, crowd(n, 20, func(i int) error {
		c, err := dialAs(attacker(i%1000), s.address)
		if err != nil {
			return err
		}
		defer c.Close()
		target := victim.addr()
		if i%2 == 1 {
			target = written("127.0.0.126", deaf)
		}
		_, err = fmt.Fprintf(c, "QUER%016d%s05%-20sSUPE%016d%s04LOGO0000000000000000", i, target, "bait", n+i, target)
		if err == nil {
			_, err = io.ReadFull(c, make([]byte, 7))
		}
		return err
	}))
	close(done)
	watch.Wait()
	require.LessOrEqual(t, most.Outgoing, 60, "at most a few dials at once towards an address")
	require.LessOrEqual(t, most.Waiting, 200, "limits.dials_queued")
	t.Logf("%d queries in the name of others: at most %d connections open at once, %d waiting", n, most.Outgoing, most.Waiting)
}

// repeated sends a query over and over, with a TTL that is far above what is allowed: it goes on once, and not as far.
func (s *siege) repeated(t *testing.T, neighbor *fieldNode) {
	quer := "QUERREPEATED00000000" + written("127.1.0.1", 9) + "99" + fmt.Sprintf("%-20s", "nothing like it")
	require.NoError(t, crowd(many(10, 1000), 20, func(i int) error {
		c, err := dialAs(attacker(i), s.address)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err = io.WriteString(c, strings.Repeat(quer, 50)+"LOGO0000000000000000"); err == nil {
			_, err = io.ReadFull(c, make([]byte, 7))
		}
		return err
	}))
	got := neighbor.next("QUERREPEATED")
	require.Equal(t, strings.Replace(quer, "99nothing", "04nothing", 1), got)
	neighbor.none("QUERREPEATED")
	require.GreaterOrEqual(t, s.metric("dropped_total", "duplicate"), many(10, 1000)*50-1)
}

// searches are many at once on each of many connections. Each waits for the neighbor.
func (s *siege) searches(t *testing.T) {
	const ip = "127.2.0.3"
	c, err := dialAs(ip, s.address)
	require.NoError(t, err)
	defer c.Close()
	id := s.publish(t, c, ip, 1)
	require.NoError(t, crowd(many(10, 25), 25, func(i int) error {
		c, err := dialAs(attacker(i), s.address)
		if err != nil {
			return err
		}
		defer c.Close()
		n := many(100, 1000)
		go func() { _, _ = io.WriteString(c, strings.Repeat(fmt.Sprintf("FIND%s%-20s", id, "nothing like it"), n)) }()
		if err := c.SetReadDeadline(time.Now().Add(6 * patience)); err != nil {
			return err
		}
		b := make([]byte, 7*n)
		got, err := io.ReadFull(c, b)
		if err == nil && string(b) != strings.Repeat("AFIN000", n) {
			err = fmt.Errorf("heard %.100q", b[:got])
		}
		return err
	}))
}
