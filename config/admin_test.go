package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAdminThatOthersReachNeedsAToken(t *testing.T) {
	const token = "token: 0123456789abcdef"
	for admin, want := range map[string]string{
		`listen: "0.0.0.0:8080"`: "admin.listen (0.0.0.0:8080) can be reached by other machines",
		`listen: ":8080"`:        "admin.token_file",
		`listen: "[::]:8080", hosts: [a.example, 192.0.2.1]`:                "can be reached by other machines",
		`listen: "0.0.0.0:8080", ` + token:                                  "",
		`listen: "192.0.2.1:8080", token_file: t`:                           "",
		`listen: "[::1]:8080"`:                                              "",
		`listen: "localhost:8080", ` + token:                                "",
		`listen: "0.0.0.0:8080", token_file: t, ` + token:                   "both there",
		`hosts: [a.example, "2001:db8::1"]`:                                 "",
		`hosts: ["a.example:80"]`:                                           "admin.hosts[0] has to be a host name or an IP address",
		`hosts: [a, "fe80::1%eth0"]`:                                        "admin.hosts[1] has to be",
		`listen: "0.0.0.0:8080", token: "` + strings.Repeat("x", 513) + `"`: "admin.token has to be 16 to 512",
	} {
		_, warnings, err := load("admin: {" + admin + "}\n")
		if want == "" {
			require.NoError(t, err, admin)
			require.Empty(t, warnings, admin)
			continue
		}
		require.ErrorContains(t, err, want, admin)
	}
}

// TestSecretsAreNotShown: not where they are wrong, not where something beside them is, not where they are right.
func TestSecretsAreNotShown(t *testing.T) {
	for _, o := range []Options{
		{Stdin: strings.NewReader("admin: {token: hush hush}\n")},
		{Stdin: strings.NewReader("admin: {token: hush, lisen: x}\n")},
		{Stdin: strings.NewReader("admin:\n  Tokn: hush\n")},
		{Stdin: strings.NewReader("token: \"hush hush hush hush\"\n")},
		{Stdin: strings.NewReader("admin:\n  token:\n    hush\n")},
		{Stdin: strings.NewReader("admin: {token: [hush]}\n")},
		{Stdin: strings.NewReader("admin: {token: hushhushhushhush, token_file: x}\n")},
		{Env: []string{"ALAKAZAAM_ADMIN_TOKEN=hush"}},
		{Env: []string{"ALAKAZAAM_ADMIN_TOKEN=hushhushhushhush", "ALAKAZAAM_ADMIN_TOKEN_FILE=x"}},
		{Env: []string{"ALAKAZAAM_ADMIN_TOKN=hushhushhushhush"}},
		{Flags: map[string]string{"admin.token": "hush"}},
		{Flags: map[string]string{"admin.token": "hushhushhushhush", "admin.token_file": "x"}},
	} {
		if o.Stdin != nil {
			o.Path = "-"
		}
		_, _, err := Load(o)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "hush")
		var all Errors
		require.ErrorAs(t, err, &all)
		for _, p := range all {
			assert.NotContains(t, p.Text+p.Message+p.Hint, "hush")
		}
	}
	_, _, err := load("admin: {token: 1234567890123456}\n")
	require.ErrorContains(t, err, "quotes")
	require.NotContains(t, err.Error(), "12345")

	c := Default()
	var without, with strings.Builder
	require.NoError(t, Write(&without, c))
	require.Contains(t, without.String(), "  token: \"\"\n")
	c.Admin.Token = "hushhushhushhush"
	require.NoError(t, Write(&with, c))
	require.NotContains(t, with.String(), "hush")
	require.Contains(t, with.String(), "token: set, and not shown\n")
}

func TestReadToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	a := Admin{TokenFile: file}
	_, _, err := a.ReadToken()
	require.ErrorIs(t, err, fs.ErrNotExist)
	for text, want := range map[string]string{
		"0123456789abcdef":                "0123456789abcdef",
		"0123456789abcdef \r\nand more":   "0123456789abcdef",
		strings.Repeat("x", 512) + "\n":   strings.Repeat("x", 512),
		"":                                "",
		"\n0123456789abcdef\n":            "",
		"hush":                            "",
		"hush hush hush hush\n":           "",
		"hushhushhushhush\x7f\n":          "",
		strings.Repeat("hush", 200):       "",
		strings.Repeat("hush", 128) + "x": "",
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		token, open, err := a.ReadToken()
		if want == "" {
			require.ErrorContains(t, err, "admin.token_file: the first line of "+file+" has to be a token: 16 to 512", "%q", text)
			require.NotContains(t, err.Error(), "hush")
			continue
		}
		require.NoError(t, err, "%q", text)
		require.Equal(t, want, token)
		require.False(t, open)
	}
	require.NoError(t, os.WriteFile(file, []byte("0123456789abcdef"), 0o600))
	for mode, want := range map[fs.FileMode]bool{0o400: false, 0o640: true, 0o604: true, 0o620: true} {
		require.NoError(t, os.Chmod(file, mode))
		_, open, err := a.ReadToken()
		require.NoError(t, err)
		require.Equal(t, want, open, "%o", mode)
	}
	token, open, err := Admin{Token: "0123456789abcdef"}.ReadToken()
	require.NoError(t, err)
	require.False(t, open)
	require.Equal(t, "0123456789abcdef", token)
}
