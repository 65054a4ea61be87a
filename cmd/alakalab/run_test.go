package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/report"
)

// tiny is an experiment that runs in a moment.
const tiny = `version: 1
name: tiny
about: Does anything happen?
seeds: [1, 2]
engine: sim
time: { warmup: 10s, run: 15s, heal: 5s }
topology:
  supernodes: { count: 4, graph: { kind: ring } }
  peers: { count: 8 }
content: { files: 10, copies: 2 }
workload:
  - { kind: find, rate: 2/s }
faults:
  - { id: crash, kind: kill, at: 5s, targets: { supernodes: { mode: fixed, value: 1 } }, restart_after: 2s }
checks: [no-phantoms, determinism]
report: { html: false, plots: [] }
`

// tinyFile writes the experiment, with other lines instead of some, and gives its path and a store beside it.
func tinyFile(t *testing.T, instead ...string) (path, store string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "tiny.yaml")
	require.NoError(t, os.WriteFile(path, []byte(strings.NewReplacer(instead...).Replace(tiny)), 0o600))
	return path, filepath.Join(dir, "store")
}

func TestRun(t *testing.T) {
	path, store := tinyFile(t, "report: { html: false, plots: [] }", "")
	out, errs, code := lab(t, "", "run", path, "--store", store)
	require.Zero(t, code, "%s%s", out, errs)
	require.Contains(t, out, "tiny: true (2 runs)\n")
	require.Contains(t, out, "determinism  of 2 runs, true 2")
	require.Contains(t, errs, "run 2 of 2, seed 2: true after ")
	latest := filepath.Join(store, "tiny", "latest")
	for _, name := range []string{
		"experiment.yaml", "results.json", "history-001-seed1.jsonl", "faults.jsonl", "metrics.csv", "bench.txt", "report.html",
	} {
		info, err := os.Stat(filepath.Join(latest, name))
		require.NoError(t, err)
		require.NotZero(t, info.Size(), name)
	}

	_, errs, code = lab(t, "", "run", path, "--store", store, "--quiet", "--seed", "7", "--set", "report.html=false")
	require.Zero(t, code, errs)
	require.Empty(t, errs)
	dir, err := os.Readlink(latest)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(dir, "-seed7"), dir)
}

// TestRunVerdicts: the exit code is that of the worst run.
func TestRunVerdicts(t *testing.T) {
	path, store := tinyFile(t, "checks: [no-phantoms, determinism]", "measure: { slo: { recall: '> 1' } }")
	out, _, code := lab(t, "", "run", path, "--store", store, "--seed", "1")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "tiny: false (1 run")

	path, store = tinyFile(t, "at: 5s", "at: 15s", "restart_after: 2s", "restart_after: 1s") // never due
	out, _, code = lab(t, "", "run", path, "--store", store, "--seed", "1")
	require.Equal(t, 65, code, out)

	path, store = tinyFile(t, "kind: kill, at: 5s, targets: { supernodes: { mode: fixed, value: 1 } }, restart_after: 2s",
		"kind: actor, action: panic, at: 5s, for: 5s, match: { actor: download }")
	out, _, code = lab(t, "", "run", path, "--store", store, "--seed", "1")
	require.Equal(t, 2, code, "a fault that never hit: %s", out)
}

// TestJobs: how many runs go on at once makes no difference to what comes of them.
func TestJobs(t *testing.T) {
	path, store := tinyFile(t, "[1, 2]", "1..4")
	results := func(jobs string) string {
		out, errs, code := lab(t, "", "run", path, "--store", store, "--jobs", jobs, "--json")
		require.Zero(t, code, errs)
		var r report.Results
		require.NoError(t, json.Unmarshal([]byte(out), &r))
		require.Len(t, r.Runs, 4)
		traces := map[string]bool{}
		for _, x := range r.Runs {
			traces[x.Record.Trace] = true
			x.Record.Versions = record.Versions{}
		}
		require.Len(t, traces, 4, "another seed is another run")
		b, err := json.Marshal(r.Runs)
		require.NoError(t, err)
		return string(b)
	}
	require.Equal(t, results("1"), results("3"))
}

