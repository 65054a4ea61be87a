package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/config"
	"alakazaam/gateway/wire"
)

// BenchmarkIsolation measures what a flood from one address, with the default limits, does to another address' requests:
// how long a FIND among 10,000 files and a LOGI on a new connection take in turns of quiet and flood. "p99-factor" is
// what the slowest hundredth takes longer under the flood.
func BenchmarkIsolation(b *testing.B) {
	for _, flood := range []struct {
		name string
		send func(i int, id p2p.SessionID) []byte
	}{
		{"nothing", nil},
		{"LOGI", func(i int, _ p2p.SessionID) []byte {
			return (&wire.Logi{Endpoint: loopback(2, 3000+i%60)}).Append(nil)
		}},
		{"ADFF", func(i int, id p2p.SessionID) []byte {
			return (&wire.Adff{Session: id, File: p2p.FileID{1, byte(i >> 8), byte(i)}, Name: "flood"}).Append(nil)
		}},
		{"FIND", func(_ int, id p2p.SessionID) []byte {
			text, _ := p2p.NewSearchText("number")
			return (&wire.Find{Session: id, Text: text}).Append(nil)
		}},
		{"QUER", func(i int, _ p2p.SessionID) []byte {
			text, _ := p2p.NewSearchText("number")
			return (&wire.Quer{ID: packetID(i), Origin: loopback(2, 9), TTL: 1, Text: text}).Append(nil)
		}},
		{"garbage", func(int, p2p.SessionID) []byte { return []byte("garbage, and more of it") }},
		{"connections", func(int, p2p.SessionID) []byte { return nil }},
	} {
		b.Run(flood.name, func(b *testing.B) { isolation(b, flood.send) })
	}
}

func isolation(b *testing.B, send func(int, p2p.SessionID) []byte) {
	s := serveWith(b, config.Default())
	var honest net.Conn
	var id p2p.SessionID
	for i := range 10 { // from many addresses, so that the limits do not hold this up
		honest, id = s.loginAs(b, 10+i)
		publish(b, honest, id, i*1000, 1000)
	}
	_, bad := s.loginAs(b, 2)
	text, _ := p2p.NewSearchText("number 4711")
	find, answer := (&wire.Find{Session: id, Text: text}).Append(nil), make([]byte, 7+135+60)
	login := (&wire.Logi{Endpoint: loopback(19, 3000)}).Append(nil)
	ask := func() time.Duration {
		start := time.Now()
		_, err := honest.Write(find)
		if err == nil {
			_, err = io.ReadFull(honest, answer)
		}
		require.NoError(b, err)
		c := dialFrom(b, 19, s.addr)
		defer c.Close()
		_, err = c.Write(login)
		if err == nil {
			_, err = io.ReadFull(c, answer[:20])
		}
		require.NoError(b, err)
		return time.Since(start)
	}
	const turn = 50
	var quiet, flooded []time.Duration
	b.ResetTimer()
	for len(quiet) < max(b.N, turn) {
		for range turn {
			quiet = append(quiet, ask())
			time.Sleep(time.Millisecond) // the rate of a busy peer, below its own limits
		}
		stop := func() {}
		if send != nil {
			stop = floodFrom(b, s.addr, bad, send)
		}
		for range turn {
			flooded = append(flooded, ask())
			time.Sleep(time.Millisecond)
		}
		stop()
	}
	b.StopTimer()
	at := func(all []time.Duration, part float64) float64 {
		slices.Sort(all)
		return all[int(part*float64(len(all)-1))].Seconds() * 1e3
	}
	b.ReportMetric(at(quiet, 0.99), "quiet-p99-ms")
	b.ReportMetric(at(flooded, 0.5), "p50-ms")
	b.ReportMetric(at(flooded, 0.99), "p99-ms")
	b.ReportMetric(at(flooded, 0.99)/at(quiet, 0.99), "p99-factor")
	b.ReportMetric(0, "ns/op")
}

// floodFrom sends what send makes over 16 connections from 127.0.0.2, ten times as much as the limits let through, and
// connects again whenever one ends, until stop is called. It is made before, so that the flood costs the node's
// processors little itself.
func floodFrom(b *testing.B, addr string, id p2p.SessionID, send func(int, p2p.SessionID) []byte) (stop func()) {
	const together = 50
	var pieces [200][]byte
	for i := range pieces {
		for j := range together {
			pieces[i] = append(pieces[i], send(i*together+j, id)...)
		}
	}
	ctx, cancel := context.WithCancel(b.Context())
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	pause := 16 * together * time.Second / (10 * config.DefaultPacketsPerSecond)
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			for i := n; ctx.Err() == nil; {
				c, err := dialer.DialContext(ctx, "tcp", addr)
				if err == nil {
					_ = c.(*net.TCPConn).SetLinger(0) // what is not sent when it ends is of no interest
					over := context.AfterFunc(ctx, func() { c.Close() })
					all.Go(func() { _, _ = io.Copy(io.Discard, c) })
					for err == nil {
						if _, err = c.Write(pieces[i%len(pieces)]); len(pieces[0]) == 0 {
							break // connections are all it wants
						}
						i += 16
						time.Sleep(pause)
					}
					over()
					c.Close()
				}
				time.Sleep(pause / together)
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// loopback is an endpoint at 127.0.0.host.
func loopback(host, port int) p2p.Endpoint {
	e, err := p2p.ParseEndpoint(fmt.Sprintf("127.0.0.%d:%d", host, port))
	if err != nil {
		panic(err)
	}
	return e
}

func packetID(i int) p2p.PacketID {
	id, err := p2p.ParsePacketID(fmt.Appendf(nil, "%016d", i))
	if err != nil {
		panic(err)
	}
	return id
}

func dialFrom(b testing.TB, host int, addr string) net.Conn {
	c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(host))}}).Dial("tcp", addr)
	require.NoError(b, err)
	return c
}

// loginAs gives a connection with a session from 127.0.0.host.
func (s *served) loginAs(b testing.TB, host int) (net.Conn, p2p.SessionID) {
	c := dialFrom(b, host, s.addr)
	b.Cleanup(func() { c.Close() })
	_, err := c.Write((&wire.Logi{Endpoint: loopback(host, 3000)}).Append(nil))
	require.NoError(b, err)
	answer := make([]byte, 20)
	_, err = io.ReadFull(c, answer)
	require.NoError(b, err)
	id, err := p2p.ParseSessionID(answer[4:])
	require.NoError(b, err)
	return c, id
}
