package experiment

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"alakazaam/config"
)

// fault checks one fault.
func (d *decoder) fault(e *Experiment, f *Fault, at string) {
	if f.Do == nil {
		return // reported
	}
	k, name := faultKinds[f.Kind()], f.Kind()
	if e.Engine != Net || !slices.Contains(k.engines, Net) {
		d.require(slices.Contains(k.engines, e.Engine), at+".kind",
			fmt.Sprintf("fault %s needs engine: %s", name, engineList(k.engines)), "", "engine")
	}
	d.times(e, f, k.lasts, at)
	switch do := f.Do.(type) {
	case *Partition:
		for _, g := range do.Groups {
			d.targets(e, g.Nodes, at+".groups."+g.Name, true)
		}
		d.require(do.Direction == Both || len(do.Groups) == 2, at+".direction",
			fmt.Sprintf("%s.direction (%s) is for two groups, not %d", at, do.Direction, len(do.Groups)), "", at+".groups")
	case *Isolate:
		d.targets(e, do.Targets, at+".targets", false)
	case *Flap:
		d.links(e, do.Links, at+".links")
		d.require(do.Share > 0, at+".share", at+".share has to be more than 0: it would hit nothing", "")
		d.require(do.Up.Average() > 0 && do.Down.Average() > 0, at, at+": up and down have to be more than 0s", "", at+".up", at+".down")
	case *Hold:
		d.links(e, do.Links, at+".links")
	case *Network:
		d.links(e, do.Links, at+".links")
		does := do.Delay.Average()+float64(do.Jitter)+float64(do.Loss)+float64(do.Duplication)+float64(do.Reordering)+
			float64(do.Corruption)+float64(do.Rate) > 0
		d.require(does, at, at+" does nothing", "give it one of delay, jitter, loss, duplication, reordering, corruption and rate")
		d.require(do.Burst == 1 || do.Loss > 0, at+".burst", at+".burst means nothing without loss", "")
	case *Kill:
		d.targets(e, do.Targets, at+".targets", false)
	case *Disk:
		d.targets(e, do.Targets, at+".targets", false)
	case *Clock:
		d.targets(e, do.Targets, at+".targets", false)
		d.require(do.Jump != 0 || do.Speed != 1, at, at+" does nothing: give it a jump or a speed", "")
	case *Toxic:
		d.links(e, do.Links, at+".links")
		d.rule(f, at)
	case *Byzantine:
		d.script(e, do, at)
	case *Actor:
		d.targets(e, do.Targets, at+".targets", false)
		d.rule(f, at)
	case *Shuffle:
		d.targets(e, do.Targets, at+".targets", false)
	}
}

// times checks when a fault is on.
func (d *decoder) times(e *Experiment, f *Fault, l lasting, at string) {
	run := config.FormatDuration(e.Time.Run)
	name, end := f.Kind(), config.FormatDuration(f.End())
	d.require(f.At < e.Time.Run, at+".at", fmt.Sprintf("%s.at (%s) is not within the run (%s)", at, config.FormatDuration(f.At), run), "", "time")
	d.require(f.End() <= e.Time.Run, at+".for", fmt.Sprintf("%s ends after %s, and the run after %s", at, end, run), "", at+".at", "time")
	needs := l == spans || l == repeats
	d.require(!needs || f.For > 0, at+".for", fmt.Sprintf("%s has no for: how long does the %s last?", at, name), "")
	d.require(f.Every == 0 || l == moments || l == repeats, at+".every", fmt.Sprintf("%s.every means nothing to %s, which lasts", at, name), "")
	d.require(f.Every == 0 || f.Every < f.For, at+".every", fmt.Sprintf("%s.every (%s) is not shorter than for (%s)", at,
		config.FormatDuration(f.Every), config.FormatDuration(f.For)), "", at+".for")
	d.require(l != moments || f.For == 0 || f.Every > 0, at+".for",
		fmt.Sprintf("%s.for means nothing to %s, which is a moment", at, name), "with every it happens again and again for so long", at+".every")
	d.require(f.Every == 0 || f.For/max(f.Every, 1) <= maxMoments, at+".every", fmt.Sprintf("%s happens more than %d times", at, maxMoments), "")
}

// maxMoments is how often one fault may happen.
const maxMoments = 100_000

// links checks both ends of links.
func (d *decoder) links(e *Experiment, l LinkSet, at string) {
	d.targets(e, l.From, at+".from", false)
	d.targets(e, l.To, at+".to", false)
}

