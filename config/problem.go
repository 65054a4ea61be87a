package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Problem is one thing that is wrong with a configuration, or, as a warning, looks wrong.
type Problem struct {
	// File is where it was said: the path of a file, "stdin", the name of a variable, or a flag with its dashes. It is
	// empty where a program built the configuration.
	File string `json:"file,omitempty"`
	// Line and Column count from 1, the column in characters. 0: not in a file, or the file as a whole.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Key is the dotted path of the key, with the place in a list: "neighbors[1]". Empty: no certain key.
	Key string `json:"key,omitempty"`
	// Text is the line of the file, or the variable or flag with its value; cut where it is long, and harmless on a
	// terminal.
	Text string `json:"text,omitempty"`
	// Message says what is wrong, and names the key.
	Message string `json:"message"`
	// Hint says how it may be put right; empty where nothing is known.
	Hint string `json:"hint,omitempty"`

	layer layer
	caret int   // the column of Text under which String puts a caret
	cause error // of a file that cannot be read
}

// String gives "FILE:LINE:COLUMN: MESSAGE: HINT" and, below it, the line with a caret under the column.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
		if p.Line > 0 {
			fmt.Fprintf(&b, "%d:%d:", p.Line, p.Column)
		}
		b.WriteByte(' ')
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString(": " + p.Hint)
	}
	switch {
	case p.Text == "":
	case p.Line == 0:
		fmt.Fprintf(&b, "\n    %s", p.Text)
	default:
		margin := fmt.Sprintf("%5d | ", p.Line)
		fmt.Fprintf(&b, "\n%s%s\n%s^", margin, p.Text, strings.Repeat(" ", len(margin)+p.caret-1))
	}
	return b.String()
}

// clean is a text for a message: harmless on a terminal and not too long.
func clean(s string) string {
	text, _ := window(s, 1)
	return text
}

// window cuts what stands around the column out of a long line, and takes out what would disturb a terminal.
func window(line string, column int) (text string, at int) {
	const width, before = 100, 60
	runes := []rune(line)
	for i, r := range runes {
		switch {
		case r == '\t':
			runes[i] = ' '
		case !unicode.IsPrint(r):
			runes[i] = unicode.ReplacementChar
		}
	}
	column = min(max(column, 1), len(runes)+1)
	start := 0
	if len(runes) > width {
		start = max(0, column-1-before)
		end := min(len(runes), start+width)
		if start > 0 {
			runes[start] = '…'
		}
		if end < len(runes) {
			runes[end-1] = '…'
		}
		runes = runes[start:end]
	}
	return strings.TrimRight(string(runes), " "), column - start
}

// Errors is everything that is wrong with a configuration, in the order of the places: the file from top to bottom, the
// variables, the flags.
type Errors []Problem

// Error gives all the problems.
func (e Errors) Error() string {
	all := make([]string, len(e))
	for i, p := range e {
		all[i] = p.String()
	}
	return strings.Join(all, "\n")
}

// Unwrap gives the errors behind the problems, such as fs.ErrNotExist.
func (e Errors) Unwrap() []error {
	var out []error
	for _, p := range e {
		if p.cause != nil {
			out = append(out, p.cause)
		}
	}
	return out
}

func sortProblems(all []Problem) {
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.layer, b.layer), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.File, b.File))
	})
}
