package record

import "slices"

// Metrics describes everything that is measured. Durations are in seconds. Of operations a window or a phase has those that
// were to begin in it; of what is counted, what happened in it; of how things stand, the state at a window's end, and a
// phase the mean of its windows, or the largest where it is a maximum.
func Metrics() []Metric { return slices.Clone(metrics) }

var metrics = slices.Concat(
	[]Metric{
		{"finds", "searches", "Searches that were answered, or failed.", ""},
		{"finds_failed", "share", "Of the searches, those that ended with an error.", "lower"},
		{"recall", "share", "Mean over searches of the part that was found of what was to be found anywhere: entries that were acknowledged before, and whose owner and supernode were there all the time.", "higher"},
		{"recall_reachable", "share", "The same of what was within the reach of the search's TTL over the overlay as it was when it began.", "higher"},
		{"recall_popular", "share", "Recall of searches for the most popular tenth of the files.", "higher"},
		{"recall_middle", "share", "Recall of searches for files in between.", "higher"},
		{"recall_rare", "share", "Recall of searches for the less popular half of the files.", "higher"},
		{"recall_baseline", "share", "Mean recall of the windows after the warm-up and before the first fault.", "higher"},
		{"recall_dip", "share", "How far recall fell below its baseline.", "lower"},
		{"recall_area_lost", "s", "What recall was below its baseline, added up over time.", "lower"},
		{"recall_mttr", "s", "From the end of the last fault until recall was within 0.02 of its baseline for three windows; left out where it never was.", "lower"},
		{"success", "share", "Of the searches for something that was to be found, those that found some of it.", "higher"},
		{"staleness", "share", "Of the results, those whose owner was gone.", "lower"},
		{"phantoms", "results", "Results that nobody had ever published.", "lower"},
		{"result_duplicates", "results", "Results that were in one answer twice.", "lower"},
		{"downloads_ok", "share", "Of the downloads that ended, those that brought the file.", "higher"},
		{"download_bytes", "bytes", "Content that downloads brought.", ""},
		{"published", "entries", "Publications that were acknowledged.", ""},
		{"logins", "logins", "Logins that were accepted.", ""},
		{"unsure", "operations", "Operations of which nobody knows how they ended, because their node did.", ""},
	},
	timed("find", "a search was to begin until it was answered"),
	timed("first", "a search was to begin until its first result was there"),
	timed("publish", "a file was shared until its supernode had taken it in"),
	timed("login", "a peer started until a supernode had accepted it"),
	timed("download", "a download was to begin until the file was there"),
	[]Metric{
		{"packets", "packets", "Packets that were sent.", ""},
		{"bytes", "bytes", "Bytes that were sent.", ""},
		{"quer_per_find", "packets", "QUERs by search that began.", "lower"},
		{"aque_per_find", "packets", "AQUEs by search that began.", ""},
		{"done_per_find", "packets", "DONEs by search that began.", ""},
		{"supe_per_find", "packets", "SUPEs by search that began.", ""},
		{"asup_per_find", "packets", "ASUPs by search that began.", ""},
		{"bytes_per_find", "bytes", "Bytes of QUER, AQUE, DONE, FIND and AFIN by search that began.", "lower"},
		{"duplicates_per_find", "packets", "QUERs that came to somebody who knew them, by search that began.", "lower"},
		{"efficiency", "results", "Results that were to be found, by QUER or AQUE.", "higher"},
		{"flood_twice", "packets", "QUERs that an honest node sent to the same node twice.", "lower"},
		{"flood_ttl", "packets", "QUERs that an honest node passed on without lowering their TTL.", "lower"},
		{"retransmissions", "packets", "Packets that the network lost and that were sent again, apart from faults.", ""},
		{"links_lost", "links", "Links between supernodes that ended, counted on each side.", "lower"},
		{"failovers", "times", "Times that a peer lost its supernode and looked for another one.", "lower"},
		{"refusals", "times", "Times that a limit or rule of a node refused something.", ""},
		{"panics", "panics", "Panics in actors, those by faults among them.", "lower"},
		{"restarts", "restarts", "Restarts of actors after a failure.", "lower"},
		{"actor_stops", "actors", "Actors that were stopped because of a failure.", "lower"},
		{"deaths", "nodes", "Nodes that ended by themselves, or did not start.", "lower"},
		{"wrong_files", "files", "Finished downloads that are not what was asked for.", "lower"},
		{"escapes", "files", "Downloads whose name leads out of the download folder.", "lower"},
		{"load_mean", "packets", "Packets that a supernode was sent in a window, on average.", ""},
		{"load_max", "packets", "The same of the one that was sent most.", "lower"},
		{"load_gini", "share", "How unevenly supernodes are loaded: 0 is evenly, 1 is all on one.", "lower"},
		{"mailbox_max", "messages", "The most that waited in the mailboxes of one kind of actor of one node.", "lower"},
		{"mailbox_p99", "messages", "What 99 of 100 messages found at most in the mailboxes of their kind and node, themselves among it.", "lower"},
		{"stranger_bytes", "bytes", "The most that a node was sent in answer to what others asked in its name.", "lower"},
		{"supernodes_up", "nodes", "Supernodes that run.", ""},
		{"peers_up", "nodes", "Peers that run.", ""},
		{"peers_homed", "nodes", "Peers whose last supernode runs.", ""},
		{"overlay_nodes", "nodes", "Supernodes of the overlay that run.", ""},
		{"overlay_edges", "links", "Pairs of neighbors that can reach each other.", ""},
		{"overlay_degree", "links", "Neighbors of a supernode on average.", ""},
		{"overlay_largest", "share", "Part of the supernodes in the largest component.", "higher"},
		{"overlay_path", "hops", "Between two supernodes that can reach each other, on average from 64 of them.", "lower"},
		{"overlay_diameter", "hops", "As far as nine tenths of these are apart at most.", "lower"},
		{"overlay_clustering", "share", "How likely two neighbors of one are neighbors of each other.", ""},
	},
)

// timed are the quantiles of a time.
func timed(name, what string) (out []Metric) {
	for _, q := range []struct{ suffix, words string }{
		{"p50", "median"}, {"p90", "90th percentile"}, {"p99", "99th percentile"}, {"p999", "99.9th percentile"}, {"max", "longest"},
	} {
		out = append(out, Metric{name + "_" + q.suffix, "s", "Time from when " + what + ": the " + q.words + ".", "lower"})
	}
	return out
}

// MetricOf is the description of a metric; of one that is not listed, its name.
func MetricOf(name string) Metric {
	for _, m := range Metrics() {
		if m.Name == name {
			return m
		}
	}
	return Metric{Name: name}
}
