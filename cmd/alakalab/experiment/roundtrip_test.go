package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/config"
)

// again writes an experiment and reads it back.
func again(t require.TestingT, e *Experiment) *Experiment {
	var out strings.Builder
	require.NoError(t, e.Write(&out))
	s, err := load(out.String())
	require.NoError(t, err, out.String())
	return s.Experiment
}

// generator makes files of pieces that go together.
type generator struct{ *rapid.T }

func (g generator) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(g.T, label)
}

func (g generator) number(label string, low, high int) int {
	return rapid.IntRange(low, high).Draw(g.T, label)
}

// maybe gives text half of the time.
func (g generator) maybe(text string) string {
	if rapid.Bool().Draw(g.T, "maybe") {
		return text
	}
	return ""
}

func (g generator) duration() string {
	return fmt.Sprintf("%d%s", g.number("duration", 1, 5000), g.pick("unit", "ms", "s", "us", "m"))
}

func (g generator) distribution() string {
	a, b := g.number("a", 1, 1000), g.number("b", 0, 1000)
	return g.pick("distribution",
		fmt.Sprintf("%dms", a), fmt.Sprintf("{dist: constant, value: %dus}", a),
		fmt.Sprintf("{dist: uniform, min: %dms, max: %dms}", a, a+b), fmt.Sprintf("{dist: exponential, mean: %dms, max: 1h}", a),
		fmt.Sprintf("{dist: lognormal, median: %dms, p95: %dms}", a, a+b), fmt.Sprintf("{dist: lognormal, median: %dns}", a),
		fmt.Sprintf("{dist: weibull, shape: 0.%d, mean: %dms, min: 1ns}", 10+b/20, a), fmt.Sprintf("{dist: pareto, shape: 1.%d, mean: %dms}", a, a),
	)
}

func (g generator) graph() string {
	return g.pick("graph", "{kind: gnp, degree: 3.5}", "{kind: random-regular, degree: 6}", "{kind: power-law, links: 2}", "{kind: grid}",
		"{kind: grid, width: 7}", "{kind: line}", "{kind: ring}", "{kind: star}", "{kind: tree, children: 4}", "{kind: total}",
		`{kind: file, edges: "0-1 2-29"}`)
}

func (g generator) nodes() string {
	return g.pick("nodes", "supernodes", "all", "supernode-29", "{supernodes: {mode: one, where: degree=min}}", "peers",
		fmt.Sprintf("{supernodes: {mode: fixed, value: %d}, peers: {mode: all}}", g.number("fixed", 1, 30)),
		fmt.Sprintf("{peers: {mode: fixed-percent, value: %d.5}}", g.number("percent", 1, 99)), "{peers: {names: [peer-3, peer-49]}}")
}

func (g generator) fault() string {
	kinds := Kinds()
	k := kinds[g.number("kind", 0, len(kinds)-1)]
	if k.Name == "freeze" || k.Name == "full-disk" || k.Name == "descriptors" {
		k = kinds[0]
	}
	text := k.Example
	if rapid.Bool().Draw(g.T, "whole example") {
		return text
	}
	links := fmt.Sprintf("{from: %s, to: %s}", g.nodes(), g.nodes())
	return g.pick("fault",
		fmt.Sprintf("- {kind: network, at: 1m, for: 2m, links: %s, delay: %s, loss: %d%%, corruption: 0.001, rate: %dkbit}\n",
			links, g.distribution(), g.number("loss", 1, 100), g.number("rate", 1, 99999)),
		fmt.Sprintf("- {kind: flap, at: %s, for: 2m, links: %s, up: %s, down: %s}\n", g.pick("at", "0s", "1ms"), links, g.distribution(), g.distribution()),
		fmt.Sprintf("- {kind: kill, at: 1m, for: 2m, every: %dms, targets: %s, data: lose}\n", g.number("every", 10, 9999), g.nodes()),
		fmt.Sprintf("- {kind: disk, at: 1m, for: 2m, targets: %s, point: store.read, terms: \"%d%%3*torn->return(ENOSPC)->off\"}\n", g.nodes(), g.number("percent", 1, 100)),
		fmt.Sprintf("- {kind: clock, at: 1m, targets: %s, jump: -%s, speed: 1.%d}\n", g.nodes(), g.duration(), g.number("speed", 1, 999)),
		fmt.Sprintf("- {kind: actor, at: 1m, for: 2m, action: %s, match: {probability: 0.%d}}\n", g.pick("action", "drop", "panic", "stop"), g.number("p", 1, 99999)),
	)
}

