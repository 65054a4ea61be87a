package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWriteDefault(t *testing.T) {
	var b strings.Builder
	require.NoError(t, WriteDefault(&b))
	c, warnings, err := load(b.String())
	require.NoError(t, err)
	assert.Empty(t, warnings)
	assert.Equal(t, Default(), c)

	lines := strings.Split(b.String(), "\n")
	at := 0
	for _, f := range schema.fields {
		indent := strings.Repeat("  ", strings.Count(f.path, "."))
		for at < len(lines) && !strings.HasPrefix(lines[at], indent+f.name+":") {
			at++
		}
		require.Less(t, at, len(lines), "%s is missing, or out of order", f.path)
		assert.Regexp(t, `^ *# `, lines[at-1], "%s has no comment", f.path)
	}
	for _, l := range lines {
		assert.LessOrEqual(t, len(l), lineWidth, l)
		assert.Equal(t, strings.TrimRight(l, " "), l)
	}
	assert.Contains(t, b.String(), `
# How searches run.
search:
  # How far a search that begins here goes, and the most that one of others may have left (hops, 1
  # to 99)
  ttl: 5
`)
}

// texts are valid values of each form of a text.
var texts = map[string][]string{
	"listen":    {":3000", "127.0.0.1:0", "[::1]:3000", "localhost:65535"},
	"sync":      {"always", "1ms", "2s", "1h"},
	"ipv4":      {"192.0.2.1", ""},
	"ipv6":      {"2001:db8::1", ""},
	"network":   {"192.0.2.1", "2001:db8::/32", "10.0.0.0/8"},
	"entry":     {"192.0.2.1", "2001:db8::/32", "d41d8cd98f00b204e9800998ecf8427e"},
	"file":      {"token", "/run/secrets/token", ""},
	"token":     {"", "0123456789abcdef"},
	"host":      {"node.example", "192.0.2.1", "2001:db8::1"},
	"id":        {"a", "B-2_c"},
	"port":      {"1", "3000", "65535"},
	"host:port": {"192.0.2.1:1", "[2001:db8::1]:1", "host.example:1"},
}

// draw makes a valid value for a field, the rules between keys aside.
func draw(t *rapid.T, f *field) any {
	switch {
	case f.record != nil:
		return drawFaults(t)
	case f.kind == kindBool:
		return rapid.Bool().Draw(t, f.path)
	case f.kind == kindProbability:
		return rapid.Float64Range(0, 1).Draw(t, f.path)
	case f.kind != kindText:
		return rapid.Int64Range(f.min, f.max).Draw(t, f.path)
	case f.list:
		n := rapid.IntRange(0, len(texts[f.form])).Draw(t, f.path)
		return append([]string(nil), texts[f.form][:n]...)
	case f.form == "directory":
		return rapid.StringN(1, 20, -1).Filter(func(s string) bool { return f.check(s) == nil }).Draw(t, f.path)
	case texts[f.form] != nil:
		return rapid.SampledFrom(texts[f.form]).Draw(t, f.path)
	case f.named():
		return rapid.SampledFrom(f.choices()).Draw(t, f.path)
	}
	return rapid.SampledFrom(f.choices()).Draw(t, f.path)
}

// drawFaults makes faults that keep all rules.
func drawFaults(t *rapid.T) (all []Fault) {
	for i := range rapid.IntRange(0, 3).Draw(t, "faults") {
		k := rapid.SampledFrom(FaultKinds()).Draw(t, "kind")
		fault := NewFault()
		fault.ID, fault.Kind = fmt.Sprintf("f-%d", i), k.Kind
		keys := []string{"at", "for", "times", "match.actor", "match.message", "match.probability", "match.nth"}
		if fault.Action = k.Name; k.Kind == FaultToxic {
			fault.Action, fault.Type = "", k.Name
			keys = []string{"at", "for", "every", "times", "toxicity", "addresses", "ports"}
		}
		for _, f := range newTree("", faultType).fields {
			switch {
			case slices.Contains(k.Needs, f.path):
				f.set(&fault, rapid.Int64Range(1, f.max).Draw(t, f.path))
			case slices.Contains(append(keys, k.Takes...), f.path) && rapid.Bool().Draw(t, "set "+f.path):
				f.set(&fault, draw(t, f))
			}
		}
		if a := &fault.Attributes; a.Jitter > a.Latency || a.SizeVariation >= max(a.AverageSize, 1) {
			a.Jitter, a.SizeVariation = 0, 0
		}
		if fault.For > 0 {
			fault.Every = 0
		}
		if fault.Action != "panic" {
			fault.Match.Message = ""
		}
		all = append(all, fault)
	}
	return all
}

func TestWriteLoadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Default()
		for _, f := range schema.fields {
			f.set(&want, draw(t, f))
		}
		want.Search.Quiet = min(want.Search.Quiet, want.Search.Window)
		want.Discovery.Target = min(want.Discovery.Target, want.Discovery.Max)
		want.Access.AllowFile, want.Access.DenyFile = "", "" // Load would read them
		want.Limits.Ban = min(want.Limits.Ban, want.Limits.BanMax)
		want.Admin.Listen = rapid.SampledFrom([]string{"", "localhost:3000", "[::1]:0"}).Draw(t, "admin.listen")
		if _, err := want.Validate(); err != nil {
			t.Skip("breaks another rule between keys")
		}
		var b strings.Builder
		if err := Write(&b, want); err != nil {
			t.Fatal(err)
		}
		want.Admin.Token = "" // which is not written
		got, _, err := load(b.String())
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		got.Access.lists = nil // derived from the rest
		assert.Equal(t, want, got)
	})
}

// Load refuses some signs before it knows what is in quotes; Write gets round that.
func TestWriteEscapesWhatIsOdd(t *testing.T) {
	for _, dir := range []string{"a|#", "<<<", "> # b", "c >", "tab\there", strings.Repeat("\t", 200), "new\nline", "# d", "'", `"\`} {
		want := Default()
		want.ShareDir = dir
		var b strings.Builder
		require.NoError(t, Write(&b, want))
		got, _, err := load(b.String())
		require.NoError(t, err, "%q", dir)
		assert.Equal(t, want, got)
	}
}

// All formats are read back, rules between keys or not.
func TestFormatParsesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(schema.fields).Draw(t, "field")
		if f.kind == kindText || f.record != nil {
			t.Skip("is its own form")
		}
		want := draw(t, f)
		got, wrong := f.parse(f.format(want))
		if wrong != nil {
			t.Fatal(wrong.message)
		}
		assert.Equal(t, want, got)
	})
}
