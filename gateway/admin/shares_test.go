package admin_test

import (
	"errors"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

func TestShares(t *testing.T) {
	run(t, "peer", func(b *bench) {
		var edits []*message.ShareEdit
		b.play(b.routes.Share, func(ctx actor.Context) {
			switch m := ctx.Message().(type) {
			case *message.ListShares:
				ctx.Send(m.ReplyTo, &message.Shares{Files: []port.SharedFile{
					{File: fileID(b, "ab"), Name: "a.txt", Size: 5, Path: "/s/a.txt"},
				}})
			case *message.ShareEdit:
				edits = append(edits, m)
				ctx.Send(m.ReplyTo, &message.ShareEditDone{Paths: m.Add, Unknown: m.Remove})
			}
		})
		_, text := b.do("GET", "/shares", "")
		require.JSONEq(b, `{"files":[{"md5":"abababababababababababababababab","name":"a.txt","size":5,"path":"/s/a.txt"}]}`, text)

		done, err := b.client.Share(b.Context(), []string{"/s/b"})
		require.NoError(b, err)
		require.Equal(b, []string{"/s/b"}, done.Paths)
		require.Empty(b, done.Unknown)

		done, err = b.client.Unshare(b.Context(), []string{"/s/c"}, []p2p.FileID{fileID(b, "cd")})
		require.NoError(b, err)
		require.Equal(b, []string{"/s/c"}, done.Unknown)
		require.Len(b, edits, 2)
		require.Equal(b, []string{"/s/c"}, edits[1].Remove)
		require.Equal(b, []p2p.FileID{fileID(b, "cd")}, edits[1].Files)
	})
}

func TestShareErrors(t *testing.T) {
	run(t, "peer", func(b *bench) {
		b.refuses(400, "has to be absolute", "POST", "/shares", `{"paths":["x"]}`)
		b.refuses(400, "paths are missing", "POST", "/shares", `{}`)
		b.refuses(400, "paths are missing", "DELETE", "/shares", `{"paths":[]}`)
		b.refuses(400, "taken away only", "POST", "/shares", `{"paths":["/x"],"files":["abababababababababababababababab"]}`)
		b.refuses(503, "ending", "GET", "/shares", "")
		b.play(b.routes.Share, func(ctx actor.Context) {
			if m, ok := ctx.Message().(*message.ShareEdit); ok {
				ctx.Send(m.ReplyTo, &message.ShareEditDone{Err: errors.New("the disk is full")})
			}
		})
		b.refuses(500, "the disk is full", "POST", "/shares", `{"paths":["/x"]}`)
		b.refuses(504, "share: no answer", "GET", "/shares", "")
	})
}
