package main_test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	got := do(t, "", "version")
	require.Zero(t, got.code, got.err)
	require.Regexp(t, `^alakazaam \S+.* \(go1\.\d+.*, \w+/\w+\)\n$`, got.out)
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(do(t, "", "version", "--json").out), &v))
	require.NotEmpty(t, v["version"])
	require.NotEmpty(t, v["go"])
}

func TestWrongUsage(t *testing.T) {
	for line, says := range map[string]string{
		"":                                "Usage:",
		"fnd":                             `unknown command "fnd"`,
		"--nonsense":                      "unknown flag: --nonsense",
		"find":                            "TEXT is missing",
		"find " + strings.Repeat("x", 21): "has 21 bytes, but the network's protocol carries only 20",
		"find \u00e8\u00e8\u00e8\u00e8\u00e8\u00e8\u00e8\u00e8\u00e8\u00e8\u00e8": "has 22 bytes",
		"find --admin 127.0.0.1 x":       "--admin has to be HOST:PORT",
		"find --admin a --supernode b x": "none of the others can be",
		"find --supernode nonsense x":    "it has to be HOST:PORT",
		"find --admin.listen= x":         "admin.listen is empty",
		"find --strategy magic x":        "--strategy has to be one of flood, ring, dynamic",
		"find --max -1 x":                "--max -1 is less than none",
		"get":                            "MD5 or NUMBER is missing",
		"get film.mkv":                   "neither an MD5 in 32 hex digits nor a number",
		"get 1 --from 192.0.2.1":         "it has to be HOST:PORT",
		"unshare":                        "PATH or MD5 is missing",
		"status now":                     "unknown command",
		"bench a b":                      "one HOST:PORT at most",
		"bench nonsense":                 "it has to be HOST:PORT",
		"bench x:1 --supernode y:1":      "named twice",
		"bench --mix logout":             "none of login, publish, search, download",
		"bench --clients 0":              "is no number of clients",
		"bench --rate fast":              "is no rate",
		"bench --rate 1 --clients 1":     "none of the others can be",
		"bench --connections many":       "each or kept",
		"bench --sources here":           "neither an address nor a network",
		"bench --file x":                 "is no MD5",
		"bench --peers 0":                "--peers has to be",
		"bench --bare":                   "--mix has to be login or download alone",
		"health now":                     "unknown command",
		"log-level loud":                 "LEVEL has to be one of trace, debug, info, warn, error",
		"status --admin.token short":     "admin.token has to be 16 to 512 letters",
		"status --admin.token_file /x/y": "admin.token_file: open /x/y: no such file",
		"supernode --admin.token_file /": "admin.token_file: read /: is a directory",
		"version 2":                      "unknown command",
		"config":                         "Usage:",
		"config chek":                    `unknown command "chek"`,
		"config check":                   "one FILE has to be named",
		"completion tcsh":                `invalid argument "tcsh"`,
		"supernode now":                  "unknown command",
		"supernode --search.ttl many":    "search.ttl has to be a whole number",
		"supernode --admin.listen :8080": "admin.listen (:8080) can be reached by other machines",
		"supernode --listen [::1]:0":     "advertise.ipv4",
		"peer --config /nowhere/at/all":  "cannot be read",
	} {
		got := do(t, "", strings.Fields(line)...)
		require.Equal(t, 2, got.code, line)
		require.Contains(t, got.err, says, line)
		require.Empty(t, got.out, line)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"--help"}, {"find", "--help"}, {"help", "get"}, {"bench", "--help"}, {"config", "check", "-h"}} {
		got := do(t, "", args...)
		require.Zero(t, got.code, args)
		require.Contains(t, got.out, "Examples:", args)
		require.Empty(t, got.err, args)
	}
	node := do(t, "", "supernode", "--help").out
	require.Contains(t, node, "--search.max_results files")
	require.NotContains(t, do(t, "", "find", "--help").out, "--search.max_results", "settings are listed where they matter")
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		got := do(t, "", "completion", shell)
		require.Zero(t, got.code, got.err)
		require.Contains(t, got.out, "alakazaam")
	}
	require.Contains(t, do(t, "", "__complete", "supernode", "--search.m").out, "--search.max_results")
	require.Contains(t, do(t, "", "__complete", "bench", "--arrivals", "p").out, "poisson")
	require.NotContains(t, do(t, "", "help").out, "bench-bare")
}

