package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"alakazaam/cmd/alakalab/validate"
)

func (a *app) validateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "validate [flags]", GroupID: groupOther, Short: "Compare the laboratory with results that others published",
		Long: `Measure results that others published, each with a small experiment of its own, and compare. Exact laws have to hold
exactly, the rest within three standard errors over ten seeds. Numbers that their source gives roughly ("about") have to be met
within a fifth, and orders ("<") by three standard errors.

Exit codes: 0 all rows agree, 1 one does not.`,
		Example: `  alakalab validate
  alakalab validate --quick --row 1,2`,
		Args: cobra.NoArgs,
	}
	asJSON := addJSON(cmd)
	numbers := cmd.Flags().IntSlice("row", nil, "measure these rows `N[,M]` only")
	quick := cmd.Flags().Bool("quick", false, "smaller sizes where the full ones take long")
	cmd.RunE = action(func(_ *cobra.Command, _ []string) error {
		rows, err := chosenRows(*numbers)
		if err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		return a.validate(ctx, rows, validate.Options{Quick: *quick, Lab: validate.TheLab(), Progress: a.measuring}, *asJSON)
	})
	return cmd
}

// chosenRows are the rows of the given numbers, or all.
func chosenRows(numbers []int) ([]*validate.Row, error) {
	rows := validate.Rows()
	if len(numbers) == 0 {
		return rows, nil
	}
	for _, n := range numbers {
		if n < 1 || n > len(rows) {
			return nil, usagef("there is no row %d: they are 1 to %d", n, len(rows))
		}
	}
	return slices.DeleteFunc(rows, func(r *validate.Row) bool { return !slices.Contains(numbers, r.Number) }), nil
}

// validate measures rows and prints each as soon as it is there, or all as JSON at the end.
func (a *app) validate(ctx context.Context, rows []*validate.Row, o validate.Options, asJSON bool) error {
	agree := 0
	for _, r := range rows {
		began := time.Now()
		if err := r.Measure(ctx, o); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "row %d: %s\n", r.Number, time.Since(began).Round(time.Millisecond))
		if r.Agrees() {
			agree++
		}
		if !asJSON {
			if err := writeRow(a.out, r); err != nil {
				return err
			}
		}
	}
	if asJSON {
		if err := a.printJSON(rows); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.out, "%d of %d rows agree.\n", agree, len(rows))
	}
	if agree < len(rows) {
		return &exitError{code: 1}
	}
	return nil
}

// measuring says which part of a row is measured now.
func (a *app) measuring(row int, part string) { fmt.Fprintf(a.err, "row %d: %s\n", row, part) }

// writeRow prints a row with its lines.
func writeRow(w io.Writer, r *validate.Row) error {
	fmt.Fprintf(w, "%d. %s\n   %s; %s\n", r.Number, r.Name, r.Source, r.How)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "   CASE\tEXPECTED\tMEASURED\tSTD. ERROR\tSAMPLES\t")
	for _, l := range r.Lines {
		deviation, verdict := "-", "agrees"
		if l.Error > 0 {
			deviation = fmt.Sprintf("%.2g", l.Error)
		}
		if !l.Agrees {
			verdict = "DOES NOT AGREE"
		}
		fmt.Fprintf(t, "   %s\t%s\t%s\t%s\t%d\t%s\n", l.Case, l.Expected, validate.Number(l.Measured), deviation, l.Samples, verdict)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
