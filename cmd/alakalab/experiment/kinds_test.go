package experiment

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every kind is described, and its example loads where its engine is there; otherwise nothing else is wrong with it.
func TestKinds(t *testing.T) {
	kinds := Kinds()
	require.Len(t, kinds, len(faultKinds))
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			require.NotEmpty(t, k.Doc)
			require.NotEmpty(t, k.Layer)
			require.NotEmpty(t, k.Engines)
			for _, a := range k.Attributes {
				assert.NotEmpty(t, a.Doc, a.Name)
				assert.NotEmpty(t, a.Type, a.Name)
				assert.True(t, a.Needed || a.Default != "", a.Name)
			}
			e, err := load(head + "faults:\n" + k.Example)
			if !slices.Contains(k.Engines, Sim) {
				require.EqualError(t, err, "stdin:4:9: fault "+k.Name+" needs engine: net\n    4 | - kind: "+k.Name+"\n"+strings.Repeat(" ", 16)+"^")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, k.Name, e.Experiment.Faults[0].Kind())
		})
	}
}

// Every key of the file is documented, and has a range where it is a number.
func TestKeysAreDocumented(t *testing.T) {
	seen := make(map[reflect.Type]bool)
	var look func(typ reflect.Type)
	look = func(typ reflect.Type) {
		for readers[typ] == nil && (typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice) {
			typ = typ.Elem()
		}
		if members, ok := unions[typ]; ok {
			for _, m := range members {
				look(reflect.TypeOf(m.make()))
			}
		}
		if typ.Kind() != reflect.Struct || seen[typ] || readers[typ] != nil && typ != reflect.TypeFor[Targets]() {
			return
		}
		seen[typ] = true
		for _, f := range fieldsOf(typ) {
			if f.inline {
				look(f.kind)
				continue
			}
			assert.NotEmpty(t, f.doc(), f.goName)
			if k := f.kind.Kind(); texts[f.kind].read == nil && (k == reflect.Int || k == reflect.Float64) {
				assert.NotEmpty(t, f.span(), f.goName)
				assert.NotEmpty(t, f.unit, f.goName)
			}
			if f.kind.Kind() == reflect.String {
				assert.NotEmpty(t, f.wants(f.kind), f.goName)
			}
			look(f.kind)
		}
	}
	look(reflect.TypeFor[Experiment]())
	for _, k := range checkKinds {
		if k.with != nil {
			look(reflect.TypeOf(k.with()))
		}
	}
	require.Greater(t, len(seen), 40)
}

// Each script loads with nothing but its name.
func TestScripts(t *testing.T) {
	for _, s := range Scripts() {
		e := mustLoad(t, head+"faults: [{kind: byzantine, at: 1m, for: 1m, script: "+s.Name+"}]\n")
		assert.Len(t, e.Faults[0].Do.(*Byzantine).Args, len(s.Args))
	}
}

func TestChecks(t *testing.T) {
	for _, k := range CheckKinds() {
		text := head + "checks: [" + k.Name + "]\n"
		if k.Name == "recovery" {
			text += "faults: [{kind: kill, at: 1m, targets: supernodes}]\n"
		}
		s, err := load(text)
		if k.Name == "agreement" {
			require.ErrorContains(t, err, "check agreement needs engine: net")
			continue
		}
		require.NoError(t, err)
		c := s.Experiment.Checks[0]
		assert.Equal(t, k.Name, c.Name)
		assert.Equal(t, k.with == nil, c.With == nil)
	}
}

