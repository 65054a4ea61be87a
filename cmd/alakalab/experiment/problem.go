package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"alakazaam/config"
)

// maxProblems is how many problems are reported at most.
const maxProblems = 100

// problems gathers what is wrong.
type problems struct {
	all     []config.Problem
	dropped int // beyond maxProblems
}

// report adds a problem, unless the same has been said of the same place: values that several keys share are read for each.
func (p *problems) report(at place, key, message, hint string) {
	next := at.problem(key, message, hint)
	for _, old := range p.all {
		if old.File == next.File && old.Line == next.Line && old.Column == next.Column && predicate(old.Message) == predicate(message) {
			return
		}
	}
	p.add(problems{all: []config.Problem{next}})
}

// predicate is a message without the key with which it begins.
func predicate(message string) string {
	_, rest, _ := strings.Cut(message, " ")
	return rest
}

// add takes over problems as far as there is room.
func (p *problems) add(more problems) {
	room := min(len(more.all), maxProblems-len(p.all))
	p.all = append(p.all, more.all[:room]...)
	p.dropped += more.dropped + len(more.all) - room
}

// full says that nobody wants to read more.
func (p *problems) full() bool { return p.dropped > 0 }

// err is everything that is wrong as one config.Errors in the order of the places, nil where nothing is. What has no line
// comes last.
func (p *problems) err() error {
	if len(p.all) == 0 {
		return nil
	}
	out := slices.Clone(p.all)
	last := func(x config.Problem) int {
		if x.Line == 0 {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(out, func(a, b config.Problem) int {
		return cmp.Or(cmp.Compare(last(a), last(b)), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if p.dropped > 0 {
		out = append(out, config.Problem{Message: fmt.Sprintf("and at least %d more", p.dropped)})
	}
	return config.Errors(out)
}

// meant is the hint for a name that is none of names: the nearest, or all of them behind are.
func meant(name string, names []string, are string) string {
	if hint := config.DidYouMean(name, names); hint != "" || len(names) == 0 {
		return hint
	}
	return are + " " + strings.Join(names, ", ")
}
