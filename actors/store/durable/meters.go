package durable

import (
	"time"

	"alakazaam/actors/port"
)

// meters count what is written; nil counts nothing.
type meters struct {
	kept, refused, changes, micros port.Counter
}

func newMeters(m port.Metrics) *meters {
	if m == nil {
		return nil
	}
	const writes = "Writes to the directory by result; each holds what arrived while the one before was under way."
	return &meters{
		kept:    m.Counter("store_writes_total", writes, "result", "kept"),
		refused: m.Counter("store_writes_total", writes, "result", "refused"),
		changes: m.Counter("store_changes_total", "Changes of the directory that were kept."),
		micros:  m.Counter("store_write_microseconds_total", "Time that the writes have taken, syncing included."),
	}
}

// count counts a write of n changes that began then and ended with err.
func (m *meters) count(n int, begun time.Time, err error) {
	if m == nil {
		return
	}
	m.micros.Add(int(time.Since(begun).Microseconds()))
	if err != nil {
		m.refused.Add(1)
		return
	}
	m.kept.Add(1)
	m.changes.Add(n)
}
