package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// load loads a file from its text.
func load(text string) (Config, []Problem, error) {
	return Load(Options{Path: "-", Stdin: strings.NewReader(text)})
}

func TestNothingIsTheDefault(t *testing.T) {
	for _, text := range []string{
		"", "\n", "# nothing\n", "---\n", "\ufeff", "search:\n", "search: {}\n", "neighbors:\n", "neighbors: []\n",
		"search:\n  # ttl: 3\n", "{}\n",
	} {
		c, warnings, err := load(text)
		require.NoError(t, err, "%q", text)
		assert.Empty(t, warnings)
		assert.Equal(t, Default(), c, "%q", text)
	}
	c, _, err := Load(Options{})
	require.NoError(t, err)
	assert.Equal(t, Default(), c)
}

func TestDefaultIsValid(t *testing.T) {
	warnings, err := Default().Validate()
	require.NoError(t, err)
	assert.Empty(t, warnings)
}

func TestEverythingCanBeSaid(t *testing.T) {
	c, warnings, err := load(`---
listen: :0
advertise: { ipv4: 192.0.2.10, ipv6: "2001:db8::10", port: 3000 }
data_dir: /var/lib/alakazaam
share_dir: 'a directory # with spaces'
download_dir: "d\u00e9j\u00e0"
neighbors: [192.0.2.11:3000, "[2001:db8::11]:3001", node.example:65535]
bootstrap:
- localhost:1
search: {ttl: 99, strategy: ring, quiet: 250ms, window: 1m30s, max_results: 999, max_per_owner: 0, filters: false, filter_max: 1MiB}
session: {verify_address: False}
limits:
  connections: 0
  dial_timeout: "2.5s"
transfer: {upload_rate: 1.5MB/s, download_rate: 512kib, max_file_size: 1048576, upload_wait: 0}
admin: {listen: ""}
log: {level: trace, format: "json"}	# a tab before
...
`)
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	want := Default()
	want.Listen = ":0"
	want.Advertise = Advertise{IPv4: "192.0.2.10", IPv6: "2001:db8::10", Port: 3000}
	want.DataDir, want.ShareDir, want.DownloadDir = "/var/lib/alakazaam", "a directory # with spaces", "déjà"
	want.Neighbors = []string{"192.0.2.11:3000", "[2001:db8::11]:3001", "node.example:65535"}
	want.Bootstrap = []string{"localhost:1"}
	want.Search = Search{TTL: 99, Strategy: StrategyRing, Quiet: 250 * time.Millisecond, Window: 90 * time.Second, MaxResults: 999, FilterMax: 1 << 20}
	want.Session.VerifyAddress = false
	want.Limits.Connections, want.Limits.DialTimeout = 0, 2500*time.Millisecond
	want.Transfer.UploadRate, want.Transfer.DownloadRate, want.Transfer.MaxFileSize = 1500000, 512<<10, 1<<20
	want.Transfer.UploadWait = 0
	want.Admin.Listen = ""
	want.Log = Log{Level: "trace", Format: "json"}
	assert.Equal(t, want, c)
}

func TestAliases(t *testing.T) {
	c, _, err := load(`
neighbors: &known [a:1, &b "b:1"]
bootstrap: *known
search: {quiet: &short 1s, window: *short}
discovery: {window: *short}
data_dir: &short x
download_dir: *short
`)
	require.NoError(t, err)
	assert.Equal(t, []string{"a:1", "b:1"}, c.Bootstrap)
	assert.Equal(t, time.Second, c.Search.Window)
	assert.Equal(t, time.Second, c.Discovery.Window)
	assert.Equal(t, "x", c.DownloadDir, "the last anchor of a name counts")
}

func TestLaterLayersWin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.yaml")
	require.NoError(t, os.WriteFile(path, []byte("search: {ttl: 2, max_results: 2}\nneighbors: [file:1]\nlog: {level: warn}"), 0o600))
	env := []string{
		"ALAKAZAAM_SEARCH_TTL=3", "ALAKAZAAM_SEARCH_MAX_RESULTS=3", "ALAKAZAAM_NEIGHBORS= env:1, env:2,",
		"ALAKAZAAM_ADMIN_TOKEN=0123456789abcdef", "ALAKAZAAM_CONFIG=" + path, "HOME=/", "ALAKAZAAM_ADMIN_LISTEN=",
		"ALAKAZAAM_SESSION_VERIFY_ADDRESS=0",
	}
	c, _, err := Load(Options{Env: env, Flags: map[string]string{"search.max_results": "4"}})
	require.NoError(t, err)
	assert.EqualValues(t, 3, c.Search.TTL, "variable over file")
	assert.Equal(t, 4, c.Search.MaxResults, "flag over variable")
	assert.Equal(t, []string{"env:1", "env:2"}, c.Neighbors, "a list is replaced, not added to")
	assert.Equal(t, "warn", c.Log.Level, "file over default")
	assert.Empty(t, c.Admin.Listen)
	assert.False(t, c.Session.VerifyAddress)

	c, _, err = Load(Options{Path: "-", Stdin: strings.NewReader(""), Env: env})
	require.NoError(t, err)
	assert.Equal(t, "info", c.Log.Level, "a path given counts, not that of the variable")
}

func TestUnreadableFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.yaml")
	c, _, err := Load(Options{Path: path, Env: []string{"ALAKAZAAM_SEARCH_TTL=x"}})
	assert.Zero(t, c)
	require.ErrorIs(t, err, fs.ErrNotExist)
	var all Errors
	require.True(t, errors.As(err, &all))
	require.Len(t, all, 2, "the variables are checked all the same")
	assert.Equal(t, path+": cannot be read: no such file or directory", all[0].String())
	assert.Equal(t, "search.ttl", all[1].Key)

	_, _, err = Load(Options{Path: t.TempDir()})
	assert.ErrorContains(t, err, "is a directory")
}

