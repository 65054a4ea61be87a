package experiment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"alakazaam/config"
)

// head is what every file begins with.
const head = "version: 1\nname: test\n"

// load reads a file, with what is set over it.
func load(text string, sets ...string) (*Suite, error) {
	return Load(Options{Path: "-", Stdin: strings.NewReader(text), Sets: sets})
}

func mustLoad(t *testing.T, text string, sets ...string) *Experiment {
	t.Helper()
	s, err := load(text, sets...)
	require.NoError(t, err)
	return s.Runs[0].Experiment
}

func TestDefaults(t *testing.T) {
	want := Default()
	want.Version, want.Name = 1, "test"
	assert.Equal(t, &want, mustLoad(t, head))
}

// The file of the documentation means what the documentation says.
func TestDocumentedFile(t *testing.T) {
	data, err := os.ReadFile("testdata/full.yaml")
	require.NoError(t, err)
	s, err := load(string(data))
	require.NoError(t, err)
	require.Len(t, s.Runs, 60)
	assert.Equal(t, map[string]string{"workload[0].ttl": "3", "topology.supernodes.graph.degree": "4"}, s.Runs[0].Set)
	assert.Equal(t, uint64(2), s.Runs[1].Seed)
	assert.Equal(t, map[string]string{"workload[0].ttl": "3", "topology.supernodes.graph.degree": "6"}, s.Runs[10].Set)
	assert.Equal(t, map[string]string{"workload[0].ttl": "7", "topology.supernodes.graph.degree": "6"}, s.Runs[59].Set)

	e := s.Runs[59].Experiment
	assert.Equal(t, Seeds{10}, e.Seeds)
	assert.Equal(t, &RandomRegular{Degree: 6}, e.Topology.Supernodes.Graph)
	assert.Equal(t, 7, e.Workload[0].Do.(*Find).TTL)
	assert.Equal(t, UpTo(3), e.Workload[1].Do.(*Download).Sources)
	assert.Equal(t, Link{Latency: Constant(20e6), Rate: 1e6}, e.Topology.Links.Peers)
	assert.Equal(t, e.Topology.Links.Default, e.Topology.Links.Supernodes)
	split := e.Faults[0].Do.(*Partition)
	assert.Equal(t, Groups{
		{"a", Targets{Supernodes: &Selector{Mode: FixedPercent, Value: 50}}}, {"b", Targets{Rest: true}},
	}, split.Groups)
	assert.Equal(t, 20*time.Second, e.Faults[1].Do.(*Kill).RestartAfter)
	assert.Equal(t, Terms{{Percent: 5, Action: "return", Errno: "EIO"}, {Percent: 100, Action: "sleep", Sleep: 20 * time.Millisecond}},
		e.Faults[2].Do.(*Disk).Terms)
	rule, ok := e.Faults[3].Rule()
	require.True(t, ok)
	assert.Equal(t, config.Size(7), rule.Attributes.AverageSize)
	assert.Equal(t, Args{"victim": "peer-17"}, e.Faults[4].Do.(*Byzantine).Args)
	assert.Equal(t, SLO{{"recall", ">=", 0.95, ">= 0.95"}, {"find_p99", "<=", 2, "<= 2s"}}, e.Measure.SLO)
	assert.Equal(t, Check{"no-phantoms", &Exemption{Except: []string{"bad-actor"}}}, e.Checks[1])
	assert.Equal(t, Check{"reflection", &Reflection{MaxBytesToStranger: 4 << 10}}, e.Checks[7])
}

func TestSet(t *testing.T) {
	text := head + "faults:\n  - {id: split, kind: partition, at: 1m, for: 1m, groups: {a: supernodes, b: rest}}\n"
	e := mustLoad(t, text, "faults[0].for=90s", "faults[split].direction=to", "topology.supernodes.graph.degree=6",
		"topology.links.default.latency={dist: exponential, mean: 30ms}", "config.peers.search.ttl=3", "engine=mem", "faults=[]")
	assert.Empty(t, e.Faults)
	assert.Equal(t, Mem, e.Engine)
	assert.Equal(t, &RandomRegular{Degree: 6}, e.Topology.Supernodes.Graph)
	assert.Equal(t, Exponential(30e6), e.Topology.Links.Peers.Latency)
	assert.Equal(t, NodeConfig{"search.ttl": "3"}, e.Config.Peers)
	f := mustLoad(t, text, "faults[0].for=90s", "faults[split].direction=to").Faults[0]
	assert.Equal(t, 90*time.Second, f.For)
	assert.Equal(t, To, f.Do.(*Partition).Direction)

	s, err := Load(Options{Path: "-", Stdin: strings.NewReader(text), Seeds: "3..5,9", Engine: "sim", Sets: []string{"name=other"}})
	require.NoError(t, err)
	require.Len(t, s.Runs, 4)
	assert.Equal(t, Seeds{3, 4, 5, 9}, s.Experiment.Seeds)
	assert.Equal(t, map[string]string{"name": "other"}, s.Runs[0].Set)
}

