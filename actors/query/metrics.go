package query

import (
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// ending is why a search ended.
type ending int

// The endings.
const (
	endComplete ending = iota // every branch has
	endQuiet                  // nothing came any more
	endWindow                 // its window was over
	endEnough                 // there was enough
	endings
)

var endNames = [endings]string{"complete", "quiet", "window", "enough"}

type metrics struct {
	duplicates, late, mismatch, cut, denied port.Counter
	searches                                port.Gauge
	results                                 port.Histogram
	ends                                    map[string][endings]port.Counter // by strategy
	steps                                   map[string]port.Histogram
	here, elsewhere                         port.Histogram // seconds, by where it began
	busy, greedy, crowded                   *props.Limit
	held, unmatched, full                   *props.Limit
}

// Classes of searches: by seconds, around the defaults of search.quiet and search.window, by files found, up to what
// an AFIN can carry, and by floods.
var (
	secondsBuckets = []float64{0.01, 0.05, 0.1, 0.5, 1, 1.5, 2, 3, 5, 10, 15, 20, 30}
	resultsBuckets = []float64{0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 999}
	stepsBuckets   = []float64{0, 1, 2, 3, 4, 5, 7, 10, 20, 50}
)

func newMetrics(env *props.Env) *metrics {
	m := env.Metrics
	const (
		dropped = "Packets dropped, by command and reason."
		seconds = "How long searches took that ended by themselves: began here, until their results were told; began elsewhere, " +
			"until the last answer had been sent."
	)
	out := &metrics{
		duplicates: m.Counter("dropped_total", dropped, "command", "QUER", "reason", "duplicate"),
		late:       m.Counter("dropped_total", dropped, "command", "AQUE", "reason", "nobody_waits"),
		mismatch:   m.Counter("dropped_total", dropped, "command", "AQUE", "reason", "does_not_match"),
		cut:        m.Counter("dropped_total", dropped, "command", "AQUE", "reason", "past_limit"),
		denied:     m.Counter("dropped_total", dropped, "command", "AQUE", "reason", "denied"),
		busy:       env.Refusing("pending_queries", "query refused: limits.pending_queries"),
		unmatched:  env.Refusing("search_window", "search given up: the catalog did not come to it in time (search.window)"),
		greedy:     env.Refusing("searches_per_session", "search refused: too many of its session wait already (limits.searches_per_session)"),
		held:       env.Slowing("searches_per_session", "a search waits for its turn: limits.searches_per_session").Quietly(),
		crowded:    env.Refusing("queries_per_address", "query dropped: limits.queries_per_address"),
		searches:   m.Gauge("searches", "Searches that wait for answers."),
		results:    m.Histogram("search_results", "Files found by a search that began here.", resultsBuckets),
		here:       m.Histogram("search_seconds", seconds, secondsBuckets, "began", "here"),
		elsewhere:  m.Histogram("search_seconds", seconds, secondsBuckets, "began", "elsewhere"),
		full:       env.Refusing("answers_per_query", "answer not passed on: limits.answers_per_query"),
		ends:       make(map[string][endings]port.Counter),
		steps:      make(map[string]port.Histogram),
	}
	for _, strategy := range config.Strategies() {
		var ends [endings]port.Counter
		for why, name := range endNames {
			ends[why] = m.Counter("searches_ended_total", "Searches that began here and ended by themselves, by strategy and why.",
				"strategy", strategy, "end", name)
		}
		out.ends[strategy] = ends
		out.steps[strategy] = m.Histogram("search_steps", "Floods of a search that began here.", stepsBuckets, "strategy", strategy)
	}
	return out
}

// ended counts a search that ended by itself.
func (m *metrics) ended(strategy string, why ending, steps int) {
	m.ends[strategy][why].Add(1)
	m.steps[strategy].Observe(float64(steps))
}
