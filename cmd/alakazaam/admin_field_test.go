package main_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// get asks a node's admin interface for something, with a token or without.
func get(t testing.TB, address, path, token string) (code int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
	require.NoError(t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	return w.StatusCode, string(b)
}

// TestAdminForOthers has a node whose admin interface other machines reach, and that has to be looked into.
func TestAdminForOthers(t *testing.T) {
	const token = "correct-horse-battery"
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(token+"\n"), 0o644))
	_, port, err := net.SplitHostPort(free(t, "127.0.0.1"))
	require.NoError(t, err)
	n := start(t, "supernode", "--listen", free(t, "127.0.0.115"), "--admin.listen", "0.0.0.0:"+port, "--admin.token_file", file)
	n.waitFor("the supernode is running")
	require.Contains(t, n.text(), "others than its owner can read the file")
	require.Contains(t, n.text(), "admin=\"0.0.0.0:"+port, "and not IPv6 as well")
	at := "127.0.0.1:" + port

	for path, want := range map[string]int{"/status": 401, "/metrics": 401, "/debug/pprof/": 401, "/healthz": 200, "/readyz": 200} {
		code, _ := get(t, at, path, "")
		require.Equal(t, want, code, path)
	}
	code, stacks := get(t, at, "/debug/pprof/goroutine?debug=1", token)
	require.Equal(t, 200, code)
	require.Contains(t, stacks, "goroutine profile: total")

	got := do(t, "", "status", "--admin", at)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "wants a token: name the file that holds it with --admin.token_file FILE, ALAKAZAAM_ADMIN_TOKEN_FILE")
	t.Setenv("ALAKAZAAM_ADMIN_TOKEN", "something-else-altogether")
	got = do(t, "", "status", "--admin", at)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "does not know this token")
	require.NotContains(t, do(t, "", "config", "show").out, "altogether")
	require.NotContains(t, do(t, "", "config", "show", "--json").out, "altogether")
	os.Unsetenv("ALAKAZAAM_ADMIN_TOKEN")
	got = do(t, "", "status", "--admin.listen", "0.0.0.0:"+port, "--admin.token_file", file)
	require.Zero(t, got.code, got.err)

	t.Setenv("ALAKAZAAM_ADMIN_TOKEN_FILE", file)
	require.Equal(t, "info\n", do(t, "", "log-level", "--admin", "localhost:"+port).out)
	require.NotContains(t, n.text(), "level=debug")
	require.JSONEq(t, `{"level":"debug"}`, do(t, "", "log-level", "debug", "--admin", at, "--json").out)
	require.Equal(t, "debug\n", do(t, "", "log-level", "--admin", at).out)
	n.waitFor("level=debug")
	n.signal(syscall.SIGTERM)
	require.Zero(t, n.exit())
	require.NotContains(t, n.text(), token)
}
