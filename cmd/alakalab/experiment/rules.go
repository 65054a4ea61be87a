package experiment

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"alakazaam/config"
)

// finish fills in what follows from other values, and checks what no value can be checked for alone.
func (d *decoder) finish(e *Experiment, dir string) {
	if d.full() {
		return
	}
	d.engine(e)
	d.topology(e, dir)
	d.workload(e)
	d.names(e.Faults)
	for i := range e.Faults {
		d.fault(e, &e.Faults[i], fmt.Sprintf("faults[%d]", i))
	}
	d.checks(e)
	d.require(e.Measure.Window <= e.Time.Run, "measure.window", fmt.Sprintf("measure.window (%s) is longer than time.run (%s)",
		config.FormatDuration(e.Measure.Window), config.FormatDuration(e.Time.Run)), "", "time.run")
}

// require reports a rule that does not hold: at the key at path, or at one of paths where that is not in the file, or where it
// would be. It does not where the value at one of them was refused already.
func (d *decoder) require(ok bool, path, message, hint string, paths ...string) {
	if ok || slices.ContainsFunc(append(paths, path), d.refused) {
		return
	}
	d.broken = append(d.broken, path)
	for _, p := range append([]string{path}, paths...) {
		if at, ok := d.places[p]; ok {
			d.report(at, path, message, hint)
			return
		}
	}
	d.report(d.where(path), path, message, hint)
}

// refused says whether the value at path, or one above or below it, was refused.
func (d *decoder) refused(path string) bool {
	return slices.ContainsFunc(d.broken, func(b string) bool {
		return b == path || below(b, path) || below(path, b)
	})
}

// below says whether a path is one of a part of another.
func below(path, whole string) bool {
	rest, ok := strings.CutPrefix(path, whole)
	return whole != "" && ok && rest != "" && (rest[0] == '.' || rest[0] == '[')
}

