package props

import (
	"fmt"

	"github.com/sirupsen/logrus"

	"alakazaam/actors/port"
)

// Limit counts what a limit refuses or holds up, and logs it once a second at most. It is safe for concurrent use by the
// actors of a kind.
type Limit struct {
	env     *Env
	counter port.Counter
	text    string
	level   logrus.Level
	gate    Gate
}

// Refusing is a limit past which something is refused. reason is its label in the metrics, text its line in the log.
func (e *Env) Refusing(reason, text string) *Limit {
	return &Limit{
		env:     e,
		counter: e.Metrics.Counter("refusals_total", "What was refused, by the limit or the rule that did it.", "reason", reason),
		text:    text, level: logrus.WarnLevel,
	}
}

// Forgetting is a limit past which something that was remembered is dropped before its time.
func (e *Env) Forgetting(reason, text string) *Limit {
	return &Limit{
		env: e,
		counter: e.Metrics.Counter("forgotten_total", "What was remembered and is forgotten before its time, by the limit that did it.",
			"reason", reason),
		text: text, level: logrus.WarnLevel,
	}
}

// Slowing is a limit past which something has to wait.
func (e *Env) Slowing(reason, text string) *Limit {
	return &Limit{
		env:     e,
		counter: e.Metrics.Counter("throttled_total", "Times that something had to wait, by the limit that made it wait.", "reason", reason),
		text:    text, level: logrus.InfoLevel,
	}
}

// Quietly has the limit logged for whoever debugs: it is reached in ordinary work.
func (l *Limit) Quietly() *Limit {
	l.level = logrus.DebugLevel
	return l
}

// Hit counts one case. fields are names, each followed by its value, for the log.
func (l *Limit) Hit(fields ...any) {
	l.counter.Add(1)
	log := l.gate.Log(l.env)
	if log == nil {
		return
	}
	named := make(logrus.Fields, len(fields)/2)
	for i := 0; i+1 < len(fields); i += 2 {
		named[fmt.Sprint(fields[i])] = fmt.Sprint(fields[i+1])
	}
	switch entry := log.WithFields(named); l.level {
	case logrus.WarnLevel:
		entry.Warn(l.text)
	case logrus.DebugLevel:
		entry.Debug(l.text)
	default:
		entry.Info(l.text)
	}
}
