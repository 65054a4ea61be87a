package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"alakazaam/actors/p2p"
	"alakazaam/cmd/alakazaam/bench"
)

// benchFlags are the flags of a benchmark as they are typed.
type benchFlags struct {
	mix, clients, rate, arrivals, connections, file string
	sources                                         []string
	bare, json                                      *bool
	o                                               bench.Options
}

const benchLong = `Put load on a supernode and measure how it answers. It may be any program that speaks the protocol.

Simulated peers log in, publish files that do not exist, then log in again (login), publish more (publish), search
(search) and download what others really share (download), in the proportions of --mix. All of them log out at the end,
also after Ctrl-C, which prints what was measured until then.

With --clients each client sends its next request when the one before is answered (a closed loop). With --rate requests
arrive whatever the supernode does (an open loop), and latency counts from the moment at which a request should have
begun: what a supernode's pause does to those who come meanwhile is in the percentiles. Several numbers are measured one
after the other.

A connection for each request is what every supernode understands; a publication, which has no answer, is then over when
the supernode closes the connection. Supernodes that answer many requests on one connection can be measured with
--connections kept: each peer has one, on which requests do not wait for answers, and a publication is over when a LOGI
behind it is answered. A download has a connection of its own in both cases. RATE/S is answers a second.

With --bare a Go server that does nothing but answer logins, or give a file, runs beside and is measured in turns with the
supernode, each for --duration in all. Where the supernode's admin interface is known, by default or with --admin, its
processor time is measured as well.

A supernode bounds what one address may do. Where that is not to be measured, let the peers be at many addresses with
--sources, or lift the bounds. These keys of this program's supernodes matter, and 0 lifts each: limits.packets_per_second,
bytes_per_second, session_packets_per_second, session_bytes_per_second, connections_per_address, sessions_per_address and
searches_per_session; with many peers also limits.connections, sessions, files_per_session and pending_queries; for
downloads transfer.upload_slots and upload_slots_per_address.

The exit code is 1 where nothing was answered.`

const benchExample = `  alakazaam bench
  alakazaam bench 192.0.2.11:3000 --mix login --clients 1,8,64
  alakazaam bench --mix login=1,publish=10,search=5 --rate 100,1000,5000 --sources 127.0.1.0/24 --peers 200 --files 100
  alakazaam bench --mix search --words 1 --files 1000 --rate 500 --json | jq '.steps[].operations[].latency.p99'
  alakazaam bench --mix download --file 900150983cd24fb0d6963f7d28e17f72 --clients 4 --bare`

func (a *app) benchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "bench [HOST:PORT] [flags]", GroupID: groupOther, Short: "Measure how a supernode stands up to load",
		Long: benchLong, Example: benchExample, ValidArgsFunction: cobra.NoFileCompletions,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("one HOST:PORT at most can be measured at a time")
			}
			return nil
		},
	}
	f := &benchFlags{json: addJSON(cmd)}
	f.add(cmd)
	reach := addReach(cmd, true)
	cmd.RunE = action(func(cmd *cobra.Command, args []string) error {
		target := reach.supernode
		if len(args) == 1 {
			if target != "" {
				return usagef("the supernode is named twice, as %s and with --supernode", args[0])
			}
			target = args[0]
		}
		if err := f.parse(); err != nil {
			return err
		}
		return a.bench(f, reach, target, cmd.Flags().Changed("admin"))
	})
	return cmd
}

// add gives the command its flags.
func (f *benchFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.mix, "mix", "login=1,publish=10,search=5", "how often each `operation` is carried out: "+
		strings.Join(bench.OperationNames(), ", "))
	flags.StringVar(&f.clients, "clients", "8", "so many `clients` at once, each with one request under way")
	flags.StringVar(&f.rate, "rate", "", "so many `requests` a second, whatever becomes of those before")
	flags.StringVar(&f.arrivals, "arrivals", string(bench.Poisson), "how --rate is `spread`: "+strings.Join(bench.ArrivalNames(), ", "))
	flags.IntVar(&f.o.InFlight, "in_flight", 4096, "how many `requests` of --rate may be under way; what comes beyond is dropped and counted")
	flags.DurationVar(&f.o.Duration, "duration", 10*time.Second, "measure for so `long` at each number")
	flags.DurationVar(&f.o.Warmup, "warmup", 2*time.Second, "run for so `long` before that")
	flags.DurationVar(&f.o.Timeout, "timeout", 10*time.Second, "give a request up after this `time`; a download when nothing has come for so long, or so long after the end")
	flags.StringVar(&f.connections, "connections", "each", "a connection for `each` request, or one that is kept")
	flags.StringSliceVar(&f.sources, "sources", nil, "the peers are at the addresses of this `network` (default: the address from "+
		"which the supernode is reached)")
	flags.IntVar(&f.o.Peers, "peers", 16, "so many `peers` are logged in")
	flags.IntVar(&f.o.Files, "files", 100, "each peer publishes so many `files` before it is measured")
	flags.StringVar(&f.o.Text, "text", "", "search for this `text` (default: words of a file that was published)")
	flags.IntVar(&f.o.Words, "words", 2, "so many `words` where there is no --text; the fewer, the more is found")
	flags.StringVar(&f.file, "file", "", "download the file of this `MD5` from the supernode (default: whatever a search for --text or * finds)")
	flags.Uint64Var(&f.o.Seed, "seed", 1, "the same `number` makes the same names and the same requests")
	f.bare = flags.Bool("bare", false, "measure in turns with a bare Go server that answers logins, or gives a file, and does nothing else")
	cmd.MarkFlagsMutuallyExclusive("clients", "rate")
	for name, values := range map[string][]string{
		"arrivals": bench.ArrivalNames(), "connections": {"each", "kept"}, "mix": bench.OperationNames(),
	} {
		cobra.CheckErr(cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
	}
}

