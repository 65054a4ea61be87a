package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"alakazaam/cmd/alakalab/record"
)

// Folder is where the results of one or several runs go: STORE/NAME/TIME-WHAT. Operations are written while they end, the
// rest by Finish.
type Folder struct {
	Dir        string
	store      string // of the experiment
	began      time.Time
	experiment []byte
}

// experimentName is the experiment in a folder, with everything that it leaves out.
const experimentName = "experiment.yaml"

// Create makes a folder for runs of an experiment that begin now, and writes the experiment, so that a disk that is full is
// noticed before them. What is said behind the time, as in seed7.
func Create(store, name string, began time.Time, what string, experiment []byte) (*Folder, error) {
	f, err := makeFolder(store, name, began, what)
	if err != nil {
		return nil, err
	}
	f.experiment = experiment
	if err := f.write(experimentName, experiment); err != nil {
		return nil, errors.Join(fmt.Errorf("folder for results: %w", err), os.RemoveAll(f.Dir))
	}
	return f, nil
}

// Open takes up a folder with results that are there.
func Open(dir string) (*Folder, *Results, error) {
	dir, err := filepath.EvalSymlinks(dir) // latest may point at another one soon
	if err != nil {
		return nil, nil, fmt.Errorf("results: %w", err)
	}
	results, err := Load(dir)
	if err != nil {
		return nil, nil, err
	}
	f := &Folder{Dir: dir, store: filepath.Dir(dir), began: results.Began}
	if f.experiment, err = os.ReadFile(f.Experiment()); err != nil {
		return nil, nil, fmt.Errorf("results: %w", err)
	}
	return f, results, nil
}

// Experiment is the path of the experiment that was run.
func (f *Folder) Experiment() string { return filepath.Join(f.Dir, experimentName) }

func makeFolder(store, name string, began time.Time, what string) (*Folder, error) {
	if base := filepath.Base(name); base != name || !filepath.IsLocal(name) || strings.ContainsAny(what, `/\`) {
		return nil, fmt.Errorf("%q is no name for a folder", name+"/"+what)
	}
	f := &Folder{store: filepath.Join(store, name), began: began.UTC()}
	if err := os.MkdirAll(f.store, 0o755); err != nil {
		return nil, fmt.Errorf("folder for results: %w", err)
	}
	stem := filepath.Join(f.store, f.began.Format("20060102T150405Z")+"-"+what)
	f.Dir = stem
	for n := 2; ; n++ {
		err := os.Mkdir(f.Dir, 0o755)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("folder for results: %w", err)
		}
		f.Dir = fmt.Sprintf("%s-%d", stem, n) // another began in the same second
	}
}

// History is the file of one run's operations, a line for each as it ends. It is for one goroutine.
type History struct {
	file  *os.File
	w     *bufio.Writer
	enc   *json.Encoder
	err   error // the first one
	finds Times
}

// History opens history.jsonl, or, for one of several runs, history-WHICH.jsonl.
func (f *Folder) History(which string) (*History, error) {
	name := "history.jsonl"
	if which != "" {
		name = "history-" + which + ".jsonl"
	}
	file, err := os.OpenFile(filepath.Join(f.Dir, filepath.Base(name)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	h := &History{file: file, w: bufio.NewWriterSize(file, 1<<16)}
	h.enc = json.NewEncoder(h.w)
	return h, nil
}

// Add writes an operation. The error is the first one there was, and nothing is written after it.
func (h *History) Add(op record.Op) error {
	if op.Kind == "find" && op.Outcome == record.OK {
		h.finds.add(op.Ended - op.Intended)
	}
	if h.err == nil {
		h.err = h.enc.Encode(&op)
	}
	return h.err
}

// Close ends the file.
func (h *History) Close() error {
	err := h.err
	if err == nil {
		err = h.w.Flush()
	}
	err = errors.Join(err, h.file.Close())
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// Run joins the record of the run with what the history knows of it.
func (h *History) Run(r *record.Run) Run { return Run{Record: r, Finds: h.finds.seconds()} }

// Output is what Finish writes beside the runs.
type Output struct {
	HTML    bool     // write report.html
	Plots   []string // which of PlotNames; nil: all
	Planned int      // runs that were to be made, of which there may be fewer
}

// Finish writes the results of all runs, and points latest at them. It goes on past an error, so that as much as
// possible is there, and gives all of them.
func (f *Folder) Finish(runs []Run, o Output) (*Results, error) {
	results := newResults(f.began, runs, o.Planned)
	err := errors.Join(f.writeJSON("results.json", results), f.Draw(results, o), f.latest())
	if err != nil {
		return results, fmt.Errorf("results in %s: %w", f.Dir, err)
	}
	return results, nil
}

// Draw writes all that can be made of results.json: tables, plots, and the page.
func (f *Folder) Draw(results *Results, o Output) error {
	errs := []error{
		f.write("faults.jsonl", faultLines(results)),
		f.write("metrics.csv", metricLines(results)),
		f.write("bench.txt", benchLines(results)),
		f.plots(results, o.Plots),
	}
	if o.HTML {
		errs = append(errs, f.page(results, f.experiment))
	}
	return errors.Join(errs...)
}

func (f *Folder) write(name string, b []byte) error {
	return os.WriteFile(filepath.Join(f.Dir, name), b, 0o644)
}

func (f *Folder) writeJSON(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return f.write(name, append(b, '\n'))
}

// latest has the link of that name point here, at no time at nothing.
func (f *Folder) latest() error {
	link := filepath.Join(f.store, "latest")
	next := f.Dir + ".latest"
	if err := os.Symlink(filepath.Base(f.Dir), next); err != nil {
		return err
	}
	return os.Rename(next, link)
}
