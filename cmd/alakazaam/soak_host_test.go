package main

import (
	"bytes"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/node"
	"alakazaam/config"
	"alakazaam/gateway/admin"
)

// Hosted is a supernode of the test's own process.
type Hosted struct {
	Address string
	Log     *bytes.Buffer // to be read once it has ended

	t      testing.TB
	r      *running
	client *admin.Client
}

// Host runs a supernode at an IP. Its directory is below dir on these files, and is synced so often.
func Host(t *testing.T, ip, dir, sync string, files vfs.FS) *Hosted {
	t.Helper()
	h := &Hosted{t: t, Log: &bytes.Buffer{}}
	l := testLaunch(t, node.Supernode, ip)
	l.config.Store.Sync, l.config.Discovery.Target, l.config.Session.ProbeEvery = sync, 0, 0
	l.log, l.files = newLogger(config.Log{Level: "warn", Format: "text"}, h.Log), files
	l.config.DataDir = dir
	r, err := start(l)
	require.NoError(t, err)
	h.r, h.Address = r, l.place.self.String()
	pipe := admin.NewPipe()
	r.serveAdmin(pipe, l.config, "")
	h.client = admin.NewClient(admin.PipeAddress, "", pipe.Dial)
	require.NoError(t, <-r.opened)
	return h
}

// Holds is how many sessions it has and how many files they publish.
func (h *Hosted) Holds() (sessions, files int) {
	h.t.Helper()
	s, err := h.client.Status(h.t.Context())
	require.NoError(h.t, err)
	return s.Sessions.Sessions, s.Catalog.Copies
}

// Stop ends it in order.
func (h *Hosted) Stop() error {
	h.client.Close()
	return h.r.shutdown()
}
