package tcp

import "alakazaam/actors/port"

// meters are the transport's counters, asked for once.
type meters struct {
	accepted, acceptErrors, slow, orphans port.Counter
	in, out                               port.Counter
	full                                  port.Counter // times that the listener had to wait until a connection ended
	open, queued                          port.Gauge
	dials                                 [2][len(results)]port.Counter // by family, then by result
}

// families and results are the labels of a dial; a race of both families counts each attempt.
var (
	families = [2]string{"ipv4", "ipv6"}
	results  = [...]string{"ok", "refused", "timeout", "source", "lost", "error"}
)

const (
	dialOK = iota
	dialRefused
	dialTimeout
	dialSource // the configured local address is not one of this machine's
	dialLost   // the other family was faster
	dialError
)

func newMeters(m port.Metrics) *meters {
	if m == nil {
		m = unmetered{}
	}
	t := &meters{
		accepted:     m.Counter("tcp_accepted_total", "Connections accepted."),
		acceptErrors: m.Counter("tcp_accept_errors_total", "Failures to accept, such as running out of file descriptors."),
		slow:         m.Counter("tcp_slow_readers_total", "Connections ended because the other side did not read."),
		orphans:      m.Counter("tcp_orphans_total", "Connections ended because no actor owned them any more."),
		full: m.Counter("throttled_total", "Times that something had to wait, by the limit that made it wait.",
			"reason", "connections"),
		in:     m.Counter("tcp_bytes_total", "Payload bytes of TCP.", "direction", "in"),
		out:    m.Counter("tcp_bytes_total", "Payload bytes of TCP.", "direction", "out"),
		open:   m.Gauge("tcp_connections", "Open connections."),
		queued: m.Gauge("tcp_queued_bytes", "Bytes that wait for the other sides of connections to read."),
	}
	for f, family := range families {
		for r, result := range results {
			t.dials[f][r] = m.Counter("tcp_dials_total", "Attempts to connect.", "family", family, "result", result)
		}
	}
	return t
}

// unmetered stands in where nobody counts.
type unmetered struct{}

func (unmetered) Counter(string, string, ...string) port.Counter { return unmetered{} }
func (unmetered) Gauge(string, string, ...string) port.Gauge     { return unmetered{} }
func (unmetered) Histogram(string, string, []float64, ...string) port.Histogram {
	return unmetered{}
}
func (unmetered) Add(int)         {}
func (unmetered) Set(int)         {}
func (unmetered) Observe(float64) {}
