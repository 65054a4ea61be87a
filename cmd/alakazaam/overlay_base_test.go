package main_test

import (
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// baseNode is somebody else's supernode: it knows the base packets, one to a read, and passes floods on.
type baseNode struct {
	habits baseHabits

	ip, address string
	neighbors   []string
	files       map[string]string // names, and its address as the protocol writes it

	mu      sync.Mutex
	seen    map[string]bool   // Pktids
	found   map[string]string // by a search that it began
	heard   map[string]int    // packets, by command and the IP they came from
	garbage []string          // what is no packet of the right length
}

// baseHabits are in what the programs of the field differ.
type baseHabits struct {
	keeps   bool          // connections open after a packet
	hangsUp bool          // on whoever says what it does not know; otherwise it says nothing to that
	late    time.Duration // before it deals with a packet
	forgets bool          // which Pktids it has seen
}

func newBase(h baseHabits) *baseNode {
	return &baseNode{habits: h, seen: make(map[string]bool), found: make(map[string]string), heard: make(map[string]int)}
}

// sizes are the lengths of the packets that such a node knows.
var sizes = map[string]int{"SUPE": 82, "ASUP": 80, "QUER": 102, "AQUE": 212}

func (b *baseNode) listen(t testing.TB, address string, neighbors, names []string) {
	b.address, b.neighbors, b.files = address, neighbors, make(map[string]string)
	for _, name := range names {
		b.files[name] = writtenAddress(t, address)
	}
	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	b.ip = l.Addr().(*net.TCPAddr).IP.String()
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go b.serve(c)
		}
	}()
}

// serve takes what one read brings for one packet.
func (b *baseNode) serve(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 1024)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		packet, from := string(buf[:n]), c.RemoteAddr().(*net.TCPAddr).IP.String()
		known := b.note(packet, from)
		switch {
		case known:
			time.AfterFunc(b.habits.late, func() { b.take(packet, from) })
		case b.habits.hangsUp:
			return
		default:
			_, _ = io.Copy(io.Discard, c) // it waits for a packet that it knows
			return
		}
		if !b.habits.keeps {
			return
		}
	}
}

// note keeps what has come, and says whether it is a packet that such a node knows.
func (b *baseNode) note(packet, from string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	command := packet[:min(4, len(packet))]
	b.heard[command+" from "+from]++
	size, known := sizes[command]
	if known && len(packet) != size || !known && command != "LINK" {
		b.garbage = append(b.garbage, packet)
	}
	return known && len(packet) == size
}

// take deals with a packet.
func (b *baseNode) take(packet, from string) {
	id := packet[4:20]
	switch packet[:4] {
	case "AQUE":
		b.mu.Lock()
		b.found[strings.TrimSpace(packet[112:])] = packet[20:80]
		b.mu.Unlock()
	case "QUER":
		if b.first(id) || b.habits.forgets {
			b.answer(id, packet)
			b.passOn(packet, from)
		}
	}
}

// first says whether a Pktid is new.
func (b *baseNode) first(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.seen[id]
	b.seen[id] = true
	return !was
}

// answer sends an AQUE for each file that matches a QUER, alone on a connection, to who began it.
func (b *baseNode) answer(id, quer string) {
	text := strings.ToLower(strings.TrimSpace(quer[82:]))
	for _, name := range slices.Sorted(maps.Keys(b.files)) {
		if strings.Contains(strings.ToLower(name), text) {
			b.send(dialable(quer[20:80]), fmt.Sprintf("AQUE%s%s%s%-100s", id, b.files[name], sum(name), name))
		}
	}
}

// passOn sends a QUER with a lower TTL to the neighbors that it did not come from and that did not begin it.
func (b *baseNode) passOn(quer, from string) {
	var ttl int
	if _, err := fmt.Sscanf(quer[80:82], "%02d", &ttl); err != nil || ttl <= 1 {
		return
	}
	b.flood(fmt.Sprintf("%s%02d%s", quer[:80], ttl-1, quer[82:]), from, dialable(quer[20:80]))
}

