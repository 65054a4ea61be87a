package report

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/perf/benchfmt"

	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/record/recordtest"
)

var began = time.Date(2026, 5, 4, 3, 2, 1, 0, time.FixedZone("", 7200))

// written makes the runs of the options, and writes them as a run of the laboratory does.
func written(t *testing.T, change func(*record.Run), all ...recordtest.Options) (*Folder, *Results) {
	return plotted(t, []string{}, change, all...) // plots take long
}

// plotted is written with these plots; nil is all.
func plotted(t *testing.T, plots []string, change func(*record.Run), all ...recordtest.Options) (*Folder, *Results) {
	t.Helper()
	f, err := Create(t.TempDir(), "split", began, "test", []byte("version: 1\n# <b>&\n"))
	require.NoError(t, err)
	var runs []Run
	for i, o := range all {
		r, ops := recordtest.Make(o)
		r.Verdict, r.Checks = record.True, []record.Check{{Name: "recovery", Verdict: record.True, Why: "it recovered"}}
		change(r)
		which := ""
		if len(all) > 1 {
			which = fmt.Sprint(i + 1)
		}
		h, err := f.History(which)
		require.NoError(t, err)
		for _, op := range ops {
			require.NoError(t, h.Add(op))
		}
		require.NoError(t, h.Close())
		runs = append(runs, h.Run(r))
	}
	results, err := f.Finish(runs, Output{HTML: true, Plots: plots})
	require.NoError(t, err)
	return f, results
}

func same(*record.Run) {}

func read(t *testing.T, parts ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	require.NoError(t, err)
	return b
}

func TestFolder(t *testing.T) {
	f, results := plotted(t, nil, same, recordtest.Options{Seed: 7, Rate: 1})
	require.Equal(t, "20260504T010201Z-test", filepath.Base(f.Dir), "the time is UTC")
	latest, err := filepath.EvalSymlinks(filepath.Join(filepath.Dir(f.Dir), "latest"))
	require.NoError(t, err)
	require.Equal(t, filepath.Base(f.Dir), filepath.Base(latest))
	require.Equal(t, "version: 1\n# <b>&\n", string(read(t, f.Dir, "experiment.yaml")))

	for _, path := range []string{f.Dir, latest, filepath.Join(f.Dir, "results.json")} {
		again, err := Load(path)
		require.NoError(t, err)
		require.Equal(t, results, again)
	}
	_, err = Load(filepath.Dir(f.Dir))
	require.ErrorContains(t, err, "there are no results of an experiment")

	lines := bufio.NewScanner(bytes.NewReader(read(t, f.Dir, "history.jsonl")))
	_, ops := recordtest.Make(recordtest.Options{Seed: 7, Rate: 1})
	for _, want := range ops {
		require.True(t, lines.Scan())
		var got record.Op
		require.NoError(t, json.Unmarshal(lines.Bytes(), &got))
		require.Equal(t, want, got)
	}
	require.False(t, lines.Scan())

	var fault struct {
		Run  int
		Seed uint64
		record.Fault
	}
	require.NoError(t, json.NewDecoder(bytes.NewReader(read(t, f.Dir, "faults.jsonl"))).Decode(&fault))
	require.Equal(t, results.Runs[0].Record.Faults[0], fault.Fault)
	require.EqualValues(t, []uint64{1, 7}, []uint64{uint64(fault.Run), fault.Seed})

	for _, name := range []string{"recall-time", "find-cdf", "load-by-node", "sequence"} {
		require.NoError(t, xml.Unmarshal(read(t, f.Dir, "plots", name+".svg"), new(struct{})), name)
		_, err := png.Decode(bytes.NewReader(read(t, f.Dir, "plots", name+".png")))
		require.NoError(t, err, name)
	}
	require.NoFileExists(t, filepath.Join(f.Dir, "plots", "reach-by-ttl.svg"), "nothing was varied")
}

// TestSameAgain writes the same runs twice: only the folder's name differs.
func TestSameAgain(t *testing.T) {
	o := []recordtest.Options{{Seed: 1, Rate: 1, Set: map[string]string{"a": "1", "b": "2"}}, {Seed: 2, Rate: 1}}
	first, _ := written(t, same, o...)
	second, _ := written(t, same, o...)
	err := filepath.WalkDir(first.Dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rest, _ := filepath.Rel(first.Dir, path)
			require.Equal(t, string(read(t, path)), string(read(t, second.Dir, rest)), rest)
		}
		return err
	})
	require.NoError(t, err)
}

