package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/report"
)

// tiny is an experiment that takes a few hundredths of a second.
const tiny = `version: 1
name: tiny
seeds: [1, 2]
time: { warmup: 5s, run: 10s, heal: 5s }
topology:
  supernodes: { count: 4, graph: { kind: ring } }
  peers: { count: 6 }
content: { files: 10, copies: 2 }
workload: [ { kind: find, rate: 1/s } ]
faults: [ { id: crash, kind: kill, at: 2s, restart_after: 3s, targets: supernode-1 } ]
checks: [ no-phantoms, determinism ]
matrix: { "config.supernodes.search.strategy": [flood, dynamic] }
report: { html: true, plots: [recall-time] }
`

// tinyFile writes it into a folder of the test, and gives that and the file.
func tinyFile(t *testing.T) (dir, path string) {
	dir = t.TempDir()
	path = filepath.Join(dir, "tiny.yaml")
	require.NoError(t, os.WriteFile(path, []byte(tiny), 0o644))
	return dir, path
}

// undrawn is a report without what takes time.
const undrawn = "report={html: false, plots: []}"

// small leaves one run of it.
var small = []string{"--set", "matrix={}", "--seed", "7", "--set", "checks=[no-phantoms]"}

func runTiny(t *testing.T, more ...string) (dir, out, errs string, code int) {
	dir, path := tinyFile(t)
	out, errs, code = lab(t, "", append([]string{"run", path, "--store", dir}, more...)...)
	return dir, out, errs, code
}

func TestRun(t *testing.T) {
	dir, out, errs, code := runTiny(t, append(small, "--log", "supernode-1,peers")...)
	assert.Zero(t, code, out+errs)
	assert.Empty(t, errs)
	assert.Regexp(t, `(?s)^tiny: true \(seed 7\)\n  true  faults .*no-phantoms.*recall.*report\.html\n$`, out)
	latest := filepath.Join(dir, "tiny", "latest")
	to, err := os.Readlink(latest)
	require.NoError(t, err)
	assert.Regexp(t, `^\d{8}T\d{6}Z-seed7$`, to)
	for _, name := range []string{
		"experiment.yaml", "results.json", "history.jsonl", "faults.jsonl", "metrics.csv", "bench.txt", "report.html",
		"plots/recall-time.svg", "plots/recall-time.png", "log/supernode-1.log",
	} {
		info, err := os.Stat(filepath.Join(latest, name))
		require.NoError(t, err)
		assert.Positive(t, info.Size(), name)
	}
	assert.NoFileExists(t, filepath.Join(latest, "log", "supernode-0.log"), "nobody asked for it")
	log, err := os.ReadFile(filepath.Join(latest, "log", "supernode-1.log"))
	require.NoError(t, err)
	assert.Regexp(t, `^time="2000-01-01T00:00:0\d\.\d{3}Z" level=`, string(log), "virtual time")
	results, err := report.Load(latest)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(results.Runs[0].Record.Versions.Program, "alakalab "))

	_, x, err := report.Open(latest)
	require.NoError(t, err)
	assert.Equal(t, results, x)
	suite, err := experiment.Load(experiment.Options{Path: filepath.Join(latest, "experiment.yaml")})
	require.NoError(t, err)
	assert.Len(t, suite.Runs, 1, "what is kept is what was run")
}

// A suite leaves one folder, and the same bytes whatever number of runs go on at a time.
func TestRunSuite(t *testing.T) {
	all := make(map[string][]string)
	for _, jobs := range []string{"1", "4"} {
		dir, out, errs, code := runTiny(t, "--jobs", jobs, "--set", undrawn)
		assert.Zero(t, code, out+errs)
		assert.Contains(t, out, "tiny: true (4 runs)\n")
		assert.Contains(t, out, "determinism")
		assert.Equal(t, 4, strings.Count(errs, "\n"))
		assert.Contains(t, errs, "run 3, seed 1, strategy=dynamic: true (")
		latest := filepath.Join(dir, "tiny", "latest")
		for _, name := range []string{"history-001.jsonl", "history-004.jsonl", "metrics.csv", "faults.jsonl", "bench.txt", "experiment.yaml"} {
			b, err := os.ReadFile(filepath.Join(latest, name))
			require.NoError(t, err)
			all[name] = append(all[name], string(b))
		}
		results, err := report.Load(latest)
		require.NoError(t, err)
		var traces []string
		for _, r := range results.Runs {
			traces = append(traces, r.Record.Trace)
		}
		all["traces"] = append(all["traces"], strings.Join(traces, " "))
	}
	for name, b := range all {
		assert.Equal(t, b[0], b[1], name)
	}
}

func TestRunVerdicts(t *testing.T) {
	_, out, errs, code := runTiny(t, append(small, "--quiet", "--json", "--set", undrawn, "--set", `measure.slo={find_p50: "<= 1us"}`)...)
	assert.Equal(t, 1, code, out+errs)
	assert.Empty(t, errs)
	var r report.Results
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, record.False, r.Verdict)
	_, out, _, code = runTiny(t, append(small, "--set", undrawn, "--set", `faults=[{id: disk, kind: disk, at: 5s, for: 5s, targets: supernode-1, terms: "1000*off"}]`)...)
	assert.Equal(t, 2, code, out)
	assert.Contains(t, out, "never hit")
	_, out, _, code = runTiny(t, append(small, "--set", undrawn, "--set", "checks=[durability]", "--set", "faults=[]", "--set", "workload=[]")...)
	assert.Equal(t, 2, code, out)
}

