package main

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"alakazaam/actors/store/durable"
	"alakazaam/config"
)

// directoryName is the folder of a supernode's directory in its data folder.
const directoryName = "directory"

// promotedName is that of a peer which may become a supernode.
const promotedName = "promoted"

// directoryOptions say where a supernode's directory is and how it is kept.
func directoryOptions(c config.Config) durable.Options {
	return durable.Options{
		Dir: filepath.Join(c.DataDir, directoryName), Sync: c.Store.Every(),
		Reserve: cmp.Or(int64(c.Store.Reserve), -1), // there 0 is the default, and less is none
	}
}

func (a *app) directoryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "directory", GroupID: groupOther, Short: "Look at a supernode's directory, save it and bring it back", Args: cobra.NoArgs,
		Long: `Look at a supernode's directory, who is logged in and what they publish, while the supernode does not run. It is in
data_dir.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return help(cmd) },
	}
	cmd.AddCommand(a.directoryExport(), a.directoryImport(), a.directoryCheck(), a.directoryStats())
	return cmd
}

// offlineCommand is a command on a directory that no node has open.
func (a *app) offlineCommand(cmd *cobra.Command, do func(durable.Options) error) *cobra.Command {
	cmd.Args = cobra.NoArgs
	s := addSettings(cmd)
	cmd.RunE = action(func(*cobra.Command, []string) error {
		c, err := a.load(s, a.warn)
		if err != nil {
			return err
		}
		return do(directoryOptions(c))
	})
	return cmd
}

func (a *app) directoryExport() *cobra.Command {
	return a.offlineCommand(&cobra.Command{
		Use: "export [flags]", Short: "Print the directory as lines of JSON",
		Long:    "Print the directory as lines of JSON: a line of what it is, then each session followed by its files.",
		Example: "  alakazaam directory export --data-dir /var/lib/alakazaam > directory.jsonl",
	}, func(o durable.Options) error {
		n, err := durable.Export(o, a.out)
		if err == nil {
			fmt.Fprintf(a.err, "%d sessions and files\n", n)
		}
		return err
	})
}

func (a *app) directoryImport() *cobra.Command {
	return a.offlineCommand(&cobra.Command{
		Use: "import [flags]", Short: "Add what export printed, from the standard input",
		Long: `Add what export printed, from the standard input, to the directory, which is made if there is none. A session that is
there already keeps its address. A line that makes no sense ends the import; what stood before it stays.`,
		Example: "  alakazaam directory import --data-dir /var/lib/alakazaam < directory.jsonl",
	}, func(o durable.Options) error {
		n, err := durable.Import(o, a.in)
		fmt.Fprintf(a.err, "%d sessions and files\n", n)
		return err
	})
}

func (a *app) directoryCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check [flags]", Short: "Read all of the directory and say whether it is in order",
		Long: "Read all of the directory, without changing it, and say whether it is in order. The exit code is 1 when it is not.",
	}
	asJSON := addJSON(cmd)
	return a.offlineCommand(cmd, func(o durable.Options) error {
		r, err := durable.Check(o)
		if err != nil {
			return err
		}
		if err := a.printCheck(*asJSON, o.Dir, r); err != nil {
			return err
		}
		if r.Damage != nil {
			return errSaid
		}
		return nil
	})
}

func (a *app) printCheck(asJSON bool, dir string, r durable.Report) error {
	if asJSON {
		out := struct {
			OK       bool   `json:"ok"`
			Damage   string `json:"damage,omitempty"`
			Version  int    `json:"version"`
			Sessions int    `json:"sessions"`
			Files    int    `json:"files"`
		}{r.Damage == nil, "", r.Version, r.Sessions, r.Files}
		if r.Damage != nil {
			out.Damage = r.Damage.Error()
		}
		return a.printJSON(out)
	}
	state := "ok"
	if r.Damage != nil {
		state = r.Damage.Error()
	}
	_, err := fmt.Fprintf(a.out, "%s: %d sessions, %d files: %s\n", dir, r.Sessions, r.Files, state)
	return err
}

func (a *app) directoryStats() *cobra.Command {
	cmd := &cobra.Command{Use: "stats [flags]", Short: "Print how large the directory is", Long: "Print how large the directory is."}
	asJSON := addJSON(cmd)
	return a.offlineCommand(cmd, func(o durable.Options) error {
		s, err := durable.Stats(o)
		if err != nil {
			return err
		}
		if *asJSON {
			return a.printJSON(map[string]any{
				"version": s.Version, "sessions": s.Sessions, "files": s.Files, "files_of_largest_session": s.Most,
				"disk_bytes": s.Disk, "free_bytes": s.Free, "log_bytes": s.Log, "tables": s.Tables,
			})
		}
		_, err = fmt.Fprintf(a.out, "sessions  %d, %d files at most\nfiles     %d\ndisk      %s, of it %s to be read again at the next start\nfree      %s\n",
			s.Sessions, s.Most, s.Files, bytesText(int64(s.Disk)), bytesText(int64(s.Log)), bytesText(int64(s.Free)))
		return err
	})
}
