package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/perf/benchfmt"

	"alakazaam/cmd/alakalab/record"
)

// faultLines is faults.jsonl: the ledgers of all runs.
func faultLines(r *Results) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	for i, run := range r.Runs {
		for _, f := range run.Record.Faults {
			line := struct {
				Run  int    `json:"run"` // as they stand in results.json, from 1
				Seed uint64 `json:"seed"`
				record.Fault
			}{i + 1, run.Record.Seed, f}
			_ = enc.Encode(line) // neither a buffer nor numbers and texts make an error
		}
	}
	return out.Bytes()
}

// metricLines is metrics.csv: a line for each window of each run, times in seconds. What is undefined is empty.
func metricLines(r *Results) []byte {
	have := make(map[string]bool)
	for _, run := range r.Runs {
		for _, w := range run.Record.Windows {
			for name := range w.Values {
				have[name] = true
			}
		}
	}
	metrics := ordered(have)
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	head := []string{"run", "seed", "set", "at_s"}
	for _, m := range metrics {
		head = append(head, m.Name)
	}
	_ = w.Write(head) // a buffer takes everything
	varied := Varied(Sets(r.Runs))
	for i, run := range r.Runs {
		set := varied.Label(run.Record.Set)
		for _, win := range run.Record.Windows {
			line := []string{
				strconv.Itoa(i + 1), strconv.FormatUint(run.Record.Seed, 10), set, number(win.At.Seconds()),
			}
			for _, m := range metrics {
				cell := ""
				if v, ok := win.Values[m.Name]; ok {
					cell = number(v)
				}
				line = append(line, cell)
			}
			_ = w.Write(line)
		}
	}
	w.Flush()
	return out.Bytes()
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// benchLines is bench.txt, for benchstat: a line for each run and phase, the metrics being units.
func benchLines(r *Results) []byte {
	var out bytes.Buffer
	w := benchfmt.NewWriter(&out)
	for _, m := range MetricsOf(r.Runs) {
		if m.Better != "" {
			_ = w.Write(&benchfmt.UnitMetadata{
				UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: m.Name, Key: "better"}, OrigUnit: m.Name, Value: m.Better,
			})
		}
	}
	for _, run := range r.Runs {
		for _, phase := range phases {
			if line := benchLine(run.Record, phase); len(line.Values) > 0 {
				_ = w.Write(line)
			}
		}
	}
	return out.Bytes()
}

func benchLine(r *record.Run, phase string) *benchfmt.Result {
	name := plain(r.Experiment)
	for _, path := range slices.Sorted(maps.Keys(r.Set)) {
		name += "/" + plain(path+"="+r.Set[path])
	}
	out := &benchfmt.Result{Name: benchfmt.Name(name + "/phase=" + phase), Iters: 1}
	for _, c := range [][2]string{{"engine", r.Engine}, {"commit", r.Versions.Commit}} {
		if c[1] != "" {
			out.Config = append(out.Config, benchfmt.Config{Key: c[0], Value: []byte(plain(c[1])), File: true})
		}
	}
	for _, f := range r.Figures {
		if f.Phase == phase {
			out.Values = append(out.Values, benchfmt.Value{Value: f.Value, Unit: f.Metric})
		}
	}
	return out
}

// plain keeps a text to one word of a benchmark's name.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '/' {
			return '_'
		}
		return r
	}, s)
}

// phases in the order in which they are shown.
var phases = []string{record.Before, record.During, record.After, record.Whole}
