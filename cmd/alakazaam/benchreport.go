package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"

	"alakazaam/cmd/alakazaam/bench"
)

// benchShow is the line on a terminal that says how far a benchmark is.
type benchShow struct {
	w     io.Writer // nil: no terminal
	width int
	mu    sync.Mutex
	last  time.Time
	phase string
}

// benchProgress has a benchmark show how far it is.
func (a *app) benchProgress(o *bench.Options) *benchShow {
	s := &benchShow{}
	if width, ok := terminal(a.err); ok {
		s.w, s.width = a.err, width
		o.Progress = s.show
	}
	return s
}

func (s *benchShow) show(p bench.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if p.Phase == s.phase && now.Sub(s.last) < 100*time.Millisecond {
		return
	}
	s.phase, s.last = p.Phase, now
	fmt.Fprint(s.w, "\r\x1b[K"+runewidth.Truncate(progressText(p), s.width-1, "…"))
}

func progressText(p bench.Progress) string {
	out := p.Phase
	if p.Done > 0 {
		out += fmt.Sprintf(": %d done", p.Done)
	}
	if p.Failed > 0 {
		out += fmt.Sprintf(", %d failed", p.Failed)
	}
	if p.InFlight > 0 {
		out += fmt.Sprintf(", %d under way", p.InFlight)
	}
	if p.Left > 0 {
		out += ", " + durationText(p.Left) + " left"
	}
	return out
}

// stop takes the line off the screen.
func (s *benchShow) stop() {
	if s.w != nil {
		fmt.Fprint(s.w, "\r\x1b[K")
	}
}

// benchWidth is how wide the table is where it goes to no terminal.
const benchWidth = 200

var benchColumns = []column{
	{title: "LOAD"}, {title: "OPERATION"}, {title: "SENT", right: true}, {title: "RATE/S", right: true}, {title: "FAILED", right: true},
	{title: "P50", right: true}, {title: "P90", right: true}, {title: "P99", right: true}, {title: "P99.9", right: true},
	{title: "MAX", right: true}, {title: "BYTES OUT", right: true, spare: true}, {title: "BYTES IN", right: true, spare: true},
	{title: "IN/S", right: true, spare: true},
}

// writeBench prints a report for people.
func (a *app) writeBench(r *bench.Report) {
	width, ok := terminal(a.out)
	if !ok {
		width = benchWidth
	}
	p := r.Parameters
	fmt.Fprintf(a.out, "%s: %s\n\n", p.Target, strings.Join(benchSetup(r), "; "))
	var rows [][]string
	for i := range r.Steps {
		s := &r.Steps[i]
		rows = append(rows, benchRows(s.Load.String(), "", s.Seconds, s.Operations)...)
		if s.Bare != nil {
			rows = append(rows, benchRows("", "bare ", s.Seconds, s.Bare.Operations)...)
		}
	}
	if len(rows) == 0 {
		return
	}
	writeTable(a.out, width, benchColumns, rows)
	first := true
	for i := range r.Steps {
		for _, line := range benchNotes(&r.Steps[i], p.InFlight) {
			if first {
				fmt.Fprintln(a.out)
			}
			first = false
			fmt.Fprintf(a.out, "%s: %s\n", r.Steps[i].Load, line)
		}
	}
}

// benchSetup says under what circumstances it was measured.
func benchSetup(r *bench.Report) []string {
	p := r.Parameters
	failed := func(c bench.Counts, what string) string {
		if c.Failed() == 0 {
			return ""
		}
		return fmt.Sprintf(" (%d %s: %s)", c.Failed(), what, c)
	}
	peers := plural(p.Peers, "peer", "peers") + " not logged in"
	if r.Logins.OK > 0 {
		peers = plural(r.Logins.OK, "peer", "peers") + " logged in" + failed(r.Logins, "could not")
	}
	out := []string{peers + " from " + strings.Join(p.Sources, ", ")}
	if p.Files > 0 {
		out = append(out, plural(r.Published.OK, "file", "files")+" published"+failed(r.Published, "could not be"))
	}
	return append(out, p.Mix, "connections "+p.Connections, fmt.Sprintf("seed %d", p.Seed))
}

func benchRows(load, what string, seconds float64, all []bench.Measured) (rows [][]string) {
	for _, m := range all {
		row := []string{
			load, what + m.Operation.String(), strconv.FormatInt(m.Count, 10), strconv.FormatFloat(m.Rate, 'f', 1, 64),
			strconv.FormatInt(m.Failed, 10), "", "", "", "", "", bytesText(m.Out), bytesText(m.In), "",
		}
		if l := m.Latency; l != nil {
			for i, v := range []float64{l.P50, l.P90, l.P99, l.P999, l.Max} {
				row[5+i] = latencyText(v)
			}
		}
		if seconds > 0 {
			row[12] = bytesText(int64(float64(m.In) / seconds))
		}
		load = ""
		rows = append(rows, row)
	}
	return rows
}

// latencyText writes a time in three digits.
func latencyText(seconds float64) string {
	switch {
	case seconds < 1e-3:
		return fmt.Sprintf("%.0f µs", seconds*1e6)
	case seconds < 10e-3:
		return fmt.Sprintf("%.2f ms", seconds*1e3)
	case seconds < 100e-3:
		return fmt.Sprintf("%.1f ms", seconds*1e3)
	case seconds < 1:
		return fmt.Sprintf("%.0f ms", seconds*1e3)
	}
	return fmt.Sprintf("%.2f s", seconds)
}

// benchNotes says what the table has no column for.
func benchNotes(s *bench.Step, inFlight int) (out []string) {
	for _, m := range s.Operations {
		if m.Failed > 0 {
			out = append(out, fmt.Sprintf("%s failed: %s", m.Operation, m.FailuresText()))
		}
		if m.Operation == bench.Search && m.OK > 0 {
			out = append(out, fmt.Sprintf("a search found %.1f files; %.1f %% found nothing", float64(m.Found)/float64(m.OK), 100*float64(m.Empty)/float64(m.OK)))
		}
	}
	if s.Dropped > 0 {
		out = append(out, fmt.Sprintf("%s dropped, because %d were under way", plural(int(s.Dropped), "request was", "requests were"), inFlight))
	}
	if s.Late > 0 {
		out = append(out, fmt.Sprintf("%s late, by up to %s, because this machine is busy: the latencies hold that, too",
			plural(int(s.Late), "request began", "requests began"), latencyText(s.Latest)))
	}
	if s.CPU > 0 && s.Elapsed > 0 {
		out = append(out, fmt.Sprintf("the supernode used %.2f processors, %s for each answer, and this program %.2f", s.CPU/s.Elapsed,
			latencyText(s.CPU/float64(max(1, s.Answered()))), s.GeneratorCPU/s.Elapsed))
	}
	if b := s.Bare; b != nil {
		if b.RateRatio > 0 {
			out = append(out, fmt.Sprintf("%.2f of the bare server's rate", b.RateRatio))
		}
		if b.CPURatio > 0 {
			out = append(out, fmt.Sprintf("%.2f times the bare server's processor time for each answer", b.CPURatio))
		}
	}
	return out
}
