package main_test

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

// The overlay tests run whole networks of supernodes, each a process at a loopback address of its own: 127.2.x.y, where
// x stands for the overlay, with its admin interface at 127.3.x.y.

// overlay is a topology of running supernodes.
type overlay struct {
	topology
	t       testing.TB
	net     int
	members []*member
	base    []*baseNode // nil: a supernode of ours is at that place
}

// member is a supernode of an overlay.
type member struct {
	*node
	ip     string
	args   []string
	config string            // its file
	files  map[string]string // what it shares: names, and its address as the protocol writes it
}

// overlayConfig is a configuration in which everything can be found from everywhere, however long a detour a packet takes.
const overlayConfig = `discovery: {target: 0, link_timeout: 2s}
search: {strategy: flood, ttl: 12, quiet: 10s}
`

// tunes are the files of member i.
func tunes(i int) []string {
	return []string{fmt.Sprintf("tune one of %02d.mp3", i), fmt.Sprintf("tune two of %02d.mp3", i)}
}

// build starts the supernodes of a topology with these lines of configuration and these files each. Where base has a node
// of the field, that one is at the place.
func build(t testing.TB, net int, top topology, lines string, files func(i int) []string, base ...*baseNode) *overlay {
	t.Helper()
	o := &overlay{topology: top, t: t, net: net, base: append(base, make([]*baseNode, top.nodes-len(base))...)}
	addresses := make([]string, top.nodes)
	for i := range top.nodes {
		addresses[i] = free(t, o.ip(i))
	}
	for i, b := range o.base {
		var neighbors []string
		for _, n := range top.neighbors(i) {
			neighbors = append(neighbors, addresses[n])
		}
		if b != nil {
			b.listen(t, addresses[i], neighbors, files(i))
			o.members = append(o.members, &member{files: b.files})
			continue
		}
		m := o.member(i, addresses[i], files(i))
		o.members = append(o.members, m)
		m.configure(lines + fmt.Sprintf("neighbors: [%s]\n", strings.Join(neighbors, ", ")))
	}
	for _, m := range o.ours() {
		m.process = start(t, m.args...)
	}
	for _, m := range o.ours() {
		m.ready()
	}
	o.linked()
	return o
}

func (o *overlay) ip(i int) string { return fmt.Sprintf("127.2.%d.%d", o.net, i+1) }

// member prepares one.
func (o *overlay) member(i int, address string, names []string) *member {
	t := o.t
	n := &node{process: &process{t: t}, dir: t.TempDir(), address: address, admin: free(t, fmt.Sprintf("127.3.%d.%d", o.net, i+1))}
	m := &member{node: n, ip: o.ip(i), config: filepath.Join(n.dir, "alakazaam.yaml"), files: make(map[string]string)}
	require.NoError(t, os.Mkdir(filepath.Join(n.dir, "shared"), 0o700))
	for _, name := range names {
		require.NoError(t, os.WriteFile(filepath.Join(n.dir, "shared", name), []byte(name), 0o600))
		m.files[name] = writtenAddress(t, address)
	}
	m.args = []string{"supernode", "--config", m.config}
	for flag, value := range map[string]string{
		"listen": n.address, "admin.listen": n.admin, "data_dir": filepath.Join(n.dir, "data"),
		"share_dir": filepath.Join(n.dir, "shared"), "download_dir": filepath.Join(n.dir, "downloads"),
	} {
		m.args = append(m.args, "--"+flag, value)
	}
	return m
}

// defaultConfig is what the program prints as its default configuration.
var defaultConfig struct {
	once sync.Once
	text string
}

// known says whether the configuration has a key.
func known(t testing.TB, section, key string) bool {
	t.Helper()
	defaultConfig.once.Do(func() { defaultConfig.text = do(t, "", "config", "default").out })
	var all map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(defaultConfig.text), &all))
	keys, ok := all[section].(map[string]any)
	require.True(t, ok, section)
	_, ok = keys[key]
	return ok
}

