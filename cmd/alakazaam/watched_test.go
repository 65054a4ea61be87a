package main_test

import (
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// expression is one question to Prometheus, and the labels that the words around its answer use.
type expression struct {
	place, expr string
	described   []string
}

var (
	legendLabel = regexp.MustCompile(`\{\{(\w+)\}\}`)
	alertLabel  = regexp.MustCompile(`\$labels\.(\w+)`)
	labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
)

// expressions gives every question that the dashboard and the alerts ask.
func expressions(t *testing.T) (all []expression) {
	add := func(place, expr, text string, label *regexp.Regexp) {
		e := expression{place: place, expr: strings.ReplaceAll(expr, "$__rate_interval", "5m")}
		for _, m := range label.FindAllStringSubmatch(text, -1) {
			e.described = append(e.described, m[1])
		}
		all = append(all, e)
	}
	d := readDashboard(t)
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			add("panel "+p.Title, q.Expr, q.LegendFormat, legendLabel)
		}
	}
	for _, a := range d.Annotations.List {
		add("annotation", a.Expr, a.TextFormat, legendLabel)
	}
	for _, v := range d.Templating.List {
		if q, ok := v.Query.(map[string]any); ok {
			m := labelValues.FindStringSubmatch(fmt.Sprint(q["query"]))
			require.NotNil(t, m, v.Name)
			add("variable "+v.Name, m[1], "{{"+m[2]+"}}", legendLabel)
		}
	}
	for _, r := range readAlerts(t) {
		add("alert "+r.Alert, r.Expr, r.Annotations["summary"]+r.Annotations["description"], alertLabel)
	}
	return all
}

// TestWhatIsWatchedIsCounted: every metric, label and value that the dashboard and the alerts ask for is in what a
// supernode says of itself from its start on.
func TestWhatIsWatchedIsCounted(t *testing.T) {
	n := runNode(t, "supernode", "127.0.0.134", nil)
	code, text := get(t, n.admin, "/metrics", "")
	require.Equal(t, 200, code)
	counted := readSamples(text)
	var all []string
	for _, e := range expressions(t) {
		for _, c := range counted.complaints(e.expr, e.described) {
			all = append(all, e.place+": "+c)
		}
	}
	require.Empty(t, all, strings.Join(all, "\n"))
	n.ends(syscall.SIGTERM)
}
