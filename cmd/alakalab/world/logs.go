package world

import (
	"io"
	"time"

	"github.com/sirupsen/logrus"

	"alakazaam/actors/port"
	"alakazaam/config"
)

// logger is what a node logs with, at the level that its configuration says; with what nobody reads if it is not asked for.
func (w *World) logger(name string, live *config.Live) *logrus.Logger {
	var to io.Writer
	if w.options.Log != nil {
		to = w.options.Log(name)
	}
	if to == nil {
		return w.sim.Log
	}
	log := logrus.New()
	log.SetOutput(to)
	log.SetFormatter(stamped{w.sim, &logrus.TextFormatter{DisableColors: true, TimestampFormat: "2006-01-02T15:04:05.000Z07:00"}})
	if level, err := logrus.ParseLevel(live.Get().Log.Level); err == nil {
		log.SetLevel(level)
	}
	return log
}

// stamped gives lines the time of the world, in which the warm-up begins at midnight.
type stamped struct {
	clock port.Clock
	logrus.Formatter
}

// Format implements logrus.Formatter.
func (s stamped) Format(e *logrus.Entry) ([]byte, error) {
	e.Time = s.clock.Now().In(time.UTC)
	return s.Formatter.Format(e)
}
