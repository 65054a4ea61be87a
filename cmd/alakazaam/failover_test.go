package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSupernodeThatIsKilled: what a peer shares is found again through another supernode, though its own has ended
// without a word, and the next run of the peer knows that one although no bootstrap node is left.
func TestSupernodeThatIsKilled(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	one := runNode(t, "supernode", "127.0.0.121", nil)
	two := runNode(t, "supernode", "127.0.0.122", nil, "--neighbors", one.address)
	files := map[string]string{"Blue Train.flac": "blue", "other.txt": "other"}
	peer := runNode(t, "peer", "127.0.0.123", files, "--bootstrap", one.address+","+two.address, "--session.check_every", "500ms")
	peer.published(2)
	standing := func() (supernode string, standbys int) {
		var s struct {
			Peer struct {
				Supernode string
				Standbys  []struct{ Endpoint string }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(peer.do("status", "--json").out), &s))
		return s.Peer.Supernode, len(s.Peer.Standbys)
	}
	require.Eventually(t, func() bool { _, n := standing(); return n == 1 }, patience, 50*time.Millisecond)
	require.Contains(t, peer.do("status").out, "standbys     1\n")
	active, _ := standing()
	gone, left := one, two
	if active == two.address {
		gone, left = two, one
	}
	require.Contains(t, do(t, "", "find", "--supernode", gone.address, "blue").out, sum("blue"))

	began := time.Now()
	gone.signal(syscall.SIGKILL)
	left.until(func(s status) bool { return s.Catalog.Copies == 2 })
	t.Logf("published again %v after the supernode was killed", time.Since(began))
	require.Contains(t, do(t, "", "find", "--supernode", left.address, "blue").out, sum("blue"))
	peer.published(2)
	now, standbys := standing()
	require.Equal(t, left.address, now)
	require.Zero(t, standbys)

	peer.ends(syscall.SIGTERM)
	kept, err := os.ReadFile(filepath.Join(peer.dir, "data", "notes", "supernodes"))
	require.NoError(t, err)
	require.Contains(t, string(kept), left.address)
	again := start(t, "peer", "--listen", peer.address, "--admin.listen", peer.admin, "--data_dir", filepath.Join(peer.dir, "data"),
		"--share_dir", filepath.Join(peer.dir, "shared"), "--download_dir", filepath.Join(peer.dir, "downloads"), "--bootstrap", gone.address)
	again.waitFor("peer: online")
	again.signal(syscall.SIGTERM)
	require.Zero(t, again.exit(), again.text())
	left.ends(syscall.SIGTERM)
}
