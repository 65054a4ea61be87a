package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"alakazaam/actors/text"
)

// addJSON gives a command the flag --json.
func addJSON(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "print JSON")
}

// printJSON prints v over several lines.
func (a *app) printJSON(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = a.out.Write(append(escape(b), '\n'))
	return err
}

// printJSONLine prints v on one line.
func (a *app) printJSONLine(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = a.out.Write(append(escape(b), '\n'))
	return err
}

// escape writes the characters of JSON that could do something to a terminal as \u and their number: names come from
// strangers, and encoding/json leaves everything above U+007F as it is. The meaning stays the same.
func escape(b []byte) []byte {
	harmless := func(r rune) bool { return r == '\n' || r < utf8.RuneSelf || unicode.IsGraphic(r) }
	if bytes.IndexFunc(b, func(r rune) bool { return !harmless(r) }) < 0 {
		return b
	}
	var out bytes.Buffer
	for _, r := range string(b) {
		switch {
		case harmless(r):
			out.WriteRune(r)
		case r > 0xFFFF:
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xD800+(r>>10), 0xDC00+(r&0x3FF))
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.Bytes()
}

// column is a column of a table.
type column struct {
	title string
	right bool // numbers are aligned at their last digit
	// cut says that this column gives way where the table is too wide.
	cut bool
	// spare says that it is left out where the table is too wide, the last one first.
	spare bool
}

// minColumn is how narrow a column gets that gives way.
const minColumn = 12

// writeTable prints rows below titles, aligned by what the characters take on a terminal of this width.
func writeTable(w io.Writer, width int, columns []column, rows [][]string) {
	widths, total := tableWidth(columns, rows)
	for total > width {
		i := lastSpare(columns)
		if i < 0 {
			break
		}
		columns = slices.Concat(columns[:i], columns[i+1:])
		shorter := make([][]string, len(rows))
		for k, r := range rows {
			shorter[k] = slices.Concat(r[:i], r[i+1:])
		}
		rows = shorter
		widths, total = tableWidth(columns, rows)
	}
	for i, c := range columns {
		if c.cut && total > width {
			cut := min(widths[i], max(minColumn, widths[i]-(total-width)))
			total -= widths[i] - cut
			widths[i] = cut
		}
	}
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = c.title
	}
	for _, r := range append([][]string{titles}, rows...) {
		var line strings.Builder
		for i, c := range columns {
			if i > 0 {
				line.WriteString("  ")
			}
			cell := runewidth.Truncate(r[i], widths[i], "…")
			if c.right {
				line.WriteString(runewidth.FillLeft(cell, widths[i]))
			} else {
				line.WriteString(runewidth.FillRight(cell, widths[i]))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// tableWidth is what each column takes, and all of them with two spaces between.
func tableWidth(columns []column, rows [][]string) (widths []int, total int) {
	widths = make([]int, len(columns))
	total = 2 * (len(columns) - 1)
	for i, c := range columns {
		widths[i] = runewidth.StringWidth(c.title)
		for _, r := range rows {
			widths[i] = max(widths[i], runewidth.StringWidth(r[i]))
		}
		total += widths[i]
	}
	return widths, total
}

// lastSpare is the last column that may be left out; -1: there is none.
func lastSpare(columns []column) int {
	for i, c := range slices.Backward(columns) {
		if c.spare {
			return i
		}
	}
	return -1
}

// writeRows prints rows for programs: no titles, a tab between cells.
func writeRows(w io.Writer, rows [][]string) {
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
}

// list prints rows as a table on a terminal, and for programs otherwise.
func (a *app) list(columns []column, rows [][]string) {
	if width, ok := terminal(a.out); ok {
		writeTable(a.out, width, columns, rows)
		return
	}
	writeRows(a.out, rows)
}

// bytesText is a number of bytes for people: "1.2 MiB".
func bytesText(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, u := float64(n)/1024, 0
	for f >= 999.95 && u < len(units)-1 {
		f /= 1024
		u++
	}
	return fmt.Sprintf("%.1f %ciB", f, units[u])
}

// durationText is a duration for people, in its two largest units: "3d 4h", "1m 5s", "0.8s".
func durationText(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm %ds", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%dh %dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd %dh", d/day, d%day/time.Hour)
}

// oneLine makes a message that may hold what other nodes said fit for one line of a terminal.
func oneLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, l := range lines {
		lines[i] = text.Display(l)
	}
	return strings.Join(lines, "; ")
}

// plural is a number with the word for what it counts.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
