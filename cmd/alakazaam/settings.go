package main

import (
	"cmp"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alakazaam/config"
)

// settings are the flags that say what the configuration is.
type settings struct {
	path string
	keys map[string]string // values of the flags that were set, by key
}

// addSettings gives a command the flag --config and one for each key.
func addSettings(cmd *cobra.Command) *settings {
	s := &settings{}
	cmd.Flags().StringVar(&s.path, "config", "", "read the configuration from `FILE`, - for the standard input")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	keys := flag.NewFlagSet("", flag.ContinueOnError)
	s.keys = config.BindFlags(keys)
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.AddGoFlagSet(keys)
	all.VisitAll(func(f *pflag.Flag) {
		f.Annotations = map[string][]string{setting: {f.Name}}
		cmd.Flags().AddFlag(f)
	})
	return s
}

// load gives the effective configuration, with paths that do not depend on where the program runs. What is wrong with it
// ends the program; what looks wrong is said by warn.
func (a *app) load(s *settings, warn func(config.Problem)) (config.Config, error) {
	c, warnings, err := config.Load(config.Options{Path: s.path, Stdin: a.in, Env: a.env, Flags: s.keys})
	for _, w := range warnings {
		warn(w)
	}
	if err != nil {
		return c, &exitError{code: exitUsage, err: err}
	}
	return c, nil
}

// warn prints a problem that is none yet.
func (a *app) warn(p config.Problem) { fmt.Fprintf(a.err, "warning: %s\n", p) }

// absolute makes the directories of a configuration independent of where the program runs, because paths are told to
// programs that run elsewhere.
func absolute(c config.Config) (config.Config, error) {
	for _, dir := range []*string{&c.DataDir, &c.ShareDir, &c.DownloadDir} {
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return c, fmt.Errorf("the working directory is gone: %w", err)
		}
		*dir = abs
	}
	return c, nil
}

// adminAddress is where a node with this configuration has its admin interface, unless the user named another address.
func adminAddress(c config.Config, named string) (string, error) {
	address := cmp.Or(named, c.Admin.Listen)
	if address == "" {
		return "", usagef("admin.listen is empty, so the node has no admin interface; name its address with --admin HOST:PORT")
	}
	host, port, err := net.SplitHostPort(address)
	if n, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil || n == 0 {
		return "", usagef("--admin has to be HOST:PORT, not %q", address)
	}
	// A node that listens on all addresses is reached at this machine's own.
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}
