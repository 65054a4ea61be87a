package main_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestHostileConnections has strangers who misuse connections in every way.
func TestHostileConnections(t *testing.T) {
	t.Parallel()
	s := besiege(t)
	t.Run("slow loris", func(t *testing.T) { s.under(t, func() { s.loris(t) }) })
	t.Run("half packets", func(t *testing.T) { s.under(t, func() { s.halves(t) }) })
	t.Run("garbage", func(t *testing.T) { s.under(t, func() { s.garbage(t) }) })
	t.Run("churn", func(t *testing.T) { s.under(t, func() { s.churn(t) }) })
	s.calm()
	require.Zero(t, s.metric("actor_panics_total", ""))
	s.stopAll()
}

func (s *siege) stopAll() {
	for _, n := range []*node{s.getter, s.owner, s.node} {
		n.ends(os.Interrupt)
	}
}

// loris sends nothing, or a byte now and then, at once or behind a whole packet.
func (s *siege) loris(t *testing.T) {
	before := s.metric("refusals_total", "slow_connection")
	n := many(300, 6000)
	err := crowd(n, n, func(i int) error {
		c, err := dialAs(attacker(i), s.address)
		if err != nil {
			return err
		}
		defer c.Close()
		said := "LOGI" + written(attacker(i), 3000)
		if i%3 == 1 {
			if _, err := io.WriteString(c, "LOGO0000000000000000"); err != nil {
				return err
			}
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			beat := time.NewTicker(time.Second / 4)
			defer beat.Stop()
			for k := 0; i%3 > 0; k++ {
				<-beat.C
				if _, err := io.WriteString(c, said[k%len(said):k%len(said)+1]); err != nil {
					return
				}
			}
		}()
		got, err := cutOff(c)
		c.Close()
		<-done
		if want := [...]string{"", "ALGO000", "ALGI0000000000000000"}[i%3]; err == nil && got != want && got != "" {
			return fmt.Errorf("heard %q instead of %q", got, want)
		}
		return err
	})
	require.NoError(t, err)
	require.GreaterOrEqual(t, s.metric("refusals_total", "slow_connection")-before, n*2/3, "counted")
}

// halves ends each kind of packet that programs of the field were seen to send, at each of its bytes, in each way.
func (s *siege) halves(t *testing.T) {
	type half struct {
		packet string
		at     int
		end    int // 0 closes, 1 resets, 2 ends this side only
	}
	var all []half
	for _, packet := range recorded(t) {
		for at := range len(packet) + 1 {
			for end := range 3 {
				if heavy || end == at%3 {
					all = append(all, half{packet, at, end})
				}
			}
		}
	}
	require.Greater(t, len(all), 800)
	err := crowd(len(all), 30, func(i int) error {
		h := all[i]
		c, err := dialAs(attacker(i%1000), s.address)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := io.WriteString(c, h.packet[:h.at]); err != nil {
			return err
		}
		switch h.end {
		case 1:
			return c.SetLinger(0)
		case 2:
			if err := c.CloseWrite(); err != nil {
				return err
			}
			got, err := cutOff(c)
			if want := dueTo(h.packet, h.at); err == nil && got != want {
				err = fmt.Errorf("%q was answered with %q", h.packet[:h.at], got)
			}
			return err
		}
		return nil
	})
	require.NoError(t, err)
}

// dueTo is what the first bytes of a packet are answered with, where nothing comes after them.
func dueTo(packet string, at int) string {
	whole := at == len(packet)
	switch part := packet[:at]; {
	case strings.HasPrefix(part, "LOGI"):
		return "ALGI0000000000000000"
	case strings.HasPrefix(part, "RETR") && whole:
		return "Sorry, the requested file is not available anymore by the selected peer.\n"
	case strings.HasPrefix(part, "RETR"):
		return "Invalid packet. Unable to reply.\n"
	case strings.HasPrefix(part, "LOGO") && whole:
		return "ALGO000"
	}
	return ""
}

