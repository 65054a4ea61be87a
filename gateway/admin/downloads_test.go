package admin_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/gateway/admin"
)

// transfers is an actor with one download, which the test moves.
type transfers struct {
	asked chan *message.Download
	state message.DownloadState
}

func (b *bench) transfers(id p2p.FileID) *transfers {
	t := &transfers{asked: make(chan *message.Download, 4), state: message.DownloadState{File: id, Expected: -1}}
	b.play(b.routes.Transfers, func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *message.Download:
			ctx.Send(m.ReplyTo, &message.DownloadState{File: m.File, Name: m.Name, Expected: -1})
			t.asked <- m
		case *message.CancelDownload:
			t.state.Ended, t.state.Error = true, "cancelled"
		case *message.Inspect:
			ctx.Send(m.ReplyTo, &message.TransfersStatus{Downloads: []message.DownloadState{t.state}})
		}
	})
	return t
}

func TestDownload(t *testing.T) {
	run(t, "peer", func(b *bench) {
		id := fileID(b, "ab")
		fake := b.transfers(id)
		go func() {
			m := <-fake.asked
			for i := range 3 {
				synctest.Wait() // the client has read what came before
				b.system.Root.Send(m.ReplyTo, &message.DownloadState{
					File: id, Name: m.Name, Bytes: int64(i), Expected: 2, Ended: i == 2, Path: "/x/y",
				})
			}
		}()
		var bytes []int64
		last, err := b.client.Download(b.Context(), admin.DownloadRequest{
			File: id, Name: "y", Owners: []p2p.Endpoint{endpoint(b, "192.0.2.7:3000")},
		}, func(s message.DownloadState) { bytes = append(bytes, s.Expected*10+s.Bytes) })
		require.NoError(b, err)
		require.Equal(b, []int64{-10, 20, 21, 22}, bytes)
		require.True(b, last.Ended)
		require.Equal(b, "/x/y", last.Path)

		list, err := b.client.Downloads(b.Context())
		require.NoError(b, err)
		require.Equal(b, id, list.Downloads[0].File)
	})
}

// A client that does not read costs one state, not all that came meanwhile.
func TestDownloadOfSlowClientKeepsLastState(t *testing.T) {
	run(t, "peer", func(b *bench) {
		fake := b.transfers(fileID(b, "ab"))
		states := 0
		last, err := b.client.Download(b.Context(), admin.DownloadRequest{File: fileID(b, "ab")}, func(message.DownloadState) {
			if states++; states == 1 {
				m := <-fake.asked
				for i := range 10000 {
					b.system.Root.Send(m.ReplyTo, &message.DownloadState{File: m.File, Bytes: int64(i), Ended: i == 9999})
				}
			}
		})
		require.NoError(b, err)
		require.EqualValues(b, 9999, last.Bytes)
		require.Less(b, states, 1000)
	})
}

func TestDownloadWhoseClientLeaves(t *testing.T) {
	run(t, "peer", func(b *bench) {
		fake := b.transfers(fileID(b, "ab"))
		ctx, cancel := context.WithCancel(b.Context())
		_, err := b.client.Download(ctx, admin.DownloadRequest{File: fileID(b, "ab")}, func(message.DownloadState) { cancel() })
		require.ErrorIs(b, err, context.Canceled)
		m := <-fake.asked
		synctest.Wait()
		_, here := b.system.ProcessRegistry.Get(m.ReplyTo)
		require.False(b, here, "its process is left behind")
		require.False(b, fake.state.Ended, "the download goes on")
	})
}

func TestDownloadOfServerThatEnds(t *testing.T) {
	run(t, "peer", func(b *bench) {
		fake := b.transfers(fileID(b, "ab"))
		_, err := b.client.Download(b.Context(), admin.DownloadRequest{File: fileID(b, "ab")}, func(message.DownloadState) {
			<-fake.asked
			b.Check(b.server.Close(b.Context()))
		})
		require.ErrorIs(b, err, admin.ErrCut)
	})
}

func TestDownloadRequestsThatAreRefused(t *testing.T) {
	run(t, "peer", func(b *bench) {
		b.refuses(400, "md5 is missing", "POST", "/downloads", `{}`)
		b.refuses(400, "not an MD5", "POST", "/downloads", `{"md5":"xyz"}`)
		b.refuses(400, "not an address", "POST", "/downloads", `{"md5":"abababababababababababababababab","owners":["1.2.3.4"]}`)
		b.refuses(400, "not an address", "POST", "/downloads", `{"md5":"abababababababababababababababab","owners":["none"]}`)
		b.refuses(400, "name", "POST", "/downloads", `{"md5":"abababababababababababababababab","name":"  "}`)
		b.refuses(503, "ending", "POST", "/downloads", `{"md5":"abababababababababababababababab"}`)
		b.silent(b.routes.Transfers)
		b.refuses(504, "transfers", "POST", "/downloads", `{"md5":"abababababababababababababababab"}`)
		b.refuses(504, "transfers", "GET", "/downloads", "")
	})
}

func TestCancel(t *testing.T) {
	run(t, "peer", func(b *bench) {
		b.transfers(fileID(b, "ab"))
		b.refuses(404, "no download of cdcd", "DELETE", "/downloads/"+fileID(b, "cd").String(), "")
		b.refuses(400, "not an MD5", "DELETE", "/downloads/7", "")
		for range 2 { // the second finds it ended
			state, err := b.client.Cancel(b.Context(), fileID(b, "ab"))
			require.NoError(b, err)
			require.True(b, state.Ended)
			require.Equal(b, "cancelled", state.Error)
		}
	})
}