func TestRunRefuses(t *testing.T) {
	dir, path := tinyFile(t)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"run", exitUsage, "one FILE has to be named"},
		{"run a b", exitUsage, "one FILE has to be named"},
		{"run x --jobs 0", exitUsage, "--jobs has to be 1 at least"},
		{"run " + path + " --log peer-6", exitUsage, `--log: there is no node "peer-6" in this experiment`},
		{"run " + path + " --store " + path, exitFailed, "folder for results"},
		{"run " + dir + "/none.yaml", exitData, "cannot be read"},
		{"replay", exitUsage, "one FOLDER has to be named"},
		{"replay " + dir, exitData, "there are no results of an experiment"},
		{"report " + dir + "/none", exitData, "no such file"},
		{"compare " + dir, exitUsage, "2 folders have to be named, not 1"},
		{"compare " + dir + " " + dir, exitData, "there are no results of an experiment"},
		{"shrink", exitUsage, "one FOLDER of results or one FILE"},
		{"shrink " + path + " --check nothing", exitUsage, `there is no check "nothing"`},
		{"shrink " + path + " --tries 0", exitUsage, "--tries has to be 1 at least"},
		{"shrink " + path + " --run 5", exitUsage, "there is no run 5"},
		{"shrink " + dir + " --seed 7", exitUsage, "a FOLDER says what was run"},
		{"shrink " + dir, exitData, "there are no results of an experiment"},
	} {
		out, errs, code := lab(t, "", strings.Fields(c.args)...)
		assert.Equal(t, c.code, code, c.args)
		assert.Contains(t, errs, c.want, c.args)
		assert.Empty(t, out, c.args)
	}
}

// An interrupt leaves a report of what there is.
func TestRunInterrupted(t *testing.T) {
	dir, path := tinyFile(t)
	var o, e strings.Builder
	a := &app{out: &o, err: &e, signals: make(chan os.Signal, 1)}
	a.signals <- syscall.SIGTERM
	code := a.run([]string{"run", path, "--store", dir, "--set", "matrix={}", "--seed", "1", "--set", "time.run=200h", "--set", "measure.window=1h", "--set", "checks=[no-phantoms]"})
	assert.Equal(t, 143, code)
	assert.Contains(t, e.String(), "terminated: what had come of it by then is kept")
	results, err := report.Load(filepath.Join(dir, "tiny", "latest"))
	require.NoError(t, err)
	assert.True(t, results.Partial)
	assert.NotEqual(t, record.True, results.Verdict)
	assert.Equal(t, 1, results.Planned)
	assert.FileExists(t, filepath.Join(dir, "tiny", "latest", "report.html"))
}

func TestInParallel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	began := 0
	err := inParallel(ctx, 1, 10, func(context.Context, int) error {
		if began++; began == 3 {
			cancel()
		}
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 3, began, "nothing begins once it has ended")
	wrong := usagef("wrong")
	err = inParallel(context.Background(), 2, 10, func(_ context.Context, i int) error {
		if i == 1 {
			return wrong
		}
		return nil
	})
	assert.Equal(t, wrong, err)
}

func TestReplay(t *testing.T) {
	dir, out, _, code := runTiny(t, "--set", "checks=[no-phantoms]", "--quiet", "--set", undrawn)
	require.Zero(t, code, out)
	folder := filepath.Join(dir, "tiny", "latest")
	out, errs, code := lab(t, "", "replay", folder, "--quiet")
	assert.Zero(t, code, out+errs)
	assert.Equal(t, 4, strings.Count(out, ": the same, trace "), out)

	change := func(f func(r *record.Run)) {
		r, err := report.Load(folder)
		require.NoError(t, err)
		f(r.Runs[2].Record)
		b, err := json.Marshal(r)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, "results.json"), b, 0o644))
	}
	change(func(r *record.Run) { r.Figures[0].Value++ })
	out, _, code = lab(t, "", "replay", folder, "--run", "3")
	assert.Equal(t, 1, code)
	assert.Equal(t, "run 3, seed 1: different: the trace is the same, and the figures or verdicts are not\n", out)
	change(func(r *record.Run) { r.Trace = "0123" })
	out, _, code = lab(t, "", "replay", folder)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "run 3, seed 1: different: the trace was 0123, and is ")
	change(func(r *record.Run) { r.Versions.Commit = "0a1b" })
	out, _, code = lab(t, "", "replay", folder, "--run", "3")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "unknown: the trace was 0123")
	change(func(r *record.Run) { r.Partial = true })
	out, _, code = lab(t, "", "replay", folder, "--run", "3")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "it was cut short")
	_, errs, code = lab(t, "", "replay", folder, "--run", "9")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "from 1 to 4")
	change(func(r *record.Run) { r.Seed = 99 })
	_, errs, code = lab(t, "", "replay", folder)
	assert.Equal(t, exitData, code)
	assert.Contains(t, errs, "no run with seed 99 and the values of run 3")
}