func (g generator) file() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("version: 1\nname: %s", rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?`).
		Filter(func(s string) bool { return strings.ContainsAny(s, "bcdfghijklm") }).Draw(g.T, "name"))
	say("about: %s", config.QuoteYAML(rapid.StringMatching(`[ -~äß…]{1,40}`).Draw(g.T, "about")))
	say("seeds: [%d, %d..%d]", g.number("seed", 0, 9), 10+g.number("low", 0, 9), 20+g.number("high", 0, 90))
	b.WriteString(g.maybe("engine: sim\npreset: small\n"))
	say("time: {warmup: %s, run: 24h, heal: %s}", g.duration(), g.duration())
	say("topology:\n  supernodes: {count: 30, graph: %s}\n  peers: {count: 50, attach: even}", g.graph())
	say("  links: {default: {latency: %s, loss: 0.%d}, peers: {rate: %dbit}}", g.distribution(), g.number("loss", 0, 999), g.number("rate", 1, 1<<40))
	say("content: {files: %d, copies: {dist: zipf, s: 0.%d, mean: 3}, size: {dist: lognormal, median: %dB}}", g.number("files", 1, 999), g.number("s", 0, 99), g.number("size", 1, 1<<40))
	say("churn: {%s}", g.maybe("peers: {session: "+g.distribution()+", absence: "+g.distribution()+"}"))
	say("workload: [{kind: find, rate: %d/%s, from: %s, ttl: %d}, {kind: download, rate: 0.3/s}]", g.number("per", 1, 1000), g.pick("time", "s", "m", "h"),
		g.pick("from", "peers", "peer-3", "{peers: {mode: fixed, value: 7}}"), g.number("ttl", 0, 99))
	say("config: {supernodes: {search: {ttl: %d, filters: false}, access: {deny: [\"192.0.2.0/24\", 192.0.2.9]}}}", g.number("ttl", 1, 99))
	say("faults:")
	ids := map[string]bool{}
	for range g.number("faults", 0, 6) {
		f := g.fault()
		if _, id, named := strings.Cut(f, "id: "); !named || !ids[strings.Fields(id)[0]] {
			b.WriteString(f)
			if named {
				ids[strings.Fields(id)[0]] = true
			}
		}
	}
	say("measure: {window: 1s, slo: {recall: \">= 0.%d\", bytes: \"<4KiB\", find_p99: '> 30ms'}}", g.number("slo", 0, 999))
	say("checks: [no-crosstalk, {bounded: {mailbox_p99: %d}}, {quota: {max_slowdown: 5%%}}]", g.number("mailbox", 0, 9999))
	if rapid.Bool().Draw(g.T, "matrix") {
		say("matrix: {\"workload[0].ttl\": [%d, 99], "+
			"topology.links.default: [{rate: 1mbit}, {latency: %s}]}", g.number("axis", 0, 98), g.distribution())
	}
	return b.String()
}

// What is written is read as the same, with its matrix and without.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := generator{t}.file()
		s, err := load(text)
		require.NoError(t, err, text)
		require.Equal(t, s.Experiment, again(t, s.Experiment))
		run := s.Runs[len(s.Runs)-1].Experiment
		require.Equal(t, run, again(t, run))
	})
}

// What the experiments of the tests and the presets are written as, is read as the same.
func TestRoundTripOfFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	require.NoError(t, err)
	for _, path := range append(files, "../new.yaml") {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		s, err := load(strings.Replace(string(data), "name: NAME", "name: name", 1))
		require.NoError(t, err, path)
		assert.Equal(t, s.Experiment, again(t, s.Experiment), path)
	}
	for _, name := range Presets() {
		e := mustLoad(t, head+"preset: "+name)
		assert.Equal(t, e, again(t, e))
	}
}
