package admin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"alakazaam/config"
)

// LogLevel is where the level of a log is; *logrus.Logger is one.
type LogLevel interface {
	GetLevel() logrus.Level
	SetLevel(level logrus.Level)
}

// Log is the body of PUT /log, and the answer to both.
type Log struct {
	Level string `json:"level"` // as the key log.level has it
}

func (s *Server) getLog(w *response, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, &Log{Level: levelName(s.Level.GetLevel())})
}

// putLog changes what is logged until the node ends or is told otherwise.
func (s *Server) putLog(w *response, r *http.Request) error {
	var request Log
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	level, err := logrus.ParseLevel(request.Level)
	if err != nil || !slices.Contains(config.LogLevels(), request.Level) {
		return badRequest("level has to be one of %s", strings.Join(config.LogLevels(), ", "))
	}
	before := s.Level.GetLevel()
	s.Level.SetLevel(level)
	if level != before {
		s.Log.WithFields(logrus.Fields{"old": levelName(before), "new": request.Level}).Warn("the log's level was changed")
	}
	return s.getLog(w, r)
}

// levelName is a level as the configuration writes it.
func levelName(l logrus.Level) string {
	if l == logrus.WarnLevel {
		return "warn"
	}
	return l.String()
}
