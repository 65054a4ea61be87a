package main_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// query is what an expression of PromQL names. Prometheus' own parser would change which versions of other libraries
// the product is built with, for a test; this one knows of the language what the names need, and refuses what it does
// not know.
type query struct {
	selectors []selector
	groups    []group
}

// selector is one metric with its matchers.
type selector struct {
	metric   string
	matchers []matcher
	at       int // the token
}

type matcher struct{ label, op, value string }

// group is a list of labels, and the tokens of what it groups or joins.
type group struct {
	labels   []string
	by       bool
	from, to int
}

var promToken = regexp.MustCompile(`^(\s+|"(?:[^"\\]|\\.)*"|\[\d+[smhd]\]|[a-zA-Z_:][a-zA-Z0-9_:]*|\d+(?:\.\d+)?|[=!]~|[=!<>]=|[-+*/(){},=<>])`)

var (
	promFunctions = []string{
		"changes", "deriv", "histogram_quantile", "increase", "max", "max_over_time", "min", "rate", "sum", "time",
	}
	promOperators = []string{"and", "or", "unless"}
	promGroupings = []string{"by", "without", "on", "ignoring"}
)

// promParser goes through the tokens of an expression.
type promParser struct {
	query
	tokens []string
	i      int
}

func parsePromQL(expr string) (query, error) {
	p := &promParser{}
	for rest := expr; rest != ""; {
		t := promToken.FindString(rest)
		if t == "" {
			return query{}, fmt.Errorf("cannot be read from %q on", rest)
		}
		rest = rest[len(t):]
		if strings.TrimSpace(t) != "" {
			p.tokens = append(p.tokens, t)
		}
	}
	for p.i < len(p.tokens) {
		if err := p.next(); err != nil {
			return query{}, err
		}
	}
	if len(p.selectors) == 0 {
		return query{}, fmt.Errorf("selects nothing")
	}
	return p.query, nil
}

// peek gives a token at some distance, empty behind the last.
func (p *promParser) peek(n int) string {
	if p.i+n >= len(p.tokens) {
		return ""
	}
	return p.tokens[p.i+n]
}

// next reads one thing.
func (p *promParser) next() error {
	t := p.peek(0)
	switch {
	case t == "{":
		return fmt.Errorf("matchers without a metric")
	case !regexp.MustCompile(`^[a-zA-Z_:]`).MatchString(t), slices.Contains(promOperators, t):
		p.i++
		return nil
	case slices.Contains(promGroupings, t):
		return p.group()
	case p.peek(1) == "(" || slices.Contains(promGroupings, p.peek(1)):
		if !slices.Contains(promFunctions, t) {
			return fmt.Errorf("unknown function %q", t)
		}
		p.i++
		return nil
	}
	return p.selector()
}

// group reads the labels of a grouping. What is grouped stands behind them in parentheses; what is joined is everything.
func (p *promParser) group() error {
	g := group{to: len(p.tokens), by: p.peek(0) == "by" || p.peek(0) == "without"}
	if p.peek(1) != "(" {
		return fmt.Errorf("%s without labels", p.peek(0))
	}
	for p.i += 2; p.peek(0) != ")"; p.i++ {
		if t := p.peek(0); t == "" {
			return fmt.Errorf("labels without an end")
		} else if t != "," {
			g.labels = append(g.labels, t)
		}
	}
	p.i++
	if g.by {
		if p.peek(0) != "(" {
			return fmt.Errorf("labels have to stand before what is grouped by them")
		}
		g.from, g.to = p.i, p.i+1
		for depth := 1; depth > 0; g.to++ {
			if g.to == len(p.tokens) {
				return fmt.Errorf("a parenthesis without an end")
			}
			switch p.tokens[g.to] {
			case "(":
				depth++
			case ")":
				depth--
			}
		}
	}
	p.groups = append(p.groups, g)
	return nil
}

// selector reads a metric with its matchers.
func (p *promParser) selector() error {
	s := selector{metric: p.peek(0), at: p.i}
	if p.i++; p.peek(0) == "{" {
		for p.i++; p.peek(0) != "}"; {
			if p.peek(3) == "" {
				return fmt.Errorf("matchers without an end")
			}
			s.matchers = append(s.matchers, matcher{p.peek(0), p.peek(1), strings.Trim(p.peek(2), `"`)})
			if p.i += 3; p.peek(0) == "," {
				p.i++
			}
		}
		p.i++
	}
	p.selectors = append(p.selectors, s)
	return nil
}

// samples are the labels of all series, by metric.
type samples map[string][]map[string]string

var (
	sampleLine  = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? \S+$`)
	sampleLabel = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"`)
	// targetLabels are given to every series by whoever scrapes it.
	targetLabels = []string{"instance", "job"}
)

// readSamples reads what /metrics answers.
func readSamples(text string) samples {
	s := samples{"up": {{}}} // the scraper's own
	for line := range strings.Lines(text) {
		m := sampleLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		labels := make(map[string]string)
		for _, l := range sampleLabel.FindAllStringSubmatch(m[2], -1) {
			labels[l[1]] = l[2]
		}
		s[m[1]] = append(s[m[1]], labels)
	}
	return s
}

// has says whether all series of a metric have a label.
func (s samples) has(metric, label string) bool {
	return slices.Contains(targetLabels, label) || !slices.ContainsFunc(s[metric], func(labels map[string]string) bool {
		_, ok := labels[label]
		return !ok
	})
}