// unfiltered is a configuration without the routing filters of those programs that have some: they save messages.
func unfiltered(t testing.TB, lines string) string {
	t.Helper()
	if !known(t, "search", "filters") {
		return lines
	}
	return strings.Replace(lines, "search: {", "search: {filters: false, ", 1)
}

func writtenAddress(t testing.TB, address string) string {
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	return written(host, n)
}

func (m *member) configure(lines string) {
	require.NoError(m.t, os.WriteFile(m.config, []byte(lines), 0o600))
}

// reconfigure changes a part of a running member's configuration.
func (m *member) reconfigure(was, is string) {
	m.t.Helper()
	b, err := os.ReadFile(m.config)
	require.NoError(m.t, err)
	require.Contains(m.t, string(b), was)
	m.configure(strings.Replace(string(b), was, is, 1))
	before := len(m.text())
	m.signal(syscall.SIGHUP)
	m.waitForNew(before, "the configuration is reloaded")
}

// ready waits until a member serves what it shares.
func (m *member) ready() {
	m.t.Helper()
	m.waitFor("listening")
	m.waitFor("everything shared has been looked through")
}

// ours are the members that are supernodes of ours.
func (o *overlay) ours() (out []*member) {
	for i, m := range o.members {
		if o.base[i] == nil {
			out = append(out, m)
		}
	}
	return out
}

// linked waits until all members of ours that are neighbors have links, and know their other neighbors.
func (o *overlay) linked() {
	o.t.Helper()
	for i, m := range o.members {
		if o.base[i] != nil {
			continue
		}
		all, links := o.neighbors(i), 0
		for _, n := range all {
			if o.base[n] == nil {
				links++
			}
		}
		require.Eventually(o.t, func() bool {
			s, err := m.series()
			return err == nil && s["links"] == links && s["neighbors"] == len(all)
		}, 2*patience, 20*time.Millisecond, "node %d", i)
	}
}

// files are those of some members: their names, and where they are.
func (o *overlay) files(of []int) map[string]string {
	out := make(map[string]string)
	for _, i := range of {
		maps.Copy(out, o.members[i].files)
	}
	return out
}

// series are a member's metrics without their common prefix, and for each command that passes between supernodes the sums
// of what came in and went out, as in "QUER in".
func (m *member) series() (map[string]int, error) {
	r, err := http.Get("http://" + m.admin + "/metrics")
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	out := make(map[string]int)
	for line := range strings.Lines(string(b)) {
		name, value, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "alakazaam_")), " ")
		v, err := strconv.ParseFloat(value, 64)
		if !ok || err != nil {
			continue
		}
		out[name] = int(v)
		var command, direction, result string
		label := strings.NewReplacer(`{command="`, " ", `",direction="`, " ", `",result="`, " ", `"}`, "").Replace(name)
		if _, err := fmt.Sscanf(label, "packets_total %s %s %s", &command, &direction, &result); err == nil && result != "failed" {
			out[command+" "+direction] += int(v)
		}
	}
	return out, nil
}

// totals adds up the metrics of some members.
func totals(members []*member) (map[string]int, error) {
	out := make(map[string]int)
	for _, m := range members {
		s, err := m.series()
		if err != nil {
			return nil, err
		}
		for name, v := range s {
			out[name] += v
		}
	}
	return out, nil
}

// flooding are the packets that a search through links takes.
var flooding = []string{"QUER", "AQUE", "DONE"}

// settled waits until no search is under way and no packet of one, and gives the sums of the metrics.
func (o *overlay) settled() (sums map[string]int) {
	o.t.Helper()
	require.Eventually(o.t, func() bool {
		var err error
		if sums, err = totals(o.ours()); err != nil {
			return false
		}
		for _, c := range flooding {
			if sums[c+" in"] != sums[c+" out"] {
				return false
			}
		}
		return sums["searches"] == 0
	}, patience, 20*time.Millisecond)
	return sums
}
