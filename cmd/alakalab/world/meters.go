package world

import (
	"sync"
	"sync/atomic"

	"github.com/HdrHistogram/hdrhistogram-go"

	"alakazaam/actors/port"
)

// meters are what the nodes count about themselves, added up over all of them: one node's actors and those of its next
// life count on the same series. Only the depth of mailboxes is kept by node, because its sum says nothing.
type meters struct {
	mu     sync.Mutex // of the rest; nothing else is locked with it
	series map[seriesKey]*series
	depth  *hdrhistogram.Histogram // of a node's mailboxes of one kind, each time that something is put into one
	// deepest is the largest depth since it was read last.
	deepest int
}

// seriesKey is a name with up to three labels.
type seriesKey struct {
	name   string
	labels [6]string
}

// series is a counter, a level, or the number of values of a histogram.
type series struct{ n atomic.Int64 }

func (s *series) Add(n int)       { s.n.Add(int64(n)) }
func (s *series) Set(int)         {} // a level that is set belongs to one node, and is not asked for
func (s *series) Observe(float64) { s.n.Add(1) }

// mailbox is the depth of one node's mailboxes of one kind.
type mailbox struct {
	of *meters
	n  int
}

func (m *mailbox) Add(n int) {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	if m.n += n; n > 0 {
		m.of.deepest = max(m.of.deepest, m.n)
		_ = m.of.depth.RecordValue(int64(min(m.n, deepest))) // within its range
	}
}

func (m *mailbox) Set(n int) {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	m.n = n
}

// deepest is the largest depth of a mailbox that is told from larger ones.
const deepest = 10_000_000

func newMeters() *meters {
	return &meters{series: make(map[seriesKey]*series), depth: hdrhistogram.New(1, deepest, 2)}
}

func (m *meters) get(name string, labels []string) *series {
	key := seriesKey{name: name}
	copy(key.labels[:], labels)
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.series[key]
	if s == nil {
		s = &series{}
		m.series[key] = s
	}
	return s
}

// Counter implements port.Metrics.
func (m *meters) Counter(name, _ string, labels ...string) port.Counter { return m.get(name, labels) }

// Gauge implements port.Metrics.
func (m *meters) Gauge(name, _ string, labels ...string) port.Gauge {
	if name == "mailbox_depth" {
		return &mailbox{of: m}
	}
	return m.get(name, labels)
}

// Histogram implements port.Metrics.
func (m *meters) Histogram(name, _ string, _ []float64, labels ...string) port.Histogram {
	return m.get(name, labels)
}

// count is the value of one series.
func (m *meters) count(name string, labels ...string) int { return int(m.get(name, labels).n.Load()) }

// sum adds up all series of a name.
func (m *meters) sum(name string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, s := range m.series {
		if key.name == name {
			n += int(s.n.Load())
		}
	}
	return n
}

// peak is the largest depth of a mailbox since it was asked for last.
func (m *meters) peak() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.deepest
	m.deepest = 0
	return n
}

// usual is the depth that a share of the messages find at most, in percent.
func (m *meters) usual(percent float64) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.depth.ValueAtQuantile(percent)
}
