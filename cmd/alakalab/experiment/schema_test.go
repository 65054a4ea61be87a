package experiment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const schemaPath = "../lab.schema.json"

// The schema beside the program is that of the types; -update writes it.
func TestSchemaIsUpToDate(t *testing.T) {
	want, err := SchemaJSON()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(schemaPath, want, 0o644))
	}
	got, err := os.ReadFile(schemaPath)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "go test ./cmd/alakalab/experiment -run Schema -update")
}

// valid has the schema judge a YAML file.
func valid(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	b, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	require.NoError(t, err)
	return s.Validate(v)
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schemaPath)
	require.NoError(t, err)
	return s
}

// What loads is valid for an editor, too, as it was written and as it is written back.
func TestSchemaTakesWhatLoads(t *testing.T) {
	s := compiled(t)
	texts := []string{head}
	for _, pattern := range []string{"testdata/*.yaml", "../new.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, path := range files {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			texts = append(texts, strings.Replace(string(data), "name: NAME", "name: name", 1))
		}
	}
	for _, k := range Kinds() {
		if k.Engines[0] == Sim {
			texts = append(texts, head+"faults:\n"+k.Example)
		}
	}
	for _, text := range texts {
		require.NoError(t, valid(t, s, text), text)
		var out strings.Builder
		require.NoError(t, mustLoad(t, text).Write(&out))
		require.NoError(t, valid(t, s, out.String()), out.String())
	}
}

// What an editor can know to be wrong it is told.
func TestSchemaRefuses(t *testing.T) {
	s := compiled(t)
	for _, text := range []string{
		"name: x", "version: 2\nname: x", head + "colour: red", head + "engine: simulation", head + "time: {run: 60}",
		head + "time: {rnu: 60s}", head + "topology: {supernodes: {count: 0}}", head + "topology: {supernodes: {graph: {kind: lien}}}",
		head + "topology: {supernodes: {graph: {kind: line, degree: 3}}}", head + "topology: {links: {default: {latency: {dist: normal}}}}",
		head + "topology: {links: {default: {latency: {dist: uniform, mean: 3s}}}}", head + "workload: [{kind: find}]",
		head + "workload: [{kind: find, rate: 20}]", head + "workload: [{kind: publish, rate: 20/s, ttl: 3}]", head + "faults: [{kind: partition}]",
		head + "faults: [{kind: kill, at: 1m, targets: everyone}]", head + "faults: [{kind: kill, at: 1m, targets: peers, jump: 3s}]",
		head + "faults: [{at: 1m}]", head + "checks: [index-sets]", head + "checks: [{recovery: {wihtin: 3s}}]",
		head + "config: {peers: {search: {tll: 3}}}", head + "config: {peers: {listen: x}}", head + "matrix: {time.run: 3m}", head + "seeds: [x]",
	} {
		assert.Error(t, valid(t, s, text), text)
		_, err := load(text)
		assert.Error(t, err, text)
	}
}
