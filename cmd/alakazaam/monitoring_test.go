package main_test

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

// panel is what a test looks at in a panel of Grafana's.
type panel struct {
	ID          int
	Type, Title string
	Description string
	Datasource  struct{ UID string }
	GridPos     struct{ H, W, X, Y int }
	Targets     []target
}

type target struct {
	Expr, LegendFormat string
	Datasource         struct{ UID string }
}

type dashboard struct {
	Panels      []panel
	Annotations struct {
		List []struct{ Expr, TextFormat string }
	}
	Templating struct {
		List []struct {
			Name, Type string
			Query      any
		}
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	b, err := os.ReadFile("deploy/grafana.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &d))
	return d
}

type rule struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}

func readAlerts(t *testing.T) (all []rule) {
	t.Helper()
	b, err := os.ReadFile("deploy/alerts.yaml")
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
	}
	require.NoError(t, yaml.Unmarshal(b, &file))
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// TestDashboard looks at what a person would see: every panel says what it shows, asks the data source that was chosen,
// and lies on no other.
func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	ids, taken := make(map[int]bool), make(map[[2]int]string)
	for _, p := range d.Panels {
		require.False(t, ids[p.ID], "two panels have the number %d", p.ID)
		ids[p.ID] = true
		require.NotEmpty(t, p.Title)
		require.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				require.Empty(t, taken[[2]int{x, y}], "%s lies on it", p.Title)
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		require.NotEmpty(t, p.Description, p.Title)
		require.NotEmpty(t, p.Targets, p.Title)
		for _, q := range p.Targets {
			require.Equal(t, "${datasource}", q.Datasource.UID, p.Title)
		}
	}
	require.Equal(t, "datasource", d.Templating.List[0].Name)
}

// TestAlerts: each says in words what to do, and asks for what the example of a configuration scrapes.
func TestAlerts(t *testing.T) {
	b, err := os.ReadFile("deploy/prometheus.yaml")
	require.NoError(t, err)
	var scrape struct {
		Configs []struct {
			Job string `yaml:"job_name"`
		} `yaml:"scrape_configs"`
		Files []string `yaml:"rule_files"`
	}
	require.NoError(t, yaml.Unmarshal(b, &scrape))
	require.Equal(t, []string{"alerts.yaml"}, scrape.Files)
	names := make(map[string]bool)
	for _, r := range readAlerts(t) {
		require.False(t, names[r.Alert], "%s is there twice", r.Alert)
		names[r.Alert] = true
		require.Contains(t, []string{"warning", "critical"}, r.Labels["severity"], r.Alert)
		require.Contains(t, r.Annotations["summary"], "{{ $labels.instance }}: ", r.Alert)
		require.Greater(t, len(r.Annotations["description"]), 100, r.Alert)
		for _, m := range regexp.MustCompile(`job="(\w*)"`).FindAllStringSubmatch(r.Expr, -1) {
			require.Equal(t, scrape.Configs[0].Job, m[1], r.Alert)
		}
	}
	require.NotEmpty(t, names)
}