func TestTables(t *testing.T) {
	f, results := written(t, func(r *record.Run) {
		r.Windows[20].Values["recall"] = math.NaN()
		r.Windows[20].Values["own thing"] = 3
		r.Figures = append(r.Figures, record.Figure{Metric: "recall_mttr", Phase: record.Whole, Value: math.Inf(1)})
	}, recordtest.Options{Seed: 1, Rate: 1, Set: map[string]string{"workload[0].ttl": "3"}}, recordtest.Options{Seed: 2, Rate: 1, Set: map[string]string{"workload[0].ttl": "5/ 7"}})
	rows, err := csv.NewReader(bytes.NewReader(read(t, f.Dir, "metrics.csv"))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"run", "seed", "set", "at_s", "recall", "find_p50", "find_p99", "quer_per_find", "mailbox_p99", "supernodes_up", "overlay_largest", "own thing"}, rows[0])
	require.Len(t, rows, 1+2*len(results.Runs[0].Record.Windows))
	require.Equal(t, []string{"1", "1", "ttl=3", "100", ""}, rows[21][:5], "what is no number is left out")
	require.Equal(t, "3", rows[21][11])

	r := benchfmt.NewReader(bytes.NewReader(read(t, f.Dir, "bench.txt")), "bench.txt")
	var names []string
	for r.Scan() {
		if line, ok := r.Result().(*benchfmt.Result); ok {
			names = append(names, line.Name.String())
			require.Equal(t, "sim", line.GetConfig("engine"))
			want, _ := results.Runs[0].Record.Figure("recall", record.Before)
			if got, _ := line.Value("recall"); len(names) == 1 {
				require.InDelta(t, want, got, 1e-12)
			}
		}
	}
	require.NoError(t, r.Err())
	require.Len(t, names, 8)
	require.Equal(t, "supernode-crash-and-split/workload[0].ttl=3/phase=before", names[0])
	require.Equal(t, "supernode-crash-and-split/workload[0].ttl=5__7/phase=whole", names[7])
	require.Equal(t, "higher", r.Units().Get("recall", "better").Value)
	_, defined := results.Runs[0].Record.Figure("recall_mttr", record.Whole)
	require.False(t, defined)
}

// nasty is a name that would do harm wherever it is not escaped.
const nasty = `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'&`

// TestPage parses the page: everything is there, nothing is loaded, and names are text only.
func TestPage(t *testing.T) {
	f, _ := written(t, func(r *record.Run) {
		r.Experiment, r.About = nasty, nasty
		r.Faults[0].ID, r.Faults[0].Targets, r.Faults[1].Hit = nasty, []string{nasty}, 0
		r.Checks = []record.Check{{Name: nasty, Verdict: record.False, Why: nasty, Evidence: []string{nasty}}}
		r.Overlay.Nodes[0].Name, r.Sequence[0].What, r.Trace, r.Versions.Commit = nasty, nasty, nasty, nasty
		r.Figures = append(r.Figures, record.Figure{Metric: nasty, Phase: record.Whole, Value: 1})
	}, recordtest.Options{Seed: 1, Rate: 1, Set: map[string]string{nasty: nasty}}, recordtest.Options{Seed: 2, Rate: 1, Set: map[string]string{nasty: nasty}})
	text, scripts := walk(t, read(t, f.Dir, "report.html"))
	require.Equal(t, []string{"application/json", "application/json", "", ""}, scripts)
	for _, want := range []string{nasty, "run 1, seed 1", "Verdicts", "recall", "of 2 runs, true 0, unknown 0, false 2", "60 supernodes and", "# <b>&"} {
		require.Contains(t, text, want)
	}
}

// TestPageWithoutRuns is that of a run that was cancelled at once.
func TestPageWithoutRuns(t *testing.T) {
	f, results := written(t, same)
	require.Equal(t, record.Unknown, results.Verdict)
	text, _ := walk(t, read(t, f.Dir, "report.html"))
	require.Contains(t, text, "cut short")
	require.Contains(t, text, "Nothing was measured.")
}

