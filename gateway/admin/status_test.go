package admin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
)

func TestStatusOfSupernode(t *testing.T) {
	run(t, "supernode", func(b *bench) {
		b.status(b.routes.Node, &message.NodeStatus{Role: "supernode", Endpoint: endpoint(b, "192.0.2.1:3000"), Ready: true})
		b.status(b.routes.Gateway, &message.GatewayStatus{Incoming: 3})
		b.status(b.routes.Store, &message.StoreStatus{Trouble: "disk full"})
		b.status(b.routes.Sessions, &message.SessionsStatus{Sessions: 2})
		b.status(b.routes.Catalog, &message.CatalogStatus{Files: 7})
		b.status(b.routes.Overlay, &message.OverlayStatus{Neighbors: []message.NeighborStatus{{Up: true}}})
		b.status(b.routes.Queries, &message.QueriesStatus{Seen: 9})
		b.status(b.routes.Share, &message.ShareStatus{Files: 4})
		b.status(b.routes.Transfers, &message.TransfersStatus{})
		got, err := b.client.Status(b.Context())
		require.NoError(b, err)
		require.Equal(b, "v1", got.Version)
		require.Equal(b, "192.0.2.1:3000", got.Node.Endpoint.String())
		require.Equal(b, 3, got.Gateway.Incoming)
		require.Equal(b, 2, got.Sessions.Sessions)
		require.Equal(b, "disk full", got.Store.Trouble)
		_, health := b.do("GET", "/healthz", "")
		require.Equal(b, "degraded: disk full\n", health)
		health, err = b.client.Health(b.Context())
		require.NoError(b, err)
		require.Equal(b, "degraded: disk full", health)
		_, err = b.client.Ready(b.Context())
		require.NoError(b, err)
		require.Equal(b, 7, got.Catalog.Files)
		require.Len(b, got.Overlay.Neighbors, 1)
		require.Equal(b, 9, got.Queries.Seen)
		require.Equal(b, 4, got.Share.Files)
		require.NotNil(b, got.Transfers)
		require.Nil(b, got.Peer)
		require.Empty(b, got.Unanswered)
	})
}

func TestStatusTellsWhoIsSilent(t *testing.T) {
	run(t, "peer", func(b *bench) {
		b.status(b.routes.Node, &message.NodeStatus{Role: "peer"})
		b.status(b.routes.Gateway, &message.GatewayStatus{})
		b.status(b.routes.Peer, &message.PeerStatus{State: "online"})
		b.silent(b.routes.Share)
		began := time.Now()
		got, err := b.client.Status(b.Context()) // and there are no transfers at all
		require.NoError(b, err)
		require.Equal(b, []string{"share", "transfers"}, got.Unanswered)
		require.Equal(b, "online", got.Peer.State)
		require.Equal(b, 5*time.Second, time.Since(began))
	})
}

// TestStatusWhileTheRoleChanges: an actor that ends with its role is not silent.
func TestStatusWhileTheRoleChanges(t *testing.T) {
	run(t, "peer", func(b *bench) {
		b.status(b.routes.Node, &message.NodeStatus{Role: "supernode"})
		b.status(b.routes.Gateway, &message.GatewayStatus{})
		b.status(b.routes.Share, &message.ShareStatus{})
		b.status(b.routes.Transfers, &message.TransfersStatus{})
		asked := b.silent(b.routes.Peer)
		go func() {
			<-asked
			b.routes.Act(true, false)
		}()
		got, err := b.client.Status(b.Context())
		require.NoError(b, err)
		require.Empty(b, got.Unanswered)
	})
}

func TestStatusOfSilentNode(t *testing.T) {
	run(t, "peer", func(b *bench) {
		b.silent(b.routes.Node)
		b.refuses(504, "node: no answer in time", "GET", "/status", "")
		b.refuses(503, "node: no answer in time", "GET", "/healthz", "")
		_, err := b.client.Health(b.Context())
		require.ErrorContains(b, err, "node: no answer in time")
	})
}

func TestHealthAndReadiness(t *testing.T) {
	run(t, "peer", func(b *bench) {
		b.refuses(503, "the node is ending", "GET", "/healthz", "")
		b.refuses(503, "the node is ending", "GET", "/readyz", "")
		b.refuses(503, "the node is ending", "GET", "/status", "")
	})
	run(t, "peer", func(b *bench) {
		b.status(b.routes.Node, &message.NodeStatus{})
		code, text := b.do("GET", "/healthz", "")
		require.Equal(b, 200, code, text)
		b.refuses(503, "starting or ending", "GET", "/readyz", "")
	})
	run(t, "supernode", func(b *bench) {
		b.status(b.routes.Node, &message.NodeStatus{Ready: true})
		code, text := b.do("GET", "/readyz", "")
		require.Equal(b, 200, code, text)
	})
}
