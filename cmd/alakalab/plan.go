package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/config"
)

// planned is what plan prints as JSON.
type planned struct {
	OK       bool              `json:"ok"`
	Problems []config.Problem  `json:"problems,omitempty"`
	Name     string            `json:"name,omitempty"`
	About    string            `json:"about,omitempty"`
	Runs     int               `json:"runs"`
	Plans    []experiment.Plan `json:"plans,omitempty"` // of the first run, or of all
}

func (a *app) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "plan FILE [flags]", GroupID: groupRun, Short: "Check an experiment and print what would happen when",
		Long: `Check an experiment, everything that is wrong at once, and print what would happen when: the runs, their phases, how many
operations are to be expected, and each fault with its times and targets. Targets that only the run decides, such as who has
the most neighbors at the time, are said in words. Times count from the end of the warm-up.`,
		Example: `  alakalab plan crash.yaml
  alakalab plan crash.yaml --seed 7 --set 'faults[crash].restart_after=60s'
  alakalab plan crash.yaml --json | jq '.plans[0].timeline'`,
		Args: oneFile, ValidArgsFunction: completeFiles,
	}
	asJSON := addJSON(cmd)
	all := cmd.Flags().Bool("all", false, "print the plan of every run, not of the first one alone")
	resolved := cmd.Flags().Bool("resolved", false, "print the experiment of the first run with everything that it leaves to defaults, as YAML")
	o := addChoice(cmd)
	cmd.MarkFlagsMutuallyExclusive("resolved", "json")
	cmd.MarkFlagsMutuallyExclusive("resolved", "all")
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		suite, err := a.load(*o, args[0])
		switch {
		case *asJSON:
			return a.planJSON(suite, *all, err)
		case err != nil:
			return err
		case *resolved:
			return suite.Runs[0].Experiment.Write(a.out)
		}
		return writePlan(a.out, suite, *all)
	})
	return cmd
}

// planJSON prints the plan, or what is wrong with the experiment.
func (a *app) planJSON(s *experiment.Suite, all bool, err error) error {
	var wrong config.Errors
	if errors.As(err, &wrong) {
		if err := a.printJSON(planned{Problems: wrong}); err != nil {
			return err
		}
		return &exitError{code: exitData}
	}
	if err != nil {
		return err
	}
	out := planned{OK: true, Name: s.Experiment.Name, About: s.Experiment.About, Runs: len(s.Runs)}
	for _, r := range shown(s, all) {
		out.Plans = append(out.Plans, r.Plan())
	}
	return a.printJSON(out)
}

// shown are the runs whose plans are printed.
func shown(s *experiment.Suite, all bool) []experiment.Run {
	if all {
		return s.Runs
	}
	return s.Runs[:1]
}

// writePlan prints the runs and the plan of the first one, or of all.
func writePlan(w io.Writer, s *experiment.Suite, all bool) error {
	fmt.Fprintln(w, s.Experiment.Name)
	if s.Experiment.About != "" {
		fmt.Fprintln(w, s.Experiment.About)
	}
	fmt.Fprintf(w, "\n%d %s of %s on engine %s.\n", len(s.Runs), word(len(s.Runs), "run", "runs"),
		config.FormatDuration(s.Experiment.Time.Total()), s.Experiment.Engine)
	if len(s.Experiment.Matrix) > 0 {
		for _, axis := range s.Experiment.Matrix {
			fmt.Fprintf(w, "  %s: %s\n", axis.Path, strings.Join(axis.Values, ", "))
		}
	}
	for i, r := range shown(s, all) {
		if err := writeRun(w, i, r); err != nil {
			return err
		}
	}
	return nil
}

// writeRun prints the plan of one run.
func writeRun(w io.Writer, i int, r experiment.Run) error {
	p := r.Plan()
	fmt.Fprintf(w, "\nRun %d: seed %d%s\n", i+1, p.Seed, setWords(p.Set))
	fmt.Fprintf(w, "  %d supernodes, %d peers, %d files in about %d copies\n", p.Supernodes, p.Peers, p.Files, p.Copies)
	for _, o := range p.Operations {
		fmt.Fprintf(w, "  %s: about %d\n", o.Kind, o.Count)
	}
	for _, d := range p.Departures {
		fmt.Fprintf(w, "  %s leave: about %d times, all together\n", d.Kind, d.Count)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "AT\tUNTIL\tWHAT\tKIND\tWHO")
	for _, e := range p.Timeline {
		until := ""
		if e.Until != e.At {
			until = config.FormatDuration(e.Until)
		}
		what := e.Fault
		if e.Phase != "" {
			what = "- " + e.Phase
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", config.FormatDuration(e.At), until, what, e.Kind, whoText(e.Parts))
		if e.Further > 0 {
			fmt.Fprintf(t, "\t\t%s\t%s\t%d more times\n", e.Fault, e.Kind, e.Further)
		}
	}
	return t.Flush()
}

// setWords says which values of the matrix and of --set a run has.
func setWords(set map[string]string) string {
	out := ""
	for _, path := range slices.Sorted(maps.Keys(set)) {
		out += ", " + path + "=" + set[path]
	}
	return out
}

// shownNames is how many nodes of a choice a table names.
const shownNames = 4

// whoText says whom a fault is about.
func whoText(parts []experiment.PartPlan) string {
	var out []string
	for _, p := range parts {
		text := p.Words
		switch {
		case !p.Known:
			text += ", as it is then"
		case len(p.Nodes) > 0:
			text = strings.Join(p.Nodes[:min(len(p.Nodes), shownNames)], " ")
			if more := p.Count - shownNames; more > 0 {
				text += fmt.Sprintf(" and %d more", more)
			}
		}
		if p.Name != "targets" && p.Name != "script" {
			text = strings.TrimPrefix(p.Name, "links.") + ": " + text
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// word is one for 1, and many otherwise.
func word(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
