package query

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

func TestBranches(t *testing.T) {
	end := func(i int, o message.Outcome) func(*branches) { return func(b *branches) { b.end(at(i), o) } }
	abandon := func(e p2p.Endpoint) func(*branches) { return func(b *branches) { b.abandon(e) } }
	flooded := func(to ...int) func(*branches) {
		return func(b *branches) {
			var all []p2p.Endpoint
			for _, i := range to {
				all = append(all, at(i))
			}
			b.flooded(all)
		}
	}
	type steps = []func(*branches)
	for _, c := range []struct {
		name                   string
		steps                  steps
		ended, complete, exact bool
		reached                int
	}{
		{"before anything", nil, false, false, false, 0},
		{"nobody there", steps{flooded()}, true, true, true, 0},
		{"open", steps{flooded(1, 2), end(1, message.Complete)}, false, false, true, 2},
		{"all complete", steps{flooded(1, 2), end(1, message.Complete), end(2, message.Complete)}, true, true, true, 2},
		{"one not reached", steps{flooded(1, 2), end(1, message.Complete), end(2, message.Unreached)}, true, true, true, 1},
		{"one unknown", steps{flooded(1, 2), end(1, message.Complete), end(2, message.Unknown)}, true, false, false, 2},
		{"one unknown, one open", steps{flooded(1, 2), end(2, message.Unknown)}, false, false, false, 2},
		{"ends once", steps{flooded(1, 2), end(1, message.Complete), end(1, message.Complete), end(1, message.Unknown)}, false, false, true, 2},
		{"a stranger's", steps{flooded(1), end(2, message.Unknown), abandon(at(3))}, false, false, true, 1},
		{"before they are named", steps{end(1, message.Unknown), end(1, message.Complete), end(9, message.Unknown), flooded(1)}, true, false, false, 1},
		{"named twice", steps{flooded(1, 1), end(1, message.Complete), flooded(2)}, true, true, true, 1},
		{"abandoned", steps{flooded(1, 2), end(1, message.Complete), abandon(at(2))}, true, false, false, 2},
		{"abandoned after its end", steps{flooded(1), end(1, message.Complete), abandon(at(1))}, true, true, true, 1},
		{"abandoned before they are named", steps{abandon(at(1)), abandon(p2p.Endpoint{}), flooded(1)}, false, false, true, 1},
		{"all abandoned", steps{flooded(1, 2, 3), end(1, message.Complete), abandon(p2p.Endpoint{})}, true, false, false, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &branches{}
			for _, do := range c.steps {
				do(b)
			}
			require.Equal(t, c.ended, b.ended(), "ended")
			require.Equal(t, c.complete, b.complete(), "complete")
			require.Equal(t, c.exact, b.exact(), "exact")
			require.Len(t, b.reached(), c.reached)
		})
	}
}

// TestBranchesOnlyTheFirstWordCounts: whatever is said in whatever order, a branch is what was said of it first, but for
// unsaid, and all have ended when something was said of each.
func TestBranchesOnlyTheFirstWordCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5).Draw(t, "branches")
		first := map[int]message.Outcome{}
		b := &branches{}
		var to []p2p.Endpoint
		for i := range n {
			to = append(to, at(i))
		}
		words := rapid.IntRange(0, 12).Draw(t, "words")
		named := rapid.IntRange(0, words).Draw(t, "named after")
		for w := range words + 1 {
			if w == named {
				b.flooded(to)
			}
			i := rapid.IntRange(0, 6).Draw(t, "branch")
			o := message.Outcome(rapid.IntRange(0, 3).Draw(t, "outcome"))
			news := b.end(at(i), o)
			if was, said := first[i]; (!said || was == message.Unsaid && o != was) && (i < n || w < named) {
				require.True(t, news)
				first[i] = o
			} else {
				require.False(t, news)
			}
		}
		ended, finished, complete := true, true, true
		for i := range n {
			o, said := first[i]
			ended = ended && said
			finished = finished && said && o != message.Unsaid
			complete = complete && said && o != message.Unknown && o != message.Unsaid
		}
		require.Equal(t, ended, b.ended())
		require.Equal(t, finished, b.finished())
		require.Equal(t, complete, b.complete())
	})
}
