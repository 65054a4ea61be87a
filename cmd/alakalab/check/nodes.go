package check

import (
	"fmt"
	"slices"
	"time"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// sessionIsolation — false when an operation succeeded under a session that was not given to that peer; when a logout that
// was acknowledged left entries, or a search that began after it, and ended before the peer was back, has an entry of that
// peer; or when an ALGO had another count than that of the entries removed. Unknown when nobody watched, or when there was
// no logout.
func sessionIsolation(c *Case, _ experiment.Parameters) record.Check {
	n := &counters{run: c.Run}
	foreign, outs := n.get(record.SessionsForeign), n.get(record.Logouts)
	left, miscounted := n.get(record.LogoutsLeft), n.get(record.LogoutsMiscounted)
	if out, lacks := n.lacks(); lacks {
		return out
	}
	ghosts := ghosts(c.Ops)
	switch {
	case foreign+left+miscounted > 0 || len(ghosts) > 0:
		return evidence(no("%d operations under foreign sessions; %s left %d entries, %d miscounted; %d results of peers that were logged out",
			foreign, count(int(outs), "logout"), left, miscounted, len(ghosts)),
			append(n.of(record.SessionsForeign, record.LogoutsLeft, record.LogoutsMiscounted), ghosts...))
	case outs == 0:
		return unknown("no peer logged out")
	}
	return yes("%s left nothing and counted right, and no operation succeeded under a foreign session", count(int(outs), "logout"))
}

// ghosts lists results of peers that had logged out. A peer is away from the end of its logout until it does anything.
func ghosts(ops []record.Op) (out []string) {
	type absence struct{ from, to time.Duration }
	away := make(map[string][]absence)
	const forever = 1<<63 - 1
	for i := range ops {
		if op := &ops[i]; op.Kind == "logout" && op.Outcome == record.OK {
			away[op.Node] = append(away[op.Node], absence{op.Ended, forever})
		}
	}
	if len(away) == 0 {
		return nil
	}
	for i := range ops {
		for j, a := range away[ops[i].Node] {
			if s := ops[i].Started; s >= a.from && s < a.to {
				away[ops[i].Node][j].to = s
			}
		}
	}
	for i := range ops {
		op := &ops[i]
		for _, e := range op.Results {
			if slices.ContainsFunc(away[e.Owner], func(a absence) bool { return op.Started > a.from && op.Ended < a.to }) {
				out = append(out, fmt.Sprintf("%s has %q of %s, who had logged out", name(op), e.Name, e.Owner))
			}
		}
	}
	return out
}

// downloadIntegrity — false when a download that is ok made a file with another md5 than was asked for, when a file was
// made outside of the download folder, or when one stood under its final name before it was whole. Unknown when no download
// ended well, or nobody looked at what came of them.
func downloadIntegrity(c *Case, _ experiment.Parameters) record.Check {
	var done, unseen int
	var wrong []string
	for i := range c.Ops {
		op := &c.Ops[i]
		if op.Kind != "download" || op.Outcome != record.OK || op.Entry == nil {
			continue
		}
		done++
		switch {
		case op.Got == "":
			unseen++
		case op.Got != op.Entry.File:
			wrong = append(wrong, fmt.Sprintf("%s: asked for %s, got %s", name(op), op.Entry.File, op.Got))
		}
	}
	n := &counters{run: c.Run}
	outside, partial := n.get(record.FilesOutside), n.get(record.FilesPartial)
	bad := max(int64(len(wrong)), c.Run.Counters[record.FilesWrong])
	if bad+outside+partial > 0 {
		return evidence(no("of %s, %d wrong, %d files outside of the folder, %d visible before they were whole",
			count(done, "download"), bad, outside, partial),
			append(wrong, n.of(record.FilesWrong, record.FilesOutside, record.FilesPartial)...))
	}
	if out, lacks := n.lacks(); lacks {
		return out
	}
	_, watched := c.Run.Counters[record.FilesWrong]
	switch {
	case done == 0:
		return unknown("no download ended well")
	case unseen > 0 && !watched:
		return unknown("of %s, nobody looked at what came of %d", count(done, "download"), unseen)
	}
	return yes("%s, each the file that was asked for, and none elsewhere or too early", count(done, "download"))
}

// durability — false when an entry that a durable supernode had acknowledged before it was killed, or before a write of it
// was torn, is not there once it has started again. Unknown when none was looked for.
func durability(c *Case, _ experiment.Parameters) record.Check {
	n := &counters{run: c.Run}
	checked, missing := n.get(record.DurableChecked), n.get(record.DurableMissing)
	if out, lacks := n.lacks(); lacks {
		return out
	}
	switch {
	case missing > 0:
		return evidence(no("%d of %s acknowledged before a crash were gone after the restart", missing, count(int(checked), "entry")), n.of(record.DurableMissing))
	case checked == 0:
		return unknown("no durable supernode came back from a crash with anything to look for")
	}
	return yes("%s acknowledged before a crash, all there after the restart", count(int(checked), "entry"))
}

// reflection — false when one address that had never contacted anybody got more than max_bytes_to_stranger in all (default
// 4 KiB). Unknown when nobody counted.
func reflection(c *Case, with experiment.Parameters) record.Check {
	limit := int64(4096)
	if p, ok := with.(*experiment.Reflection); ok && p != nil {
		limit = int64(p.MaxBytesToStranger)
	}
	n := &counters{run: c.Run}
	most := n.get(record.StrangerBytes)
	if out, lacks := n.lacks(); lacks {
		return out
	}
	if most > limit {
		return evidence(no("%d bytes were sent to one address that had contacted nobody; %d are allowed", most, limit), n.of(record.StrangerBytes))
	}
	return yes("at most %d bytes were sent to one address that had contacted nobody; %d are allowed", most, limit)
}
