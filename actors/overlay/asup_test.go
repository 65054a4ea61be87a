package overlay

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWelcomes(t *testing.T) {
	for _, c := range []struct {
		sessions, limit int
		spread          float64
		want            bool
	}{
		{0, 100, 0.999, true}, {50, 100, 0.999, true},
		{51, 100, 0.97, true}, {51, 100, 0.98, false},
		{75, 100, 0.49, true}, {75, 100, 0.5, false},
		{99, 100, 0.01, true}, {99, 100, 0.021, false},
		{100, 100, 0, false}, {120, 100, 0, false},
		{1, 1, 0, false}, {0, 1, 0.999, true},
		{1000000, 0, 0.999, true},
	} {
		require.Equal(t, c.want, welcomes(c.sessions, c.limit, c.spread), "%+v", c)
	}
}
