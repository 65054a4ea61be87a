package admin_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/fault"
	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/config"
	"alakazaam/gateway/admin"
	"alakazaam/gateway/tcp"
)

// withFaults is a node whose faults can be changed, or not, and has one from its configuration.
func withFaults(t *testing.T, open bool, test func(b *bench, f *fault.Faults)) {
	// The faults are made after the bench that they belong to: they need its clock and its log.
	lazy := &lazyFaults{}
	runWith(t, "supernode", admin.Options{Faults: lazy, ChangeFaults: open}, func(b *bench) {
		lazy.Faults = fault.New(fault.Options{Clock: tcp.NewClock(b.system), Rand: one{}, Metrics: b.counts, Log: b.logger})
		lazy.Load(parseFaults(t, "{id: given, kind: actor, action: drop, match: {actor: query}}"), 1)
		test(b, lazy.Faults)
	})
}

type lazyFaults struct{ *fault.Faults }

type one struct{}

func (one) Uint64() uint64 { return 1 }

var _ port.Rand = one{}

func parseFaults(t *testing.T, text string) []config.Fault {
	all, err := config.ParseFaults(text)
	require.NoError(t, err)
	return all
}

func ids(all []message.FaultStatus) (out []string) {
	for _, f := range all {
		out = append(out, f.ID)
	}
	return out
}

func TestFaults(t *testing.T) {
	withFaults(t, true, func(b *bench, f *fault.Faults) {
		list, err := b.client.Faults(b.Context())
		require.NoError(t, err)
		require.True(t, list.Changeable)
		require.Equal(t, []string{"given"}, ids(list.Faults))
		require.True(t, list.Faults[0].Config)
		require.JSONEq(t, `{"id": "given", "kind": "actor", "action": "drop", "match": {"actor": "query"}}`, string(list.Faults[0].Rule))

		list, err = b.client.AddFault(b.Context(), parseFaults(t, "{id: slow, kind: toxic, type: latency, attributes: {latency: 1s}}")[0])
		require.NoError(t, err)
		require.Equal(t, []string{"given", "slow"}, ids(list.Faults))
		require.Len(t, f.Toxics(), 1)
		b.refuses(http.StatusConflict, "there is a fault of that id already", "POST", "/faults", `{"id": "slow", "kind": "actor", "action": "drop"}`)
		b.refuses(http.StatusBadRequest, "did you mean", "POST", "/faults", `{"id": "x", "kind": "actor", "action": "dorp"}`)
		b.refuses(http.StatusBadRequest, "faults[1].id is \"a\", which another fault has already", "PUT", "/faults",
			`{"faults": [{"id": "a", "kind": "actor", "action": "drop"}, {"id": "a", "kind": "actor", "action": "drop"}]}`)
		b.refuses(http.StatusBadRequest, "faults are missing", "PUT", "/faults", `{}`)
		b.refuses(http.StatusNotFound, "there is no fault nobody", "DELETE", "/faults/nobody", "")

		list, err = b.client.RemoveFault(b.Context(), "given")
		require.NoError(t, err)
		require.Equal(t, []string{"slow"}, ids(list.Faults))
		list, err = b.client.ReplaceFaults(b.Context(), parseFaults(t, "{id: a, kind: actor, action: drop},{id: b, kind: actor, action: stop}"))
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b"}, ids(list.Faults))
		list, err = b.client.ReplaceFaults(b.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, list.Faults)
		require.NotNil(t, list.Faults)
		_, err = b.client.AddFault(b.Context(), parseFaults(t, "{id: a, kind: actor, action: drop}")[0])
		require.NoError(t, err)
		list, err = b.client.ClearFaults(b.Context())
		require.NoError(t, err)
		require.Empty(t, list.Faults)
	})
}

// TestFaultsThatNobodyMayChange: they can be looked at.
func TestFaultsThatNobodyMayChange(t *testing.T) {
	rule := `{"id": "a", "kind": "actor", "action": "drop"}`
	closed := func(b *bench) {
		for _, r := range [][3]string{
			{"POST", "/faults", rule}, {"PUT", "/faults", `{"faults": [` + rule + `]}`}, {"DELETE", "/faults", ""}, {"DELETE", "/faults/given", ""},
		} {
			b.refuses(http.StatusForbidden, "admin.faults", r[0], r[1], r[2])
		}
	}
	withFaults(t, false, func(b *bench, _ *fault.Faults) {
		closed(b)
		list, err := b.client.Faults(b.Context())
		require.NoError(t, err)
		require.False(t, list.Changeable)
		require.Equal(t, []string{"given"}, ids(list.Faults))
	})
	runWith(t, "supernode", admin.Options{ChangeFaults: true}, func(b *bench) {
		closed(b)
		list, err := b.client.Faults(b.Context())
		require.NoError(t, err)
		require.Empty(t, list.Faults)
	})
}
