package check

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// sound is the record of a run in which all went well: a fault from 100 s to 160 s, and searches before, during and after
// it that find the two entries there are.
func sound() *Case {
	r := &record.Run{
		Engine: "sim", Warmup: 10 * time.Second, Run: 200 * time.Second, Heal: 90 * time.Second, Trace: "aaaa",
		Faults: []record.Fault{{ID: "split", Kind: "partition", Started: 100 * time.Second, Ended: 160 * time.Second, Due: 1, Applied: 1, Hit: 7}},
		Figures: []record.Figure{
			{Metric: "recall", Phase: record.Whole, Value: 0.97}, {Metric: "mailbox_p99", Phase: record.Whole, Value: 12},
			{Metric: "recall", Phase: record.During, Value: 0.5},
		},
		Counters: make(map[string]int64),
		Cases:    make(map[string][]string),
	}
	for _, name := range []string{
		record.FloodsSeen, record.FloodsTwice, record.FloodsBack, record.FloodsTTL, record.FloodsFull, record.FloodsFullSent, record.FloodsFullLaw,
		record.SessionsForeign, record.Logouts, record.LogoutsLeft, record.LogoutsMiscounted, record.FilesOutside, record.FilesPartial,
		record.DurableChecked, record.DurableMissing, record.MessagesPosted, record.MessagesProcessed, record.MessagesPanicked,
		record.MessagesDropped, record.MessagesDiscarded, record.MessagesWaiting, record.PanicsInjected, record.ActorRestarts,
		record.ActorRestartsKnown, record.NodesDied, record.PanicsUnsupervised, record.StrangerBytes,
	} {
		r.Counters[name] = 0
	}
	for name, n := range map[string]int64{
		record.FloodsSeen: 9, record.FloodsFull: 4, record.FloodsFullSent: 124, record.FloodsFullLaw: 124, record.Logouts: 2,
		record.DurableChecked: 5, record.MessagesPosted: 100, record.MessagesProcessed: 90, record.MessagesPanicked: 3, record.MessagesDropped: 4,
		record.MessagesDiscarded: 2, record.MessagesWaiting: 1, record.PanicsInjected: 3, record.ActorRestarts: 4, record.ActorRestartsKnown: 1,
		record.StrangerBytes: 62,
	} {
		r.Counters[name] = n
	}
	c := &Case{Run: r, SLO: experiment.SLO{{Metric: "recall", Op: ">=", Value: 0.95, Text: ">= 0.95"}}, Again: "aaaa"}
	for at := time.Duration(0); at < r.Total(); at += 5 * time.Second {
		recall := 0.97
		if at >= 100*time.Second && at < 170*time.Second {
			recall = 0.5
		}
		r.Windows = append(r.Windows, record.Window{At: at, Values: map[string]float64{"recall": recall, "fds": 20}})
	}
	for i, at := 1, r.Warmup; at < 295*time.Second; i, at = i+1, at+500*time.Millisecond {
		c.Ops = append(c.Ops, record.Op{
			ID: i, Kind: "find", Node: "peer-1", Intended: at, Started: at, Ended: at + time.Second, Outcome: record.OK, Text: "song",
			Results: []record.Entry{one, two}, Expected: 2, Found: 2, Reachable: 2, Reached: 2,
		})
	}
	c.Ops = append(c.Ops,
		record.Op{ID: 9001, Kind: "publish", Node: "peer-3", Started: 5 * time.Second, Ended: 6 * time.Second, Outcome: record.OK, Entry: &two},
		record.Op{ID: 9002, Kind: "download", Node: "peer-1", Started: time.Minute, Ended: 2 * time.Minute, Outcome: record.OK, Entry: &one, Got: one.File},
		record.Op{ID: 9003, Kind: "logout", Node: "peer-4", Started: time.Minute, Ended: 61 * time.Second, Outcome: record.OK},
	)
	return c
}

var (
	one = record.Entry{File: "11", Name: "Song one.mp3", Owner: "peer-2"}
	two = record.Entry{File: "22", Name: "song two.mp3", Owner: "peer-3"}
)

// lack takes the second entry out of the finds from one time to another.
func lack(c *Case, from, to time.Duration) {
	for i := range c.Ops {
		if op := &c.Ops[i]; op.Kind == "find" && op.Started >= from && op.Started < to {
			op.Results, op.Missing, op.Reached = op.Results[:1], []record.Entry{two}, 1
		}
	}
}