func TestWrongSets(t *testing.T) {
	for set, want := range map[string]string{
		"time.run":                    "--set: it has to be PATH=VALUE\n    --set time.run",
		"time..run=1m":                `--set: "time..run" is no path, such as topology.peers.count, workload[0].ttl or faults[split].for`,
		"faults[0].for=1m":            "--set: there is no list for [0]\n    --set faults[0].for=1m",
		"workload[3].rate=1/s":        "--set: there is no [3] in a list of 1",
		"workload[find].rate=1/s":     "--set: there is no [find] in a list of 1",
		"name.first=x":                `--set: "test" stands where a section with "first" would be`,
		"time.run=[":                  `--set: "[" is not YAML`,
		"time.rnu=1m":                 `--set: unknown key "time.rnu": did you mean "run"?`,
		"topology.supernodes.count=0": `--set: topology.supernodes.count has to be a whole number from 1 to 1000000, not "0"`,
	} {
		_, err := load(head+"workload: [{kind: find, rate: 1/s}]\n", set)
		require.ErrorContains(t, err, want)
	}
	_, err := Load(Options{Path: "-", Stdin: strings.NewReader(head), Seeds: "x", Engine: "simm"})
	require.ErrorContains(t, err, "--seed: seeds[0] has to be a number of 0 or more, or a range such as 1..10, not \"x\"\n    --seed x")
	require.ErrorContains(t, err, `--engine: engine has to be sim, mem or net, not "simm": did you mean "sim"?`)
}

func TestPresets(t *testing.T) {
	require.Equal(t, []string{"kazaa", "small"}, Presets())
	for _, name := range Presets() {
		e := mustLoad(t, head+"preset: "+name+"\n")
		assert.NotEmpty(t, e.Workload)
		assert.Equal(t, e.Workload, mustLoad(t, head, "preset="+name).Workload)
	}
	e := mustLoad(t, head+`preset: kazaa
topology: {supernodes: {count: 50, graph: {kind: power-law, links: 3}}}
workload: [{kind: publish, rate: 1/s}]
churn: {peers: {session: 10m}}
`)
	assert.Equal(t, Supernodes{Count: 50, Graph: &PowerLaw{Links: 3}}, e.Topology.Supernodes)
	assert.Equal(t, 15000, e.Topology.Peers.Count)
	assert.Len(t, e.Workload, 1, "a list takes the place of the preset's")
	assert.Equal(t, Constant(10*minutes), e.Churn.Peers.Session)
	assert.Equal(t, KindWeibull, e.Churn.Peers.Absence.Kind)
}

func TestMatrix(t *testing.T) {
	s, err := load(head + `
seeds: [7, 8]
workload: [{kind: find, rate: 1/s}]
matrix:
  topology.supernodes.graph: [{kind: line}, {kind: grid, width: 5}]
  "workload[0].ttl": [3, 5]
`)
	require.NoError(t, err)
	var got []string
	for _, r := range s.Runs {
		got = append(got, r.Set["topology.supernodes.graph"]+" "+r.Set["workload[0].ttl"])
	}
	assert.Equal(t, []string{
		"{kind: line} 3", "{kind: line} 3", "{kind: line} 5", "{kind: line} 5",
		"{kind: grid, width: 5} 3", "{kind: grid, width: 5} 3", "{kind: grid, width: 5} 5", "{kind: grid, width: 5} 5",
	}, got)
	assert.Equal(t, &Grid{Width: 5}, s.Runs[7].Experiment.Topology.Supernodes.Graph)
	assert.Equal(t, Seeds{8}, s.Runs[7].Experiment.Seeds)
	assert.Nil(t, s.Runs[7].Experiment.Matrix)
	assert.Len(t, s.Experiment.Matrix, 2)

	s, err = load(head+"matrix: {content.files: [1, 2]}\n", "time.run=1m", "content.files=9")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"content.files": "2", "time.run": "1m"}, s.Runs[1].Set)
	assert.Equal(t, 2, s.Runs[1].Experiment.Content.Files)
}

