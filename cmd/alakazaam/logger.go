package main

import (
	"io"
	"time"

	"github.com/sirupsen/logrus"

	"alakazaam/config"
)

// newLogger makes the node's log: one line an event.
func newLogger(c config.Log, w io.Writer) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(w)
	tune(log, c)
	return log
}

// tune has a log be written as its configuration says.
func tune(log *logrus.Logger, c config.Log) {
	level, err := logrus.ParseLevel(c.Level)
	if err != nil {
		level = logrus.InfoLevel // config has checked it
	}
	log.SetLevel(level)
	if c.Format == "json" {
		log.SetFormatter(&logrus.JSONFormatter{TimestampFormat: time.RFC3339Nano})
		return
	}
	log.SetFormatter(&logrus.TextFormatter{FullTimestamp: true, TimestampFormat: "2006-01-02T15:04:05.000Z07:00"})
}

// logWarnings tells what looks wrong with a configuration.
func logWarnings(log logrus.FieldLogger, warnings []config.Problem) {
	for _, w := range warnings {
		log.WithField("key", w.Key).Warn(w.Message)
	}
}
