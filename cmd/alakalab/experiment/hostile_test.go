package experiment

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each of these is cheap to write and would be dear to read.
func TestHostileFiles(t *testing.T) {
	laughs := "a0: &a0 [x, x]\n"
	for i := 1; i < 50; i++ {
		laughs += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i, i, i-1, i-1)
	}
	many := "faults: &f [" + strings.Repeat("{kind: hold}, ", 1000) + "]\n"
	for name, test := range map[string]struct{ text, want string }{
		"brackets":       {strings.Repeat("[", 1<<19), "more than 32 lists or sections are open here"},
		"deep":           {deep(1000), `unknown key "a"`},
		"billion laughs": {head + laughs, "there are more than 50000 values, those of aliases counted"},
		"shared":         {head + many + "w: [" + strings.Repeat("*f, ", 1000) + "]\n", "there are more than 50000 values"},
		"itself":         {head + "churn: &c {peers: *c}\n", `there is no anchor "&c" before this`},
		"many mistakes":  {head + "faults: [" + strings.Repeat("{}, ", 1000) + "]\n", "and at least"},
		"many faults":    {head + "faults: [" + strings.Repeat("{}, ", 3000) + "]\n", "faults has 3000 entries, and may have 1000"},
		"many seeds":     {head + "seeds: 1..18446744073709551615\n", "seeds has more than 1000 seeds"},
		"seeds at the end": {head + "seeds: [18446744073709551614..18446744073709551615, 1..999]\n",
			"seeds has more than 1000 seeds"},
		"large matrix": {head + "workload: [{kind: find, rate: 1/s}]\nmatrix: {" + axes(64) + "}\n", "the matrix has more than 1000 combinations"},
		"large matrix of a large file": {head + "x: [" + strings.Repeat("1, ", 5000) + "]\nmatrix: {time.run: [" + list(600) + "]}\n",
			"the matrix has 600 combinations, too many for a file with so many values"},
		"many runs": {head + "seeds: 1..1000\nmatrix: {content.files: [" + list(11) + "]}\n",
			"11 lines of the matrix with 1000 seeds are more than 10000 runs"},
		"many moments": {head + "faults: [{kind: kill, at: 0s, for: 10m, every: 1ns, targets: all}]\n", "faults[0] happens more than 100000 times"},
		"infinite":     {head + "workload: [{kind: find, rate: .inf/s}, {kind: find, rate: NaN/s}]\n", `not ".inf/s"`},
		"overflow":     {head + "time: {run: 2562047h}\ncontent: {size: 9223372036854775807}\n", "time.run has to be"},
		"escapes":      {head + "\"\\e]0;title\\a\": 1\n", `unknown key "\x1b]0;title\a"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(test.text)
			require.Error(t, err)
			assert.Contains(t, err.Error(), test.want)
			assert.Less(t, len(err.Error()), 50000)
			assert.NotContains(t, err.Error(), "\x1b")
		})
	}
}

// deep nests sections as deep as their indentation allows.
func deep(n int) string {
	var b strings.Builder
	b.WriteString(head)
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func axes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d: [1, 2], ", i)
	}
	return b.String()
}

func list(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d, ", i+1)
	}
	return b.String()
}