// complaints says what an expression names that there is not, and which of the labels that its result is described by
// the result does not have.
func (s samples) complaints(expr string, described []string) (all []string) {
	q, err := parsePromQL(expr)
	if err != nil {
		return []string{err.Error()}
	}
	left := make(map[string]bool) // the labels of the result, as far as one can tell without knowing who wins
	for _, sel := range q.selectors {
		all = append(all, s.mismatches(sel)...)
		grouped := false
		for _, g := range q.groups {
			if sel.at < g.from || sel.at >= g.to {
				continue
			}
			grouped = grouped || g.by
			for _, l := range g.labels {
				left[l] = left[l] || g.by
				if !s.has(sel.metric, l) {
					all = append(all, fmt.Sprintf("%s has no label %q", sel.metric, l))
				}
			}
		}
		if !grouped {
			for _, labels := range append(s[sel.metric], map[string]string{"instance": "", "job": ""}) {
				for l := range maps.Keys(labels) {
					left[l] = true
				}
			}
		}
	}
	for _, l := range described {
		if !left[l] {
			all = append(all, fmt.Sprintf("the result has no label %q", l))
		}
	}
	return all
}

// mismatches says what one selector names that there is not.
func (s samples) mismatches(sel selector) (all []string) {
	if len(s[sel.metric]) == 0 {
		return []string{"there is no " + sel.metric}
	}
	selected := slices.Clone(s[sel.metric])
	for _, m := range sel.matchers {
		if slices.Contains(targetLabels, m.label) {
			continue
		}
		if !s.has(sel.metric, m.label) {
			all = append(all, fmt.Sprintf("%s has no label %q", sel.metric, m.label))
			continue
		}
		alternatives := []string{regexp.QuoteMeta(m.value)}
		if strings.HasSuffix(m.op, "~") {
			alternatives = strings.Split(m.value, "|")
		}
		for _, a := range alternatives {
			if !slices.ContainsFunc(s[sel.metric], matches(m.label, a)) {
				all = append(all, fmt.Sprintf("there is no %s{%s=%q}", sel.metric, m.label, a))
			}
		}
		picks := matches(m.label, strings.Join(alternatives, "|"))
		selected = slices.DeleteFunc(selected, func(labels map[string]string) bool {
			return picks(labels) == strings.HasPrefix(m.op, "!")
		})
	}
	if len(all) == 0 && len(selected) == 0 {
		all = append(all, fmt.Sprintf("no %s has all of %v", sel.metric, sel.matchers))
	}
	return all
}

// matches says whether a label's whole value matches a pattern.
func matches(label, pattern string) func(map[string]string) bool {
	p := regexp.MustCompile("^(?:" + pattern + ")$")
	return func(labels map[string]string) bool { return p.MatchString(labels[label]) }
}

func TestPromQL(t *testing.T) {
	s := readSamples(`# HELP a_total A.
a_total{reason="one",way="in"} 3
a_total{reason="two",way="out"} 0
h_bucket{le="0.5"} 1
h_bucket{le="+Inf"} 1
g 1.5e+09
`)
	for expr, complaint := range map[string]string{
		`a_total`: "",
		`sum by (reason) (rate(a_total{way=~"in|out", instance=~"x"}[5m])) > 1.5`: "",
		`histogram_quantile(0.99, sum by (instance, le) (rate(h_bucket[5m])))`:    "",
		`time() - g{job="x"} and on (instance) up == 1`:                           "",
		`a_total{reason!="one"} / 2 or g`:                                         "",
		`b_total`:                                                                 "there is no b_total",
		`a_totl > 0 and g`:                                                        "there is no a_totl",
		`a_total{raeson="one"}`:                                                   `a_total has no label "raeson"`,
		`a_total{reason="three"}`:                                                 `there is no a_total{reason="three"}`,
		`a_total{reason!="three"}`:                                                `there is no a_total{reason="three"}`,
		`a_total{reason=~"one|three"}`:                                            `there is no a_total{reason="three"}`,
		`a_total{reason="on"}`:                                                    `there is no a_total{reason="on"}`,
		`a_total{reason="one", way="out"}`:                                        `no a_total has all of`,
		`sum by (kind) (a_total)`:                                                 `a_total has no label "kind"`,
		`sum by (reason) (rate(a_total[5m]) / rate(g[5m]))`:                       `g has no label "reason"`,
		`a_total and on (reason) g`:                                               `g has no label "reason"`,
		`sum(a_total) by (reason)`:                                                "labels have to stand before",
		`rat(a_total[5m])`:                                                        `unknown function "rat"`,
		`{reason="one"}`:                                                          "matchers without a metric",
		`sum by (reason) (a_total`:                                                "a parenthesis without an end",
		`a_total{reason="one"`:                                                    "matchers without an end",
		`a_total[$__interval]`:                                                    "cannot be read",
		`1 + 1`:                                                                   "selects nothing",
	} {
		all := s.complaints(expr, nil)
		if complaint == "" {
			require.Empty(t, all, expr)
		} else {
			require.Len(t, all, 1, expr)
			require.Contains(t, all[0], complaint, expr)
		}
	}
	require.Empty(t, s.complaints("a_total", []string{"reason", "instance"}))
	require.Equal(t, []string{`the result has no label "instance"`}, s.complaints("sum by (reason) (a_total)", []string{"reason", "instance"}))
}