func TestCompareAndReport(t *testing.T) {
	few := []string{"--set", "checks=[no-phantoms]", "--quiet", "--set", "report.plots=[]"}
	a, _, _, _ := runTiny(t, few...)
	b, _, _, _ := runTiny(t, append(few, "--set", "topology.peers.count=7", "--seed", "1,3")...)
	left, right := filepath.Join(a, "tiny", "latest"), filepath.Join(b, "tiny", "latest")
	to := filepath.Join(t.TempDir(), "a", "b")
	out, errs, code := lab(t, "", "compare", left, right, "--out", to)
	assert.Zero(t, code, errs)
	assert.Contains(t, out, "strategy=dynamic, whole\n")
	assert.Contains(t, out, "\nThe experiments differ:\n  topology.peers.count: 6 in A, 7 in B\n\nThe seeds are not the same.\n")
	assert.True(t, strings.HasSuffix(out, "compare.html\n"))
	for _, name := range []string{"compare.html", "plots/recall-time.svg", "plots/find-cdf.png"} {
		assert.FileExists(t, filepath.Join(to, name))
	}
	html, err := os.ReadFile(filepath.Join(to, "compare.html"))
	require.NoError(t, err)
	assert.Contains(t, string(html), "<li>topology.peers.count: 6 in A, 7 in B</li>")
	out, _, code = lab(t, "", "compare", left, left, "--json")
	assert.Zero(t, code)
	var c compared
	require.NoError(t, json.Unmarshal([]byte(out), &c))
	assert.NotEmpty(t, c.Rows)
	assert.Empty(t, c.Differences)
	assert.Empty(t, c.Warnings)

	page := filepath.Join(left, "report.html")
	was, err := os.ReadFile(page)
	require.NoError(t, err)
	require.NoError(t, os.Remove(page))
	out, errs, code = lab(t, "", "report", left, "--all-plots")
	assert.Zero(t, code, errs)
	assert.True(t, strings.HasSuffix(out, "report.html\n"))
	is, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, string(was), string(is))
	assert.FileExists(t, filepath.Join(left, "plots", "load-by-node.svg"))
}

func TestShrink(t *testing.T) {
	slow := []string{"--set", `measure.slo={find_p50: "<= 1us"}`, "--set", undrawn, "--quiet"}
	dir, out, _, code := runTiny(t, append(slow, small...)...)
	require.Equal(t, 1, code, out)
	smallest := filepath.Join(dir, "smallest.yaml")
	folder := filepath.Join(dir, "tiny", "latest")
	out, errs, code := lab(t, "", "shrink", folder, "--tries", "12", "--out", smallest)
	assert.Zero(t, code, errs)
	assert.Contains(t, errs, ": still false\n")
	assert.Regexp(t, `(?s)^slo is false: .*before +after\n.*supernodes +4 +\d.*faults +1 +\d.* of 12 tries made it smaller; it did not try everything\.\n`, out)
	suite, err := experiment.Load(experiment.Options{Path: smallest})
	require.NoError(t, err)
	assert.Equal(t, "tiny-shrunk", suite.Experiment.Name)
	assert.Less(t, suite.Experiment.Topology.Peers.Count, 6)
	assert.Empty(t, suite.Experiment.Checks, "slo is judged by the objectives")
	b, err := os.ReadFile(smallest)
	require.NoError(t, err)
	assert.Regexp(t, `^# The smallest .* in 12 tries, from .*latest with seed 7\.\n# It did not try everything\.\n# The check slo is false: `, string(b))
	_, errs, code = lab(t, "", "run", smallest, "--store", dir, "--quiet")
	assert.Equal(t, 1, code, "it still fails", errs)

	_, errs, code = lab(t, "", "shrink", folder, "--out", smallest)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "is there already")
	_, path := tinyFile(t)
	_, errs, code = lab(t, "", "shrink", path, "--quiet", "--set", "checks=[no-phantoms]")
	assert.Equal(t, exitData, code)
	assert.Contains(t, errs, "no check is false in any run")
	_, errs, code = lab(t, "", "shrink", folder, "--check", "no-phantoms")
	assert.Equal(t, exitData, code)
	assert.Contains(t, errs, "no-phantoms is not false in any run")
}

// Names of files are completed for experiments, of folders for results.
func TestCompletion(t *testing.T) {
	for line, want := range map[string]string{
		"run ": "yaml\nyml\n:8\n", "plan ": "yaml\nyml\n:8\n", "replay ": ":16\n", "compare a ": ":16\n", "compare a b ": ":4\n",
		"run x --engine ": "sim\nmem\nnet\n:4\n",
	} {
		args := strings.Split(line, " ")
		out, _, code := lab(t, "", append([]string{"__complete"}, args...)...)
		assert.Zero(t, code)
		assert.Equal(t, want, out, line)
	}
}