// where is the place of a path, or of the nearest above it that was in the file.
func (d *decoder) where(path string) place {
	for path != "" {
		if at, ok := d.places[path]; ok {
			return at
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return d.places[""]
}

// What a bubble holds: each actor that has work and each end of a connection is a goroutine there.
const (
	memSupernodes = 100
	memPeers      = 1000
)

func (d *decoder) engine(e *Experiment) {
	d.require(e.Engine != Net, "engine", "engine net is not there yet and comes with a later version", "use sim")
	if e.Engine != Mem {
		return
	}
	most := func(n, most int, at string) {
		d.require(n <= most, at, fmt.Sprintf("%s is %d, and engine mem takes %d at most", at, n, most), "use sim", "engine")
	}
	most(e.Topology.Supernodes.Count, memSupernodes, "topology.supernodes.count")
	most(e.Topology.Peers.Count, memPeers, "topology.peers.count")
}

// topology checks who is there and how they are linked.
func (d *decoder) topology(e *Experiment, dir string) {
	s := e.Topology.Supernodes
	const at = "topology.supernodes.graph"
	require := func(ok bool, format string, args ...any) {
		d.require(ok, at, fmt.Sprintf(format, args...), "", "topology.supernodes.count")
	}
	switch g := s.Graph.(type) {
	case *Gnp:
		require(g.Degree <= float64(s.Count-1), "%d supernodes cannot have %v neighbors each on average", s.Count, g.Degree)
	case *RandomRegular:
		require(g.Degree < s.Count, "%d supernodes cannot have %d neighbors each", s.Count, g.Degree)
		require(g.Degree*s.Count%2 == 0, "%d supernodes cannot have %d neighbors each: one of the two numbers has to be even", s.Count, g.Degree)
	case *PowerLaw:
		require(g.Links < s.Count, "%d supernodes cannot bring %d links each", s.Count, g.Links)
	case *Grid:
		require(g.Width <= s.Count, "a row of %d is wider than %d supernodes are", g.Width, s.Count)
	case *Ring:
		require(s.Count >= 3, "a ring needs three supernodes or more, not %d", s.Count)
	case *Total:
		require(s.Count <= maxTotal, "everybody linked with everybody is for %d supernodes at most, not %d", maxTotal, s.Count)
	case *EdgeList:
		d.edges(g, s.Count, at, dir)
	}
	d.require(e.Topology.Peers.Parents <= s.Count, "topology.peers.parents", fmt.Sprintf("peers cannot be told of %d supernodes: there are %d",
		e.Topology.Peers.Parents, s.Count), "", "topology.supernodes.count")
}

// maxTotal is how many supernodes may be linked with everybody.
const maxTotal = 2000

// edges checks a graph's own links, and reads them before where they are in a file.
func (d *decoder) edges(g *EdgeList, count int, at, dir string) {
	if len(g.Edges) == 0 && g.Path != "" && !d.refused(at) {
		if err := g.readFile(dir); err != nil {
			d.require(false, at+".path", fmt.Sprintf("%s.path (%s) cannot be read: %s", at, config.Quote(g.Path), err), "")
		}
	}
	d.require(len(g.Edges) > 0, at, "a graph of kind file needs a path, or edges", "")
	seen := make(map[[2]int]bool)
	for _, x := range g.Edges {
		sorted := [2]int{min(x[0], x[1]), max(x[0], x[1])}
		what := fmt.Sprintf("the link %d-%d", x[0], x[1])
		d.require(sorted[1] < count, at, fmt.Sprintf("%s is of a supernode that is not there: they are 0 to %d", what, count-1), "",
			"topology.supernodes.count")
		d.require(x[0] != x[1], at, what+" is of a supernode with itself", "")
		d.require(!seen[sorted], at, what+" is there twice", "")
		seen[sorted] = true
	}
}

// workload checks content, churn and the streams of operations.
func (d *decoder) workload(e *Experiment) {
	peers := e.Topology.Peers.Count
	d.require(e.Content.Copies.Average() <= float64(max(peers, 1)), "content.copies",
		fmt.Sprintf("content.copies is %v on average, and there are %d peers", e.Content.Copies.Average(), peers), "", "topology.peers.count")
	finds := false
	for i, o := range e.Workload {
		at := fmt.Sprintf("workload[%d]", i)
		d.require(peers > 0, at, at+": there are no peers to do it (topology.peers.count)", "", "topology.peers.count")
		d.require(e.Content.Files > 0, at, at+": there are no files to do it with (content.files)", "", "content.files")
		d.require(o.From.Supernodes == nil && !o.From.Rest, at+".from", at+".from: operations come from peers", "")
		d.targets(e, o.From, at+".from", false)
		f, find := o.Do.(*Find)
		d.require(!find || f.By != "topic" || e.Content.Topics > 0, at+".by", at+".by is topic, and names have none (content.topics)", "", "content.topics")
		_, download := o.Do.(*Download)
		d.require(!download || finds || d.finds(e), at, at+" takes what a find has found, and there is no find in the workload", "")
		finds = finds || find
	}
	for _, c := range []struct {
		at    string
		churn *Churning
		count int
	}{{"churn.peers", e.Churn.Peers, peers}, {"churn.supernodes", e.Churn.Supernodes, e.Topology.Supernodes.Count}} {
		d.require(c.churn == nil || c.count > 0, c.at, c.at+": there are none", "")
		if c.churn != nil {
			d.require(c.churn.Session.Average() > 0, c.at+".session", c.at+".session has to be more than 0s on average", "")
			d.require(c.churn.Absence.Average() > 0, c.at+".absence", c.at+".absence has to be more than 0s on average", "")
		}
	}
}

// finds says whether the workload searches.
func (d *decoder) finds(e *Experiment) bool {
	return slices.ContainsFunc(e.Workload, func(o Operation) bool { return o.Kind() == "find" })
}

// names gives faults without an id one, and checks that no two have the same.
func (d *decoder) names(all []Fault) {
	taken := make(map[string]int)
	for i, f := range all {
		at := fmt.Sprintf("faults[%d]", i)
		first, twice := taken[f.ID]
		d.require(f.ID == "" || !twice, at+".id", fmt.Sprintf("%s.id is %s, which faults[%d] has already", at, f.ID, first), "")
		if !twice {
			taken[f.ID] = i
		}
	}
	number := make(map[string]int)
	for i := range all {
		f := &all[i]
		for f.ID == "" {
			id := f.Kind()
			if number[id]++; number[id] > 1 {
				id = fmt.Sprintf("%s-%d", id, number[id])
			}
			if _, there := taken[id]; !there {
				f.ID, taken[id] = id, i
			}
		}
	}
}

// checks checks that what is to be checked can be.
func (d *decoder) checks(e *Experiment) {
	seen := make(map[string]bool)
	for i, c := range e.Checks {
		at := fmt.Sprintf("checks[%d]", i)
		k := checkKind(c.Name)
		if k == nil {
			continue // reported
		}
		d.require(!seen[c.Name], at, fmt.Sprintf("check %s is there twice", c.Name), "")
		seen[c.Name] = true
		d.require(k.on == nil || slices.Contains(k.on, e.Engine), at,
			fmt.Sprintf("check %s needs engine: %s", c.Name, engineList(k.on)), "", "engine")
		switch with := c.With.(type) {
		case *Recovery:
			d.require(len(e.Faults) > 0, at, "check recovery has nothing to recover from: there are no faults", "", "faults")
		case *Exemption:
			for _, id := range with.Except {
				foul := slices.ContainsFunc(e.Faults, func(f Fault) bool { return f.ID == id && f.Kind() == "byzantine" })
				d.require(foul, at, fmt.Sprintf("check %s: there is no byzantine fault %s", c.Name, config.Quote(id)), "", "faults")
			}
		}
		calm := len(e.Faults) == 0 && e.Churn.Peers == nil && e.Churn.Supernodes == nil
		d.require(c.Name != "flood-law" || calm, at, "check flood-law is for runs without faults and churn", "", "faults", "churn")
	}
}

// rule has package config check a fault that a node's configuration has as well.
func (d *decoder) rule(f *Fault, at string) {
	rule, ok := f.Rule()
	if !ok || d.refused(at) {
		return
	}
	c := config.Default()
	c.Faults = []config.Fault{rule}
	_, err := c.Validate()
	var all config.Errors
	if errors.As(err, &all) {
		for _, p := range all {
			key := at + strings.TrimPrefix(p.Key, "faults[0]")
			d.report(d.where(key), key, strings.ReplaceAll(p.Message, "faults[0]", at), p.Hint)
		}
		d.broken = append(d.broken, at)
	}
}
