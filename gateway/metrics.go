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
	unknown        port.Counter // requests under an unknown session
	afinCut        port.Counter // copies for which an AFIN had no room
	bans           port.Gauge
	bansBegun      port.Counter
	offenses       map[string]port.Counter

	refused, denied, banned, forgotten *props.Limit // of connections and addresses
	dialsDropped, dialsHeld            *props.Limit
	slow                               *props.Limit // connections cut because they were too slow
	packets, bytes                     *props.Limit // connections that rest, by what their address sent
	sessionPackets, sessionBytes       *props.Limit // and by what came under their session
	requests, publications             *props.Limit // connections that are not read because of what is open

	decodes, sessions, cutAnswers, banLog props.Gate
}

// Offenses, as labels and in the log.
const (
	offenseGarbage = "garbage"
	offenseSlow    = "slow"
	offenseForeign = "foreign_login"
)

// commands are all that a node sends or receives.
var commands = []wire.Command{
	wire.SUPE, wire.ASUP, wire.LOGI, wire.ALGI, wire.ADFF, wire.DEFF, wire.LOGO, wire.ALGO,
	wire.QUER, wire.AQUE, wire.FIND, wire.AFIN, wire.RETR, wire.ARET,
}

func newMetrics(env *props.Env) *metrics {
	m, refusing := env.Metrics, env.Refusing
	slowing := func(reason string) *props.Limit {
		return env.Slowing(reason, "read more slowly: limits."+reason)
	}
	s := &metrics{
		source:    m,
		received:  make(map[wire.Command]port.Counter, len(commands)),
		sent:      make(map[wire.Command]port.Counter, len(commands)),
		unknown:   m.Counter("refusals_total", "Refusals by reason.", "reason", "unknown_session"),
		afinCut:   m.Counter("dropped_total", "Packets dropped, by command and reason.", "command", "AFIN", "reason", "no_room"),
		bans:      m.Gauge("bans", "Addresses that are banned."),
		bansBegun: m.Counter("bans_total", "Bans of addresses."),
		offenses:  make(map[string]port.Counter),

		refused:      refusing("connections_per_address", "connection refused: limits.connections_per_address"),
		denied:       refusing("denied", "connection refused: access.deny or access.allow"),
		banned:       refusing("banned", "connection refused: its address is banned (limits.offenses)"),
		forgotten:    refusing("addresses", "an address is forgotten: limits.addresses"),
		dialsDropped: refusing("dials_queued", "packet dropped: limits.dials_queued"),
		slow:         refusing("slow_connection", "connection cut: too slow"),
		dialsHeld:    env.Slowing("dials_per_address", "a packet waits for its turn: limits.dials_per_address").Quietly(),

		packets: slowing("packets_per_second"), bytes: slowing("bytes_per_second"),
		sessionPackets: slowing("session_packets_per_second"), sessionBytes: slowing("session_bytes_per_second"),
		requests: slowing("requests_per_connection").Quietly(), publications: slowing("publications_per_connection").Quietly(),
	}
	for _, what := range []string{offenseGarbage, offenseSlow, offenseForeign} {
		s.offenses[what] = m.Counter("offenses_total", "Offenses that count towards bans, by kind.", "kind", what)
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
