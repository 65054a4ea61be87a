package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"alakazaam/actors/text"
	"alakazaam/cmd/alakalab/check"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/shrink"
	"alakazaam/cmd/alakalab/world"
)

func (a *app) shrinkCommand() *cobra.Command {
	s := &shrinking{app: a}
	cmd := &cobra.Command{
		Use: "shrink FOLDER|FILE [flags]", GroupID: groupRun, Short: "Find the smallest experiment that still fails",
		Long: `Take a run in which a check is false, from a folder of results or by running a file until one is, and make its experiment
smaller for as long as the same check stays false: fewer nodes, faults and files, less work, less time, nothing random that
need not be. What is left is written as an experiment of its own, with a comment that says what it came from.

The same experiment shrinks the same way each time, unless --for or an interrupt ends it; what has been found by then is
written all the same. Only engine sim can do this.`,
		Example: `  alakalab shrink store/crash/latest
  alakalab shrink store/crash/latest --run 3 --check index-set --out smallest.yaml
  alakalab shrink crash.yaml --seed 1..20 --tries 500 --for 10m`,
		Args: oneFolderOrFile,
	}
	f := cmd.Flags()
	f.StringVar(&s.check, "check", "", "the `NAME` of the check that has to stay false; without it, the first one that is")
	f.IntVar(&s.tries, "tries", 200, "`N` runs are made at most")
	f.DurationVar(&s.limit, "for", 0, "a `TIME` after which the search ends; 0 for none")
	f.StringVarP(&s.out, "out", "o", "", "the `FILE` that is written; NAME-shrunk.yaml without it")
	f.IntVar(&s.only, "run", 0, "only the run with this `NUMBER`, from 1")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "do not say how far it is")
	s.options = addChoice(cmd)
	_ = cmd.MarkFlagFilename("out", "yaml", "yml") // it is there, and so is the other
	_ = cmd.RegisterFlagCompletionFunc("check", cobra.FixedCompletions(check.Names(), cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		switch {
		case s.tries < 1:
			return usagef("--tries has to be 1 at least")
		case s.check != "" && !slices.Contains(check.Names(), s.check):
			return usagef("there is no check %q", s.check)
		}
		ctx, stop := a.interruptible()
		defer stop()
		if s.limit > 0 {
			limited, cancel := context.WithTimeout(ctx, s.limit)
			defer cancel()
			ctx = limited
		}
		if err := s.run(ctx, args[0]); err != nil {
			return err
		}
		return interruption(ctx)
	})
	return cmd
}

func oneFolderOrFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("one FOLDER of results or one FILE of an experiment has to be named")
	}
	return nil
}

// shrinking is one search for the smallest experiment.
type shrinking struct {
	app     *app
	check   string
	tries   int
	limit   time.Duration
	out     string
	only    int // from 1
	quiet   bool
	options *experiment.Options

	from   string
	failed *record.Run // the run that it began with
	last   *record.Run // the smallest one that failed
}

func (s *shrinking) run(ctx context.Context, from string) error {
	s.from = from
	runs, err := s.candidates()
	if err != nil {
		return err
	}
	x, err := s.failing(ctx, runs)
	if err != nil {
		return err
	}
	if s.out == "" {
		s.out = x.Experiment.Name + "-shrunk.yaml"
	}
	if _, err := os.Stat(s.out); err == nil {
		return fmt.Errorf("%s is there already, and is left as it is: --out names another one", s.out)
	}
	began := *x.Experiment
	only(&began, s.check)
	if name := began.Name + "-shrunk"; experiment.ValidName(name) {
		began.Name = name
	}
	tell := s.tell
	if s.quiet {
		tell = nil
	}
	result, err := shrink.Shrink(ctx, &began, shrink.Options{
		Tries: s.tries, Tried: tell,
		Fails: func(ctx context.Context, e *experiment.Experiment) bool {
			r, err := judged(ctx, experiment.Run{Experiment: e, Seed: x.Seed}, world.Options{})
			if err != nil || r.Partial || falseCheck(r, s.check) == nil {
				return false
			}
			s.last = r
			return true
		},
	})
	s.clear()
	if err != nil {
		return err
	}
	return s.write(x, result)
}

