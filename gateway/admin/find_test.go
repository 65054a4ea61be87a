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
			b.answers(b.routes.Searches(), []message.Result{{
				File: fileID(b, "ab"), Name: "Perché.txt", Owners: []p2p.Endpoint{endpoint(b, "192.0.2.7:3000")},
			}}, nil)
			got, err := b.client.Find(b.Context(), admin.FindRequest{Text: " perché "})
			require.NoError(b, err)
			require.Equal(b, "perché", got.Text)
			require.Equal(b, p2p.FileName("Perché.txt"), got.Results[0].Name)
			require.Equal(b, "192.0.2.7:3000", got.Results[0].Owners[0].String())

			_, text := b.do("POST", "/find", `{"text":"x"}`)
			require.JSONEq(b, `{"text":"x","complete":false,"results":[{"md5":"abababababababababababababababab","name":"Perché.txt",
				"owners":["192.0.2.7:3000"]}]}`, text)
		})
	}
}

func TestFindNothing(t *testing.T) {
	run(t, "peer", func(b *bench) {
		b.answers(b.routes.Peer, nil, nil)
		_, text := b.do("POST", "/find", `{"text":"x"}`)
		require.JSONEq(b, `{"text":"x","complete":false,"results":[]}`, text)
	})
}

// TestFindAsItIsWanted: how a supernode searches, and how many files, goes with the search.
func TestFindAsItIsWanted(t *testing.T) {
	three := []message.Result{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	run(t, "supernode", func(b *bench) {
		var asked []*message.Find
		b.play(b.routes.Queries, func(ctx actor.Context) {
			if m, ok := ctx.Message().(*message.Find); ok {
				asked = append(asked, m)
				ctx.Send(m.ReplyTo, &message.Found{Results: three, Complete: true})
			}
		})
		got, err := b.client.Find(b.Context(), admin.FindRequest{Text: "x", Strategy: "ring", Max: 7})
		require.NoError(b, err)
		require.True(b, got.Complete)
		require.Len(b, got.Results, 3)
		require.Equal(b, "ring", asked[0].Strategy)
		require.Equal(b, 7, asked[0].Limit)
		b.refuses(400, "flood, ring, dynamic", "POST", "/find", `{"text":"x","strategy":"magic"}`)
		b.refuses(400, "less than none", "POST", "/find", `{"text":"x","max":-1}`)
		require.Len(b, asked, 1)
	})
	run(t, "peer", func(b *bench) {
		b.answers(b.routes.Peer, three, nil)
		got, err := b.client.Find(b.Context(), admin.FindRequest{Text: "x", Max: 2})
		require.NoError(b, err)
		require.Len(b, got.Results, 2, "its supernode gives as many as it likes")
		b.refuses(400, "its supernode decides", "POST", "/find", `{"text":"x","strategy":"ring"}`)
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
		_, err := b.client.Find(ctx, admin.FindRequest{Text: "x"})
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
		_, err := b.client.Find(b.Context(), admin.FindRequest{Text: "x"})
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