// TestInterrupted: what has begun is judged as far as it has come, and never true.
func TestInterrupted(t *testing.T) {
	path, store := tinyFile(t, "run: 15s", "run: 1000h")
	var out, errs bytes.Buffer
	a := &app{out: &out, err: &errs}
	suite, err := a.load(experiment.Options{}, path)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	r := runner{app: a, store: store, jobs: 1}
	cancel()
	results, err := r.run(ctx, suite)
	require.NoError(t, err)
	require.True(t, results.Partial)
	require.Equal(t, record.Unknown, results.Verdict)

	one, err := perform(ctx, suite.Runs[0], nil, func(record.Op) {})
	require.NoError(t, err)
	require.True(t, one.Partial)
	require.NotEqual(t, record.True, one.Verdict)
	var exit *exitError
	require.ErrorAs(t, exitOf(one.Verdict, true), &exit)
	require.Equal(t, exitInterrupted, exit.code)
}

func TestReplay(t *testing.T) {
	path, store := tinyFile(t)
	_, errs, code := lab(t, "", "run", path, "--store", store, "--set", "content.files=20")
	require.Zero(t, code, errs)
	latest := filepath.Join(store, "tiny", "latest")
	out, errs, code := lab(t, "", "replay", latest)
	require.Zero(t, code, errs)
	require.Equal(t, 2, strings.Count(out, "the same seed gave the same trace"))

	file := filepath.Join(latest, "results.json")
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	results, err := report.Load(latest)
	require.NoError(t, err)
	trace := results.Runs[1].Record.Trace
	require.NoError(t, os.WriteFile(file, bytes.ReplaceAll(b, []byte(trace), []byte("0123456789abcdef")), 0o600))
	out, errs, code = lab(t, "", "replay", latest, "--run", "2")
	require.Equal(t, 1, code, errs)
	require.Contains(t, out, "the same seed gave two traces")
	_, _, code = lab(t, "", "replay", latest, "--run", "1")
	require.Zero(t, code)
	_, _, code = lab(t, "", "replay", latest, "--run", "3")
	require.Equal(t, exitUsage, code)

	require.NoError(t, os.WriteFile(file, bytes.ReplaceAll(b, []byte(trace), nil), 0o600))
	_, _, code = lab(t, "", "replay", latest)
	require.Equal(t, 2, code, "a run without a trace cannot be compared")
	_, errs, code = lab(t, "", "replay", t.TempDir())
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "there are no results of an experiment")
}

func TestCompare(t *testing.T) {
	path, store := tinyFile(t, "[1, 2]", "1..4", ", determinism", "")
	var dirs []string
	for _, ttl := range []string{"1", "4"} {
		_, errs, code := lab(t, "", "run", path, "--store", store, "--quiet", "--set", "workload[0].ttl="+ttl)
		require.Zero(t, code, errs)
		dir, err := filepath.EvalSymlinks(filepath.Join(store, "tiny", "latest"))
		require.NoError(t, err)
		dirs = append(dirs, dir)
	}
	page := filepath.Join(store, "difference.html")
	out, errs, code := lab(t, "", "compare", dirs[0], dirs[1], "--html", page)
	require.Zero(t, code, errs)
	require.Contains(t, out, "quer_per_find")
	b, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(b), "quer_per_find")
	_, errs, code = lab(t, "", "compare", dirs[0], t.TempDir())
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "there are no results of an experiment")
	_, _, code = lab(t, "", "compare", dirs[0])
	require.Equal(t, exitUsage, code)
}

// TestNowhereToWrite: it is said before anything runs.
func TestNowhereToWrite(t *testing.T) {
	path, _ := tinyFile(t, "run: 15s", "run: 1000h")
	_, errs, code := lab(t, "", "run", path, "--store", path)
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "folder for results")
	_, _, code = lab(t, "", "run", path, "--jobs", "0")
	require.Equal(t, exitUsage, code)
}