// recorded gives a packet of each kind as programs of the field were seen to send it, with addresses of this machine.
func recorded(t *testing.T) []string {
	raw, err := os.ReadFile("../../gateway/wire/testdata/transcripts.json")
	require.NoError(t, err)
	var doc map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &doc))
	kinds := map[string]bool{"SUPE": true, "ASUP": true, "LOGI": true, "ADFF": true, "DEFF": true, "LOGO": true, "QUER": true, "AQUE": true, "FIND": true, "RETR": true}
	var out []string
	for _, from := range []string{"superpeer", "peer"} {
		var captures []struct{ Hex string }
		require.NoError(t, json.Unmarshal(doc[from], &captures))
		for _, c := range captures {
			b, err := hex.DecodeString(c.Hex)
			require.NoError(t, err)
			p := string(b)
			if !kinds[p[:4]] {
				continue
			}
			kinds[p[:4]] = false
			if at := strings.Index(p, "172.016."); at >= 0 {
				p = p[:at] + written("127.1.99.1", 9)[:55] + p[at+55:]
			}
			if p[:4] == "RETR" {
				p = "RETR" + md5A
			}
			out = append(out, p)
		}
	}
	require.Len(t, out, len(kinds))
	return out
}

// garbage says what makes no sense, also for as long as anybody listens.
func (s *siege) garbage(t *testing.T) {
	before := s.metric("decode_errors_total", "")
	r := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 1<<16)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	kinds := []string{
		string(noise), "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + string(noise[:512]),
		"ALGIE1ACD0A7096D4F30", "ALGO001", "AFIN001" + strings.Repeat("a", 195), "ARET00000200004abcd00002ef", "SSH-2.0-x\r\n",
		"LOGI" + strings.Repeat("A", 1<<20), "QUER" + strings.Repeat("\x00", 1<<20), "logi" + written("127.1.0.1", 1),
	}
	n := many(8, 500) * len(kinds)
	err := crowd(n, 50, func(i int) error {
		c, err := dialAs(attacker(i%1000), s.address)
		if err != nil {
			return err
		}
		defer c.Close()
		_, _ = io.WriteString(c, kinds[i%len(kinds)]) // it may be cut off in the middle
		got, err := cutOff(c)
		if err == nil && got != "" && got != "ALGI0000000000000000" {
			err = fmt.Errorf("%.20q was answered with %q", kinds[i%len(kinds)], got)
		}
		return err
	})
	require.NoError(t, err)
	require.GreaterOrEqual(t, s.metric("decode_errors_total", "")-before, n*9/10)
	s.endless(t)
}

// endless sends what is no packet and never becomes a wrong one: spaces.
func (s *siege) endless(t *testing.T) {
	spaces := []byte(strings.Repeat(" ", 1<<16))
	require.NoError(t, crowd(4, 4, func(i int) error {
		c, err := dialAs(attacker(i), s.address)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(3 * patience)); err != nil {
			return err
		}
		for {
			if _, err := c.Write(spaces); err != nil {
				if errors.Is(err, os.ErrDeadlineExceeded) {
					return err
				}
				return nil
			}
		}
	}))
}

// churn opens more connections from one address than it may have, again and again.
func (s *siege) churn(t *testing.T) {
	before := s.metric("refusals_total", "connections_per_address")
	require.NoError(t, crowd(many(500, 20000), 100, func(int) error {
		c, err := dialAs(attacker(0), s.address)
		if errors.Is(err, syscall.ECONNRESET) {
			return nil // refused before we knew that it was open
		}
		if err != nil {
			return err
		}
		_, _ = io.WriteString(c, "LOGO0000000000000000") // it may be refused meanwhile
		b := make([]byte, 64)
		_ = c.SetReadDeadline(time.Now().Add(3 * patience))
		k, _ := c.Read(b)
		got := string(b[:k])
		c.Close()
		if got != "" && got != "ALGO000" {
			return fmt.Errorf("heard %q", got)
		}
		return nil
	}))
	require.NotZero(t, s.metric("refusals_total", "connections_per_address")-before)
}