func TestVariablesAndFlagsAreNamed(t *testing.T) {
	_, _, err := Load(Options{
		Path:  "-",
		Stdin: strings.NewReader("search: {ttl: 0}\ndiscovery: {max: 20}\n"),
		Env: []string{
			"ALAKAZAAM_SERCH_TTL=secret", "ALAKAZAAM_LIMITS_IDLE_TIMEOUT=5", "ALAKAZAAM_NEIGHBORS=a:1,b,A:1",
			"ALAKAZAAM_COFNIG=x", "ALAKAZAAM_SESSION_VERIFY_ADDRESS=", "ALAKAZAAM_=1",
		},
		Flags: map[string]string{"discovery.target": "30", "log.level": "loud", "sesion.refresh": "1s"},
	})
	require.Error(t, err)
	assert.Equal(t, `stdin:1:15: search.ttl has to be a whole number from 1 to 99, not 0
    1 | search: {ttl: 0}
                      ^
ALAKAZAAM_: unknown variable "ALAKAZAAM_"
ALAKAZAAM_COFNIG: unknown variable "ALAKAZAAM_COFNIG": did you mean "ALAKAZAAM_CONFIG"?
ALAKAZAAM_LIMITS_IDLE_TIMEOUT: limits.idle_timeout has to be a duration from 1ms to 24h, not "5": its unit is missing, as in 5s
    ALAKAZAAM_LIMITS_IDLE_TIMEOUT=5
ALAKAZAAM_NEIGHBORS: neighbors[1] has to be HOST:PORT, not "b": a port is missing, as in 192.0.2.1:3000
    ALAKAZAAM_NEIGHBORS=a:1,b,A:1
ALAKAZAAM_NEIGHBORS: neighbors[2] is "A:1", which neighbors[0] is already
    ALAKAZAAM_NEIGHBORS=a:1,b,A:1
ALAKAZAAM_SERCH_TTL: unknown variable "ALAKAZAAM_SERCH_TTL": did you mean "ALAKAZAAM_SEARCH_TTL"?
ALAKAZAAM_SESSION_VERIFY_ADDRESS: session.verify_address has to be true or false, not ""
    ALAKAZAAM_SESSION_VERIFY_ADDRESS=
--discovery.target: discovery.target (30) is more than discovery.max (20)
    --discovery.target=30
--log.level: log.level has to be trace, debug, info, warn or error, not "loud"
    --log.level=loud
--sesion.refresh: unknown flag "--sesion.refresh": did you mean "--session.refresh"?
    --sesion.refresh=1s`, err.Error())
}

// A value that a later layer replaces is wrong all the same, but a rule between keys is about what counts in the end.
func TestRulesAreAboutTheEnd(t *testing.T) {
	file := "search: {quiet: 10s, window: 20s}\n"
	_, _, err := Load(Options{
		Path: "-", Stdin: strings.NewReader(file), Env: []string{"ALAKAZAAM_SEARCH_WINDOW=5s"},
	})
	assert.EqualError(t, err, `ALAKAZAAM_SEARCH_WINDOW: search.quiet (10s) is longer than search.window (5s)
    ALAKAZAAM_SEARCH_WINDOW=5s`)

	_, _, err = Load(Options{
		Path: "-", Stdin: strings.NewReader(file), Env: []string{"ALAKAZAAM_SEARCH_WINDOW=5s"},
		Flags: map[string]string{"search.quiet": "1s"},
	})
	assert.NoError(t, err)
}

func TestWarnings(t *testing.T) {
	_, warnings, err := load("search:\n  window: 30s\n")
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	assert.Equal(t, `stdin:2:11: search.window is 30s, but peers in the field give up after about 25s
    2 |   window: 30s
                  ^`, warnings[0].String())

	_, warnings, err = load("limits: {link_queue: 1MiB}\n")
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	assert.Contains(t, warnings[0].String(),
		"limits.link_queue (1MiB) is no less than limits.write_queue (1MiB), past which links are closed")

	for text, want := range map[string]string{
		"promotion: {enabled: true, min_supernodes: 5}": "a supernode is always missing: a peer sees its own and 3 others " +
			"(session.standbys), fewer than promotion.min_supernodes (5)",
		"session: {standbys: 0}\npromotion: {enabled: true, min_supernodes: 1}": "",
		"promotion: {min_supernodes: 5}":                                        "",
	} {
		_, warnings, err := load(text + "\n")
		require.NoError(t, err)
		if want == "" {
			require.Empty(t, warnings, text)
			continue
		}
		require.Len(t, warnings, 1, text)
		require.Contains(t, warnings[0].String(), want)
	}
}

func TestValidateOfAProgramsConfig(t *testing.T) {
	c := Default()
	c.Search.TTL = 100
	c.Search.Quiet = time.Minute
	c.Neighbors = []string{"a:1", "a"}
	c.Transfer.MaxFileSize = -1
	_, err := c.Validate()
	assert.EqualError(t, err, `neighbors[1] has to be HOST:PORT, not "a": a port is missing, as in 192.0.2.1:3000
search.ttl has to be a whole number from 1 to 99, not 100
transfer.max_file_size has to be a size of 0 or more, not -1
search.quiet (1m) is longer than search.window (18s)`)
}
