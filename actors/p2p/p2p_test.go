package p2p_test

import (
	"cmp"
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
)

func TestIdents(t *testing.T) {
	r := rand.NewPCG(1, 2)
	seen := make(map[p2p.SessionID]bool)
	letters := make(map[rune]int)
	for range 10000 {
		id := p2p.NewSessionID(r)
		require.False(t, seen[id])
		seen[id] = true
		for _, c := range id.String() {
			letters[c]++
		}
		again, err := p2p.ParseSessionID([]byte(id.String()))
		require.NoError(t, err)
		require.Equal(t, id, again)
	}
	require.Len(t, letters, 36)
	for c, n := range letters {
		require.InDelta(t, 160000/36, n, 400, "%c", c)
	}
	refused, err := p2p.ParseSessionID([]byte("0000000000000000"))
	require.NoError(t, err)
	require.True(t, refused.Refused())
	require.Equal(t, "0000000000000000", p2p.SessionID{}.String())
	for _, bad := range []string{"", "ABC", "abcdefghijklmnop", "ABCDEFGHIJKLMN-P", "ABCDEFGHIJKLMNOPQ"} {
		_, err := p2p.ParsePacketID([]byte(bad))
		require.ErrorIs(t, err, p2p.ErrID, bad)
	}
}

func TestEndpoints(t *testing.T) {
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	both, err := p2p.NewEndpoint(v4, v6, 3000)
	require.NoError(t, err)
	require.Equal(t, []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:3000"), netip.MustParseAddrPort("[2001:db8::1]:3000")}, both.Dialable())
	only4, err := p2p.NewEndpoint(v4, netip.Addr{}, 3000)
	require.NoError(t, err)
	require.Equal(t, "::ffff:192.0.2.1", only4.IPv6().String(), "a node without IPv6 gives the mapped address")
	require.Len(t, only4.Dialable(), 1)
	mapped, err := p2p.NewEndpoint(netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("::ffff:c000:201"), 3000)
	require.NoError(t, err)
	require.Equal(t, only4, mapped, "however it was written")
	require.True(t, both.At(netip.MustParseAddr("::ffff:192.0.2.1")) && both.At(v6) && !only4.At(v6))
	only6, err := p2p.ParseEndpoint("[2001:db8::1]:3000")
	require.NoError(t, err)
	require.False(t, only6.Complete())
	require.Equal(t, "[2001:db8::1]:3000", only6.String())

	for _, bad := range []struct {
		v4, v6 string
		port   uint16
	}{
		{"192.0.2.1", "", 0}, {"0.0.0.0", "", 1}, {"192.0.2.1", "::", 1}, {"192.0.2.1", "fe80::1%eth0", 1},
		{"224.0.0.1", "", 1}, {"255.255.255.255", "", 1}, {"2001:db8::1", "", 1}, {"192.0.2.1", "192.0.2.1", 1}, {"", "", 1},
	} {
		a4, _ := netip.ParseAddr(bad.v4)
		a6, _ := netip.ParseAddr(bad.v6)
		_, err := p2p.NewEndpoint(a4, a6, bad.port)
		require.ErrorIs(t, err, p2p.ErrEndpoint, "%v", bad)
	}

	text, err := json.Marshal([]p2p.Endpoint{only4, {}})
	require.NoError(t, err)
	require.JSONEq(t, `["192.0.2.1:3000", "none"]`, string(text))
	var back []p2p.Endpoint
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, []p2p.Endpoint{only4, {}}, back)
}

func TestTTL(t *testing.T) {
	for in, want := range map[p2p.TTL]p2p.TTL{5: 4, 2: 1, 99: 98} {
		got, ok := in.Lowered()
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	for _, in := range []p2p.TTL{0, 1} {
		_, ok := in.Lowered()
		require.False(t, ok, "it goes no further")
	}
}

func TestTexts(t *testing.T) {
	a, err := p2p.NewSearchText("  song ")
	require.NoError(t, err)
	b, err := p2p.ParseSearchText([]byte("song                "))
	require.NoError(t, err)
	require.Equal(t, a, b)
	require.Equal(t, "song                ", string(a.Append(nil)))
	_, err = p2p.NewSearchText(strings.Repeat("x", 21))
	require.ErrorIs(t, err, p2p.ErrText)

	n, err := p2p.NewFileName("   Perché.txt ")
	require.NoError(t, err)
	require.Equal(t, p2p.FileName("Perché.txt"), n)
	require.Len(t, n.Append(nil), 100)
	_, err = p2p.NewFileName("    ")
	require.ErrorIs(t, err, p2p.ErrName)
	for name, want := range map[string]int{
		strings.Repeat("x", 99) + "é": 99, strings.Repeat("x", 98) + "é": 100, strings.Repeat("\x80", 200): 100, strings.Repeat("€", 40): 99,
	} {
		n, err := p2p.NewFileName(name)
		require.NoError(t, err)
		require.Len(t, n, want)
	}
}

func TestFileID(t *testing.T) {
	id, err := p2p.ParseFileID([]byte("5AC41043420bb95a80790b2ebc813727"))
	require.NoError(t, err)
	require.Equal(t, "5ac41043420bb95a80790b2ebc813727", id.String())
	for _, bad := range []string{"", "5ac4", strings.Repeat("g", 32), strings.Repeat("a", 33)} {
		_, err := p2p.ParseFileID([]byte(bad))
		require.ErrorIs(t, err, p2p.ErrFileID)
	}
}

func TestSame(t *testing.T) {
	ep := func(v4, v6 string, port uint16) p2p.Endpoint {
		var a, b netip.Addr
		if v4 != "" {
			a = netip.MustParseAddr(v4)
		}
		if v6 != "" {
			b = netip.MustParseAddr(v6)
		}
		e, err := p2p.NewEndpoint(a, b, port)
		require.NoError(t, err)
		return e
	}
	both := ep("10.0.0.1", "2001:db8::1", 3000)
	for _, c := range []struct {
		other p2p.Endpoint
		want  bool
	}{
		{both, true},
		{ep("10.0.0.1", "", 3000), true},
		{ep("", "2001:db8::1", 3000), true},
		{ep("10.0.0.1", "", 3001), false},
		{ep("10.0.0.2", "2001:db8::1", 3000), false},
		{ep("10.0.0.1", "2001:db8::2", 3000), false},
		{ep("10.0.0.2", "", 3000), false},
		{p2p.Endpoint{}, false},
	} {
		require.Equal(t, c.want, both.Same(c.other), c.other)
		require.Equal(t, c.want, c.other.Same(both), c.other)
	}
	require.False(t, ep("10.0.0.1", "", 3000).Same(ep("", "2001:db8::1", 3000)), "nothing in common is named")
}

func TestSubnetOf(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "::ffff:192.0.2.77": "192.0.2.0/24", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64",
	} {
		require.Equal(t, want, p2p.SubnetOf(netip.MustParseAddr(ip)).String())
	}
	require.False(t, p2p.SubnetOf(netip.Addr{}).IsValid())
}

func TestEndpointCompare(t *testing.T) {
	var sorted []p2p.Endpoint
	for _, s := range []string{"[2001:db8::1]:3000", "[2001:db8::2]:3000", "10.0.0.1:3000", "10.0.0.1:3001", "10.0.0.2:1"} {
		e, err := p2p.ParseEndpoint(s)
		require.NoError(t, err)
		sorted = append(sorted, e)
	}
	for i, a := range sorted {
		for j, b := range sorted {
			require.Equal(t, cmp.Compare(i, j), a.Compare(b))
		}
	}
}
