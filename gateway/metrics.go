package gateway

import (
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/gateway/wire"
)

// metrics are the series and log gates that all connections of a gateway share.
type metrics struct {
	source port.Metrics

	received, sent map[wire.Command]port.Counter
	refused        port.Counter // connections past a limit
	dialsDropped   port.Counter
	slow           port.Counter // connections cut because they were too slow
	unknown        port.Counter // requests under an unknown session
	afinCut        port.Counter // copies for which an AFIN had no room

	refusals, drops, decodes, sessions, cuts, cutAnswers props.Gate
}

// commands are all that a node sends or receives.
var commands = []wire.Command{
	wire.SUPE, wire.ASUP, wire.LOGI, wire.ALGI, wire.ADFF, wire.DEFF, wire.LOGO, wire.ALGO,
	wire.QUER, wire.AQUE, wire.FIND, wire.AFIN, wire.RETR, wire.ARET,
}

func newMetrics(m port.Metrics) *metrics {
	s := &metrics{
		source:       m,
		received:     make(map[wire.Command]port.Counter, len(commands)),
		sent:         make(map[wire.Command]port.Counter, len(commands)),
		refused:      m.Counter("refusals_total", "Refusals by reason.", "reason", "connections_per_address"),
		dialsDropped: m.Counter("refusals_total", "Refusals by reason.", "reason", "dials_queued"),
		slow:         m.Counter("refusals_total", "Refusals by reason.", "reason", "slow_connection"),
		afinCut:      m.Counter("dropped_total", "Packets dropped, by command and reason.", "command", "AFIN", "reason", "no_room"),
		unknown:      m.Counter("refusals_total", "Refusals by reason.", "reason", "unknown_session"),
	}
	const help = "Packets by command and direction."
	for _, c := range commands {
		s.received[c] = m.Counter("packets_total", help, "command", c.String(), "direction", "in")
		s.sent[c] = m.Counter("packets_total", help, "command", c.String(), "direction", "out")
	}
	return s
}

// undecodable counts a stream that could not be read on, by one of the few reasons that wire.Reason gives.
func (m *metrics) undecodable(err error) {
	m.source.Counter("decode_errors_total", "Streams that could not be read on, by reason.", "reason", wire.Reason(err)).Add(1)
}
