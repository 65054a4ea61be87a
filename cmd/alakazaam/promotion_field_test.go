package main_test

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/gateway/admin"
)

// is waits until the node has a role, and is not about to change it.
func (n *node) is(role string) admin.Status {
	n.t.Helper()
	var s admin.Status
	require.Eventually(n.t, func() bool {
		s = admin.Status{}
		got := n.do("status", "--json")
		return got.code == 0 && json.Unmarshal([]byte(got.out), &s) == nil && s.Node.Role == role && s.Node.Change == ""
	}, patience, 50*time.Millisecond)
	return s
}

// finds waits until a search at the node finds so many files.
func (n *node) finds(files int) {
	n.t.Helper()
	require.Eventually(n.t, func() bool {
		return strings.Count(n.do("find", "crowd").out, "\n") == files
	}, patience, 50*time.Millisecond)
}

// TestPeerBecomesSupernode: a supernode has room for one peer. The second makes room for the third, and is a peer again when
// nobody needs it.
func TestPeerBecomesSupernode(t *testing.T) {
	t.Parallel()
	quick := []string{
		"--search.window", "600ms", "--search.quiet", "200ms", "--discovery.window", "300ms", "--discovery.every", "300ms",
		"--session.refresh", "1s", "--log.level", "debug",
	}
	first := runNode(t, "supernode", "127.0.0.140", nil, append(quick, "--limits.sessions", "1")...)
	a := runNode(t, "peer", "127.0.0.141", map[string]string{"crowd a": "a"}, append(quick, "--bootstrap", first.address)...)
	a.published(1)
	b := runNode(t, "peer", "127.0.0.142", map[string]string{"crowd b": "b"}, append(quick, "--bootstrap", first.address,
		"--promotion.enabled", "--promotion.min_uptime", "0s", "--promotion.min_average", "0s", "--promotion.min_supernodes", "1",
		"--promotion.min_sessions", "1", "--promotion.settle", "300ms", "--promotion.idle", "8s", "--promotion.rest", "500ms",
		"--promotion.every", "20ms")...)
	dialFrom(t, 141, b.address).Close() // it sees that it can be reached
	s := b.is("supernode")
	require.Nil(t, s.Peer)
	require.NotNil(t, s.Catalog)
	require.Equal(t, "peer", s.Promotion.Wish)
	require.Contains(t, b.do("status").out, "promotion")
	b.finds(2)

	c := runNode(t, "peer", "127.0.0.143", map[string]string{"crowd c": "c"}, append(quick, "--bootstrap", b.address)...)
	c.published(1)
	c.finds(3)
	_, text := get(t, b.admin, "/metrics", "")
	require.Contains(t, text, `alakazaam_role{role="supernode"} 1`)
	require.Contains(t, text, `alakazaam_promotions_total{reason="overloaded"} 1`)

	a.ends(syscall.SIGTERM)
	c.ends(syscall.SIGTERM)
	s = b.is("peer")
	require.Nil(t, s.Catalog)
	b.published(1)
	b.finds(1)
	b.ends(syscall.SIGTERM)
	first.ends(syscall.SIGTERM)
}
