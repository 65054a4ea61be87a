package config

// Defaults of the log.
const (
	DefaultLogLevel  = "info"
	DefaultLogFormat = "text"
)

// Log is what is logged, and how.
type Log struct {
	// The least important messages that are logged.
	Level string `yaml:"level" form:"trace|debug|info|warn|error" reload:"yes"`
	// Lines for people, or JSON for machines.
	Format string `yaml:"format" form:"text|json" reload:"yes"`
}

func defaultLog() Log { return Log{Level: DefaultLogLevel, Format: DefaultLogFormat} }
