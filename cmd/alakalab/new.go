package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"alakazaam/cmd/alakalab/experiment"
)

// template is an experiment with comments.
//
//go:embed new.yaml
var template string

// schemaFile is the name under which the files ask an editor for the schema.
const schemaFile = "lab.schema.json"

func (a *app) newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "new [NAME] [flags]", GroupID: groupWrite, Short: "Write an experiment with comments to start from",
		Long: `Write an experiment with comments to start from into NAME.yaml, and beside it lab.schema.json, by which editors complete
and check what is written. A file that is there already is left as it is.`,
		Example: `  alakalab new split-brain`,
		Args:    cobra.MaximumNArgs(1),
	}
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		name := "experiment"
		if len(args) > 0 {
			name = strings.TrimSuffix(args[0], ".yaml")
		}
		if !experiment.ValidName(filepath.Base(name)) {
			return usagef("the name has to be small letters, digits and dashes, not %q", filepath.Base(name))
		}
		path := name + ".yaml"
		if err := writeNew(path, []byte(strings.Replace(template, "NAME", filepath.Base(name), 1))); err != nil {
			return err
		}
		schema, err := experiment.SchemaJSON()
		if err != nil {
			return err
		}
		err = writeNew(filepath.Join(filepath.Dir(path), schemaFile), schema)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%s is there; see what it would do: alakalab plan %s\n", path, path)
		return err
	})
	return cmd
}

// writeNew writes a file that is not there yet.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and is left as it is: %w", path, fs.ErrExist)
	}
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Close()
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