// candidates are the runs among which one that fails is looked for.
func (s *shrinking) candidates() (out []experiment.Run, err error) {
	info, err := os.Stat(s.from)
	if err == nil && info.IsDir() {
		if o := s.options; len(o.Sets) > 0 || o.Seeds != "" || o.Engine != "" {
			return nil, usagef("--set, --seed and --engine are for a FILE: a FOLDER says what was run")
		}
		pairs, err := recorded(s.from)
		if err != nil {
			return nil, err
		}
		for i, p := range pairs {
			if s.only == i+1 || s.only == 0 && falseCheck(p.was, s.check) != nil {
				out = append(out, p.run)
			}
		}
	} else {
		suite, err := s.app.load(*s.options, s.from)
		if err != nil {
			return nil, err
		}
		for i, x := range suite.Runs {
			if s.only == 0 || s.only == i+1 {
				out = append(out, x)
			}
		}
	}
	if s.only != 0 && len(out) == 0 {
		return nil, usagef("there is no run %d", s.only)
	}
	for _, x := range out {
		if x.Experiment.Engine != experiment.Sim {
			return nil, usagef("only what runs on engine sim can be made smaller, not what runs on %s", x.Experiment.Engine)
		}
	}
	return out, nil
}

// failing is the first of the runs in which the check is false, or any where none was named.
func (s *shrinking) failing(ctx context.Context, runs []experiment.Run) (experiment.Run, error) {
	for i, x := range runs {
		progress := s.app.progress(fmt.Sprintf("%s, seed %d", x.Experiment.Name, x.Seed), 1, s.quiet)
		r, err := judged(ctx, x, world.Options{Progress: progress.Of(0)})
		progress.Clear()
		switch {
		case err != nil:
			return x, err
		case r.Partial:
			if err := interruption(ctx); err != nil {
				return x, err
			}
			return x, fmt.Errorf("run %d did not end in time", i+1)
		}
		if c := falseCheck(r, s.check); c != nil {
			s.check, s.failed, s.last = c.Name, r, r
			return x, nil
		}
	}
	what := "no check is"
	if s.check != "" {
		what = s.check + " is not"
	}
	return experiment.Run{}, &exitError{code: exitData, err: fmt.Errorf("%s: %s false in any run, so that there is nothing to make smaller", s.from, what)}
}

// falseCheck is the check of that name, or the first of any, that is false; nil where none is.
func falseCheck(r *record.Run, name string) *record.Check {
	for i, c := range r.Checks {
		if c.Verdict == record.False && (name == "" || c.Name == name) {
			return &r.Checks[i]
		}
	}
	return nil
}

// only leaves of what has to hold what the check is about.
func only(e *experiment.Experiment, name string) {
	e.Checks = slices.DeleteFunc(slices.Clone(e.Checks), func(c experiment.Check) bool { return c.Name != name })
	if name != "slo" {
		e.Measure.SLO = nil
	}
}

// tell says how far the search is.
func (s *shrinking) tell(step shrink.Step) {
	s.clear()
	if step.Fails {
		fmt.Fprintf(s.app.err, "try %d: %s: still false\n", step.Number, text.Display(step.What))
	} else if s.app.width() > 0 {
		line := []rune(fmt.Sprintf("try %d of %d: %s: not any more", step.Number, s.tries, text.Display(step.What)))
		fmt.Fprint(s.app.err, string(line[:min(len(line), s.app.width()-1)]))
	}
}

func (s *shrinking) clear() {
	if s.app.width() > 0 && !s.quiet {
		fmt.Fprint(s.app.err, "\r\x1b[K")
	}
}

// write leaves the smallest experiment, and says how much smaller it is.
func (s *shrinking) write(x experiment.Run, r *shrink.Result) error {
	why := falseCheck(s.last, s.check).Why
	var file bytes.Buffer
	fmt.Fprintf(&file, "# The smallest experiment that 'alakalab shrink' found in %d tries, from %s with seed %d.\n", r.Tries, comment(s.from), x.Seed)
	if !r.Done {
		file.WriteString("# It did not try everything.\n")
	}
	fmt.Fprintf(&file, "# The check %s is false: %s.\n", s.check, comment(why))
	if err := r.Experiment.Write(&file); err != nil {
		return err
	}
	if err := writeNew(s.out, file.Bytes()); err != nil {
		return err
	}
	w := s.app.out
	fmt.Fprintf(w, "%s is false: %s.\n\n", s.check, text.Display(why))
	s.table(w, x.Experiment, r.Experiment)
	ended := "nothing more can be taken away"
	if !r.Done {
		ended = "it did not try everything"
	}
	_, err := fmt.Fprintf(w, "\n%d of %d tries made it smaller; %s.\n%s\n", r.Kept, r.Tries, ended, s.out)
	return err
}

// table shows before and after.
func (s *shrinking) table(w io.Writer, before, after *experiment.Experiment) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tbefore\tafter\t")
	now := shrink.Sizes(after)
	for i, was := range shrink.Sizes(before) {
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", was.Name, was.Value, now[i].Value)
	}
	fmt.Fprintf(t, "events\t%d\t%d\t\n", s.failed.Events, s.last.Events)
	_ = t.Flush() // what cannot be printed is not worth an error
}

// comment keeps a text to one line of a comment.
func comment(s string) string { return strings.ReplaceAll(text.Display(s), "\n", " ") }
