package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/config"
)

// unit gives the settings of the systemd unit, by name.
func unit(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("deploy/alakazaam.service")
	require.NoError(t, err)
	settings := make(map[string]string)
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			settings[key] = value
		}
	}
	return settings
}

// TestUnit checks what the systemd unit says against what the program does.
func TestUnit(t *testing.T) {
	u := unit(t)
	require.Equal(t, strconv.Itoa(exitUsage), u["RestartPreventExitStatus"])
	seconds, err := strconv.Atoi(u["TimeoutStopSec"])
	require.NoError(t, err)
	require.Greater(t, time.Duration(seconds)*time.Second, grace+2*endSlack, "shutdown and release take as long")
	files, err := strconv.Atoi(u["LimitNOFILE"])
	require.NoError(t, err)
	require.Greater(t, files, 2*config.DefaultConnections)

	c, warnings, err := config.Load(config.Options{Path: "deploy/alakazaam.yaml"})
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Equal(t, "/usr/local/bin/alakazaam supernode --config /etc/alakazaam/alakazaam.yaml", u["ExecStart"])
	for _, dir := range []string{c.DataDir, c.ShareDir, c.DownloadDir} {
		require.Equal(t, filepath.Join("/var/lib", u["StateDirectory"]), filepath.Dir(dir), "the unit lets it write nowhere else")
	}
}

// TestDockerfile checks what the image says against the configuration and the module.
func TestDockerfile(t *testing.T) {
	b, err := os.ReadFile("../../Dockerfile")
	require.NoError(t, err)
	var env []string
	for line := range strings.Lines(string(b)) {
		if pairs, ok := strings.CutPrefix(line, "ENV "); ok {
			env = append(env, strings.Fields(pairs)...)
		}
	}
	c, warnings, err := config.Load(config.Options{Env: env})
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Contains(t, string(b), `VOLUME ["`+strings.Join([]string{c.DataDir, c.ShareDir, c.DownloadDir}, `", "`)+`"]`)
	module, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	goVersion := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	require.Contains(t, string(b), "FROM golang:"+string(goVersion[1])+" AS build")
	require.Contains(t, string(b), "-X main.release=$VERSION")
	defer func(before string) { release = before }(release)
	release = "v1.2.3"
	require.Equal(t, "v1.2.3", buildVersion().Version)
	require.Contains(t, string(b), "EXPOSE "+c.Listen[strings.LastIndexByte(c.Listen, ':')+1:])
}
