package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
)

const (
	someMD5  = "d41d8cd98f00b204e9800998ecf8427e"
	otherMD5 = "900150983cd24fb0d6963f7d28e17f72"
)

func fileID(t *testing.T, s string) p2p.FileID {
	f, err := p2p.ParseFileID([]byte(s))
	require.NoError(t, err)
	return f
}

// listFile writes a file of entries.
func listFile(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "list.txt")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestAccess(t *testing.T) {
	list := listFile(t, "\ufeff# bad people\n\n198.51.100.7 # one\r\n2001:db8:bad::/48\n"+strings.ToUpper(someMD5)+"\n")
	for _, c := range []struct {
		name, text string
		in, out    []string // addresses
		known      []string // files
		unknown    []string
	}{
		{"nothing", "", []string{"192.0.2.1", "::1"}, nil, []string{someMD5}, nil},
		{"deny", "access: {deny: [192.0.2.0/24, '2001:db8::1', " + someMD5 + "]}",
			[]string{"192.0.3.1", "2001:db8::2"}, []string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8::1%eth0"},
			[]string{otherMD5}, []string{someMD5}},
		{"allow", "access: {allow: [192.0.2.0/24]}", []string{"192.0.2.1"}, []string{"192.0.3.1", "::1"}, []string{someMD5}, nil},
		{"allow files", "access: {allow: [" + someMD5 + "]}", []string{"192.0.2.1"}, nil, []string{someMD5}, []string{otherMD5}},
		{"deny wins", "access: {allow: [192.0.2.0/24], deny: [192.0.2.1]}", []string{"192.0.2.2"}, []string{"192.0.2.1"}, nil, nil},
		{"a file", "access: {deny: [10.0.0.1], deny_file: " + list + "}",
			[]string{"198.51.100.8"}, []string{"198.51.100.7", "2001:db8:bad::1", "10.0.0.1"}, []string{otherMD5}, []string{someMD5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, _, err := load(c.text)
			require.NoError(t, err)
			for _, ip := range c.in {
				assert.True(t, cfg.Access.Peer(netip.MustParseAddr(ip)), ip)
			}
			for _, ip := range c.out {
				assert.False(t, cfg.Access.Peer(netip.MustParseAddr(ip)), ip)
			}
			for _, f := range c.known {
				assert.True(t, cfg.Access.File(fileID(t, f)), f)
			}
			for _, f := range c.unknown {
				assert.False(t, cfg.Access.File(fileID(t, f)), f)
			}
			assert.False(t, cfg.Access.Trusts(netip.MustParseAddr("192.0.2.1")))
		})
	}
}

func TestTrusted(t *testing.T) {
	cfg, _, err := load("access: {trusted: [10.0.0.0/8, '::1']}")
	require.NoError(t, err)
	for ip, want := range map[string]bool{"10.255.0.1": true, "::ffff:10.0.0.1": true, "::1": true, "11.0.0.1": false} {
		assert.Equal(t, want, cfg.Access.Trusts(netip.MustParseAddr(ip)), ip)
	}
}

func TestBadAccess(t *testing.T) {
	list := listFile(t, "192.0.2.1\n  192.0.2.300\n192.0.2.1/24\n")
	_, _, err := load(`
access:
  deny: [192.0.2.1, 192.0.2.1/32, 192.0.2.9/24, "::ffff:192.0.2.0/120", example.org]
  trusted: [d41d8cd98f00b204e9800998ecf8427e]
  allow_file: ` + list + `
  deny_file: /nowhere/at/all
`)
	require.Error(t, err)
	for _, want := range []string{
		`access.deny[1] is "192.0.2.1/32", which access.deny[0] is already`,
		`access.deny[2] has to be an IP address, a network or an MD5, not "192.0.2.9/24": that network begins at 192.0.2.0`,
		`write an IPv4 network in IPv4's form`,
		`not "example.org": that is no IP address, no network such as 192.0.2.0/24 and no MD5`,
		`access.trusted[0] has to be an IP address or a network`,
		`/nowhere/at/all`, "no such file or directory",
		list + `:2:1: access.allow_file: that is no IP address, no network such as 192.0.2.0/24 and no MD5`,
		list + `:3:1: access.allow_file: that network begins at 192.0.2.0`,
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestReload(t *testing.T) {
	list := listFile(t, "192.0.2.1\n")
	text := "access: {deny_file: " + list + "}\nlimits: {sessions: 10}\n"
	first, _, err := load(text)
	require.NoError(t, err)
	live := NewLive(first)
	require.False(t, live.Get().Access.Peer(netip.MustParseAddr("192.0.2.1")))

	require.NoError(t, os.WriteFile(list, []byte("192.0.2.2\n"), 0o600))
	next, _, err := load(text + "listen: ':4000'\nlog: {level: debug}\nneighbors: ['192.0.2.1:1']\n" + "session: {verify_address: false}")
	require.NoError(t, err)
	changed, refused := live.Reload(next)
	assert.Equal(t, []Change{
		{"session.verify_address", "true", "false"}, {"log.level", "info", "debug"},
		{"access.deny_file", "1 listed", "1 listed"},
	}, changed)
	assert.Equal(t, []Change{
		{"listen", "0.0.0.0:3000", ":4000"}, {"neighbors", "", "192.0.2.1:1"},
	}, refused)
	now := live.Get()
	assert.Equal(t, "debug", now.Log.Level)
	assert.Equal(t, DefaultListen, now.Listen)
	assert.Equal(t, 10, now.Limits.Sessions)
	assert.True(t, now.Access.Peer(netip.MustParseAddr("192.0.2.1")), "what stands in the file now counts")
	assert.False(t, now.Access.Peer(netip.MustParseAddr("192.0.2.2")))
	assert.Equal(t, "info", first.Log.Level, "what was given out before stays as it was")
}
