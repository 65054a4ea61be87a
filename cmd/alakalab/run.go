package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"alakazaam/cmd/alakalab/record"
)

// runHelp explains the command run.
const runHelp = `Run an experiment: every line of its matrix with every seed, several at a time. Each run is judged by the checks that the
experiment asks for. All runs share one folder, to which STORE/NAME/latest points afterwards:

  experiment.yaml    the experiment with everything that the file leaves out
  results.json       verdicts, every figure, versions
  report.html        verdicts, plots, tables; needs nothing but itself
  history.jsonl      every operation of the workload; history-002.jsonl of the second of several runs
  faults.jsonl       every fault: when it was due, how often it was applied and how often it hit
  metrics.csv        what was measured in each window
  bench.txt          figures for benchstat
  plots/             the plots that the experiment asks for, as SVG and PNG
  log/               with --log, what nodes log, in virtual time; at the level that the experiment's config says

An interrupt ends the runs under way. They are judged as far as they have come, which is unknown at best, and the report is
of what there is; a second interrupt ends the program at once.

The exit code is 1 where a check does not hold in one of the runs, 2 where one could not be decided, else 0; after an
interrupt it is 130, and 143 after SIGTERM.`

func (a *app) runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "run FILE [flags]", GroupID: groupRun, Short: "Run an experiment, judge it and write a report",
		Long: runHelp,
		Example: `  alakalab run crash.yaml
  alakalab run crash.yaml --seed 7 --set 'faults[crash].restart_after=60s'
  alakalab run crash.yaml --seed 7 --log supernode-0,peer-12
  alakalab run crash.yaml --quiet --json | jq '.runs[] | {seed: .record.seed, verdict: .record.verdict}'`,
		Args: oneFile, ValidArgsFunction: completeFiles,
	}
	asJSON := addJSON(cmd)
	b := &batch{app: a}
	f := cmd.Flags()
	store := f.String("store", "store", "the `FOLDER` in which each experiment gets one of its own")
	f.IntVar(&b.jobs, "jobs", runtime.GOMAXPROCS(0), "`N` runs go on at a time; each takes its own memory")
	f.StringSliceVar(&b.logs, "log", nil, "the `NODES` whose logs are wanted: names, supernodes, peers or all")
	f.BoolVarP(&b.quiet, "quiet", "q", false, "do not say how far it is")
	o := addChoice(cmd)
	_ = cmd.MarkFlagDirname("store") // it is there
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		if b.jobs < 1 {
			return usagef("--jobs has to be 1 at least")
		}
		suite, err := a.load(*o, args[0])
		if err != nil {
			return err
		}
		if err := knownNodes(b.logs, suite.Experiment); err != nil {
			return err
		}
		ctx, stop := a.interruptible()
		defer stop()
		results, err := b.run(ctx, suite, *store)
		if err != nil {
			return err
		}
		if !*asJSON {
			b.folder.Summary(a.out, results)
		} else if err := a.printJSON(results); err != nil {
			return err
		}
		if err := interruption(ctx); err != nil {
			return err
		}
		return exitOf(results.Verdict)
	})
	return cmd
}

// exitOf is the exit code of a verdict.
func exitOf(v record.Verdict) error {
	switch v {
	case record.True:
		return nil
	case record.False:
		return &exitError{code: 1}
	}
	return &exitError{code: 2}
}