func (b *baseNode) flood(quer string, but ...string) {
	for _, n := range b.neighbors {
		host, _, _ := net.SplitHostPort(n)
		if !slices.Contains(but, n) && !slices.Contains(but, host) {
			b.send(n, quer)
		}
	}
}

func (b *baseNode) send(to, packet string) {
	c, err := dialAs(b.ip, to)
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = io.WriteString(c, packet)
}

// dialable reads an address as the protocol writes it.
func dialable(at string) string {
	var a, b, c, d, port int
	if _, err := fmt.Sscanf(at[:15]+at[55:], "%03d.%03d.%03d.%03d%05d", &a, &b, &c, &d, &port); err != nil {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d.%d:%d", a, b, c, d, port)
}

// search begins a flood of its own.
func (b *baseNode) search(t testing.TB, text string) {
	id := fmt.Sprintf("%-16s", "BASE"+strings.ToUpper(sum(b.address)[:12]))
	require.True(t, b.first(id))
	b.flood(fmt.Sprintf("QUER%s%s05%-20s", id, writtenAddress(t, b.address), text))
}

// has waits until its search has found these.
func (b *baseNode) has(t testing.TB, want map[string]string) {
	t.Helper()
	require.Eventually(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return maps.Equal(want, b.found)
	}, patience, 20*time.Millisecond, "%s", b.address)
}

// inPeace sees that it was sent nothing that it does not know, but for one LINK from each supernode of ours.
func (b *baseNode) inPeace(t testing.TB) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(t, b.garbage)
	for what, n := range b.heard {
		if strings.HasPrefix(what, "LINK") {
			require.Equal(t, 1, n, what)
		}
	}
}

// TestMixedOverlays has nodes of the field of different habits in every position: everybody finds everything, whoever it is that
// searches, and nobody is bothered.
func TestMixedOverlays(t *testing.T) {
	t.Parallel()
	closing := baseHabits{hangsUp: true}
	silent := baseHabits{keeps: true, late: 200 * time.Millisecond}
	forgetful := baseHabits{keeps: true, hangsUp: true, late: 100 * time.Millisecond}
	const lines = `discovery: {target: 0, link_timeout: 1s}
search: {strategy: flood, ttl: 5, quiet: 3s}
`
	var all []*overlay
	for net, c := range []struct {
		what string
		topology
		base []*baseNode // nil: ours
	}{
		{"in the middle of a chain", chainOf(5), []*baseNode{nil, nil, newBase(closing), nil, nil}},
		{"at both ends of a chain", chainOf(4), []*baseNode{newBase(silent), nil, nil, newBase(closing)}},
		{"the neighbor of all", starOf(5), []*baseNode{nil, nil, newBase(forgetful), nil, newBase(silent)}},
	} {
		o := build(t, 20+net, c.topology, lines, tunes, c.base...)
		o.name = "nodes of the field " + c.what
		all = append(all, o)
	}
	found, errs := make([][]map[string]string, len(all)), make([]error, len(all))
	var together sync.WaitGroup
	for k, o := range all {
		together.Go(func() { found[k], _, errs[k] = o.fromAll(o.within(0, -1), "tune") })
		for _, b := range o.base {
			if b != nil {
				b.search(t, "tune")
			}
		}
	}
	together.Wait()
	for k, o := range all {
		require.NoError(t, errs[k], o.name)
		o.everybodyFound(found[k])
	}
}

// everybodyFound sees what the nodes have found, ours first.
func (o *overlay) everybodyFound(found []map[string]string) {
	o.t.Helper()
	all := o.within(0, -1)
	for k, i := range all {
		b := o.base[i]
		if b == nil {
			require.Equal(o.t, o.files(all), found[k], "%s: from node %d", o.name, i)
			continue
		}
		b.has(o.t, o.files(slices.DeleteFunc(slices.Clone(all), func(other int) bool { return other == i })))
		b.inPeace(o.t)
	}
}
