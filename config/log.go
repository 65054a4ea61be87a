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

// LogLevels are the values of log.level, the most talkative first.
func LogLevels() []string { return schema.byPath["log.level"].choices() }

func defaultLog() Log { return Log{Level: DefaultLogLevel, Format: DefaultLogFormat} }
