package main

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"alakazaam/cmd/alakalab/compare"
)

func (a *app) compareCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "compare A B [flags]", GroupID: groupRun, Short: "Compare the results of two folders",
		Long: `Compare the results of two folders, the way benchstat compares benchmarks: medians over the seeds of each line of the matrix
with confidence intervals, and the chance that a difference is one by chance (Mann-Whitney). Ten seeds a side tell most
differences that matter; fewer than four cannot tell any.`,
		Example: `  alakalab compare store/crash/20261123T090000Z-10runs store/crash/latest
  alakalab compare before after --html difference.html`,
		Args: cobra.ExactArgs(2),
	}
	asJSON := addJSON(cmd)
	page := cmd.Flags().String("html", "", "write a page with plots of both sides to this `FILE`")
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		left, err := compare.Load(args[0])
		if err != nil {
			return err
		}
		right, err := compare.Load(args[1])
		if err != nil {
			return err
		}
		c := compare.Compare(left, right)
		if *page != "" {
			if err := writeFile(*page, c.HTML); err != nil {
				return err
			}
		}
		if *asJSON {
			return c.JSON(a.out)
		}
		return c.Text(a.out)
	})
	return cmd
}

// writeFile makes a file, or replaces it.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