// parse looks at what was typed, as far as that can be done without the network.
func (f *benchFlags) parse() error {
	o := &f.o
	var err error
	if o.Mix, err = bench.ParseMix(f.mix); err != nil {
		return usagef("--mix: %w", err)
	}
	if f.rate != "" {
		o.Steps, err = bench.ParseRates(f.rate)
	} else {
		o.Steps, err = bench.ParseClients(f.clients)
	}
	if err != nil {
		return usagef("%w", err)
	}
	if o.Sources, err = bench.ParseSources(f.sources); err != nil {
		return usagef("--sources: %w", err)
	}
	if f.file != "" {
		if o.File, err = p2p.ParseFileID([]byte(f.file)); err != nil {
			return usagef("--file: %q is no MD5 in 32 hex digits", f.file)
		}
	}
	o.Arrivals, o.Kept = bench.Arrivals(f.arrivals), f.connections == "kept"
	if f.connections != "each" && f.connections != "kept" {
		return usagef("--connections has to be each or kept")
	}
	if err := o.Validate(); err != nil {
		return usagef("%w", err)
	}
	if *f.bare {
		if !o.Mix.Only(bench.Login) && !o.Mix.Only(bench.Download) {
			return usagef("--bare compares logins, or downloads: --mix has to be login or download alone")
		}
		o.Bare = startBare
	}
	return nil
}

// bench measures, and prints what came out.
func (a *app) bench(f *benchFlags, reach *reachFlags, target string, named bool) error {
	ctx, stop := interruptible()
	defer stop()
	o := f.o
	if err := a.aim(ctx, &o, reach, target, named); err != nil {
		return err
	}
	show := a.benchProgress(&o)
	report, err := bench.Run(ctx, o)
	show.stop()
	if report == nil {
		return err
	}
	var wrong error
	if *f.json {
		wrong = a.printJSON(report)
	} else {
		a.writeBench(report)
	}
	if n := report.Logouts.Failed(); n > 0 {
		fmt.Fprintf(a.err, "warning: %s could not be logged out: %s\n", plural(n, "peer", "peers"), report.Logouts)
	}
	if report.Interrupted {
		err = errors.New("interrupted")
	}
	return errors.Join(err, wrong)
}

// aim finds what is measured, and from where.
func (a *app) aim(ctx context.Context, o *bench.Options, reach *reachFlags, target string, named bool) error {
	here := machine()
	var at p2p.Endpoint
	var err error
	if target != "" {
		if at, err = here.endpoint(ctx, target); errors.Is(err, errTarget) {
			return usagef("%q: %w", target, err)
		} else if err != nil {
			return fmt.Errorf("%q: %w", target, err)
		}
	}
	if target == "" || named {
		l, err := a.connect(ctx, &reachFlags{settings: reach.settings, admin: reach.admin})
		if err != nil {
			return err
		}
		s, err := l.Status(ctx)
		if err != nil {
			return l.explain(err)
		}
		if target == "" {
			at = s.Node.Endpoint
		}
		o.CPU = l.ProcessorTime
	}
	from, err := dialedFrom(ctx, at)
	if err != nil {
		return fmt.Errorf("the supernode %s cannot be reached: %w", at, err)
	}
	for _, to := range at.Dialable() {
		if to.Addr().Is4() == from.Is4() {
			o.Target = to
			break
		}
	}
	if len(o.Sources) == 0 {
		o.Sources = bench.Sources{netip.PrefixFrom(from, from.BitLen())}
	}
	o.IPv4 = here.guess(nil)
	return nil
}

// dialedFrom connects to a node and gives the address of this machine by which it was reached.
func dialedFrom(ctx context.Context, at p2p.Endpoint) (netip.Addr, error) {
	return reach(ctx, at, netip.IPv4Unspecified())
}

// startBare starts this program again, as a bare server.
func startBare(s bench.BareSpec) (bench.BareServer, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return bench.StartBare(program, bareCommand, s.Operation.String(), strconv.FormatBool(s.Kept), strconv.FormatInt(s.Size, 10))
}

// bareCommand is the name of the command, which the help does not list.
const bareCommand = "bench-bare"

func (a *app) bareCommand() *cobra.Command {
	return &cobra.Command{
		Use: bareCommand + " login|download KEPT SIZE", Hidden: true, Args: cobra.ExactArgs(3),
		Short: "The bare server of 'bench --bare', which ends with its input",
		RunE: action(func(_ *cobra.Command, args []string) error {
			signal.Ignore(os.Interrupt) // which ends the benchmark first
			s := bench.BareSpec{Operation: bench.Login}
			if args[0] == bench.Download.String() {
				s.Operation = bench.Download
			}
			var wrong error
			s.Kept, wrong = strconv.ParseBool(args[1])
			size, err := strconv.ParseInt(args[2], 10, 64)
			if s.Size = size; err != nil || wrong != nil {
				return usagef("%s is no KEPT and SIZE", strings.Join(args[1:], " "))
			}
			return bench.RunBare(a.in, a.out, s)
		}),
	}
}
