package gateway

import (
	"errors"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/gateway/wire"
)

// metrics are the series and log gates that all connections of a gateway share.
type metrics struct {
	in        map[wire.Command][results]port.Counter
	out       map[wire.Command]outCounters
	open      port.Gauge              // requests that were read and have not ended
	decode    map[string]port.Counter // streams that could not be read on, by wire.Reason
	unknown   port.Counter            // requests under an unknown session
	afinCut   port.Counter            // copies for which an AFIN had no room
	bans      port.Gauge
	bansBegun port.Counter
	offenses  map[string]port.Counter

	refused, denied, banned, forgotten *props.Limit // of connections and addresses
	dialsDropped, dialsHeld, dialsAll  *props.Limit
	slow                               *props.Limit // connections cut because they were too slow
	links                              *props.Limit // packets not sent over a link that is too slow
	filters                            *props.Limit // filters not told over one
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
	wire.LINK, wire.ALNK, wire.PING, wire.PONG, wire.DONE, wire.NACK, wire.FILT, wire.DELT,
}

// result is how a packet that came in ended.
type result uint8

const (
	resultOK result = iota
	// resultRefused: a limit, a rule or an unknown session stood against it, or this node's role has no use for it.
	resultRefused
	// resultFailed: there was trouble here, or its connection ended before it was answered.
	resultFailed
	results
)

// resultNames are the labels of the results.
var resultNames = [results]string{"ok", "refused", "failed"}

// resultOf is the result of a request that was answered with an error or none.
func resultOf(err error) result {
	switch {
	case err == nil:
		return resultOK
	case refusal(err), errors.Is(err, message.ErrBusy):
		return resultRefused
	}
	return resultFailed
}

// outCounters count the packets of a command that were given to the network, and those that could not be: nobody was
// reached, or the limits of dialing stood against it.
type outCounters struct{ sent, failed port.Counter }

func newMetrics(env *props.Env) *metrics {
	m, refusing := env.Metrics, env.Refusing
	slowing := func(reason string) *props.Limit { return env.Slowing(reason, "read more slowly: limits."+reason) }
	s := &metrics{
		in:        make(map[wire.Command][results]port.Counter, len(commands)),
		out:       make(map[wire.Command]outCounters, len(commands)),
		open:      m.Gauge("requests_open", "Packets that were read and are being dealt with."),
		decode:    make(map[string]port.Counter, len(wire.Reasons)),
		unknown:   m.Counter("refusals_total", "What was refused, by the limit or the rule that did it.", "reason", "unknown_session"),
		afinCut:   m.Counter("dropped_total", "Packets dropped, by command and reason.", "command", "AFIN", "reason", "no_room"),
		bans:      m.Gauge("bans", "Addresses that are banned."),
		bansBegun: m.Counter("bans_total", "Bans of addresses."),
		offenses:  make(map[string]port.Counter),

		refused:      refusing("connections_per_address", "connection refused: limits.connections_per_address"),
		denied:       refusing("denied", "connection refused: access.deny or access.allow"),
		banned:       refusing("banned", "connection refused: its address is banned (limits.offenses)"),
		forgotten:    env.Forgetting("addresses", "an address or a login is forgotten: limits.addresses"),
		dialsDropped: refusing("dials_queued", "packet dropped: limits.dials_queued"),
		slow:         refusing("slow_connection", "connection cut: too slow"),
		filters:      refusing("link_filter", "filter not told over a link: the other side does not keep up (search.filter_max, limits.link_queue)"),
		links:        refusing("link_queue", "packet not sent over a link: limits.link_queue"),
		dialsAll:     env.Slowing("dials", "a packet waits for its turn: limits.dials"),
		dialsHeld:    env.Slowing("dials_per_address", "a packet waits for its turn: limits.dials_per_address").Quietly(),

		packets: slowing("packets_per_second"), bytes: slowing("bytes_per_second"),
		sessionPackets: slowing("session_packets_per_second"), sessionBytes: slowing("session_bytes_per_second"),
		requests: slowing("requests_per_connection").Quietly(), publications: slowing("publications_per_connection").Quietly(),
	}
	for _, what := range []string{offenseGarbage, offenseSlow, offenseForeign} {
		s.offenses[what] = m.Counter("offenses_total", "Offenses that count towards bans, by kind.", "kind", what)
	}
	for _, c := range commands {
		s.in[c], s.out[c] = packetsOf(m, c)
	}
	for _, reason := range wire.Reasons {
		s.decode[reason] = m.Counter("decode_errors_total", "Streams that could not be read on, by reason.", "reason", reason)
	}
	return s
}

// packetsOf makes the series of one command.
func packetsOf(m port.Metrics, c wire.Command) (in [results]port.Counter, out outCounters) {
	count := func(direction, result string) port.Counter {
		return m.Counter("packets_total", "Packets by command, direction and result. Those that came in are counted when they have been dealt with: "+
			"ok, refused (by a limit, a rule or an unknown session) or failed (trouble here, or the connection ended before the answer). "+
			"Those that go out are sent (given to the network) or failed (they could not be).",
			"command", c.String(), "direction", direction, "result", result)
	}
	for r, name := range resultNames {
		in[r] = count("in", name)
	}
	return in, outCounters{sent: count("out", "sent"), failed: count("out", "failed")}
}

// undecodable counts a stream that could not be read on.
func (m *metrics) undecodable(err error) { m.decode[wire.Reason(err)].Add(1) }

// ended counts n requests of a command that have ended.
func (m *metrics) ended(cmd wire.Command, r result, n int) {
	m.in[cmd][r].Add(n)
	m.open.Add(-n)
}

// settled counts a slot's requests.
func (m *metrics) settled(s *slot, r result) {
	switch s.command {
	case wire.Command{}: // that of an answer to no request
	case wire.ADFF:
		m.ended(wire.ADFF, r, s.weight-s.withdrawals)
		m.ended(wire.DEFF, r, s.withdrawals)
	default:
		m.ended(s.command, r, 1)
	}
}

// unsent counts the packet of a job that could not be sent.
func (m *metrics) unsent(j job) {
	switch j.kind {
	case jobFetch:
		m.out[wire.RETR].failed.Add(1)
		return
	case jobLink:
		m.out[wire.LINK].failed.Add(1)
		return
	}
	if p, err := packetOf(j.packet); err == nil {
		m.out[p.Command()].failed.Add(1)
	}
}
