package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/experiment"
)

var update = flag.Bool("update", false, "write what the tests find as what they want")

// lab runs one command line.
func lab(t *testing.T, stdin string, args ...string) (out, errs string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	a := &app{in: strings.NewReader(stdin), out: &o, err: &e}
	code = a.run(args)
	return o.String(), e.String(), code
}

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

const file = "experiment/testdata/full.yaml"

func TestPlanText(t *testing.T) {
	out, errs, code := lab(t, "", "plan", file)
	assert.Zero(t, code)
	assert.Empty(t, errs)
	golden(t, "plan.txt", out)

	out, _, code = lab(t, "", "plan", file, "--all", "--seed", "1,2", "--set", "matrix={}")
	assert.Zero(t, code)
	assert.Equal(t, 2, strings.Count(out, "AT     UNTIL"))
	assert.Contains(t, out, "\n2 runs of 13m on engine sim.\n")
	assert.Contains(t, out, "\nRun 2: seed 2, matrix={}\n")
}

func TestPlanJSON(t *testing.T) {
	out, _, code := lab(t, "", "plan", file, "--json", "--seed", "7")
	require.Zero(t, code)
	var p planned
	require.NoError(t, json.Unmarshal([]byte(out), &p))
	assert.True(t, p.OK)
	assert.Equal(t, 6, p.Runs)
	require.Len(t, p.Plans, 1)
	assert.Equal(t, uint64(7), p.Plans[0].Seed)

	out, errs, code := lab(t, "version: 1\nname: x\ntime: {rnu: 1m}\n", "plan", "-", "--json")
	assert.Equal(t, exitData, code)
	assert.Empty(t, errs)
	p = planned{}
	require.NoError(t, json.Unmarshal([]byte(out), &p))
	assert.False(t, p.OK)
	require.Len(t, p.Problems, 1)
	assert.Equal(t, 3, p.Problems[0].Line)
	assert.Equal(t, `did you mean "run"?`, p.Problems[0].Hint)
}

// What --resolved prints is an experiment of its own, which is the same.
func TestPlanResolved(t *testing.T) {
	out, _, code := lab(t, "", "plan", file, "--resolved", "--seed", "7")
	require.Zero(t, code)
	again, _, code := lab(t, out, "plan", "-", "--resolved")
	require.Zero(t, code)
	assert.Equal(t, out, again)
	golden(t, "resolved.yaml", out)
}

func TestFaults(t *testing.T) {
	out, _, code := lab(t, "", "faults")
	assert.Zero(t, code)
	golden(t, "faults.txt", out)
	for _, k := range experiment.Kinds() {
		out, errs, code := lab(t, "", "faults", k.Name)
		assert.Zero(t, code)
		assert.Empty(t, errs)
		assert.Contains(t, out, "    - kind: "+k.Name+"\n")
		for _, a := range k.Attributes {
			assert.Contains(t, out, "  "+a.Name+": ")
		}
	}
	out, _, code = lab(t, "", "faults", "--json", "kill")
	require.Zero(t, code)
	var p possible
	require.NoError(t, json.Unmarshal([]byte(out), &p))
	require.Len(t, p.Faults, 1)
	assert.NotEmpty(t, p.Rules)
	assert.NotEmpty(t, p.Scripts)
	assert.NotEmpty(t, p.Actors)
	assert.NotEmpty(t, p.Messages)
	assert.NotEmpty(t, p.Checks)
}

// What new writes is planned without a complaint, and a file that is there is left alone.
func TestNew(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "split-brain")
	_, errs, code := lab(t, "", "new", name)
	require.Zero(t, code, errs)
	out, errs, code := lab(t, "", "plan", name+".yaml")
	require.Zero(t, code, errs)
	assert.Contains(t, out, "split-brain\n")
	schema, err := os.ReadFile(filepath.Join(dir, "lab.schema.json"))
	require.NoError(t, err)
	want, err := experiment.SchemaJSON()
	require.NoError(t, err)
	assert.Equal(t, string(want), string(schema))

	require.NoError(t, os.WriteFile(name+".yaml", []byte("mine"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lab.schema.json"), []byte("mine, too"), 0o600))
	_, errs, code = lab(t, "", "new", name)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "is there already, and is left as it is")
	_, _, code = lab(t, "", "new", filepath.Join(dir, "other.yaml"))
	assert.Zero(t, code)
	for path, text := range map[string]string{"split-brain.yaml": "mine", "lab.schema.json": "mine, too"} {
		got, err := os.ReadFile(filepath.Join(dir, path))
		require.NoError(t, err)
		assert.Equal(t, text, string(got))
	}
}

func TestUsage(t *testing.T) {
	for line, want := range map[string]string{
		"":                          "Usage:",
		"plan":                      "alakalab: one FILE has to be named, or - for the standard input\nRun 'alakalab plan --help' for usage.\n",
		"plan a b":                  "one FILE has to be named",
		"plan x --jsno":             "unknown flag: --jsno",
		"plan x --json --resolved":  "none of the others can be",
		"running x":                 `unknown command "running"`,
		"faults kil":                `there is no fault "kil": did you mean "kill"?`,
		"new A":                     `the name has to be small letters, digits and dashes, not "A"`,
		"new a b":                   "accepts at most 1 arg(s), received 2",
		"completion tcsh":           `invalid argument "tcsh"`,
		"version --json --whatever": "unknown flag: --whatever",
	} {
		_, errs, code := lab(t, "", strings.Fields(line)...)
		assert.Equal(t, exitUsage, code, line)
		assert.Contains(t, errs, want, line)
	}
}

func TestWrongFiles(t *testing.T) {
	out, errs, code := lab(t, "version: 1\nname: x\nengine: net\n", "plan", "-")
	assert.Equal(t, exitData, code)
	assert.Empty(t, out)
	assert.Equal(t, "stdin:3:9: engine net is not there yet and comes with a later version: use sim\n    3 | engine: net\n                ^\n", errs)
	_, errs, code = lab(t, "", "plan", filepath.Join(t.TempDir(), "none.yaml"))
	assert.Equal(t, exitData, code)
	assert.Contains(t, errs, "none.yaml: cannot be read: no such file or directory")
}

func TestOtherCommands(t *testing.T) {
	out, _, code := lab(t, "", "version")
	assert.Zero(t, code)
	assert.True(t, strings.HasPrefix(out, "alakalab "))
	out, _, code = lab(t, "", "version", "--json")
	assert.Zero(t, code)
	var v version
	require.NoError(t, json.Unmarshal([]byte(out), &v))
	assert.NotEmpty(t, v.Go)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		out, _, code = lab(t, "", "completion", shell)
		assert.Zero(t, code)
		assert.Contains(t, out, "alakalab")
	}
}
