package admin_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/gateway/admin"
)

// answers has an actor answer every Find with this.
func (b *bench) answers(pid *actor.PID, results []message.Result, err error) {
	b.play(pid, func(ctx actor.Context) {
		if m, ok := ctx.Message().(*message.Find); ok {
			ctx.Send(m.ReplyTo, &message.Found{Ref: m.Ref, Results: results, Err: err})
		}
	})
}

func TestFind(t *testing.T) {
	for _, role := range []string{"supernode", "peer"} {
		run(t, role, func(b *bench) {
			to := b.routes.Queries
			if to == nil {
				to = b.routes.Peer
			}
			b.answers(to, []message.Result{{
				File: fileID(b, "ab"), Name: "Perché.txt", Owners: []p2p.Endpoint{endpoint(b, "192.0.2.7:3000")},
			}}, nil)
			got, err := b.client.Find(b.Context(), " perché ")
			require.NoError(b, err)
			require.Equal(b, "perché", got.Text)
			require.Equal(b, p2p.FileName("Perché.txt"), got.Results[0].Name)
			require.Equal(b, "192.0.2.7:3000", got.Results[0].Owners[0].String())

			_, text := b.do("POST", "/find", `{"text":"x"}`)
			require.JSONEq(b, `{"text":"x","results":[{"md5":"abababababababababababababababab","name":"Perché.txt",
				"owners":["192.0.2.7:3000"]}]}`, text)
		})
	}
}

func TestFindNothing(t *testing.T) {
	run(t, "peer", func(b *bench) {
		b.answers(b.routes.Peer, nil, nil)
		_, text := b.do("POST", "/find", `{"text":"x"}`)
		require.JSONEq(b, `{"text":"x","results":[]}`, text)
	})
}

func TestFindErrors(t *testing.T) {
	for code, err := range map[int]error{
		503: message.ErrNoSupernode, 429: message.ErrBusy, 502: errors.New("the connection was reset"),
	} {
		run(t, "peer", func(b *bench) {
			b.answers(b.routes.Peer, nil, err)
			b.refuses(code, err.Error(), "POST", "/find", `{"text":"x"}`)
		})
	}
	run(t, "peer", func(b *bench) {
		b.refuses(503, "the node is ending", "POST", "/find", `{"text":"x"}`)
		b.refuses(400, "20 bytes", "POST", "/find", `{"text":"this is far too long for it"}`)
		b.refuses(400, `"*" finds everything`, "POST", "/find", `{"text":"  "}`)
	})
}

func TestFindThatNobodyAnswers(t *testing.T) {
	run(t, "supernode", func(b *bench) {
		got := b.silent(b.routes.Queries)
		began := time.Now()
		b.refuses(504, "queries: no answer in time", "POST", "/find", `{"text":"x"}`)
		require.Equal(b, findWindow+10*time.Second, time.Since(began))
		find := (<-got).(*message.Find)
		require.Equal(b, find.ReplyTo, (<-got).(*message.CancelFind).ReplyTo)
	})
}

func TestFindThatIsGivenUp(t *testing.T) {
	run(t, "supernode", func(b *bench) {
		got := b.silent(b.routes.Queries)
		ctx, cancel := context.WithCancel(b.Context())
		go func() {
			<-got
			cancel()
		}()
		_, err := b.client.Find(ctx, "x")
		require.ErrorIs(b, err, context.Canceled)
		require.IsType(b, &message.CancelFind{}, <-got)
	})
}

func TestServerThatEndsDuringASearch(t *testing.T) {
	run(t, "supernode", func(b *bench) {
		got := b.silent(b.routes.Queries)
		go func() {
			<-got
			b.Check(b.server.Close(b.Context()))
		}()
		_, err := b.client.Find(b.Context(), "x")
		var e *admin.Error
		require.ErrorAs(b, err, &e)
		require.Equal(b, 503, e.Code)
	})
}

// Check fails the test from any goroutine.
func (b *bench) Check(err error) {
	if err != nil {
		b.Error(err)
	}
}
