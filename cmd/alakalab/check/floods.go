package check

import (
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// floodLaw — false when a node passed one id to the same neighbor twice, or back to the neighbor from which it had it
// first, or when the floods that reach all (no fault, no change of the overlay, TTL at least the sender's eccentricity)
// took another number of QUER than 2E − N + 1 each: every node sends to all its neighbors but the one it heard first.
// Unknown when no flood was looked at, or none of those that the law is about.
func floodLaw(c *Case, _ experiment.Parameters) record.Check {
	n := &counters{run: c.Run}
	seen, twice, back := n.get(record.FloodsSeen), n.get(record.FloodsTwice), n.get(record.FloodsBack)
	full, sent, law := n.get(record.FloodsFull), n.get(record.FloodsFullSent), n.get(record.FloodsFullLaw)
	if out, lacks := n.lacks(); lacks {
		return out
	}
	switch {
	case twice+back > 0:
		return evidence(no("in %s, nodes passed an id on %d times twice and %d times back", count(int(seen), "flood"), twice, back),
			n.of(record.FloodsTwice, record.FloodsBack))
	case sent != law:
		return evidence(no("%s that reach all took %d QUER; by the law 2E − N + 1 they take %d", count(int(full), "flood"), sent, law),
			n.of(record.FloodsFullSent))
	case full == 0:
		return unknown("none of %s met the conditions of the law: no fault, an overlay at rest, and a TTL that reaches all",
			count(int(seen), "flood"))
	}
	return yes("%s that reach all took %d QUER, exactly as the law 2E − N + 1 says; %d floods in all, none twice or back",
		count(int(full), "flood"), sent, seen)
}

// ttlAndDup — false when a node passed a QUER on with another TTL than one less than that with which it came (so that no
// flood goes further than its first TTL), or passed one id to the same neighbor twice while it has to remember it (20 s).
// Unknown when no flood was looked at.
func ttlAndDup(c *Case, _ experiment.Parameters) record.Check {
	n := &counters{run: c.Run}
	seen, wrong, twice := n.get(record.FloodsSeen), n.get(record.FloodsTTL), n.get(record.FloodsTwice)
	if out, lacks := n.lacks(); lacks {
		return out
	}
	switch {
	case wrong+twice > 0:
		return evidence(no("in %s, %d QUER went on with a wrong TTL, and %d a second time", count(int(seen), "flood"), wrong, twice),
			n.of(record.FloodsTTL, record.FloodsTwice))
	case seen == 0:
		return unknown("there was no flood")
	}
	return yes("in %s, each QUER went on once, with a TTL of one less", count(int(seen), "flood"))
}
