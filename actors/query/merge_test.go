package query

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

func at(i int) p2p.Endpoint {
	e, err := p2p.ParseEndpoint(fmt.Sprintf("10.0.%d.%d:3000", i/250, i%250+1))
	if err != nil {
		panic(err)
	}
	return e
}

func TestMerged(t *testing.T) {
	m := newMerged(3)
	for _, h := range []message.Hit{
		{File: p2p.FileID{1}, Name: "rare", Owner: at(1)},
		{File: p2p.FileID{2}, Name: "one name", Owner: at(1)},
		{File: p2p.FileID{2}, Name: "common name", Owner: at(2)},
		{File: p2p.FileID{2}, Name: "common name", Owner: at(3)},
		{File: p2p.FileID{2}, Name: "said twice", Owner: at(3)},
		{File: p2p.FileID{0}, Name: "tie", Owner: at(9)},
	} {
		require.True(t, m.add(h))
	}
	require.False(t, m.add(message.Hit{File: p2p.FileID{7}, Name: "past the limit", Owner: at(1)}))
	require.True(t, m.add(message.Hit{File: p2p.FileID{1}, Name: "rare", Owner: at(1)}), "known already")
	require.Equal(t, []message.Result{
		{File: p2p.FileID{2}, Name: "common name", Owners: []p2p.Endpoint{at(1), at(2), at(3)}},
		{File: p2p.FileID{0}, Name: "tie", Owners: []p2p.Endpoint{at(9)}},
		{File: p2p.FileID{1}, Name: "rare", Owners: []p2p.Endpoint{at(1)}},
	}, m.results())
}

func TestMergedCopiesAreBounded(t *testing.T) {
	m := newMerged(0)
	for i := range maxCopies {
		require.True(t, m.add(message.Hit{File: p2p.FileID{1}, Name: "n", Owner: at(i)}))
	}
	require.False(t, m.add(message.Hit{File: p2p.FileID{1}, Name: "n", Owner: at(maxCopies)}))
	require.Len(t, m.results()[0].Owners, maxCopies)
}
