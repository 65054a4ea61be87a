package query_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/config"
)

// TestQuietRuleWaitsForWhoWasNotAskedYet: it may take discovery.link_timeout to find out that a neighbor knows no links, and
// the search goes there only then.
func TestQuietRuleWaitsForWhoWasNotAskedYet(t *testing.T) {
	b := newBench(t, func(c *config.Config) {
		c.Search.Strategy, c.Discovery.Links = config.StrategyFlood, true
	})
	b.find(message.Find{})
	b.flooded(host(2), host(3))
	b.branch(host(2), message.Unknown)
	b.sim.Run(config.DefaultLinkTimeout)
	require.Empty(t, b.found(), "quiet for long enough, but the other one is still to be asked")
	b.branch(host(3), message.Unknown)
	require.Empty(t, b.answered(quiet).Results)

	b = newBench(t, func(c *config.Config) {
		c.Search.Strategy, c.Discovery.Links = config.StrategyFlood, true
	})
	b.find(message.Find{})
	b.flooded(host(2), host(3))
	b.branch(host(2), message.Unknown)
	b.answered(config.DefaultLinkTimeout + quiet)
}
