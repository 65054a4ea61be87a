package main

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"alakazaam/actors/node"
	"alakazaam/config"
	"alakazaam/gateway/admin"
)

// testLaunch is a node at an address of the tests, with folders of their own.
func testLaunch(t *testing.T, role node.Role, ip string) launch {
	t.Helper()
	dir := t.TempDir()
	c := config.Default()
	c.Listen = ip + ":0"
	c.DataDir, c.ShareDir, c.DownloadDir = filepath.Join(dir, "data"), filepath.Join(dir, "shared"), filepath.Join(dir, "downloads")
	p, err := machine().locate(c, nil)
	require.NoError(t, err)
	return launch{
		role: role, config: c, place: p, grace: time.Second,
		log: newLogger(config.Log{Level: "warn", Format: "text"}, &bytes.Buffer{}),
	}
}

// A node that has ended leaves nothing behind in its process.
func TestNodeLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, role := range []node.Role{node.Supernode, node.Peer} {
		r, err := start(testLaunch(t, role, "127.0.0.120"))
		require.NoError(t, err)
		pipe := admin.NewPipe()
		r.serveAdmin(pipe, config.Default(), "")
		require.NoError(t, <-r.opened)
		client := admin.NewClient(admin.PipeAddress, "", pipe.Dial)
		s, err := client.Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, string(role), s.Node.Role)
		require.True(t, s.Node.Ready)
		require.Empty(t, s.Unanswered)
		client.Close()
		require.NoError(t, r.shutdown())
	}
}

// What ends a node that cannot go on is told.
func TestNodeThatCannotGoOn(t *testing.T) {
	r, err := start(testLaunch(t, node.Supernode, "127.0.0.121"))
	require.NoError(t, err)
	require.NoError(t, <-r.opened)
	offer(r.fatal, errors.New("node/catalog failed 11 times"))
	offer(r.fatal, errors.New("and so did another"))
	require.ErrorContains(t, <-r.fatal, "node/catalog failed 11 times")
	require.NoError(t, r.shutdown())
}

// What watches the root actor must not fail unnoticed: nobody would hear of the node's end.
func TestWatcherThatFails(t *testing.T) {
	r, err := start(testLaunch(t, node.Supernode, "127.0.0.121"))
	require.NoError(t, err)
	require.NoError(t, <-r.opened)
	close(r.ended) // it panics when it closes this again
	r.system.Root.Stop(r.routes.Node)
	require.EqualError(t, <-r.fatal, "watcher panicked: close of closed channel")
	require.NoError(t, r.shutdown())
}

func TestReach(t *testing.T) {
	l := testLaunch(t, node.Supernode, "127.0.0.122")
	r, err := start(l)
	require.NoError(t, err)
	require.NoError(t, <-r.opened)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	from, err := reach(ctx, l.place.self, netip.IPv4Unspecified())
	require.NoError(t, err)
	require.True(t, from.IsLoopback())
	from, err = reach(ctx, l.place.self, netip.MustParseAddr("127.0.0.123"))
	require.NoError(t, err)
	require.Equal(t, "127.0.0.123", from.String())
	require.NoError(t, r.shutdown())
	_, err = reach(ctx, l.place.self, netip.IPv4Unspecified())
	require.ErrorContains(t, err, "connection refused")
}
