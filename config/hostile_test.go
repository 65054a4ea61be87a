package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each of these is cheap to write and would be dear to read: they are refused, or read in time that grows with their
// size alone.
func TestHostileFiles(t *testing.T) {
	laughs := "a0: &a0 [x, x]\n"
	for i := 1; i < 50; i++ {
		laughs += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i, i, i-1, i-1)
	}
	for name, test := range map[string]struct{ text, want string }{
		"brackets":       {strings.Repeat("[", 1<<19), "stdin:1:33: more than 32 lists or sections are open here"},
		"braces":         {strings.Repeat("{a: ", 1<<17), "stdin:1:129: more than 32 lists"},
		"dashes":         {strings.Repeat("- ", 1<<18), "stdin:1:65: more than 32 lists"},
		"question marks": {strings.Repeat("? ", 1<<18), "stdin:1:65: more than 32 lists"},
		"deep sections":  {steps(1000), "stdin:1:1: unknown key \"a\""},
		"tokens":         {"neighbors: [" + strings.Repeat("a:1,", 1<<17) + "]", "more than 20000 words"},
		"keys":           {strings.Repeat("search: 1\n", 1<<16), "more than 20000 words"},
		"anchors":        {strings.Repeat("&a ", 1<<18), "more than 20000 words"},
		"block text":     {"a: |\n" + strings.Repeat("\n", 1<<19), "stdin:1:4: a text over several lines"},
		"less":           {strings.Repeat("<", 1<<19), "stdin:1:1: this is no YAML"},
		"tabs":           {`a: "` + strings.Repeat("\t", 1<<19), "stdin:1:1: there are more than 100 tabs"},
		"billion laughs": {laughs + "neighbors: *a49\n", "stdin:50:12: neighbors[0] has to be HOST:PORT, not a list"},
		"laughing list":  {strings.ReplaceAll(laughs, "a0:", "neighbors:"), "neighbors[0] has to be HOST:PORT, not \"x\""},
		"aliased keys":   {"search: &s {" + strings.Repeat("a: 1, ", 500) + "}\n" + aliases(500), "and at least"},
		"long key":       {strings.Repeat("k", 1<<19) + ": 1\n", `unknown key "kkkkk`},
		"long value":     {"search: {ttl: " + strings.Repeat("9", 1<<19) + "}\n", "search.ttl has to be a whole number"},
		"escapes":        {"\x1b]0;title\x07: 1\n", `stdin:1:1: unknown key "\x1b]0;title\a"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := load(test.text)
			require.Error(t, err)
			assert.Contains(t, err.Error(), test.want)
			assert.Less(t, len(err.Error()), 50000)
			assert.NotContains(t, err.Error(), "\x1b")
		})
	}
}

// steps nests sections as deep as their indentation allows.
func steps(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func aliases(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "searc%c%d: *s\n", 'a'+i%26, i)
	}
	return b.String()
}

func TestManyProblemsAreCut(t *testing.T) {
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, "unknown%d: 1\n", i)
	}
	_, _, err := load(b.String())
	var all Errors
	require.ErrorAs(t, err, &all)
	assert.Len(t, all, maxProblems+1)
	assert.Equal(t, "and at least 1 more", all[maxProblems].String())
}

func FuzzLoad(f *testing.F) {
	for _, test := range badFiles {
		f.Add(test.text)
	}
	for _, test := range badYAML {
		f.Add(test.text)
	}
	var b strings.Builder
	if err := WriteDefault(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.String())
	f.Fuzz(func(t *testing.T, text string) {
		c, _, err := load(text)
		if err == nil {
			if _, err := c.Validate(); err != nil {
				t.Fatalf("loaded, but not valid: %v", err)
			}
			return
		}
		var all Errors
		if !assert.ErrorAs(t, err, &all) {
			return
		}
		lines := strings.Count(strings.ReplaceAll(text, "\r", "\n"), "\n") + 1
		for _, p := range all {
			assert.NotEmpty(t, p.Message)
			assert.LessOrEqual(t, p.Line, lines)
			assert.NotContains(t, p.String(), "\x1b")
		}
	})
}

// FuzzValue checks that what a variable gives is refused or valid, for every key.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{"", "5", "-1", "1s", "1MiB/s", "true", "info", "a:1,b:2", "[::1]:80", "[", "\x00", "9e99h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, k := range Keys() {
			c, _, err := Load(Options{Env: []string{k.Env + "=" + text}})
			if err != nil {
				continue
			}
			if _, err := c.Validate(); err != nil {
				t.Fatalf("%s=%q loaded, but is not valid: %v", k.Env, text, err)
			}
		}
	})
}