// first is the search that began first.
func first(c *Case) *record.Op { return &c.Ops[0] }

func add(name string, n int64) func(*Case) { return func(c *Case) { c.Run.Counters[name] += n } }

func put(name string, n int64) func(*Case) { return func(c *Case) { c.Run.Counters[name] = n } }

func uncounted(name string) func(*Case) { return func(c *Case) { delete(c.Run.Counters, name) } }

func noOps(c *Case) { c.Ops = nil }

func noFaults(c *Case) { c.Run.Faults = nil }

func recallFrom(at time.Duration, v float64) func(*Case) {
	return func(c *Case) {
		for _, w := range c.Run.Windows {
			if w.At >= at {
				w.Values["recall"] = v
			}
		}
	}
}

func slower(by time.Duration) func(*Case) {
	return func(c *Case) {
		for i := range c.Ops {
			if op := &c.Ops[i]; op.Kind == "find" && op.Started >= 100*time.Second {
				op.Ended += by
			}
		}
	}
}

// breach is what makes a check say something else of the sound run, and what it says then.
type breach struct {
	what string
	do   func(*Case)
	want record.Verdict
	why  string // part of the sentence, or of the evidence
}

func TestChecks(t *testing.T) {
	for name, breaches := range breaches {
		t.Run(name, func(t *testing.T) {
			says := func(do func(*Case)) record.Check {
				c := sound()
				do(c)
				all, _ := Judge(c, []experiment.Check{{Name: name, With: parameters[name]}})
				for _, k := range all {
					if k.Name == name {
						return k
					}
				}
				t.Fatal("the check did not answer")
				return record.Check{}
			}
			k := says(func(*Case) {})
			require.Equal(t, record.True, k.Verdict, k.Why)
			verdicts := make(map[record.Verdict]bool)
			for _, b := range breaches {
				k := says(b.do)
				require.Equal(t, b.want, k.Verdict, "%s: %s", b.what, k.Why)
				text := k.Why
				for _, e := range k.Evidence {
					text += "\n" + e
				}
				require.Contains(t, text, b.why, b.what)
				verdicts[k.Verdict] = true
			}
			require.True(t, verdicts[record.False] && verdicts[record.Unknown] || name == "faults", "a case for each verdict")
		})
	}
	for _, name := range Names() {
		require.Contains(t, breaches, name)
	}
}

var parameters = map[string]experiment.Parameters{
	"no-phantoms": &experiment.Exemption{Except: []string{"liar"}},
	"recovery":    &experiment.Recovery{Metric: "recall", Within: 20 * time.Second, Band: 0.02},
	"bounded":     &experiment.Bounded{MailboxP99: 100, GoroutinesGrowth: 5},
	"reflection":  &experiment.Reflection{MaxBytesToStranger: 100},
	"quota":       &experiment.Quota{MaxSlowdown: 0.2},
}

