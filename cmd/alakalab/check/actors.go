package check

import (
	"fmt"
	"strings"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// messageAccounting — false when the messages put into mailboxes are not as many as those processed, lost with a panic,
// dropped by a fault, discarded when an actor stopped, and waiting at the end. Unknown when nobody counted, or there were
// none.
func messageAccounting(c *Case, _ experiment.Parameters) record.Check {
	n := &counters{run: c.Run}
	posted, processed, panicked := n.get(record.MessagesPosted), n.get(record.MessagesProcessed), n.get(record.MessagesPanicked)
	dropped, discarded, waiting := n.get(record.MessagesDropped), n.get(record.MessagesDiscarded), n.get(record.MessagesWaiting)
	if out, lacks := n.lacks(); lacks {
		return out
	}
	figures := fmt.Sprintf("%d posted; %d processed, %d lost with a panic, %d dropped by faults, %d discarded at a stop, %d waiting",
		posted, processed, panicked, dropped, discarded, waiting)
	switch sum := processed + panicked + dropped + discarded + waiting; {
	case sum < posted:
		return no("%s: %d vanished", figures, posted-sum)
	case sum > posted:
		return no("%s: %d too many", figures, sum-posted)
	case posted == 0:
		return unknown("no message was posted")
	}
	return yes("%s", figures)
}

// restarts — false when the restarts of actors are not as many as the panics that faults raised and the restarts with
// another known cause together, when a node died that nobody killed, or when a panic met no supervisor. Unknown when nobody
// counted.
func restarts(c *Case, _ experiment.Parameters) record.Check {
	n := &counters{run: c.Run}
	panics, all, known := n.get(record.PanicsInjected), n.get(record.ActorRestarts), n.get(record.ActorRestartsKnown)
	died, bare := n.get(record.NodesDied), n.get(record.PanicsUnsupervised)
	if out, lacks := n.lacks(); lacks {
		return out
	}
	figures := fmt.Sprintf("%s after %s injected and %s; %s died, %s met no supervisor",
		count(int(all), "restart"), count(int(panics), "panic"), count(int(known), "other known cause"), count(int(died), "node"), count(int(bare), "panic"))
	if all != panics+known || died+bare > 0 {
		return evidence(no("%s", figures), n.of(record.ActorRestarts, record.NodesDied, record.PanicsUnsupervised))
	}
	return yes("%s", figures)
}

// bounded — false when the depth of mailboxes (figure mailbox_p99 of the whole run) is above mailbox_p99, or goroutines or
// open files are more by the end of the run (the last window that tells) than after the warm-up (the first that tells), by
// more than their growth. Engine mem has no files, and counts the goroutines that are left once all nodes have ended. Engine sim
// is one thread, so that there only mailboxes are looked at. Unknown when the record lacks one of these.
func bounded(c *Case, with experiment.Parameters) record.Check {
	p, ok := with.(*experiment.Bounded)
	if !ok || p == nil {
		p = &experiment.Bounded{MailboxP99: 1000}
	}
	var over, fine, lacking []string
	look := func(what string, value, limit float64, known bool) {
		line := fmt.Sprintf("%s %.4g of %.4g", what, value, limit)
		switch {
		case !known:
			lacking = append(lacking, what)
		case value > limit:
			over = append(over, line)
		default:
			fine = append(fine, line)
		}
	}
	if p.MailboxP99 > 0 {
		depth, known := c.Run.Figure("mailbox_p99", record.Whole)
		look("mailbox_p99", depth, float64(p.MailboxP99), known)
	}
	switch experiment.Engine(c.Run.Engine) {
	case experiment.Mem:
		n, known := c.Run.Counters[record.GoroutinesLeft]
		look("goroutines left", float64(n), float64(p.GoroutinesGrowth), known)
	case experiment.Net:
		n, known := growth(c.Run, "goroutines")
		look("growth of goroutines", n, float64(p.GoroutinesGrowth), known)
		n, known = growth(c.Run, "fds")
		look("growth of open files", n, float64(p.FDsGrowth), known)
	}
	switch {
	case len(over) > 0:
		return evidence(no("%s", strings.Join(append(over, fine...), "; ")), c.Run.Cases[record.GoroutinesLeft])
	case len(lacking) > 0:
		return unknown("the record lacks %s", strings.Join(lacking, ", "))
	case len(fine) == 0:
		return unknown("no limit was given that this engine knows")
	}
	return yes("%s", strings.Join(fine, "; "))
}

// growth is by how much a metric is more in the last window than in the first one after the warm-up.
func growth(r *record.Run, metric string) (float64, bool) {
	var first, last float64
	n := 0
	for _, w := range r.Windows {
		if v, ok := w.Values[metric]; ok && w.At >= r.Warmup {
			if n == 0 {
				first = v
			}
			last = v
			n++
		}
	}
	return last - first, n > 1
}

// determinism — false when a second run of the same seed had another trace of the network. Unknown when there was none, or
// the engine has no traces.
func determinism(c *Case, _ experiment.Parameters) record.Check {
	return Determinism(c.Run.Trace, c.Again)
}

// Determinism compares the traces of two runs of the same seed.
func Determinism(first, second string) record.Check {
	out := unknown("the run has no trace to compare with another")
	switch {
	case first == "":
	case second == "":
		out = unknown("the seed was run only once")
	case first != second:
		out = no("the same seed gave two traces, %.16s and %.16s", first, second)
	default:
		out = yes("the same seed gave the same trace %.16s twice", first)
	}
	out.Name = "determinism"
	return out
}
