package bench

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
)

func TestMix(t *testing.T) {
	m, err := ParseMix(" login, publish=10 ,search=5,download=0")
	require.NoError(t, err)
	require.Equal(t, "login=1,publish=10,search=5", m.String())
	require.True(t, m.Has(Publish))
	require.False(t, m.Has(Download))
	require.False(t, m.Only(Publish))
	r, drawn := rand.New(rand.NewPCG(1, 2)), make(map[Operation]int)
	for range 16_000 {
		drawn[m.Draw(r)]++
	}
	require.InDelta(t, 1000, drawn[Login], 100)
	require.InDelta(t, 10_000, drawn[Publish], 300)
	require.InDelta(t, 5000, drawn[Search], 300)
	require.Len(t, drawn, 3)

	only, err := ParseMix("search")
	require.NoError(t, err)
	require.True(t, only.Only(Search))
	for text, says := range map[string]string{
		"":                   "none of login, publish, search, download",
		"logout=1":           "none of login",
		"login=x":            "no number",
		"login=-1":           "no number",
		"login=1000001":      "no number",
		"login=0":            "nothing has a weight",
		"login=1,login=2":    "login is there twice",
		"login=1,,publish=1": "none of login",
	} {
		_, err := ParseMix(text)
		require.ErrorContains(t, err, says, text)
	}
}

func TestConstantArrivals(t *testing.T) {
	s := newSchedule(Constant, 3, nil)
	var all []time.Duration
	for range 300_001 {
		all = append(all, s.next())
	}
	require.Zero(t, all[0])
	require.Equal(t, time.Second/3, all[1])
	require.Equal(t, 100_000*time.Second, all[300_000], "no error adds up")
}

// TestPoissonArrivals: the pauses have the mean of the rate and, as exponential ones do, a deviation as large.
func TestPoissonArrivals(t *testing.T) {
	s := newSchedule(Poisson, 200, rand.New(rand.NewPCG(1, 2)))
	const n = 20_000
	last, squares := 0.0, 0.0
	for range n {
		at := s.next().Seconds()
		require.GreaterOrEqual(t, at, last)
		squares += (at - last) * (at - last)
		last = at
	}
	mean := last / n
	require.InDelta(t, 0.005, mean, 0.0001)
	require.InDelta(t, 2*mean*mean, squares/n, 0.1*mean*mean)
}

func TestLoads(t *testing.T) {
	l, err := ParseClients("1, 8,64")
	require.NoError(t, err)
	require.Equal(t, []Load{{Clients: 1}, {Clients: 8}, {Clients: 64}}, l)
	require.Equal(t, "8 clients", l[1].String())
	l, err = ParseRates("100,2500.5")
	require.NoError(t, err)
	require.Equal(t, []Load{{Rate: 100}, {Rate: 2500.5}}, l)
	require.Equal(t, "2500.5/s", l[1].String())
	for _, bad := range []string{"", "0", "-1", "1,", "x", "NaN", "1e99"} {
		_, err = ParseClients(bad)
		require.ErrorContains(t, err, "is no number of clients", bad)
		_, err = ParseRates(bad)
		require.ErrorContains(t, err, "is no rate", bad)
	}
}

func TestSources(t *testing.T) {
	s, err := ParseSources([]string{"127.0.1.7/30", " 192.0.2.1", "2001:db8::/127"})
	require.NoError(t, err)
	var all []string
	for _, a := range s.Take(100) {
		all = append(all, a.String())
	}
	require.Equal(t, []string{"127.0.1.5", "127.0.1.6", "192.0.2.1", "2001:db8::", "2001:db8::1"}, all)
	require.Len(t, s.Take(3), 3)
	large, err := ParseSources([]string{"10.0.0.0/8"})
	require.NoError(t, err)
	require.Len(t, large.Take(1000), 1000)
	for _, bad := range []string{"", "localhost", "127.0.0.1/33", "fe80::1%lo"} {
		_, err := ParseSources([]string{bad})
		require.ErrorContains(t, err, "neither an address nor a network", bad)
	}
}

func TestNames(t *testing.T) {
	n, same, other := NewNames(7), NewNames(7), NewNames(8)
	seen, differ := make(map[p2p.FileID]bool), false
	for peer := range 10 {
		for file := range 100 {
			id, name := n.File(peer, file)
			require.False(t, seen[id])
			seen[id] = true
			_, err := p2p.NewFileName(string(name))
			require.NoError(t, err)
			id2, name2 := same.File(peer, file)
			require.Equal(t, id, id2)
			require.Equal(t, name, name2)
			_, strange := other.File(peer, file)
			differ = differ || strange != name
			for words := 1; words <= 8; words++ {
				text := n.Text(peer, file, words, uint64(file*words))
				require.NotEmpty(t, text.String())
				require.Contains(t, string(name), text.String(), "a search finds the file that it is taken from")
			}
		}
	}
	require.True(t, differ)
}

// TestSelectivity: what more words are looked for is in fewer names, and some words are in very many.
func TestSelectivity(t *testing.T) {
	n := NewNames(1)
	var all []string
	for file := range 2000 {
		_, name := n.File(0, file)
		all = append(all, string(name))
	}
	found := func(words int) (mean float64, most int) {
		for i := range 500 {
			text, k := n.Text(0, i, words, uint64(i)).String(), 0
			for _, name := range all {
				if strings.Contains(name, text) {
					k++
				}
			}
			mean += float64(k) / 500
			most = max(most, k)
		}
		return mean, most
	}
	one, most := found(1)
	two, _ := found(2)
	three, _ := found(3)
	require.Greater(t, one, 4*two)
	require.Greater(t, two, three)
	require.Less(t, three, 3.0)
	require.Greater(t, most, 300)
}

func TestValidate(t *testing.T) {
	mix, err := ParseMix("login")
	require.NoError(t, err)
	good := Options{Mix: mix, Arrivals: Poisson, Duration: time.Second, Timeout: time.Second, InFlight: 1, Peers: 1, Words: 1}
	require.NoError(t, good.Validate())
	for says, spoil := range map[string]func(*Options){
		"--arrivals":  func(o *Options) { o.Arrivals = "sometimes" },
		"--duration":  func(o *Options) { o.Duration = 0 },
		"--warmup":    func(o *Options) { o.Warmup = -1 },
		"--timeout":   func(o *Options) { o.Timeout = 2 * MaxTimeout },
		"--in_flight": func(o *Options) { o.InFlight = 0 },
		"--peers":     func(o *Options) { o.Peers = MaxPeers + 1 },
		"--files":     func(o *Options) { o.Files = -1 },
		"--words":     func(o *Options) { o.Words = 0 },
		"--text":      func(o *Options) { o.Text = strings.Repeat("x", 21) },
	} {
		o := good
		spoil(&o)
		require.ErrorContains(t, o.Validate(), says)
	}
}