// TestPagePartial is that of a run that was cancelled in its middle.
func TestPagePartial(t *testing.T) {
	f, results := written(t, func(r *record.Run) {
		r.Partial, r.Verdict, r.Overlay, r.Figures, r.Sequence = true, record.Unknown, nil, nil, nil
		r.Windows, r.Faults = r.Windows[:30], r.Faults[:1]
	}, recordtest.Options{Seed: 1, Rate: 1})
	require.True(t, results.Partial)
	text, _ := walk(t, read(t, f.Dir, "report.html"))
	require.Contains(t, text, "cut short")
	require.Contains(t, text, "split")
	require.Contains(t, text, "it recovered", "of a single run, what is true is told as well")
}

// walk gives the text of a page and the types of its scripts, and requires that nothing comes from elsewhere.
func walk(t *testing.T, page []byte) (text string, scripts []string) {
	root, err := html.Parse(bytes.NewReader(page))
	require.NoError(t, err)
	policy := false
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
			text += n.Data + "\n"
		}
		if n.Type != html.ElementNode {
			continue
		}
		kind := ""
		for _, a := range n.Attr {
			require.False(t, strings.HasPrefix(a.Key, "on"), "%s has %s", n.Data, a.Key)
			if a.Key == "src" || a.Key == "href" {
				require.True(t, strings.HasPrefix(a.Val, "data:image/svg+xml;base64,"), "%s loads %.50s", n.Data, a.Val)
			}
			if a.Key == "type" {
				kind = a.Val
			}
			policy = policy || strings.HasPrefix(a.Val, "default-src 'none'")
		}
		if n.Data == "script" {
			scripts = append(scripts, kind)
			if kind != "" {
				require.True(t, json.Valid([]byte(n.FirstChild.Data)), "%.100s", n.FirstChild.Data)
			}
		}
	}
	require.True(t, policy)
	return text, scripts
}

func TestCreate(t *testing.T) {
	store := t.TempDir()
	first, err := Create(store, "x", began, "seed7", nil)
	require.NoError(t, err)
	second, err := Create(store, "x", began, "seed7", nil)
	require.NoError(t, err)
	require.Equal(t, first.Dir+"-2", second.Dir, "two in one second")
	for _, name := range [][2]string{{"../x", "a"}, {"", "a"}, {"x", "../a"}, {"a/b", "a"}, {"..", "a"}} {
		_, err := Create(store, name[0], began, name[1], nil)
		require.Error(t, err, name)
	}
	_, err = first.Finish(nil, Output{})
	require.NoError(t, err)
	_, err = second.Finish(nil, Output{})
	require.NoError(t, err)
	to, err := os.Readlink(filepath.Join(store, "x", "latest"))
	require.NoError(t, err)
	require.Equal(t, filepath.Base(second.Dir), to)
	require.NoFileExists(t, filepath.Join(second.Dir, "report.html"))
}

// TestFinishGoesOn writes what it can where something is in the way.
func TestFinishGoesOn(t *testing.T) {
	f, err := Create(t.TempDir(), "x", began, "seed7", nil)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(f.Dir, "metrics.csv"), 0o755))
	r, _ := recordtest.Make(recordtest.Options{Seed: 1, Rate: 1})
	_, err = f.Finish([]Run{{Record: r}}, Output{HTML: true, Plots: []string{"recall-time"}})
	require.ErrorContains(t, err, "metrics.csv")
	require.FileExists(t, filepath.Join(f.Dir, "report.html"))
	require.FileExists(t, filepath.Join(f.Dir, "plots", "recall-time.png"))
	require.NoFileExists(t, filepath.Join(f.Dir, "plots", "load-by-node.png"), "it was not asked for")
}

func TestSummarize(t *testing.T) {
	s := Summarize([]float64{5, 1, 3})
	require.Equal(t, 3.0, s.Median)
	require.False(t, s.Bounded(), "three seeds bound nothing")
	s = Summarize([]float64{9, 1, 8, 2, 7, 3, 6, 4, 5, 10})
	require.Equal(t, Summary{5.5, 2, 9, 10}, s, "of ten values, the second and the ninth")
	require.True(t, math.IsNaN(Summarize(nil).Median))
}

func TestTimes(t *testing.T) {
	var d Times
	require.Empty(t, d.seconds())
	for i := range 1000 {
		d.add(time.Duration(i+1) * time.Millisecond)
	}
	d.add(-time.Second)
	got := d.seconds()
	require.Len(t, got, len(Quantiles))
	require.InDelta(t, 0.5, got[50], 0.002)
	require.InDelta(t, 1, got[len(got)-1], 0.002)
}

