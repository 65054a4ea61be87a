package config

import (
	"fmt"
	"strings"
)

// near gives those of the candidates that whoever wrote s most likely meant: the nearest by edit distance, unless all
// are too far. Case, '-' and '_' make no difference.
func near(s string, candidates []string) []string {
	const longest = 64
	if s == "" || len(s) > longest {
		return nil
	}
	s = fold(s)
	best, out := 1+max(1, len(s)/3), []string(nil)
	for _, c := range candidates {
		switch d := distance(s, fold(c)); {
		case d < best:
			best, out = d, []string{c}
		case d == best && out != nil:
			out = append(out, c)
		}
	}
	return out
}

func fold(s string) string { return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s)) }

// distance is how many letters have to be put in, left out, changed or swapped with their neighbor to make b of a.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// didYouMean asks for one of the names; with none there is nothing to ask.
func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = quote(n)
	}
	return "did you mean " + strings.Join(quoted, " or ") + "?"
}

// withPrefix puts the prefix before each name.
func withPrefix(prefix string, names []string) []string {
	for i := range names {
		names[i] = prefix + names[i]
	}
	return names
}

// suggest gives the hint for an unknown key called name in the section n, and the key of that section that was most
// likely meant, if there is one.
func suggest(n *node, name string) (hint string, meant *node) {
	if f := n.tree.byPath[strings.TrimPrefix(n.path+"."+name, ".")]; f != nil && n == n.tree.root {
		section := strings.TrimSuffix(f.path, "."+f.name)
		return fmt.Sprintf("write %s in the section %s", quote(f.name), quote(section)), nil
	}
	var siblings, paths []string
	for _, c := range n.children {
		siblings = append(siblings, c.name)
	}
	names := near(name, siblings)
	for _, s := range names {
		meant = n.child(s)
		paths = append(paths, meant.path)
	}
	if names == nil {
		paths = n.tree.elsewhere(name)
	}
	switch {
	case len(names) > 1:
		meant = nil
	case len(paths) == 0 && n != schema.root:
		return "the keys here are " + strings.Join(siblings, ", "), nil
	}
	return didYouMean(paths), meant
}

// elsewhere gives the keys of that name in whatever section.
func (s *tree) elsewhere(name string) (paths []string) {
	for _, f := range s.fields {
		if fold(f.name) == fold(name) {
			paths = append(paths, f.path)
		}
	}
	return paths
}
