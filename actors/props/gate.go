package props

import (
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// Gate lets a log line through once a second, so that what strangers cause cannot fill a disk. It is safe for
// concurrent use by the actors of a kind.
type Gate struct {
	mu         sync.Mutex
	last       time.Time
	suppressed int
}

// Log gives a logger to write one line with, or nil where the last line is less than a second old. The line tells how
// many were left out since.
func (g *Gate) Log(e *Env) logrus.FieldLogger {
	now := e.Clock.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.last.IsZero() && now.Sub(g.last) < time.Second {
		g.suppressed++
		return nil
	}
	n := g.suppressed
	g.last, g.suppressed = now, 0
	if n == 0 {
		return e.Log
	}
	return e.Log.WithField("suppressed", n)
}
