package main_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMetricsOfAFreshNode: what has not happened yet is 0, and not absent. Otherwise the first time it happens does not
// show in a rate.
func TestMetricsOfAFreshNode(t *testing.T) {
	n := runNode(t, "supernode", "127.0.0.116", nil)
	_, text := get(t, n.admin, "/metrics", "")
	have := make(map[string]string)
	for line := range strings.Lines(text) {
		if at := strings.LastIndexByte(line, ' '); at > 0 && line[0] != '#' {
			have[line[:at]] = strings.TrimSpace(line[at:])
		}
	}
	for _, c := range []struct{ name, values string }{
		{`packets_total{command="%",direction="in",result="ok"}`, "SUPE ASUP LOGI ALGI ADFF DEFF LOGO ALGO QUER AQUE FIND AFIN RETR ARET"},
		{`packets_total{command="LOGI",direction="in",result="%"}`, "ok refused failed"},
		{`packets_total{command="QUER",direction="out",result="%"}`, "sent failed"},
		{`decode_errors_total{reason="%"}`, "unknown_command malformed_field too_long cut_short refused other"},
		{`dropped_total{command="%",reason="duplicate"}`, "QUER SUPE"},
		{`dropped_total{command="AQUE",reason="%"}`, "nobody_waits does_not_match past_limit"},
		{`dropped_total{command="AFIN",reason="%"}`, "no_room"},
		{`refusals_total{reason="%"}`, "connections_per_address dials_queued slow_connection unknown_session files_per_session sessions " +
			"verify_address pending_queries discovery_max upload_slots banned denied denied_file queries_per_address searches_per_session " +
			"sessions_per_address packets_per_neighbor search_window link_queue tardy_neighbor discovery_per_subnet"},
		{`forgotten_total{reason="%"}`, "pktids addresses"},
		{`throttled_total{reason="%"}`, "connections packets_per_second bytes_per_second session_packets_per_second session_bytes_per_second " +
			"dials dials_per_address searches_per_session requests_per_connection publications_per_connection"},
		{`offenses_total{kind="%"}`, "garbage slow foreign_login"},
		{`config_reloads_total{result="%"}`, "ok failed"},
		{`admin_refusals_total{reason="%"}`, "host origin content_type token_missing token_wrong connections"},
		{`tcp_dials_total{family="ipv4",result="%"}`, "ok refused timeout source lost error"},
		{`tcp_dials_total{family="%",result="ok"}`, "ipv4 ipv6"},
		{`transfers_total{direction="%",result="ok"}`, "in out"},
		{`transfers_total{direction="in",result="%"}`, "ok failed"},
		{`transfer_bytes_total{direction="%"}`, "in out"},
		{`tcp_bytes_total{direction="%"}`, "in out"},
		{`mailbox_depth{kind="%"}`, kinds}, {`actors{kind="%"}`, kinds}, {`actor_panics_total{kind="%"}`, kinds},
		{`actor_restarts_total{kind="%"}`, kinds}, {`actor_failure_stops_total{kind="%"}`, kinds},
		{`search_seconds_count{began="%"}`, "here elsewhere"},
		{`store_writes_total{result="%"}`, "kept refused"},
		{`role{role="%"}`, "peer supernode"},
		{"%", "requests_open searches sessions files file_copies neighbors shared_files tcp_connections tcp_accepted_total " +
			"tcp_accept_errors_total tcp_slow_readers_total tcp_orphans_total search_results_count search_results_sum " +
			"store_write_seconds_count store_read_seconds_count store_batch_changes_count store_changes_total neighbor_drops_total " +
			"sessions_vanished_total bans bans_total searches_unmatched tcp_queued_bytes ready store_degraded"},
	} {
		for value := range strings.FieldsSeq(c.values) {
			require.Contains(t, have, "alakazaam_"+strings.ReplaceAll(c.name, "%", value))
		}
	}
	for _, series := range []string{`actor_panics_total{kind="session"}`, `refusals_total{reason="sessions"}`, `search_seconds_count{began="here"}`} {
		require.Equal(t, "0", have["alakazaam_"+series], series)
	}
	require.Contains(t, have, "process_start_time_seconds")
	n.ends(syscall.SIGTERM)
}

// kinds are those of all actors.
const kinds = "node gateway connection sessions session catalog overlay neighbor queries query transfers download store share peer role"