func TestTerms(t *testing.T) {
	for _, text := range []string{"off", "torn", "5%return(EIO)", "3*sleep(20ms)", "0.5%7*torn->return(ENOSPC)->off", "100%off"} {
		terms, err := ParseTerms(text)
		require.NoError(t, err, text)
		back, err := ParseTerms(terms.String())
		require.NoError(t, err)
		assert.Equal(t, terms, back)
	}
	for _, text := range []string{
		"", "5%", "return", "return()", "return(EPERM)", "sleep", "sleep(1)", "sleep(-1s)", "sleep(2h)", "off(1)", "torn(EIO)", "101%off", "0%off",
		"0*off", "1.2.3%off", "off->", "->off", "panic", "off off", strings.Repeat("off->", 16) + "off",
	} {
		_, err := ParseTerms(text)
		require.Error(t, err, text)
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]float64{"0": 0, "10mbit": 10e6, "1.5mbit": 1.5e6, "1gbit": 1e9, "7bit": 7, "1MiB/s": 8 << 20, "1kB/s": 8e3} {
		got, err := readRate(text)
		require.NoError(t, err, text)
		assert.InDelta(t, want, got, 0, text)
		back, err := readRate(writeRate(got))
		require.NoError(t, err)
		assert.InDelta(t, got, back, 0, text)
	}
	for text, want := range map[string]float64{"20/s": 20, "30/m": 0.5, "1/h": 1.0 / 3600, "0.5/s": 0.5} {
		got, err := readFrequency(text)
		require.NoError(t, err, text)
		assert.InDelta(t, want, got, 0, text)
		back, err := readFrequency(writeFrequency(got))
		require.NoError(t, err)
		assert.InDelta(t, got, back, 0, text)
	}
	for text, want := range map[string]float64{"0": 0, "1": 1, "5%": 0.05, "0.25": 0.25, "100%": 1} {
		got, err := readShare(text)
		require.NoError(t, err, text)
		assert.InDelta(t, want, got, 0, text)
	}
	for _, text := range []string{"", "x", "-1", "1.5", "101%", "NaN", "inf", "0x1", "1_0"} {
		_, err := readShare(text)
		require.Error(t, err, text)
	}
	for text, want := range map[string]Objective{
		">= 0.95": {Op: ">=", Value: 0.95, Text: ">= 0.95"}, "<2s": {Op: "<", Value: 2, Text: "< 2s"},
		"<= 4KiB": {Op: "<=", Value: 4096, Text: "<= 4KiB"}, "> 5%": {Op: ">", Value: 0.05, Text: "> 5%"},
	} {
		got, ok := parseObjective(text)
		require.True(t, ok, text)
		assert.Equal(t, want, got)
	}
	less := Objective{Op: "<", Value: 2}
	assert.True(t, less.Met(1.9))
	assert.False(t, less.Met(2))
	more := Objective{Op: ">=", Value: 2}
	assert.True(t, more.Met(2))
	assert.False(t, more.Met(1.9))
}

// Rule has what a node needs to know of a fault.
func TestRule(t *testing.T) {
	e := mustLoad(t, head+`faults:
- {id: a, kind: actor, at: 1m, for: 2m, every: 5s, action: flood, copies: 7, times: 3, match: {actor: query, message: Quer, probability: 50%, every_nth: 2}}
- {id: b, kind: toxic, at: 1m, for: 2m, type: bandwidth, stream: upstream, toxicity: 20%, attributes: {rate: 80kbit}, links: {from: peers, to: supernodes}}
- {kind: kill, at: 1m, targets: supernodes}
`)
	a, ok := e.Faults[0].Rule()
	require.True(t, ok)
	assert.Equal(t, "{id: a, kind: actor, for: 2m, every: 5s, times: 3, action: flood, copies: 7, "+
		"match: {actor: query, message: Quer, probability: 0.5, every_nth: 2}}", strings.ReplaceAll(a.String(), `"`, ""))
	b, ok := e.Faults[1].Rule()
	require.True(t, ok)
	assert.Equal(t, "{id: b, kind: toxic, type: bandwidth, stream: upstream, toxicity: 0.2, attributes: {rate: 10KB/s}}",
		strings.ReplaceAll(b.String(), `"`, ""))
	_, ok = e.Faults[2].Rule()
	assert.False(t, ok)
}