var breaches = map[string][]breach{
	"faults": {
		{"a fault that hit nothing", func(c *Case) { c.Run.Faults[0].Hit = 0 }, record.Unknown, "split (partition) was due 1 and applied 1 times"},
	},
	"flood-law": {
		{"a message more", add(record.FloodsFullSent, 1), record.False, "took 125 QUER; by the law 2E − N + 1 they take 124"},
		{"one sent twice", add(record.FloodsTwice, 1), record.False, "1 times twice"},
		{"one sent back", add(record.FloodsBack, 1), record.False, "1 times back"},
		{"nobody counted", uncounted(record.FloodsBack), record.Unknown, record.FloodsBack},
		{"no flood that reaches all", func(c *Case) {
			put(record.FloodsFull, 0)(c)
			put(record.FloodsFullSent, 0)(c)
			put(record.FloodsFullLaw, 0)(c)
		}, record.Unknown, "none of 9 floods"},
	},
	"ttl-and-dup": {
		{"a TTL", func(c *Case) {
			add(record.FloodsTTL, 1)(c)
			c.Run.Cases[record.FloodsTTL] = []string{"supernode-3 raised a TTL"}
		}, record.False, "supernode-3 raised a TTL"},
		{"one sent twice", add(record.FloodsTwice, 2), record.False, "2 a second time"},
		{"no flood", put(record.FloodsSeen, 0), record.Unknown, "no flood"},
		{"nobody counted", uncounted(record.FloodsTTL), record.Unknown, record.FloodsTTL},
	},
	"index-set": {
		{"stale", func(c *Case) { lack(c, 50*time.Second, 60*time.Second) }, record.True, "1 stable, 1 stale, 0 lost, 0 unsettled; 0 published and never read; the longest was missing for 4m4"},
		{"missing under the fault, found after it", func(c *Case) { lack(c, 110*time.Second, 160*time.Second) }, record.True, "1 stale"},
		{"never read", func(c *Case) {
			c.Ops = append(c.Ops, record.Op{Kind: "publish", Outcome: record.OK, Entry: &record.Entry{File: "33"}})
		}, record.True, "1 published and never read"},
		{"lost", func(c *Case) { lack(c, 50*time.Second, time.Hour) }, record.False, "song two.mp3 of peer-3 (22): last looked for at 4m54"},
		{"duplicated", func(c *Case) { first(c).Results = append(first(c).Results, one) }, record.False, "Song one.mp3 of peer-2 twice"},
		{"not looked for after the faults", func(c *Case) {
			lack(c, 110*time.Second, 160*time.Second)
			for i := range c.Ops {
				if op := &c.Ops[i]; op.Started >= 160*time.Second {
					op.Results = op.Results[:1]
				}
			}
		}, record.Unknown, "not looked for after the faults"},
		{"not named", func(c *Case) { first(c).Reached-- }, record.Unknown, "1 entry that the record does not name"},
		{"nothing read", noOps, record.Unknown, "no search read any entry"},
	},
	"no-phantoms": {
		{"a phantom", func(c *Case) { first(c).Phantoms = 2 }, record.False, "find 1 of peer-1 at 10s: 2 results"},
		{"one of two is excepted", func(c *Case) { first(c).Phantoms, first(c).Foul = 2, map[string]int{"liar": 1} }, record.False, "1 result"},
		{"somebody else's", func(c *Case) { first(c).Phantoms, first(c).Foul = 1, map[string]int{"other": 1} }, record.False, "1 result"},
		{"excepted", func(c *Case) { first(c).Phantoms, first(c).Foul = 2, map[string]int{"liar": 2} }, record.True, "but for 2 made up"},
		{"nothing found", noOps, record.Unknown, "no search found anything"},
	},
	"no-crosstalk": {
		{"another's result", func(c *Case) { first(c).Text = "film" }, record.False, `find 1 of peer-1 at 10s for "film" has "Song one.mp3" of peer-2`},
		{"no names", func(c *Case) {
			for i := range c.Ops {
				c.Ops[i].Results = []record.Entry{{File: "11", Owner: "peer-2"}}
			}
		}, record.Unknown, "no search has a result with a name"},
	},
	"session-isolation": {
		{"a foreign session", add(record.SessionsForeign, 1), record.False, "1 operations under foreign sessions"},
		{"entries left", add(record.LogoutsLeft, 3), record.False, "left 3 entries"},
		{"a wrong count", add(record.LogoutsMiscounted, 1), record.False, "1 miscounted"},
		{"a result of one who left", func(c *Case) { c.Ops[len(c.Ops)-1].Node = "peer-3" }, record.False, `has "song two.mp3" of peer-3, who had logged out`},
		{"he came back", func(c *Case) {
			c.Ops[len(c.Ops)-1].Node = "peer-3"
			c.Ops = append(c.Ops, record.Op{Kind: "login", Node: "peer-3", Started: 61 * time.Second})
		}, record.True, "2 logouts left nothing"},
		{"no logout", put(record.Logouts, 0), record.Unknown, "no peer logged out"},
		{"nobody counted", uncounted(record.LogoutsLeft), record.Unknown, record.LogoutsLeft},
	},
	"download-integrity": {
		{"another file", func(c *Case) { c.Ops[len(c.Ops)-2].Got = "22" }, record.False, "asked for 11, got 22"},
		{"another file that is only counted", add(record.FilesWrong, 2), record.False, "of 1 download, 2 wrong"},
		{"counted only", func(c *Case) {
			c.Ops[len(c.Ops)-2].Got = ""
			put(record.FilesWrong, 0)(c)
		}, record.True, "1 download, each"},
		{"outside", add(record.FilesOutside, 1), record.False, "1 files outside"},
		{"too early", add(record.FilesPartial, 1), record.False, "1 visible before"},
		{"not looked at", func(c *Case) { c.Ops[len(c.Ops)-2].Got = "" }, record.Unknown, "nobody looked at what came of 1"},
		{"nobody counted", uncounted(record.FilesOutside), record.Unknown, record.FilesOutside},
		{"none", noOps, record.Unknown, "no download ended well"},
	},
	"durability": {
		{"missing", add(record.DurableMissing, 2), record.False, "2 of 5 entries"},
		{"nothing looked for", put(record.DurableChecked, 0), record.Unknown, "came back from a crash"},
		{"nobody counted", uncounted(record.DurableMissing), record.Unknown, record.DurableMissing},
	},
	"message-accounting": {
		{"one vanished", add(record.MessagesPosted, 1), record.False, "1 vanished"},
		{"one too many", add(record.MessagesProcessed, 2), record.False, "2 too many"},
		{"none", func(c *Case) {
			for name := range c.Run.Counters {
				c.Run.Counters[name] = 0
			}
		}, record.Unknown, "no message was posted"},
		{"nobody counted", uncounted(record.MessagesWaiting), record.Unknown, record.MessagesWaiting},
	},
	"restarts": {
		{"a panic nobody injected", add(record.ActorRestarts, 1), record.False, "5 restarts after 3 panics injected and 1 other known cause"},
		{"a panic without restart", add(record.PanicsInjected, 1), record.False, "4 panics injected"},
		{"a dead node", add(record.NodesDied, 1), record.False, "1 node died"},
		{"a bare panic", add(record.PanicsUnsupervised, 1), record.False, "1 panic met no supervisor"},
		{"nobody counted", uncounted(record.NodesDied), record.Unknown, record.NodesDied},
	},
	"bounded": {
		{"a long mailbox", func(c *Case) { c.Run.Figures[1].Value = 101 }, record.False, "mailbox_p99 101 of 100"},
		{"open files grow", func(c *Case) {
			c.Run.Engine = "net"
			for i, w := range c.Run.Windows {
				w.Values["goroutines"] = 100
				w.Values["fds"] = 20 + float64(i/50)
			}
		}, record.False, "growth of open files 1 of 0"},
		{"open files grow in the warm-up", func(c *Case) {
			c.Run.Engine = "net"
			for _, w := range c.Run.Windows {
				w.Values["goroutines"] = 100
			}
			c.Run.Windows[0].Values["fds"] = 3
		}, record.True, "growth of open files 0 of 0"},
		{"no goroutines measured", func(c *Case) { c.Run.Engine = "net" }, record.Unknown, "lacks growth of goroutines"},
		{"a goroutine never ends", func(c *Case) {
			c.Run.Engine, c.Run.Counters[record.GoroutinesLeft] = "mem", 6
		}, record.False, "goroutines left 6 of 5"},
		{"some are allowed", func(c *Case) {
			c.Run.Engine, c.Run.Counters[record.GoroutinesLeft] = "mem", 5
		}, record.True, "goroutines left 5 of 5"},
		{"nobody looked for goroutines", func(c *Case) { c.Run.Engine = "mem" }, record.Unknown, "lacks goroutines left"},
		{"no figure", func(c *Case) { c.Run.Figures = nil }, record.Unknown, "lacks mailbox_p99"},
	},
	"recovery": {
		{"later than that", recallFrom(160*time.Second, 0.94), record.False, "it never came back"},
		{"a relapse", recallFrom(270*time.Second, 0.9), record.False, "4m30s: 0.9"},
		{"better than before", recallFrom(160*time.Second, 1), record.True, "it was back 0s after"},
		{"as noisy before", func(c *Case) {
			for i, w := range c.Run.Windows {
				if i%2 == 0 {
					w.Values["recall"] = 0.9
				}
			}
		}, record.Unknown, "the band is too narrow"},
		{"no fault", noFaults, record.Unknown, "no fault began"},
		{"nothing measured", func(c *Case) { c.Run.Windows = c.Run.Windows[:33] }, record.Unknown, "in 0 windows later than 20s"},
	},
	"reflection": {
		{"too much", put(record.StrangerBytes, 101), record.False, "101 bytes"},
		{"nobody counted", uncounted(record.StrangerBytes), record.Unknown, record.StrangerBytes},
	},
	"quota": {
		{"slower", slower(300 * time.Millisecond), record.False, "find_p99 was 1 s before and 1.3 s during the faults, +30.0 %; 20 % are allowed"},
		{"a little slower", slower(100 * time.Millisecond), record.True, "+10.0 %"},
		{"too few", noOps, record.Unknown, "too few"},
		{"no fault", noFaults, record.Unknown, "no fault began"},
	},
	"slo": {
		{"missed", func(c *Case) { c.Run.Figures[0].Value = 0.94 }, record.False, "recall was 0.94, which has to be >= 0.95"},
		{"no figure", func(c *Case) { c.Run.Figures = c.Run.Figures[1:] }, record.Unknown, "no figure of [recall]"},
		{"none", func(c *Case) { c.SLO = nil }, record.Unknown, "there are no objectives"},
	},
	"determinism": {
		{"two traces", func(c *Case) { c.Again = "bbbb" }, record.False, "two traces, aaaa and bbbb"},
		{"only once", func(c *Case) { c.Again = "" }, record.Unknown, "only once"},
		{"no trace", func(c *Case) { c.Run.Trace = "" }, record.Unknown, "no trace"},
	},
}

