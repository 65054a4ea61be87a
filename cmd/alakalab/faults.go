package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/config"
)

// possible is what faults prints as JSON.
type possible struct {
	Faults   []experiment.Kind      `json:"faults"`
	Rules    []config.FaultKind     `json:"rules"` // actions of actor, types of toxic
	Scripts  []experiment.Script    `json:"scripts"`
	Actors   []string               `json:"actors"`
	Messages []string               `json:"messages"`
	Checks   []experiment.CheckKind `json:"checks"`
}

func (a *app) faultsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "faults [KIND...] [flags]", GroupID: groupWrite, Short: "List all faults with their attributes and an example each",
		Long: `List all kinds of faults, or print those that are named, with their attributes, defaults and an example each. With --json
everything is there that an experiment can name: what actor and toxic faults do, scripts, kinds of actors, messages, checks.`,
		Example: `  alakalab faults
  alakalab faults partition toxic`,
		ValidArgs: kindNames(),
		Args: func(_ *cobra.Command, args []string) error {
			for _, name := range args {
				if !slices.Contains(kindNames(), name) {
					return usagef("there is no fault %s%s", config.Quote(name), sentence(config.DidYouMean(name, kindNames())))
				}
			}
			return nil
		},
	}
	asJSON := addJSON(cmd)
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		kinds := experiment.Kinds()
		if len(args) > 0 {
			kinds = slices.DeleteFunc(kinds, func(k experiment.Kind) bool { return !slices.Contains(args, k.Name) })
		}
		switch {
		case *asJSON:
			return a.printJSON(possible{
				Faults: kinds, Rules: config.FaultKinds(), Scripts: experiment.Scripts(), Actors: config.ActorKinds(),
				Messages: config.Messages(), Checks: experiment.CheckKinds(),
			})
		case len(args) > 0:
			return writeKinds(a.out, kinds)
		}
		return listKinds(a.out, kinds)
	})
	return cmd
}

func sentence(hint string) string {
	if hint == "" {
		return ""
	}
	return ": " + hint
}

func kindNames() (names []string) {
	for _, k := range experiment.Kinds() {
		names = append(names, k.Name)
	}
	return names
}

// listKinds prints a line for each kind.
func listKinds(w io.Writer, kinds []experiment.Kind) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FAULT\tLAYER\tENGINES\tWHAT IT DOES")
	for _, k := range kinds {
		first, _, _ := strings.Cut(k.Doc, ". ")
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", k.Name, k.Layer, engines(k.Engines), strings.TrimSuffix(first, "."))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "\n'alakalab faults KIND' prints the attributes of one, and an example.")
	return err
}

func engines(all []experiment.Engine) string {
	names := make([]string, len(all))
	for i, e := range all {
		names[i] = string(e)
	}
	return strings.Join(names, " ")
}

// writeKinds prints all that there is to know of kinds.
func writeKinds(w io.Writer, kinds []experiment.Kind) error {
	for i, k := range kinds {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s (%s; engines %s)\n", k.Name, k.Layer, engines(k.Engines))
		fmt.Fprintf(w, "  %s%s\n\n", strings.ToUpper(k.Doc[:1]), k.Doc[1:])
		for _, at := range k.Attributes {
			fmt.Fprintf(w, "  %s: %s\n", at.Name, attributeText(at))
			fmt.Fprintf(w, "      %s\n", at.Doc)
		}
		writeChoices(w, k.Name)
		fmt.Fprintf(w, "\n  faults:\n    %s\n", strings.ReplaceAll(strings.TrimSpace(k.Example), "\n", "\n    "))
	}
	return nil
}

// attributeText says what an attribute takes.
func attributeText(at experiment.Attribute) string {
	switch {
	case at.Needed:
		return at.Type + "; has to be given"
	case at.Zero != "" && (at.Default == "0" || at.Default == "0s" || at.Default == `""`):
		return at.Type + "; without it: " + at.Zero
	case at.Default == "null" || at.Default == "{}" || at.Default == "[]":
		return at.Type
	}
	return at.Type + "; default " + at.Default
}

// writeChoices prints what the actions, types or scripts of a kind do.
func writeChoices(w io.Writer, kind string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range config.FaultKinds() {
		if r.Kind == kind {
			fmt.Fprintf(t, "      %s\t%s\n", r.Name, r.Doc)
		}
	}
	if kind == "byzantine" {
		for _, s := range experiment.Scripts() {
			var args []string
			for _, arg := range s.Args {
				args = append(args, arg.Name)
			}
			fmt.Fprintf(t, "      %s\t%s\t%s\n", s.Name, s.Doc, strings.Join(args, ", "))
		}
	}
	_ = t.Flush()
}
