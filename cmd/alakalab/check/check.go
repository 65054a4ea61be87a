// Package check judges the record of a run: what has to hold, whatever went wrong. A check is true, false, or unknown where
// the record does not tell, and says so in a sentence with figures. All of it is pure.
package check

import (
	"fmt"
	"strings"
	"time"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// Case is what the checks look at: the record of a run, and what goes with it.
type Case struct {
	Run *record.Run
	Ops []record.Op // in the order in which they ended
	SLO experiment.SLO
	// Again is the trace of a second run with the same seed; empty where there was none.
	Again string
}

// checker is one check. Its parameters are nil where the experiment gives none.
type checker struct {
	name  string
	judge func(*Case, experiment.Parameters) record.Check
}

var checkers = []checker{
	{"flood-law", floodLaw}, {"ttl-and-dup", ttlAndDup},
	{"index-set", indexSet}, {"no-phantoms", noPhantoms}, {"no-crosstalk", noCrosstalk},
	{"session-isolation", sessionIsolation}, {"download-integrity", downloadIntegrity}, {"durability", durability},
	{"message-accounting", messageAccounting}, {"restarts", restarts}, {"bounded", bounded},
	{"recovery", recovery}, {"reflection", reflection}, {"quota", quota}, {"slo", slo}, {"determinism", determinism},
}

// Names lists the checks that can be asked for.
func Names() []string {
	out := make([]string, len(checkers))
	for i, c := range checkers {
		out[i] = c.name
	}
	return out
}

// Judge gives the verdicts of a run: on its faults if it had any, on what the experiment asks for, and on its objectives if
// it has any. The second result is the verdict on the whole: false if one is, else unknown if one is, or if the run was cut
// short, else true.
func Judge(c *Case, asked []experiment.Check) ([]record.Check, record.Verdict) {
	var out []record.Check
	if len(c.Run.Faults) > 0 {
		out = append(out, faults(c))
	}
	objectives := len(c.SLO) > 0
	for _, a := range asked {
		out = append(out, judge(c, a))
		objectives = objectives && a.Name != "slo"
	}
	if objectives {
		out = append(out, slo(c, nil))
	}
	if c.Run.Partial {
		out = append(out, unknown("the run was cut short, so that nothing that would have come later is judged"))
		out[len(out)-1].Name = "whole-run"
	}
	whole := record.True
	for _, o := range out {
		if o.Verdict == record.False || whole == record.True {
			whole = o.Verdict
		}
	}
	return out, whole
}

func judge(c *Case, a experiment.Check) record.Check {
	for _, k := range checkers {
		if k.name == a.Name {
			out := k.judge(c, a.With)
			out.Name = k.name
			return out
		}
	}
	out := unknown("there is no such check")
	out.Name = a.Name
	return out
}

// faults — true when each fault of the ledger hit something at least once, else unknown: what was to be tried was not.
func faults(c *Case) record.Check {
	var missed []string
	hits := 0
	for _, f := range c.Run.Faults {
		hits += f.Hit
		if f.Hit == 0 {
			missed = append(missed, fmt.Sprintf("%s (%s) was due %d and applied %d times, and hit nothing", f.ID, f.Kind, f.Due, f.Applied))
		}
	}
	out := yes("%s hit %s", count(len(c.Run.Faults), "fault"), count(hits, "time"))
	if len(missed) > 0 {
		out = unknown("%d of %s never hit, so that the run does not show what it was made for", len(missed), count(len(c.Run.Faults), "fault"))
	}
	out.Name = "faults"
	return evidence(out, missed)
}

func yes(format string, args ...any) record.Check {
	return record.Check{Verdict: record.True, Why: fmt.Sprintf(format, args...)}
}

func no(format string, args ...any) record.Check {
	return record.Check{Verdict: record.False, Why: fmt.Sprintf(format, args...)}
}

func unknown(format string, args ...any) record.Check {
	return record.Check{Verdict: record.Unknown, Why: fmt.Sprintf(format, args...)}
}

// cases is how many cases are kept as evidence.
const cases = 5

func evidence(c record.Check, all []string) record.Check {
	if len(all) > cases {
		all = append(all[:cases:cases], fmt.Sprintf("and %d more", len(all)-cases))
	}
	c.Evidence = all
	return c
}

// counters reads the counters that a check needs. missing says that the record does not have them all.
type counters struct {
	run     *record.Run
	missing []string
}

func (n *counters) get(name string) int64 {
	v, ok := n.run.Counters[name]
	if !ok {
		n.missing = append(n.missing, name)
	}
	return v
}

// lacks is the verdict where counters are missing.
func (n *counters) lacks() (record.Check, bool) {
	if len(n.missing) == 0 {
		return record.Check{}, false
	}
	return unknown("nobody counted %s in this run", strings.Join(n.missing, ", ")), true
}

// of gives the cases that were kept of counters.
func (n *counters) of(names ...string) (out []string) {
	for _, name := range names {
		out = append(out, n.run.Cases[name]...)
	}
	return out
}

// count is a number with its noun.
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "ch"):
		noun += "e"
	case strings.HasSuffix(noun, "y"):
		noun = strings.TrimSuffix(noun, "y") + "ie"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// at is a time of the run as people read it.
func at(d time.Duration) string { return d.Round(time.Millisecond).String() }
