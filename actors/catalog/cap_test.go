package catalog

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/p2p"
)

// at is a place of that host; each session of a host has its own port.
func at(t require.TestingT, host, port int) p2p.Endpoint {
	e, err := p2p.ParseEndpoint(fmt.Sprintf("10.0.0.%d:%d", host, 3000+port))
	require.NoError(t, err)
	return e
}

// given puts files in order of their MD5, each with the hosts that have it; each host has it in one session.
func given(t require.TestingT, files [][]int) *index {
	x := newIndex()
	for i, hosts := range files {
		for j, host := range hosts {
			x.put(sessionNo(10*host+j), at(t, host, j), p2p.FileID{byte(i >> 8), byte(i)}, "song")
		}
	}
	return x
}

// numbers are the files found, in order.
func numbers(t require.TestingT, x *index, limit, perOwner int) (out []int) {
	text, err := p2p.NewSearchText("song")
	require.NoError(t, err)
	for _, h := range find(x, wanted{text: text, limit: limit, perOwner: perOwner, all: true, known: known}) {
		if n := int(h.File[0])<<8 | int(h.File[1]); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// TestOneOwnerDoesNotFillAnAnswer: what one host alone has stands behind the others past its cap, and only where there is
// more than fits.
func TestOneOwnerDoesNotFillAnAnswer(t *testing.T) {
	for _, c := range []struct {
		name            string
		files           [][]int
		limit, perOwner int
		want            []int
	}{
		{"all fits", [][]int{{1}, {1}, {1}, {2}}, 4, 1, []int{0, 1, 2, 3}},
		{"past its cap", [][]int{{1}, {1}, {1}, {1}, {2}, {3}}, 4, 2, []int{0, 1, 4, 5}},
		{"nobody else has enough", [][]int{{1}, {1}, {1}, {1}, {2}}, 4, 2, []int{0, 1, 4, 2}},
		{"without a cap", [][]int{{1}, {1}, {1}, {1}, {2}, {3}}, 4, 0, []int{0, 1, 2, 3}},
		{"without a limit", [][]int{{1}, {1}, {1}, {2}}, 0, 1, []int{0, 1, 2, 3}},
		{"others have them, too", [][]int{{1, 2}, {1, 3}, {1, 2}, {1}, {2}}, 3, 1, []int{0, 1, 2}},
		{"two logins of one host", [][]int{{1, 1}, {1, 1}, {1, 1}, {2}, {3}}, 3, 1, []int{0, 3, 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, numbers(t, given(t, c.files), c.limit, c.perOwner))
		})
	}
}

// TestCapIsWhatItMeans holds it against sorting everything twice: never fewer files for it, and those that count first.
func TestCapIsWhatItMeans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hosts := rapid.SliceOfN(rapid.IntRange(1, 4), 1, 3)
		x := given(t, rapid.SliceOfN(hosts, 0, 60).Draw(t, "files"))
		limit, perOwner := rapid.IntRange(1, 20).Draw(t, "limit"), rapid.IntRange(0, 6).Draw(t, "cap")
		var all []uint32
		for f := range x.files.n {
			all = append(all, f)
		}
		slices.SortFunc(all, x.compare)
		var front, behind []int
		alone := map[netip.Addr]int{}
		for _, f := range all {
			id, host := x.files.at(f).id, x.onlyHost(f)
			n := int(id[0])<<8 | int(id[1])
			if host.IsValid() {
				alone[host]++
			}
			if len(all) > limit && perOwner > 0 && alone[host] > perOwner {
				behind = append(behind, n)
			} else {
				front = append(front, n)
			}
		}
		want := slices.Concat(front, behind)
		require.Equal(t, want[:min(limit, len(want))], numbers(t, x, limit, perOwner))
	})
}
