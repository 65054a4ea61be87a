package record

// Metrics lists what is measured, in the order in which it is shown. A record may hold others: they are shown behind
// these, without a unit.
var Metrics = []Metric{
	{"recall", "share", "of the entries that were to be found, how many a search found", "higher"},
	{"recall_reachable", "share", "the same for entries within the reach of the search's TTL", "higher"},
	{"recall_popular", "share", "recall of searches for the first tenth of the files by popularity", "higher"},
	{"recall_middle", "share", "recall of searches for those up to the middle", "higher"},
	{"recall_rare", "share", "recall of searches for the last half", "higher"},
	{"success", "share", "of the searches for which there was something to be found, how many found some of it", "higher"},
	{"staleness", "share", "of the results, how many belong to owners who are gone", "lower"},
	{"phantoms", "results", "results that nobody had published", "lower"},
	{"find_first_p50", "s", "until the first result of a search, from its intended start", "lower"},
	{"find_p50", "s", "until a search was complete, from its intended start", "lower"},
	{"find_p90", "s", "the same for the slowest tenth", "lower"},
	{"find_p99", "s", "the same for the slowest hundredth", "lower"},
	{"find_p999", "s", "the same for the slowest thousandth", "lower"},
	{"find_max", "s", "the slowest search", "lower"},
	{"find_failed", "share", "of the searches that ended, how many failed", "lower"},
	{"download_p50", "s", "until a download was whole", "lower"},
	{"download_p99", "s", "the same for the slowest hundredth", "lower"},
	{"goodput", "bytes/s", "of a download, the median", "higher"},
	{"messages_per_find", "packets", "QUER, AQUE, SUPE and ASUP for each search", "lower"},
	{"bytes_per_find", "bytes", "of these", "lower"},
	{"connections_per_find", "connections", "opened for each search", "lower"},
	{"duplicates_per_find", "packets", "QUER that came to a node that had seen their id", "lower"},
	{"efficiency", "results", "useful results for each packet of a search", "higher"},
	{"load_max_mean", "times", "packets of the busiest supernode, by the mean of all", "lower"},
	{"load_gini", "share", "how unevenly packets are spread over supernodes: 0 is evenly", "lower"},
	{"live_supernodes", "nodes", "supernodes that are up", ""},
	{"live_peers", "nodes", "peers that are up", ""},
	{"degree", "links", "of a supernode, the mean", ""},
	{"largest_component", "share", "of the supernodes that are up, how many hang together", "higher"},
	{"path", "hops", "between two supernodes, the mean", "lower"},
	{"diameter_90", "hops", "within which nine tenths of the pairs lie", "lower"},
	{"clustering", "share", "of the pairs of a supernode's neighbors, how many are neighbors", ""},
	{"panics", "panics", "of actors", "lower"},
	{"restarts", "restarts", "of actors", "lower"},
	{"dead_letters", "messages", "to actors that are gone", "lower"},
	{"mailbox_p50", "messages", "depth of a mailbox", "lower"},
	{"mailbox_p99", "messages", "the same for one in a hundred", "lower"},
	{"mailbox_max", "messages", "the deepest mailbox", "lower"},
	{"goroutines", "goroutines", "of all processes", "lower"},
	{"fds", "files", "open in all processes", "lower"},
	{"heap", "bytes", "of all processes", "lower"},
	{"detect", "s", "from the first fault until the overlay noticed it", "lower"},
	{"dip", "share", "how far recall fell below what it was before", "lower"},
	{"area_lost", "s", "recall lost, over time", "lower"},
	{"mttr", "s", "from the last fault's end until recall was as before for three windows", "lower"},
}

// MetricOf is the description of a metric; of one that is not listed, its name.
func MetricOf(name string) Metric {
	for _, m := range Metrics {
		if m.Name == name {
			return m
		}
	}
	return Metric{Name: name}
}