// targets checks that a choice of nodes finds some.
func (d *decoder) targets(e *Experiment, t Targets, at string, group bool) {
	d.require(!t.Rest || group, at, at+" cannot be rest, which is for groups", "")
	d.require(!t.Empty(), at, at+" chooses nobody", "name supernodes, peers or both")
	for _, c := range []struct {
		name     string
		selector *Selector
		count    int
		beside   bool // the others are chosen as well, so that all of none is nobody's mistake
	}{
		{"supernodes", t.Supernodes, e.Topology.Supernodes.Count, false},
		{"peers", t.Peers, e.Topology.Peers.Count, t.Supernodes != nil},
	} {
		if c.selector == nil || c.beside && c.count == 0 && c.selector.everybody() {
			continue
		}
		d.selector(*c.selector, join(at, c.name), c.name, c.count)
	}
}

// everybody says whether the selector takes all there are.
func (s *Selector) everybody() bool { return s.Mode == All && len(s.Names) == 0 }

// selector checks that a selector fits the nodes that there are.
func (d *decoder) selector(s Selector, at, class string, count int) {
	d.require(count > 0, at, fmt.Sprintf("%s: there are no %s", at, class), "", "topology."+class+".count")
	_, given := d.places[at+".mode"]
	if len(s.Names) > 0 {
		_, value := d.places[at+".value"]
		_, where := d.places[at+".where"]
		d.require(!given && !value && !where, at, at+" has names, and says who in another way, too", "leave one of them out")
		for _, n := range s.Names {
			i, ok := nodeNumber(n, class)
			d.require(ok && i < count, at, fmt.Sprintf("%s: there is no %s among the %d %s", at, config.Quote(n), count, class), "",
				"topology."+class+".count")
		}
		return
	}
	switch s.Mode {
	case Fixed:
		d.require(s.Value >= 1 && s.Value == math.Trunc(s.Value), at, at+".value has to be how many: a whole number of 1 or more", "")
		d.require(int(s.Value) <= count, at, fmt.Sprintf("%s asks for %v of %d %s", at, s.Value, count, class), "", "topology."+class+".count")
	case FixedPercent:
		d.require(s.Value > 0 && s.Value <= 100, at, at+".value has to be a percentage from 0 to 100, and more than 0", "")
	default:
		d.require(s.Value == 0, at+".value", fmt.Sprintf("%s.value means nothing to mode %s", at, s.Mode), "")
	}
	d.require(class == "supernodes" || s.Where == Anybody, at+".where", at+".where is for supernodes", "")
}

// nodeNumber is the number in the name of a node of a class.
func nodeNumber(name, class string) (i int, ok bool) {
	rest, ok := strings.CutPrefix(name, strings.TrimSuffix(class, "s")+"-")
	if !ok || !nodeForm.MatchString(name) {
		return 0, false
	}
	_, err := fmt.Sscan(rest, &i)
	return i, err == nil
}

// script checks the arguments of a script, and puts in those that have a default.
func (d *decoder) script(e *Experiment, b *Byzantine, at string) {
	i := slices.IndexFunc(Scripts(), func(s Script) bool { return s.Name == b.Script })
	if i < 0 {
		return // reported
	}
	s := Scripts()[i]
	args := Args{}
	var names []string
	for _, a := range s.Args {
		names = append(names, a.Name)
		args[a.Name] = a.Default
	}
	for _, name := range slices.Sorted(maps.Keys(b.Args)) {
		key := at + ".args." + name
		if !slices.Contains(names, name) {
			d.require(false, key, fmt.Sprintf("script %s has no argument %s", s.Name, config.Quote(name)), config.DidYouMean(name, names))
			continue
		}
		args[name] = b.Args[name]
	}
	for _, a := range s.Args {
		_, peer := nodeNumber(args[a.Name], "peers")
		class, count := "supernodes", e.Topology.Supernodes.Count
		if peer {
			class, count = "peers", e.Topology.Peers.Count
		}
		n, ok := nodeNumber(args[a.Name], class)
		d.require(ok && n < count, at+".args."+a.Name, fmt.Sprintf("%s.args.%s: there is no node %s", at, a.Name, config.Quote(args[a.Name])), "")
	}
	b.Args = args
	if len(args) == 0 {
		b.Args = nil
	}
}