func TestShorthands(t *testing.T) {
	e := mustLoad(t, head+`
workload: [{kind: find, rate: 30/m, from: peer-3}]
faults:
  - {kind: isolate, at: 1m, for: 1m, targets: supernode-7}
  - {kind: isolate, at: 3m, for: 1m, targets: {peers: {names: [peer-1, peer-2]}}}
  - {kind: hold, at: 3m, for: 1m, links: {from: all, to: supernodes}}
`)
	assert.Equal(t, Frequency(0.5), e.Workload[0].Rate)
	assert.Equal(t, []string{"peer-3"}, e.Workload[0].From.Peers.Names)
	assert.Equal(t, []string{"isolate", "isolate-2", "hold"}, []string{e.Faults[0].ID, e.Faults[1].ID, e.Faults[2].ID})
	assert.Equal(t, []string{"supernode-7"}, e.Faults[0].Do.(*Isolate).Targets.Supernodes.Names)
	assert.Equal(t, everybody(), e.Faults[2].Do.(*Hold).Links.From)
}

// What a class of links leaves out is as in default, and what default leaves out as ever.
func TestLinkClasses(t *testing.T) {
	l := mustLoad(t, head+"topology: {links: {default: {loss: 5%, rate: 1mbit}, peers: {latency: 3ms, loss: 0}, downloads: }}\n").Topology.Links
	base := Link{Latency: Constant(20e6), Rate: 1e6, Loss: 0.05}
	assert.Equal(t, Links{Default: base, Supernodes: base, Peers: Link{Latency: Constant(3e6), Rate: 1e6}, Downloads: base}, l)
	l = mustLoad(t, head+"topology: {links: {peers: {loss: 1}}}\n").Topology.Links
	assert.Equal(t, Link{Latency: Constant(20e6), Loss: 1}, l.Peers)
	assert.Equal(t, Link{Latency: Constant(20e6)}, l.Default)
}

// Aliases are expanded where they stand.
func TestAliases(t *testing.T) {
	e := mustLoad(t, head+"churn: {peers: {session: &s {dist: exponential, mean: 9m}, absence: *s}}\n")
	assert.Equal(t, Exponential(9*minutes), e.Churn.Peers.Absence)
}

func TestEdgeFile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "g.txt"), []byte("# three\n0 1\n\n1 2 # last\n"), 0o600))
	path := filepath.Join(dir, "x.yaml")
	write := func(graph string) {
		text := head + "topology: {supernodes: {count: 3, graph: " + graph + "}}\n"
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("{kind: file, path: g.txt}")
	s, err := Load(Options{Path: path})
	require.NoError(t, err)
	want := &EdgeList{Path: "g.txt", Edges: Edges{{0, 1}, {1, 2}}}
	assert.Equal(t, want, s.Experiment.Topology.Supernodes.Graph)

	// What was read is in the written experiment, which needs the file no more.
	var out strings.Builder
	require.NoError(t, s.Runs[0].Experiment.Write(&out))
	assert.Equal(t, want, mustLoad(t, out.String()).Topology.Supernodes.Graph)

	for graph, message := range map[string]string{
		"{kind: file, path: none.txt}":       "no such file",
		"{kind: file, path: .}":              "it is no file of 256KiB at most",
		"{kind: file, path: x.yaml}":         `line 1 is no pair of numbers: "version: 1"`,
		"{kind: file}":                       "a graph of kind file needs a path, or edges",
		"{kind: file, edges: \"0-1 1-3\"}":   "the link 1-3 is of a supernode that is not there: they are 0 to 2",
		"{kind: file, edges: \"0-1 1-0\"}":   "the link 1-0 is there twice",
		"{kind: file, edges: \"0-1 1-1\"}":   "the link 1-1 is of a supernode with itself",
		"{kind: file, edges: \"0-1 1-2-0\"}": `"1-2-0" is no pair of numbers`,
	} {
		write(graph)
		_, err := Load(Options{Path: path})
		require.ErrorContains(t, err, message, graph)
	}
}
