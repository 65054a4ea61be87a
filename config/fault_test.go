package config

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFaults(t *testing.T) {
	c, warnings, err := load(`
faults:
  - id: panics
    at: 6m
    for: 2m
    every: 10s
    kind: actor
    action: panic
    match: { actor: query, message: Quer, probability: 1% }
  - {id: slow, kind: toxic, type: latency, stream: downstream, toxicity: 0.5, attributes: {latency: 1s, jitter: 50ms},
     addresses: [10.0.0.0/8], ports: [3000, "3001"], times: 7}
fault_seed: 9223372036854775807
`)
	require.NoError(t, err)
	first, second := NewFault(), NewFault()
	first.ID, first.Kind, first.Action = "panics", FaultActor, "panic"
	first.At, first.For, first.Every = 6*time.Minute, 2*time.Minute, 10*time.Second
	first.Match = FaultMatch{Actor: "query", Message: "Quer", Probability: 0.01}
	second.ID, second.Kind, second.Type, second.Stream, second.Toxicity = "slow", FaultToxic, "latency", StreamDown, 0.5
	second.Attributes = FaultAttributes{Latency: time.Second, Jitter: 50 * time.Millisecond}
	second.Addresses, second.Ports, second.Times = []string{"10.0.0.0/8"}, []string{"3000", "3001"}, 7
	assert.Equal(t, []Fault{first, second}, c.Faults)
	assert.EqualValues(t, 9223372036854775807, c.FaultSeed)
	require.Len(t, warnings, 1)
	assert.Contains(t, warnings[0].Message, "by panics, slow")
	assert.Equal(t, 3, warnings[0].Line)
}

// badFaults are lists of faults that are wrong, with what is said about each.
var badFaults = []struct{ name, text, want string }{
	{"unknown names", `
  - id: p
    kind: actor
    action: panik
    match: { actor: qury, message: Quar }`, `
stdin:4:13: faults[0].action has to be an action ('alakazaam config faults' lists them), not "panik": did you mean "panic"?
    4 |     action: panik
                    ^
stdin:5:21: faults[0].match.actor has to be a kind of actor, not "qury": did you mean "query"?
    5 |     match: { actor: qury, message: Quar }
                            ^
stdin:5:36: faults[0].match.message has to be the name of a message, not "Quar": did you mean "Quer"?
    5 |     match: { actor: qury, message: Quar }
                                           ^`},
	{"keys in the wrong place", `
  - {id: p, kind: toxic, type: timeout, tims: 3, actor: query}`, `
stdin:2:41: unknown key "faults[0].tims": did you mean "faults[0].times"?
    2 |   - {id: p, kind: toxic, type: timeout, tims: 3, actor: query}
                                                ^
stdin:2:50: unknown key "faults[0].actor": did you mean "faults[0].match.actor"?
    2 |   - {id: p, kind: toxic, type: timeout, tims: 3, actor: query}
                                                         ^`},
	{"nothing", "\n  - {}\n  -\n", `
stdin:2:5: faults[0] has no id
    2 |   - {}
            ^
stdin:2:5: faults[0] has no kind: it is actor or toxic
    2 |   - {}
            ^
stdin:3:5: faults[1] has no id
    3 |   -
           ^
stdin:3:5: faults[1] has no kind: it is actor or toxic
    3 |   -
           ^`},
	{"twice, and of another kind", `
  - {id: p, kind: actor, action: drop, toxicity: 0.1}
  - {id: p, kind: toxic, type: latency, attributes: {latency: 10ms, rate: 3}, match: {nth: 1}}`, `
stdin:2:50: faults[0].toxicity means nothing to drop
    2 |   - {id: p, kind: actor, action: drop, toxicity: 0.1}
                                                         ^
stdin:3:10: faults[1].id is "p", which another fault has already
    3 |   - {id: p, kind: toxic, type: latency, attributes: {latency: 10ms, rate: 3}, match: {nth: 1}}
                 ^
stdin:3:75: faults[1].attributes.rate means nothing to latency
    3 |   - {id: p, kind: toxic, type: latency, attributes: {latency: 10ms, rate: 3}, match: {nth: 1}}
                                                                                  ^
stdin:3:92: faults[1].match.nth means nothing to latency
    3 |   - {id: p, kind: toxic, type: latency, attributes: {latency: 10ms, rate: 3}, match: {nth: 1}}
                                                                                                   ^`},
	{"what is missing, and what does not fit", `
  - {id: a, kind: toxic, type: slicer, attributes: {average_size: 7, size_variation: 7}, every: 3s, for: 2s}
  - {id: b, kind: toxic, type: latency, attributes: {jitter: 1s}, stream: up}
  - {id: c, kind: actor, action: delay, match: {nth: 2, every_nth: 3, probability: 1.5}}
  - {id: d, kind: actor, action: drop, match: {message: Bytes}}
  - {id: e, kind: toxic, type: half_open, stream: upstream, ports: [0]}
  - {id: "a b", kind: actor}
  - {id: f, kind: actor}`, ``},
}

