package report

import (
	"maps"
	"slices"
	"strings"
)

// Cell is the runs that differ by their seed only.
type Cell struct {
	Label string            // the values that are varied, as in ttl=5; empty where nothing is
	Set   map[string]string // the same by their names
	Runs  []Run
}

// Names are the names for people of what is varied, by path.
type Names map[string]string

// Varied says what is varied among sets of values, and gives it the shortest ending of its path that tells it from the others.
func Varied(sets []map[string]string) Names {
	values := make(map[string]map[string]bool)
	for _, set := range sets {
		for path, value := range set {
			if values[path] == nil {
				values[path] = make(map[string]bool)
			}
			values[path][value] = true
		}
	}
	out := make(Names)
	for path, all := range values {
		if len(all) > 1 || slices.ContainsFunc(sets, func(s map[string]string) bool { _, ok := s[path]; return !ok }) {
			out[path] = path
		}
	}
	for path := range out {
		for i := len(path) - 1; i > 0 && out[path] == path; i-- {
			if ending := path[i:]; ending[0] == '.' && out.only(ending) {
				out[path] = ending[1:]
			}
		}
	}
	return out
}

// only says that no more than one path has an ending.
func (n Names) only(ending string) bool {
	found := 0
	for path := range n {
		if strings.HasSuffix("."+path, ending) {
			found++
		}
	}
	return found == 1
}

// Of takes what is varied out of a set, by its names.
func (n Names) Of(set map[string]string) map[string]string {
	out := make(map[string]string)
	for path, name := range n {
		if value, ok := set[path]; ok {
			out[name] = value
		}
	}
	return out
}

// Label writes what is varied in a set, in the order of the names.
func (n Names) Label(set map[string]string) string { return label(n.Of(set)) }

func label(set map[string]string) string {
	var out []string
	for _, path := range slices.Sorted(maps.Keys(set)) {
		out = append(out, path+"="+set[path])
	}
	return strings.Join(out, " ")
}

// Sets are what was set in each of the runs.
func Sets(runs []Run) []map[string]string {
	out := make([]map[string]string, len(runs))
	for i, r := range runs {
		out[i] = r.Record.Set
	}
	return out
}

// Cells groups runs by what is varied among them, in the order in which they were made.
func Cells(runs []Run) []Cell { return CellsBy(runs, Varied(Sets(runs))) }

// CellsBy groups runs by these values.
func CellsBy(runs []Run, by Names) (out []Cell) {
	for _, r := range runs {
		set := by.Of(r.Record.Set)
		l := label(set)
		i := slices.IndexFunc(out, func(c Cell) bool { return c.Label == l })
		if i < 0 {
			out = append(out, Cell{Label: l, Set: set})
			i = len(out) - 1
		}
		out[i].Runs = append(out[i].Runs, r)
	}
	return out
}

// Figures gives the values of a figure in the runs that have it.
func (c *Cell) Figures(metric, phase string) (out []float64) {
	for _, r := range c.Runs {
		if v, ok := r.Record.Figure(metric, phase); ok {
			out = append(out, v)
		}
	}
	return out
}
