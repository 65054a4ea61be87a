package durable

import (
	"time"

	"alakazaam/actors/port"
)

// meters measure what is written and read; nil measures nothing.
type meters struct {
	kept, refused, changes port.Counter
	write, read, batch     port.Histogram
}

// Classes of writes and reads: by seconds, from a quick disk's sync to one that hangs, and by how many changes a write
// holds.
var (
	secondsBuckets = []float64{0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
	changesBuckets = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}
)

func newMeters(m port.Metrics) *meters {
	if m == nil {
		return nil
	}
	const writes = "Writes to the directory by result; each holds what arrived while the one before was under way."
	return &meters{
		kept:    m.Counter("store_writes_total", writes, "result", "kept"),
		refused: m.Counter("store_writes_total", writes, "result", "refused"),
		changes: m.Counter("store_changes_total", "Changes of the directory that were kept."),
		write: m.Histogram("store_write_seconds", "How long writes to the directory took, kept or refused, syncing included where "+
			"store.sync is always.", secondsBuckets),
		read:  m.Histogram("store_read_seconds", "How long reading a piece of the directory took.", secondsBuckets),
		batch: m.Histogram("store_batch_changes", "Changes in a write that was kept.", changesBuckets),
	}
}

// wrote counts a write of n changes that began then and ended with err.
func (m *meters) wrote(n int, begun time.Time, err error) {
	if m == nil {
		return
	}
	m.write.Observe(time.Since(begun).Seconds())
	if err != nil {
		m.refused.Add(1)
		return
	}
	m.kept.Add(1)
	m.changes.Add(n)
	m.batch.Observe(float64(n))
}

// loaded counts a read that began then.
func (m *meters) loaded(begun time.Time) {
	if m != nil {
		m.read.Observe(time.Since(begun).Seconds())
	}
}