func TestBadFaults(t *testing.T) {
	for _, test := range badFaults {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := load("faults:" + test.text)
			require.Error(t, err)
			if test.want != "" {
				assert.Equal(t, strings.TrimPrefix(test.want, "\n"), err.Error())
				return
			}
			for _, want := range []string{
				"stdin:2:97: faults[0].every (3s) is not shorter than faults[0].for (2s)",
				"stdin:2:86: faults[0].attributes.size_variation (7B) is not smaller than faults[0].attributes.average_size (7B)",
				"stdin:3:5: faults[1] has no attributes.latency, which latency needs",
				`stdin:3:75: faults[1].stream has to be upstream, downstream or both, not "up"`,
				"stdin:3:62: faults[1].attributes.jitter (1s) is more than",
				"stdin:4:5: faults[2] has no delay, which delay needs",
				"stdin:4:54: faults[2].match.nth and faults[2].match.every_nth are both there: one has to go",
				"stdin:4:84: faults[2].match.probability has to be a number from 0 to 1, not 1.5",
				"stdin:5:57: drop cannot be done to Bytes, which comes from outside",
				"stdin:6:51: faults[4].stream means nothing to half_open",
				"stdin:6:69: faults[4].ports[0] has to be a port, not \"0\"",
				`stdin:7:10: faults[5].id has to be a name of at most 40 letters, digits, _ and -, not "a b"`,
				"stdin:8:5: faults[6] has no action",
			} {
				assert.Contains(t, err.Error(), want)
			}
		})
	}
}

// TestFaultsOfAProgram: what a program made is judged as what a file says.
func TestFaultsOfAProgram(t *testing.T) {
	c := Default()
	fault := NewFault()
	fault.ID, fault.Kind, fault.Action, fault.Match.Actor = "p", FaultActor, "panic", "nobody"
	c.Faults = []Fault{fault}
	_, err := c.Validate()
	require.ErrorContains(t, err, "faults[0].match.actor has to be a kind of actor")
	c.Faults[0].Match.Actor = "query"
	_, err = c.Validate()
	require.NoError(t, err)
	c.Faults[0].Delay = time.Second
	_, err = c.Validate()
	require.ErrorContains(t, err, "faults[0].delay means nothing to panic")
	c.Faults = make([]Fault, MaxFaults+1)
	_, err = c.Validate()
	require.ErrorContains(t, err, "faults has 65 entries, and may have 64")
}

func TestFaultsOnTheCommandLine(t *testing.T) {
	c, _, err := Load(Options{
		Env: []string{"ALAKAZAAM_FAULTS=[{id: a, kind: actor, action: drop}]"},
	})
	require.NoError(t, err)
	require.Len(t, c.Faults, 1)
	c, _, err = Load(Options{
		Env:   []string{"ALAKAZAAM_FAULTS={id: a, kind: actor, action: drop}"},
		Flags: map[string]string{"faults": "{id: b, kind: actor, action: drop},{id: c, kind: actor, action: stop}"},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"b", "c"}, []string{c.Faults[0].ID, c.Faults[1].ID})
	_, _, err = Load(Options{Flags: map[string]string{"faults": "{id: b, kind: actr}"}})
	require.EqualError(t, err, `--faults: faults[0].kind has to be actor or toxic, not "actr": did you mean "actor"?
    --faults={id: b, kind: actr}`)
	_, _, err = Load(Options{Flags: map[string]string{"faults": "{id: b, kind"}})
	require.ErrorContains(t, err, "--faults: the file is not YAML")
}

func TestTooManyFaults(t *testing.T) {
	_, _, err := load("faults: [" + strings.Repeat("{},", MaxFaults+1) + "]")
	require.EqualError(t, err, "stdin:1:9: faults has 65 entries, and may have 64\n    1 | faults: [{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},…\n                ^")
}

// TestFaultText: what is written of a fault is JSON, and read back as the same one.
func TestFaultText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := drawFaults(t)
		for _, want := range all {
			b, err := json.Marshal(want)
			require.NoError(t, err)
			var got Fault
			require.NoError(t, json.Unmarshal(b, &got), string(b))
			require.Equal(t, want, got)
		}
	})
	var f Fault
	require.ErrorContains(t, json.Unmarshal([]byte(`[]`), &f), "one fault has to be there, not 0")
	_, err := ParseFaults("{id: a, kind: actor, action: dorp}")
	require.EqualError(t, err, "faults[0].action has to be an action ('alakazaam config faults' lists them), not \"dorp\": did you mean \"drop\"?")
}

// TestFaultKinds: each of them is described by keys that there are, and can be written.
func TestFaultKinds(t *testing.T) {
	fields := newTree("", faultType).byPath
	for _, k := range FaultKinds() {
		assert.Regexp(t, `\.$`, k.Doc)
		text := "{id: a, kind: " + k.Kind + ", " + map[string]string{FaultActor: "action", FaultToxic: "type"}[k.Kind] + ": " + k.Name
		attributes := ""
		for _, key := range k.Needs {
			require.NotNil(t, fields[key], key)
			value := ": 1s"
			if fields[key].kind == kindSize {
				value = ": 1KiB"
			}
			if name, inner := strings.CutPrefix(key, "attributes."); inner {
				attributes = ", attributes: {" + name + value + "}"
				continue
			}
			text += ", " + key + value
		}
		for _, key := range k.Takes {
			require.NotNil(t, fields[key], key)
		}
		_, err := ParseFaults(text + attributes + "}")
		require.NoError(t, err)
	}
}

func TestKeysOfFaults(t *testing.T) {
	for _, k := range Keys() {
		if k.Name != "faults" {
			assert.Empty(t, k.Keys)
			continue
		}
		names := make(map[string]Key)
		for _, k := range k.Keys {
			assert.NotEmpty(t, k.Doc, k.Name)
			assert.Empty(t, k.Env)
			names[k.Name] = k
		}
		assert.Equal(t, "1", names["match.probability"].Default)
		assert.Equal(t, "both", names["stream"].Default)
		assert.Equal(t, "probability", names["toxicity"].Type)
		return
	}
	t.Fatal("no faults")
}
