package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// release is the version that the build was told with -ldflags "-X main.release=v1.2.3".
var release string

// version is what is known of how the program was built.
type version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built with changes beside it
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func buildVersion() version {
	v := version{Version: cmp.Or(release, "unknown"), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = cmp.Or(release, strings.Trim(info.Main.Version, "()"), "devel")
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

// Commit names the commit of the build; a + says that there were changes beside it.
func (v version) Commit() string {
	if v.Modified {
		return v.Revision + "+"
	}
	return v.Revision
}

func (v version) String() string {
	s := "alakalab " + v.Version
	if v.Revision != "" {
		s += " " + v.Revision[:min(12, len(v.Revision))]
		if v.Modified {
			s += " with changes"
		}
	}
	return fmt.Sprintf("%s (%s, %s/%s)", s, v.Go, v.OS, v.Arch)
}

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "version [flags]", GroupID: groupOther, Short: "Print the program's version", Args: cobra.NoArgs,
	}
	asJSON := addJSON(cmd)
	cmd.RunE = action(func(*cobra.Command, []string) error {
		if *asJSON {
			return a.printJSON(buildVersion())
		}
		_, err := fmt.Fprintln(a.out, buildVersion())
		return err
	})
	return cmd
}