const badConfig = `listen: 3000
serch: {ttl: 3}
search: {ttl: 0}
admin: {listen: "0.0.0.0:8080"}
`

func TestConfigCheck(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte(badConfig), 0o600))
	got := do(t, "", "config", "check", bad)
	require.Equal(t, 2, got.code)
	for _, problem := range []string{
		bad + ":1:9: listen has to be", bad + `:2:1: unknown key "serch"`, bad + ":3:", bad + ":4:",
	} {
		require.Contains(t, got.err, problem)
	}
	require.NotContains(t, got.err, "alakazaam:", "the problems stand there as they are")
	require.Equal(t, got.err, do(t, "", "supernode", "--config", bad).err, "a node says the same")

	got = do(t, "", "config", "check", bad, "--json")
	require.Equal(t, 2, got.code)
	var report struct {
		OK       bool             `json:"ok"`
		Problems []map[string]any `json:"problems"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &report))
	require.False(t, report.OK)
	require.Len(t, report.Problems, 4)

	def := do(t, "", "config", "default")
	require.Zero(t, def.code)
	got = do(t, def.out, "config", "check", "-")
	require.Zero(t, got.code, got.err)
	require.Equal(t, "-: ok\n", got.out)
	got = do(t, "search: {window: 60s}\n", "config", "check", "-")
	require.Zero(t, got.code)
	require.Contains(t, got.err, "warning: stdin:1:")
}

func TestConfigShow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.yaml")
	require.NoError(t, os.WriteFile(file, []byte("search: {ttl: 2, quiet: 1s}\nlog: {level: warn}\n"), 0o600))
	t.Setenv("ALAKAZAAM_SEARCH_TTL", "3")
	t.Setenv("ALAKAZAAM_DATA_DIR", "from the environment")
	got := do(t, "", "config", "show", "--config", file, "--data-dir", "from a flag", "--json")
	require.Zero(t, got.code, got.err)
	var c struct {
		DataDir string `json:"data_dir"`
		Search  struct {
			TTL   int    `json:"ttl"`
			Quiet string `json:"quiet"`
		} `json:"search"`
		Log struct {
			Level string `json:"level"`
		} `json:"log"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &c))
	require.Equal(t, "from a flag", c.DataDir)
	require.Equal(t, 3, c.Search.TTL)
	require.Equal(t, "1s", c.Search.Quiet)
	require.Equal(t, "warn", c.Log.Level)

	shown := do(t, "", "config", "show", "--config", file)
	require.Zero(t, do(t, shown.out, "config", "check", "-").code)
	var keys []map[string]any
	require.NoError(t, json.Unmarshal([]byte(do(t, "", "config", "default", "--json").out), &keys))
	require.Greater(t, len(keys), 30)
}

func TestClientsWithoutNode(t *testing.T) {
	nobody := free(t, "127.0.0.1")
	for _, args := range [][]string{
		{"find", "x"}, {"status"}, {"share"}, {"share", "."}, {"unshare", "."}, {"status", "--json"}, {"health"}, {"health", "--ready"},
		{"log-level"}, {"log-level", "info"},
	} {
		got := do(t, "", append(args, "--admin", nobody)...)
		require.Equal(t, 1, got.code, args)
		require.Contains(t, got.err, "no node answers at "+nobody, args)
		require.Empty(t, got.out, args)
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	require.Contains(t, do(t, "", "get", "1", "--admin", nobody).err, "run 'alakazaam find TEXT' first")
	got := do(t, "", "get", strings.Repeat("ab", 16), "--admin", nobody)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "--from HOST:PORT")
	got = do(t, "", "find", "x", "--supernode", nobody)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "cannot be reached: connect: connection refused")
}

// free is an address at which nobody listens.
func free(t testing.TB, ip string) string {
	t.Helper()
	l, err := net.Listen("tcp", ip+":0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
