package main

import (
	"cmp"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"alakazaam/actors/message"
	"alakazaam/actors/text"
)

// spinner shows on a terminal that something happens.
type spinner struct {
	done chan struct{}
	gone sync.WaitGroup
	once sync.Once
}

var frames = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

// spin shows a text and the time that has passed until stop; nothing where the error output is no terminal.
func (a *app) spin(what string) *spinner {
	s := &spinner{done: make(chan struct{})}
	width, ok := terminal(a.err)
	if !ok {
		return s
	}
	what = runewidth.Truncate(text.Display(what), max(10, width-12), "…")
	s.gone.Go(func() { s.draw(a.err, what) })
	return s
}

func (s *spinner) draw(w io.Writer, what string) {
	const wipe = "\r\x1b[K"
	began := time.Now()
	turn := time.NewTicker(100 * time.Millisecond)
	defer turn.Stop()
	for i := 0; ; i++ {
		fmt.Fprintf(w, "%s%s %s  %s", wipe, frames[i%len(frames)], what, durationText(time.Since(began)))
		select {
		case <-turn.C:
		case <-s.done:
			fmt.Fprint(w, wipe)
			return
		}
	}
}

// stop takes the spinner off the screen.
func (s *spinner) stop() {
	s.once.Do(func() { close(s.done) })
	s.gone.Wait()
}

// progress shows how one download stands.
type progress interface {
	update(message.DownloadState)
	// end is called once; the last state may be one that has not ended.
	end(message.DownloadState)
}

// noProgress shows nothing.
type noProgress struct{}

func (noProgress) update(message.DownloadState) {}
func (noProgress) end(message.DownloadState)    {}

// lines prints a line for each tenth of a file, for outputs on which the cursor cannot move.
type lines struct {
	w     io.Writer
	label string
	last  int // tenths, of the owner that is asked now
	tried int
}

func (l *lines) update(s message.DownloadState) {
	if s.Tried != l.tried {
		l.tried, l.last = s.Tried, 0
		fmt.Fprintf(l.w, "%s: from %s\n", l.label, s.From)
	}
	if s.Expected <= 0 {
		return
	}
	if tenth := int(10 * s.Bytes / s.Expected); tenth > l.last && tenth <= 10 {
		l.last = tenth
		fmt.Fprintf(l.w, "%s: %d%% of %s\n", l.label, 10*tenth, bytesText(s.Expected))
	}
}

func (*lines) end(message.DownloadState) {}

// bar is a line of a terminal.
type bar struct {
	b    *mpb.Bar
	here *atomic.Bool // the file was here already
}

// newBar adds a bar below the others.
func newBar(p *mpb.Progress, label string, width int) *bar {
	name := runewidth.Truncate(label, max(12, width/3), "…")
	b := &bar{here: &atomic.Bool{}}
	status := decor.Any(func(s decor.Statistics) string {
		switch {
		case s.Aborted:
			return "  failed"
		case s.Total <= 0:
			return "   …    "
		}
		return fmt.Sprintf("  %3d%%  ", 100*s.Current/s.Total)
	})
	b.b = p.New(0, mpb.BarStyle().Lbound("│").Filler("█").Tip("█").Padding("░").Rbound("│"),
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(
			status,
			decor.Any(func(s decor.Statistics) string {
				switch {
				case b.here.Load():
					return "here already"
				case s.Total <= 0:
					return bytesText(s.Current)
				}
				return bytesText(s.Current) + " of " + bytesText(s.Total)
			}, decor.WCSyncSpace),
			decor.OnAbort(decor.OnComplete(decor.AverageSpeed(decor.SizeB1024(0), "% .1f", decor.WCSyncSpace), ""), ""),
			decor.OnAbort(decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace), ""), ""),
		))
	return b
}

func (b *bar) update(s message.DownloadState) {
	b.b.SetTotal(max(0, s.Expected), false)
	b.b.SetCurrent(s.Bytes)
}

func (b *bar) end(s message.DownloadState) {
	if !s.Ended || s.Error != "" {
		b.b.Abort(false)
		return
	}
	b.here.Store(here(s))
	n := max(s.Bytes, 1) // an empty file is done as well
	b.b.SetTotal(n, false)
	b.b.SetCurrent(n)
	b.b.SetTotal(n, true)
}

// labelOf is the name under which a download is shown.
func labelOf(t target) string { return cmp.Or(text.Display(string(t.name)), t.file.String()) }