// TestJudge adds the ledger and the objectives to what is asked for, and sums up.
func TestJudge(t *testing.T) {
	asked := []experiment.Check{{Name: "restarts"}, {Name: "durability"}}
	verdict := func(do ...func(*Case)) (record.Verdict, []string) {
		c := sound()
		for _, d := range do {
			d(c)
		}
		all, whole := Judge(c, asked)
		var names []string
		for _, k := range all {
			names = append(names, k.Name)
		}
		return whole, names
	}
	whole, names := verdict()
	require.Equal(t, record.True, whole)
	require.Equal(t, []string{"faults", "restarts", "durability", "slo"}, names)

	whole, _ = verdict(uncounted(record.NodesDied))
	require.Equal(t, record.Unknown, whole)
	whole, _ = verdict(uncounted(record.NodesDied), add(record.DurableMissing, 1))
	require.Equal(t, record.False, whole, "false counts more than unknown")
	whole, _ = verdict(add(record.NodesDied, 1), uncounted(record.DurableMissing))
	require.Equal(t, record.False, whole, "in either order")
	whole, names = verdict(func(c *Case) { c.Run.Partial, c.SLO = true, nil }, noFaults)
	require.Equal(t, record.Unknown, whole, "a run that was cut short")
	require.Equal(t, []string{"restarts", "durability", "whole-run"}, names)

	all, whole := Judge(sound(), []experiment.Check{{Name: "nonsense"}, {Name: "slo"}})
	require.Equal(t, record.Unknown, whole)
	require.Len(t, all, 3, "objectives are judged once")
}