// TestHistoryTellsErrors writes to a file that cannot be written.
func TestHistoryTellsErrors(t *testing.T) {
	f, err := Create(t.TempDir(), "x", began, "seed7", nil)
	require.NoError(t, err)
	h, err := f.History("")
	require.NoError(t, err)
	_, err = f.History("")
	require.Error(t, err, "one is there already")
	require.NoError(t, h.file.Close())
	for range 2000 {
		_ = h.Add(record.Op{Kind: "find", Text: strings.Repeat("x", 100)})
	}
	require.True(t, errors.Is(h.Close(), os.ErrClosed))
}

// TestFindsAreFromTheirIntendedStart guards against coordinated omission.
func TestFindsAreFromTheirIntendedStart(t *testing.T) {
	f, err := Create(t.TempDir(), "x", began, "seed7", nil)
	require.NoError(t, err)
	h, err := f.History("")
	require.NoError(t, err)
	require.NoError(t, h.Add(record.Op{Kind: "find", Outcome: record.OK, Intended: time.Second, Started: 3 * time.Second, Ended: 4 * time.Second}))
	require.NoError(t, h.Add(record.Op{Kind: "find", Outcome: record.Fail, Ended: time.Hour}))
	require.NoError(t, h.Add(record.Op{Kind: "publish", Outcome: record.OK, Ended: time.Hour}))
	require.NoError(t, h.Close())
	got := h.Run(&record.Run{}).Finds
	require.InDelta(t, 3, got[0], 0.003)
	require.InDelta(t, 3, got[len(got)-1], 0.003)
}

// TestVerdicts joins those of several runs: false counts more than unknown, whatever comes last.
func TestVerdicts(t *testing.T) {
	run := func(v record.Verdict) Run {
		return Run{Record: &record.Run{Verdict: v, Checks: []record.Check{{Name: "a", Verdict: v}}}}
	}
	for _, order := range [][]record.Verdict{{record.True, record.False, record.Unknown}, {record.Unknown, record.True, record.False}} {
		var runs []Run
		for _, v := range order {
			runs = append(runs, run(v))
		}
		all := verdicts(runs)
		require.Len(t, all, 1)
		require.Equal(t, record.False, all[0].Verdict)
		require.Equal(t, "of 3 runs, true 1, unknown 1, false 1", all[0].Tally)
		require.Len(t, all[0].Said, 2)
		require.Equal(t, record.False, all[0].First().Verdict, "the worst is told first")
		require.Equal(t, record.False, worst(runs))
	}
}

// TestLogs are there from the first line on, in a folder of their own for one of several runs.
func TestLogs(t *testing.T) {
	f, err := Create(t.TempDir(), "x", began, "seed7", nil)
	require.NoError(t, err)
	l := f.Logs("002")
	quiet, chatty := l.Node("peer-1"), l.Node("peer-2")
	require.NotNil(t, quiet)
	_, err = chatty.Write([]byte("hello\n"))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.Equal(t, "hello\n", string(read(t, f.Dir, "log", "002", "peer-2.log")))
	require.NoFileExists(t, filepath.Join(f.Dir, "log", "002", "peer-1.log"))

	require.NoError(t, os.WriteFile(filepath.Join(f.Dir, "log", "003"), nil, 0o644))
	l = f.Logs("003")
	_, err = l.Node("peer-1").Write([]byte("hello\n"))
	require.NoError(t, err, "a logger has nobody to tell")
	require.ErrorContains(t, l.Close(), "log: ")
}

// TestCreateInTheWay says so before the first run.
func TestCreateInTheWay(t *testing.T) {
	store := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(store, "x"), nil, 0o644))
	_, err := Create(store, "x", began, "seed7", []byte("x"))
	require.ErrorContains(t, err, "folder for results")
}

// TestPlanned is of runs that were to be made and were not.
func TestPlanned(t *testing.T) {
	r, _ := recordtest.Make(recordtest.Options{Seed: 1, Rate: 1})
	r.Verdict = record.True
	require.Equal(t, record.True, newResults(began, []Run{{Record: r}}, 1).Verdict)
	cut := newResults(began, []Run{{Record: r}}, 2)
	require.True(t, cut.Partial)
	require.Equal(t, record.Unknown, cut.Verdict)
	r.Verdict = record.False
	require.Equal(t, record.False, newResults(began, []Run{{Record: r}}, 2).Verdict, "what is false stays so")
}