func TestEvidenceIsShort(t *testing.T) {
	c := sound()
	for i := range c.Ops {
		if c.Ops[i].Kind == "find" {
			c.Ops[i].Phantoms = 1
		}
	}
	all, _ := Judge(c, []experiment.Check{{Name: "no-phantoms"}})
	require.Len(t, all[1].Evidence, cases+1)
	require.Equal(t, "and 565 more", all[1].Evidence[cases])
}

// TestRecoverWhereLowerIsBetter looks at the other side of the band.
func TestRecoverWhereLowerIsBetter(t *testing.T) {
	c := sound()
	for _, w := range c.Run.Windows {
		w.Values["find_p99"] = 1
		switch {
		case w.At >= 200*time.Second:
			w.Values["find_p99"] = 0.5
		case w.At >= 160*time.Second:
			w.Values["find_p99"] = 1.5
		}
	}
	m := Recover(c.Run, "find_p99", 0.1)
	require.Equal(t, 1.0, m.Baseline)
	require.True(t, m.Ever)
	require.Equal(t, 40*time.Second, m.After)
}

func TestP99(t *testing.T) {
	var values []float64
	for i := range 200 {
		values = append(values, float64(200-i))
	}
	require.Equal(t, 198.0, p99(values))
	require.Equal(t, 99.0, p99(values[:100]), "of a hundred, all but one are not above it")
}
